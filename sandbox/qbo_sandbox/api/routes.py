"""Find the route of a request: the call's name, company, kind, id, parameters and body."""

import re
import zlib
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any
from wsgiref.types import WSGIEnvironment

from qbo_sandbox.accounting.kinds import KIND_NAMES_BY_PATH, KINDS
from qbo_sandbox.accounting.values import load
from qbo_sandbox.api import xml
from qbo_sandbox.entities.parameters import get_operation
from qbo_sandbox.kit import form_of, query_of
from qbo_sandbox.kit.messages import body_of

FROM_CLAUSE = re.compile(r"\bfrom\s+(\w+)", re.IGNORECASE)
UNREADABLE, MISENCODED = object(), object()
COMPANY_PATH = "/v3/company/"
VERSION_PATH = "/v3/"
GZIP_OR_ZLIB = 47  # window bits of zlib that accept both headers
MAX_UNPACKED_BYTES = 100 * 1024 * 1024
PRINT_METHODS = {"pdf": "GET", "send": "POST"}
FIXED_ROUTES = {
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
    """The route of a request.

    `call` is its name in faults and in the log: bill.create, query.vendor, cdc, batch,
    token.refresh …
    """

    call: str
    realm: str = ""
    kind: str = ""
    id: str = ""
    params: dict[str, str] = field(default_factory=dict)
    body: Any = None


def call_of(environ: WSGIEnvironment) -> str:
    """Return the name of the call, and leave its route in the environment for the application."""
    if environ.get("HTTP_CONTENT_ENCODING"):
        _decompress(environ)
    route = _find_route(environ)
    environ["sandbox.route"] = route
    return route.call


def _decompress(environ: WSGIEnvironment) -> None:
    """Decompress the body of a request."""
    if environ.pop("HTTP_CONTENT_ENCODING").lower() in ("gzip", "deflate"):
        with suppress(zlib.error):
            decompressor = zlib.decompressobj(GZIP_OR_ZLIB)
            environ["sandbox.body"] = decompressor.decompress(body_of(environ), MAX_UNPACKED_BYTES)


def _find_route(environ: WSGIEnvironment) -> Route:
    """Return the route of a request."""
    path = environ.get("PATH_INFO", "")
    if path.startswith(COMPANY_PATH):
        return _find_api_route(environ, path[len(COMPANY_PATH) :].strip("/").split("/"))
    if path.startswith(VERSION_PATH):
        return _find_api_route(environ, ["", *path[len(VERSION_PATH) :].strip("/").split("/")])
    name = FIXED_ROUTES.get(path.rstrip("/"), "")
    if name == "token":
        refreshing = form_of(environ).get("grant_type") == "refresh_token"
        name = "token.refresh" if refreshing else "token.code"
    if path.startswith("/_files/"):
        name = "file"
    return Route(name or "unknown")


def _find_api_route(environ: WSGIEnvironment, parts: list[str]) -> Route:
    """Return the route of an API path: realm, name and the rest."""
    params = query_of(environ)
    realm, *names = parts
    name = names[0].lower() if names else ""
    rest = names[1:]
    match name:
        case "query":
            return _find_query_route(environ, realm, params)
        case "cdc" | "upload":
            return Route(name, realm, params=params)
        case "batch":
            return Route(name, realm, params=params, body=_parse_body(environ))
        case "download":
            file = rest[0] if rest else ""
            return Route(name, realm, id=file, params=params)
    if name == "reports" and len(rest) == 1 and environ["REQUEST_METHOD"] == "GET":
        report = rest[0]
        return Route(f"report.{report.lower()}", realm, id=report, params=params)
    if name == "taxservice" and "/".join(rest).lower() == "taxcode":
        rest = []
    return _complete_kind_route(
        environ, Route("unknown", realm, KIND_NAMES_BY_PATH.get(name, ""), params=params), rest
    )


def _find_query_route(environ: WSGIEnvironment, realm: str, params: dict[str, str]) -> Route:
    """Return the route of a query, which is named by the entity that it reads."""
    text = params.get("query", "")
    if not text and environ["REQUEST_METHOD"] == "POST":
        text = _read_query(environ)
    entity = FROM_CLAUSE.search(text)
    name = entity[1].lower() if entity else ""
    return Route(f"query.{name}", realm, params=params, body=text)


def _complete_kind_route(environ: WSGIEnvironment, route: Route, rest: list[str]) -> Route:
    """Complete the route of one kind: reading, writing, printing or sending an object."""
    if not route.kind:
        return route
    path = KINDS[route.kind].path
    method = environ["REQUEST_METHOD"]
    route.id = rest[0] if rest else ""
    if len(rest) == 2 and PRINT_METHODS.get(rest[1].lower()) == method:
        route.call = f"{path}.{rest[1].lower()}"
    elif len(rest) < 2 and method == "GET":
        route.call = f"{path}.read"
    elif not rest and method == "POST":
        route.body = _parse_body(environ, route.kind)
        route.call = f"{path}.{get_operation(route.params, route.body)}"
    else:
        route.kind = ""
    return route


def _read_query(environ: WSGIEnvironment) -> str:
    """Return the query in a body, which is plain text or a form."""
    if "form-urlencoded" in environ.get("CONTENT_TYPE", ""):
        return form_of(environ).get("query", "")
    return body_of(environ).decode("utf-8", "replace")


def _parse_body(environ: WSGIEnvironment, kind: str = "") -> Any:
    """Return the body as in JSON.

    UNREADABLE stands for a body that is neither JSON nor XML, or XML of another kind of object;
    MISENCODED for one that is not UTF-8.
    """
    body = body_of(environ)
    try:
        body.decode()
    except UnicodeDecodeError:
        return MISENCODED
    try:
        if "xml" not in environ.get("CONTENT_TYPE", "") and not body.lstrip().startswith(b"<"):
            return load(body)
        name, content = xml.read(body)
    except ValueError:
        return UNREADABLE
    if kind and name != kind:
        return UNREADABLE
    return content
