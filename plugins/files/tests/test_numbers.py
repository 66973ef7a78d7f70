"""Documents with one number are two if their sender counts anew each year."""

from decimal import Decimal

import pytest
from e_invoices import invoice
from mapped_tables import MAPPING

from hub import Company, Document, Unreadable
from hub.testing.bench import Bench

HEADER = "Supplier;Invoice no;Date;Amount;VAT amount\n"
BILL = "bill:bygg as:7"


@pytest.fixture
def bench():
    company = Company(country="NO", currency="NOK")
    return Bench("files", {"account": "7", "tax_code": "3"}, company=company)


def receive(bench, *rows, name="bills.csv", more=""):
    """Receive a table with these dates and amounts of the bill with number 7, and more rows."""
    lines = [f"Bygg AS;7;{date};{amount};0\n" for date, amount in rows]
    columns = {field: answer for field, answer in MAPPING.items() if answer in HEADER}
    choices = {"holds": "bill", "dates": "dmy", "decimal": ",", "amounts": "exclusive"}
    content = HEADER + "".join(lines) + more
    bench.receive(name, content.encode(), {**columns, **choices})


def bills(bench):
    """Return the newest amount of each document."""
    documents = [item for item in bench.read() if isinstance(item, Document)]
    return {document.source_id: document.lines[0].amount for document in documents}


def test_a_bill_with_a_number_of_the_year_before_changes_nothing_of_that_one(bench):
    receive(bench, ("05.11.2025", "100,00"))
    receive(bench, ("20.03.2026", "80,00"))
    assert bills(bench) == {BILL: 100, f"{BILL}:2026": 80}
    both = bench.read(ids=[f"{BILL}:2026", BILL])
    assert {bill.source_id: bill.lines[0].amount for bill in both} == bills(bench)


def test_later_files_change_the_bill_of_their_year(bench):
    for date, amount in (
        ("05.11.2025", "100,00"),
        ("20.03.2026", "80,00"),
        ("05.11.2025", "101,00"),
        ("21.03.2026", "81,00"),
    ):
        receive(bench, (date, amount))
    assert bills(bench) == {BILL: 101, f"{BILL}:2026": 81}
    items = bench.read(ids=[BILL, f"{BILL}:2026"])
    assert [item.lines[0].amount for item in items] == [101, 81]


@pytest.mark.parametrize("corrected", ["05.11.2026", "15.01.2026", "20.03.2025"])
def test_a_corrected_date_changes_the_bill(bench, corrected):
    receive(bench, ("05.11.2025", "100,00"))
    receive(bench, (corrected, "80,00"))
    assert bills(bench) == {BILL: 80}


def test_a_bill_that_was_unreadable_at_first_changes_nothing_of_the_year_before(bench):
    receive(bench, ("05.11.2025", "100,00"))
    other = "Nord Rør;8;20.03.2026;5,00;0\n"
    receive(bench, ("20.03.2026", "eighty"), more=other)
    unreadable = [item for item in bench.read() if isinstance(item, Unreadable)]
    assert [item.source_id for item in unreadable] == [f"{BILL}:2026"]
    assert bench.read(ids=[f"{BILL}:2026"]) == unreadable
    receive(bench, ("20.03.2026", "80,00"))
    assert bills(bench) == {BILL: 100, "bill:nord rør:8": 5, f"{BILL}:2026": 80}


def test_an_e_invoice_with_a_number_of_the_year_before_is_another_document(bench):
    bench.receive("2026.xml", invoice().xml())
    later = invoice().set("cbc:IssueDate", "2027-03-01").set("cbc:DueDate", "2027-03-31")
    bench.receive("2027.xml", later.xml())
    dates = {item.source_id: str(item.date) for item in bench.read() if hasattr(item, "lines")}
    plain = "bill:984661185:10417"
    assert dates == {plain: "2026-11-05", f"{plain}:2027": "2027-03-01"}
    (bill,) = bench.read(ids=[f"{plain}:2027"])
    assert bench.attachment(bill, bill.attachments[-1]) == later.xml()
    assert bill.total == Decimal("9263.00")


def test_a_long_number_of_another_year_has_an_id_that_can_be_stored(bench):
    number = "7" * 195
    for date in ("2026-11-05", "2027-03-01"):
        sample = invoice().set("cbc:ID", number).set("cbc:IssueDate", date)
        bench.receive(f"{date}.xml", sample.xml())
    ids = {item.source_id for item in bench.read() if hasattr(item, "lines")}
    assert len(ids) == 2
    assert max(map(len, ids)) <= 200
