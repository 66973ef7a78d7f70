"""Check a posting for what QuickBooks would refuse or a person should see first."""

from collections.abc import Iterator
from decimal import Decimal

from hub.models import Posting
from hub.models.enums import CHANGE_OPERATIONS
from hub.money import ZERO, format_amount, is_exact, to_cents
from hub.posting import case_texts
from hub.posting.preflight import duplicate_checks, link_checks, record_checks
from hub.posting.preflight.context import Check, CheckContext, Finding, date_of, total_of

TAXED = ("bill", "vendor_credit", "expense", "purchase_order", "invoice", "credit_memo", "refund")


def find_problems(posting: Posting, context: CheckContext) -> list[Finding]:
    """Everything that stops a posting, at once."""
    if posting.operation == "attach":
        return []
    checks = CHANGE_CHECKS if posting.operation in CHANGE_OPERATIONS else CREATE_CHECKS
    return [problem for check in checks for problem in check(posting, context)]


def _closed(posting: Posting, context: CheckContext) -> Iterator[Finding]:
    closed, dates = context.facts.closed_to, [date_of(posting)]
    if target := context.targets.get(posting.id):
        dates.append(target.date)
    if closed and any(date and date <= closed for date in dates):
        yield Finding(
            cause=f"closed:{context.company_id}",
            title=f"The books are closed up to {closed:%d %b %Y}",
            reason=f"{case_texts.called(posting)} is dated in that period, and QuickBooks would refuse it.",
            act="open_period",
            do="Open the period in QuickBooks (Settings, Advanced, Accounting), or change the date at the source.",
        )


def _edition(posting: Posting, context: CheckContext) -> Iterator[Finding]:
    """What the company's edition of QuickBooks, or the way it is set up, has no room for."""
    if posting.kind == "purchase_order" and not context.facts.purchase_orders:
        yield Finding(
            cause=f"edition:{context.company_id}:purchase_orders",
            title="This QuickBooks has no purchase orders",
            reason=f"{case_texts.called(posting)} cannot be posted: that needs QuickBooks Online Plus or Advanced.",
            act="retry",
            do="Upgrade QuickBooks and press Retry, or choose in the settings of the app to post bills instead.",
        )
    if (
        posting.kind == "item"
        and (posting.meaning or {}).get("type") == "Inventory"
        and not context.facts.stock
    ):
        yield Finding(
            cause=f"edition:{context.company_id}:stock",
            title="QuickBooks does not track quantities",
            reason=f"{case_texts.called(posting)} is kept in stock, but tracking of quantity on hand is switched off.",
            act="retry",
            do="Switch it on in QuickBooks (Settings, Sales, Products and services) and press Retry.",
        )


def _tax(posting: Posting, context: CheckContext) -> Iterator[Finding]:
    meant = posting.meaning or {}
    if not context.facts.tax_codes or posting.kind not in TAXED or meant.get("untaxed"):
        return
    numbered = enumerate(meant.get("lines") or (), start=1)
    bare = [
        place for place, line in numbered if not line.get("tax_code") and not line.get("discount")
    ]
    if bare:
        lines = ", ".join(map(str, bare))
        yield Finding(
            own="tax",
            title="A tax code is missing",
            reason=(
                f"{case_texts.called(posting)} has no tax code on line {lines}, and QuickBooks wants"
                " one on every line."
            ),
            act="match",
            do="Match the tax codes of the source, or set a default tax code in the settings of the app.",
        )


def _payable(posting: Posting, context: CheckContext) -> Iterator[Finding]:
    if posting.kind in ("bill", "vendor_credit") and (
        reason_text := context.unset.get(posting.installation_id)
    ):
        yield Finding(
            cause=f"settings:{posting.installation_id}:payable_account",
            title="No account for supplier invoices",
            reason=reason_text,
            act="settings",
            do="Open the settings of the app and choose the credit account (accounts payable).",
        )


def _gated(posting: Posting, context: CheckContext) -> Iterator[Finding]:
    if reason_text := context.gated.get(posting.installation_id):
        yield Finding(
            cause=f"first:{posting.installation_id}",
            title="Match first, then post",
            reason=f"{reason_text}. Both sides hold data, and what is not matched would be there twice.",
            act="match",
            do="Open Matching and say of each code what it is, or that it is new. The next sync continues with"
            " what waits.",
        )


def _sums(posting: Posting, context: CheckContext) -> Iterator[Finding]:
    said, made = posting.document.total, total_of(posting)
    if said is None or made is None or posting.part:
        return
    currency = posting.currency or context.facts.currency
    wanted = to_cents(said, currency)
    if abs(wanted - made) > context.tolerances.get(posting.document_id, ZERO):
        yield Finding(
            own="sum",
            title="The lines do not add up",
            reason=f"{case_texts.called(posting)}: its lines come to {format_amount(made, currency)}, its total is"
            f" {format_amount(wanted, currency)}.",
            act="source",
            do="Correct it at the source; the next syncs read it again, Retry does at once.",
        )


def _decimals(posting: Posting, context: CheckContext) -> Iterator[Finding]:
    meant = posting.meaning or {}
    currency = str(meant.get("currency") or context.facts.currency)
    amounts = [line.get("amount") for line in meant.get("lines") or ()] + [meant.get("total")]
    odd = [
        amount
        for amount in amounts
        if amount is not None and not is_exact(Decimal(str(amount)), currency)
    ]
    if odd:
        yield Finding(
            own="decimals",
            title="More decimals than the currency has",
            reason=f"{case_texts.called(posting)} has the amount {odd[0]}, which is no amount in {currency}.",
            act="source",
            do="Correct it at the source; the next syncs read it again, Retry does at once.",
        )


RECORDS: tuple[Check, ...] = (
    record_checks.records,
    record_checks.sorts,
    record_checks.items,
    record_checks.currency,
)
CREATE_CHECKS: tuple[Check, ...] = (
    _gated,
    _closed,
    _edition,
    *RECORDS,
    _payable,
    _tax,
    link_checks.links,
    duplicate_checks.used,
    _sums,
    _decimals,
)
CHANGE_CHECKS: tuple[Check, ...] = (
    _gated,
    _closed,
    *RECORDS,
    _tax,
    link_checks.links,
    _decimals,
    link_checks.paid,
)
