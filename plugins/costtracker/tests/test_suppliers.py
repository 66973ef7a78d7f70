"""Suppliers edited in CostTracker update vendors only if the settings and rights allow it."""

import datetime as dt

import pytest
from hub_costtracker import hub_check, hub_report, reading
from hub_costtracker.sandbox import encoding

from hub import Checkpoint, Gone, Receipt, Unreadable
from hub.testing.fakes.answers import change_answers

AT = dt.datetime(2026, 3, 20, 9, 0, tzinfo=dt.UTC)


def edited(bench):
    return [item for item in bench.read() if getattr(item, "kind", None) == "vendor"]


@pytest.fixture
def updating(open_bench):
    bench = open_bench(update_suppliers=True)
    bench.push_lists()
    return bench


@pytest.mark.row("CT-S11")
def test_suppliers_are_left_alone_unless_switched_on(connected):
    assert edited(connected) == []


@pytest.mark.row("CT-S11")
def test_an_edit_updates_the_vendor_it_came_from_and_makes_none(updating):
    document = next(item for item in edited(updating) if item.source_id == "supplier:s3")
    assert (document.stage, document.quickbooks_id) == ("update_only", "52")
    assert document.details.address.city == "Kristiansand"


@pytest.mark.row("CT-S12")
def test_an_edit_by_somebody_without_the_right_waits_with_a_reason(updating):
    document = next(item for item in edited(updating) if item.source_id == "supplier:s4")
    assert document.stage == "pending"
    assert document.hold.startswith(
        "Ola Hansen changed supplier Vendor 53 but may not update suppliers"
    )


@pytest.mark.row("CT-S12")
@pytest.mark.parametrize("right", [False, None, "yes"])
def test_an_edit_waits_unless_costtracker_says_that_its_author_has_the_right(updating, right):
    with change_answers(
        updating,
        lambda path, _: path.endswith("/v1/suppliers"),
        lambda answer: [
            row.update(can_update_accounting_suppliers=right) for row in answer["items"]
        ],
    ):
        (document,) = updating.read(ids=["supplier:s3"])
    assert document.stage == "pending"
    assert "may not update suppliers" in document.hold


@pytest.mark.row("CT-S11")
def test_an_edit_of_a_supplier_without_a_link_waits_with_a_reason(open_bench):
    bench = open_bench(update_suppliers=True)  # the lists were not pushed yet
    document = next(item for item in edited(bench) if item.source_id == "supplier:s3")
    assert (document.stage, document.quickbooks_id) == ("pending", None)
    assert "is not linked to QuickBooks in CostTracker" in document.hold
    bench.push_lists()
    (document,) = bench.read(ids=["supplier:s3"])
    assert (document.stage, document.hold) == ("update_only", None)


@pytest.mark.row("CT-S12")
def test_the_same_edit_saved_by_somebody_with_the_right_goes_through(updating):
    fields = {"name": "Bygg & Bolig Proff", "email": None, "phone": None, "user": "Kari Nordmann"}
    updating.books.do("supplier", supplier="s4", fields=fields)
    (document,) = updating.read(ids=["supplier:s4"])
    assert (document.stage, document.details.name, document.version) == (
        "update_only",
        "Bygg & Bolig Proff",
        "2",
    )


def test_edits_have_a_place_of_their_own_to_go_on_from(updating):
    place = [item for item in updating.read() if isinstance(item, Checkpoint)][-1]
    assert place.stream == "suppliers"
    assert not [
        x
        for x in updating.read(cursors={"suppliers": place.cursor})
        if getattr(x, "kind", "") == "vendor"
    ]


def test_an_edit_that_is_asked_for_after_the_switch_went_off_is_closed(updating):
    updating.set(update_suppliers=False)
    assert updating.read(ids=["supplier:s4"])[0].stage == "closed"


def test_an_edit_that_is_no_longer_there_is_gone(updating):
    assert isinstance(updating.read(ids=["supplier:s9"])[0], Gone)


def test_no_receipt_is_sent_for_a_supplier(updating):
    document = edited(updating)[0]
    hub_report(
        app="costtracker",
        site=updating.site,
        document=document,
        receipt=Receipt(state="posted", at=AT),
    )
    assert updating.count_calls("status") == 0


def test_the_check_warns_if_no_user_may_update_suppliers(updating, monkeypatch):
    monkeypatch.setattr(
        "hub_costtracker.sandbox.api.USERS",
        ({"name": "Ola", "role": "Site manager", "can_update_accounting_suppliers": False},),
    )
    assert (
        "no user of the CostTracker account"
        in hub_check(app="costtracker", site=updating.site).warnings[0]
    )


@pytest.mark.parametrize("users", [None, []])
def test_the_check_warns_only_if_costtracker_says_who_has_which_right(updating, users):
    with change_answers(
        updating,
        lambda path, _: path.endswith("/v1/account"),
        lambda answer: answer.update(users=users),
    ):
        assert bool(updating.check().warnings) == (users is not None)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"address": "Storgata 1"}, "its address is 'Storgata 1', and not a group of fields"),
        ({"address": {"lines": "Storgata 1"}}, "its lines is 'Storgata 1', and not a list"),
        ({"version": None}, "no “version”"),
    ],
)
def test_an_edit_in_another_form_changes_no_vendor(updating, change, words):
    def change_edits(answer):
        for row in answer["items"]:
            row |= change

    with change_answers(updating, lambda path, _: path.endswith("/v1/suppliers"), change_edits):
        (item,) = updating.read(ids=["supplier:s3"])
    assert isinstance(item, Unreadable)
    assert words in item.reason


def test_an_edit_without_an_id_stays_unreadable(updating):
    (item,) = updating.read(ids=["supplier:?"])
    assert item.reason == "CostTracker sent a supplier without an id."


@pytest.mark.parametrize("row", [None, {}, {"id": None}])
def test_an_edit_without_an_id_does_not_stop_the_reading_of_others(updating, monkeypatch, row):
    encode = encoding.supplier_edit
    monkeypatch.setattr(
        encoding, "supplier_edit", lambda edit: row if edit["id"] == "s3" else encode(edit)
    )
    updating.allow_undescribed_answers()
    items = updating.read(ids=["supplier:?", "supplier:s4"])
    assert [item.source_id for item in items] == ["supplier:?", "supplier:s4"]
    assert items[1].details.name


def test_spaces_around_words_and_links_do_not_count(updating):
    row = updating.books.invoice("1001")
    spaced = {name: f" {row[name]} " for name in ("status", "kind")}
    supplier = row["supplier"] | {"external_id": " 31 "}
    site = updating.site
    expected = reading.read(site, row | {"supplier": supplier | {"external_id": "31"}})
    assert reading.read(site, row | spaced | {"supplier": supplier}) == expected
