"""The stand-in against exchanges recorded from the real service: shapes, codes, fields, order."""

import json
import os
import re
from pathlib import Path
from urllib.parse import unquote

import pytest
import yaml

from hub.qbo.sandbox import US, create
from hub.qbo.sandbox.schema import types

EVIDENCE = Path(os.environ.get("HUB_EVIDENCE", Path(__file__).parent.parent / "../shared/evidence"))
RECORDED = EVIDENCE / "recorded-json"
pytestmark = pytest.mark.skipif(not RECORDED.is_dir(), reason=f"no recordings at {EVIDENCE}")
READ_ONLY = {"domain", "sparse", "Id", "SyncToken", "MetaData", "Balance", "BalanceWithJobs", "FullyQualifiedName"}


@pytest.fixture
def quickbooks():
    return create(companies=[US.changed({"seeded": False})])


def exchanges(name):
    for pair in yaml.safe_load((RECORDED / name).read_text())["http_interactions"]:
        request, response = pair["request"], pair["response"]
        path = re.sub(r"https://[^/]+/v3/(company/[^/]+/)?", "", request["uri"])
        yield request["method"].upper(), path, request["body"]["string"], json.loads(response["body"]["string"])


def rows(name, kind):
    return [row for *_, answer in exchanges(name) for row in answer.get("QueryResponse", {}).get(kind, ())]


def made(quickbooks, kind, row, **more):
    """The same entry in the stand-in, from what a client could have sent."""
    body = {key: value for key, value in row.items() if key not in READ_ONLY} | more
    for key in ("BillAddr", "ShipAddr"):
        body.get(key, {}).pop("Id", None)
    answer = quickbooks.ask("POST", kind.lower(), body)
    assert answer.status == 200, answer.text
    return answer.json()[kind]


def keys(value):
    """Every path of keys in a body, whatever its values."""
    if isinstance(value, dict):
        return {f"{key}{below}" for key, inner in value.items() for below in ["", *(f".{k}" for k in keys(inner))]}
    if isinstance(value, list):
        return {key for inner in value for key in keys(inner)}
    return set()


@pytest.mark.parametrize(("name", "kind"), [("all/vendors_by_5.yml", "Vendor"), ("all/alt_select.yml", "Customer")])
def test_rows_have_the_keys_of_the_recorded_ones(quickbooks, name, kind):
    for row in rows(name, kind):
        if "ParentRef" not in row:
            ours = made(quickbooks, kind, json.loads(json.dumps(row)))
            listed = quickbooks.select(f"select * from {kind} where Id = '{ours['Id']}'")[kind][0]
            assert keys(listed) - {"BillAddr.Id", "ShipAddr.Id"} == keys(row) - {"BillAddr.Id", "ShipAddr.Id"}


@pytest.mark.parametrize(
    ("name", "kind", "field"),
    [("all/vendors_by_5.yml", "Vendor", "DisplayName"), ("all/customers.yml", "Customer", "FullyQualifiedName")],
)
def test_lists_come_in_the_recorded_order(quickbooks, name, kind, field):
    recorded = [row for row in rows(name, kind) if ":" not in row.get(field, "")]
    for row in reversed(recorded):
        made(quickbooks, kind, {"DisplayName": row["DisplayName"]})
    ours = quickbooks.select(f"select * from {kind} maxresults 1000")[kind]
    assert [row[field] for row in ours] == [row[field] for row in recorded]
    assert len(recorded) > 15


@pytest.mark.parametrize(
    "name",
    [
        "all/alt_select.yml",
        "all/vendors_by_5.yml",
        "all/employees_including_active.yml",
        "get/display_name.yml",
        "get/inactive_vendors.yml",
        "misc/ampersand.yml",
    ],
)
def test_recorded_queries_are_answered_in_the_recorded_envelope(quickbooks, name):
    for n in range(12):
        made(quickbooks, "Customer", {"DisplayName": f"C{n}"})
    for n in range(26):
        made(quickbooks, "Vendor", {"DisplayName": f"V{n}"})
    made(quickbooks, "Employee", {"DisplayName": "E"})
    made(quickbooks, "Customer", {"DisplayName": "Amy's Bird Sanctuary"})
    made(quickbooks, "Vendor", {"DisplayName": "Robertson & Associates"})
    for method, path, _, answer in exchanges(name):
        ours = quickbooks.ask(method, path)
        assert ours.status == 200, unquote(path)
        assert set(ours.json()) == set(answer)
        assert set(answer["QueryResponse"]) in ({"totalCount"}, set(), set(ours.json()["QueryResponse"])), unquote(path)


def test_a_customer_is_read_as_recorded(quickbooks):
    [(_, _, _, answer)] = exchanges("get/id.yml")
    ours = made(quickbooks, "Customer", json.loads(json.dumps(answer["Customer"])))
    told = quickbooks.ask("GET", f"customer/{ours['Id']}").json()
    assert set(told) == set(answer)
    assert keys(told["Customer"]) | {"BillAddr.Id", "ShipAddr.Id"} == keys(answer["Customer"])


def test_a_customer_is_updated_as_recorded(quickbooks):
    (_, _, _, before), (_, _, body, after) = exchanges("update/customer.yml")
    ours = made(quickbooks, "Customer", before["Customer"])
    told = quickbooks.ask("POST", "customer", json.loads(body) | {"Id": ours["Id"]}).json()["Customer"]
    volatile = {"Id", "MetaData"}
    assert {k: v for k, v in told.items() if k not in volatile} == {
        k: v for k, v in after["Customer"].items() if k not in volatile
    }


def test_a_file_for_what_does_not_exist_is_refused_as_recorded(quickbooks):
    [(_, _, body, answer)] = exchanges("attachment/error_estimate.yml")
    boundary = body.split("\r\n", 1)[0].removeprefix("--")
    told = quickbooks.ask("POST", "upload", body, content_type=f"multipart/form-data; boundary={boundary}").json()
    assert told["AttachableResponse"] == answer["AttachableResponse"]


def test_a_file_is_stored_as_recorded_and_deleted_without_a_version(quickbooks):
    vendor = made(quickbooks, "Vendor", {"DisplayName": "With file"})
    [(_, _, body, answer)] = exchanges("attachment/create_for_invoice.yml")
    body = body.replace('"type":"Invoice","value":"75"', f'"type":"Vendor","value":"{vendor["Id"]}"')
    boundary = body.split("\r\n", 1)[0].removeprefix("--")
    told = quickbooks.ask("POST", "upload", body, content_type=f"multipart/form-data; boundary={boundary}").json()
    ours, recorded = (each["AttachableResponse"][0]["Attachable"] for each in (told, answer))
    assert keys(ours) == keys(recorded)
    assert (ours["Size"], ours["ContentType"], len(ours["Id"])) == (538, "text/xml", len(recorded["Id"]))
    gone = quickbooks.ask("POST", "attachable?operation=delete", {"Id": ours["Id"]}).json()
    [(_, _, _, deleted)] = exchanges("attachment/delete_attachment.yml")
    assert keys(gone) == keys(deleted)


def fault_of(name):
    return json.loads((RECORDED / "elixir-client" / name).read_text())["Fault"]


def shape(fault):
    return fault["type"], [(error["code"], error.get("element"), error["Message"]) for error in fault["Error"]]


@pytest.mark.parametrize(
    ("name", "method", "path", "body"),
    [
        ("item/create_item_error.json", "POST", "item", {"Type": "Service"}),
        ("item/read_item_error.json", "GET", "item/999", None),
        ("item/update_item_error.json", "POST", "vendor", {"Id": "1", "SyncToken": "9", "DisplayName": "x"}),
        ("sales_receipt/create_sales_receipt_error.json", "POST", "bill",
         {"VendorRef": {"value": "1"}, "Line": [{"Amount": 1}]}),
        ("api/query_error.json", "GET", "query?query=SELECT%20*%20FROM%20null", None),
    ],
)  # fmt: skip
def test_faults_have_the_recorded_type_code_element_and_message(quickbooks, name, method, path, body):
    made(quickbooks, "Vendor", {"DisplayName": "Someone"})
    answer = quickbooks.ask(method, path, body)
    assert answer.status == 400
    assert shape(answer.json()["Fault"]) == shape(fault_of(name))


def test_the_recorded_query_fault_to_the_letter(quickbooks):
    answer = quickbooks.ask("GET", "query?query=SELECT%20*%20FROM%20null").json()
    assert answer["Fault"] == fault_of("api/query_error.json")


def unknown_fields(kind, body):
    fields = types()[kind]
    for name, value in body.items():
        field = fields.get(name)
        if field is None:
            yield f"{kind}.{name}"
        elif field.type in types():
            for item in value if isinstance(value, list) else [value]:
                yield from unknown_fields(field.type, item)


def booked(quickbooks):
    """One transaction of every kind."""
    customer, vendor, bank = {"CustomerRef": {"value": "41"}}, {"VendorRef": {"value": "1"}}, {"value": "35"}
    item = {"ItemRef": {"value": "2"}, "Qty": 2, "UnitPrice": 5}
    bought = [{"Amount": 10, "DetailType": "ItemBasedExpenseLineDetail", "ItemBasedExpenseLineDetail": item}]
    taxed = item | {"TaxCodeRef": {"value": "TAX"}}
    sold = [{"Amount": 10, "DetailType": "SalesItemLineDetail", "SalesItemLineDetail": taxed}]
    sides = (("Debit", "7"), ("Credit", "35"))
    entries = [{"PostingType": side, "AccountRef": {"value": id}} for side, id in sides]
    journal = [{"Amount": 1, "DetailType": "JournalEntryLineDetail", "JournalEntryLineDetail": e} for e in entries]
    bodies = {
        "bill": {**vendor, "Line": bought},
        "vendorcredit": {**vendor, "Line": bought},
        "purchase": {"PaymentType": "Check", "AccountRef": bank, "Line": bought, "EntityRef": {"value": "1"}},
        "purchaseorder": {**vendor, "Line": bought},
        "invoice": {**customer, "Line": sold},
        "estimate": {**customer, "Line": sold},
        "salesreceipt": {"Line": sold},
        "creditmemo": {**customer, "Line": sold},
        "refundreceipt": {"DepositToAccountRef": bank, "Line": sold},
        "transfer": {"FromAccountRef": bank, "ToAccountRef": {"value": "36"}, "Amount": 3},
        "journalentry": {"Line": journal},
        "attachable": {"Note": "see", "AttachableRef": [{"EntityRef": {"type": "Bill", "value": "1"}}]},
    }
    for path, body in bodies.items():
        answer = quickbooks.ask("POST", path, body)
        assert answer.status == 200, answer.text
    quickbooks.act("pay", id="1")
    quickbooks.act("pay", kind="Invoice", id="5")
    link = [{"TxnId": "7", "TxnType": "SalesReceipt"}]
    quickbooks.ask("POST", "deposit", {"DepositToAccountRef": bank, "Line": [{"Amount": 1, "LinkedTxn": link}]})
    return quickbooks.books()[US.realm]


def test_no_body_holds_a_field_that_the_schema_does_not_know():
    books = booked(create())
    kinds = types().keys() & books.keys()
    assert len(kinds) == 31
    found = {bad for kind in kinds for row in books[kind] for bad in unknown_fields(kind, row)}
    assert found == set()


def test_the_field_table_is_that_of_the_official_schema():
    text = "".join(path.read_text() for path in (EVIDENCE / "intuit-xsd").glob("*.xsd"))
    declared = set(re.findall(r'name="(\w+)"', text)) | {"value"}
    assert {name for fields in types().values() for name in fields} <= declared
