"""The records of QuickBooks' stand-in that are likeliest for a code that has none."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

from hub.contract.document_kinds import PURCHASE_KINDS

if TYPE_CHECKING:
    from hub.models import SeenCode, StoredRecord

SAME_NAME_REASON = "It has this name or number."
SIMILAR_NAME_REASON = "It has a similar name."
OF_TYPE = "No record has a similar name; this is the next account of the type {type}."
NOT_SIMILAR = "No record has a similar name; this is the next one of its list."
INCOME_KINDS = ("invoice", "credit_memo", "refund", "deposit")


class LikelyRecords(NamedTuple):
    """Records for a code, and why. `is_known` tells whether the first one is the likeliest."""

    records: Sequence["StoredRecord"]
    reason: str
    is_known: bool = True

    def pick(self, place: int) -> tuple[str, str]:
        """Return the id of a record, and why it is this one; two empty texts if there is none.

        `place` counts the codes of a field whose record is not known; each gets the next one.
        """
        if not self.records:
            return "", ""
        record = self.records[0 if self.is_known else place % len(self.records)]
        return record.quickbooks_id, self.reason.format(type=record.type)


def find_likely_records(
    source_code: "SeenCode",
    role: str,
    kind: str,
    suitable: Sequence["StoredRecord"],
    suggested_ids: Sequence[str],
) -> LikelyRecords:
    """Return the likeliest of the records that may take the role of a code.

    That is one with the same name or number, or a similar one. An account of lines has to be of the
    type that documents of the kind use: none for assets if bills use it.
    """
    same = [record for record in suitable if _have_same_name(source_code, record)]
    if same:
        return LikelyRecords(same, SAME_NAME_REASON)
    fitting = [record for record in suitable if _fits_kind(record, role, kind)]
    similar = _pick(suggested_ids, fitting or suitable)
    if similar:
        return LikelyRecords(similar, SIMILAR_NAME_REASON)
    if fitting and role == "account":
        return LikelyRecords(fitting, OF_TYPE, is_known=False)
    return LikelyRecords(suitable, NOT_SIMILAR, is_known=False)


def _pick(ids: Sequence[str], records: Sequence["StoredRecord"]) -> list["StoredRecord"]:
    """Return those of the records that have these ids, in the order of the ids."""
    by_id = {record.quickbooks_id: record for record in records}
    return [by_id[id] for id in ids if id in by_id]


def _have_same_name(source_code: "SeenCode", record: "StoredRecord") -> bool:
    """Return whether a code has the name or the number of a record, in small or capital letters."""
    from hub.mapping.names import fold_name

    texts = {fold_name(text) for text in (source_code.code, source_code.name, source_code.number)}
    names = {fold_name(text) for text in (record.name, record.full_name, record.number)}
    return bool((texts & names) - {""})


def _fits_kind(record: "StoredRecord", role: str, kind: str) -> bool:
    """Return whether lines of documents of a kind usually post to an account; others fit always."""
    from hub.qbo.records import EXPENSE_TYPES, INCOME_TYPES

    if role != "account":
        return True
    if kind in INCOME_KINDS:
        return record.type in INCOME_TYPES
    return record.type in EXPENSE_TYPES or kind not in PURCHASE_KINDS
