"""The nightly proof: what is said to be posted stands in QuickBooks, once, with its total; and the sums agree."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from sqlalchemy import func, select

from hub.models import Posting
from hub.money import ZERO, shown, to_cents
from hub.posting import drift, marks, sights, standing, words
from hub.posting.standing import Stands
from hub.posting.totals import Totals
from hub.posting.worker import Progress, Worker
from hub.store import reading, transaction

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
    worker = Worker(company_id, progress=progress)
    sights.refresh(worker)
    drift.watch(company_id)
    found = _compared(worker)
    with transaction() as session:
        strangers = marks.check(session, worker)
        worker.keep_date(session)
    return _result(worker, found, strangers)


def told(proof: Mapping[str, Any]) -> str:
    """A proof in a sentence: how many of how many, the difference by currency, what is open, what people let stand."""
    stand = "document stands" if proof["documents"] == 1 else "documents stand"
    parts = [f"{proof['found']:,} of {proof['documents']:,} {stand} in QuickBooks"]
    open_ = [shown(amount, currency) for currency, amount in sorted(differences(proof["totals"]).items())]
    parts += ["difference " + " and ".join(open_)] if open_ else []
    if proof["troubles"]:
        parts.append(f"{proof['troubles']:,} to look at")
    if proof["accepted"]:
        parts.append(f"{proof['accepted']:,} that differ were looked at and left so")
    if proof["under_way"]:
        parts.append(f"{proof['under_way']:,} are being changed just now")
    return ", ".join(parts)


def differences(lines: Iterable[Mapping[str, str]]) -> dict[str, Decimal]:
    """By currency, what nobody has let stand; every line counts, whichever way it goes."""
    found: dict[str, Decimal] = {}
    for line in lines:
        apart = abs(Decimal(line["difference"]) - Decimal(line["accepted"]))
        found[line["currency"]] = found.get(line["currency"], ZERO) + apart
    return found


def _compared(worker: Worker) -> Findings:
    """Every document against what QuickBooks showed of it, some hundred at a time."""
    found, done = Findings(), 0
    with reading() as session:
        of = session.scalar(select(func.count()).where(*standing.made(worker.company_id)).select_from(Posting)) or 0
        cased = standing.cased(session, worker.company_id)
    for group in standing.everything(worker.company_id):
        for one in group:
            _count(found, one, one.posting.id in cased)
        done += len(group)
        worker.tell("comparing", done, of)
    return found


def _count(found: Findings, one: Stands, cased: bool) -> None:
    now, is_open = _judged(one) if one.trouble or cased else (one, True)
    if now is None:
        return
    accepted = not is_open
    found.totals.add(now, accepted=accepted)
    found.counts["busy"] += now.busy
    if len(found.apart) < LISTED and (said := _apart(now)):
        found.apart.append({"posting": now.posting.id, "reason": said})
    if now.busy or not now.trouble:
        return
    found.counts["away"] += now.trouble in AWAY
    found.counts["accepted" if accepted else "open"] += 1
    if len(found.wrong) < LISTED:
        found.wrong.append(_told(now, accepted))


def _judged(one: Stands) -> tuple[Stands | None, bool]:
    """Opens or closes the cases of one document, as it is now; whether what is wrong is still open."""
    with transaction() as session:
        now = standing.again(session, one)
        if now is None or now.busy or (not now.trouble and now.edited):
            return now, True
        return now, standing.judge(session, now, now.trouble, standing.reason(now) if now.trouble else "")


def _apart(one: Stands) -> str:
    """Where the source says another total than was posted: changed since, or rounded otherwise within its tolerance."""
    posting, said = one.posting, one.posting.document.total
    currency = posting.currency or "USD"
    if posting.part or one.busy or None in (said, one.total) or to_cents(said or ZERO, currency) == one.total:
        return ""
    sides = shown(said or ZERO, currency), shown(one.total or ZERO, currency)
    return f"{words.called(posting)}: the source says {sides[0]}, {sides[1]} was posted."


def _told(one: Stands, accepted: bool) -> dict[str, Any]:
    about = {"posting": one.posting.id, "document": words.called(one.posting), "why": one.trouble}
    return {**about, "reason": standing.reason(one), "accepted": accepted}


def _result(worker: Worker, found: Findings, strangers: Sequence[dict[str, Any]]) -> dict[str, Any]:
    documents = found.totals.documents
    return {
        "proved_at": worker.clock.now().isoformat(timespec="seconds"),
        "documents": documents,
        "found": documents - found.counts["away"],
        "under_way": found.counts["busy"],
        "accepted": found.counts["accepted"],
        "troubles": found.counts["open"] + len(strangers),
        "totals": found.totals.lines(),
        "wrong": found.wrong,
        "strangers": list(strangers[:LISTED]),
        "apart": found.apart,
        "requests": {"writes": worker.writes, "reads": worker.reads},
    }
