"""The cases about kinds of documents and lists that QuickBooks refuses: one for each of them."""

from collections.abc import Collection, Mapping
from enum import StrEnum

from sqlalchemy import select
from sqlalchemy.orm import Session

from hub.cases import inbox
from hub.cases.causes import build_unread_kind_cause
from hub.contract.document_kinds import words_of
from hub.contract.documents import KINDS
from hub.models import Case
from hub.reasons.texts import CaseText

# The code of the reason of a case about a list that documents cannot do without.
NEEDED_LIST = "reading.needed_list_refused"


class KindReader(StrEnum):
    """A task that reads kinds from QuickBooks; one may be refused while another succeeds."""

    LISTS = "lists"
    POLL = "poll"
    RECONCILIATION = "reconciliation"


def update(
    session: Session,
    company_id: int,
    reader: KindReader,
    *,
    read: Collection[str],
    problems: Mapping[str, str],
    needed_kinds: Collection[str] = (),
) -> None:
    """Open a case for each kind that a reader was refused, and close those that it has read.

    `problems` has the reasons of refusals by kind; no run can do without the `needed_kinds`. A case
    that a person closed stays closed.
    """
    open_causes = set(inbox.list_open_causes(session, build_unread_kind_cause(company_id, "")))
    read_causes = {build_unread_kind_cause(company_id, kind) for kind in read}
    for cause in sorted(open_causes & read_causes):
        _note_read(session, cause, reader)
    for kind, problem in problems.items():
        text = CaseText(_choose_reason(kind, needed_kinds), kind=words_of(kind), problem=problem)
        _note_refused(session, company_id, text, kind, reader)


def _note_read(session: Session, cause: str, reader: KindReader) -> None:
    """Close the case of a kind if this was the only reader that was refused."""
    case = inbox.find_newest(session, cause)
    if case is None or case.closed_at is not None:
        return
    readers = _list_readers(case) - {reader}
    if readers:
        case.details = {"readers": sorted(readers)}
    else:
        inbox.close(session, cause)


def stops_runs(session: Session, company_id: int) -> bool:
    """Return whether a case says that runs of a company wait for a list of QuickBooks."""
    is_open = (Case.company_id == company_id, Case.closed_at.is_(None), Case.code == NEEDED_LIST)
    return session.scalar(select(Case.id).where(*is_open).limit(1)) is not None


def _choose_reason(kind: str, needed_kinds: Collection[str]) -> str:
    """Return the code of the reason of the case about a kind."""
    if kind in needed_kinds:
        return NEEDED_LIST
    return "reading.refused" if kind in KINDS else "reading.list_refused"


def _note_refused(
    session: Session, company_id: int, text: CaseText, kind: str, reader: KindReader
) -> None:
    """Open the case of a kind, or note in the open one that this reader was refused, too."""
    cause = build_unread_kind_cause(company_id, kind)
    case = inbox.find_newest(session, cause)
    readers = {str(reader)}
    if case is not None and case.closed_at is None:
        readers |= _list_readers(case)
    elif case is not None and case.closed_by != "hub":
        return
    details = {"readers": sorted(readers)}
    inbox.open(session, cause, text, company_id=company_id, details=details)


def _list_readers(case: Case) -> set[str]:
    return set((case.details or {}).get("readers", ()))
