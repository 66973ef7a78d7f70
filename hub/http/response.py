"""The answer of a source to an app, and a description of the call without its secrets."""

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

MAX_WAIT_SECONDS = 86400.0
MAX_PATH_PART_LENGTH = 24
MAX_QUOTE_LENGTH = 200
MAX_MESSAGE_LENGTH = 1000
MIN_SECRET_LENGTH = 4
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
    """A request, described without its query, long parts of its path and its secrets."""

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
        self.app = app
        self.method = method
        self.host = parsed.host or "an address that cannot be read"
        parts = (parsed.path or "/").split("/")
        self.path = "/".join("…" if len(part) > MAX_PATH_PART_LENGTH else part for part in parts)
        secrets = _secrets_of(parsed, params, headers, auth)
        self._secrets = sorted(secrets, key=len, reverse=True)

    def __str__(self) -> str:
        return f"{self.host} ({self.method} {self.path})"

    def clean(self, text: str) -> str:
        """Mask every secret of the request in a text."""
        for secret in self._secrets:
            text = text.replace(secret, "***")
        return text


class Reply:
    """The whole answer to a request."""

    def __init__(self, call: Call, response: HttpResponse) -> None:
        self._call = call
        self.status = response.status
        self.body = response.body
        self.headers: Mapping[str, str] = CaseInsensitiveDict(response.headers)
        self.not_found = self.status in (404, 410) and _is_of_an_api(self.body)

    def json(self) -> Any:
        """Return the body as JSON, with decimal numbers as Decimal."""
        try:
            return exact_json.parse(self.body)
        except (ValueError, RecursionError):
            kind = self.headers.get("Content-Type", "no content type").partition(";")[0]
            raise Retry(
                f"{self._call} answered with something that is not JSON"
                f" ({kind}, {len(self.body):,} bytes); it is tried again."
            ) from None

    def check(self) -> "Reply":
        """Return the reply if its status is below 400, else raise NeedsAttention or Refused."""
        if self.status < 400:
            return self
        call = self._call
        message = self._quote()
        if self.status == 401:
            raise NeedsAttention(
                f"{call.host} did not accept the sign-in of {call.app}{message}."
                " Check its keys in Settings."
            )
        if self.status == 403:
            raise NeedsAttention(
                f"{call} is not allowed to the account of {call.app}{message}."
                " Give the account that right at the source."
            )
        if self.status in (404, 410) and not self.not_found:
            raise Refused(
                f"{call} does not exist there (status {self.status}), and the answer is not that of"
                f" an API. Check the address in the settings of {call.app}."
            )
        if self.status in (404, 410):
            raise Refused(f"{call} does not exist there (status {self.status}){message}.")
        raise Refused(f"{call} was refused with status {self.status}{message}.")

    def _quote(self) -> str:
        """Return the message of a refusal in quotation marks; "" if it has none."""
        if "html" in self.headers.get("Content-Type", ""):
            return ""
        text = " ".join(self._call.clean(_message(self.body)).split())
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


def wait_of(headers: Mapping[str, str], now: dt.datetime) -> float | None:
    """Return the seconds that Retry-After asks for, as a number or date; None without one."""
    text = str(headers.get("Retry-After") or "").strip()
    if re.fullmatch(r"\d+(\.\d+)?", text):
        return min(float(text), MAX_WAIT_SECONDS)
    try:
        when = parsedate_to_datetime(text)
    except (ValueError, TypeError):
        return None
    when = when if when.tzinfo else when.replace(tzinfo=dt.UTC)
    return min(max(0.0, (when - now).total_seconds()), MAX_WAIT_SECONDS)


def _secrets_of(
    url: Url, params: Mapping[str, Any], headers: Mapping[str, str], auth: tuple[str, str] | None
) -> set[str]:
    """Return the texts of a request that may not appear in an error."""
    credentials = [*(auth or ()), url.auth or ""]
    texts = [*credentials, *_secret_params(url, params), *_secret_headers(headers)]
    return {text for text in texts if len(text) >= MIN_SECRET_LENGTH}


def _secret_params(url: Url, params: Mapping[str, Any]) -> list[str]:
    """Return the values of parameters with names of secrets, also of those in the address."""
    pairs = [(str(name), str(value)) for name, value in params.items()]
    for pair in (url.query or "").split("&"):
        name, _, value = pair.partition("=")
        pairs.append((name, value))
    return [value for name, value in pairs if SECRET_NAME.search(name)]


def _secret_headers(headers: Mapping[str, str]) -> list[str]:
    """Return the values of headers that may be secret, and of each the part after its scheme."""
    texts = []
    for name, value in headers.items():
        if name.lower() not in PLAIN_HEADERS:
            texts += [str(value), str(value).rpartition(" ")[2]]
    return texts


def _message(body: bytes) -> str:
    """Return the message in an error response, or the beginning of the response."""
    try:
        content: Any = json.loads(body)
    except (ValueError, RecursionError):
        return body[:MAX_MESSAGE_LENGTH].decode("utf-8", "replace")
    while name := _message_key(content):
        content = content[name]
    if isinstance(content, str):
        return content
    if isinstance(content, list) and all(isinstance(text, str) for text in content):
        return " ".join(content)
    return json.dumps(content, ensure_ascii=False)[:MAX_MESSAGE_LENGTH]


def _message_key(content: Any) -> str:
    """Return the first key under which an object carries its message."""
    if not isinstance(content, dict):
        return ""
    return next((name for name in MESSAGE_KEYS if content.get(name)), "")
