"""Amounts that include tax are in the books to the cent, however their lines are rounded."""

import json
from dataclasses import replace
from decimal import Decimal as D

import pytest

from hub import Code, Document, Item, Line, Party
from hub.qbo import record_download
from hub.qbo.oauth import connect as oauth_connect
from qbo_sandbox import NORWAY
from tests.support.sources.every_kind_source import DAY, ShopSite

SUPPLIER = Code(id="s1", name="Nordisk Tre", create=Party(name="Nordisk Tre"))
LINES = ("33.33", "33.33", "33.34")


@pytest.fixture
def shop(app, quickbooks, clock):
    """Return a shop enabled for the Norwegian company."""
    token = quickbooks.refresh_tokens[NORWAY.realm]
    company = oauth_connect.connect_with_refresh_token(NORWAY.realm, token)
    record_download.refresh(company.id)
    return ShopSite(app, quickbooks, clock, company=company)


def account_of(shop, type):
    return next(row["Id"] for row in shop.books("Account") if row["AccountType"] == type)


def tax_code_of(shop):
    return next(row["Id"] for row in shop.books("TaxCode") if row["Name"].startswith("25"))


@pytest.mark.parametrize("tax", ["20.00", None], ids=["stated", "left to QuickBooks"])
def test_a_bill_comes_to_its_total(shop, tax):
    codes = {"account": account_of(shop, "Expense"), "tax_code": tax_code_of(shop)}
    rows = [Line(id=str(n), amount=D(amount), codes=codes) for n, amount in enumerate(LINES)]
    shop.run(
        Document(
            kind="bill",
            source_id="bill:1",
            date=DAY,
            number="B-1",
            codes={"supplier": SUPPLIER},
            lines=tuple(rows),
            total=D("100.00"),
            tax_total=tax and D(tax),
            tax_mode="inclusive",
        )
    )
    assert (shop.cases(), shop.reasons()) == ([], [])
    assert D(str(shop.book("Bill", "bill:1")["TotalAmt"])) == 100


@pytest.mark.parametrize("stated_tax", ["taken", "computed"])
@pytest.mark.parametrize("tax", ["24.99", "25.01"], ids=["by line", "in all"])
def test_a_tax_that_is_rounded_otherwise_is_in_the_books_to_the_cent(shop, tax, stated_tax):
    shop.quickbooks.switch(stated_tax=stated_tax)
    codes = {"account": account_of(shop, "Expense"), "tax_code": tax_code_of(shop)}
    rows = [Line(id=str(n), amount=D("33.33"), codes=codes) for n in range(3)]
    shop.run(
        Document(
            kind="bill",
            source_id="bill:1",
            date=DAY,
            codes={"supplier": SUPPLIER},
            lines=tuple(rows),
            total=D("99.99") + D(tax),
            tax_total=D(tax),
        )
    )
    assert (shop.cases(), shop.reasons()) == ([], [])
    stored = shop.book("Bill", "bill:1")
    assert D(str(stored["TxnTaxDetail"]["TotalTax"])) == D(tax)
    assert D(str(stored["TotalAmt"])) == D("99.99") + D(tax)


def test_a_tax_of_another_rate_than_that_of_the_matched_code_is_named(shop):
    codes = {"account": account_of(shop, "Expense"), "tax_code": tax_code_of(shop)}
    shop.run(
        Document(
            kind="bill",
            source_id="bill:1",
            date=DAY,
            codes={"supplier": SUPPLIER},
            lines=(Line(id="1", amount=D("107.25"), codes=codes),),
            total=D("107.25"),
            tax_total=D("7.25"),
            tax_mode="inclusive",
        )
    )
    (reason,) = shop.reasons()
    assert reason.startswith("The tax code 25")
    assert reason.endswith(
        "gives a tax of 21.45 NOK, and the bill states 7.25 NOK. Match another tax code, or"
        " correct the tax at the source."
    )


@pytest.fixture
def compound_code(shop):
    """Return a tax code to which QuickBooks adds a rate that is computed on its other tax."""
    code = next(row for row in shop.books("TaxCode") if row["Name"].startswith("25"))
    other = next(row for row in shop.books("TaxCode") if row["Name"].startswith("15"))
    changes = {}
    for field in ("SalesTaxRateList", "PurchaseTaxRateList"):
        (first,), (second,) = code[field]["TaxRateDetail"], other[field]["TaxRateDetail"]
        second = {**second, "TaxTypeApplicable": "TaxOnTax", "TaxOrder": 1, "TaxOnTaxOrder": 0}
        changes[field] = {"TaxRateDetail": [first, second]}
    edit = {"kind": "TaxCode", "id": code["Id"], "set": changes}
    shop.quickbooks.act("edit", realm=shop.realm, **edit)
    record_download.refresh(shop.company_id)
    return {**code, **changes}


def bill_with_code(shop, code, tax_mode, tax=None, **stated):
    codes = {"account": account_of(shop, "Expense"), "tax_code": code["Id"]}
    return Document(
        kind="bill",
        source_id="bill:1",
        date=DAY,
        codes={"supplier": SUPPLIER},
        lines=(Line(id="1", amount=D("128.75"), tax=tax and D(tax), codes=codes),),
        tax_mode=tax_mode,
        **{name: D(amount) for name, amount in stated.items()},
    )


@pytest.mark.parametrize("stated", [{}, {"tax_total": "28.75", "total": "128.75"}])
def test_a_tax_on_another_tax_is_not_taken_off_an_amount_but_named(shop, compound_code, stated):
    shop.run(bill_with_code(shop, compound_code, "inclusive", **stated))
    (reason,) = shop.reasons()
    rate = compound_code["PurchaseTaxRateList"]["TaxRateDetail"][1]["TaxRateRef"]["value"]
    names = {row["Id"]: row["Name"] for row in shop.books("TaxRate")}
    assert reason == (
        f"Its amounts contain tax, and the tax code {compound_code['Name']} has a rate that is"
        f" computed on another tax ({names[rate]}), so that the amounts without tax are not known."
        " State the tax of each line at the source, or match another tax code."
    )
    assert shop.ours("Bill") == []


def test_a_tax_on_another_tax_that_a_line_states_is_divided_by_quickbooks(shop, compound_code):
    stated = {"tax_total": "28.75", "total": "128.75"}
    shop.run(bill_with_code(shop, compound_code, "inclusive", tax="28.75", **stated))
    assert shop.reasons() == []
    sent = json.loads(shop.posting("bill:1").payload)
    assert sent["TxnTaxDetail"] == {"TotalTax": 28.75}
    stored = shop.book("Bill", "bill:1")
    assert D(str(stored["TotalAmt"])) == D("128.75")
    taxes = [D(str(row["Amount"])) for row in stored["TxnTaxDetail"]["TaxLine"]]
    assert taxes == [D("25.00"), D("3.75")]


def discounted_invoice(shop, amount, discount, **stated):
    """Return an invoice of one taxed line with a discount; its amounts contain tax."""
    item = Item(name="Site hours", codes={"income_account": account_of(shop, "Income")})
    product = Code(id="i1", name="Site hours", create=item)
    codes = {"product": product, "tax_code": tax_code_of(shop)}
    client = Code(id="c1", name="Fjord Homes", create=Party(name="Fjord Homes"))
    return Document(
        kind="invoice",
        source_id="invoice:1",
        date=DAY,
        codes={"client": client},
        lines=(
            Line(id="1", amount=D(amount), codes=codes),
            Line(id="2", amount=D(discount), description="Discount"),
        ),
        total=D(amount) + D(discount),
        tax_mode="inclusive",
        **stated,
    )


@pytest.mark.parametrize("stated_tax", ["taken", "computed"])
@pytest.mark.parametrize("tax", [D("22.50"), None], ids=["stated", "left to QuickBooks"])
def test_an_invoice_with_a_discount_comes_to_its_total(shop, tax, stated_tax):
    shop.quickbooks.switch(stated_tax=stated_tax)
    shop.run(discounted_invoice(shop, "125.00", "-12.50", tax_total=tax))
    assert (shop.cases(), shop.reasons()) == ([], [])
    invoice = shop.book("Invoice", "invoice:1")
    assert D(str(invoice["TotalAmt"])) == D("112.50")
    assert D(str(invoice["TxnTaxDetail"]["TotalTax"])) == D("22.50")


@pytest.mark.parametrize("discount", ["-1.12", "-1.13", "-1.78", "-9.99"])
def test_a_discount_of_any_amount_leaves_no_cent_of_tax_to_rounding(shop, discount):
    """Without a stated tax QuickBooks computes it from rounded amounts, a cent more or less."""
    shop.run(discounted_invoice(shop, "30.00", discount))
    assert (shop.cases(), shop.reasons()) == ([], [])
    assert D(str(shop.book("Invoice", "invoice:1")["TotalAmt"])) == 30 + D(discount)


@pytest.fixture
def state_amounts_with_tax(app, quickbooks):
    """Let each taxed line of an answer state its amount with a tax of 25 %, as the schema allows.

    Intuit describes the field as the total amount of the line including tax.
    """
    adapter = app.extensions["hub"].mounts["https://quickbooks.test"]
    inner = adapter.app

    def add_amounts(value):
        if isinstance(value, list):
            return [add_amounts(item) for item in value]
        if not isinstance(value, dict):
            return value
        detail = value.get(value.get("DetailType"))
        if detail and "TaxCodeRef" in detail:
            detail["TaxInclusiveAmt"] = round(value["Amount"] * 1.25, 2)
        return {name: add_amounts(item) for name, item in value.items()}

    def answer(environ, start):
        begun = []
        body = b"".join(inner(environ, lambda *head: begun.extend(head)))
        if body.startswith(b"{"):
            body = json.dumps(add_amounts(json.loads(body))).encode()
        headers = [pair for pair in begun[1] if pair[0] != "Content-Length"]
        start(begun[0], [*headers, ("Content-Length", str(len(body)))])
        return [body]

    adapter.app = answer


@pytest.mark.usefixtures("state_amounts_with_tax")
def test_amounts_without_tax_are_compared_although_their_lines_state_them_with_tax_too(shop):
    codes = {"account": account_of(shop, "Expense"), "tax_code": tax_code_of(shop)}
    bill = Document(
        kind="bill",
        source_id="bill:1",
        date=DAY,
        codes={"supplier": SUPPLIER},
        lines=(Line(id="1", amount=D("100.00"), codes=codes),),
        total=D("125.00"),
        tax_total=D("25.00"),
    )
    shop.run(bill)
    assert (shop.cases(), shop.reasons()) == ([], [])
    shop.run(replace(bill, memo="Second delivery"))
    assert (shop.cases(), shop.reasons()) == ([], [])
    assert "Second delivery" in shop.book("Bill", "bill:1")["PrivateNote"]
