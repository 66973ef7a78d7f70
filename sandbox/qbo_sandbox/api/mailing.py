"""Mailing a document to its customer or vendor, as far as the document itself shows it."""

import re
from typing import Any

from qbo_sandbox.accounting.company import Change, Company, Reply
from qbo_sandbox.accounting.refusals import Refusal, missing, throttled, unsupported
from qbo_sandbox.entities.operations import existing

ADDRESS_OF = {
    **dict.fromkeys(
        ("Invoice", "Estimate", "CreditMemo", "SalesReceipt", "RefundReceipt"), "BillEmail"
    ),
    "PurchaseOrder": "POEmail",
    "Payment": "",
}
ADDRESS = re.compile(r"[^@\s,;]+@[^@\s,;]+\.[^@\s,;]+")
DAY = 86400


def send(company: Company, kind: str, id: str, to: str | None, request: str | None) -> Reply:
    """Mail one document, to its own address unless another is given; its version stays as it is."""
    if kind not in ADDRESS_OF:
        raise unsupported(f"send {kind.lower()}")
    data = existing(company, kind, id).read()
    address = _address(company, kind, data, to)
    _count(company, kind, id, address)
    stamp = company.stamp(company.now())
    sent = {**data, "MetaData": data["MetaData"] | {"LastUpdatedTime": stamp}}
    if ADDRESS_OF[kind]:
        sent |= {"EmailStatus": "EmailSent", ADDRESS_OF[kind]: {"Address": address}}
    if ADDRESS_OF[kind] == "BillEmail":
        sent["DeliveryInfo"] = {"DeliveryType": "Email", "DeliveryTime": stamp}
    return company.commit([Change(kind, id, sent)], request, "Emailed")


def _address(company: Company, kind: str, data: dict[str, Any], to: str | None) -> str:
    field = ADDRESS_OF[kind]
    own = (data.get(field) or {}).get("Address") if field else _customers(company, data)
    address = to or own
    if not address:
        raise missing(field or "sendTo")
    if not all(ADDRESS.fullmatch(each.strip()) for each in address.split(",")):
        raise Refusal(
            "2210",
            f"Email Address does not conform to the syntax rules of RFC 822. : {address}",
            field,
        )
    return str(address)


def _customers(company: Company, data: dict[str, Any]) -> str | None:
    row = company.row("Customer", (data.get("CustomerRef") or {}).get("value", ""))
    found: str | None = (row.read().get("PrimaryEmailAddr") or {}).get("Address") if row else None
    return found


def _count(company: Company, kind: str, id: str, address: str) -> None:
    """A sandbox company mails a few documents a day."""
    now, switches = company.now(), company.switches
    lately = sum(1 for at, *_ in company.mailed if at > now - DAY)
    if switches.throttle and lately >= switches.emails_a_day:
        raise throttled()
    company.mailed.append((now, kind, id, address))
