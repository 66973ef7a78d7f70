"""The texts of a document reach QuickBooks, or a warning says which of them does not."""

from decimal import Decimal as D

import pytest

from hub.contract.documents import KINDS, Address, Document, Item, Party
from hub.mapping import Mapped
from hub.qbo import payloads
from tests.support.payload_cases import MARKER, US, line, mapped, refs

NOTED_KINDS = ("bill", "vendor_credit", "expense", "payment", "bill_payment", "deposit")
DETAILS = {"vendor": Party(name="Shed"), "customer": Party(name="Shed"), "item": Item(name="Bolt")}
TEXTS = {
    "memo": "Trip 7",
    "message": "Deliver to gate B",
    "custom": {"Buyer": "Ola", "Empty": " "},
    "ship_to": Address(name="Site office", lines=("12 Elm Street",), city="Riverton"),
}


def build(kind, **texts):
    if kind in DETAILS:
        document = Document(kind=kind, source_id="d1", details=DETAILS[kind], **texts)
        return payloads.build(Mapped(document=document, header={}), US, MARKER)
    header = refs(vendor="1", customer="41", payment_account="35", deposit_account="35")
    values = {"total": D(5)} | texts
    return payloads.build(
        mapped(line("1", "5", item="1"), kind=kind, header=header, **values), US, MARKER
    )


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != "item"])
def test_every_text_of_a_document_is_in_its_body(kind):
    body = str(build(kind, **TEXTS).body)
    texts = ("Trip 7", "Deliver to gate B", "Ola", "Site office", "12 Elm Street", "Riverton")
    assert [text for text in texts if text not in body] == [], (
        f"The module of {kind} in hub/qbo/payloads has no field for this text. Give it one, or put"
        " the text into the memo: `shared_fields.put_texts_into_memo` does so for kinds without"
        " fields, `PayloadBuilder.memo` for all."
    )


@pytest.mark.parametrize("kind", NOTED_KINDS)
def test_a_kind_without_custom_fields_has_them_in_the_memo_and_says_so(kind):
    built = build(kind, number=None, memo="Trip 7", custom=TEXTS["custom"])
    assert built.body["PrivateNote"] == f"Trip 7\nBuyer: Ola\n[hub:{MARKER}]"
    assert built.warnings == ("QuickBooks has no custom field Buyer; it goes into the memo.",)


def test_an_item_has_no_memo_so_a_warning_names_each_text_that_is_left_out():
    built = build("item", memo="Trip 7", custom=TEXTS["custom"])
    assert built.warnings == tuple(
        f"Products and services in QuickBooks have no field for {name}; it is left out."
        " Put it into the description at the source."
        for name in ("memo", "Buyer")
    )


LONG_MESSAGE = "m" * 1200
NUMBER = "N" * 30


def test_a_memo_that_is_cut_is_warned_of_and_keeps_its_marker():
    built = build("invoice", memo="a" * 3900, message=LONG_MESSAGE, custom={"Buyer": "Ola"})
    memo = built.body["PrivateNote"]
    assert len(memo) == 4000
    assert memo.endswith(f"m\n[hub:{MARKER}]")
    left_out = 3900 + 1200 + len("\nBuyer: Ola\n") - (4000 - len(f"\n[hub:{MARKER}]"))
    assert built.warnings[-1] == (
        f"QuickBooks takes 4,000 characters of a memo, so the last {left_out:,} of this one are"
        " left out. Shorten the texts of the document at the source."
    )


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != "item"])
def test_every_long_text_is_whole_in_the_body_or_a_warning_says_that_it_is_cut(kind):
    texts = {"number": NUMBER, "message": LONG_MESSAGE, "custom": {"Buyer": "O" * 40}}
    whole = build(kind, memo="a" * 1000, **texts)
    body = str(whole.body)
    assert [text for text in (LONG_MESSAGE, "O" * 40) if text not in body] == []
    assert not any("left out" in warning for warning in whole.warnings)

    cut = build(kind, memo="a" * 4000, **texts)
    assert sum("of a memo" in warning for warning in cut.warnings) == 1


def test_a_remark_about_a_tolerated_difference_is_in_the_memo():
    built = build("bill", memo="a" * 3990, tolerance=D(1), total=D("5.50"))
    assert sum("of a memo" in warning for warning in built.warnings) == 1
    assert any(warning.startswith("Its total at the source is") for warning in built.warnings)
