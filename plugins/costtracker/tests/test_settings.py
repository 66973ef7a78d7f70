"""The settings: required ones, defaults, and the form field of each."""

import pytest
from hub_costtracker import Settings, hub_fields
from marshmallow import ValidationError

NEEDED = {
    "base_url": "https://ct.example",
    "client_id": "c",
    "client_secret": "s",
    "payable_account": "33",
}


@pytest.mark.row("CT-S22")
def test_the_credit_account_must_be_chosen():
    for missing in NEEDED:
        with pytest.raises(ValidationError) as refused:
            Settings().load({name: value for name, value in NEEDED.items() if name != missing})
        assert list(refused.value.messages) == [missing]


@pytest.mark.row("CT-S23")
def test_only_accounts_payable_are_offered_for_it():
    assert Settings().fields["payable_account"].metadata["choices_from"] == "payable_account"


def test_settings_that_are_left_out_have_their_defaults():
    loaded = Settings().load(NEEDED)
    assert {name: value for name, value in loaded.items() if name not in NEEDED} == {
        "webhook_secret": "",
        "reference_to": "private_note",
        "locations_differ": "hold",
        "attach_files": True,
        "transfer_locations": True,
        "transfer_classes": True,
        "transfer_customers": True,
        "hidden_accounts": [],
        "hidden_tax_codes": [],
        "update_suppliers": False,
    }


@pytest.mark.parametrize(
    "wrong", [{"base_url": "ftp://x"}, {"reference_to": "nowhere"}, {"payable_account": ""}]
)
def test_impossible_settings_are_refused(wrong):
    with pytest.raises(ValidationError):
        Settings().load(NEEDED | wrong)


@pytest.mark.row("CT-S13")
def test_every_setting_can_be_drawn_and_secrets_are_marked():
    secrets = set()
    for name, field in Settings().fields.items():
        assert field.metadata["label"]
        assert field.metadata["section"]
        if field.metadata.get("secret"):
            secrets.add(name)
    assert secrets == {"client_secret", "webhook_secret"}


def test_choices_name_every_value_that_is_allowed():
    for field in Settings().fields.values():
        if "choices" in field.metadata:
            assert list(field.metadata["choices"]) == field.validate.choices


def test_the_policy_for_differing_locations_is_a_setting():
    assert {field.name: field.differ for field in hub_fields(app="costtracker")}[
        "location"
    ] == "{locations_differ}"
