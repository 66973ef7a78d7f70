"""The settings: required ones, defaults, and the form field of each."""

import pytest
from hub_ontraccr import Settings
from marshmallow import ValidationError

NEEDED = {
    "base_url": "https://on.example",
    "client_id": "c",
    "client_secret": "s",
    "purchase_account": "35",
}


@pytest.mark.row("ON-S5")
@pytest.mark.parametrize("missing", NEEDED)
def test_each_required_setting_is_named_if_it_is_missing(missing):
    with pytest.raises(ValidationError) as refused:
        Settings().load({name: value for name, value in NEEDED.items() if name != missing})
    assert list(refused.value.messages) == [missing]


@pytest.mark.row("ON-S2", "ON-B5", "ON-B7")
def test_settings_that_are_left_out_have_their_defaults():
    assert {
        name: value for name, value in Settings().load(NEEDED).items() if name not in NEEDED
    } == {
        "division": "",
        "auto_sync": True,
        "bank_payments": "cash",
        "tax_code": "",
        "attach_files": True,
        "deleted": "case",
        "line_account": "",
        "project_class": False,
        "retainage_account": "",
        "vendors": "create",
        "unlinked_items": "hold",
        "item_account": "",
        "import_projects": True,
        "import_cost_codes": True,
        "import_vendors": True,
    }


@pytest.mark.row("ON-S6", "ON-S8", "ON-B6")
def test_all_settings_are_on_one_page_with_choices_from_the_company():
    secrets = set()
    choices = {}
    for name, field in Settings().fields.items():
        about = field.metadata
        assert about["label"]
        assert about["section"]
        if about.get("secret"):
            secrets.add(name)
        if "choices_from" in about:
            choices[name] = about["choices_from"]
    assert secrets == {"client_secret"}
    assert choices == {
        "division": "code:division",
        "purchase_account": "payment_account",
        "tax_code": "tax_code",
        "line_account": "account",
        "retainage_account": "account",
        "item_account": "expense_account",
    }
