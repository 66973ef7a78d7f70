"""Responses of Intuit's token endpoint: revoked, misconfigured or temporary."""

import logging
from typing import Any

import pytest

from hub.errors import ConfigurationError, Retry
from hub.qbo.oauth import token_endpoint

UNCLEAR: list[dict[str, Any]] = [
    {"kind": "bad_gateway"},
    {"kind": "throttled"},
    {"kind": "redirect"},
    {"kind": "empty"},
    {"kind": "truncate"},
    {"kind": "wrong_type"},
    {"kind": "lose_answer"},
    {"kind": "refuse"},
    {"kind": "wrong_json", "body": "[]"},
    {"kind": "wrong_json", "body": '{"error": "server_error"}'},
    {"kind": "wrong_json", "body": '{"error": ""}'},
    {"kind": "wrong_json", "body": '{"access_token": "a"}'},
    {"kind": "wrong_json", "body": "1"},
    {
        "kind": "wrong_json",
        "body": '{"access_token": "a", "refresh_token": "r", "expires_in": "soon"}',
    },
    {
        "kind": "wrong_json",
        "body": '{"access_token": "a", "refresh_token": "r", "x_refresh_token_expires_in": "soon"}',
    },
]


@pytest.mark.parametrize(
    "fault", UNCLEAR, ids=lambda fault: f"{fault['kind']}{fault.get('body', '')[:30]}"
)
def test_an_answer_that_is_not_clear_says_try_again(intuit, fault):
    rule = dict(fault)
    intuit.add_fault(rule.pop("kind"), "token.refresh", **rule)
    with pytest.raises(Retry, match="retried automatically"):
        token_endpoint.renew(intuit.refresh_tokens[intuit.realm])


def test_only_a_refused_grant_ends_a_connection(intuit):
    with pytest.raises(token_endpoint.Rejected):
        token_endpoint.renew("AB11invented")


@pytest.mark.parametrize("error", ["invalid_client", "unauthorized_client"])
def test_a_client_that_intuit_does_not_know_is_a_setting(intuit, error):
    intuit.add_fault("wrong_json", "token.refresh", body=f'{{"error": "{error}"}}')
    with pytest.raises(ConfigurationError, match="not accepted by Intuit; copy them again from"):
        token_endpoint.renew(intuit.refresh_tokens[intuit.realm])


def test_a_grant_tells_how_long_each_token_lives(intuit):
    grant = token_endpoint.renew(intuit.refresh_tokens[intuit.realm])
    assert (grant.access_seconds, grant.refresh_seconds) == (3600, 8726400)
    assert grant.ends_in > 4 * 365 * 86400


def test_a_wait_that_intuit_asks_for_is_kept(intuit):
    intuit.add_fault("throttled", "token.refresh", retry_after=90)
    with pytest.raises(Retry) as error:
        token_endpoint.renew(intuit.refresh_tokens[intuit.realm])
    assert error.value.after == 90


def test_the_library_never_logs_what_it_sends(app):
    assert not logging.getLogger("requests_oauthlib.oauth2_session").isEnabledFor(logging.DEBUG)
    assert not logging.getLogger("oauthlib.oauth2.rfc6749.clients.base").isEnabledFor(logging.DEBUG)
