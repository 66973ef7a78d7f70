"""A change of a transaction that a bank reconciliation covers waits until a person decides."""

import datetime as dt
from dataclasses import replace
from decimal import Decimal

import pytest

from hub import Gone
from hub.db.engine import transaction
from hub.outbox import approve_all
from hub.posting.actions import manual, overwrites, retries
from hub.posting.preflight import run
from hub.scheduling import dry_run, source_preview
from tests.support.sources.every_kind_source import (
    DAY,
    ShopSite,
    document,
    independent_document,
    line,
)

# The kinds that move money on a bank account, each with the name of its entity.
BANK_ENTITIES = {
    "expense": "Purchase",
    "refund": "RefundReceipt",
    "payment": "Payment",
    "deposit": "Deposit",
}
COVERED = "a bank reconciliation in QuickBooks covers the transaction"


@pytest.fixture
def shop(app, quickbooks, clock):
    return ShopSite(app, quickbooks, clock, gone="void")


def expense(amount="10.00", account="41", **more):
    row = line("1", amount, cost="Fuel")
    more.setdefault("total", amount)
    return document("expense", "paper:1", row, payment_account=account, **more)


def reconcile(shop, entity="Purchase", source_id="paper:1"):
    """Cover the transaction of a document by a bank reconciliation; return its id."""
    id = shop.posting(source_id).quickbooks_id
    shop.quickbooks.act("reconcile", kind=entity, id=id)
    return id


def forget_reconciliation(shop):
    """Undo every bank reconciliation in QuickBooks."""
    shop.quickbooks.control.company("POST", {"realm": shop.realm, "reconciled": []})


def count_reports(shop):
    calls = [entry["call"] for entry in shop.quickbooks.log.entries()]
    return sum("report" in call for call in calls)


def read_totals(shop, entity="Purchase"):
    return [row["TotalAmt"] for row in shop.ours(entity)]


@pytest.fixture
def reconciled_shop(shop, clock):
    """Return a shop with a reconciled expense of 10.00."""
    shop.run(expense())
    reconcile(shop)
    clock.advance(60)  # since the facts of the company were read
    return shop


@pytest.mark.parametrize("kind", BANK_ENTITIES)
def test_a_change_of_the_amount_asks_a_person(shop, kind):
    paper = replace(independent_document(kind), source_id="paper:1")
    first, *others = paper.lines
    raised = replace(first, amount=first.amount + 1)
    changed = replace(paper, lines=(raised, *others), total=paper.total + 1)
    shop.run(paper)
    entity = BANK_ENTITIES[kind]
    before = read_totals(shop, entity)
    reconcile(shop, entity)
    assert shop.run(changed)["paper:1"] == "held"
    assert COVERED in shop.reasons()[0]
    assert read_totals(shop, entity) == before


def test_a_dry_run_announces_the_question(reconciled_shop):
    reconciled_shop.run(expense("12.00", stage="pending"))
    document_id = reconciled_shop.posting("paper:1").document_id
    assert COVERED in dry_run.check(document_id)[0]
    assert read_totals(reconciled_shop) == [10]


def test_a_preview_announces_the_question_and_reads_a_month_once(reconciled_shop):
    shop = reconciled_shop
    second = replace(expense("20.00"), source_id="paper:2")
    shop.run(expense(), second)
    shop.put(expense("12.00"), replace(expense("21.00"), source_id="paper:2"))
    previews = source_preview.preview_installation(shop.id, limit=10)
    reasons = {preview.source_id: preview.reasons for preview in previews}
    assert COVERED in reasons["paper:1"][0]
    assert not any(COVERED in reason for reason in reasons["paper:2"])
    assert count_reports(shop) == 1


@pytest.mark.parametrize(
    "changed",
    [expense(date=DAY + dt.timedelta(days=40)), expense(account="42")],
    ids=["date", "account"],
)
def test_a_change_of_the_date_or_the_account_asks_a_person(reconciled_shop, changed):
    assert reconciled_shop.run(changed)["paper:1"] == "held"
    assert COVERED in reconciled_shop.reasons()[0]


def test_a_change_that_the_bank_does_not_see_is_sent(reconciled_shop):
    states = reconciled_shop.run(expense(memo="Fuel for the crane"))
    assert (states["paper:1"], reconciled_shop.cases()) == ("posted", [])
    assert "Fuel for the crane" in reconciled_shop.book("Purchase", "paper:1")["PrivateNote"]
    assert count_reports(reconciled_shop) == 0


def test_a_change_of_a_transaction_that_is_not_reconciled_is_sent(shop):
    shop.run(expense(), replace(expense(), source_id="paper:2"))
    reconcile(shop, source_id="paper:2")
    assert shop.run(expense("12.00"))["paper:1"] == "posted"
    assert sorted(read_totals(shop)) == [10, 12]


REMOVALS = [("payment", "void"), *((kind, "delete") for kind in BANK_ENTITIES)]


@pytest.mark.parametrize(("kind", "policy"), REMOVALS)
def test_a_removal_asks_a_person_and_is_carried_out_if_it_is_permitted(
    app, quickbooks, clock, kind, policy
):
    shop = ShopSite(app, quickbooks, clock, gone=policy)
    shop.run(replace(independent_document(kind), source_id="paper:1"))
    entity = BANK_ENTITIES[kind]
    before = read_totals(shop, entity)
    reconcile(shop, entity)
    shop.run(Gone(source_id="paper:1"))
    change = shop.posting("paper:1")
    assert (change.state, shop.cases()) == ("held", ["Part of a bank reconciliation"])
    assert read_totals(shop, entity) == before
    overwrites.permit(change.id, shop.book(entity, "paper:1")["SyncToken"], "kari")
    assert shop.run()["paper:1"] == "posted"
    after = {"void": [0], "delete": []}[policy]
    assert (read_totals(shop, entity), shop.cases()) == (after, [])


def test_a_permitted_change_is_sent_once(reconciled_shop):
    reconciled_shop.run(expense("12.00"))
    version = reconciled_shop.book("Purchase", "paper:1")["SyncToken"]
    overwrites.permit(reconciled_shop.posting("paper:1").id, version, "kari")
    assert reconciled_shop.run()["paper:1"] == "posted"
    assert (read_totals(reconciled_shop), reconciled_shop.cases()) == ([12], [])
    assert reconciled_shop.run(expense("13.00"))["paper:1"] == "held"


def test_a_permission_ends_when_the_source_changes_the_document_again(reconciled_shop):
    reconciled_shop.run(expense("12.00"))
    version = reconciled_shop.book("Purchase", "paper:1")["SyncToken"]
    overwrites.permit(reconciled_shop.posting("paper:1").id, version, "kari")
    reconciled_shop.run(expense("13.00"))
    with transaction() as session:
        approve_all(session, reconciled_shop.id, "kari")
    assert reconciled_shop.run()["paper:1"] == "held"
    assert read_totals(reconciled_shop) == [10]


def test_a_retry_reads_again_whether_it_is_reconciled(reconciled_shop):
    reconciled_shop.run(expense("12.00"))
    retries.retry(reconciled_shop.posting("paper:1").id, "kari")
    assert reconciled_shop.run()["paper:1"] == "held"
    forget_reconciliation(reconciled_shop)
    retries.retry(reconciled_shop.posting("paper:1").id, "kari")
    assert reconciled_shop.run()["paper:1"] == "posted"
    assert (read_totals(reconciled_shop), reconciled_shop.cases()) == ([12], [])


def test_what_waits_for_a_person_is_looked_up_once_an_hour(reconciled_shop, clock):
    reconciled_shop.run(expense("12.00"))
    reports = count_reports(reconciled_shop)
    for _ in range(3):
        clock.advance(900)
        reconciled_shop.run()
    assert count_reports(reconciled_shop) == reports
    forget_reconciliation(reconciled_shop)
    clock.advance(1200)
    assert reconciled_shop.run()["paper:1"] == "posted"
    assert (count_reports(reconciled_shop), reconciled_shop.cases()) == (reports + 1, [])


def test_one_read_answers_for_all_changes_of_a_month(shop, clock):
    papers = [replace(expense(), source_id=f"paper:{number}") for number in range(1, 5)]
    shop.run(*papers)
    reconcile(shop, source_id="paper:2")
    clock.advance(60)
    changed = [replace(expense("12.00"), source_id=paper.source_id) for paper in papers]
    states = shop.run(*changed)
    assert sorted(states.values()) == ["held", "posted", "posted", "posted"]
    assert count_reports(shop) == 1


def test_a_new_change_is_looked_up_although_another_one_waits(shop, clock, monkeypatch):
    monkeypatch.setattr(run, "CHUNK_SIZE", 1)
    first, second = (replace(expense(), source_id=f"paper:{number}") for number in (1, 2))
    shop.run(first, second)
    reconcile(shop, source_id="paper:1")
    clock.advance(60)
    assert shop.run(expense("12.00"))["paper:1"] == "held"
    reconcile(shop, source_id="paper:2")
    clock.advance(60)
    states = shop.run(replace(expense("12.00"), source_id="paper:2"))
    assert states == {"paper:1": "held", "paper:2": "held"}
    assert read_totals(shop) == [10, 10]


def test_a_change_waits_while_quickbooks_does_not_list_what_is_reconciled(reconciled_shop):
    quickbooks = reconciled_shop.quickbooks
    quickbooks.add_fault("server_error", "report.transactionlist", count=0)
    paper = replace(expense(), source_id="paper:2")
    states = reconciled_shop.run(expense("12.00"), paper)
    assert (states["paper:1"], states["paper:2"]) == ("held", "posted")
    assert reconciled_shop.cases() == ["Perhaps part of a bank reconciliation"]
    quickbooks.faults.clear()
    forget_reconciliation(reconciled_shop)
    assert reconciled_shop.run()["paper:1"] == "posted"
    assert sorted(read_totals(reconciled_shop)) == [10, 12]
    assert reconciled_shop.cases() == []


def test_a_change_is_sent_with_a_warning_if_quickbooks_refuses_the_report(reconciled_shop):
    reconciled_shop.quickbooks.add_fault("refusal", "report.transactionlist", count=0)
    assert reconciled_shop.run(expense("12.00"))["paper:1"] == "posted"
    assert (read_totals(reconciled_shop), reconciled_shop.cases()) == ([12], [])
    [warning] = reconciled_shop.posting("paper:1").warnings
    assert "cannot tell whether a bank reconciliation covers" in warning
    assert "did not list the reconciled transactions of 2026-03" in warning


def test_a_rejected_amount_stays_as_it_was_reconciled(reconciled_shop):
    reconciled_shop.run(expense("12.00"))
    manual.skip(reconciled_shop.posting("paper:1").id, "The bank statement is right.", "kari")
    reconciled_shop.run()
    assert (read_totals(reconciled_shop), reconciled_shop.cases()) == ([10], [])
    assert Decimal(str(reconciled_shop.book("Purchase", "paper:1")["TotalAmt"])) == 10
