"""Calls to Ontraccr, and the errors of those that fail."""

import json
from dataclasses import replace

import pytest
from hub_ontraccr import hub_attachment, hub_check, hub_codes, hub_documents, hub_subscribe
from hub_ontraccr.sandbox import api

from hub import Checkpoint, Gone, NeedsAttention, Refused, Retry, Unreadable
from hub.testing.fakes.answers import change_answers
from hub.testing.fakes.stand_in import json_answer
from qbo_sandbox.kit import Fault


def check(bench):
    return hub_check(app="ontraccr", site=bench.site)


@pytest.mark.row("ON-B1")
def test_the_division_is_named(bench):
    assert (check(bench).id, check(bench).name) == (
        "div-1",
        "Maple & Granite Builders Ltd., West Coast",
    )


@pytest.mark.row("ON-B1")
@pytest.mark.parametrize("id", [None, ""])
def test_a_division_without_an_id_is_not_taken_for_another_one(open_bench, id):
    bench = open_bench(division="")
    only_division = {"id": id, "name": "West Coast"}
    with (
        change_answers(
            bench,
            lambda path, _: path.endswith("/v1/divisions"),
            lambda answer: answer.update(items=[only_division]),
        ),
        pytest.raises(LookupError, match="id"),
    ):
        check(bench)


@pytest.mark.row("ON-B1")
def test_divisions_are_offered_to_choose_from_and_profiles_to_match(bench):
    bench.push_lists()
    codes = hub_codes(app="ontraccr", site=bench.site, field="division")
    assert [(code.id, code.name) for code in codes] == [
        ("div-1", "West Coast"),
        ("div-2", "Prairies"),
    ]
    projects = hub_codes(app="ontraccr", site=bench.site, field="project")
    assert {code.id: code.quickbooks_id for code in projects}["project:p8"] == ""
    assert hub_codes(app="ontraccr", site=bench.site, field="class") == []


@pytest.mark.row("ON-S1")
def test_an_integration_that_is_not_activated_says_where_to_do_it(bench):
    bench.books.do("activate", on=False)
    with pytest.raises(NeedsAttention, match="Settings → Integrations → QuickBooks"):
        check(bench)


def test_wrong_credentials_say_whom_to_ask_for_new_ones(open_bench):
    with pytest.raises(NeedsAttention, match="ask Ontraccr for new ones"):
        check(open_bench(client_secret="wrong"))


def test_a_token_that_ran_out_is_renewed_in_the_middle_of_the_pages(open_bench, monkeypatch):
    bench = open_bench()
    monkeypatch.setattr("hub_ontraccr.client.PAGE_SIZE", 10)
    reading = iter(bench.read())
    next(reading)
    bench.stand_in.clock.advance(90_000)
    assert len([item for item in bench.read() if not isinstance(item, Checkpoint)]) == 68
    assert bench.count_calls("token") == 2


def test_a_payable_that_moves_while_pages_are_read_comes_again(bench, monkeypatch):
    monkeypatch.setattr("hub_ontraccr.client.PAGE_SIZE", 10)
    items = []
    for item in hub_documents(app="ontraccr", site=bench.site, cursors={}, ids=[]):
        if not items:
            bench.books.do("edit", payable="2001", fields={"number": "moved"})
        items.append(item)
    ids = [item.source_id for item in items if not isinstance(item, Checkpoint)]
    assert (ids.count("payable:2001"), len(set(ids))) == (2, 68)


def test_profiles_are_read_once_for_all_payables_and_singly_for_a_few(bench):
    bench.read()
    assert (bench.count_calls("profiles"), bench.count_calls("profile")) == (2, 0)
    bench.read(ids=["payable:2001", "payable:2001"])
    assert (bench.count_calls("profiles"), bench.count_calls("profile")) == (2, 2)


def test_a_page_that_leads_to_itself_ends_the_reading(bench, monkeypatch):
    stuck = {"items": [], "next_cursor": "here", "has_more": True}
    monkeypatch.setattr("hub_ontraccr.sandbox.api.Api._payables", lambda self, environ: stuck)
    with pytest.raises(Retry, match="the same page of its list twice"):
        bench.read(cursors={"": "here"})


@pytest.mark.parametrize("status", [429, 503])
def test_a_busy_ontraccr_is_left_alone_as_long_as_it_says(bench, status):
    bench.stand_in.faults.add(Fault(kind="status", call="payables", status=status, retry_after=30))
    with pytest.raises(Retry) as busy:
        bench.read()
    assert busy.value.after == 30


@pytest.mark.row("ON-B8")
def test_a_file_has_its_stated_size_and_a_missing_one_is_refused(
    connected,
):
    document = connected.case("its file is a web page")
    first, page = document.attachments
    assert len(read(connected, document, first)) == first.size
    assert read(connected, document, page).startswith(b"<!doctype html>")
    lost = connected.case("its file is missing")
    with pytest.raises(Refused, match="Upload it there again"):
        read(connected, lost, lost.attachments[0])


def read(bench, document, attachment):
    return hub_attachment(app="ontraccr", site=bench.site, document=document, attachment=attachment)


def test_calls_are_asked_for_with_a_secret_and_given_up_again(bench):
    hub_subscribe(app="ontraccr", site=bench.site, on=True)
    assert bench.secrets["webhook_secret"] == bench.books.hubs["div-1"]["secret"]
    hub_subscribe(app="ontraccr", site=bench.site, on=False)
    assert bench.books.hubs["div-1"]["url"] == ""


def test_an_ontraccr_that_does_not_call_is_a_warning_until_it_does(bench):
    bench.stand_in.faults.add(Fault(kind="status", call="subscribe", status=422))
    hub_subscribe(app="ontraccr", site=bench.site, on=True)
    assert "asks on its schedule instead" in check(bench).warnings[0]
    hub_subscribe(app="ontraccr", site=bench.site, on=True)
    assert check(bench).warnings == ()


def test_calls_without_a_secret_are_given_up(bench):
    def serve(environ, start):
        if environ["REQUEST_METHOD"] == "PUT" and environ["PATH_INFO"].endswith("/webhook"):
            return json_answer(start, 200, {"secret": None})
        return stand_in(environ, start)

    bench.allow_undescribed_answers()
    with bench.replaced_by(serve) as stand_in:
        hub_subscribe(app="ontraccr", site=bench.site, on=True)
    assert "webhook_secret" not in bench.secrets
    assert "no secret" in check(bench).warnings[0]


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


def _answer_at(bench, path, status, body):
    """Let a server answer the calls of a path in place of the stand-in."""

    def server(environ, start):
        if not environ["PATH_INFO"].endswith(path):
            return stand_in(environ, start)
        start(status, [("Content-Type", "application/json")])
        return [json.dumps(body).encode()]

    stand_in = bench._stand_in
    return bench.replaced_by(server)


@pytest.mark.row("ON-S1")
def test_an_integration_that_says_that_it_is_not_activated_is_not_connected(bench):
    body = {"name": "Cedar", "activated": False}
    with (
        _answer_at(bench, "/v1/integration", "200 OK", body),
        pytest.raises(NeedsAttention, match="not activated in Ontraccr"),
    ):
        bench.check()


def test_a_source_that_names_no_company_is_called_by_its_division(bench):
    named = bench.check()
    body = {"code": "not_found", "message": "No such call."}
    with _answer_at(bench, "/v1/integration", "404 Not Found", body):
        tenant = bench.check()
    assert named == replace(tenant, name=named.name)
    assert named.name.endswith(f", {tenant.name}")


def test_a_profile_that_only_the_list_shows_counts_as_linked(connected):
    before = connected.case("a plain bill")
    project_id = before.lines[0].codes["project"].id.removeprefix("project:")
    body = {"code": "not_found", "message": "No such call."}
    path = f"/v1/profiles/projects/{project_id}"
    with _answer_at(connected, path, "404 Not Found", body):
        assert connected.case("a plain bill") == before


def test_a_source_that_offers_no_tax_codes_takes_the_other_lists(bench):
    body = {"code": "not_found", "message": "No such call."}
    with _answer_at(bench, "/v1/integration/tax-codes", "404 Not Found", body):
        assert bench.push_lists()["tax_code"] == []
    with (
        _answer_at(bench, "/v1/integration/purchase-accounts", "404 Not Found", body),
        pytest.raises(Refused),
    ):
        bench.push_lists()


@pytest.mark.parametrize("value", [True, 7, "no", ["x"]])
def test_what_is_no_moment_of_deletion_proves_none(bench, value):
    def change(answer):
        answer["items"][0]["deleted_at"] = value

    with change_answers(bench, lambda path, _: path.endswith("/v1/payables"), change):
        items = bench.read()
    assert not isinstance(items[0], Gone)
    reasons = [item.reason for item in items if isinstance(item, Unreadable)]
    assert any("is not a date" in reason for reason in reasons)


def test_a_receipt_that_a_page_of_another_server_answers_is_sent_again(bench):
    document = next(item for item in bench.read() if getattr(item, "kind", "") == "bill")
    bench.fault("wrong_type", count=0)
    with pytest.raises(Retry, match="something that is not JSON"):
        bench.report(document, "posted", id="145", number="1")


def test_an_answer_that_is_no_payable_is_unreadable(bench):
    def serve(environ, start):
        if "/payables/" in environ["PATH_INFO"]:
            return json_answer(start, 200, [])
        return stand_in(environ, start)

    with bench.replaced_by(serve) as stand_in:
        (item,) = bench.read(ids=["payable:2001"])
    assert item == Unreadable(source_id="payable:2001", reason=item.reason)
