"""Invoices and payments of Harvest become the documents in the folder `golden`."""

import datetime as dt
from decimal import Decimal
from pathlib import Path

import pytest
from hub_harvest import sample
from hub_harvest.sandbox import MEMBER_TOKEN, StandIn

from hub import Checkpoint, Company, Gone, NeedsAttention, Refused, Retry, Unreadable
from hub.testing.bench import Bench
from hub.testing.fakes.stand_in import json_answer, text_answer
from hub.testing.golden import golden
from hub.testing.outcomes.items import last_cursors, source_ids

FOLDER = Path(__file__).parent / "golden"
STATES = {
    1: "open",
    2: "paid",
    3: "draft",
    4: "paid in part and taxed",
    5: "paid and discounted",
    6: "written off",
    8: "paid in part and written off",
}


@pytest.fixture
def open_bench():
    """Return a function that opens a bench for a company of a country."""

    def open_bench(country="US", **settings):
        company = Company(country=country, currency="USD")
        return Bench(
            "harvest",
            {"deposit_account": "35", **settings},
            stand_in=StandIn(None, sample.build_invoices(40)),
            company=company,
            waits=True,
        )

    return open_bench


@pytest.fixture
def bench(open_bench):
    return open_bench()


def invoice_id(number):
    return f"invoice:{13000 + number}"


def payment_id(number, place=1):
    return f"payment:{13000 + number}-{number * 100 + place}"


@pytest.mark.parametrize(("number", "state"), list(STATES.items()))
def test_an_invoice_of_each_state_becomes_this_document(bench, number, state):
    (item,) = bench.read(ids=[invoice_id(number)])
    golden(FOLDER / f"{state.replace(' ', '-')}.json", item)


def test_a_payment_becomes_this_document(bench):
    (item,) = bench.read(ids=[payment_id(5, 2)])
    golden(FOLDER / "payment.json", item)


def test_the_lines_add_up_to_the_total_of_each_invoice(bench):
    invoices = [item for item in bench.read() if getattr(item, "kind", "") == "invoice"]
    assert len(invoices) == 40
    for invoice in invoices:
        net, tax = sum_lines(invoice)
        assert tax == invoice.tax_total
        assert net + tax == invoice.total


def sum_lines(document):
    """Return the amount and the tax of the lines of a document."""
    net = tax = Decimal(0)
    for line in document.lines:
        net += line.amount
        tax += line.tax or 0
    return net, tax


def test_outside_the_united_states_each_line_has_its_percentage_as_a_code(open_bench):
    (item,) = open_bench(country="NO").read(ids=[invoice_id(4)])
    assert [line.codes["tax"].name for line in item.lines] == ["9.75 %", "8.25 %"]
    (untaxed,) = open_bench(country="NO").read(ids=[invoice_id(1)])
    assert {line.codes["tax"].name for line in untaxed.lines} == {"0 %"}


def test_taxed_lines_that_cancel_each_other_out_are_read(bench):
    rows = bench.stand_in.rows
    row = rows[str(13004)]
    first, second = row["line_items"]
    lines = [
        first | {"amount": 100.0, "taxed2": False},
        second | {"amount": -100.0, "taxed2": False},
    ]
    rows.put(row | {"line_items": lines, "amount": 0.0, "tax_amount": 0.0, "tax2_amount": 0.0})
    (item,) = bench.read(ids=[invoice_id(4)])
    assert [line.tax for line in item.lines] == [Decimal("8.25"), Decimal("-8.25")]


def test_the_taxes_of_lines_have_the_decimals_of_the_currency(open_bench):
    bench = open_bench(country="CA")
    rows = bench.stand_in.rows
    row = rows[str(13004)]
    lines = [line | {"amount": 33.0, "taxed2": False} for line in row["line_items"]]
    taxes = {"tax": 10.0, "tax_amount": 7.0, "tax2_amount": 0.0, "amount": 73.0}
    rows.put(row | {"currency": "JPY", "line_items": lines, **taxes})
    (item,) = bench.read(ids=[invoice_id(4)])
    assert [line.tax for line in item.lines] == [Decimal(4), Decimal(3)]


@pytest.mark.parametrize(("setting", "is_held"), [("hold", True), ("post", False)])
def test_an_invoice_of_a_retainer_and_its_payments_are_held(open_bench, setting, is_held):
    bench = open_bench(retainers=setting)
    rows = bench.stand_in.rows
    rows.put(rows[str(13005)] | {"retainer": {"id": 77}})
    items = bench.read(ids=[invoice_id(5), payment_id(5), payment_id(5, 2)])
    assert ["retainer 77" in (item.hold or "") for item in items] == [is_held] * 3


@pytest.mark.parametrize("id", ["invoice:1", "payment:1-2", payment_id(5, 9)])
def test_a_document_that_harvest_does_not_have_is_gone(bench, id):
    (item,) = bench.read(ids=[id])
    assert item == Gone(source_id=id, reason="Harvest no longer has it.")


def test_an_invoice_in_a_state_of_the_future_is_unreadable(bench):
    id = str(13001)
    rows = bench.stand_in.rows
    rows.put(rows[id] | {"state": "disputed"})
    (item,) = bench.read(ids=[invoice_id(1)])
    assert "its state “disputed” is none of draft, open, paid, closed" in item.reason


@pytest.mark.parametrize(
    ("field", "value"),
    [("amount", None), ("due_amount", "some"), ("state", None), ("updated_at", "soon")],
)
def test_an_invoice_with_a_field_that_cannot_be_read_stops_no_other(bench, field, value):
    rows = bench.stand_in.rows
    rows.put(rows[str(13020)] | {field: value})
    items = {item.source_id: item for item in bench.read() if not isinstance(item, Checkpoint)}
    assert {invoice_id(number) for number in range(1, 41)} <= items.keys()
    assert isinstance(items[invoice_id(20)], Unreadable) == (field in {"amount", "state"})


def test_a_payment_without_an_id_stops_no_other(bench):
    payments = [{**row, "id": None} for row in bench.stand_in.rows[str(13005)]["payments"]]

    def without_ids(environ, start):
        if environ["PATH_INFO"].endswith("/v2/invoices/13005/payments"):
            answer = {"invoice_payments": payments, "links": {"next": None}}
            return json_answer(start, 200, answer)
        return served(environ, start)

    with bench.replaced_by(without_ids) as served:
        items = source_ids(bench.read())
    assert {"payment:13005-None", payment_id(4)} <= set(items)


def test_an_invoice_that_is_deleted_while_it_is_read_stops_no_other(bench):
    def deleted(environ, start):
        if "/v2/invoices/13005" in environ["PATH_INFO"]:
            return json_answer(start, 404, {"message": "Not Found"})
        return served(environ, start)

    with bench.replaced_by(deleted) as served:
        items = source_ids(bench.read())
    assert payment_id(4) in items
    assert payment_id(5) not in items


def test_an_invoice_that_the_list_left_out_is_read_the_next_day_with_its_payments(bench):
    row = bench.stand_in.rows.pop(str(13005))
    cursors = last_cursors(bench.read())
    bench.stand_in.rows.put(row | {"updated_at": "2020-01-01T00:00:00Z"})
    bench.today += dt.timedelta(days=1)
    items = source_ids(bench.read(cursors))
    assert {invoice_id(5), payment_id(5), payment_id(5, 2)} <= set(items)


def test_the_list_is_read_over_several_pages_by_links(bench, monkeypatch):
    monkeypatch.setattr("hub_harvest.client.PAGE_SIZE", 7)
    ids = [item.source_id for item in bench.read() if getattr(item, "kind", "") == "invoice"]
    assert len(ids) == len(set(ids)) == 40
    assert bench.count_calls("GET /v2/invoices") == 2 * 6  # changes, and all ids


def test_a_page_has_as_many_invoices_as_harvest_allows(open_bench):
    bench = open_bench()
    bench.read()
    assert bench.count_calls("GET /v2/invoices") == 2  # changes, and all ids


def test_every_call_names_account_and_program(bench):
    assert bench.check().name == "Bright Ideas"
    bench.set(account_id="1")
    with pytest.raises(NeedsAttention, match="not allowed to the account of Harvest"):
        bench.check()


@pytest.mark.parametrize(
    ("contact", "sent"), [("", "http://127.0.0.1:9"), ("kari@firm.example", "kari@firm.example")]
)
def test_every_call_says_how_to_reach_us(bench, contact, sent):
    bench.set(contact=contact)
    agents = []
    answer = bench.stand_in.answer

    def note_agent(environ, method, path):
        agents.append(environ["HTTP_USER_AGENT"])
        return answer(environ, method, path)

    bench.stand_in.answer = note_agent
    bench.check()
    assert set(agents) == {f"QuickBooks Online hub ({sent})"}


def test_a_contact_that_is_no_address_is_refused_by_harvest(bench):
    bench.set(contact="Kari")
    with pytest.raises(Refused, match="The User-Agent must have the form"):
        bench.check()


def test_the_connection_of_a_person_without_access_to_invoices_fails(bench):
    bench.set(token=MEMBER_TOKEN)
    with pytest.raises(NeedsAttention, match="You don't have access to invoices"):
        bench.check()


SIGN_IN = "<!doctype html><title>Sign in</title>"


@pytest.mark.parametrize("answer", [SIGN_IN, "", {"message": "Try again."}, [], None])
@pytest.mark.parametrize("is_stored", [True, False])
def test_a_message_that_harvest_does_not_confirm_is_added_once_later(open_bench, answer, is_stored):
    def unconfirmed(environ, start):
        if environ["REQUEST_METHOD"] != "POST":
            return served(environ, start)
        if is_stored:
            served(environ, lambda *_: None)
        if isinstance(answer, str):
            return text_answer(start, 200, answer)
        return json_answer(start, 200, answer)

    bench = open_bench(receipt_address="books@firm.example")
    (invoice,) = bench.read(ids=[invoice_id(1)])
    with bench.replaced_by(unconfirmed) as served, pytest.raises(Retry):
        bench.report(invoice, "posted", id="145", number=invoice.number)
    for _ in range(2):
        bench.report(invoice, "posted", id="145", number=invoice.number)
    (message,) = bench.stand_in.rows[str(13001)]["messages"]
    assert message["subject"] == f"Invoice {invoice.number} is in QuickBooks"
