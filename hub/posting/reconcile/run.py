"""Reconcile: compare every posted document and its total with QuickBooks."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import func, select

from hub.db.engine import reading, transaction
from hub.models import Posting
from hub.money import ZERO, format_amount, to_cents
from hub.posting import case_texts
from hub.posting.outcome.session import PostingSession, Progress
from hub.posting.reconcile import drift, markers, posted_documents
from hub.posting.reconcile import refresh as reconcile_refresh
from hub.posting.reconcile.control_totals import Totals, differences
from hub.posting.reconcile.posted_documents import PostedDocument, PostedSummary

MAX_LISTED = 200  # of each list in the result; every one has its case
AWAY = ("missing", "voided")


@dataclass
class Findings:
    """What the documents come to, so far."""

    totals: Totals = field(default_factory=Totals)
    counts: Counter[str] = field(default_factory=Counter)
    wrong: list[dict[str, Any]] = field(default_factory=list)
    apart: list[dict[str, Any]] = field(default_factory=list)


def reconcile(company_id: int, progress: Progress | None = None) -> dict[str, Any]:
    """Reads QuickBooks anew and compares; the result is plain JSON, each trouble has its case."""
    posting_session = PostingSession(company_id, progress=progress)
    reconcile_refresh.refresh(posting_session)
    drift.watch(company_id)
    found = _compared(posting_session)
    with transaction() as session:
        strangers = markers.check(session, posting_session)
        posting_session.store_date(session)
    return _result(posting_session, found, strangers)


def told(proof: Mapping[str, Any]) -> str:
    """A proof in a sentence: how many of how many, the difference by currency, what is open, what people let stand."""
    stand = "document stands" if proof["documents"] == 1 else "documents stand"
    parts = [f"{proof['found']:,} of {proof['documents']:,} {stand} in QuickBooks"]
    open_ = [
        format_amount(amount, currency)
        for currency, amount in sorted(differences(proof["totals"]).items())
    ]
    parts += ["difference " + " and ".join(open_)] if open_ else []
    if proof["troubles"]:
        parts.append(f"{proof['troubles']:,} to look at")
    if proof["accepted"]:
        parts.append(f"{proof['accepted']:,} that differ were looked at and left so")
    if proof["under_way"]:
        parts.append(f"{proof['under_way']:,} are being changed just now")
    return ", ".join(parts)


def _compared(posting_session: PostingSession) -> Findings:
    """Compare every posted document with what QuickBooks showed of it."""
    findings = Findings()
    company_id = posting_session.company_id
    posted = select(func.count()).where(*posted_documents.made(company_id)).select_from(Posting)
    with reading() as session:
        total = session.scalar(posted) or 0
        with_case = posted_documents.cased(session, company_id)
    done = 0
    for summaries in posted_documents.iter_posted(company_id):
        for summary in summaries:
            _count(posting_session, findings, summary, summary.id in with_case)
        done += len(summaries)
        posting_session.report_progress("comparing", done, total)
    return findings


def _count(
    posting_session: PostingSession, findings: Findings, summary: PostedSummary, has_case: bool
) -> None:
    """Add one document to the findings.

    One with trouble or an open case is first read again, locked, so that its case is up to date.
    """
    current = None
    is_open = True
    if summary.trouble or has_case:
        current, is_open = _judged(posting_session.company_id, summary.id)
        if current is None:
            return
        summary = current.outline
    findings.totals.add(summary, accepted=not is_open)
    findings.counts["busy"] += summary.busy
    if len(findings.apart) < MAX_LISTED and _is_apart(summary):
        findings.apart.append(_apart(summary))
    if current is None or summary.busy or not summary.trouble:
        return
    findings.counts["away"] += summary.trouble in AWAY
    findings.counts["open" if is_open else "accepted"] += 1
    if len(findings.wrong) < MAX_LISTED:
        findings.wrong.append(_as_json(current, not is_open))


def _judged(company_id: int, id: int) -> tuple[PostedDocument | None, bool]:
    """Read one document again and open or close its cases; return if its trouble is still open."""
    with transaction() as session:
        current = posted_documents.again(session, company_id, id)
        if current is None or current.busy or (not current.trouble and current.edited):
            return current, True
        reason = posted_documents.reason(current) if current.trouble else ""
        is_open = posted_documents.judge(session, current, current.trouble, reason)
        return current, is_open


def _is_apart(summary: PostedSummary) -> bool:
    """Tell whether the source's total differs from the posted one.

    It may have changed since, or was rounded within its tolerance.
    """
    if summary.part or summary.busy or summary.said is None or summary.total is None:
        return False
    if summary.said == summary.total:
        return False
    return to_cents(summary.said, summary.currency or "USD") != summary.total


def _apart(one: PostedSummary) -> dict[str, Any]:
    sides = (
        format_amount(amount or ZERO, one.currency or "USD") for amount in (one.said, one.total)
    )
    with reading() as session:
        name = case_texts.called(session.get_one(Posting, one.id))
    return {
        "posting": one.id,
        "reason": "{}: the source says {}, {} was posted.".format(name, *sides),
    }


def _as_json(document: PostedDocument, accepted: bool) -> dict[str, Any]:
    return {
        "posting": document.posting.id,
        "document": case_texts.called(document.posting),
        "why": document.trouble,
        "reason": posted_documents.reason(document),
        "accepted": accepted,
    }


def _result(
    posting_session: PostingSession, found: Findings, strangers: Sequence[dict[str, Any]]
) -> dict[str, Any]:
    documents = found.totals.documents
    return {
        "proved_at": posting_session.clock.now().isoformat(timespec="seconds"),
        "documents": documents,
        "found": documents - found.counts["away"],
        "under_way": found.counts["busy"],
        "accepted": found.counts["accepted"],
        "troubles": found.counts["open"] + len(strangers),
        "totals": found.totals.lines(),
        "wrong": found.wrong,
        "strangers": list(strangers[:MAX_LISTED]),
        "apart": found.apart,
        "requests": {"writes": posting_session.writes, "reads": posting_session.reads},
    }
