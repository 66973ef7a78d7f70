"""Tests of mailing documents: their state afterwards, and the recipients that are refused."""

import pytest

from qbo_sandbox import create
from qbo_sandbox.kit import Clock

NOON = 1_800_000_000.0


@pytest.fixture
def quickbooks():
    return create(clock=Clock(NOON, frozen=True))


def post(quickbooks, path="invoice", **more):
    item = {"ItemRef": {"value": "2"}, "Qty": 1, "UnitPrice": 10}
    line = {"Amount": 10, "DetailType": "SalesItemLineDetail", "SalesItemLineDetail": item}
    answer = quickbooks.ask("POST", path, {"CustomerRef": {"value": "41"}, "Line": [line], **more})
    assert answer.status == 200, answer.text
    return next(iter(answer.json().values()))


def send(quickbooks, path, to=""):
    sort = "application/octet-stream"
    return quickbooks.ask(
        "POST", f"{path}/send" + (f"?sendTo={to}" if to else ""), b"", content_type=sort
    )


def fault(answer):
    assert answer.status == 400
    error = answer.json()["Fault"]["Error"][0]
    return error["code"], error.get("element")


@pytest.mark.parametrize("path", ["invoice", "estimate", "creditmemo", "salesreceipt"])
def test_a_mailed_document_has_the_status_sent_and_keeps_its_version(quickbooks, path):
    before = post(quickbooks, path)
    quickbooks.clock.advance(60)
    document = next(
        iter(
            send(quickbooks, f"{path}/{before['Id']}", "ola%2Binvoices@example.com").json().values()
        )
    )
    assert (document["EmailStatus"], document["BillEmail"]) == (
        "EmailSent",
        {"Address": "ola+invoices@example.com"},
    )
    delivered = {"DeliveryType": "Email", "DeliveryTime": document["MetaData"]["LastUpdatedTime"]}
    assert document["DeliveryInfo"] == delivered
    assert document["SyncToken"] == before["SyncToken"]
    assert document["MetaData"]["LastUpdatedTime"] > before["MetaData"]["LastUpdatedTime"]
    assert next(iter(quickbooks.ask("GET", f"{path}/{document['Id']}").json().values())) == document


def test_an_order_goes_to_its_vendor_and_a_payment_to_its_customer(quickbooks):
    item = {"ItemRef": {"value": "2"}, "Qty": 1, "UnitPrice": 10}
    line = {
        "Amount": 10,
        "DetailType": "ItemBasedExpenseLineDetail",
        "ItemBasedExpenseLineDetail": item,
    }
    order = {
        "VendorRef": {"value": "1"},
        "Line": [line],
        "POEmail": {"Address": "yard@example.com"},
    }
    assert quickbooks.ask("POST", "purchaseorder", order).status == 200
    document = send(quickbooks, "purchaseorder/1").json()["PurchaseOrder"]
    assert (document["EmailStatus"], document["POEmail"]) == (
        "EmailSent",
        {"Address": "yard@example.com"},
    )
    quickbooks.ask("POST", "payment", {"CustomerRef": {"value": "41"}, "TotalAmt": 10})
    assert send(quickbooks, "payment/2", "kari@example.com").json()["Payment"]["Id"] == "2"
    assert [(kind, to) for _, kind, _, to in quickbooks.company.mailed] == [
        ("PurchaseOrder", "yard@example.com"),
        ("Payment", "kari@example.com"),
    ]


def test_without_an_address_in_the_call_it_goes_to_that_of_the_document(quickbooks):
    post(quickbooks, BillEmail={"Address": "kari@example.com"})
    assert send(quickbooks, "invoice/1").json()["Invoice"]["BillEmail"] == {
        "Address": "kari@example.com"
    }


@pytest.mark.parametrize(
    ("path", "to", "error"),
    [
        ("invoice/1", "", ("2020", "BillEmail")),
        ("invoice/1", "nobody", ("2210", "BillEmail")),
        ("invoice/99", "a@b.co", ("610", "")),
        ("bill/1", "a@b.co", ("500", None)),
    ],
)
def test_a_transaction_that_cannot_be_mailed_is_refused(quickbooks, path, to, error):
    post(quickbooks)
    assert fault(send(quickbooks, path, to)) == error
    assert quickbooks.select("select * from Invoice")["Invoice"][0]["EmailStatus"] == "NotSet"


def test_a_mail_asked_for_twice_under_one_id_is_sent_once(quickbooks):
    post(quickbooks)
    for _ in range(2):
        assert (
            quickbooks.ask("POST", "invoice/1/send?sendTo=a@b.co&requestid=m1", b"").status == 200
        )
    assert len(quickbooks.company.mailed) == 1


def test_a_sandbox_company_mails_forty_a_day(quickbooks):
    post(quickbooks)
    quickbooks.switch(throttle=True, per_second=1000)
    assert [send(quickbooks, "invoice/1", "a@b.co").status for _ in range(41)] == [200] * 40 + [429]
    quickbooks.clock.advance(86400)
    assert send(quickbooks, "invoice/1", "a@b.co").status == 200
