"""A reworded reason reaches the open cases, and opens, closes and mails none."""

import dataclasses
import shutil

import pytest
from sqlalchemy import select

from hub import notifications
from hub.collect import run as collect_run
from hub.contract.registry import Plugins
from hub.db.engine import read_only_session, transaction
from hub.models import Case
from hub.reasons.catalogue import CATALOGUE
from hub.security.people import hash_new, insert
from hub.security.rights import Right
from tests.support.servers.mail_server import mail_url
from tests.support.sources.small_source import SmallSource, bill, install_small_source

CODE = "document.held_by_source"


@pytest.fixture
def sync(mail, make_app, make_config, empty_database, clock):
    """Return a function that syncs these documents and mails what is new a minute later."""
    source = SmallSource()
    config = make_config(HUB_MAIL_URL=mail_url(mail), HUB_PUBLIC_URL="https://hub.example.com")
    shutil.copy(empty_database, config.data / "hub.db")
    app = make_app(config, plugins=Plugins.load([source], installed=False), pages=True)
    with app.app_context():
        installation_id = install_small_source()
        with transaction() as session:
            insert(
                session, "kari@example.com", hash_new("a password of length"), [Right("operator")]
            )

        def run(*documents):
            source.items = list(documents)
            collect_run.collect(installation_id)
            clock.advance(60)
            return notifications.mail_digest()

        yield run


def cases():
    with read_only_session() as session:
        rows = session.scalars(select(Case).order_by(Case.id))
        return [(case.id, case.closed_at, case.reason) for case in rows]


def test_a_new_wording_opens_closes_and_mails_nothing(sync, mail, monkeypatch):
    held_bill = bill(hold="Its receipt is missing.")
    assert sync(held_bill) == 1
    ((case_id, _, reason),) = cases()
    assert reason == "Its receipt is missing."

    template = dataclasses.replace(CATALOGUE[CODE], reason="The source says: {reason}")
    monkeypatch.setitem(CATALOGUE, CODE, template)
    assert sync(held_bill) == 0
    assert cases() == [(case_id, None, "The source says: Its receipt is missing.")]
    assert len(mail.messages) == 1


def test_another_sentence_of_the_source_is_shown_in_the_same_case(sync):
    assert sync(bill(hold="Its receipt is missing.")) == 1
    ((case_id, _, _),) = cases()
    assert sync(bill(hold="Its receipt cannot be read.")) == 0
    assert cases() == [(case_id, None, "Its receipt cannot be read.")]
