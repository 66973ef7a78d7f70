"""One HTTP request and its whole response, limited in time and size and never redirected."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import requests
from requests.adapters import BaseAdapter
from urllib3.exceptions import HTTPError, NewConnectionError

from hub.clock import Clock
from hub.errors import Sentence
from hub.http import deadline, network_errors

CHUNK_BYTES = 65536
TOO_LATE = Sentence("the answer did not end in time")


class ExchangeError(Exception):
    """No whole response came.

    `may_have_sent` is False only if it is certain that no byte of the request left this machine.
    """

    def __init__(self, reason: str, *, may_have_sent: bool) -> None:
        super().__init__(reason)
        self.may_have_sent = may_have_sent


class DeadlinePassed(ExchangeError):
    """The exchange was not over by its deadline."""


class TooLarge(ExchangeError):
    """The response is larger than may be read."""


@dataclass(frozen=True, slots=True)
class HttpResponse:
    """The whole response of a server."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def content_type(self) -> str:
        """Return the media type of the body as the server states it."""
        return self.headers.get("Content-Type", "")


def fetch(
    adapter: BaseAdapter,
    request: requests.PreparedRequest,
    *,
    seconds: float,
    clock: Clock,
    max_bytes: int,
    connect_seconds: float = deadline.CONNECT_SECONDS,
    is_permitted: deadline.Permitted | None = None,
    before_sending: deadline.BeforeSending | None = None,
    options: Mapping[str, Any] | None = None,
) -> HttpResponse:
    """Send a request once and read the whole response; raise ExchangeError or NotPermitted.

    `is_permitted` decides which addresses may be called. `before_sending` is called over a network
    as soon as the connection is open; if it raises, nothing is sent. `options` are further
    arguments of the adapter, such as its proxies.
    """
    until = clock.monotonic() + seconds
    timeout = (min(connect_seconds, seconds), seconds)
    with deadline.limit_time(seconds, is_permitted, before_sending) as guard:
        try:
            response = adapter.send(request, stream=True, timeout=timeout, **(options or {}))
            with response:
                body = _read_body(response, clock, until, max_bytes)
        except (requests.RequestException, HTTPError, OSError, ValueError) as error:
            is_late = guard.expired or isinstance(error, requests.Timeout)
            error_class = DeadlinePassed if is_late else ExchangeError
            # A socket that the hub cut itself looks as if the other side had closed it.
            text = TOO_LATE if guard.expired else network_errors.describe(error)
            raise error_class(text, may_have_sent=_may_have_sent(guard, error)) from error
        # Headers that end where the connection was cut look complete to the standard library.
        if guard.expired:
            raise DeadlinePassed(TOO_LATE, may_have_sent=True)
    return HttpResponse(response.status_code, response.headers, body)


def _read_body(response: requests.Response, clock: Clock, until: float, max_bytes: int) -> bytes:
    """Read the body; raise TooLarge or DeadlinePassed as soon as it passes a limit."""
    parts = []
    size = 0
    for part in response.raw.stream(CHUNK_BYTES, decode_content=True):
        parts.append(part)
        size += len(part)
        if size > max_bytes:
            raise TooLarge(
                Sentence(
                    "the answer is larger than %(count)s bytes",
                    count=max_bytes,
                ),
                may_have_sent=True,
            )
        if clock.monotonic() > until:
            raise DeadlinePassed(TOO_LATE, may_have_sent=True)
    return b"".join(parts)


def _may_have_sent(guard: deadline.RequestGuard, error: Exception) -> bool:
    """Return whether a byte of the request may have left; in doubt it may."""
    if not guard.may_have_sent:
        return False
    cause = error.args[0] if error.args else None
    reason = getattr(cause, "reason", None)
    return not isinstance(reason, NewConnectionError)
