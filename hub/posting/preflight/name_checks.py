"""Check that no new supplier has the name of a customer, and no new customer that of a supplier."""

from collections.abc import Iterator, Mapping, Sequence
from functools import cache, partial
from typing import cast

from sqlalchemy import select
from sqlalchemy.orm import Session

from hub.contract.documents import Role
from hub.mapping import NAME_SHARING_ROLES, Entry, key
from hub.models import Posting, SourceDocument
from hub.models.enums import Operation, PostingState
from hub.posting.preflight.context import CheckContext, Finding, Namesake
from hub.posting.preflight.postings import CheckedPosting
from hub.qbo import records
from hub.reasons.texts import CaseText

# States in which a creation will be sent, or may have been; one that is held may never be.
PLANNED_STATES = (
    PostingState.REVIEW,
    PostingState.READY,
    PostingState.WAITING,
    PostingState.SENDING,
    PostingState.UNKNOWN,
)


def find_namesakes(
    session: Session, company_id: int, postings: Sequence[CheckedPosting]
) -> dict[int, Namesake]:
    """Return, by posting, what has the name of a new supplier or customer as the other kind.

    That is a record of QuickBooks as last read, or one that is planned before it.
    """
    creations = []
    for posting in postings:
        if posting.kind in NAME_SHARING_ROLES and posting.operation == Operation.CREATE:
            creations.append(posting)
    if not creations:
        return {}
    read_index = cache(partial(records.index, session, company_id))
    planned = _first_planned(session, company_id)
    namesakes = {}
    for posting in creations:
        name = posting.document.party
        other_kind = NAME_SHARING_ROLES[cast(Role, posting.kind)]
        entries = read_index(other_kind).find_stored_name(name)
        first_id = planned.get((other_kind, key(name)), posting.id)
        if entries:
            entry = entries[0]
            namesakes[posting.id] = Namesake(list=other_kind, id=entry.id, name=stored_name(entry))
        elif first_id < posting.id:
            namesakes[posting.id] = Namesake(list=other_kind, name=name)
    return namesakes


def is_name_planned(session: Session, company_id: int, role: Role, name: str) -> bool:
    """Tell whether a supplier is to be created under the name of a new customer, or vice versa."""
    other_kind = NAME_SHARING_ROLES.get(role)
    return (other_kind, key(name)) in _first_planned(session, company_id)


def _first_planned(session: Session, company_id: int) -> Mapping[tuple[str, str], int]:
    """Return the first posting that creates a supplier or customer, by kind and name."""
    query = (
        select(Posting.id, Posting.kind, SourceDocument.party)
        .join(SourceDocument, SourceDocument.id == Posting.document_id)
        .where(
            Posting.company_id == company_id,
            Posting.kind.in_(NAME_SHARING_ROLES),
            Posting.operation == Operation.CREATE,
            Posting.state.in_(PLANNED_STATES),
        )
        .order_by(Posting.id)
    )
    first: dict[tuple[str, str], int] = {}
    for id, kind, name in session.execute(query):
        first.setdefault((kind, key(name)), id)
    return first


def check_party_name(posting: CheckedPosting, context: CheckContext) -> Iterator[Finding]:
    """Find a new supplier with the name of a customer, or the other way round."""
    namesake = context.namesakes.get(posting.id)
    if namesake is None:
        return
    name = posting.document.party
    if namesake.id:
        text = name_in_use(posting.kind, name, namesake.name)
        details = {"list": namesake.list, "id": namesake.id}
        yield Finding(cause=name_cause(posting), text=text, details=details)
        return
    is_supplier = posting.kind == "vendor"
    code = "check.name_of_new_customer" if is_supplier else "check.name_of_new_supplier"
    yield Finding(cause=name_cause(posting), text=CaseText(code, party=name))


def name_cause(posting: CheckedPosting) -> str:
    """Return the cause of the case about the name of a new supplier or customer."""
    return f"posting:{posting.id}:name"


def name_in_use(kind: str, name: str, record: str) -> CaseText:
    """Return why a supplier or customer cannot be created: a record of the other kind has its name.

    `record` is that name as QuickBooks stores it.
    """
    code = "check.name_of_customer" if kind == "vendor" else "check.name_of_supplier"
    return CaseText(code, record=record, party=name)


def stored_name(entry: Entry) -> str:
    """Return the name of a record as QuickBooks stores it."""
    return entry.stored_name or entry.name
