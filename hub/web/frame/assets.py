"""Assets of the pages: addresses that change with their content, and compressed answers.

A browser keeps an asset for a year, because a new version has another address. Only assets are
compressed: pages hold tokens, and the length of a compressed page could give them away.
"""

import gzip
import hashlib
from functools import lru_cache
from pathlib import Path
from typing import Any

from flask import Flask, Response, current_app, request

from hub.web.frame import layout

VERSION = "v"  # the argument that holds the digest of the content
DIGEST_LENGTH = 12
YEAR_SECONDS = 365 * 86_400
COMPRESSED_TYPES = ("text/css", "text/javascript", "image/svg+xml")
HTMX_ENDPOINT = "frame.htmx"
STATIC_ENDPOINTS = ("frame.static", "bootstrap.static")


def init_app(app: Flask) -> None:
    """Give assets versioned addresses, and compress their answers."""
    app.url_defaults(_add_version)
    app.after_request(_compress)


def _add_version(endpoint: str, values: dict[str, Any]) -> None:
    """Add the digest of an asset to its address."""
    path = _find_path(endpoint, values)
    if path is not None and path.is_file():
        values[VERSION] = _compute_digest(path)


def _compress(response: Response) -> Response:
    """Compress an asset for browsers that take it, and let them keep it if it has its version."""
    path = _find_path(request.endpoint or "", request.view_args or {})
    if path is None or response.status_code not in (200, 304):
        return response
    if request.args.get(VERSION) == _compute_digest(path):
        response.headers["Cache-Control"] = f"public, max-age={YEAR_SECONDS}, immutable"
    if response.mimetype not in COMPRESSED_TYPES:
        return response
    response.vary.add("Accept-Encoding")
    if response.status_code == 200 and request.accept_encodings["gzip"]:
        response.close()  # the file is not read
        response.direct_passthrough = False
        response.set_data(_compress_file(path))
        response.content_encoding = "gzip"
        response.set_etag(f"{_compute_digest(path)}-gzip")
        response.make_conditional(request)
    return response


def _find_path(endpoint: str, values: dict[str, Any]) -> Path | None:
    """Return the file of an asset; None for every other address."""
    if endpoint == HTMX_ENDPOINT:
        return Path(layout.HTMX, "htmx.min.js")
    if endpoint not in STATIC_ENDPOINTS:
        return None
    folder = current_app.blueprints[endpoint.partition(".")[0]].static_folder
    return Path(str(folder), str(values.get("filename", "")))


@lru_cache
def _compute_digest(path: Path) -> str:
    """Return the start of the SHA-256 of a file, in hexadecimal digits."""
    return hashlib.sha256(path.read_bytes()).hexdigest()[:DIGEST_LENGTH]


@lru_cache
def _compress_file(path: Path) -> bytes:
    """Return the compressed content of a file."""
    return gzip.compress(path.read_bytes(), mtime=0)
