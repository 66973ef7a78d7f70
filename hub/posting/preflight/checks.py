"""Check a posting for what QuickBooks would refuse or a person should see first."""

from collections.abc import Iterator
from decimal import Decimal

from hub.models.enums import CHANGE_OPERATIONS, Operation
from hub.money import ZERO, format_amount, is_exact, to_cents
from hub.posting import case_texts
from hub.posting.preflight import duplicate_checks, link_checks, record_checks
from hub.posting.preflight.context import (
    Check,
    CheckContext,
    Finding,
)
from hub.posting.preflight.postings import CheckedPosting

KINDS_WITH_TAX = (
    "bill",
    "vendor_credit",
    "expense",
    "purchase_order",
    "invoice",
    "credit_memo",
    "refund",
)
CORRECT_AT_SOURCE = "Correct it at the source; the next syncs read it again, Retry does at once."


def find_problems(posting: CheckedPosting, context: CheckContext) -> list[Finding]:
    """Return every reason not to send a posting; empty if nothing stops it."""
    if posting.operation == Operation.ATTACH:
        return []
    checks = CHANGE_CHECKS if posting.operation in CHANGE_OPERATIONS else CREATE_CHECKS
    return [finding for check in checks for finding in check(posting, context)]


def first_posting(posting: CheckedPosting, context: CheckContext) -> Iterator[Finding]:
    """Find an app that may not post for the first time yet."""
    block = context.first_posting_blocks.get(posting.installation_id)
    if not block:
        return
    yield Finding(
        cause=f"first:{posting.installation_id}",
        title="Match first, then post",
        reason=f"{block}. Both sides hold data, and what is not matched would be there twice.",
        act="match",
        do=(
            "Open Matching and say of each code what it is, or that it is new. The next sync"
            " continues with what waits."
        ),
    )


def closed_period(posting: CheckedPosting, context: CheckContext) -> Iterator[Finding]:
    """Find dates in a closed period: of the new transaction, and of the one that it changes."""
    closed_to = context.facts.closed_to
    if closed_to is None:
        return
    dates = [posting.summary.day]
    target = context.targets.get(posting.id)
    if target is not None:
        dates.append(target.date)
    if not any(date and date <= closed_to for date in dates):
        return
    name = case_texts.called(posting)
    yield Finding(
        cause=f"closed:{context.company_id}",
        title=f"The books are closed up to {closed_to:%d %b %Y}",
        reason=f"{name} is dated in that period, and QuickBooks would refuse it.",
        act="open_period",
        do=(
            "Open the period in QuickBooks (Settings, Advanced, Accounting), or change the date at"
            " the source."
        ),
    )


def purchase_orders(posting: CheckedPosting, context: CheckContext) -> Iterator[Finding]:
    """Find purchase orders for an edition of QuickBooks that has none."""
    if posting.kind != "purchase_order" or context.facts.purchase_orders:
        return
    name = case_texts.called(posting)
    yield Finding(
        cause=f"edition:{context.company_id}:purchase_orders",
        title="This QuickBooks has no purchase orders",
        reason=f"{name} cannot be posted: that needs QuickBooks Online Plus or Advanced.",
        act="retry",
        do=(
            "Upgrade QuickBooks and press Retry, or choose in the settings of the app to post bills"
            " instead."
        ),
    )


def inventory(posting: CheckedPosting, context: CheckContext) -> Iterator[Finding]:
    """Find stock items for a company that does not track quantities."""
    is_stock_item = posting.kind == "item" and posting.summary.type == "Inventory"
    if not is_stock_item or context.facts.stock:
        return
    name = case_texts.called(posting)
    yield Finding(
        cause=f"edition:{context.company_id}:stock",
        title="QuickBooks does not track quantities",
        reason=f"{name} is kept in stock, but tracking of quantity on hand is switched off.",
        act="retry",
        do=("Switch it on in QuickBooks (Settings, Sales, Products and services) and press Retry."),
    )


def tax_codes(posting: CheckedPosting, context: CheckContext) -> Iterator[Finding]:
    """Find lines without a tax code in a company that requires one on every line."""
    if not context.facts.tax_codes or posting.kind not in KINDS_WITH_TAX:
        return
    if posting.summary.is_untaxed:
        return
    numbers = []
    for number, line in enumerate(posting.summary.lines, start=1):
        if not line.tax_code and not line.is_discount:
            numbers.append(str(number))
    if not numbers:
        return
    yield Finding(
        own="tax",
        title="A tax code is missing",
        reason=(
            f"{case_texts.called(posting)} has no tax code on line {', '.join(numbers)}, and"
            " QuickBooks wants one on every line."
        ),
        act="match",
        do=(
            "Match the tax codes of the source, or set a default tax code in the settings of the"
            " app."
        ),
    )


def payable_account(posting: CheckedPosting, context: CheckContext) -> Iterator[Finding]:
    """Find supplier invoices of an app without an accounts payable account."""
    if posting.kind not in ("bill", "vendor_credit"):
        return
    reason = context.missing_accounts.get(posting.installation_id)
    if not reason:
        return
    yield Finding(
        cause=f"settings:{posting.installation_id}:payable_account",
        title="No account for supplier invoices",
        reason=reason,
        act="settings",
        do="Open the settings of the app and choose the credit account (accounts payable).",
    )


def line_sum(posting: CheckedPosting, context: CheckContext) -> Iterator[Finding]:
    """Find documents whose lines do not add up to the total that the source gives."""
    source_total = posting.document.total
    line_total = posting.summary.total
    if source_total is None or line_total is None or posting.part:
        return
    currency = posting.currency or context.facts.currency
    expected = to_cents(source_total, currency)
    if abs(expected - line_total) <= context.tolerances.get(posting.document_id, ZERO):
        return
    yield Finding(
        own="sum",
        title="The lines do not add up",
        reason=(
            f"{case_texts.called(posting)}: its lines come to"
            f" {format_amount(line_total, currency)}, its total is"
            f" {format_amount(expected, currency)}."
        ),
        act="source",
        do=CORRECT_AT_SOURCE,
    )


def decimals(posting: CheckedPosting, context: CheckContext) -> Iterator[Finding]:
    """Find amounts with more decimals than their currency has."""
    currency = posting.summary.currency or context.facts.currency
    amounts: list[Decimal | None] = [line.amount for line in posting.summary.lines]
    amounts.append(posting.summary.total)
    for amount in amounts:
        if amount is None or is_exact(amount, currency):
            continue
        yield Finding(
            own="decimals",
            title="More decimals than the currency has",
            reason=(
                f"{case_texts.called(posting)} has the amount {amount:f}, which is no amount in"
                f" {currency}."
            ),
            act="source",
            do=CORRECT_AT_SOURCE,
        )
        return


RECORD_CHECKS: tuple[Check, ...] = (
    record_checks.records,
    record_checks.account_types,
    record_checks.items,
    record_checks.party_currency,
)
CREATE_CHECKS: tuple[Check, ...] = (
    first_posting,
    closed_period,
    purchase_orders,
    inventory,
    *RECORD_CHECKS,
    payable_account,
    tax_codes,
    link_checks.links,
    duplicate_checks.duplicates,
    line_sum,
    decimals,
)
CHANGE_CHECKS: tuple[Check, ...] = (
    first_posting,
    closed_period,
    *RECORD_CHECKS,
    tax_codes,
    link_checks.links,
    decimals,
    link_checks.dependents,
)
