"""Forgotten passwords: ask for a code by mail, and set a new password with it."""

from collections.abc import Mapping

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask import session as cookie
from werkzeug import Response

from hub import notifications
from hub.db.engine import read_only_session, transaction
from hub.errors import NotNow, Refused, Retry, Sentence
from hub.models import PasswordReset, User
from hub.security import (
    api_tokens,
    one_time_codes,
    password_resets,
    passwords,
    people,
    provider_accounts,
    refusals,
)
from hub.translations.messages import gettext, gettext_noop, ngettext, translate
from hub.web.accounts import code_forms
from hub.web.accounts.people import Handover, render_people_page
from hub.web.authentication import identity_provider, single_sign_on, throttling
from hub.web.authentication.access import person_name, require_recent_login, require_role
from hub.web.frame import viewer
from hub.web.frame.lookup import get_row_or_404

REQUEST_ANSWER = gettext_noop(
    "If this is the address of a person who may log in, a mail with a code is on its way."
    " It can take a minute."
)
INVALID_CODE = gettext_noop(
    "Name and code do not belong together, or the code is no longer valid."
    " Check both, or ask for a new code."
)
ASKED_NAME = "name that asked for a code"
MAX_NAME_LENGTH = 254  # as the fields of the forms
pages = Blueprint("password_reset", __name__)
Page = str | Response | tuple[str, int]


@pages.get("/forgotten-password")
@require_role("anyone")
def forgotten() -> str:
    """Show the form in which somebody asks for a code."""
    return render_template("forgotten_password.html", can_mail=notifications.is_set())


@pages.post("/forgotten-password")
@require_role("anyone")
def ask() -> Response:
    """Take the request for a code; the answer is the same for every name."""
    name = request.form.get("name", "")
    throttling.begin_guess("address", throttling.name_subject(None, name))
    with transaction() as session:
        password_resets.request_code(session, name, viewer.requested_language())
    cookie[ASKED_NAME] = name.strip()[:MAX_NAME_LENGTH]
    flash(REQUEST_ANSWER, "info")
    return redirect(url_for(".show"))


@pages.get("/new-password")
@require_role("anyone")
def show() -> str:
    """Show the form in which a person enters name, code and a new password.

    Who has just asked for a code does not type the name again.
    """
    return _render_form({"name": cookie.pop(ASKED_NAME, "")})


@pages.post("/new-password")
@require_role("anyone")
def change() -> Page:
    """Set a new password with a code; the person logs in with it, and a second factor if any."""
    name = request.form.get("name", "").strip()
    try:
        password = code_forms.read_new_password()
        reset = _check_code(name)
        passwords.require_good(password, name)
        password_hash = people.hash_new(password)
        with transaction() as session:
            person_id = int(password_resets.use(session, reset, password_hash).id)
    except Refused as error:
        problems = code_forms.locate_problem(error, "name")
        return _render_form(request.form, problems), 400
    _report_change(person_id)
    return redirect(url_for("security.login"))


@pages.post("/people/<int:person_id>/reset")
@require_role("owner")
@require_recent_login
def send_code(person_id: int) -> Page:
    """Mail a code for a new password to a person, or show it to the owner to hand over.

    If the person has chosen no language, the mail is in that of the owner, as an invitation is.
    """
    code = one_time_codes.generate()
    validity = password_resets.OWNERS_CODE_LIFETIME
    with transaction() as session:
        person = get_row_or_404(session, User, person_id)
        if not person.active:
            raise NotNow(
                gettext("%(username)s is disabled. Enable them first.", username=person.username)
            )
        password_resets.store_code(
            session, person, code, validity, person_name(), issued_by=person_name()
        )
        token_count = len(api_tokens.list_valid(session, person_id))
        about_account = provider_accounts.explain_new_password(
            session, person, identity_provider.get_name()
        )
    name = str(person.username)
    if token_count:
        flash(_describe_tokens(name, token_count), "look")
    if about_account:
        flash(translate(about_account), "look")
    try:
        if not people.mail_address(person):
            raise NotNow(gettext("%(name)s has no e-mail address.", name=name))
        notifications.send_password_code(person, code, Sentence("one day"), viewer.language())
    except (NotNow, Retry) as error:
        return render_people_page(Handover(name, code, translate(error.sentence), url_for(".show")))
    flash(
        gettext("%(name)s has mail with a code for a new password, valid for one day.", name=name),
        "success",
    )
    return redirect(url_for("people.index"))


def _report_change(person_id: int) -> None:
    """Tell a person that the password is changed, and how they can log in now."""
    with read_only_session() as session:
        person = session.get_one(User, person_id)
        is_only_way = provider_accounts.is_only_way(session, person)
        account = provider_accounts.get_account(session, person_id)
    if is_only_way:
        flash(gettext("Your password is changed, and your sessions have ended."), "success")
        flash(single_sign_on.explain_only_way(), "look")
        return
    flash(
        gettext("Your password is changed, and your sessions have ended. Log in with it."),
        "success",
    )
    if account is not None and identity_provider.is_set():
        flash(
            gettext(
                "You can still log in with %(label)s at %(name)s, too. If that account is not"
                " yours, remove it on the page of your account.",
                label=account.label,
                name=identity_provider.get_name(),
            ),
            "look",
        )


def _describe_tokens(name: str, count: int) -> str:
    """Return the sentence about the API tokens of a person, which a new password leaves valid."""
    return ngettext(
        "%(count)s API token of %(name)s stays valid with a new password. If somebody else may have"
        " it, revoke it under Sessions.",
        "%(count)s API tokens of %(name)s stay valid with a new password. If somebody else may have"
        " them, revoke them under Sessions.",
        count,
        name=name,
    )


def _check_code(name: str) -> PasswordReset:
    """Return the stored code of a person if the typed one is right; raise WrongCode if not."""
    reset = code_forms.check_code("reset code", name, password_resets.check)
    if reset is not None:
        return reset
    # A name that nobody has is not recorded: it may be a password in the wrong field.
    with read_only_session() as session:
        person = people.find(session, name)
    subject = person.name if person else refusals.UNKNOWN_NAME
    refusals.note("reset code refused", refusals.NOBODY, subject)
    raise code_forms.WrongCode(INVALID_CODE)


def _render_form(form: Mapping[str, str], problems: Mapping[str, str] | None = None) -> str:
    """Draw the form for a new password, with its problems by their fields."""
    return render_template(
        "new_password.html", problems=problems or {}, min_length=passwords.MIN_LENGTH, form=form
    )
