"""A customer, or a job of one."""

from typing import Any

from hub.contract.documents import Party
from hub.qbo.payloads.builder import Work, details_of, given
from hub.qbo.payloads.names import party
from hub.qbo.payloads.sales_tax import EXEMPT, TAXABLE


def body(work: Work) -> dict[str, Any]:
    """The customer as QuickBooks takes it; with a customer of its own above it, it is that one's job."""
    above = work.header("customer")
    more = given(
        SalesTermRef=work.header("term"),
        PaymentMethodRef=work.header("payment_method"),
        ParentRef=above,
        Job=True if above else None,
    )
    return party(work, details_of(work.document, Party)) | more | _tax(work)


def _tax(work: Work) -> dict[str, Any]:
    code = work.mapped.header.get("tax_code")
    if code is None:
        return {}
    if code.id in (TAXABLE, EXEMPT):
        return {"Taxable": code.id == TAXABLE}
    return {"DefaultTaxCodeRef": {"value": code.id}}
