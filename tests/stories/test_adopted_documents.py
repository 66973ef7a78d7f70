"""A search after a restore finds transactions of documents that have changed at their source since.

The backup was made while the documents waited for approval, so it contains them as they were then.
"""

import pytest
from sqlalchemy import select

from hub import Code, Gone, Party, outbox
from hub.db.engine import read_only_session, transaction
from hub.models import Case, Installation, Posting
from hub.posting.recovery import restore
from tests.support.processes.restored_database import put_back
from tests.support.sources.every_kind_source import ShopSite, document, line

HOUR = 3600


def bill(amount="93.00", cost="Fuel", supplier="30", **more):
    return document(
        "bill", "bill:1", line("1", amount, cost=cost), total=amount, supplier=supplier, **more
    )


def restore_after_posting(app, shop, clock, tmp_path, later, first=None):
    """Post a bill after a backup, change it at its source, restore, and sync until it is settled.

    Return the state of the bill, which was `first` when it was posted.
    """
    with transaction() as session:
        session.get_one(Installation, shop.id).mode = "review"
    assert shop.run(first or bill())["bill:1"] in ("review", "waiting")

    def post():
        with transaction() as session:
            outbox.approve(session, list(session.scalars(select(Posting.id))), "kari")
        assert shop.run()["bill:1"] == "posted"

    put_back(app, tmp_path, post)
    restore.declare_restore()
    with transaction() as session:
        session.get_one(Installation, shop.id).mode = "auto"
    shop.put(later)
    for _ in range(4):
        states = shop.run(wait=True)
        clock.advance(HOUR)
    return states["bill:1"]


def load_reasons():
    """Return the reasons of the open cases."""
    with read_only_session() as session:
        cases = session.scalars(select(Case).where(Case.closed_at.is_(None)))
        return [case.reason for case in cases]


@pytest.mark.parametrize("stage", ["closed", "gone"])
def test_a_transaction_that_its_source_no_longer_wants_is_removed(
    app, quickbooks, clock, tmp_path, stage
):
    shop = ShopSite(app, quickbooks, clock, gone="delete")
    later = Gone(source_id="bill:1") if stage == "gone" else bill("899.00", stage="closed")
    state = restore_after_posting(app, shop, clock, tmp_path, later)
    assert (state, shop.ours("Bill")) == ("posted", []), shop.cases()
    assert shop.posting("bill:1").operation == "delete"


def test_a_person_is_asked_about_a_transaction_that_its_source_no_longer_wants(
    app, quickbooks, clock, tmp_path
):
    shop = ShopSite(app, quickbooks, clock, gone="case")
    restore_after_posting(app, shop, clock, tmp_path, bill(stage="closed"))
    assert len(shop.ours("Bill")) == 1
    assert [str(case) for case in shop.cases()] == ["Bill 1 of 30 is gone at the source"]


def test_a_transaction_that_only_may_be_changed_is_changed(app, quickbooks, clock, tmp_path):
    shop = ShopSite(app, quickbooks, clock)
    later = bill("899.00", stage="update_only")
    state = restore_after_posting(app, shop, clock, tmp_path, later)
    assert (state, [one["TotalAmt"] for one in shop.ours("Bill")]) == ("posted", [899])
    assert shop.cases() == []


def test_a_transaction_whose_document_is_held_since_is_changed_once_it_is_released(
    app, quickbooks, clock, tmp_path
):
    shop = ShopSite(app, quickbooks, clock)
    restore_after_posting(app, shop, clock, tmp_path, bill("899.00", cost="Not in the books"))
    shop.run(bill("899.00"), wait=True)
    assert [one["TotalAmt"] for one in shop.ours("Bill")] == [899]
    assert shop.cases() == []


NEW_SUPPLIER = Code(id="s9", name="New Supplier", create=Party(name="New Supplier"))


def test_a_person_is_asked_about_a_transaction_whose_document_has_a_new_supplier_since(
    app, quickbooks, clock, tmp_path
):
    shop = ShopSite(app, quickbooks, clock)
    restore_after_posting(app, shop, clock, tmp_path, bill(supplier=NEW_SUPPLIER))
    (reason,) = load_reasons()
    assert "QuickBooks has Pacific Fasteners as the party instead of New Supplier." in reason


def test_a_transaction_whose_supplier_was_created_after_the_backup_has_no_case(
    app, quickbooks, clock, tmp_path
):
    shop = ShopSite(app, quickbooks, clock)
    later = bill(supplier=NEW_SUPPLIER)
    restore_after_posting(app, shop, clock, tmp_path, later, first=later)
    assert [one["VendorRef"]["name"] for one in shop.ours("Bill")] == ["New Supplier"]
    assert load_reasons() == []
