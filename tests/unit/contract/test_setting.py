"""Fields of settings: what they accept, and what the pages show of them."""

from decimal import Decimal

import pytest
from marshmallow import Schema, ValidationError

from hub import setting
from hub.contract import settings_schema


class Settings(Schema):
    """A setting of each form."""

    base_url = setting.address("Address", "Shed", "Without /v1.", required=True)
    key = setting.secret("Key", "Shed")
    greeting = setting.text("Greeting", "Bills", default="Hello")
    attach = setting.switch("Attach files", "Bills", default=True)
    send = setting.choice("Send", "Bills", {"ready": "when ready", "paid": "when paid"})
    account = setting.record("account", "Account", "Bills", required=True, typed=True)
    hidden = setting.records("account", "Hidden accounts", "Bills")


class Dependent(Schema):
    """Settings that apply only while others have some values."""

    url = setting.address("Address", "Shed", only_if={"environment": "custom"})
    kind = setting.choice("Kind", "Bills", {"a": "A"}, only_if={"parts": ("all", "some")})
    account = setting.record("account", "Account", "Bills", only_if={"expenses": True})
    both = setting.text("Both", "Bills", only_if={"expenses": True, "environment": "custom"})
    note = setting.text("Note", "Bills")


@pytest.mark.parametrize(
    ("values", "names"),
    [
        ({}, {"note"}),
        ({"environment": "custom"}, {"url", "note"}),
        ({"parts": "some", "expenses": False}, {"kind", "note"}),
        ({"parts": "none", "expenses": True}, {"account", "note"}),
        ({"environment": "custom", "expenses": True}, {"url", "account", "both", "note"}),
    ],
)
def test_a_setting_applies_while_the_others_have_the_values_that_it_needs(values, names):
    declared = Dependent().fields
    applying = {name for name in declared if settings_schema.applies(declared[name], values)}
    assert applying == names


class Amounts(Schema):
    """Amounts with limits, with a default, and one that has to be entered."""

    limit = setting.amount("Limit", "Bills", minimum=Decimal(-5), maximum=Decimal(2000))
    fee = setting.amount("Fee", "Bills", default=Decimal("0.50"))
    rent = setting.amount("Rent", "Bills", required=True)


@pytest.mark.parametrize(
    ("typed", "amount"),
    [
        ("1000.50", "1000.50"),
        ("1000,50", "1000.50"),
        ("1 000,5", "1000.5"),
        ("1\u00a0000", "1000"),
        ("-4.99", "-4.99"),
        (7, "7"),
        ("0.005", "0.005"),
    ],
)
def test_an_amount_is_a_decimal_however_a_person_writes_it(typed, amount):
    loaded = Amounts().load({"limit": typed, "rent": "1"})
    assert (loaded["limit"], loaded["fee"]) == (Decimal(amount), Decimal("0.50"))
    assert Amounts().dump(loaded)["limit"] == str(loaded["limit"])


@pytest.mark.parametrize(
    ("typed", "problem"),
    [
        *((text, "Enter an amount such as 1000.50.") for text in ("1,000", "1.000,50", "1e3", "x")),
        *((text, "Enter an amount such as 1000.50.") for text in ("NaN", "Infinity", "", True)),
        ("-5.01", "This amount is too small."),
        ("2000,01", "This amount is too large."),
    ],
)
def test_an_amount_that_is_unclear_or_out_of_its_limits_is_refused(typed, problem):
    with pytest.raises(ValidationError) as error:
        Amounts().load({"limit": typed, "rent": "1"})
    assert error.value.messages == {"limit": [problem]}


def test_an_amount_may_be_left_out_unless_it_is_required():
    assert Amounts().load({"rent": "1"})["fee"] == Decimal("0.50")
    assert "limit" not in Amounts().dump({})
    assert Amounts().load({"rent": "1"})["limit"] is None
    with pytest.raises(ValidationError):
        Amounts().load({})


ANSWERS = {"base_url": "http://shed:8000", "key": "k", "account": "7"}


def test_settings_that_are_left_out_have_their_defaults():
    assert Settings().load(ANSWERS) == {
        **ANSWERS,
        "greeting": "Hello",
        "attach": True,
        "send": "ready",
        "hidden": [],
    }


@pytest.mark.parametrize(
    ("name", "value"),
    [("base_url", "ftp://shed"), ("key", ""), ("account", ""), ("send", "never"), ("attach", 3)],
)
def test_values_that_do_not_fit_a_setting_are_rejected(name, value):
    with pytest.raises(ValidationError) as error:
        Settings().load(ANSWERS | {name: value})
    assert list(error.value.messages) == [name]


@pytest.mark.parametrize("name", ["base_url", "key", "account"])
def test_required_settings_may_not_be_left_out(name):
    with pytest.raises(ValidationError):
        Settings().load({key: value for key, value in ANSWERS.items() if key != name})


def test_the_pages_know_section_help_choices_and_secrets():
    about = {name: field.metadata for name, field in Settings().fields.items()}
    assert {metadata["section"] for metadata in about.values()} == {"Shed", "Bills"}
    assert about["base_url"]["help"] == "Without /v1."
    assert [name for name, metadata in about.items() if metadata.get("secret")] == ["key"]
    assert about["send"]["choices"] == {"ready": "when ready", "paid": "when paid"}
    assert (about["account"]["choices_from"], about["account"]["typed"]) == ("account", True)
    assert about["hidden"]["choices_from"] == "account"
