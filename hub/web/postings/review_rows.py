"""The postings in review as the pages list them: what is new or changed, and what is beside them.

The number of queries does not grow with the postings.
"""

import datetime as dt
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any, NamedTuple

from sqlalchemy import func, select
from sqlalchemy.orm import Session, joinedload

from hub import outbox
from hub.contract.document_kinds import PAYMENT_KINDS
from hub.db.engine import read_only_session
from hub.models import Installation, Posting, SourceDocument
from hub.models.enums import CHANGE_OPERATIONS, Operation, PostingState
from hub.money import ZERO
from hub.outbox import approvals
from hub.outbox.main_posting import counts_for_its_part, has_no_part_before
from hub.qbo import display
from hub.translations.messages import gettext, gettext_noop, ngettext, pgettext
from hub.web.frame import listed_rows
from hub.web.frame.lookup import get_row_or_404
from hub.web.frame.paging import ListPage, load_page
from hub.web.frame.source_view import format_money
from hub.web.lists.counts import count_documents_by_kind
from hub.web.transactions import present_transactions
from hub.web.transactions.present_transactions import (
    Basis,
    ChangePreview,
    Key,
    ReadTransactions,
    Write,
)

MAX_APPROVED = 20_000  # postings in one approval, so that their list fits into a form
MAX_LEFT_OUT = 10  # held and skipped documents that the page lists
NOT_IN_REVIEW = (PostingState.HELD, PostingState.SKIPPED)
OPERATION_LABELS = {
    Operation.CREATE: gettext_noop("New"),
    Operation.DELETE: gettext_noop("Removal from QuickBooks"),
    Operation.VOID: gettext_noop("Void in QuickBooks"),
    Operation.ATTACH: gettext_noop("File"),
}


@dataclass(frozen=True)
class PostingPreview:
    """A posting, what it says, what the document's last posting said, and where they differ."""

    posting: Posting
    pair: str  # its id and version, for a tick box
    planned: display.TransactionView | None
    posted: display.TransactionView | None
    differs: set[str]
    comparison: ChangePreview | None = None  # with QuickBooks; None for what is new

    @property
    def due(self) -> str:
        """Return the due date in ISO format; "" if there is none.

        A vendor credit has none in QuickBooks. Then that of the source counts.
        """
        facts = dict(self.planned.facts) if self.planned else {}
        due = facts.get("Due", "")
        source_due = self.posting.document.due
        if not due and source_due is not None:
            return source_due.isoformat()
        return due

    @property
    def act(self) -> str:
        """State whether it is new, a change or a removal."""
        operation = Operation(self.posting.operation)
        if operation == Operation.UPDATE:
            return pgettext("posting", "Change")  # alone it is what a button does
        return OPERATION_LABELS.get(operation, "")

    @property
    def changes(self) -> str:
        """Name what differs, such as "Due, Line 2": from QuickBooks now, else the last posting."""
        if self.comparison and self.comparison.basis == Basis.NOW:
            return _describe_changes(self.comparison, self.posting)
        texts = [_format_changed_label(label) for label in sorted(self.differs)]
        if self.planned and self.posted and self.planned.total != self.posted.total:
            currency = self.posting.currency
            before = format_money(self.posted.total, currency)
            texts.insert(0, gettext("Total was %(before)s", before=before))
        return ", ".join(texts)


def _describe_changes(comparison: ChangePreview, posting: Posting) -> str:
    """Name what differs from QuickBooks as it is now; of a removal, what is removed."""
    texts = []
    if comparison.has_other_total and comparison.view:
        now = format_money(comparison.view.total, posting.currency)
        texts.append(gettext("Total in QuickBooks is %(now)s", now=now))
    if posting.operation in outbox.REMOVALS:
        return ", ".join(texts)
    texts += [_format_changed_label(label) for label, _, _ in comparison.facts]
    if comparison.lines:
        count = len(comparison.lines)
        texts.append(ngettext("%(count)s line", "%(count)s lines", count))
    return ", ".join(texts)


def _format_changed_label(name: str) -> str:
    """Return a fact that differs, or a line such as "line 2", as a list of changes has it."""
    number = name.removeprefix("line ")
    if number != name:
        return gettext("Line %(number)s", number=number)
    label = gettext(name)
    return label[:1].upper() + label[1:]


class WaitingPosting(NamedTuple):
    """A posting in review as a list shows it."""

    id: int
    document_id: int
    operation: str
    kind: str
    total: Decimal | None
    currency: str
    planned: str
    number: str
    source_id: str
    party: str
    date: dt.date | None
    due: dt.date | None


class LeftOutDocuments(NamedTuple):
    """Documents in one state that are not in review: how many, and their sums as text."""

    state: str
    documents: int
    sums: list[str]


def list_keys_to_read(session: Session, postings: Sequence[Posting]) -> list[Key]:
    """Name the transactions in QuickBooks that postings change or remove."""
    return [write.key for write in _iter_writes(postings, _load_last_posted(session, postings))]


def read_page_now(installation_id: int) -> ReadTransactions:
    """Read from QuickBooks what the postings on the page that the address names would change."""
    with read_only_session() as session:
        installation = get_row_or_404(session, Installation, installation_id)
        postings = load_page_in_review(session, installation_id)
        keys = list_keys_to_read(session, postings.rows)
        company_id = installation.company_id
    return present_transactions.read_now(company_id, keys)


def build_previews(
    session: Session, postings: Sequence[Posting], read: ReadTransactions | None = None
) -> list[PostingPreview]:
    """Return postings as they will be sent, each beside the last one of its part of the document.

    All of them are of one company. With `read`, each is also compared with what QuickBooks has.
    """
    if not postings:
        return []
    earlier = _load_last_posted(session, postings)
    payloads: dict[int, tuple[str, bytes]] = {}
    for posting in (*postings, *earlier.values()):
        payloads[posting.id] = posting.kind, posting.payload
    company_id = postings[0].company_id
    views = display.view_payloads(session, company_id, payloads)
    rows = []
    for posting in postings:
        plan = views.get(posting.id)
        before = earlier.get(posting.id)
        present = views.get(before.id) if before else None
        differs = display.find_differences(plan, present) if plan and present else set()
        pair = listed_rows.format_pair(posting.id, posting.planned)
        rows.append(PostingPreview(posting, pair, plan, present, differs))
    if read is None:
        return rows
    writes = list(_iter_writes(postings, earlier))
    comparisons = present_transactions.compare(session, writes, views, read)
    return [replace(row, comparison=comparisons.get(row.posting.id)) for row in rows]


def _iter_writes(postings: Iterable[Posting], earlier: Mapping[int, Posting]) -> Iterator[Write]:
    """Yield the changes and removals among postings, each with its transaction in QuickBooks."""
    for posting in postings:
        before = earlier.get(posting.id)
        id = posting.quickbooks_id or (before.quickbooks_id if before else None)
        if posting.operation in CHANGE_OPERATIONS and id:
            yield Write(posting, before, (posting.kind, id))


def load_page_in_review(session: Session, installation_id: int) -> ListPage:
    """Return one page of the postings in review with their documents, oldest first."""
    query = (
        select(Posting)
        .where(*approvals.build_review_conditions(installation_id))
        .options(*with_documents())
    )
    return load_page(session, query, order_by=[Posting.id], is_descending=False)


def with_documents() -> tuple[Any, ...]:
    """Return the options of a query that reads the documents of postings with them."""
    return (joinedload(Posting.document),)


def _load_last_posted(session: Session, postings: Iterable[Posting]) -> dict[int, Posting]:
    """Return the posting before each of these that was posted for the same part, by id."""
    document_ids = {posting.document_id for posting in postings}
    query = (
        select(Posting)
        .where(Posting.document_id.in_(document_ids), Posting.state == PostingState.POSTED)
        .where(Posting.operation != Operation.ATTACH)
        .order_by(Posting.id)
    )
    earlier_postings = session.scalars(query).all()
    last: dict[int, Posting] = {}
    for posting in postings:
        for earlier in earlier_postings:
            is_same_document = earlier.document_id == posting.document_id
            is_same_part = is_same_document and earlier.part == posting.part
            if is_same_part and earlier.id < posting.id:
                last[posting.id] = earlier
    return last


def iter_in_review(
    session: Session, installation_id: int, seals: Mapping[int, str] | None
) -> Iterator[WaitingPosting]:
    """Yield what is in review, oldest first: all, or the chosen ones."""
    columns = (
        Posting.id,
        Posting.document_id,
        Posting.operation,
        Posting.kind,
        Posting.total,
        Posting.currency,
        Posting.planned,
        SourceDocument.number,
        SourceDocument.source_id,
        SourceDocument.party,
        SourceDocument.date,
        SourceDocument.due,
    )
    query: Any = select(*columns).join(SourceDocument)
    query = (
        query.where(*approvals.build_review_conditions(installation_id))
        .order_by(Posting.id)
        .limit(MAX_APPROVED)
    )
    if seals is not None:
        query = query.where(Posting.id.in_(seals))
    for row in session.execute(query):
        yield WaitingPosting(*row)


def select_unchanged(
    rows: Iterable[WaitingPosting], seals: Mapping[int, str] | None
) -> list[WaitingPosting]:
    """Return the rows that are still as they were listed; all if none were chosen."""
    if seals is None:
        return list(rows)
    return [row for row in rows if listed_rows.is_unchanged(seals.get(row.id), row.planned)]


def count_left_out(session: Session, installation_id: int) -> list[LeftOutDocuments]:
    """Return how many documents are held and skipped, with their sums.

    One that has several such parts counts once, as in the list that the number leads to.
    """
    conditions = _build_not_in_review_conditions(installation_id)
    columns = Posting.state, Posting.kind, Posting.operation, Posting.currency
    totals = select(*columns, func.sum(Posting.total)).where(*conditions).group_by(*columns)
    sums: dict[str, CurrencySums] = defaultdict(CurrencySums)
    for state, kind, operation, currency, total in session.execute(totals):
        sums[state].add(kind, operation, currency, total)
    number = func.count(Posting.document_id.distinct())
    counts = select(Posting.state, number).where(*conditions).group_by(Posting.state)
    return [
        LeftOutDocuments(state, count, sums[state].texts())
        for state, count in session.execute(counts.order_by(Posting.state))
    ]


def load_newest_left_out(session: Session, installation_id: int) -> list[Posting]:
    """Return the newest held and skipped postings, with their documents."""
    query = (
        select(Posting)
        .where(*_build_not_in_review_conditions(installation_id))
        .options(*with_documents())
        .order_by(Posting.id.desc())
        .limit(MAX_LEFT_OUT)
    )
    return list(session.scalars(query))


def _build_not_in_review_conditions(installation_id: int) -> tuple[Any, ...]:
    """Return the conditions of postings that are held or skipped, without files.

    A skipped change of a posted document does not count: the document stays as it was posted.
    Neither does a skipped part of a document if another part is posted.
    """
    return (
        Posting.installation_id == installation_id,
        Posting.state.in_(NOT_IN_REVIEW),
        counts_for_its_part(Posting),
        has_no_part_before(Posting),
    )


class CurrencySums(dict[str, Decimal]):
    """Amounts by currency; credits count as negative, removals not at all.

    `payments` are the parts that pay invoices or bills, which may be in the same sums.
    """

    def __init__(self) -> None:
        """Begin with no amounts."""
        super().__init__()
        self.payments: dict[str, Decimal] = {}

    def add(self, kind: str, operation: str, currency: str, total: Decimal | None) -> None:
        """Add the total of one kind and operation."""
        if not total or operation in outbox.REMOVALS:
            return
        amount = outbox.apply_sign(kind, total)
        self[currency] = self.get(currency, ZERO) + amount
        if kind in PAYMENT_KINDS:
            self.payments[currency] = self.payments.get(currency, ZERO) + amount

    def texts(self) -> list[str]:
        """Return the sums as text, one for each currency, sorted by its code."""
        return [format_money(total, currency) for currency, total in sorted(self.items())]

    def payment_texts(self) -> list[str]:
        """Return the sums of payments as text if the sums have other documents, too."""
        if self.payments == self:
            return []
        return [format_money(total, currency) for currency, total in sorted(self.payments.items())]


def sum_by_currency(rows: Iterable[WaitingPosting]) -> CurrencySums:
    """Add up what is posted, by currency."""
    sums = CurrencySums()
    for row in rows:
        sums.add(row.kind, row.operation, row.currency, row.total)
    return sums


def count_documents(rows: Iterable[WaitingPosting]) -> Counter[str]:
    """Count the documents of rows by kind."""
    return count_documents_by_kind((row.document_id, row.kind) for row in rows)


def load_sums_in_review(session: Session, installation_id: int) -> CurrencySums:
    """Return the total to approve in each currency, summed by the database."""
    columns = Posting.kind, Posting.operation, Posting.currency
    totals = (
        select(*columns, func.sum(Posting.total))
        .where(*approvals.build_review_conditions(installation_id))
        .group_by(*columns)
    )
    sums = CurrencySums()
    for kind, operation, currency, total in session.execute(totals):
        sums.add(kind, operation, currency, total)
    return sums
