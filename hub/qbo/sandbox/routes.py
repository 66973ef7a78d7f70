"""Reads what a request asks for: the call's name, its company, kind, id, parameters and body."""

import json
import re
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any
from wsgiref.types import WSGIEnvironment

from hub.qbo.sandbox.kinds import BY_PATH
from hub.sandboxing import form_of, query_of
from hub.sandboxing.messages import body_of

FROM = re.compile(r"\bfrom\s+(\w+)", re.IGNORECASE)
UNREADABLE = object()
API = "/v3/company/"
BARE = "/v3/"
FIXED = {
    "": "page",
    "/connect/oauth2": "authorize",
    "/oauth2/v1/tokens/bearer": "token",
    "/v2/oauth2/tokens/revoke": "revoke",
    "/v1/openid_connect/userinfo": "userinfo",
    "/.well-known/openid_configuration": "discovery",
    "/.well-known/openid_sandbox_configuration": "discovery",
}


@dataclass
class Route:
    """`call` is the name that faults and the log know: bill.create, query.vendor, cdc, batch, token.refresh …"""

    call: str
    realm: str = ""
    kind: str = ""
    id: str = ""
    params: dict[str, str] = field(default_factory=dict)
    body: Any = None


def call_of(environ: WSGIEnvironment) -> str:
    """The call's name; the whole route is left in the environment for the application."""
    route = _route(environ)
    environ["sandbox.route"] = route
    return route.call


def _route(environ: WSGIEnvironment) -> Route:
    path = environ.get("PATH_INFO", "")
    if path.startswith(API):
        return _api(environ, path[len(API) :].strip("/").split("/"))
    if path.startswith(BARE):
        return _api(environ, ["", *path[len(BARE) :].strip("/").split("/")])
    name = FIXED.get(path.rstrip("/"), "")
    if name == "token":
        refreshing = form_of(environ).get("grant_type") == "refresh_token"
        name = "token.refresh" if refreshing else "token.code"
    if path.startswith("/_files/"):
        name = "file"
    return Route(name or "unknown")


def _api(environ: WSGIEnvironment, parts: list[str]) -> Route:
    params = query_of(environ)
    realm, name = parts[0], parts[1].lower() if len(parts) > 1 else ""
    method = environ["REQUEST_METHOD"]
    rest = parts[2:]
    if name == "query":
        text = params.get("query") or (body_of(environ).decode("utf-8", "replace") if method == "POST" else "")
        entity = FROM.search(text)
        return Route(f"query.{entity[1].lower() if entity else ''}", realm, params=params, body=text)
    if name in ("cdc", "upload"):
        return Route(name, realm, params=params)
    if name == "batch":
        return Route(name, realm, params=params, body=_json(environ))
    if name == "download":
        return Route(name, realm, id=rest[0] if rest else "", params=params)
    kind = BY_PATH.get(name, "")
    if not kind or len(rest) > 1:
        return Route("unknown", realm, params=params)
    if method == "GET":
        return Route(f"{name}.read", realm, kind, rest[0] if rest else "", params)
    body = _json(environ)
    return Route(f"{name}.{_operation(params, body)}", realm, kind, params=params, body=body)


def _json(environ: WSGIEnvironment) -> Any:
    try:
        return json.loads(body_of(environ), parse_float=Decimal)
    except ValueError:
        return UNREADABLE


def _operation(params: dict[str, str], body: Any) -> str:
    asked = params.get("operation", "").lower()
    if asked in ("delete", "void"):
        return asked
    if params.get("include", "").lower() == "void":
        return "void"
    return "update" if isinstance(body, dict) and body.get("Id") else "create"
