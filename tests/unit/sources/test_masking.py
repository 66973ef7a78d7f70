"""Masking of secrets in a plugin's texts about documents, codes and accounts, and its errors."""

from dataclasses import replace
from decimal import Decimal

import pytest

from hub import Code, Gone, Line, NeedsAttention, Refused, Tenant, Unreadable
from hub.context import hide_secrets
from hub.errors import AccessNeeded, SettingsInvalid
from hub.sources.masking import mask_error, mask_item
from tests.support.sources.small_source import bill

SECRET = "k3Jd92hXsZz81"


@pytest.fixture(autouse=True)
def hide_secret(app):
    hide_secrets((SECRET,))


def test_reasons_and_warnings_are_masked_and_the_texts_of_a_document_are_not():
    document = bill(hold=f"It is {SECRET}", warnings=(f"See {SECRET}",), memo=SECRET)
    masked = mask_item(document)
    assert (masked.hold, masked.warnings, masked.memo) == ("It is ***", ("See ***",), SECRET)
    assert replace(masked, hold=document.hold, warnings=document.warnings) == document


def test_the_reason_of_a_code_is_masked_in_head_and_lines():
    held_code = Code(id=SECRET, hold=f"Not {SECRET}")
    lines = [
        Line(id="a", amount=Decimal(1), codes={"account": held_code}),
        Line(id="b", amount=Decimal(2)),
    ]
    masked = mask_item(bill(lines=lines, codes={"supplier": held_code}))
    for code in (masked.codes["supplier"], masked.lines[0].codes["account"]):
        assert (code.id, code.hold) == (SECRET, "Not ***")


def test_an_item_without_a_secret_is_the_same_object():
    for item in (
        bill(),
        bill(hold="Not approved"),
        Code(id="1"),
        Unreadable(source_id="1", reason="x"),
    ):
        assert mask_item(item) is item


def test_each_other_item_is_masked_too():
    assert mask_item(Unreadable(source_id="1", reason=SECRET)).reason == "***"
    assert mask_item(Gone(source_id="1", reason=SECRET)).reason == "***"
    tenant = mask_item(Tenant(id="1", name=f"A {SECRET}", warnings=(SECRET,)))
    assert (tenant.name, tenant.warnings) == ("A ***", ("***",))


@pytest.mark.parametrize(
    "error",
    [
        Refused(f"No: {SECRET}"),
        NeedsAttention(f"No: {SECRET}"),
        AccessNeeded(f"No: {SECRET}.", f"a{SECRET}@example.com"),
        SettingsInvalid("App", {"key": [f"Not {SECRET}"]}),
    ],
)
def test_every_text_of_an_error_is_masked(error):
    mask_error(error)
    assert SECRET not in f"{error} {error.args} {vars(error)}"
    assert "***" in str(error)
