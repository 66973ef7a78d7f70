"""The client against an independent QuickBooks server."""

import ast
import datetime as dt
import json
import shutil
import sys
from decimal import Decimal
from pathlib import Path

import pytest

from hub import Attachment
from hub.db.engine import read_only_session
from hub.payloads import build_file_metadata, build_update_body, encode
from hub.qbo import company as qbo_company
from hub.qbo import record_download, records, search, transaction_index
from hub.qbo.batch import BatchItem, split_responses
from hub.qbo.client import Client
from hub.qbo.oauth import connect as oauth_connect
from hub.qbo.responses import extract_rows
from sandbox_tests.recorded import objects, tapes
from tests.support.sources import independent_books, independent_quickbooks

KEY = "0123456789abcdef0123456789abcdef"
LONG_AGO = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)


def bill(number="E-1", **more):
    line = {
        "DetailType": "AccountBasedExpenseLineDetail",
        "Amount": Decimal("12.50"),
        "AccountBasedExpenseLineDetail": {"AccountRef": {"value": "120"}},
    }
    return {
        "VendorRef": {"value": "1"},
        "DocNumber": number,
        "PrivateNote": "[hub:ABCDEFGHIJKL]",
        "Line": [line],
        **more,
    }


@pytest.fixture
def client(make_app, make_config, empty_database, tmp_path):
    """Provide a client of a company on that server, whose lists were read."""
    served = independent_quickbooks.start(tmp_path)
    urls = {
        "HUB_QBO_API_URL": served.url,
        "HUB_QBO_TOKEN_URL": f"{served.url}/oauth2/v1/tokens/bearer",
    }
    config = make_config(**urls, HUB_QBO_CLIENT_ID="an-app", HUB_QBO_CLIENT_SECRET="its-secret")
    shutil.copy(empty_database, config.data / "hub.db")
    with make_app(config).app_context():
        company = oauth_connect.connect_with_refresh_token(
            independent_quickbooks.REALM, independent_quickbooks.REFRESH
        )
        record_download.refresh(company.id)
        yield Client(company.id)
    served.shutdown()
    served.server_close()


@pytest.mark.parametrize("module", [independent_books, independent_quickbooks])
def test_the_other_client_does_not_import_the_hub(module):
    nodes = ast.walk(ast.parse(Path(module.__file__).read_text()))
    used = {alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names}
    nodes = ast.walk(ast.parse(Path(module.__file__).read_text()))
    used |= {node.module for node in nodes if isinstance(node, ast.ImportFrom)}
    assert {name.partition(".")[0] for name in used} - set(sys.stdlib_module_names) <= {
        "independent_books"
    }


def test_the_facts_and_lists_of_a_company_are_read(client):
    with read_only_session() as session:
        facts = qbo_company.load_facts(session, client.company_id)
        suppliers = records.list_choices(session, client.company_id, "vendor")
    assert (facts.country, facts.currency, facts.locations, facts.class_per_line) == (
        "US",
        "USD",
        True,
        True,
    )
    assert (len(suppliers), facts.purchase_orders) == (25, True)


def test_a_bill_is_made_once_changed_and_deleted(client):
    creation = client.create("bill", encode(bill()), KEY)
    again = client.create("bill", encode(bill()), KEY)
    assert (creation.outcome, again.id, str(creation.entity["TotalAmt"])) == (
        "landed",
        creation.id,
        "12.50",
    )
    body = build_update_body(bill(PrivateNote="changed"), client.read("bill", creation.id).entity)
    changed = client.update("bill", encode(body), KEY[::-1])
    assert (changed.outcome, changed.sync_token, changed.entity["PrivateNote"]) == (
        "landed",
        "1",
        "changed",
    )
    stale = client.update("bill", encode(body), KEY[:16])
    gone = client.delete("bill", encode({"Id": creation.id, "SyncToken": "1"}), KEY[:15])
    assert (stale.code, gone.outcome, client.read("bill", creation.id).code) == (
        "5010",
        "landed",
        "610",
    )


def test_refusals_are_read_as_what_they_are(client):
    creation = client.create("bill", encode(bill()), KEY)
    number = client.create("bill", encode(bill()), KEY[::-1])
    assert (number.code, number.faults[0].holder) == ("6140", ("Bill", creation.id))
    assert client.create("bill", encode(bill("E" * 22)), KEY[1:]).code == "2050"
    assert (
        client.create("bill", encode(bill("E-2", VendorRef={"value": "999"})), KEY[2:]).code
        == "2500"
    )
    assert client.create("bill", encode(bill("E-2", Nonsense=1)), KEY[3:]).code == "2010"
    assert (
        client.create("customer", encode({"DisplayName": "supplier 03 & sons, inc."}), KEY[4:]).code
        == "6240"
    )


def test_an_invoice_is_voided_and_a_file_found(client):
    line = {
        "DetailType": "SalesItemLineDetail",
        "Amount": 5,
        "SalesItemLineDetail": {"ItemRef": {"value": "1"}},
    }
    creation = client.create(
        "invoice", encode({"CustomerRef": {"value": "26"}, "Line": [line]}), KEY
    )
    file = Attachment(id="f1", name="a.pdf", mime="application/pdf")
    about = build_file_metadata(file, "invoice", creation.id, "ABCDEFGHIJKL")
    assert client.upload(encode(about), b"%PDF-1.4", KEY[1:]).outcome == "landed"
    assert [file["FileName"] for file in search.find_files(client, "invoice", creation.id)] == [
        "a.pdf"
    ]
    voided = client.void("invoice", encode({"Id": creation.id, "SyncToken": "0"}), KEY[2:])
    assert transaction_index.is_voided(voided.entity)


def test_a_batch_answers_item_by_item(client):
    items = [BatchItem(f"{n:02}", "create", "bill", encode(bill(f"E-{n}"))) for n in (1, 2)]
    items.append(BatchItem("03", "create", "bill", encode(bill("E-1"))))
    results = split_responses(client.batch(items, KEY), items)
    assert [(results[item.bid].outcome, results[item.bid].code) for item in items] == [
        ("landed", ""),
        ("landed", ""),
        ("refused", "6140"),
    ]


def test_complete_searches_find_what_was_made_and_what_was_deleted(client):
    ids = [client.create("bill", encode(bill(f"E-{n}")), f"{KEY[:30]}{n:02}").id for n in range(12)]
    pages = list(search.find_created_since(client, "bill", LONG_AGO, page=5))
    assert [row["Id"] for page in pages for row in page] == ids
    client.delete("bill", encode({"Id": ids[3], "SyncToken": "0"}), KEY)
    now = dt.datetime.now(dt.UTC)
    assert [
        row["Id"] for row in search.find_deleted(client, "bill", now - dt.timedelta(days=1), now)
    ] == [ids[3]]
    assert {row["Id"] for row in search.find_by_number(client, "bill", ["E-1", "E-3", "E-7"])} == {
        ids[1],
        ids[7],
    }
    assert [
        row["Id"] for row in search.find_by_name(client, "vendor", 'O\'Neil "Rebar" Works')
    ] == ["25"]


def test_a_list_longer_than_a_page_is_read_whole(client, monkeypatch):
    monkeypatch.setattr("hub.qbo.paging.PAGE_SIZE", 10)
    assert record_download.refresh(client.company_id, ["vendor"]) == {"vendor": 25}
    page = client.select("vendor", "Active IN (true, false)", size=10)
    assert len(extract_rows(page, "vendor")) == 10


@pytest.mark.skipif(not tapes(), reason="no recordings: set HUB_EVIDENCE")
def test_its_answers_have_the_form_of_the_recorded_ones():
    recorded = [
        entity
        for tape in tapes().values()
        for exchange in tape
        for entity in objects(exchange.answer)
    ]
    common = {"domain", "sparse", "Id", "SyncToken", "MetaData"}
    assert all(common <= set(body) for kind, body in recorded if kind in independent_books.KINDS)
    vendors = [set(body) for kind, body in recorded if kind == "Vendor"]
    started = independent_books.Books(":memory:").rows["Vendor"]["1"]
    report = json.loads(independent_books.dumps(started))
    assert set(report) - {"FullyQualifiedName"} <= set().union(*vendors)
