"""Register the JSON API and its OpenAPI document with the application."""

from typing import Any, cast

from flask import Blueprint, Flask, Response, current_app, jsonify
from flask_smorest import Api
from marshmallow import fields

from hub.web.api import (
    approvals,
    case_decisions,
    cases,
    companies,
    document_acts,
    documents,
    installations,
    matches,
    problems,
    reconciliations,
    runs,
)
from hub.web.api.resources import PREFIX
from hub.web.authentication.access import require_role
from hub.web.request.headers import csrf

VERSION = "1.0.0"
OPENAPI = "hub.openapi"  # the extension that holds the document
DESCRIPTION = (
    "What the pages of the hub show and do, for programs. Every call carries an API token as"
    " Authorization: Bearer; the token acts with the rights of its person and with its own scopes."
    " Amounts are decimal numbers as text, moments are in UTC. Errors are problem details"
    " (RFC 9457)."
)
BLUEPRINTS = (
    companies.resource,
    installations.resource,
    matches.resource,
    documents.resource,
    document_acts.resource,
    approvals.resource,
    cases.resource,
    case_decisions.resource,
    runs.resource,
    reconciliations.resource,
)
SETTINGS = {
    "API_TITLE": "QuickBooks integration hub",
    "API_VERSION": VERSION,
    "OPENAPI_VERSION": "3.1.0",
    "API_SPEC_OPTIONS": {
        "info": {"description": DESCRIPTION},
        "security": [{"token": []}],
        "components": {"securitySchemes": {"token": {"type": "http", "scheme": "bearer"}}},
    },
}
document = Blueprint("api", __name__, url_prefix=PREFIX)


class JsonApi(Api):  # type: ignore[misc]
    """The API; its errors are answered by `hub.web.serving.failures`, like those of the pages."""

    ERROR_SCHEMA = problems.ProblemSchema

    def _register_error_handlers(self) -> None:
        """Register none: one would also answer the errors of pages."""


def init_app(app: Flask) -> None:
    """Add the API to the application."""
    app.config.update(SETTINGS)
    for blueprint in BLUEPRINTS:
        app.register_blueprint(blueprint)
        csrf.exempt(blueprint)  # a cookie never authorizes a call of the API
    app.register_blueprint(document)


@document.get("/openapi.json")
@require_role("anyone")
def openapi() -> Response:
    """Return the OpenAPI document, which is built when it is asked for first."""
    extensions = current_app.extensions
    if OPENAPI not in extensions:
        extensions[OPENAPI] = _describe_operations()
    return jsonify(extensions[OPENAPI])


def _describe_names(converter: Any, field: Any, ret: dict[str, Any]) -> dict[str, Any]:
    """Return what the names of an object must be like and how many it may have.

    apispec itself describes the values of a `Dict` only, and its size as the length of a text.
    """
    if not isinstance(field, fields.Dict):
        return {}
    attributes: dict[str, Any] = {}
    if field.key_field:
        attributes["propertyNames"] = converter.field2property(field.key_field)
    for text_limit, limit in (("minLength", "minProperties"), ("maxLength", "maxProperties")):
        if text_limit in ret:
            attributes[limit] = ret.pop(text_limit)
    return attributes


def _describe_operations() -> dict[str, Any]:
    """Return the OpenAPI document of all operations."""
    app = cast(Any, current_app)._get_current_object()
    api = JsonApi(app)
    api.ma_plugin.converter.add_attribute_function(_describe_names)
    for blueprint in BLUEPRINTS:
        blueprint.register_views_in_doc(api, app, api.spec, name=blueprint.name, parameters=None)
        api.spec.tag({"name": blueprint.name, "description": blueprint.description})
    contents: dict[str, Any] = api.spec.to_dict()
    return contents
