"""When the next sync starts: as the settings say, not as they were at the last tick."""

import datetime as dt

import pytest

from hub.db.engine import read_only_session, transaction
from hub.models import ConnectedCompany, Installation
from hub.scheduling import schedule
from hub.scheduling.next_runs import load_next_runs

MINUTE = dt.timedelta(minutes=1)


@pytest.fixture
def installation(now):
    """Add an app that is due at 14:00 UTC every day."""
    with transaction() as session:
        company = ConnectedCompany(realm="1", connected_at=now)
        session.add(company)
        session.flush()
        row = Installation(company=company, slug="costtracker", created_at=now, zone="UTC")
        row.schedule = "0 14 * * *"
        session.add(row)
        session.flush()
        id = row.id
    schedule.tick(now)
    return id


def change(installation_id, **values):
    with transaction() as session:
        stored_installation = session.get_one(Installation, installation_id)
        for name, value in values.items():
            setattr(stored_installation, name, value)


def next_run(installation_id, now):
    with read_only_session() as session:
        return load_next_runs(session, [installation_id], now).get(installation_id)


def test_a_changed_schedule_holds_before_the_next_tick(now, installation):
    assert next_run(installation, now).hour == 14
    change(installation, schedule="0 9 * * *")
    assert next_run(installation, now).hour == 9
    change(installation, zone="Etc/GMT-2")
    assert next_run(installation, now).hour == 7
    before = next_run(installation, now)
    schedule.tick(now)
    assert next_run(installation, now) == before


def test_a_sync_that_runs_delays_the_next_one(now, installation):
    change(installation, schedule="30m")
    assert next_run(installation, now) == now + 30 * MINUTE
    schedule.tick(now)  # makes it due at once
    later = now + 5 * MINUTE
    change(installation, schedule="15m")
    assert next_run(installation, later) == later + 15 * MINUTE
    schedule.tick(later)  # the sync has not ended
    assert next_run(installation, later) == later + 15 * MINUTE


@pytest.mark.parametrize("values", [{"mode": "paused"}, {"enabled": False}])
def test_an_app_that_no_schedule_starts_has_no_next_sync(now, installation, values):
    change(installation, **values)
    assert next_run(installation, now) is None
