"""Check whether a document is in QuickBooks already, by its number or by its total and date."""

import datetime as dt
from collections.abc import Iterator, Sequence
from decimal import Decimal

from hub.cases.findings import Finding
from hub.contract.document_kinds import TWIN_KINDS, words_of
from hub.models import TransactionHead
from hub.models.display_names import format_posting_name
from hub.models.enums import TransactionState
from hub.posting import case_texts
from hub.posting.preflight.context import CheckContext
from hub.posting.preflight.postings import CheckedPosting
from hub.posting.protocol.document_numbers import fold_number
from hub.reasons.texts import CaseText

# QuickBooks allows each number of these kinds only once, even with different parties.
KINDS_WITH_UNIQUE_NUMBERS = ("invoice", "credit_memo", "refund", "purchase_order")
# The longest time between an expense and its appearance in the bank feed.
BANK_FEED_DELAY = dt.timedelta(days=5)


def check_duplicates(posting: CheckedPosting, context: CheckContext) -> Iterator[Finding]:
    """Find transactions with the number of a document, or else similar ones without a marker."""
    same_number = _find_same_number(posting, context)
    if same_number:
        is_of_own_kind = any(head.kind == posting.kind for head in same_number)
        code = "check.number_used" if is_of_own_kind else "check.number_of_other_kind"
        yield _build_duplicate_finding(posting, "used", code, same_number)
        return

    total = posting.summary.total
    similar = []
    for head in context.related.by_total.get((posting.kind, total), ()):
        if _is_similar(head, posting):
            similar.append(head)
    if similar:
        is_expense = posting.kind == "expense"
        code = "check.same_total" if is_expense else "check.same_day_and_total"
        yield _build_duplicate_finding(posting, "twin", code, similar)


def check_other_kinds(posting: CheckedPosting, context: CheckContext) -> Iterator[Finding]:
    """Find transactions of another kind with the marker of a new one.

    Collecting holds a document that changed its kind after it was sent, but a restored database may
    not know that it was sent.
    """
    transactions = []
    for head in context.related.by_marker.get(posting.document.marker, ()):
        if head.kind != posting.kind:
            kind = words_of(head.kind)
            transactions.append(f"{kind} {head.quickbooks_id}")
    if not transactions:
        return
    text = CaseText(
        "check.other_kind",
        name=format_posting_name(posting),
        transactions=", ".join(transactions),
    )
    yield Finding(key="other_kind", text=text)


def _find_same_number(posting: CheckedPosting, context: CheckContext) -> list[TransactionHead]:
    """Return the transactions with the number of a posting: of its kind, or else of its twin."""
    number = fold_number(posting.summary.number)
    for kind in (posting.kind, TWIN_KINDS.get(posting.kind)):
        if kind is None:
            continue
        heads = context.related.by_number.get((kind, number), ())
        same_number = [head for head in heads if _conflicts_in_number(head, posting)]
        if same_number:
            return same_number
    return []


def _conflicts_in_number(head: TransactionHead, posting: CheckedPosting) -> bool:
    """Return whether a transaction with the number of a posting may be the same document."""
    may_be_duplicate = _may_be_duplicate(head, posting)
    return may_be_duplicate and is_number_conflict(posting, head.kind, head.party, head.total)


def is_number_conflict(
    posting: CheckedPosting, kind: str, party: str, total: Decimal | None
) -> bool:
    """Return whether another transaction must not have the number of a posting.

    `kind`, `party` and `total` are those of the other transaction.
    """
    if kind != posting.kind:
        return party == posting.summary.party and total == posting.summary.total
    if posting.kind not in KINDS_WITH_UNIQUE_NUMBERS and party != posting.summary.party:
        return False
    # The number of a payment is a mere reference, which several payments may share.
    return posting.kind != "payment" or total == posting.summary.total


def _is_similar(head: TransactionHead, posting: CheckedPosting) -> bool:
    """Return whether an unmarked transaction has the date and party of a posting."""
    if not _may_have_been_entered_by_hand(head, posting):
        return False
    date = posting.summary.parsed_date
    if date is None or head.date is None:
        return False
    if posting.kind == "expense" and _may_share_account(head, posting):
        return _may_be_from_bank_feed(head, posting, date)
    return head.date == date and head.party == posting.summary.party


def _may_have_been_entered_by_hand(head: TransactionHead, posting: CheckedPosting) -> bool:
    """Return whether a transaction has no marker and, if known, the currency of a posting."""
    if head.marker or not _may_be_duplicate(head, posting):
        return False
    return head.currency in ("", posting.summary.currency)


def _may_be_from_bank_feed(head: TransactionHead, posting: CheckedPosting, date: dt.date) -> bool:
    """Return whether an expense may be from the bank feed: some days later, or without a party."""
    if head.date is None:
        return False
    delay = abs(head.date - date)
    if delay > BANK_FEED_DELAY:
        return False
    return head.party in ("", posting.summary.party)


def _may_share_account(head: TransactionHead, posting: CheckedPosting) -> bool:
    """Return whether both may be paid from the same account, so that one may be from its feed."""
    account = posting.summary.payment_account
    if not head.account or not account:
        return True
    return head.account == account


def _may_be_duplicate(head: TransactionHead, posting: CheckedPosting) -> bool:
    """Return whether a transaction is live, lacks the posting's marker and was not rejected."""
    if head.state != TransactionState.LIVE:
        return False
    if head.marker == posting.document.marker:
        return False
    return head.quickbooks_id not in (posting.rejected_ids or ())


def _build_duplicate_finding(
    posting: CheckedPosting, key: str, code: str, heads: Sequence[TransactionHead]
) -> Finding:
    """Return the finding that asks a person whether one of these is the document."""
    document: str | CaseText = words_of(heads[0].kind)
    if posting.document.party:
        document = CaseText("posting.kind_of_party", kind=document, party=posting.document.party)
    text = CaseText(
        code,
        name=format_posting_name(posting),
        document=document,
        transactions=", ".join(head.quickbooks_id for head in heads),
    )
    marker = posting.document.marker
    candidates = [case_texts.describe_candidate(head.quickbooks_id, head, marker) for head in heads]
    return Finding(key=key, text=text, details={"candidates": candidates})
