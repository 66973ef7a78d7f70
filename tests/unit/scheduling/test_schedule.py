"""Schedules: each due time is claimed once, and late ones run once."""

import datetime as dt
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import create_engine, event, select, update

from hub.db.engine import db, read_only_session, transaction
from hub.models import ConnectedCompany, Installation, Run, Schedule
from hub.scheduling import schedule
from tests.support.runs.tiers import FULL
from tests.support.servers.compared_rows import count_compared_rows

HOUR = dt.timedelta(hours=1)
MANY = 10_000 if FULL else 500


@pytest.fixture
def installation(now):
    with transaction() as session:
        company = ConnectedCompany(realm="1", connected_at=now)
        session.add(company)
        session.flush()
        row = Installation(company=company, slug="costtracker", created_at=now, schedule="15m")
        session.add(row)
        session.flush()
        return row.id


def row(name):
    with read_only_session() as session:
        return session.scalars(select(Schedule).where(Schedule.name == name)).one()


def runs(kind="sync"):
    with read_only_session() as session:
        return list(session.scalars(select(Run).where(Run.kind == kind).order_by(Run.id)))


def change(installation_id, **values):
    with transaction() as session:
        stored_installation = session.get_one(Installation, installation_id)
        for name, value in values.items():
            setattr(stored_installation, name, value)


def end(run_id, now, **options):
    with transaction() as session:
        run = session.get_one(Run, run_id)
        run.started_at = run.ended_at = now
        schedule.reschedule_after(session, run, now, **options)


def test_a_new_installation_is_due_at_once_and_claimed_once(now, installation):
    assert schedule.tick(now) == 3
    assert schedule.tick(now) == 0
    assert [run.installation_id for run in runs()] == [installation]


def test_minutes_count_from_the_end_of_the_last_run(now, installation):
    schedule.tick(now)
    schedule.tick(now + HOUR)
    end(runs()[0].id, now + 2 * HOUR)
    assert row(f"sync {installation}").next_due == now + 2 * HOUR + dt.timedelta(minutes=15)


def test_a_run_never_overlaps_itself(now, installation):
    change(installation, schedule="*/5 * * * *")
    schedule.tick(now)
    schedule.tick(now + HOUR)
    assert len(runs()) == 1
    schedule.tick(now + 2 * HOUR)
    assert len(runs()) == 1


def test_a_time_that_was_claimed_before_the_clock_was_set_back_is_due_when_it_comes(
    now, installation
):
    change(installation, schedule="0 * * * *")
    schedule.tick(now)
    schedule.tick(now + 24 * HOUR)
    end(runs()[0].id, now + 24 * HOUR)
    schedule.replan_after_clock_change(now)
    schedule.tick(now + HOUR)
    assert len(runs()) == 2


def test_a_late_one_runs_once_however_many_times_were_missed(now, installation):
    change(installation, schedule="*/5 * * * *")
    schedule.tick(now)
    schedule.tick(now + 5 * HOUR)
    assert len(runs()) == 1
    assert row(f"sync {installation}").next_due > now + 5 * HOUR


def test_a_time_that_came_while_a_run_went_on_is_not_skipped(now, installation):
    change(installation, schedule="0 * * * *")
    schedule.tick(now)
    schedule.tick(now + HOUR)
    first = runs()[0]
    schedule.tick(now + 2 * HOUR)
    end(first.id, now + 2 * HOUR)
    schedule.tick(now + 2 * HOUR)
    assert len(runs()) == 2


def test_an_interrupted_run_is_due_again_at_once(now, installation):
    schedule.tick(now)
    end(runs()[0].id, now + HOUR, again=True)
    schedule.tick(now + HOUR)
    assert len(runs()) == 2


def test_a_claim_that_another_process_made_is_not_made_again(now, installation):
    schedule.tick(now)
    with transaction() as session:
        session.get_one(Schedule, row(f"sync {installation}").id).next_due = now
    end(runs()[0].id, now)
    with transaction() as session:
        session.get_one(Schedule, row(f"sync {installation}").id).next_due = now
    schedule.tick(now)
    assert len(runs()) == 1


def test_a_claim_does_not_wait_for_another_process_that_claims(pg_app, clock):
    with transaction() as session:
        session.add(ConnectedCompany(realm="1", connected_at=clock.now()))
    other_process = create_engine(db.engine.url)
    with other_process.connect() as connection:
        connection.execute(schedule.TRY_CLAIM_LOCK)
        assert schedule.tick(clock.now()) == 0
    other_process.dispose()
    assert schedule.tick(clock.now()) > 0


@pytest.mark.parametrize("change_to", [{"mode": "paused"}, {"enabled": False}])
def test_a_paused_or_disabled_installation_is_not_due(now, installation, change_to):
    change(installation, **change_to)
    schedule.tick(now)
    assert runs() == []
    change(installation, mode="auto", enabled=True)
    schedule.tick(now)
    assert len(runs()) == 1


def test_a_new_schedule_or_zone_of_an_installation_is_followed(now, installation):
    schedule.tick(now)
    end(runs()[0].id, now)
    change(installation, schedule="0 6 * * *", zone="America/New_York")
    schedule.tick(now)
    assert row(f"sync {installation}").next_due == dt.datetime(2026, 3, 2, 11, tzinfo=dt.UTC)


def test_an_unreadable_schedule_stops_no_other(now, installation):
    change(installation, schedule="whenever")
    schedule.tick(now)
    assert (runs(), len(runs("changes"))) == ([], 1)
    with transaction() as session:
        requested_run = Run(kind="sync", installation_id=installation)
        session.add(requested_run)
    end(requested_run.id, now)


@pytest.mark.row("CT-S19")
@pytest.mark.parametrize(
    "values", [{"zone": "Mars/Olympus"}, {"every": "~"}, {"every": "0 0 */29 2 5#5"}]
)
def test_a_schedule_that_has_become_unreadable_stops_no_other(now, installation, values):
    change(installation, schedule="0 * * * *")
    schedule.tick(now)
    with transaction() as session:
        session.execute(update(Schedule).where(Schedule.kind == "sync").values(**values))
        fields = {"schedule" if name == "every" else name: value for name, value in values.items()}
        session.execute(update(Installation).values(**fields))
    schedule.tick(now + HOUR)
    schedule.tick(now + 24 * HOUR)
    assert [len(runs(kind)) for kind in ("sync", "lists", "reconcile")] == [1, 1, 1]


def test_a_company_has_its_nightly_lists_and_proof_in_its_zone(now, installation):
    change(installation, zone="Europe/Oslo")
    schedule.tick(now)
    lists, proof = row("lists 1"), row("reconcile 1")
    assert (lists.next_due + HOUR).hour == 2
    assert (proof.next_due + HOUR).hour in (3, 4)


def test_the_nightly_runs_follow_the_zone_of_an_app_that_is_enabled_later(now, installation):
    schedule.tick(now)
    change(installation, zone="America/New_York")
    schedule.tick(now)
    assert row("lists 1").next_due.astimezone(ZoneInfo("America/New_York")).hour == 2


def test_a_company_that_a_person_disconnected_is_left_alone(now, installation):
    with transaction() as session:
        session.scalars(select(ConnectedCompany)).one().state = "disconnected"
    schedule.tick(now)
    assert runs() == runs("changes") == []


@pytest.mark.parametrize("state", ["interrupted", "reconnect", "subscription", "configuration"])
def test_a_company_that_quickbooks_refuses_is_tried_on_schedule(now, installation, state):
    with transaction() as session:
        session.scalars(select(ConnectedCompany)).one().state = state
    schedule.tick(now)
    assert (len(runs()), len(runs("changes"))) == (1, 1)


@pytest.mark.proof
def test_many_due_schedules_are_claimed_by_one_tick(now):
    due = [
        {"name": f"s{n}", "kind": "sync", "every": ("15m", "*/5 * * * *")[n % 2], "next_due": now}
        for n in range(MANY)
    ]
    with transaction() as session:
        session.add_all(Schedule(**values) for values in due)
    assert schedule.tick(now) == MANY
    assert schedule.tick(now) == 0


def test_a_tick_without_work_compares_no_row_with_all_others(pg_app, clock):
    now = clock.now()
    with transaction() as session:
        company = ConnectedCompany(realm="1", connected_at=now)
        apps = [
            Installation(company=company, slug=f"app-{n}", created_at=now, schedule="15m")
            for n in range(500)
        ]
        session.add_all([company, *apps])
    schedule.tick(now)
    with count_compared_rows() as count:
        assert schedule.tick(now) == 0
    assert 500 < count() < 500 * 20


def test_schedules_that_are_due_next_at_the_same_time_are_updated_together(now):
    with transaction() as session:
        company = ConnectedCompany(realm="1", connected_at=now)
        apps = [
            Installation(
                company=company, slug=f"app-{number}", created_at=now, schedule="*/5 * * * *"
            )
            for number in range(20)
        ]
        session.add_all([company, *apps])
    schedule.tick(now)
    with transaction() as session:
        session.execute(update(Schedule).values(next_due=now))
    statements = []

    def note(connection, cursor, sql, parameters, context, is_many):
        if sql.startswith("UPDATE schedule"):
            statements.extend(parameters if is_many else [sql])

    event.listen(db.engine, "before_cursor_execute", note)
    assert schedule.tick(now) >= 20
    event.remove(db.engine, "before_cursor_execute", note)
    assert len(statements) <= 5
    with read_only_session() as session:
        due = set(session.scalars(select(Schedule.next_due).where(Schedule.kind == "sync")))
    assert due == {now + dt.timedelta(minutes=5)}
