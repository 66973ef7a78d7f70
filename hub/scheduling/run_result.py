"""Describe what one run did to the documents of an app, in contrast to the state of all of them."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, NamedTuple

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from hub.db.bulk import is_among
from hub.models import Posting, SourceDocument
from hub.models.enums import Operation, PostingState
from hub.money import round_amount
from hub.outbox import apply_sign
from hub.translations.messages import gettext, gettext_noop, ngettext

STOPPED_STATES = (PostingState.HELD, PostingState.REVIEW, PostingState.UNKNOWN)
# The name under which a result counts a file in each state, and a document after each operation.
FILE_RESULTS: dict[str, str] = {
    PostingState.POSTED: "files",
    PostingState.HELD: "files_held",
    PostingState.UNKNOWN: "files_unknown",
}
POSTED_RESULTS: dict[str, str] = {
    Operation.CREATE: "posted",
    Operation.UPDATE: "corrected",
    Operation.VOID: "removed",
    Operation.DELETE: "removed",
}
# What a result says, in this order; each text has one form for one and another for several.
COUNT_TEXTS = {
    "posted": ("%(count)s posted", "%(count)s posted"),
    "corrected": ("%(count)s corrected", "%(count)s corrected"),
    "removed": ("%(count)s removed from QuickBooks", "%(count)s removed from QuickBooks"),
    "vendor": ("%(count)s supplier created", "%(count)s suppliers created"),
    "customer": ("%(count)s customer created", "%(count)s customers created"),
    "item": ("%(count)s item created", "%(count)s items created"),
    "files": ("%(count)s file attached", "%(count)s files attached"),
    "held": ("%(count)s newly held", "%(count)s newly held"),
    "review": ("%(count)s new to approve", "%(count)s new to approve"),
    "unknown": ("%(count)s newly in doubt", "%(count)s newly in doubt"),
    "withdrawn": ("%(count)s withdrawn", "%(count)s withdrawn"),
    "files_held": ("%(count)s file newly held", "%(count)s files newly held"),
    "files_unknown": ("%(count)s file newly in doubt", "%(count)s files newly in doubt"),
}
# Counts of the log whose words other languages inflect, as of one and of several documents.
INFLECTED_COUNTS = (
    ("%(count)s new", "%(count)s new"),
    ("%(count)s not final yet", "%(count)s not final yet"),
    ("%(count)s unreadable", "%(count)s unreadable"),
)
NOTHING_NEW = gettext_noop("nothing new")


@dataclass(frozen=True)
class StatesBeforeRun:
    """The postings of an app that are not posted when a run begins.

    - `newest_id`: the highest id that a posting of any app has.
    - `states`: the state of each, by id.
    - `documents`: the ids of the documents that have a posting in a state, by state.
    """

    installation_id: int
    newest_id: int
    states: Mapping[int, str]
    documents: Mapping[str, set[int]]


class _ChangedPosting(NamedTuple):
    """The columns of a posting after the run."""

    id: int
    document_id: int
    operation: str
    kind: str
    state: str
    currency: str
    total: Decimal | None
    posted_total: Decimal | None
    made_for: str


def load_states(session: Session, installation_id: int) -> StatesBeforeRun:
    """Return the postings that are not posted yet; `count_changes` compares with them."""
    query = select(Posting.id, Posting.document_id, Posting.operation, Posting.state).where(
        Posting.installation_id == installation_id,
        Posting.state != PostingState.POSTED,
    )
    states: dict[int, str] = {}
    documents: dict[str, set[int]] = defaultdict(set)
    for posting_id, document_id, operation, state in session.execute(query):
        states[posting_id] = state
        if operation != Operation.ATTACH:
            documents[state].add(document_id)
    newest_id = session.scalar(select(func.max(Posting.id)))
    return StatesBeforeRun(installation_id, newest_id or 0, states, documents)


def count_changes(session: Session, before: StatesBeforeRun) -> dict[str, Any]:
    """Count the documents that changed since a run began, by what was done to them.

    A document that was in the same state before is not counted, so a run that finds only known
    problems reports nothing new.
    """
    changed_postings = list(_iter_changed_postings(session, before))
    ids: dict[str, set[int]] = defaultdict(set)
    for posting in changed_postings:
        name = _get_result_name(posting)
        if name:
            is_file = posting.operation == Operation.ATTACH
            ids[name].add(posting.id if is_file else posting.document_id)
    for state in STOPPED_STATES:
        ids[state] -= before.documents.get(state, set())
    ids["withdrawn"] = _load_withdrawn_documents(session, changed_postings)

    counts: dict[str, Any] = {}
    for name in COUNT_TEXTS:
        if ids[name]:
            counts[name] = len(ids[name])
    amounts = _sum_by_currency(changed_postings)
    if amounts:
        counts["amounts"] = amounts
    return counts


def combine(results: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """Add the results of several runs of one app."""
    counts: Counter[str] = Counter()
    amounts: dict[str, Decimal] = defaultdict(Decimal)
    for result in results:
        for name, number in result.items():
            if name in COUNT_TEXTS:
                counts[name] += number
        for currency, amount in result.get("amounts", {}).items():
            amounts[currency] += Decimal(amount)
    total: dict[str, Any] = dict(counts)
    if amounts:
        total["amounts"] = {currency: str(amount) for currency, amount in amounts.items()}
    return total


def format_result(result: Mapping[str, Any]) -> str:
    """Format a result in a few words, such as "3 posted, 1 corrected, 2 newly held"."""
    texts = [text for _, text in _count_texts(result)]
    return ", ".join(texts) or gettext(NOTHING_NEW)


def label_counts(result: Mapping[str, Any]) -> list[tuple[int, str]]:
    """Return the counts of a result with their labels, such as (3, "Newly held")."""
    labeled_counts: list[tuple[int, str]] = []
    for count, text in _count_texts(result):
        label = text.partition(" ")[2]
        label = label[:1].upper() + label[1:]
        labeled_counts.append((count, label))
    return labeled_counts


def _count_texts(result: Mapping[str, Any]) -> list[tuple[int, str]]:
    """Return each count of a result that is not 0, and its text."""
    texts: list[tuple[int, str]] = []
    for name, (one, many) in COUNT_TEXTS.items():
        count = result.get(name)
        if count:
            texts.append((count, ngettext(one, many, count)))
    return texts


def _iter_changed_postings(session: Session, before: StatesBeforeRun) -> Iterable[_ChangedPosting]:
    """Yield the postings that are new or in another state since the run began."""
    columns = (
        Posting.id,
        Posting.document_id,
        Posting.operation,
        Posting.kind,
        Posting.state,
        Posting.currency,
        Posting.total,
        Posting.posted_total,
        SourceDocument.made_for,
    )
    query = select(*columns).join(SourceDocument, SourceDocument.id == Posting.document_id)
    query = query.where(Posting.installation_id == before.installation_id)
    for row in session.execute(query.where(Posting.id > before.newest_id)):
        yield _ChangedPosting(*row)
    if not before.states:
        return
    parameters = {"ids": list(before.states)}
    for row in session.execute(query.where(is_among(Posting.id, "ids")), parameters):
        if row.state != before.states[row.id]:
            yield _ChangedPosting(*row)


def _get_result_name(posting: _ChangedPosting) -> str:
    """Return the name under which a result counts the posting, "" if it leaves it out."""
    if posting.operation == Operation.ATTACH:
        return FILE_RESULTS.get(posting.state, "")
    if posting.state == PostingState.POSTED:
        if not posting.made_for:
            return POSTED_RESULTS[posting.operation]
        return posting.kind if posting.operation == Operation.CREATE else ""
    if posting.made_for or posting.state not in STOPPED_STATES:
        return ""
    return posting.state


def _load_withdrawn_documents(
    session: Session, changed_postings: Iterable[_ChangedPosting]
) -> set[int]:
    """Return the documents of which nothing is left to post.

    A withdrawn posting may also have been replaced by a newer one.
    """
    withdrawn: set[int] = set()
    for posting in changed_postings:
        is_document = posting.operation != Operation.ATTACH and not posting.made_for
        if is_document and posting.state == PostingState.WITHDRAWN:
            withdrawn.add(posting.document_id)
    if not withdrawn:
        return withdrawn
    others = select(Posting.document_id).where(
        is_among(Posting.document_id, "ids"),
        Posting.operation != Operation.ATTACH,
        Posting.state != PostingState.WITHDRAWN,
    )
    return withdrawn - set(session.scalars(others, {"ids": list(withdrawn)}))


def _sum_by_currency(changed_postings: Iterable[_ChangedPosting]) -> dict[str, str]:
    """Add up what was posted by currency, credits negative."""
    sums: dict[str, Decimal] = defaultdict(Decimal)
    for posting in changed_postings:
        is_creation = posting.operation == Operation.CREATE and not posting.made_for
        if is_creation and posting.state == PostingState.POSTED:
            sums[posting.currency] += _get_signed_amount(posting)
    amounts: dict[str, str] = {}
    for currency, amount in sorted(sums.items()):
        if amount:
            amounts[currency] = _format_amount(amount, currency)
    return amounts


def _get_signed_amount(posting: _ChangedPosting) -> Decimal:
    """Return the total in QuickBooks, or else the planned one; that of a credit is negative."""
    amount = posting.posted_total
    if amount is None:
        amount = posting.total
    return apply_sign(posting.kind, amount)


def _format_amount(amount: Decimal, currency: str) -> str:
    """Return an amount as plain text, in cents if its currency is known."""
    if currency:
        amount = round_amount(amount, currency)
    return str(amount)
