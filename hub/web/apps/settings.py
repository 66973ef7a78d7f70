"""The settings of an app: a form drawn from its schema, tested at the source before it is saved."""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from werkzeug import Response

from hub import sources
from hub.context import current_hub
from hub.contract import settings_schema
from hub.contract.types import App
from hub.db.engine import read_only_session, transaction
from hub.errors import HubError, OtherTenant, Refused, SettingsInvalid
from hub.installations import approval_changes, hub_answers, shared_accounts
from hub.installations import enable as installations_enable
from hub.models import Installation
from hub.models.enums import InstallationMode
from hub.translations import reasons
from hub.translations.messages import gettext, translate
from hub.web.apps import (
    enabled_apps,
    entered_secrets,
    other_account,
    setting_history,
    setting_messages,
    setting_preview,
)
from hub.web.apps.installation import build_tabs
from hub.web.apps.repeated_form import list_repeat_fields
from hub.web.apps.schedule_form import build_hub_inputs, build_picker, read_hub_values
from hub.web.apps.setting_choices import build_choice_loader
from hub.web.apps.setting_preview import SettingsPreview
from hub.web.authentication import confirmation
from hub.web.authentication.access import (
    may_here,
    person_name,
    require_recent_login,
    require_role,
)
from hub.web.authentication.expired_forms import keep_form, renew_while_typing
from hub.web.frame import forms, viewer
from hub.web.frame.app_rights import may_configure
from hub.web.frame.lookup import get_app_or_404, get_installation_or_404, get_row_or_404
from hub.web.frame.moments import zone
from hub.web.request import form_drafts

pages = Blueprint("settings", __name__)
Page = str | Response | tuple[str, int]


def _list_secret_fields(slug: str = "", company_id: int = 0, installation_id: int = 0) -> set[str]:
    """Return the names of the secret fields of the form at an address.

    The address has either the app and the company, or the installation.
    """
    slug = slug or get_installation_or_404(installation_id).slug
    app = get_app_or_404(slug)
    return settings_schema.list_secret_names(app)


@pages.get("/apps/<slug>/<int:company_id>/configure")
@require_role("app-owner")
def new(slug: str, company_id: int) -> Page:
    """Show the settings of an app that is not enabled for the company yet.

    If it is enabled by now, show the page of its settings, with what was typed.
    """
    app = get_app_or_404(slug)
    row = enabled_apps.find_or_prepare(app, company_id, zone())
    if row.id:
        address = url_for("settings.show", installation_id=row.id, draft=_get_draft_token())
        return redirect(address)
    return _render_first_form(row)


@pages.post("/apps/<slug>/<int:company_id>/configure")
@keep_form(_list_secret_fields)
@require_role("app-owner")
def enable(slug: str, company_id: int) -> Page:
    """Test the settings, and enable the app with them.

    If it was enabled in the meantime, its settings change.
    """
    app = get_app_or_404(slug)
    return _submit(enabled_apps.find_or_prepare(app, company_id, zone()))


@pages.get("/installations/<int:installation_id>/settings")
@require_role("viewer")
def show(installation_id: int) -> Page:
    """Show the settings of an enabled app; the page of the app if its plugin is missing."""
    row = get_installation_or_404(installation_id)
    if row.slug not in current_hub().plugins.apps:
        return redirect(url_for("installation.show", installation_id=installation_id))
    return _render_first_form(row)


@pages.post("/installations/<int:installation_id>/settings")
@keep_form(_list_secret_fields)
@require_role("app-owner")
def change(installation_id: int) -> Page:
    """Test the settings and save them."""
    row = get_installation_or_404(installation_id)
    return _submit(row)


@pages.post("/apps/<slug>/<int:company_id>/configure/changes")
@renew_while_typing
@require_role("app-owner")
def first_changes(slug: str, company_id: int) -> str:
    """Return the effects on the books of enabling the app with this form, for htmx."""
    app = get_app_or_404(slug)
    return _build_preview(app, enabled_apps.find_or_prepare(app, company_id, zone()))


@pages.post("/installations/<int:installation_id>/settings/changes")
@renew_while_typing
@require_role("app-owner")
def changes(installation_id: int) -> str:
    """Return the effects of saving the form, for htmx."""
    row = get_installation_or_404(installation_id)
    return _build_preview(get_app_or_404(row.slug), row)


def _build_preview(app: App, row: Installation) -> str:
    """Return the changes of the form and what follows from them; nothing if it cannot be saved."""
    enabled_apps.check_right(row)
    form_values = forms.parse(settings_schema.get_schema(app), request.form)
    values = (
        entered_secrets.load(app, row, form_values) | form_values | read_hub_values(request.form)
    )
    mode = _read_mode()
    try:
        preview = setting_preview.read(app, row, values, mode)
    except HubError:
        return ""
    return render_template("setting_change_list.html", preview=preview)


@pages.post("/installations/<int:installation_id>/disable")
@require_role("app-owner")
def disable(installation_id: int) -> Response:
    """Disable the app; settings and matches stay.

    Without a tick in the form's box nothing happens.
    """
    row = get_installation_or_404(installation_id)
    enabled_apps.check_right(row)
    is_confirmed = request.form.get("sure") == "1"
    if is_confirmed:
        enabled_apps.disable(row)
        flash(gettext("The app is disabled. Its settings and matches are kept."), "success")
    return redirect(url_for("installation.show", installation_id=installation_id))


@pages.post("/installations/<int:installation_id>/owner")
@require_role("app-owner")
@require_recent_login
def hand_over(installation_id: int) -> Response:
    """Give the app to another person; only its owner may do that."""
    with transaction() as session:
        row = get_row_or_404(session, Installation, installation_id)
        enabled_apps.check_right(row)
        name = request.form.get("owner", "")
        if name not in enabled_apps.list_possible_owners(session, row):
            abort(400)
        enabled_apps.hand_over(session, row, name)
    flash(gettext("%(name)s now owns this app.", name=name), "success")
    return redirect(url_for("installation.show", installation_id=installation_id))


def _render_first_form(row: Installation) -> str:
    """Draw the form as it is stored, or with the values of one that could not be saved."""
    form = form_drafts.load_posted(_get_draft_token() or "", person_name())
    if not form:
        return _render_form(row, {}, {})
    flash(
        form_drafts.explain_expired_form(),
        "look",
    )
    answers = forms.parse(settings_schema.get_schema(get_app_or_404(row.slug)), form)
    return _render_form(row, answers | read_hub_values(form), {}, form.get("mode"))


def _get_draft_token() -> str | None:
    """Return the token of the draft that the form belongs to."""
    return request.args.get("draft")


def _submit(row: Installation) -> Page:
    """Check the right, parse the form, test or save it, and follow up."""
    enabled_apps.check_right(row)
    app = get_app_or_404(row.slug)
    form_values = forms.parse(settings_schema.get_schema(app), request.form)
    answers = entered_secrets.load(app, row, form_values) | form_values
    values = answers | read_hub_values(request.form)
    mode = _read_mode()
    try:
        if "test" in request.form:
            entered_secrets.require_dropped(app, row, form_values)
            return _test(app, row, answers)
        if "edit" in request.form:
            return _render_form(row, values, {}, mode)
        _require_as_shown(app, row)
        entered_secrets.require_dropped(app, row, form_values)
        hub_answers.parse_all(app, row, values)
        enabled_apps.check_limit(app, row, values)
        preview = setting_preview.read(app, row, values, mode)
        question = _confirm(app, row, values, preview) or _render_question(app, row, values, mode)
        if question is not None:
            return question
        account = other_account.read_confirmed()
        saved_row = enabled_apps.save(row, values, mode, new_account=account)
    except OtherTenant as error:
        return _ask_about_account(app, row, values, preview, error)
    except SettingsInvalid as error:
        return _render_form(row, values, error.fields, mode), 400
    except HubError as error:
        flash(translate(error.sentence), "error")
        return _render_form(row, values, {}, mode, error), 400
    _follow_up(app, row, saved_row)
    return redirect(url_for("installation.show", installation_id=saved_row.id))


def _require_as_shown(app: App, row: Installation) -> None:
    """Raise Refused if the page of the form showed the app as enabled and it is disabled by now."""
    if row.id and not row.enabled and "shown_enabled" in request.form:
        raise Refused(
            gettext(
                "Not saved. %(app)s was disabled in the meantime. Press Enable %(app)s to save this"
                " and enable it again.",
                app=app.name,
            )
        )


def _read_mode() -> str | None:
    """Return the mode that the form chooses, None for none; answer 400 if there is no such mode."""
    mode = request.form.get("mode") or None
    if mode is not None and mode not in list(InstallationMode):
        abort(400)
    return mode


def _confirm(
    app: App, row: Installation, values: dict[str, Any], preview: SettingsPreview
) -> Page | None:
    """Return the page that shows the changes; None if the person has seen them already."""
    if preview.is_confirmed:
        return None
    fields = list_repeat_fields(app, row, values)
    if fields is None:
        raise Refused(gettext("Not saved. A secret is too long."))
    with read_only_session() as session:
        about = build_tabs(session, row)
    about |= {"app": app, "row": row, "preview": preview, "fields": fields}
    return render_template("setting_changes.html", **about)


def _ask_about_account(
    app: App,
    row: Installation,
    values: dict[str, Any],
    preview: SettingsPreview,
    error: OtherTenant,
) -> Page:
    """Return the page that asks whether the app is to continue with another account."""
    fields = list_repeat_fields(app, row, values)
    if fields is None:
        flash(gettext("Not saved. A secret is too long."), "error")
        return _render_form(row, values, {}, _read_mode()), 400
    with read_only_session() as session:
        about = build_tabs(session, row)
    hidden_fields = [*fields, (setting_preview.DIGEST_FIELD, preview.digest)]
    return other_account.render_question(app, row, error, hidden_fields, about)


def _render_question(
    app: App, row: Installation, values: dict[str, Any], mode: str | None
) -> Page | None:
    """Return the page that asks to confirm the identity, if fewer approvals would be needed.

    Return None if documents need as many approvals as before, or if the identity was confirmed
    recently.
    """
    if not approval_changes.needs_fewer_approvals(app, row, values, mode):
        return None
    question: Page | None = confirmation.ask(partial(list_repeat_fields, app, row, values))
    return question


def _follow_up(app: App, before: Installation, after: Installation) -> None:
    """Forget the draft, say what was saved, and request the runs that the new settings need."""
    form_drafts.forget(request.form.get("draft", ""))
    was_stored = bool(before.id)
    was_enabled = was_stored and before.enabled
    flash(
        setting_messages.describe_saving(app, after.tenant_name, was_enabled=was_enabled), "success"
    )
    if was_stored:
        _flash_changes(app, after)
    _warn_of_start(before, after)
    warning = shared_accounts.find_warning(after)
    if warning and not was_enabled:
        flash(reasons.translate_sentence(warning), "look")
    if was_stored:
        enabled_apps.request_runs(before, after)
    elif current_hub().plugins.has(before.slug, "hub_records"):
        flash(gettext("Next: download the master data, below."), "info")


def _warn_of_start(before: Installation, after: Installation) -> None:
    """State which documents a new start date posts or leaves out."""
    start = after.start_date
    if before.id and before.start_date != start:
        flash(setting_preview.describe_new_start(before.start_date, start), "look")
    elif not before.id and setting_preview.is_past(start, after.zone):
        flash(setting_preview.start_warning(start), "look")


def _flash_changes(app: App, row: Installation) -> None:
    """Describe what the last change of the settings changed."""
    with read_only_session() as session:
        entries = setting_history.read(session, app, row, limit=1)
    for entry in entries:
        if entry.changes:
            changes = "; ".join(entry.changes)
            flash(gettext("Changed: %(changes)s.", changes=changes), "info")


def _test(app: App, row: Installation, answers: dict[str, Any]) -> Page:
    """Show the form again, with what the source answers to settings that are not saved.

    Raise HubError if the source refuses them.
    """
    tenant = installations_enable.try_settings(row, answers, who=person_name())
    flash(setting_messages.confirm_connection(app, tenant.name), "success")
    for text in tenant.warnings:
        flash(reasons.translate_sentence(text), "look")
    values = answers | read_hub_values(request.form)
    return _render_form(row, values, {}, _read_mode())


def _render_form(
    row: Installation,
    form_values: dict[str, Any],
    errors: Mapping[str, list[str]],
    mode: str | None = None,
    failure: HubError | None = None,
) -> str:
    """Render the form with what was typed and what is wrong with it.

    `failure` is the error with which the test of the settings ended.
    """
    app = get_app_or_404(row.slug)
    values = {**row.settings, **form_values}
    stored_names = list(sources.load_stored_secrets(app, row))
    draft, entered_names = entered_secrets.save(app, row, form_values)
    own_inputs = forms.build_inputs(
        settings_schema.get_schema(app),
        values,
        stored_names=stored_names,
        entered_names=entered_names,
        currency=row.company.currency,
        load_choices=build_choice_loader(app, row, values, failure),
    )
    own_inputs = viewer.translate_inputs(own_inputs, app.slug)
    inputs = [*own_inputs, *build_hub_inputs(row, form_values, mode)]
    with read_only_session() as session:
        about = build_tabs(session, row) if row.id else {"company_name": row.company.display_name}
        owners = enabled_apps.list_possible_owners(session, row)
        history: Sequence[setting_history.SettingsEntry] = ()
        if row.id and may_here("operator"):
            history = setting_history.read(session, app, row)
        notice = "" if may_configure(row) else setting_messages.explain_right(session, row)
    sections = forms.group_by_section(forms.set_focus(forms.add_errors(inputs, errors)))
    about |= {
        "app": app,
        "row": row,
        "sections": sections,
        "possible_owners": owners,
        "history": history,
        "field_labels": {form_input.name: form_input.label for form_input in inputs},
        "picker": build_picker(row, form_values),
        "may_change": not notice,
        "who_may_change": notice,
        "form_errors": forms.list_errors_without_field(errors, values),
        "draft": draft,
        "is_test": "test" in request.form,
    }
    return render_template("settings.html", errors=errors, **about)
