"""The credentials in a request and in the response to it, so that no error repeats them."""

import base64
import binascii
import json
import re
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import parse_qsl

from hub.http.allowlist import parse

# Headers that carry no credentials; every other one may.
PLAIN_HEADERS = frozenset(
    {
        "accept",
        "accept-encoding",
        "accept-language",
        "cache-control",
        "connection",
        "content-length",
        "content-type",
        "host",
        "if-match",
        "if-modified-since",
        "if-none-match",
        "prefer",
        "transfer-encoding",
        "user-agent",
    }
)
PARAMETER_NAME = re.compile(
    r"auth|key|token|secret|passw|signature|session|cookie|code|client|user|assertion",
    re.IGNORECASE,
)
# The contents of a document have a "code" and a "key" that are no secrets.
JSON_NAME = re.compile(
    r"token|secret|passw|api_?key|private_?key|credential|authori[sz]ation|assertion|client_?id",
    re.IGNORECASE,
)
# What the pattern matches, in bytes: they are found in a document twenty times faster.
JSON_NAMES = (
    *(b"token", b"secret", b"passw", b"apikey", b"api_key", b"privatekey", b"private_key"),
    *(b"credential", b"authorization", b"authorisation", b"assertion", b"clientid", b"client_id"),
)
FORM_TYPE = "application/x-www-form-urlencoded"
SCHEME_WITH_PASSWORD = "basic"  # noqa: S105 (the name of a scheme)
MAX_BODY_BYTES = 65_536  # requests for tokens and their responses are small
MAX_DEPTH = 8


def find_request_secrets(url: str, headers: Mapping[str, str], body: object) -> set[str]:
    """Return the texts of a request that may not appear in an error."""
    address = parse(url)
    secrets = {address.auth or ""}
    secrets |= _find_in_form(address.query or "")
    secrets |= _find_in_headers(headers)
    content = body.encode() if isinstance(body, str) else body
    if isinstance(content, bytes):
        secrets |= _find_in_body(content, _decode_header(headers.get("Content-Type") or ""))
    return secrets - {""}


def _find_in_headers(headers: Mapping[str, str]) -> set[str]:
    """Return the values of all headers but those that never carry a secret."""
    secrets = set()
    for name, value in headers.items():
        if name.lower() not in PLAIN_HEADERS:
            secrets |= _find_in_header(_decode_header(value))
    return secrets


def _find_in_body(body: bytes, content_type: str) -> set[str]:
    """Return the secrets in a form or in JSON; none of a larger body, which is a document."""
    if len(body) > MAX_BODY_BYTES:
        return set()
    if FORM_TYPE in content_type:
        return _find_in_form(body.decode("utf-8", "replace"))
    return find_json_secrets(body)


def find_json_secrets(body: bytes) -> set[str]:
    """Return the values in a JSON body whose names say that they are secret."""
    if len(body) > MAX_BODY_BYTES or not _has_secret_name(body):
        return set()
    try:
        content = json.loads(body)
    except (ValueError, RecursionError):
        return set()
    return set(_iter_named_secrets(content, MAX_DEPTH))


def _has_secret_name(body: bytes) -> bool:
    """Return whether a name of a secret, in whatever case, is anywhere in a body."""
    lower = body.lower()
    return any(name in lower for name in JSON_NAMES)


def _iter_named_secrets(content: Any, depth: int) -> Iterator[str]:
    """Yield the texts under names of secrets."""
    if not depth:
        return
    if isinstance(content, list):
        for part in content:
            yield from _iter_named_secrets(part, depth - 1)
    if not isinstance(content, dict):
        return
    for name, value in content.items():
        if isinstance(value, str) and JSON_NAME.search(name):
            yield value
        else:
            yield from _iter_named_secrets(value, depth - 1)


def _find_in_form(text: str) -> set[str]:
    """Return the values of a form, or of the query of an address, with names of secrets."""
    pairs = parse_qsl(text, keep_blank_values=True, errors="replace")
    return {value for name, value in pairs if PARAMETER_NAME.search(name)}


def _find_in_header(value: str) -> set[str]:
    """Return a header's value without its scheme, and the name and password within."""
    scheme, _, credentials = value.strip().rpartition(" ")
    if scheme.lower() != SCHEME_WITH_PASSWORD:
        return {credentials}
    try:
        text = base64.b64decode(credentials).decode("utf-8", "replace")
    except (binascii.Error, ValueError):
        return {credentials}
    user, _, password = text.partition(":")
    return {credentials, text, user, password}


def _decode_header(value: object) -> str:
    """Return a header's value as a text; requests also takes bytes."""
    return value.decode("latin-1") if isinstance(value, bytes) else str(value)
