"""Permissions of every route for every role and for visitors."""

import datetime as dt
import re
from collections.abc import Callable, Iterable
from typing import Any
from urllib.parse import unquote

import pytest
from flask import Flask

from hub.models import AuditEntry, User
from hub.security import rights, subjects
from hub.testing.clock import FakeClock
from hub.web.authentication import access
from tests.support.pages.access_matrix import (
    API,
    ARGUMENTS,
    FILLED,
    SMALL_FORM,
    Cell,
    cells_of,
    declared_rights,
    hollow_views,
    methods_of,
)
from tests.support.pages.page_visitor import Visitor
from tests.support.rows.page_rows import PASSWORD
from tests.support.rows.rights_rows import ANYONE, TwoCompanies
from tests.support.runs.tiers import by_form

REFUSALS = (403, 404)
UNSAFE = ("POST", "PUT", "PATCH", "DELETE")
DOCUMENT_ROUTES = (
    "api_document_acts.check",
    "api_document_acts.plan_removal",
    "api_document_acts.post_again",
    "api_document_acts.remove",
    "api_documents.one",
    "document_acts.check",
    "document_acts.post_again",
    "documents.one",
    "files.frame",
    "files.show",
)


def _routes(app: Flask) -> list[tuple[str, str, str]]:
    """Return every route as (method, address, endpoint), its variables filled in."""
    routes = []
    for rule in app.url_map.iter_rules():
        values = {name: FILLED.get(name, 1) for name in rule.arguments}
        with app.test_request_context():
            _, address = rule.build(values) or ("", "")
        for method in methods_of(rule):
            routes.append((method, address, rule.endpoint))
    return routes


def test_every_route_is_in_the_table_and_declares_what_the_table_says(visitor: Visitor) -> None:
    app, wrong = visitor.app, []
    table = declared_rights()
    for rule in app.url_map.iter_rules():
        role, about = table.get(rule.endpoint, ("", ""))
        if access.find_required_role(app, rule.endpoint) != role:
            wrong.append((rule.endpoint, "role"))
        if role == "anyone":
            continue
        has_ids = bool(ARGUMENTS.get(about))
        of = "" if has_ids or about == "hub" else about
        if access.subject_of_endpoint(app, rule.endpoint) != of or rule.arguments != ARGUMENTS.get(
            about
        ):
            wrong.append((rule.endpoint, "subject"))
    assert wrong == []
    assert set(table) == {rule.endpoint for rule in app.url_map.iter_rules()}


def test_an_undeclared_route_is_refused(visitor: Visitor) -> None:
    visitor.app.view_functions["home.show"].needs = None  # type: ignore[attr-defined]
    try:
        visitor.log_in("olga")
        assert visitor.get("/").status_code == 403
    finally:
        visitor.app.view_functions["home.show"].needs = "viewer"  # type: ignore[attr-defined]


def _one_of_each_kind(cells: list[Cell]) -> list[Cell]:
    """Return each route once for each person and status, and every row for one route of its kind.

    What ids belong to is found by the arguments of a route alone.
    """
    chosen = {}
    resolved = dict[frozenset[str], str]()
    for cell in cells:
        route = resolved.setdefault(frozenset(cell.row.values), cell.endpoint)
        kind: tuple[Any, ...] = (cell.person, cell.method, cell.endpoint, cell.expected)
        if cell.endpoint == route:
            kind += (repr(cell.row),)
        chosen.setdefault(kind, cell)
    return list(chosen.values())


def _wrong_cells(two_companies: TwoCompanies, cells: Iterable[Cell]) -> list[tuple[Cell, int]]:
    """Make every request; return those whose status differs from the table.

    The first refusal of each status that a person must get is a page. The others are text, as htmx
    gets them, because the navigation of these pages took most of the time.
    """
    addresses = two_companies.app.url_map.bind("localhost")
    wrong = []
    pages = set[tuple[str, int]]()
    for cell in cells:
        visitor = two_companies.visitor(cell.person)
        values = {**FILLED, **cell.row.values}
        address = addresses.build(cell.endpoint, values, method=cell.method, append_unknown=False)
        headers = {}
        if cell.expected in REFUSALS and (cell.person, cell.expected) in pages:
            headers["HX-Request"] = "true"
        pages.add((cell.person, cell.expected))
        if cell.endpoint.startswith(API) and cell.person != ANYONE:
            headers["Authorization"] = f"Bearer {two_companies.token(cell.person)}"
        answer = visitor.client.open(address, method=cell.method, headers=headers)
        if answer.status_code != cell.expected:
            wrong.append((cell, answer.status_code))
    return wrong


def _enter(two_companies: TwoCompanies, people: Iterable[str]) -> None:
    """Log everybody in, and let every view answer at once, so that only the guard decides."""
    for person in people:
        two_companies.visitor(person)
    hollow_views(two_companies.app)


@pytest.mark.proof
def test_each_person_reaches_what_their_rights_allow_and_nothing_else(
    two_companies: TwoCompanies, figure: Callable[[str, float, float], None]
) -> None:
    everybody = tuple(two_companies.rows.people)
    people = by_form(SMALL_FORM, (*everybody[::6], "mixed"), everybody)
    _enter(two_companies, people)
    cells = cells_of(two_companies.app, two_companies.rows, people)
    some = _one_of_each_kind(cells)
    cells = by_form(some, some, cells)
    assert {cell.expected for cell in cells} == {200, 403, 404}
    assert _wrong_cells(two_companies, cells) == []
    figure("cells of the matrix of rights, none of them wrong", len(cells), 309)


def test_nobody_reaches_a_route_without_logging_in(two_companies: TwoCompanies) -> None:
    hollow_views(two_companies.app)
    cells = {
        (cell.endpoint, cell.method): cell
        for cell in cells_of(two_companies.app, two_companies.rows, [ANYONE])
    }
    assert {cell.expected for cell in cells.values()} == {302, 401}
    assert _wrong_cells(two_companies, cells.values()) == []


def test_the_matrix_finds_a_route_whose_ids_lead_to_no_company(
    two_companies: TwoCompanies, monkeypatch: pytest.MonkeyPatch
) -> None:
    remaining = dict(subjects.RESOLVERS)
    del remaining[frozenset({"document_id"})]
    monkeypatch.setattr(subjects, "RESOLVERS", remaining)
    wrong = _wrong_cells(
        two_companies, _cells_of_documents(two_companies, "owner/every company/every app")
    )
    assert {cell.endpoint for cell, _ in wrong} == set(DOCUMENT_ROUTES)
    assert {status for _, status in wrong} == {403}


def test_the_matrix_finds_a_guard_that_ignores_the_company(
    two_companies: TwoCompanies, monkeypatch: pytest.MonkeyPatch
) -> None:
    anything = subjects.Target(rights.WHOLE_HUB, is_shared=True)
    unchecked = {frozenset({"document_id"}): (lambda session, arguments: anything,)}
    monkeypatch.setattr(subjects, "RESOLVERS", {**subjects.RESOLVERS, **unchecked})
    wrong = _wrong_cells(
        two_companies, _cells_of_documents(two_companies, "viewer/Alfaborg/costtracker")
    )
    assert ("documents.one", 404, 200) in [
        (cell.endpoint, cell.expected, status) for cell, status in wrong
    ]


def _cells_of_documents(two_companies: TwoCompanies, person: str) -> list[Cell]:
    """Return the requests of a person about documents."""
    _enter(two_companies, [person])
    cells = cells_of(two_companies.app, two_companies.rows, [person])
    return [cell for cell in cells if cell.endpoint in DOCUMENT_ROUTES]


def test_every_unsafe_route_wants_the_token_of_the_session(visitor: Visitor) -> None:
    visitor.log_in("olga")
    free = []
    for method, address, endpoint in _routes(visitor.app):
        # A call of the JSON API is not authorized by the cookie at all.
        refusal = 401 if endpoint.startswith(API) else 400
        if method in UNSAFE and visitor.client.open(address, method=method).status_code != refusal:
            free.append(endpoint)
    assert set(free) == {"webhooks.source", "webhooks.quickbooks"}


def test_a_wrong_password_and_an_unknown_name_read_the_same(visitor: Visitor) -> None:
    messages = [
        _sentence(visitor.log_in(name, "wrong password").text) for name in ("olga", "nobody")
    ]
    assert messages[0] == messages[1] != ""


def _sentence(page: str) -> str:
    match = re.search(r'id="wrong"><p>([^<]+)', page)
    return match[1] if match else ""


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
    answer = visitor.post("/people/add", name="ny@example.com", password="short", role="viewer")
    assert (answer.status_code, "at least 12 characters" in answer.text) == (400, True)


@pytest.mark.parametrize("is_in_form", [False, True])
@pytest.mark.parametrize(
    "place",
    ["https://evil.example/", "//evil.example/", "/\\evil.example", "\t//evil.example", "https:e"],
)
def test_log_in_never_leads_to_a_foreign_address(
    visitor: Visitor, place: str, is_in_form: bool
) -> None:
    fresh = Visitor(visitor.app, visitor.story)
    page = fresh.client.get("/login", query_string={"next": place}).text
    token = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', page)
    assert token
    sent = {"email": "olga", "password": PASSWORD, "csrf_token": token[1]}
    if is_in_form:
        sent["next"] = place
    answer = fresh.client.post("/login", query_string={"next": place}, data=sent)
    assert answer.status_code == 302, "the password was right"
    assert re.match(r"/(?![/\\])", answer.location)


@pytest.mark.parametrize(("letters", "query"), [(1_900, "?q=" + "x" * 1_900), (3_000, "")])
def test_log_in_leads_back_to_an_address_that_fits_into_a_header(
    visitor: Visitor, letters: int, query: str
) -> None:
    stranger = Visitor(visitor.app, visitor.story)
    answer = stranger.client.get("/documents?q=" + "x" * letters)
    assert answer.status_code == 302
    assert unquote(answer.location) == f"/login?next=/documents{query}"


def test_changes_of_people_by_an_owner_are_in_the_audit_log(visitor: Visitor) -> None:
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
    matches = re.findall(r"matched to</span> ([^<]+)</td>", visitor.page("/audit/?q=matched"))
    assert matches == ["v1", "no record", "a new record"]


def test_the_session_of_a_log_in_does_not_outlast_thirty_idle_minutes(visitor: Visitor) -> None:
    assert visitor.app.permanent_session_lifetime == dt.timedelta(minutes=30)


def _id(visitor: Visitor, name: str) -> int:
    from hub.db import engine

    with visitor.app.app_context(), engine.read_only_session() as session:
        return int(session.query(User).filter_by(username=name).one().id)
