"""Who may reach which route, and the requests that show it."""

from collections.abc import Iterable
from typing import Any, NamedTuple

from flask import Flask
from werkzeug.routing import Rule

from hub.web.api import application
from tests.support.rows.rights_rows import ANYONE, Grant, Owner, RouteRow, RouteRows

# The least role of each endpoint, and what its address is about. This table and `_expected` below
# say what must be; nothing of it is read from the declarations that it is compared with.
ROUTES = {
    "anyone": """
        factor.check factor.log_in factor.options factor.options_of_anyone factor.show
        bootstrap.static frame.favicon frame.htmx frame.static intuit.disconnected intuit.privacy
        intuit.support invitations.accept invitations.show password_reset.ask
        password_reset.change password_reset.forgotten password_reset.show
        provider_log_out.log_out security.login security.static setup.owner
        sign_on.finish sign_on.log_in static
        monitoring.health monitoring.metrics monitoring.ready
        webhooks.quickbooks webhooks.source
        api.openapi
    """,
    "viewer own": """
        account.add_passkey account.authenticator account.confirm_authenticator
        account.end_other_sessions account.end_session account.new_authenticator
        account.new_recovery_codes account.passkey_options account.postpone
        account.remove_authenticator account.remove_passkey account.require_factor account.show
        api_tokens.create api_tokens.revoke api_tokens.revoke_all api_tokens.show
        appearance.choose confirmation.check confirmation.options confirmation.show
        notification_choices.show notification_choices.store notification_choices.test
        provider_account.link provider_account.show provider_account.unlink
        sign_on.choose sign_on.confirm
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
        api_reconciliations.one api_runs.lines api_runs.one
        reconciliations.export reconciliations.pdf reconciliations.show runs.one runs.progress
    """,
    "viewer app": "marketplace.one marketplace.openapi",
    "viewer app at company": "marketplace.ask",
    "operator anywhere": "case_bulk.apply case_bulk.people case_creations.apply",
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
        person_sessions.reset_factor person_sessions.revoke_token person_sessions.revoke_tokens
        person_sessions.show provider_account.unlink_other
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
# The resources of the JSON API; their endpoints want the token of a person in place of a session.
API = tuple(f"{blueprint.name}." for blueprint in application.BLUEPRINTS)
FILLED = {"slug": "costtracker", "filename": "hub.css"}
SHARED = ("company", "app")  # who has a role for a part of these may look at them
WHOLE_HUB = RouteRow({}, ((None, None),))
# Enough to find every kind of fault. The full form tries every third person, with each of the
# roles among them, once on each kind of cell. The long form tries everybody on everything.
SMALL_FORM = ("mixed", "operator/Alfaborg/costtracker", "owner/Alfaborg/every app")


def methods_of(rule: Rule) -> list[str]:
    return sorted((rule.methods or set()) - {"HEAD", "OPTIONS"})


def declared_rights() -> dict[str, tuple[str, str]]:
    """Return the least role of each endpoint and what it is about, as the table has them."""
    declared = {}
    for key, endpoints in ROUTES.items():
        role, _, about = key.partition(" ")
        for endpoint in endpoints.split():
            declared[endpoint] = (role, about)
    return declared


class Cell(NamedTuple):
    """One request of one person, and the status that it must have."""

    person: str
    method: str
    endpoint: str
    row: RouteRow
    expected: int


def cells_of(app: Flask, rows: RouteRows, people: Iterable[str]) -> list[Cell]:
    """Return every route and method for every person and every row that it may concern."""
    table = declared_rights()
    cells = []
    for rule in app.url_map.iter_rules():
        least, about = table.get(rule.endpoint, ("", ""))
        if least == "anyone":
            continue
        for row in rows.by_kind[about] if ARGUMENTS.get(about) else [WHOLE_HUB]:
            for method in methods_of(rule):
                for person in people:
                    is_call = rule.endpoint.startswith(API)
                    expected = _expected(rows, person, least, about, row, is_call=is_call)
                    cells.append(Cell(person, method, rule.endpoint, row, expected))
    return cells


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


def hollow_views(app: Flask) -> None:
    """Let every view answer at once, and keep its declarations."""
    app.config["WTF_CSRF_ENABLED"] = False
    for endpoint, view in list(app.view_functions.items()):

        def answer(**values: Any) -> str:
            return "let in"

        answer.__dict__.update(vars(view))
        app.view_functions[endpoint] = answer
