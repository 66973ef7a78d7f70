"""Amounts and currencies that cannot be right are held with a reason that names the value."""

from decimal import Decimal as D

import pytest

from hub import Code, Item, Line
from tests.support.sources.every_kind_source import CLIENT, SUPPLIER, document, line

BOLT = Code(id="bolt", name="Bolt", create=Item(name="Bolt", codes={"expense_account": "80"}))


def bill(*rows, **more):
    return document("bill", "bill:1", *rows, supplier=SUPPLIER, **more)


def bolts(quantity, unit_price, amount=None):
    return Line(
        id="1",
        quantity=D(quantity),
        unit_price=D(unit_price),
        amount=None if amount is None else D(amount),
        codes={"product": BOLT},
    )


LINE_TOO_LARGE = (
    "The amount or the tax of line 1 is too large to be money. Correct it at the source."
)


@pytest.mark.parametrize(
    ("impossible", "reason"),
    [
        (bill(line("1", "1E+30", cost="Fuel")), LINE_TOO_LARGE),
        (bill(bolts("1", "1E+25")), LINE_TOO_LARGE),
        (bill(line("1", "10.00", cost="Fuel", tax=D("1E+30"))), LINE_TOO_LARGE),
        (
            bill(line("1", "10.00", cost="Fuel"), tax_total=D("1E+30")),
            "Its tax is too large to be money. Correct it at the source.",
        ),
        (
            bill(line("1", "1E+30", cost="Fuel"), total="1E+30"),
            "Its total 1E+30 is not an amount of money: it is too large or has more than six"
            " decimals.",
        ),
    ],
    ids=["amount", "price", "tax of a line", "tax", "total"],
)
def test_a_document_with_an_impossible_amount_is_held_with_a_reason(shop, impossible, reason):
    assert shop.run(impossible)["bill:1"] == "held"
    assert shop.reasons() == [reason]


@pytest.mark.parametrize(
    ("quantity", "unit_price"), [("1E-20", "1"), ("1E+20", "1E+20")], ids=["tiny", "huge"]
)
def test_a_quantity_that_fits_no_price_is_text(shop, quantity, unit_price):
    shop.run(bill(bolts(quantity, unit_price, "100.00"), total="100.00"))
    (row,) = shop.book("Bill", "bill:1")["Line"]
    assert (row["Amount"], "Qty" in row["ItemBasedExpenseLineDetail"]) == (100, False)
    assert row["Description"] == f"{D(quantity):f} x {D(unit_price):f}"


def payment(*rows, total):
    return document("payment", "payment:1", *rows, total=total, client=CLIENT)


def test_a_payment_whose_lines_exceed_its_total_is_held(shop):
    assert shop.run(payment(line("1", "10.00"), total="5.00"))["payment:1"] == "held"
    assert shop.reasons() == [
        "Its lines add up to 10.00 USD; the payment says 5.00 USD (5.00 USD off). Fix this at the"
        " source."
    ]


def test_the_part_of_a_payment_beyond_its_lines_becomes_a_credit(shop):
    shop.run(payment(line("1", "10.00"), total="15.00"))
    stored = shop.book("Payment", "payment:1")
    assert (stored["TotalAmt"], stored["UnappliedAmt"]) == (15, 15)


@pytest.mark.parametrize("currency", ["US", "USD ", " ", "DOLLAR"])
def test_a_currency_that_is_no_code_is_named(shop, currency):
    shop.run(bill(line("1", "10.00", cost="Fuel"), total="10.00", currency=currency))
    assert shop.reasons() == [
        f"Its currency is “{currency}”, which is not a code of three capital letters such as EUR."
        " Correct it at the source."
    ]
