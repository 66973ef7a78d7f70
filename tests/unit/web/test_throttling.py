"""Guesses of passwords and codes: growing delays that never lock the owner of a name out."""

import datetime as dt
import re
from concurrent.futures import ThreadPoolExecutor

import pytest

from hub.db import engine
from hub.errors import TooManyGuesses
from hub.models import GuessCount
from hub.web.authentication import throttling
from tests.support.pages.page_visitor import Visitor
from tests.support.rows.page_rows import PASSWORD, add_people

HOME, OFFICE, STRANGER = "192.0.2.10", "192.0.2.20", "198.51.100.66"
NEW_PASSWORD = "a passphrase that nobody has used"


@pytest.fixture(params=["sqlite", "postgres"])
def hub_with_people(request):
    """Provide a hub with pages and people on each database."""
    if request.param == "sqlite":
        return request.getfixturevalue("open_pages")("people").app
    config = request.getfixturevalue("make_config")(
        HUB_DATABASE_URL=request.getfixturevalue("postgres_url")
    )
    app = request.getfixturevalue("make_app")(config, pages=True)
    with app.app_context(), engine.transaction() as session:
        add_people(session)
    return app


class Browser(Visitor):
    """A browser at an address."""

    def __init__(self, app, address=STRANGER):
        super().__init__(app, None)
        self.client.environ_base["REMOTE_ADDR"] = address

    def guess(self, name="olga", password="wrong password"):
        """Try to log in; return the status."""
        return self.log_in(name, password).status_code

    def is_logged_in(self, name="olga"):
        return self.guess(name, PASSWORD) == 302


def addresses(count):
    return [f"203.0.{number // 250}.{number % 250 + 1}" for number in range(count)]


def attack(app, guesses, name="olga"):
    """Guess once from each of many addresses."""
    return [Browser(app, address).guess(name) for address in addresses(guesses)]


def test_the_delay_grows_with_each_wrong_guess_and_is_reported(hub_with_people, clock):
    browser = Browser(hub_with_people)
    assert [browser.guess() for _ in range(5)] == [200] * 5
    waits = []
    for _ in range(12):
        answer = browser.log_in("olga", "wrong password")
        assert answer.status_code == 429
        assert "There were too many wrong tries of the password. Wait " in answer.text
        wait = int(answer.headers["Retry-After"])
        waits.append(wait)
        clock.advance(wait - 1)
        assert browser.guess() == 429
        clock.advance(1)
        assert browser.guess() == 200
    assert waits[:9] == [1, 2, 4, 8, 16, 32, 64, 128, 256]
    assert waits[-1] == throttling.OWN_DELAYS.max_delay.total_seconds()


def test_the_right_password_is_not_checked_during_the_delay(visitor, clock):
    browser = Browser(visitor.app)
    for _ in range(5):
        browser.guess()
    assert browser.guess(password=PASSWORD) == 429
    clock.advance(1)
    assert browser.is_logged_in()


def test_a_refused_guess_does_not_prolong_the_delay(visitor, clock):
    browser = Browser(visitor.app)
    for _ in range(10):
        browser.guess()
        clock.advance(0.05)
    clock.advance(1)
    assert browser.is_logged_in()


def test_a_known_browser_is_not_delayed_by_strangers(hub_with_people):
    browser = Browser(hub_with_people, HOME)
    assert browser.is_logged_in()
    browser.post("/logout")
    browser.client.environ_base["REMOTE_ADDR"] = STRANGER
    attack(hub_with_people, 40)
    for _ in range(20):
        Browser(hub_with_people, STRANGER).guess()
    assert browser.is_logged_in()


def test_a_known_address_is_not_delayed_by_strangers(visitor):
    assert Browser(visitor.app, OFFICE).is_logged_in()
    attack(visitor.app, 40)
    assert Browser(visitor.app, OFFICE).is_logged_in()


def test_an_unknown_browser_of_the_owner_waits_once_however_long_the_attack_lasts(visitor, clock):
    for _ in range(3):
        attack(visitor.app, 16)
        clock.advance(60)
    owner = Browser(visitor.app, HOME)
    answer = owner.log_in("olga")
    assert answer.status_code == 429
    wait = int(answer.headers["Retry-After"])
    assert 60 < wait <= throttling.NAME_DELAYS.max_delay.total_seconds()
    clock.advance(wait / 2)
    attack(visitor.app, 40)
    clock.advance(wait / 2)
    assert owner.is_logged_in()


def test_many_addresses_share_the_delay_of_a_name(visitor, clock):
    assert 429 in attack(visitor.app, 11)
    assert Browser(visitor.app, HOME).guess("vera") == 200
    clock.advance(dt.timedelta(days=2).total_seconds())
    assert Browser(visitor.app, HOME).guess() == 200


def test_many_names_share_the_delay_of_an_address(visitor):
    browser = Browser(visitor.app)
    statuses = [browser.guess(f"person {number}") for number in range(25)]
    assert statuses == [200] * 20 + [429] * 5
    assert Browser(visitor.app, HOME).guess("person 1") == 200


def test_addresses_of_one_ipv6_customer_are_one_address(visitor):
    statuses = [
        Browser(visitor.app, f"2001:db8:1:2::{number:x}").guess(f"person {number}")
        for number in range(1, 26)
    ]
    assert statuses.count(429) == 5
    assert Browser(visitor.app, "2001:db8:1:3::1").guess() == 200


def test_a_known_browser_has_a_delay_of_its_own(visitor):
    browser = Browser(visitor.app, HOME)
    browser.is_logged_in()
    browser.post("/logout")
    assert [browser.guess() for _ in range(6)] == [200] * 5 + [429]
    assert Browser(visitor.app, HOME).is_logged_in()


def test_an_account_of_his_own_does_not_help_to_guess_others(visitor):
    """A log-in that succeeds resets only the count of the same name."""
    statuses = []
    for number in range(30):
        statuses.append(Browser(visitor.app).guess(f"person {number}"))
        Browser(visitor.app).guess("vera", PASSWORD)
    assert 429 in statuses


def test_an_unknown_name_is_delayed_as_a_known_one(visitor):
    for name, address in (("olga", HOME), ("nobody", OFFICE)):
        statuses = [Browser(visitor.app, address).guess(name) for _ in range(7)]
        assert statuses == [200] * 5 + [429] * 2


def test_a_name_and_an_address_of_one_person_share_a_delay(visitor):
    browser = Browser(visitor.app)
    with visitor.app.app_context(), engine.read_only_session() as session:
        email = session.query(engine.db.metadata.tables["user"].c.email).filter_by(username="olga")
        address = email.scalar()
    statuses = [browser.guess(name) for name in ("olga", "OLGA ", address) * 2]
    assert statuses == [200] * 5 + [429]


def test_the_counts_survive_a_restart(visitor, make_app, make_config):
    for _ in range(5):
        Browser(visitor.app).guess()
    again = make_app(make_config(), pages=True)
    assert Browser(again).guess() == 429


def test_guesses_at_the_same_time_are_counted_one_by_one(hub_with_people):
    browsers = [Browser(hub_with_people) for _ in range(12)]
    for browser in browsers:
        browser.get("/login")
    with ThreadPoolExecutor(6) as pool:
        statuses = list(pool.map(lambda browser: browser.guess(), browsers))
    assert sorted(statuses) == [200] * 5 + [429] * 7


def test_a_stolen_session_cannot_guess_the_current_password(visitor):
    owner = Browser(visitor.app, HOME)
    owner.is_logged_in()

    def change(current, new=NEW_PASSWORD, again=NEW_PASSWORD):
        fields = {"password": current, "new_password": new, "new_password_confirm": again}
        return owner.post("/password", **fields).status_code

    for _ in range(3):
        assert change("wrong password") == 200
        # The current password is not checked if the new ones differ.
        assert change("wrong password", again="another one") == 200
    assert change("wrong password") == 200
    assert change("wrong password") == 200
    assert change(PASSWORD) == 429


@pytest.mark.proof(small=1)
@pytest.mark.parametrize("cookie", ["x", "e30.forged", "²", "\\ud800", "a" * 3000])
def test_a_forged_cookie_of_a_browser_counts_as_none(visitor, cookie):
    attack(visitor.app, 40)
    browser = Browser(visitor.app)
    browser.client.set_cookie("hub-browser", cookie)
    assert browser.guess() == 429


def test_the_cookie_of_a_browser_is_known_for_its_own_names_only(visitor):
    browser = Browser(visitor.app, HOME)
    assert browser.is_logged_in("vera")
    attack(visitor.app, 40)
    assert browser.client.get_cookie("hub-browser").http_only
    browser.post("/logout")
    browser.client.environ_base["REMOTE_ADDR"] = OFFICE
    assert browser.guess("olga") == 429
    assert browser.is_logged_in("vera")


def test_no_name_is_in_the_database(visitor):
    Browser(visitor.app).guess("a password in the wrong field")
    with visitor.app.app_context(), engine.read_only_session() as session:
        keys = [count.key for count in session.query(GuessCount)]
    assert len(keys) == 3
    assert all(re.fullmatch("[0-9a-f]{64}", key) for key in keys)


def test_old_counts_are_removed(visitor, clock):
    attack(visitor.app, 10, name="somebody")
    clock.advance(dt.timedelta(days=2).total_seconds())
    Browser(visitor.app).guess()
    with visitor.app.app_context(), engine.read_only_session() as session:
        assert session.query(GuessCount).count() == 3


def test_a_code_has_counts_of_its_own(visitor, clock):
    with visitor.app.test_request_context(environ_base={"REMOTE_ADDR": HOME}):
        for _ in range(5):
            throttling.begin_guess("set-up code", "hub")
        with pytest.raises(TooManyGuesses, match=r"tries of the set-up code\. Wait 1 second, then"):
            throttling.begin_guess("set-up code", "hub")
        throttling.begin_guess("reset code", "hub").succeed()
        clock.advance(1)
        throttling.begin_guess("set-up code", "hub").succeed()
        for _ in range(50):
            throttling.begin_guess("set-up code", "hub").withdraw()


def test_a_clock_that_was_set_back_does_not_prolong_a_delay(visitor, clock):
    for _ in range(5):
        Browser(visitor.app).guess()
    clock.set(clock.now() - dt.timedelta(days=30))
    answer = Browser(visitor.app).log_in("olga")
    assert int(answer.headers["Retry-After"]) <= throttling.OWN_DELAYS.max_delay.total_seconds()


@pytest.mark.parametrize(
    "spellings",
    [
        ("nobody", "ｎｏｂｏｄｙ", " Nobody", "NOBODY  "),
        ("a  b", "A b", "a\u00a0b"),
        ("straße", "STRASSE"),
        ("kari@blåbær.no", "KARI@xn--blbr-roah.no", "kari@bla\u030abær.no"),
    ],
)
def test_all_spellings_of_a_name_that_nobody_has_share_a_delay(visitor, spellings):
    names = (spellings * 6)[:6]
    browser = Browser(visitor.app)
    assert [browser.guess(name) for name in names] == [200] * 5 + [429]


@pytest.mark.parametrize("name", ["\ud800", "x" * 5000, "@" * 300, "a@" + "ß" * 300, "\0"])
def test_any_text_is_a_name_of_a_guess(visitor, name):
    with visitor.app.test_request_context():
        assert throttling.name_subject(None, name).startswith("name ")
