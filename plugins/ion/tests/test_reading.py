"""Continued reading: nothing is skipped or repeated, whatever changes meanwhile."""

import datetime as dt
import io
import json
import re
from decimal import Decimal
from itertools import takewhile

import pytest
from hub_ion import hub_codes, hub_documents

from hub import Checkpoint, Document, Gone, Unreadable
from hub.testing.fakes.answers import change_answers


def part(bench, number):
    """Return what the hub reads of a part."""
    row = next(row for row in bench.books.rows("parts") if row["partNumber"] == number)
    return bench.read(ids=[f"part:{row['id']}"])[0]


def cursors(items):
    return {item.stream: item.cursor for item in items if isinstance(item, Checkpoint)}


def ids(items, prefix="order:"):
    return [
        item.source_id
        for item in items
        if not isinstance(item, Checkpoint) and item.source_id.startswith(prefix)
    ]


@pytest.fixture
def many(open_bench, monkeypatch):
    """Provide a bench with three pages of orders."""
    monkeypatch.setattr("hub_ion.client.PAGE_SIZE", 15)
    return open_bench(documents=40)


@pytest.mark.row("ION-36")
def test_every_page_is_read_and_each_order_once(many):
    assert ids(many.read()) == [f"order:{id}" for id in range(1001, 1041)]
    assert many.count_calls("Orders") == 5  # each page but the last is read again


@pytest.mark.row("ION-36")
def test_orders_that_move_up_while_pages_are_read_are_not_skipped(many):
    reading = hub_documents(app="ion", site=many.site, cursors={}, ids=[])
    first = [next(reading) for _ in range(15)]
    order = many.books.row("orders", 1008)
    many.stand_in._pages._order_delete(order, {})
    assert sorted({*ids(first), *ids(reading)}) == [f"order:{id}" for id in range(1001, 1041)]


@pytest.mark.row("ION-36")
def test_orders_that_move_up_are_not_skipped_if_another_order_is_added(many):
    reading = hub_documents(app="ion", site=many.site, cursors={}, ids=[])
    first = [next(reading) for _ in range(15)]
    many.stand_in._pages._order_delete(many.books.row("orders", 1008), {})
    added = {**many.books.row("orders", 1040)}
    del added["id"]
    many.books.put("orders", **added)
    assert {f"order:{id}" for id in range(1001, 1041)} <= {*ids(first), *ids(reading)}


@pytest.mark.row("ION-36")
def test_a_reading_that_breaks_off_goes_on_where_it_was_or_before(many):
    reading = hub_documents(app="ion", site=many.site, cursors={}, ids=[])
    broken = [*takewhile(lambda item: not isinstance(item, Checkpoint), reading)]
    place = next(reading), next(reading)
    again = many.read(
        cursors={"": broken and place[0].cursor if isinstance(place[0], Checkpoint) else ""}
    )
    assert {*ids(broken), *ids(again)} == {f"order:{id}" for id in range(1001, 1041)}


@pytest.mark.row("ION-36")
def test_a_reading_that_breaks_off_does_not_begin_at_the_first_page_again(many):
    reading = hub_documents(app="ion", site=many.site, cursors={}, ids=[])
    place = {}
    while "" not in place:
        place |= cursors([next(reading)])
    before = many.count_calls("Orders")
    rest = ids(many.read({"": place[""]}))
    assert rest == [f"order:{id}" for id in range(1016, 1041)]
    assert many.count_calls("Orders") == before + 3  # one of them reads a page again


@pytest.mark.row("ION-36")
def test_only_what_changed_is_read_again(bench):
    place = cursors(bench.read())
    bench.move("a part", "DRAFT")
    line = bench.books.of_order("lines", bench.raw("two and a half"))[0]
    fields = {
        "purchaseOrderLineId": line["id"],
        "etag": line["_etag"],
        "key": "Class",
        "value": "Service",
    }
    bench.stand_in.changes.updatePurchaseOrderLineAttribute(fields)
    changed = bench.read(place)
    assert ids(changed) == ["order:1001", "order:1014"]
    assert ids(bench.read(place | cursors(changed))) == []


@pytest.mark.row("ION-31")
def test_a_line_that_changes_after_its_order_was_read_is_read_again(bench):
    place = cursors(bench.read())
    bench.move("two and a half", "DRAFT")
    reading = bench.reading(place)
    items = [next(reading)]
    line = bench.books.of_order("lines", bench.raw("two and a half"))[0]
    fields = {
        "purchaseOrderLineId": line["id"],
        "etag": line["_etag"],
        "key": "Class",
        "value": "Late class",
    }
    bench.stand_in.changes.updatePurchaseOrderLineAttribute(fields)
    items += reading
    items += bench.read(place | cursors(items))
    classes = [
        item.lines[0].codes["class"]
        for item in items
        if isinstance(item, Document) and item.source_id == "order:1014"
    ]
    assert classes[-1] == "Late class"
    assert ids(bench.read(place | cursors(items))) == []


@pytest.mark.row("ION-29", "ION-31")
def test_once_a_day_deletions_are_noticed_and_open_orders_are_read_again(bench):
    place = cursors(bench.read())
    bench.stand_in._pages._order_delete(bench.raw("received"), {})
    assert ids(bench.read(place)) == []
    bench.today += dt.timedelta(days=1)
    swept = bench.read(place)
    missing = []
    statuses = set()
    for item in swept:
        if isinstance(item, Gone):
            missing.append((item.source_id, item.inferred))
        elif isinstance(item, Document):
            statuses.add(item.facts["Status in ION"])
    assert missing == [("order:1020", True)]
    assert statuses == {"Ordered", "Partially received"}


@pytest.mark.row("ION-31")
def test_once_a_day_approved_orders_are_read_again_if_they_are_sent_at_their_approval(bench):
    bench.set(send_at="approved")
    place = cursors(bench.read())
    id = bench.raw("approved")["id"]
    fee = {"purchaseOrderId": id, "name": "Freight", "value": "12.50"}
    bench.stand_in.changes.createPurchaseOrderFee(fee)
    assert ids(bench.read(place)) == []
    bench.today += dt.timedelta(days=1)
    orders = [item for item in bench.read(place) if isinstance(item, Document)]
    amounts = {order.source_id: order.lines[-1].amount for order in orders if order.lines}
    assert amounts[f"order:{id}"] == Decimal("12.50")


@pytest.mark.row("ION-31")
@pytest.mark.parametrize(("days", "is_read"), [(1, True), (50, True), (70, False)])
def test_received_orders_are_read_again_for_some_weeks_because_of_later_fees(bench, days, is_read):
    place = cursors(bench.read())
    id = bench.raw("received")["id"]
    fee = {"purchaseOrderId": id, "name": "Freight", "value": "12.50"}
    bench.stand_in.changes.createPurchaseOrderFee(fee)
    assert ids(bench.read(place)) == []
    bench.today += dt.timedelta(days=days)
    orders = {item.source_id: item for item in bench.read(place) if isinstance(item, Document)}
    assert (f"order:{id}" in orders) is is_read
    if is_read:
        assert orders[f"order:{id}"].lines[-1].amount == Decimal("12.50")


@pytest.mark.row("ION-29")
def test_a_deletion_is_noticed_with_a_cursor_that_was_stored_under_its_former_name(bench):
    place = cursors(bench.read())
    place["sweep"] = place.pop("deletions")
    bench.stand_in._pages._order_delete(bench.raw("received"), {})
    bench.today += dt.timedelta(days=1)
    missing = [item.source_id for item in bench.read(place) if isinstance(item, Gone)]
    assert missing == ["order:1020"]


@pytest.mark.row("ION-29")
def test_an_order_made_since_and_deleted_the_same_day_is_noticed_too(bench):
    place = cursors(bench.read())
    created = bench.stand_in.changes.createPurchaseOrder({"supplierId": 1})["purchaseOrder"]
    place |= cursors(bench.read(place))
    bench.stand_in._pages._order_delete(bench.books.row("orders", created["id"]), {})
    bench.today += dt.timedelta(days=1)
    assert f"order:{created['id']}" in [
        item.source_id for item in bench.read(place) if isinstance(item, Gone)
    ]


@pytest.mark.row("ION-36")
@pytest.mark.parametrize("case", ["received", "a draft"])
def test_an_order_that_appears_with_an_earlier_time_is_read_the_next_day(bench, case):
    late = bench.raw(case)
    del bench.books.tables["orders"][late["id"]]
    place = cursors(bench.read())
    bench.books.tables["orders"][late["id"]] = late
    assert ids(bench.read(place)) == []
    bench.today += dt.timedelta(days=1)
    assert f"order:{late['id']}" in ids(bench.read(place))


@pytest.mark.row("ION-34")
def test_an_old_tenant_is_read_from_the_first_day_only(bench):
    bench.start = bench.today
    assert 0 < len(ids(bench.read())) < 29


@pytest.mark.row("ION-24")
def test_the_codes_of_open_orders_are_known_before_they_are_ordered(bench):
    suppliers = hub_codes(app="ion", site=bench.site, field="supplier")
    assert {code.name for code in suppliers} >= {"Nowhere Machining", "Canyon Steel Works"}
    classes = hub_codes(app="ion", site=bench.site, field="class")
    assert sorted(classes) == ["Service", "Skunk Works"]


def test_a_status_that_nobody_knows_waits_with_a_reason(bench, monkeypatch):
    monkeypatch.setattr("hub_ion.orders.PENDING_REASONS", {})
    assert "has the status DRAFT, which this app does not know" in bench.case("a draft").hold


def test_parts_are_left_alone_where_none_are_wanted(open_bench):
    bench = open_bench(parts="none")
    assert ids(bench.read(), "part:") == []
    assert part(bench, "GLOVES-M").stage == "closed"


@pytest.mark.parametrize("off", [{"parts": "none"}, {"generic_item": "7"}], ids=["none", "one"])
def test_parts_that_waited_are_read_again_once_parts_are_wanted_again(bench, off):
    items = bench.read()
    position = cursors(items)
    bench.set(**off)
    position |= cursors(bench.read(position))
    assert "parts" not in cursors(bench.read(position))
    bench.set(parts="all", generic_item="")
    assert ids(bench.read(position), "part:") == ids(items, "part:")


def _change_orders(bench, change):
    """Let a server change the orders in the answers of the stand-in."""

    def server(environ, start):
        content = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        environ["wsgi.input"] = io.BytesIO(content)
        chunks = stand_in(environ, lambda status, headers: start(status, headers[:1]))
        if b" Orders(" not in content:
            return chunks
        answer = json.loads(b"".join(chunks))
        for edge in answer["data"]["rows"]["edges"]:
            change(edge["node"])
        return [json.dumps(answer).encode()]

    stand_in = bench._stand_in
    return bench.replaced_by(server)


@pytest.mark.row("ION-8", "ION-11")
def test_no_fees_may_be_null_and_an_account_may_be_a_number(bench):
    def change(node):
        node["fees"] = node["fees"] or None
        for line in node["lines"]:
            for attribute in line["attributes"]:
                if attribute["value"].isdecimal():
                    attribute["value"] = int(attribute["value"])

    before = [item for item in bench.read() if isinstance(item, Document)]
    with _change_orders(bench, change):
        after = [item for item in bench.read() if isinstance(item, Document)]
    assert any(line.codes.get("expense_code") for item in after for line in item.lines)
    assert after == before


@pytest.mark.row("ION-42")
def test_parts_in_mixed_case_on_different_pages_have_names_of_their_own(open_bench, monkeypatch):
    monkeypatch.setattr("hub_ion.client.PAGE_SIZE", 2)
    bench = open_bench()
    numbers = ("Zr-9a", "OW-1", "OW-2", "OW-3", "zR-9a")
    rows = [bench.stand_in.changes.createPart({"partNumber": one})["part"] for one in numbers]
    names = {item.source_id: item.details.name for item in bench.read() if is_part(item)}
    assert names[f"part:{rows[0]['id']}"] == "Zr-9a Rev A"
    assert names[f"part:{rows[4]['id']}"] == f"zR-9a Rev A ({rows[4]['id']})"


def is_part(item):
    return isinstance(item, Document) and item.kind == "item"


def changed_order(bench, change):
    """Let the source send the second order of each page as `change` leaves it."""

    def change_answer(answer):
        change(answer["data"]["rows"]["edges"][1]["node"])

    return change_answers(bench, lambda path, query: b"query Orders" in query, change_answer)


@pytest.mark.row("ION-36")
@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda row: row.update(etag=7), "its etag contains 7"),
        (lambda row: row.update(updated=["x"]), r"its updated contains \['x'\]"),
        (lambda row: row.update(lines="none"), "its lines contains 'none'"),
        (lambda row: row.update(lines=["one"]), "its lines contains 'one'"),
        (lambda row: row["lines"][0].update(id={}), r"its id contains {}"),
        (lambda row: row["lines"][0].update(etag=True), "its etag contains True"),
        (lambda row: row["lines"][0]["part"].update(id=[]), r"its id contains \[\]"),
        (lambda row: row["lines"][0]["part"].update(number=5), "its number contains 5"),
        (lambda row: row["lines"][0]["part"].pop("revision"), "it has no revision"),
        (lambda row: row.pop("etag"), "it has no etag"),
    ],
)
def test_an_order_with_a_field_of_another_kind_stops_no_other_order(bench, change, reason):
    with changed_order(bench, change):
        items = bench.read()
    assert set(ids(items)) == {f"order:{id}" for id in range(1001, 1030)}
    [broken] = [item for item in items if isinstance(item, Unreadable)]
    assert broken.source_id == "order:1002"
    assert re.search(reason, str(broken.reason))
    [order] = bench.read(ids=["order:1002"])
    assert isinstance(order, Document)


@pytest.mark.row("ION-36")
def test_an_order_with_an_id_of_another_kind_stops_no_other_order(bench):
    with changed_order(bench, lambda row: row.update(id=["x"])):
        items = bench.read()
    assert set(ids(items)) == {f"order:{id}" for id in (1001, *range(1003, 1030), None)}


@pytest.mark.row("ION-14", "ION-36")
@pytest.mark.parametrize(
    "change",
    [
        lambda row: row["supplier"].update(id=None),
        lambda row: row["lines"][0].update(id=None),
        lambda row: row["lines"][0]["part"].update(id=None),
        lambda row: row.update(fees=[{"id": None, "name": "Freight", "value": "1"}]),
    ],
)
def test_what_has_no_id_is_not_taken_for_another_one(bench, change):
    """Two suppliers with the code "None" would be matched with the same vendor."""
    with changed_order(bench, change):
        items = bench.read()
        codes = hub_codes(app="ion", site=bench.site, field="supplier")
    [broken] = [item for item in items if isinstance(item, Unreadable)]
    assert (broken.source_id, broken.reason) == ("order:1002", "The source sent no “id” for it.")
    assert "None" not in {code.id for code in codes}


@pytest.mark.row("ION-5", "ION-7")
@pytest.mark.parametrize("field", ["quantity", "cost"])
@pytest.mark.parametrize("total", [None, "0"])
def test_a_line_without_a_cost_holds_its_order_and_names_itself(bench, field, total):
    def change(row):
        row["lines"][0].update({field: None, "total": total})

    with changed_order(bench, change):
        order = next(item for item in bench.read() if item.source_id == "order:1002")
    assert order.hold.startswith("Order 1002: line 1 (Port side) has no amount.")
    assert order.lines[0].amount is None


@pytest.mark.row("ION-5", "ION-11")
def test_a_draft_may_lack_costs_and_values_of_fees(bench):
    def change(row):
        row.update(status="DRAFT", fees=[{"id": 1, "name": "Freight", "value": None}])
        row["lines"][0].update({"cost": None, "total": None})

    with changed_order(bench, change):
        order = next(item for item in bench.read() if item.source_id == "order:1002")
    assert order.stage == "pending"
    assert "is a draft in ION" in order.hold


@pytest.mark.row("ION-7", "ION-33")
def test_a_total_without_a_cost_is_posted_without_a_quantity(bench):
    with changed_order(bench, lambda row: row["lines"][0].update(cost=None)):
        order = next(item for item in bench.read() if item.source_id == "order:1002")
    line = order.lines[0]
    assert (order.hold, line.amount, line.quantity) == (None, Decimal("31.00"), None)
