"""The HTTP client given to plugins: only declared hosts, limits, and readable errors."""

import json
import re
import ssl
from collections.abc import Callable, Collection, Iterable, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, NamedTuple, NoReturn

import requests
from requests.adapters import BaseAdapter

from hub.clock import Clock
from hub.contract.web_addresses import LOOPBACK_HOSTS
from hub.errors import HostNotAllowed, HubError, NeedsAttention, Refused, Retry, TooOften
from hub.http import credentials, deadline, exchange
from hub.http.adapter import LimitedAdapter
from hub.http.allowlist import Hosts, parse
from hub.http.exchange import HttpResponse
from hub.http.response import HttpReply, MaskedCall, parse_limit_wait, parse_wait

MAX_RESPONSE_BYTES = 100 * 2**20
CONNECTIONS_PER_HOST = 20
REQUEST_TIMEOUT = 408  # the server gave the request up before it was complete
REDIRECT_STATUSES = (301, 302, 303, 307, 308)
# In the text of an error: its number, an object's name, a line of the interpreter's source.
TECHNICAL_PARTS = re.compile(r"^\[[^]]*\] |<[^>]*>:? ?|\(_ssl\.c:\d+\)")


class SentCall(NamedTuple):
    """A call that was sent to a source; `status` is None if no whole response came."""

    method: str
    host: str
    status: int | None
    seconds: float


def _no_stand_in(url: str) -> BaseAdapter | None:
    """Return no adapter: without stand-ins every request goes to the network."""
    return None


def _no_recording(call: MaskedCall, url: str, response: HttpResponse) -> None:
    """Record nothing of a response."""


@dataclass(frozen=True, kw_only=True, slots=True)
class HubFunctions:
    """The functions of the hub that the client of an app calls; without them, it is on its own.

    - `find_stand_in`: returns the adapter of a stand-in in this process for an address; None if
      there is none.
    - `open_slot`: returns a context in which one call may be sent; it waits for the rate of the
      source.
    - `on_refused`: called with the app and a host that it may not call.
    - `on_secrets`: called with the credentials of a request or of its response.
    - `on_call`: called with each call that was sent.
    - `on_response`: called with a call, its address and the whole response.
    - `on_throttled`: called with the seconds that a response 429 asks to wait.
    """

    find_stand_in: Callable[[str], BaseAdapter | None] = _no_stand_in
    open_slot: Callable[[], AbstractContextManager[object]] = nullcontext
    on_refused: Callable[[str, str], object] = lambda app, host: None
    on_secrets: Callable[[Iterable[str]], object] = lambda secrets: None
    on_call: Callable[[SentCall], object] = lambda call: None
    on_response: Callable[[MaskedCall, str, HttpResponse], object] = _no_recording
    on_throttled: Callable[[float], object] = lambda seconds: None


WITHOUT_HUB = HubFunctions()


class AppHttp:
    """The HTTP client of one app.

    A plugin holds it, so nothing in it gives access to keys, tokens or the database: it has the
    declared hosts, limits and a clock, and calls functions of the hub for everything else.
    `allowed_hosts` are those that the operator allows although they are private or without https.
    """

    __slots__ = (
        "_app",
        "_clock",
        "_hosts",
        "_hub",
        "_max_bytes",
        "_public_values",
        "_seconds",
        "_session",
        "calls",
    )

    def __init__(
        self,
        app: str,
        hosts: Iterable[str],
        settings: Mapping[str, Any],
        *,
        clock: Clock,
        seconds: float,
        allowed_hosts: Collection[str] = (),
        hub: HubFunctions = WITHOUT_HUB,
        max_bytes: int = MAX_RESPONSE_BYTES,
    ) -> None:
        self._app = app
        self._clock = clock
        self._seconds = seconds
        self._hosts = Hosts(hosts, settings, allowed_hosts)
        self._session = open_session()
        self._hub = hub
        # A user name, for example, is shown on pages and helps in an error.
        self._public_values = {str(value) for value in settings.values()}
        self._max_bytes = max_bytes
        self.calls = 0  # how many requests it has made

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
        answers: Collection[int] = (),
    ) -> HttpReply:
        """Send one request and return the whole response.

        `answers` are statuses that this source uses as ordinary responses.
        """
        if json is not None:
            headers = {"Content-Type": "application/json", **(headers or {})}
            data = encode(json)
        call = MaskedCall(self._app, method.upper(), url)
        request = requests.Request(
            call.method, url, params=params, headers=headers, data=data, auth=auth
        )
        try:
            prepared_request = self._session.prepare_request(request)
            address = prepared_request.url or ""
            stand_in = self._hub.find_stand_in(address)
            adapter = stand_in or self._session.get_adapter(address)
        except (requests.RequestException, ValueError):
            raise Refused(
                "%(call)s cannot be sent: its address or a header of it is not valid.", call=call
            ) from None
        headers, body = prepared_request.headers, prepared_request.body
        self._hide(call, credentials.find_request_secrets(address, headers, body))
        _check_headers(call, headers)
        if not self._hosts.permit(address, is_stand_in=stand_in is not None):
            lacks = self._explain_refused_address(address)
            self._refuse_host(call, parse(address).host or call.host, lacks=lacks)
        with self._hub.open_slot():
            response = self._send(call, adapter, prepared_request)
        self._hide(call, credentials.find_json_secrets(response.body))
        self._hub.on_response(call, address, response)
        return self._judge(call, response, answers)

    def _explain_refused_address(self, address: str) -> str:
        """Return "https" or "port", whichever an address lacks; "" if its host is not declared."""
        if self._hosts.declares(address):
            return "https"
        has_user = bool(parse(address).auth)
        return "port" if self._hosts.declares_host(address) and not has_user else ""

    def _hide(self, call: MaskedCall, secrets: Collection[str]) -> None:
        """Keep secrets out of the errors of this call and of all later ones.

        A value of the settings that are not secret stays readable.
        """
        hidden = set(secrets) - self._public_values
        if hidden:
            call.hide(hidden)
            self._hub.on_secrets(hidden)

    def _refuse_host(self, call: MaskedCall, host: str, *, lacks: str) -> NoReturn:
        """Announce that the app asked for a host that it may not call, and raise HostNotAllowed."""
        plain_host = call.clean(host)
        self._hub.on_refused(self._app, plain_host)
        is_local = plain_host.strip("[]") in LOOPBACK_HOSTS
        setting = "HUB_ALLOW_LOOPBACK" if is_local else "HUB_ALLOW_HOSTS_FILE"
        raise HostNotAllowed(self._app, plain_host, lacks=lacks, setting=setting)

    def _send(
        self, call: MaskedCall, adapter: BaseAdapter, prepared_request: requests.PreparedRequest
    ) -> HttpResponse:
        """Send the request; raise Retry, Refused or NeedsAttention if no whole response comes."""
        self.calls += 1
        began_at = self._clock.monotonic()
        status: int | None = None
        try:
            response = self._exchange(call, adapter, prepared_request)
            status = response.status
            return response
        finally:
            seconds = self._clock.monotonic() - began_at
            self._hub.on_call(SentCall(call.method, call.host, status, seconds))

    def _exchange(
        self, call: MaskedCall, adapter: BaseAdapter, prepared_request: requests.PreparedRequest
    ) -> HttpResponse:
        """Send the request and return the whole response."""
        seconds = self._seconds
        try:
            return exchange.fetch(
                adapter,
                prepared_request,
                seconds=seconds,
                clock=self._clock,
                max_bytes=self._max_bytes,
                is_permitted=self._hosts.permit_address,
            )
        except deadline.NotPermitted:
            self._refuse_host(call, call.host, lacks="public")
        except exchange.TooLarge:
            raise Refused(
                "%(call)s answered with more than %(max_bytes)s bytes, which is not read.",
                call=call,
                max_bytes=self._max_bytes,
            ) from None
        except exchange.DeadlinePassed:
            raise Retry(
                "%(host)s did not answer %(app)s within %(seconds)s seconds.",
                host=call.host,
                app=call.app,
                seconds=f"{seconds:g}",
            ) from None
        except exchange.ExchangeError as error:
            raise _build_unreachable_error(call, _find_root_cause(error)) from None

    def _judge(
        self, call: MaskedCall, response: HttpResponse, answers: Collection[int]
    ) -> HttpReply:
        """Return the response as a reply; raise an error for 408, 429, redirects and from 500 on.

        Other refusals are left to `Reply.check`, because they may be answers that a plugin expects.
        """
        status = response.status
        if status in answers:
            return HttpReply(call, response)
        now = self._clock.now()
        if status == 429:
            wait = parse_limit_wait(response.headers, now)
            self._hub.on_throttled(wait or 0.0)
            raise TooOften(call.host, call.app, wait)
        if status >= 500 or status == REQUEST_TIMEOUT:
            raise Retry(
                "%(host)s cannot answer %(app)s now (status %(status)s).",
                parse_wait(response.headers, now),
                host=call.host,
                app=call.app,
                status=status,
            )
        if status in REDIRECT_STATUSES:
            raise NeedsAttention(
                "%(call)s was redirected%(destination)s, where the hub does not follow. If %(app)s"
                " has a new address, enter it in the settings. If not, the plugin has to be"
                " corrected: tell its author.",
                call=call,
                destination=call.clean(_describe_redirect(response.headers)),
                app=call.app,
            )
        return HttpReply(call, response)


def _check_headers(call: MaskedCall, headers: Mapping[str, str]) -> None:
    """Raise NeedsAttention if a header has a character that no header can hold.

    An example is an invisible space, which is easily copied along with a token.
    """
    for name, value in headers.items():
        try:
            str(value).encode("latin-1")
        except UnicodeEncodeError:
            raise NeedsAttention(
                "The header %(header)s cannot be sent to %(host)s: its value has a character that"
                " no header can hold, perhaps one that was copied with it. Enter the value again"
                " in the settings of %(app)s.",
                header=name,
                host=call.host,
                app=call.app,
            ) from None


def open_session() -> requests.Session:
    """Return a session that uses no proxy and no netrc file of the environment."""
    session = requests.Session()
    session.trust_env = False
    session.headers.update({"User-Agent": "qbo-hub"})
    for prefix in ("https://", "http://"):
        session.mount(prefix, LimitedAdapter(pool_maxsize=CONNECTIONS_PER_HOST))
    return session


def encode(value: Any) -> bytes:
    """Return a value as JSON, each Decimal as a number with the same digits."""
    text = json.dumps(value, default=_convert_to_json_number, allow_nan=False, ensure_ascii=False)
    return text.encode()


def _convert_to_json_number(value: Any) -> Any:
    """Return a Decimal as a number that JSON writes alike; raise ValueError if there is none."""
    if not isinstance(value, Decimal):
        raise TypeError(f"{type(value).__name__} cannot be sent as JSON")
    is_whole = value == value.to_integral_value()
    number = int(value) if is_whole else float(value)
    if Decimal(repr(number)) != value:
        raise ValueError(f"{value} has more digits than a JSON number carries")
    return number


def _build_unreachable_error(call: MaskedCall, cause: BaseException) -> HubError:
    """Return the error for a host that cannot be reached, with the cause in plain words."""
    plain = TECHNICAL_PARTS.sub("", str(cause)).strip(" .")
    text = call.clean(plain or type(cause).__name__)
    if isinstance(cause, ssl.SSLCertVerificationError):
        return NeedsAttention(
            "%(host)s has no certificate that can be trusted (%(text)s). Check the address in "
            "the settings of %(app)s, or tell whoever runs it.",
            host=call.host,
            text=text,
            app=call.app,
        )
    if text.split()[0].istitle():
        text = f"{text[0].lower()}{text[1:]}"
    return Retry(
        "Can't reach %(app)s at %(place)s (%(text)s).", app=call.app, place=call.place, text=text
    )


def _find_root_cause(error: BaseException) -> BaseException:
    """Return the error with which it began, under the ones that libraries wrap around it."""
    inner = getattr(error, "reason", None) or error.__cause__ or error.__context__
    if isinstance(inner, BaseException):
        return _find_root_cause(inner)
    return error


def _describe_redirect(headers: Mapping[str, str]) -> str:
    """Return the host to which a redirect leads, as the end of a sentence; "" if none is named."""
    target = parse(headers.get("Location") or "")
    if not target.host:
        return ""
    return f" to {target.scheme}://{target.host}"
