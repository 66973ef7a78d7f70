"""Display names of documents are translated by their form, and no other text is taken for one."""

from typing import NamedTuple, get_args

import pytest

from hub.contract.document_kinds import LIST_KINDS
from hub.contract.documents import Kind
from hub.models.display_names import DisplayName, format_document_name
from hub.translations import catalogs, display_names

NORWEGIAN = catalogs.hub_catalog("nb")


class Document(NamedTuple):
    """The columns of a document that its name is made of."""

    kind: str
    number: str = "F-12"
    source_id: str = "a1"
    party: str = "Hara"


@pytest.mark.parametrize("kind", [*sorted(set(get_args(Kind)) - set(LIST_KINDS)), ""])
@pytest.mark.parametrize("party", ["Hara", ""])
def test_the_name_of_every_kind_of_transaction_is_translated(kind: str, party: str) -> None:
    name = format_document_name(Document(kind, party=party))
    translated = display_names.translate(name, NORWEGIAN)
    assert translated != name
    assert " of " not in translated
    assert "F-12" in translated
    assert translated.endswith(party)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("Bill F-12 of Hara", "Leverandørfaktura F-12 fra Hara"),
        ("Bill 12", "Leverandørfaktura 12"),
        ("Invoice 12 of House of Oslo", "Faktura 12 til House of Oslo"),
        ("Bill payment 12 of Hara", "Betaling av leverandørfaktura 12 til Hara"),
        (str(DisplayName("file of bill", "12", "Hara")), "Fil til leverandørfaktura 12 fra Hara"),
        (
            "Bill 1 of Hara and Bill 2 of Nord",
            "Leverandørfaktura 1 fra Hara og Leverandørfaktura 2 fra Nord",
        ),
        ("Bill 1 of Hara and Sons", "Leverandørfaktura 1 fra Hara and Sons"),
    ],
)
def test_a_name_is_translated_with_its_kind_and_of(name: str, expected: str) -> None:
    assert display_names.translate(name, NORWEGIAN) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("supplier credit", "kreditnota fra leverandør"),
        ("a deposit", "bankinnskudd"),
        ("an expense", "utgift"),
        ("supplier", "leverandør"),
        ("an employee", "an employee"),
    ],
)
def test_a_kind_is_translated_without_its_article(text: str, expected: str) -> None:
    """Its gender differs from kind to kind, so a sentence does without."""
    assert display_names.translate(text, NORWEGIAN) == expected


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Bill",
        "Bill Smith",
        "Bill Smith of York",
        "bill 12 of Hara",
        "Payment was refused because of 2 locks",
        "Customer 12",
        "Hara and Sons",
    ],
)
def test_another_text_stays_as_it_is(text: str) -> None:
    assert display_names.translate(text, NORWEGIAN) == text
