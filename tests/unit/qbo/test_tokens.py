"""Tokens: used while valid, refreshed early by one process at a time, and never lost."""

import datetime as dt
import threading

import pytest
from sqlalchemy import select, update

from hub.crypto.vault import Vault
from hub.db import engine
from hub.errors import DatabaseUnavailable, ReconnectNeeded, Retry
from hub.models import ConnectedCompany, Secret, Token
from hub.qbo.oauth import connect as oauth_connect
from hub.qbo.oauth import token_endpoint, tokens
from hub.security import secrets
from tests.support.servers.read_only_database import read_only_database


def stored_secret(name: str) -> str | None:
    with engine.read_only_session() as session:
        return secrets.get(session, f"company:1:{name}")


def refreshes(quickbooks) -> int:
    return len(quickbooks.log.entries("token.refresh"))


@pytest.fixture
def refreshes_before(quickbooks) -> int:
    """Return the number of token refreshes that connecting took."""
    return refreshes(quickbooks)


def test_a_token_that_holds_is_used_without_a_call(quickbooks, refreshes_before):
    assert tokens.get_access_token(1) == tokens.get_access_token(1) == stored_secret("access")
    assert refreshes(quickbooks) == refreshes_before


def test_a_token_is_renewed_ahead_of_its_end(quickbooks, refreshes_before, clock):
    first = tokens.get_access_token(1)
    clock.advance(3600 - 240)
    assert tokens.get_access_token(1) != first
    assert refreshes(quickbooks) == refreshes_before + 1


def test_a_stale_token_is_renewed_once_for_all_who_saw_it(quickbooks, refreshes_before):
    stale = tokens.get_access_token(1)
    assert tokens.refresh(1, stale) == tokens.refresh(1, stale)
    assert refreshes(quickbooks) == refreshes_before + 1


def test_the_previous_refresh_token_is_kept(quickbooks, clock):
    old = stored_secret("refresh")
    clock.advance(25 * 3600)
    tokens.get_access_token(1)
    assert stored_secret("refresh_previous") == old
    assert stored_secret("refresh") != old


def test_the_ends_of_both_tokens_are_known(quickbooks, clock):
    expiry = tokens.load_expiry(1)
    assert expiry.access - clock.now() <= dt.timedelta(hours=1)
    assert expiry.refresh - clock.now() == pytest.approx(
        dt.timedelta(days=101), abs=dt.timedelta(days=1)
    )
    assert (expiry.ends_at - clock.now()).days > 5 * 365 - 10


def test_twenty_threads_make_one_call(app, quickbooks, refreshes_before, clock, monkeypatch):
    clock.advance(7200)
    got: list[str] = []
    has_renewed = threading.Event()

    def sleep(seconds: float) -> None:
        # The pauses of nineteen threads would use up the lease of a renewal on a busy machine.
        if not has_renewed.wait(timeout=60):
            clock.advance(seconds)

    def work() -> None:
        with app.app_context():
            got.append(tokens.get_access_token(1))
        has_renewed.set()

    monkeypatch.setattr(clock, "sleep", sleep)

    threads = [threading.Thread(target=work) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (len(set(got)), len(got)) == (1, 20)
    assert refreshes(quickbooks) == refreshes_before + 1


@pytest.mark.parametrize("rotate", ["24h", "always"])
def test_many_expiries_never_need_a_person(quickbooks, clock, rotate):
    quickbooks.switch(rotate=rotate)
    for _ in range(30):
        clock.advance(3700)
        tokens.get_access_token(1)
    with engine.read_only_session() as session:
        assert session.get_one(ConnectedCompany, 1).state == "connected"


def test_a_renewal_by_another_process_is_waited_for(quickbooks, refreshes_before, clock):
    stale = tokens.get_access_token(1)
    with engine.transaction() as session:
        session.execute(update(Token).values(refreshing_since=clock.now(), fence="another"))

    def finish(now: dt.datetime) -> None:
        clock.followers.remove(finish)
        with engine.transaction() as session:
            secrets.put(session, "company:1:access", "theirs")

    clock.followers.append(finish)
    assert tokens.refresh(1, stale) == "theirs"
    assert refreshes(quickbooks) == refreshes_before


def test_the_renewal_of_a_dead_process_is_taken_over(quickbooks, refreshes_before, clock):
    stale = tokens.get_access_token(1)
    with engine.transaction() as session:
        session.execute(update(Token).values(refreshing_since=clock.now(), fence="dead"))
    assert tokens.refresh(1, stale) != stale
    assert clock.slept
    assert refreshes(quickbooks) == refreshes_before + 1


def test_while_another_renews_a_token_that_still_holds_is_used(quickbooks, refreshes_before, clock):
    token = tokens.get_access_token(1)
    clock.advance(3600 - 120)
    with engine.transaction() as session:
        session.execute(update(Token).values(refreshing_since=clock.now(), fence="another"))
    assert tokens.get_access_token(1) == token
    assert not clock.slept


@pytest.mark.parametrize(
    "fault",
    [
        {"status": 500},
        {"status": 502},
        {"status": 429},
        {"kind": "lose_request"},
        {"kind": "truncate"},
    ],
)
def test_intuit_down_is_to_be_tried_again(quickbooks, clock, fault):
    quickbooks.add_fault(call="token.refresh", **{"kind": "status", **fault})
    clock.advance(7200)
    with pytest.raises(Retry):
        tokens.get_access_token(1)
    assert tokens.get_access_token(1) == stored_secret("access")


def test_a_refresh_token_that_is_dead_needs_a_person(quickbooks, clock):
    quickbooks.app.grants.by_refresh.clear()
    clock.advance(7200)
    with pytest.raises(ReconnectNeeded, match="Fjord"):
        tokens.get_access_token(1)
    with engine.read_only_session() as session:
        assert session.get_one(ConnectedCompany, 1).state == "reconnect"


def test_a_dead_connection_asks_intuit_no_more(quickbooks, clock):
    quickbooks.app.grants.by_refresh.clear()
    clock.advance(7200)
    for _ in range(3):
        with pytest.raises(ReconnectNeeded):
            tokens.get_access_token(1)
    assert refreshes(quickbooks) <= 3


def test_the_previous_token_is_tried_where_the_newer_one_is_refused(quickbooks, clock):
    with engine.transaction() as session:
        secrets.put(session, "company:1:refresh_previous", stored_secret("refresh") or "")
        secrets.put(session, "company:1:refresh", "AB11neverissued")
    clock.advance(7200)
    assert tokens.get_access_token(1) == stored_secret("access")


def test_a_rotation_whose_answer_was_lost_is_survived_while_intuit_honours_the_old(
    quickbooks, clock
):
    quickbooks.switch(previous_refresh_token="grace")
    quickbooks.add_fault("rotate_and_lose", "token.refresh")
    clock.advance(7200)
    with pytest.raises(Retry):
        tokens.get_access_token(1)
    assert tokens.get_access_token(1) == stored_secret("access")


def test_a_rotated_token_is_stored_as_soon_as_the_database_can_be_written_again(
    quickbooks, refreshes_before, clock
):
    quickbooks.switch(rotate="always", previous_refresh_token="refused")
    clock.advance(7200)
    outage_ends_at = clock.monotonic() + 20

    def is_read_only():
        return refreshes(quickbooks) > refreshes_before and clock.monotonic() < outage_ends_at

    with read_only_database(is_read_only):
        assert tokens.get_access_token(1) == stored_secret("access")
    clock.advance(7200)
    assert tokens.get_access_token(1) == stored_secret("access")
    assert (refreshes(quickbooks), tokens.load_expiry(1).access > clock.now()) == (
        refreshes_before + 2,
        True,
    )


def test_a_token_that_cannot_be_stored_for_long_is_an_error(quickbooks, refreshes_before, clock):
    clock.advance(7200)
    began_at = clock.monotonic()
    with (
        read_only_database(lambda: refreshes(quickbooks) > refreshes_before),
        pytest.raises(DatabaseUnavailable),
    ):
        tokens.get_access_token(1)
    assert clock.monotonic() - began_at == 30


def test_a_late_answer_of_one_that_was_replaced_is_kept_when_nothing_newer_is(quickbooks, clock):
    stale, used = tokens.get_access_token(1), stored_secret("refresh")
    grant = tokens.token_endpoint.renew(used)
    assert (
        tokens._store_renewed(1, "a fence long lost", used, grant)
        == stored_secret("access")
        != stale
    )


def test_a_late_answer_does_not_replace_a_newer_pair(quickbooks, clock):
    late = tokens.token_endpoint.renew(stored_secret("refresh"))
    clock.advance(25 * 3600)
    newer = tokens.get_access_token(1)
    assert (
        tokens._store_renewed(1, "a fence long lost", "an older one", late)
        == newer
        == stored_secret("access")
    )


def test_a_reconnect_during_a_renewal_counts_although_the_old_token_is_rejected(
    quickbooks, monkeypatch
):
    stale = tokens.get_access_token(1)
    grant = token_endpoint.TokenGrant("newest", "newest refresh", 3600, None, None)

    def reject_after_reconnect(refresh_token):
        if refresh_token != "newest refresh":
            with engine.transaction() as session:
                tokens.store(session, 1, grant)
        raise token_endpoint.Rejected("Token expired")

    monkeypatch.setattr(token_endpoint, "renew", reject_after_reconnect)
    assert tokens.refresh(1, stale) == "newest"
    with engine.read_only_session() as session:
        assert session.get_one(ConnectedCompany, 1).state == "connected"


def test_a_renewed_pair_is_stored_by_a_process_without_the_newest_key(quickbooks, monkeypatch):
    """The keys are rotated while Intuit answers a process that still has the old one only."""
    stale = tokens.get_access_token(1)
    renew = token_endpoint.renew
    newest = Vault([("newest", bytes(range(32)))])

    def renew_while_keys_are_rotated(refresh_token):
        grant = renew(refresh_token)
        with engine.transaction() as session:
            for row in session.scalars(select(Secret).where(Secret.place.startswith("company:1"))):
                row.sealed = newest.seal(row.place, "not for this process")
        return grant

    monkeypatch.setattr(token_endpoint, "renew", renew_while_keys_are_rotated)
    assert tokens.refresh(1, stale) == stored_secret("access") != stale
    assert token_endpoint.renew(stored_secret("refresh")).access


def test_a_renewal_that_ends_after_a_disconnect_stores_no_token(quickbooks, monkeypatch):
    stale = tokens.get_access_token(1)
    renew = token_endpoint.renew

    def renew_while_disconnecting(refresh_token):
        grant = renew(refresh_token)
        oauth_connect.disconnect(1)
        return grant

    monkeypatch.setattr(token_endpoint, "renew", renew_while_disconnecting)
    tokens.refresh(1, stale)
    assert (stored_secret("access"), stored_secret("refresh")) == (None, None)
