"""The calls of a plugin to the API of its source, each with the same credentials."""

import datetime as dt
from collections.abc import Callable, Iterator, Mapping, Sequence
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import quote, urljoin, urlsplit

from hub.contract.dates import format_moment
from hub.contract.tokens import TokenCache
from hub.contract.types import Reply, Site
from hub.errors import Refused, Retry

CLOCK_TOLERANCE = dt.timedelta(minutes=10)  # by which the clock of a source may be slow
REDIRECTS = (301, 302, 303, 307, 308)
MAX_QUOTE_LENGTH = 200  # characters of an answer that an error repeats


class ApiClient:
    """Calls to one API, with a bearer token, HTTP Basic authentication or issued tokens.

    - `source`: the name of the source in errors.
    - `base_url`: the address of the API; by default the setting of this name.
    - `bearer`: a token that is sent with every call.
    - `basic`: a name and a password for HTTP Basic authentication.
    - `tokens`: issues the token of each call, such as ClientCredentials or RefreshToken.
    - `headers`: headers that are sent with every call.

    Credentials are only sent to addresses that begin with `base_url`.

        api = ApiClient(site, "Shed", bearer=site.secrets["token"])
        rental = api.find("/rentals/7")
    """

    def __init__(
        self,
        site: Site,
        source: str,
        *,
        base_url: str = "",
        bearer: str = "",
        basic: tuple[str, str] | None = None,
        tokens: TokenCache | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        self._http = site.http
        self._source = source
        self._base_url = base_url or site.settings["base_url"]
        self._basic = basic
        self._tokens = tokens
        self._headers = dict(headers or {})
        if bearer:
            self._headers |= _build_bearer_headers(bearer)
        self._site = site
        self.date = ""

    def get(self, path: str, **params: Any) -> Any:
        """Return the JSON at a path; parameters that are None are left out."""
        return self.call("GET", path, params=params).check().json()

    def find(self, path: str, **params: Any) -> Any:
        """Return the JSON at a path, or None if the source does not have it."""
        reply = self.call("GET", path, params=params)
        return None if reply.not_found else reply.check().json()

    def row_finder(
        self, path: str, envelope: str = "", **params: Any
    ) -> Callable[[Sequence[str]], Iterator[Any]]:
        """Return a function that finds the rows below a path by their ids: `find` of a SourceList.

        The row with the id 7 is at `path` and `/7`. With `envelope`, it is the field of this name
        in the response. `params` are sent with each call. For a row that does not exist, the
        function yields None.
        """

        def find(ids: Sequence[str]) -> Iterator[Any]:
            """Yield the row of each id, or None."""
            for id in ids:
                response = self.find(f"{path}/{quote(id, safe='')}", **params)
                yield response[envelope] if envelope and response is not None else response

        return find

    def confirm(self, reply: Reply, field: str) -> dict[str, Any]:
        """Return the JSON of a response to a write, which has this field if the source accepted it.

        A response without content is accepted, too, and returned as an empty object. Raise Retry
        for any other, such as an error with the status 200, or the page of another server.
        """
        answer = reply.json() if reply.check().body else None
        if answer is None or answer in ({}, []):
            return {}
        if isinstance(answer, dict) and field in answer:
            return answer
        raise Retry(
            "%(source)s does not say that it accepted what the hub wrote (%(answer)s). It is"
            " written again later.",
            source=self._source,
            answer=reply.body[:MAX_QUOTE_LENGTH].decode("utf-8", "replace"),
        )

    def download(self, path: str) -> bytes:
        """Return the bytes of a file at a path.

        If the source redirects to another server, such as a store of files, that is called without
        the credentials. Declare its host in App.hosts.
        """
        reply = self.call("GET", path, answers=REDIRECTS).check()
        if reply.status not in REDIRECTS:
            return reply.body
        target = reply.headers.get("Location")
        if not target:
            raise Retry("%(source)s redirects a file to no address.", source=self._source)
        target = urljoin(self._build_address(path), target)
        is_own = _is_within(target, self._base_url.rstrip("/"))
        send = self.call if is_own else self._http.request
        return send("GET", target).check().body

    def call(self, method: str, path: str, **request: Any) -> Reply:
        """Send a request and return the response unchecked; `request` has arguments of `site.http`.

        The path may also be a whole address that the source sent, such as a link to the next page.
        Raise Refused if it leads to another server, because that would get the credentials. `date`
        is then the time of the newest response by the source's clock, as text in UTC. If the source
        does not state it, `date` is an earlier time by the clock of the hub, which the source's
        clock has surely passed.
        """
        url = self._build_address(path)
        if self._tokens is None:
            reply = self._send(method, url, {}, request)
        else:
            reply = self._tokens.call(
                lambda token: self._send(method, url, _build_bearer_headers(token), request)
            )
        date = _parse_moment(reply.headers.get("Date", ""))
        self.date = date or self.date or format_moment(self._site.now - CLOCK_TOLERANCE)
        return reply

    def _send(
        self, method: str, url: str, access: Mapping[str, str], request: Mapping[str, Any]
    ) -> Reply:
        """Send a request with the headers of all calls, those of the access, and its own."""
        headers = {**self._headers, **access, **(request.get("headers") or {})}
        options = {"auth": self._basic, **request, "headers": headers}
        return self._http.request(method, url, **options)

    def _build_address(self, path: str) -> str:
        """Return the address of a path; that of the API itself without one."""
        base_url = self._base_url.rstrip("/")
        if not path:
            return self._base_url
        if "://" not in path.partition("?")[0]:
            separator = "" if path.startswith(("/", "?")) else "/"
            return f"{base_url}{separator}{path}"
        if not _is_within(path, base_url):
            raise Refused("%(source)s sent a link to another address.", source=self._source)
        return path


def _is_within(address: str, base_url: str) -> bool:
    """Return whether an address is that of an API, perhaps with a query, or lies below it.

    Scheme and host may be written in another case, as in what a person has typed.
    """
    try:
        link, base = urlsplit(address), urlsplit(base_url)
    except ValueError:
        return False
    if (link.scheme, link.netloc.lower()) != (base.scheme, base.netloc.lower()):
        return False
    return link.path == base.path or link.path.startswith(f"{base.path}/")


def _build_bearer_headers(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def _parse_moment(date: str) -> str:
    """Return the date of a response as a moment in UTC; "" if it is none."""
    try:
        moment = parsedate_to_datetime(date)
    except ValueError:
        return ""
    return f"{moment.astimezone(dt.UTC):%Y-%m-%dT%H:%M:%SZ}"
