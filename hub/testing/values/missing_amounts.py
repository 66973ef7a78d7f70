"""Amounts that a source leaves out: a document is not posted with 0 in place of one."""

from collections.abc import Callable, Sequence
from decimal import Decimal

from hub.contract.document_kinds import PAYMENT_KINDS
from hub.contract.documents import Document
from hub.mapping import get_amount
from hub.testing.exchanges.response_values import ResponseValue
from hub.testing.values.amounts import MAX_AMOUNTS, find_amounts, part_amounts
from hub.testing.values.changed_responses import ChangedResponses

IsPosted = Callable[[Document], bool]


def find_missing_amount_defect(
    responses: ChangedResponses, document: Document, is_posted: IsPosted
) -> str:
    """Leave out the amounts of a document one by one, and all; return which one is not missed.

    `is_posted` tells whether the hub would post a document as it is. One that it holds, because its
    lines do not add up to its total, waits with that reason.
    """
    amounts = {abs(document.total or Decimal(0)), *part_amounts(document)}
    amounts |= {abs(line.tax) for line in document.lines if line.tax}
    values = find_amounts(responses, amounts)
    for value in values[:MAX_AMOUNTS]:
        defect = _describe_posted(responses, document, [value], is_posted)
        if defect:
            return f"if {value.name} is null, it would be posted with {defect}."
    defect = _describe_posted(responses, document, values, is_posted)
    return f"if all its amounts are null, it would be posted with {defect}." if defect else ""


def _describe_posted(
    responses: ChangedResponses,
    document: Document,
    values: Sequence[ResponseValue],
    is_posted: IsPosted,
) -> str:
    """Return with which amounts a document would be posted without some values; "" if it is not.

    A plugin that does not need them has the same amounts without them. A tax that is missing may be
    none: the lines then have it, and add up to the same total.
    """
    reading = responses.read_changed([value._replace(value=None) for value in values])
    if (
        reading is None
        or _list_fixed_amounts(reading) == _list_fixed_amounts(document)
        or not is_posted(reading)
    ):
        return ""
    amounts = ", ".join(f"{get_amount(line) or 0}" for line in reading.lines)
    return f"lines of {amounts or 'nothing'} and the total {reading.total}"


def _list_fixed_amounts(document: Document) -> list[Decimal | None]:
    """Return the amounts that must not change: the total that its lines add up to, or the lines.

    What a payment pays is less than its total if a part stays on account.
    """
    if document.total is not None and document.kind not in PAYMENT_KINDS:
        return [document.total]
    return [document.total, *map(get_amount, document.lines)]
