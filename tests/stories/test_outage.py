"""An unreachable source opens a case, sends a mail and marks its tile until it answers again."""

import datetime as dt
import shutil

import pytest
from sqlalchemy import select

from hub import notifications
from hub.context import current_hub
from hub.contract.registry import Plugins
from hub.db.engine import read_only_session, transaction
from hub.installations import enable
from hub.models import Case, ConnectedCompany, Installation
from hub.qbo.oauth import connect as oauth_connect
from hub.scheduling import runner, schedule
from hub.scheduling.scheduler import Scheduler
from hub.security.people import hash_new, insert
from hub.security.rights import WHOLE_HUB, Right, Rights
from hub.web.apps.app_tiles import build_tiles
from qbo_sandbox.kit import Fault
from qbo_sandbox.kit.wsgi import WSGIAdapter
from tests.support.servers.mail_server import mail_url

URL = "http://costtracker.test"
DOWN = {"kind": "status", "status": 503, "count": 0}


@pytest.fixture
def app(mail, make_app, make_config, empty_database):
    """Provide a hub that can send mail, with a person who receives it."""
    config = make_config(HUB_MAIL_URL=mail_url(mail), HUB_PUBLIC_URL="https://hub.example.com")
    shutil.copy(empty_database, config.data / "hub.db")
    app = make_app(config, plugins=Plugins.load(), pages=True)
    with app.app_context():
        with transaction() as session:
            insert(
                session, "kari@example.com", hash_new("a password of length"), [Right("operator")]
            )
        yield app


@pytest.fixture
def costtracker(quickbooks):
    stand_in = current_hub().plugins.open_stand_in("costtracker", folder=None, documents=4, seed=1)
    current_hub().mounts[URL] = WSGIAdapter(stand_in.wsgi, URL, sleep=lambda _: None)
    return stand_in


@pytest.fixture
def installation(costtracker):
    settings = {**costtracker.settings(URL), "payable_account": "Accounts Payable (A/P)"}
    row = enable.enable(1, "costtracker", settings, who="kari", mode="auto")
    enable.push_first_lists(row)
    runner.sync(row.id, requested_by="kari")
    return row.id


@pytest.fixture
def outage(installation, costtracker):
    """Let the source answer 503 until the fault is removed; the next sync is due later."""
    schedule.tick(current_hub().clock.now())
    costtracker.wsgi.faults.add(Fault.read(DOWN))
    return installation


def fail(installation):
    assert runner.sync(installation, requested_by="schedule").outcome == "stopped"


def cases(installation):
    with read_only_session() as session:
        statement = select(Case).where(
            Case.cause == f"source:{installation}", Case.closed_at.is_(None)
        )
        return list(session.scalars(statement))


OWNER = Rights((Right("owner", WHOLE_HUB),))


def tile_state():
    with read_only_session() as session:
        (tile,) = build_tiles(
            session,
            [current_hub().plugins.apps["costtracker"]],
            OWNER,
            session.scalars(select(ConnectedCompany)).all(),
        )
        return tile.places[0].state[0]


def test_the_third_failed_run_in_a_row_opens_a_case(outage):
    for _ in range(2):
        fail(outage)
        assert cases(outage) == []
    fail(outage)
    (case,) = cases(outage)
    assert case.title == "CostTracker cannot be read"
    assert "status 503" in case.reason
    assert "Next try: 02 Mar 2026, " in case.reason
    assert tile_state() == "Needs attention"


def test_an_hour_after_the_first_failed_run_the_case_is_opened(app, outage, clock):
    fail(outage)
    engine = Scheduler(app)
    engine._is_at_work = True
    clock.advance(dt.timedelta(minutes=59).total_seconds())
    engine.notify()
    assert cases(outage) == []
    clock.advance(dt.timedelta(minutes=2).total_seconds())
    engine.notify()
    assert [case.title for case in cases(outage)] == ["CostTracker cannot be read"]


def test_the_case_is_mailed(outage, mail, clock):
    for _ in range(3):
        fail(outage)
    clock.advance(120)
    assert notifications.mail_digest() == 1
    text = mail.messages[-1].get_payload(decode=True).decode()
    assert "CostTracker cannot be read" in text


def test_the_first_run_that_succeeds_closes_the_case(outage, costtracker):
    for _ in range(3):
        fail(outage)
    costtracker.wsgi.faults.clear()
    assert runner.sync(outage, requested_by="schedule").outcome == "done"
    assert cases(outage) == []
    costtracker.wsgi.faults.add(Fault.read(DOWN))
    fail(outage)
    fail(outage)
    assert cases(outage) == []


def test_stored_settings_that_do_not_fit_the_app_are_named_with_what_to_do(
    installation, costtracker
):
    with transaction() as session:
        row = session.get_one(Installation, installation)
        row.settings = {key: value for key, value in row.settings.items() if key != "base_url"}
    fail(installation)
    (case,) = cases(installation)
    assert case.reason.startswith(
        "The stored settings of CostTracker do not fit the installed version of its plugin."
        " base_url: Missing data for required field. Open the settings of CostTracker,"
    )
    enable.change(1, "costtracker", costtracker.settings(URL), who="kari")
    assert runner.sync(installation, requested_by="kari").outcome == "done"
    assert cases(installation) == []


def test_a_failure_of_quickbooks_is_not_one_of_the_source(installation, quickbooks, clock):
    clock.advance(2 * 24 * 3600)  # the access token and the lists are too old to be used
    quickbooks.add_fault("status", status=503, count=0)
    for _ in range(4):
        fail(installation)
    assert cases(installation) == []


@pytest.mark.parametrize(
    "end",
    [
        lambda id: enable.disable(1, "costtracker", who="kari"),
        lambda id: enable.set_mode(id, "paused", who="kari"),
        lambda id: enable.change(1, "costtracker", {}, who="kari", mode="paused"),
    ],
    ids=["disabled", "paused", "paused in the settings"],
)
def test_an_app_whose_source_is_not_read_any_more_has_no_case_about_it(outage, end):
    for _ in range(3):
        fail(outage)
    assert cases(outage)
    end(outage)
    assert cases(outage) == []


def test_an_app_that_was_paused_or_disconnected_gets_no_case_later(app, outage, clock):
    fail(outage)
    enable.set_mode(outage, "paused", who="kari")
    clock.advance(dt.timedelta(hours=2).total_seconds())
    engine = Scheduler(app)
    engine._is_at_work = True
    engine.notify()
    assert cases(outage) == []
    enable.set_mode(outage, "auto", who="kari")
    oauth_connect.disconnect(1, "kari")
    engine.notify()
    assert cases(outage) == []
