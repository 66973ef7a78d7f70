"""Permissions of every route for every role and for visitors."""

import datetime as dt
import re
from typing import Any

import pytest
from flask import Flask

from hub.models import AuditEntry, User
from hub.testing.clock import FakeClock
from hub.web import access
from tests.support.page_rows import PASSWORD, PEOPLE
from tests.support.page_visitor import Visitor

BY_ROLE = {role: name for name, role in PEOPLE.items()}
ROLE = {"role": "operator"}
ROUTES = {
    "anyone": """
        bootstrap.static frame.favicon frame.htmx frame.static intuit.disconnected intuit.privacy
        intuit.support security.login security.static setup.owner static
        webhooks.quickbooks webhooks.source
    """,
    "viewer": """
        companies.index comparing.export confirmation.check confirmation.show comparing.mail comparing.show
        documents.index documents.one documents.posting home.chart home.show inbox.one inbox.show
        installation.show intuit.launch intuit.reconnect marketplace.ask marketplace.one marketplace.openapi
        marketplace.show
        matching.export matching.one matching.show
        plugins.index earlier.show review.show runs.index runs.one runs.progress security.change_password security.logout
        settings.show
    """,
    "operator": """
        companies.check companies.lists companies.prove comparing.copy documents.check documents.post_again inbox.adopt
        inbox.close inbox.leave inbox.match inbox.not_this inbox.retry inbox.retry_one
        inbox.skip installation.lists installation.run matching.apply matching.decide review.approve
        review.confirm
        undoing.posting undoing.run undoing.undo_posting undoing.undo_run
    """,
    "app-owner": """
        earlier.confirm earlier.include matching.take review.automatic settings.change settings.disable settings.enable
        settings.hand_over settings.new
    """,
    "owner": """
        audit.index audit.verify companies.callback companies.connect companies.disconnect companies.reconnect
        companies.remove companies.send_by mail_server.show mail_server.store
        mail_server.test marketplace.grant people.change_active people.change_role people.create
        people.index setup.intuit setup.store_contact setup.store_intuit
    """,
}
UNSAFE = ("POST", "PUT", "PATCH", "DELETE")
FILLED = {"slug": "costtracker", "filename": "hub.css"}


def _routes(app: Flask) -> list[tuple[str, str, str]]:
    """Every route as (method, address, endpoint), its variables filled in."""
    found = []
    for rule in app.url_map.iter_rules():
        values = {name: FILLED.get(name, 1) for name in rule.arguments}
        with app.test_request_context():
            _, address = rule.build(values) or ("", "")
        for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"}):
            found.append((method, address, rule.endpoint))
    return found


def test_every_route_is_known_here_and_asks_for_the_role_that_it_should(visitor: Visitor) -> None:
    meant = {endpoint: role for role, endpoints in ROUTES.items() for endpoint in endpoints.split()}
    said = {
        endpoint: access.required(visitor.app, endpoint) for _, _, endpoint in _routes(visitor.app)
    }
    assert said == meant


def test_an_undeclared_route_is_refused(visitor: Visitor) -> None:
    visitor.app.view_functions["home.show"].needs = None  # type: ignore[attr-defined]
    try:
        visitor.log_in("olga")
        assert visitor.get("/").status_code == 403
    finally:
        visitor.app.view_functions["home.show"].needs = "viewer"  # type: ignore[attr-defined]


@pytest.mark.parametrize("role", ["", *access.ROLES])
def test_each_role_reaches_what_its_routes_ask_for_and_nothing_above(
    visitor: Visitor, role: str
) -> None:
    if role:
        visitor.log_in(BY_ROLE[role])
    app = visitor.app
    least = {endpoint: access.required(app, endpoint) or "" for _, _, endpoint in _routes(app)}
    _hollow(app)
    wrong = []
    for method, address, endpoint in _routes(app):
        expected = _expected(role, least[endpoint])
        status = visitor.client.open(address, method=method).status_code
        if status != expected:
            wrong.append((method, address, least[endpoint], status))
    assert wrong == []


def _expected(role: str, least: str) -> int:
    if least == "anyone":
        return 200
    if not role:
        return 302
    return 200 if access.ROLES.index(role) >= access.ROLES.index(least) else 403


def _hollow(app: Flask) -> None:
    """Every view answers at once, so that only the guard speaks; what each asks for stays."""
    app.config["WTF_CSRF_ENABLED"] = False
    for endpoint, view in list(app.view_functions.items()):

        def answer(**values: Any) -> str:
            return "let in"

        answer.needs = getattr(view, "needs", None)  # type: ignore[attr-defined]
        app.view_functions[endpoint] = answer


def test_every_unsafe_route_wants_the_token_of_the_session(visitor: Visitor) -> None:
    visitor.log_in("olga")
    free = []
    for method, address, endpoint in _routes(visitor.app):
        if method in UNSAFE and visitor.client.open(address, method=method).status_code != 400:
            free.append(endpoint)
    assert set(free) == {"webhooks.source", "webhooks.quickbooks"}


def test_a_wrong_password_and_an_unknown_name_read_the_same(visitor: Visitor) -> None:
    said = [_sentence(visitor.log_in(name, "wrong password").text) for name in ("olga", "nobody")]
    assert said[0] == said[1] != ""


def _sentence(page: str) -> str:
    found = re.search(r'id="wrong"><p>([^<]+)', page)
    return found[1] if found else ""


def test_a_session_ends_after_twelve_hours(visitor: Visitor, clock: FakeClock) -> None:
    visitor.log_in("olga")
    assert visitor.get("/").status_code == 200
    clock.advance(12 * 3600 + 1)
    assert visitor.get("/").status_code == 302


def test_disabling_a_person_ends_their_session(visitor: Visitor) -> None:
    visitor.log_in("vera")
    other = Visitor(visitor.app, visitor.story)
    other.log_in("olga")
    other.press(f"/people/{_id(other, 'vera')}/active", active="")
    assert visitor.get("/").status_code == 302


def test_the_last_owner_cannot_be_demoted_or_disabled(visitor: Visitor) -> None:
    visitor.log_in("olga")
    answer = visitor.post(f"/people/{_id(visitor, 'olga')}/role", role="viewer")
    assert answer.status_code == 400
    assert "only owner" in answer.text
    assert visitor.post(f"/people/{_id(visitor, 'olga')}/active", active="").status_code == 400


def test_an_added_person_can_log_in_by_any_spelling_of_the_name(visitor: Visitor) -> None:
    visitor.log_in("olga")
    page = visitor.press("/people/add", name="Ny@example.com", password=PASSWORD, role="operator")
    assert "may now log in as operator" in page
    new = Visitor(visitor.app, visitor.story)
    assert new.log_in("ny@EXAMPLE.com").status_code == 302


def test_a_short_password_is_refused_with_the_reason(visitor: Visitor) -> None:
    visitor.log_in("olga")
    answer = visitor.post("/people/add", name="ny", password="short", role="viewer")
    assert (answer.status_code, "at least 12 characters" in answer.text) == (400, True)


def test_log_in_never_leads_to_a_foreign_address(visitor: Visitor) -> None:
    for place in ("https://evil.example/", "//evil.example/", "/\\evil.example"):
        fresh = Visitor(visitor.app, visitor.story)
        form = fresh.client.get("/login").text
        token = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', form)
        assert token
        sent: dict[str, Any] = {"email": "olga", "password": PASSWORD, "csrf_token": token[1]}
        answer = fresh.client.post("/login", query_string={"next": place}, data=sent)
        assert re.match(r"/(?![/\\])", answer.location or "/")


def test_what_an_owner_does_with_people_is_in_the_audit_log(visitor: Visitor) -> None:
    visitor.log_in("olga")
    visitor.press(f"/people/{_id(visitor, 'vera')}/role", role="operator")
    entry = visitor.row(AuditEntry, 2)  # the first is about the log-in
    assert (entry.who, entry.what, entry.subject, entry.detail) == (
        "olga",
        "role changed",
        "vera",
        {"role": "operator", "address": "127.0.0.1"},
    )


def test_the_audit_log_says_what_a_code_became_in_words(visitor: Visitor) -> None:
    from hub.db import engine
    from hub.security import audit

    with visitor.app.app_context(), engine.transaction() as session:
        for record in ("+", "", "v1"):
            audit.record(session, "oda", "code matched", "supplier s1", record=record)
    visitor.log_in("olga")
    told = re.findall(r"record</span> ([^<]+)</td>", visitor.page("/audit/?q=matched"))
    assert told == ["v1", "left out", "made new"]


def test_the_session_of_a_log_in_does_not_outlast_thirty_idle_minutes(visitor: Visitor) -> None:
    assert visitor.app.permanent_session_lifetime == dt.timedelta(minutes=30)


def _id(visitor: Visitor, name: str) -> int:
    from hub.db import engine

    with visitor.app.app_context(), engine.reading() as session:
        return int(session.query(User).filter_by(username=name).one().id)
