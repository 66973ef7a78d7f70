"""Identify the caller of the JSON API: the person of the token, never that of a cookie."""

import math
from typing import Any

from flask import Flask, current_app, g, request
from werkzeug.exceptions import TooManyRequests

from hub.context import get_hub
from hub.db.engine import read_only_session
from hub.models import ApiToken, User
from hub.security import api_tokens, audit, refusals
from hub.translations.messages import use_english
from hub.web.api import problems
from hub.web.api.resources import PREFIX
from hub.web.authentication import access, sessions
from hub.web.request.call_rates import BurstRate, CallRates

# People wait for their pages while a program calls all the time.
RATE_OF_TOKEN = BurstRate(burst=600, per_minute=1200)
RATES = "hub.api_rates"  # the extension that counts the calls of each token in this process
BEARER = "Bearer"
INVALID_MESSAGE = "The API token is not valid: it is wrong, has expired or was revoked."
FIRST_LOG_IN = "The person of this API token has to log in and choose a password first."


def init_app(app: Flask) -> None:
    """Check the token of every call of the API before the rights are checked."""
    app.extensions[RATES] = CallRates(RATE_OF_TOKEN, get_hub(app).clock.monotonic)
    app.before_request(_authenticate)
    app.extensions[audit.API_TOKEN] = lambda: g.get("api_token_name", "")


def is_call() -> bool:
    """Return whether this request is a call of the API."""
    return request.path.startswith(f"{PREFIX}/")


def _authenticate() -> Any:
    """Let the request act for the person of its token; answer with the reason if it cannot."""
    if not is_call():
        return None
    use_english()  # a program reads the sentences, and may compare them
    request.environ[sessions.IN_REQUEST] = None  # no session of a browser
    g.chosen_company = None  # nor the company that a person chose in it
    g._login_user = current_app.extensions["security"].login_manager.anonymous_user()
    endpoint = request.endpoint
    if endpoint is None or access.find_required_role(current_app, endpoint) in (None, "anyone"):
        return None
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    if scheme.casefold() != BEARER.casefold() or not token.strip():
        return _build_refusal()
    return _authenticate_token(token.strip(), current_app.view_functions[endpoint])


def _authenticate_token(token: str, view: Any) -> Any:
    """Let the request act for the person of a token that may call a view; else say why not."""
    with read_only_session() as session:
        api_token = api_tokens.find(session, token)
    person = _find_person(api_token)
    if api_token is None or person is None:
        refusals.note("token refused", refusals.NOBODY, f"{request.method} {request.path}")
        return _build_refusal(INVALID_MESSAGE)
    if person.must_change_password:
        return problems.build_problem(403, FIRST_LOG_IN)
    g._login_user = person
    g.api_token_name = api_token.name
    g.api_token_scopes = api_token.scopes.split()
    _count_call(api_token)
    scope: str = view.needs_scope
    if scope not in g.api_token_scopes:
        return problems.build_problem(403, f"The API token lacks the scope {scope}.")
    api_tokens.record_use(api_token)
    return None


def _count_call(token: ApiToken) -> None:
    """Answer 429 if a token is used too often."""
    pause = current_app.extensions[RATES].count_call(token.id)
    if pause:
        raise TooManyRequests(retry_after=math.ceil(pause))


def _find_person(token: ApiToken | None) -> User | None:
    """Return the person of a token; None without a token, and for one who was disabled."""
    if token is None:
        return None
    person: User | None = sessions.datastore().find_user(id=token.user_id)
    return person if person is not None and person.active else None


def _build_refusal(sentence: str = "") -> Any:
    """Return the response to a call without a valid token."""
    response = problems.build_problem(401, sentence)
    response.headers["WWW-Authenticate"] = f'{BEARER} realm="hub"'
    return response
