"""Build the body of a mapped document, with its summary, warnings and problems."""

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from hub.contract.document_kinds import CREDIT_KINDS, PAYMENT_KINDS, SALES_KINDS
from hub.contract.documents import Kind
from hub.errors import Sentence
from hub.mapping.mapped import MappedDocument, MappedLine
from hub.mapping.split import get_amount
from hub.models.transaction_summary import LineSummary, TransactionSummary
from hub.money import format_amount, round_amount
from hub.payloads import (
    bill,
    bill_payment,
    contained_tax,
    credit_memo,
    customer,
    deposit,
    expense,
    invoice,
    item,
    line_tax,
    payment,
    purchase_order,
    refund,
    stated_taxes,
    unposted_tax,
    vendor,
    vendor_credit,
)
from hub.payloads.builder import PayloadBuilder, Solution
from hub.payloads.company_facts import CompanyFacts
from hub.payloads.entities import DOCUMENT_ENTITIES, get_amount_sign
from hub.payloads.kind_names import THE_KINDS
from hub.payloads.sales_lines import is_discount
from hub.payloads.set_fields import list_set_fields
from hub.payloads.stated_total import round_stated_total
from hub.payloads.summary import PARTY_FIELDS, compute_expected_total, is_taxable, summarize

BUILDERS: dict[str, Callable[[PayloadBuilder], dict[str, Any]]] = {
    "bill": bill.build_body,
    "vendor_credit": vendor_credit.build_body,
    "expense": expense.build_body,
    "purchase_order": purchase_order.build_body,
    "invoice": invoice.build_body,
    "credit_memo": credit_memo.build_body,
    "payment": payment.build_body,
    "refund": refund.build_body,
    "bill_payment": bill_payment.build_body,
    "deposit": deposit.build_body,
    "vendor": vendor.build_body,
    "customer": customer.build_body,
    "item": item.build_body,
}
# Source: https://developer.intuit.com/app/developer/qbo/docs/learn/rest-api-features
MAX_LINES = 10_000
MAX_LINES_WITH_TAX = 750
KINDS_WITHOUT_PARTY = ("expense", "deposit")
NEGATIVE_CREDIT = Sentence(
    "Its total is negative; the amounts of a credit must be positive. Fix this at the source."
)
NEGATIVE_TOTAL = Sentence(
    "Its total is negative; QuickBooks accepts that only for a credit. Fix this at the source."
)


@dataclass(frozen=True)
class Payload:
    """A body with its summary, the warnings to show, and the problems that forbid sending it.

    `solutions` say what a person may do in the hub about the problems. Without one, a problem is
    corrected at the source. `currency_problem` is the problem that the company does not use the
    currency, which all documents in it share; empty if there is none.
    """

    body: dict[str, Any]
    summary: TransactionSummary
    warnings: tuple[str, ...] = ()
    problems: tuple[str, ...] = ()
    solutions: frozenset[Solution] = frozenset()
    currency_problem: str = ""


def build(mapped_document: MappedDocument, facts: CompanyFacts, marker: str) -> Payload:
    """Build the body of a document, or of one of its parts."""
    kind = mapped_document.document.kind
    builder = PayloadBuilder(line_tax.settle_tax_mode(mapped_document, facts), facts, marker)
    body = BUILDERS[kind](builder)
    if kind in DOCUMENT_ENTITIES:
        rate = builder.exchange_rate()
        if rate is not None:
            body["ExchangeRate"] = rate
        _check_completeness(builder, body)
        _check_line_count(builder, body)
        _check_sum(builder, body)
        _check_decimals(builder)
        body["PrivateNote"] = builder.memo()
    summary = summarize(kind, body, facts.currency)
    if kind in DOCUMENT_ENTITIES:
        summary = _add_open_total(builder, summary, get_amount_sign(body))
        summary = summary._replace(
            lines=_add_source_ids(builder, summary.lines), set_fields=list_set_fields(body)
        )
    return Payload(
        body,
        summary,
        warnings=tuple(dict.fromkeys(builder.warnings)),
        problems=tuple(dict.fromkeys(builder.problems)),
        solutions=frozenset(builder.solutions),
        currency_problem=builder.currency_problem,
    )


def _check_completeness(builder: PayloadBuilder, body: dict[str, Any]) -> None:
    """Report fields that QuickBooks requires and the document does not have."""
    kind = builder.document.kind
    has_party = any(body.get(name) for name in PARTY_FIELDS)
    if not has_party and kind not in KINDS_WITHOUT_PARTY:
        builder.problems.append(
            Sentence("It names no supplier or customer. Complete it at the source.")
        )
    if not body.get("TxnDate"):
        builder.problems.append(Sentence("It has no date. Complete it at the source."))
    if body.get("Line"):
        return
    if kind != "payment":
        builder.problems.append(
            Sentence("It has no line with an amount. Complete it at the source.")
        )
    elif not body.get("TotalAmt"):
        builder.problems.append(Sentence("It has no amount. Complete it at the source."))


def _check_line_count(builder: PayloadBuilder, body: dict[str, Any]) -> None:
    """Report more lines than QuickBooks allows."""
    calculation = body.get("GlobalTaxCalculation", "NotApplicable")
    is_taxed = calculation != "NotApplicable" or is_taxable(body)
    count = len(body.get("Line", ()))
    if count <= (MAX_LINES_WITH_TAX if is_taxed else MAX_LINES):
        return
    if not is_taxed:
        problem = Sentence(
            "It has %(count)s lines, and QuickBooks allows %(limit)s. Split it at the source.",
            count=count,
            limit=MAX_LINES,
        )
    else:
        problem = Sentence(
            "It has %(count)s lines, and QuickBooks allows %(limit)s where tax applies. Split it at"
            " the source.",
            count=count,
            limit=MAX_LINES_WITH_TAX,
        )
    builder.problems.append(problem)


def _check_sum(builder: PayloadBuilder, body: dict[str, Any]) -> None:
    """Report a total that differs from that of the lines; remark on a tolerated difference."""
    document = builder.document
    currency = builder.currency
    computed_total = compute_expected_total(body)
    _check_sign(builder, body, computed_total)
    problem = _find_tax_problem(builder, body, computed_total)
    if problem:
        builder.problems.append(problem)
        return
    if document.total is None or computed_total is None:
        return
    stated_total = round_stated_total(builder, document.total)
    if abs(stated_total - computed_total) > document.tolerance:
        builder.problems.append(
            Sentence(
                "Lines plus tax add up to %(computed)s; %(document)s says %(stated)s"
                " (%(difference)s off). Fix this at the source.",
                computed=format_amount(computed_total, currency),
                document=THE_KINDS[document.kind],
                stated=format_amount(stated_total, currency),
                difference=format_amount(abs(stated_total - computed_total), currency),
            )
        )
    elif stated_total != computed_total:
        remark = Sentence(
            "Its total at the source is %(stated)s; it is posted with %(computed)s.",
            stated=format_amount(stated_total, currency),
            computed=format_amount(computed_total, currency),
        )
        builder.warnings.append(remark)
        builder.remarks.append(remark)


def _check_sign(
    builder: PayloadBuilder, body: dict[str, Any], computed_total: Decimal | None
) -> None:
    """Report a negative total, unless that is reported already.

    The total is None if QuickBooks computes the tax.
    """
    total = computed_total
    if total is None and builder.document.tax_mode == "inclusive":
        total = contained_tax.sum_lines(builder, body)
    if total is not None and total < 0 and expense.NEGATIVE_EXPENSE not in builder.problems:
        is_credit = builder.document.kind in CREDIT_KINDS
        builder.problems.append(NEGATIVE_CREDIT if is_credit else NEGATIVE_TOTAL)


def _find_tax_problem(
    builder: PayloadBuilder, body: dict[str, Any], computed_total: Decimal | None
) -> Sentence | None:
    """Return the first problem of the stated tax; `computed_total` is that of the lines."""
    return (
        contained_tax.find_problem(builder, body)
        or unposted_tax.find_problem(builder, computed_total)
        or stated_taxes.find_problem(builder)
    )


def _check_decimals(builder: PayloadBuilder) -> None:
    """Report an amount that can only be posted rounded.

    Amounts and taxes of lines may have more decimals if the document has a total: `_check_sum`
    compares it with the rounded lines.
    """
    document = builder.document
    currency = builder.currency
    amounts = [document.total]
    if document.total is None:
        amounts = [line.amount for line in document.lines]
        amounts += line_tax.list_posted_taxes(builder)
    for amount in amounts:
        if amount is None or abs(round_amount(amount, currency) - amount) <= document.tolerance:
            continue
        builder.problems.append(
            Sentence(
                "It has the amount %(exact)s, which %(currency)s does not have; the nearest one is"
                " %(nearest)s. Correct the amount or the currency at the source.",
                exact=f"{amount:f}",
                currency=currency,
                nearest=format_amount(round_amount(amount, currency), currency),
            )
        )
        return


def _add_open_total(
    builder: PayloadBuilder, summary: TransactionSummary, sign: int
) -> TransactionSummary:
    """Add the total that QuickBooks is expected to work out, if the document states it.

    `sign` is that of the transaction, as for a summary of what QuickBooks answers.
    """
    document = builder.document
    if summary.total is not None or document.total is None:
        return summary
    stated_total = sign * builder.cents(document.total)
    return summary._replace(total=stated_total, tolerance=document.tolerance)


def _add_source_ids(
    builder: PayloadBuilder, lines: tuple[LineSummary, ...]
) -> tuple[LineSummary, ...]:
    """Return the lines of the summary with the ids that they have at the source.

    They are in the order of the source. The discounts of a sale are one line at the end, which has
    no id, and neither have the lines of a payment.
    """
    kind = builder.document.kind
    if kind in PAYMENT_KINDS:
        return lines
    ids = [line.line.id for line in builder.mapped.lines if _is_line_of_summary(line, kind)]
    if len(ids) > len(lines):
        return lines
    identified_lines = [line._replace(id=id) for line, id in zip(lines, ids, strict=False)]
    return (*identified_lines, *lines[len(ids) :])


def _is_line_of_summary(mapped_line: MappedLine, kind: Kind) -> bool:
    """Return whether a line of the source is a line of its own in the summary."""
    if get_amount(mapped_line.line) is None:
        return False
    return kind not in SALES_KINDS or not is_discount(mapped_line)
