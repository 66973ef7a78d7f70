"""The adapter keeps the pool of a server, and only as long as it is that of the next request."""

from collections.abc import Iterator
from typing import Any

import pytest
import requests

from hub.http import deadline
from hub.http.adapter import LimitedAdapter
from tests.support.servers.raw_server import RawServer, answer_at_once, self_signed

SECONDS = 20.0


@pytest.fixture
def adapter() -> Iterator[LimitedAdapter]:
    new_adapter = LimitedAdapter(pool_connections=1)
    yield new_adapter
    new_adapter.close()


@pytest.fixture
def serve(request) -> Any:
    def start(body: bytes, **options: Any) -> RawServer:
        server = RawServer(answer_at_once("200 OK", body), **options)
        request.addfinalizer(server.close)
        return server

    return start


def get(adapter: LimitedAdapter, url: str, **options: Any) -> bytes:
    prepared = requests.Request("GET", url).prepare()
    with deadline.limit_time(SECONDS), adapter.send(prepared, timeout=SECONDS, **options) as answer:
        return answer.content


def test_servers_that_take_turns_are_not_confused(adapter, serve):
    one, other = serve(b"one"), serve(b"other")
    bodies = [get(adapter, f"{server.url}/bills") for server in (one, other, one, one)]
    assert bodies == [b"one", b"other", b"one", b"one"]
    assert (one.connections, other.connections) == (2, 1)


def test_a_closed_adapter_opens_new_connections(adapter, serve):
    server = serve(b"here")
    get(adapter, server.url)
    adapter.close()
    assert get(adapter, server.url) == b"here"
    assert server.connections == 2


def test_the_same_server_is_called_directly_and_through_a_proxy(adapter, serve):
    server, proxy = serve(b"direct"), serve(b"through the proxy")
    proxies = {"http": proxy.url}
    bodies = [get(adapter, f"{server.url}/a", proxies=chosen) for chosen in ({}, proxies, {})]
    assert bodies == [b"direct", b"through the proxy", b"direct"]
    assert proxy.heads[0].startswith(f"GET {server.url}/a HTTP/1.1")
    assert server.heads[0].startswith("GET /a HTTP/1.1")


def test_an_unverified_call_does_not_open_a_server_to_verified_ones(adapter, serve, tmp_path):
    server = serve(b"here", tls=self_signed(tmp_path))
    with pytest.warns(match="Unverified"):
        assert get(adapter, server.url, verify=False) == b"here"
    with pytest.raises(requests.exceptions.SSLError):
        get(adapter, server.url)
