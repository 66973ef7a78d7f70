"""ION's parts as items, and what happens when the way between ION and QuickBooks is not smooth."""

from decimal import Decimal

import pytest

from hub import enabling, sources, store
from hub.engine import run
from hub.models import ReceiptRow
from hub.posting.drift import watch
from hub.posting.reconcile import reconcile
from hub.qbo import changes, oauth, records
from hub.sandboxing import Fault
from tests.ion_works import EVERYTHING, Works


@pytest.fixture
def works(app, quickbooks, clock):
    return Works(app, quickbooks, clock)


def names(works):
    return {item["Name"] for item in works._select("select * from Item where Type = 'Inventory'", "Item")}


# -- parts -----------------------------------------------------------------------------------------------------------


@pytest.mark.row("ION-15", "ION-18")
def test_a_part_becomes_an_inventory_item_with_its_three_accounts(works):
    works.enable(**EVERYTHING)
    works.part("OW-1", description="Strut")
    works.sync()
    item = works.item("OW-1")
    told = {
        name: item[name] for name in ("Name", "Type", "Sku", "Description", "PurchaseDesc", "QtyOnHand", "InvStartDate")
    }
    assert told == {
        "Name": "OW-1 Rev A", "Type": "Inventory", "Sku": "OW-1", "Description": "Strut", "PurchaseDesc": "Strut",
        "QtyOnHand": 0, "InvStartDate": "2026-03-02",
    }  # fmt: skip
    accounts = ("IncomeAccountRef", "AssetAccountRef", "ExpenseAccountRef")
    assert [item[name]["value"] for name in accounts] == ["79", "81", "80"]


@pytest.mark.row("ION-19")
def test_a_changed_part_changes_description_and_cost_only_and_an_unchanged_one_nothing(works):
    works.enable(**EVERYTHING)
    part = works.part("OW-1")
    works.sync()
    edited = {**works.item("OW-1"), "QtyOnHand": 7, "Name": "OW-1 Rev A (shelf 4)", "sparse": True}
    works.make("Item", **{name: edited[name] for name in ("Id", "SyncToken", "Name", "sparse")})
    records.refresh(1, ["item"])
    works.changes.updatePart({"id": part["id"], "etag": part["_etag"], "cost": Decimal("4.75")})
    works.sync()
    item = works.item("OW-1")
    assert (item["PurchaseCost"], item["Name"]) == (Decimal("4.75"), "OW-1 Rev A (shelf 4)")
    part = works.books.row("parts", part["id"])
    works.changes.updatePart({"id": part["id"], "etag": part["_etag"], "cost": Decimal("4.75")})
    assert works.sync()["requests"]["writes"] == 0


@pytest.mark.row("ION-19")
def test_a_new_revision_is_an_item_of_its_own(works):
    works.enable(**EVERYTHING)
    part = works.part("OW-1")
    works.sync()
    records.refresh(1, ["item"])
    works.changes.createPartRevision({"id": part["id"], "etag": part["_etag"]})
    works.sync()
    assert names(works) >= {"OW-1 Rev A", "OW-1 Rev B"}


@pytest.mark.row("ION-16", "ION-17")
def test_an_item_whose_name_holds_the_part_is_taken_and_similar_ones_are_not(works):
    for name in ("Bracket 77-001 Rev B steel", "177-001 Rev B", "77-001 Rev BA"):
        works.make("Item", Name=name, Type="NonInventory", ExpenseAccountRef={"value": "80"})
    works.enable(**EVERYTHING)
    records.refresh(1, ["item"])
    id = works.order({"partId": works.part("77-001", revision="B")["id"]})
    works.sync()
    assert (
        works.posted(id)[0]["Line"][0]["ItemBasedExpenseLineDetail"]["ItemRef"]["name"] == "Bracket 77-001 Rev B steel"
    )
    assert works.item("Bracket")["Name"] == "Bracket 77-001 Rev B steel"
    assert "77-001 Rev B" not in names(works)


@pytest.mark.row("ION-16", "ION-21")
def test_several_items_that_fit_are_listed_and_nothing_is_made(works):
    for name in ("Left 77-001 Rev B", "Right 77-001 Rev B"):
        works.make("Item", Name=name, Type="NonInventory", ExpenseAccountRef={"value": "80"})
    works.enable(**EVERYTHING)
    records.refresh(1, ["item"])
    part = works.part("77-001", revision="B")
    id = works.order({"partId": part["id"]})
    works.sync()
    assert "Left 77-001 Rev B, Right 77-001 Rev B" in works.cases()[f"match:1:part:part:{part['id']}"]
    assert (works.posted(id), "77-001 Rev B" in names(works)) == ([], False)
    works.decide("part", f"part:{part['id']}", works.item("Left")["Id"])
    works.sync()
    assert (len(works.posted(id)), works.cases()) == (1, {})


@pytest.mark.row("ION-17")
def test_an_order_and_its_part_make_one_item_whatever_comes_first(works):
    works.enable(**EVERYTHING)
    part = works.part("OW-1")
    works.order({"partId": part["id"]})
    works.sync()
    works.changes.updatePart({"id": part["id"], "etag": part["_etag"], "description": "Strut"})
    works.order({"partId": part["id"]})
    works.sync()
    assert [item["Description"] for item in works._select("select * from Item where Sku = 'OW-1'", "Item")] == ["Strut"]


@pytest.mark.row("ION-20")
def test_items_may_be_made_only_when_an_order_needs_them_and_by_purchase_type(works):
    works.enable(**EVERYTHING, parts="ordered", part_type="purchase_type")
    kinds = {"INVENTORY": "Inventory", "NON_INVENTORY": "NonInventory", "DIGITAL": "Service"}
    parts = {kind: works.part(f"OW-{kind}", purchaseType=kind) for kind in kinds}
    works.part("OW-idle")
    works.sync()
    assert works.item("OW-") is None
    works.order(*({"partId": part["id"]} for part in parts.values()))
    works.sync()
    assert {kind: works.item(f"OW-{kind} Rev")["Type"] for kind in kinds} == kinds
    assert works.item("OW-idle") is None


@pytest.mark.row("ION-20")
def test_one_item_may_stand_for_all_parts(works):
    works.enable(**EVERYTHING, generic_item="Framing Lumber")
    id = works.order({"partId": works.part("OW-1")["id"]})
    works.sync()
    assert works.posted(id)[0]["Line"][0]["ItemBasedExpenseLineDetail"]["ItemRef"]["name"] == "Framing Lumber"
    assert works.item("OW-1") is None


@pytest.mark.row("ION-42")
def test_names_that_quickbooks_does_not_take_are_changed_the_same_way_every_time(works):
    works.enable(**EVERYTHING)
    odd = [works.part(number) for number in ("AN:960\\4\t2", "OW-" + "8" * 110, "GR-7A", "gr-7a")]
    works.sync()
    first = works.item("AN-960")["Name"]
    assert first == f"AN-960-4-2 Rev A ({odd[0]['id']})"
    assert all(len(name) <= 100 for name in names(works))
    assert names(works) >= {"GR-7A Rev A", f"gr-7a Rev A ({odd[3]['id']})"}
    ids = [works.order({"partId": part["id"]}) for part in odd]
    works.sync()
    assert [len(works.posted(id)) for id in ids] == [1] * 4
    assert len([name for name in names(works) if name.startswith("AN-960-4-2")]) == 1


# -- rough ways ------------------------------------------------------------------------------------------------------


@pytest.mark.row("ION-37")
@pytest.mark.parametrize("call", ["purchaseorder.create", "item.create"])
def test_an_answer_that_was_lost_makes_nothing_twice(works, call):
    works.enable(**EVERYTHING)
    works.quickbooks.add_fault("lose_answer", call)
    id = works.order({"partId": works.part("OW-1")["id"]})
    works.sync()
    works.clock.advance(400)
    works.sync()
    assert (len(works.posted(id)), len(works._select("select * from Item where Sku = 'OW-1'", "Item"))) == (1, 1)


@pytest.mark.row("ION-36", "ION-39")
@pytest.mark.parametrize(
    "fault", [{"kind": "status", "status": 429}, {"kind": "status", "status": 502}, {"kind": "reset"}]
)
def test_a_reading_that_breaks_off_between_pages_loses_and_doubles_nothing(works, monkeypatch, fault):
    monkeypatch.setattr("hub_ion.client.PAGE", 2)
    works.enable(**EVERYTHING)
    ids = [works.order({"account": "6300"}) for _ in range(5)]
    works.source.faults.add(Fault(call="Orders", nth=2, **fault))
    assert "it is tried again" in run.sync(works.row.id, asked_by="kari").error
    works.sync()
    assert [len(works.posted(id)) for id in ids] == [1] * 5


@pytest.mark.row("ION-35")
def test_a_signed_call_brings_the_order_and_many_calls_make_one_run(works):
    works.enable(**EVERYTHING)
    id = works.order({"account": "6300"})
    works.sync()
    (receiver,) = works.books.rows("receivers")
    assert receiver["webhookUri"].endswith(f"/webhooks/{works.row.id}")
    events = [event["said"] for event in works.source.calls.events]
    assert {(event["resource"], event["action"]) for event in events} >= {("PURCHASEORDERS", "UPDATE")}
    signals = {signal for event in events for signal in signalled(works, event, receiver["sharedSecret"])}
    assert (f"order:{id}",) in {signal.ids for signal in signals}


def signalled(works, said, secret):
    import hashlib
    import hmac
    import json

    body = json.dumps(said).encode()
    headers = {"X-Ion-Signature": hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()}
    return sources.webhook(works.row, headers, body)


@pytest.mark.row("ION-38")
@pytest.mark.parametrize("where", ["reference", "attribute"])
def test_the_number_is_written_back_and_that_starts_nothing_anew(works, where):
    works.enable(**EVERYTHING, write_back=where)
    id = works.order({"account": "6300"})
    works.sync()
    row = works.books.row("orders", id)
    assert (row["attributes"].get("QuickBooks PO") if where == "attribute" else row["externalReference"]) == str(id)
    assert works.sync()["requests"]["writes"] == 0


@pytest.mark.row("ION-38")
def test_a_key_that_may_not_write_back_is_a_warning_only(works):
    works.enable(
        **EVERYTHING, write_back="attribute", client_id="ion-reading-key", client_secret="stand-in-secret-55d0"
    )
    id = works.order({"account": "6300"})
    works.sync()
    assert len(works.posted(id)) == 1
    with store.reading() as session:
        ended = [row.ended for row in session.query(ReceiptRow) if row.body.get("kind") == "purchase_order"]
    assert ended
    assert not {"", "delivered"} & set(ended)


@pytest.mark.row("ION-41")
@pytest.mark.parametrize("how", ["edited", "deleted"])
def test_what_a_person_did_to_an_order_in_quickbooks_is_listed_and_not_overwritten(works, clock, how):
    works.enable(**EVERYTHING)
    id = works.order({"account": "6300"})
    works.sync()
    (order,) = works.posted(id)
    clock.advance(120)
    if how == "deleted":
        works.quickbooks.ask(
            "POST", "purchaseorder?operation=delete", {"Id": order["Id"], "SyncToken": order["SyncToken"]}
        )
    else:
        line = {**order["Line"][0], "Amount": 99}
        works.make("PurchaseOrder", **{**order, "Line": [line]})
    clock.advance(120)
    changes.poll(1)
    watch(1)
    reconcile(1)
    assert [cause for cause in works.cases() if cause.endswith("-in-quickbooks")]
    works.sync()
    assert [found["TotalAmt"] for found in works.posted(id)] == ([] if how == "deleted" else [99])


@pytest.mark.row("ION-23")
def test_one_order_is_sent_again_by_a_person(works):
    works.enable(**EVERYTHING)
    works.quickbooks.add_fault("status", "purchaseorder.create", status=400)
    id = works.order({"account": "6300"})
    works.sync()
    if works.posting(f"order:{id}").state == "held":
        works.retry(f"order:{id}")
    works.clock.advance(400)
    works.sync()
    assert len(works.posted(id)) == 1


@pytest.mark.row("ION-24")
def test_what_open_orders_use_is_listed_before_anyone_orders(works):
    works.enable(**EVERYTHING)
    id = works.order({"account": "4711", "section": "Launch"}, supplierId=8)
    works.move(id, "DRAFT")
    listed = {
        field: [code.name or code.id for code in sources.codes(works.row, field)] for field in ("supplier", "class")
    }
    assert listed == {"supplier": ["Nowhere Machining"], "class": ["Launch"]}


@pytest.mark.row("ION-3")
def test_an_installation_is_bound_to_one_company_and_one_organization(works):
    row = works.enable(**EVERYTHING)
    assert (row.company.realm, row.tenant) == (works.realm, "4711")
    other = works.source.settings("http://ion.test", "sandbox")
    with pytest.raises(Exception, match="belong to orbital-works"):
        enabling.change(1, "ion", other, who="kari")
    assert oauth.start("a browser")[0]
