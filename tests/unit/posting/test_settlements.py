"""Payments of transactions that belong to another supplier or customer."""

import pytest

from hub import Code, Party
from tests.support.sources.every_kind_source import (
    CLIENT,
    SUPPLIER,
    document,
    invoice,
    line,
)

OTHER_CLIENT = Code(id="c2", name="Bay Homes", create=Party(name="Bay Homes"))
OTHER_SUPPLIER = Code(id="s2", name="Bay Timber", create=Party(name="Bay Timber"))


def payment_by(client):
    return document(
        "payment", "payment:1", line("1", "60.00", pays="invoice:1"), total="60.00", client=client
    )


def bill_payment_to(supplier):
    paid = line("1", "42.00", pays="bill:1")
    parties = {"supplier": supplier, "payment_account": "35"}
    return document("bill_payment", "payment:1", paid, total="42.00", **parties)


def bill():
    billed = line("1", "42.00", cost="Fuel")
    return document("bill", "bill:1", billed, total="42.00", supplier=SUPPLIER, number="B-1")


@pytest.mark.parametrize(
    ("settled", "payment", "name"),
    [
        (invoice(number="S-1"), payment_by(OTHER_CLIENT), "Invoice S-1"),
        (bill(), bill_payment_to(OTHER_SUPPLIER), "Bill B-1"),
    ],
    ids=["customer", "supplier"],
)
def test_a_payment_of_another_party_is_held_before_it_is_sent(shop, settled, payment, name):
    states = shop.run(settled, payment)
    assert (states[settled.source_id], states["payment:1"]) == ("posted", "held")
    assert shop.cases() == [f"{name} cannot be settled"]
    (reason,) = shop.reasons()
    assert reason.endswith("names it, but it belongs to another party.")
    assert shop.ours("Payment") + shop.ours("BillPayment") == []


def test_payments_of_one_invoice_are_sent_again_if_quickbooks_calls_one_stale(shop, clock):
    """QuickBooks refuses a payment with 5010 while another one changes the same invoice."""
    shop.quickbooks.add_fault("refusal", "payment.create", count=1, code="5010")
    for_half = line("1", "30.00", pays="invoice:1")
    first = document("payment", "payment:1", for_half, total="30.00", client=CLIENT)
    second = document("payment", "payment:2", for_half, total="30.00", client=CLIENT)
    states = shop.run(invoice(number="S-1"), first, second)
    assert sorted([states["payment:1"], states["payment:2"]]) == ["posted", "ready"]
    assert shop.cases() == []
    clock.advance(31)
    assert set(shop.run().values()) == {"posted"}
    assert [payment["TotalAmt"] for payment in shop.ours("Payment")] == [30, 30]
    assert shop.cases() == []
