"""Credit notes that settle an invoice or a bill without money."""

from tests.support.sources.every_kind_source import (
    CLIENT,
    PRODUCT,
    SUPPLIER,
    document,
    invoice,
    line,
)


def test_a_payment_without_money_settles_an_invoice_with_its_credit_note(shop):
    credited = line("1", "30.00", product=PRODUCT)
    credit_note = document("credit_memo", "credit:1", credited, total="30.00", client=CLIENT)
    used = line("1", "30.00", pays="invoice:1"), line("2", "-30.00", pays="credit:1")
    use = document("payment", "credit:1/use", *used, total="0.00", client=CLIENT)
    assert set(shop.run(invoice("invoice:1"), credit_note, use).values()) == {"posted"}
    [sale] = shop.ours("Invoice")
    [credit] = shop.ours("CreditMemo")
    [payment] = shop.ours("Payment")
    assert sale["Balance"] == sale["TotalAmt"] - 30
    assert (credit["Balance"], payment["TotalAmt"]) == (0, 0)


def test_a_bill_payment_without_money_settles_a_bill_with_its_credit(shop):
    billed = line("1", "42.00", cost="Fuel")
    bill = document("bill", "bill:1", billed, total="42.00", supplier=SUPPLIER, number="B-1")
    credited = line("1", "42.00", cost="Fuel")
    credit = document("vendor_credit", "credit:1", credited, total="42.00", supplier=SUPPLIER)
    used = line("1", "42.00", pays="bill:1"), line("2", "-42.00", pays="credit:1")
    parties = {"supplier": SUPPLIER, "payment_account": "35"}
    use = document("bill_payment", "credit:1/use", *used, total="0.00", **parties)
    assert set(shop.run(bill, credit, use).values()) == {"posted"}
    assert [record["Balance"] for record in shop.ours("Bill")] == [0]
    assert [record["Balance"] for record in shop.ours("VendorCredit")] == [0]
    assert [record["TotalAmt"] for record in shop.ours("BillPayment")] == [0]


def test_a_payment_that_uses_more_of_a_credit_than_it_settles_is_held(shop):
    credited = line("1", "150.00", product=PRODUCT)
    credit_note = document("credit_memo", "credit:1", credited, total="150.00", client=CLIENT)
    used = line("1", "100.00", pays="invoice:1"), line("2", "-150.00", pays="credit:1")
    use = document("payment", "credit:1/use", *used, total="0.00", client=CLIENT)
    states = shop.run(invoice("invoice:1"), credit_note, use)
    assert states["credit:1/use"] == "held"
    assert shop.reasons() == [
        "The credits that it uses are 50.00 USD more than what it settles with them. Use as much"
        " of them as is settled. Fix this at the source."
    ]
    assert shop.ours("Payment") == []
