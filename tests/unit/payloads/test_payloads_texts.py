"""The texts of a document reach QuickBooks, or a warning says which of them does not."""

from decimal import Decimal as D

import pytest

from hub import payloads
from hub.contract.documents import KINDS, OPTIONAL_TEXTS, Address, Document, Item, Party
from hub.mapping import MappedDocument
from hub.payloads.company_facts import CompanyFacts
from tests.support.rows.payload_cases import MARKER, US, line, mapped, refs

NOTED_KINDS = ("bill", "vendor_credit", "expense", "payment", "bill_payment", "deposit")
# Kinds of which QuickBooks keeps no memo.
KINDS_WITHOUT_MEMO = ("item", "vendor")
KINDS_WITH_MEMO = [kind for kind in KINDS if kind not in KINDS_WITHOUT_MEMO]
DETAILS = {"vendor": Party(name="Shed"), "customer": Party(name="Shed"), "item": Item(name="Bolt")}
TEXTS = {
    "memo": "Trip 7",
    "message": "Deliver to gate B",
    "custom": {"Buyer": "Ola", "Empty": " "},
    "ship_to": Address(name="Site office", lines=("12 Elm Street",), city="Riverton"),
}
# Texts of a document that the hub itself uses, so that they are in no body as they are.
NOT_POSTED = ("quickbooks_id", "version", "hold", "url", "currency", "payment_type")


def build(kind, **texts):
    if kind in DETAILS:
        document = Document(kind=kind, source_id="d1", details=DETAILS[kind], **texts)
        return payloads.build(MappedDocument(document=document, header={}), US, MARKER)
    header = refs(vendor="1", customer="41", payment_account="35", deposit_account="35")
    values = {"total": D(5)} | texts
    return payloads.build(
        mapped(line("1", "5", item="1"), kind=kind, header=header, **values), US, MARKER
    )


def test_every_text_that_a_document_may_have_is_tried_here():
    tried = {*TEXTS, "number", "email_to"}  # see test_payloads_kinds.py for these two
    assert set(OPTIONAL_TEXTS) - tried == set(NOT_POSTED), "Add a new field to TEXTS."


@pytest.mark.parametrize("kind", KINDS_WITH_MEMO)
def test_every_text_of_a_document_is_in_its_body(kind):
    body = str(build(kind, **TEXTS).body)
    texts = ("Trip 7", "Deliver to gate B", "Ola", "Site office", "12 Elm Street", "Riverton")
    assert [text for text in texts if text not in body] == [], (
        f"The module of {kind} in hub/payloads has no field for this text. Give it one, or put"
        " the text into the memo: `shared_fields.put_texts_into_memo` does so for kinds without"
        " fields, `PayloadBuilder.memo` for all."
    )


@pytest.mark.parametrize("kind", NOTED_KINDS)
def test_a_kind_without_custom_fields_has_them_in_the_memo_with_a_warning(kind):
    built = build(kind, number=None, memo="Trip 7", custom=TEXTS["custom"])
    assert built.body["PrivateNote"] == f"Trip 7\nBuyer: Ola\n[hub:{MARKER}]"
    assert built.warnings == ("QuickBooks has no custom field Buyer; it goes into the memo.",)


def test_an_item_has_no_memo_so_a_warning_names_each_text_that_is_left_out():
    built = build("item", **TEXTS)
    assert built.warnings == tuple(
        f"Products and services in QuickBooks have no field for {name}; it is left out."
        " Put it into the description at the source."
        for name in ("memo", "message", "delivery address", "Buyer")
    ), "Add a new text to `iter_texts` in hub/payloads/shared_fields.py."


LONG_MESSAGE = "m" * 1200
NUMBER = "N" * 30


def test_a_memo_that_is_cut_is_warned_of_and_keeps_its_marker():
    built = build("invoice", memo="a" * 3900, message=LONG_MESSAGE, custom={"Buyer": "Ola"})
    memo = built.body["PrivateNote"]
    assert len(memo) == 4000
    assert memo.endswith(f"m\n[hub:{MARKER}]")
    left_out = 3900 + 1200 + len("\nBuyer: Ola\n") - (4000 - len(f"\n[hub:{MARKER}]"))
    assert built.warnings[-1] == (
        f"QuickBooks allows 4,000 characters in a memo, so the last {left_out:,} are"
        " left out. Shorten the texts of the document at the source."
    )


@pytest.mark.parametrize("kind", KINDS_WITH_MEMO)
def test_every_long_text_is_whole_in_the_body_or_a_warning_says_that_it_is_cut(kind):
    texts = {"number": NUMBER, "message": LONG_MESSAGE, "custom": {"Buyer": "O" * 40}}
    whole = build(kind, memo="a" * 600, **texts)
    body = str(whole.body)
    assert [text for text in (LONG_MESSAGE, "O" * 40) if text not in body] == []
    assert not any("left out" in warning for warning in whole.warnings)

    cut = build(kind, memo="a" * 4000, **texts)
    assert sum("in a memo" in warning for warning in cut.warnings) == 1


def test_a_remark_about_a_tolerated_difference_is_in_the_memo():
    built = build("bill", memo="a" * 3990, tolerance=D(1), total=D("5.50"))
    assert sum("in a memo" in warning for warning in built.warnings) == 1
    assert any(warning.startswith("Its total at the source is") for warning in built.warnings)


LONG_ADDRESS = Address(
    lines=("Gate B", "s" * 300, "t" * 300, "Hall 4", "Shelf 9", "u" * 600),
    postal_code="9" * 40,
    city="c" * 256,
    region="r" * 256,
    country="l" * 256,
)
BUYER = CompanyFacts(sales_fields={"Buyer": "1"}, order_fields={"Buyer": "2"})
CUT_INTO_MEMO = "%s: QuickBooks allows %s characters; the full text goes into the memo."


@pytest.mark.parametrize("kind", ["invoice", "credit_memo", "refund", "purchase_order"])
def test_a_cut_field_of_a_document_is_warned_of_and_whole_in_the_memo(kind):
    header = refs(vendor="1", customer="41", deposit_account="35")
    custom = {"Buyer": "O" * 40}
    document = mapped(
        line("1", "5", item="1"), kind=kind, header=header, ship_to=LONG_ADDRESS, custom=custom
    )
    built = payloads.build(document, BUYER, MARKER)
    places = (("City", 255), ("State or region", 255), ("Country", 255))
    for label, length in (("Buyer", 31), ("Address", 500), ("Postal code", 30), *places):
        assert CUT_INTO_MEMO % (label, length) in built.warnings, label
    memo = built.body["PrivateNote"]
    wholes = ("O" * 40, "u" * 600, "9" * 40, "c" * 256, "r" * 256, "l" * 256)
    assert [whole for whole in wholes if whole not in memo] == []
    address = built.body["ShipAddr"]
    for field, letter in (("City", "c"), ("CountrySubDivisionCode", "r"), ("Country", "l")):
        assert address[field] == letter * 255
    assert built.body["CustomField"][0]["StringValue"] == "O" * 31
    assert built.body["ShipAddr"]["PostalCode"] == "9" * 30


@pytest.mark.parametrize("kind", ["invoice", "bill", "deposit", "purchase_order"])
def test_a_cut_description_of_a_line_is_warned_of_and_begins_in_the_memo(kind):
    header = refs(vendor="1", customer="41", deposit_account="35")
    text = "d" * 4001
    built = payloads.build(
        mapped(line("7", "5.00", text, item="1", account="2"), kind=kind, header=header),
        US,
        MARKER,
    )
    assert built.body["Line"][0]["Description"] == "d" * 4000
    assert CUT_INTO_MEMO % ("Description of line 7", "4,000") in built.warnings
    assert "Description of line 7: ddd" in built.body["PrivateNote"]


def test_a_cut_text_line_and_a_cut_discount_of_a_sale_are_warned_of():
    header = refs(customer="41")
    lines = (
        line("1", "50.00", item="1"),
        line("2", None, "t" * 4001),
        line("3", "-5.00", "d" * 4001, account="2"),
    )
    built = payloads.build(mapped(*lines, kind="invoice", header=header), US, MARKER)
    for label in ("Description of line 2", "Discount"):
        assert CUT_INTO_MEMO % (label, "4,000") in built.warnings


def test_a_description_with_a_price_that_does_not_fit_is_cut_before_the_price():
    header = refs(vendor="1", payable_account="33")
    priced = line("1", "10.00", "d" * 3999, quantity=D(3), unit_price=D("3.30"), account="2")
    built = payloads.build(mapped(priced, header=header), US, MARKER)
    description = built.body["Line"][0]["Description"]
    assert (len(description), description[-12:]) == (4000, "d (3 x 3.30)")
    assert CUT_INTO_MEMO % ("Description of line 1", "3,989") in built.warnings


def party_with_long_texts(kind, **fields):
    details = Party(
        name="Shed",
        phone="1" * 40,
        contact="Ola " + "N" * 120,
        address=Address(lines=("s" * 600,), postal_code="9" * 40),
    )
    document = Document(kind=kind, source_id="d1", details=details, **fields)
    return payloads.build(MappedDocument(document=document, header={}), US, MARKER)


def test_a_cut_field_of_a_customer_is_warned_of_and_whole_in_its_notes():
    built = party_with_long_texts("customer", ship_to=Address(name="u" * 600))
    expected = (("Last name", 100), ("Phone", 30), ("Address", 500), ("Postal code", 30))
    assert built.warnings == tuple(CUT_INTO_MEMO % row for row in expected)
    wholes = ("1" * 40, "N" * 120, "s" * 600, "u" * 600)
    assert [whole for whole in wholes if whole not in built.body["Notes"]] == []


def test_a_cut_field_of_a_supplier_is_left_out_because_quickbooks_drops_its_notes():
    texts = {"memo": "Call Kari", "message": "", "custom": {"Floor": "3"}}
    built = party_with_long_texts("vendor", ship_to=LONG_ADDRESS, **texts)
    labels = ("memo", "delivery address", "Floor")
    left_out = [
        f"QuickBooks keeps no notes of suppliers, so {label} is left out." for label in labels
    ]
    cuts = (("Last name", 100, 20), ("Phone", 30, 10), ("Address", 500, 100))
    cut = [
        f"{label}: QuickBooks allows {most} characters, so the last {count} are left out. Shorten"
        " it at the source."
        for label, most, count in (*cuts, ("Postal code", 30, 10))
    ]
    assert sorted(built.warnings) == sorted([*left_out, *cut])


@pytest.mark.parametrize("kind", ["vendor", "customer"])
@pytest.mark.parametrize(
    ("contact", "names"),
    [
        ("Attn: Kari Nord", ("Attn Kari", "Nord")),
        ("Kari\tNord\n", ("Kari", "Nord")),
        ("Kari\r\nNord", ("Kari", "Nord")),
        (" : ", (None, None)),
        ("Nord:", ("Nord", None)),
    ],
)
def test_the_names_of_a_contact_have_no_character_that_quickbooks_refuses(kind, contact, names):
    document = Document(kind=kind, source_id="d1", details=Party(name="Shed", contact=contact))
    built = payloads.build(MappedDocument(document=document, header={}), US, MARKER)
    assert (built.body.get("GivenName"), built.body.get("FamilyName")) == names
    assert built.warnings == ()


@pytest.mark.parametrize("kind", ["vendor", "customer"])
def test_an_e_mail_address_that_quickbooks_does_not_take_is_left_out_with_a_warning(kind):
    details = Party(name="Shed", email=" n/a ")
    document = Document(kind=kind, source_id="d1", details=details)
    built = payloads.build(MappedDocument(document=document, header={}), US, MARKER)
    assert "PrimaryEmailAddr" not in built.body
    assert built.warnings == (
        "QuickBooks does not take the e-mail address n/a, so it is left out. Correct it at the"
        " source.",
    )


def test_the_notes_of_a_customer_are_cut_to_what_quickbooks_allows():
    document = Document(
        kind="customer", source_id="d1", details=Party(name="Shed"), memo="m" * 2100
    )
    built = payloads.build(MappedDocument(document=document, header={}), US, MARKER)
    notes = built.body["Notes"]
    assert (len(notes), MARKER in notes.splitlines()[-1]) == (2000, True)
    (warning,) = built.warnings
    assert warning.startswith("QuickBooks allows 2,000 characters in a memo")


def test_a_cut_text_of_an_item_is_warned_of_because_an_item_has_no_memo():
    details = Item(
        name="Bolt", sku="S" * 130, description="d" * 4200, codes={"income_account": "1"}
    )
    document = Document(kind="item", source_id="d1", details=details)
    built = payloads.build(
        MappedDocument(document=document, header=refs(income_account="1")), US, MARKER
    )
    assert (built.body["Sku"], len(built.body["Description"])) == ("S" * 100, 4000)
    left_out = (
        ("SKU", 100, 30),
        ("Description for sales", "4,000", 200),
        ("Description for purchases", "1,000", "3,200"),
    )
    assert built.warnings == tuple(
        "{}: QuickBooks allows {} characters, so the last {} are left out. Shorten it at the"
        " source.".format(*row)
        for row in left_out
    )
