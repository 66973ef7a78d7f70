"""Tests of many workers that need a new token at the same time: Intuit gets one request."""

import os
import random
import shutil
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from flask import Flask

from hub.clock import SystemClock
from hub.config import Config
from hub.db import engine
from hub.errors import HubError, ReconnectNeeded, Retry
from hub.models import Company
from hub.qbo.client import Client
from hub.qbo.oauth import connect as oauth_connect
from hub.qbo.oauth import token_endpoint, tokens
from hub.testing.clock import FakeClock
from qbo_sandbox import US, QuickBooks
from qbo_sandbox import create as create_quickbooks
from qbo_sandbox.kit.server import Server
from tests.support.stand_in_fixtures import mount_quickbooks
from tests.support.tiers import by_form
from tests.support.unsynced_database import make_volatile

pytestmark = pytest.mark.proof
SEEDS, SEEDS_ON_POSTGRES = by_form(small=(2, 1), full=(40, 8), long=(100, 20))
WORKERS, ROUNDS, PATIENCE = 10, 2, 20.0
TROUBLES = ("", "", "answer lost", "away", "busy", "died before the commit", "died before the call")


class Killed(BaseException):
    """The process is killed at this moment."""


class Waiting(FakeClock):
    """A clock that hardly moves while threads sleep, and records which of them did."""

    def __init__(self) -> None:
        super().__init__()
        self.waited: set[int] = set()

    def sleep(self, seconds: float) -> None:
        self.waited.add(threading.get_ident())
        time.sleep(0.02)
        self.advance(seconds / 1000)


@pytest.fixture
def clock() -> Waiting:
    return Waiting()


class Storm:
    """Ten workers in two hubs; Intuit answers the first once all others wait for it."""

    def __init__(
        self, hubs: list[Flask], quickbooks: Any, clock: Waiting, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        self.hubs, self.quickbooks, self.clock = hubs, quickbooks, clock
        self.rages, self.asked, self.trouble = False, 0, ""
        self._renew, self._stored = token_endpoint.renew, tokens._store_renewed
        monkeypatch.setattr(token_endpoint, "renew", self._asks)
        monkeypatch.setattr(tokens, "_store_renewed", self._stores)

    def _asks(self, token: str) -> token_endpoint.TokenGrant:
        if not self.rages:
            return self._renew(token)
        self.asked += 1
        end = time.monotonic() + PATIENCE
        while len(self.clock.waited) < WORKERS - 1 and time.monotonic() < end:
            time.sleep(0.004)
        self._may_die("died before the call")
        return self._renew(token)

    def _stores(self, *args: Any) -> str:
        self._may_die("died before the commit")
        return self._stored(*args)

    def _may_die(self, trouble: str) -> None:
        if self.trouble == trouble:
            self.trouble = ""
            self.clock.advance(tokens.LEASE.total_seconds() + 1)
            raise Killed

    def break_out(self, need: Callable[[], object], trouble: str = "") -> list[Any]:
        """Let every worker request a token; return the value or error of each."""
        self.clock.waited.clear()
        self.rages, self.asked, self.trouble = True, 0, trouble
        if trouble in FAULTS:
            self.quickbooks.add_fault(call="token.refresh", **FAULTS[trouble])
        came: list[Any] = []
        together = threading.Barrier(WORKERS)

        def work(hub: Flask) -> None:
            with hub.app_context():
                together.wait()
                try:
                    came.append(need())
                except (HubError, Killed) as error:
                    came.append(error)

        threads = [threading.Thread(target=work, args=(self.hubs[n % 2],)) for n in range(WORKERS)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.rages = False
        return came


PATHS = {"API": "", "TOKEN": "/oauth2/v1/tokens/bearer", "REVOKE": "/v2/oauth2/tokens/revoke"}
FAULTS: dict[str, dict[str, Any]] = {
    "answer lost": {"kind": "rotate_and_lose"},
    "away": {"kind": "status", "status": 503},
    "busy": {"kind": "status", "status": 429},
}


@pytest.fixture
def storm(app, quickbooks, clock, make_app, make_config, monkeypatch) -> Storm:
    quickbooks.switch(previous_refresh_token="grace")
    other = make_volatile(make_app(make_config()))
    other.extensions["hub"].mounts.update(app.extensions["hub"].mounts)
    return Storm([make_volatile(app), other], quickbooks, clock, monkeypatch)


@pytest.fixture
def storm_on_postgres(pg_app, clock, make_app, make_config, postgres_url, monkeypatch) -> Storm:
    quickbooks = mount_quickbooks(pg_app, clock)
    quickbooks.switch(previous_refresh_token="grace")
    oauth_connect.connect_with_refresh_token(
        quickbooks.realm, quickbooks.refresh_tokens[quickbooks.realm]
    )
    other = make_app(make_config(HUB_DATABASE_URL=postgres_url))
    other.extensions["hub"].mounts.update(pg_app.extensions["hub"].mounts)
    return Storm([pg_app, other], quickbooks, clock, monkeypatch)


def state() -> str:
    with engine.reading() as session:
        return session.get_one(Company, 1).state


def token() -> str:
    return tokens.access_token(1)


def answer() -> str:
    """Call the API; it answers 401 if Intuit does not accept the token."""
    return Client(1).company_info().check().outcome


def expire(storm: Storm, dice: random.Random) -> Callable[[], str]:
    """Expire the token, known to the hub or only to Intuit, perhaps after a day with rotation."""
    storm.quickbooks.switch(rotate=dice.choice(["24h", "always"]))
    storm.clock.advance(dice.choice([3700, 25 * 3600]))
    if dice.random() < 0.5:
        return token
    token()
    storm.quickbooks.app.grants.access.clear()
    return answer


def rage(storm: Storm, seed: int) -> int:
    """Run the storms of one seed; return how many there were."""
    dice = random.Random(seed)
    for _ in range(ROUNDS):
        need, trouble = expire(storm, dice), dice.choice(TROUBLES)
        came = storm.break_out(need, trouble)
        if trouble in FAULTS:
            assert (storm.asked, {type(result) for result in came}) == (1, {Retry}), trouble
            came = storm.break_out(need)
        dead = [result for result in came if isinstance(result, Killed)]
        assert (len(dead), storm.asked) == ((1, 2) if "died" in trouble else (0, 1)), trouble
        assert {result for result in came if result not in dead} == {
            token() if need is token else "landed"
        }
        assert state() == "connected"
    return ROUNDS


def test_ten_workers_that_need_a_token_ask_intuit_once(storm, figure):
    storms = sum(rage(storm, seed) for seed in range(SEEDS))
    figure(
        "seeds of token storms, one refresh call for each expiry, no needless reconnect",
        SEEDS,
        SEEDS,
    )
    assert storms == SEEDS * ROUNDS


def test_it_is_the_same_on_postgresql(storm_on_postgres):
    assert sum(rage(storm_on_postgres, seed) for seed in range(SEEDS_ON_POSTGRES)) >= ROUNDS


def test_a_connection_that_was_ended_is_found_out_once_by_all(storm):
    token()
    storm.quickbooks.app.grants.by_refresh.clear()
    storm.clock.advance(3700)
    came = storm.break_out(token)
    assert {type(result) for result in came} == {ReconnectNeeded}
    assert storm.asked <= 2  # with the newest refresh token and with the previous one
    assert state() == "reconnect"


def test_old_tokens_that_late_workers_come_with_ask_for_nothing(storm):
    stale = token()
    storm.clock.advance(3700)
    newest = token()
    assert set(storm.break_out(lambda: tokens.refresh(1, stale))) == {newest}
    assert storm.asked == 0


@pytest.fixture
def served(clock) -> Iterator[QuickBooks]:
    """Serve a stand-in on a real socket, with the system clock."""
    quickbooks = create_quickbooks(companies=(US,))
    with Server(quickbooks.wsgi) as server:
        quickbooks.url = server.url
        yield quickbooks


def in_a_process(make_app: Callable[..., Flask], config: Config, start: float) -> int:
    """Fork a hub that calls QuickBooks at the agreed time; return its process id."""
    child = os.fork()
    if child:
        return child
    try:
        with make_app(config, clock=SystemClock()).app_context():
            time.sleep(max(0.0, start - time.time()))
            os._exit(0 if answer() == "landed" else 1)
    finally:
        os._exit(2)


def test_processes_that_need_a_token_ask_intuit_once(served, make_app, make_config, empty_database):
    urls = {f"HUB_QBO_{name}_URL": served.url + path for name, path in PATHS.items()}
    config = make_config(**urls)
    shutil.copy(empty_database, config.data / "hub.db")
    with make_app(config, clock=SystemClock()).app_context():
        oauth_connect.connect_with_refresh_token(served.realm, served.refresh_tokens[served.realm])
        served.app.grants.access.clear()
        before = len(served.log.entries("token.refresh"))
        engine.db.engine.dispose()
        children = [in_a_process(make_app, config, time.time() + 0.4) for _ in range(4)]
        assert [os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children] == [0] * 4
    assert len(served.log.entries("token.refresh")) == before + 1
