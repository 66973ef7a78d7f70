"""ION parts as QuickBooks items, with faults between ION and QuickBooks."""

import hashlib
import hmac
import json
from decimal import Decimal

import pytest
from hub_ion import client
from hub_ion.sandbox import api

from hub import sources
from hub.db import engine
from hub.errors import OtherTenant
from hub.installations import enable, installation_rows
from hub.models import ReceiptRow
from hub.posting.reconcile.drift import watch
from hub.posting.reconcile.run import reconcile
from hub.qbo import changes, record_download
from hub.scheduling import runner
from qbo_sandbox.kit import Fault
from tests.support.sources.ion_site import EVERYTHING, open_ion_site

pytestmark = pytest.mark.end_to_end

NUMBERS = ("OW-1", "OW-2", "AN:960\\4\t2", "OW-" + "8" * 110, "GR-7A", "gr-7a")


@pytest.fixture(scope="module")
def ion(module_app):
    return open_ion_site(module_app, **EVERYTHING)


@pytest.fixture
def site(ion, item_history):
    """Provide the same world after the story of the parts, with the usual settings."""
    ion.set()
    return ion


# -- parts -----------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def item_history(ion):
    """Provide the items after each run, by part number.

    The parts are created, ordered, renamed and changed, and reported again unchanged.
    """
    site = ion
    parts = {number: site.part(number, description="Strut") for number in NUMBERS}
    site.sync()
    runs, ids = [_items(site)], [site.order({"partId": part["id"]}) for part in parts.values()]
    renamed = runs[0]["OW-1"][0]
    site.make(
        "Item",
        Id=renamed["Id"],
        SyncToken=renamed["SyncToken"],
        Name="OW-1 Rev A (shelf 4)",
        sparse=True,
    )
    record_download.refresh(1, ["item"])
    site.changes.updatePart(
        _etag(site, parts["OW-1"]) | {"cost": Decimal("4.75"), "description": "Beam"}
    )
    site.changes.createPartRevision(_etag(site, parts["OW-2"]))
    site.sync()
    runs.append(_items(site))
    site.changes.updatePart(_etag(site, parts["OW-1"]) | {"cost": Decimal("4.75")})
    writes = site.sync()["requests"]["writes"]
    posted = [len(site.posted(id)) for id in ids]
    ids = {number: part["id"] for number, part in parts.items()}
    return {"runs": runs, "writes": writes, "posted": posted, "ids": ids}


def _etag(site, part):
    row = site.books.row("parts", part["id"])
    return {"id": row["id"], "etag": row["_etag"]}


def _items(site):
    result = site.select("Item", "Type = 'Inventory'")
    return {
        sku: [item for item in result if item["Sku"] == sku]
        for sku in {item["Sku"] for item in result}
    }


@pytest.mark.row("ION-15", "ION-18")
def test_a_part_becomes_an_inventory_item_with_its_three_accounts(item_history):
    (item,) = item_history["runs"][0]["OW-1"]
    names = ("Name", "Type", "Description", "PurchaseDesc", "QtyOnHand", "InvStartDate")
    assert {name: item[name] for name in names} == {
        "Name": "OW-1 Rev A",
        "Type": "Inventory",
        "Description": "Strut",
        "PurchaseDesc": "Strut",
        "QtyOnHand": 0,
        "InvStartDate": "2026-03-02",
    }
    accounts = ("IncomeAccountRef", "AssetAccountRef", "ExpenseAccountRef")
    assert [item[name]["value"] for name in accounts] == ["79", "81", "80"]


@pytest.mark.row("ION-19")
def test_a_changed_part_changes_description_and_cost_only_and_an_unchanged_one_nothing(
    item_history,
):
    (item,) = item_history["runs"][1]["OW-1"]
    values = item["PurchaseCost"], item["Description"], item["Name"], item["QtyOnHand"]
    assert values == (Decimal("4.75"), "Beam", "OW-1 Rev A (shelf 4)", 0)
    assert item_history["writes"] == 0


@pytest.mark.row("ION-19")
def test_a_new_revision_is_an_item_of_its_own(item_history):
    assert {item["Name"] for item in item_history["runs"][1]["OW-2"]} == {
        "OW-2 Rev A",
        "OW-2 Rev B",
    }


@pytest.mark.row("ION-17", "ION-42")
def test_names_that_quickbooks_does_not_take_are_changed_and_each_part_has_one_item(item_history):
    names = [item["Name"] for items in item_history["runs"][1].values() for item in items]
    assert len(names) == len(set(names)) == len(NUMBERS) + 1
    assert all(len(name) <= 100 for name in names)
    ids = item_history["ids"]
    odd = f"AN-960-4-2 Rev A ({ids[NUMBERS[2]]})", f"gr-7a Rev A ({ids['gr-7a']})"
    assert {*odd, "GR-7A Rev A"} <= set(names)
    assert item_history["posted"] == [1] * len(NUMBERS)


@pytest.mark.row("ION-16", "ION-42")
@pytest.mark.parametrize(("first", "second"), [("zq-9a", "ZQ-9A"), ("zr-9a", "Zr-9A")])
def test_a_later_part_that_differs_only_in_case_gets_an_item_of_its_own(site, first, second):
    site.part(first)
    site.sync()
    later = site.part(second, cost="7.00")
    order = site.order({"partId": later["id"]})
    site.sync()
    assert item_name(site, order) == f"{second} Rev A ({later['id']})"
    costs = {
        item["Name"]: item["PurchaseCost"] for item in site.select("Item", "Type = 'Inventory'")
    }
    assert costs[f"{first} Rev A"] == Decimal("2.50")


@pytest.mark.row("ION-16", "ION-17", "ION-21")
def test_a_part_is_matched_to_the_only_item_whose_name_contains_it(
    site,
):
    for name in (
        "Bracket 77-001 Rev B steel",
        "177-001 Rev B",
        "77-001 Rev BA",
        "Left 88 Rev B",
        "Right 88 Rev B",
    ):
        site.make("Item", Name=name, Type="NonInventory", ExpenseAccountRef={"value": "80"})
    record_download.refresh(1, ["item"])
    clear, unclear = site.part("77-001", revision="B"), site.part("88", revision="B")
    clear_order = site.order({"partId": clear["id"]})
    unclear_order = site.order({"partId": unclear["id"]})
    site.sync()
    assert item_name(site, clear_order) == "Bracket 77-001 Rev B steel"
    cause = f"match:1:part:part:{unclear['id']}"
    assert "Left 88 Rev B, Right 88 Rev B" in site.cases()[cause]
    assert (site.posted(unclear_order), {"77-001", "88"} & set(_items(site))) == ([], set())
    site.match("part", f"part:{unclear['id']}", site.item("Left")["Id"])
    site.sync()
    assert (item_name(site, unclear_order), site.cases_about(cause)) == ("Left 88 Rev B", {})


def item_name(site, order):
    return site.posted(order)[0]["Line"][0]["ItemBasedExpenseLineDetail"]["ItemRef"]["name"]


@pytest.mark.row("ION-17", "ION-20")
def test_items_may_be_made_only_when_an_order_needs_them_and_by_purchase_type(site):
    site.set(parts="ordered", part_type="purchase_type")
    kinds = {"INVENTORY": "Inventory", "NON_INVENTORY": "NonInventory", "DIGITAL": "Service"}
    parts = {kind: site.part(f"QT-{kind}", purchaseType=kind) for kind in kinds}
    site.part("QT-idle")
    site.sync()
    assert site.item("QT-") is None
    site.order(*({"partId": part["id"]} for part in parts.values()))
    site.sync()
    assert {kind: site.item(f"QT-{kind} Rev")["Type"] for kind in kinds} == kinds
    site.set(parts="ordered", generic_item="Framing Lumber")
    id = site.order({"partId": site.part("QT-other")["id"]})
    site.sync()
    assert item_name(site, id) == "Framing Lumber"
    assert site.item("QT-idle") is site.item("QT-other") is None


# -- faults ----------------------------------------------------------------------------------------


@pytest.mark.row("ION-37")
@pytest.mark.proof(small=2)
@pytest.mark.parametrize("call", ["purchaseorder.create", "item.create"])
@pytest.mark.parametrize("requestid", ["replay", "ignore"])
def test_an_answer_that_was_lost_makes_nothing_twice(site, call, requestid):
    site.quickbooks.switch(requestid=requestid)
    site.quickbooks.add_fault("lose_answer", call)
    number = f"{call} {requestid}"
    id = site.order({"partId": site.part(number)["id"]})
    site.sync()
    site.clock.advance(400)
    site.sync()
    items = site.select("Item", f"Sku = '{number}'")
    assert (len(site.posted(id)), len(items)) == (1, 1)
    assert site.posting(f"order:{id}").state == "posted"
    site.quickbooks.switch(requestid="replay")


@pytest.mark.row("ION-36", "ION-39")
def test_a_reading_that_breaks_off_between_pages_loses_and_doubles_nothing(site, monkeypatch):
    monkeypatch.setattr("hub_ion.client.PAGE_SIZE", 2)
    ids = [site.order({"account": "6300"}) for _ in range(5)]
    for fault, message in (
        ({"kind": "status", "status": 429}, "to slow down"),
        ({"kind": "status", "status": 502}, "now (status 502)."),
        ({"kind": "reset"}, "Can't reach ION"),
    ):
        site.source.faults.add(Fault(call="Orders", nth=2, **fault))
        assert message in runner.sync(site.row.id, requested_by="kari").error
    site.sync()
    assert [len(site.posted(id)) for id in ids] == [1] * 5


@pytest.mark.row("ION-35")
def test_a_signed_call_brings_the_order_and_many_calls_make_one_run(site):
    id = site.order({"account": "6300"})
    site.sync()
    (receiver,) = site.books.rows("receivers")
    assert receiver["webhookUri"].endswith(f"/webhooks/{site.row.id}")
    events = [event["said"] for event in site.source.calls.events]
    assert {(event["resource"], event["action"]) for event in events} >= {
        ("PURCHASEORDERS", "UPDATE")
    }
    signals = {
        signal for event in events for signal in signalled(site, event, receiver["sharedSecret"])
    }
    assert (f"order:{id}",) in {signal.ids for signal in signals}


def signalled(site, payload, secret):
    body = json.dumps(payload).encode()
    headers = {"X-Ion-Signature": hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()}
    return sources.interpret_webhook(site.row, headers, body)


@pytest.mark.row("ION-38")
@pytest.mark.parametrize("where", ["reference", "attribute"])
def test_writing_the_number_back_starts_no_further_posting(site, where):
    site.set(write_back=where)
    id = site.order({"account": "6300"})
    site.sync()
    row = site.books.row("orders", id)
    assert (
        row["attributes"].get("QuickBooks PO") if where == "attribute" else row["externalReference"]
    ) == str(id)
    assert site.sync()["requests"]["writes"] == 0


@pytest.mark.row("ION-38")
def test_a_key_that_may_not_write_back_is_a_warning_only(site):
    site.set(
        write_back="attribute", client_id="ion-reading-key", client_secret="stand-in-secret-55d0"
    )
    id = site.order({"account": "6300"})
    site.sync()
    assert len(site.posted(id)) == 1
    with engine.read_only_session() as session:
        rows = session.query(ReceiptRow).filter_by(
            document_id=site.posting(f"order:{id}").document_id
        )
        assert [row.ended for row in rows] == ["refused"]


@pytest.mark.row("ION-41")
@pytest.mark.parametrize("how", ["edited", "deleted"])
def test_an_edit_of_an_order_in_quickbooks_is_listed_and_not_overwritten(site, how):
    id = site.order({"account": "6300"})
    site.sync()
    (order,) = site.posted(id)
    site.clock.advance(120)
    if how == "deleted":
        site.quickbooks.ask(
            "POST",
            "purchaseorder?operation=delete",
            {"Id": order["Id"], "SyncToken": order["SyncToken"]},
        )
    else:
        line = {**order["Line"][0], "Amount": 99}
        site.make("PurchaseOrder", **{**order, "Line": [line]})
    site.clock.advance(120)
    changes.poll(1)
    cause = f"posting:{site.posting(f'order:{id}').id}:"
    watch(1)
    assert site.cases_about(cause), "the changes that QuickBooks lists show it"
    reconcile(1)
    assert site.cases_about(cause), "the nightly reconciliation shows it too"
    site.sync()
    assert [row["TotalAmt"] for row in site.posted(id)] == ([] if how == "deleted" else [99])


@pytest.mark.row("ION-24")
def test_codes_of_all_open_orders_are_listed_and_of_ended_ones_not(site):
    id = site.order({"account": "4711", "section": "Launch"}, supplierId=8)
    site.move(id, "DRAFT")
    partly, received = (
        site.order({"quantity": "2", "account": account, "section": section})
        for account, section in (("4712", "Recovery"), ("4713", "Museum"))
    )
    site.receive(site.lines(partly)[0], "1")
    site.receive(site.lines(received)[0], "2")
    listed = {
        field: [code.name or code.id for code in sources.read_codes(site.row, field)]
        for field in ("supplier", "class", "expense_code")
    }
    assert "Nowhere Machining" in listed["supplier"]
    assert sorted(listed["class"]) == ["Launch", "Recovery"]
    assert {"4711", "4712"} <= set(listed["expense_code"])
    assert "4713" not in listed["expense_code"]


@pytest.mark.row("ION-3")
def test_an_installation_is_bound_to_one_company_and_one_organization(site):
    row = site.row
    assert (row.company.realm, row.tenant) == (site.realm, "4711")
    other = site.source.settings(site.url, "sandbox")
    with pytest.raises(OtherTenant, match="belong to orbital-works"):
        enable.change(1, "ion", other, who="kari")


@pytest.mark.row("ION-3")
def test_settings_of_another_organization_that_are_refused_change_nothing(site):
    other = site.source.settings(site.url, "sandbox")
    before = dict(site.row.settings)
    for change in (enable.change, enable.enable):
        with pytest.raises(OtherTenant):
            change(1, "ion", other, who="kari")
    row = installation_rows.require_installation(1, "ion")
    assert (row.settings, row.tenant, row.tenant_name) == (before, "4711", "orbital-works.example")
    id = site.order({"account": "6300"})
    site.sync()
    assert len(site.posted(id)) == 1, "the former keys still read the former organization"


@pytest.mark.row("ION-2", "ION-3")
def test_an_app_goes_on_with_the_same_organization_of_another_environment(site, monkeypatch):
    """The database of ION's sandbox is a copy of that of production."""
    monkeypatch.setitem(api.ORGANIZATIONS, "sandbox", api.ORGANIZATIONS["production"])
    other = site.connect_another()
    keys = {}
    for name in ("production", "sandbox"):
        settings = other.source.settings(other.url, name)
        addresses = (settings["api_url"], settings["token_url"])
        monkeypatch.setitem(client.ENVIRONMENTS, name, (name.title(), *addresses))
        keys[name] = settings | {"environment": name}
    other.enable(**EVERYTHING | keys["sandbox"])
    with pytest.raises(OtherTenant, match=r"lead to the account orbital-works.* \(Production\)"):
        enable.change(other.company_id, "ion", keys["production"], who="kari")
    account = "4711 (Production)"
    options = {"who": "kari", "new_account": account}
    row = enable.change(other.company_id, "ion", keys["production"], **options)
    assert sources.check(row).id == row.tenant == account
    id = other.order({"account": "6300"})
    other.sync()
    assert len(other.posted(id)) == 1


@pytest.mark.row("ION-3")
def test_each_company_has_an_organization_of_its_own(site):
    before = dict(site.row.settings)
    other = site.connect_another()
    other.enable(**{**EVERYTHING, **other.source.settings(other.url, "sandbox")})
    assert (other.row.company.realm, other.row.tenant) == (other.realm, "4712")
    row = installation_rows.require_installation(1, "ion")
    assert (row.company.realm, row.tenant, row.settings) == (site.realm, "4711", before)
    assert other.row.id != row.id
    id = other.order({"account": "6300"}, externalReference="of the other company")
    posted_before = len(site.select("PurchaseOrder"))
    other.sync()
    assert len(other.posted(id)) == 1
    assert len(site.select("PurchaseOrder")) == posted_before
    site.sync()
    assert len(other.select("PurchaseOrder")) == 1
