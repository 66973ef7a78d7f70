"""Apps in the API, and their installations with settings and mode."""

from collections.abc import Mapping
from typing import Any

from flask import abort
from flask_smorest import Blueprint
from marshmallow import Schema, fields, validate
from sqlalchemy import select

from hub.context import current
from hub.contract import settings_schema
from hub.contract.types import App
from hub.db.engine import reading
from hub.errors import SettingsInvalid
from hub.installations import approval_changes, enable
from hub.models import Installation
from hub.models.enums import InstallationMode
from hub.web.access import ANYWHERE, may_configure, scope, who
from hub.web.api import problems
from hub.web.api.resources import PREFIX, PageQuery, list_of, operation, to_list, whole_list
from hub.web.paging import page, row_or_404

resource = Blueprint(
    "api_installations", __name__, url_prefix=PREFIX, description="apps, and where they are enabled"
)
FEWER_APPROVALS = (
    "Documents would need fewer approvals with these settings. Change them on the page Settings,"
    " which asks who you are."
)


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


@operation(resource, "/apps/", role="viewer", of=ANYWHERE, answer=list_of(AppSchema))
def apps() -> Any:
    """List the apps whose plugins are installed."""
    return whole_list(current().plugins.apps.values())


@operation(
    resource,
    "/installations/",
    role="viewer",
    of=ANYWHERE,
    query=PageQuery,
    answer=list_of(InstallationSchema),
)
def index(query: dict[str, Any]) -> Any:
    """List installations, the newest first."""
    with reading() as session:
        installations = select(Installation).where(*scope().installations())
        listed = page(session, installations, by=[Installation.id])
        return to_list(listed, listed.rows)


@operation(
    resource, "/installations/<int:installation_id>", role="viewer", answer=InstallationSchema
)
def one(installation_id: int) -> Any:
    """Return one installation."""
    with reading() as session:
        return row_or_404(session, Installation, installation_id)


@operation(
    resource, "/installations/<int:installation_id>/settings", role="viewer", answer=SettingsSchema
)
def settings(installation_id: int) -> Any:
    """Return the settings of an installation without its secrets."""
    row = _row(installation_id)
    return _describe_settings(_app(row), row)


@operation(
    resource,
    "/installations/<int:installation_id>/settings",
    method="PATCH",
    role="app-owner",
    body=SettingsChangeSchema,
    answer=SettingsSchema,
)
def change_settings(installation_id: int, body: dict[str, Any]) -> Any:
    """Change settings; the new ones are tried at the source before they are stored."""
    row = _row(installation_id)
    app = _app(row)
    if not may_configure(row, app.owner_only):
        abort(403)
    answers, mode = body["settings"], body.get("mode")
    if approval_changes.needs_fewer(app, row, answers, mode):
        return problems.problem(403, FEWER_APPROVALS)
    try:
        row = enable.change(row.company_id, row.slug, answers, who=who(), mode=mode)
    except SettingsInvalid as error:
        return problems.problem(422, errors={"settings": error.fields})
    return _describe_settings(app, row)


def _row(installation_id: int) -> Installation:
    """Return an installation, or abort with 404."""
    with reading() as session:
        row: Installation = row_or_404(session, Installation, installation_id)
    return row


def _app(row: Installation) -> App:
    """Return the app of an installation; abort with 404 if its plugin is not installed."""
    app = current().plugins.apps.get(row.slug)
    return app or abort(404)


def _describe_settings(app: App, row: Installation) -> Mapping[str, Any]:
    """Return mode and settings of an installation, without secrets."""
    secret_names = settings_schema.secret_names(app)
    plain = {name: value for name, value in row.settings.items() if name not in secret_names}
    return {"mode": row.mode, "settings": plain}
