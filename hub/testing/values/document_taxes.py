"""Taxes in the head of the responses of a stand-in: a document has its tax, and has it once."""

import re
from collections.abc import Iterable, Sequence
from decimal import Decimal

from hub.contract.document_kinds import PAYMENT_KINDS
from hub.contract.documents import Document
from hub.money import sum_amounts
from hub.testing.exchanges.response_values import ResponseValue
from hub.testing.values.changed_responses import ChangedResponses, amount_of
from hub.testing.values.line_rows import find_line_depth
from hub.testing.values.line_taxes import TAX
from hub.testing.values.texts import iter_values_of_row

NO_TAX = re.compile(r"rate|percent|pct|number|code|taxable|base|net|subtotal|(?:^|_)(?:id|no)$")
TAX_INCREASE = Decimal("0.07")  # by which a tax is changed
MAX_TAXES = 6  # taxes of a document that are changed one after the other


def find_document_tax_defect(responses: ChangedResponses, document: Document) -> str:
    """Return which tax of its head a document does not have, or has twice; "" if it is right.

    A tax is recognized by its name. It must be in the document if its amount is what the total is
    more than the lines.
    """
    if document.total is None or document.tax_mode in ("computed", "inclusive"):
        return ""
    values = [value for value in responses.values if _is_tax(responses, value, document)]
    readings = []
    for value in values[:MAX_TAXES]:
        readings.append((value, responses.read(value, _increase(responses, value))))
    for value, reading in readings:
        if reading and _has_twice(document, reading):
            return f"it counts {value.name} twice."
    return _find_lost_tax(responses, document, readings)


def find_net_total_defect(responses: ChangedResponses, document: Document) -> str:
    """Return that the total is the one before tax, which the source states as well; "" if not.

    It is recognized by an amount of the row that is the total and a tax of its head together.
    """
    states_tax = document.tax_total or any(line.tax for line in document.lines)
    if states_tax or document.total is None or document.kind in PAYMENT_KINDS:
        return ""
    gross_amounts = {}
    for tax in responses.values:
        if _is_tax(responses, tax, document):
            gross_amounts[document.total + (responses.amount_of(tax) or 0)] = tax
    for value in iter_values_of_row(responses, document):
        tax_of_value = gross_amounts.get(responses.amount_of(value) or Decimal(0))
        if tax_of_value:
            return (
                f"its total is {document.total}, and the source answers"
                f" {responses.amount_of(value)} as {value.name}, which is that with"
                f" {tax_of_value.name}. Pass this as `total`, and {tax_of_value.name} as"
                " `tax_total`."
            )
    return ""


def _find_lost_tax(
    responses: ChangedResponses,
    document: Document,
    readings: Iterable[tuple[ResponseValue, Document | None]],
) -> str:
    """Return the tax that the total contains and that no reading with another one follows."""
    net = sum_amounts(line.amount for line in document.lines)
    tax = abs((document.total or Decimal(0)) - net)
    names = []
    for value, reading in readings:
        if responses.amount_of(value) == tax:
            names.append(value.name)
            if reading is None or _list_amounts(reading) != _list_amounts(document):
                return ""
    if not names:
        return ""
    return f"it stays as it is if {', '.join(names)} is another amount: pass it as `tax_total`."


def _is_tax(responses: ChangedResponses, value: ResponseValue, document: Document) -> bool:
    """Return whether a value is an amount that is named like a tax and belongs to no line."""
    names = [str(part).lower() for part in value.path]
    is_named = any(TAX.search(name) for name in names)
    if not is_named or NO_TAX.search(names[-1]) or not amount_of(value.value):
        return False
    return not find_line_depth(responses, value, document)


def _increase(responses: ChangedResponses, value: ResponseValue) -> str | int | Decimal:
    """Return a larger amount as the source writes amounts."""
    amount = Decimal(str(value.value)) * responses.unit + TAX_INCREASE
    return responses.write_amount(amount, like=value)


def _has_twice(document: Document, other: Document) -> bool:
    """Return whether total or tax grew by twice as much as a tax in the response."""
    pairs = ((document.total, other.total), (document.tax_total, other.tax_total))
    for before, after in pairs:
        if before is not None and after is not None and abs(after - before) == 2 * TAX_INCREASE:
            return True
    return False


def _list_amounts(document: Document) -> Sequence[object]:
    """Return the amounts and taxes of a document."""
    lines = [(line.amount, line.tax, line.codes) for line in document.lines]
    return document.total, document.tax_total, lines
