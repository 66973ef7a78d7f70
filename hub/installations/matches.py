"""Store the decisions of people about which record of QuickBooks a code stands for."""

from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from hub.context import current_hub
from hub.contract.codec import dump
from hub.contract.documents import Item, Party
from hub.contract.types import Field
from hub.errors import NotFound, Refused
from hub.installations.file_choices import (
    explain_unusable,
    load_code_fields,
    require_usable_name,
)
from hub.installations.storable_matches import require_possible_code
from hub.mapping import EMPTY, NEW
from hub.models import Installation, Match
from hub.models.enums import MatchOrigin
from hub.models.lists import MAX_CODE_NAME_LENGTH
from hub.posting.actions import record_creations
from hub.qbo import records
from hub.security import audit
from hub.sources import shared_matches
from hub.sources.match_scope import build_shared_columns


class DecisionWriter:
    """Stores decisions of one person about codes of an app, and records them in the audit log.

    Call `record` in the same transaction: many decisions are then recorded at once. Until it ends,
    nobody else decides about codes of the app, and no document is planned by its matches.
    """

    def __init__(self, session: Session, row: Installation, who: str) -> None:
        shared_matches.lock_apps(session, row.id)
        self._session = session
        self._row = row
        self._who = who
        self._fields = load_code_fields(row)
        self._details: dict[str, dict[str, Any]] = {}  # of the audit log, by subject
        self._unskipped_ids: list[int] = []  # creations of records that were skipped before
        self._retried_ids: list[int] = []  # creations of records that QuickBooks refused

    def store(
        self,
        field: str,
        code: str,
        record: str,
        *,
        name: str = "",
        details: Party | Item | None = None,
        asks_again: bool = False,
    ) -> Match:
        """Store the decision about a code, and return its match.

        - `record`: the id of a record, EMPTY to leave the code out, or NEW to create a record, even
          if its creation was skipped or refused before, or if the one that was created is inactive.
        - `details`: what the person entered for the record to create. Without them, earlier ones
          stay; if there are none, the source's data are used.
        - `asks_again`: whether the same decision as before asks for the record again. A row of a
          file does not.
        """
        row = self._row
        if field not in self._fields:
            raise NotFound("field", field, self._fields)
        require_possible_code(code)
        record_name = _find_record_name(self._session, row, self._fields[field], record)
        match = _find_or_create_match(self._session, row, field, code)
        if record == NEW:
            self._request_creation(match, details, asks_again=asks_again)
        match.name = (name or match.name or "")[:MAX_CODE_NAME_LENGTH]
        match.role = self._fields[field].role
        if record != NEW or match.record != NEW:
            match.details = None
        if details is not None:
            match.details = dump(details)
        match.record = record
        match.match_method = MatchOrigin.DECIDED
        match.who = self._who
        match.at = current_hub().clock.now()
        self._session.add(match)
        entered_name = {} if details is None else {"created": details.name}
        self._details[f"{row.slug} {field} {code}"] = {
            "record": record,
            "record_name": record_name,
            "installation": row.id,
            **entered_name,
        }
        return match

    def _request_creation(
        self, match: Match, details: Party | Item | None, *, asks_again: bool
    ) -> None:
        """Request the record of a code; the same decision as before has to ask for it again."""
        if match.record == NEW and details is None and not asks_again:
            return
        requested = record_creations.request(
            self._session, self._row, match.field, match.code, self._who
        )
        self._unskipped_ids += requested.unskipped_ids
        self._retried_ids += requested.retried_ids

    def record(self) -> None:
        """Record the decisions; of two about one code the last one counts."""
        audit.record_each(self._session, self._who, "code matched", self._details)
        for act, posting_ids in (
            ("skip taken back", self._unskipped_ids),
            ("posting retried", self._retried_ids),
        ):
            subjects: dict[str, dict[str, Any]] = {str(id): {} for id in posting_ids}
            audit.record_each(self._session, self._who, act, subjects)


def store_decision(
    session: Session,
    row: Installation,
    field: str,
    code: str,
    record: str,
    *,
    who: str,
    name: str = "",
    details: Party | Item | None = None,
) -> Match:
    """Store and record the decision of a person about one code, as `DecisionWriter` does."""
    writer = DecisionWriter(session, row, who)
    match = writer.store(field, code, record, name=name, details=details, asks_again=True)
    writer.record()
    return match


def _find_record_name(session: Session, row: Installation, field: Field, record: str) -> str:
    """Return number and name of a record, "" for none and for a new one.

    Raise Refused for a record that a code of this field cannot be matched to.
    """
    if record in (EMPTY, NEW):
        return ""
    choice = records.find_choice(session, row.company_id, field.role, record)
    if choice is None:
        raise Refused(explain_unusable(field, record))
    require_usable_name(field, choice)
    return choice.title


def _find_or_create_match(session: Session, row: Installation, field: str, code: str) -> Match:
    """Return the match of a code, or a new one that is not added to the session yet."""
    key: dict[str, Any] = {
        **build_shared_columns(row),
        "field": field,
        "code": code,
    }
    query = select(Match).filter_by(**key)
    match = session.scalars(query).one_or_none()
    return match or Match(**key)
