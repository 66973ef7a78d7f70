"""The page of a person's own API tokens: created, shown once, and revoked."""

from collections.abc import Sequence

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_security import current_user
from werkzeug import Response

from hub.db.engine import read_only_session, transaction
from hub.errors import NotFound, Refused
from hub.models import User
from hub.security import api_tokens
from hub.translations.messages import gettext, gettext_noop, ngettext, translate
from hub.web.authentication.access import OWN, person_name, require_recent_login, require_role
from hub.web.frame.lookup import get_row_or_404
from hub.web.request import row_ids

SCOPE_LABELS = {
    api_tokens.READ: gettext_noop("Read everything that you may see"),
    api_tokens.OPERATE: gettext_noop("Work the inbox, match codes, start syncs"),
    api_tokens.APPROVE: gettext_noop("Approve documents, which are then posted to QuickBooks"),
    api_tokens.CONFIGURE: gettext_noop("Enable and disable apps, and change their settings"),
}
# What a list of tokens has in the column "It may".
SCOPE_NAMES = {
    api_tokens.READ: gettext_noop("read"),
    api_tokens.OPERATE: gettext_noop("operate"),
    api_tokens.APPROVE: gettext_noop("approve"),
    api_tokens.CONFIGURE: gettext_noop("configure"),
}
LIFETIMES_IN_DAYS = (30, 90, 366)
pages = Blueprint("api_tokens", __name__, url_prefix="/account/tokens")


@pages.get("/")
@require_role("viewer", of=OWN)
def show() -> str:
    """List the person's tokens, with the form for a new one."""
    return _render_page()


@pages.post("/")
@require_role("viewer", of=OWN)
@require_recent_login
def create() -> str | tuple[str, int]:
    """Create a token, and show it this once."""
    name = request.form.get("name", "")
    scopes = request.form.getlist("scope")
    days = row_ids.parse(request.form.get("days", "")) or 0
    try:
        with transaction() as session:
            person = get_row_or_404(session, User, current_user.id)
            token = api_tokens.create(session, person, name, scopes, who=person_name(), days=days)
    except Refused as error:
        flash(translate(error.sentence), "error")
        return _render_page(name=name, scopes=scopes, days=days), 400
    return _render_page(new_token=token)


@pages.post("/revoke")
@require_role("viewer", of=OWN)
def revoke() -> Response:
    """Revoke one of the person's tokens."""
    revoke_token(current_user.id)
    return redirect(url_for("api_tokens.show"))


@pages.post("/revoke-all")
@require_role("viewer", of=OWN)
def revoke_all() -> Response:
    """Revoke all tokens of the person."""
    revoke_tokens(current_user.id)
    return redirect(url_for("api_tokens.show"))


def revoke_tokens(person_id: int) -> None:
    """Revoke all tokens of a person; say how many they were."""
    with transaction() as session:
        person = get_row_or_404(session, User, person_id)
        count = api_tokens.revoke_each(session, person, person_name())
    if not count:
        flash(gettext("There is no API token."), "look")
        return
    flash(
        ngettext("%(count)s API token is revoked.", "%(count)s API tokens are revoked.", count),
        "success",
    )


def revoke_token(person_id: int) -> None:
    """Revoke the token of a person that the form names; say so."""
    token_id = row_ids.parse(request.form.get("token_id", "")) or 0
    try:
        with transaction() as session:
            token = api_tokens.revoke(session, token_id, person_name(), user_id=person_id)
    except NotFound as error:
        flash(translate(error.sentence), "error")
        return
    flash(gettext("The API token “%(name)s” is revoked.", name=token.name), "success")


def _render_page(
    new_token: str = "",
    name: str = "",
    scopes: Sequence[str] = (api_tokens.READ,),
    days: int = api_tokens.DEFAULT_DAYS,
) -> str:
    """Draw the page, with a token that was created just now or with what was entered."""
    with read_only_session() as session:
        return render_template(
            "api_tokens.html",
            tokens=api_tokens.list_valid(session, current_user.id),
            new_token=new_token,
            name=name,
            scopes=SCOPE_LABELS,
            scope_names=SCOPE_NAMES,
            chosen_scopes=scopes,
            lifetimes=LIFETIMES_IN_DAYS,
            chosen_days=days,
        )
