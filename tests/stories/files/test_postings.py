"""Received files, from the upload to QuickBooks."""

import os
from decimal import Decimal as D

import pytest
from e_invoices import prefixed_invoice

from hub.db.engine import transaction
from hub.installations import enable, full_reading, matches
from hub.models import Installation
from hub.sources import file_folder, file_intake, file_mapping
from tests.support.sources.files_site import ANSWERS, CSV


def test_the_rows_of_a_table_are_in_the_books_once_with_their_file(site):
    received = site.receive("bills.csv", CSV)
    assert site.cases() == ["bills.csv waits for its columns"]
    file_mapping.apply(site.installation, received.id, "Old system", ANSWERS, "kari")
    site.sync()
    site.sync()
    (bill,) = site.books("Bill").values()
    assert D(str(bill["TotalAmt"])) == D("1300.00")
    (credit,) = site.books("VendorCredit").values()
    assert D(str(credit["TotalAmt"])) == D("40.00")
    assert site.files_of("Bill", "B-1") == ["bills.csv"]
    assert site.cases() == ["QuickBooks has no supplier called “Nobody Knows Inc.”"]


def test_a_longer_file_adds_what_is_new_and_changes_what_changed(site):
    received = site.receive("bills.csv", CSV)
    file_mapping.apply(site.installation, received.id, "Old system", ANSWERS, "kari")
    site.sync()
    longer = CSV.replace("99.50", "100.00") + ("Canyon Steel Works,B-4,2026-03-05,5.00,Seeds\n")
    site.receive("march.csv", longer)
    site.sync()
    bills = site.books("Bill")
    amounts = {number: D(str(bill["TotalAmt"])) for number, bill in bills.items()}
    assert amounts == {"B-1": D("1300.50"), "B-4": D("5.00")}
    assert site.files_of("Bill", "B-1") == ["bills.csv", "march.csv"]
    assert site.files_of("VendorCredit", "B-2") == ["bills.csv"]
    books = site.quickbooks.books()
    full_reading.start_over(site.id, "kari")
    site.sync()
    assert site.quickbooks.books() == books  # the earlier file changes nothing


def test_a_number_in_other_letters_in_another_file_is_the_same_document(site):
    received = site.receive("bills.csv", CSV)
    file_mapping.apply(site.installation, received.id, "Old system", ANSWERS, "kari")
    site.receive("corrected.csv", CSV.replace("B-1", "b-1").replace("99.50", "100.00"))
    site.sync()
    bills = site.books("Bill")
    amounts = {number: D(str(bill["TotalAmt"])) for number, bill in bills.items()}
    assert amounts == {"b-1": D("1300.50")}
    books = site.quickbooks.books()
    full_reading.start_over(site.id, "kari")
    site.sync()
    assert site.quickbooks.books() == books


def test_a_number_with_a_control_character_is_found_again_once_its_supplier_is_matched(site):
    content = CSV.replace("Inc.,B-3", "Inc.\x02,B-\x7f3")
    received = site.receive("bills.csv", content)
    file_mapping.apply(site.installation, received.id, "Old system", ANSWERS, "kari")
    site.sync()
    assert site.cases() == ["QuickBooks has no supplier called “Nobody Knows Inc.”"]
    vendor = site.record("Vendor", "Canyon Steel Works")
    with transaction() as session:
        row = session.get_one(Installation, site.id)
        code = "supplier:nobody knows inc."
        matches.store_decision(session, row, "supplier", code, vendor, who="kari")
    site.sync()
    assert sorted(site.books("Bill")) == ["B-1", "B-3"]
    assert site.cases() == []


def test_a_supplier_that_is_matched_later_releases_its_document(site):
    received = site.receive("bills.csv", CSV)
    file_mapping.apply(site.installation, received.id, "Old system", ANSWERS, "kari")
    site.sync()
    code = "supplier:nobody knows inc."
    with transaction() as session:
        row = session.get_one(Installation, site.id)
        matches.store_decision(
            session,
            row,
            "supplier",
            code,
            site.record("Vendor", "Apex Roofing Supply"),
            who="kari",
        )
    site.sync()
    assert "B-3" in site.books("Bill")
    assert site.cases() == []


def test_an_e_invoice_is_posted_with_its_file_and_wrong_sums_are_not(site):
    party = "cac:AccountingSupplierParty/cac:Party/cac:PartyName/cbc:Name"
    sample = prefixed_invoice().set(party, "Canyon Steel Works")
    content = sample.xml().decode().replace("EUR", "USD")
    site.receive("right.xml", content)
    wrong = content.replace(" 2026/88 ", "2026/89").replace(">959.70<", ">959.71<", 1)
    site.receive("wrong.xml", wrong)
    site.sync()
    (bill,) = site.books("Bill").values()
    assert (bill["DocNumber"], D(str(bill["TotalAmt"]))) == ("2026/88", D("1134.88"))
    assert site.files_of("Bill", "2026/88") == ["right.xml"]
    assert len(site.cases()) == 1


def test_a_prepaid_e_invoice_waits_until_the_settings_let_it_be_posted_in_full(site):
    sample = prefixed_invoice().set("cac:LegalMonetaryTotal/cbc:PayableAmount", "134.88")
    prepaid = '<b:PrepaidAmount currencyID="USD">1000.00</b:PrepaidAmount><b:PayableAmount'
    content = sample.xml().decode().replace("EUR", "USD").replace("<b:PayableAmount", prepaid)
    site.receive("final.xml", content.replace("Hansen &amp; Partner", "Canyon Steel Works"))
    site.sync()
    assert site.books("Bill") == {}
    assert len(site.cases()) == 1
    settings = {**site.installation.settings, "prepaid": "post"}
    enable.change(1, "files", settings, who="kari")
    site.sync()
    (bill,) = site.books("Bill").values()
    assert D(str(bill["TotalAmt"])) == D("1134.88")
    assert site.cases() == []


@pytest.mark.parametrize(
    ("reference", "account"),
    [("Permits and Fees", "Permits and Fees"), ("Project 7", "Lumber and Framing")],
)
def test_a_reference_of_the_buyer_is_an_account_or_the_account_of_the_settings(
    site, reference, account
):
    content = prefixed_invoice().xml().decode().replace("EUR", "USD")
    content = content.replace("Hansen &amp; Partner", "Canyon Steel Works")
    cost = f"</b:DocumentCurrencyCode><b:AccountingCost>{reference}</b:AccountingCost>"
    site.receive("invoice.xml", content.replace("</b:DocumentCurrencyCode>", cost))
    site.sync()
    (bill,) = site.books("Bill").values()
    accounts = {
        line["AccountBasedExpenseLineDetail"]["AccountRef"]["value"] for line in bill["Line"]
    }
    assert accounts == {site.record("Account", account)}
    assert site.cases() == []


def credit_note_for(number):
    """Return a credit note of Canyon Steel Works over part of an invoice, with its number."""
    content = prefixed_invoice().xml().decode()
    for old, new in (
        ("Hansen &amp; Partner", "Canyon Steel Works"),
        ("EUR", "USD"),
        ("Invoice-2", "CreditNote-2"),
        ("doc:Invoice", "doc:CreditNote"),
        ("InvoiceTypeCode>380</b:Invoice", "CreditNoteTypeCode>381</b:CreditNote"),
        ("InvoiceLine", "CreditNoteLine"),
        ("InvoicedQuantity", "CreditedQuantity"),
        (" 2026/88 ", number),
    ):
        assert old in content
        content = content.replace(old, new)
    return content


def test_an_invoice_and_the_credit_note_with_its_number_are_both_in_the_books(site):
    party = "cac:AccountingSupplierParty/cac:Party/cac:PartyName/cbc:Name"
    sample = prefixed_invoice().set(party, "Canyon Steel Works")
    site.receive("invoice.xml", sample.xml().decode().replace("EUR", "USD"))
    site.sync()
    site.receive("credit-note.xml", credit_note_for("2026/88"))
    site.sync()
    assert list(site.books("Bill")) == list(site.books("VendorCredit")) == ["2026/88"]
    assert site.files_of("VendorCredit", "2026/88") == ["credit-note.xml"]
    assert site.cases() == []


def test_a_credit_note_that_was_posted_under_another_id_is_not_posted_again(site, monkeypatch):
    with monkeypatch.context() as earlier:
        kinds = {"bill": ("bill", "bill"), "invoice": ("invoice", "invoice")}
        earlier.setattr("hub_files.invoices.ID_PREFIXES", kinds)
        site.receive("credit-note.xml", credit_note_for("K-88"))
        site.sync()
    assert list(site.books("VendorCredit")) == ["K-88"]
    site.receive("again.xml", credit_note_for("K-88") + "\n")
    site.sync()
    assert list(site.books("VendorCredit")) == ["K-88"]  # books() refuses a second one
    assert site.cases() == ["Number already used"]


def test_a_number_of_another_year_is_another_bill_and_changes_nothing_that_is_posted(site):
    received = site.receive("bills.csv", CSV)
    file_mapping.apply(site.installation, received.id, "Old system", ANSWERS, "kari")
    site.sync()
    header = CSV.splitlines()[0]
    site.receive("last-year.csv", f"{header}\nAlder Ridge Lumber,B-1,2025-02-05,77.00,Nails\n")
    site.sync()
    assert D(str(site.books("Bill")["B-1"]["TotalAmt"])) == D("1300.00")
    assert "Number already used" in site.cases()


def own_invoice(seller):
    """Return an e-invoice that a seller with the number DE811223344 sends to Canyon Hotels."""
    content = prefixed_invoice().xml().decode().replace("EUR", "USD")
    name = "<a:PartyName><b:Name>Canyon Hotels</b:Name></a:PartyName>"
    element = "a:AccountingCustomerParty"
    customer = f"<{element}><a:Party>{name}</a:Party></{element}>"
    content = content.replace("<a:PaymentMeans>", f"{customer}<a:PaymentMeans>")
    return content.replace("Hansen &amp; Partner", seller)


def test_an_e_invoice_of_our_own_becomes_an_invoice_once_our_number_is_known(site, clock):
    site.receive("ours.xml", own_invoice("Our Name"))
    site.sync()
    assert site.cases() == ["QuickBooks has no supplier called “Our Name”"]
    settings = {**site.installation.settings, "item": site.first("Item")}
    enable.change(1, "files", {**settings, "own_ids": "DE811223344"}, who="kari")
    for _ in range(3):
        site.sync()
        clock.advance(2 * 3600)
        assert site.cases() == ["QuickBooks has no customer called “Canyon Hotels”"]
    customer = site.first("Customer")
    with transaction() as session:
        row = session.get_one(Installation, site.id)
        code = "customer:canyon hotels"
        matches.store_decision(session, row, "customer", code, customer, who="kari")
    site.sync()
    assert list(site.books("Invoice")) == ["2026/88"]
    assert site.books("Bill") == {}
    assert site.cases() == []


def test_a_bill_that_turns_out_to_be_an_invoice_of_our_own_is_not_posted_as_both(site):
    site.receive("ours.xml", own_invoice("Canyon Steel Works"))
    site.sync()
    assert list(site.books("Bill")) == ["2026/88"]
    settings = {**site.installation.settings, "item": site.first("Item")}
    enable.change(1, "files", {**settings, "own_ids": "DE811223344"}, who="kari")
    full_reading.start_over(site.id, "kari")
    site.sync()
    site.sync()
    assert site.books("Invoice") == {}
    assert site.cases() == ["Invoice 2026/88 of Canyon Hotels"]


def test_an_e_invoice_with_one_number_for_all_lines_is_posted(site):
    content = prefixed_invoice().xml().decode().replace("EUR", "USD")
    content = content.replace("Hansen &amp; Partner", "Canyon Steel Works")
    site.receive("invoice.xml", content.replace("<b:ID>20<", "<b:ID>10<"))
    site.sync()
    assert list(site.books("Bill")) == ["2026/88"]
    assert site.cases() == []


def test_an_e_invoice_that_cannot_be_read_any_more_stays_in_the_inbox(site, clock, monkeypatch):
    site.receive("invoice.xml", prefixed_invoice().xml())
    build = "hub_files.invoices.build_party_code"
    monkeypatch.setattr(build, lambda *args: {"supplier": 5})  # as a later version may refuse it
    for _ in range(4):
        site.sync()
        clock.advance(2 * 3600)
    assert len(site.cases()) == 1


def test_files_in_the_watched_folder_are_received_with_each_sync(site):
    folder = file_folder.get_folder(site.installation)
    folder.mkdir(parents=True)
    path = folder / "bills.csv"
    path.write_text(CSV)
    os.utime(path, (0, 0))
    site.sync()
    assert site.cases() == ["bills.csv waits for its columns"]
    assert (folder / "done" / "bills.csv").exists()


@pytest.mark.parametrize(
    ("step", "count"), [("check_size", 0), ("receive", 1)], ids=["before it is read", "after it"]
)
def test_a_file_that_another_program_moves_meanwhile_stops_no_sync(site, monkeypatch, step, count):
    folder = file_folder.get_folder(site.installation)
    folder.mkdir(parents=True)
    for name in ("a.csv", "b.csv"):
        (folder / name).write_text(CSV)
        os.utime(folder / name, (0, 0))
    original = getattr(file_intake, step)

    def move(*args, **values):
        result = original(*args, **values)
        for path in folder.glob("*.csv"):
            path.rename(folder.parent / path.name)
        return result

    monkeypatch.setattr(file_intake, step, move)
    site.sync()
    assert len(site.cases()) == count
