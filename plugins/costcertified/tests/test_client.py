"""Calls to CostCertified, and the errors of those that fail."""

import hashlib
import hmac
import json

import pytest
from hub_costcertified import hub_check, hub_webhook
from hub_costcertified.sandbox import api
from hub_costcertified.sandbox.company import REFRESH_TOKEN, WEBHOOK_SECRET

from hub import AccessNeeded, Checkpoint, Gone, NeedsAttention, Refused, Retry, Signal, Unreadable
from hub.testing.fakes.answers import change_answers
from qbo_sandbox.kit import Fault


def check(bench):
    return hub_check(app="costcertified", site=bench.site)


@pytest.mark.row("CC-S1", "CC-S3", "CC-S6")
def test_without_payments_of_clients_it_says_whom_to_ask(bench):
    assert check(bench).name == "Ridgeline Renovations LLC"
    bench.books.do("enable", on=False)
    with pytest.raises(
        AccessNeeded,
        match=r"does not take payments of clients .* Ask CostCertified support, in its chat",
    ):
        check(bench)


@pytest.mark.parametrize("id", [None, ""])
def test_an_account_without_an_id_is_not_taken_for_another_one(bench, id):
    with (
        change_answers(
            bench, lambda path, _: path.endswith("/v1/account"), lambda answer: answer.update(id=id)
        ),
        pytest.raises(LookupError, match="id"),
    ):
        check(bench)


@pytest.mark.row("CC-S3")
def test_payments_that_are_switched_off_later_stop_the_export_with_a_sentence(bench):
    bench.read()
    bench.books.do("enable", on=False)
    with pytest.raises(NeedsAttention, match="Switch payments on there again"):
        bench.read()


@pytest.mark.row("CC-S8")
def test_the_refresh_token_is_renewed_and_an_answer_that_was_lost_costs_nothing(bench):
    check(bench)
    first = bench.secrets["renewed_token"]
    assert REFRESH_TOKEN not in first
    bench.stand_in.clock.advance(4000)
    bench.stand_in.faults.add(Fault(kind="lose_answer", call="token"))
    with pytest.raises(Retry):
        bench.read()
    assert bench.read()
    assert bench.secrets["renewed_token"] != first
    assert bench.secrets["refresh_token"] == REFRESH_TOKEN


def test_a_refresh_token_that_was_used_long_ago_needs_a_person(bench):
    for token in ("a", "b"):
        bench.books.do("rotate", token=token)
    with pytest.raises(
        NeedsAttention, match="ask for new ones: CostCertified support, in its chat or by a ticket"
    ):
        check(bench)


def test_the_tokens_of_a_former_access_are_forgotten_with_it(bench):
    bench.read()
    bench.set(refresh_token="another")
    with pytest.raises(NeedsAttention):
        bench.read()


@pytest.mark.parametrize("next_cursor", ["here", None])
def test_a_page_that_leads_to_itself_ends_the_reading(bench, monkeypatch, next_cursor):
    stuck = {"items": [], "next_cursor": next_cursor, "has_more": True}
    monkeypatch.setattr(
        "hub_costcertified.sandbox.api.Api._list", lambda self, environ, things: stuck
    )
    with pytest.raises(Retry, match="the same page of its list twice"):
        bench.read(cursors={"": "here"})


# -- webhooks --------------------------------------------------------------------------------------


def call(bench, body, secret=WEBHOOK_SECRET, header="X-CostCertified-Signature"):
    content = json.dumps(body).encode()
    signature = hmac.new(secret.encode(), content, hashlib.sha256).hexdigest()
    return hub_webhook(
        app="costcertified", site=bench.site, headers={header: signature}, body=content
    )


def test_a_call_about_an_invoice_reads_it_alone_and_one_about_money_collects(shared_bench):
    assert call(shared_bench, {"topic": "invoice.sent", "id": "1001"}) == [
        Signal(ids=("invoice:1001",))
    ]
    assert call(shared_bench, {"topic": "payment.refunded", "id": "p1"}) == [Signal()]


@pytest.mark.parametrize("body", [{}, {"id": "1001"}, {"topic": "invoice.sent"}])
def test_a_call_that_lacks_its_topic_or_id_collects(shared_bench, body):
    assert call(shared_bench, body) == [Signal()]


@pytest.mark.parametrize("wrong", [{"secret": "guess"}, {"header": "X-Other"}])
def test_a_call_that_is_not_signed_is_refused(shared_bench, wrong):
    with pytest.raises(Refused, match="not signed"):
        call(shared_bench, {"topic": "invoice.sent", "id": "1001"}, **wrong)


def test_a_page_without_rows_may_have_null_in_place_of_them(bench, monkeypatch):
    def paginate(*args):
        answer = pages(*args)
        return {**answer, "items": answer["items"] or None}

    pages = api.paginate
    end = {item.stream: item.cursor for item in bench.read() if isinstance(item, Checkpoint)}
    bench.allow_undescribed_answers()
    monkeypatch.setattr(api, "paginate", paginate)
    items = bench.read(end)
    assert [item for item in items if not isinstance(item, Checkpoint)] == []


def test_the_last_page_may_say_nothing_of_a_next_one(bench, monkeypatch):
    def paginate(*args):
        answer = pages(*args)
        return answer if answer["has_more"] else {"items": answer["items"]}

    pages = api.paginate
    before = {item.source_id for item in bench.read() if not isinstance(item, Checkpoint)}
    bench.allow_undescribed_answers()
    monkeypatch.setattr(api, "paginate", paginate)
    after = {item.source_id for item in bench.read() if not isinstance(item, Checkpoint)}
    assert after == before


def test_invoices_are_read_from_a_source_without_payouts_and_expenses(open_bench):
    bench = open_bench(expenses=True, payable_account="33", paid_from="35")

    def server(environ, start):
        if not environ["PATH_INFO"].endswith(("/v1/payouts", "/v1/expenses")):
            return stand_in(environ, start)
        start("404 Not Found", [("Content-Type", "application/json")])
        return [json.dumps({"code": "not_found", "message": "No such call."}).encode()]

    stand_in = bench._stand_in
    assert bench.check().warnings == ()
    before = {item.source_id for item in bench.read() if not isinstance(item, Checkpoint)}
    with bench.replaced_by(server):
        after = {item.source_id for item in bench.read() if not isinstance(item, Checkpoint)}
        payouts, expenses = bench.check().warnings
    assert after == {id for id in before if not id.startswith(("payout:", "expense"))}
    assert "no bank deposit is made" in payouts
    assert "shows no expenses" in expenses


@pytest.mark.parametrize("value", [True, 7, "no", ["x"]])
def test_what_is_no_moment_of_deletion_proves_none(bench, value):
    def change(answer):
        answer["items"][0]["deleted_at"] = value

    with change_answers(bench, lambda path, _: path.endswith("/v1/invoices"), change):
        items = bench.read()
    assert not isinstance(items[0], Gone)
    reasons = [item.reason for item in items if isinstance(item, Unreadable)]
    assert any("is not a date" in reason for reason in reasons)


def test_a_deletion_is_on_a_day_where_the_company_is(bench):
    def change(answer):
        answer["items"][0]["deleted_at"] = "2026-03-18T02:30:00.000Z"

    with change_answers(bench, lambda path, _: path.endswith("/v1/invoices"), change):
        gone, *_ = bench.read()
    assert gone.reason == "Deleted in CostCertified on 2026-03-17."


def test_a_receipt_that_a_page_of_another_server_answers_is_sent_again(bench):
    document = next(item for item in bench.read() if getattr(item, "kind", "") == "invoice")
    bench.fault("wrong_type", count=0)
    with pytest.raises(Retry, match="something that is not JSON"):
        bench.report(document, "posted", id="145", number="1")
