"""A document that becomes another kind of transaction at its source after it was sent."""

import pytest

from hub.posting.actions import retries, undo
from hub.scheduling import runner
from tests.support.sources.every_kind_source import SUPPLIER, document, line


def purchase(kind, amount="42.00", **more):
    codes = {"payment_account": "41"} if kind == "expense" else {}
    row = line("1", amount, cost="Fuel")
    values = {"total": amount, "supplier": SUPPLIER, "number": "B-1"}
    return document(kind, "paper:1", row, **values, **codes, **more)


def delete_in_quickbooks(shop):
    (bill,) = shop.ours("Bill")
    shop.quickbooks.act("delete", kind="Bill", id=bill["Id"])
    runner.run_company_job("changes", 1, requested_by="kari")


def remove_with_the_hub(shop):
    undo.undo(undo.plan_posting(shop.posting("paper:1").id), "kari")


@pytest.mark.parametrize("remove", [delete_in_quickbooks, remove_with_the_hub])
@pytest.mark.parametrize(("kind", "entity"), [("expense", "Purchase"), ("vendor_credit", None)])
def test_the_new_kind_can_be_posted_once_the_first_transaction_is_removed(
    shop, remove, kind, entity
):
    shop.run(purchase("bill"))
    shop.run(purchase(kind))
    assert shop.states()["paper:1"] == "held"
    (reason,) = shop.reasons()
    assert "It is in QuickBooks as a bill" in reason
    remove(shop)
    shop.run()
    shop.run()
    assert [reason for reason in shop.reasons() if "Post again" in reason]
    retries.retry(shop.posting("paper:1").id, "kari")
    assert (shop.run(wait=True)["paper:1"], shop.cases()) == ("posted", [])
    assert (shop.ours("Bill"), len(shop.ours(entity or "VendorCredit"))) == ([], 1)


def test_a_document_that_quickbooks_refused_can_become_another_kind(shop):
    shop.quickbooks.add_fault("refusal", "bill.create", code="6000")
    shop.run(purchase("bill"))
    assert shop.states()["paper:1"] == "held"
    assert shop.run(purchase("expense"))["paper:1"] == "posted"
    assert (shop.ours("Bill"), len(shop.ours("Purchase")), shop.cases()) == ([], 1, [])


def test_a_transaction_in_doubt_is_looked_for_before_it_becomes_another_kind(shop):
    shop.quickbooks.add_fault("lose_answer", "bill.create")
    shop.run(purchase("bill"))
    shop.run(purchase("expense"))
    shop.run(wait=True)
    shop.run()
    assert (len(shop.ours("Bill")), shop.ours("Purchase")) == (1, [])
    (reason,) = shop.reasons()
    assert "It is in QuickBooks as a bill" in reason
