"""CSV and Excel files become documents with the columns that a person chose."""

import datetime as dt
import io
import re
import zipfile
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from mapped_tables import CSV, MAPPING, bench, read, workbook

from hub import Company, Gone, Refused, Unreadable

__all__ = ["bench"]


def resized(content, size):
    """Return an Excel file that says that its first sheet has this size."""
    file = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(file, "w") as new:
        for name in old.namelist():
            part = re.sub(rb'(<dimension ref=")[^"]*', rb"\g<1>" + size.encode(), old.read(name))
            new.writestr(name, part)
    return file.getvalue()


def answers(bench, content, name="bills.csv"):
    """Return the suggested answers about a table."""
    content = content if isinstance(content, bytes) else content.encode()
    return bench.receive(name, content).table.suggestions


# -- documents -------------------------------------------------------------------------------------


def test_rows_with_one_supplier_and_number_are_the_lines_of_a_bill(bench):
    bill, _ = read(bench, CSV)
    assert (bill.kind, bill.number, bill.source_id) == ("bill", "1001", "bill:bygg as:1001")
    assert (bill.date, bill.due) == (dt.date(2026, 11, 5), dt.date(2026, 12, 5))
    assert (bill.total, bill.tax_total) == (Decimal("1562.50"), Decimal("312.50"))
    assert bill.currency == "NOK"
    supplier = bill.codes["supplier"]
    assert (supplier.name, supplier.create.currency) == ("Bygg AS", "NOK")


def test_the_lines_of_a_bill_have_amounts_taxes_and_codes(bench):
    bill, _ = read(bench, CSV)
    first, second = bill.lines
    assert (first.id, first.amount, first.tax) == ("1", Decimal("1000.00"), Decimal("250.00"))
    assert (second.id, second.amount, second.tax) == ("2", Decimal("250.00"), Decimal("62.50"))
    assert first.codes["account_code"].number == "4010"
    assert first.codes["tax"].name == "25 %"


def test_rows_that_are_negative_together_are_a_credit_with_positive_amounts(bench):
    _, credit = read(bench, CSV)
    assert credit.kind == "vendor_credit"
    assert [(line.amount, line.tax) for line in credit.lines] == [
        (Decimal("80.40"), Decimal("20.10"))
    ]
    assert credit.total == Decimal("100.50")


def test_rows_of_an_invoice_and_its_credit_with_one_number_are_one_document(bench):
    credit = "Bygg AS;1001;05.11.2026;05.12.2026;-400,00;-100,00;25;Timber back;4010;\n"
    bill, other = read(bench, CSV + credit, total="")
    assert (bill.kind, bill.source_id, other.number) == ("bill", "bill:bygg as:1001", "77")
    assert [line.amount for line in bill.lines][-1] == Decimal("-400.00")


def test_a_credit_with_its_own_date_and_the_number_of_an_invoice_names_both_lines(bench):
    credit = "Bygg AS;1001;12.11.2026;;-400,00;-100,00;25;Timber back;4010;\n"
    problem, other = read(bench, CSV + credit)
    assert "Lines 2, 3 and 5 of bills.csv" in problem.reason
    assert problem.reason.endswith("a credit needs a number of its own, such as 1001-C.")
    assert other.number == "77"


def test_sales_become_invoices_and_credit_memos(bench):
    invoice, credit = read(bench, CSV, holds="invoice")
    assert (invoice.kind, credit.kind) == ("invoice", "credit_memo")
    assert invoice.codes["customer"].name == "Bygg AS"
    assert invoice.lines[0].codes["item"] == "9"


def test_an_excel_file_gives_numbers_dates_and_percentages_as_excel_shows_them(bench):
    rows = [
        ["Supplier", "Invoice no", "Date", "Amount", "VAT rate"],
        ["Bygg AS", 1001, dt.date(2026, 11, 5), 0.1 + 0.2, 0.25],
    ]
    content = workbook(rows, [("E", "0%")])
    only = dict.fromkeys(("due", "tax", "description", "account", "total"), "")
    (bill,) = read(bench, content, "bills.xlsx", **only)
    assert (bill.number, bill.date) == ("1001", dt.date(2026, 11, 5))
    assert bill.lines[0].amount == Decimal("0.3")
    assert bill.lines[0].codes == {"account": "7", "tax": bill.lines[0].codes["tax"]}
    assert bill.lines[0].codes["tax"].name == "25 %"


@pytest.mark.parametrize(
    ("text", "zone", "day"),
    [
        ("2026-03-31T11:30:00Z", "Pacific/Auckland", dt.date(2026, 4, 1)),
        ("2027-01-01 06:59:59.5 UTC", "America/Los_Angeles", dt.date(2026, 12, 31)),
        ("2026-10-24T22:30+00:00", "Europe/Oslo", dt.date(2026, 10, 25)),
        ("2026-03-31T23:30:00-04:00", "Pacific/Auckland", dt.date(2026, 3, 31)),
        ("2026-03-31 23:30:00", "Asia/Kolkata", dt.date(2026, 3, 31)),
        ("2026-03-31T00:00:00.000Z", "America/Los_Angeles", dt.date(2026, 3, 31)),
    ],
)
def test_a_time_in_utc_is_a_day_in_the_zone_of_the_app(bench, text, zone, day):
    bench.zone = ZoneInfo(zone)
    _, other = read(bench, CSV.replace("06.11.2026", text))
    assert other.date == day


@pytest.mark.parametrize(
    "text", ["2026-02-30T11:30:00Z", "1026-03-31T11:30:00Z", "0001-01-01T11:30Z", "0001-01-01"]
)
def test_a_date_that_there_is_not_is_named(bench, text):
    bench.zone = ZoneInfo("Pacific/Auckland")
    _, problem = read(bench, CSV.replace("06.11.2026", text))
    assert f"“{text}” is not a date" in problem.reason


def test_a_line_without_a_tax_gets_the_one_of_the_settings_outside_the_united_states(bench):
    (bill,) = read(bench, CSV.replace(";25;", ";;"))[:1]
    assert bill.lines[0].codes["tax_code"] == "3"
    bench.company = Company(country="US", currency="USD")
    bill, _ = bench.read()[:2]
    assert "tax_code" not in bill.lines[0].codes


def test_a_document_has_the_currency_of_its_column(bench):
    bill, _ = read(
        bench,
        CSV.replace("Account;", "Valuta;").replace(";4010;", ";eur;"),
        currency="Valuta",
        account="",
    )
    assert (bill.currency, bill.codes["supplier"].create.currency) == ("EUR", "EUR")


@pytest.mark.parametrize(("text", "rate"), [("11,7425", "11.7425"), ("", None)])
def test_a_document_has_the_exchange_rate_of_its_column(bench, text, rate):
    content = CSV.replace("Account;", "Valuta;Kurs;").replace(";4010;", f";EUR;{text};")
    answer = {"currency": "Valuta", "exchange_rate": "Kurs", "account": ""}
    assert answers(bench, content)["exchange_rate"] == "Kurs"
    bill, _ = read(bench, content.replace(";4020;", ";EUR;11,5;"), **answer)
    assert bill.exchange_rate == (rate and Decimal(rate))


@pytest.mark.parametrize("text", ["0", "-11,5", "much"])
def test_an_invalid_exchange_rate_is_reported_with_its_line(bench, text):
    content = CSV.replace("Account;", "Kurs;").replace(";4010;", f";{text};")
    first = read(bench, content.replace(";4020;", ";11,5;"), exchange_rate="Kurs", account="")[0]
    assert isinstance(first, Unreadable)
    assert first.reason.startswith(f"Lines 2 and 3 of bills.csv: “{text}” is no")


def test_lines_of_one_document_have_one_exchange_rate(bench):
    content = CSV.replace("Account;", "Kurs;").replace(";4020;", ";11,5;")
    content = content.replace(";4010;", ";11,5;", 1).replace(";4010;", ";11,6;")
    first = read(bench, content, exchange_rate="Kurs", account="")[0]
    assert "have different exchange rates" in first.reason


def test_a_line_without_an_account_waits_with_the_reason(bench):
    bench.set(account="")
    (bill,) = read(bench, CSV.replace(";4010;", ";;"))[:1]
    assert bill.hold.startswith("Line 1 names no account. Choose the account of bills")


def test_the_file_is_attached_again_only_to_documents_that_changed(bench):
    read(bench, CSV)
    longer = CSV + "Ny AS;5;07.11.2026;;10,00;;;;;\n"
    bench.receive("all.csv", longer.encode(), MAPPING)
    first, second = (
        item
        for item in bench.read()
        if item.__class__.__name__ == "Document" and item.number == "1001"
    )
    assert first.attachments[0].id == second.attachments[0].id
    assert bench.attachment(second, second.attachments[0]) == longer.encode()
    bench.set(attach=False)
    assert bench.read()[0].attachments == ()


def test_documents_are_read_by_id_from_the_newest_file_and_others_are_gone(bench):
    read(bench, CSV)
    bench.receive("corrected.csv", CSV.replace("Timber", "Oak").encode(), MAPPING)
    bill, gone = bench.read(ids=["bill:bygg as:1001", "bill:nobody:1"])
    assert bill.lines[0].description == "Oak"
    assert gone == Gone(source_id="bill:nobody:1", reason="No received file has it.")


def test_files_after_the_cursor_are_read_once(bench):
    read(bench, CSV)
    cursor = bench.read()[-1].cursor
    bench.receive("more.csv", CSV.replace("1001", "1002").encode(), MAPPING)
    numbers = [getattr(item, "number", "") for item in bench.read({"": cursor})]
    assert numbers == ["1002", "77", ""]


def test_ids_stay_the_same_whatever_case_and_spaces(bench):
    (first, _) = read(bench, CSV)
    assert bench.receive("again.csv", CSV.replace("Bygg AS", " BYGG  as").encode(), MAPPING)
    assert first.source_id in bench.files.with_documents([first.source_id])


# -- what cannot be read ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        ("1 000,00", "1.000.00", "Lines 2 and 3 of bills.csv: “1.000.00” is not an amount"),
        ("1 000,00", "", "the column “Amount” is empty"),
        ("05.11.2026;05.12.2026;1 000", "31.02.2026;05.12.2026;1 000", "have different dates"),
        ("1 000,00;250,00", "1 000,00;x", "“x” is not an amount with a decimal comma"),
        ("1 000,00;250,00", "1 000,00;25 %", "“25 %” is not an amount with a decimal comma"),
        ("1 000,00", "1 000,00 CR", "“1 000,00 CR” is not an amount"),
        ("1 562,50", "-1 562,50", "have different totals"),
        ("-20,10", "20,10", "“Amount” and “VAT amount” is negative, and the other is not"),
        ("06.11.2026", "soon", "Line 4 of bills.csv: “soon” is not a date."),
        ("06.11.2026", "", "the column “Date” is empty"),
    ],
)
def test_a_document_that_cannot_be_read_names_its_lines_and_stops_no_other(bench, old, new, reason):
    items = read(bench, CSV.replace(old, new, 1))
    (problem,) = [item for item in items if isinstance(item, Unreadable)]
    assert reason in problem.reason
    assert len(items) == 2


def test_a_negative_total_of_positive_lines_is_reported(bench):
    problem, _ = read(bench, CSV.replace("1 562,50", "-1 562,50"))
    assert "the column “Total” is negative, and the lines together are not" in problem.reason


def test_a_row_without_number_is_a_document_of_its_own(bench):
    items = read(bench, CSV.replace(";77;", ";;"))
    assert items[1].source_id.startswith("row:")
    assert items[1].reason == "Line 4 of bills.csv: the column “Invoice no” is empty."


def test_columns_with_which_nothing_can_be_read_are_refused(bench):
    with pytest.raises(Refused, match="No document can be read with these columns"):
        read(bench, CSV, amount="Description")


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("a.csv", b"Supplier;No\n", "has no row below the names of its columns"),
        ("a.csv", b"A;A\n1;2\n", "two columns with the name A"),
        ("a.csv", b"A;B\n1;2;3\n", "Line 2 of a.csv has more cells than there are columns"),
        ("a.csv", b'A;B\n"1;2\n', "is not CSV"),
        ("a.csv", b"\x89PNG\r\n\x1a\n\0\0", "is not a text"),
        ("a.xlsx", b"PK\x03\x04 no archive", "cannot be read as an Excel file"),
        ("a.xlsx", bytes.fromhex("d0cf11e0a1b11ae1") + bytes(2000), "without a password"),
        ("a.csv", b"A;B\n" + b"1;2\n" * 10_001, "more than 10,000 rows"),
        ("a.csv", b";".join(b"c%d" % n for n in range(101)) + b"\n1\n", "more than 100 columns"),
        ("a.csv", b"A;B\n1;" + b"x" * 4001 + b"\n", "a text of more than 4,000 characters"),
    ],
)
def test_a_file_without_a_table_is_refused_with_the_reason(bench, name, content, reason):
    with pytest.raises(Refused, match=reason):
        bench.receive(name, content)


@pytest.mark.parametrize("part", ["xl/workbook.xml", "xl/worksheets/sheet1.xml"])
def test_an_excel_file_with_a_damaged_part_is_refused(bench, part):
    content = bytearray(workbook([["A"], [1]]))
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        header = archive.getinfo(part).header_offset
    data = header + 30 + len(part)  # behind the header of the part, and its name
    content[data : data + 4] = b"\xff\xff\xff\xff"
    with pytest.raises(Refused, match="cannot be read as an Excel file"):
        bench.receive("a.xlsx", bytes(content))


def test_an_excel_file_that_unpacks_to_too_much_is_refused(bench, monkeypatch):
    content = workbook([["A"], ["x" * 1000]])
    monkeypatch.setattr("hub_files.workbook_limits.MAX_UNPACKED_BYTES", 1000)
    with pytest.raises(Refused, match="too large when it is unpacked"):
        bench.receive("a.xlsx", content)


def test_empty_lines_are_left_out_and_columns_without_a_name_get_their_letter(bench):
    table = bench.receive("a.csv", b"\n;A;\n;;\n1;2;\n").table
    assert table.columns == ("Column A", "A")
    assert table.rows == (("1", "2"),)


def test_rows_and_columns_beyond_an_outdated_size_of_an_excel_sheet_are_read(bench):
    content = workbook([["A", "B"], [1, 2], [3, 4]])
    assert bench.receive("a.xlsx", resized(content, "A1:A2")).table.rows == (("1", "2"), ("3", "4"))


def test_rows_below_many_empty_rows_of_an_excel_sheet_are_read(bench, monkeypatch):
    monkeypatch.setattr("hub_files.tables.MAX_ROWS", 3)
    table = bench.receive("a.xlsx", workbook([["A"], [1], *[[]] * 9, [2], [3]])).table
    assert table.rows == (("1",), ("2",), ("3",))


# -- suggestions -----------------------------------------------------------------------------------


def test_the_likely_columns_are_suggested(bench):
    suggested = answers(bench, CSV)
    assert {name: answer for name, answer in suggested.items() if answer} == MAPPING


def test_norwegian_columns_are_known(bench):
    suggested = answers(bench, "Kunde;Fakturanr;Fakturadato;Beløp;MVA\nBo;1;31.01.2026;1,5;0,3\n")
    assert [suggested[name] for name in ("holds", "party", "number", "date", "amount", "tax")] == [
        "invoice",
        "Kunde",
        "Fakturanr",
        "Fakturadato",
        "Beløp",
        "MVA",
    ]


def test_a_tax_column_with_rates_holds_no_amounts(bench):
    suggested = answers(bench, "Leverandør;Nr;Beløp;Mva\nBo;1;100,00;25 %\nBo;2;80,00;\n")
    assert (suggested["tax_code"], suggested.get("tax")) == ("Mva", None)


@pytest.mark.parametrize(
    ("date", "order"),
    [("13/01/2026", "dmy"), ("01/13/2026", "mdy"), ("2026-01-02", "ymd"), ("01/02/2026", "")],
)
def test_an_order_of_dates_that_is_open_is_not_guessed(bench, date, order):
    assert answers(bench, f"Supplier,Date,Amount\nBo,{date},1\n")["dates"] == order


@pytest.mark.parametrize(
    ("amounts", "mark"),
    [
        (("12.500", "950"), ""),
        (("1.250.000 kr",), ""),
        (("12.500", "950,5"), ","),
        (("12.500", "950.25"), "."),
        (("12,500", "950"), "."),
        (("12 500", "950"), "."),
    ],
)
def test_a_decimal_mark_that_is_open_is_not_guessed(bench, amounts, mark):
    rows = "".join(f"Bo;{amount}\n" for amount in amounts)
    assert answers(bench, f"Supplier;Amount\n{rows}")["decimal"] == mark


@pytest.mark.parametrize(
    ("text", "mark", "amount"),
    [
        ("1,234.50", ".", "1234.50"),
        ("1.234,50", ",", "1234.50"),
        ("1 234,50", ",", "1234.50"),
        ("1\u00a0234,50 kr", ",", "1234.50"),
        ("1'234.50", ".", "1234.50"),
        ("$1,234", ".", "1234"),
        ("kr. 100,-", ",", "100"),
        ("100:-", ",", "100"),
        ("kr 1 250,\u2013", ",", "1250"),
        ("\u2013100,00", ",", "-100.00"),
        ("\u2011 kr 100.00", ".", "-100.00"),
        ("CRC 100.00", ".", "100.00"),
        ("-5.5", ".", "-5.5"),
        ("\u22125.5", ".", "-5.5"),
        ("(1,234.00)", ".", "-1234.00"),
        ("7.25-", ".", "-7.25"),
        ("NOK -3,10", ",", "-3.10"),
        (".50", ".", "0.50"),
    ],
)
def test_amounts_are_read_as_people_write_them(bench, text, mark, amount):
    content = f"Supplier\tNo\tDate\tAmount\nBo\t1\t2026-01-02\t{text}\n"
    mapping = {"party": "Supplier", "number": "No", "date": "Date", "amount": "Amount"}
    choices = {"holds": "bill", "dates": "ymd", "decimal": mark, "amounts": "exclusive"}
    bench.receive("a.csv", content.encode(), {**mapping, **choices})
    item = bench.read()[0]
    sign = 1 if item.kind == "bill" else -1
    assert sign * item.lines[0].amount == Decimal(amount)


INVALID_AMOUNTS = ("1,23", "12.34.56", "1O0", "12a3", "1,2345", "--1", "1 23", "$")
CONTRADICTORY_SIGNS = ("(100", "100)", "(100-", "-100)", "-100-", "+100-")


@pytest.mark.parametrize("text", [*INVALID_AMOUNTS, *CONTRADICTORY_SIGNS])
def test_an_invalid_amount_makes_its_row_unreadable(bench, text):
    content = f"Supplier\tNo\tDate\tAmount\nBo\t1\t2026-01-02\t{text}\nBo\t2\t2026-01-02\t1\n"
    mapping = {"party": "Supplier", "number": "No", "date": "Date", "amount": "Amount"}
    choices = {"holds": "bill", "dates": "ymd", "decimal": ".", "amounts": "exclusive"}
    bench.receive("a.csv", content.encode(), {**mapping, **choices})
    assert isinstance(bench.read()[0], Unreadable)
