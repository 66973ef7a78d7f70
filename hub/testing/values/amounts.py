"""Amounts in the responses of a source: the total of a document must follow them to the cent."""

from collections.abc import Sequence
from decimal import Decimal

from hub.contract.document_kinds import PAYMENT_KINDS
from hub.contract.documents import Document
from hub.testing.exchanges.response_values import ResponseValue
from hub.testing.values.changed_responses import ChangedResponses
from hub.testing.values.currency_units import ONE, is_named_after_smallest_unit, smallest_unit

# As a binary fraction it is a little less, so that a cent is lost where it is cut.
NEW_AMOUNT = Decimal("4.35")
AMOUNT_TOLERANCE = Decimal("0.10")
HALF_A_CENT = Decimal("0.005")
MAX_AMOUNTS = 6  # amounts of a document that are changed one after the other


def find_total_defect(responses: ChangedResponses, document: Document) -> str:
    """Change the amounts of a document, the total and its parts."""
    totals = find_amounts(responses, {abs(document.total or Decimal(0))})[:MAX_AMOUNTS]
    if not responses.values:
        return (
            "no answer from which it was read is JSON, so that neither its total,"
            f" {document.total}, nor any other value of it can be compared. Compare them in tests"
            " of your own."
        )
    if not totals:
        return f"no answer of the source has its total, {document.total}."
    problem = _find_unit_defect(responses, document, totals)
    if problem:
        return problem
    for value in find_amounts(responses, part_amounts(document))[:MAX_AMOUNTS]:
        reading = responses.read(value, _build_new_amount(responses, value))
        if reading is None:
            continue
        loss = _find_loss(reading)
        if loss is not None:
            return _describe_lost_cents(responses, loss, value)
        if reading.total != document.total:
            new = _build_new_amount(responses, value)
            return f"its total is {reading.total} if {value.name} is {new}."
        problem = _find_lost_sign(responses, reading, value)
        if problem:
            return problem
    return _find_whole_amount_defect(responses, document, totals)


def _find_unit_defect(
    responses: ChangedResponses, document: Document, totals: Sequence[ResponseValue]
) -> str:
    """Return that amounts in cents are read as whole ones; "" if they are not."""
    unit = smallest_unit(document)
    if responses.unit != ONE or unit == ONE:
        return ""
    for value in totals:
        if is_named_after_smallest_unit(value):
            return (
                f"its total is {document.total}, which is {value.name}. By its name that is"
                f" {(document.total or 0) * unit:f}: write money(row[…]) / {ONE / unit:f}."
            )
    return ""


def _find_whole_amount_defect(
    responses: ChangedResponses, document: Document, totals: Sequence[ResponseValue]
) -> str:
    """Change the values that are equal to the total; the first of its response must decide it."""
    values_followed = []
    for value in totals:
        reading = responses.read(value, _build_new_amount(responses, value))
        if reading is None:
            values_followed.append(value)
            continue
        loss = _find_loss(reading)
        if loss is not None:
            return _describe_lost_cents(responses, loss, value)
        if reading.total != document.total:
            values_followed.append(value)
    # The total of a row is nearer to its beginning than the amount of its only line.
    first = min(totals, key=_get_depth)
    if all(_get_depth(value) > _get_depth(first) for value in values_followed):
        new = _build_new_amount(responses, first)
        return f"its total stays {document.total} if {first.name} is {new}."
    return ""


def _find_lost_sign(responses: ChangedResponses, reading: Document, value: ResponseValue) -> str:
    """Return that an amount of a line has lost its sign; "" if it has not.

    `reading` is the document while the value is the new amount.
    """
    is_of_line = any(abs(line.amount or 0) == NEW_AMOUNT for line in reading.lines)
    if reading.kind in PAYMENT_KINDS or not is_of_line:
        return ""
    opposite = responses.write_amount(-_copy_sign(value), like=value)
    if responses.read(value, opposite) != reading:
        return ""
    return (
        f"it is the same if {value.name} is {_build_new_amount(responses, value)} or {opposite}: a"
        " discount would be added. Keep the sign of each line; turn those of all lines if the"
        " source writes credits with negative amounts."
    )


def find_amounts(responses: ChangedResponses, amounts: set[Decimal]) -> list[ResponseValue]:
    """Return the values of the responses that are one of these amounts, with any sign."""
    values = []
    for value in responses.values:
        amount = responses.amount_of(value)
        if amount and any(_is_close(amount, other) for other in amounts):
            values.append(value)
    return values


def _get_depth(value: ResponseValue) -> int:
    """Return how deep in its response a value is."""
    return len(value.path)


def part_amounts(document: Document) -> set[Decimal]:
    """Return the amounts of lines and tax, without signs and without one that is the total."""
    amounts = [line.amount for line in document.lines] + [document.tax_total]
    return {abs(amount) for amount in amounts if amount} - {abs(document.total or 0)}


def _is_close(amount: Decimal, other: Decimal) -> bool:
    """Return whether amounts are equal in whole cents; a source may answer more digits."""
    return abs(amount - other) <= HALF_A_CENT


def _build_new_amount(responses: ChangedResponses, value: ResponseValue) -> str | int | Decimal:
    """Return the new amount as the source writes amounts, with the sign of the old one."""
    return responses.write_amount(_copy_sign(value), like=value)


def _copy_sign(value: ResponseValue) -> Decimal:
    """Return the new amount with the sign of a value."""
    return NEW_AMOUNT.copy_sign(Decimal(str(value.value)))


def _find_loss(document: Document) -> Decimal | None:
    """Return an amount that is the new one but for a few cents."""
    amounts = [document.total, document.tax_total]
    amounts += [line.amount for line in document.lines]
    for amount in amounts:
        if amount and 0 < abs(abs(amount) - NEW_AMOUNT) < AMOUNT_TOLERANCE:
            return amount
    return None


def _describe_lost_cents(responses: ChangedResponses, amount: Decimal, value: ResponseValue) -> str:
    """Return the sentence about an amount that is less than the one that the source answers."""
    new = _build_new_amount(responses, value)
    return (
        f"it has {amount} if {value.name} is {new}: cents are lost. Pass each amount to"
        " money(…) as the source answers it, and not through a float."
    )
