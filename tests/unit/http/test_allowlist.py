"""Hosts that an app may call: only declared ones, and by default none inside the network."""

import pytest

from hub.errors import HostNotAllowed, Refused, Retry
from hub.http import deadline
from hub.http.allowlist import Hosts, is_public
from tests.support.servers.raw_server import answer_at_once


@pytest.fixture
def recorded_calls(monkeypatch):
    """Record calls instead of making them; every name has a public address."""
    places = []
    monkeypatch.setattr(
        deadline.socket,
        "getaddrinfo",
        lambda host, port, **_: [(2, 1, 6, "", ("93.184.215.14", port))],
    )

    def dial(connection, guard, place):
        places.append((connection.host, place[4]))
        raise ConnectionRefusedError("not really called")

    monkeypatch.setattr(deadline, "_open_socket", dial)
    return places


SETTINGS = {
    "base_url": "https://ct.example.com:8443/api",
    "zone": "webservices5.autotask.net",
    "empty": "",
}


@pytest.mark.parametrize(
    ("declared", "url"),
    [
        ("api.example.com", "https://api.example.com/v1"),
        ("api.example.com", "https://API.Example.COM./v1"),
        ("api.example.com:9443", "https://api.example.com:9443/v1"),
        ("*.autotask.net", "https://webservices5.autotask.net/atservicesrest"),
        ("*.autotask.net", "https://a.b.autotask.net/"),
        ("{base_url}", "https://ct.example.com:8443/other/path"),
        ("{zone}", "https://webservices5.autotask.net/"),
    ],
)
def test_a_declared_host_is_called(make_http, recorded_calls, declared, url):
    with pytest.raises(Retry, match="not really called"):
        make_http(declared, settings=SETTINGS).request("GET", url)
    assert len(recorded_calls) == 1


HOSTILE = [
    "https://other.example.com/",
    "https://example.com/",
    "https://api.example.com.evil.test/",
    "https://evil.test/api.example.com",
    "https://evil.test#api.example.com",
    "https://evil.test?api.example.com",
    "https://evil.test\\@api.example.com/",
    "https://api.example.com@evil.test/",
    "https://evil.test:443@127.0.0.1/",
    "https://ann:pw@api.example.com/",
    "https://api.example.com:8443/",
    "https://api.example.com:22/",
    "http://api.example.com/",
    "ftp://api.example.com/",
    "file:///etc/passwd",
    "gopher://api.example.com/",
    "//api.example.com/",
    "api.example.com/",
    "https:///",
    "https://",
    "",
    "https://[::1]/",
    "https://[::ffff:7f00:1]/",
    "https://localhost/",
    "https://127.0.0.1/",
    "https://127.1/",
    "https://2130706433/",
    "https://0x7f000001/",
    "https://0177.0.0.1/",
    "https://0/",
    "https://169.254.169.254/latest/meta-data/",
    "https://metadata.google.internal/",
    "https://10.0.0.1/",
    "https://192.168.1.1/",
    "https://172.16.0.1/",
    "https://100.64.0.1/",
    "https://[fd00::1]/",
    "https://[fe80::1%25eth0]/",
    "https://autotask.net/",
    "https://xautotask.net/",
    "https://autotask.net.evil.test/",
    "https://ct.example.com/",
    "https://ct.example.com:443/",
    "https://api.example.com\u3002evil.test/",
    "https://\u0430pi.example.com/",
    "https://api.example.com%2eevil.test/",
    "https://api%2eexample%2ecom.evil.test/",
    "https://api.example.com%00.evil.test/",
    "https://api.example.com\t.evil.test/",
    "https://api.example.com:99999/",
    "https://.api.example.com/",
    "https://*.autotask.net.evil.test/",
    "javascript:alert(1)",
    "data:text/plain,hi",
    "unix:///var/run/docker.sock",
    "http+unix://%2fvar%2frun%2fdocker.sock/",
    "https://1.1.1.1/",
    "https://[2606:4700::1111]/",
    "https://example.com:443#@api.example.com/",
    "https://evil.test/?u=https://api.example.com",
    "https://evil.test;api.example.com/",
]


@pytest.mark.parametrize("url", HOSTILE)
def test_any_other_address_is_refused(make_http, recorded_calls, url):
    http = make_http(
        "api.example.com", "*.autotask.net", "{base_url}", "{empty}", "{unknown}", settings=SETTINGS
    )
    with pytest.raises(Refused):
        http.request("GET", url)
    assert recorded_calls == []


PRIVATE = [
    "127.0.0.1",
    "127.8.8.8",
    "0.0.0.0",
    "10.1.2.3",
    "172.16.5.5",
    "192.168.0.1",
    "169.254.169.254",
    "100.64.0.1",
    "192.0.0.1",
    "198.18.0.1",
    "224.0.0.1",
    "240.0.0.1",
    "255.255.255.255",
    "::1",
    "::",
    "fe80::1",
    "fe80::1%eth0",
    "fc00::1",
    "fd12::1",
    "ff02::1",
    "::ffff:127.0.0.1",
    "::ffff:10.0.0.1",
    "64:ff9b::7f00:1",
    "64:ff9b::a00:1",
    "2002:7f00:1::",
    "2002:a00:1::",
    "2001:db8::1",
    "::ffff:169.254.169.254",
    "fec0::1",
    "feff::1",
    "3fff::1",
    "5f00::1",
    "100::1",
    "64:ff9b:1::808:808",
    "2001:470::5efe:7f00:1",
    "2001:470::200:5efe:a00:1",
    "::7f00:1",
    "::ffff:0:127.0.0.1",
    "192.0.0.8",
    "192.0.0.11",
    "192.0.0.170",
    "192.88.99.1",
    "168.63.129.16",
    "::ffff:168.63.129.16",
    "64:ff9b::a83f:8110",
    "192.0.0.192",
    "100.100.100.200",
    "169.254.169.253",
    "169.254.170.2",
    "fd00:ec2::254",
    "fd20:ce::254",
]


@pytest.mark.parametrize("address", PRIVATE)
def test_a_declared_name_that_leads_inside_is_refused(make_http, monkeypatch, address):
    monkeypatch.setattr(
        deadline.socket, "getaddrinfo", lambda host, port, **_: [(2, 1, 6, "", (address, port))]
    )
    messages = []
    with pytest.raises(HostNotAllowed, match=r"The address api\.example\.com is private"):
        make_http("api.example.com", on_refused=lambda *what: messages.append(what)).request(
            "GET", "https://api.example.com/"
        )
    assert messages == [("CostTracker", "api.example.com")]


@pytest.mark.parametrize(
    "address",
    [
        "93.184.215.14",
        "8.8.8.8",
        "168.63.129.17",
        "192.0.0.9",
        "192.0.0.10",
        "192.0.1.1",
        "2606:4700::1111",
        "64:ff9b::808:808",
        "2002:808:808::",
        "2001:470::5efe:808:808",
    ],
)
def test_an_address_of_the_open_internet_is_public(address):
    assert is_public(address)


def test_the_tables_of_hostile_addresses_are_long_enough(figure):
    """Check the length of both tables that the tests above read."""
    assert len(set(HOSTILE)) == len(HOSTILE)
    assert len(set(PRIVATE)) == len(PRIVATE)
    figure("hostile URLs refused without a call", len(HOSTILE), 60)
    figure("names that lead to an address inside refused", len(PRIVATE), 50)


def test_a_refused_host_is_recorded_in_the_audit_log(make_http, recorded_calls):
    messages = []
    with pytest.raises(
        HostNotAllowed, match=r"CostTracker tried to call evil\.test, which it does not declare"
    ):
        make_http("api.example.com", on_refused=lambda *what: messages.append(what)).request(
            "GET", "https://evil.test/"
        )
    assert messages == [("CostTracker", "evil.test")]


@pytest.mark.parametrize(
    ("url", "sentence"),
    [
        (
            "http://10.0.0.5:8080/v1",
            "The address 10.0.0.5 is called without https. Allow it in HUB_ALLOW_HOSTS_FILE",
        ),
        (
            "http://10.0.0.5:9090/v1",
            "CostTracker declares 10.0.0.5, but tried to call it at another",
        ),
        ("http://10.0.0.6:8080/v1", "tried to call 10.0.0.6, which it does not declare."),
        ("http://me@10.0.0.5:8080/v1", "tried to call 10.0.0.5, which it does not declare."),
    ],
)
def test_the_sentence_says_what_a_declared_address_lacks(make_http, url, sentence):
    http = make_http("{u}", settings={"u": "http://10.0.0.5:8080"})
    with pytest.raises(HostNotAllowed) as caught:
        http.request("GET", url)
    assert sentence in caught.value.text


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "[::1]"])
def test_the_sentence_names_the_setting_for_stand_ins_of_this_machine(make_http, host):
    address = f"http://{host}:9000"
    with pytest.raises(HostNotAllowed, match="Allow it in HUB_ALLOW_LOOPBACK if"):
        make_http("{u}", settings={"u": address}).request("GET", address)


@pytest.mark.parametrize("line", ["127.0.0.1", "127.0.0.1:{port}"])
def test_the_operator_may_open_a_private_plain_address(make_http, serve, line):
    server = serve(answer_at_once("200 OK", b"inside"))
    http = make_http("{u}", settings={"u": server.url}, allow=[line.format(port=server.port)])
    assert http.request("GET", server.url).body == b"inside"


@pytest.mark.parametrize("line", ["::1", "[::1]", "[::1]:8080"])
def test_an_address_of_the_newer_kind_is_opened_as_it_is_written(line):
    hosts = Hosts(["{u}"], {"u": "http://[::1]:8080"}, {line})
    assert hosts.permit("http://[::1]:8080/v1")
    assert hosts.permit_address("::1", 8080, "::1")
    assert not hosts.permit("http://[::1]:8081/v1")


def test_an_opened_port_opens_no_other_port(make_http, serve):
    server = serve(answer_at_once("200 OK"))
    with pytest.raises(HostNotAllowed):
        make_http("{u}", settings={"u": server.url}, allow=["127.0.0.1:1"]).request(
            "GET", server.url
        )


def test_a_host_that_the_operator_allows_must_still_be_declared(make_http, serve):
    server = serve(answer_at_once("200 OK"))
    with pytest.raises(HostNotAllowed):
        make_http("api.example.com", allow=["127.0.0.1"]).request("GET", server.url)
