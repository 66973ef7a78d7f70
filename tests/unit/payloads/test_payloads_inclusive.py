"""Amounts that contain tax: what they must add up to, and which sentence says what is wrong."""

from dataclasses import replace
from decimal import Decimal as D

import pytest

from hub import payloads
from hub.contract.documents import Line
from hub.mapping import Ref
from hub.payloads.company_facts import EVERYTHING_ON
from hub.payloads.summary import compute_expected_total
from tests.support.rows.payload_cases import MARKER, NO, US, line, mapped, norwegian, refs

JAPAN = replace(
    NO, country="JP", currency="JPY", tax_rates={"9": (("1", D(10)),)}, multicurrency=False
)
UNREAD = replace(EVERYTHING_ON, country="GB", currency="GBP")
BOUGHT = {"account": "30", "tax_code": "unmatched:S20"}


def british(*amounts, total, **document):
    """Return a bill whose lines contain tax of a rate that was read nowhere."""
    rows = [line(str(n), amount, **BOUGHT) for n, amount in enumerate(amounts)]
    return mapped(*rows, currency="GBP", tax_mode="inclusive", total=D(total), **document)


def with_code(amount, code, name):
    """Return a line with a tax code of this name."""
    row, row_refs = line(f"line {code}", amount, account="30")
    return row, row_refs | {"tax_code": Ref(role="tax_code", id=code, name=name)}


def american(*lines, **document):
    """Return an invoice whose lines contain tax, in the United States."""
    return mapped(
        *lines, kind="invoice", header=refs(customer="41"), tax_mode="inclusive", **document
    )


class TestWhereTheRatesOfTaxCodesAreUnknown:
    def test_lines_that_come_to_the_total_are_posted_without_the_stated_tax(self):
        what = british("29.74", "0.10", tax_total=D("4.96"), total="29.84")
        built = payloads.build(what, UNREAD, MARKER)
        assert (built.problems, compute_expected_total(built.body)) == ((), D("29.84"))
        details = [row["AccountBasedExpenseLineDetail"] for row in built.body["Line"]]
        assert [row["TaxInclusiveAmt"] for row in details] == [D("29.74"), D("0.10")]
        assert [row["Amount"] for row in built.body["Line"]] == [D("24.80"), D("0.08")]
        assert built.body["TxnTaxDetail"] == {"TotalTax": D("4.96")}

    def test_lines_that_miss_the_total_by_the_tax_hold_the_document(self):
        what = british("26.67", "0.00", tax_total=D("5.33"), total="32.00")
        assert payloads.build(what, UNREAD, MARKER).problems == (
            "Its lines contain the tax and add up to 26.67 GBP; the bill says 32.00 GBP (5.33 GBP"
            " off). Fix this at the source.",
        )

    def test_a_line_that_states_its_tax_keeps_it(self):
        rows = [
            (Line(id="1", amount=D(60), tax=D(10)), refs(**BOUGHT)),
            (Line(id="2", amount=D(30)), refs(**BOUGHT)),
        ]
        what = mapped(*rows, currency="GBP", tax_mode="inclusive", tax_total=D(13), total=D(90))
        built = payloads.build(what, UNREAD, MARKER)
        assert built.problems == ()
        assert [row["Amount"] for row in built.body["Line"]] == [D(50), D(27)]

    def test_without_stated_tax_the_lines_are_compared_with_the_total(self):
        assert payloads.build(british("12.00", total="12.00"), UNREAD, MARKER).problems == ()
        (problem,) = payloads.build(british("12.00", total="14.40"), UNREAD, MARKER).problems
        assert problem.startswith("Its lines contain the tax and add up to 12.00 GBP")

    def test_an_invoice_with_a_discount_is_compared_with_the_total(self):
        rows = [line("1", "120.00", item="1", tax_code="x"), line("2", "-12.00", "Discount")]
        what = mapped(
            *rows,
            kind="invoice",
            header=refs(customer="41"),
            currency="GBP",
            tax_mode="inclusive",
            tax_total=D(18),
            total=D(108),
        )
        assert payloads.build(what, UNREAD, MARKER).problems == ()


def discounted(*lines, discount, **document):
    """Return a Norwegian invoice with a discount on all of it; its amounts contain tax."""
    return mapped(
        *lines,
        line("discount", discount, "Discount"),
        kind="invoice",
        header=refs(customer="41"),
        currency="NOK",
        tax_mode="inclusive",
        **document,
    )


def sold_with_code(amount, code):
    return line(f"line {code}", amount, item="1", tax_code=code)


class TestADiscountOnTheWholeDocument:
    @pytest.mark.parametrize("tax", [D("22.50"), None], ids=["stated", "left to QuickBooks"])
    def test_its_amount_is_sent_without_tax_as_those_of_the_lines(self, tax):
        """Recorded in Canada: 10.61 less 2.12, and a tax of 1.11, come to 9.60 of 12.00."""
        lines = [sold_with_code("125.00", "5")]
        what = discounted(*lines, discount="-12.50", tax_total=tax, total=D("112.50"))
        built = payloads.build(what, NO, MARKER)
        assert built.problems == ()
        assert [row["Amount"] for row in built.body["Line"]] == [D(100), D(10)]
        assert built.summary.total == D("112.50")

    def test_it_contains_the_tax_of_the_lines_in_proportion(self):
        lines = [sold_with_code("125.00", "5"), sold_with_code("100.00", "8")]
        what = discounted(*lines, discount="-22.50", tax_total=D("22.50"), total=D("202.50"))
        built = payloads.build(what, NO, MARKER)
        assert built.problems == ()
        assert [row["Amount"] for row in built.body["Line"]] == [D(100), D(100), D(20)]

    def test_it_takes_the_cents_of_rounding(self):
        lines = [sold_with_code("33.33", "5"), sold_with_code("33.33", "6")]
        what = discounted(*lines, discount="-6.66", tax_total=D("9.91"), total=D("60.00"))
        built = payloads.build(what, NO, MARKER)
        assert built.problems == ()
        assert built.summary.total == D("60.00")

    def test_it_has_the_tax_of_its_own_code_if_the_stated_tax_says_so(self):
        lines = [sold_with_code("125.00", "5"), sold_with_code("100.00", "8")]
        row, row_refs = line("discount", "-22.50", "Discount", tax_code="5")
        what = mapped(
            *lines,
            (row, row_refs),
            kind="invoice",
            header=refs(customer="41"),
            currency="NOK",
            tax_mode="inclusive",
            tax_total=D("20.50"),
            total=D("202.50"),
        )
        built = payloads.build(what, NO, MARKER)
        assert built.problems == ()
        assert [row["Amount"] for row in built.body["Line"]] == [D(100), D(100), D(18)]
        assert built.summary.total == D("202.50")

    def test_a_stated_tax_that_no_code_explains_holds_the_document(self):
        lines = [sold_with_code("125.00", "5")]
        what = discounted(*lines, discount="-12.50", tax_total=D(5), total=D("112.50"))
        (problem,) = payloads.build(what, NO, MARKER).problems
        assert problem.startswith("The tax code the tax_code gives a tax of 22.50 NOK, and the")

    def test_the_tax_that_its_line_states_is_taken_off(self):
        row, row_refs = line("discount", "-12.50", "Discount")
        sale, sale_refs = sold_with_code("125.00", "5")
        what = mapped(
            (replace(sale, tax=D(25)), sale_refs),
            (replace(row, tax=D("-2.50")), row_refs),
            kind="invoice",
            header=refs(customer="41"),
            currency="NOK",
            tax_mode="inclusive",
            total=D("112.50"),
        )
        built = payloads.build(what, NO, MARKER)
        assert built.problems == ()
        assert [row["Amount"] for row in built.body["Line"]] == [D(100), D(10)]
        assert built.summary.total == D("112.50")

    def test_one_that_is_larger_than_the_lines_holds_the_document(self):
        what = discounted(sold_with_code("125.00", "5"), discount="-126.00", total=D("-1.00"))
        assert any("negative" in text for text in payloads.build(what, NO, MARKER).problems)


class TestATaxThatDoesNotFitTheCodes:
    def test_the_code_is_named_with_what_it_gives_and_what_is_stated(self):
        what = norwegian(
            with_code("26.60", "5", "25.0% S"),
            tax_mode="inclusive",
            tax_total=D("1.80"),
            total=D("26.60"),
        )
        assert payloads.build(what, NO, MARKER).problems == (
            "The tax code 25.0% S gives a tax of 5.32 NOK, and the bill states 1.80 NOK. Match"
            " another tax code, or correct the tax at the source.",
        )

    def test_several_codes_are_named(self):
        what = norwegian(
            with_code("125.00", "5", "25 %"),
            with_code("115.00", "6", "15 %"),
            tax_mode="inclusive",
            tax_total=D("10.00"),
            total=D("240.00"),
        )
        assert payloads.build(what, NO, MARKER).problems == (
            "The tax codes 15 %, 25 % give a tax of 40.00 NOK, and the bill states 10.00 NOK."
            " Match other tax codes, or correct the tax at the source.",
        )

    def test_taxes_of_lines_that_differ_from_the_tax_in_all_are_named(self):
        row, row_refs = with_code("125.00", "5", "25 %")
        what = norwegian(
            (replace(row, tax=D(25)), row_refs),
            tax_mode="inclusive",
            tax_total=D(20),
            total=D(125),
        )
        assert payloads.build(what, NO, MARKER).problems == (
            "The taxes of its lines add up to 25.00 NOK, and it states 20.00 NOK in all. Correct"
            " the tax at the source.",
        )

    def test_a_wrong_total_that_equals_lines_without_tax_and_the_stated_tax_is_held(self):
        what = norwegian(
            with_code("125.00", "5", "25 %"),
            tax_mode="inclusive",
            tax_total=D(5),
            total=D(105),
        )
        (problem,) = payloads.build(what, NO, MARKER).problems
        assert problem.startswith("Its lines contain the tax and add up to 125.00 NOK; the bill")

    def test_an_expense_that_gives_money_back_is_compared_with_its_total(self):
        card = {"payment_account": Ref(role="payment_account", id="42", type="Credit Card")}
        what = mapped(
            with_code("-125.00", "5", "25 %"),
            kind="expense",
            header=card,
            currency="NOK",
            tax_mode="inclusive",
            tax_total=D(-25),
            total=D(-125),
        )
        built = payloads.build(what, NO, MARKER)
        assert (built.problems, built.body["Credit"]) == ((), True)


class TestInTheUnitedStates:
    PROBLEM = (
        "Its amounts contain tax, but amounts in QuickBooks in the United States are without tax."
        " Send the tax of each taxed line, or amounts without tax."
    )

    @pytest.mark.parametrize("total", [D(108), None], ids=["total", "no total"])
    def test_a_tax_in_all_does_not_say_how_much_each_line_contains(self, total):
        what = american(
            line("1", "54.00", item="1"),
            line("2", "54.00", item="1"),
            tax_total=D(8),
            total=total,
        )
        assert payloads.build(what, US, MARKER).problems == (self.PROBLEM,)

    def test_without_any_tax_the_document_is_held(self):
        what = american(line("1", "108.00", item="1", tax_code="TAX"), total=D(108))
        assert payloads.build(what, US, MARKER).problems == (self.PROBLEM,)

    def test_the_tax_of_each_line_is_taken_off_its_amount(self):
        what = american(
            line("1", "54.00", item="1", tax=D(4)),
            line("2", "10.00", item="1"),
            tax_total=D(4),
            total=D(64),
        )
        built = payloads.build(what, US, MARKER)
        assert built.problems == ()
        assert [row["Amount"] for row in built.body["Line"]] == [D(50), D(10)]
        assert built.body["TxnTaxDetail"] == {"TotalTax": D(4)}

    def test_a_discount_contains_tax_too(self):
        what = american(
            line("1", "108.00", item="1", tax=D(8)),
            line("2", "-10.80", "Ten percent off", tax=D("-0.80")),
            tax_total=D("7.20"),
            total=D("97.20"),
        )
        built = payloads.build(what, US, MARKER)
        assert built.problems == ()
        assert [row["Amount"] for row in built.body["Line"]] == [D(100), D(10)]

    def test_taxes_of_lines_that_differ_from_the_tax_in_all_are_named(self):
        what = american(line("1", "108.00", item="1", tax=D(8)), tax_total=D(7), total=D(108))
        (problem,) = payloads.build(what, US, MARKER).problems
        assert problem.startswith("The taxes of its lines add up to 8.00 USD, and it states 7.00")

    def test_lines_that_miss_the_total_are_named_with_their_tax(self):
        what = american(line("1", "108.00", item="1", tax=D(8)), total=D(116))
        assert payloads.build(what, US, MARKER).problems == (
            "Its lines contain the tax and add up to 108.00 USD; the invoice says 116.00 USD (8.00"
            " USD off). Fix this at the source.",
        )

    def test_a_purchase_keeps_the_tax_within_its_lines(self):
        what = mapped(
            line("1", "108.00", account="7"),
            tax_mode="inclusive",
            tax_total=D(8),
            total=D(108),
        )
        built = payloads.build(what, US, MARKER)
        assert (built.problems, compute_expected_total(built.body)) == ((), D(108))


class TestCurrenciesWithoutCents:
    """In yen, a line is rounded by up to one yen."""

    def japanese(self, *amounts, tax):
        codes = {"account": "30", "tax_code": "9"}
        rows = [line(str(n), amount, **codes) for n, amount in enumerate(amounts)]
        total = sum(map(D, amounts))
        values = {"tax_mode": "inclusive", "tax_total": D(tax), "total": total}
        what = mapped(*rows, header=refs(vendor="1"), currency="JPY", **values)
        return payloads.build(what, JAPAN, MARKER)

    def test_the_largest_line_takes_the_yen_of_rounding(self):
        built = self.japanese("105", "106", tax="19")
        assert built.problems == ()
        assert [row["Amount"] for row in built.body["Line"]] == [D(95), D(97)]
        assert compute_expected_total(built.body) == 211

    def test_a_tax_that_is_off_by_more_holds_the_bill(self):
        (problem,) = self.japanese("105", "106", tax="16").problems
        assert "gives a tax of 20 JPY, and the bill states 16 JPY" in problem

    def test_a_tax_that_quickbooks_would_compute_with_decimals_is_stated(self):
        (tax,) = self.japanese("105", "106", tax="19").body["TxnTaxDetail"]["TaxLine"]
        detail = tax["TaxLineDetail"]
        assert (tax["Amount"], detail["NetAmountTaxable"]) == (D(19), D(192))
        assert detail["PercentBased"] is False


def test_amounts_without_tax_have_the_decimals_that_quickbooks_keeps():
    row = line("1", "10.00", account="30", tax_code="6")
    values = {"tax_mode": "inclusive", "total": D("10.00"), "currency": "KWD"}
    what = mapped(row, header=refs(vendor="1"), **values)
    built = payloads.build(what, NO, MARKER)
    assert built.problems == ()
    assert [row["Amount"] for row in built.body["Line"]] == [D("8.70")]
