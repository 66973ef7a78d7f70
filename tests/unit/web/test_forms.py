"""Forms generated from a schema, and their submitted values."""

import enum
from decimal import Decimal
from typing import Any

import pytest
from marshmallow import Schema, fields, validate
from werkzeug.datastructures import MultiDict

from hub.errors import NeedsAttention, SettingsInvalid
from hub.web.frame import forms


class Colour(enum.Enum):
    RED = "red"
    BLUE = "blue"


class Everything(Schema):
    name = fields.String(
        required=True, metadata={"label": "Name", "help": "Yours.", "section": "You"}
    )
    secret = fields.String(required=True, metadata={"secret": True})
    on = fields.Boolean(load_default=True)
    count = fields.Integer(load_default=3)
    limit = fields.Decimal(load_default=None, allow_none=True)
    since = fields.Date()
    kind = fields.String(load_default="a", validate=validate.OneOf(["a", "b"], ["First", "Second"]))
    colour = fields.Enum(Colour, load_default=Colour.RED)
    account = fields.String(required=True, metadata={"choices_from": "payable_account"})
    hidden = fields.List(fields.String(), load_default=list, metadata={"choices_from": "account"})
    lines = fields.List(fields.String(), load_default=list)
    fees = fields.Dict(keys=fields.String(), values=fields.String(), load_default=dict)
    title = fields.String(load_default="Services")


def _none(source: str) -> forms.Choices:
    return []


def _drawn(
    values: dict[str, Any] | None = None, load_choices: forms.LoadChoices = _none, **more: Any
) -> dict[str, forms.Input]:
    return {
        field.name: field
        for field in forms.build_inputs(
            Everything(), values or {}, load_choices=load_choices, **more
        )
    }


def test_each_type_of_field_has_its_own_kind_of_input() -> None:
    kinds = {name: field.kind for name, field in _drawn().items()}
    assert kinds == {
        "name": "text",
        "secret": "password",
        "on": "checkbox",
        "count": "number",
        "limit": "decimal",
        "since": "date",
        "kind": "select",
        "colour": "select",
        "account": "select",
        "hidden": "picks",
        "lines": "lines",
        "fees": "pairs",
        "title": "text",
    }


def test_label_help_section_and_default_come_from_the_schema() -> None:
    one = _drawn()
    assert (one["name"].label, one["name"].help, one["name"].section) == ("Name", "Yours.", "You")
    assert (one["on"].value, one["count"].value, one["kind"].value, one["title"].value) == (
        True,
        "3",
        "a",
        "Services",
    )
    assert one["kind"].choices == [("a", "First"), ("b", "Second")]


def test_a_secret_is_never_in_the_form_and_may_stay_empty_once_it_is_kept() -> None:
    one = _drawn({"secret": "canary"}, stored_names=["secret"])["secret"]
    assert (one.value, one.is_stored, one.required) == ("", True, False)
    assert _drawn()["secret"].required


def test_the_only_choice_of_a_required_question_is_chosen_already() -> None:
    one = _drawn(load_choices=lambda role: [("33", "2400 Payables")])["account"]
    assert one.value == "33"
    assert _drawn(load_choices=lambda role: [("1", "One"), ("2", "Two")])["account"].value == ""


def test_a_choice_that_is_gone_stays_visible() -> None:
    one = _drawn({"account": "99"}, load_choices=lambda role: [("33", "2400")])["account"]
    assert one.choices[-1] == ("99", "99 (no longer in the list)")


def test_choices_that_cannot_be_read_leave_a_field_to_type_in_and_say_why() -> None:
    def load_choices(role: str) -> forms.Choices:
        raise NeedsAttention("The source refuses the key.")

    one = _drawn(load_choices=load_choices)["account"]
    assert (one.kind, one.problem) == ("text", "The source refuses the key.")


def test_settings_that_are_not_complete_yet_are_no_error_of_a_field() -> None:
    def load_choices(role: str) -> forms.Choices:
        raise SettingsInvalid("Shed", {"base_url": ["Missing data for required field."]})

    one = _drawn(load_choices=load_choices)["account"]
    assert (one.kind, one.awaits_settings) == ("text", True)
    assert one.problem.endswith("complete the settings and press Test connection.")


def test_a_very_long_list_is_offered_while_typing() -> None:
    one = _drawn(load_choices=lambda role: [(str(n), f"Account {n}") for n in range(600)])[
        "account"
    ]
    assert one.kind == "suggest"


def test_entered_values_come_back_as_the_schema_loads_them() -> None:
    form = MultiDict(
        [
            ("name", " Ann "),
            ("secret", "s3"),
            ("count", "7"),
            ("limit", "1.50"),
            ("since", "2026-01-31"),
            ("kind", "b"),
            ("colour", "BLUE"),
            ("account", "33"),
            ("hidden", "1"),
            ("hidden", "2"),
            ("lines", "x\n\n y "),
            ("fees", "Freight = 60\nToll=61"),
        ]
    )
    loaded = Everything().load(forms.parse(Everything(), form))
    assert (loaded["name"], loaded["on"], loaded["count"], loaded["limit"]) == (
        "Ann",
        False,
        7,
        Decimal("1.50"),
    )
    assert (loaded["hidden"], loaded["lines"]) == (["1", "2"], ["x", "y"])
    assert loaded["fees"] == {"Freight": "60", "Toll": "61"}
    assert loaded["colour"] is Colour.BLUE


@pytest.mark.parametrize(
    ("field", "stays"), [("limit", True), ("since", True), ("title", True), ("name", False)]
)
def test_an_empty_answer_clears_a_setting_unless_it_is_needed(field: str, stays: bool) -> None:
    assert (field in forms.parse(Everything(), MultiDict([(field, "")]))) is stays


def test_errors_are_shown_beside_their_question() -> None:
    drawn = forms.add_errors(list(_drawn().values()), {"name": ["This is needed."]})
    assert {field.name: field.errors for field in drawn if field.errors} == {
        "name": ("This is needed.",)
    }
