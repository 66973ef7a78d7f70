"""Calls to CostTracker, and the errors of those that fail."""

import math

import pytest
from hub_costtracker import hub_attachment, hub_check, hub_documents
from hub_costtracker.sandbox import api

from hub import AccessNeeded, Checkpoint, NeedsAttention, Refused, Retry
from hub.testing.fakes.answers import change_answers
from qbo_sandbox.kit import Fault


def test_the_account_is_named(bench):
    tenant = hub_check(app="costtracker", site=bench.site)
    assert (tenant.id, tenant.name, tenant.warnings) == ("ct-70115", "Fjord & Fjell Bygg AS", ())


@pytest.mark.row("CT-S14")
def test_the_refusal_of_a_trial_account_says_whom_to_ask(bench):
    bench.books.do("integrate", on=False)
    with pytest.raises(
        AccessNeeded,
        match=r"does not have integrations yet\. "
        r"Ask CostTracker support \(support@costtracker\.no,",
    ):
        hub_check(app="costtracker", site=bench.site)


@pytest.mark.row("CT-S14")
def test_the_refusal_of_an_account_without_integrations_says_whom_to_ask(bench):
    bench.read()
    bench.books.do("integrate", on=False)
    with pytest.raises(NeedsAttention, match=r"Ask CostTracker support \(support@costtracker\.no,"):
        bench.read()


def change_account(bench, **fields):
    """Let CostTracker answer with other fields of the account."""
    return change_answers(
        bench, lambda path, _: path.endswith("/v1/account"), lambda answer: answer.update(fields)
    )


@pytest.mark.row("CT-S14")
def test_an_account_that_does_not_state_its_integrations_has_them(bench):
    with change_account(bench, integrations_enabled=None):
        assert bench.check().name == "Fjord & Fjell Bygg AS"


@pytest.mark.parametrize("id", [None, "", " "])
def test_an_account_without_an_id_is_not_taken_for_another_one(bench, id):
    with change_account(bench, id=id), pytest.raises(LookupError, match="id"):
        bench.check()


def test_wrong_credentials_say_whom_to_ask_for_new_ones(open_bench):
    bench = open_bench(client_secret="wrong")
    with pytest.raises(NeedsAttention, match=r"ask CostTracker support .* for new ones"):
        hub_check(app="costtracker", site=bench.site)


def test_one_token_serves_many_calls(connected):
    connected.read()
    assert connected.count_calls("token") == 1


def test_a_token_that_ran_out_is_renewed_in_the_middle_of_the_pages(bench):
    reading = iter(bench.read())
    next(reading)
    bench.stand_in.clock.advance(90_000)
    assert len(bench.read()) > 150
    assert bench.count_calls("token") == 2


def test_the_token_of_former_credentials_is_not_used(bench):
    bench.read()
    bench.set(client_secret="another")
    with pytest.raises(NeedsAttention):
        bench.read()


def test_an_invoice_that_moves_while_pages_are_read_comes_again_and_hides_no_other(
    bench, monkeypatch
):
    monkeypatch.setattr("hub_costtracker.client.PAGE_SIZE", 10)
    whole = {item.source_id for item in bench.read() if not isinstance(item, Checkpoint)}
    source_ids = []
    for item in hub_documents(app="costtracker", site=bench.site, cursors={}, ids=[]):
        if not source_ids:
            bench.books.do("edit", invoice="1003", header={"reference": "moved"}, line={})
        source_ids += [] if isinstance(item, Checkpoint) else [item.source_id]
    assert (source_ids.count("invoice:1003"), set(source_ids)) == (2, whole)


@pytest.mark.parametrize("next_cursor", ["here", None])
def test_a_page_that_leads_to_itself_ends_the_reading(bench, monkeypatch, next_cursor):
    stuck = {"items": [], "next_cursor": next_cursor, "has_more": True}
    monkeypatch.setattr("hub_costtracker.sandbox.api.Api._invoices", lambda self, environ: stuck)
    with pytest.raises(Retry, match="the same page of its list twice"):
        bench.read(cursors={"": "here"})


def test_a_last_page_without_a_cursor_is_fine(bench, monkeypatch):
    last = {"items": [], "next_cursor": None, "has_more": False}
    monkeypatch.setattr("hub_costtracker.sandbox.api.Api._invoices", lambda self, environ: last)
    assert bench.read() == []


@pytest.mark.parametrize("time", ["T00:00:00Z", "T00:00:00.000Z", "T00:00:00+01:00", "T00:00:00"])
def test_the_days_of_an_invoice_may_come_as_midnight(connected, time):
    document = connected.case("credit note")

    def add_time(answer):
        for name in ("invoice_date", "due_date"):
            answer[name] += time

    with change_answers(connected, lambda path, _: "/v1/invoices/" in path, add_time):
        (again,) = connected.read(ids=[document.source_id])
    assert again == document


def test_amounts_that_costtracker_added_up_in_binary_are_those_that_they_stand_for(connected):
    document = connected.case("credit note")

    def spoil(answer):
        for owner in (answer, *answer["lines"]):
            for name, value in owner.items():
                if isinstance(value, float):
                    owner[name] = math.nextafter(value, math.inf)

    with change_answers(connected, lambda path, _: "/v1/invoices/" in path, spoil):
        (again,) = connected.read(ids=[document.source_id])
    assert again == document


@pytest.mark.parametrize("status", [429, 503])
def test_a_busy_costtracker_is_left_alone_as_long_as_it_says(bench, status):
    bench.stand_in.faults.add(Fault(kind="status", call="invoices", status=status, retry_after=30))
    with pytest.raises(Retry) as busy:
        bench.read()
    assert busy.value.after == 30


@pytest.mark.row("CT-B8")
def test_the_bytes_of_a_file_are_those_it_was_described_with(connected):
    document = connected.case("credit note to an order")
    content = hub_attachment(
        app="costtracker",
        site=connected.site,
        document=document,
        attachment=document.attachments[0],
    )
    assert (content[:5], len(content)) == (b"%PDF-", document.attachments[0].size)


@pytest.mark.row("CT-B8")
def test_a_lost_file_is_refused_with_what_to_do(connected):
    document = connected.case("its file is missing")
    with pytest.raises(Refused, match="Upload it there again"):
        hub_attachment(
            app="costtracker",
            site=connected.site,
            document=document,
            attachment=document.attachments[0],
        )


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


def test_a_receipt_that_a_page_of_another_server_answers_is_sent_again(bench):
    document = next(item for item in bench.read() if getattr(item, "kind", "") == "bill")
    bench.fault("wrong_type", count=0)
    with pytest.raises(Retry, match="something that is not JSON"):
        bench.report(document, "posted", id="145", number="1")
