"""The status that accounting reports for a row of a source, and how stand-ins check it."""

import datetime as dt
from typing import Any, ClassVar, Protocol

from qbo_sandbox.kit.strict import NUMBER, TEXT, WHOLE, Types, Wrong, as_object, invalid, moment

STATES = (
    "queued",
    "posted",
    "failed",
    "held",
    "changed_in_ledger",
    "missing_in_ledger",
    "part_paid",
    "paid",
)
IN_BOOKS = ("posted", "changed_in_ledger", "part_paid", "paid")


class StatusNames(Protocol):
    """The fields of a status, by the names that the source's API gives them."""

    STATE: ClassVar[str]
    SYSTEM: ClassVar[str]
    EXTERNAL_ID: ClassVar[str]
    EXTERNAL_NUMBER: ClassVar[str]
    EXTERNAL_URL: ClassVar[str]
    MESSAGE: ClassVar[str]
    AT: ClassVar[str]
    VERSION: ClassVar[str]


def status(
    body: Any,
    last: dict[str, Any] | None,
    what: str,
    names: type[StatusNames],
    amount_paid: str | None = None,
) -> dict[str, Any]:
    """Return the new status of `what`; refuse one that is older than `last`.

    `amount_paid` is the name of a further field, for a source that receives payments.
    """
    needed = (names.STATE, names.SYSTEM, names.AT, names.VERSION)
    new: dict[str, Any] = as_object(body, _status_types(names, amount_paid), needed)
    if new[names.STATE] not in STATES:
        raise invalid(names.STATE, f"One of {', '.join(STATES)} is needed.")
    if new[names.STATE] in IN_BOOKS and not new.get(names.EXTERNAL_ID):
        raise invalid(names.EXTERNAL_ID, "What stands in the books has an id there.")
    order = _status_order(new, names)
    if last and order < _status_order(last, names):
        raise Wrong(409, "stale", f"Something newer is already known of {what}.", names.VERSION)
    return new


def _status_types(names: type[StatusNames], amount_paid: str | None) -> Types:
    texts = (
        names.STATE,
        names.SYSTEM,
        names.EXTERNAL_ID,
        names.EXTERNAL_NUMBER,
        names.EXTERNAL_URL,
        names.MESSAGE,
        names.AT,
    )
    types: dict[str, type | tuple[type, ...]] = dict.fromkeys(texts, TEXT)
    types[names.VERSION] = WHOLE
    if amount_paid:
        types[amount_paid] = NUMBER
    return types


def _status_order(row: dict[str, Any], names: type[StatusNames]) -> tuple[int, dt.datetime]:
    """Return what puts statuses in order: the version they are of, then their time."""
    return row[names.VERSION], moment(row[names.AT], names.AT)
