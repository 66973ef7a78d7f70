"""The checks before the first posting of an app."""

import shutil

import pytest
from sqlalchemy import event

from hub.context import current_hub
from hub.contract.registry import Plugins
from hub.db.engine import db, read_only_session, transaction
from hub.installations import matches
from hub.mapping import NEW
from hub.models import Installation, Posting, SourceDocument
from hub.posting.preflight import first_posting
from tests.support.rows.stored_cases import open_stored_case
from tests.support.sources.small_source import SmallSource, install_small_source


@pytest.fixture
def app_that(make_app, make_config, empty_database):
    """Return a function that installs the small source with declarations of the test's choice.

    Its suppliers have one open case.
    """
    contexts = []

    def install(**about):
        config = make_config()
        shutil.copy(empty_database, config.data / "hub.db")
        context = make_app(
            config, plugins=Plugins.load([SmallSource(**about)], installed=False)
        ).app_context()
        context.push()
        contexts.append(context)
        id = install_small_source(tenant="t1")
        with transaction() as session:
            details = {"field": "supplier", "code": "s1"}
            cause = f"match:{id}:supplier:s1"
            open_stored_case(
                session,
                cause,
                title="",
                action="match",
                details=details,
                installation_id=id,
            )
        return id

    yield install
    for context in contexts:
        context.pop()


def closed(id):
    with read_only_session() as session:
        block = first_posting.find_blocks(session, [id]).get(id)
        return block.reason if block else ""


def test_first_posting_is_blocked_while_a_required_code_is_unmatched(app_that):
    assert closed(app_that(match_first=("supplier",))).startswith(
        "1 code is neither matched nor confirmed as new"
    )


@pytest.mark.parametrize("fields", [(), ("account",)])
def test_an_app_that_does_not_ask_for_that_field_goes_ahead(app_that, fields):
    assert closed(app_that(match_first=fields)) == ""


def test_the_open_cases_of_an_app_that_has_posted_are_not_read(app_that):
    id = app_that(match_first=("supplier",))
    now = current_hub().clock.now()
    statements = []
    with transaction() as session:
        installation = session.get_one(Installation, id)
        of_app = {"installation_id": id, "company_id": installation.company_id}
        document = SourceDocument(
            **of_app, slug=installation.slug, tenant="t", source_id="1", marker="M", seen_at=now
        )
        posted = {"kind": "bill", "operation": "create", "state": "posted", "requestid": "r"}
        session.add(Posting(document=document, **of_app, **posted, created_at=now, changed_at=now))

    def note(connection, cursor, statement, parameters, context, many):
        statements.append(statement)

    event.listen(db.engine, "before_cursor_execute", note)
    assert closed(id) == ""
    event.remove(db.engine, "before_cursor_execute", note)
    assert statements
    assert not [statement for statement in statements if '"case"' in statement]


def test_first_posting_is_allowed_once_the_code_is_decided(app_that):
    id = app_that(match_first=("supplier",))
    with transaction() as session:
        matches.store_decision(
            session, session.get_one(Installation, id), "supplier", "s1", NEW, who="kari"
        )
    assert closed(id) == ""
