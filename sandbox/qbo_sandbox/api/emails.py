"""Send a document to its customer or vendor by mail."""

import re

from qbo_sandbox.accounting.company import Change, Company, StoredReply
from qbo_sandbox.accounting.refusals import (
    Refusal,
    missing_field,
    throttled_call,
    unsupported_operation,
)
from qbo_sandbox.entities.operations import require_existing
from qbo_sandbox.kit.json_object import JsonObject

ADDRESS_FIELDS_BY_KIND = {
    **dict.fromkeys(
        ("Invoice", "Estimate", "CreditMemo", "SalesReceipt", "RefundReceipt"), "BillEmail"
    ),
    "PurchaseOrder": "POEmail",
    "Payment": "",
}
ADDRESS_PATTERN = re.compile(r"[^@\s,;]+@[^@\s,;]+\.[^@\s,;]+")
DAY_SECONDS = 86400


def send(company: Company, kind: str, id: str, to: str | None, request: str | None) -> StoredReply:
    """Mail a document to `to`, or else to its own address; its SyncToken does not change."""
    if kind not in ADDRESS_FIELDS_BY_KIND:
        raise unsupported_operation(f"send {kind.lower()}")
    data = require_existing(company, kind, id).read()
    address = _get_mail_address(company, kind, data, to)
    _count_mail(company, kind, id, address)
    stamp = company.stamp(company.now())
    document = {**data, "MetaData": data["MetaData"] | {"LastUpdatedTime": stamp}}
    if ADDRESS_FIELDS_BY_KIND[kind]:
        document |= {"EmailStatus": "EmailSent", ADDRESS_FIELDS_BY_KIND[kind]: {"Address": address}}
    if ADDRESS_FIELDS_BY_KIND[kind] == "BillEmail":
        document["DeliveryInfo"] = {"DeliveryType": "Email", "DeliveryTime": stamp}
    return company.commit([Change(kind, id, document)], request, "Emailed")


def _get_mail_address(company: Company, kind: str, data: JsonObject, to: str | None) -> str:
    """Return the address to mail to; raise a refusal if there is none or it is malformed."""
    field = ADDRESS_FIELDS_BY_KIND[kind]
    address = to
    if not address and field:
        address = (data.get(field) or {}).get("Address")
    elif not address:
        address = _find_customer_address(company, data)
    if not address:
        raise missing_field(field or "sendTo")
    if not all(ADDRESS_PATTERN.fullmatch(part.strip()) for part in address.split(",")):
        raise Refusal(
            "2210",
            f"Email Address does not conform to the syntax rules of RFC 822. : {address}",
            field,
        )
    return str(address)


def _find_customer_address(company: Company, data: JsonObject) -> str | None:
    """Return the mail address of a document's customer."""
    reference = data.get("CustomerRef") or {}
    row = company.row("Customer", reference.get("value", ""))
    if row is None:
        return None
    email = row.read().get("PrimaryEmailAddr") or {}
    address: str | None = email.get("Address")
    return address


def _count_mail(company: Company, kind: str, id: str, address: str) -> None:
    """Count a mail; a sandbox company may send only a few a day."""
    now = company.now()
    switches = company.switches
    mails_of_a_day = sum(1 for at, *_ in company.mailed if at > now - DAY_SECONDS)
    if switches.throttle and mails_of_a_day >= switches.emails_a_day:
        raise throttled_call()
    company.mailed.append((now, kind, id, address))
