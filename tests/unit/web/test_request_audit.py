"""Entries of the audit log about requests: log-ins, refusals, exports, and their limits."""

import re

import pytest
from sqlalchemy import func, select

from hub.db import engine
from hub.errors import DatabaseUnavailable, HostNotAllowed
from hub.models import AuditEntry, Installation
from hub.security import audit, refusals
from hub.sources.site import build_site
from tests.support.pages.page_visitor import Visitor
from tests.support.rows.page_rows import PASSWORD, PEOPLE
from tests.support.rows.rights_rows import APPS, COMPANIES, TwoCompanies

BY_ROLE = {role: name for name, role in PEOPLE.items()}


@pytest.fixture
def nobody(visitor: Visitor) -> Visitor:
    """Provide a browser that is not logged in."""
    return visitor


@pytest.fixture
def operator(visitor: Visitor) -> Visitor:
    visitor.log_in(BY_ROLE["operator"])
    return visitor


@pytest.fixture
def owner(visitor: Visitor) -> Visitor:
    visitor.log_in(BY_ROLE["owner"])
    return visitor


def entries(visitor, what):
    with visitor.app.app_context(), engine.read_only_session() as session:
        query = select(AuditEntry).where(AuditEntry.what == what).order_by(AuditEntry.id)
        return list(session.scalars(query))


def count(visitor, what):
    with visitor.app.app_context(), engine.read_only_session() as session:
        query = select(func.count(AuditEntry.id)).where(AuditEntry.what == what)
        return session.scalar(query)


def test_log_in_and_log_out_are_recorded_with_the_address(nobody):
    name = BY_ROLE["viewer"]
    assert nobody.log_in(name).status_code == 302
    nobody.page("/")
    entry = entries(nobody, "logged in")[-1]
    assert (entry.who, entry.subject) == (name, name)
    assert entry.detail == {"via": ["password"], "address": "127.0.0.1"}
    nobody.post("/logout")
    assert entries(nobody, "logged out")[-1].who == name


def test_a_wrong_password_is_recorded_without_what_was_typed(nobody):
    nobody.log_in(BY_ROLE["viewer"], "a-wrong-password")
    nobody.log_in("hunter2-typed-as-the-name", "x-of-somebody")
    existing, unknown = entries(nobody, "log-in failed")
    assert (existing.who, existing.detail["by"]) == (BY_ROLE["viewer"], "password")
    assert (unknown.who, unknown.subject) == ("nobody", "unknown name")
    with nobody.app.app_context(), engine.read_only_session() as session:
        texts = [
            f"{entry.who} {entry.subject} {entry.detail}"
            for entry in session.scalars(select(AuditEntry))
        ]
    for text in texts:
        assert not any(typed in text for typed in ("hunter2", "a-wrong-password", "x-of-somebody"))


def test_a_log_in_that_cannot_be_recorded_fails(nobody, monkeypatch):
    def fail(*_, **__):
        raise DatabaseUnavailable("sqlite:///hub.db", "it is locked")

    monkeypatch.setattr(audit, "record", fail)
    assert nobody.log_in(BY_ROLE["viewer"]).status_code >= 500
    monkeypatch.undo()
    assert "/login" in nobody.get("/inbox/").location


def test_a_download_that_cannot_be_recorded_is_not_sent(operator, monkeypatch):
    def fail(*_, **__):
        raise DatabaseUnavailable("sqlite:///hub.db", "it is locked")

    monkeypatch.setattr(audit, "record", fail)
    answer = operator.get("/documents/export?format=json")
    assert (answer.status_code, answer.mimetype) == (503, "text/html")
    assert "The database cannot be used now." in answer.text
    assert "Content-Disposition" not in answer.headers
    answer = operator.get("/documents/export", headers={"Accept-Language": "nb"})
    assert "Databasen kan ikke brukes nå." in answer.text
    monkeypatch.undo()
    assert operator.get("/documents/export?format=json").status_code == 200


def test_a_flood_of_refusals_fills_no_table(operator, clock):
    operator.get("/people/")
    before = count(operator, "request refused")
    for number in range(60):
        operator.get("/people/")
        operator.get("/audit/")
        operator.post(f"/people/{number}/role", role="owner")
    recorded = count(operator, "request refused")
    assert before <= recorded <= refusals.MAX_ENTRIES
    clock.advance(11 * 60)
    operator.get("/")
    assert count(operator, "request refused") == recorded + 1
    last = entries(operator, "request refused")[-1]
    assert last.subject == "further ones in ten minutes"
    assert last.detail["count"] == 181 - recorded


def test_a_page_beyond_the_role_is_recorded_with_its_address(operator):
    operator.get("/people/?q=secret")
    entry = entries(operator, "request refused")[-1]
    assert (entry.who, entry.subject) == (BY_ROLE["operator"], "GET /people/")


OF_ONE_APP = f"operator/{COMPANIES[0]}/{APPS[0]}"


def foreign_pages(two_companies: TwoCompanies) -> list[str]:
    """Return addresses of the other company and of the other app of the same company."""
    company, app = COMPANIES[1], APPS[1]
    foreign = two_companies.rows.arguments_of("document", company, APPS[0])["document_id"]
    other_app = two_companies.rows.arguments_of("installation", COMPANIES[0], app)[
        "installation_id"
    ]
    case = two_companies.rows.arguments_of("case", company, app)["case_id"]
    return [f"/documents/{foreign}", f"/installations/{other_app}/", f"/inbox/{case}"]


def test_a_page_of_another_company_or_app_is_recorded_like_one_beyond_the_role(two_companies):
    person = two_companies.visitor(OF_ONE_APP)
    pages = foreign_pages(two_companies)
    for page in pages:
        assert person.get(f"{page}?q=secret").status_code == 404
    recorded = entries(person, "request refused")
    assert [entry.subject for entry in recorded] == [f"GET {page}" for page in pages]
    assert {entry.who for entry in recorded} == {OF_ONE_APP}
    assert recorded[0].detail == {"address": "127.0.0.1"}


def without_request_values(page: str) -> str:
    """Remove the request id and the form tokens, which contain the second of the request."""
    page = re.sub(r"request [0-9a-f]{32}", "", page)
    return re.sub(r'name="csrf_token" value="[^"]+"', "", page)


def test_an_id_of_nothing_gets_the_same_answer_and_is_not_recorded(two_companies):
    person = two_companies.visitor(OF_ONE_APP)
    page = foreign_pages(two_companies)[0]
    foreign, absent = person.get(page), person.get("/documents/999999")
    assert absent.status_code == foreign.status_code == 404
    foreign_text = without_request_values(foreign.text).replace(page, "/documents/999999")
    assert foreign_text == without_request_values(absent.text)
    assert sorted(absent.headers.keys()) == sorted(foreign.headers.keys())
    assert [entry.subject for entry in entries(person, "request refused")] == [f"GET {page}"]


def test_a_repeated_request_for_a_foreign_id_is_only_counted(two_companies):
    person = two_companies.visitor(OF_ONE_APP)
    page = foreign_pages(two_companies)[0]
    for _ in range(5):
        person.get(page)
    assert count(person, "request refused") == 1


def test_a_form_that_another_site_could_have_sent_is_recorded(operator):
    operator.client.post("/logout", data={"csrf_token": "forged"})
    (entry,) = entries(operator, "form refused")
    assert (entry.who, entry.subject) == (BY_ROLE["operator"], "POST /logout")
    assert entry.detail["address"] == "127.0.0.1"


def test_guesses_beyond_the_limit_are_recorded(nobody):
    while nobody.log_in(BY_ROLE["viewer"], "a-wrong-password").status_code != 429:
        assert not entries(nobody, "request throttled")
    (entry,) = entries(nobody, "request throttled")
    assert entry.subject == "POST /login"
    assert entry.detail["address"] == "127.0.0.1"


def test_an_app_that_calls_a_foreign_host_is_recorded(visitor):
    with visitor.app.app_context(), engine.read_only_session() as session:
        installation = session.get_one(Installation, visitor.story.installation)
        here = build_site(installation)
    with visitor.app.app_context(), pytest.raises(HostNotAllowed):
        here.http.request("GET", "https://evil.example.com/")
    (entry,) = entries(visitor, "host refused")
    assert (entry.who, entry.subject) == ("CostTracker", "evil.example.com")


def test_a_bad_signature_is_recorded_once(visitor):
    for _ in range(5):
        visitor.client.post("/webhooks/quickbooks", data=b"{}", headers={"intuit-signature": "x"})
    (entry,) = entries(visitor, "webhook refused")
    assert entry.subject == "POST /webhooks/quickbooks"


def test_a_refused_consent_and_a_foreign_state_are_recorded(owner):
    owner.get("/quickbooks/callback?state=forged&code=1&realmId=1")
    (entry,) = entries(owner, "consent not accepted")
    assert entry.who == BY_ROLE["owner"]
    assert "was not started from this browser" in entry.detail["reason"]
    owner.get("/quickbooks/callback?state=forged&error=access_denied")
    assert len(entries(owner, "consent refused")) == 1


def test_an_export_is_recorded_with_its_app_and_format(operator):
    path = f"/installations/{operator.story.installation}/matching/matches.csv"
    assert operator.get(path).status_code == 200
    entry = entries(operator, "data exported")[-1]
    assert (entry.who, entry.subject) == (BY_ROLE["operator"], "matches")
    details = {"app": "costtracker", "format": "CSV", "company": "Nordvik Bygg AS"}
    assert entry.detail == {**details, "address": "127.0.0.1"}


def test_the_filters_of_an_export_are_recorded_by_name(owner):
    installation = owner.story.installation
    query = f"state=held&q=maler&installation={installation}&from=2026-01-01&kind=&sort=-date"
    assert owner.get(f"/documents/export?format=xlsx&{query}").status_code == 200
    entry = entries(owner, "data exported")[-1]
    assert (entry.subject, entry.detail["format"]) == ("documents", "XLSX")
    assert entry.detail["filters"] == {
        "state": "held",
        "words": "maler",
        "app": "costtracker",
        "first_day": "2026-01-01",
    }


def test_the_cases_of_one_company_are_recorded_as_those_of_that_company(two_companies):
    visitor = two_companies.visitor("owner/every company/every app")
    for name, id in two_companies.rows.companies.items():
        assert visitor.get(f"/inbox/export?company={id}").status_code == 200
        entry = entries(visitor, "data exported")[-1]
        assert (entry.subject, name in entry.detail["company"]) == ("cases", True)
    assert visitor.get("/inbox/export").status_code == 200
    assert "company" not in entries(visitor, "data exported")[-1].detail


def test_a_wrong_current_password_is_recorded_without_what_was_typed(operator):
    new = "a-much-longer-password-1"
    operator.post("/password", password="canary-typed", new_password=new, new_password_confirm=new)
    (entry,) = entries(operator, "current password refused")
    assert (entry.who, entry.subject) == (BY_ROLE["operator"], BY_ROLE["operator"])
    assert "canary" not in str(entry.detail)


def test_a_changed_password_is_recorded(operator):
    page = operator.page("/password")
    new = "a-much-longer-password-1"
    assert page
    answer = operator.post(
        "/password", password=PASSWORD, new_password=new, new_password_confirm=new
    )
    assert answer.status_code == 302
    assert entries(operator, "password changed")[-1].who == BY_ROLE["operator"]
    assert count(operator, "logged in") == 1  # the session goes on
