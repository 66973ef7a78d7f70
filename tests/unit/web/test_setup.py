"""Set-up in the browser: the code, the first owner, Intuit's keys, mail, the public pages."""

import datetime as dt
import re
import shutil
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from hub.config import Config
from hub.context import current_hub
from hub.crypto.vault import Vault
from hub.db import engine
from hub.models import AuditEntry, ConnectedCompany, OAuthState, Secret, User
from hub.qbo import intuit_keys
from hub.security import hub_settings, login_sessions, one_time_codes, secrets
from hub.security.rights import get_rights
from hub.testing.clock import FakeClock
from hub.web.administration import first_owner
from hub.web.request import test_messages
from tests.support.pages.page_visitor import Visitor
from tests.support.pages.setup_pages import EMAIL, become_owner, read_problems
from tests.support.rows.page_rows import PASSWORD
from tests.support.runs.hub_environment import INTUIT
from tests.support.servers.mail_server import mail_url

NO_KEYS = dict.fromkeys([name for name in INTUIT if "_PER_" not in name and "_QBO_" in name], "")
KEYS = {"client_id": "an-app", "client_secret": "canary-secret", "environment": "production"}


@pytest.fixture
def open_new_hub(
    make_app: Callable[..., Flask], make_config: Callable[..., Config], empty_database: Any
) -> Callable[..., Visitor]:
    """Return a function that makes a hub without an owner, with some settings.

    `visitor.code` is the set-up code from the terminal.
    """

    def make(**settings: str) -> Visitor:
        config = make_config(**NO_KEYS | settings)
        shutil.copy(empty_database, config.data / "hub.db")
        visitor = Visitor(make_app(config, pages=True), None)  # type: ignore[arg-type]
        with visitor.app.app_context():
            visitor.code = first_owner.get_setup_code().issue()  # type: ignore[attr-defined]
        return visitor

    return make


@pytest.fixture
def new_hub(open_new_hub: Callable[..., Visitor]) -> Visitor:
    """Provide a hub without an owner."""
    return open_new_hub()


@pytest.fixture
def without_keys(open_pages: Callable[..., Visitor]) -> Visitor:
    """Provide an owner in front of a hub whose environment has no Intuit keys."""
    visitor = open_pages("people", **NO_KEYS)
    visitor.log_in("olga")
    return visitor


def test_without_an_owner_every_page_leads_to_the_set_up(new_hub: Visitor) -> None:
    for path in ("/", "/login", "/documents", "/companies", "/apps/costtracker", "/privacy"):
        answer = new_hub.get(path)
        assert (answer.status_code, answer.location) == (302, "/setup"), path
    assert new_hub.get("/setup").status_code == 200
    with new_hub.get("/assets/hub.css") as asset:
        assert asset.status_code == 200
    assert new_hub.client.post("/webhooks/quickbooks").status_code == 401


def test_the_code_creates_an_owner_who_is_logged_in_and_sees_the_keys_next(
    new_hub: Visitor,
) -> None:
    answer = become_owner(new_hub, new_hub.code)  # type: ignore[attr-defined]
    assert (answer.status_code, answer.location) == (302, "/setup/intuit")
    assert "Intuit keys" in new_hub.page("/setup/intuit")
    with new_hub.app.app_context(), engine.read_only_session() as session:
        owner = session.scalars(select(User)).one()
        assert (owner.username, get_rights(owner).role()) == (EMAIL, "owner")
        entries = session.scalars(select(AuditEntry).where(AuditEntry.what == "person added"))
        assert [entry.subject for entry in entries] == [EMAIL]
        (entry,) = session.scalars(select(AuditEntry).where(AuditEntry.what == "logged in"))
        assert entry.detail["via"] == ["password"]


def test_companies_without_keys_name_the_step_that_comes_first(without_keys: Visitor) -> None:
    page = without_keys.page("/companies")
    assert "Enter the keys of your Intuit app first." in page
    assert "Press Connect" not in page
    without_keys.post("/setup/intuit", **KEYS)
    assert "Press Connect a company" in without_keys.page("/companies")


@pytest.mark.parametrize("days", [7, 0])
def test_the_first_owner_postpones_the_second_factor_where_the_setting_allows_it(
    open_new_hub: Callable[..., Visitor], days: int
) -> None:
    settings = {"HUB_SECOND_FACTOR": "owners", "HUB_SECOND_FACTOR_GRACE_DAYS": str(days)}
    new_hub = open_new_hub(**settings)
    become_owner(new_hub, new_hub.code)  # type: ignore[attr-defined]
    page_address = new_hub.get("/setup/intuit").location
    assert page_address == "/account/required?next=/setup/intuit"
    assert ("Not now" in new_hub.page(page_address)) == bool(days)
    answer = new_hub.post("/account/postpone?next=/setup/intuit")
    assert answer.location == "/setup/intuit"
    assert new_hub.get("/setup/intuit").status_code == (200 if days else 302)


def test_afterwards_the_page_leads_home_and_takes_no_form(new_hub: Visitor) -> None:
    code = new_hub.code  # type: ignore[attr-defined]
    become_owner(new_hub, code)
    answer = new_hub.get("/setup")
    assert (answer.status_code, answer.location) == (302, "/")
    second = new_hub.post("/setup", code=code, email="eve@example.com", password=PASSWORD)
    assert second.status_code == 404
    with new_hub.app.app_context(), engine.read_only_session() as session:
        assert session.scalars(select(User.username)).all() == [EMAIL]


@pytest.mark.parametrize(
    "typed",
    [lambda code: code.lower(), lambda code: code.replace("-", " "), lambda code: f" {code}\n"],
)
def test_the_code_may_be_typed_in_other_ways(new_hub: Visitor, typed: Callable[[str], str]) -> None:
    code = typed(new_hub.code)  # type: ignore[attr-defined]
    assert become_owner(new_hub, code).location == "/setup/intuit"


def test_letters_that_look_like_digits_are_read_as_digits(new_hub: Visitor) -> None:
    with new_hub.app.app_context():
        expected = one_time_codes.hash_code("set-up", "hub", "00111")
        assert one_time_codes.hash_code("set-up", "hub", "0O1I-L") == expected


@pytest.mark.parametrize(
    ("change", "field", "sentence"),
    [
        ({"code": "0000-0000-0000-0000"}, "code", "This is not the set-up code."),
        ({"code": ""}, "code", "This is not the set-up code."),
        ({"email": "anna"}, "email", "is their e-mail address"),
        ({"password": "short"}, "password", "needs at least 12 characters"),
    ],
)
def test_a_wrong_entry_adds_nobody_and_says_why_beside_its_field(
    new_hub: Visitor, change: dict[str, str], field: str, sentence: str
) -> None:
    form = {"code": new_hub.code, **change}  # type: ignore[attr-defined]
    answer = become_owner(new_hub, **form)
    assert answer.status_code == 400
    [(name, problem)] = read_problems(answer.text).items()
    assert (name, sentence in problem) == (field, True)
    assert PASSWORD not in answer.text
    with new_hub.app.app_context(), engine.read_only_session() as session:
        assert session.scalars(select(User)).all() == []


def test_the_code_is_void_after_ten_wrong_guesses(new_hub: Visitor) -> None:
    for _ in range(first_owner.MAX_WRONG_GUESSES):
        assert become_owner(new_hub, "0000-0000-0000-0000").status_code == 400
    refused = select(AuditEntry).where(AuditEntry.what == "set-up code refused")
    with new_hub.app.app_context(), engine.read_only_session() as session:
        (entry,) = session.scalars(refused)
    assert (entry.who, entry.subject) == ("nobody", "the hub")
    code = new_hub.code  # type: ignore[attr-defined]
    answer = new_hub.post("/setup", code=code, email=EMAIL, password=PASSWORD)
    assert answer.status_code == 400
    assert "Restart" in answer.text
    with new_hub.app.app_context():
        assert not first_owner.owner_exists()


def test_codes_differ_and_have_more_than_128_bits(new_hub: Visitor) -> None:
    with new_hub.app.app_context():
        codes = {first_owner.SetupCode().issue() for _ in range(200)}
    assert len(codes) == 200
    assert all(re.fullmatch(r"([0-9A-HJKMNP-TV-Z]{4}-){6}[0-9A-HJKMNP-TV-Z]{4}", c) for c in codes)
    assert len(one_time_codes.ALPHABET) ** one_time_codes.CODE_LENGTH == 2**140


def test_keys_of_the_page_take_effect_at_once_and_are_sealed(without_keys: Visitor) -> None:
    without_keys.get("/setup/intuit")
    answer = without_keys.post("/setup/intuit", **KEYS)
    assert (answer.status_code, answer.location) == (302, "/companies")
    with without_keys.app.app_context():
        keys = intuit_keys.require()
        assert (keys.client_id, keys.client_secret) == ("an-app", "canary-secret")
        assert keys.api_url == "https://quickbooks.api.intuit.com"
        with engine.read_only_session() as session:
            sealed = b"".join(session.scalars(select(Secret.sealed)))
            entry = session.scalars(
                select(AuditEntry).where(AuditEntry.what == "Intuit keys changed")
            ).one()
        assert b"canary" not in sealed
        assert "canary" not in str(entry.detail)
        assert set(entry.detail["changed"]) == {"client_id", "client_secret", "environment"}
    page = without_keys.page("/setup/intuit")
    assert "canary" not in page
    assert "stored; leave empty to keep it" in page


def test_keys_are_entered_again_after_the_key_of_the_vault_was_lost(without_keys: Visitor) -> None:
    without_keys.post("/setup/intuit", **KEYS)
    without_keys.post("/setup/mail", host="mail.example.com", port="587", encryption="smtp")
    lost = Vault([("lost", bytes(range(32)))])
    with without_keys.app.app_context(), engine.transaction() as session:
        for row in session.scalars(select(Secret)).all():
            row.sealed = lost.seal(row.place, secrets.get(session, row.place) or "")
    assert without_keys.get("/setup/intuit").status_code == 400
    with without_keys.app.app_context(), engine.transaction() as session:
        assert secrets.give_up_lost(session) > 0

    for page in ("/", "/setup/intuit", "/setup/mail", "/companies", "/account/", "/support"):
        assert without_keys.get(page).status_code == 200, page
    assert without_keys.post("/setup/intuit", **KEYS).status_code == 302
    with without_keys.app.app_context():
        assert intuit_keys.read().client_secret == "canary-secret"
        assert hub_settings.mail_url() == ""


def test_a_secret_that_is_left_empty_stays(without_keys: Visitor) -> None:
    without_keys.post("/setup/intuit", **KEYS)
    without_keys.post("/setup/intuit", **KEYS | {"client_secret": "", "webhook_token": "a-token"})
    with without_keys.app.app_context():
        assert intuit_keys.read().client_secret == "canary-secret"
        assert intuit_keys.load_webhook_token() == "a-token"


@pytest.mark.parametrize("name", ["client_id", "client_secret", "environment"])
def test_keys_that_cannot_work_are_not_stored(without_keys: Visitor, name: str) -> None:
    answer = without_keys.post(
        "/setup/intuit", **KEYS | {name: "" if name != "environment" else "x"}
    )
    assert answer.status_code == 400
    assert list(read_problems(answer.text)) == [name]
    with without_keys.app.app_context():
        assert not intuit_keys.read().are_complete


def test_the_environment_wins_and_the_page_says_so(open_pages: Callable[..., Visitor]) -> None:
    visitor = open_pages("people")
    visitor.log_in("olga")
    page = visitor.page("/setup/intuit")
    assert "HUB_QBO_CLIENT_ID and HUB_QBO_CLIENT_SECRET are set on the server" in page
    assert 'name="client_secret"' not in page
    visitor.post("/setup/intuit", **KEYS)
    with visitor.app.app_context():
        assert intuit_keys.read().client_id == current_hub().config.qbo_client_id != "an-app"


def test_one_key_in_the_environment_is_not_mixed_with_a_stored_one(
    open_pages: Callable[..., Visitor],
) -> None:
    visitor = open_pages("people", **NO_KEYS | {"HUB_QBO_CLIENT_ID": "from-the-server"})
    visitor.log_in("olga")
    visitor.post("/setup/intuit", **KEYS)
    with visitor.app.app_context():
        keys = intuit_keys.read()
    assert (keys.client_id, keys.client_secret) == ("from-the-server", "")


@pytest.mark.parametrize(
    "address",
    [
        "https://127.0.0.1:8001",
        "http://192.168.1.4:8001",
        "http://127.0.0.1.example.com",
        "http://me@127.0.0.1:8001",
        "http://127.0.0.1:99999",
        "http://127.0.0.1:8001?x=1",
        "ftp://localhost",
    ],
)
def test_a_stand_in_must_be_on_this_machine(
    open_pages: Callable[..., Visitor], address: str
) -> None:
    visitor = open_pages("people", HUB_ALLOW_LOOPBACK="1", **NO_KEYS)
    visitor.log_in("olga")
    answer = visitor.post("/setup/intuit", **KEYS, stand_in=address)
    assert answer.status_code == 400
    assert "must be one of this machine" in read_problems(answer.text)["stand_in"]


def test_the_address_of_a_stand_in_may_carry_its_keys(open_pages: Callable[..., Visitor]) -> None:
    visitor = open_pages("people", HUB_ALLOW_LOOPBACK="1", **NO_KEYS)
    visitor.log_in("olga")
    visitor.post("/setup/intuit", stand_in="http://an-app:its-secret@127.0.0.1:8001/")
    with visitor.app.app_context():
        keys = intuit_keys.require()
    assert (keys.client_id, keys.client_secret) == ("an-app", "its-secret")
    assert keys.api_url == keys.stand_in == "http://127.0.0.1:8001"
    assert "its-secret" not in visitor.page("/setup/intuit")


def test_an_address_of_a_stand_in_without_its_keys_says_what_is_missing(
    open_pages: Callable[..., Visitor],
) -> None:
    visitor = open_pages("people", HUB_ALLOW_LOOPBACK="1", **NO_KEYS)
    visitor.log_in("olga")
    answer = visitor.post("/setup/intuit", stand_in="http://127.0.0.1:8001")
    assert answer.status_code == 400
    problem = read_problems(answer.text)["stand_in"]
    assert "with client id and secret: http://ID:SECRET@127.0.0.1:8001." in problem


def test_a_stand_in_needs_the_option(
    open_pages: Callable[..., Visitor], without_keys: Visitor
) -> None:
    assert 'name="stand_in"' not in without_keys.page("/setup/intuit")
    answer = without_keys.post("/setup/intuit", **KEYS, stand_in="http://127.0.0.1:8001")
    assert answer.status_code == 400
    assert "--allow-loopback" in answer.text


def test_keys_of_a_stand_in_are_refused_once_the_option_is_gone(
    open_pages: Callable[..., Visitor],
) -> None:
    visitor = open_pages("people", HUB_ALLOW_LOOPBACK="1", **NO_KEYS)
    visitor.log_in("olga")
    visitor.post("/setup/intuit", **KEYS, stand_in="http://127.0.0.1:8001")
    with visitor.app.app_context():
        assert intuit_keys.require().token_url == "http://127.0.0.1:8001/oauth2/v1/tokens/bearer"
        object.__setattr__(current_hub().config, "allow_loopback", False)
        with pytest.raises(Exception, match="HUB_ALLOW_LOOPBACK is not set"):
            intuit_keys.require()
    assert "which this hub may not call" in visitor.page("/setup/intuit")
    answer = visitor.press("/companies/connect")
    assert "HUB_ALLOW_LOOPBACK is not set" in answer


def test_the_page_lists_the_addresses_that_intuit_asks_for(
    open_pages: Callable[..., Visitor],
) -> None:
    visitor = open_pages("people", HUB_PUBLIC_URL="http://hub.example.com", **NO_KEYS)
    visitor.log_in("olga")
    page = visitor.page("/setup/intuit")
    for path in (
        "/quickbooks/callback",
        "/quickbooks/launch",
        "/quickbooks/disconnected",
        "/quickbooks/reconnect",
        "/webhooks/quickbooks",
        "/support",
        "/privacy",
    ):
        assert f"http://hub.example.com{path}<" in page


def test_a_mail_server_is_stored_used_and_tested(
    open_pages: Callable[..., Visitor], mail: Any
) -> None:
    visitor = open_pages("people")
    visitor.log_in("olga")
    assert "Send test message" not in visitor.page("/setup/mail")
    host, _, port = mail_url(mail).removeprefix("smtp://").partition("?")[0].partition(":")
    form = {"host": host, "port": port, "encryption": "smtp", "sender": "hub@example.com"}
    assert "The mail server is saved." in visitor.press("/setup/mail", **form)
    answer = visitor.press("/setup/mail/test", to="anna@example.com")
    assert "accepted the test message to anna@example.com" in answer
    assert [message["To"] for message in mail.messages] == ["anna@example.com"]
    answer = visitor.press("/setup/mail/test", to="anna@")
    assert "anna@ is not an e-mail address." in answer
    assert "No mail is sent." in visitor.press("/setup/mail", host="")
    with visitor.app.app_context():
        assert hub_settings.mail_url() == ""


def test_test_messages_are_limited_on_all_pages_together(
    open_pages: Callable[..., Visitor], mail: Any, clock: Any
) -> None:
    visitor = open_pages(HUB_MAIL_URL=mail_url(mail))
    visitor.enter("olga")
    for number in range(test_messages.RATE.burst):
        visitor.press("/setup/mail/test", to=f"anna{number}@example.com")
    assert len(mail.messages) == test_messages.RATE.burst
    for path in ("/setup/mail/test", "/setup/chat/test", "/account/notifications/test"):
        answer = visitor.press(path, to="anna@example.com")
        assert "These were many test messages." in answer or "no e-mail address" in answer
    assert len(mail.messages) == test_messages.RATE.burst
    clock.advance(60)
    assert "accepted" in visitor.press("/setup/mail/test", to="anna@example.com")


def test_a_demo_says_where_its_messages_lie(open_pages: Callable[..., Visitor]) -> None:
    visitor = open_pages("people")
    object.__setattr__(visitor.app.extensions["hub"], "is_demo", True)
    visitor.log_in("olga")
    folder = visitor.app.extensions["hub"].config.data / "mail"
    page = visitor.page("/setup/mail")
    assert f"every message is written into the folder {folder}." in " ".join(page.split())
    assert "the hub sends no mail" not in page
    answer = visitor.press("/setup/mail/test", to="anna@example.com")
    assert f"The test message to anna@example.com lies in {folder}." in answer
    assert [path.name for path in folder.iterdir()] == ["0001.eml"]


def test_a_stored_mail_password_is_sealed_and_kept(
    open_pages: Callable[..., Visitor],
) -> None:
    visitor = open_pages("people")
    visitor.log_in("olga")
    form = {"host": "mail.example.com", "encryption": "smtps", "user": "me@example.com"}
    visitor.post("/setup/mail", **form, password="p@ss:wörd/?#")
    page = visitor.press("/setup/mail", **form, sender="hub@example.com")
    assert "p@ss" not in page
    with visitor.app.app_context():
        stored = hub_settings.mail_url()
    assert stored == (
        "smtps://me%40example.com:p%40ss%3Aw%C3%B6rd%2F%3F%23@mail.example.com"
        "?from=hub%40example.com"
    )


@pytest.mark.parametrize(
    "other", [{"host": "evil.example.com"}, {"port": "2525"}, {"encryption": "smtp"}, {"user": "x"}]
)
def test_a_stored_mail_password_goes_to_no_other_server(
    open_pages: Callable[..., Visitor], other: dict[str, str]
) -> None:
    visitor = open_pages("people")
    visitor.log_in("olga")
    form = {"host": "mail.example.com", "encryption": "smtps", "user": "me@example.com"}
    visitor.post("/setup/mail", **form, password="p@ssword")
    visitor.post("/setup/mail", **form | other)
    with visitor.app.app_context():
        stored = hub_settings.mail_url()
    assert "mail.example.com" in stored or "host" in other
    assert "p%40ss" not in stored


def test_changes_and_tests_of_the_mail_server_are_recorded_without_values(
    open_pages: Callable[..., Visitor], mail: Any
) -> None:
    visitor = open_pages("people")
    visitor.log_in("olga")
    visitor.post("/setup/mail/test", to="anna@example.com")
    host, _, port = mail_url(mail).removeprefix("smtp://").partition("?")[0].partition(":")
    form = {"host": host, "port": port, "encryption": "smtp", "user": "me"}
    visitor.post("/setup/mail", **form, password="canary-one")
    visitor.post("/setup/mail", **form, password="canary-two")
    visitor.post("/setup/mail", **form, sender="hub@example.com")
    visitor.post("/setup/mail/test", to="anna@example.com")
    with visitor.app.app_context(), engine.read_only_session() as session:
        entries = list(session.scalars(select(AuditEntry).order_by(AuditEntry.id)))
    changes = [entry for entry in entries if entry.what == "mail server changed"]
    assert [entry.detail["changed"] for entry in changes] == [
        ["host", "port", "user", "password"],
        ["password"],
        ["sender"],
    ]
    (test,) = [entry for entry in entries if entry.what == "connection tested"]
    address = f"{host}:{port}"
    assert (test.who, test.subject, test.detail["addresses"]) == ("olga", address, [address])
    assert "canary" not in str([entry.detail for entry in entries])


def test_a_mail_server_of_the_environment_wins(open_pages: Callable[..., Visitor]) -> None:
    visitor = open_pages("people", HUB_MAIL_URL="smtp://me:canary@mail.example.com")
    visitor.log_in("olga")
    page = visitor.page("/setup/mail")
    assert "HUB_MAIL_URL is set on the server" in page
    assert "canary" not in page
    visitor.post("/setup/mail", host="other.example.com")
    with visitor.app.app_context():
        assert "@mail.example.com" in hub_settings.mail_url()


@pytest.mark.parametrize(
    ("form", "wrong"),
    [
        ({"host": "mail.example.com", "port": "many"}, ["port"]),
        ({"host": "mail.example.com", "port": "65536"}, ["port"]),
        ({"host": "mail.example.com", "port": "587/x"}, ["port"]),
        ({"host": "a b\n@c", "port": "0"}, ["host", "port"]),
        ({"host": "smtp://mail.example.com"}, ["host"]),
        ({"host": "mail.example.com/in"}, ["host"]),
        ({"host": "mail.example.com:25", "port": "587"}, ["host"]),
        ({"host": "me@mail.example.com"}, ["host"]),
    ],
)
def test_problems_of_the_mail_server_are_shown_at_their_fields(
    open_pages: Callable[..., Visitor], form: dict[str, str], wrong: list[str]
) -> None:
    visitor = open_pages("people")
    visitor.log_in("olga")
    answer = visitor.post("/setup/mail", **form)
    assert answer.status_code == 400
    page = answer.text
    assert list(read_problems(page)) == wrong
    for value in form.values():
        assert f'value="{value}"' in page or "\n" in value
    with visitor.app.app_context():
        assert hub_settings.mail_url() == ""


@pytest.mark.parametrize("server", [("mail.example.com", "2525"), ("mail.example.com:2525", "")])
def test_the_port_of_the_mail_server_has_a_field_but_may_follow_its_name(
    open_pages: Callable[..., Visitor], server: tuple[str, str]
) -> None:
    visitor = open_pages("people")
    visitor.log_in("olga")
    host, port = server
    page = visitor.press("/setup/mail", host=host, port=port)
    assert 'value="mail.example.com"' in page
    assert 'value="2525"' in page


def test_problems_of_a_test_message_and_of_the_chat_are_shown_at_their_fields(
    open_pages: Callable[..., Visitor],
) -> None:
    visitor = open_pages("people")
    visitor.log_in("olga")
    visitor.post("/setup/mail", host="mail.example.com")
    for address in ("anna", "anna@"):
        page = visitor.press("/setup/mail/test", to=address)
        assert list(read_problems(page)) == ["to"]
        assert f'value="{address}"' in page
        assert 'value="mail.example.com"' in page
    page = visitor.press("/setup/chat", chat_secret="http://hooks.slack.com/canary")
    assert list(read_problems(page)) == ["chat_secret"]
    assert "canary" not in page


@pytest.mark.parametrize("path", ["/support", "/privacy", "/quickbooks/disconnected"])
def test_public_pages_need_no_log_in_and_name_whom_to_ask(
    open_pages: Callable[..., Visitor], path: str
) -> None:
    visitor = open_pages("people", HUB_CONTACT="help@example.com")
    page = visitor.page(path)
    assert "help@example.com" in page or path == "/quickbooks/disconnected"
    assert "/privacy" in visitor.page("/login")


def test_the_privacy_page_names_every_cookie_and_every_place_that_data_goes_to(
    open_pages: Callable[..., Visitor],
) -> None:
    visitor = open_pages("people")
    visitor.log_in("olga")
    assert visitor.post("/appearance", theme="dark").status_code == 302
    cookies = {cookie.key for cookie in visitor.client._cookies.values()}
    lasting = cookies - {visitor.app.config["SESSION_COOKIE_NAME"]}
    assert lasting == {"hub-browser", "hub-person", "hub-theme"}
    page = visitor.page("/privacy")
    for term in (*lasting, "180 days", "3 days", "1 year", "Slack or Teams", "syslog"):
        assert term in page


def test_the_contact_address_is_stored_on_the_page(open_pages: Callable[..., Visitor]) -> None:
    visitor = open_pages("people")
    visitor.log_in("olga")
    visitor.post("/setup/contact", contact="ask@example.com <b>")
    assert "ask@example.com &lt;b&gt;" in visitor.page("/privacy")


def test_nothing_that_intuit_calls_changes_a_company_or_a_state(visitor: Visitor) -> None:
    for path in ("disconnected", "launch", "reconnect"):
        visitor.get(f"/quickbooks/{path}?realmId=9130001")
    with visitor.app.app_context(), engine.read_only_session() as session:
        assert session.scalars(select(ConnectedCompany.state)).all() == ["connected"]
        assert session.scalars(select(OAuthState)).all() == []


def test_launch_logs_in_first_and_opens_the_company(visitor: Visitor) -> None:
    answer = visitor.get("/quickbooks/launch?realmId=9130001")
    assert answer.status_code == 302
    assert "/login?next=/quickbooks/launch?realmId%3D9130001" in answer.location
    visitor.log_in("vera")
    launch = visitor.get("/quickbooks/launch?realmId=9130001")
    assert launch.location == f"/companies#company-{visitor.story.company}"
    assert visitor.get("/quickbooks/launch?realmId=1").location == "/companies"
    assert visitor.get("/quickbooks/launch").location == "/"


def test_reconnect_leads_an_owner_to_the_consent_of_that_company(visitor: Visitor) -> None:
    assert "/login" in visitor.get("/quickbooks/reconnect?realmId=9130001").location
    visitor.log_in("olga")
    answer = visitor.get("/quickbooks/reconnect?realmId=9130001")
    assert answer.location.startswith("https://quickbooks.test/connect/oauth2?")
    with visitor.app.app_context(), engine.read_only_session() as session:
        assert session.scalars(select(OAuthState.realm)).all() == ["9130001"]


def test_reconnect_tells_others_who_can_do_it(visitor: Visitor) -> None:
    visitor.log_in("oda")
    answer = visitor.get("/quickbooks/reconnect?realmId=9130001", follow_redirects=True)
    assert "must be reconnected by an owner" in answer.text
    with visitor.app.app_context(), engine.read_only_session() as session:
        assert session.scalars(select(OAuthState)).all() == []


OLD_LOG_IN = login_sessions.CONFIRMATION_LIFETIME + dt.timedelta(seconds=1)


@pytest.mark.parametrize(
    ("path", "form", "saved_value"),
    [
        ("/setup/intuit", KEYS, "an-app"),
        (
            "/setup/mail",
            {"host": "mail.example.com", "password": "canary-secret"},
            "mail.example.com",
        ),
    ],
)
def test_keys_and_mail_server_need_the_password_again_after_a_while(
    without_keys: Visitor, clock: FakeClock, path: str, form: dict[str, str], saved_value: str
) -> None:
    clock.advance(OLD_LOG_IN.total_seconds())
    page = without_keys.press(path, **form)
    assert "confirm_password" in page
    with without_keys.app.app_context():
        assert not intuit_keys.read().are_complete
        assert hub_settings.mail_url() == ""
    draft = without_keys.post(path, **form).location
    confirmed = without_keys.press(draft, confirm_password=PASSWORD)
    assert saved_value in confirmed
    assert "canary" not in confirmed
    without_keys.post(path, **form)
    with without_keys.app.app_context():
        assert intuit_keys.read().are_complete or hub_settings.mail_url()


def test_reconnect_needs_the_password_again_after_a_while(
    visitor: Visitor, clock: FakeClock
) -> None:
    visitor.log_in("olga")
    clock.advance(OLD_LOG_IN.total_seconds())
    answer = visitor.get("/quickbooks/reconnect?realmId=9130001")
    assert "/confirm?next=/quickbooks/reconnect" in answer.location
    with visitor.app.app_context(), engine.read_only_session() as session:
        assert session.scalars(select(OAuthState)).all() == []


def test_stored_keys_take_effect_in_every_process(
    without_keys: Visitor, make_app: Callable[..., Flask]
) -> None:
    other = make_app(without_keys.app.extensions["hub"].config)
    with other.app_context():
        assert not intuit_keys.read().are_complete
    without_keys.post("/setup/intuit", **KEYS | {"webhook_token": "a-token"})
    with other.app_context():
        assert intuit_keys.read().client_secret == "canary-secret"
        assert intuit_keys.load_webhook_token() == "a-token"
