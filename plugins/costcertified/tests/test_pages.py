"""The stand-in's pages: everything that a person does there, without JavaScript."""

from decimal import Decimal

import pytest
from hub_costcertified.client import CostCertified

from hub import Checkpoint


def read_page(bench, path, form=None):
    """Return the markup of a page in one line."""
    markup = " ".join(bench.page(path, form).text.split())
    return markup.replace(" </", "</")


@pytest.mark.row("CC-S10", "CC-S11")
def test_a_person_generates_sends_and_is_paid(open_bench):
    bench = open_bench(documents=3)
    page = bench.page(
        "/invoices", {"client": "k2", "description": "Gate", "amount": "100", "taxed": "yes"}
    )
    id = page.url.rpartition("/")[2]
    assert bench.read(ids=[f"invoice:{id}"])[0].stage == "pending"
    bench.page(f"/invoices/{id}/send", {})
    assert (
        bench.read(ids=[f"invoice:{id}"])[0].stage,
        bench.read(ids=[f"invoice:{id}"])[0].total,
    ) == ("ready", 108)
    bench.page(f"/invoices/{id}/pay", {"amount": "108", "method": "ach"})
    assert bench.books.row("invoices", id)["status"] == "processing"
    payment = bench.books.payments_of[id][0]
    bench.page(f"/payments/{payment}/settle", {})
    assert (
        bench.books.row("invoices", id)["status"],
        bench.read(ids=[f"payment:{payment}"])[0].stage,
    ) == (
        "paid",
        "ready",
    )
    bench.page(f"/payments/{payment}/refund", {"amount": "8", "reason": "Late"})
    assert "No more can be given back" in read_page(
        bench, f"/payments/{payment}/refund", {"amount": "108"}
    )
    assert bench.books.row("payments", payment)["refunds"][0]["tax"] == Decimal("0.59")
    bench.page("/payouts", {})
    assert "in 4 movements, paid 2026-03-20" in read_page(bench, "/payouts/t1/arrive", {})


def test_a_payout_with_an_unknown_status_is_reported(open_bench):
    bench = open_bench(documents=3)
    bench.allow_undescribed_answers()
    bench.page("/payouts", {})
    rows = bench.books.rows["payouts"]
    rows.put({**rows["t1"], "state": "lost"})
    reason = bench.read(ids=["payout:t1"])[0].reason
    assert "its status “lost” is none of in_transit, paid" in reason


def test_a_payout_whose_payment_comes_without_an_id_stops_no_other_row(open_bench, monkeypatch):
    bench = open_bench(documents=3)
    bench.page("/payouts", {})
    cursors = {item.stream: item.cursor for item in bench.read() if isinstance(item, Checkpoint)}
    read_page(bench, "/payouts/t1/arrive", {})
    monkeypatch.setattr(CostCertified, "row", lambda self, list_name, id: {"error": 1})
    source_ids = [item.source_id for item in bench.read(cursors) if hasattr(item, "source_id")]
    assert source_ids[-2:] == ["payment:?", "payout:t1"]


def test_a_person_takes_money_in_advance_and_uses_it(open_bench):
    bench = open_bench(documents=3)
    bench.page("/payments", {"client": "k1", "amount": "50"})
    payment = list(bench.books.rows["payments"])[-1]
    bench.page(f"/payments/{payment}/settle", {})
    bench.page(f"/payments/{payment}/allocate", {"invoice": "1001", "amount": "50"})
    assert bench.read(ids=[f"payment:{payment}"])[0].lines[0].applied.document == "invoice:1001"


def test_an_advance_may_be_used_for_one_invoice_several_times(open_bench):
    bench = open_bench(documents=3)
    bench.page("/payments", {"client": "k1", "amount": "50"})
    payment = list(bench.books.rows["payments"])[-1]
    bench.page(f"/payments/{payment}/settle", {})
    for amount in ("20", "30"):
        bench.page(f"/payments/{payment}/allocate", {"invoice": "1001", "amount": amount})
    (line,) = bench.read(ids=[f"payment:{payment}"])[0].lines
    assert (line.amount, line.applied.document) == (50, "invoice:1001")


@pytest.mark.parametrize(
    ("act", "text"),
    [("void", "void"), ("delete", "deleted"), ("hand", "another way"), ("edit", "version 3")],
)
def test_a_person_changes_an_invoice(open_bench, act, text):
    bench = open_bench(documents=3)
    assert text in read_page(
        bench, f"/invoices/1001/{act}", {"amount": "5", "description": "<b>x</b>"}
    )


@pytest.mark.parametrize("amount", ["", "much", "-5", "1.005", "NaN", "1" * 30])
def test_an_amount_that_is_none_is_refused_with_a_sentence(shared_bench, amount):
    answer = shared_bench.page("/invoices", {"amount": amount})
    assert (answer.status_code, "at most two decimals" in answer.text) == (422, True)


def test_more_than_is_open_cannot_be_paid(shared_bench):
    assert (
        "not more than is open"
        in shared_bench.page("/invoices/1001/pay", {"amount": "900000"}).text
    )


@pytest.mark.row("CC-S5")
def test_the_export_is_in_the_menu_once_payments_are_taken(open_bench):
    bench = open_bench(documents=3)
    assert "Desktop is not supported" in read_page(bench, "/export")
    bench.page("/hub", {"address": "https://hub.example/w"})
    assert "ask in the chat or open a ticket" in read_page(bench, "/enable", {"on": "no"})


def test_lists_are_searched_and_shown(shared_bench):
    assert shared_bench.page("/?search=namesake").text.count("/invoices/1") == 2
    assert "No invoice fits" in shared_bench.page("/?search=nowhere").text
    assert "P-0001" in shared_bench.page("/payments").text
    assert "Summit Plumbing" in shared_bench.page("/expenses").text
    assert (
        shared_bench.page("/invoices/7").status_code
        == shared_bench.page("/nowhere").status_code
        == 404
    )


@pytest.mark.parametrize(("act", "stage"), [("push", "ready"), ("keep", "pending")])
def test_an_expense_is_pushed_or_kept(open_bench, act, stage):
    bench = open_bench(documents=3, expenses=True)
    bench.page(f"/expenses/e3/{act}", {})
    assert bench.read(ids=["expense:e3"])[0].stage == stage
