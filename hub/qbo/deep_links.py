"""Addresses of QuickBooks' own pages, so that a person can open a transaction there."""

from hub.qbo import intuit_keys

SITES = {
    "production": "https://app.qbo.intuit.com",
    "sandbox": "https://app.sandbox.qbo.intuit.com",
}
PAGE_PATHS = {
    "bill": "bill?txnId=",
    "vendor_credit": "vendorcredit?txnId=",
    "expense": "expense?txnId=",
    "purchase_order": "purchaseorder?txnId=",
    "invoice": "invoice?txnId=",
    "credit_memo": "creditmemo?txnId=",
    "payment": "recvpayment?txnId=",
    "refund": "refundreceipt?txnId=",
    "bill_payment": "billpayment?txnId=",
    "deposit": "deposit?txnId=",
    "vendor": "vendordetail?nameId=",
    "customer": "customerdetail?nameId=",
}


def build_page_address(kind: str, id: str, environment: str = "") -> str | None:
    """Return the address of an object's page; None for kinds without a page of their own.

    Without `environment`, that of the Intuit keys is used, which takes a query.
    """
    page = PAGE_PATHS.get(kind)
    if page is None:
        return None
    site = SITES[environment or intuit_keys.read().environment]
    return f"{site}/app/{page}{id}"
