"""Check that no new supplier has the name of a customer or employee, and vice versa."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cache, partial
from typing import cast

from sqlalchemy import select
from sqlalchemy.orm import Session

from hub.cases.causes import build_posting_cause
from hub.cases.findings import Finding
from hub.contract.documents import Role
from hub.mapping import NAME_SHARING, Entry, NameOwner, RecordIndex, fold_name
from hub.models import Posting, SourceDocument
from hub.models.enums import Operation
from hub.outbox.states import UNDER_WAY
from hub.posting.preflight.context import CheckContext, Namesake
from hub.posting.preflight.postings import CheckedPosting
from hub.qbo import records
from hub.reasons.texts import CaseText


def find_namesakes(
    session: Session, company_id: int, postings: Sequence[CheckedPosting]
) -> dict[int, Namesake]:
    """Return, by posting, another record that has the name of a new supplier or customer.

    The other record is stored, or its creation was planned earlier.
    """
    creations = []
    for posting in postings:
        if posting.kind in NAME_SHARING and posting.operation == Operation.CREATE:
            creations.append(posting)
    if not creations:
        return {}
    read_index = cache(partial(records.load_index, session, company_id))
    first_planned_ids = _load_first_planned(session, company_id)
    namesakes = {}
    for posting in creations:
        name = posting.document.party
        owners = NAME_SHARING[cast(Role, posting.kind)]
        namesake = _find_stored(name, owners, read_index)
        if namesake:
            namesakes[posting.id] = namesake
            continue
        for owner in owners:
            if first_planned_ids.get((owner, fold_name(name)), posting.id) < posting.id:
                namesakes[posting.id] = Namesake(list=owner, name=name)
    return namesakes


def _find_stored(
    name: str, owners: Iterable[NameOwner], read_index: Callable[[NameOwner], RecordIndex]
) -> Namesake | None:
    """Return the first record of QuickBooks that has a name."""
    for owner in owners:
        for entry in read_index(owner).find_stored_name(name):
            return Namesake(list=owner, id=entry.id, name=get_stored_name(entry))
    return None


def is_name_planned(session: Session, company_id: int, role: Role, name: str) -> bool:
    """Return whether a supplier is to be created with the name of a new customer, or vice versa."""
    planned_names = _load_first_planned(session, company_id)
    return any((owner, fold_name(name)) in planned_names for owner in NAME_SHARING.get(role, ()))


def _load_first_planned(session: Session, company_id: int) -> Mapping[tuple[str, str], int]:
    """Return the first posting for each new supplier or customer, by its kind and name."""
    query = (
        select(Posting.id, Posting.kind, SourceDocument.party)
        .join(SourceDocument, SourceDocument.id == Posting.document_id)
        .where(
            Posting.company_id == company_id,
            Posting.kind.in_(NAME_SHARING),
            Posting.operation == Operation.CREATE,
            Posting.state.in_(UNDER_WAY),
        )
        .order_by(Posting.id)
    )
    first: dict[tuple[str, str], int] = {}
    for id, kind, name in session.execute(query):
        first.setdefault((kind, fold_name(name)), id)
    return first


def check_party_name(posting: CheckedPosting, context: CheckContext) -> Iterator[Finding]:
    """Find a new supplier or customer with the name of another record."""
    namesake = context.namesakes.get(posting.id)
    if namesake is None:
        return
    name = posting.document.party
    if namesake.id:
        text = describe_name_in_use(posting.kind, name, namesake.list, namesake.name)
        details = {"list": namesake.list, "id": namesake.id}
        yield Finding(cause=build_name_cause(posting), text=text, details=details)
        return
    is_supplier = posting.kind == "vendor"
    code = "check.name_of_new_customer" if is_supplier else "check.name_of_new_supplier"
    yield Finding(cause=build_name_cause(posting), text=CaseText(code, party=name))


def build_name_cause(posting: CheckedPosting) -> str:
    """Return the cause of the case about the name of a new supplier or customer."""
    return build_posting_cause(posting.id, "name")


def describe_name_in_use(kind: str, name: str, owner: str, record: str) -> CaseText:
    """Return why a supplier or customer cannot be created: another record has its name.

    `record` is the name as QuickBooks stores it, and `owner` the list of the other record.
    """
    is_supplier = kind == "vendor"
    code = "check.name_of_customer" if is_supplier else "check.name_of_supplier"
    if owner == records.EMPLOYEES:
        code = "check.employee_called_like_supplier"
        if not is_supplier:
            code = "check.employee_called_like_customer"
    return CaseText(code, record=record, party=name)


def get_stored_name(entry: Entry) -> str:
    """Return the name of a record as QuickBooks stores it."""
    return entry.stored_name or entry.name
