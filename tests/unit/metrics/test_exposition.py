"""Metrics for Prometheus: correct, the same from every process, and cheap to read."""

import datetime as dt
import re
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from flask import Flask
from prometheus_client.parser import text_string_to_metric_families
from sqlalchemy import delete, text, update

from hub import outbox
from hub.cli import main
from hub.db import engine
from hub.metrics import exposition, gauges, totals
from hub.models import ConnectedCompany, Installation, Posting, ReceiptRow, Run, Schedule, Token
from hub.models.enums import ConnectionState, PostingState
from hub.outbox import document_counts
from hub.scheduling import run_log, schedule
from hub.telemetry.counts import QUICKBOOKS_CALLS, RUN_SECONDS
from hub.testing.clock import FakeClock
from tests.support.pages.page_visitor import Visitor
from tests.support.rows.rights_rows import TwoCompanies
from tests.support.servers import alert_rules

READ, LANDED = "read", "landed"


def samples(app: Flask) -> dict[tuple[str, tuple[tuple[str, str], ...]], float]:
    """Return all figures by name and labels, as Prometheus reads them."""
    with app.app_context():
        content, content_type = exposition.render("")
    assert content_type.startswith("text/plain")
    results = {}
    for family in text_string_to_metric_families(content.decode()):
        for sample in family.samples:
            results[sample.name, tuple(sorted(sample.labels.items()))] = sample.value
    return results


def value(hub: Flask, name: str, **labels: str) -> float | None:
    return samples(hub).get((name, tuple(sorted(labels.items()))))


def test_the_table_of_the_docs_has_every_figure(app_with_pages: Flask) -> None:
    with app_with_pages.app_context():
        content, _ = exposition.render("")
    shown = re.findall(r"^# TYPE (\S+) (\S+)$", content.decode(), re.MULTILINE)
    page = (Path(__file__).parents[3] / "docs" / "operate.md").read_text()
    documented = re.findall(r"^\| `(hub_\w+)` \| (\w+) \|", page, re.MULTILINE)
    assert ("hub_build_info", "gauge") in shown
    assert documented == shown


def test_documents_are_counted_as_the_pages_count_them(two_companies: TwoCompanies) -> None:
    with two_companies.app.app_context(), engine.read_only_session() as session:
        ids = [row.id for row in session.query(Installation)]
        together = outbox.count_by_installation(session)
        assert ids
        for installation_id in ids:
            expected = outbox.count_documents(session, installation_id)
            counted: Counter[str] = Counter()
            for state, number in together[installation_id].items():
                is_under_way = state in ("waiting", "ready", "sending")
                counted["waiting" if is_under_way else state] += number
            del expected["documents"]
            assert {state: counted[state] for state in expected} == expected


def test_a_document_with_several_postings_counts_once(visitor: Visitor) -> None:
    story = visitor.story
    with visitor.app.app_context(), engine.read_only_session() as session:
        expected = outbox.count_documents(session, story.installation)
        together = outbox.count_by_installation(session)[story.installation]
    assert expected["documents"] == sum(together.values())
    assert together["held"] == expected["held"]
    assert value(visitor.app, "hub_documents", app="costtracker", state="held") == expected["held"]


def test_the_metrics_have_the_figures_of_the_story(visitor: Visitor, clock: FakeClock) -> None:
    app, company = visitor.app, str(visitor.story.company)
    clock.advance(3600)
    result = samples(app)
    assert result["hub_postings_in_doubt", (("company", company),)] >= 1
    assert result["hub_connections", (("state", "connected"),)] == 1
    assert result["hub_connections", (("state", "reconnect"),)] == 0
    for waits_for in ("hub", "person"):
        labels = (("company", company), ("waits_for", waits_for))
        assert result["hub_oldest_unposted_document_age_seconds", labels] >= 3600
    days = result["hub_connection_days_left", (("company", company),)]
    assert days == pytest.approx(96 - 1 / 24)
    with app.app_context(), engine.read_only_session() as session:
        cases = session.scalar(text('SELECT count(*) FROM "case" WHERE closed_at IS NULL'))
    assert sum(number for (name, _), number in result.items() if name == "hub_open_cases") == cases


def test_a_posting_waiting_for_a_person_or_another_posting_does_not_wait_for_the_hub(
    visitor: Visitor, clock: FakeClock
) -> None:
    """A file waits for its bill in review, and a paused app sends nothing, so no alert is due."""
    app = visitor.app
    labels = {"company": str(visitor.story.company), "waits_for": "hub"}
    name = "hub_oldest_unposted_document_age_seconds"
    with app.app_context(), engine.transaction() as session:
        session.execute(
            update(Posting)
            .where(Posting.state.in_(("ready", "waiting", "sending", "unknown")))
            .values(state="skipped")
        )
        bill, file = session.query(Posting).order_by(Posting.id).limit(2)
        bill.state, bill.held_by = "review", ""
        file.state, file.held_by, file.after_id = "waiting", "", bill.id
    assert value(app, name, **labels) is None

    for changes, is_for_hub in (
        ({"after_id": None}, True),
        ({"held_by": "source"}, False),
        ({"held_by": "", "state": "ready"}, True),
    ):
        with app.app_context(), engine.transaction() as session:
            session.execute(update(Posting).where(Posting.id == file.id).values(**changes))
        clock.advance(exposition.MIN_FRESH_SECONDS)
        assert (value(app, name, **labels) is not None) == is_for_hub, changes
    with app.app_context(), engine.transaction() as session:
        session.execute(update(Installation).values(mode="paused"))
    clock.advance(exposition.MIN_FRESH_SECONDS)
    assert value(app, name, **labels) is None


def test_the_end_of_a_connection_that_is_past_is_negative(
    visitor: Visitor, clock: FakeClock
) -> None:
    with visitor.app.app_context(), engine.transaction() as session:
        token = session.query(Token).one()
        token.refresh_expires_at = clock.now() - dt.timedelta(days=2)
    company = str(visitor.story.company)
    assert value(visitor.app, "hub_connection_days_left", company=company) == pytest.approx(-2)


@pytest.mark.parametrize("state", ["disconnected", "reconnect"])
def test_a_connection_that_has_ended_has_no_days_left(visitor: Visitor, state: str) -> None:
    with visitor.app.app_context(), engine.transaction() as session:
        session.query(ConnectedCompany).one().state = state
    company = str(visitor.story.company)
    assert value(visitor.app, "hub_connection_days_left", company=company) is None
    assert value(visitor.app, "hub_connections", state=state) == 1


def test_nothing_of_a_disconnected_company_waits_for_the_hub_or_a_source(
    visitor: Visitor, clock: FakeClock
) -> None:
    """Its apps are neither read nor posted until a person connects it, so no alert is due."""
    app, company = visitor.app, str(visitor.story.company)
    figures: dict[str, dict[str, str]] = {
        "hub_apps_failing": {"app": "costtracker"},
        "hub_receipts_waiting": {},
        "hub_oldest_unposted_document_age_seconds": {"company": company, "waits_for": "hub"},
    }
    with app.app_context(), engine.transaction() as session:
        session.query(Installation).one().failing_since = clock.now()
        receipt = session.query(ReceiptRow).order_by(ReceiptRow.id).first()
        assert receipt
        receipt.next_try_at = clock.now()
    assert all(value(app, name, **labels) for name, labels in figures.items())
    with app.app_context(), engine.transaction() as session:
        session.query(ConnectedCompany).one().state = ConnectionState.DISCONNECTED
    clock.advance(exposition.MIN_FRESH_SECONDS)
    assert not any(value(app, name, **labels) for name, labels in figures.items())


def test_receipts_of_a_paused_app_do_not_wait_for_its_source(
    visitor: Visitor, clock: FakeClock
) -> None:
    with visitor.app.app_context(), engine.transaction() as session:
        session.execute(update(ReceiptRow).values(next_try_at=clock.now()))
    assert value(visitor.app, "hub_receipts_waiting")
    with visitor.app.app_context(), engine.transaction() as session:
        session.query(Installation).one().mode = "paused"
    clock.advance(exposition.MIN_FRESH_SECONDS)
    assert value(visitor.app, "hub_receipts_waiting") == 0


def test_times_from_before_the_clock_was_set_back_hide_no_outage(
    visitor: Visitor, clock: FakeClock, tmp_path: Path
) -> None:
    names = ("hub_last_run_end_timestamp_seconds", "hub_last_backup_timestamp_seconds")
    about = {"kind": "lists", "company_id": visitor.story.company}
    for _ in range(2):
        result = CliRunner().invoke(main, ["backup", str(tmp_path)], obj=visitor.app)
        assert result.exit_code == 0, result.output
        with visitor.app.app_context(), engine.transaction() as session:
            session.add(Run(**about, started_at=clock.now(), ended_at=clock.now()))
        ended_at = clock.now()
        clock.advance(3 * 24 * 3600)
    clock.set(ended_at - dt.timedelta(days=1))
    first = (ended_at - dt.timedelta(days=3)).timestamp()
    assert [value(visitor.app, name) for name in names] == [first, first]


def test_a_run_during_which_the_clock_was_set_back_took_no_time(
    visitor: Visitor, clock: FakeClock
) -> None:
    with visitor.app.app_context():
        with engine.transaction() as session:
            run = Run(kind="tokens", company_id=visitor.story.company, started_at=clock.now())
            session.add(run)
        clock.set(clock.now() - dt.timedelta(hours=1))
        run_log.RunRecorder(run.id).end({})
    labels = {"kind": "tokens", "outcome": "done"}
    assert value(visitor.app, "hub_run_duration_seconds_count", **labels) == 1
    assert value(visitor.app, "hub_run_duration_seconds_sum", **labels) == 0


def test_the_queue_is_what_waits_to_start(visitor: Visitor, clock: FakeClock) -> None:
    before = value(visitor.app, "hub_runs_waiting") or 0
    with visitor.app.app_context(), engine.transaction() as session:
        session.add_all(
            [Run(kind="sync"), Run(kind="sync"), Run(kind="sync", ended_at=clock.now())]
        )
    clock.advance(exposition.MIN_FRESH_SECONDS)
    assert value(visitor.app, "hub_runs_waiting") == before + 2
    ended = value(visitor.app, "hub_last_run_end_timestamp_seconds")
    assert ended is not None
    assert clock.now().timestamp() - ended == pytest.approx(exposition.MIN_FRESH_SECONDS)


def test_a_schedule_whose_app_is_still_synced_is_not_overdue(
    visitor: Visitor, clock: FakeClock
) -> None:
    """The first sync of a large source, which a person starts, may take longer than the alert."""
    due = {"enabled": True, "next_due": clock.now() - dt.timedelta(minutes=10)}
    with visitor.app.app_context(), engine.transaction() as session:
        row = session.query(Installation).one()
        about = {"company_id": row.company_id, "installation_id": row.id, "kind": "sync"}
        session.execute(update(Run).values(ended_at=clock.now()))
        session.execute(delete(Schedule))
        session.add(Schedule(name="sync of a test", every="15m", **about, **due))
        run = Run(started_at=clock.now(), **about)
        session.add(run)
    assert value(visitor.app, "hub_schedules_overdue") == 0
    with visitor.app.app_context(), engine.transaction() as session:
        session.get_one(Run, run.id).ended_at = clock.now()
    clock.advance(exposition.MIN_FRESH_SECONDS)
    assert value(visitor.app, "hub_schedules_overdue") == 1


def test_the_alert_that_no_run_ends_is_silent_while_nothing_is_to_run(
    visitor: Visitor, clock: FakeClock
) -> None:
    """A person has disconnected every company, or paused every app."""
    (rule,) = [rule for rule in alert_rules.read_rules() if rule["alert"] == "HubNoRun"]

    def fires() -> bool:
        expression = rule["expr"].replace("time()", str(clock.now().timestamp()))
        for metric in alert_rules.find_metrics(expression):
            expression = expression.replace(metric, str(value(visitor.app, metric)))
        return bool(eval(expression))

    with visitor.app.app_context(), engine.transaction() as session:
        session.execute(update(Run).values(started_at=clock.now(), ended_at=clock.now()))
        session.execute(update(ConnectedCompany).values(state=ConnectionState.DISCONNECTED))
    clock.advance(2 * 3600)
    with visitor.app.app_context():
        schedule.tick(clock.now())
        assert not fires()
        with engine.transaction() as session:
            session.execute(update(ConnectedCompany).values(state=ConnectionState.CONNECTED))
            session.execute(update(Schedule).values(enabled=True, next_due=clock.now()))
    clock.advance(2 * 60)
    assert fires()


def test_an_alert_says_that_a_new_hub_has_ended_no_run_yet(
    visitor: Visitor, clock: FakeClock
) -> None:
    """Its worker was never started, so there is no last run whose age another alert could see."""
    (rule,) = [rule for rule in alert_rules.read_rules() if rule["alert"] == "HubNoFirstRun"]
    work, _, ended = rule["expr"].partition(" unless ")

    def fires() -> bool:
        expression = work
        for metric in alert_rules.find_metrics(work):
            expression = expression.replace(metric, str(value(visitor.app, metric)))
        return bool(eval(expression)) and value(visitor.app, ended) is None

    with visitor.app.app_context(), engine.transaction() as session:
        session.execute(update(Run).values(started_at=None, ended_at=None))
    assert fires()
    with visitor.app.app_context(), engine.transaction() as session:
        run = session.query(Run).order_by(Run.id).first()
        run.started_at = run.ended_at = clock.now()
    clock.advance(exposition.MIN_FRESH_SECONDS)
    assert not fires()


def test_one_run_that_hangs_is_seen_while_those_of_other_companies_end(
    two_companies: TwoCompanies, clock: FakeClock
) -> None:
    app = two_companies.app
    (rule,) = [rule for rule in alert_rules.read_rules() if rule["alert"] == "HubRunHangs"]
    with app.app_context(), engine.transaction() as session:
        session.execute(update(Run).values(started_at=clock.now(), ended_at=clock.now()))
        one, other = session.query(ConnectedCompany).order_by(ConnectedCompany.id)
        session.add(Run(kind="sync", company_id=one.id, started_at=clock.now()))
        session.add(Run(kind="sync", company_id=other.id))  # it waits, so it has no age

    def fires(company: ConnectedCompany) -> bool:
        (metric,) = alert_rules.find_metrics(rule["expr"])
        age = value(app, metric, company=str(company.id))
        return age is not None and bool(eval(rule["expr"].replace(metric, str(age))))

    clock.advance(3600)
    assert value(app, "hub_oldest_run_age_seconds", company=str(one.id)) == 3600
    assert value(app, "hub_oldest_run_age_seconds", company=str(other.id)) is None
    assert not fires(one)
    with app.app_context(), engine.transaction() as session:
        session.add(Run(kind="changes", company_id=one.id, started_at=clock.now()))
    clock.advance(4 * 3600)
    with app.app_context(), engine.transaction() as session:
        ended = clock.now() - dt.timedelta(minutes=1)
        session.add(
            Run(kind="sync", company_id=other.id, started_at=ended, ended_at=ended, outcome="done")
        )
    assert (fires(one), fires(other)) == (True, False)
    with app.app_context(), engine.transaction() as session:
        session.execute(update(Run).values(ended_at=clock.now()))
    clock.advance(exposition.MIN_FRESH_SECONDS)
    assert not fires(one)


def test_the_newest_backup_is_known_by_its_time(
    visitor: Visitor, clock: FakeClock, tmp_path: Path
) -> None:
    assert value(visitor.app, "hub_last_backup_timestamp_seconds") is None
    for _ in range(2):
        clock.advance(exposition.MIN_FRESH_SECONDS)
        result = CliRunner().invoke(main, ["backup", str(tmp_path)], obj=visitor.app)
        assert result.exit_code == 0, result.output
    made_at = clock.now().timestamp()
    clock.advance(exposition.MIN_FRESH_SECONDS)
    assert value(visitor.app, "hub_last_backup_timestamp_seconds") == made_at


# -- counts of several processes -------------------------------------------------------------------


def count_in(app: Flask, times: int) -> None:
    """Let a process make some calls and one run."""
    counts = app.extensions["hub"].counts
    for _ in range(times):
        counts.add(QUICKBOOKS_CALLS, READ, LANDED)
    counts.observe(RUN_SECONDS, 20.0, "sync", "done")


@pytest.mark.parametrize("url", ["sqlite", "postgres"])
def test_the_counts_of_all_processes_add_up(
    make_app: Callable[..., Flask],
    make_config: Callable[..., Any],
    request: pytest.FixtureRequest,
    url: str,
) -> None:
    if url == "postgres":
        config = make_config(HUB_DATABASE_URL=request.getfixturevalue("postgres_url"))
    else:
        config = request.getfixturevalue("app").extensions["hub"].config
    processes = [make_app(config, pages=True) for _ in range(3)]
    for app, times in zip(processes, (1, 2, 4), strict=True):
        count_in(app, times)
        with app.app_context():
            totals.store()
    count_in(processes[0], 3)
    for app in processes:
        assert value(app, "hub_quickbooks_calls_total", kind=READ, outcome=LANDED) in (7, 10)
    result = samples(processes[1])
    labels = (("kind", "sync"), ("outcome", "done"))
    assert result["hub_quickbooks_calls_total", (("kind", READ), ("outcome", LANDED))] == 10
    assert result["hub_run_duration_seconds_count", labels] == 4
    assert result["hub_run_duration_seconds_sum", labels] == 80
    assert result["hub_run_duration_seconds_bucket", (*labels[:1], ("le", "15"), *labels[1:])] == 0
    assert result["hub_run_duration_seconds_bucket", (*labels[:1], ("le", "60"), *labels[1:])] == 4
    restarted = make_app(config, pages=True)
    assert value(restarted, "hub_quickbooks_calls_total", kind=READ, outcome=LANDED) == 10


def test_counts_wait_for_a_database_that_cannot_be_used(
    app_with_pages: Flask, caplog: pytest.LogCaptureFixture
) -> None:
    app = app_with_pages
    count_in(app, 2)
    engine.db.engine.dispose()
    data = app.extensions["hub"].config.data
    (data / "hub.db").rename(data / "away")
    (data / "hub.db").mkdir()
    for _ in range(2):
        totals.store()
    assert caplog.text.count("could not be stored") == 1
    (data / "hub.db").rmdir()
    (data / "away").rename(data / "hub.db")
    assert value(app, "hub_quickbooks_calls_total", kind=READ, outcome=LANDED) == 2


# -- the cost of a scrape --------------------------------------------------------------------------


def test_a_figure_is_read_less_often_the_longer_its_query_takes(
    visitor: Visitor, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    reads: list[float] = []

    def slow(session: Any) -> gauges.Values:
        reads.append(clock.monotonic())
        clock.advance(2)
        return [((), 1.0)]

    monkeypatch.setattr(exposition, "GAUGES", (gauges.Gauge("hub_slow", "Slow", (), slow),))
    for _ in range(100):
        assert value(visitor.app, "hub_slow") == 1
        clock.advance(5)
    assert len(reads) == 3
    assert reads[1] - reads[0] >= 2 * exposition.FRESH_PER_SECOND_OF_QUERY


def plan_of(session: Any, query: Any) -> str:
    """Return how SQLite answers a query."""
    compiled = query.compile(session.get_bind(), compile_kwargs={"literal_binds": True})
    rows = session.execute(text(f"EXPLAIN QUERY PLAN {compiled}"))
    return " / ".join(row.detail for row in rows)


def test_the_queries_of_each_scrape_read_no_table_of_postings(visitor: Visitor) -> None:
    with visitor.app.app_context(), engine.read_only_session() as session:
        oldest = plan_of(session, gauges._select_oldest_in_state(PostingState.HELD))
        doubt = plan_of(session, gauges._select_in_doubt())
        firsts = plan_of(session, document_counts._select_first_postings())
    assert "USING COVERING INDEX ix_posting_company_state" in oldest
    assert "USING COVERING INDEX ix_posting_company_state" in doubt
    assert "USING COVERING INDEX ix_posting_installation_state" in firsts
    assert "SCAN posting" not in oldest + doubt
