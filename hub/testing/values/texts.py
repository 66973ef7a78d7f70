"""Texts in the responses of a stand-in that belong to a document: it follows those of its row."""

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from hub.contract.document_kinds import PAYMENT_KINDS
from hub.contract.documents import Document, Kind
from hub.testing.exchanges.response_values import Path, ResponseValue
from hub.testing.outcomes.items import id_at_the_source
from hub.testing.values.changed_responses import ChangedResponses, another_value, is_row_of
from hub.testing.values.line_rows import MAX_LINES, find_line_depth

# What the name of a number may begin with; on a payment `invoice_number` is that of another one.
_PURCHASE = "invoice|bill|creditnote|credit|receipt|expense"
_SALE = "invoice|creditnote|creditmemo|credit|receipt|refund"
_OWNERS: dict[Kind, str] = {
    "bill": _PURCHASE,
    "vendor_credit": _PURCHASE,
    "expense": _PURCHASE,
    "invoice": _SALE,
    "credit_memo": _SALE,
    "refund": _SALE,
    "purchase_order": "purchaseorder|order|po",
    "payment": "payment|receipt",
    "bill_payment": "payment",
    "deposit": "deposit|payout",
}
_MEMOS = re.compile(
    "memo|(?:private|public)?notes?|description|comments?|remarks?|subject|narrative"
)
_DESCRIPTIONS = re.compile("description|text|memo|notes?|comments?|remarks?|narrative")


def find_number_defect(responses: ChangedResponses, document: Document) -> str:
    """Return which number in the row of a document it does not follow; "" if it follows one."""
    owners = _OWNERS.get(document.kind, "")
    names = re.compile(f"(?:document|doc|transaction|voucher|{owners})?(?:number|num|no|nr)")
    values = [
        value for value in iter_values_of_row(responses, document) if _is_called(value, names)
    ]
    names_of_all = _follow_none(responses, document, values)
    if not names_of_all:
        return ""
    return f"its number stays {document.number} if {names_of_all} is another."


def find_memo_defect(responses: ChangedResponses, document: Document) -> str:
    """Return which notes in the row of a document it does not follow; "" if it follows one."""
    values = [value for value in iter_values_of_row(responses, document) if _is_text(value, _MEMOS)]
    names = _follow_none(responses, document, values)
    return f"its memo stays {document.memo} if {names} is another." if names else ""


def find_description_defect(responses: ChangedResponses, document: Document) -> str:
    """Return which text of a line a document does not follow; "" if it follows one of each line.

    A list with fewer entries than the document has lines is not that of its lines.
    """
    if document.kind in PAYMENT_KINDS:
        return ""
    lists: dict[tuple[str, Path], dict[Path, list[ResponseValue]]] = defaultdict(dict)
    for value in responses.values:
        depth = find_line_depth(responses, value, document)
        if depth and len(value.path) == depth + 1:
            *parents, _ = row = value.path[:depth]
            texts = lists[value.call, tuple(parents)].setdefault(row, [])
            if _is_text(value, _DESCRIPTIONS):
                texts.append(value)
    for texts_by_row in lists.values():
        if len(texts_by_row) >= len(document.lines):
            for texts in list(texts_by_row.values())[:MAX_LINES]:
                names = _follow_none(responses, document, texts)
                if names:
                    return f"its lines stay as they are if {names} is another."
    return ""


def _follow_none(
    responses: ChangedResponses, document: Document, values: Sequence[ResponseValue]
) -> str:
    """Return the names of the values if the document stays as it is without them, otherwise ""."""
    for value in values:
        if responses.read(value, another_value(value.value)) != document:
            return ""
    return ", ".join(dict.fromkeys(value.name for value in values))


def iter_values_of_row(responses: ChangedResponses, document: Document) -> Iterator[ResponseValue]:
    """Yield the texts and numbers of the row of a document, without those of its parts."""
    for value in responses.values:
        row = responses.find(value.call, value.path[:-1]) if value.path else None
        if isinstance(row, dict) and _is_own_row(row, document) and value.value != "":
            yield value


def iter_rows(responses: ChangedResponses, document: Document) -> Iterator[ResponseValue]:
    """Yield the row of a document wherever the responses have it."""
    places = {}
    for value in iter_values_of_row(responses, document):
        path = value.path[:-1]
        places[value.call, path] = responses.find(value.call, path)
    for (call, path), row in places.items():
        yield ResponseValue(call, path, row)


def _is_own_row(row: Mapping[str, Any], document: Document) -> bool:
    """Return whether an object is the row of a document, and not one that refers to it."""
    own_id = row.get("id")
    ids = (document.source_id, id_at_the_source(document))
    return is_row_of(row, document) and (own_id is None or str(own_id) in ids)


def _is_called(value: ResponseValue, names: re.Pattern[str]) -> bool:
    """Return whether a value has one of some names, in whatever way they are written."""
    return bool(names.fullmatch(re.sub(r"[\W_]", "", str(value.path[-1]).lower())))


def _is_text(value: ResponseValue, names: re.Pattern[str]) -> bool:
    """Return whether a value is a text, and called by one of some names."""
    return isinstance(value.value, str) and bool(value.value) and _is_called(value, names)
