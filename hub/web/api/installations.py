"""Apps in the API, and their installations with settings and mode."""

from collections.abc import Mapping
from typing import Any

from flask import Response, g
from marshmallow import Schema, fields, validate
from sqlalchemy import select

from hub.context import current_hub
from hub.contract import settings_schema
from hub.contract.types import App
from hub.db.engine import read_only_session
from hub.errors import OtherTenant, SettingsInvalid
from hub.installations import approval_changes, installation_rows, replaced_account
from hub.models import Installation
from hub.models.enums import InstallationMode
from hub.security import api_tokens
from hub.security.rights import Subject
from hub.web.api import problems
from hub.web.api.resources import (
    PREFIX,
    Amount,
    PageQuery,
    Resource,
    build_text_field,
    build_whole_list,
    list_of,
    operation,
    to_list,
)
from hub.web.apps import enabled_apps
from hub.web.authentication.access import ANYWHERE, load_rights, load_scope
from hub.web.frame.lookup import get_app_or_404, get_installation_or_404, get_row_or_404
from hub.web.frame.paging import load_page

resource = Resource(
    "api_installations", __name__, url_prefix=PREFIX, description="apps, and where they are enabled"
)
APP_AT_COMPANY = "/companies/<int:company_id>/apps/<slug>"
HIGHER_LIMIT = (
    "More documents would be posted with one approval. Change second_approval_above on the page"
    " Settings, which asks who you are."
)
WITHOUT_REVIEW = (
    "Documents would be posted without review. That takes a token with the scope approve, too."
)
ACCOUNT_ANSWER = (
    "To continue, send the same again with new_account, which is the id of other_account, and with"
    " settings.start_date."
)
DISABLED_MESSAGE = "The app is disabled. Enable it with PUT /api/v1/companies/{company}/apps/{app}."


class AppSchema(Schema):
    """An app whose plugin is installed."""

    slug = fields.String(required=True)
    name = fields.String(required=True)
    summary = fields.String(required=True)
    posts = fields.List(
        fields.String(), required=True, metadata={"description": "kinds of documents"}
    )


class InstallationSchema(Schema):
    """An app that is, or was, enabled for a company."""

    id = fields.Integer(required=True)
    app = fields.String(required=True, attribute="slug")
    company_id = fields.Integer(required=True)
    enabled = fields.Boolean(required=True)
    mode = fields.String(required=True)
    owner = fields.String(required=True)
    start_date = fields.Date(required=True, allow_none=True)
    schedule = fields.String(required=True)
    zone = fields.String(required=True)
    second_approval_above = Amount(
        required=True,
        allow_none=True,
        metadata={"description": "above it two people approve; null if one is always enough"},
    )
    source = fields.String(
        required=True,
        allow_none=True,
        attribute="tenant_name",
        metadata={"description": "the account that the source named when it was asked last"},
    )
    failing_since = fields.AwareDateTime(required=True, allow_none=True)
    failure = fields.String(required=True)


class SettingsSchema(Schema):
    """The settings of an installation; secrets are never answered."""

    mode = fields.String(required=True)
    settings = fields.Dict(keys=fields.String(), required=True)


class SettingsChangeSchema(Schema):
    """New values of settings; those that are not named stay."""

    mode = fields.String(validate=validate.OneOf([str(mode) for mode in InstallationMode]))
    settings = fields.Dict(keys=fields.String(), load_default=dict)
    new_account = build_text_field(
        "the id of another account at the source, with which the app is to continue", least=1
    )


@operation(resource, "/apps/", role="viewer", of=ANYWHERE, response=list_of(AppSchema))
def apps() -> Any:
    """List the apps whose plugins are installed and for which the person has a role."""
    rights = load_rights()
    installed = current_hub().plugins.apps.values()
    return build_whole_list(app for app in installed if rights.role_within(Subject(slug=app.slug)))


@operation(
    resource,
    "/installations/",
    role="viewer",
    of=ANYWHERE,
    query=PageQuery,
    response=list_of(InstallationSchema),
)
def index(query: dict[str, Any]) -> Any:
    """List installations, the newest first."""
    with read_only_session() as session:
        installations = select(Installation).where(*load_scope().installations())
        page = load_page(session, installations, order_by=[Installation.id])
        return to_list(page, page.rows)


@operation(
    resource, "/installations/<int:installation_id>", role="viewer", response=InstallationSchema
)
def one(installation_id: int) -> Any:
    """Return one installation."""
    with read_only_session() as session:
        return get_row_or_404(session, Installation, installation_id)


@operation(
    resource,
    "/installations/<int:installation_id>/settings",
    role="viewer",
    response=SettingsSchema,
)
def settings(installation_id: int) -> Any:
    """Return the settings of an installation without its secrets."""
    row = get_installation_or_404(installation_id)
    return _describe_settings(get_app_or_404(row.slug), row)


@operation(
    resource,
    "/installations/<int:installation_id>/settings",
    method="PATCH",
    role="app-owner",
    body=SettingsChangeSchema,
    response=SettingsSchema,
)
def change_settings(installation_id: int, body: dict[str, Any]) -> Any:
    """Change settings; the new ones are tried at the source before they are stored."""
    row = get_installation_or_404(installation_id)
    if not row.enabled:
        return problems.build_problem(
            409, DISABLED_MESSAGE.format(company=row.company_id, app=row.slug)
        )
    answer = _save(get_app_or_404(row.slug), row, body)
    if isinstance(answer, Response):
        return answer
    return _describe_settings(get_app_or_404(row.slug), answer)


@operation(
    resource,
    APP_AT_COMPANY,
    method="PUT",
    role="app-owner",
    body=SettingsChangeSchema,
    response=InstallationSchema,
)
def enable_app(company_id: int, slug: str, body: dict[str, Any]) -> Any:
    """Enable an app for a company; its settings are tried at the source before they are stored.

    If it is enabled already, the settings that are named change.
    """
    app = get_app_or_404(slug)
    return _save(app, enabled_apps.find_or_prepare(app, company_id, zone="UTC"), body)


@operation(resource, APP_AT_COMPANY, method="DELETE", role="app-owner", response=InstallationSchema)
def disable_app(company_id: int, slug: str) -> Any:
    """Disable an app for a company; its settings and matches stay."""
    return enabled_apps.disable(installation_rows.require_installation(company_id, slug))


def _save(app: App, row: Installation, body: Mapping[str, Any]) -> Installation | Response:
    """Store settings and request the runs that they need; return the problem if it is refused."""
    enabled_apps.check_right(row)
    answers, mode = body["settings"], body.get("mode")
    if approval_changes.raises_limit(row, answers):
        return problems.build_problem(403, HIGHER_LIMIT)
    is_without_review = approval_changes.starts_posting_without_review(app, row, answers, mode)
    if is_without_review and api_tokens.APPROVE not in g.api_token_scopes:
        return problems.build_problem(403, WITHOUT_REVIEW)
    new_account = body.get("new_account")
    try:
        if new_account is not None:
            replaced_account.require_first_day(app.name, answers)
        saved_row = enabled_apps.save(row, answers, mode, new_account=new_account)
    except SettingsInvalid as error:
        return problems.build_problem(422, errors={"settings": error.fields})
    except OtherTenant as error:
        question = replaced_account.build_question(row.id, error)
        account = {"id": error.account, "name": error.actual}
        return problems.build_problem(409, f"{question} {ACCOUNT_ANSWER}", other_account=account)
    enabled_apps.request_runs(row, saved_row)
    return saved_row


def _describe_settings(app: App, row: Installation) -> Mapping[str, Any]:
    """Return mode and settings of an installation, without secrets."""
    secret_names = settings_schema.list_secret_names(app)
    plain = {name: value for name, value in row.settings.items() if name not in secret_names}
    return {"mode": row.mode, "settings": plain}
