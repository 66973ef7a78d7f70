"""The adapter of `requests` through which the hub calls other servers."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from requests import PreparedRequest, Response
from requests.adapters import HTTPAdapter
from urllib3.connectionpool import ConnectionPool

from hub.http.deadline import POOL_CLASSES


class _Server(NamedTuple):
    """A server, by scheme, host and port, and how its certificates are verified."""

    origin: str
    verify: bool | str | None
    cert: Any


class LimitedAdapter(HTTPAdapter):
    """The network, for use inside `limit_time`.

    For every request, `requests` looks up the pool of connections and the certificates again, and
    computes attributes of the response that `fetch` does not read, which takes a fifth of the time
    of a request. This adapter keeps the pool and computes nothing else.
    """

    _latest_pool: tuple[_Server, ConnectionPool] | None = None
    _verified_pool: ConnectionPool | None = None

    def init_poolmanager(self, *args: Any, **options: Any) -> None:
        """Make the pools of direct connections open sockets that the guard can cut."""
        super().init_poolmanager(*args, **options)
        self.poolmanager.pool_classes_by_scheme = POOL_CLASSES

    def proxy_manager_for(self, *args: Any, **options: Any) -> Any:
        """Return the pools of connections through a proxy, with sockets that the guard can cut."""
        manager = super().proxy_manager_for(*args, **options)
        manager.pool_classes_by_scheme = POOL_CLASSES
        return manager

    def get_connection_with_tls_context(
        self,
        request: PreparedRequest,
        verify: bool | str | None,
        proxies: Mapping[str, str] | None = None,
        cert: Any = None,
    ) -> ConnectionPool:
        """Return the pool of connections to the server of a request, or to its proxy."""
        if proxies:
            return super().get_connection_with_tls_context(request, verify, proxies, cert)
        server = _Server(_get_origin(request.url or ""), verify, cert)
        latest = self._latest_pool
        if latest and latest[0] == server:
            return latest[1]
        pool = super().get_connection_with_tls_context(request, verify, proxies, cert)
        self._latest_pool = (server, pool)
        return pool

    def cert_verify(self, conn: Any, url: str, verify: Any, cert: Any) -> None:
        """Set how the certificates of a pool are verified, once for each pool.

        Another setting has a pool of its own.
        """
        if conn is not self._verified_pool:
            super().cert_verify(conn, url, verify, cert)  # type: ignore[no-untyped-call]
            self._verified_pool = conn

    def request_url(self, request: PreparedRequest, proxies: Mapping[str, str] | None) -> str:
        """Return the address as it is sent: its path, or all of it to a proxy."""
        if proxies:
            return super().request_url(request, proxies)
        return request.path_url

    def build_response(self, request: PreparedRequest, raw: Any) -> Response:
        """Return a response with the attributes that `fetch` reads: status, headers, raw body."""
        response = Response()
        response.request = request
        response.url = request.url or ""
        response.status_code = raw.status
        response.headers = raw.headers
        response.raw = raw
        return response

    def close(self) -> None:
        """Close all connections."""
        self._latest_pool = None
        super().close()


def _get_origin(url: str) -> str:
    """Return scheme, host and port of an address, as they are written there."""
    host_start = url.find("://") + len("://")
    host_end = url.find("/", host_start)
    return url if host_end < 0 else url[:host_end]
