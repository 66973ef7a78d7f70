"""Tables, and the answers about their columns, that tests of the plugin share."""

import io

import pytest
from openpyxl import Workbook

from hub import Company
from hub.testing.bench import Bench

CSV = """\
Supplier;Invoice no;Date;Due date;Amount;VAT amount;VAT rate;Description;Account;Total
Bygg AS;1001;05.11.2026;05.12.2026;1 000,00;250,00;25;Timber;4010;1 562,50
Bygg AS;1001;05.11.2026;05.12.2026;250,00;62,50;25;Screws;4010;1 562,50
Nord Rør;77;06.11.2026;;-80,40;-20,10;25;Returned pipe;4020;-100,50
"""
MAPPING = {
    "holds": "bill",
    "party": "Supplier",
    "number": "Invoice no",
    "date": "Date",
    "due": "Due date",
    "amount": "Amount",
    "tax": "VAT amount",
    "tax_code": "VAT rate",
    "description": "Description",
    "account": "Account",
    "total": "Total",
    "dates": "dmy",
    "decimal": ",",
    "amounts": "exclusive",
}


@pytest.fixture
def bench():
    company = Company(country="NO", currency="NOK")
    return Bench("files", {"account": "7", "item": "9", "tax_code": "3"}, company=company)


def workbook(rows, formats=()):
    """Return the bytes of an Excel file with these rows; `formats` are those of its columns."""
    book = Workbook()
    for row in rows:
        book.active.append(row)
    for column, number_format in formats:
        for cell in book.active[column][1:]:
            cell.number_format = number_format
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


def read(bench, content, name="bills.csv", **mapping):
    """Return the documents of a file that is accepted with MAPPING and these answers."""
    content = content if isinstance(content, bytes) else content.encode()
    bench.receive(name, content, {**MAPPING, **mapping})
    return [item for item in bench.read() if hasattr(item, "source_id")]
