"""`hub undo` and `hub reconcile` end in order when they are told to, and say what remains."""

import os
import signal

import pytest
from click.testing import CliRunner
from sqlalchemy import select

from hub.cli import main
from hub.db.engine import read_only_session
from hub.models import Posting, Run
from hub.models.enums import RunOutcome
from hub.posting.actions import undo
from hub.posting.reconcile import run as reconcile_run
from tests.support.sources.every_kind_source import ShopSite, invoice

SIGNALS = (signal.SIGTERM, signal.SIGINT)


@pytest.fixture
def app(app_with_pages):
    return app_with_pages


@pytest.fixture
def shop(app, quickbooks, clock):
    shop = ShopSite(app, quickbooks, clock)
    shop.run(*(invoice(f"invoice:{number}", number=f"A-{number}") for number in range(1, 4)))
    yield shop
    app.extensions["hub"].ending.clear()


def wait_for_signal(app, number):
    """Send a signal to this process, and wait until the command has noticed it."""
    os.kill(os.getpid(), number)
    assert app.extensions["hub"].ending.wait(10)


def deletions():
    with read_only_session() as session:
        query = select(Posting.id).where(Posting.operation == "delete")
        return session.scalars(query).all()


@pytest.mark.parametrize("number", SIGNALS)
def test_an_undo_ends_between_two_parts_and_is_continued(app, shop, monkeypatch, number):
    plan = undo._plan_deletions

    def plan_then_end(documents, who):
        count = plan(documents, who)
        if not app.extensions["hub"].ending.is_set():
            wait_for_signal(app, number)
        return count

    monkeypatch.setattr(undo, "CHUNK_SIZE", 1)
    monkeypatch.setattr(undo, "_plan_deletions", plan_then_end)
    result = CliRunner().invoke(main, ["undo", "run:1", "--yes"], obj=app)
    assert result.exit_code == 1
    assert "The next sync removes 1 from QuickBooks" in result.output
    assert "It was told to end. What else could be removed stays" in result.output
    assert len(deletions()) == 1

    app.extensions["hub"].ending.clear()
    monkeypatch.undo()
    result = CliRunner().invoke(main, ["undo", "run:1", "--yes"], obj=app)
    assert result.exit_code == 0
    assert "The next sync removes 2 from QuickBooks" in result.output
    shop.run()
    assert shop.ours("Invoice") == []


@pytest.mark.parametrize("number", SIGNALS)
def test_a_reconciliation_ends_and_names_what_was_not_compared(app, shop, monkeypatch, number):
    monkeypatch.setattr(reconcile_run.drift, "watch", lambda _: wait_for_signal(app, number))
    result = CliRunner().invoke(main, ["reconcile"], obj=app)
    assert result.exit_code == 1
    with read_only_session() as session:
        run = session.scalars(select(Run).order_by(Run.id.desc())).first()
        assert run.outcome == RunOutcome.STOPPED
    assert "It was told to end. What was compared so far is stored" in result.stderr
    assert "Not compared to the end: " in result.stderr
    app.extensions["hub"].ending.clear()
    monkeypatch.undo()
    assert CliRunner().invoke(main, ["reconcile"], obj=app).exit_code == 0
