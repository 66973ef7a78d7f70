"""The changes of an app's settings in plain words, to be confirmed before they are saved."""

import datetime as dt
import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

from flask import request
from marshmallow import fields

from hub import outbox
from hub.context import current_hub
from hub.contract import settings_schema
from hub.contract.types import App
from hub.db.engine import read_only_session
from hub.installations import approval_changes, change_preview, hub_answers
from hub.models import Installation
from hub.models.enums import InstallationMode
from hub.qbo import records
from hub.translations.messages import gettext, gettext_noop
from hub.web.apps import setting_history
from hub.web.frame.moments import format_day
from hub.web.frame.state_labels import MODE_LABELS

DIGEST_FIELD = "shown"  # the field that names the changes that the person has seen
WITHOUT_REVIEW = gettext_noop("Documents are posted without review from now on.")
FEWER_APPROVALS = gettext_noop("More documents are posted with one approval from now on.")
OTHER_ZONE = gettext_noop(
    "The times of the schedule and the dates of documents are those of the new zone."
)
OTHER_RECORD = gettext_noop(
    "When %(app)s sends a posted document again, because it was changed or everything is read"
    " again, the document is changed to the new choice in QuickBooks. If it is paid or in a closed"
    " period, it gets a case instead."
)


@dataclass(frozen=True)
class SettingsPreview:
    """A sentence for each setting that changes, what follows from them, and their digest."""

    changes: list[str]
    consequences: list[str]
    digest: str

    @property
    def is_confirmed(self) -> bool:
        """Return whether this request saves what its page has shown, or changes nothing."""
        return not self.changes or request.form.get(DIGEST_FIELD) == self.digest


def read(
    app: App, row: Installation, values: Mapping[str, Any], mode: str | None
) -> SettingsPreview:
    """Return the effects of new values; for an app that is not enabled yet, their meaning.

    Raise SettingsInvalid if they cannot be stored.
    """
    if not row.id:
        return SettingsPreview([], list(_preview_new_app(app, row, values, mode)), "")
    changes = change_preview.preview(app, row, values, mode)
    text = json.dumps(changes, sort_keys=True, default=str)
    return SettingsPreview(
        changes=setting_history.format_setting_changes(app, row, changes),
        consequences=list(_iter_consequences(app, row, values, mode, changes)),
        digest=hashlib.sha256(text.encode()).hexdigest(),
    )


def start_warning(start: dt.date | None) -> str:
    """Return the warning of a start date in the past, or of none."""
    if start is None:
        return gettext(
            "Documents of any date will be posted. Make sure that none of them was entered in"
            " QuickBooks by hand."
        )
    return gettext(
        "Documents from %(day)s on will be posted. Make sure that none of them was entered in"
        " QuickBooks by hand.",
        day=format_day(start),
    )


def is_past(start: dt.date | None, zone: str) -> bool:
    """Return whether documents of the past count with this start date."""
    today = current_hub().clock.now().astimezone(ZoneInfo(zone)).date()
    return start is None or start < today


def _preview_new_app(
    app: App, row: Installation, values: Mapping[str, Any], mode: str | None
) -> Iterator[str]:
    """Yield a sentence for each value that has an effect on the books."""
    if approval_changes.starts_posting_without_review(app, row, values, mode):
        yield gettext(WITHOUT_REVIEW)
    hub_values = hub_answers.parse(app, values)
    start = hub_values.get("start_date")
    if is_past(start, hub_values.get("zone", row.zone)):
        yield start_warning(start)


def _iter_consequences(
    app: App,
    row: Installation,
    values: Mapping[str, Any],
    mode: str | None,
    changes: Mapping[str, Any],
) -> Iterator[str]:
    """Yield a sentence for each change that has an effect on the books."""
    if approval_changes.starts_posting_without_review(app, row, values, mode):
        yield gettext(WITHOUT_REVIEW)
    elif "mode" in changes and changes["mode"]["to"] != InstallationMode.AUTO:
        _, words = MODE_LABELS[changes["mode"]["to"]]
        yield gettext(words)
    if approval_changes.raises_limit(row, values):
        yield gettext(FEWER_APPROVALS)
    if "start_date" in changes:
        text = changes["start_date"]["to"]
        after = dt.date.fromisoformat(text) if text else None
        yield describe_new_start(row.start_date, after)
    if "zone" in changes:
        yield gettext(OTHER_ZONE)
    if _changes_posted_documents(app, row, changes):
        yield gettext(OTHER_RECORD, app=app.name)


def _changes_posted_documents(app: App, row: Installation, changes: Mapping[str, Any]) -> bool:
    """Return whether another record of QuickBooks is chosen for an app that has posted already.

    A list of records, such as those to hide, changes no document.
    """
    roles: set[Any] = set()
    for name, setting in settings_schema.get_schema(app).fields.items():
        if name in changes and not isinstance(setting, fields.List):
            roles.add(setting.metadata.get("choices_from"))
    if roles.isdisjoint(records.ROLE_LIST):
        return False
    with read_only_session() as session:
        return outbox.has_posted(session, row.id)


def describe_new_start(before: dt.date | None, after: dt.date | None) -> str:
    """Return a sentence about the effect of another start date."""
    is_earlier = after is None or (before is not None and after < before)
    if is_earlier:
        return start_warning(after)
    return gettext(
        "Documents from before %(day)s that are not posted yet are left out.", day=format_day(after)
    )
