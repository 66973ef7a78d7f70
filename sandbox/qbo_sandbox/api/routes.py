"""Reads what a request asks for: the call's name, its company, kind, id, parameters and body."""

import re
import zlib
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any
from wsgiref.types import WSGIEnvironment

from qbo_sandbox.accounting.kinds import BY_PATH, KINDS
from qbo_sandbox.accounting.values import load
from qbo_sandbox.api import xml
from qbo_sandbox.entities.parameters import operation
from qbo_sandbox.kit import form_of, query_of
from qbo_sandbox.kit.messages import body_of

FROM = re.compile(r"\bfrom\s+(\w+)", re.IGNORECASE)
UNREADABLE, MISENCODED = object(), object()
API = "/v3/company/"
BARE = "/v3/"
GZIP_OR_ZLIB, LARGEST = 47, 100 * 1024 * 1024
PAPERS = {"pdf": "GET", "send": "POST"}
FIXED = {
    "": "page",
    "/connect/oauth2": "authorize",
    "/oauth2/v1/tokens/bearer": "token",
    "/v2/oauth2/tokens/revoke": "revoke",
    "/v1/openid_connect/userinfo": "userinfo",
    "/op/v1/jwks": "keys",
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
    if environ.get("HTTP_CONTENT_ENCODING"):
        _unpack(environ)
    route = _route(environ)
    environ["sandbox.route"] = route
    return route.call


def _unpack(environ: WSGIEnvironment) -> None:
    """A body that was sent compressed, as some clients do, is read as what it holds."""
    if environ.pop("HTTP_CONTENT_ENCODING").lower() in ("gzip", "deflate"):
        with suppress(zlib.error):
            environ["sandbox.body"] = zlib.decompressobj(GZIP_OR_ZLIB).decompress(
                body_of(environ), LARGEST
            )


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
    realm, name, rest = parts[0], parts[1].lower() if len(parts) > 1 else "", parts[2:]
    if name == "query":
        text = params.get("query") or (
            _text(environ) if environ["REQUEST_METHOD"] == "POST" else ""
        )
        entity = FROM.search(text)
        return Route(
            f"query.{entity[1].lower() if entity else ''}", realm, params=params, body=text
        )
    if name in ("cdc", "upload"):
        return Route(name, realm, params=params)
    if name == "batch":
        return Route(name, realm, params=params, body=_body(environ))
    if name == "download":
        return Route(name, realm, id=rest[0] if rest else "", params=params)
    if name == "reports" and len(rest) == 1 and environ["REQUEST_METHOD"] == "GET":
        return Route(f"report.{rest[0].lower()}", realm, id=rest[0], params=params)
    if name == "taxservice" and [part.lower() for part in rest] == ["taxcode"]:
        rest = []
    return _of_kind(environ, Route("unknown", realm, BY_PATH.get(name, ""), params=params), rest)


def _of_kind(environ: WSGIEnvironment, route: Route, rest: list[str]) -> Route:
    """What is asked of one kind: to read, write, print or send one of it."""
    if not route.kind:
        return route
    path = KINDS[route.kind].path
    verb = PAPERS.get(rest[1].lower(), "") if len(rest) == 2 else ""
    route.id = rest[0] if rest else ""
    if verb == environ["REQUEST_METHOD"]:
        route.call = f"{path}.{rest[1].lower()}"
    elif len(rest) < 2 and environ["REQUEST_METHOD"] == "GET":
        route.call = f"{path}.read"
    elif not rest and environ["REQUEST_METHOD"] == "POST":
        route.body = _body(environ, route.kind)
        route.call = f"{path}.{operation(route.params, route.body)}"
    else:
        route.kind = ""
    return route


def _text(environ: WSGIEnvironment) -> str:
    """A query in the body, as it is or as a field of a form."""
    if "form-urlencoded" in environ.get("CONTENT_TYPE", ""):
        return form_of(environ).get("query", "")
    return body_of(environ).decode("utf-8", "replace")


def _body(environ: WSGIEnvironment, kind: str = "") -> Any:
    """The body as JSON would say it; UNREADABLE when it is neither JSON nor XML, or in XML another object's."""
    body = body_of(environ)
    try:
        body.decode()
    except UnicodeDecodeError:
        return MISENCODED
    try:
        if "xml" not in environ.get("CONTENT_TYPE", "") and not body.lstrip().startswith(b"<"):
            return load(body)
        name, read = xml.read(body)
    except ValueError:
        return UNREADABLE
    return read if not kind or name == kind else UNREADABLE
