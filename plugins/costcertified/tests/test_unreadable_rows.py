"""A row of several documents that cannot be read stops those that it may be wrong about."""

import pytest
from hub_costcertified.sandbox import encoding

from hub import Document, Gone, Unreadable


@pytest.fixture
def change_rows(monkeypatch):
    """Return a function that lets the stand-in send other values in the rows of a list."""

    def change_rows(bench, list_name, change):
        encode = encoding.encode

        def encode_changed(name, row, site):
            encoded = encode(name, row, site)
            if name == list_name:
                change(encoded)
            return encoded

        bench.allow_undescribed_answers()
        monkeypatch.setattr(encoding, "encode", encode_changed)

    return change_rows


@pytest.fixture
def refunded(open_bench):
    """Open a bench without payouts; return it with the id of a payment that was given back."""
    bench = open_bench(payouts="payment")
    invoice = bench.raw("paid and given back in part")["id"]
    return bench, bench.books.payments_of[invoice][0]


def read(bench, row_id):
    """Return the type of each document of a row that the list has, by the kind in its id."""
    found = {}
    for item in bench.read():
        kind, _, id = getattr(item, "source_id", "").partition(":")
        if id.partition("/")[0] == row_id:
            found[kind] = type(item)
    return found


def test_a_refund_that_cannot_be_read_stops_only_itself(refunded, change_rows):
    bench, payment = refunded

    def change(row):
        for refund in row["refunds"]:
            refund["amount"] = "much"

    change_rows(bench, "payments", change)
    types = {"payment": Document, "fee": Document, "refund": Unreadable}
    assert read(bench, payment) == types
    refund = f"refund:{payment}/R-{payment[1:]}-1"
    (document, unreadable) = bench.read(ids=[f"payment:{payment}", refund])
    assert isinstance(document, Document)
    assert isinstance(unreadable, Unreadable)


def test_a_payment_with_an_unknown_status_stops_its_fee_and_refunds(refunded, change_rows):
    bench, payment = refunded
    change_rows(bench, "payments", lambda row: row.update(status="disputed"))
    types = {"payment": Unreadable, "fee": Unreadable, "refund": Unreadable}
    assert read(bench, payment) == types


@pytest.mark.parametrize("field", ["total", "type"])
def test_a_receipt_that_cannot_be_read_stops_its_bill_and_payment(open_bench, change_rows, field):
    bench = open_bench(expenses=True, payable_account="33", paid_from="35")
    (receipt,) = bench.read(ids=["expense-payment:e2"])
    assert isinstance(receipt, Document)
    change_rows(bench, "expenses", lambda row: row.update({field: "unclear"}))
    assert read(bench, "e2") == {"expense": Unreadable, "expense-payment": Unreadable}


def test_a_bill_that_cannot_be_read_has_no_payment(open_bench, change_rows):
    bench = open_bench(expenses=True, payable_account="33", paid_from="35")
    change_rows(bench, "expenses", lambda row: row.update(total="unclear"))
    assert read(bench, "e1") == {"expense": Unreadable, "expense-payment": Gone}


def test_a_row_with_refunds_that_are_none_is_unreadable(refunded, change_rows):
    bench, payment = refunded
    change_rows(bench, "payments", lambda row: row.update(refunds="R-1"))
    assert read(bench, payment)["payment"] is Unreadable


def test_a_blank_amount_that_only_people_read_stops_no_invoice(bench, change_rows):
    def change(row):
        row["basis_value"] = ""
        if row["project"]:
            row["project"] |= {"total": "", "invoiced_total": ""}

    whole = [item for item in bench.read() if isinstance(item, Unreadable)]
    change_rows(bench, "invoices", change)
    assert [item for item in bench.read() if isinstance(item, Unreadable)] == whole


@pytest.mark.row("CC-B6")
def test_a_refunded_payment_that_does_not_say_what_was_given_back_waits(refunded, change_rows):
    bench, payment = refunded
    change_rows(bench, "payments", lambda row: row.update(status="refunded"))
    assert bench.read(ids=[f"payment:{payment}"])[0].hold is None
    change_rows(bench, "payments", lambda row: row.update(status="refunded", refunds=[]))
    (document,) = bench.read(ids=[f"payment:{payment}"])
    assert document.hold.startswith(f"Payment {document.number} was refunded, and CostCertified")


@pytest.mark.row("CC-S12")
@pytest.mark.parametrize("item_mode", ["item_per_invoice", "fixed_item"])
@pytest.mark.parametrize("number", [None, ""])
def test_an_invoice_without_a_number_is_unreadable(open_bench, change_rows, item_mode, number):
    bench = open_bench(documents=3, item_mode=item_mode, item="12")
    change_rows(bench, "invoices", lambda row: row.update(number=number))
    (item,) = bench.read(ids=["invoice:1001"])
    assert item == Unreadable(
        source_id="invoice:1001", reason="The source sent no “number” for it."
    )


@pytest.mark.parametrize("kind", ["invoice", "payment", "payout", "expense"])
def test_a_row_without_a_version_is_unreadable(open_bench, change_rows, kind):
    bench = open_bench(expenses=True, payable_account="33", paid_from="35")
    id = next(iter(bench.books.rows[f"{kind}s"]))
    change_rows(bench, f"{kind}s", lambda row: row.update(version=None))
    (item,) = bench.read(ids=[f"{kind}:{id}"])
    assert item.reason == "The source sent no “version” for it."


@pytest.mark.row("CC-B9")
def test_a_payment_in_advance_may_have_null_in_place_of_its_invoices(open_bench, change_rows):
    bench = open_bench(documents=3)
    bench.page("/payments", {"client": "k1", "amount": "50"})
    id = list(bench.books.rows["payments"])[-1]
    (before,) = bench.read(ids=[f"payment:{id}"])
    change_rows(bench, "payments", lambda row: row.update(allocations=None))
    assert bench.read(ids=[f"payment:{id}"]) == [before]
    assert before.lines == ()


@pytest.mark.row("CC-B12")
@pytest.mark.parametrize(("push", "stage"), [(None, "ready"), (True, "ready"), (False, "pending")])
def test_an_expense_that_does_not_say_whether_to_push_it_is_pushed(
    open_bench, change_rows, push, stage
):
    bench = open_bench(documents=3, expenses=True, payable_account="33", paid_from="35")
    change_rows(bench, "expenses", lambda row: row.update(push=push))
    assert bench.read(ids=["expense:e1"])[0].stage == stage
