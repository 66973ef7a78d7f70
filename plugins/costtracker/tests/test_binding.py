"""The stand-in invoices use the suppliers, accounts and taxes of the company that pushed them."""

import pytest

from hub import Party, Record


def american():
    return {
        "supplier": [
            Record(id=str(n), name=f"Supplier {n}", party=Party(name="x", currency="USD"))
            for n in (1, 2)
        ],
        "account": [
            Record(id="9", name="Checking", type="Bank"),
            Record(id="10", name="Job Materials", type="Expense"),
        ],
        "tax_code": [],
        "location": [],
        "class": [],
        "customer": [Record(id="20", name="Amy's Birds")],
    }


@pytest.fixture
def abroad(bench):
    bench.push_lists(**american())
    return bench


def test_a_company_in_another_currency_gets_invoices_in_it(abroad):
    document = abroad.case("without an order")
    assert document.currency == "USD"
    assert document.codes["supplier"].quickbooks_id in ("1", "2")


def test_costs_go_to_accounts_for_costs(abroad):
    assert {line.codes["account"] for line in abroad.case("orders, budget and neither").lines} == {
        "10"
    }


def test_where_no_tax_is_computed_none_is_charged(abroad):
    document = abroad.case("without an order")
    assert (document.tax_total, {line.codes["tax_code"] for line in document.lines}) == (0, {None})


def test_dimensions_that_the_company_lacks_leave_the_invoices(abroad):
    line = abroad.case("without an order").lines[0]
    assert (line.codes["location"], line.codes["class"]) == (None, None)


def test_without_foreign_suppliers_the_foreign_invoices_stay_unknown(abroad):
    document = abroad.case("foreign currency")
    assert (document.currency, document.codes["supplier"].quickbooks_id) == ("EUR", None)


def test_a_supplier_of_the_same_name_is_the_same_supplier(bench):
    bench.push_lists(
        supplier=[Record(id="1", name="Første"), Record(id="7", name="bygg & bolig proff")]
    )
    assert bench.books.lists.pushed_record("suppliers", "s4")["external_id"] == "7"


def test_a_code_keeps_the_record_that_it_was_bound_to(connected):
    before = connected.case("without an order").codes["supplier"]
    connected.push_lists(supplier=[Record(id="999", name="Aas Trelast AS")])
    assert connected.case("without an order").codes["supplier"] == before


@pytest.mark.parametrize("rates", [("20", "5", "0"), ("10",), ("25", "15", "0")])
def test_tax_follows_the_companys_own_rates(bench, rates):
    bench.push_lists(tax_code=[Record(id=rate, name=f"Rate {rate}", rate=rate) for rate in rates])
    tax_codes = set()
    for id in bench.books.invoices:
        for line in bench.books.invoice(id)["lines"]:
            tax_codes.add(line["tax_code"])
            tax = line["net"] * int(line["tax_code"] or 0) / 100
            assert abs(line["tax"] - tax) <= 0.005
    assert tax_codes - {None} == set(rates)
