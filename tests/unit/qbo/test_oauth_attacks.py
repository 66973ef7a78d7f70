"""Forged, repeated and swapped returns from Intuit's consent page: none connects a company."""

import hashlib
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
import requests
from sqlalchemy import func, select

from hub.db import engine
from hub.errors import HubError
from hub.models import ConnectedCompany, OAuthState, Secret, Token
from hub.qbo.oauth import connect
from hub.testing.clock import FakeClock

BROWSER = "the browser of the person"
OTHER_BROWSER = "the browser of an attacker"
Return = dict[str, str]


class Consents:
    """Consents at the stand-in, as a person gives them in a browser."""

    def __init__(self, app: Any, intuit: Any, clock: FakeClock) -> None:
        self.app, self.intuit, self.clock = app, intuit, clock

    def give(self, browser: str = BROWSER, reconnected: str | None = None, **form: str) -> Return:
        """Consent in a browser, and return what Intuit sends back through it."""
        url, _ = connect.start(browser, reconnected)
        session = requests.Session()
        for prefix, adapter in self.app.extensions["hub"].mounts.items():
            session.mount(prefix, adapter)
        answers = {"decision": "connect", "user": "admin", "realm": self.intuit.realm, **form}
        location = session.post(url, data=answers, allow_redirects=False).headers["Location"]
        return dict(parse_qsl(urlsplit(location).query))

    def other_realm(self) -> str:
        return next(realm for realm in self.intuit.companies if realm != self.intuit.realm)


# -- attacks: each returns what the browser sends, and the session of that browser -----------------


def repeat_a_state(consents: Consents) -> tuple[Return, str]:
    used = consents.give(decision="cancel")
    with pytest.raises(HubError):
        connect.finish(used, BROWSER)
    return consents.give() | {"state": used["state"]}, BROWSER


def use_the_state_of_another_browser(consents: Consents) -> tuple[Return, str]:
    return consents.give(OTHER_BROWSER), BROWSER


def take_a_return_to_another_browser(consents: Consents) -> tuple[Return, str]:
    return consents.give(), OTHER_BROWSER


def return_without_a_session(consents: Consents) -> tuple[Return, str]:
    return consents.give(), ""


def return_late(consents: Consents) -> tuple[Return, str]:
    answer = consents.give()
    consents.clock.advance(601)
    return answer, BROWSER


def swap_the_realm(consents: Consents) -> tuple[Return, str]:
    return consents.give() | {"realmId": consents.other_realm()}, BROWSER


def reconnect_as_another_company(consents: Consents) -> tuple[Return, str]:
    return consents.give(reconnected=consents.other_realm()), BROWSER


def repeat_a_code(consents: Consents) -> tuple[Return, str]:
    first = consents.give()
    consents.intuit.app.grants.exchange(
        first["code"], consents.intuit.client_id, "http://localhost:8080/quickbooks/callback"
    )
    return consents.give() | {"code": first["code"]}, BROWSER


def invent_a_code(consents: Consents) -> tuple[Return, str]:
    return consents.give() | {"code": "AB1" + "0" * 48}, BROWSER


def leave_out_the_code(consents: Consents) -> tuple[Return, str]:
    answer = consents.give()
    del answer["code"]
    return answer, BROWSER


def leave_out_the_state(consents: Consents) -> tuple[Return, str]:
    answer = consents.give()
    del answer["state"]
    return answer, BROWSER


def empty_the_state(consents: Consents) -> tuple[Return, str]:
    return consents.give() | {"state": ""}, BROWSER


def invent_a_state(consents: Consents) -> tuple[Return, str]:
    return consents.give() | {"state": "x" * 43}, BROWSER


def shorten_the_state(consents: Consents) -> tuple[Return, str]:
    answer = consents.give()
    return answer | {"state": answer["state"][:-1]}, BROWSER


def change_the_case_of_the_state(consents: Consents) -> tuple[Return, str]:
    answer = consents.give()
    return answer | {"state": answer["state"].swapcase()}, BROWSER


def send_the_stored_form_of_the_state(consents: Consents) -> tuple[Return, str]:
    """Whoever can read the database knows the digest, not the state."""
    answer = consents.give()
    return answer | {"state": hashlib.sha256(answer["state"].encode()).hexdigest()}, BROWSER


def leave_out_the_realm(consents: Consents) -> tuple[Return, str]:
    answer = consents.give()
    del answer["realmId"]
    return answer, BROWSER


def write_a_path_as_realm(consents: Consents) -> tuple[Return, str]:
    return consents.give() | {"realmId": "../../v3/company/1"}, BROWSER


def report_an_error_with_a_code(consents: Consents) -> tuple[Return, str]:
    return consents.give() | {"error": "access_denied"}, BROWSER


def report_an_error_that_is_markup(consents: Consents) -> tuple[Return, str]:
    return consents.give() | {"error": "<script>alert(1)</script>"}, BROWSER


ATTACKS: list[Callable[[Consents], tuple[Return, str]]] = [
    repeat_a_state,
    use_the_state_of_another_browser,
    take_a_return_to_another_browser,
    return_without_a_session,
    return_late,
    swap_the_realm,
    reconnect_as_another_company,
    repeat_a_code,
    invent_a_code,
    leave_out_the_code,
    leave_out_the_state,
    empty_the_state,
    invent_a_state,
    shorten_the_state,
    change_the_case_of_the_state,
    send_the_stored_form_of_the_state,
    leave_out_the_realm,
    write_a_path_as_realm,
    report_an_error_with_a_code,
    report_an_error_that_is_markup,
]


@pytest.fixture
def consents(app, intuit, clock) -> Consents:
    return Consents(app, intuit, clock)


def stored_rows() -> list[int]:
    """Count companies, tokens and secrets."""
    with engine.read_only_session() as session:
        counts = [
            select(func.count()).select_from(model) for model in (ConnectedCompany, Token, Secret)
        ]
        return [session.scalar(count) for count in counts]


@pytest.mark.parametrize("attack", ATTACKS, ids=lambda attack: attack.__name__)
def test_a_forged_return_connects_nothing(consents, attack):
    answer, browser = attack(consents)
    with pytest.raises(HubError) as error:
        connect.finish(answer, browser)
    assert stored_rows() == [0, 0, 0]
    assert not any(value in error.value.text for value in (answer.get("code"), browser) if value)


def test_the_consent_that_the_attacks_forge_connects_a_company(consents):
    connect.finish(consents.give(), BROWSER)
    assert stored_rows()[0] == 1


def test_a_return_that_connected_a_company_connects_nothing_again(consents):
    answer = consents.give()
    connect.finish(answer, BROWSER)
    before = stored_rows()
    with pytest.raises(HubError):
        connect.finish(answer, BROWSER)
    assert stored_rows() == before


def test_a_state_that_was_refused_to_another_browser_is_stored_as_unused(consents):
    """Otherwise a stranger could spend the sign-in of somebody else."""
    answer, browser = take_a_return_to_another_browser(consents)
    with pytest.raises(HubError):
        connect.finish(answer, browser)
    with engine.read_only_session() as session:
        assert session.scalars(select(OAuthState.used_at)).all() == [None]


def test_the_list_of_forged_returns_is_long_enough(figure):
    figure("forged returns of a consent refused", len(ATTACKS), 20)
