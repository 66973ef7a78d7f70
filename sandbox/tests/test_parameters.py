"""Tests of operation=, include= and the other query parameters."""

import pytest

from qbo_sandbox import create
from qbo_sandbox.kit import Clock

LINE = {
    "Amount": 5,
    "DetailType": "AccountBasedExpenseLineDetail",
    "AccountBasedExpenseLineDetail": {"AccountRef": {"value": "7"}},
}


@pytest.fixture
def quickbooks():
    return create(clock=Clock(1_800_000_000.0, frozen=True))


def bill(**more):
    return {"VendorRef": {"value": "1"}, "Line": [LINE], **more}


def invoice(item="2", **more):
    detail = {"ItemRef": {"value": item}, "Qty": 1, "UnitPrice": 10}
    line = {"Amount": 10, "DetailType": "SalesItemLineDetail", "SalesItemLineDetail": detail}
    return {"CustomerRef": {"value": "41"}, "Line": [line], **more}


def ask(quickbooks, path, body=None, method="POST"):
    answer = quickbooks.ask(method, path, body)
    assert answer.status == 200, answer.text
    return next(iter(answer.json().values()))


def fault(quickbooks, path, body):
    answer = quickbooks.ask("POST", path, body)
    assert answer.status == 400, answer.text
    error = answer.json()["Fault"]["Error"][0]
    return error["code"], error.get("element")


@pytest.mark.parametrize(
    ("path", "body", "parameters"),
    [
        ("invoice", invoice(), "operation=void"),
        ("invoice", invoice(), "operation=update&include=void"),
        ("salesreceipt", invoice(), "operation=update&include=void"),
        (
            "payment",
            {"CustomerRef": {"value": "41"}, "TotalAmt": 10},
            "operation=update&include=VOID",
        ),
        (
            "payment",
            {"CustomerRef": {"value": "41"}, "TotalAmt": 10},
            "include=allowduplicatedocnum,void",
        ),
    ],
)
def test_voiding_is_asked_for_in_several_ways(quickbooks, path, body, parameters):
    item = ask(quickbooks, path, body)
    voided = ask(
        quickbooks, f"{path}?{parameters}", {"Id": item["Id"], "SyncToken": "0", "sparse": True}
    )
    assert (voided["TotalAmt"], voided["PrivateNote"], voided["SyncToken"]) == (0, "Voided", "1")
    call = quickbooks.log.entries()[-1]["call"]
    assert call == f"{path}.void"


@pytest.mark.parametrize("path", ["bill", "purchaseorder", "vendorcredit"])
def test_voiding_a_kind_that_cannot_be_voided_is_refused(quickbooks, path):
    item = ask(quickbooks, path, bill())
    assert fault(quickbooks, f"{path}?operation=void", {"Id": item["Id"], "SyncToken": "0"}) == (
        "500",
        None,
    )


def test_an_update_needs_an_id_and_an_unknown_operation_is_none(quickbooks):
    assert fault(quickbooks, "bill?operation=update", bill()) == ("2020", "Id")
    assert fault(quickbooks, "bill?operation=destroy", bill()) == ("500", None)
    assert quickbooks.select("select count(*) from Bill") == {"totalCount": 0}


@pytest.mark.parametrize(
    "word", ["allowduplicatedocnum", "AllowDuplicateDocNum", "foo,allowduplicatedocnum"]
)
def test_a_number_may_be_used_twice_when_that_is_asked_for(quickbooks, word):
    ask(quickbooks, "bill", bill(DocNumber="A"))
    assert fault(quickbooks, "bill", bill(DocNumber="A")) == ("6140", "")
    assert ask(quickbooks, f"bill?include={word}", bill(DocNumber="A"))["DocNumber"] == "A"


def test_the_link_to_pay_an_invoice_is_shown_when_asked_for(quickbooks):
    payable = {"AllowOnlineCreditCardPayment": True, "BillEmail": {"Address": "a@b.co"}}
    ask(quickbooks, "invoice", invoice(**payable))
    ask(quickbooks, "invoice", invoice())
    answer = ask(quickbooks, "invoice/1?include=invoiceLink", method="GET")
    assert answer["InvoiceLink"].startswith("https://")
    assert (
        answer["InvoiceLink"]
        == ask(quickbooks, "invoice/1?include=INVOICELINK", method="GET")["InvoiceLink"]
    )
    other = ask(quickbooks, "invoice", invoice(**payable))["Id"]
    query = ask(quickbooks, f"invoice/{other}?include=invoiceLink", method="GET")
    assert query["InvoiceLink"] != answer["InvoiceLink"]
    assert "InvoiceLink" not in ask(quickbooks, "invoice/1", method="GET")
    assert "InvoiceLink" not in ask(quickbooks, "invoice/2?include=invoiceLink", method="GET")


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_query_shows_the_links_to_pay_invoices_when_asked_for(quickbooks, method):
    """Intuit's page of the invoice: `include=invoiceLink` gets the link back on query response."""
    payable = {"AllowOnlineACHPayment": True, "BillEmail": {"Address": "a@b.co"}}
    for fields in (payable, {}):
        ask(quickbooks, "invoice", invoice(**fields))

    def links(parameters):
        path, body = "query", "select * from Invoice orderby Id"
        if method == "GET":
            path, body = f"query?query={body}", None
        page = ask(quickbooks, f"{path}{'&' if '?' in path else '?'}{parameters}", body, method)
        return [row.get("InvoiceLink") for row in page["Invoice"]]

    [first, second] = links("include=invoiceLink")
    read = ask(quickbooks, "invoice/1?include=invoiceLink", method="GET")
    assert (first, second) == (read["InvoiceLink"], None)
    assert links("minorversion=75") == [None, None]
    counted = ask(
        quickbooks, "query?query=select count(*) from Invoice&include=invoiceLink", None, "GET"
    )
    assert counted == {"totalCount": 2}


@pytest.mark.parametrize(
    ("word", "moved"), [("updateaccountontxns", True), ("donotupdateaccountontxns", False)]
)
def test_a_new_account_of_an_item_moves_what_was_sold_only_when_asked_for(quickbooks, word, moved):
    item = {"Name": "Crane", "Type": "Service", "IncomeAccountRef": {"value": "79"}}
    entity = ask(quickbooks, "item", item)
    sale = ask(quickbooks, "invoice", invoice(entity["Id"]))
    income = next(
        row["Id"]
        for row in quickbooks.select("select * from Account where AccountType = 'Income'")[
            "Account"
        ]
        if row["Id"] != "79"
    )
    before = balance(quickbooks, income)
    change = {**item, "Id": entity["Id"], "SyncToken": "0", "IncomeAccountRef": {"value": income}}
    ask(quickbooks, f"item?include={word}", change)
    assert (balance(quickbooks, income) - before == 10) is moved
    assert ask(quickbooks, f"invoice/{sale['Id']}", method="GET")["SyncToken"] == "0"


def balance(quickbooks, account):
    return ask(quickbooks, f"account/{account}", method="GET")["CurrentBalance"]


@pytest.mark.parametrize("version", ["1", "40", "75", "99", "x"])
def test_every_minor_version_is_answered_as_the_newest(quickbooks, version):
    plain = ask(quickbooks, "vendor/1", method="GET")
    assert ask(quickbooks, f"vendor/1?minorversion={version}", method="GET") == plain


@pytest.mark.parametrize("path", ["bill", "batch"])
@pytest.mark.parametrize(
    ("body", "code"), [(b"{", "2010"), (b"", "2010"), (b'{"PrivateNote": "\xff"}', "500")]
)
def test_a_body_that_cannot_be_read_is_refused(quickbooks, path, body, code):
    assert fault(quickbooks, path, body) == (code, None)


@pytest.mark.parametrize("path", ["bill", "batch", "attachable", "recurringtransaction"])
@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        ("application/json", "[" * 50_000),
        ("application/json", '{"Line":' * 50_000),
        ("application/xml", "<Bill>" * 50_000 + "</Bill>" * 50_000),
    ],
)
def test_a_body_that_is_nested_without_end_is_refused(quickbooks, path, content_type, body):
    answer = quickbooks.ask("POST", path, body, content_type=content_type)
    [error] = answer.json()["Fault"]["Error"]
    assert (answer.status, error["code"]) == (400, "2010")


@pytest.mark.parametrize("number", ["1e999999999", "-1e999999999", "1e300"])
def test_a_number_without_end_is_too_large(quickbooks, number):
    body = '{"VendorRef": {"value": "1"}, "ExchangeRate": %s, "Line": []}'
    assert fault(quickbooks, "bill", body % number) == ("2090", "ExchangeRate")


def with_link(**link):
    return bill(LinkedTxn=[link])


def with_line(**fields):
    return bill(Line=[{**LINE, **fields}])


def expense(**payee):
    return {
        "PaymentType": "Cash",
        "AccountRef": {"value": "35"},
        "Line": [LINE],
        "EntityRef": {"value": "1", **payee},
    }


@pytest.mark.parametrize(
    ("path", "body", "code", "element"),
    [
        ("bill", with_line(DetailType={"value": "1"}), "2010", None),
        ("bill", with_line(DetailType=[]), "2010", None),
        ("bill", bill(CurrencyRef={"value": ["USD"]}), "2010", None),
        ("bill", bill(VendorRef={"value": {"value": "1"}}), "2010", None),
        ("bill", with_link(TxnType="PurchaseOrder"), "2020", "LinkedTxn.TxnId"),
        ("bill", with_link(TxnId="", TxnType="PurchaseOrder"), "2020", "LinkedTxn.TxnId"),
        ("bill", with_link(TxnId="1"), "2020", "LinkedTxn.TxnType"),
        ("purchase", expense(type="Account"), "2170", "type"),
        ("purchase", expense(type="vendor"), "2170", "type"),
    ],
)
def test_a_value_that_its_field_cannot_hold_is_refused(quickbooks, path, body, code, element):
    assert fault(quickbooks, path, body) == (code, element)
