"""Tests of printed documents: they are valid PDF files."""

import re

import pytest

from qbo_sandbox import create
from qbo_sandbox.kit import Clock, pdf


@pytest.fixture(scope="module")
def quickbooks():
    books = create(clock=Clock(1_800_000_000.0, frozen=True))
    item = {"ItemRef": {"value": "2"}, "Qty": 1, "UnitPrice": "1234.5"}
    line = {
        "Amount": "1234.5",
        "Description": "Dør (blå) \\ rød",
        "DetailType": "SalesItemLineDetail",
    }
    body = {
        "CustomerRef": {"value": "41"},
        "DocNumber": "N-7",
        "Line": [line | {"SalesItemLineDetail": item}],
    }
    assert books.ask("POST", "invoice", body).status == 200
    return books


def objects(content):
    """Return a PDF's objects by number, and check the offsets in its cross-reference table."""
    start = int(re.search(rb"startxref\n(\d+)\n%%EOF\n$", content)[1])
    assert content[start:].startswith(b"xref\n")
    places = [int(each) for each in re.findall(rb"(\d{10}) 00000 n ", content[start:])]
    objects_by_number = {}
    for number, place in enumerate(places, 1):
        assert content[place:].startswith(b"%d 0 obj\n" % number)
        objects_by_number[number] = content[place : content.index(b"\nendobj", place)]
    return objects_by_number


def test_an_invoice_is_printed_as_a_pdf(quickbooks):
    answer = quickbooks.ask("GET", "invoice/1/pdf", accept="application/pdf")
    assert (answer.status, answer.headers["content-type"]) == (200, "application/pdf")
    assert answer.body.startswith(b"%PDF-1.4")
    text = b"".join(objects(answer.body).values()).decode("cp1252")
    assert "Invoice N-7" in text
    assert r"Dør \(blå\) \\ rød" in text
    assert "1,234.50" in text


def test_a_stream_is_as_long_as_it_says():
    objects_by_number = objects(pdf(["one", "two"]))
    length, stream = re.search(
        rb"/Length (\d+) >>\nstream\n(.*)\nendstream", objects_by_number[5], re.DOTALL
    ).groups()
    assert len(stream) == int(length)


def test_long_documents_have_more_pages():
    objects_by_number = objects(pdf([f"row {n}" for n in range(100)]))
    assert b"/Count 3" in objects_by_number[2]
    assert sum(b"/Type /Page /Parent" in each for each in objects_by_number.values()) == 3


@pytest.mark.parametrize(("path", "code"), [("bill/1/pdf", "500"), ("invoice/99/pdf", "610")])
def test_an_object_that_cannot_be_printed_is_refused(quickbooks, path, code):
    answer = quickbooks.ask("GET", path)
    assert answer.status == 400
    assert answer.json()["Fault"]["Error"][0]["code"] == code
