"""Enabling, pausing and disabling apps through the JSON API, with a source that answers."""

from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import select

from hub.context import current_hub
from hub.db.engine import read_only_session, transaction
from hub.models import AuditEntry, Cursor, Installation, Run
from tests.support.pages.api_client import ApiClient, documented_calls
from tests.support.pages.page_visitor import Visitor
from tests.support.rows.page_rows import add_document

APP = "/companies/1/apps/costtracker"
INSTALLATION = "/installations/1"


@pytest.fixture
def office(connected_visitor: Visitor) -> Visitor:
    """Provide a hub with a company and an owner, where no app is enabled."""
    return connected_visitor


@pytest.fixture
def program(office: Visitor) -> ApiClient:
    """Provide a program that may configure apps for the owner, and approves nothing."""
    return ApiClient.of(office.app, "olga", "read", "operate", "configure")


def settings_of(office: Visitor, **more: Any) -> dict[str, Any]:
    return {**office.costtracker, "payable_account": "33", **more}


def enable(program: ApiClient, office: Visitor, **more: Any) -> dict[str, Any]:
    answer = program.call("PUT", APP, {"settings": settings_of(office, **more)})
    assert answer.status_code == 200, answer.text
    return dict(answer.get_json())


def acts(office: Visitor) -> list[tuple[str, str]]:
    with office.app.app_context(), read_only_session() as session:
        query = select(AuditEntry.what, AuditEntry.who).order_by(AuditEntry.id)
        return [(what, who) for what, who in session.execute(query)]


def requested_runs(office: Visitor) -> list[str]:
    with office.app.app_context(), read_only_session() as session:
        return list(session.scalars(select(Run.kind).where(Run.requested_by == "olga")))


def test_an_app_is_enabled_after_its_settings_were_tried(
    program: ApiClient, office: Visitor
) -> None:
    row = enable(program, office, zone="Europe/Oslo", start_date="2026-03-01")
    assert (row["app"], row["enabled"], row["mode"], row["owner"]) == (
        "costtracker",
        True,
        "review",
        "olga",
    )
    assert (row["zone"], row["start_date"]) == ("Europe/Oslo", "2026-03-01")
    assert row["source"]
    assert office.row(Installation, row["id"]).settings["payable_account"] == "33"
    assert acts(office)[-2:] == [("connection tested", "olga"), ("app enabled", "olga")]
    assert requested_runs(office) == ["lists", "sync"]
    response = program.read(f"{INSTALLATION}/settings")
    assert "client_secret" not in response["settings"]
    assert "client_secret" not in row
    again = enable(program, office)
    assert (again["id"], again["start_date"]) == (row["id"], "2026-03-01")


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"payable_account": "nothing"}, "payable_account"),
        ({"payable_acount": "33"}, "payable_acount"),
        ({"client_id": ""}, "client_id"),
        ({"schedule": "sometimes"}, "schedule"),
        ({"start_date": "soon"}, "start_date"),
        ({"second_approval_above": "-1"}, "second_approval_above"),
    ],
)
def test_a_setting_that_does_not_fit_is_named(
    program: ApiClient, office: Visitor, changes: dict[str, str], field: str
) -> None:
    answer = program.call("PUT", APP, {"settings": settings_of(office, **changes)})
    assert (answer.status_code, answer.mimetype) == (422, "application/problem+json")
    (sentence,) = answer.get_json()["errors"]["settings"][field]
    assert sentence
    assert program.read("/installations/")["data"] == []


def test_an_app_is_not_enabled_if_its_source_refuses(program: ApiClient, office: Visitor) -> None:
    wrong = settings_of(office, client_secret="wrong")
    answer = program.call("PUT", APP, {"settings": wrong})
    assert answer.status_code == 409
    assert "CostTracker" in answer.get_json()["detail"]
    assert program.read("/installations/")["data"] == []


def test_an_app_that_its_maker_opens_waits_for_that(
    program: ApiClient, office: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    with office.app.app_context():
        apps = current_hub().plugins.apps
        closed = replace(apps["costtracker"], access="support@example.com", access_gate=True)
        monkeypatch.setitem(apps, "costtracker", closed)
    answer = program.call("PUT", APP, {"settings": settings_of(office)})
    assert answer.status_code == 409
    assert "support@example.com" in answer.get_json()["detail"]


def test_an_unknown_app_or_company_is_not_found(program: ApiClient) -> None:
    for path in ("/companies/1/apps/nothing", "/companies/2/apps/costtracker"):
        assert program.call("PUT", path, {}).status_code == 404
        assert program.call("DELETE", path).status_code == 404
    assert program.call("DELETE", APP).status_code == 404


def test_an_app_is_read_from_the_beginning(program: ApiClient, office: Visitor) -> None:
    enable(program, office)
    with office.app.app_context(), transaction() as session:
        session.add(Cursor(installation_id=1, stream="", value="A"))
    address = f"{INSTALLATION}/runs/from-start"
    answer = program.call("POST", address)
    assert (answer.status_code, answer.get_json()["kind"]) == (202, "sync")
    assert ("reading started over", "olga") in acts(office)
    with office.app.app_context(), read_only_session() as session:
        assert session.scalar(select(Cursor)) is None
    operator = ApiClient.of(office.app, "olga", "read", "operate")
    assert operator.call("POST", address).status_code == 403
    program.call("PATCH", f"{INSTALLATION}/settings", {"mode": "paused"})
    assert program.call("POST", address).status_code == 409


def test_an_app_is_paused_and_resumed(program: ApiClient, office: Visitor) -> None:
    enable(program, office)
    address = f"{INSTALLATION}/settings"
    assert program.call("PATCH", address, {"mode": "paused"}).get_json()["mode"] == "paused"
    assert program.call("POST", f"{INSTALLATION}/runs/").status_code == 409
    assert program.call("PATCH", address, {"mode": "review"}).get_json()["mode"] == "review"
    assert program.call("POST", f"{INSTALLATION}/runs/").status_code == 202
    tested = [what for what, _ in acts(office) if what == "connection tested"]
    assert len(tested) == 1


def test_posting_without_review_takes_the_scope_for_approvals(
    program: ApiClient, office: Visitor
) -> None:
    automatic = {"mode": "auto", "settings": settings_of(office)}
    refused = program.call("PUT", APP, automatic)
    assert (refused.status_code, "scope approve" in refused.get_json()["detail"]) == (403, True)
    enable(program, office)
    refused = program.call("PATCH", f"{INSTALLATION}/settings", {"mode": "auto"})
    assert (refused.status_code, "scope approve" in refused.get_json()["detail"]) == (403, True)
    assert office.row(Installation, 1).mode == "review"
    approving = ApiClient.of(office.app, "olga", "configure", "approve")
    answer = approving.call("PATCH", f"{INSTALLATION}/settings", {"mode": "auto"})
    assert (answer.status_code, answer.get_json()["mode"]) == (200, "auto")


def test_the_limit_for_two_people_is_raised_on_the_page_alone(office: Visitor) -> None:
    program = ApiClient.of(office.app, "olga")
    enable(program, office, second_approval_above="1000")
    for limit in ("1000.01", "", None):
        for method, path in (("PATCH", f"{INSTALLATION}/settings"), ("PUT", APP)):
            answer = program.call(method, path, {"settings": {"second_approval_above": limit}})
            assert (answer.status_code, "page Settings" in answer.get_json()["detail"]) == (
                403,
                True,
            )
    assert program.read(INSTALLATION)["second_approval_above"] == "1000.00"
    lower = {"settings": {"second_approval_above": "500"}}
    assert program.call("PATCH", f"{INSTALLATION}/settings", lower).status_code == 200
    assert program.read(INSTALLATION)["second_approval_above"] == "500.00"


def test_a_disabled_app_keeps_its_settings_until_it_is_enabled_again(
    program: ApiClient, office: Visitor
) -> None:
    row = enable(program, office)
    for _ in range(2):
        answer = program.call("DELETE", APP)
        assert (answer.status_code, answer.get_json()["enabled"]) == (200, False)
    assert [act for act in acts(office) if act[0] == "app disabled"] == [("app disabled", "olga")]
    refused = program.call("PATCH", f"{INSTALLATION}/settings", {"mode": "paused"})
    assert refused.status_code == 409
    assert f"PUT /api/v1{APP}" in refused.get_json()["detail"]
    answer = program.call("PUT", APP, {})
    assert (answer.status_code, answer.get_json()["enabled"]) == (200, True)
    assert answer.get_json()["id"] == row["id"]
    assert acts(office)[-1] == ("app enabled", "olga")
    assert office.row(Installation, 1).settings["payable_account"] == "33"


@pytest.mark.parametrize(("method", "path"), [("PATCH", f"{INSTALLATION}/settings"), ("PUT", APP)])
def test_the_app_continues_with_another_account_that_the_program_names(
    program: ApiClient, office: Visitor, method: str, path: str
) -> None:
    enable(program, office)
    account = office.row(Installation, 1).tenant
    with office.app.app_context(), transaction() as session:
        row = session.get_one(Installation, 1)
        row.tenant, row.tenant_name = "former", "Former Ltd"
        add_document(session, row, "review", 1)
    settings = settings_of(office)
    refused = program.call(method, path, {"settings": settings})
    problem = refused.get_json()
    assert (refused.status_code, problem["other_account"]["id"]) == (409, account)
    assert "With these settings Former Ltd is no longer read" in problem["detail"]
    assert "1 document of Former Ltd waits and is left out" in problem["detail"]
    answer = {"settings": settings, "new_account": account}
    undated = program.call(method, path, answer)
    assert (undated.status_code, list(undated.get_json()["errors"]["settings"])) == (
        422,
        ["start_date"],
    )
    settings["start_date"] = "2026-11-01"
    wrong = program.call(method, path, {**answer, "new_account": "third"})
    assert (wrong.status_code, office.row(Installation, 1).tenant) == (409, "former")
    saved = program.call(method, path, answer)
    assert saved.status_code == 200, saved.text
    assert office.row(Installation, 1).tenant == account
    assert ("account replaced", "olga") in acts(office)


def test_personal_settings_are_those_of_their_owner(program: ApiClient, office: Visitor) -> None:
    enable(program, office)
    with office.app.app_context(), transaction() as session:
        session.get_one(Installation, 1).owner = "somebody"
    arne = ApiClient.of(office.app, "arne")
    sentence = "The app belongs to somebody: only somebody or an owner of the hub may change it."
    for method, body in (("PUT", {}), ("DELETE", None)):
        refused = arne.call(method, APP, body)
        assert (refused.status_code, refused.get_json()["detail"]) == (403, sentence)
    assert office.row(Installation, 1).enabled


def test_the_calls_of_the_page_about_the_api_work(program: ApiClient, office: Visitor) -> None:
    calls = documented_calls()["Enable and pause apps"]
    assert [call.method for call in calls] == ["PUT", "PATCH", "PATCH", "DELETE"]
    example = calls[0].body["settings"]
    calls[0].body["settings"] = {
        name: settings_of(office).get(name, example[name]) for name in example
    }
    states = []
    for call in calls:
        answer = program.call(call.method, call.path, call.body)
        assert answer.status_code == 200, (call.path, answer.text)
        row = program.read(INSTALLATION)
        states.append((row["mode"], row["enabled"]))
    assert states == [("review", True), ("paused", True), ("review", True), ("review", False)]
