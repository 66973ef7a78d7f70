"""A customer, or a job of a customer."""

from typing import Any

from hub.contract.documents import Party
from hub.payloads.builder import PayloadBuilder, drop_empty, require_details
from hub.payloads.names import build_party_fields
from hub.payloads.sales_tax import EXEMPT, TAXABLE


def build_body(builder: PayloadBuilder) -> dict[str, Any]:
    """Return the body of a customer; with a parent it is a job of that customer."""
    details = require_details(builder.document, Party)
    parent = builder.header_reference("customer")
    fields = drop_empty(
        SalesTermRef=builder.header_reference("term"),
        PaymentMethodRef=builder.header_reference("payment_method"),
        ParentRef=parent,
        Job=True if parent else None,
    )
    party = build_party_fields(builder, details, "PrimaryTaxIdentifier")
    return party | fields | _build_tax_code(builder)


def _build_tax_code(builder: PayloadBuilder) -> dict[str, Any]:
    """Return the tax code of the customer, or in the United States whether tax applies."""
    code = builder.mapped.header.get("tax_code")
    if code is None:
        return {}
    if code.id in (TAXABLE, EXEMPT):
        return {"Taxable": code.id == TAXABLE}
    return {"DefaultTaxCodeRef": {"value": code.id}}
