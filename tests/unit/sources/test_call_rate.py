"""The declared rate of a source is kept by all processes of a hub together."""

import datetime as dt
import shutil
import subprocess
import sys
import threading
from collections import Counter
from contextlib import suppress

import pytest
from click.testing import CliRunner
from sqlalchemy import select, update

from hub import Checkpoint, hookimpl, sources
from hub.cli import main
from hub.context import Ending, current_hub
from hub.contract.registry import Plugins
from hub.db.engine import read_only_session, transaction
from hub.errors import RateReached, Refused, TooOften
from hub.models import Case, Installation, ListState, RunLine, Schedule
from hub.models import Cursor as CursorRow
from hub.scheduling import runner, schedule
from hub.sources.call_rate import MAX_PAGE_WAIT_SECONDS
from qbo_sandbox.kit import Clock, Limits, Server, json_answer, query_of
from qbo_sandbox.kit.wsgi import WSGIAdapter
from tests.support.proofs.windows import most_within
from tests.support.sources.small_source import SmallSource, bill, install_small_source

SOURCE = "https://source.test"
PAGES = 9
CALLS_OF_A_PROCESS = 15
PROCESS = """
import os
import sys
from dataclasses import replace
from hub import config
from hub.app import create_app
from hub.errors import RateReached
from hub.http.client import AppHttp, HubFunctions
from hub.models import Installation
from hub.sources import call_rate

url, count = sys.argv[1:]
hub = create_app(config.load(os.environ), pages=False)
with hub.app_context():
    runtime = hub.extensions["hub"]
    app = replace(runtime.plugins.apps["costtracker"], rate="20/h")
    http = AppHttp(
        app.name, ["{url}"], {"url": url}, clock=runtime.clock, seconds=20,
        allowed_hosts=["127.0.0.1"],
        hub=HubFunctions(
            **call_rate.build_rate_functions(app, Installation(id=1, slug=app.slug, tenant="t1"))
        ),
    )
    for _ in range(int(count)):
        try:
            print(http.request("GET", url).status)
        except RateReached as error:
            print("waits")
"""


class Source:
    """A source that answers pages at a rate, which it enforces by the clock of the hub."""

    def __init__(self, rate):
        self.clock = Clock(frozen=True)
        self.limits = Limits.at_rate(self.clock, rate)
        self.calls = []
        self.refused = 0

    def follow(self, clock):
        """Take the time of the hub's clock from now on."""
        clock.followers.append(lambda now: self.clock.set(now.timestamp()))
        self.clock.set(clock.now().timestamp())

    def __call__(self, environ, start):
        seconds = self.limits.wait()
        if seconds:
            self.refused += 1
            return json_answer(start, 429, {}, (("Retry-After", str(seconds)),))
        self.calls.append(self.clock.now())
        return json_answer(start, 200, {"page": int(query_of(environ).get("after", "0")) + 1})


class PagedSource(SmallSource):
    """The small source with a list of pages, each read with one call and followed by a cursor."""

    has_cursors = True

    @hookimpl
    def hub_documents(self, app, site, cursors, ids):
        after = cursors.get("", "0")
        while not ids and int(after) < PAGES:
            reply = site.http.request("GET", f"{SOURCE}/rows", params={"after": after})
            after = str(reply.json()["page"])
            yield bill(after)
            if self.has_cursors:
                yield Checkpoint(cursor=after)


@pytest.fixture
def hub(make_app, make_config, empty_database, clock):
    """Return a function that installs the paged source with a rate; its hub's context is open."""
    contexts = []

    def install(rate, enforced=None, *, has_cursors=True, **options):
        source = Source(enforced or rate)
        source.follow(clock)
        config = make_config()
        shutil.copy(empty_database, config.data / "hub.db")
        plugin = PagedSource(rate=rate, every="1d", hosts=("source.test",))
        plugin.has_cursors = has_cursors
        app = make_app(config, plugins=Plugins.load([plugin], installed=False), **options)
        contexts.append(app.app_context())
        contexts[-1].push()
        current_hub().mounts[SOURCE] = WSGIAdapter(source, SOURCE)
        source.app = app
        source.id = install_small_source(mode="review", tenant="t1")
        return source

    yield install
    for context in contexts:
        context.pop()


def installation(id):
    with read_only_session() as session:
        row = session.get_one(Installation, id)
        assert row.company
        return row


def client(source):
    """Return the HTTP client of the source's installation."""
    return sources.build_site(installation(source.id)).http


def sync(source):
    """Run a sync; return it with its lines."""
    run = runner.sync(source.id, requested_by="kari")
    with read_only_session() as session:
        lines = session.scalars(select(RunLine.text).where(RunLine.run_id == run.id)).all()
    return run, lines


def confirm_lists(clock):
    """Let the lists of QuickBooks be read just now, so that a run does not read them again."""
    with transaction() as session:
        session.execute(update(ListState).values(read_at=clock.now()))


def stored_cursor():
    with read_only_session() as session:
        return session.scalars(select(CursorRow.value)).one()


def test_a_run_waits_so_that_the_source_refuses_no_call(hub, clock):
    source = hub("3/10s")
    run, _ = sync(source)
    assert (run.outcome, stored_cursor(), source.refused) == ("done", str(PAGES), 0)
    assert most_within(source.calls, 10) == 3
    assert clock.monotonic() < 40


def test_a_source_without_a_rate_is_not_waited_for(hub, clock):
    source = hub("", enforced="3/10s")
    run, _ = sync(source)
    assert (run.outcome, source.refused, clock.monotonic()) == ("stopped", 1, 0)


def test_a_long_wait_ends_the_run_politely_and_it_continues_where_it_stopped(hub, clock):
    source = hub("4/h")
    with transaction() as session:
        schedule.add_missing_schedules(session, clock.now())
    run, lines = sync(source)
    assert (run.outcome, stored_cursor()) == ("done", "4")
    assert (
        "Small allows 4 calls in 1 hour, which are used up. Nothing was lost; the next call is"
        " possible in 61 minutes. The rest is read then." in lines
    )
    with read_only_session() as session:
        assert session.scalars(select(Case)).all() == []
        due = session.scalars(select(Schedule).where(Schedule.installation_id == source.id)).one()
    assert due.next_due - clock.now() < dt.timedelta(minutes=62)
    for cursor in ("8", "9"):
        clock.advance(3661)
        confirm_lists(clock)
        run, _ = sync(source)
        assert (run.error, stored_cursor()) == ("", cursor)
    assert (len(source.calls), source.refused) == (PAGES, 0)


@pytest.mark.parametrize(
    ("rate", "is_demo", "calls"),
    [("100/h", True, 60), ("100/h", False, 50), ("50/2m", True, 50)],
)
def test_a_demo_does_not_spread_calls_over_a_long_period(hub, monkeypatch, rate, is_demo, calls):
    monkeypatch.setattr(f"{__name__}.PAGES", 60)
    source = hub(rate, is_demo=is_demo)
    sync(source)
    assert (len(source.calls), source.refused) == (calls, 0)


def test_a_sync_that_the_rate_ends_is_not_taken_for_a_complete_one(hub, clock, monkeypatch):
    source = hub("4/h")
    http = client(source)
    for _ in range(4):
        http.request("GET", SOURCE)
    result = CliRunner().invoke(main, ["sync"], obj=source.app)
    assert (result.exit_code, "was not read to the end" in result.output) == (5, True), (
        result.output
    )

    def stop_by_rate(*_):
        raise RateReached("Small", "4/h", 60)

    monkeypatch.setattr("hub.collect.run.SourceReading.read_exactly", stop_by_rate)
    result = CliRunner().invoke(main, ["sync", "small", "--only", "7"], obj=source.app)
    assert (result.exit_code, "There is no" in result.output) == (5, False), result.output


@pytest.mark.parametrize(
    ("status", "wait", "code"),
    [
        (429, "3600", 5),
        (429, "", 5),
        (503, "3600", 5),
        (503, "0", 1),
        (503, "", 1),
    ],
)
def test_a_pause_that_the_source_asks_for_is_no_failure_of_the_command(
    hub, monkeypatch, status, wait, code
):
    source = hub("", enforced="1/h")
    headers = (("Retry-After", wait),) if wait else ()
    monkeypatch.setattr(
        current_hub().mounts[SOURCE],
        "app",
        lambda environ, start: json_answer(start, status, {}, headers),
    )
    result = CliRunner().invoke(main, ["sync"], obj=source.app)
    assert result.exit_code == code, result.output
    is_pause = "Its source asks to be called later; the next sync goes on there." in result.output
    assert is_pause == (code == 5), result.output
    with read_only_session() as session:  # a source that never answers becomes a case
        assert session.get_one(Installation, source.id).failed_syncs == 1


def open_cases():
    with read_only_session() as session:
        return set(session.scalars(select(Case.code).where(Case.closed_at.is_(None))))


def test_pauses_while_the_reading_goes_on_are_no_case(hub, clock):
    source = hub("", enforced="2/h")
    outcomes = []
    while not outcomes or outcomes[-1] == "stopped":
        run, _ = sync(source)
        outcomes.append(run.outcome)
        assert open_cases() <= {"match.missing"}, outcomes
        clock.advance(3601)
        confirm_lists(clock)
    assert (outcomes, stored_cursor()) == (["stopped"] * 4 + ["done"], str(PAGES))


def test_pauses_without_progress_are_a_case(hub, clock, monkeypatch):
    source = hub("", enforced="2/h")
    sync(source)
    headers = (("Retry-After", "60"),)
    monkeypatch.setattr(
        current_hub().mounts[SOURCE],
        "app",
        lambda environ, start: json_answer(start, 429, {}, headers),
    )
    for _ in range(3):
        clock.advance(60)
        assert "source.unreachable" not in open_cases()
        sync(source)
    assert "source.unreachable" in open_cases()


def test_a_reading_that_does_not_get_further_is_a_case(hub, clock):
    source = hub("", enforced="2/h", has_cursors=False)
    for _ in range(4):
        sync(source)
        clock.advance(3601)
        confirm_lists(clock)
    assert "runs.failing" in open_cases()


def test_a_document_that_cannot_be_read_during_a_pause_is_not_missing(hub, monkeypatch):
    source = hub("", enforced="1/h")

    def ask_to_wait(*_):
        error = TooOften("source.test", "Small", 3600)
        error.from_source = True
        raise error

    monkeypatch.setattr("hub.collect.run.SourceReading.read_exactly", ask_to_wait)
    result = CliRunner().invoke(main, ["sync", "small", "--only", "7"], obj=source.app)
    assert (result.exit_code, "There is no" in result.output) == (5, False), result.output


def test_a_pause_hides_no_other_failure_of_the_command(hub, monkeypatch):
    source = hub("", enforced="1/h")
    client(source).request("GET", SOURCE)

    def fail(*_, **__):
        raise Refused("QuickBooks refuses it.")

    monkeypatch.setattr("hub.scheduling.runner.send_run.drain", fail)
    result = CliRunner().invoke(main, ["sync"], obj=source.app)
    assert (result.exit_code, "to slow down. QuickBooks refuses it." in result.output) == (1, True)


def test_documents_that_a_person_asks_for_say_when_they_can_be_read(hub):
    source = hub("1/h")
    http = client(source)
    http.request("GET", SOURCE)
    with pytest.raises(RateReached) as caught:
        http.request("GET", SOURCE)
    assert caught.value.after == pytest.approx(3600.5)
    assert source.refused == 0


def test_threads_share_the_rate(hub):
    source = hub("6/h")
    outcomes = []

    def call_often():
        with source.app.app_context():
            http = client(source)
            for _ in range(4):
                try:
                    outcomes.append(http.request("GET", SOURCE).status)
                except RateReached:
                    outcomes.append("waits")

    threads = [threading.Thread(target=call_often) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (Counter(outcomes), source.refused) == ({200: 6, "waits": 10}, 0)


@pytest.mark.proof(small=0)
def test_two_processes_share_the_rate_without_a_refusal(make_config, monkeypatch):
    """Use a rate of an hour: however slow the machine is, its twenty calls are the first twenty."""
    config = make_config()
    source = Source("20/h")
    with Server(source) as server:
        environ = {
            "HUB_DATA": str(config.data),
            "HUB_SECRET_KEY": config.secret_key,
            "HUB_VAULT_KEYS": "k1:q5h3vJ0mXy8cB1rT6uZ2wE9sD4gF7aLpNkVbMxQeYtI=",
        }
        for name, value in environ.items():
            monkeypatch.setenv(name, value)
        command = [sys.executable, "-c", PROCESS, server.url, str(CALLS_OF_A_PROCESS)]
        running = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(2)]
        outcomes = Counter()
        for process in running:
            outcomes.update(process.communicate(timeout=120)[0].split())
    assert outcomes == {"200": 20, "waits": 10}
    assert (len(source.calls), source.refused) == (20, 0)


def test_the_workers_of_several_machines_share_the_rate(make_process, clock):
    source = Source("20/h")
    source.follow(clock)
    plugins = Plugins.load([PagedSource(rate="20/h", hosts=("source.test",))], installed=False)
    workers = [make_process(name, plugins=plugins) for name in ("one", "two")]
    with workers[0].app_context():
        source.id = install_small_source(mode="review", tenant="t1")
    for worker in workers:
        worker.extensions["hub"].mounts[SOURCE] = WSGIAdapter(source, SOURCE)
    for hour in (1, 2):
        for worker in workers * CALLS_OF_A_PROCESS:
            with worker.app_context(), suppress(RateReached):
                client(source).request("GET", SOURCE)
        assert (len(source.calls), source.refused) == (20 * hour, 0)
        clock.advance(3700)


def test_a_pause_that_the_source_asks_for_holds_for_all(hub, clock):
    source = hub("100/15s", enforced="1/15s")
    one, other = client(source), client(source)
    one.request("GET", SOURCE)
    with pytest.raises(TooOften):
        one.request("GET", SOURCE)
    other.request("GET", SOURCE)
    assert (source.refused, len(source.calls)) == (1, 2)
    assert clock.monotonic() >= 15


def test_other_accounts_of_the_source_are_called_meanwhile(hub):
    source = hub("1/h")
    client(source).request("GET", SOURCE)
    for tenant in ("t2", None):
        with transaction() as session:
            session.get_one(Installation, source.id).tenant = tenant
        source.limits.requests += 1
        client(source).request("GET", SOURCE)
    with transaction() as session:
        session.get_one(Installation, source.id).tenant = "t1"
    with pytest.raises(RateReached):
        client(source).request("GET", SOURCE)
    assert len(source.calls) == 3


def test_a_person_who_looks_at_a_page_does_not_wait_long(hub, clock):
    source = hub("1/20s")
    http = client(source)
    http.request("GET", SOURCE)
    with source.app.test_request_context(), pytest.raises(RateReached):
        http.request("GET", SOURCE)
    assert clock.monotonic() < MAX_PAGE_WAIT_SECONDS
    http.request("GET", SOURCE)
    assert (len(source.calls), source.refused) == (2, 0)


def test_a_hub_that_is_terminated_does_not_wait_for_a_slot(hub, clock):
    source = hub("1/40s")
    http = client(source)
    http.request("GET", SOURCE)
    current_hub().ending.set()
    with pytest.raises(Ending):
        http.request("GET", SOURCE)
    assert clock.monotonic() < 40
