"""Describe which settings of an installation changed, and notice changes of other people.

The descriptions are for the audit log; secrets never show.
"""

from collections.abc import Mapping
from typing import Any

from hub.contract.types import App
from hub.errors import NotNow
from hub.models import Installation

SECRET_CHANGED = "changed"  # noqa: S105 (stands for the value in the log)
MAX_VALUE_LENGTH = 200
EMPTY_VALUES: tuple[Any, ...] = (None, "", [], {})


def describe_changes(row: Installation, changes: Mapping[str, Any]) -> dict[str, Any]:
    """Return the old and the new value of each column and setting of an app that changes."""
    columns = {name: value for name, value in changes.items() if name != "settings"}
    before = {name: getattr(row, name) for name in columns}
    return describe(before, columns) | describe(row.settings, changes["settings"])


def describe(before: Mapping[str, Any], after: Mapping[str, Any]) -> dict[str, Any]:
    """Return the old and the new value of each setting that changed, by its name."""
    changes: dict[str, Any] = {}
    for name, value in sorted(after.items()):
        previous = before.get(name)
        is_still_empty = previous in EMPTY_VALUES and value in EMPTY_VALUES
        if previous != value and not is_still_empty:
            changes[name] = {"from": _shorten(previous), "to": _shorten(value)}
    return changes


def describe_secrets(before: Mapping[str, str], after: Mapping[str, str]) -> dict[str, Any]:
    """Return the names of the secret settings that changed."""
    changed_names = {
        name for name, value in after.items() if (before.get(name) or "") != (value or "")
    }
    return dict.fromkeys(sorted(changed_names), SECRET_CHANGED)


def require_unchanged(
    app: App, before: Installation, now: Installation, changes: Mapping[str, Any]
) -> None:
    """Raise NotNow if columns that a change overwrites have changed since its test.

    A column that has the new value already is no conflict: a form may be sent twice.
    """
    conflicts = [
        name
        for name, value in changes.items()
        if getattr(now, name) not in (getattr(before, name), value)
    ]
    was_disabled = before.enabled and not now.enabled
    if conflicts or was_disabled:
        raise NotNow(
            "The settings of %(app)s were changed in the meantime. Nothing was saved. Look at them,"
            " and change them again.",
            app=app.name,
        )


def _shorten(value: Any) -> Any:
    """Return a value as the log keeps it: a number, or the beginning of its text."""
    if value is None or isinstance(value, bool | int):
        return value
    return str(value)[:MAX_VALUE_LENGTH]
