"""Check a posting for problems that QuickBooks would refuse or that a person should see first."""

from collections.abc import Iterator, Mapping
from decimal import Decimal

from hub.cases.causes import build_closed_period_cause
from hub.cases.findings import Finding
from hub.contract.document_kinds import words_of
from hub.models.display_names import format_posting_name
from hub.models.enums import CHANGE_OPERATIONS, Operation
from hub.money import ZERO, format_amount, is_exact, round_amount
from hub.payloads.line_tax import KINDS_WITH_TAX
from hub.posting.preflight import (
    bank_checks,
    duplicate_checks,
    link_checks,
    name_checks,
    record_checks,
)
from hub.posting.preflight.context import Check, CheckContext
from hub.posting.preflight.postings import CheckedPosting
from hub.reasons.texts import CaseText
from hub.translations.dates import format_english_date


def find_problems(posting: CheckedPosting, context: CheckContext) -> list[Finding]:
    """Return every reason not to send a posting; empty if nothing stops it."""
    findings: list[Finding] = []
    for check in CHECKS_BY_OPERATION[posting.operation]:
        findings += check(posting, context)
    return findings


def check_first_posting(posting: CheckedPosting, context: CheckContext) -> Iterator[Finding]:
    """Find postings of an app that must have its codes matched before its first posting."""
    block = context.first_posting_blocks.get(posting.installation_id)
    if not block:
        return
    yield Finding(cause=f"first:{posting.installation_id}", text=block)


def check_closed_period(posting: CheckedPosting, context: CheckContext) -> Iterator[Finding]:
    """Find dates in a closed period, of the new transaction or of the one that it changes."""
    closed_to = context.facts.closed_to
    if closed_to is None:
        return
    dates = [posting.summary.parsed_date]
    target = context.targets.get(posting.id)
    if target is not None:
        dates.append(target.date)
    if not any(date and date <= closed_to for date in dates):
        return
    name = format_posting_name(posting)
    yield Finding(
        cause=build_closed_period_cause(context.company_id, posting.installation_id),
        text=CaseText("check.books_closed", name=name, date=format_english_date(closed_to)),
    )


def check_purchase_orders(posting: CheckedPosting, context: CheckContext) -> Iterator[Finding]:
    """Find purchase orders for an edition of QuickBooks without purchase orders."""
    if posting.kind != "purchase_order" or context.facts.purchase_orders:
        return
    name = format_posting_name(posting)
    yield Finding(
        cause=context.build_cause("edition", posting, "purchase_orders"),
        text=CaseText("check.no_purchase_orders", name=name),
    )


def check_listing(posting: CheckedPosting, context: CheckContext) -> Iterator[Finding]:
    """Find documents of a kind that QuickBooks does not list: duplicates would not be noticed."""
    problem = context.unsearched_kinds.get(posting.kind)
    if problem is None:
        return
    text = CaseText(
        "check.kind_not_listed",
        name=format_posting_name(posting),
        kind=words_of(posting.kind),
        problem=problem,
    )
    yield Finding(cause=context.build_cause("unlisted", posting, posting.kind), text=text)


def check_inventory(posting: CheckedPosting, context: CheckContext) -> Iterator[Finding]:
    """Find stock items for a company that does not track quantities."""
    is_stock_item = posting.kind == "item" and posting.summary.type == "Inventory"
    if not is_stock_item or context.facts.stock:
        return
    name = format_posting_name(posting)
    yield Finding(
        cause=context.build_cause("edition", posting, "stock"),
        text=CaseText("check.no_stock", name=name),
    )


def check_tax_codes(posting: CheckedPosting, context: CheckContext) -> Iterator[Finding]:
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
    name = format_posting_name(posting)
    text = CaseText("check.tax_code_missing", name=name, lines=", ".join(numbers))
    yield Finding(key="tax", text=text)


def check_payable_account(posting: CheckedPosting, context: CheckContext) -> Iterator[Finding]:
    """Find supplier invoices of an app without an accounts payable account."""
    if posting.kind not in ("bill", "vendor_credit"):
        return
    text = context.missing_accounts.get(posting.installation_id)
    if text:
        yield Finding(cause=f"settings:{posting.installation_id}:payable_account", text=text)


def check_line_sum(posting: CheckedPosting, context: CheckContext) -> Iterator[Finding]:
    """Find documents whose total differs from what is sent for them.

    Such a document is held when it is planned (`hub.payloads.assembly`). This is the last check to
    the cent: it finds a posting that does not fit its stored document any more. A part of a
    document has no total of its own at the source.
    """
    source_total = posting.document.total
    sent_total = posting.summary.total
    if source_total is None or sent_total is None or posting.part:
        return
    currency = posting.currency or context.facts.currency
    rounded_total = round_amount(source_total, currency)
    tolerance = context.tolerances.get(posting.document_id, ZERO)
    if abs(rounded_total - sent_total) <= tolerance:
        return
    text = CaseText(
        "check.total",
        name=format_posting_name(posting),
        lines_total=format_amount(sent_total, currency),
        total=format_amount(rounded_total, currency),
    )
    yield Finding(key="sum", text=text)


def check_decimals(posting: CheckedPosting, context: CheckContext) -> Iterator[Finding]:
    """Find amounts with more decimals than their currency has."""
    currency = posting.summary.currency or context.facts.currency
    amounts: list[Decimal | None] = [line.amount for line in posting.summary.lines]
    amounts.append(posting.summary.total)
    for amount in amounts:
        if amount is None or is_exact(amount, currency):
            continue
        text = CaseText(
            "check.decimals",
            name=format_posting_name(posting),
            amount=f"{amount:f}",
            currency=currency,
        )
        yield Finding(key="decimals", text=text)
        return


CREATIONS_ONLY: tuple[Operation, ...] = (Operation.CREATE,)
ALL_OPERATIONS: tuple[Operation, ...] = (*CREATIONS_ONLY, *CHANGE_OPERATIONS)
# Each check with the operations to which it applies, in the order of their reasons. The summary of
# a removal is empty, so the checks of contents find nothing in it.
CHECKS: tuple[tuple[Check, tuple[Operation, ...]], ...] = (
    (check_first_posting, ALL_OPERATIONS),
    (check_closed_period, ALL_OPERATIONS),
    (check_purchase_orders, CREATIONS_ONLY),
    (check_listing, CREATIONS_ONLY),
    (check_inventory, CREATIONS_ONLY),
    (record_checks.check_records, ALL_OPERATIONS),
    (record_checks.check_account_types, ALL_OPERATIONS),
    (record_checks.check_account_currencies, ALL_OPERATIONS),
    (record_checks.check_items, ALL_OPERATIONS),
    (record_checks.check_party_currency, ALL_OPERATIONS),
    (name_checks.check_party_name, CREATIONS_ONLY),
    (check_payable_account, CREATIONS_ONLY),
    (check_tax_codes, ALL_OPERATIONS),
    (link_checks.check_links, ALL_OPERATIONS),
    (duplicate_checks.check_other_kinds, CREATIONS_ONLY),
    (duplicate_checks.check_duplicates, CREATIONS_ONLY),
    (check_line_sum, CREATIONS_ONLY),
    (check_decimals, ALL_OPERATIONS),
    (link_checks.check_dependents, CHANGE_OPERATIONS),
    (bank_checks.check_bank_reconciliation, CHANGE_OPERATIONS),
)
CHECKS_BY_OPERATION: Mapping[str, tuple[Check, ...]] = {
    operation: tuple(check for check, operations in CHECKS if operation in operations)
    for operation in Operation
}
