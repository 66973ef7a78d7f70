"""The nightly proof: what is said to be posted stands in QuickBooks, once, with its total; and the sums agree."""

import datetime as dt
from collections import Counter, defaultdict
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from sqlalchemy import and_, func, select
from sqlalchemy.orm import Session

from hub import cases
from hub.models import Case, Head, Posting, SourceDocument
from hub.money import ZERO, to_cents
from hub.posting import drift, scan, standing, words
from hub.posting.protocol import NAMES
from hub.posting.standing import Stands
from hub.posting.worker import Worker
from hub.store import reading, transaction

CREDITS = ("vendor_credit", "credit_memo", "refund")


def reconcile(company_id: int) -> dict[str, Any]:
    """Reads QuickBooks anew and compares; the result is plain JSON, each trouble has its case."""
    worker = Worker(company_id)
    for kind, since in _kinds(worker):
        scan.search_since(worker, kind, since - scan.OVERLAP)
    totals: dict[tuple[str, str, str], Counter[str]] = defaultdict(Counter)
    sums: dict[tuple[str, str, str], dict[str, Decimal]] = defaultdict(lambda: defaultdict(Decimal))
    wrong = []
    drift.watch(company_id)
    for group in standing.everything(company_id):
        with transaction() as session:
            wrong += [told for one in group if (told := _judge(session, one))]
        for one in group:
            _add(totals, sums, one)
    with transaction() as session:
        strangers = _strangers(session, worker)
        worker.keep_date(session)
    return _result(worker, totals, sums, wrong, strangers)


def _kinds(worker: Worker) -> list[tuple[str, dt.datetime]]:
    """The kinds that were posted, and since when."""
    landed = Posting.company_id == worker.company_id, Posting.operation == "create", Posting.state == "posted"
    first = func.min(func.coalesce(Posting.sent_date, Posting.created_at))
    with reading() as session:
        found = session.execute(select(Posting.kind, first).where(*landed).group_by(Posting.kind))
        return [(kind, since) for kind, since in found if kind not in NAMES]


def _judge(session: Session, one: Stands) -> dict[str, Any] | None:
    """Opens or closes the cases of one document."""
    posting, trouble = one.posting, one.trouble
    if not trouble and one.edited:
        return None
    reason = standing.reason(one) if trouble else ""
    standing.judge(session, one, trouble, reason)
    if not trouble:
        return None
    return {"posting": posting.id, "document": words.called(posting), "why": trouble, "reason": reason}


def _add(
    totals: dict[tuple[str, str, str], Counter[str]],
    sums: dict[tuple[str, str, str], dict[str, Decimal]],
    one: Stands,
) -> None:
    posting = one.posting
    key = (posting.document.slug, posting.kind, posting.currency)
    sign = -1 if posting.kind in CREDITS else 1
    source = posting.total if posting.part or posting.document.total is None else posting.document.total
    totals[key]["documents"] += 1
    totals[key]["wrong"] += bool(one.trouble)
    for name, amount in (("source", source), ("posted", one.total), ("quickbooks", one.held)):
        sums[key][name] += sign * (amount or ZERO)


def _strangers(session: Session, worker: Worker) -> list[dict[str, Any]]:
    """Marks of ours in QuickBooks that no posting, or more than one object, carries."""
    mine = Head.company_id == worker.company_id, Head.marker != "", Head.state == "live"
    known = and_(
        Posting.company_id == Head.company_id, Posting.kind == Head.kind, Posting.quickbooks_id == Head.quickbooks_id
    )
    unknown = select(Head).outerjoin(Posting, known).where(*mine, Posting.id.is_(None))
    found = []
    for head in session.scalars(unknown):
        row = select(SourceDocument).where(SourceDocument.marker == head.marker)
        document = session.scalars(row.where(SourceDocument.company_id == worker.company_id)).first()
        if document is not None and not _under_way(session, document):
            found.append(_stranger(session, worker, head, document))
    _close_others(session, worker, {_cause(worker, told["kind"], told["id"]) for told in found})
    return found


def _close_others(session: Session, worker: Worker, causes: set[str]) -> None:
    """Strangers that are gone, or known by now, are nobody's trouble any more."""
    open_ = Case.company_id == worker.company_id, Case.closed_at.is_(None), Case.cause.startswith("stranger:")
    for cause in session.scalars(select(Case.cause).where(*open_)).all():
        if cause not in causes:
            cases.close(session, cause)


def _cause(worker: Worker, kind: str, id: str) -> str:
    return f"stranger:{worker.company_id}:{kind}:{id}"


def _under_way(session: Session, document: SourceDocument) -> bool:
    mine = Posting.document_id == document.id, Posting.state.in_(("sending", "unknown", "ready", "held"))
    return session.scalar(select(Posting.id).where(*mine).limit(1)) is not None


def _stranger(session: Session, worker: Worker, head: Head, document: SourceDocument) -> dict[str, Any]:
    name = f"{head.kind.replace('_', ' ')} {head.number or head.quickbooks_id}"
    reason = f"QuickBooks has {name} (transaction {head.quickbooks_id}) with the mark of {document.source_id}, and no"
    reason += " posting knows of it."
    cases.open(
        session, _cause(worker, head.kind, head.quickbooks_id), title="Perhaps twice in QuickBooks",
        reason=reason, act="none", do="Compare it with the one that was posted, and delete the one that is too much.",
        company_id=worker.company_id, installation_id=document.installation_id,
        details={"candidates": [words.candidate(head.quickbooks_id, head)]},
    )  # fmt: skip
    return {"id": head.quickbooks_id, "kind": head.kind, "document": document.source_id, "reason": reason}


def _result(
    worker: Worker,
    totals: Mapping[tuple[str, str, str], Counter[str]],
    sums: Mapping[tuple[str, str, str], Mapping[str, Decimal]],
    wrong: list[dict[str, Any]],
    strangers: list[dict[str, Any]],
) -> dict[str, Any]:
    lines = [
        {
            "app": key[0], "kind": key[1], "currency": key[2], "documents": totals[key]["documents"],
            **{name: _money(amount, key[2]) for name, amount in sums[key].items()},
            "difference": _money(sums[key]["quickbooks"] - sums[key]["posted"], key[2]),
        }
        for key in sorted(totals)
    ]  # fmt: skip
    documents = sum(count["documents"] for count in totals.values())
    return {
        "proved_at": worker.clock.now().isoformat(timespec="seconds"),
        "documents": documents,
        "found": documents - sum(told["why"] in ("missing", "voided") for told in wrong),
        "totals": lines,
        "wrong": wrong,
        "strangers": strangers,
        "requests": {"writes": worker.writes, "reads": worker.reads},
    }


def _money(amount: Decimal, currency: str) -> str:
    return str(to_cents(amount, currency or "USD"))
