"""Rows of Autotask's entities, in which ids are numbers whatever the answer contains."""

from collections.abc import Sequence
from typing import Any

from hub import Row, numbers_as_text

ID_FIELDS = frozenset(
    {
        "id",
        "billToCountryID",
        "billingCodeID",
        "companyID",
        "countryID",
        "currencyID",
        "expenseCategory",
        "expenseCurrencyID",
        "expenseReportID",
        "invoiceID",
        "orderID",
        "paymentTerm",
        "productID",
        "purchaseForCompanyID",
        "purchaseOrderItemID",
        "reimbursementCurrencyID",
        "submitterID",
        "taxCategoryID",
        "vendorID",
    }
)
TEXT_FIELDS = (
    "billToZipCode",
    "departmentNumber",
    "externalNumber",
    "externalPONumber",
    "invoiceNumber",
    "orderNumber",
    "postalCode",
    "purchaseOrderNumber",
    "quickBooksReferenceNumber",
    "shipToPostalCode",
    "sku",
    "vendorInvoiceNumber",
)


class EntityRow(Row):
    """A row of Autotask; a field that the answer leaves out is null."""

    def __missing__(self, name: str) -> None:
        """Return None for a field that the answer lacks."""


def read_row(row: Any) -> EntityRow:
    """Return a row of an answer; one without fields for anything but a group of fields.

    An id that is no number becomes a text, which no row has, so that it can be looked up.
    """
    if not isinstance(row, dict):
        return EntityRow()
    read = EntityRow(numbers_as_text(row, TEXT_FIELDS))
    for name in ID_FIELDS & row.keys():
        read[name] = _read_id(row[name])
    return read


def _read_id(value: Any) -> int | str | None:
    """Return an id as a number; as text if it is none."""
    if value is None or (isinstance(value, int) and not isinstance(value, bool)):
        return value
    text = str(value)
    return int(text) if text.isascii() and text.isdecimal() else text


def has_id(row: Row, name: str = "id") -> bool:
    """Return whether a row has a number as its id, or as the id of another row."""
    return isinstance(row[name], int)


def list_values(row: Row) -> list[tuple[str, Any]]:
    """Return the fields of a row that have a value, in the order of their names."""
    return sorted((name, value) for name, value in row.items() if value is not None)


def names_row(answer: Row, id: int) -> bool:
    """Return whether the answer to a change names this row as the one that was changed."""
    return str(answer.get("itemId")) == str(id)


def drop_repeated(rows: Sequence[Row], ids_read: set[Any]) -> list[Row]:
    """Return the rows whose ids were not read before, and those without an id; note the ids."""
    new_rows = []
    for row in rows:
        if has_id(row):
            if row["id"] in ids_read:
                continue
            ids_read.add(row["id"])
        new_rows.append(row)
    return new_rows


def are_fields(fields: Any) -> bool:
    """Return whether an answer describes the fields of an entity, each with its name."""
    if not isinstance(fields, list):
        return False
    return all(isinstance(field, dict) and isinstance(field.get("name"), str) for field in fields)


def read_labels(field: Row) -> dict[str, str] | None:
    """Return the labels of a field's picklist by their numbers; None if the answer is no picklist.

    A field without a picklist has no labels.
    """
    values = field.get("picklistValues") or []
    if not isinstance(values, list):
        return None
    labels = {}
    for value in values:
        number = str(value.get("value")) if isinstance(value, dict) else ""
        if not number.removeprefix("-").isdecimal() or not isinstance(value.get("label"), str):
            return None
        labels[number] = value["label"]
    return labels
