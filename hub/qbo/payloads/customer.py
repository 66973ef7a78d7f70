"""A customer, or a job of one."""

from typing import Any

from hub.contract.documents import Party
from hub.qbo.payloads.builder import PayloadBuilder, details_of, without_empty
from hub.qbo.payloads.names import party
from hub.qbo.payloads.sales_tax import EXEMPT, TAXABLE


def body(builder: PayloadBuilder) -> dict[str, Any]:
    """The customer as QuickBooks takes it; with a customer of its own above it, it is that one's job."""
    above = builder.header("customer")
    more = without_empty(
        SalesTermRef=builder.header("term"),
        PaymentMethodRef=builder.header("payment_method"),
        ParentRef=above,
        Job=True if above else None,
    )
    return party(builder, details_of(builder.document, Party)) | more | _tax(builder)


def _tax(builder: PayloadBuilder) -> dict[str, Any]:
    code = builder.mapped.header.get("tax_code")
    if code is None:
        return {}
    if code.id in (TAXABLE, EXEMPT):
        return {"Taxable": code.id == TAXABLE}
    return {"DefaultTaxCodeRef": {"value": code.id}}
