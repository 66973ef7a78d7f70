"""Prices with more decimals than QuickBooks keeps are posted with the amount of their line."""

from decimal import Decimal as D

import pytest

from hub import Code, Item, Line
from tests.support.sources.every_kind_source import CLIENT, SUPPLIER, document

ACCOUNTS = {"income_account": "1", "expense_account": "80"}
WIRE = Code(id="wire", name="Wire", create=Item(name="Wire", codes=ACCOUNTS))
# kind, its entity in QuickBooks, the detail of its lines, and its party
KINDS = [
    ("bill", "Bill", "ItemBasedExpenseLineDetail", {"supplier": SUPPLIER}),
    ("purchase_order", "PurchaseOrder", "ItemBasedExpenseLineDetail", {"supplier": SUPPLIER}),
    ("invoice", "Invoice", "SalesItemLineDetail", {"client": CLIENT}),
]
# quantity, price, stated amount, amount and price in QuickBooks
LINES = {
    "a price of twelve decimals": ("3", "0.123456789012", None, "0.37", "0.1234568"),
    "a price for an amount": ("7", "14.28571428571", "100.00", "100.00", "14.2857143"),
    "another amount": ("1000", "0.12345678901", "123.40", "123.40", "0.1234"),
    "no price of seven decimals fits": ("1000000", "0.000000494", None, "0.49", None),
    "zeros at the end": ("3", "1.50000000000", None, "4.50", "1.5"),
}


@pytest.mark.parametrize("has_total", [True, False], ids=["total", "no total"])
@pytest.mark.parametrize("case", LINES.values(), ids=LINES)
@pytest.mark.parametrize(
    ("kind", "entity", "detail", "party"), KINDS, ids=[row[0] for row in KINDS]
)
def test_a_line_keeps_its_amount(shop, kind, entity, detail, party, case, has_total):
    quantity, price, stated, amount, posted_price = case
    row = Line(
        id="1",
        quantity=D(quantity),
        unit_price=D(price),
        amount=None if stated is None else D(stated),
        codes={"product": WIRE},
    )
    source_id = f"{kind}:1"
    states = shop.run(document(kind, source_id, row, total=amount if has_total else None, **party))
    assert states[source_id] == "posted", shop.reasons()
    assert shop.cases() == []
    stored = shop.book(entity, source_id)
    line = stored["Line"][0]
    fields = line[detail]
    assert (D(str(stored["TotalAmt"])), D(str(line["Amount"]))) == (D(amount), D(amount))
    if posted_price is None:
        assert "UnitPrice" not in fields
    else:
        assert D(str(fields["UnitPrice"])) == D(posted_price)
        assert D(str(fields["Qty"])) == D(quantity)
    if posted_price is None or D(posted_price) != D(price):
        assert f"{quantity} x {price}" in line["Description"]
