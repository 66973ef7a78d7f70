"""A source's answer to an app, and how a call is told to a person without any secret of it."""

import datetime as dt
import json
import re
from collections.abc import Mapping
from email.utils import parsedate_to_datetime
from typing import Any

from requests.structures import CaseInsensitiveDict
from urllib3.util import Url

from hub import exact_json
from hub.errors import NeedsAttention, Refused, Retry
from hub.http.allowlist import parse
from hub.http.exchange import HttpResponse

LONGEST_WAIT = 86400.0
LONGEST_PART = 24
PLAIN_HEADERS = (
    "accept",
    "accept-encoding",
    "accept-language",
    "content-type",
    "user-agent",
    "if-none-match",
    "prefer",
)
SECRET_NAME = re.compile(
    r"auth|key|token|secret|passw|signature|session|cookie|code", re.IGNORECASE
)
MESSAGE_KEYS = ("message", "error_description", "detail", "error", "title", "errors")


class Call:
    """One request as it may be told to a person: no query, long path parts masked, none of its secrets repeated."""

    def __init__(
        self,
        app: str,
        method: str,
        url: str,
        params: Mapping[str, Any],
        headers: Mapping[str, str],
        auth: tuple[str, str] | None,
    ) -> None:
        parsed = parse(url)
        self.app, self.method, self.host = (
            app,
            method,
            parsed.host or "an address that cannot be read",
        )
        parts = (parsed.path or "/").split("/")
        self.path = "/".join("…" if len(part) > LONGEST_PART else part for part in parts)
        self._secrets = sorted(_secrets_of(parsed, params, headers, auth), key=len, reverse=True)

    def __str__(self) -> str:
        return f"{self.host} ({self.method} {self.path})"

    def clean(self, text: str) -> str:
        """The text without any secret that was sent."""
        for secret in self._secrets:
            text = text.replace(secret, "***")
        return text


class Reply:
    """An HTTP answer of which the whole body was read."""

    def __init__(self, call: Call, response: HttpResponse) -> None:
        self._call = call
        self.status = response.status
        self.body = response.body
        self.headers: Mapping[str, str] = CaseInsensitiveDict(response.headers)
        self.not_found = self.status in (404, 410) and _is_of_an_api(self.body)

    def json(self) -> Any:
        """The body as JSON, numbers with a point as Decimal."""
        try:
            return exact_json.parse(self.body)
        except (ValueError, RecursionError):
            kind = self.headers.get("Content-Type", "no content type").partition(";")[0]
            raise Retry(
                f"{self._call} answered with something that is not JSON ({kind}, {len(self.body):,} bytes);"
                " it is tried again."
            ) from None

    def check(self) -> "Reply":
        """Itself when the status is below 400; else NeedsAttention (401, 403), Refused (4xx) with a sentence."""
        if self.status < 400:
            return self
        call, said = self._call, self._said()
        if self.status == 401:
            raise NeedsAttention(
                f"{call.host} did not accept the sign-in of {call.app}{said}. Check its keys in Settings."
            )
        if self.status == 403:
            raise NeedsAttention(
                f"{call} is not allowed to the account of {call.app}{said}. Give the account that right at the source."
            )
        if self.status in (404, 410) and not self.not_found:
            raise Refused(
                f"{call} does not exist there (status {self.status}), and the answer is not that of"
                f" an API. Check the address in the settings of {call.app}."
            )
        if self.status in (404, 410):
            raise Refused(f"{call} does not exist there (status {self.status}){said}.")
        raise Refused(f"{call} was refused with status {self.status}{said}.")

    def _said(self) -> str:
        text = "" if "html" in self.headers.get("Content-Type", "") else _message(self.body)
        text = " ".join(self._call.clean(text).split())
        return f": “{text[:200]}{'…' if len(text) > 200 else ''}”" if text else ""


def _is_of_an_api(body: bytes) -> bool:
    """Return whether a refusal is JSON or empty; another web server sends a page or a line of text."""
    try:
        return not body.strip() or isinstance(exact_json.parse(body), dict)
    except (ValueError, RecursionError):
        return False


def wait_of(headers: Mapping[str, str], now: dt.datetime) -> float | None:
    """The seconds that Retry-After asks for, given as seconds or as a date; None if it does not say."""
    text = str(headers.get("Retry-After") or "").strip()
    if re.fullmatch(r"\d+(\.\d+)?", text):
        return min(float(text), LONGEST_WAIT)
    try:
        when = parsedate_to_datetime(text)
    except (ValueError, TypeError):
        return None
    when = when if when.tzinfo else when.replace(tzinfo=dt.UTC)
    return min(max(0.0, (when - now).total_seconds()), LONGEST_WAIT)


def _secrets_of(
    url: Url, params: Mapping[str, Any], headers: Mapping[str, str], auth: tuple[str, str] | None
) -> set[str]:
    """Return the texts of a request that may not appear in an error."""
    texts = [*(auth or ()), url.auth or ""]
    for name, value in params.items():
        if SECRET_NAME.search(str(name)):
            texts.append(str(value))
    for pair in (url.query or "").split("&"):
        name, _, value = pair.partition("=")
        if SECRET_NAME.search(name):
            texts.append(value)
    for name, value in headers.items():
        if name.lower() not in PLAIN_HEADERS:
            texts += [str(value), str(value).rpartition(" ")[2]]
    return {text for text in texts if len(text) > 3}


def _message(body: bytes) -> str:
    """Return the message in an error response, or the beginning of the response."""
    try:
        content: Any = json.loads(body)
    except (ValueError, RecursionError):
        return body[:1000].decode("utf-8", "replace")
    while name := _message_key(content):
        content = content[name]
    if isinstance(content, str):
        return content
    if isinstance(content, list) and all(isinstance(text, str) for text in content):
        return " ".join(content)
    return json.dumps(content, ensure_ascii=False)[:1000]


def _message_key(content: Any) -> str:
    """Return the first key under which an object carries its message."""
    if not isinstance(content, dict):
        return ""
    return next((name for name in MESSAGE_KEYS if content.get(name)), "")
