"""The HTTP client given to plugins: declared hosts only, total deadline, size limit, and errors that can be read."""

import json
import re
import ssl
from collections.abc import Callable, Collection, Iterable, Mapping
from decimal import Decimal
from typing import Any, NoReturn

import requests
from requests.adapters import BaseAdapter

from hub.clock import Clock
from hub.config import Config
from hub.errors import HostNotAllowed, HubError, NeedsAttention, Refused, Retry, TooOften
from hub.http import deadline, exchange
from hub.http.allowlist import Hosts, parse
from hub.http.response import Call, Reply, wait_of

MOST_BYTES = 100 * 2**20
MOVED = (301, 302, 303, 307, 308)


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
        self._app, self._config, self._clock = app, config, clock
        self._hosts = Hosts(hosts, settings, config.allow_hosts, mounts)
        self._session = exchange.open_session(mounts)
        self._told, self._most_bytes = refused, most_bytes
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
    ) -> Reply:
        """Send one request and read the whole answer; statuses in `answers` are the source's own way to say no."""
        if json is not None:
            headers, data = {"Content-Type": "application/json", **(headers or {})}, encode(json)
        call = Call(self._app, method.upper(), url, params or {}, headers or {}, auth)
        try:
            asked = requests.Request(
                call.method, url, params=params, headers=headers, data=data, auth=auth
            )
            prepared = self._session.prepare_request(asked)
        except (requests.RequestException, ValueError):
            raise Refused(
                f"{call} cannot be sent: its address or a header of it is not valid."
            ) from None
        if not self._hosts.permit(prepared.url or ""):
            self._refuse(parse(prepared.url or "").host or call.host)
        return self._judge(call, self._send(call, prepared), answers)

    def _refuse(self, host: str) -> NoReturn:
        self._told(self._app, host)
        raise HostNotAllowed(self._app, host)

    def _send(self, call: Call, prepared: requests.PreparedRequest) -> exchange.Answer:
        seconds = self._config.deadline_seconds
        self.calls += 1
        try:
            return exchange.fetch(
                self._session, prepared, seconds=seconds, clock=self._clock,
                most_bytes=self._most_bytes, permitted=self._hosts.permit_address,
            )  # fmt: skip
        except deadline.NotPermitted:
            self._refuse(call.host)
        except exchange.TooLarge:
            raise Refused(
                f"{call} answered with more than {self._most_bytes:,} bytes, which is not read."
            ) from None
        except requests.Timeout:
            raise Retry(
                f"{call.host} did not answer {call.app} within {seconds:g} seconds; it is tried again."
            ) from None
        except (requests.RequestException, OSError, ValueError) as error:
            raise _unreachable(call, _root(error)) from None

    def _judge(self, call: Call, answer: exchange.Answer, answers: Collection[int]) -> Reply:
        after = wait_of(answer.headers, self._clock.now())
        if answer.status in answers:
            return Reply(call, answer)
        if answer.status == 429:
            raise TooOften(call.host, call.app, after)
        if answer.status >= 500:
            raise Retry(
                f"{call.host} cannot answer {call.app} now (status {answer.status}); it is tried again.",
                after,
            )
        if answer.status in MOVED:
            raise NeedsAttention(
                f"{call} answered that it has moved{_moved_to(answer.headers)}."
                f" Put its present address into the settings of {call.app}."
            )
        return Reply(call, answer)


def encode(value: Any) -> bytes:
    """JSON with each Decimal as the number it is."""
    return json.dumps(value, default=_number, allow_nan=False, ensure_ascii=False).encode()


def _number(value: Any) -> Any:
    if not isinstance(value, Decimal):
        raise TypeError(f"{type(value).__name__} cannot be sent as JSON")
    plain = int(value) if value == value.to_integral_value() else float(value)
    if Decimal(repr(plain)) != value:
        raise ValueError(f"{value} has more digits than a JSON number carries")
    return plain


def _unreachable(call: Call, root: BaseException) -> HubError:
    said = (
        re.sub(r"^\[[^]]*\] |<[^>]*>:? ?|\(_ssl\.c:\d+\)", "", str(root)).strip(" .")
        or type(root).__name__
    )
    if isinstance(root, ssl.SSLCertVerificationError):
        return NeedsAttention(
            f"{call.host} has no certificate that can be trusted ({call.clean(said)})."
            f" Check the address in the settings of {call.app}, or tell whoever runs it."
        )
    return Retry(f"{call.app} could not reach {call.host} ({call.clean(said)}); it is tried again.")


def _root(error: BaseException) -> BaseException:
    inner = getattr(error, "reason", None) or error.__cause__ or error.__context__
    return _root(inner) if isinstance(inner, BaseException) else error


def _moved_to(headers: Mapping[str, str]) -> str:
    target = parse(headers.get("Location") or "")
    return f" to {target.scheme}://{target.host}" if target.host else ""
