"""Permissions of every route for every role and for visitors."""

import datetime as dt
import re
from collections.abc import Callable, Iterable
from typing import Any, NamedTuple
from urllib.parse import unquote

import pytest
from flask import Flask
from werkzeug.routing import Rule

from hub.models import AuditEntry, User
from hub.security import rights, subjects
from hub.testing.clock import FakeClock
from hub.web.api import application
from hub.web.authentication import access
from tests.support.pages.page_visitor import Visitor
from tests.support.rows.page_rows import PASSWORD
from tests.support.rows.rights_rows import ANYONE, Grant, Owner, RouteRow, RouteRows, TwoCompanies
from tests.support.runs.tiers import by_form

# The least role of each endpoint, and what its address is about. This table and `_expected` below
# say what must be; nothing of it is read from the declarations that it is compared with.
ROUTES = {
    "anyone": """
        factor.check factor.log_in factor.options factor.options_of_anyone factor.show
        bootstrap.static frame.favicon frame.htmx frame.static intuit.disconnected intuit.privacy
        intuit.support invitations.accept invitations.show password_reset.ask
        password_reset.change password_reset.forgotten password_reset.show security.login
        security.static setup.owner static
        monitoring.health monitoring.metrics monitoring.ready
        webhooks.quickbooks webhooks.source
        api.openapi
    """,
    "viewer own": """
        account.add_passkey account.authenticator account.confirm_authenticator
        account.end_other_sessions account.end_session account.new_authenticator
        account.new_recovery_codes account.passkey_options account.postpone
        account.remove_authenticator account.remove_passkey account.require_factor account.show
        api_tokens.create api_tokens.revoke api_tokens.show
        appearance.choose confirmation.check confirmation.options confirmation.show
        notification_choices.show notification_choices.store notification_choices.test
        saved_filters.remove saved_filters.save
        help.show schedule.show security.change_password security.logout viewer_choices.store
    """,
    "viewer anywhere": """
        api_cases.index api_companies.index api_documents.index api_installations.apps
        api_installations.index api_runs.index
        app_choice.show companies.index company_choice.choose company_choice.show
        documents.export documents.index home.show inbox.export
        inbox.show intuit.launch intuit.reconnect marketplace.show reports.documents reports.export
        reconciliations.export_all reconciliations.index reports.export_documents
        reports.show runs.export runs.index search.show to_approve.index
    """,
    "viewer installation": """
        api_approvals.index api_installations.one api_installations.settings api_matches.index
        earlier.show installation.show ready.show match_files.export received_files.show
        matching.export matching.one matching.show review.show settings.show
    """,
    "viewer company": "api_companies.one api_runs.reconciliations",
    "viewer document": "api_documents.one documents.one files.frame files.show",
    "viewer posting": "documents.posting preview.show",
    "viewer case": "api_cases.one inbox.one",
    "viewer run": """
        api_reconciliations.one api_runs.one
        reconciliations.export reconciliations.pdf reconciliations.show runs.one runs.progress
    """,
    "viewer app": "marketplace.one marketplace.openapi",
    "viewer app at company": "marketplace.ask",
    "operator anywhere": "case_bulk.apply case_bulk.people",
    "operator case": """
        api_cases.assign api_cases.note api_cases.retry api_cases.skip api_cases.snooze
        api_case_decisions.close api_case_decisions.create api_case_decisions.index
        api_case_decisions.leave api_case_decisions.match api_case_decisions.remove
        api_cases.wake inbox.close inbox.confirm_removal inbox.create inbox.leave inbox.match
        inbox.retry case_skips.take_back
    """,
    "operator installation": """
        api_approvals.approve api_approvals.compare api_matches.decide api_matches.forget
        api_runs.start_sync
        comparing.copy comparing.export comparing.mail comparing.show installation.lists
        installation.run matching.accept matching.apply matching.create matching.decide
        received_files.upload review.approve review.changes review.skip
        review.confirm review.selection
    """,
    "operator file": """
        received_files.columns received_files.discard received_files.map_columns
    """,
    "operator company": """
        api_runs.start_reconciliation companies.check companies.lists companies.reconcile
    """,
    "operator document": """
        api_document_acts.check api_document_acts.plan_removal api_document_acts.post_again
        api_document_acts.remove document_acts.check document_acts.post_again
    """,
    "operator document and posting": "api_document_acts.take_back_skip",
    "operator posting": "document_acts.take_back_skip undoing.posting undoing.undo_posting",
    "operator case and posting": """
        api_case_decisions.adopt api_case_decisions.overwrite api_case_decisions.reject
        api_case_decisions.restore api_case_decisions.retry api_case_decisions.skip
        inbox.adopt inbox.confirm_overwrite inbox.not_this inbox.overwrite inbox.restore
        inbox.retry_one inbox.skip
    """,
    "operator run": "undoing.run undoing.undo_run",
    "app-owner installation": """
        api_installations.change_settings api_runs.start_over
        earlier.confirm earlier.include match_files.confirm match_files.preview review.automatic
        installation.start_over settings.change settings.changes settings.disable settings.hand_over
    """,
    "app-owner app at company": """
        api_installations.disable_app api_installations.enable_app
        settings.enable settings.first_changes settings.new
    """,
    "owner anywhere": "companies.callback",
    "owner company": """
        companies.disconnect companies.reconnect companies.remove companies.send_by
    """,
    "owner app at company": "marketplace.grant",
    "owner hub": """
        audit.export audit.index audit.verify companies.connect
        chat_webhook.store chat_webhook.test invitations.invite
        invitations.renew invitations.withdraw mail_server.show mail_server.store
        mail_server.test people.create people.index setup.intuit setup.store_contact
        setup.store_intuit
    """,
    "viewer hub": "plugins.index",
    "owner person": """
        password_reset.send_code person_sessions.end person_sessions.end_all
        person_sessions.reset_factor person_sessions.revoke_token person_sessions.show
        people.change_active people.change_role rights.add rights.remove rights.show
    """,
}
# What an address is about -> the arguments of such a route.
ARGUMENTS = {
    "own": set(),
    "anywhere": set(),
    "hub": set(),
    "installation": {"installation_id"},
    "file": {"installation_id", "file_id"},
    "document": {"document_id"},
    "posting": {"posting_id"},
    "case": {"case_id"},
    "document and posting": {"document_id", "posting_id"},
    "case and posting": {"case_id", "posting_id"},
    "run": {"run_id"},
    "company": {"company_id"},
    "app": {"slug"},
    "app at company": {"slug", "company_id"},
    "person": {"person_id"},
}
REFUSALS = (403, 404)
# The resources of the JSON API; their endpoints want the token of a person in place of a session.
API = tuple(f"{blueprint.name}." for blueprint in application.BLUEPRINTS)
UNSAFE = ("POST", "PUT", "PATCH", "DELETE")
FILLED = {"slug": "costtracker", "filename": "hub.css"}
SHARED = ("company", "app")  # who has a role for a part of these may look at them
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
WHOLE_HUB = RouteRow({}, ((None, None),))
# Enough to find every kind of fault. The full form tries every third person, with each of the
# roles among them, once on each kind of cell. The long form tries everybody on everything.
SMALL_FORM = ("mixed", "operator/Alfaborg/costtracker", "owner/Alfaborg/every app")


def _routes(app: Flask) -> list[tuple[str, str, str]]:
    """Return every route as (method, address, endpoint), its variables filled in."""
    routes = []
    for rule in app.url_map.iter_rules():
        values = {name: FILLED.get(name, 1) for name in rule.arguments}
        with app.test_request_context():
            _, address = rule.build(values) or ("", "")
        for method in _methods(rule):
            routes.append((method, address, rule.endpoint))
    return routes


def _methods(rule: Rule) -> list[str]:
    return sorted((rule.methods or set()) - {"HEAD", "OPTIONS"})


def _declared() -> dict[str, tuple[str, str]]:
    """Return the least role of each endpoint and what it is about, as the table has them."""
    declared = {}
    for key, endpoints in ROUTES.items():
        role, _, about = key.partition(" ")
        for endpoint in endpoints.split():
            declared[endpoint] = (role, about)
    return declared


def test_every_route_is_in_the_table_and_declares_what_the_table_says(visitor: Visitor) -> None:
    app, wrong = visitor.app, []
    table = _declared()
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


class Cell(NamedTuple):
    """One request of one person, and the status that it must have."""

    person: str
    method: str
    endpoint: str
    row: RouteRow
    expected: int


def cells_of(app: Flask, rows: RouteRows, people: Iterable[str]) -> list[Cell]:
    """Return every route and method for every person and every row that it may concern."""
    table = _declared()
    cells = []
    for rule in app.url_map.iter_rules():
        least, about = table.get(rule.endpoint, ("", ""))
        if least == "anyone":
            continue
        for row in rows.by_kind[about] if ARGUMENTS.get(about) else [WHOLE_HUB]:
            for method in _methods(rule):
                for person in people:
                    is_call = rule.endpoint.startswith(API)
                    expected = _expected(rows, person, least, about, row, is_call=is_call)
                    cells.append(Cell(person, method, rule.endpoint, row, expected))
    return cells


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


def _expected(
    rows: RouteRows, person: str, least: str, about: str, row: RouteRow, *, is_call: bool = False
) -> int:
    """Return the status that a request must have, by the table and the person's rights alone."""
    if person == ANYONE:
        return 401 if is_call else 302
    if about == "own":
        return 200
    theirs = rows.people[person]
    if about == "anywhere":
        return 200 if any(_rank(grant.role) >= _rank(least) for grant in theirs) else 403
    if about == "hub":
        return 200 if _highest(theirs, WHOLE_HUB.owners[0]) >= _rank(least) else 403
    if not row.owners or not all(_is_seen(theirs, about, owner) for owner in row.owners):
        return 404
    if least == "viewer":
        return 200
    lowest = min(_highest(theirs, owner) for owner in row.owners)
    return 200 if lowest >= _rank(least) else 403


def _rank(role: str) -> int:
    return ("viewer", "operator", "app-owner", "owner").index(role)


def _highest(theirs: Iterable[Grant], owner: Owner) -> int:
    """Return the rank of the highest role for all of a company and app, -1 for none."""
    company, app = owner
    ranks = [-1]
    for grant in theirs:
        if grant.company in (None, company) and grant.app in (None, app):
            ranks.append(_rank(grant.role))
    return max(ranks)


def _is_seen(theirs: Iterable[Grant], about: str, owner: Owner) -> bool:
    """Return whether a person may know of a row; of companies and apps a part is enough."""
    if about not in SHARED:
        return _highest(theirs, owner) >= 0
    company, app = owner
    for grant in theirs:
        is_company = None in (grant.company, company) or grant.company == company
        is_app = None in (grant.app, app) or grant.app == app
        if is_company and is_app:
            return True
    return False


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
    hollow(two_companies.app)


@pytest.mark.proof
def test_each_person_reaches_what_their_rights_allow_and_nothing_else(
    two_companies: TwoCompanies, figure: Callable[[str, float, float], None]
) -> None:
    everybody = tuple(two_companies.rows.people)
    people = by_form(SMALL_FORM, (*everybody[::3], "mixed"), everybody)
    _enter(two_companies, people)
    cells = cells_of(two_companies.app, two_companies.rows, people)
    some = _one_of_each_kind(cells)
    cells = by_form(some, some, cells)
    assert {cell.expected for cell in cells} == {200, 403, 404}
    assert _wrong_cells(two_companies, cells) == []
    figure("cells of the matrix of rights, none of them wrong", len(cells), 309)


def test_nobody_reaches_a_route_without_logging_in(two_companies: TwoCompanies) -> None:
    hollow(two_companies.app)
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


def hollow(app: Flask) -> None:
    """Let every view answer at once, and keep its declarations."""
    app.config["WTF_CSRF_ENABLED"] = False
    for endpoint, view in list(app.view_functions.items()):

        def answer(**values: Any) -> str:
            return "let in"

        answer.__dict__.update(vars(view))
        app.view_functions[endpoint] = answer


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
