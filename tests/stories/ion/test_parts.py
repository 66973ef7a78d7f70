"""ION parts as QuickBooks items, with faults between ION and QuickBooks."""

import hashlib
import hmac
import json
from decimal import Decimal

import pytest

from hub import sources
from hub.db import engine
from hub.errors import OtherTenant
from hub.installations import enable
from hub.models import ReceiptRow
from hub.posting.reconcile.drift import watch
from hub.posting.reconcile.run import reconcile
from hub.qbo import changes, record_download
from hub.scheduling import runner
from qbo_sandbox.kit import Fault
from tests.support.ion_site import EVERYTHING, open_works

pytestmark = pytest.mark.end_to_end

NUMBERS = ("OW-1", "OW-2", "AN:960\\4\t2", "OW-" + "8" * 110, "GR-7A", "gr-7a")


@pytest.fixture(scope="module")
def world(long_lived):
    return open_works(long_lived, **EVERYTHING)


@pytest.fixture
def works(world, item_history):
    """Provide the same world after the story of the parts, with the usual settings."""
    world.set()
    return world


# -- parts -----------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def item_history(world):
    """Provide the items after each run, by part number.

    The parts are created, ordered, renamed and changed, and reported again unchanged.
    """
    works = world
    parts = {number: works.part(number, description="Strut") for number in NUMBERS}
    works.sync()
    runs, ids = [_items(works)], [works.order({"partId": part["id"]}) for part in parts.values()]
    renamed = runs[0]["OW-1"][0]
    works.make(
        "Item",
        Id=renamed["Id"],
        SyncToken=renamed["SyncToken"],
        Name="OW-1 Rev A (shelf 4)",
        sparse=True,
    )
    record_download.refresh(1, ["item"])
    works.changes.updatePart(
        _etag(works, parts["OW-1"]) | {"cost": Decimal("4.75"), "description": "Beam"}
    )
    works.changes.createPartRevision(_etag(works, parts["OW-2"]))
    works.sync()
    runs.append(_items(works))
    works.changes.updatePart(_etag(works, parts["OW-1"]) | {"cost": Decimal("4.75")})
    writes = works.sync()["requests"]["writes"]
    posted = [len(works.posted(id)) for id in ids]
    ids = {number: part["id"] for number, part in parts.items()}
    return {"runs": runs, "writes": writes, "posted": posted, "ids": ids}


def _etag(works, part):
    row = works.books.row("parts", part["id"])
    return {"id": row["id"], "etag": row["_etag"]}


def _items(works):
    result = works.select("Item", "Type = 'Inventory'")
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


@pytest.mark.row("ION-16", "ION-17", "ION-21")
def test_a_part_is_matched_to_the_only_item_whose_name_contains_it(
    works,
):
    for name in (
        "Bracket 77-001 Rev B steel",
        "177-001 Rev B",
        "77-001 Rev BA",
        "Left 88 Rev B",
        "Right 88 Rev B",
    ):
        works.make("Item", Name=name, Type="NonInventory", ExpenseAccountRef={"value": "80"})
    record_download.refresh(1, ["item"])
    clear, unclear = works.part("77-001", revision="B"), works.part("88", revision="B")
    clear_order = works.order({"partId": clear["id"]})
    unclear_order = works.order({"partId": unclear["id"]})
    works.sync()
    assert item_name(works, clear_order) == "Bracket 77-001 Rev B steel"
    cause = f"match:1:part:part:{unclear['id']}"
    assert "Left 88 Rev B, Right 88 Rev B" in works.cases()[cause]
    assert (works.posted(unclear_order), {"77-001", "88"} & set(_items(works))) == ([], set())
    works.match("part", f"part:{unclear['id']}", works.item("Left")["Id"])
    works.sync()
    assert (item_name(works, unclear_order), works.cases_about(cause)) == ("Left 88 Rev B", {})


def item_name(works, order):
    return works.posted(order)[0]["Line"][0]["ItemBasedExpenseLineDetail"]["ItemRef"]["name"]


@pytest.mark.row("ION-17", "ION-20")
def test_items_may_be_made_only_when_an_order_needs_them_and_by_purchase_type(works):
    works.set(parts="ordered", part_type="purchase_type")
    kinds = {"INVENTORY": "Inventory", "NON_INVENTORY": "NonInventory", "DIGITAL": "Service"}
    parts = {kind: works.part(f"QT-{kind}", purchaseType=kind) for kind in kinds}
    works.part("QT-idle")
    works.sync()
    assert works.item("QT-") is None
    works.order(*({"partId": part["id"]} for part in parts.values()))
    works.sync()
    assert {kind: works.item(f"QT-{kind} Rev")["Type"] for kind in kinds} == kinds
    works.set(parts="ordered", generic_item="Framing Lumber")
    id = works.order({"partId": works.part("QT-other")["id"]})
    works.sync()
    assert item_name(works, id) == "Framing Lumber"
    assert works.item("QT-idle") is works.item("QT-other") is None


# -- faults ----------------------------------------------------------------------------------------


@pytest.mark.row("ION-37")
@pytest.mark.proof(small=2)
@pytest.mark.parametrize("call", ["purchaseorder.create", "item.create"])
@pytest.mark.parametrize("requestid", ["replay", "ignore"])
def test_an_answer_that_was_lost_makes_nothing_twice(works, call, requestid):
    works.quickbooks.switch(requestid=requestid)
    works.quickbooks.add_fault("lose_answer", call)
    number = f"{call} {requestid}"
    id = works.order({"partId": works.part(number)["id"]})
    works.sync()
    works.clock.advance(400)
    works.sync()
    items = works.select("Item", f"Sku = '{number}'")
    assert (len(works.posted(id)), len(items)) == (1, 1)
    assert works.posting(f"order:{id}").state == "posted"
    works.quickbooks.switch(requestid="replay")


@pytest.mark.row("ION-36", "ION-39")
def test_a_reading_that_breaks_off_between_pages_loses_and_doubles_nothing(works, monkeypatch):
    monkeypatch.setattr("hub_ion.client.PAGE_SIZE", 2)
    ids = [works.order({"account": "6300"}) for _ in range(5)]
    for fault, message in (
        ({"kind": "status", "status": 429}, "it is tried again"),
        ({"kind": "status", "status": 502}, "it is tried again"),
        ({"kind": "reset"}, "Can't reach ION"),
    ):
        works.source.faults.add(Fault(call="Orders", nth=2, **fault))
        assert message in runner.sync(works.row.id, requested_by="kari").error
    works.sync()
    assert [len(works.posted(id)) for id in ids] == [1] * 5


@pytest.mark.row("ION-35")
def test_a_signed_call_brings_the_order_and_many_calls_make_one_run(works):
    id = works.order({"account": "6300"})
    works.sync()
    (receiver,) = works.books.rows("receivers")
    assert receiver["webhookUri"].endswith(f"/webhooks/{works.row.id}")
    events = [event["said"] for event in works.source.calls.events]
    assert {(event["resource"], event["action"]) for event in events} >= {
        ("PURCHASEORDERS", "UPDATE")
    }
    signals = {
        signal for event in events for signal in signalled(works, event, receiver["sharedSecret"])
    }
    assert (f"order:{id}",) in {signal.ids for signal in signals}


def signalled(works, payload, secret):
    body = json.dumps(payload).encode()
    headers = {"X-Ion-Signature": hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()}
    return sources.interpret_webhook(works.row, headers, body)


@pytest.mark.row("ION-38")
@pytest.mark.parametrize("where", ["reference", "attribute"])
def test_writing_the_number_back_starts_no_further_posting(works, where):
    works.set(write_back=where)
    id = works.order({"account": "6300"})
    works.sync()
    row = works.books.row("orders", id)
    assert (
        row["attributes"].get("QuickBooks PO") if where == "attribute" else row["externalReference"]
    ) == str(id)
    assert works.sync()["requests"]["writes"] == 0


@pytest.mark.row("ION-38")
def test_a_key_that_may_not_write_back_is_a_warning_only(works):
    works.set(
        write_back="attribute", client_id="ion-reading-key", client_secret="stand-in-secret-55d0"
    )
    id = works.order({"account": "6300"})
    works.sync()
    assert len(works.posted(id)) == 1
    with engine.read_only_session() as session:
        rows = session.query(ReceiptRow).filter_by(
            document_id=works.posting(f"order:{id}").document_id
        )
        assert [row.ended for row in rows] == ["refused"]


@pytest.mark.row("ION-41")
@pytest.mark.parametrize("how", ["edited", "deleted"])
def test_an_edit_of_an_order_in_quickbooks_is_listed_and_not_overwritten(works, how):
    id = works.order({"account": "6300"})
    works.sync()
    (order,) = works.posted(id)
    works.clock.advance(120)
    if how == "deleted":
        works.quickbooks.ask(
            "POST",
            "purchaseorder?operation=delete",
            {"Id": order["Id"], "SyncToken": order["SyncToken"]},
        )
    else:
        line = {**order["Line"][0], "Amount": 99}
        works.make("PurchaseOrder", **{**order, "Line": [line]})
    works.clock.advance(120)
    changes.poll(1)
    cause = f"posting:{works.posting(f'order:{id}').id}:"
    watch(1)
    assert works.cases_about(cause), "the changes that QuickBooks lists show it"
    reconcile(1)
    assert works.cases_about(cause), "the nightly reconciliation shows it too"
    works.sync()
    assert [row["TotalAmt"] for row in works.posted(id)] == ([] if how == "deleted" else [99])


@pytest.mark.row("ION-24")
def test_codes_of_draft_orders_are_listed(works):
    id = works.order({"account": "4711", "section": "Launch"}, supplierId=8)
    works.move(id, "DRAFT")
    listed = {
        field: [code.name or code.id for code in sources.read_codes(works.row, field)]
        for field in ("supplier", "class")
    }
    assert "Nowhere Machining" in listed["supplier"]
    assert listed["class"] == ["Launch"]


@pytest.mark.row("ION-3")
def test_an_installation_is_bound_to_one_company_and_one_organization(works):
    row = works.row
    assert (row.company.realm, row.tenant) == (works.realm, "4711")
    other = works.source.settings(works.url, "sandbox")
    with pytest.raises(OtherTenant, match="belong to orbital-works"):
        enable.change(1, "ion", other, who="kari")
