"""What an update keeps: the state of a check, projects of the same customer, the same rate."""

from decimal import Decimal

import pytest

from hub import payloads

VERSION = {"Id": "9", "SyncToken": "3"}


def build_check_update(check, vendor="56", account="35"):
    """Return the update of a bill payment whose check QuickBooks has as described."""
    content = {
        "VendorRef": {"value": vendor},
        "TotalAmt": Decimal("12.00"),
        "PayType": "Check",
        "CheckPayment": {"PrintStatus": "NotSet", "BankAccountRef": {"value": account}},
    }
    current = {**content, **VERSION, "VendorRef": {"value": "56"}, "CheckPayment": check}
    return payloads.build_update_body(content, current)


@pytest.mark.parametrize("status", ["NeedToPrint", "PrintComplete"])
def test_an_update_of_a_bill_payment_keeps_the_state_of_its_check(status):
    check = {"PrintStatus": status, "BankAccountRef": {"value": "35"}, "CheckDetail": {"n": "1"}}
    update = build_check_update(check, account="36")
    assert update["CheckPayment"] == check | {"BankAccountRef": {"value": "36"}}


@pytest.mark.parametrize(("vendor", "is_kept"), [("56", True), ("57", False)])
def test_the_address_on_a_check_stays_with_its_supplier(vendor, is_kept):
    check = {"BankAccountRef": {"value": "35"}, "PayeeAddr": {"Line1": "Storgata 1"}}
    update = build_check_update(check, vendor=vendor)
    assert ("PayeeAddr" in update["CheckPayment"]) == is_kept
    assert update["CheckPayment"]["PrintStatus"] == "NotSet"


@pytest.mark.parametrize(("customer", "is_kept"), [("41", True), ("42", False)])
def test_the_project_of_a_line_of_an_invoice_stays_with_its_customer(customer, is_kept):
    line = {
        "Amount": Decimal("10.00"),
        "Description": "Studs",
        "DetailType": "SalesItemLineDetail",
        "SalesItemLineDetail": {"ItemRef": {"value": "4"}},
    }
    content = {"CustomerRef": {"value": customer}, "Line": [line]}
    current = {
        **VERSION,
        "CustomerRef": {"value": "41"},
        "Line": [line | {"Id": "1", "ProjectRef": {"value": "41"}}],
    }
    (updated,) = payloads.build_update_body(content, current)["Line"]
    assert updated["Id"] == "1"
    assert ("ProjectRef" in updated) == is_kept


@pytest.mark.parametrize(
    ("currency", "stated_rate", "rate"),
    [("GBP", None, None), ("GBP", "1.3", "1.3"), ("EUR", None, "1.08"), (None, None, "1.08")],
)
def test_the_rate_and_the_payable_account_stay_with_their_currency(currency, stated_rate, rate):
    line = {
        "Amount": Decimal("10.00"),
        "DetailType": "AccountBasedExpenseLineDetail",
        "AccountBasedExpenseLineDetail": {"AccountRef": {"value": "7"}},
    }
    content = {"VendorRef": {"value": "56"}, "Line": [line]}
    if currency:
        content["CurrencyRef"] = {"value": currency}
    if stated_rate:
        content["ExchangeRate"] = Decimal(stated_rate)
    accounts = {"CurrencyRef": {"value": "EUR"}, "APAccountRef": {"value": "91"}}
    current = {**content, **VERSION, **accounts, "ExchangeRate": Decimal("1.08")}
    update = payloads.build_update_body(content, current)
    written = {**current, **update} if update.get("sparse") else update
    assert written.get("ExchangeRate") == (rate and Decimal(rate))
    assert ("APAccountRef" in written) == (currency != "GBP")
