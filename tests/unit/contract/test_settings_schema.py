"""Settings of an app: loading, choices, secrets and errors."""

import pytest
from marshmallow import Schema, fields

from hub import App
from hub.contract import settings_schema
from hub.errors import SettingsInvalid


class Settings(Schema):
    base_url = fields.Url(required=True, require_tld=False)
    password = fields.String(required=True, metadata={"secret": True})
    account = fields.String(metadata={"choices_from": "payable_account"})
    hidden = fields.List(fields.String(), load_default=list, metadata={"choices_from": "account"})
    since = fields.Date()


APP = App(slug="x", name="Example", summary="s", posts=("bill",), settings=Settings)
SETTINGS = {"base_url": "http://x", "password": "p"}
OFFERED = [
    ("84", ("2000", "Creditors", "Creditors")),
    ("91", ("2100", "Creditors abroad", "abroad")),
]


def wrong(settings):
    with pytest.raises(SettingsInvalid) as error:
        settings_schema.load(APP, settings)
    return error.value.fields


def test_an_unknown_setting_is_answered_with_the_near_one():
    assert wrong({**SETTINGS, "base_ulr": "y"}) == {
        "base_ulr": ["There is no such setting. The nearest name is base_url."]
    }


def test_all_invalid_settings_are_reported_at_once():
    assert set(wrong({"base_url": "no address", "colour": "red"})) == {
        "base_url",
        "password",
        "colour",
    }


def test_a_missing_setting_is_reported_in_words():
    assert wrong({"base_url": "http://x"}) == {"password": ["This is needed."]}


def test_secrets_are_stored_separately_and_dates_as_text():
    values = settings_schema.load(APP, {**SETTINGS, "since": "2026-01-31"})
    assert settings_schema.select_plain_settings(APP, values) == {
        "base_url": "http://x",
        "hidden": [],
        "since": "2026-01-31",
    }
    assert settings_schema.select_secrets(APP, values) == {"password": "p"}
    assert settings_schema.list_secret_names(APP) == {"password"}


@pytest.mark.parametrize("choice", ["84", "2000", "creditors", " Creditors "])
def test_a_choice_may_be_given_as_id_number_or_name(choice):
    assert (
        settings_schema.resolve_choices(APP, {"account": choice}, lambda source: OFFERED)["account"]
        == "84"
    )


def test_each_of_several_choices_is_read():
    assert settings_schema.resolve_choices(APP, {"hidden": ["2100", "84"]}, lambda source: OFFERED)[
        "hidden"
    ] == [
        "91",
        "84",
    ]


@pytest.mark.parametrize(
    ("choices", "labels"),
    [
        ({1: "First", "b": "Second"}, {"1": "First", "b": "Second"}),
        ([("a", "First"), ["b", "Second"]], {"a": "First", "b": "Second"}),
        (("a", "b"), {"a": "a", "b": "b"}),
        (None, {}),
    ],
)
def test_the_labels_of_choices_are_read_from_each_form_that_a_schema_may_have(choices, labels):
    field = fields.String(metadata={"choices": choices})
    assert settings_schema.listed_choices(field) == labels


def test_a_choice_that_is_none_is_answered_with_those_there_are():
    with pytest.raises(
        SettingsInvalid, match=r"no “Creditor” in the list. There is: creditors \(84\)"
    ):
        settings_schema.resolve_choices(APP, {"account": "Creditor"}, lambda source: OFFERED)


def test_an_empty_list_is_called_empty():
    with pytest.raises(SettingsInvalid, match="It is empty"):
        settings_schema.resolve_choices(APP, {"account": "x"}, lambda source: [])
