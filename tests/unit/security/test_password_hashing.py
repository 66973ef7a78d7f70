"""The number of passwords hashed at the same time is limited, and so is the wait of a page."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from flask_security import hash_password
from passlib.context import CryptContext

from hub.db import engine
from hub.errors import Retry
from hub.models import User
from hub.security.password_hashing import MAX_PASSWORD_LENGTH, BoundedHashing, PasswordTooLong
from tests.support.rows.page_rows import PASSWORD


class SlowContext:
    """A context whose hashes end when the test says so."""

    def __init__(self):
        self.may_end = threading.Event()
        self.running = threading.Semaphore(0)
        self.now = self.most = 0
        self._lock = threading.Lock()

    def verify(self, secret, hash):
        with self._lock:
            self.now += 1
            self.most = max(self.most, self.now)
        self.running.release()
        self.may_end.wait(10)
        with self._lock:
            self.now -= 1
        return True


def outcome(hashing):
    try:
        return hashing.verify("password", "hash")
    except Retry as error:
        return error.after


def test_requests_beyond_the_slots_wait_and_those_beyond_the_queue_are_refused():
    context = SlowContext()
    hashing = BoundedHashing(context, slots=2, max_waiting=3, patience=10)
    with ThreadPoolExecutor(16) as pool:
        outcomes = [pool.submit(outcome, hashing) for _ in range(16)]
        for _ in range(2):
            context.running.acquire()
        context.may_end.set()
    results = [future.result() for future in outcomes]
    assert context.most == 2
    assert results.count(True) >= 5
    assert set(results) <= {True, 10}


def test_a_full_queue_refuses_at_once():
    context = SlowContext()
    hashing = BoundedHashing(context, slots=1, max_waiting=0, patience=10)
    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(outcome, hashing)
        context.running.acquire()
        with pytest.raises(Retry, match="Too many passwords"):
            hashing.verify("password", "hash")
        context.may_end.set()
        assert first.result() is True
    assert hashing.verify("password", "hash") is True


def test_a_request_does_not_wait_for_ever():
    context = SlowContext()
    hashing = BoundedHashing(context, slots=1, max_waiting=1, patience=0.01)
    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(outcome, hashing)
        context.running.acquire()
        assert outcome(hashing) == 0.01
        context.may_end.set()
        assert first.result() is True


def test_an_overlong_password_is_not_hashed():
    hashing = BoundedHashing(CryptContext(schemes=["plaintext"]))
    longest = "x" * MAX_PASSWORD_LENGTH
    assert hashing.verify(longest, hashing.hash(longest))
    for act in (lambda text: hashing.hash(text), lambda text: hashing.verify(text, "hash")):
        with pytest.raises(PasswordTooLong, match="at most 1,000 characters"):
            act(longest + "x")


class CountingContext:
    def __init__(self, context):
        self._context, self.calls = context, 0

    def __getattr__(self, name):
        if name in ("hash", "verify"):
            self.calls += 1
        return getattr(self._context, name)


def test_an_unknown_name_costs_one_hash_as_a_known_one_does(visitor):
    security = visitor.app.extensions["security"]
    counting = security.pwd_context = CountingContext(security.pwd_context)
    costs = []
    for name in ("olga", "nobody", "OLGA"):
        before = counting.calls
        assert visitor.log_in(name, "wrong password").status_code == 200
        costs.append(counting.calls - before)
    assert costs == [1, 1, 1]


@pytest.mark.parametrize("name", ["olga", "nobody"])
def test_an_overlong_password_is_refused_on_the_page(visitor, name):
    for password in ("x" * 1001, "\u1e9b\u0323" * 900, "x" * 5000):
        answer = visitor.log_in(name, password)
        assert answer.status_code == 400
        assert "at most 1,000 characters" in answer.text


def test_a_person_waits_when_too_many_passwords_are_checked(visitor):
    security = visitor.app.extensions["security"]
    bounded = security.pwd_context
    security.pwd_context = BoundedHashing(bounded, slots=1, max_waiting=0, patience=1)
    with security.pwd_context._hold_slot(""):
        for _ in range(6):
            answer = visitor.log_in("olga")
            assert (answer.status_code, answer.headers["Retry-After"]) == (503, "1")
    assert visitor.log_in("olga").status_code == 302, "a guess that was not checked does not count"


def test_a_hash_of_other_parameters_is_renewed_at_log_in(visitor):
    with visitor.app.app_context():
        former = CryptContext(schemes=["argon2"], argon2__time_cost=2, argon2__memory_cost=64)
        with engine.transaction() as session:
            person = session.query(User).filter_by(username="olga").one()
            person.password = former.hash(PASSWORD)
            id = person.id
    assert visitor.log_in("olga").status_code == 302
    stored = visitor.row(User, id).password
    with visitor.app.app_context():
        parameters = hash_password("x").split("$")[3]
    assert stored.split("$")[3] == parameters
