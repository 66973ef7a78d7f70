"""Tests of many workers that need a new token at the same time: Intuit gets one request.

If QuickBooks also refuses tokens for a while, every document is still posted once in the end.
"""

import os
import random
import shutil
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from hub.clock import SystemClock
from hub.config import Config
from hub.db import engine
from hub.errors import HubError, ReconnectNeeded, Retry
from hub.models import ConnectedCompany
from hub.qbo import record_download
from hub.qbo.client import Client
from hub.qbo.oauth import connect as oauth_connect
from hub.qbo.oauth import token_endpoint, tokens
from hub.scheduling import run_log, runner
from hub.testing.clock import FakeClock
from qbo_sandbox import US, QuickBooks
from qbo_sandbox import create as create_quickbooks
from qbo_sandbox.kit import Clock
from qbo_sandbox.kit.server import Server
from tests.support.proofs.refused_tokens import (
    add_history,
    assert_posted_once,
    enable_app_of_bills,
    is_over,
)
from tests.support.runs.tiers import by_form
from tests.support.servers.unsynced_database import make_volatile
from tests.support.sources.stand_in_fixtures import mount_quickbooks

pytestmark = [pytest.mark.proof, pytest.mark.forks]
SEEDS, SEEDS_ON_POSTGRES = by_form(small=(2, 1), full=(8, 3), long=(100, 20))
WORKERS, ROUNDS, MAX_WAIT_SECONDS = 10, 2, 20.0
MAX_ROUNDS = 60  # of scheduled runs, many more than any history takes
# The first one interrupts the connection, and is the one of the small form.
REFUSALS = (
    "a storm that ends by itself",
    "two 401 in a row, time and again",
    "one 401 in twenty calls",
)
TROUBLES = ("", "", "answer lost", "away", "busy", "died before the commit", "died before the call")


class Killed(BaseException):
    """The process is killed at this moment."""


class SlowClock(FakeClock):
    """A clock that hardly moves while threads sleep, and records which of them did.

    Only the pauses of the thread `poster` pass at once: if those of others did, its calls under way
    would be over their time limit.
    """

    def __init__(self) -> None:
        super().__init__()
        self.waited: set[int] = set()
        self.poster: int | None = None

    def sleep(self, seconds: float) -> None:
        me = threading.get_ident()
        self.waited.add(me)
        time.sleep(0.02)
        is_passed = me == self.poster and seconds > tokens.POLL_SECONDS
        self.advance(seconds if is_passed else seconds / 1000)


@pytest.fixture
def clock() -> SlowClock:
    """Create a clock that hardly moves while threads sleep."""
    return SlowClock()


class Storm:
    """Ten workers in two hubs; Intuit answers the first once all others wait for it."""

    def __init__(
        self, hubs: list[Flask], quickbooks: Any, clock: SlowClock, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        self.hubs, self.quickbooks, self.clock = hubs, quickbooks, clock
        self.rages, self.renewals, self.trouble = False, 0, ""
        self._renew, self._stored = token_endpoint.renew, tokens._store_renewed
        monkeypatch.setattr(token_endpoint, "renew", self._renew_in_storm)
        monkeypatch.setattr(tokens, "_store_renewed", self._store_in_storm)

    def _renew_in_storm(self, token: str) -> token_endpoint.TokenGrant:
        if not self.rages:
            return self._renew(token)
        self.renewals += 1
        end = time.monotonic() + MAX_WAIT_SECONDS
        while len(self.clock.waited) < WORKERS - 1 and time.monotonic() < end:
            time.sleep(0.004)
        self._may_die("died before the call")
        return self._renew(token)

    def _store_in_storm(self, *args: Any) -> str:
        self._may_die("died before the commit")
        return self._stored(*args)

    def _may_die(self, trouble: str) -> None:
        if self.trouble == trouble:
            self.trouble = ""
            self.clock.advance(tokens.RENEWAL_LEASE.total_seconds() + 1)
            raise Killed

    def request_tokens(self, need: Callable[[], object], trouble: str = "") -> list[Any]:
        """Let every worker request a token; return the value or error of each."""
        self.clock.waited.clear()
        self.rages, self.renewals, self.trouble = True, 0, trouble
        if trouble in FAULTS:
            self.quickbooks.add_fault(call="token.refresh", **FAULTS[trouble])
        results: list[Any] = []
        together = threading.Barrier(WORKERS)

        def work(hub: Flask) -> None:
            with hub.app_context():
                together.wait()
                try:
                    results.append(need())
                except (HubError, Killed) as error:
                    results.append(error)

        threads = [threading.Thread(target=work, args=(self.hubs[n % 2],)) for n in range(WORKERS)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.rages = False
        return results


PATHS = {"API": "", "TOKEN": "/oauth2/v1/tokens/bearer", "REVOKE": "/v2/oauth2/tokens/revoke"}
FAULTS: dict[str, dict[str, Any]] = {
    "answer lost": {"kind": "rotate_and_lose"},
    "away": {"kind": "status", "status": 503},
    "busy": {"kind": "status", "status": 429},
}


@pytest.fixture
def storm(app, quickbooks, clock, make_app, make_config, monkeypatch) -> Storm:
    """Prepare workers of two hubs on one SQLite database."""
    quickbooks.switch(previous_refresh_token="grace")
    other = make_volatile(make_app(make_config()))
    other.extensions["hub"].mounts.update(app.extensions["hub"].mounts)
    return Storm([make_volatile(app), other], quickbooks, clock, monkeypatch)


@pytest.fixture
def storm_on_postgres(pg_app, clock, make_app, make_config, postgres_url, monkeypatch) -> Storm:
    """Prepare workers of two hubs on one PostgreSQL database."""
    quickbooks = mount_quickbooks(pg_app, clock)
    quickbooks.switch(previous_refresh_token="grace")
    oauth_connect.connect_with_refresh_token(
        quickbooks.realm, quickbooks.refresh_tokens[quickbooks.realm]
    )
    other = make_app(make_config(HUB_DATABASE_URL=postgres_url))
    other.extensions["hub"].mounts.update(pg_app.extensions["hub"].mounts)
    return Storm([pg_app, other], quickbooks, clock, monkeypatch)


def state() -> str:
    with engine.read_only_session() as session:
        return session.get_one(ConnectedCompany, 1).state


def token() -> str:
    return tokens.get_access_token(1)


def call_api() -> str:
    """Call the API; it answers 401 if Intuit does not accept the token."""
    return Client(1).company_info().check().outcome


def expire_token(storm: Storm, dice: random.Random) -> Callable[[], str]:
    """Expire the token, known to the hub or only to Intuit, perhaps after a day with rotation."""
    storm.quickbooks.switch(rotate=dice.choice(["24h", "always"]))
    storm.clock.advance(dice.choice([3700, 25 * 3600]))
    if dice.random() < 0.5:
        return token
    token()
    storm.quickbooks.app.grants.access.clear()
    return call_api


def run_storms(storm: Storm, seed: int) -> int:
    """Run the storms of one seed; return how many there were."""
    dice = random.Random(seed)
    for number in range(ROUNDS):
        need = expire_token(storm, dice)
        trouble = TROUBLES[(seed * ROUNDS + number) % len(TROUBLES)]
        results = storm.request_tokens(need, trouble)
        if trouble in FAULTS:
            assert (storm.renewals, {type(result) for result in results}) == (1, {Retry}), trouble
            results = storm.request_tokens(need)
        dead = [result for result in results if isinstance(result, Killed)]
        expected_counts = (1, 2) if "died" in trouble else (0, 1)
        assert (len(dead), storm.renewals) == expected_counts, trouble
        survivors = {result for result in results if result not in dead}
        assert survivors == {token() if need is token else "landed"}
        assert state() == "connected"
    return ROUNDS


def test_ten_workers_that_need_a_token_ask_intuit_once(storm, figure):
    storms = sum(run_storms(storm, seed) for seed in range(SEEDS))
    figure(
        "seeds of token storms, one refresh call for each expiry, no needless reconnect",
        SEEDS,
        SEEDS,
    )
    assert storms == SEEDS * ROUNDS


def test_token_storms_on_postgresql_end_with_the_same_result(storm_on_postgres):
    assert sum(run_storms(storm_on_postgres, seed) for seed in range(SEEDS_ON_POSTGRES)) >= ROUNDS


def test_a_connection_that_was_ended_is_found_out_once_by_all(storm):
    token()
    storm.quickbooks.app.grants.by_refresh.clear()
    storm.clock.advance(3700)
    results = storm.request_tokens(token)
    assert {type(result) for result in results} == {ReconnectNeeded}
    assert storm.renewals <= 2  # with the newest refresh token and with the previous one
    assert state() == "reconnect"


def test_old_tokens_that_late_workers_come_with_ask_for_nothing(storm):
    stale = token()
    storm.clock.advance(3700)
    newest = token()
    assert set(storm.request_tokens(lambda: tokens.refresh(1, stale))) == {newest}
    assert storm.renewals == 0


# -- processes -------------------------------------------------------------------------------------


@pytest.fixture
def served() -> Iterator[QuickBooks]:
    """Serve a stand-in on a real socket, with the system clock."""
    yield from serve(create_quickbooks(companies=(US,)))


@pytest.fixture
def served_on_hub_clock(clock) -> Iterator[QuickBooks]:
    """Serve a stand-in on a real socket, with the clock of the hubs."""
    quickbooks = create_quickbooks(companies=(US,), clock=Clock(clock.now().timestamp()))
    clock.followers.append(lambda now: quickbooks.clock.set(now.timestamp()))
    quickbooks.switch(previous_refresh_token="grace")
    yield from serve(quickbooks)


def serve(quickbooks: QuickBooks) -> Iterator[QuickBooks]:
    with Server(quickbooks.wsgi) as server:
        quickbooks.url = server.url
        yield quickbooks


def fork_hub(hub: Callable[[], Flask], work: Callable[[], object], start: float) -> int:
    """Fork a hub that starts its work at the agreed time; return its process id."""
    child = os.fork()
    if child:
        return child
    try:
        with hub().app_context():
            time.sleep(max(0.0, start - time.time()))
            work()
            os._exit(0)
    finally:
        os._exit(2)


def run_processes(hub: Callable[[], Flask], works: Sequence[Callable[[], object]]) -> None:
    """Start each work at the same time in a process of its own, and wait until all have ended."""
    engine.db.engine.dispose()
    start = time.time() + 0.4
    children = [fork_hub(hub, work, start) for work in works]
    codes = [os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children]
    assert codes == [0] * len(works)


def connected_config(make_config: Callable[..., Config], quickbooks: Any, database: Path) -> Config:
    """Return the configuration of hubs whose QuickBooks is a served stand-in."""
    urls = {f"HUB_QBO_{name}_URL": quickbooks.url + path for name, path in PATHS.items()}
    config = make_config(**urls)
    shutil.copy(database, config.data / "hub.db")
    return config


def connect(quickbooks: QuickBooks) -> None:
    """Connect the first company of a served stand-in; its access token is not valid any more."""
    oauth_connect.connect_with_refresh_token(
        quickbooks.realm, quickbooks.refresh_tokens[quickbooks.realm]
    )
    quickbooks.app.grants.access.clear()


def try_work(work: Callable[[], object]) -> None:
    """Do a work that may raise one of the hub's own errors."""
    with suppress(HubError):
        work()


def must_land() -> None:
    assert call_api() == "landed"


def test_processes_that_need_a_token_ask_intuit_once(served, make_app, make_config, empty_database):
    config = connected_config(make_config, served, empty_database)
    hub = partial(make_app, config, clock=SystemClock())
    with hub().app_context():
        connect(served)
        before = len(served.log.entries("token.refresh"))
        run_processes(hub, [must_land] * 4)
    assert len(served.log.entries("token.refresh")) == before + 1


def scheduled_works(
    clock: SlowClock, installation_id: int, readers: int
) -> list[Callable[[], object]]:
    """Return the runs that a schedule starts for a company and its app, beside other readers."""

    def sync() -> object:
        clock.poster = threading.get_ident()
        return runner.sync(installation_id, requested_by=run_log.SCHEDULE)

    def run(kind: str) -> Callable[[], object]:
        return partial(runner.run_company_job, kind, 1, requested_by=run_log.SCHEDULE)

    return [sync, run("changes"), run("tokens"), *[call_api] * readers]


@pytest.mark.proof(small=1)
@pytest.mark.parametrize("name", REFUSALS)
def test_after_refused_tokens_processes_have_posted_everything_once(
    served_on_hub_clock, make_app, make_config, empty_database, clock, name
):
    quickbooks = served_on_hub_clock
    config = connected_config(make_config, quickbooks, empty_database)
    app = make_app(config)

    def hub() -> Flask:
        """Create another hub that reaches the same source."""
        new = make_app(config)
        new.extensions["hub"].mounts.update(app.extensions["hub"].mounts)
        return new

    with app.app_context():
        connect(quickbooks)
        record_download.refresh(1)
        works = scheduled_works(clock, enable_app_of_bills(), readers=2)
        add_history(quickbooks, name)
        for _ in range(MAX_ROUNDS):
            quickbooks.app.grants.access.clear()
            run_processes(hub, [partial(try_work, work) for work in works])
            if is_over():
                break
            clock.advance(900)
        assert_posted_once(quickbooks)
