"""Addresses within the hub that a redirect or a link leads back to."""

import re

from flask import request

LOCAL_PATH = re.compile(r"/(?![/\\])[^\x00-\x20\\]*")


def local_path(destination: str) -> str:
    """Return a path of this hub; "/" for an address that could lead elsewhere."""
    return destination if LOCAL_PATH.fullmatch(destination) else "/"


def page_before() -> str:
    """Return the address of the page that led here, as far as the browser tells; else ""."""
    own = request.host_url
    referrer = request.referrer or ""
    if not referrer.startswith(own):
        return ""
    destination = local_path("/" + referrer.removeprefix(own))
    is_this_page = request.method == "GET" and destination == request.full_path.rstrip("?")
    return "" if is_this_page else destination
