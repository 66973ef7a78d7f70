"""The HTTP client given to plugins: declared hosts only, total deadline, size limit, and errors that can be read."""

import datetime as dt
import ipaddress
import json
import re
from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal
from email.utils import parsedate_to_datetime
from typing import Any

import requests
from requests.adapters import BaseAdapter
from requests.structures import CaseInsensitiveDict
from urllib3.exceptions import LocationParseError
from urllib3.util import Url, parse_url

from hub import exchange
from hub.clock import Clock
from hub.config import Config
from hub.errors import HostNotAllowed, NeedsAttention, Refused, Retry

MOST_BYTES = 100 * 2**20
LONGEST_WAIT = 86400.0
MOVED = (301, 302, 303, 307, 308)
PORTS = {"https": 443, "http": 80}
SECRET_NAME = re.compile(r"auth|key|token|secret|passw|signature|session|cookie|code", re.IGNORECASE)
PLAIN_HEADERS = {
    "accept",
    "accept-encoding",
    "accept-language",
    "content-type",
    "user-agent",
    "if-none-match",
    "prefer",
}


class AppHttp:
    """The way of one app to its source; `refused` is told of every host it may not call."""

    def __init__(
        self,
        app: str,
        hosts: Iterable[str],
        settings: Mapping[str, Any],
        config: Config,
        clock: Clock,
        mounts: Mapping[str, BaseAdapter],
        refused: Callable[[str, str], object] = lambda app, host: None,
        most_bytes: int = MOST_BYTES,
    ) -> None:
        self._app, self._config, self._clock, self._mounts = app, config, clock, mounts
        self._hosts = tuple(filter(None, (_declared(host, settings) for host in hosts)))
        self._session = exchange.open_session(mounts)
        self._told, self._most_bytes = refused, most_bytes

    def request(
        self,
        method: str,
        url: str,
        *,
        params: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
        json: Any = None,
        data: Any = None,
        auth: tuple[str, str] | None = None,
    ) -> "Reply":
        """Sends one request and reads the whole answer."""
        if json is not None:
            headers, data = {"Content-Type": "application/json", **(headers or {})}, encode(json)
        call = Call(self._app, method.upper(), url, params or {}, headers or {}, auth)
        try:
            asked = requests.Request(call.method, url, params=params, headers=headers, data=data, auth=auth)
            prepared = self._session.prepare_request(asked)
        except (requests.RequestException, ValueError) as error:
            raise Refused(f"{call} cannot be sent: {call.clean(str(error))}.") from None
        self._check_place(prepared)
        return self._judge(call, self._send(call, prepared))

    def _check_place(self, prepared: requests.PreparedRequest) -> None:
        url = _parse(prepared.url or "")
        place = _place(url)
        in_process = any((prepared.url or "").startswith(prefix) for prefix in self._mounts)
        scheme_fits = url.scheme == "https" or in_process or self._is_listed(*place)
        if url.auth or not scheme_fits or not any(_matches(pattern, place) for pattern in self._hosts):
            self._refuse(place[0])

    def _is_listed(self, host: str, port: int) -> bool:
        return host in self._config.allow_hosts or f"{host}:{port}" in self._config.allow_hosts

    def _is_permitted(self, host: str, port: int, address: str) -> bool:
        return self._is_listed(host.lower().rstrip("."), port) or is_public(address)

    def _refuse(self, host: str) -> None:
        self._told(self._app, host)
        raise HostNotAllowed(self._app, host)

    def _send(self, call: "Call", prepared: requests.PreparedRequest) -> exchange.Answer:
        seconds = self._config.deadline_seconds
        try:
            return exchange.fetch(
                self._session, prepared, seconds=seconds, clock=self._clock,
                most_bytes=self._most_bytes, permitted=self._is_permitted,
            )  # fmt: skip
        except exchange.NotPermitted:
            self._refuse(call.host)
            raise
        except exchange.TooLarge:
            raise Refused(
                f"{call} answered with more than {self._most_bytes:,} bytes; that much is not read."
            ) from None
        except requests.exceptions.SSLError as error:
            raise NeedsAttention(
                f"{call.host} has no certificate that can be trusted ({call.clean(_cause(error))})."
                f" Check the address in the settings of {call.app}, or tell whoever runs it."
            ) from None
        except requests.Timeout:
            raise Retry(
                f"{call.host} did not answer {call.app} within {seconds:g} seconds; it is tried again."
            ) from None
        except (requests.RequestException, OSError, ValueError) as error:
            raise Retry(
                f"{call.app} could not reach {call.host} ({call.clean(_cause(error))}); it is tried again."
            ) from None

    def _judge(self, call: "Call", answer: exchange.Answer) -> "Reply":
        after = wait_of(answer.headers, self._clock.now())
        if answer.status == 429:
            raise Retry(f"{call.host} asks {call.app} to slow down; it is tried again.", after)
        if answer.status >= 500:
            raise Retry(f"{call.host} cannot answer {call.app} now (status {answer.status}); it is tried again.", after)
        if answer.status in MOVED:
            raise NeedsAttention(
                f"{call} answered that it has moved{_moved_to(answer.headers)}."
                f" Put its present address into the settings of {call.app}."
            )
        return Reply(call, answer)


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
        parsed = _parse(url)
        self.app, self.method, self.host = app, method, parsed.host or "an address that cannot be read"
        self.path = "/".join(_masked(part) for part in (parsed.path or "/").split("/"))
        self._secrets = sorted(_secrets_of(parsed, params, headers, auth), key=len, reverse=True)

    def __str__(self) -> str:
        return f"{self.host} ({self.method} {self.path})"

    def clean(self, text: str) -> str:
        for secret in self._secrets:
            text = text.replace(secret, "***")
        return text


class Reply:
    """An HTTP answer of which the whole body was read."""

    def __init__(self, call: Call, answer: exchange.Answer) -> None:
        self._call = call
        self.status, self.body = answer.status, answer.body
        self.headers: Mapping[str, str] = CaseInsensitiveDict(answer.headers)

    def json(self) -> Any:
        """The body as JSON, numbers with a point as Decimal."""
        try:
            return json.loads(self.body, parse_float=Decimal, parse_constant=_refuse_constant)
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
        if self.status in (404, 410):
            raise Refused(f"{call} does not exist there (status {self.status}){said}.")
        raise Refused(f"{call} was refused with status {self.status}{said}.")

    def _said(self) -> str:
        text = " ".join(self._call.clean(_message(self)).split())
        return f": “{text[:200]}{'…' if len(text) > 200 else ''}”" if text else ""


def encode(value: Any) -> bytes:
    """JSON with each Decimal as the number it is."""
    return json.dumps(value, default=_number, allow_nan=False, ensure_ascii=False).encode()


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


def is_public(address: str) -> bool:
    """Whether an address belongs to the open internet, also where one is wrapped in another."""
    ip: Any = ipaddress.ip_address(address.partition("%")[0])
    inner = None
    if ip.version == 6:
        inner = ip.ipv4_mapped or ip.sixtofour or (ip.teredo and ip.teredo[1])
        if ip in ipaddress.ip_network("64:ff9b::/96"):
            inner = ipaddress.ip_address(int(ip) & 0xFFFFFFFF)
    if inner:
        return is_public(str(inner))
    return bool(ip.is_global and not ip.is_multicast and not ip.is_reserved)


def _number(value: Any) -> Any:
    if not isinstance(value, Decimal):
        raise TypeError(f"{type(value).__name__} cannot be sent as JSON")
    plain = int(value) if value == value.to_integral_value() else float(value)
    if Decimal(repr(plain)) != value:
        raise ValueError(f"{value} has more digits than a JSON number carries")
    return plain


def _refuse_constant(name: str) -> None:
    raise ValueError(name)


def _parse(url: str) -> Url:
    try:
        return parse_url(url)
    except (LocationParseError, ValueError):
        return Url()


def _place(url: Url) -> tuple[str, int]:
    return (url.host or "").lower().strip("[]").rstrip("."), url.port or PORTS.get(url.scheme or "", 0)


def _declared(host: str, settings: Mapping[str, Any]) -> tuple[str, int] | None:
    text = re.sub(r"\{(\w+)\}", lambda found: str(settings.get(found[1]) or ""), host).strip()
    url = _parse(text if "://" in text else f"https://{text}")
    return _place(url) if url.host else None


def _matches(pattern: tuple[str, int], place: tuple[str, int]) -> bool:
    name, host = pattern[0], place[0]
    fits = host.endswith(name[1:]) if name.startswith("*.") else host == name
    return fits and pattern[1] == place[1]


def _masked(part: str) -> str:
    return "…" if len(part) > 24 else part


def _secrets_of(
    url: Url, params: Mapping[str, Any], headers: Mapping[str, str], auth: tuple[str, str] | None
) -> set[str]:
    queried = [pair.partition("=") for pair in (url.query or "").split("&")]
    found = [str(value) for name, value in params.items() if SECRET_NAME.search(str(name))]
    found += [value for name, _, value in queried if SECRET_NAME.search(name)]
    for name, value in headers.items():
        if name.lower() not in PLAIN_HEADERS:
            found += [str(value), str(value).rpartition(" ")[2]]
    return {text for text in (*found, *(auth or ()), url.auth or "") if len(text) > 3}


def _cause(error: BaseException) -> str:
    reason = error
    while inner := (getattr(reason, "reason", None) or reason.__cause__ or reason.__context__):
        if not isinstance(inner, BaseException):
            break
        reason = inner
    text = re.sub(r"<[^>]*>:? ?", "", str(reason)).strip("() .") or type(reason).__name__
    return re.sub(r"^\w+\(.*?\): ", "", text)


def _moved_to(headers: Mapping[str, str]) -> str:
    target = _parse(headers.get("Location") or "")
    return f" to {target.scheme}://{target.host}" if target.host else ""


def _message(reply: Reply) -> str:
    if "html" in reply.headers.get("Content-Type", ""):
        return ""
    try:
        said: Any = json.loads(reply.body)
    except (ValueError, RecursionError):
        return reply.body[:400].decode("utf-8", "replace")
    for name in ("message", "error_description", "detail", "error", "title", "errors"):
        if isinstance(said, dict) and said.get(name):
            said = said[name]
    return said if isinstance(said, str) else json.dumps(said)[:400]
