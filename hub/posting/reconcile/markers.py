"""Find markers that belong to no posting, and transactions shared by documents."""

from collections.abc import Iterator, Sequence
from typing import Any

from sqlalchemy import and_, exists, func, select
from sqlalchemy.orm import Session

from hub.cases import inbox
from hub.models import Case, Posting, SourceDocument, TransactionHead
from hub.outbox.planning import IN_FLIGHT
from hub.posting import case_texts
from hub.posting.outcome.session import PostingSession
from hub.posting.protocol.history import LIST_KINDS
from hub.posting.reconcile import posted_documents

NAMED = 20  # of marks that nobody knows
TWICE = "Perhaps twice in QuickBooks"
UNKNOWN = "Marks of another hub"
SHARED = "Two documents, one transaction"
COMPARE = "Compare it with the one that was posted, and delete the one that is too much."
WHOSE = (
    "If another hub posts into this company, see that the two do not post the same documents. If this hub was set up"
    " anew, let its apps collect: what they bring is recognised by its mark and not posted again. Else close this."
)
SPLIT = (
    "If they are two documents, enter the one that is missing in QuickBooks by hand; if they are one, delete the"
    " surplus one at the source."
)


def check(session: Session, posting_session: PostingSession) -> list[dict[str, Any]]:
    """Open a case for each finding that nobody has dismissed and close the solved ones.

    Return the findings whose case is open.
    """
    findings = [
        *_strangers(session, posting_session),
        *_unknown(session, posting_session),
        *_shared(session, posting_session),
    ]
    _close_solved(session, posting_session.company_id, {one["cause"] for one in findings})
    open_findings = []
    for finding in findings:
        case = _open(session, posting_session, finding)
        if case:
            open_findings.append(_plain(finding) | {"case": case.id})
    return open_findings


def _close_solved(session: Session, company_id: int, causes: set[str]) -> None:
    for prefix in ("stranger", "shared"):
        for cause in inbox.open_causes(session, f"{prefix}:{company_id}:"):
            if cause not in causes:
                inbox.close(session, cause)


def _open(session: Session, posting_session: PostingSession, told: dict[str, Any]) -> Case | None:
    if inbox.dismissed(session, told["cause"], told["reason"]):
        return None
    return inbox.open(
        session,
        told["cause"],
        title=told["title"],
        reason=told["reason"],
        act="none",
        do=told["do"],
        company_id=posting_session.company_id,
        installation_id=told.get("installation"),
        details=told["details"],
    )


def _plain(told: dict[str, Any]) -> dict[str, Any]:
    return {name: told[name] for name in ("id", "kind", "document", "reason")}


def foreign(company_id: int) -> Any:
    """Live heads with a mark, of transactions that no posting is; each with the document of that mark."""
    mine = (
        Posting.company_id == TransactionHead.company_id,
        Posting.kind == TransactionHead.kind,
        Posting.quickbooks_id == TransactionHead.quickbooks_id,
    )
    known = exists().where(*mine, Posting.operation != "attach")
    marked = (
        TransactionHead.company_id == company_id,
        TransactionHead.marker != "",
        TransactionHead.state == "live",
    )
    same = and_(
        SourceDocument.company_id == TransactionHead.company_id,
        SourceDocument.marker == TransactionHead.marker,
    )
    joined = (
        select(TransactionHead, SourceDocument)
        .outerjoin(SourceDocument, same)
        .where(*marked, ~known)
    )
    return joined.order_by(TransactionHead.kind, TransactionHead.quickbooks_id)


def _strangers(session: Session, posting_session: PostingSession) -> Iterator[dict[str, Any]]:
    """Those with the mark of a document that stands elsewhere, or nowhere, by what we know."""
    for head, document in session.execute(
        foreign(posting_session.company_id).where(SourceDocument.id.is_not(None))
    ):
        if not _under_way(session, document):
            whose = f"{(document.kind or 'document').replace('_', ' ')} {document.number or document.source_id}"
            reason = f"QuickBooks has {_called(head)} with the mark of {whose}, and no posting knows of it."
            yield {
                "cause": f"stranger:{posting_session.company_id}:{head.kind}:{head.quickbooks_id}",
                "title": TWICE,
                "reason": reason,
                "do": COMPARE,
                "installation": document.installation_id,
                "details": {"candidates": [case_texts.candidate(head.quickbooks_id, head)]},
                "id": head.quickbooks_id,
                "kind": head.kind,
                "document": document.source_id,
            }


def _under_way(session: Session, document: SourceDocument) -> bool:
    """Whether it is about to be recognised, or a person is asked about it already."""
    held = (Posting.state == "held") & Posting.hold.in_(("quickbooks", "person"))
    going = Posting.state.in_((*IN_FLIGHT, "ready")) | held
    mine = select(Posting.id).where(Posting.document_id == document.id, going)
    return session.scalar(mine.limit(1)) is not None


def _unknown(session: Session, posting_session: PostingSession) -> Iterator[dict[str, Any]]:
    """All marks that stand for no document that this hub has ever seen, in one case."""
    nobodys = foreign(posting_session.company_id).where(SourceDocument.id.is_(None))
    heads: Sequence[TransactionHead] = session.scalars(nobodys.limit(NAMED)).all()
    if not heads:
        return
    count = session.scalar(select(func.count()).select_from(nobodys.order_by(None).subquery())) or 0
    first = heads[0]
    more = f" and {count - 1:,} more" if count > 1 else ""
    yield {
        "cause": f"stranger:{posting_session.company_id}:unknown",
        "title": UNKNOWN,
        "do": WHOSE,
        "reason": f"QuickBooks has {_called(first)}{more} with a mark that no document of this hub has.",
        "details": {
            "candidates": [case_texts.candidate(head.quickbooks_id, head) for head in heads]
        },
        "id": first.quickbooks_id,
        "kind": first.kind,
        "document": "",
    }


def _shared(session: Session, posting_session: PostingSession) -> Iterator[dict[str, Any]]:
    """Transactions that more than one document is said to be."""
    key = Posting.kind, Posting.quickbooks_id
    several = (
        select(*key)
        .where(*posted_documents.made(posting_session.company_id), Posting.kind.not_in(LIST_KINDS))
        .group_by(*key)
    )
    for kind, id in session.execute(
        several.having(func.count(Posting.document_id.distinct()) > 1)
    ).all():
        mine = posted_documents.rows(
            session, posting_session.company_id, [Posting.kind == kind, Posting.quickbooks_id == id]
        )
        claims = posted_documents.group(session, mine)
        if len(claims) > 1:
            names = " and ".join(case_texts.called(one.posting) for one in claims)
            yield {
                "cause": f"shared:{posting_session.company_id}:{kind}:{id}",
                "title": SHARED,
                "do": SPLIT,
                "reason": f"{names} are said to be one transaction of QuickBooks, {kind.replace('_', ' ')} {id}.",
                "installation": claims[0].posting.installation_id,
                "details": {},
                "id": id,
                "kind": kind,
                "document": names,
            }


def _called(head: TransactionHead) -> str:
    name = f"{head.kind.replace('_', ' ')} {head.number or head.quickbooks_id}"
    return f"{name} (transaction {head.quickbooks_id})"
