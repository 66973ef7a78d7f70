"""Texts in the answers of a stand-in that belong to a document: it follows those of its row."""

import re
from collections.abc import Iterator

from hub.contract.documents import Document, Kind
from hub.testing.answer_values import AnswerValue
from hub.testing.changed_answers import ChangedAnswers, another_value, is_row_of

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


def judge_number(answers: ChangedAnswers, document: Document) -> str:
    """Return which number in the row of a document it does not follow; "" if it follows one."""
    owners = _OWNERS.get(document.kind, "")
    names = re.compile(f"(?:document|doc|transaction|voucher|{owners})?(?:number|num|no|nr)")
    values = [value for value in _iter_values_of_row(answers, document) if _is_called(value, names)]
    names_of_all = _follow_none(answers, document, values)
    if not names_of_all:
        return ""
    return f"its number stays {document.number} if {names_of_all} is another."


def _follow_none(answers: ChangedAnswers, document: Document, values: list[AnswerValue]) -> str:
    """Return the names of the values if the document stays as it is without them, otherwise ""."""
    for value in values:
        if answers.read(value, another_value(value.value)) != document:
            return ""
    return ", ".join(dict.fromkeys(value.name for value in values))


def _iter_values_of_row(answers: ChangedAnswers, document: Document) -> Iterator[AnswerValue]:
    """Yield the texts and numbers of the row of a document, without those of its parts."""
    for value in answers.values:
        row = answers.find(value.call, value.path[:-1]) if value.path else None
        if isinstance(row, dict) and is_row_of(row, document) and value.value not in ("", None):
            yield value


def _is_called(value: AnswerValue, names: re.Pattern[str]) -> bool:
    """Return whether a value has one of some names, in whatever way they are written."""
    return bool(names.fullmatch(re.sub(r"[\W_]", "", str(value.path[-1]).lower())))
