"""The nightly proof: what is said to be posted stands in QuickBooks, once, with its total; and the sums agree."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import func, select

from hub.db.engine import reading, transaction
from hub.models import Posting
from hub.money import ZERO, shown, to_cents
from hub.posting import case_texts
from hub.posting.outcome.session import PostingSession, Progress
from hub.posting.reconcile import drift, markers, posted_documents
from hub.posting.reconcile import refresh as reconcile_refresh
from hub.posting.reconcile.control_totals import Totals, differences
from hub.posting.reconcile.posted_documents import PostedDocument, PostedSummary

LISTED = 200  # of each list in the result; every one has its case
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
        shown(amount, currency) for currency, amount in sorted(differences(proof["totals"]).items())
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
    """Every document against what QuickBooks showed of it, some thousand at a time."""
    found, done = Findings(), 0
    with reading() as session:
        of = (
            session.scalar(
                select(func.count())
                .where(*posted_documents.made(posting_session.company_id))
                .select_from(Posting)
            )
            or 0
        )
        cased = posted_documents.cased(session, posting_session.company_id)
    for group in posted_documents.iter_posted(posting_session.company_id):
        for one in group:
            _count(posting_session, found, one, one.id in cased)
        done += len(group)
        posting_session.report_progress("comparing", done, of)
    return found


def _count(
    posting_session: PostingSession, found: Findings, one: PostedSummary, cased: bool
) -> None:
    now, is_open = (
        _judged(posting_session.company_id, one.id) if one.trouble or cased else (None, True)
    )
    if now is not None:
        one = now.outline
    elif one.trouble or cased:
        return
    found.totals.add(one, accepted=not is_open)
    found.counts["busy"] += one.busy
    if len(found.apart) < LISTED and _is_apart(one):
        found.apart.append(_apart(one))
    if now is None or one.busy or not one.trouble:
        return
    found.counts["away"] += one.trouble in AWAY
    found.counts["open" if is_open else "accepted"] += 1
    if len(found.wrong) < LISTED:
        found.wrong.append(_told(now, not is_open))


def _judged(company_id: int, id: int) -> tuple[PostedDocument | None, bool]:
    """Opens or closes the cases of one document, as it is now; whether what is wrong is still open."""
    with transaction() as session:
        now = posted_documents.again(session, company_id, id)
        if now is None or now.busy or (not now.trouble and now.edited):
            return now, True
        return now, posted_documents.judge(
            session, now, now.trouble, posted_documents.reason(now) if now.trouble else ""
        )


def _is_apart(one: PostedSummary) -> bool:
    """Whether the source says another total than was posted: changed since, or rounded within its tolerance."""
    if one.part or one.busy or one.said is None or one.total is None or one.said == one.total:
        return False
    return to_cents(one.said, one.currency or "USD") != one.total


def _apart(one: PostedSummary) -> dict[str, Any]:
    sides = (shown(amount or ZERO, one.currency or "USD") for amount in (one.said, one.total))
    with reading() as session:
        name = case_texts.called(session.get_one(Posting, one.id))
    return {
        "posting": one.id,
        "reason": "{}: the source says {}, {} was posted.".format(name, *sides),
    }


def _told(one: PostedDocument, accepted: bool) -> dict[str, Any]:
    about = {
        "posting": one.posting.id,
        "document": case_texts.called(one.posting),
        "why": one.trouble,
    }
    return {**about, "reason": posted_documents.reason(one), "accepted": accepted}


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
        "strangers": list(strangers[:LISTED]),
        "apart": found.apart,
        "requests": {"writes": posting_session.writes, "reads": posting_session.reads},
    }
