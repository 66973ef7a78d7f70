"""The incoming webhook of Slack or Teams: an owner stores its address and sends a test message."""

from flask import Blueprint, flash, redirect, request, url_for
from werkzeug import Response

from hub.db.engine import transaction
from hub.errors import HubError
from hub.notifications import chat
from hub.security import audit, hub_settings
from hub.translations.messages import gettext, translate
from hub.web.administration import mail_server
from hub.web.authentication.access import person_name, require_recent_login, require_role
from hub.web.request import test_messages

FIELD_NAME = "chat_secret"
MAX_ADDRESS_LENGTH = 1000
pages = Blueprint("chat_webhook", __name__, url_prefix="/setup/chat")


@pages.post("")
@require_role("owner")
@require_recent_login
def store() -> mail_server.Page:
    """Store the address; an empty one removes it."""
    url = request.form.get(FIELD_NAME, "").strip()
    if url and not _is_address(url):
        problem = gettext("Not saved. The address of an incoming webhook begins with https://.")
        return mail_server.render_page(problems={FIELD_NAME: problem}), 400
    host = chat.parse(url).host or "none"
    with transaction() as session:
        hub_settings.store(session, chat.CHAT_URL, url)
        audit.record(session, person_name(), "chat address changed", host)
    text = gettext("New cases are posted to %(host)s. Send a test message now.", host=host)
    flash(text if url else gettext("Nothing is posted to Slack or Teams."), "success")
    return _redirect_back()


@pages.post("/test")
@require_role("owner")
def test() -> Response:
    """Post a test message to the channel."""
    host = chat.host()
    try:
        test_messages.count()
        if host:
            audit.record_alone(person_name(), "connection tested", host, addresses=[host])
        chat.post("Test message of the QuickBooks hub")
        flash(gettext("%(chat)s accepted the test message.", chat=chat.host()), "success")
    except HubError as error:
        flash(translate(error.sentence), "error")
    return _redirect_back()


def _is_address(url: str) -> bool:
    """Return whether a text can be the address of a webhook."""
    if len(url) > MAX_ADDRESS_LENGTH or not url.isascii():
        return False
    return bool(chat.parse(url).host)


def _redirect_back() -> Response:
    """Redirect to the page of the mail server, which has the form."""
    return redirect(url_for("mail_server.show", _anchor="chat"))
