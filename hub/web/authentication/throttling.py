"""Limits on guesses of passwords and codes: growing delays by name, by address and by browser.

Every guess is counted as wrong before it is checked, so that many guesses at the same time are
counted one by one. The counts are rows of the database: all processes share them, and they
survive a restart.

A stranger's guesses never keep the owner of a name out. A browser or an address from which
somebody logged in with the name has a count of its own. Everybody else waits at most once for
the delay of the name, whatever others try meanwhile.
"""

import datetime as dt
import hashlib
import secrets
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Self

from flask import Flask, after_this_request, request
from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from hub.context import current_hub
from hub.db import bulk
from hub.db.engine import insert, read_only_session, transaction
from hub.errors import TooManyGuesses
from hub.models import GuessCount, User
from hub.security import names
from hub.security.login_sessions import logged_in
from hub.web.request import client_address
from hub.web.request.signed_cookies import SignedCookie

FORGET_INTERVAL = dt.timedelta(minutes=10)
COUNT_PERIOD = dt.timedelta(days=1)
KNOWN_CLIENT_PERIOD = dt.timedelta(days=90)
MAX_FAILURES = 1000
MAX_NAMES_OF_BROWSER = 8
ANYBODY = "anybody"  # the subject of a guess that itself tells whose it is
COOKIE = SignedCookie("hub-browser", "hub.known-browser", dt.timedelta(days=180))


@dataclass(frozen=True)
class GuessDelays:
    """The delays after wrong guesses: none at first, then a second, doubled by each guess."""

    free_guesses: int  # wrong guesses without a delay
    max_delay: dt.timedelta

    def delay_after(self, failures: int) -> dt.timedelta:
        """Return the delay after a number of wrong guesses."""
        doublings = failures - self.free_guesses
        if doublings < 0:
            return dt.timedelta()
        seconds = 2.0 ** min(doublings, 30)
        return min(self.max_delay, dt.timedelta(seconds=seconds))


# One person who guesses at one name: from one address, or in one browser.
OWN_DELAYS = GuessDelays(free_guesses=5, max_delay=dt.timedelta(minutes=15))
NAME_DELAYS = GuessDelays(free_guesses=10, max_delay=dt.timedelta(minutes=5))
ADDRESS_DELAYS = GuessDelays(free_guesses=20, max_delay=dt.timedelta(minutes=15))


@dataclass(frozen=True)
class GuessKeys:
    """The counts that a guess belongs to; a known browser or address has only its own."""

    own: str
    name: str = ""
    address: str = ""

    def list_sorted(self) -> list[str]:
        """Return the keys in the order in which rows are locked."""
        return sorted(key for key in (self.own, self.name, self.address) if key)


@dataclass
class Guess:
    """One guess that was counted as wrong; report it as right if it was.

    As a context manager it takes the guess back if the check itself fails with an error.
    """

    keys: GuessKeys
    waits_before: dict[str, dt.datetime | None] = field(default_factory=dict)

    def __enter__(self) -> Self:
        """Start the check of the secret."""
        return self

    def __exit__(self, error_type: type[BaseException] | None, *details: object) -> None:
        """Take the guess back after an error."""
        if error_type is not None:
            self.withdraw()

    def succeed(self) -> None:
        """Forget the wrong guesses of this person: the secret was right."""
        with transaction() as session:
            counts = _lock_counts(session, self.keys)
            self._take_back(counts)
            own = counts.pop(self.keys.own, None)
            if own is not None:
                session.delete(own)

    def withdraw(self) -> None:
        """Take the guess back: the secret was not checked after all."""
        with transaction() as session:
            counts = _lock_counts(session, self.keys)
            self._take_back(counts)

    def _take_back(self, counts: dict[str, GuessCount]) -> None:
        """Reduce the counts by this guess; the wrong guesses of others stay."""
        for key, count in counts.items():
            count.failures = max(0, count.failures - 1)
            if key in self.waits_before:
                count.wait_until = self.waits_before[key]


def begin_guess(secret: str, subject: str) -> Guess:
    """Count a guess of a password or code; raise TooManyGuesses if it comes too early.

    Call this before the secret is checked, whether or not the subject exists.

    - `secret`: what is guessed, in words for people, such as "reset code". Each has its own counts.
    - `subject`: whose it is, `name_subject(user, typed_name)`; "hub" if it belongs to nobody;
      `ANYBODY` if only the right answer says whose it is.

    Example::

        subject = throttling.name_subject(user, name)
        with throttling.begin_guess("reset code", subject) as guess:
            if not is_right(code):
                return the form again  # the guess counts as wrong
            guess.succeed()

    Call `guess.withdraw()` instead if the secret was not checked, for example because another
    field of the form was empty.
    """
    keys = _build_keys(secret, subject)
    with read_only_session() as session:
        rows = session.scalars(select(GuessCount).where(GuessCount.key.in_(keys.list_sorted())))
        wait = _compute_wait(keys, {count.key: count for count in rows})
    if wait is None:
        with transaction() as session:
            is_over = GuessCount.expires_at < _get_current_time()
            is_chosen = bulk.is_locked_in_order(GuessCount.key, is_over)
            session.execute(delete(GuessCount).where(is_chosen))
            counts = _lock_counts(session, keys, create=True)
            wait = _compute_wait(keys, counts)
            if wait is None:
                return _count_guess(keys, counts)
            _store_wait(keys, counts, wait)
    elif wait.is_new:
        with transaction() as session:
            _store_wait(keys, _lock_counts(session, keys, create=True), wait)
    raise TooManyGuesses(secret, wait.seconds)


def name_subject(user: Any, typed_name: str) -> str:
    """Return whose secret is guessed: the person of a name, or the name if nobody has it.

    All spellings of a name are one subject.
    """
    if user is not None:
        return f"user {user.id}"
    return f"name {names.normalize(typed_name)}"


def get_client() -> str:
    """Return the address of the client of this request, for log entries and lists of sessions."""
    return request.remote_addr or ""


def get_client_group() -> str:
    """Return the group of this request's client, as `client_address.group` does."""
    return client_address.group(get_client())


def init_app(app: Flask) -> None:
    """Remember the browser and the address of everybody who logs in."""
    logged_in.connect(_remember_log_in, app, weak=False)


@dataclass(frozen=True)
class _Wait:
    """The time that a guess has to wait; `is_new` if no row says so yet."""

    seconds: float
    is_new: bool = False


def _compute_wait(keys: GuessKeys, counts: dict[str, GuessCount]) -> _Wait | None:
    """Return how long a guess has to wait, None if it may be checked now."""
    own = counts.get(keys.own)
    address = counts.get(keys.address)
    seconds = max(
        _compute_seconds_left(own, OWN_DELAYS), _compute_seconds_left(address, ADDRESS_DELAYS)
    )
    if seconds:
        return _Wait(seconds)

    has_waited = own is not None and own.wait_until is not None
    name = counts.get(keys.name)
    if has_waited or name is None:
        return None
    delay = NAME_DELAYS.delay_after(_count_failures(name))
    return _Wait(delay.total_seconds(), is_new=True) if delay else None


def _store_wait(keys: GuessKeys, counts: dict[str, GuessCount], wait: _Wait) -> None:
    """Store until when this person waits for the delay of the name.

    The guesses of others after this do not prolong it.
    """
    own = counts[keys.own]
    if wait.is_new and own.wait_until is None:
        own.wait_until = _get_current_time() + dt.timedelta(seconds=wait.seconds)
        own.expires_at = _get_current_time() + COUNT_PERIOD


def _count_guess(keys: GuessKeys, counts: dict[str, GuessCount]) -> Guess:
    """Count one wrong guess in each row, and set the time of the next one."""
    now = _get_current_time()
    guess = Guess(keys)
    for key, count in counts.items():
        guess.waits_before[key] = count.wait_until
        count.failures = min(MAX_FAILURES, _count_failures(count) + 1)
        count.counted_at = now
        count.expires_at = now + COUNT_PERIOD

    own = counts[keys.own]
    delay = OWN_DELAYS.delay_after(own.failures)
    if keys.name:
        delay = max(delay, NAME_DELAYS.delay_after(counts[keys.name].failures))
    own.wait_until = now + delay if delay else None
    if keys.address:
        address = counts[keys.address]
        delay = ADDRESS_DELAYS.delay_after(address.failures)
        address.wait_until = now + delay if delay else None
    return guess


def _count_failures(count: GuessCount) -> int:
    """Return the wrong guesses that still count: one less every ten minutes."""
    forgotten = (_get_current_time() - count.counted_at) // FORGET_INTERVAL
    return max(0, count.failures - max(0, forgotten))


def _compute_seconds_left(count: GuessCount | None, delays: GuessDelays) -> float:
    """Return the seconds until the next guess, 0 if it may be made now.

    It is at most the longest delay, also if the clock was set back.
    """
    if count is None or count.wait_until is None:
        return 0.0
    wait = min(count.wait_until - _get_current_time(), delays.max_delay)
    return max(0.0, wait.total_seconds())


def _lock_counts(
    session: Session, keys: GuessKeys, *, create: bool = False
) -> dict[str, GuessCount]:
    """Return the counts by their keys and lock them until the transaction ends."""
    now = _get_current_time()
    if create:
        rows = [
            {"key": key, "failures": 0, "counted_at": now, "expires_at": now + COUNT_PERIOD}
            for key in keys.list_sorted()
        ]
        session.execute(insert(session, GuessCount).values(rows).on_conflict_do_nothing())
    query = select(GuessCount).where(GuessCount.key.in_(keys.list_sorted()))
    counts = session.scalars(query.order_by(GuessCount.key).with_for_update())
    return {count.key: count for count in counts}


def _build_keys(secret: str, subject: str) -> GuessKeys:
    """Return the counts that a guess of this request belongs to."""
    browsers = _parse_browsers()
    browser = browsers.get(_hash("browser", subject))
    if subject == ANYBODY:
        browser = next(iter(browsers.values()), None)
    if browser:
        return GuessKeys(own=_hash("own", secret, subject, browser))
    group = get_client_group()
    own = _hash("own", secret, subject, group)
    if subject == ANYBODY:
        return GuessKeys(own=own, address=_hash("address", group))
    with read_only_session() as session:
        login_mark = session.get(GuessCount, _hash("known", subject, group))
    if login_mark is not None and login_mark.expires_at > _get_current_time():
        return GuessKeys(own=own)
    return GuessKeys(own=own, name=_hash("name", secret, subject), address=_hash("address", group))


def _remember_log_in(app: Flask, user: User, **extra: Any) -> None:
    """Store that a person logged in from this address and with this browser."""
    subject = name_subject(user, "")
    now = _get_current_time()
    key = _hash("known", subject, get_client_group())
    row = {"key": key, "failures": 0, "counted_at": now, "expires_at": now + KNOWN_CLIENT_PERIOD}
    with transaction() as session:
        statement = insert(session, GuessCount).values([row])
        session.execute(
            statement.on_conflict_do_update(
                index_elements=["key"], set_={"expires_at": row["expires_at"]}
            )
        )
    after_this_request(_set_cookie_for(subject))


def _set_cookie_for(subject: str) -> Any:
    """Return a function that adds the signed cookie of a known browser to a response."""
    name = _hash("browser", subject)
    browsers = _parse_browsers()
    browser = browsers.pop(name, "") or secrets.token_hex(16)
    newest = [(name, browser), *browsers.items()][:MAX_NAMES_OF_BROWSER]
    return lambda response: COOKIE.set(response, dict(newest))


def _parse_browsers() -> dict[str, str]:
    """Return the random ids of this browser by the hash of whom it is known for."""
    browsers: dict[str, str] = COOKIE.read() or {}
    return browsers


def _hash(*parts: str) -> str:
    """Return a keyed hash, so that neither the database nor a cookie contains a typed name."""
    texts: Iterable[bytes] = (part.encode("utf-8", "replace") for part in parts)
    key = hashlib.sha256(current_hub().config.secret_key.encode()).digest()
    return hashlib.blake2b(b"\0".join(texts), key=key, digest_size=32).hexdigest()


def _get_current_time() -> dt.datetime:
    return current_hub().clock.now()
