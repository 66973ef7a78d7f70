"""A document and its payment removed together at the source, in any order."""

from itertools import permutations, zip_longest

import pytest

from hub import Gone, outbox
from hub.db.engine import transaction
from hub.installations import enable
from hub.models import Installation
from hub.posting.actions import manual, undo
from hub.posting.reconcile.run import reconcile
from hub.scheduling import runner
from tests.support.runs.tiers import by_form
from tests.support.sources.costcertified_site import CLEARING, CostCertifiedSite
from tests.support.sources.every_kind_source import (
    CLIENT,
    PRODUCT,
    SUPPLIER,
    ShopSite,
    document,
    invoice,
    line,
)

VOID, DELETE = {"gone": "void"}, {"gone": "delete"}


def bill(n=1, *lines):
    body = lines or (line("1", "42.00", cost="Fuel"),)
    return document("bill", f"bill:{n}", *body, total="42.00", supplier=SUPPLIER, number=f"B-{n}")


def payment(n=1, *lines, total="100.00"):
    body = lines or (line("1", total, pays=f"invoice:{n}"),)
    return document("payment", f"payment:{n}", *body, total=total, client=CLIENT)


def credit_memo(n):
    body = line("1", "30.00", product=PRODUCT)
    return document("credit_memo", f"credit:{n}", body, total="30.00", client=CLIENT)


def with_credit(n):
    settled = line("1", "100.00", pays=f"invoice:{n}"), line("2", "-30.00", pays=f"credit:{n}")
    return payment(n, *settled, total="70.00")


def bill_payment(n):
    body = line("1", "42.00", pays=f"bill:{n}")
    more = {"supplier": SUPPLIER, "payment_account": "35"}
    return document("bill_payment", f"paid:{n}", body, total="42.00", **more)


def order(n):
    body = line("a", "42.00", cost="Fuel")
    return document("purchase_order", f"order:{n}", body, total="42.00", supplier=SUPPLIER)


def bill_of_order(n):
    return bill(n, line("1", "42.00", cost="Fuel", pays=f"order:{n}", of="a"))


def deposit(n):
    body = line("1", "100.00", pays=f"payment:{n}")
    return document("deposit", f"deposit:{n}", body, total="100.00", deposit_account="35")


def sold(n):
    return invoice(f"invoice:{n}", number=f"S-{n}")


CHAINS = {
    "void": ([sold, payment],),
    "delete": (
        [sold, payment],
        [bill, bill_payment],
        [sold, credit_memo, with_credit],
        [order, bill_of_order],
        [sold, payment, deposit],
    ),
}


def every_order(policy):
    """Yield each chain for every order in which its documents may be removed.

    The source ids of a chain end alike. The long form takes every order of a chain, the others
    two: forwards and backwards.
    """
    orders = [(chain, order) for chain in CHAINS[policy] for order in orders_of(chain)]
    for n, (chain, order) in enumerate(orders, start=1):
        yield [make(n) for make in chain], [make(n).source_id for make in order]


def orders_of(chain):
    return by_form([chain, chain[::-1]], [chain, chain[::-1]], list(permutations(chain)))


def live_totals(shop):
    """Return the totals of the posted transactions that are left in QuickBooks."""
    kinds = ("Invoice", "Payment", "CreditMemo", "Bill", "BillPayment", "PurchaseOrder", "Deposit")
    return [
        record["TotalAmt"] for kind in kinds for record in shop.ours(kind) if record["TotalAmt"]
    ]


def post(shop, items):
    """Post everything, and update the transaction index."""
    assert set(shop.run(*items).values()) == {"posted"}
    runner.run_company_job("changes", 1, requested_by="kari")


def remove(shop, ids):
    """Let the source report these documents as removed, and nothing else."""
    shop.source.items.clear()
    shop.run(*(Gone(source_id=id) for id in ids))


@pytest.mark.proof(small=3)
@pytest.mark.parametrize("policy", CHAINS)
@pytest.mark.parametrize("together", [True, False], ids=["in one run", "run by run"])
def test_a_settling_transaction_is_removed_before_the_document_that_it_settles(
    app, quickbooks, clock, policy, together
):
    shop = ShopSite(app, quickbooks, clock, gone=policy)
    results = list(every_order(policy))
    post(shop, [item for items, _ in results for item in items])
    if together:
        remove(shop, [id for _, order in results for id in order])
    else:
        for step in zip_longest(*(order for _, order in results)):
            remove(shop, filter(None, step))
    assert (live_totals(shop), shop.reasons(), shop.cases()) == ([], [], [])


@pytest.mark.parametrize("together", [True, False])
def test_a_change_is_sent_once_the_payment_that_settled_it_is_removed(
    app, quickbooks, clock, together
):
    shop = ShopSite(app, quickbooks, clock, **VOID)
    post(shop, [invoice(), payment()])
    shop.run(invoice(amount="120.00"), *([Gone(source_id="payment:1")] if together else ()))
    if not together:
        assert shop.cases() == ["Changed after it was paid"]
        remove(shop, ["payment:1"])
    assert (live_totals(shop), shop.cases()) == ([120], [])


def test_what_a_reduced_payment_no_longer_settles_is_open_for_another_one(app, quickbooks, clock):
    shop = ShopSite(app, quickbooks, clock)
    post(shop, [invoice(), payment()])
    shop.run(payment(total="60.00"))
    rest = line("1", "40.00", pays="invoice:1")
    shop.run(document("payment", "payment:2", rest, total="40.00", client=CLIENT))
    (sold,) = shop.ours("Invoice")
    assert (sold["Balance"], shop.cases()) == (0, [])


def test_a_payment_applied_by_a_person_keeps_a_document_in_the_books(app, quickbooks, clock):
    shop = ShopSite(app, quickbooks, clock, **VOID)
    post(shop, [invoice(amount="150.00"), payment()])
    paid = shop.book("Invoice", "invoice:1")
    quickbooks.act("pay", kind="Invoice", id=paid["Id"], amount="50.00")
    remove(shop, ["invoice:1", "payment:1"])
    (reason,) = shop.reasons()
    assert "is to be removed, but a payment or credit was applied to it" in reason
    assert "(open: 100.00 USD)" in reason
    assert sorted(live_totals(shop)) == [50, 150]


def test_a_removal_that_a_person_wants_is_not_said_to_come_from_the_source(app, quickbooks, clock):
    shop = ShopSite(app, quickbooks, clock, **VOID)
    post(shop, [invoice(amount="150.00")])
    undo.undo(undo.plan_posting(shop.posting("invoice:1").id), "kari")
    paid = shop.book("Invoice", "invoice:1")
    quickbooks.act("pay", kind="Invoice", id=paid["Id"], amount="50.00")
    runner.run_company_job("changes", 1, requested_by="kari")
    shop.run()
    (reason,) = shop.reasons()
    assert "of Fjord Homes is to be removed, but a payment or credit was applied to it" in reason


def test_a_removal_that_a_person_skips_holds_the_one_behind_it(app, quickbooks, clock):
    shop = ShopSite(app, quickbooks, clock, **VOID)
    post(shop, [invoice(), payment()])
    with transaction() as session:
        session.get_one(Installation, shop.id).mode = "review"
    shop.run(Gone(source_id="invoice:1"), Gone(source_id="payment:1"))
    with transaction() as session:
        outbox.approve(session, [shop.posting("invoice:1").id], "kari")
    result = shop.run()
    assert (result["invoice:1"], result["payment:1"]) == ("waiting", "review")
    assert "until Payment" in shop.posting("invoice:1").reason
    manual.skip(shop.posting("payment:1").id, "it stays", "kari")
    shop.run()
    assert shop.cases() == ["Changed after it was paid"]
    assert sorted(live_totals(shop)) == [100, 100]


@pytest.mark.parametrize("is_wish_of_person", [True, False])
def test_what_was_voided_before_its_deletion_was_sent_counts_as_removed(
    app, quickbooks, clock, is_wish_of_person
):
    shop = ShopSite(app, quickbooks, clock, **DELETE)
    post(shop, [invoice()])
    posted = shop.posting("invoice:1")
    if is_wish_of_person:
        assert undo.undo(undo.plan_posting(posted.id), "kari") == 1
    else:
        enable.set_mode(shop.id, "review", who="kari")
        shop.run(Gone(source_id="invoice:1"))
        with transaction() as session:
            outbox.approve_all(session, shop.id, "kari")
    assert shop.posting("invoice:1").operation == "delete"
    quickbooks.act("void", kind="Invoice", id=posted.quickbooks_id)
    assert (shop.run()["invoice:1"], shop.cases()) == ("posted", [])
    runner.run_company_job("changes", 1, requested_by="kari")
    reconciled = reconcile(shop.company_id)
    assert (shop.cases(), reconciled.troubles, shop.book("Invoice", "invoice:1")["TotalAmt"]) == (
        [],
        0,
        0,
    )


# -- CostCertified ---------------------------------------------------------------------------------


@pytest.fixture
def site(app, quickbooks, clock):
    return CostCertifiedSite(app, quickbooks, clock)


def delete_invoice(site, invoice, payment):
    site.do("delete", things="invoices", id=invoice)


def delete_payment(site, invoice, payment):
    site.do("delete", things="payments", id=payment)


def fail_payment(site, invoice, payment):
    site.do("fail", payment=payment)


WAYS = (
    (delete_invoice, delete_payment),
    (delete_payment, delete_invoice),
    (delete_invoice, fail_payment),
    (fail_payment, delete_invoice),
)


@pytest.mark.row("CC-B8")
@pytest.mark.parametrize("runs", [1, 2])
def test_an_invoice_and_its_payment_that_are_deleted_are_both_voided(site, runs):
    site.enable(**CLEARING)
    invoices = [site.invoice() for _ in WAYS]
    payments = [site.pay(invoice) for invoice in invoices]
    site.sync()
    site.watch()
    assert {record["Balance"] for record in site.all("Invoice")} == {0}
    for step in zip(*WAYS, strict=True):
        for act, sold, paid in zip(step, invoices, payments, strict=True):
            act(site, sold, paid)
        if runs == 2:
            site.sync()
    site.sync()
    totals = [record["TotalAmt"] for kind in ("Invoice", "Payment") for record in site.all(kind)]
    assert (totals, site.cases()) == ([0] * 8, {})
