"""Amounts, payloads and source data in readable form."""

from collections.abc import Iterator
from dataclasses import fields
from decimal import Decimal
from gettext import NullTranslations

import pytest

from hub.contract.documents import Document
from hub.models import Posting, SourceDocument
from hub.translations import catalogs, messages
from hub.translations.messages import Reader
from hub.translations.numbers import SPACE_AND_COMMA
from hub.web.frame.source_view import (
    build_source_view,
    format_amount,
    format_fact,
    format_payload,
    format_quantity,
)


@pytest.fixture
def norwegian() -> Iterator[None]:
    """Read in Norwegian."""
    reader = Reader("nb", catalogs.hub_catalog("nb"), SPACE_AND_COMMA)
    token = messages.find_reader.set(lambda: reader)
    yield
    messages.find_reader.reset(token)


@pytest.mark.usefixtures("norwegian")
@pytest.mark.parametrize(
    ("label", "text", "expected"),
    [
        ("Paid by", "Cash", "Kontanter"),
        ("Paid by", "Check", "Sjekk"),
        ("Paid by", "Credit card", "Kredittkort"),
        ("Status", "Open", "Åpen"),
        ("Stock is tracked", "True", "ja"),
        ("Billable", "yes", "ja"),
        ("Type", "Inventory", "Lagervare"),
        ("Supplier", "created in QuickBooks first", "opprettes først i QuickBooks"),
        ("Supplier", "Open", "Open"),
        ("Price", "-12.5", "\N{MINUS SIGN}12,5"),
        ("Price", "A-1, 2.5", "A-1, 2.5"),
    ],
)
def test_words_and_numbers_of_quickbooks_are_those_of_the_person(
    label: str, text: str, expected: str
) -> None:
    assert format_fact(text, label) == expected


@pytest.mark.usefixtures("norwegian")
def test_words_and_quantities_of_a_source_are_those_of_the_person() -> None:
    body = {"payment_type": "credit_card", "date": "2026-10-30"}
    view = build_source_view(SourceDocument(body=body, currency="NOK"))
    assert view.facts[0] == ("Paid by", "Kredittkort")
    view = build_source_view(SourceDocument(body={"payment_type": "Vipps"}, currency="NOK"))
    assert view.facts == [("Paid by", "Vipps")]
    details = {"kind": "item", "details": {"type": "non_inventory"}}
    assert build_source_view(SourceDocument(body=details)).facts == [("Type", "Ikke lagervare")]
    assert format_quantity("2.50") == "2,50"
    assert format_quantity(Decimal("1E+2")) == "100"
    assert format_quantity(None) == ""


def test_a_switch_is_no_word_of_a_program() -> None:
    assert format_fact("True", "Stock is tracked") == "yes"


@pytest.mark.parametrize(
    ("value", "currency", "text"),
    [
        (Decimal("1234567.5"), "NOK", "1,234,567.50"),
        (Decimal("-0.1"), "USD", "\N{MINUS SIGN}0.10"),
        (Decimal("1200"), "JPY", "1,200"),
        (Decimal("0.12345"), "USD", "0.12345"),
        (Decimal(0), "USD", "0.00"),
        (Decimal("-0.00"), "USD", "0.00"),
        (None, "USD", ""),
        ("", "USD", ""),
    ],
)
def test_amounts_keep_every_decimal_and_show_those_of_their_currency(
    value: Decimal | str | None, currency: str, text: str
) -> None:
    assert format_amount(value, currency) == text


def test_a_payload_is_shown_with_the_very_digits_that_are_sent() -> None:
    posting = Posting(payload=b'{"Amount":10.10,"Tax":0.00,"Big":12345678901234567890.12}')
    assert '"Amount": 10.10' in format_payload(posting)
    assert '"Tax": 0.00' in format_payload(posting)
    assert '"Big": 12345678901234567890.12' in format_payload(posting)


def test_a_payload_that_is_no_json_is_shown_as_it_is() -> None:
    assert format_payload(Posting(payload=b"--boundary\r\nfile")) == "--boundary\r\nfile"


def test_a_document_keeps_the_words_of_its_source() -> None:
    body = {
        "kind": "bill",
        "total": "10.5",
        "codes": {"supplier": {"id": "s1", "name": "Ås", "number": "7"}},
        "date": "2026-10-30",
        "tax_mode": "exclusive",
        "lines": [{"id": "1", "amount": "10.5", "codes": {"account": "4000", "class": "c9"}}],
        "facts": {"Approved by": "Kari, 2026-11-20T03:16", "status in ION": "Ordered"},
        "warnings": ["The file is missing."],
    }
    view = build_source_view(
        SourceDocument(body=body, currency="NOK"),
        lambda field, code: {"c9": "Nybygg"}.get(code, ""),
    )
    assert view.facts == [
        ("Total", "10.50"),
        ("Date", "30 Oct 2026"),
        ("Tax mode", "amounts without tax"),
        ("Approved by", "Kari, 20 Nov 2026 03:16"),
        ("Status in ION", "Ordered"),
    ]
    assert view.codes == [("Supplier", "7 Ås")]
    assert view.lines[0]["codes"] == [("Account", "4000"), ("Class", "Nybygg")]
    assert view.warnings == ["The file is missing."]


def test_a_customer_shows_the_facts_of_its_source_and_no_taxes() -> None:
    details = {
        "name": "Harbor Freight",
        "phone": "555-0179",
        "address": {"lines": ["179 Elm Street"], "city": "Riverton", "country": "US"},
        "currency": "USD",
    }
    body = {"kind": "customer", "currency": "USD", "tax_mode": "exclusive", "details": details}
    view = build_source_view(SourceDocument(body=body, currency="USD"))
    assert view.facts == [
        ("Name", "Harbor Freight"),
        ("Phone", "555-0179"),
        ("Address", "179 Elm Street, Riverton, US"),
        ("Currency", "USD"),
    ]


def test_an_item_shows_its_kind_and_prices() -> None:
    details = {"name": "Bolt", "type": "non_inventory", "price": "1234.5", "cost": "2"}
    view = build_source_view(
        SourceDocument(body={"kind": "item", "details": details}, currency="USD")
    )
    assert view.facts == [
        ("Name", "Bolt"),
        ("Type", "Non-inventory"),
        ("Price", "1,234.50"),
        ("Cost", "2.00"),
    ]


def test_an_address_is_shown_without_the_names_of_its_parts() -> None:
    address = {"name": "Orbital Works", "lines": ["3 Launch Road", "Hangar 3"], "region": None}
    view = build_source_view(SourceDocument(body={"ship_to": address}, currency="USD"))
    assert view.facts == [("Ship to", "Orbital Works, 3 Launch Road, Hangar 3")]


class NoTranslations(NullTranslations):
    """Answer nothing for a text that the catalog before it does not have."""

    def gettext(self, message: str) -> str:
        return ""


def test_each_fact_of_a_document_has_a_norwegian_label() -> None:
    path = catalogs.build_catalog_path(catalogs.OWN_FOLDER, "nb", "hub")
    catalog = catalogs.read(path, "nb")
    catalog.add_fallback(NoTranslations())
    names = {field.name for field in fields(Document)} - {"lines", "codes", "facts"}
    body = dict.fromkeys(names, "1") | {"custom": {"Buyer": "Ola"}, "ship_to": {"city": "Oslo"}}
    document = SourceDocument(body=body, currency="NOK")
    labels = [label for label, _ in build_source_view(document).facts]
    assert [label for label in labels if not catalog.gettext(label)] == [], (
        "Add the label to hub/web/frame/translatable_labels.py and run make translations, or name"
        " the field in HIDDEN_FIELDS of hub/web/frame/source_view.py if the page shows it"
        " elsewhere."
    )
