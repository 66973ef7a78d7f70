"""Tests of renamed entries: references everywhere show the new name."""

import pytest

from qbo_sandbox import US, create
from qbo_sandbox.kit import Clock


@pytest.fixture
def quickbooks():
    return create(companies=[US], clock=Clock(1_800_000_000.0, frozen=True))


def post(quickbooks, kind, **body):
    answer = quickbooks.ask("POST", kind.lower(), body)
    assert answer.status == 200, answer.text
    return answer.json()[kind]


def bill(quickbooks):
    detail = {"AccountRef": {"value": "7"}, "CustomerRef": {"value": "41"}}
    line = {
        "Amount": 5,
        "DetailType": "AccountBasedExpenseLineDetail",
        "AccountBasedExpenseLineDetail": detail,
    }
    return post(quickbooks, "Bill", VendorRef={"value": "1"}, Line=[line])


def renamed(quickbooks, kind, id, **name):
    token = quickbooks.ask("GET", f"{kind.lower()}/{id}").json()[kind]["SyncToken"]
    return post(quickbooks, kind, Id=id, SyncToken=token, sparse=True, **name)


def test_old_transactions_show_new_names_and_keep_their_version(quickbooks):
    entity = bill(quickbooks)
    renamed(quickbooks, "Vendor", "1", DisplayName="Alder & Sons")
    renamed(quickbooks, "Account", "7", Name="Advertisements")
    for current in (
        quickbooks.ask("GET", f"bill/{entity['Id']}").json()["Bill"],
        quickbooks.select("select * from Bill")["Bill"][0],
    ):
        assert current["VendorRef"] == {"value": "1", "name": "Alder & Sons"}
        detail = current["Line"][0]["AccountBasedExpenseLineDetail"]
        assert detail["AccountRef"]["name"] == "Advertisements"
        assert (current["SyncToken"], current["MetaData"]) == ("0", entity["MetaData"])


def test_a_deactivated_entry_is_marked_wherever_it_is_named(quickbooks):
    entity = bill(quickbooks)
    quickbooks.act("deactivate", kind="Vendor", id="1")
    assert (
        quickbooks.ask("GET", f"bill/{entity['Id']}")
        .json()["Bill"]["VendorRef"]["name"]
        .endswith(" (deleted)")
    )


def test_names_below_a_renamed_parent_follow_too(quickbooks):
    parent = post(quickbooks, "Account", Name="Travel costs", AccountType="Expense")
    child = post(
        quickbooks,
        "Account",
        Name="Trains",
        AccountType="Expense",
        ParentRef={"value": parent["Id"]},
    )
    item = post(
        quickbooks, "Item", Name="Ticket", Type="Service", ExpenseAccountRef={"value": child["Id"]}
    )
    renamed(quickbooks, "Account", parent["Id"], Name="Journeys")
    entity = quickbooks.ask("GET", f"item/{item['Id']}").json()["Item"]
    assert entity["ExpenseAccountRef"]["name"] == "Journeys:Trains"


def test_the_payee_of_an_expense_and_the_name_in_a_journal_follow(quickbooks):
    line = {"Amount": 5, "DetailType": "AccountBasedExpenseLineDetail"}
    line |= {"AccountBasedExpenseLineDetail": {"AccountRef": {"value": "7"}}}
    payee = {"value": "41", "type": "Customer"}
    spent = post(
        quickbooks,
        "Purchase",
        PaymentType="Cash",
        AccountRef={"value": "35"},
        EntityRef=payee,
        Line=[line],
    )
    whom = {"Type": "Customer", "EntityRef": {"value": "41"}}
    entries = [{"PostingType": "Debit", "AccountRef": {"value": "84"}, "Entity": whom}]
    entries.append({"PostingType": "Credit", "AccountRef": {"value": "1"}})
    lines = [
        {"Amount": 1, "DetailType": "JournalEntryLineDetail", "JournalEntryLineDetail": e}
        for e in entries
    ]
    entry = post(quickbooks, "JournalEntry", Line=lines)
    renamed(quickbooks, "Customer", "41", DisplayName="Someone Else")
    entity = quickbooks.ask("GET", f"purchase/{spent['Id']}").json()["Purchase"]
    assert entity["EntityRef"]["name"] == "Someone Else"
    entity = quickbooks.ask("GET", f"journalentry/{entry['Id']}").json()["JournalEntry"]["Line"][0]
    assert entity["JournalEntryLineDetail"]["Entity"]["EntityRef"]["name"] == "Someone Else"


def test_a_change_of_nothing_after_a_rename_keeps_the_version(quickbooks):
    entity = bill(quickbooks)
    renamed(quickbooks, "Vendor", "1", DisplayName="Alder & Sons")
    body = {"Id": entity["Id"], "SyncToken": "0", "sparse": True, "VendorRef": {"value": "1"}}
    assert post(quickbooks, "Bill", **body)["SyncToken"] == "0"
