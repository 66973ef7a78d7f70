"""Checks that what an object points to exists and is active, and fills in its name."""

from typing import Any

from qbo_sandbox.accounting.company import Company
from qbo_sandbox.accounting.kinds import LIST_KINDS
from qbo_sandbox.accounting.reference_names import KINDS_WITHOUT_NAMES, REFERENCES, format_full_name
from qbo_sandbox.accounting.refusals import (
    INACTIVE_MESSAGE,
    Refusal,
    business_error,
    not_found,
    unknown_reference,
)
from qbo_sandbox.accounting.table import Row
from qbo_sandbox.kit.json_object import JsonObject

ONE_CURRENCY_MESSAGE = (
    "The transaction needs to be in the same currency as the A/R and A/P accounts."
)


def resolve(company: Company, kind: str, reference: Any) -> Row:
    """Return the active list entry of a reference, or raise QuickBooks' refusal."""
    id = ""
    if reference:
        id = str(reference.get("value", ""))
    row = company.row(kind, id)
    if row is None:
        raise unknown_reference(LIST_KINDS[kind].table, id)
    if not row.active:
        if company.switches.inactive_reference == "610":
            raise not_found()
        raise Refusal("2500", f"Invalid Reference Id : {INACTIVE_MESSAGE}", "")
    return row


def add_reference_name(company: Company, kind: str, reference: Any) -> JsonObject:
    """Return a reference with the name that QuickBooks adds to it."""
    row = resolve(company, kind, reference)
    name = format_full_name(kind, row.read())
    return {"value": row.id, "name": name}


def resolve_all(company: Company, data: JsonObject) -> None:
    """Resolve each reference directly in `data`; a blank one goes."""
    fields = [field for field in data if field in REFERENCES]
    for field in fields:
        kind = REFERENCES[field]
        reference = data[field]
        if not reference or reference.get("value") in (None, ""):
            del data[field]
        elif kind in KINDS_WITHOUT_NAMES:
            row = resolve(company, kind, reference)
            data[field] = {"value": row.id}
        else:
            data[field] = add_reference_name(company, kind, reference)


def resolve_in_currency(company: Company, kind: str, reference: Any, *codes: str) -> JsonObject:
    """Return the entry of a reference; refuse one in any other currency."""
    row = resolve(company, kind, reference)
    entry = row.read()
    currency = company.options.currency
    if "CurrencyRef" in entry:
        currency = entry["CurrencyRef"].get("value", currency)
    if currency not in codes:
        raise business_error(ONE_CURRENCY_MESSAGE)
    return entry
