"""Log-in at the identity provider: visits there, and what a browser that returns is let do.

A visit has one of three purposes: to log in, to confirm the identity before an important step, or
to link the account to the person who is logged in. What belongs to the visit is in the signed
cookie of the browser, so that the answer to it counts in this browser only, once, for ten minutes.
Each tab of a browser may have a visit of its own.
"""

import datetime as dt
import hmac
import json
from dataclasses import astuple, dataclass
from enum import StrEnum
from typing import Any

from flask import Blueprint, Flask, abort, flash, redirect, request, url_for
from flask import session as cookie
from flask_security import current_user, login_user
from werkzeug import Response

from hub.context import current_hub
from hub.db.engine import read_only_session, transaction
from hub.errors import HubError, NotNow
from hub.models import User
from hub.security import login_sessions, provider_accounts, refusals, second_factor
from hub.translations.messages import gettext, translate
from hub.web.authentication import identity_provider, sessions, throttling
from hub.web.authentication.access import OWN, person_name, require_recent_login, require_role
from hub.web.authentication.id_tokens import CLOCK_DIFFERENCE, Identity
from hub.web.authentication.identity_provider import VisitSecrets
from hub.web.request.destinations import local_path

VISITS_KEY = "provider_visits"  # in the signed cookie: the visits from which the browser returns
ACCOUNT_KEY = "provider_account"  # in the signed cookie: the account that the person may link
VISIT_LIFETIME = dt.timedelta(minutes=10)
MAX_VISITS = 4  # of one browser at the same time; the newest
MAX_VISITS_LENGTH = 2500  # characters of all of them, unless one alone is longer
CODE_LENGTH = 4000  # characters of a code
pages = Blueprint("sign_on", __name__)


class Purpose(StrEnum):
    """What a person visits the identity provider for."""

    LOG_IN = "log-in"
    CONFIRM = "confirm"
    LINK = "link"


@dataclass(frozen=True)
class Visit:
    """One visit of a browser at the identity provider.

    `destination` is the page after it, and `page_before` the one that says what did not work.
    """

    purpose: Purpose
    began_at: dt.datetime
    destination: str
    page_before: str
    secrets: VisitSecrets

    def to_list(self) -> list[Any]:
        """Return the visit as the cookie holds it."""
        moment = self.began_at.timestamp()
        return [self.purpose, moment, self.destination, self.page_before, *astuple(self.secrets)]

    @classmethod
    def from_list(cls, values: list[Any]) -> "Visit":
        """Return the visit that the cookie holds."""
        purpose, moment, destination, page_before, *secrets = values
        began_at = dt.datetime.fromtimestamp(moment, dt.UTC)
        return cls(Purpose(purpose), began_at, destination, page_before, VisitSecrets(*secrets))


def init_app(app: Flask) -> None:
    """Let templates name the identity provider."""
    identity_provider.init_app(app)
    app.jinja_env.globals["provider_name"] = identity_provider.get_name


@pages.get("/login/provider")
@require_role("anyone")
def log_in() -> Response:
    """Send the browser to the identity provider to log in.

    Whoever comes from another site sees the log-in page first, because a session begins only if
    its person wants it, and many providers log in without a question.
    """
    destination = local_path(request.args.get("next", "/"))
    if current_user.is_authenticated:
        return redirect(destination)
    log_in_page = url_for("security.login", next=destination)
    if request.headers.get("Sec-Fetch-Site") == "cross-site":
        return redirect(log_in_page)
    return _leave(Purpose.LOG_IN, destination, log_in_page)


@pages.get("/confirm/provider")
@require_role("viewer", of=OWN)
def confirm() -> Response:
    """Send the browser to the identity provider, which asks the person to log in again."""
    destination = local_path(request.args.get("next", "/"))
    here = url_for("confirmation.show", next=destination)
    return _leave(Purpose.CONFIRM, destination, here)


@pages.get("/account/provider/choose")
@require_role("viewer", of=OWN)
@require_recent_login
def choose() -> Response:
    """Send the browser to the identity provider to choose the account that is linked."""
    return _leave(Purpose.LINK, url_for("provider_account.show"), url_for("account.show"))


@pages.get(identity_provider.RETURN_PATH)
@require_role("anyone")
def finish() -> Response:
    """Accept the browser that the identity provider sends back."""
    if not identity_provider.is_set():
        abort(404)
    visit = _take_visit()
    if visit is None:
        flash(
            gettext("This log-in was not started in this browser, or long ago. Start again."),
            "look",
        )
        return redirect(url_for("security.login"))
    try:
        identity = _identify(visit.secrets)
    except HubError as error:
        refusals.note("log-in failed", refusals.NOBODY, "identity provider")
        flash(translate(error.sentence), "error")
        return redirect(visit.page_before)
    match visit.purpose:
        case Purpose.LOG_IN:
            response = _log_in(identity, visit)
        case Purpose.CONFIRM:
            response = _confirm(identity, visit)
        case Purpose.LINK:
            response = _propose_link(identity, visit)
    return response


def _leave(purpose: Purpose, destination: str, page_before: str) -> Response:
    """Send the browser to the provider; back to the page before if there is none to ask.

    Whoever is logged in here is asked to log in there again.
    """
    if not identity_provider.is_set():
        abort(404)
    secrets = VisitSecrets.generate()
    try:
        asks_again = purpose != Purpose.LOG_IN
        address = identity_provider.build_address(secrets, asks_again=asks_again)
    except NotNow as error:
        flash(translate(error.sentence), "error")
        return redirect(page_before)
    now = current_hub().clock.now()
    visit = Visit(purpose, now, destination, page_before, secrets)
    _store_visits([*_load_visits(), visit])
    return redirect(address)


def _take_visit() -> Visit | None:
    """Return the visit that this request answers; None if this browser began none in time."""
    state = request.args.get("state", "").encode()
    visits = _load_visits()
    for visit in visits:
        if hmac.compare_digest(state, visit.secrets.state.encode()):
            _store_visits([other for other in visits if other is not visit])
            return visit
    return None


def _load_visits() -> list[Visit]:
    """Return the visits that this browser began in time and has not returned from, oldest first."""
    now = current_hub().clock.now()
    visits = [Visit.from_list(values) for values in cookie.get(VISITS_KEY, ())]
    return [visit for visit in visits if abs(now - visit.began_at) < VISIT_LIFETIME]


def _store_visits(visits: list[Visit]) -> None:
    """Store the newest visits in the cookie, as many as fit into it, and at least one."""
    newest = [visit.to_list() for visit in visits[-MAX_VISITS:]]
    while len(newest) > 1 and len(json.dumps(newest)) > MAX_VISITS_LENGTH:
        del newest[0]
    cookie[VISITS_KEY] = newest


def _identify(secrets: VisitSecrets) -> Identity:
    """Return the account that has logged in; raise HubError if the answer is not valid."""
    error = request.args.get("error", "")
    if error:
        raise NotNow(
            "%(name)s did not log you in (%(problem)s). Try again, or use your password.",
            name=identity_provider.get_name(),
            problem=error[:60],
        )
    issuer = request.args.get("iss")  # RFC 9207: the provider says that it is its own answer
    code = request.args.get("code", "")
    guess = throttling.begin_guess("log-in", throttling.ANYBODY)
    try:
        if issuer is not None and issuer != identity_provider.get_issuer():
            raise NotNow("This is the answer of another provider. Start again.")
        identity = identity_provider.identify(code[:CODE_LENGTH], secrets)
    except NotNow:
        guess.withdraw()
        raise
    guess.succeed()
    return identity


def _log_in(identity: Identity, visit: Visit) -> Response:
    """Log in the person who has linked the account; ask for their second factor if needed."""
    person = _load_person(identity)
    if person is None:
        refusals.note("log-in failed", refusals.NOBODY, "identity provider")
        flash(
            gettext(
                "Nobody has linked the account %(label)s of %(name)s here. Log in with your"
                " password, and link it on the page of your account.",
                label=identity.label,
                name=identity_provider.get_name(),
            ),
            "error",
        )
        return redirect(visit.page_before)
    person_id = person.id
    with transaction() as session:
        provider_accounts.note_use(session, person_id)
        has_factor = second_factor.has_any(session, person_id)
    is_strong = identity.has_second_factor or _trusts_provider()
    sessions.begin(
        person,
        _describe_factors(is_strong=is_strong),
        needs_factor=has_factor and not is_strong,
        is_recent=_is_recent(identity, visit),
    )
    login_user(person, authn_via=[login_sessions.PROVIDER_ONLY])
    return redirect(visit.destination)


def _load_person(identity: Identity) -> User | None:
    """Return the active person who has linked an account."""
    with read_only_session() as session:
        account = provider_accounts.find_account(session, _compute_key(identity))
        user_id = account.user_id if account is not None else None
    if user_id is None:
        return None
    person: User | None = sessions.datastore().find_user(id=user_id)
    return person if person is not None and person.active else None


def _confirm(identity: Identity, visit: Visit) -> Response:
    """Note that the person has confirmed their identity, if they logged in again just now."""
    row = sessions.load_current_row()
    if row is None or row.needs_factor:
        return redirect(url_for("security.login", next=visit.destination))
    person = _load_person(identity)
    if person is None or person.id != row.user_id:
        problem = gettext("This account is not the one that you have linked here.")
    elif not _is_recent(identity, visit):
        problem = gettext(
            "%(name)s did not ask you to log in again, so this confirms nothing. Use another way.",
            name=identity_provider.get_name(),
        )
    else:
        with transaction() as session:
            login_sessions.confirm(session, row.id)
        sessions.forget_row()
        return redirect(visit.destination)
    refusals.note("confirmation refused", person_name(), person_name())
    flash(problem, "error")
    return redirect(visit.page_before)


def _propose_link(identity: Identity, visit: Visit) -> Response:
    """Let the person who is logged in decide whether to link the account."""
    if not current_user.is_authenticated:
        return redirect(url_for("security.login", next=url_for("account.show")))
    key = _compute_key(identity)
    now = current_hub().clock.now().timestamp()
    cookie[ACCOUNT_KEY] = [key, identity.label, now, current_user.id]
    return redirect(visit.destination)


def _compute_key(identity: Identity) -> str:
    """Return the key under which an account is linked."""
    return provider_accounts.compute_key(identity_provider.get_issuer(), identity.subject)


def get_proposed_account() -> tuple[str, str] | None:
    """Return key and label of the account that the person may link; None if there is none."""
    proposal = cookie.get(ACCOUNT_KEY)
    if proposal is None:
        return None
    key, label, proposed_at, user_id = proposal
    age = current_hub().clock.now().timestamp() - proposed_at
    if user_id != current_user.id or abs(age) > VISIT_LIFETIME.total_seconds():
        return None
    return key, label


def is_only_way(person: User) -> bool:
    """Return whether a person may log in at the identity provider only."""
    with read_only_session() as session:
        return provider_accounts.is_only_way(session, person)


def explain_only_way() -> str:
    """Return the sentence for a person who must not log in without the identity provider."""
    return gettext("Log in with %(name)s: the hub requires it.", name=identity_provider.get_name())


def _is_recent(identity: Identity, visit: Visit) -> bool:
    """Return whether the person proved during this visit to the provider who they are."""
    when = identity.authenticated_at
    if when is None:
        return False
    now = current_hub().clock.now()
    return visit.began_at - CLOCK_DIFFERENCE <= when <= now + CLOCK_DIFFERENCE


def _trusts_provider() -> bool:
    """Return whether the operator leaves the second factor to the provider."""
    return current_hub().config.oidc_second_factor == "provider"


def _describe_factors(*, is_strong: bool) -> str:
    """Return the factors of a log-in at the provider, as the session stores them."""
    if not is_strong:
        return login_sessions.PROVIDER_ONLY
    return f"{login_sessions.PROVIDER_ONLY}+{login_sessions.SECOND_FACTOR_OF_PROVIDER}"
