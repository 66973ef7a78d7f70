"""One HTTP request and its whole answer, for those who do not trust the server."""

from collections.abc import Mapping
from dataclasses import dataclass
from http.cookiejar import DefaultCookiePolicy

import requests
from requests.adapters import BaseAdapter

from hub.clock import Clock
from hub.http import deadline

CHUNK = 65536
NO_COOKIES = DefaultCookiePolicy(allowed_domains=[])


class DeadlinePassed(requests.Timeout):
    """The exchange was not over by its deadline."""


class TooLarge(requests.RequestException):
    """The answer is larger than may be read."""


@dataclass(frozen=True, slots=True)
class Answer:
    """The whole answer of a server."""

    status: int
    headers: Mapping[str, str]
    body: bytes


def open_session(mounts: Mapping[str, BaseAdapter]) -> requests.Session:
    """A session that follows nothing of its surroundings: no proxy, no netrc, no cookie, no redirect by itself."""
    session = requests.Session()
    session.trust_env = False
    session.cookies.set_policy(NO_COOKIES)
    session.headers.update({"User-Agent": "qbo-hub"})
    session.mount("https://", deadline.Adapter(pool_maxsize=20))
    session.mount("http://", deadline.Adapter(pool_maxsize=20))
    for prefix, adapter in mounts.items():
        session.mount(prefix, adapter)
    return session


def fetch(
    session: requests.Session,
    request: requests.PreparedRequest,
    *,
    seconds: float,
    clock: Clock,
    most_bytes: int | None = None,
    permitted: deadline.Permitted | None = None,
) -> Answer:
    """Send once and read all, no redirects; raise as requests does, DeadlinePassed, TooLarge or NotPermitted."""
    ends, late = (
        clock.monotonic() + seconds,
        DeadlinePassed(f"no whole answer within {seconds:g} s", request=request),
    )
    with deadline.within(seconds, permitted) as guard:
        try:
            timeout = (min(deadline.CONNECT_SECONDS, seconds), seconds)
            response = session.send(request, stream=True, timeout=timeout, allow_redirects=False)
            with response:
                body = _read(response, clock, ends, most_bytes)
        except (requests.RequestException, OSError, ValueError) as error:
            if not guard.expired:
                raise
            raise late from error
        # Headers that end where the line was cut look whole to the standard library.
        if guard.expired:
            raise late
    return Answer(response.status_code, response.headers, body)


def _read(response: requests.Response, clock: Clock, ends: float, most_bytes: int | None) -> bytes:
    parts, size = [], 0
    for part in response.iter_content(CHUNK):
        parts.append(part)
        size += len(part)
        if most_bytes is not None and size > most_bytes:
            raise TooLarge(f"more than {most_bytes} bytes", request=response.request)
        if clock.monotonic() > ends:
            raise DeadlinePassed("the answer dripped past its deadline", request=response.request)
    return b"".join(parts)
