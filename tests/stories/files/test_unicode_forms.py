"""Names with accents in files, whose letters are composed (NFC) or decomposed (NFD)."""

import unicodedata

import pytest

from hub.db.engine import transaction
from hub.installations import matches
from hub.models import Installation
from hub.qbo import record_download
from hub.sources import file_mapping
from tests.support.sources.files_site import ANSWERS

HEADER = "Vendor,Bill no,Bill date,Amount,Description\n"
NAME = "Malmö Åkeri"
BOTH_ORDERS = pytest.mark.parametrize(("first", "second"), [("NFC", "NFD"), ("NFD", "NFC")])


def build_row(number, amount, supplier):
    return f"{supplier},{number},2026-03-02,{amount},Freight\n"


def receive(site, name, *rows):
    received = site.receive(name, HEADER + "".join(rows))
    file_mapping.apply(site.installation, received.id, "Old system", ANSWERS, "kari")


def receive_bills(site, first, second, *, is_synced_between):
    """Receive a bill in each of two files, whose supplier is written in different forms."""
    for number, form in (("1", first), ("2", second)):
        row = build_row(number, "10.00", unicodedata.normalize(form, NAME))
        receive(site, f"{number}.csv", row)
        if is_synced_between:
            site.sync()
    site.sync()


def create_suppliers(site):
    """Let suppliers be created."""
    with transaction() as session:
        row = session.get_one(Installation, site.id)
        row.settings = {**row.settings, "suppliers": "create"}


def list_suppliers(site):
    """Return the names of the suppliers in QuickBooks that have the name, in any form."""
    rows = site.quickbooks.books()[site.quickbooks.realm]["Vendor"]
    names = [row["DisplayName"] for row in rows]
    return [name for name in names if unicodedata.normalize("NFC", name) == NAME]


@pytest.mark.parametrize("stored", ["NFC", "NFD"])
@pytest.mark.parametrize("written", ["NFC", "NFD"])
def test_a_supplier_is_found_by_its_name_in_either_form(site, stored, written):
    create_suppliers(site)
    name = unicodedata.normalize(stored, NAME)
    site.quickbooks.act("create", kind="Vendor", set={"DisplayName": name})
    record_download.refresh(1)
    receive(site, "a.csv", build_row("1", "10.00", unicodedata.normalize(written, NAME)))
    site.sync()
    assert (list(site.books("Bill")), list_suppliers(site), site.cases()) == (["1"], [name], [])


@pytest.mark.parametrize("is_synced_between", [True, False])
@BOTH_ORDERS
def test_a_supplier_is_created_once_and_with_composed_letters(
    site, first, second, is_synced_between
):
    create_suppliers(site)
    receive_bills(site, first, second, is_synced_between=is_synced_between)
    site.sync()
    assert (sorted(site.books("Bill")), list_suppliers(site)) == (["1", "2"], [NAME])
    assert site.cases() == []


@pytest.mark.parametrize("is_synced_between", [True, False])
@BOTH_ORDERS
def test_a_supplier_is_matched_by_hand_once(site, first, second, is_synced_between):
    receive_bills(site, first, second, is_synced_between=is_synced_between)
    title = f"QuickBooks has no supplier called “{NAME}”"
    assert [unicodedata.normalize("NFC", case) for case in site.cases()] == [title] * 2
    code = "supplier:" + unicodedata.normalize(first, NAME).casefold()
    vendor = site.record("Vendor", "Canyon Steel Works")
    with transaction() as session:
        row = session.get_one(Installation, site.id)
        matches.store_decision(session, row, "supplier", code, vendor, who="kari")
    site.sync()
    bills = site.books("Bill").values()
    assert [bill["VendorRef"]["value"] for bill in bills] == [vendor] * 2
    assert site.cases() == []


@BOTH_ORDERS
def test_one_number_of_a_supplier_is_not_posted_twice(site, first, second):
    create_suppliers(site)
    for form, name in ((first, "a.csv"), (second, "b.csv")):
        row = build_row("1", "10.00", unicodedata.normalize(form, NAME))
        receive(site, name, row)
        site.sync()
    assert (len(site.books("Bill")), site.cases()) == (1, ["Number already used"])
