"""The JSON API: what each resource answers, the acts on cases, and errors as problem details."""

import re
from itertools import chain
from pathlib import Path

import pytest
from sqlalchemy import func, select

import hub
from hub.context import current_hub
from hub.db.engine import read_only_session, transaction
from hub.models import (
    Case,
    CaseNote,
    ConnectedCompany,
    Installation,
    Posting,
    Run,
    RunLine,
    SourceDocument,
)
from hub.models.enums import ConnectionState
from hub.testing.clock import FakeClock
from hub.web.api import authentication, problems
from hub.web.api import runs as runs_of_api
from hub.web.request.call_rates import BurstRate, CallRates
from tests.support.pages.api_client import ApiClient, documented_calls
from tests.support.pages.page_visitor import Visitor
from tests.support.rows.rights_rows import TwoCompanies

AMOUNT = re.compile(r"-?\d+\.\d{2,}")


@pytest.fixture
def program(visitor: Visitor) -> ApiClient:
    """Provide a program with the rights of an owner."""
    return ApiClient.of(visitor.app, "olga")


def test_documents_have_states_amounts_and_reasons(program: ApiClient, visitor: Visitor) -> None:
    documents = program.read("/documents/")["data"]
    with visitor.app.app_context(), read_only_session() as session:
        count = select(func.count()).select_from(SourceDocument)
        assert len(documents) == session.scalar(count)
    for document in documents:
        assert AMOUNT.fullmatch(document["total"]), document
    posted = program.read("/documents/", state="posted")["data"]
    assert {document["state"] for document in posted} == {"posted"}
    one = program.read(f"/documents/{posted[0]['id']}")
    assert {**one, "postings": ...} == {**posted[0], "postings": ...}
    assert one["postings"][0]["quickbooks_id"] == one["quickbooks_id"]
    assert (one["date"], one["total"]) == ("2026-03-02", "1250.50")


def test_a_disconnected_company_is_not_reconciled(program: ApiClient, visitor: Visitor) -> None:
    with visitor.app.app_context(), transaction() as session:
        session.query(ConnectedCompany).update({"state": ConnectionState.DISCONNECTED})
        before = session.scalar(select(func.count()).select_from(Run))
    answer = program.call("POST", f"/companies/{visitor.story.company}/reconciliations/")
    assert (answer.status_code, answer.json["detail"]) == (409, runs_of_api.DISCONNECTED_MESSAGE)
    with visitor.app.app_context(), read_only_session() as session:
        assert session.scalar(select(func.count()).select_from(Run)) == before


def test_lists_are_paged_by_the_address_of_the_next_page(
    program: ApiClient, visitor: Visitor
) -> None:
    with visitor.app.app_context(), transaction() as session:
        company_id = visitor.story.company
        session.add_all(Run(kind="lists", company_id=company_id) for _ in range(120))
        session.flush()
        ids = set(session.scalars(select(Run.id)))
    page, listed, pages = program.read("/runs/"), [], 1
    assert page["previous"] is None
    while page["next"]:
        listed += page["data"]
        page = program.read(page["next"])
        pages += 1
        assert page["previous"] is not None
    listed += page["data"]
    assert pages == 3
    assert [run["id"] for run in listed] == sorted(ids, reverse=True)


@pytest.mark.parametrize("side", ["before", "after"])
@pytest.mark.parametrize("cursor", ["nonsense", "[1, 2]", '["x"]', "{}"])
def test_a_cursor_that_fits_no_row_is_refused(program: ApiClient, side: str, cursor: str) -> None:
    for address in ("/runs/", "/documents/", "/cases/", "/companies/", "/installations/"):
        answer = program.call("GET", address, **{side: cursor})
        assert answer.status_code == 422, address
        assert "next or previous" in answer.json["errors"]["query"][side][0]


def test_the_documents_of_a_run_are_listed(program: ApiClient, visitor: Visitor) -> None:
    posting_id = visitor.story.postings["posted"]
    with visitor.app.app_context(), transaction() as session:
        run = Run(kind="sync", company_id=visitor.story.company)
        session.add(run)
        session.flush()
        session.get_one(Posting, posting_id).run_id = run_id = run.id
    [document] = program.read("/documents/", run=run_id)["data"]
    assert document["id"] == visitor.story.documents["posted"]
    assert program.read("/documents/", run=run_id + 1)["data"] == []
    assert program.call("GET", "/documents/", run="last").status_code == 422


@pytest.mark.parametrize("path", ["/documents/", "/cases/", "/runs/", "/companies/"])
def test_a_filter_that_a_list_does_not_have_is_refused(program: ApiClient, path: str) -> None:
    answer = program.call("GET", path, status="held")
    assert answer.status_code == 422
    assert answer.json["errors"]["query"] == {"status": ["Unknown field."]}


def test_a_filter_with_two_values_is_refused(program: ApiClient) -> None:
    answer = program.call("GET", "/documents/?state=held&state=posted")
    assert (answer.status_code, [*answer.json["errors"]["query"]]) == (422, ["state"])


def test_a_token_that_calls_too_often_has_to_wait(
    program: ApiClient, visitor: Visitor, monkeypatch: pytest.MonkeyPatch, clock: FakeClock
) -> None:
    few = CallRates(BurstRate(burst=2, per_minute=60), clock.monotonic)
    monkeypatch.setitem(visitor.app.extensions, authentication.RATES, few)
    other = ApiClient.of(visitor.app, "vera")
    assert [program.call("GET", "/companies/").status_code for _ in range(2)] == [200, 200]
    answer = program.call("GET", "/companies/")
    assert (answer.status_code, answer.headers["Retry-After"]) == (429, "1")
    assert answer.json["title"] == "Too Many Requests"
    assert other.call("GET", "/companies/").status_code == 200
    clock.advance(1)
    assert program.call("GET", "/companies/").status_code == 200


def test_an_amount_that_cannot_be_read_is_refused(program: ApiClient) -> None:
    answer = program.call("GET", "/documents/?amount=much")
    assert answer.status_code == 422
    assert "1250.50" in answer.json["errors"]["query"]["amount"][0]
    for amount in ("", "1250.50", "1000-2000"):
        assert program.call("GET", f"/documents/?amount={amount}").status_code == 200


def test_a_sync_is_started_once_and_then_returned(program: ApiClient, visitor: Visitor) -> None:
    address = f"/installations/{visitor.story.installation}/runs/"
    first, second = (program.call("POST", address) for _ in range(2))
    assert (first.status_code, second.status_code) == (202, 202)
    assert first.json["id"] == second.json["id"]
    assert first.json["requested_by"] == "olga"
    assert program.read(f"/runs/{first.json['id']}")["state"] == "queued"


def test_a_run_says_how_many_lines_its_log_has_and_lists_all_of_them(
    program: ApiClient, visitor: Visitor
) -> None:
    with visitor.app.app_context(), transaction() as session:
        runs = [Run(kind="lists", company_id=visitor.story.company) for _ in range(2)]
        session.add_all(runs)
        session.flush()
        now = current_hub().clock.now()
        for run, count in zip(runs, (450, 3), strict=True):
            for number in range(count):
                line = RunLine(run_id=run.id, at=now, level="info", text=f"line {number}")
                session.add(line)
        long_id, short_id = (run.id for run in runs)
    run = program.read(f"/runs/{long_id}")
    assert (run["line_count"], len(run["lines"])) == (450, runs_of_api.MAX_LINES)
    assert (run["lines"][0]["text"], run["lines"][-1]["text"]) == ("line 250", "line 449")
    page, texts = program.read(f"/runs/{long_id}/lines/"), []
    while page["next"]:
        texts += [line["text"] for line in page["data"]]
        page = program.read(page["next"])
    texts += [line["text"] for line in page["data"]]
    assert texts == [f"line {number}" for number in range(450)]
    short = program.read(f"/runs/{short_id}")
    assert (short["line_count"], len(short["lines"])) == (3, 3)
    assert program.read(f"/runs/{short_id}/lines/")["data"] == short["lines"]
    assert program.call("GET", f"/runs/{short_id + 1}/lines/").status_code == 404


def test_a_paused_app_is_not_synced(program: ApiClient, visitor: Visitor) -> None:
    with visitor.app.app_context(), transaction() as session:
        session.get_one(Installation, visitor.story.installation).mode = "paused"
    answer = program.call("POST", f"/installations/{visitor.story.installation}/runs/")
    assert answer.status_code == 409
    assert "paused" in answer.json["detail"]


def test_a_case_is_assigned_noted_snoozed_and_retried(program: ApiClient, visitor: Visitor) -> None:
    case = visitor.story.cases["match"]
    address = f"/cases/{case}"
    assert program.call("PUT", f"{address}/assignee", {"assignee": "oda"}).json["assignee"] == "oda"
    snoozed = program.call("PUT", f"{address}/snooze", {"until": "2026-04-01"})
    assert snoozed.json["snoozed_until"].startswith("2026-0")
    assert case in [row["id"] for row in program.read("/cases/", show="snoozed")["data"]]
    assert case not in [row["id"] for row in program.read("/cases/")["data"]]
    assert program.call("DELETE", f"{address}/snooze").json["snoozed_until"] is None
    past = program.call("PUT", f"{address}/snooze", {"until": "2020-01-01"})
    assert (past.status_code, past.json["detail"]) == (409, "Choose a day in the future.")
    unknown = program.call("PUT", f"{address}/assignee", {"assignee": "nobody-here"})
    assert unknown.status_code == 422
    assert "nobody-here" in unknown.json["errors"]["json"]["assignee"][0]
    looking = program.call("PUT", f"{address}/assignee", {"assignee": "vera"})
    sentence = "The case could not be assigned: vera may not act on it."
    assert (looking.status_code, looking.json["detail"]) == (409, sentence)
    noted = program.call("POST", f"{address}/notes", {"text": "Asked the supplier."})
    assert noted.status_code == 200, noted.text
    with visitor.app.app_context(), read_only_session() as session:
        [note] = session.scalars(select(CaseNote).where(CaseNote.case_id == case))
        assert (note.who, note.text) == ("olga", "Asked the supplier.")
    retry = visitor.story.cases["retry"]
    retried = program.call("POST", f"/cases/{retry}/retry")
    assert (retried.status_code, retried.json["id"]) == (200, retry)
    with visitor.app.app_context(), read_only_session() as session:
        row = session.get_one(Case, retry)
        assert (row.decision, row.decided_by) == ("retried", "olga")
    assert [entry.who for entry in visitor.audit_entries("posting retried")] == ["olga"]


def test_skipping_takes_a_reason_and_ends_the_posting(program: ApiClient, visitor: Visitor) -> None:
    case = visitor.story.cases["match"]
    assert program.call("POST", f"/cases/{case}/skip", {}).status_code == 422
    answer = program.call("POST", f"/cases/{case}/skip", {"text": "Paid by card."})
    assert answer.status_code == 200, answer.text
    with visitor.app.app_context(), read_only_session() as session:
        row = session.get_one(Case, case)
        assert (row.decision, row.decision_note, row.decided_by) == (
            "skipped",
            "Paid by card.",
            "olga",
        )
        assert "skipped" in session.scalars(select(Posting.state)).all()


def test_a_closed_case_is_left_alone(program: ApiClient, visitor: Visitor) -> None:
    case = visitor.story.cases["match"]
    with visitor.app.app_context(), transaction() as session:
        row = session.get_one(Case, case)
        row.closed_at, row.closed_by = row.opened_at, "hub"
    answer = program.call("POST", f"/cases/{case}/retry")
    assert (answer.status_code, answer.json["detail"]) == (409, "The case is closed already.")


def test_settings_are_shown_without_secrets_and_checked_when_they_change(
    program: ApiClient, visitor: Visitor
) -> None:
    address = f"/installations/{visitor.story.installation}/settings"
    settings = program.read(address)
    assert settings["settings"]["client_id"] == "nordvik"
    assert "client_secret" not in settings["settings"]
    wrong = program.call("PATCH", address, {"settings": {"payable_acount": "33"}})
    assert wrong.status_code == 422
    assert "payable_acount" in wrong.json["errors"]["settings"]
    wrong_mode = program.call("PATCH", address, {"mode": "sometimes"})
    assert wrong_mode.json["errors"]["json"]["mode"]


def test_codes_are_matched_and_taken_back(program: ApiClient, visitor: Visitor) -> None:
    address = f"/installations/{visitor.story.installation}/matches/"
    open_codes = [row for row in program.read(address)["data"] if row["state"] == "open"]
    code = next(row for row in open_codes if row["suggestions"])
    decision = {"field": code["field"], "code": code["code"]}
    record = code["suggestions"][0]
    decided = program.call("PUT", address, {**decision, "record": record["id"]})
    assert (decided.json["state"], decided.json["record"]) == ("decided", record["name"])
    for _ in range(2):
        again = program.call("DELETE", address, **decision)
        assert (again.status_code, again.json["state"]) == (200, "open")
    assert program.call("DELETE", address, field="nothing", code="1").status_code == 404
    assert program.call("DELETE", address, field="supplier").status_code == 422
    removed = visitor.audit_entries("match removed")
    assert [entry.who for entry in removed] == ["olga"]
    unused = {"field": "supplier", "code": "s2"}
    for record_word, state in (("new", "new"), ("none", "left out")):
        chosen = program.call("PUT", address, {**unused, "record": record_word})
        assert (chosen.status_code, chosen.json["state"]) == (200, state)
    missing = program.call("PUT", address, {**decision, "record": "no-such-record"})
    assert missing.status_code == 409
    unknown = program.call("PUT", address, {"field": "nothing", "code": "1", "record": "none"})
    assert unknown.status_code == 422
    assert "There is no field “nothing”." in unknown.json["errors"]["json"]["field"][0]


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/documents/999999", 404),
        ("/nothing", 404),
        ("/documents/?state=sometimes", 422),
        ("/documents/?from=yesterday", 422),
        ("/documents/?to=2026-02-31", 422),
        ("/runs/?installation=0", 422),
    ],
)
def test_errors_are_problem_details(program: ApiClient, path: str, status: int) -> None:
    answer = program.call("GET", path)
    assert (answer.status_code, answer.mimetype) == (status, "application/problem+json")
    assert answer.json["status"] == status
    assert answer.json["detail"].endswith((".", "why."))
    assert answer.json["request_id"] == answer.headers["X-Request-ID"]
    if status == 422:
        assert answer.json["errors"]["query"]


@pytest.mark.parametrize("body", [b"{", b"[" * 50_000, b'{"text": "a\\u0000b"}', b'"\\ud800"'])
def test_a_body_that_cannot_be_stored_is_refused(
    program: ApiClient, visitor: Visitor, body: bytes
) -> None:
    headers = {"Authorization": f"Bearer {program.token}", "Content-Type": "application/json"}
    address = f"/api/v1/cases/{visitor.story.cases['match']}/skip"
    answer = visitor.client.post(address, data=body, headers=headers)
    assert (answer.status_code, answer.mimetype) == (400, "application/problem+json")


def test_a_body_that_is_not_declared_as_json_is_refused(
    program: ApiClient, visitor: Visitor
) -> None:
    address = f"/api/v1/installations/{visitor.story.installation}/settings"
    headers = {"Authorization": f"Bearer {program.token}"}
    form = {**headers, "Content-Type": "application/x-www-form-urlencoded"}
    for sent in (headers, form):
        answer = visitor.client.patch(address, data=b'{"mode": "paused"}', headers=sent)
        assert (answer.status_code, answer.mimetype) == (400, "application/problem+json")
        assert answer.json is not None
        assert "Content-Type: application/json" in answer.json["errors"]["json"][0]
    assert program.read(address)["mode"] != "paused"


def test_lists_have_the_rows_that_the_person_may_see(two_companies: TwoCompanies) -> None:
    name = "viewer/Alfaborg/costtracker"
    program = ApiClient(two_companies.app, two_companies.token(name))
    everything = ApiClient(two_companies.app, two_companies.token("owner/every company/every app"))
    for path in ("/companies/", "/installations/", "/documents/", "/cases/", "/runs/"):
        own, all_rows = program.read(path)["data"], everything.read(path)["data"]
        assert 0 < len(own) < len(all_rows), path
        assert "Bravovik" not in str(own), path
    ids = {row["id"] for row in program.read("/installations/")["data"]}
    assert ids == {two_companies.rows.installations["Alfaborg", "costtracker"]}
    assert [app["slug"] for app in program.read("/apps/")["data"]] == ["costtracker"]
    assert {"costtracker", "ion"} <= {app["slug"] for app in everything.read("/apps/")["data"]}


def test_the_description_of_a_company_names_every_state_of_its_connection(
    program: ApiClient,
) -> None:
    schemas = program.read("/openapi.json")["components"]["schemas"]
    described = schemas["Company"]["properties"]["state"]["description"]
    assert described.split(", ") == list(ConnectionState)


def test_the_page_about_the_api_explains_every_status() -> None:
    page = (Path(hub.__file__).parents[1] / "docs" / "api.md").read_text()
    _, _, errors = page.partition("\n## Errors\n")
    explained = re.findall(r"^\| (\d{3}) \|", errors, re.MULTILINE)
    assert explained == [str(status) for status in sorted(problems.STATUS_SENTENCES)]


def test_the_calls_of_the_page_about_the_api_work(program: ApiClient) -> None:
    calls = documented_calls()
    del calls["Enable and pause apps"]  # test_api_apps.py has a source that answers
    count = 0
    for call in chain.from_iterable(calls.values()):
        answer = program.call(call.method, call.path, call.body)
        assert answer.status_code in (200, 202), (call.path, answer.text)
        count += 1
    assert count >= 13
