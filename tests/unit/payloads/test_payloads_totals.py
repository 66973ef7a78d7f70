"""A payload has the document's total to the cent, or the document is refused."""

import datetime as dt
import re
from dataclasses import replace
from decimal import Decimal as D

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hub import payloads
from hub.contract.documents import Applied, Document, Item, Line
from hub.mapping import Link, MappedDocument, MappedLine, Ref, get_amount
from hub.money import is_exact, round_amount
from hub.payloads.company_facts import CompanyFacts
from hub.payloads.summary import compute_expected_total
from tests.support.rows.payload_cases import NO, US, line, mapped, norwegian, refs
from tests.support.runs.tiers import FULL, SAME_EXAMPLES

BOUGHT, SOLD = (
    ("bill", "vendor_credit", "expense", "purchase_order"),
    ("invoice", "credit_memo", "refund"),
)
SETTLES = {
    "payment": ("invoice", "credit_memo"),
    "bill_payment": ("bill", "vendor_credit"),
    "deposit": ("payment",) * 2,
}
MARKER = "MARKERMARKER"
MANY = 200 if FULL else 50
FOREIGN = CompanyFacts(country="US", currency="USD", multicurrency=True, sales_tax=True)
AMOUNTS = st.decimals(D("0.01"), 5000, places=2) | st.decimals(-500, 5000, places=4)
PRICES = st.decimals(0, 300, places=6) | st.decimals(-30, 300, places=2)
TAXES = st.none() | st.decimals(0, 100, places=2)
CENT = D("0.01")


@st.composite
def lines(draw, kind, id):
    amount, quantity, price = draw(AMOUNTS), None, None
    if draw(st.booleans()):
        quantity, price = draw(st.decimals(0, 50, places=3)), draw(st.none() | PRICES)
        amount = draw(st.sampled_from([amount, None]))
    roles = (
        [{"item": "1"}] * 3 + [{"account": "7"}] * (3 if kind in (*BOUGHT, "deposit") else 1) + [{}]
    )
    codes = draw(st.sampled_from(roles)) | draw(
        st.sampled_from([{"tax_code": "5"}, {"tax_code": "5"}, {}])
    )
    document_line, link = (
        Line(id=id, amount=amount, quantity=quantity, unit_price=price, tax=draw(TAXES)),
        None,
    )
    if kind in SETTLES and draw(st.integers(0, 3)):
        what = draw(st.sampled_from(SETTLES[kind]))
        worth = -abs(draw(AMOUNTS)) if "credit" in what else abs(draw(AMOUNTS))
        document_line = Line(id=id, amount=worth, applied=Applied(document="d"))
        link = Link(kind=what, id=str(draw(st.integers(1, 3))))
    return MappedLine(line=document_line, refs=refs(**codes), applied=link)


@st.composite
def documents(draw):
    kind = draw(st.sampled_from([*BOUGHT, *SOLD, *SETTLES]))
    rows = [draw(lines(kind, str(place))) for place in range(draw(st.integers(1, 4)))]
    worth = sum((get_amount(row.line) or D(0) for row in rows), D(0))
    tax = draw(TAXES)
    taxes = sum((row.line.tax or D(0) for row in rows), D(0)) if tax is None else tax
    total = draw(st.sampled_from([None, None, worth, worth + taxes, worth + CENT, worth + 25]))
    sort = draw(st.sampled_from(["Bank", "Credit Card"]))
    header = refs(vendor="1", customer="41", deposit_account="35")
    document = Document(
        kind=kind,
        source_id="d",
        date=dt.date(2026, 3, 2),
        lines=tuple(row.line for row in rows),
        total=total,
        currency=draw(st.sampled_from([None, None, None, "USD", "JPY", "KWD", "EUR"])),
        tax_total=tax,
        tax_mode=draw(st.sampled_from(["exclusive", "exclusive", "inclusive", "none", "computed"])),
        tolerance=draw(st.sampled_from([D(0), CENT, D("0.05")])),
    )
    paid = {"payment_account": Ref(role="payment_account", id="35", type=sort)}
    return MappedDocument(document=document, header=header | paid, lines=tuple(rows))


def has_all_tax(body):
    """Return whether the tax of a body is stated, and no discount includes some."""
    has_discount = any(
        row.get("DetailType") == "DiscountLineDetail" for row in body.get("Line", ())
    )
    return "TotalTax" in body.get("TxnTaxDetail", {}) and not has_discount


@pytest.mark.proof
@settings(
    max_examples=MANY,
    deadline=None,
    derandomize=SAME_EXAMPLES,
    suppress_health_check=list(HealthCheck),
)
@given(what=documents(), facts=st.sampled_from([US, NO, FOREIGN]))
def test_a_body_comes_to_the_total_or_is_refused_with_a_sentence(what, facts):
    built = payloads.build(what, facts, MARKER)
    assert all(problem.endswith(".") for problem in built.problems)
    payloads.encode(built.body)
    if built.problems:
        return
    document, comes_to = what.document, compute_expected_total(built.body)
    currency = document.currency or facts.currency
    for row in built.body.get("Line", ()):
        detail = row.get(row.get("DetailType"), {})
        assert row.get("Amount") is None or is_exact(row["Amount"], currency)
        if "UnitPrice" in detail:
            assert (detail["Qty"] * detail["UnitPrice"]).quantize(
                CENT, rounding="ROUND_HALF_UP"
            ) == row["Amount"]
    if document.tax_mode == "inclusive" and facts.tax_codes and has_all_tax(built.body):
        net_amounts = sum(row["Amount"] for row in built.body["Line"])
        assert abs(comes_to) == abs(net_amounts + built.body["TxnTaxDetail"]["TotalTax"])
    if comes_to is not None:
        assert comes_to >= 0
        signed = comes_to * (-1 if built.body.get("Credit") else 1)
        assert built.summary.total == signed
        if document.total is not None:
            assert abs(round_amount(document.total, currency) - signed) <= document.tolerance


@pytest.mark.parametrize(
    ("what", "facts", "word"),
    [
        (
            mapped(line("1", "5", account="7"), kind="invoice", header=refs(customer="41")),
            US,
            "no product or service",
        ),
        (
            mapped(
                line("1", "5", item="1"), kind="invoice", header=refs(customer="41"), tax_total=D(1)
            ),
            US,
            "Lines plus tax add up to",
        ),
        (
            mapped(line("1", "5", item="1"), kind="refund", header=refs(customer="41")),
            US,
            "no deposit account",
        ),
        (
            mapped(line("1", "5", account="7"), kind="expense", header=refs(vendor="1")),
            US,
            "no payment account",
        ),
        (
            mapped(
                line("1", "5", account="7"),
                kind="expense",
                payment_type="barter",
                header=refs(vendor="1"),
            ),
            US,
            "barter",
        ),
        (
            mapped(line("1", "-5", account="7"), kind="expense", header=refs(vendor="1")),
            US,
            "only on credit cards",
        ),
        (
            mapped(line("1", "-5", item="1"), kind="invoice", header=refs(customer="41")),
            US,
            "accepts that only for a credit",
        ),
        (
            mapped(line("1", "-5", account="7"), kind="vendor_credit", header=refs(vendor="1")),
            US,
            "amounts of a credit must be positive",
        ),
        (
            mapped(line("1", "-5"), kind="payment", header=refs(customer="41"), total=D(5)),
            US,
            "records fees on the deposit",
        ),
        (mapped(kind="payment", header=refs(customer="41")), US, "no amount"),
        (
            mapped(line("1", "5"), kind="deposit", header=refs(deposit_account="35")),
            US,
            "neither a payment nor an account",
        ),
        (
            mapped(
                line("1", "5", item="1"), kind="invoice", header=refs(customer="38"), currency="NOK"
            ),
            NO,
            "no tax code",
        ),
        (
            mapped(line("1", "1.234", account="7"), header=refs(vendor="1"), currency="KWD"),
            FOREIGN,
            "two decimals",
        ),
    ],
)
def test_values_that_a_kind_cannot_have_are_problems(what, facts, word):
    changed = {"total": D(9)} if word == "Lines plus tax add up to" else {}
    if changed:
        what = MappedDocument(
            document=Document(**{**_fields(what.document), **changed}),
            header=what.header,
            lines=what.lines,
        )
    assert any(word in problem for problem in payloads.build(what, facts, MARKER).problems)


def _fields(document):
    return {name: getattr(document, name) for name in document.__dataclass_fields__}


def test_a_negative_expense_that_no_card_paid_has_one_problem_of_its_total():
    header = refs(payment_account="35")
    expense = mapped(line("1", "-5", account="7"), kind="expense", header=header)
    problems = payloads.build(expense, US, MARKER).problems
    assert problems == (
        "Its total is negative; QuickBooks accepts that only on credit cards. Make it a deposit"
        " at the source.",
    )


def test_classes_of_a_company_with_one_for_each_transaction_must_agree():
    facts = CompanyFacts(class_per_document=True)
    same = [line(n, "5", item="1", class_="7") for n in "12"]
    built = payloads.build(mapped(*same, kind="invoice", header=refs(customer="41")), facts, MARKER)
    assert (built.body["ClassRef"], built.problems) == ({"value": "7"}, ())
    other = [line("1", "5", item="1", class_="7"), line("2", "5", item="1", class_="8")]
    built = payloads.build(
        mapped(*other, kind="invoice", header=refs(customer="41")), facts, MARKER
    )
    assert "one class" in built.problems[0]


@pytest.mark.parametrize(
    ("amounts", "tax"),
    [
        (("33.33", "33.33", "33.34"), "20.00"),
        (("0.01", "0.01", "0.01"), "0.01"),
        (("10.01", "-3.33", "99.99"), "21.33"),
        (("10.01", "20.02", "30.03"), "12.02"),
    ],
)
def test_amounts_that_include_tax_come_to_the_total_with_the_stated_tax(amounts, tax):
    total = sum(map(D, amounts))
    rows = [line(str(n), amount, account="30", tax_code="5") for n, amount in enumerate(amounts)]
    what = norwegian(*rows, tax_mode="inclusive", tax_total=D(tax), total=total)
    built = payloads.build(what, NO, MARKER)
    assert built.problems == ()
    net_amounts = [row["Amount"] for row in built.body["Line"]]
    assert sum(net_amounts) + D(tax) == total == compute_expected_total(built.body)
    details = [row["AccountBasedExpenseLineDetail"] for row in built.body["Line"]]
    assert [detail["TaxInclusiveAmt"] for detail in details] == [D(amount) for amount in amounts]


def test_a_stated_tax_of_net_amounts_is_sent_regardless_of_the_rates():
    row = line("1", "20.00", account="30", tax_code="5")
    built = payloads.build(norwegian(row, tax_total=D("4.20"), total=D("24.20")), NO, MARKER)
    assert built.problems == ()
    assert built.body["TxnTaxDetail"] == {"TotalTax": D("4.20")}


def _taxed_lines(*taxes):
    return [
        line(str(number), "100.00", account="30", tax_code="5", tax=tax and D(tax))
        for number, tax in enumerate(taxes)
    ]


@pytest.mark.row("CT-B2")
def test_taxes_of_lines_that_contradict_the_tax_of_the_document_are_a_problem():
    what = norwegian(*_taxed_lines("25.00", "25.00"), tax_total=D("45.00"), total=D("245.00"))
    assert payloads.build(what, NO, MARKER).problems == (
        "The taxes of its lines add up to 50.00 NOK, and it states 45.00 NOK in all. Correct the"
        " tax at the source.",
    )


@pytest.mark.parametrize(
    ("taxes", "tax_total"),
    [
        (("25.00", "25.00"), "50.02"),
        (("25.00", None), "45.00"),
        ((None, None), "45.00"),
        (("0.00", "0.00"), "45.00"),
    ],
    ids=["rounded", "one line states none", "no line states any", "all lines state zero"],
)
def test_a_tax_that_the_lines_do_not_contradict_is_posted(taxes, tax_total):
    total = D("200.00") + D(tax_total)
    what = norwegian(*_taxed_lines(*taxes), tax_total=D(tax_total), total=total)
    built = payloads.build(what, NO, MARKER)
    assert built.problems == ()
    assert built.body["TxnTaxDetail"]["TotalTax"] == D(tax_total)


def test_the_price_of_an_item_fits_the_amount_that_takes_the_rounding():
    rows = [
        line(str(n), "33.33", item="1", tax_code="5", quantity=D(3), unit_price=D("11.11"))
        for n in range(3)
    ]
    what = mapped(
        *rows,
        kind="invoice",
        header=refs(customer="41"),
        currency="NOK",
        tax_mode="inclusive",
        tax_total=D("20.00"),
        total=D("99.99"),
    )
    built = payloads.build(what, NO, MARKER)
    assert (built.problems, compute_expected_total(built.body)) == ((), D("99.99"))
    for row in built.body["Line"]:
        detail = row["SalesItemLineDetail"]
        product = (detail["Qty"] * detail["UnitPrice"]).quantize(CENT, rounding="ROUND_HALF_UP")
        assert product == row["Amount"]


def test_a_stated_tax_that_amounts_with_tax_do_not_contain_holds_the_document():
    what = norwegian(
        line("1", "100.00", account="30", tax_code="5"),
        tax_mode="inclusive",
        tax_total=D("5.00"),
        total=D("100.00"),
    )
    assert payloads.build(what, NO, MARKER).problems == (
        "The tax code the tax_code gives a tax of 20.00 NOK, and the bill states 5.00 NOK. Match"
        " another tax code, or correct the tax at the source.",
    )


def test_a_total_within_its_tolerance_is_posted_as_the_sum_of_the_lines_with_a_remark():
    what = mapped(
        line("1", "52.77", item="1"),
        kind="invoice",
        header=refs(customer="41"),
        total=D("52.7775"),
        tolerance=CENT,
    )
    built = payloads.build(what, US, MARKER)
    assert (built.problems, compute_expected_total(built.body)) == ((), D("52.77"))
    assert (
        "Its total at the source is 52.78 USD; it is posted with 52.77 USD."
        in built.body["PrivateNote"]
    )


@pytest.mark.parametrize("tax_mode", ["exclusive", "inclusive"])
@pytest.mark.parametrize(
    ("amount", "total", "problem"),
    [
        ("1.00", "1.010", None),
        ("1.00", "1.011", "1.000 .* says 1.011 KWD"),
        ("1.00", "1.0105", "1.000 .* says 1.011 KWD"),
        ("1.234", "1.234", None),
        ("1.244", "1.234", None),
        ("1.245", "1.234", "1.250 .* says 1.234 KWD"),
    ],
)
def test_a_tolerance_counts_once_for_the_third_decimal_that_quickbooks_does_not_keep(
    amount, total, problem, tax_mode
):
    what = mapped(
        line("1", amount, account="7"),
        header=refs(vendor="1"),
        currency="KWD",
        total=D(total),
        tolerance=CENT,
        tax_mode=tax_mode,
    )
    built = payloads.build(what, FOREIGN, MARKER)
    assert len(built.problems) == bool(problem), built.problems
    if problem:
        assert re.search(problem, built.problems[0])


@pytest.mark.parametrize(
    ("total", "currency", "nearest"),
    [("10.005", "USD", "10.01 USD"), ("0.004", "USD", "0.00 USD"), ("100.50", "JPY", "101 JPY")],
)
@pytest.mark.parametrize("has_total", [True, False])
def test_an_amount_that_its_currency_does_not_have_is_not_rounded(
    total, currency, nearest, has_total
):
    what = mapped(
        line("1", total, account="7"),
        header=refs(vendor="1"),
        currency=currency,
        total=D(total) if has_total else None,
    )
    assert payloads.build(what, FOREIGN, MARKER).problems == (
        f"It has the amount {total}, which {currency} does not have; the nearest one is {nearest}."
        " Correct the amount or the currency at the source.",
    )


@pytest.mark.parametrize("facts", [US, NO])
@pytest.mark.parametrize("in_all", [True, False])
def test_a_tax_that_its_currency_does_not_have_is_not_rounded_without_a_total(facts, in_all):
    """A spreadsheet that computes the tax has more decimals than it shows."""
    tax = D("8.25825")
    row = Line(id="1", amount=D("100.10"), tax=tax)
    what = mapped(
        (row, refs(account="7", tax_code="5")),
        header=refs(vendor="1"),
        currency=facts.currency,
        tax_total=tax if in_all else None,
    )
    assert payloads.build(what, facts, MARKER).problems == (
        f"It has the amount 8.25825, which {facts.currency} does not have; the nearest one is 8.26"
        f" {facts.currency}. Correct the amount or the currency at the source.",
    )
    document = replace(what.document, total=D("108.36"))
    assert payloads.build(replace(what, document=document), facts, MARKER).problems == ()


def test_taxes_of_lines_may_have_more_decimals_if_they_add_up_to_cents():
    lines = [
        (Line(id=id, amount=D(10), tax=D("0.125")), refs(account="7", tax_code="5")) for id in "12"
    ]
    what = norwegian(*lines)
    built = payloads.build(what, NO, MARKER)
    assert (built.problems, built.body["TxnTaxDetail"]["TotalTax"]) == ((), D("0.25"))


def test_amounts_of_lines_may_have_more_decimals_if_the_rounded_lines_reach_the_total():
    lines = [line(f"{n}", amount, account="7") for n, amount in enumerate(("33.335", "66.654"))]
    what = mapped(*lines, header=refs(vendor="1"), total=D("99.99"))
    built = payloads.build(what, US, MARKER)
    assert (built.problems, built.warnings) == ((), ())
    assert compute_expected_total(built.body) == D("99.99")


@pytest.mark.parametrize(
    ("stored_address", "document_address", "to"),
    [("a@x.no", "b@y.no", "a@x.no"), ("", "b@y.no", "b@y.no"), ("", "", None)],
)
def test_mail_goes_to_the_address_in_quickbooks_else_to_that_of_the_document(
    stored_address, document_address, to
):
    header = {"customer": Ref(role="customer", id="41", email=stored_address)}
    built = payloads.build(
        mapped(line("1", "5", item="1"), kind="invoice", header=header, email_to=document_address),
        US,
        MARKER,
    )
    assert built.body.get("BillEmail", {}).get("Address") == to
    assert ("EmailStatus" in built.body) is (to is not None)


def test_an_invoice_that_was_mailed_is_not_mailed_again_when_it_changes():
    header = {"customer": Ref(role="customer", id="41")}
    body = payloads.build(
        mapped(line("1", "5", item="1"), kind="invoice", header=header, email_to="a@x.no"),
        US,
        MARKER,
    ).body
    current = {
        "Id": "9",
        "SyncToken": "1",
        "BillEmail": {"Address": "a@x.no"},
        "EmailStatus": "EmailSent",
        "DocNumber": "7",
    }
    changed = payloads.build_update_body({**body, "DocNumber": "7"}, current)
    assert changed.keys() & {"EmailStatus", "BillEmail"} == set()


def test_a_stock_item_without_its_accounts_names_them():
    item = Document(
        kind="item",
        source_id="i",
        details=Item(name="Bolt", type="inventory", start=dt.date(2026, 1, 1)),
    )
    built = payloads.build(
        MappedDocument(document=item, header=refs(income_account="79")), US, MARKER
    )
    assert "expense account and asset account" in built.problems[0]


@pytest.mark.parametrize(("classes", "head"), [("77", {"value": "7"}), ("78", None)])
def test_an_order_keeps_the_class_of_each_line_regardless_of_sales_forms(classes, head):
    facts = CompanyFacts(class_per_document=True)
    lines = [line(str(n), "5", account="7", class_=id) for n, id in enumerate(classes)]
    built = payloads.build(
        mapped(*lines, kind="purchase_order", header=refs(vendor="1")), facts, MARKER
    )
    class_ids = [
        row["AccountBasedExpenseLineDetail"]["ClassRef"]["value"] for row in built.body["Line"]
    ]
    assert (class_ids, built.body.get("ClassRef"), built.problems) == (list(classes), head, ())


def test_an_amount_of_a_currency_whose_decimals_people_seldom_write_is_posted_exactly():
    row = line("1", None, account="7", quantity=3, unit_price=D("33.33"))
    built = payloads.build(mapped(row, header=refs(vendor="1"), currency="RSD"), FOREIGN, MARKER)
    assert (built.problems, compute_expected_total(built.body)) == ((), D("99.99"))


@pytest.mark.parametrize("tax_mode", ["computed", "exclusive"])
def test_a_card_refund_whose_tax_quickbooks_works_out_is_expected_as_a_negative_total(tax_mode):
    row = line("1", "-100.00", account="7", tax_code="5")
    card = {"payment_account": Ref(role="payment_account", id="41", type="Credit Card")}
    what = mapped(row, kind="expense", header=card, total=D("-125.00"), tax_mode=tax_mode)
    built = payloads.build(what, NO, MARKER)
    assert (built.problems, built.body["Credit"]) == ((), True)
    assert (built.summary.total, built.summary.lines[0].amount) == (-125, -100)


class TestTaxOnPurchasesInTheUnitedStates:
    """QuickBooks keeps none there, so tax that is not part of a line would be lost."""

    def problems(self, *taxes, **document):
        rows = [line(str(n), "50.00", account="7", tax=tax) for n, tax in enumerate(taxes)]
        return payloads.build(mapped(*rows, **document), US, MARKER).problems

    @pytest.mark.parametrize("total", [None, D("108.25")])
    @pytest.mark.parametrize("tax_mode", ["exclusive", "computed"])
    def test_tax_that_no_line_states_holds_a_bill(self, total, tax_mode):
        stated = {"tax_total": D("8.25"), "total": total, "tax_mode": tax_mode}
        assert self.problems(None, None, **stated) == (
            "It states a tax of 8.25 USD, of which its lines state 0.00 USD. QuickBooks in the"
            " United States keeps no tax on purchases, so it has to be part of the lines. State the"
            " tax of each line at the source, or amounts with tax.",
        )

    def test_tax_that_some_lines_do_not_state_holds_a_bill(self):
        (problem,) = self.problems(D("4.12"), None, tax_total=D("8.25"))
        assert "of which its lines state 4.12 USD" in problem

    def test_tax_that_is_stated_although_none_applies_holds_a_bill(self):
        (problem,) = self.problems(None, tax_total=D("8.25"), tax_mode="none")
        assert "no tax applies" in problem

    @pytest.mark.parametrize(
        "document",
        [
            {"tax_total": D("8.25"), "total": D("100.00")},
            {"tax_total": D("8.25"), "total": D("100.00"), "tax_mode": "none"},
            {"tax_total": D("8.25"), "total": D("100.00"), "tax_mode": "inclusive"},
            {"tax_total": D("0.00")},
        ],
    )
    def test_a_bill_that_comes_to_its_total_is_posted(self, document):
        assert self.problems(None, None, **document) == ()

    def test_another_difference_is_named_as_before(self):
        (problem,) = self.problems(None, None, tax_total=D("8.25"), total=D("110.00"))
        assert problem.startswith("Lines plus tax add up to 100.00 USD")


@pytest.mark.parametrize(
    ("facts", "kind", "tax_code", "count", "limit"),
    [
        (US, "invoice", "TAX", 751, "750 where tax applies"),
        (NO, "invoice", "5", 751, "750 where tax applies"),
        (US, "bill", "NON", 10_001, "10,000"),
    ],
)
def test_more_lines_than_quickbooks_allows_hold_a_document(facts, kind, tax_code, count, limit):
    header = refs(vendor="1") if kind == "bill" else refs(customer="41")
    rows = [line(str(n), "1.00", item="1", tax_code=tax_code) for n in range(count)]
    (problem,) = payloads.build(mapped(*rows, kind=kind, header=header), facts, MARKER).problems
    assert problem == (
        f"It has {count:,} lines, and QuickBooks allows {limit}. Split it at the source."
    )
    fewer = payloads.build(mapped(*rows[1:], kind=kind, header=header), facts, MARKER)
    assert fewer.problems == ()
