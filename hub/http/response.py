"""The response of a source to an app, and a description of the call without its secrets."""

import datetime as dt
import json
import re
from collections.abc import Iterable, Mapping
from email.utils import parsedate_to_datetime
from typing import Any

from requests.structures import CaseInsensitiveDict
from urllib3.util import Url

from hub import exact_json
from hub.crypto.masking import SecretMask
from hub.errors import AddressUnusable, NeedsAttention, Refused, Retry, Sentence
from hub.http.allowlist import parse
from hub.http.exchange import HttpResponse

MAX_WAIT_SECONDS = 86400.0
RESET_HEADERS = ("RateLimit-Reset", "X-RateLimit-Reset", "X-Rate-Limit-Reset")
FIRST_MILLISECONDS = 1e11  # a larger number since 1970 counts milliseconds
MAX_PATH_PART_LENGTH = 24
MAX_QUOTE_LENGTH = 200
MAX_TYPE_LENGTH = 100
MAX_MESSAGE_LENGTH = 1000
MESSAGE_KEYS = ("message", "error_description", "detail", "error", "title", "errors")


class MaskedCall:
    """A request, described without its query, long parts of its path and its secrets."""

    __slots__ = ("_mask", "app", "host", "method", "path", "place")

    def __init__(self, app: str, method: str, url: str) -> None:
        parsed_url = parse(url)
        self.app = app
        self.method = method
        self.host = parsed_url.host or Sentence("an address that cannot be read")
        self.place = f"{self.host}:{parsed_url.port}" if parsed_url.port else self.host
        self.path = _shorten_path(parsed_url)
        self._mask = SecretMask()

    def __str__(self) -> str:
        """Return the host with method and path: example.com (GET /invoices)."""
        return self.clean(f"{self.host} ({self.method} {self.path})")

    def hide(self, secrets: Iterable[str]) -> None:
        """Mask these texts wherever the call or its response is described."""
        self._mask.add(secrets)

    def clean(self, text: str) -> str:
        """Replace every secret of the request and its response in a text by ***."""
        return self._mask.clean(text)


class HttpReply:
    """The whole response to a request."""

    __slots__ = ("_call", "body", "headers", "not_found", "status")

    def __init__(self, call: MaskedCall, response: HttpResponse) -> None:
        self._call = call
        self.status = response.status
        self.body = response.body
        self.headers: Mapping[str, str] = CaseInsensitiveDict(response.headers)
        # A 404 with a page of HTML comes from another web server, as for a wrong address.
        is_missing = self.status in (404, 410)
        self.not_found = is_missing and _is_of_an_api(self.body)

    def json(self) -> Any:
        """Return the body as JSON, with decimal numbers as Decimal."""
        try:
            return exact_json.parse_rows(self.body)
        except (ValueError, RecursionError):
            kind = self.headers.get("Content-Type", "no content type").partition(";")[0]
            kind = self._call.clean(kind[:MAX_TYPE_LENGTH])
            raise Retry(
                "%(call)s answered with something that is not JSON (%(kind)s, %(size)s bytes).",
                call=self._call,
                kind=kind,
                size=len(self.body),
            ) from None

    def check(self) -> "HttpReply":
        """Return the reply if its status is below 400, else raise NeedsAttention or Refused."""
        if self.status < 400:
            return self
        call = self._call
        message = self._quote()
        if self.status == 401:
            raise NeedsAttention(
                "%(host)s did not accept the sign-in of %(app)s%(message)s. Check its keys in "
                "Settings.",
                host=call.host,
                app=call.app,
                message=message,
            )
        if self.status == 403:
            raise NeedsAttention(
                "%(call)s is not allowed to the account of %(app)s%(message)s. Give the account "
                "that right at the source.",
                call=call,
                app=call.app,
                message=message,
            )
        if self.status in (404, 410) and not self.not_found:
            raise AddressUnusable(
                "%(call)s does not exist there (status %(status)s), and the answer is not that of "
                "an API. Check the address in the settings of %(app)s.",
                call=call,
                status=self.status,
                app=call.app,
            )
        if self.status in (404, 410):
            raise Refused(
                "%(call)s does not exist there (status %(status)s)%(message)s. Check whether it was"
                " deleted there, and the settings of %(app)s.",
                call=call,
                status=self.status,
                app=call.app,
                message=message,
            )
        raise Refused(
            "%(call)s was refused with status %(status)s%(message)s.",
            call=call,
            status=self.status,
            message=message,
        )

    def _quote(self) -> str:
        """Return the message of a refusal in quotation marks; "" if it has none."""
        if "html" in self.headers.get("Content-Type", ""):
            return ""
        message = self._call.clean(_find_message(self.body))
        text = " ".join(message.split())
        if not text:
            return ""
        ellipsis = "…" if len(text) > MAX_QUOTE_LENGTH else ""
        return f": “{text[:MAX_QUOTE_LENGTH]}{ellipsis}”"


def _is_of_an_api(body: bytes) -> bool:
    """Return whether a refusal is JSON or empty, unlike the page of another web server."""
    try:
        return not body.strip() or isinstance(exact_json.parse(body), dict)
    except (ValueError, RecursionError):
        return False


def parse_wait(headers: Mapping[str, str], now: dt.datetime | None) -> float | None:
    """Return the seconds that Retry-After asks for, as a number or date; None without one.

    A date counts only if the present time is known.
    """
    text = str(headers.get("Retry-After") or "").strip()
    if re.fullmatch(r"\d+(\.\d+)?", text):
        return min(float(text), MAX_WAIT_SECONDS)
    try:
        until = parsedate_to_datetime(text)
    except (ValueError, TypeError):
        return None
    if now is None:
        return None
    if until.tzinfo is None:
        until = until.replace(tzinfo=dt.UTC)
    seconds = (until - now).total_seconds()
    return min(max(0.0, seconds), MAX_WAIT_SECONDS)


def parse_limit_wait(headers: Mapping[str, str], now: dt.datetime) -> float | None:
    """Return the seconds that a response 429 asks to wait; None if it says nothing about that.

    Without Retry-After, a header of RESET_HEADERS says when the limit ends: in so many seconds, or
    at a moment as seconds or milliseconds since 1970.
    """
    wait = parse_wait(headers, now)
    texts = [headers[name].strip() for name in RESET_HEADERS if headers.get(name)]
    if wait is not None or not texts or not re.fullmatch(r"\d{1,13}(\.\d+)?", texts[0]):
        return wait
    seconds = float(texts[0])
    if seconds >= FIRST_MILLISECONDS:
        seconds /= 1000
    if seconds > MAX_WAIT_SECONDS:
        seconds -= now.timestamp()
    return min(max(0.0, seconds), MAX_WAIT_SECONDS)


def _shorten_path(url: Url) -> str:
    """Return the path with an ellipsis for each long part, which may be a key."""
    parts = []
    for part in (url.path or "/").split("/"):
        parts.append("…" if len(part) > MAX_PATH_PART_LENGTH else part)
    return "/".join(parts)


def _find_message(body: bytes) -> str:
    """Return the message in an error response, or the beginning of the response."""
    try:
        content: Any = json.loads(body)
    except (ValueError, RecursionError):
        return body[:MAX_MESSAGE_LENGTH].decode("utf-8", "replace")
    name = _find_message_key(content)
    while name:
        content = content[name]
        name = _find_message_key(content)
    if isinstance(content, str):
        return content
    if isinstance(content, list) and all(isinstance(text, str) for text in content):
        return " ".join(content)
    text = json.dumps(content, ensure_ascii=False)
    return text[:MAX_MESSAGE_LENGTH]


def _find_message_key(content: Any) -> str:
    """Return the first key under which an object carries its message; "" if it has none."""
    if not isinstance(content, dict):
        return ""
    for name in MESSAGE_KEYS:
        if content.get(name):
            return name
    return ""
