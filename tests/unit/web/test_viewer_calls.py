"""A viewer causes no call to QuickBooks or to a source: QuickBooks meters reads.

Only the files of a document are fetched from its source when anybody opens one.
"""

import itertools

import pytest
from sqlalchemy import select

from hub import demo
from hub.cases import inbox
from hub.cases.causes import build_discrepancy_cause
from hub.cases.discrepancies import IS_DISCREPANCY
from hub.context import current_hub
from hub.db import engine
from hub.models import Case, Installation, Posting, Run, SourceDocument
from hub.qbo import record_download
from hub.qbo.oauth import connect as oauth_connect
from hub.reasons.texts import CaseText
from hub.scheduling import runner
from qbo_sandbox.kit.wsgi import WSGIAdapter
from tests.support.pages.page_visitor import Visitor
from tests.support.runs.tiers import by_form

HOME, SLUG = "https://source.test", "ontraccr"  # whose settings have choices from the source
# What the variables of an address stand for.
ROWS = {
    "installation_id": Installation,
    "document_id": SourceDocument,
    "posting_id": Posting,
    "case_id": Case,
    "run_id": Run,
}
ROWS_AT_EACH_END = by_form(2, 4, 1_000)
NAMES = {"slug": ["costtracker"], "filename": ["hub.css"], "company_id": [1], "person_id": [1]}
QUERIES = ("", "?field=supplier&code=1", "?q=a&field=account", "?state=missing&field=supplier")
# Forms that a viewer may send, or anybody.
FORMS = (
    "/webhooks/1",
    "/webhooks/quickbooks",
    "/apps/costtracker/1/ask",
    "/installations/1/compare/mail",
)


def addresses(app):
    """Return every address that a browser opens, with each row in it, or some of them."""
    with app.app_context(), engine.read_only_session() as session:
        ids = {
            name: first_and_last(session.scalars(select(model.id).order_by(model.id)).all())
            for name, model in ROWS.items()
        }
    for rule in app.url_map.iter_rules():
        if "GET" not in rule.methods:
            continue
        choices = [(ids | NAMES).get(name, ["1"]) for name in sorted(rule.arguments)]
        for values in itertools.product(*choices):
            with app.test_request_context():
                _, address = rule.build(dict(zip(sorted(rule.arguments), values, strict=True)))
            for query in QUERIES if "installation" in address else QUERIES[:1]:
                yield address + query


def first_and_last(ids):
    """Return some ids from each end: the sync writes the first cases, and the test the last."""
    return list(dict.fromkeys([*ids[:ROWS_AT_EACH_END], *ids[-ROWS_AT_EACH_END:]]))


def open_all(visitor):
    for address in addresses(visitor.app):
        if "logout" not in address:
            visitor.get(address).close()
    for address in FORMS:
        visitor.post(address)


@pytest.fixture
def person(visitor_with_stand_ins: Visitor):
    """Return a function that logs in to a hub with posted documents and a case about each."""
    with visitor_with_stand_ins.app.app_context():
        quickbooks = visitor_with_stand_ins.quickbooks
        token = quickbooks.refresh_tokens[quickbooks.realm]
        company = oauth_connect.connect_with_refresh_token(quickbooks.realm, token)
        record_download.refresh(company.id)
        demo.enable(company, "costtracker", visitor_with_stand_ins.costtracker)
        runner.sync(1, requested_by="kari")
        stand_in = current_hub().plugins.open_stand_in(SLUG, folder=None, documents=0, seed=1)
        current_hub().mounts[HOME] = WSGIAdapter(stand_in.wsgi, HOME)
        demo.enable(company, SLUG, stand_in.settings(HOME))
        _ask_about_postings()

    def log_in(name):
        visitor = Visitor(visitor_with_stand_ins.app, visitor_with_stand_ins.story)
        visitor.log_in(name)
        return visitor

    return log_in


def _ask_about_postings():
    """Open a case whose page reads the transaction for each posting."""
    with engine.transaction() as session:
        for posting in session.scalars(select(Posting)):
            posting.quickbooks_id = posting.quickbooks_id or "77"
            inbox.open(
                session,
                build_discrepancy_cause(posting.id, "missing"),
                CaseText("source.warning", app="CostTracker", warning="It differs."),
                company_id=posting.company_id,
                installation_id=posting.installation_id,
                postings=[posting],
            )


@pytest.mark.proof(small=0)
def test_a_viewer_causes_no_call(person, calls):
    visitor = person("vera")
    calls.clear()
    open_all(visitor)
    assert calls == []


PAGES = {
    "a case": ("oda", "/inbox/{case}"),
    "the comparison": ("oda", "/installations/1/compare/?field=supplier"),
    "the file of it": ("oda", "/installations/1/compare/compare.csv"),
    "the settings": ("olga", "/installations/2/settings"),
}


def test_the_same_pages_call_for_those_who_may(person, calls):
    """Show that the test above can fail."""
    visitors = {name: person(name) for name in ("oda", "olga")}
    with visitors["oda"].app.app_context(), engine.read_only_session() as session:
        case = session.scalars(select(Case.id).where(IS_DISCREPANCY)).first()
    without_calls = []
    for page, (name, address) in PAGES.items():
        calls.clear()
        visitors[name].get(address.format(case=case))
        if not calls:
            without_calls.append(page)
    assert without_calls == []
