"""The settings: required ones, defaults, and the form field of each."""

import pytest
from hub_ion import APP, Settings, hub_fields
from marshmallow import ValidationError

NEEDED = {
    "client_id": "c",
    "client_secret": "s",
    "payable_account": "33",
    "income_account": "79",
    "asset_account": "81",
    "expense_account": "80",
}


@pytest.mark.row("ION-1", "ION-4")
def test_each_required_setting_is_named_if_it_is_missing():
    for missing in NEEDED:
        with pytest.raises(ValidationError) as refused:
            Settings().load({name: value for name, value in NEEDED.items() if name != missing})
        assert list(refused.value.messages) == [missing]


def test_settings_that_are_left_out_follow_ions_own_integration():
    loaded = {name: value for name, value in Settings().load(NEEDED).items() if name not in NEEDED}
    assert loaded == {
        "environment": "production",
        "api_url": "",
        "token_url": "",
        "send_at": "ordered",
        "received": "leave",
        "gone": "close",
        "suppliers": "hold",
        "tax_code": "",
        "write_back": "no",
        "line_account": "",
        "write_back_attribute": "QuickBooks PO",
        "account_attribute": "Expense Account",
        "class_attribute": "Class",
        "version_attribute": "Version",
        "fee_account": "",
        "units": "supplier",
        "parts": "all",
        "part_type": "inventory",
        "generic_item": "",
        "import_orders": False,
    }


def test_an_environment_of_ones_own_needs_its_addresses():
    with pytest.raises(ValidationError) as refused:
        Settings().load(
            {**NEEDED, "environment": "custom", "api_url": "https://ion.example/graphql"}
        )
    assert list(refused.value.messages) == ["token_url"]


def test_every_setting_can_be_drawn_and_every_choice_is_one_that_is_allowed():
    for name, field in Settings().fields.items():
        assert field.metadata["label"], name
        assert field.metadata["section"], name
        if "choices" in field.metadata:
            assert list(field.metadata["choices"]) == field.validate.choices


@pytest.mark.row("ION-4")
def test_the_help_says_where_to_find_the_id_of_the_account():
    help = Settings().fields["payable_account"].metadata["help"]
    assert "accountId=" in help
    assert "33" in help


def test_every_policy_that_fields_leave_to_a_setting_has_one():
    policies = [APP.gone]
    for field in hub_fields(app="ion"):
        policies += [field.default or "", field.missing, str(field.pushed)]
    expected = {policy.strip("{}") for policy in policies if policy.startswith("{")}
    assert expected == {"suppliers", "generic_item", "fee_account", "gone", "import_orders"}
    assert expected <= Settings().fields.keys()
