"""Addresses within the hub that a redirect or a link leads back to, and the redirect itself."""

import re
from typing import cast
from urllib.parse import quote

from flask import Response, g, redirect, request, url_for

# Characters of an address to come back to, as it is sent. It is a part of the address of a
# redirect, and nginx by default refuses an answer whose headers exceed a page of memory (4 KB).
LONGEST_DESTINATION = 2000
LOCAL_PATH = re.compile(r"/(?![/\\])[^\x00-\x20\\]*")


def local_path(destination: str) -> str:
    """Return a path of this hub; "/" for an address that could lead elsewhere or is too long."""
    is_local = LOCAL_PATH.fullmatch(destination) is not None
    return destination if is_local and _fits(destination) else "/"


def current_address() -> str:
    """Return the address of this page, to come back to it; without a query that is too long."""
    address = request.full_path.rstrip("?")
    return address if _fits(address) else local_path(request.path)


def page_address(anchor: str = "") -> str:
    """Return the address of this page for a form that leads back to it, to a place on it."""
    address = current_address()
    return f"{address}#{anchor}" if anchor else address


def document_address(document_id: int) -> str:
    """Return the address of the page of a document; a list has many, and builds only the first."""
    if "document_prefix" not in g:
        g.document_prefix = url_for("documents.one", document_id=0).removesuffix("0")
    return f"{g.document_prefix}{document_id}"


def page_before() -> str:
    """Return the address of the page that led here, as far as the browser tells; else ""."""
    own = request.host_url
    referrer = request.referrer or ""
    if not referrer.startswith(own):
        return ""
    destination = local_path("/" + referrer.removeprefix(own))
    is_this_page = request.method == "GET" and destination == request.full_path.rstrip("?")
    return "" if is_this_page else destination


def list_before(address: str) -> str:
    """Return the address of a list, with its filters and page if one came from there."""
    before = page_before()
    return before if before.partition("?")[0] == address else address


def send_to(page: str) -> Response:
    """Redirect to a page.

    htmx gets its own header, because it would put the page into the part that it renews.
    """
    if request.headers.get("HX-Request"):
        return Response("", headers={"HX-Redirect": page})
    return cast(Response, redirect(page))


def _fits(destination: str) -> bool:
    """Return whether an address is short enough for a redirect that leads back to it."""
    return len(quote(destination)) <= LONGEST_DESTINATION
