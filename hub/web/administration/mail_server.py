"""The page of the mail server: an owner enters it and sends a test message."""

import re
from collections.abc import Mapping
from dataclasses import replace
from urllib.parse import parse_qs, quote, unquote, urlencode, urlsplit

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_security import current_user
from marshmallow import ValidationError
from werkzeug import Response
from werkzeug.datastructures import MultiDict

from hub import notifications
from hub.contract.value_object import value_object
from hub.db.engine import transaction
from hub.errors import HubError
from hub.notifications import chat
from hub.notifications.smtp import UnreadableAddress
from hub.security import audit, hub_settings
from hub.security.names import NO_ADDRESS
from hub.setting_fields import check_mail_url
from hub.translations.messages import gettext, gettext_noop, translate
from hub.web.authentication.access import person_name, require_recent_login, require_role
from hub.web.authentication.expired_forms import keep_form
from hub.web.request import form_drafts, test_messages

ENCRYPTION_LABELS = {
    "smtp": gettext_noop("STARTTLS, usually port 587"),
    "smtps": gettext_noop("TLS, usually port 465"),
}
PORT_PATTERN = re.compile(r"0*[1-9][0-9]{0,4}", re.ASCII)
LAST_PORT = 65535
SETTING_NAME = "HUB_MAIL_URL"
pages = Blueprint("mail_server", __name__, url_prefix="/setup/mail")
Page = str | Response | tuple[str, int]


@value_object
class ServerForm:
    """The fields of the form, without the password."""

    host: str = ""
    port: str = ""
    encryption: str = "smtp"
    user: str = ""
    sender: str = ""


@pages.get("")
@require_role("owner")
def show() -> str:
    """Show the mail server."""
    draft = form_drafts.load_posted(request.args.get("draft", ""), person_name())
    if not draft:
        return render_page()
    flash(form_drafts.explain_expired_form(), "look")
    return render_page(_read_form(draft))


def _list_secret_fields() -> set[str]:
    """Return the fields that are never stored with a draft of the form."""
    return {"password"}


@pages.post("")
@keep_form(_list_secret_fields)
@require_recent_login
@require_role("owner")
def store() -> Page:
    """Store the mail server; without a host it is removed."""
    form = _read_form(request.form)
    problems = _find_problems(form) if form.host else {}
    if problems:
        return render_page(form, problems), 400
    url = _build_address(form, _get_password(form)) if form.host else ""
    fields = _list_changed_fields(hub_settings.read(hub_settings.MAIL_URL), url)
    with transaction() as session:
        hub_settings.store(session, hub_settings.MAIL_URL, url)
        audit.record(
            session, person_name(), "mail server changed", form.host or "none", changed=fields
        )
    message = gettext("No mail is sent.")
    if url:
        message = gettext("The mail server is saved. Send a test message now.")
    flash(message, "success")
    return redirect(url_for("mail_server.show"))


@pages.post("/test")
@require_role("owner")
def test() -> Page:
    """Send a message to an address, so that an owner sees that it arrives."""
    to = request.form.get("to", "").strip()
    if "@" not in to:
        problem = gettext("Enter the e-mail address that the test message goes to.")
        return render_page(problems={"to": problem}), 400
    server = _parse(hub_settings.mail_url())
    host = server.host
    try:
        test_messages.count()
        if host:
            address = f"{host}:{server.port}" if server.port else host
            audit.record_alone(person_name(), "connection tested", address, addresses=[address])
        text = gettext("The hub can send mail.")
        notifications.send([to], gettext("Test message of the hub"), f"{text}\n")
        folder = notifications.demo_folder()
        message = gettext("The mail server accepted the test message to %(to)s.", to=to)
        if folder:
            message = gettext(
                "The test message to %(to)s lies in %(folder)s.", to=to, folder=folder
            )
        flash(message, "success")
    except UnreadableAddress as error:
        return render_page(problems={"to": translate(error.sentence)}), 400
    except HubError as error:
        flash(translate(error.sentence), "error")
    return redirect(url_for("mail_server.show"))


def _read_form(form: MultiDict[str, str]) -> ServerForm:
    """Return the entries of the form, with an encryption that exists."""
    texts = {name: form.get(name, "").strip() for name in ServerForm.__dataclass_fields__}
    if texts["encryption"] not in ENCRYPTION_LABELS:
        texts["encryption"] = "smtp"
    return ServerForm(**texts)


def _find_problems(form: ServerForm) -> dict[str, str]:
    """Return what is wrong with the entries, by field."""
    problems = {}
    has_port = _is_port(form.port)
    if not _is_server(f"{form.host}:{form.port}" if has_port else form.host):
        problems["host"] = gettext(
            "Enter only the name of the mail server, such as mail.example.com."
        )
    if form.port and not has_port:
        problems["port"] = gettext("Enter a number from 1 to 65535, or leave it empty.")
    return problems


def _is_server(text: str) -> bool:
    """Return whether a text is the name of a server, perhaps with a port, and nothing else."""
    address = f"smtp://{text}"
    try:
        check_mail_url(address)
    except ValidationError:
        return False
    if any(sign.isspace() or sign == "@" for sign in text):
        return False
    return urlsplit(address).netloc == text


def _is_port(text: str) -> bool:
    """Return whether a text is the number of a port."""
    return PORT_PATTERN.fullmatch(text) is not None and int(text) <= LAST_PORT


def _get_password(form: ServerForm) -> str:
    """Return the password that was typed, else the stored one of the same server and user.

    Another port or encryption counts as another server, whose operator must not receive the
    password.
    """
    password = request.form.get("password", "")
    if password:
        return password
    before = hub_settings.read(hub_settings.MAIL_URL)
    if replace(_parse(before), sender="") != replace(form, sender=""):
        return ""
    return unquote(urlsplit(before).password or "")


def _build_address(form: ServerForm, password: str) -> str:
    """Return the address of the mail server as HUB_MAIL_URL has it."""
    login = ""
    if form.user:
        login = f"{quote(form.user, safe='')}:{quote(password, safe='')}@"
    port = f":{form.port}" if form.port else ""
    sender = f"?{urlencode({'from': form.sender})}" if form.sender else ""
    return f"{form.encryption}://{login}{form.host}{port}{sender}"


def _parse(url: str) -> ServerForm:
    """Return the fields of a valid address."""
    if not url:
        return ServerForm()
    parts = urlsplit(url)
    return ServerForm(
        host=parts.hostname or "",
        port=str(parts.port or ""),
        encryption=parts.scheme,
        user=unquote(parts.username or ""),
        sender=parse_qs(parts.query).get("from", [""])[0],
    )


def _list_changed_fields(before: str, after: str) -> list[str]:
    """Return the names of the fields that differ between two addresses, never their values."""
    old, new = _parse(before), _parse(after)
    names = ServerForm.__dataclass_fields__
    changed_fields = [name for name in names if getattr(old, name) != getattr(new, name)]
    if urlsplit(before).password != urlsplit(after).password:
        changed_fields.append("password")
    return changed_fields


def render_page(server: ServerForm | None = None, problems: Mapping[str, str] | None = None) -> str:
    """Draw the page with the stored server or the given one; the password is never shown.

    `problems` are by field, in the order of the fields.
    """
    own_address = str(current_user.email)
    if own_address.endswith(NO_ADDRESS):
        own_address = ""
    return render_template(
        "setup_mail.html",
        server=server or _parse(hub_settings.mail_url()),
        problems=problems or {},
        has_mail_server=notifications.is_set(),
        demo_folder=notifications.demo_folder(),
        setting=SETTING_NAME if hub_settings.is_in_environment(SETTING_NAME) else "",
        encryptions=ENCRYPTION_LABELS,
        chat_host=chat.host(),
        refused_addresses=notifications.load_refused_addresses(),
        to=request.form.get("to", own_address),
    )
