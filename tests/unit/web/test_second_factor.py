"""Log-in with an authenticator app: set-up, codes, recovery codes, requirement and reset."""

import dataclasses
import hashlib
import re
from collections.abc import Callable

import pytest
from flask import Flask
from sqlalchemy import select

from hub import config
from hub.crypto.keys import parse_ring
from hub.crypto.vault import Vault
from hub.db import engine
from hub.models import AuditEntry, RecoveryCode, Secret, User
from hub.security import secrets
from hub.testing.clock import FakeClock
from tests.support.pages.browsers import copy_browser, person_id
from tests.support.pages.page_visitor import Visitor
from tests.support.pages.second_factor import (
    STEP_SECONDS,
    code_at,
    enter_code,
    log_in_again,
    set_up_authenticator,
)
from tests.support.pages.software_passkey import SoftwarePasskey
from tests.support.rows.page_rows import PASSWORD
from tests.support.runs.hub_environment import VAULT_KEYS


@pytest.fixture
def required(open_pages: Callable[..., Visitor]) -> Visitor:
    """Provide a person in front of a hub that requires a second factor of owners."""
    return open_pages(HUB_SECOND_FACTOR="owners")


def test_a_code_completes_the_log_in(visitor: Visitor, clock: FakeClock) -> None:
    visitor.log_in("olga")
    secret, _ = set_up_authenticator(visitor, clock)
    clock.advance(STEP_SECONDS)
    other = log_in_again(visitor)
    required_page = other.get("/documents")
    assert required_page.location.endswith("/login/second-factor?next=/documents")
    page = other.page(required_page.location)
    assert "six digits" in page
    answer = other.client.post(
        required_page.location, data={"csrf_token": other._token, "code": code_at(secret, clock)}
    )
    assert answer.location == "/documents"
    assert other.get("/documents").status_code == 200


def test_the_password_alone_reaches_nothing(visitor: Visitor, clock: FakeClock) -> None:
    visitor.log_in("olga")
    set_up_authenticator(visitor, clock)
    other = log_in_again(visitor)
    for path in ("/", "/people/", "/account/", "/account/authenticator", "/password", "/confirm"):
        assert other.get(path).status_code == 302, path
    assert other.post("/account/passkeys/options").status_code == 302


def test_an_authenticator_app_that_is_not_set_up_is_not_removed(visitor: Visitor) -> None:
    visitor.log_in("vera")
    assert visitor.post("/account/authenticator/remove").status_code == 404
    with visitor.app.app_context(), engine.read_only_session() as session:
        acts = list(session.scalars(select(AuditEntry.what)))
    assert "second factor removed" not in acts


def test_a_used_code_is_not_accepted_again(visitor: Visitor, clock: FakeClock) -> None:
    visitor.log_in("olga")
    secret, _ = set_up_authenticator(visitor, clock)
    first = log_in_again(visitor)
    assert enter_code(first, code_at(secret, clock))[0] == 200, "the code of the set-up is used"
    clock.advance(STEP_SECONDS)
    assert enter_code(first, code_at(secret, clock))[0] == 302
    second = log_in_again(visitor)
    assert enter_code(second, code_at(secret, clock))[0] == 200
    clock.advance(STEP_SECONDS)
    assert enter_code(second, code_at(secret, clock))[0] == 302


@pytest.mark.parametrize("code", ["", "000000", "abc", "²³¹²³¹", "1" * 40, "\ud800"])
def test_a_wrong_code_is_refused(visitor: Visitor, clock: FakeClock, code: str) -> None:
    visitor.log_in("olga")
    set_up_authenticator(visitor, clock)
    other = log_in_again(visitor)
    status = other.post("/login/second-factor", code=code.encode("utf-8", "replace")).status_code
    assert status in (200, 400)
    assert other.get("/").status_code == 302


def test_each_use_and_change_of_a_second_factor_is_in_the_audit_log(
    visitor: Visitor, clock: FakeClock
) -> None:
    visitor.log_in("olga")
    secret, codes = set_up_authenticator(visitor, clock)
    clock.advance(STEP_SECONDS)
    enter_code(log_in_again(visitor), "000000")
    enter_code(log_in_again(visitor), code_at(secret, clock))
    enter_code(log_in_again(visitor), codes[0])
    visitor.post("/account/recovery-codes")
    visitor.post("/account/authenticator/remove")
    with visitor.app.app_context(), engine.read_only_session() as session:
        entries = list(session.scalars(select(AuditEntry).order_by(AuditEntry.id)))
    assert [(entry.what, entry.detail.get("via")) for entry in entries] == [
        ("logged in", ["password"]),
        ("second factor added", None),
        ("second factor refused", None),
        ("logged in", ["password", "authenticator"]),
        ("recovery code used", None),
        ("logged in", ["password", "recovery code"]),
        ("recovery codes renewed", None),
        ("second factor removed", None),
    ]
    assert {entry.who for entry in entries} == {"olga"}
    assert {entry.detail.get("address") for entry in entries} == {"127.0.0.1"}


def test_guesses_of_codes_are_bounded(visitor: Visitor, clock: FakeClock) -> None:
    visitor.log_in("olga")
    set_up_authenticator(visitor, clock)
    other = log_in_again(visitor)
    statuses = [enter_code(other, f"00000{number}")[0] for number in range(6)]
    assert statuses[:4] == [200] * 4
    assert 200 not in statuses[4:]
    again = log_in_again(visitor)
    assert again.post("/login/second-factor", code="000009").status_code == 429


def test_the_second_factor_has_to_follow_within_ten_minutes(
    visitor: Visitor, clock: FakeClock
) -> None:
    visitor.log_in("olga")
    secret, _ = set_up_authenticator(visitor, clock)
    other = log_in_again(visitor)
    clock.advance(600)
    assert "/login?" in enter_code(other, code_at(secret, clock))[1]
    assert other.get("/").status_code == 302


def test_each_recovery_code_works_once(visitor: Visitor, clock: FakeClock) -> None:
    visitor.log_in("olga")
    _, codes = set_up_authenticator(visitor, clock)
    assert len(set(codes)) == 10
    first = log_in_again(visitor)
    assert enter_code(first, codes[0].lower().replace("-", " "))[0] == 302
    assert first.get("/").status_code == 200
    second = log_in_again(visitor)
    assert enter_code(second, codes[0])[0] == 200
    assert enter_code(second, codes[1])[0] == 302


def test_a_recovery_code_that_an_earlier_version_stored_still_works_once(
    visitor: Visitor, clock: FakeClock
) -> None:
    visitor.log_in("olga")
    set_up_authenticator(visitor, clock)
    person = person_id(visitor, "olga")
    stored = hashlib.sha256(f"{person}:abcdefghjkmnpqrs".encode()).hexdigest()
    with visitor.app.app_context(), engine.transaction() as session:
        session.add(RecoveryCode(user_id=person, code=stored))
    first = log_in_again(visitor)
    assert enter_code(first, "ABCD-efgh jkmn-pqrs")[0] == 302
    assert enter_code(log_in_again(visitor), "abcd-efgh-jkmn-pqrs")[0] == 200


def test_recovery_codes_outlast_the_secret_key(
    visitor: Visitor, make_app: Callable[..., Flask], clock: FakeClock
) -> None:
    visitor.log_in("olga")
    _, codes = set_up_authenticator(visitor, clock)
    config = visitor.app.extensions["hub"].config
    other_key = dataclasses.replace(config, secret_key="another key of this hub, long enough")
    moved = Visitor(make_app(other_key, pages=True), visitor.story)
    moved.log_in("olga")
    assert enter_code(moved, "0000-0000-0000-0000-0000-0000-0000")[0] == 200
    assert enter_code(moved, codes[0])[0] == 302


def test_new_recovery_codes_replace_the_old_ones(visitor: Visitor, clock: FakeClock) -> None:
    visitor.log_in("olga")
    _, old = set_up_authenticator(visitor, clock)
    page = visitor.post("/account/recovery-codes").text
    new = re.findall(r"<li>([0-9A-Z-]{34})</li>", page)
    other = log_in_again(visitor)
    assert enter_code(other, old[0])[0] == 200
    assert enter_code(other, new[0])[0] == 302


def test_a_recovery_code_of_somebody_else_is_refused(visitor: Visitor, clock: FakeClock) -> None:
    visitor.log_in("olga")
    _, codes = set_up_authenticator(visitor, clock)
    vera = Visitor(visitor.app, visitor.story)
    vera.log_in("vera")
    set_up_authenticator(vera, clock)
    other = log_in_again(visitor, "vera")
    assert enter_code(other, codes[0])[0] == 200


def test_the_database_holds_neither_secret_nor_codes(visitor: Visitor, clock: FakeClock) -> None:
    visitor.log_in("olga")
    secret, codes = set_up_authenticator(visitor, clock)
    with visitor.app.app_context():
        engine.db.engine.dispose()
        files = list(visitor.app.extensions["hub"].config.data.glob("hub.db*"))
        content = b"".join(file.read_bytes() for file in files)
    for text in (secret, *codes, *(code.replace("-", "") for code in codes)):
        assert text.encode() not in content
        assert text.lower().encode() not in content


def test_the_authenticator_survives_a_rotation_of_the_keys(
    visitor: Visitor, clock: FakeClock
) -> None:
    visitor.log_in("olga")
    secret, _ = set_up_authenticator(visitor, clock)
    ring = parse_ring("HUB_VAULT_KEYS", f"{config.keys.create_key()}\n{VAULT_KEYS}")
    runtime = visitor.app.extensions["hub"]
    object.__setattr__(runtime, "vault", Vault(ring))
    with visitor.app.app_context(), engine.transaction() as session:
        assert secrets.rotate(session) > 0
    object.__setattr__(runtime, "vault", Vault(ring[:1]))
    clock.advance(STEP_SECONDS)
    other = log_in_again(visitor)
    assert enter_code(other, code_at(secret, clock))[0] == 302


def test_a_code_that_cannot_be_checked_is_no_wrong_guess(
    visitor: Visitor, clock: FakeClock
) -> None:
    visitor.log_in("olga")
    secret, codes = set_up_authenticator(visitor, clock)
    other = log_in_again(visitor)
    runtime = visitor.app.extensions["hub"]
    vault = runtime.vault
    other_ring = parse_ring("HUB_VAULT_KEYS", config.keys.create_key())
    object.__setattr__(runtime, "vault", Vault(other_ring))
    assert {enter_code(other, "123456")[0] for _ in range(8)} == {400}
    assert enter_code(log_in_again(visitor), codes[0])[0] == 302
    object.__setattr__(runtime, "vault", vault)
    clock.advance(STEP_SECONDS)
    assert enter_code(other, code_at(secret, clock))[0] == 302


def test_a_first_code_that_cannot_be_checked_is_no_wrong_guess(
    visitor: Visitor, clock: FakeClock
) -> None:
    visitor.log_in("olga")
    visitor.post("/account/authenticator/new")
    runtime = visitor.app.extensions["hub"]
    other_ring = parse_ring("HUB_VAULT_KEYS", config.keys.create_key())
    object.__setattr__(runtime, "vault", Vault(other_ring))
    statuses = [visitor.post("/account/authenticator", code="123456").status_code for _ in range(8)]
    assert set(statuses) == {400}


def test_a_new_second_factor_ends_the_other_sessions(visitor: Visitor, clock: FakeClock) -> None:
    visitor.log_in("olga")
    elsewhere = log_in_again(visitor)
    assert elsewhere.get("/").status_code == 200
    set_up_authenticator(visitor, clock)
    assert elsewhere.get("/").status_code == 302
    assert visitor.get("/").status_code == 200


def test_the_id_of_the_session_changes_with_the_second_factor(
    visitor: Visitor, clock: FakeClock
) -> None:
    visitor.log_in("olga")
    secret, _ = set_up_authenticator(visitor, clock)
    clock.advance(STEP_SECONDS)
    other = log_in_again(visitor)
    copy = copy_browser(other)
    assert enter_code(other, code_at(secret, clock))[0] == 302
    assert other.get("/").status_code == 200
    assert copy.get("/").status_code == 302


def test_the_set_up_shows_a_code_that_the_policy_allows(visitor: Visitor) -> None:
    visitor.log_in("olga")
    page = visitor.press("/account/authenticator/new")
    assert 'src="data:image/svg+xml;base64,' in page
    assert "<script>" not in page


def test_a_wrong_first_code_sets_nothing_up(visitor: Visitor) -> None:
    visitor.log_in("olga")
    visitor.press("/account/authenticator/new")
    assert "not right" in visitor.post("/account/authenticator", code="000000").text
    assert log_in_again(visitor).get("/").status_code == 200


def test_set_up_and_removal_ask_for_the_password(visitor: Visitor, clock: FakeClock) -> None:
    visitor.log_in("olga")
    set_up_authenticator(visitor, clock)
    clock.advance(600)
    for path in ("authenticator/new", "authenticator/remove", "recovery-codes"):
        assert "Confirm that it is you" in visitor.post(f"/account/{path}").text
    assert visitor.get("/account/authenticator").location.startswith("/confirm")


def test_owners_are_led_to_the_set_up_and_others_are_not(required: Visitor) -> None:
    required.log_in("olga")
    assert required.get("/documents").location == "/account/required?next=/documents"
    assert required.post("/people/add", name="x").location.startswith("/account/required")
    assert required.get("/account/").status_code == 200
    vera = Visitor(required.app, required.story)
    vera.log_in("vera")
    assert vera.get("/documents").status_code == 200


def test_everybody_is_led_to_the_set_up_where_all_need_a_factor(
    open_pages: Callable[..., Visitor],
) -> None:
    visitor = open_pages(HUB_SECOND_FACTOR="all")
    visitor.log_in("vera")
    assert visitor.get("/").location.startswith("/account/required")


def test_the_set_up_ends_the_requirement(required: Visitor, clock: FakeClock) -> None:
    required.log_in("olga")
    set_up_authenticator(required, clock)
    assert required.get("/").status_code == 200
    answer = required.post("/account/authenticator/remove")
    assert answer.status_code == 400
    assert "requires a second factor" in answer.text


def test_the_set_up_leads_on_to_the_page_that_asked_for_it(
    required: Visitor, clock: FakeClock
) -> None:
    required.log_in("olga")
    start = re.search(r'action="(/account/authenticator/new[^"]*)"', required.page("/people/"))
    assert start
    page = required.press(start[1])
    secret = re.search(r'<code id="secret">([A-Z2-7 ]+)</code>', page)
    confirm = re.search(r'action="(/account/authenticator\?[^"]*)"', page)
    assert secret
    assert confirm
    wrong = required.post(confirm[1], code="000000").text
    assert f'action="{confirm[1]}"' in wrong
    code = code_at(secret[1].replace(" ", ""), clock)
    done = required.post(confirm[1], code=code).text
    assert re.search(r'href="/people/"[^>]*>\s*I have stored them', done)


def test_the_set_up_of_a_passkey_leads_on_to_the_page_that_asked_for_it(required: Visitor) -> None:
    required.log_in("olga")
    account = re.search(r'href="(/account/\?[^"]*)"', required.page("/people/"))
    assert account
    assert account[1] == "/account/?next=/people/"
    add = re.search(r'action="(/account/passkeys\?[^"]*)"', required.page(account[1]))
    assert add
    options = required.post("/account/passkeys/options").json
    assert options
    credential = SoftwarePasskey().create(options)
    done = required.post(add[1], name="Phone", credential=credential).text
    assert re.search(r'href="/people/"[^>]*>\s*I have stored them', done)


def test_the_set_up_leads_to_no_foreign_address(required: Visitor) -> None:
    required.log_in("olga")
    required.post("/account/authenticator/new")
    page = required.page("/account/authenticator?next=//evil.example.com/")
    assert 'action="/account/authenticator?next=/"' in page


def test_the_set_up_may_be_postponed_for_seven_days(required: Visitor, clock: FakeClock) -> None:
    required.log_in("olga")
    assert "Not now" in required.page("/")
    required.press("/account/postpone")
    assert required.get("/").status_code == 200
    clock.advance(7 * 86400)
    required.log_in("olga")
    assert "Not now" not in required.page("/")
    required.post("/account/postpone")
    assert required.get("/").status_code == 302


def test_a_set_up_that_is_postponed_unasked_may_be_postponed_for_seven_days(
    required: Visitor, clock: FakeClock
) -> None:
    required.log_in("olga")
    required.post("/account/postpone")
    clock.advance(7 * 86400)
    required.log_in("olga")
    required.post("/account/postpone")
    assert required.get("/").location.startswith("/account/required")


def test_a_set_up_is_postponed_for_one_session_only(required: Visitor) -> None:
    required.log_in("olga")
    required.press("/account/postpone")
    assert required.get("/").status_code == 200
    required.post("/logout")
    required.log_in("olga")
    assert required.get("/").status_code == 302


def test_zero_days_allow_no_postponing(open_pages: Callable[..., Visitor]) -> None:
    visitor = open_pages(HUB_SECOND_FACTOR="owners", HUB_SECOND_FACTOR_GRACE_DAYS="0")
    visitor.log_in("olga")
    assert "Not now" not in visitor.page("/")
    visitor.post("/account/postpone")
    assert visitor.get("/").status_code == 302


def test_an_owner_resets_a_lost_factor(visitor: Visitor, clock: FakeClock) -> None:
    vera = Visitor(visitor.app, visitor.story)
    vera.log_in("vera")
    set_up_authenticator(vera, clock)
    visitor.log_in("olga")
    address = f"/people/{person_id(visitor, 'vera')}/sessions/"
    assert "Authenticator app" in visitor.page(address)
    visitor.press(f"{address[:-1]}/reset-factor")
    assert vera.get("/").status_code == 302
    assert log_in_again(visitor, "vera").get("/").status_code == 200
    with visitor.app.app_context(), engine.read_only_session() as session:
        entries = session.scalars(select(AuditEntry).order_by(AuditEntry.id.desc()))
        entry = next(entry for entry in entries if entry.what == "second factor reset")
        places = session.scalars(select(Secret.place).where(Secret.place.startswith("person:")))
        assert (entry.who, entry.subject, list(places)) == ("olga", "vera", [])


def test_sessions_are_listed_and_ended_by_their_person(visitor: Visitor) -> None:
    visitor.log_in("vera")
    elsewhere = log_in_again(visitor, "vera")
    page = visitor.page("/account/")
    [session_id] = re.findall(r'name="session_id" value="(\d+)"', page)
    visitor.press("/account/sessions/end", session_id=session_id)
    assert elsewhere.get("/").status_code == 302
    elsewhere = log_in_again(visitor, "vera")
    assert "1 session is ended" in visitor.press("/account/sessions/end-others")
    assert elsewhere.get("/").status_code == 302
    assert visitor.get("/").status_code == 200


def test_nobody_ends_a_session_of_somebody_else_on_the_own_page(visitor: Visitor) -> None:
    visitor.log_in("olga")
    other = log_in_again(visitor, "vera")
    assert other.post("/account/sessions/end", session_id="1").status_code == 404
    assert visitor.get("/").status_code == 200


def test_an_owner_ends_the_sessions_of_a_person(visitor: Visitor) -> None:
    visitor.log_in("olga")
    vera = log_in_again(visitor, "vera")
    address = f"/people/{person_id(visitor, 'vera')}/sessions"
    assert "This browser" not in visitor.page(f"{address}/")
    assert "has to log in again" in visitor.press(f"{address}/end-all")
    assert vera.get("/").status_code == 302


def test_a_changed_password_keeps_the_second_factor(visitor: Visitor, clock: FakeClock) -> None:
    visitor.log_in("vera")
    set_up_authenticator(visitor, clock)
    new = "a lighthouse keeper's umbrella"
    visitor.press("/password", password=PASSWORD, new_password=new, new_password_confirm=new)
    assert visitor.get("/").status_code == 200
    other = Visitor(visitor.app, visitor.story)
    other.log_in("vera", new)
    assert other.get("/").location.startswith("/login/second-factor")


def test_a_disabled_person_cannot_complete_the_log_in(visitor: Visitor, clock: FakeClock) -> None:
    vera = Visitor(visitor.app, visitor.story)
    vera.log_in("vera")
    secret, _ = set_up_authenticator(vera, clock)
    clock.advance(STEP_SECONDS)
    half = log_in_again(visitor, "vera")
    visitor.log_in("olga")
    visitor.press(f"/people/{person_id(visitor, 'vera')}/active", active="")
    enter_code(half, code_at(secret, clock))
    assert half.get("/").status_code == 302


def test_the_required_page_counts_from_the_first_request(required: Visitor) -> None:
    required.log_in("olga")
    required.page("/")
    with required.app.app_context(), engine.read_only_session() as session:
        person = session.scalars(select(User).where(User.username == "olga")).one()
        assert person.factor_asked_at is not None
