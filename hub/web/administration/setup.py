"""Set-up in the browser: the first owner, and the keys of the hub's app at Intuit."""

from collections.abc import Mapping
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from flask import (
    Blueprint,
    Flask,
    abort,
    flash,
    redirect,
    render_template,
    request,
    url_for,
)
from flask_security import login_user
from werkzeug import Response as WerkzeugResponse
from werkzeug.datastructures import MultiDict

from hub.context import current_hub
from hub.db.engine import transaction
from hub.errors import HubError, Refused
from hub.qbo import intuit_keys
from hub.qbo.intuit_keys import KeyRefused, StoredKeys
from hub.qbo.oauth import token_endpoint
from hub.security import audit, hub_settings, people, refusals
from hub.translations.messages import gettext, gettext_noop, translate
from hub.web.accounts import code_forms
from hub.web.administration import first_owner
from hub.web.authentication import sessions
from hub.web.authentication.access import person_name, require_recent_login, require_role
from hub.web.authentication.expired_forms import keep_form
from hub.web.request import destinations, form_drafts

ENVIRONMENT_LABELS = {
    "sandbox": gettext_noop("Sandbox (development keys)"),
    "production": gettext_noop("Production"),
}
MAX_CONTACT_LENGTH = 200
pages = Blueprint("setup", __name__, url_prefix="/setup")
Page = str | WerkzeugResponse | tuple[str, int]


def init_app(app: Flask) -> None:
    """Lead every page to the set-up for as long as the hub has no owner."""
    first_owner.init_app(app)
    app.before_request(_redirect_to_setup)


def _redirect_to_setup() -> WerkzeugResponse | None:
    """Redirect a request for a page to the set-up; a demo brings its own owner."""
    if _is_open_before_setup(request.endpoint or ""):
        return None
    if current_hub().is_demo or first_owner.owner_exists():
        return None
    return destinations.send_to(url_for("setup.owner"))


def _is_open_before_setup(endpoint: str) -> bool:
    """Return whether an address answers while the hub has no owner.

    These are the set-up itself, assets, and the addresses that other machines call.
    """
    if endpoint in ("setup.owner", "frame.htmx", "frame.favicon"):
        return True
    return endpoint.endswith("static") or request.blueprint in ("webhooks", "monitoring")


@pages.route("", methods=["GET", "POST"])
@require_role("anyone")
def owner() -> Page:
    """Make the person with the set-up code the first owner."""
    if first_owner.owner_exists():
        if request.method == "POST":
            abort(404)
        return redirect(url_for("home.show"))
    if request.method == "GET":
        return _render_owner_form()
    name = request.form.get("email", "").strip()
    try:
        person = _add_owner(request.form.get("code", ""), name, request.form.get("password", ""))
    except HubError as error:
        return _render_owner_form(code_forms.locate_problem(error, "email")), 400
    login_user(person, authn_via=["password"])
    flash(
        gettext("You own this hub now, %(name)s. Next: the keys of your Intuit app.", name=name),
        "success",
    )
    return redirect(url_for("setup.intuit"))


def _render_owner_form(problems: Mapping[str, str] | None = None) -> str:
    """Draw the form for the first owner, with its problems by their fields."""
    has_code = first_owner.get_setup_code().is_valid
    return render_template("setup_owner.html", problems=problems or {}, has_code=has_code)


def _add_owner(code: str, name: str, password: str) -> Any:
    """Add the first owner; raise Refused for a wrong code, name or password."""
    if not first_owner.get_setup_code().check(code):
        refusals.note("set-up code refused", refusals.NOBODY, "the hub")
        raise code_forms.WrongCode(
            gettext(
                "This is not the set-up code. Copy it from the terminal where “hub serve” runs."
            )
        )
    new = people.prepare(name, password)
    with transaction() as session:
        if first_owner.list_owners(session, at_most=1):
            raise Refused(gettext("This hub has an owner by now. Log in, or ask the owner."))
        person = people.add(session, new, "owner")
        address = str(person.username)
        audit.record(session, address, "person added", address, role="owner", by="set-up code")
        session.flush()
        person_id = person.id
    first_owner.get_setup_code().withdraw()
    return sessions.datastore().find_user(id=person_id)


@pages.get("/intuit")
@require_role("owner")
def intuit() -> str:
    """Show which keys are in use, and the addresses to enter at Intuit."""
    keys = intuit_keys.read_stored()
    draft = form_drafts.load_posted(request.args.get("draft", ""), person_name())
    if not draft:
        return _render_intuit_form(keys)
    flash(form_drafts.explain_expired_form(), "look")
    return _render_intuit_form(_parse_keys(draft, keys))


def _list_secret_fields() -> set[str]:
    """Return the fields of the form of the keys that are never stored with a draft."""
    return {"client_secret", "webhook_token", "stand_in"}


@pages.post("/intuit")
@keep_form(_list_secret_fields)
@require_recent_login
@require_role("owner")
def store_intuit() -> Page:
    """Store the keys of the Intuit app in the vault."""
    before = intuit_keys.read_stored()
    keys = _parse_keys(request.form, before)
    try:
        with transaction() as session:
            intuit_keys.store(session, keys)
            audit.record(
                session,
                person_name(),
                "Intuit keys changed",
                keys.client_id,
                changed=_list_changed_fields(before, keys),
            )
    except KeyRefused as error:
        return _render_intuit_form(keys, {error.field: translate(error.sentence)}), 400
    flash(gettext("The keys are stored. Next: connect a company."), "success")
    return redirect(url_for("companies.index"))


def _parse_keys(form: MultiDict[str, str], before: StoredKeys) -> StoredKeys:
    """Return the keys of the form; a secret that was left empty stays as it is stored."""
    stand_in, client_id, client_secret = _split_credentials(form.get("stand_in", ""))
    return StoredKeys(
        client_id=client_id or form.get("client_id", "").strip(),
        client_secret=client_secret
        or form.get("client_secret", "").strip()
        or before.client_secret,
        environment=form.get("environment", before.environment),
        webhook_token=form.get("webhook_token", "").strip() or before.webhook_token,
        stand_in=stand_in,
    )


class _StandInAddress(NamedTuple):
    """The address of a stand-in, and the client id and secret that it carried, if any."""

    address: str
    client_id: str = ""
    client_secret: str = ""


def _split_credentials(text: str) -> _StandInAddress:
    """Return an address without the client id and secret that it may carry, and both of them.

    `hub sandbox quickbooks` prints all three as one, so that one field is enough.
    """
    address = text.strip().rstrip("/")
    scheme, separator, rest = address.partition("://")
    credentials, at, host = rest.rpartition("@")
    client_id, _, client_secret = credentials.partition(":")
    if not at or not client_secret:
        return _StandInAddress(address)
    return _StandInAddress(f"{scheme}{separator}{host}", client_id, client_secret)


def _list_changed_fields(before: StoredKeys, after: StoredKeys) -> list[str]:
    """Return the names of the fields that differ."""
    names = StoredKeys.__dataclass_fields__
    return [name for name in names if getattr(before, name) != getattr(after, name)]


def _render_intuit_form(keys: StoredKeys, problems: Mapping[str, str] | None = None) -> str:
    """Draw the page of the Intuit keys; stored secrets are never shown.

    `problems` are by field.
    """
    config = current_hub().config
    addresses = {
        "Redirect URI": token_endpoint.redirect_uri(),
        "Host domain": urlsplit(config.public_url).netloc,
        "Launch URL": config.public_url + url_for("intuit.launch"),
        "Disconnect URL": config.public_url + url_for("intuit.disconnected"),
        "Reconnect URL": config.public_url + url_for("intuit.reconnect"),
        "Webhook endpoint": config.public_url + url_for("webhooks.quickbooks"),
        "End-user license agreement URL": config.public_url + url_for("intuit.support"),
        "Privacy policy URL": config.public_url + url_for("intuit.privacy"),
    }
    return render_template(
        "setup_intuit.html",
        keys=keys,
        problems=problems or {},
        addresses=addresses,
        environments=ENVIRONMENT_LABELS,
        is_from_environment=intuit_keys.is_client_in_environment(),
        client=intuit_keys.read(),
        given_settings=config.given_settings,
        allows_loopback=config.allow_loopback,
        contact=hub_settings.contact_address(),
    )


@pages.post("/contact")
@require_role("owner")
def store_contact() -> WerkzeugResponse:
    """Store the contact for questions about this hub."""
    contact = " ".join(request.form.get("contact", "").split())[:MAX_CONTACT_LENGTH]
    with transaction() as session:
        hub_settings.store(session, hub_settings.CONTACT, contact)
        audit.record(session, person_name(), "contact address changed", contact)
    flash(gettext("The contact address is stored."), "success")
    return redirect(url_for("setup.intuit"))
