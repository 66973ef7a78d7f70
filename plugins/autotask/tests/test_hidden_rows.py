"""Rows that invoices name or consist of, and that Autotask does not show to the API user."""

import pytest


@pytest.mark.row("AT-I5")
def test_a_billing_code_that_autotask_does_not_show_is_not_posted_as_the_default_item(open_bench):
    bench = open_bench("invoices", default_item="1")
    document = bench.case("labour and a licence")
    line = int(document.lines[0].id)
    bench.books.do("put", entity="BillingItems", id=line, fields={"billingCodeID": 99999})
    (item,) = bench.read(ids=[document.source_id])
    assert "BillingCodes 99999, which it names, is not shown" in item.reason


@pytest.mark.row("AT-I9")
def test_a_currency_that_autotask_does_not_show_is_not_taken_for_the_own_one(invoices):
    document = invoices.case("labour and a licence")
    company = int(document.codes["customer"].id.partition(":")[2])
    invoices.books.do("put", entity="Companies", id=company, fields={"currencyID": 99})
    (item,) = invoices.read(ids=[document.source_id])
    assert "Currencies 99, which it names, is not shown" in item.reason
    assert invoices.codes("customer")


@pytest.mark.row("AT-I8")
def test_a_payment_term_that_autotask_does_not_show_is_missed(invoices, change_row):
    change_row(invoices, "labour and a licence", paymentTerm=99999)
    assert invoices.case("labour and a licence").codes["term"].name == "99999"


@pytest.mark.row("AT-I11")
@pytest.mark.parametrize(
    ("settings", "is_held"), [({}, True), ({"tax": "quickbooks"}, False), ({"tax": "none"}, False)]
)
def test_an_invoice_with_a_tax_that_its_lines_do_not_have_is_not_posted_without_it(
    open_bench, change_row, settings, is_held
):
    bench = open_bench("invoices", **settings)
    words = "taxed in California"
    total = sum(line.amount for line in bench.case(words).lines)
    for line in bench.case(words).lines:
        bench.books.do("put", entity="BillingItems", id=int(line.id), fields={"taxDollars": None})
    change_row(bench, words, invoiceTotal=total)
    hold = bench.case(words).hold or ""
    assert ("taxes of the lines of Invoice 4002 add up to 0.00, and" in hold) is is_held
    assert ("its tax in Autotask is 24.00" in hold) is is_held
