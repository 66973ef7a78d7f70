"""API tokens: created on a page and by a command, limited by scopes and rights, and revoked."""

import datetime as dt
import re

import pytest
from click.testing import CliRunner
from sqlalchemy import select

from hub.cli import main
from hub.db.engine import read_only_session, transaction
from hub.models import ApiToken
from hub.security import api_tokens, people, rights
from hub.testing.clock import FakeClock
from tests.support.pages.api_client import PREFIX, ApiClient
from tests.support.pages.page_visitor import Visitor
from tests.support.rows.rights_rows import TwoCompanies

PAGE = "/account/tokens/"
NEW_TOKEN = re.compile(r'<p class="mono">(hub_[\w-]+)</p>')


def created(visitor: Visitor, **form: object) -> str:
    """Create a token on the page and return it."""
    page = visitor.press(PAGE, **{"name": "Nightly", "scope": ["read"], "days": "90", **form})
    match = NEW_TOKEN.search(page)
    assert match, page
    return match[1]


def test_a_person_creates_a_token_which_is_shown_once(visitor: Visitor) -> None:
    visitor.log_in("oda")
    token = created(visitor)
    program = ApiClient(visitor.app, token)
    assert len(program.read("/companies/")["data"]) == 1
    page = visitor.page(PAGE)
    assert token not in page
    assert token[-4:] in page
    with visitor.app.app_context(), read_only_session() as session:
        stored = session.scalars(select(ApiToken)).one()
    assert token not in (stored.key, stored.name, stored.hint)
    assert stored.used_at is not None
    (entry,) = visitor.audit_entries("token created")
    assert (entry.who, entry.subject) == ("oda", "oda: Nightly")
    assert token not in str(entry.detail)


def test_what_a_token_may_do_is_listed_in_the_language_of_the_reader(visitor: Visitor) -> None:
    visitor.log_in("oda")
    created(visitor, scope=["read", "operate"])
    assert re.search(r'data-label="It may">\s*<div[^>]*>read</div>', visitor.page(PAGE))
    page = visitor.get(PAGE, headers={"Accept-Language": "nb"}).text
    assert re.findall(r'<div class="text-nowrap">(\w+)</div>', page) == ["lese", "behandle"]


@pytest.mark.parametrize(
    ("form", "sentence"),
    [
        ({"name": " "}, "Give the token a name"),
        ({"name": "x" * 61}, "Give the token a name"),
        ({"scope": []}, "Choose what the token may do"),
        ({"scope": ["everything"]}, "Choose what the token may do"),
        ({"days": "0"}, "A token is valid for 1 to 366 days."),
        ({"days": "367"}, "A token is valid for 1 to 366 days."),
    ],
)
def test_a_token_that_cannot_be_is_refused_with_the_reason(
    visitor: Visitor, form: dict[str, object], sentence: str
) -> None:
    visitor.log_in("oda")
    answer = visitor.post(PAGE, **{"name": "Nightly", "scope": ["read"], "days": "90", **form})
    assert answer.status_code == 400
    assert sentence in answer.text


def test_a_refused_token_keeps_the_duration_that_was_chosen(visitor: Visitor) -> None:
    visitor.log_in("oda")
    answer = visitor.post(PAGE, name="", scope=["read"], days="30")
    assert '<option value="30" selected>' in answer.text


def test_two_tokens_of_a_person_have_different_names(visitor: Visitor) -> None:
    visitor.log_in("oda")
    created(visitor)
    answer = visitor.post(PAGE, name="Nightly", scope=["read"], days="90")
    assert "There is already a token called “Nightly”" in answer.text


def test_a_person_revokes_their_own_token_only(visitor: Visitor) -> None:
    own = ApiClient.of(visitor.app, "oda")
    of_other = ApiClient.of(visitor.app, "vera")
    visitor.log_in("oda")
    with visitor.app.app_context(), read_only_session() as session:
        ids = [token.id for token in api_tokens.list_valid(session)]
    for token_id in ids:
        visitor.press(f"{PAGE}revoke", token_id=token_id)
    assert own.call("GET", "/companies/").status_code == 401
    assert of_other.call("GET", "/companies/").status_code == 200


def test_an_owner_revokes_the_token_of_another_person(visitor: Visitor) -> None:
    program = ApiClient.of(visitor.app, "oda")
    with visitor.app.app_context(), read_only_session() as session:
        (token,) = api_tokens.list_valid(session)
    visitor.log_in("olga")
    address = f"/people/{token.user_id}/sessions/"
    assert "of oda" in visitor.page(address)
    page = visitor.press(f"{address}revoke-token", token_id=token.id)
    assert "is revoked" in page
    assert program.call("GET", "/companies/").status_code == 401
    (entry,) = visitor.audit_entries("token revoked")
    assert entry.who == "olga"


def test_an_owner_who_acts_on_an_account_is_told_about_its_tokens_and_revokes_all(
    visitor: Visitor,
) -> None:
    program = ApiClient.of(visitor.app, "oda")
    with visitor.app.app_context(), read_only_session() as session:
        (token,) = api_tokens.list_valid(session)
    visitor.log_in("olga")
    page = visitor.press(f"/people/{token.user_id}/reset")
    assert "1 API token of oda stays valid with a new password." in page
    address = f"/people/{token.user_id}/sessions/"
    visitor.press(f"{address}end-all")
    assert program.call("GET", "/companies/").status_code == 200
    assert "A token stays valid when the sessions of oda end" in visitor.page(address)
    assert "1 API token is revoked." in visitor.press(f"{address}revoke-tokens")
    assert program.call("GET", "/companies/").status_code == 401
    assert "There is no API token." in visitor.press(f"{address}revoke-tokens")
    assert "stays valid with" not in visitor.press(f"/people/{token.user_id}/reset")
    (entry,) = visitor.audit_entries("tokens revoked")
    assert (entry.who, entry.subject, entry.detail["count"]) == ("olga", "oda", 1)


def test_a_person_revokes_all_of_their_own_tokens(visitor: Visitor) -> None:
    programs = [ApiClient.of(visitor.app, name) for name in ("oda", "vera")]
    visitor.log_in("oda")
    created(visitor)
    assert "2 API tokens are revoked." in visitor.press(f"{PAGE}revoke-all")
    statuses = [program.call("GET", "/companies/").status_code for program in programs]
    assert statuses == [401, 200]


def test_a_token_follows_the_rights_and_outlasts_the_password_of_its_person(
    visitor: Visitor,
) -> None:
    program = ApiClient.of(visitor.app, "oda", "operate", "read")
    start = "/companies/1/reconciliations/"
    assert program.call("POST", start, {}).status_code == 202
    with visitor.app.app_context(), transaction() as session:
        oda = people.get(session, "oda")
        people.set_password(session, oda, people.hash_new("a lighthouse keeper's umbrella"))
        rights.assign(session, oda, "viewer")
    assert program.call("GET", "/companies/").status_code == 200
    assert program.call("POST", start, {}).status_code == 403
    with visitor.app.app_context(), transaction() as session:
        people.get(session, "oda").assignments = []
    assert program.call("GET", "/documents/").status_code == 403


def test_a_token_expires(visitor: Visitor, clock: FakeClock) -> None:
    program = ApiClient.of(visitor.app, "oda", days=30)
    clock.advance(dt.timedelta(days=30, seconds=-1).total_seconds())
    assert program.call("GET", "/companies/").status_code == 200
    clock.advance(1)
    assert program.call("GET", "/companies/").status_code == 401


def test_the_token_of_a_disabled_person_is_worth_nothing_any_more(visitor: Visitor) -> None:
    program = ApiClient.of(visitor.app, "vera")
    with visitor.app.app_context(), read_only_session() as session:
        (token,) = api_tokens.list_valid(session)
    visitor.log_in("olga")
    visitor.press(f"/people/{token.user_id}/active", active="")
    assert program.call("GET", "/companies/").status_code == 401
    visitor.press(f"/people/{token.user_id}/active", active="1")
    answer = program.call("GET", "/companies/")
    assert answer.status_code == 401
    assert answer.json["detail"].startswith("The API token is not valid")


def test_a_call_needs_a_token_and_a_cookie_does_not_replace_it(visitor: Visitor) -> None:
    visitor.log_in("olga")
    answer = visitor.get("/api/v1/companies/")
    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"].startswith("Bearer")
    for header in ("Bearer hub_wrong", "Bearer \xe6", "Basic b2xnYTp4", "Bearer"):
        answer = visitor.get("/api/v1/companies/", headers={"Authorization": header})
        assert answer.status_code == 401, header
    assert visitor.audit_entries("token refused")


@pytest.mark.parametrize(
    ("scope", "method", "path", "status"),
    [
        ("read", "GET", "/documents/", 200),
        ("read", "POST", "/installations/1/runs/", 403),
        ("operate", "POST", "/installations/1/runs/", 202),
        ("operate", "GET", "/documents/", 403),
        ("operate", "PATCH", "/installations/1/settings", 403),
        ("operate", "POST", "/installations/1/approvals/", 403),
        ("approve", "POST", "/installations/1/approvals/", 422),
        ("approve", "GET", "/installations/1/approvals/", 403),
        ("approve", "PATCH", "/installations/1/settings", 403),
        # Allowed, but the app of this story has no secret yet.
        ("configure", "PATCH", "/installations/1/settings", 422),
    ],
)
def test_a_scope_opens_its_own_part_only(
    visitor: Visitor, scope: str, method: str, path: str, status: int
) -> None:
    program = ApiClient.of(visitor.app, "olga", scope)
    json = {"settings": {}, "mode": "review"} if method == "PATCH" else None
    answer = program.call(method, path, json)
    assert answer.status_code == status, answer.text
    if status == 403:
        assert "lacks the scope" in answer.json["detail"]


@pytest.mark.parametrize(
    ("method", "path", "right"),
    [
        ("POST", "/installations/1/runs/", "operator of CostTracker in Nordvik Bygg AS"),
        ("POST", "/companies/1/reconciliations/", "operator of every app in Nordvik Bygg AS"),
        ("PUT", "/companies/1/apps/costtracker", "app-owner of CostTracker in Nordvik Bygg AS"),
    ],
)
def test_a_refusal_names_the_role_that_a_call_takes_and_for_what(
    visitor: Visitor, method: str, path: str, right: str
) -> None:
    answer = ApiClient.of(visitor.app, "vera").call(method, path, {} if method == "PUT" else None)
    sentence = f"This takes the role {right}, which the person of the API token does not have."
    assert (answer.status_code, answer.json["detail"]) == (403, sentence)


def test_a_list_of_a_person_without_any_right_is_refused_with_its_role(visitor: Visitor) -> None:
    with visitor.app.app_context(), transaction() as session:
        people.get(session, "vera").assignments = []
    answer = ApiClient.of(visitor.app, "vera").call("GET", "/documents/")
    assert answer.status_code == 403
    assert "the role viewer of some app" in answer.json["detail"]


def test_the_audit_log_names_the_token_of_an_act(visitor: Visitor) -> None:
    program = ApiClient.of(visitor.app, "oda")
    case = visitor.story.cases["match"]
    assert program.call("POST", f"/cases/{case}/notes", {"text": "Asked Aas."}).status_code == 200
    (entry,) = visitor.audit_entries("case note added")
    assert (entry.who, entry.detail["token"]) == ("oda", "of oda read operate approve configure")


def test_a_token_that_approves_is_created_on_the_page_alone(visitor: Visitor) -> None:
    arguments = ["tokens", "create", "oda", "--name", "approver", "--scope", "approve"]
    result = CliRunner().invoke(main, arguments, obj=visitor.app)
    assert (result.exit_code, "'approve' is not one of" in result.output) == (2, True)
    visitor.log_in("oda")
    program = ApiClient(visitor.app, created(visitor, scope=["approve"]))
    address = f"/installations/{visitor.story.installation}/approvals/"
    body = {"postings": [{"posting_id": 999999, "version": "0" * 16}]}
    assert program.call("POST", address, body).status_code == 200


def test_commands_create_list_and_revoke_tokens(visitor: Visitor) -> None:
    runner = CliRunner()

    def run(*arguments: str) -> str:
        result = runner.invoke(main, ["tokens", *arguments], obj=visitor.app)
        assert result.exit_code == 0, result.output
        return result.output.strip()

    token = run("create", "vera", "--name", "report", "--scope", "read", "--days", "7")
    program = ApiClient(visitor.app, token)
    assert program.call("GET", "/companies/").status_code == 200
    listed = run("list")
    assert "report" in listed
    assert token not in listed
    with visitor.app.app_context(), read_only_session() as session:
        (stored,) = api_tokens.list_valid(session)
    assert "is revoked" in run("revoke", str(stored.id))
    assert program.call("GET", "/companies/").status_code == 401
    assert run("list").startswith("None;")


def test_a_company_that_was_chosen_in_the_browser_narrows_no_call(
    two_companies: TwoCompanies,
) -> None:
    name = "owner/every company/every app"
    visitor = two_companies.visitor(name)
    headers = {"Authorization": f"Bearer {two_companies.token(name)}"}
    company_ids = set(two_companies.rows.companies.values())
    visitor.post("/companies/choose", company=min(company_ids))
    for path in ("/cases/", "/documents/", "/installations/"):
        answer = visitor.client.get(f"{PREFIX}{path}", headers=headers)
        listed = {row["company_id"] for row in answer.json["data"]}
        assert listed >= company_ids, path
