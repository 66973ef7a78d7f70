"""Orders created in QuickBooks are read as documents, except closed ones and the hub's own."""

import datetime as dt
from decimal import Decimal

from hub.db import engine
from hub.models import TransactionHead
from hub.qbo import imports

MARKED = "From the source\n[hub:ABCDEFGHIJKL]"


def first(quickbooks, kind):
    return {"value": quickbooks.select(f"select * from {kind}")[kind][0]["Id"]}


def order(quickbooks, number, **more):
    detail = {"AccountRef": {"value": "20"}, "CustomerRef": first(quickbooks, "Customer")}
    line = {
        "DetailType": "AccountBasedExpenseLineDetail",
        "Amount": 12.5,
        "AccountBasedExpenseLineDetail": detail,
    }
    fields = {
        "VendorRef": first(quickbooks, "Vendor"),
        "DocNumber": number,
        "TxnDate": "2026-03-01",
        "Line": [line],
        **more,
    }
    answer = quickbooks.ask("POST", "purchaseorder", fields, content_type="application/json")
    assert answer.status == 200, answer.text


def test_open_orders_of_people_are_found_and_their_heads_kept(quickbooks):
    order(quickbooks, "P-1", DueDate="2026-03-09", PrivateNote="By hand")
    order(quickbooks, "P-2", POStatus="Closed")
    order(quickbooks, "P-3", PrivateNote=MARKED)
    order(quickbooks, "P-4", TxnDate="2026-01-01")
    (result,) = imports.load_open_orders(1, dt.date(2026, 2, 1))
    assert (result.number, result.date, result.due, result.memo) == (
        "P-1",
        dt.date(2026, 3, 1),
        dt.date(2026, 3, 9),
        "By hand",
    )
    with engine.read_only_session() as session:
        assert {head.number for head in session.query(TransactionHead)} == {"P-1", "P-2", "P-3"}


def test_codes_are_the_ids_of_quickbooks_with_the_names_of_its_lists(quickbooks):
    order(quickbooks, "P-1")
    (result,) = imports.load_open_orders(1, dt.date(2026, 2, 1))
    (line,) = result.lines
    assert (line.amount, line.quantity, result.total) == (Decimal("12.5"), None, Decimal("12.5"))
    assert {role: code.id for role, code in line.codes.items()} == {
        "account": "20",
        "customer": first(quickbooks, "Customer")["value"],
        "tax_code": "NON",
    }
    assert all(
        code.name
        for code in (line.codes["account"], line.codes["customer"], result.codes["vendor"])
    )
