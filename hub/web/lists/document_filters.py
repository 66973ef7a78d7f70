"""The filters of the list of documents, as a query that only reads ids."""

import re
from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from decimal import Decimal
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Select, Text, and_, case, cast, func, select, text
from sqlalchemy.orm import Session

from hub.contract.document_kinds import PAYABLE_KINDS
from hub.contract.states import ReceiptState
from hub.db import bulk
from hub.models import ConnectedCompany, Posting, SourceDocument, TransactionHead, lists
from hub.models.enums import DocumentState, PostingState
from hub.money import ZERO
from hub.outbox.currencies import currency_or_home
from hub.outbox.document_search import has_all_words
from hub.outbox.listing import (
    FILTER_STATES,
    STATES_OF_ONLY_POSTING,
    count_departed_transactions,
    in_state,
    select_documents_with_posting,
    select_ids_by_only_posting,
    select_ids_in_state,
)
from hub.outbox.main_posting import SAME_TRANSACTION
from hub.outbox.sums import join_halves, sum_halves
from hub.security.rights import MAX_LOOKUPS
from hub.translations.messages import gettext, gettext_noop
from hub.web.authentication.access import load_scope
from hub.web.frame import viewer
from hub.web.frame.kind_labels import KIND_LABELS
from hub.web.frame.paging import MAX_AMOUNT
from hub.web.lists import date_range
from hub.web.lists.date_range import parse_day
from hub.web.lists.figures import Figure
from hub.web.request import row_ids

FILTERS_OF_DOCUMENTS = ("kind", "from", "to", "amount", "sort", "run")
FILTER_NAMES = ("q", "installation", "state", *FILTERS_OF_DOCUMENTS)
# Posted documents that QuickBooks has as paid are a state of their own.
SHOWN_STATES: tuple[str, ...] = (FILTER_STATES[0], ReceiptState.PAID, *FILTER_STATES[1:])
# The orders that a person may choose; the empty one is that of arrival, the newest first.
SORT_ORDERS = {
    "": gettext_noop("Last received first"),
    "-date": gettext_noop("Latest date first"),
    "date": gettext_noop("Earliest date first"),
    "due": gettext_noop("Earliest due date first"),
    "-due": gettext_noop("Latest due date first"),
    "-amount": gettext_noop("Largest amount first"),
    "amount": gettext_noop("Smallest amount first"),
}
# What a list in an order says of the documents that have no place in it.
LEFT_OUT_SENTENCES = {
    "date": gettext_noop("Documents without a date are not in this list."),
    "due": gettext_noop("Documents without a due date are not in this list."),
    "amount": gettext_noop("Documents without an amount are not in this list."),
}
MAX_SUMMED = 1_000  # documents; the state of each is computed
MAX_CANDIDATES = 10_000  # paid transactions that are looked up one by one
DIGITS = r"\d[\d\s.,\u00a0\u202f]*"
SIGNED = rf"[-\u2212+]?\s*{DIGITS}"  # lists show credits with a sign, the stored total has none
ONE_AMOUNT = re.compile(SIGNED)
TWO_AMOUNTS = re.compile(rf"({SIGNED})\s*(?:-|\u2013|\.\.\.?|to|til)\s*({SIGNED})")


class Order(NamedTuple):
    """The columns by which the list is ordered, which are unique together, and the direction."""

    columns: list[Any]
    is_descending: bool = True


class Summary(NamedTuple):
    """Number and amount of the documents of a list; only counted up to a limit.

    Suppliers, customers and items that were made for codes are counted apart, as on Home.
    """

    figure: Figure
    made_records: dict[str, int]  # by kind
    is_complete: bool


def read_document_filters(arguments: Mapping[str, str]) -> dict[str, str]:
    """Return the filters of an address; those that it lacks are empty."""
    return {name: arguments.get(name, "").strip() for name in FILTER_NAMES}


def find_problems(filters: Mapping[str, str]) -> dict[str, str]:
    """Return by the name of a filter what a person should correct in it."""
    problems = date_range.find_problems(filters)
    if filters["amount"] and parse_amounts(filters["amount"]) is None:
        numbers = viewer.number_format()
        problems["amount"] = gettext(
            "The amount is not used: enter one such as %(one)s, or two such as %(first)s–%(last)s.",
            one=numbers.amount(Decimal("1250.50"), 2),
            first=numbers.amount(Decimal(1000), 0),
            last=numbers.amount(Decimal(2000), 0),
        )
    return problems


def read_as_amount(filters: Mapping[str, str]) -> dict[str, str]:
    """Return the filters with the words as the amount; nothing if they are not one amount."""
    amounts = parse_amounts(filters["q"])
    if filters["amount"] or amounts is None or amounts[0] != amounts[1]:
        return {}
    chosen = {name: value for name, value in filters.items() if value and name != "q"}
    return chosen | {"amount": filters["q"]}


def describe_left_out(filters: Mapping[str, str]) -> str:
    """Describe which documents the chosen order leaves out, "" if none."""
    sentence = LEFT_OUT_SENTENCES.get(filters["sort"].removeprefix("-"))
    return gettext(sentence) if sentence else ""


def get_order(filters: Mapping[str, str]) -> Order:
    """Return the order that a person chose.

    If they chose none, documents of certain days are ordered by their date, so that an index leads
    to the first of them; all others by id, the newest first.
    """
    sort = filters["sort"] if filters["sort"] in SORT_ORDERS else ""
    is_descending = sort.startswith("-") or not sort
    if sort.endswith("amount"):
        return Order([SourceDocument.total, SourceDocument.id], is_descending)
    if sort.endswith("due"):
        return Order([SourceDocument.due, SourceDocument.id], is_descending)
    is_dated = parse_day(filters["from"]) or parse_day(filters["to"])
    if sort or is_dated:
        return Order([SourceDocument.date, SourceDocument.id], is_descending)
    return Order([SourceDocument.id], is_descending)


def select_ids(
    session: Session, filters: Mapping[str, str], *, is_ordered: bool = True
) -> Select[Any]:
    """Return the query for the ids of the documents that a person may see and the filters choose.

    Unknown values are ignored. The other columns are read for the rows of one page only. A query
    that is not ordered by the chosen column has the same documents, by other indexes.
    """
    query: Select[Any] = select(SourceDocument.id)
    state = filters["state"]
    installation_ids = _list_few_installations(filters)
    is_sorted = is_ordered and get_order(filters).columns[0] is not SourceDocument.id
    with_state = select_documents_with_posting().with_only_columns(SourceDocument.id)
    if state in FILTER_STATES and (is_sorted or not is_ordered):
        query = select_ids_in_state(state, installation_ids)
    elif state in FILTER_STATES:
        query = with_state.where(in_state(state, installation_ids))
    elif state == ReceiptState.PAID:
        query = with_state.where(in_state(DocumentState.POSTED), *_is_paid(session))
    conditions = _build_conditions(session, filters, is_ordered=is_ordered)
    return query.where(*load_scope().documents(), *conditions)


def _list_few_installations(filters: Mapping[str, str]) -> Collection[int]:
    """Return the installations of a list if they are few; otherwise no ids."""
    installation_id = row_ids.parse(filters["installation"])
    if installation_id is not None:
        return [installation_id]
    ids = load_scope().installation_ids
    return ids if len(ids) <= MAX_LOOKUPS else ()


def summarize(session: Session, filters: Mapping[str, str]) -> Summary:
    """Count the documents that the filters choose and add up their amounts by currency."""
    query = select_ids(session, filters, is_ordered=False)
    is_made = case((SourceDocument.made_for != "", 1), else_=0).label("is_made")
    columns = (
        is_made,
        SourceDocument.kind,
        SourceDocument.currency,
        SourceDocument.total,
        SourceDocument.company_id,
    )
    rows = query.order_by(*_get_summary_order(filters))
    if _has_too_many(session, filters):
        return Summary(Figure(MAX_SUMMED + 1), {}, is_complete=False)
    newest = rows.add_columns(*columns)
    some = newest.limit(MAX_SUMMED + 1).subquery()
    groups = (some.c.is_made, some.c.kind, currency_or_home(some.c.currency))
    sums = (
        select(*groups, func.count(), *sum_halves(some.c.total))
        .select_from(some)
        .outerjoin(ConnectedCompany, ConnectedCompany.id == some.c.company_id)
        .group_by(*groups)
    )
    figure = Figure()
    made_records: Counter[str] = Counter()
    for is_made_record, kind, currency, count, *halves in session.execute(sums):
        if is_made_record:
            made_records[kind] += count
        else:
            figure.add(count, kind, currency, join_halves(*halves))
    is_complete = figure.count + made_records.total() <= MAX_SUMMED
    return Summary(figure, made_records, is_complete)


def _get_summary_order(filters: Mapping[str, str]) -> list[ColumnElement[Any]]:
    """Return the order in which documents are added up until the limit is reached.

    By their ids PostgreSQL would read all documents that are newer than the chosen days. Documents
    whose state has an index are added up in no order: with one, PostgreSQL would read all documents
    that are newer than the last one that is added up.
    """
    if _is_found_by_index(filters["state"]):
        return []
    newest_first: list[ColumnElement[Any]] = [SourceDocument.id.desc()]
    is_dated = parse_day(filters["from"]) or parse_day(filters["to"])
    if is_dated and filters["state"] in ("", DocumentState.POSTED):
        return [SourceDocument.date.desc(), *newest_first]
    return newest_first


def _has_too_many(session: Session, filters: Mapping[str, str]) -> bool:
    """Return whether indexes show at once that there are more documents than are added up."""
    query = _select_ids_by_indexes(session, filters)
    if query is None:
        return False
    limit = MAX_SUMMED
    if filters["state"] == DocumentState.POSTED:
        departed_count = count_departed_transactions(session, MAX_SUMMED)
        if departed_count == MAX_SUMMED:
            return False
        limit += departed_count
    return session.scalar(query.offset(limit).limit(1)) is not None


def _select_ids_by_indexes(session: Session, filters: Mapping[str, str]) -> Select[Any] | None:
    """Return a query for ids of chosen documents that indexes find; None if none finds enough."""
    if filters["q"]:
        return None
    state = filters["state"]
    if not state:
        ids = select_ids(session, filters, is_ordered=False)
        return ids.order_by(*_get_summary_order(filters))
    has_others = any(filters[name] for name in FILTERS_OF_DOCUMENTS)
    if has_others or state not in STATES_OF_ONLY_POSTING:
        return None
    query = select_ids_by_only_posting(state).where(*load_scope().postings())
    installation_id = row_ids.parse(filters["installation"])
    if installation_id is not None:
        query = query.where(Posting.installation_id == installation_id)
    return query


def _is_found_by_index(state: str) -> bool:
    """Return whether an index leads to the documents in a state, because they are few."""
    return state in FILTER_STATES and state != DocumentState.POSTED


def find_payment_state(
    state: str, kind: str, total: Decimal | None, balance: Decimal | None
) -> str:
    """Return the state to show: of a posted bill or invoice, whether QuickBooks has it as paid."""
    if state != DocumentState.POSTED or kind not in PAYABLE_KINDS:
        return state
    if not total or balance is None or balance == total:
        return state
    return ReceiptState.PAID if balance == ZERO else ReceiptState.PART_PAID


def parse_amounts(text: str) -> tuple[Decimal, Decimal] | None:
    """Return the lowest and highest amount of a filter; None if it is neither one nor two."""
    text = " ".join(text.split())  # the time of a search grows with the square of many spaces
    pair = TWO_AMOUNTS.fullmatch(text)
    texts = pair.groups() if pair else (text, text)
    amounts = []
    for text in texts:
        if ONE_AMOUNT.fullmatch(text) is None:
            return None
        amount = _parse_amount(text)
        if amount is None:
            return None
        amounts.append(amount)
    return min(amounts), max(amounts)


def _parse_amount(text: str) -> Decimal | None:
    """Return an amount as people write it, with a comma or a point before the decimals."""
    digits = re.sub(r"[^\d.,]", "", text)
    whole, decimals = _split_decimals(digits)
    if len(decimals) > 6:
        return None
    amount = Decimal(f"{whole or 0}.{decimals or 0}")
    return amount if amount < MAX_AMOUNT else None


def _split_decimals(digits: str) -> tuple[str, str]:
    """Split an amount at its last mark, unless that separates thousands, as in 1,000."""
    marks = re.findall(r"[.,]", digits)
    if not marks:
        return digits, ""
    last_mark = marks[-1]
    whole, _, decimals = digits.rpartition(last_mark)
    is_repeated = marks.count(last_mark) > 1
    if is_repeated or _is_of_thousands(whole, last_mark, decimals):
        return re.sub(r"[.,]", "", digits), ""
    return re.sub(r"[.,]", "", whole), decimals


def _is_of_thousands(whole: str, mark: str, decimals: str) -> bool:
    """Return whether the only mark of an amount separates thousands.

    The person writes numbers as the pages show them: their mark before decimals never does so.
    """
    numbers = viewer.number_format()
    if mark == numbers.decimal or mark not in (",", numbers.thousands):
        return False
    return bool(re.fullmatch(r"[1-9]\d{0,2}", whole)) and len(decimals) == 3


def _is_paid(session: Session) -> Iterator[ColumnElement[bool]]:
    """Yield the conditions that QuickBooks has the bill or invoice of a document as paid.

    If few are paid, an index finds them; if many are, the order of the list soon meets one.
    """
    is_paid = (
        text(lists.PAID_CONDITION),
        TransactionHead.kind.in_(PAYABLE_KINDS),
        TransactionHead.total != ZERO,
    )
    yield and_(*is_paid)
    paid_transactions = select(TransactionHead.kind).where(text(lists.PAID_CONDITION))
    if bulk.count_rows(session, paid_transactions.limit(MAX_CANDIDATES + 1)) <= MAX_CANDIDATES:
        candidates = select(Posting.document_id).join(TransactionHead, SAME_TRANSACTION)
        yield SourceDocument.id.in_(candidates.where(*is_paid).correlate(None))


def _build_conditions(
    session: Session, filters: Mapping[str, str], *, is_ordered: bool
) -> list[ColumnElement[bool]]:
    """Return the conditions of all filters but the state."""
    conditions = []
    installation_id = row_ids.parse(filters["installation"])
    if installation_id is not None:
        conditions.append(SourceDocument.installation_id == installation_id)
    run_id = row_ids.parse(filters["run"])
    if run_id is not None:
        conditions.append(_is_posted_by(run_id))
    if filters["kind"] in KIND_LABELS:
        conditions.append(SourceDocument.kind == filters["kind"])
    if filters["q"]:
        conditions.append(has_all_words(session, filters["q"]))
    first_day = parse_day(filters["from"])
    if first_day:
        conditions.append(SourceDocument.date >= first_day)
    last_day = parse_day(filters["to"])
    if last_day:
        conditions.append(SourceDocument.date <= last_day)
    amounts = parse_amounts(filters["amount"])
    if amounts:
        conditions.append(SourceDocument.total.between(*amounts))
    order = get_order(filters).columns[0]
    if order is SourceDocument.id:
        return conditions
    # Documents without it have no place. As a text the column leads to no index of PostgreSQL,
    # which would read all documents that have it instead of the few of a state.
    has_choice = is_ordered and not (order is SourceDocument.total and filters["state"])
    conditions.append((order if has_choice else cast(order, Text)).is_not(None))
    return conditions


def _is_posted_by(run_id: int) -> ColumnElement[bool]:
    """Return the condition that a run posted, corrected or removed something of a document."""
    postings = select(Posting.document_id).where(
        Posting.run_id == run_id, Posting.state == PostingState.POSTED
    )
    return SourceDocument.id.in_(postings)
