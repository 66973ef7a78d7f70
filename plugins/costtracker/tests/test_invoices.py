"""The document of each invoice, unusual ones above all."""

import datetime as dt
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from hub_costtracker import hub_report, reading
from hub_costtracker.sandbox import views

from hub import Checkpoint, Document, Gone, Receipt, Unreadable

AT = dt.datetime(2026, 3, 20, 9, 0, tzinfo=dt.UTC)


def receipt(state="posted", at=AT, **more):
    return Receipt(state=state, at=at, kind="bill", id="145", number="26A-1", **more)


def costtracker_status(bench, document):
    return bench.books.status(document.source_id.removeprefix("invoice:"))


@pytest.mark.row("CT-S8")
@pytest.mark.row("CT-S9")
@pytest.mark.row("CT-B1")
def test_only_approved_invoices_are_ready(connected):
    ready_count = 0
    for item in connected.read():
        if isinstance(item, Document) and item.stage == "ready":
            id = item.source_id.removeprefix("invoice:")
            assert connected.books.invoices[id]["status"] == "approved"
            ready_count += 1
    assert ready_count > 100


@pytest.mark.row("CT-B1")
def test_a_rejected_invoice_is_closed(connected):
    assert connected.case("rejected").stage == "closed"


@pytest.mark.row("CT-S8")
@pytest.mark.parametrize(
    ("case", "words"),
    [
        ("draft", "it is still a draft"),
        ("not sent for approval yet", "it was not yet sent for approval"),
        ("waits for its approvers", "its approvers have not decided yet"),
    ],
)
def test_an_unapproved_invoice_waits_and_says_for_what(connected, case, words):
    document = connected.case(case)
    assert document.stage == "pending"
    assert words in document.hold


def test_a_draft_without_number_or_lines_is_readable(connected):
    assert connected.case("draft").number is None
    assert connected.case("draft without lines").lines == ()


@pytest.mark.row("CT-S10")
def test_an_invoice_without_an_order_is_as_good_as_any(connected):
    document = connected.case("without an order")
    assert (document.stage, "Orders" in document.facts) == ("ready", False)


@pytest.mark.row("CT-B3")
@pytest.mark.row("CT-B4")
def test_order_numbers_are_in_the_description_and_their_quantities_in_the_facts(connected):
    document = connected.case("partly matched with an order")
    first, second = document.lines[:2]
    assert first.description.startswith(f"PO {first.facts['Order']} · ")
    assert set(first.facts) == {"Order", "Order line", "Ordered", "Received"}
    assert (second.facts, second.description.startswith("PO")) == ({}, False)


@pytest.mark.row("CT-B5")
def test_the_approvals_of_an_invoice_become_facts(connected):
    assert (
        "Åse Lund (Accounting): approved"
        in connected.case("approved by Accounting alone").facts["Approvals"]
    )


@pytest.mark.row("CT-S2")
def test_fields_read_by_ocr_are_shown_with_their_confidence(connected):
    assert (
        connected.case("read by OCR").facts["Read by OCR"] == "invoice_number 97%, gross_total 88%"
    )


@pytest.mark.row("CT-S2")
@pytest.mark.parametrize(
    ("confidence", "shown"),
    [
        (True, "True"),
        ("0.97", "0.97"),
        ({"reference": "high", "gross_total": 1}, "reference high, gross_total 100%"),
    ],
)
def test_confidence_in_another_form_does_not_stop_an_invoice(
    connected, monkeypatch, confidence, shown
):
    connected.allow_undescribed_answers()
    monkeypatch.setattr(
        "hub_costtracker.sandbox.views._get_ocr_confidence", lambda raw: {"ocr": confidence}
    )
    document = connected.case("read by OCR")
    assert (document.stage, document.facts["Read by OCR"]) == ("ready", shown)


@pytest.mark.row("CT-B11")
def test_a_credit_note_becomes_a_vendor_credit_with_positive_amounts(connected):
    document = connected.case("credit note")
    assert document.kind == "vendor_credit"
    assert document.total > 0


def test_a_credit_note_with_negative_amounts_gets_positive_ones(connected):
    row = connected.books.invoice(connected.raw("credit note")["id"])
    line = {**row["lines"][0], "net": Decimal("-100.00"), "tax": Decimal("-25.00")}
    turned = reading.read(
        connected.site,
        {**row, "lines": [line], "gross_total": Decimal("-125.00"), "tax_total": Decimal("-25.00")},
    )
    assert (turned.total, turned.tax_total, turned.lines[0].amount) == (
        Decimal(125),
        Decimal(25),
        Decimal(100),
    )


def test_an_invoice_with_a_negative_total_is_held_with_the_way_out(connected):
    row = connected.books.invoice("1001") | {"gross_total": Decimal("-1.00")}
    assert "as a credit note" in reading.read(connected.site, row).hold


@pytest.mark.row("CT-B2")
def test_totals_come_as_the_source_states_them_so_that_a_wrong_sum_shows(connected):
    document = connected.case("sum off by one øre")
    parts = sum(line.amount + line.tax for line in document.lines)
    assert document.total - parts == Decimal("0.01")


@pytest.mark.row("CT-B12")
def test_a_foreign_invoice_keeps_its_currency(connected):
    assert connected.case("foreign currency").currency == "EUR"
    assert connected.case("foreign currency, another").currency == "SEK"


@pytest.mark.row("CT-B7")
def test_an_invoice_counts_by_its_date_whatever_day_it_was_received(connected):
    row = connected.books.invoice("1001") | {"received_date": "2026-03-19"}
    assert reading.read(connected.site, row).received is None


@pytest.mark.row("CT-S22")
def test_the_credit_account_is_on_every_invoice(connected):
    assert connected.case("credit note").codes["payable_account"] == "33"


@pytest.mark.row("CT-S27")
@pytest.mark.parametrize(
    ("place", "number", "memo", "description"),
    [
        ("private_note", "A-1", "Reference: Ref 7", "Betong"),
        ("number", "Ref 7", "Invoice number: A-1", "Betong"),
        ("line_description", "A-1", None, "Ref 7 · Betong"),
    ],
)
def test_the_reference_goes_where_the_settings_say(open_bench, place, number, memo, description):
    bench = open_bench(reference_to=place)
    row = bench.books.invoice("1001") | {"invoice_number": "A-1", "reference": "Ref 7"}
    row["lines"] = [{**row["lines"][0], "description": "Betong"}]
    document = reading.read(bench.site, row)
    assert (document.number, document.memo, document.lines[0].description) == (
        number,
        memo,
        description,
    )


def test_a_reference_in_place_of_no_number_leaves_the_memo_empty(open_bench):
    bench = open_bench(reference_to="number")
    row = bench.books.invoice("1001") | {"invoice_number": None, "reference": "Ref 7"}
    document = reading.read(bench.site, row)
    assert (document.number, document.memo) == ("Ref 7", None)


def test_an_invoice_without_a_reference_keeps_its_own_number(open_bench):
    bench = open_bench(reference_to="number")
    document = reading.read(
        bench.site, bench.books.invoice("1001") | {"invoice_number": "A-1", "reference": None}
    )
    assert (document.number, document.memo) == ("A-1", None)


@pytest.mark.row("CT-S27")
def test_each_line_keeps_its_location_class_and_project(connected):
    document = connected.case("locations that differ")
    assert [line.codes["location"] for line in document.lines] == ["1", "2"]


@pytest.mark.row("CT-B8")
def test_files_are_named_unless_the_settings_leave_them_out(open_bench, connected):
    file = connected.case("credit note to an order").attachments[0]
    assert (file.mime, file.name.endswith(".pdf"), len(file.sha256)) == (
        "application/pdf",
        True,
        64,
    )
    assert open_bench(attach_files=False).case("credit note to an order").attachments == ()


def test_a_deleted_invoice_is_gone(connected):
    assert connected.case("deleted after approval") == Gone(
        source_id=f"invoice:{connected.raw('deleted after approval')['id']}",
        reason="Deleted in CostTracker on 2026-03-20.",
    )


def test_a_deletion_is_on_a_day_where_the_company_is(bench):
    bench.zone = ZoneInfo("Pacific/Pago_Pago")
    gone = bench.case("deleted after approval")
    assert gone.reason == "Deleted in CostTracker on 2026-03-19."


def test_an_invoice_that_costtracker_never_had_is_gone(bench):
    assert bench.read(ids=["invoice:7"])[0].reason == "CostTracker does not have it any more."


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"invoice_date": "31.02.2026"}, "“31.02.2026” is not a date"),
        ({"status": "parked"}, "its status “parked” is none of"),
        ({"gross_total": None}, "it is approved without gross_total"),
        ({"gross_total": "much"}, "“much” is not an amount"),
        ({"lines": [{"net": 1}]}, "no “id”"),
        ({"kind": "reminder"}, "its kind “reminder” is none of invoice, credit_note"),
        ({"supplier": "Acme"}, "its supplier is 'Acme', and not a group of fields"),
        ({"supplier": {"id": None, "name": "Acme"}}, "no “id”"),
        ({"lines": 5}, "its lines is 5, and not a list"),
        ({"lines": [None]}, "its lines contains None, and not only groups of fields"),
        ({"lines": [{"id": "1", "net": 1, "po": "4711"}]}, "its po is '4711', and not a group of"),
        (
            {"lines": [{"id": "1", "net": 1, "account": 6000}]},
            "its account is 6000, and not a text",
        ),
        ({"attachments": ["a.pdf"]}, "its attachments contains 'a.pdf', and not only groups of"),
        ({"deleted_at": True}, "its deleted_at is True, and not a text"),
        ({"deleted_at": "no"}, "“no” is not a date"),
        ({"invoice_number": 7}, "its invoice_number is 7, and not a text"),
        ({"invoice_date": 20260320}, "“20260320” is not a date"),
        ({"gross_total": Decimal("NaN")}, "“NaN” is not an amount"),
        ({"version": None}, "no “version”"),
    ],
)
def test_a_row_that_makes_no_sense_says_what_is_wrong_with_it(bench, change, words):
    read = reading.read(bench.site, bench.books.invoice("1001") | change)
    assert isinstance(read, Unreadable)
    assert words in read.reason


@pytest.mark.parametrize("row", [None, "text", {}, {"id": ""}])
def test_a_row_without_an_id_is_unreadable_too(bench, row):
    item = reading.read(bench.site, row)
    assert item.reason == "CostTracker sent an invoice without an id."
    assert bench.read(ids=[item.source_id]) == [item], "nothing proves that it is gone"


def test_an_answer_without_an_id_is_about_the_invoice_that_was_asked_for(bench, monkeypatch):
    monkeypatch.setattr("hub_costtracker.client.CostTracker.invoice", lambda self, id: {"error": 1})
    (item,) = bench.read(ids=["invoice:1001"])
    assert (item.source_id, item.reason) == (
        "invoice:1001",
        "CostTracker sent an invoice without an id.",
    )


def test_one_unreadable_row_stops_no_other(connected):
    read = connected.read()
    assert [item.source_id for item in read if isinstance(item, Unreadable)] == [
        f"invoice:{connected.raw('a date that is none')['id']}"
    ]
    assert len([item for item in read if not isinstance(item, Checkpoint)]) == 150


def test_a_checkpoint_follows_each_page_and_reading_goes_on_from_it(connected):
    first = connected.read()
    places = [item for item in first if isinstance(item, Checkpoint)]
    assert (len(places), isinstance(first[100], Checkpoint), first[-1]) == (2, True, places[-1])
    again = connected.read(cursors={"": places[0].cursor})
    assert again == first[101:]


def test_only_what_changed_since_is_read_again(connected):
    cursor = connected.read()[-1].cursor
    connected.books.do("edit", invoice="1005", header={"reference": "new"}, line={})
    changed = connected.read(cursors={"": cursor})
    assert [type(item) for item in changed] == [Document, Checkpoint]
    assert (changed[0].source_id, changed[0].version, changed[0].memo) == (
        "invoice:1005",
        "2",
        "Reference: new",
    )


def test_a_receipt_reaches_its_invoice(connected):
    document = connected.case("without an order")
    hub_report(
        app="costtracker",
        site=connected.site,
        document=document,
        receipt=receipt(url="http://qbo/145"),
    )
    assert costtracker_status(connected, document) == {
        "state": "posted",
        "system": "quickbooks_online",
        "external_id": "145",
        "external_number": "26A-1",
        "external_url": "http://qbo/145",
        "at": "2026-03-20T09:00:00.000Z",
        "version": 1,
    }


@pytest.mark.row("CT-B10")
def test_a_payment_in_quickbooks_is_reported_with_its_amount(connected):
    document = connected.case("credit note")
    paid = receipt(state="part_paid", paid=Decimal("100.50"))
    hub_report(app="costtracker", site=connected.site, document=document, receipt=paid)
    assert (
        costtracker_status(connected, document)["state"],
        costtracker_status(connected, document)["amount_paid"],
    ) == (
        "part_paid",
        Decimal("100.5"),
    )


@pytest.mark.parametrize(
    ("state", "name"), [("changed", "changed_in_ledger"), ("missing", "missing_in_ledger")]
)
def test_states_go_by_costtrackers_names(connected, state, name):
    document = connected.case("credit note")
    hub_report(
        app="costtracker", site=connected.site, document=document, receipt=receipt(state=state)
    )
    assert costtracker_status(connected, document)["state"] == name


def test_an_older_receipt_never_covers_a_newer_one(connected):
    document = connected.case("credit note")
    hub_report(app="costtracker", site=connected.site, document=document, receipt=receipt())
    late = receipt(state="queued", at=AT - dt.timedelta(minutes=1))
    hub_report(app="costtracker", site=connected.site, document=document, receipt=late)
    assert costtracker_status(connected, document)["state"] == "posted"


def test_a_receipt_refused_as_outdated_is_sent_again_for_the_present_version(connected):
    first = connected.case("credit note")
    connected.books.do("edit", invoice=first.source_id[8:], header={"reference": "new"}, line={})
    queued = receipt(state="queued", at=AT - dt.timedelta(minutes=1))
    hub_report(
        app="costtracker",
        site=connected.site,
        document=connected.case("credit note"),
        receipt=queued,
    )
    hub_report(app="costtracker", site=connected.site, document=first, receipt=receipt())
    assert (
        costtracker_status(connected, first)["state"],
        costtracker_status(connected, first)["version"],
    ) == ("posted", 2)


def test_why_it_is_held_is_reported(connected):
    document = connected.case("credit note")
    held_receipt = receipt(state="held", message="The period is closed.")
    hub_report(app="costtracker", site=connected.site, document=document, receipt=held_receipt)
    assert costtracker_status(connected, document)["message"] == "The period is closed."


def test_our_own_receipt_makes_no_new_version(connected):
    cursor = connected.read()[-1].cursor
    document = connected.case("credit note")
    hub_report(app="costtracker", site=connected.site, document=document, receipt=receipt())
    assert connected.read(cursors={"": cursor}) == [Checkpoint(cursor=cursor)]


@pytest.mark.row("CT-B8")
def test_a_file_without_a_media_type_has_the_one_of_its_name(connected, monkeypatch):
    files = [{"id": "f1", "name": "scan.pdf"}, {"id": "f2", "name": "scan", "mime": None}]
    connected.allow_undescribed_answers()
    encode = views.invoice
    monkeypatch.setattr(views, "invoice", lambda *args: encode(*args) | {"attachments": files})
    attachments = connected.case("read by OCR").attachments
    assert [file.mime for file in attachments] == ["application/pdf", ""]
