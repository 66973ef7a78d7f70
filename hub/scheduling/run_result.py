"""What one run did to the documents of an app, apart from how all of them stand afterwards."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, NamedTuple

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from hub.db.bulk import among
from hub.models import Posting, SourceDocument
from hub.money import ZERO, to_cents
from hub.outbox import CREDITS

STOPPED = ("held", "review", "unknown")
FILES = {"posted": "files", "held": "files_held", "unknown": "files_unknown"}
STEPS = {"create": "posted", "update": "corrected", "void": "removed", "delete": "removed"}
# What a result says, in this order; each text has one form for one and another for several.
TEXTS = {
    "posted": ("{:,} posted", "{:,} posted"),
    "corrected": ("{:,} corrected", "{:,} corrected"),
    "removed": ("{:,} removed from QuickBooks", "{:,} removed from QuickBooks"),
    "vendor": ("{:,} supplier created", "{:,} suppliers created"),
    "customer": ("{:,} customer created", "{:,} customers created"),
    "item": ("{:,} item created", "{:,} items created"),
    "files": ("{:,} file attached", "{:,} files attached"),
    "held": ("{:,} newly held", "{:,} newly held"),
    "review": ("{:,} new to review", "{:,} new to review"),
    "unknown": ("{:,} newly in doubt", "{:,} newly in doubt"),
    "withdrawn": ("{:,} withdrawn", "{:,} withdrawn"),
    "files_held": ("{:,} file newly held", "{:,} files newly held"),
    "files_unknown": ("{:,} file newly in doubt", "{:,} files newly in doubt"),
}
NOTHING = "nothing new"


@dataclass(frozen=True)
class Snapshot:
    """The postings of an app that are not posted: their states by id, and the documents in each state."""

    newest: int
    states: Mapping[int, str]
    documents: Mapping[str, set[int]]


class _Step(NamedTuple):
    """One posting as it stands after the run."""

    id: int
    document_id: int
    operation: str
    kind: str
    state: str
    currency: str
    total: Decimal | None
    posted_total: Decimal | None
    made_for: str


def snapshot(session: Session, installation_id: int) -> Snapshot:
    """Note what is not posted before a run, so that `changes` can tell what the run did."""
    columns = Posting.id, Posting.document_id, Posting.operation, Posting.state
    of_app = Posting.installation_id == installation_id, Posting.state != "posted"
    rows = session.execute(select(*columns).where(*of_app)).all()
    documents: dict[str, set[int]] = defaultdict(set)
    for row in rows:
        if row.operation != "attach":
            documents[row.state].add(row.document_id)
    newest = session.scalar(select(func.max(Posting.id)))
    return Snapshot(newest or 0, {row.id: row.state for row in rows}, documents)


def changes(session: Session, installation_id: int, before: Snapshot) -> dict[str, Any]:
    """Count the documents that were moved since the snapshot, by what was done to them.

    What was in the same state before is not counted, so a run that only finds old problems again did nothing.
    """
    steps = list(_moved(session, installation_id, before))
    documents: dict[str, set[int]] = defaultdict(set)
    for step in steps:
        if name := _name(step):
            documents[name].add(step.id if step.operation == "attach" else step.document_id)
    for state in STOPPED:
        documents[state] -= before.documents.get(state, set())
    documents["withdrawn"] = _withdrawn(session, steps)
    counts: dict[str, Any] = {name: len(documents[name]) for name in TEXTS if documents[name]}
    if amounts := _amounts(steps):
        counts["amounts"] = amounts
    return counts


def combined(results: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """Add the results of several runs of one app."""
    counts: Counter[str] = Counter()
    amounts: dict[str, Decimal] = defaultdict(Decimal)
    for result in results:
        counts.update({name: number for name, number in result.items() if name in TEXTS})
        for currency, amount in result.get("amounts", {}).items():
            amounts[currency] += Decimal(amount)
    whole: dict[str, Any] = dict(counts)
    if amounts:
        whole["amounts"] = {currency: str(amount) for currency, amount in amounts.items()}
    return whole


def text(result: Mapping[str, Any]) -> str:
    """Say a result in a few words, such as "3 posted, 1 corrected, 2 newly held"."""
    return ", ".join(_text(name, result[name]) for name in TEXTS if result.get(name)) or NOTHING


def figures(result: Mapping[str, Any]) -> list[tuple[int, str]]:
    """Return the counts of a result with their labels."""
    counted = [(result[name], _text(name, result[name])) for name in TEXTS if result.get(name)]
    return [(count, _capital(text.partition(" ")[2])) for count, text in counted]


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def _text(name: str, count: int) -> str:
    one, many = TEXTS[name]
    return (one if count == 1 else many).format(count)


def _moved(session: Session, installation_id: int, before: Snapshot) -> Iterable[_Step]:
    """Return the postings that are new since the snapshot or in another state than they were then."""
    columns = (
        Posting.id, Posting.document_id, Posting.operation, Posting.kind, Posting.state, Posting.currency,
        Posting.total, Posting.posted_total, SourceDocument.made_for,
    )  # fmt: skip
    found = select(*columns).join(SourceDocument, SourceDocument.id == Posting.document_id)
    found = found.where(Posting.installation_id == installation_id)
    for row in session.execute(found.where(Posting.id > before.newest)):
        yield _Step(*row)
    earlier = {"ids": list(before.states)}
    for row in session.execute(found.where(among(Posting.id, "ids")), earlier):
        if row.state != before.states[row.id]:
            yield _Step(*row)


def _name(step: _Step) -> str:
    """Return the name of what was done, "" for what a result leaves out."""
    if step.operation == "attach":
        return FILES.get(step.state, "")
    if step.state == "posted" and step.made_for:
        return step.kind if step.operation == "create" else ""
    if step.state == "posted":
        return STEPS[step.operation]
    return step.state if step.state in STOPPED and not step.made_for else ""


def _withdrawn(session: Session, steps: Iterable[_Step]) -> set[int]:
    """Return the documents of which nothing is left to post; a posting may also give way to a newer one."""
    ended = {
        step.document_id
        for step in steps
        if step.state == "withdrawn" and step.operation != "attach" and not step.made_for
    }
    others = select(Posting.document_id).where(
        among(Posting.document_id, "ids"),
        Posting.operation != "attach",
        Posting.state != "withdrawn",
    )
    return ended - set(session.scalars(others, {"ids": list(ended)})) if ended else ended


def _amounts(steps: Iterable[_Step]) -> dict[str, str]:
    """Add up what was posted by currency, credits negative."""
    sums: dict[str, Decimal] = defaultdict(Decimal)
    for step in steps:
        if step.state == "posted" and step.operation == "create" and not step.made_for:
            amount = step.posted_total if step.posted_total is not None else step.total
            sums[step.currency] += -(amount or ZERO) if step.kind in CREDITS else amount or ZERO
    return {
        currency: str(to_cents(amount, currency) if currency else amount)
        for currency, amount in sorted(sums.items())
        if amount
    }
