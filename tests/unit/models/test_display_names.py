"""The display name of documents and postings: one definition for cases, mail and pages."""

from typing import NamedTuple

import pytest

from hub.models.display_names import DisplayName, format_document_name, format_posting_name


class Document(NamedTuple):
    """The columns of a document that its name is made of."""

    kind: str = "bill"
    number: str = "12"
    source_id: str = "a1"
    party: str = "Hara"


class Posting(NamedTuple):
    """The columns of a posting that its name is made of."""

    document: Document
    kind: str = "bill"
    operation: str = "create"


@pytest.mark.parametrize(
    ("document", "name"),
    [
        (Document(), "Bill 12 of Hara"),
        (Document(kind="purchase_order"), "Purchase order 12 of Hara"),
        (Document(number=""), "Bill a1 of Hara"),
        (Document("purchase_order", "", "purchase_order:8010"), "Purchase order 8010 of Hara"),
        (Document(number="", source_id="urn:Acme:7"), "Bill Acme:7 of Hara"),
        (Document(number="", source_id="7:1"), "Bill 7:1 of Hara"),
        (Document(party=""), "Bill 12"),
        (Document(kind=""), "Document 12 of Hara"),
        (Document(kind="vendor", number=""), "Supplier Hara"),
        (Document(kind="item", number="100", party="Hammer"), "Item Hammer"),
        (Document(kind="vendor", party=""), "Supplier 12"),
        (Document(number="Hara"), "Bill Hara"),
    ],
)
def test_a_document_is_named_by_its_kind_number_and_party(document, name):
    assert format_document_name(document) == name


@pytest.mark.parametrize(
    ("posting", "name"),
    [
        (Posting(Document()), "Bill 12 of Hara"),
        (Posting(Document(kind="bill"), kind="vendor_credit"), "Supplier credit 12 of Hara"),
        (Posting(Document(), kind="attachment", operation="attach"), "File of bill 12 of Hara"),
        (Posting(Document(kind="vendor"), kind="vendor"), "Supplier Hara"),
    ],
)
def test_a_posting_has_the_name_of_its_document_with_its_own_kind(posting, name):
    assert format_posting_name(posting) == name


def test_the_parts_of_a_name_are_those_of_the_title():
    name = DisplayName.of_posting(Posting(Document(kind="credit_memo"), kind="credit_memo"))
    assert name == ("credit memo", "12", "Hara")
    assert str(name) == "Credit memo 12 of Hara"
