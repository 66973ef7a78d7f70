"""New suppliers and customers: the documents that wait for them, and names that are in use."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from functools import cache, partial
from typing import NamedTuple, cast

from sqlalchemy import select
from sqlalchemy.orm import Session

from hub import outbox
from hub.contract.document_kinds import LIST_KINDS
from hub.contract.documents import Role
from hub.mapping import NAME_SHARING
from hub.models import Case, Posting, SourceDocument, case_posting
from hub.models.enums import Operation, PostingState
from hub.posting.preflight.name_checks import describe_name_in_use, get_stored_name
from hub.posting.preflight.postings import CheckedPostingRow
from hub.qbo import records
from hub.reasons.catalogue.collecting import NOTHING_FITS
from hub.reasons.texts import CaseText

NAME_TAKEN = "the name is taken in QuickBooks: "  # the beginning of the explanation of the mapping
CodeKey = tuple[str, str]  # field and code


def find_dependents(postings: Iterable[CheckedPostingRow]) -> dict[int, list[CheckedPostingRow]]:
    """Return the postings that wait for a new supplier, customer or item, by its posting."""
    dependents: dict[int, list[CheckedPostingRow]] = defaultdict(list)
    for posting in postings:
        refs = {posting.summary.party}
        for line in posting.summary.lines:
            refs |= {line.customer, line.item}
        creation_ids: set[int] = set()
        for ref in refs:
            creation_ids |= outbox.find_awaited_ids(f'"{ref}"'.encode())
        for creation_id in creation_ids:
            dependents[creation_id].append(posting)
    return dict(dependents)


def load_codes_to_create(session: Session, posting_ids: Sequence[int]) -> dict[int, CodeKey]:
    """Return the codes for which postings create records, by posting."""
    if not posting_ids:
        return {}
    query = (
        select(Posting.id, SourceDocument.made_for, SourceDocument.source_id)
        .join(SourceDocument, SourceDocument.id == Posting.document_id)
        .where(Posting.id.in_(posting_ids), SourceDocument.made_for != "")
    )
    return {id: (field, code) for id, field, code in session.execute(query)}


class HeldCreation(NamedTuple):
    """A posting that creates a record, and an open case that holds it."""

    case_id: int
    posting_id: int


def list_held_creations(
    session: Session, installation_id: int, posting_ids: Iterable[int]
) -> list[HeldCreation]:
    """Return which of these creations are held; one that several cases hold comes several times."""
    query = (
        select(case_posting.c.case_id, Posting.id)
        .join(Posting, Posting.id == case_posting.c.posting_id)
        .join(Case, Case.id == case_posting.c.case_id)
        .where(
            Case.closed_at.is_(None),
            Posting.installation_id == installation_id,
            Posting.state == PostingState.HELD,
            Posting.operation == Operation.CREATE,
            Posting.kind.in_(LIST_KINDS),
        )
        .order_by(case_posting.c.case_id, Posting.id)
    )
    ids = set(posting_ids)
    held_creations = [HeldCreation(*row) for row in session.execute(query)]
    return [creation for creation in held_creations if creation.posting_id in ids]


def load_name_texts(
    session: Session, company_id: int, cases: Iterable[Case]
) -> Mapping[int, CaseText]:
    """Return why the name of an unmatched supplier or customer cannot be added, by its case.

    This depends on the lists of the other kind and of employees, as they were last read. Cases are
    left out if the name is free, or if the code is matched.
    """
    read_index = cache(partial(records.load_index, session, company_id))
    texts = {}
    for case in cases:
        role = cast(Role, case.details.get("role"))
        owners = NAME_SHARING.get(role, ())
        if not owners or not _would_be_created(case):
            continue
        details = case.details
        name = str(details.get("new_name") or details.get("name") or details.get("code") or "")
        for owner in reversed(owners):  # the first owner of the name decides
            for entry in read_index(owner).find_stored_name(name):
                texts[case.id] = describe_name_in_use(role, name, owner, get_stored_name(entry))
    return texts


def _would_be_created(case: Case) -> bool:
    """Return whether a code without a record is held because none fits, or its name is in use."""
    problem = str(case.params.get("problem", ""))
    return problem in NOTHING_FITS or problem.startswith(NAME_TAKEN)
