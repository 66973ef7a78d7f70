"""Lines that settle other transactions, with their amounts and what is left over."""

from decimal import Decimal
from typing import Any

from hub.contract.document_kinds import words_of
from hub.contract.documents import Kind
from hub.errors import Sentence
from hub.mapping.mapped import Link, MappedLine
from hub.mapping.split import get_amount
from hub.money import ZERO, format_amount, sum_amounts
from hub.payloads.builder import PayloadBuilder
from hub.payloads.entities import ENTITY_BY_KIND
from hub.payloads.kind_names import THE_KINDS
from hub.reasons.texts import add_article

# Credits that a payment can use up. A refund has no balance that could be applied.
APPLICABLE_CREDIT_KINDS: tuple[Kind, ...] = ("credit_memo", "vendor_credit")


def build_lines(
    builder: PayloadBuilder, kinds: tuple[Kind, ...]
) -> tuple[list[dict[str, Any]], Decimal]:
    """Return a line for each transaction that is settled, and their sum.

    A credit that is used up has a negative amount. `kinds` are those that may be settled.
    """
    settled_amounts: dict[tuple[Kind, str], Decimal] = {}
    for mapped_line, line_amount in builder.lines_with_amount():
        link = mapped_line.applied
        if link is None:
            _check_unapplied(builder, mapped_line, line_amount)
        elif not _is_settleable(link, line_amount, kinds):
            _report_unfit(builder, mapped_line, kinds)
        else:
            key = link.kind, link.id
            settled_amounts[key] = settled_amounts.get(key, ZERO) + builder.cents(line_amount)

    bodies = []
    for (kind, id), amount_settled in settled_amounts.items():
        bodies.append(_build_line(kind, id, amount_settled))
    return bodies, sum_amounts(settled_amounts.values())


def compute_total_paid(builder: PayloadBuilder, applied_total: Decimal) -> Decimal:
    """Return the total that is paid; report a problem if the lines do not fit it."""
    unapplied_amounts = []
    for mapped_line in builder.mapped.lines:
        if mapped_line.line.applied is None:
            line_amount = get_amount(mapped_line.line) or ZERO
            unapplied_amounts.append(builder.cents(line_amount))
    total_of_lines = sum_amounts([applied_total, *unapplied_amounts])
    paid_total = builder.total([total_of_lines])
    if applied_total > paid_total:
        builder.problems.append(
            Sentence(
                "It settles %(applied)s with %(paid)s. Fix this at the source.",
                applied=format_amount(applied_total, builder.currency),
                paid=format_amount(paid_total, builder.currency),
            )
        )
    elif applied_total < 0 <= paid_total:
        builder.problems.append(
            Sentence(
                "The credits that it uses are %(excess)s more than what it settles with them. Use"
                " as much of them as is settled. Fix this at the source.",
                excess=format_amount(-applied_total, builder.currency),
            )
        )
    elif total_of_lines - paid_total > builder.document.tolerance:
        builder.problems.append(
            Sentence(
                "Its lines add up to %(computed)s; %(document)s says %(stated)s (%(difference)s"
                " off). Fix this at the source.",
                computed=format_amount(total_of_lines, builder.currency),
                document=THE_KINDS[builder.document.kind],
                stated=format_amount(paid_total, builder.currency),
                difference=format_amount(total_of_lines - paid_total, builder.currency),
            )
        )
    return paid_total


def _is_settleable(link: Link, line_amount: Decimal, kinds: tuple[Kind, ...]) -> bool:
    """Return whether a line may settle a transaction: credits are negative, others are not."""
    if link.kind not in kinds:
        return False
    if line_amount == 0:
        return True
    return (line_amount < 0) == (link.kind in APPLICABLE_CREDIT_KINDS)


def _build_line(kind: Kind, id: str, settled_amount: Decimal) -> dict[str, Any]:
    """Return the line that settles a transaction; QuickBooks wants its amount without a sign."""
    link = {"TxnId": id, "TxnType": ENTITY_BY_KIND[kind]}
    return {"Amount": abs(settled_amount), "LinkedTxn": [link]}


def _check_unapplied(
    builder: PayloadBuilder, mapped_line: MappedLine, line_amount: Decimal
) -> None:
    """Report a fee, which is a negative line that settles nothing: a payment cannot have one."""
    if line_amount < 0:
        builder.problems.append(
            Sentence(
                "Line %(line)s deducts something from a payment, such as a fee. QuickBooks"
                " records fees on the deposit: send a deposit with the payment and the fee.",
                line=mapped_line.line.id,
            )
        )


def _report_unfit(
    builder: PayloadBuilder, mapped_line: MappedLine, kinds: tuple[Kind, ...]
) -> None:
    """Report a line that settles a transaction of another kind, or with the wrong sign."""
    nouns = [add_article(words_of(kind)) for kind in kinds]
    builder.problems.append(
        Sentence(
            "Line %(line)s has to settle %(kinds)s, with an amount above zero, or below"
            " it for a credit that is used up. Fix this at the source.",
            line=mapped_line.line.id,
            kinds=" or ".join(nouns),
        )
    )
