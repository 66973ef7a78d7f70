"""The client of a request: proxies are believed only where they are declared."""

from wsgiref.util import setup_testing_defaults

import pytest

from hub.web.request.client_address import MAX_HOPS, ClientAddress, Proxies, group

PROXY, OTHER_PROXY, CLIENT, FORGED = "192.0.2.1", "192.0.2.2", "203.0.113.9", "198.51.100.1"


@pytest.mark.parametrize(
    ("declared", "caller", "forwarded_for", "client"),
    [
        ([], PROXY, CLIENT, PROXY),
        ([PROXY], CLIENT, FORGED, CLIENT),
        ([PROXY], PROXY, "", PROXY),
        ([PROXY], PROXY, CLIENT, CLIENT),
        ([PROXY], PROXY, f"{FORGED}, {CLIENT}", CLIENT),
        ([PROXY], PROXY, f"{FORGED},{CLIENT},{OTHER_PROXY}", OTHER_PROXY),
        ([PROXY, OTHER_PROXY], PROXY, f"{FORGED},{CLIENT},{OTHER_PROXY}", CLIENT),
        (["192.0.2.0/24"], PROXY, f"{FORGED},{CLIENT},{OTHER_PROXY}", CLIENT),
        (["192.0.2.0/24"], PROXY, OTHER_PROXY, OTHER_PROXY),
        (["*"], PROXY, f"{FORGED}, {CLIENT}", CLIENT),
        (["*"], PROXY, f"{CLIENT}, {FORGED}", FORGED),
        ([PROXY], PROXY, f"{CLIENT}:51234", CLIENT),
        ([PROXY], PROXY, "[2001:db8::7]:443", "2001:db8::7"),
        ([PROXY], PROXY, '"[2001:db8::7]"', "2001:db8::7"),
        ([PROXY], f"::ffff:{PROXY}", f"::ffff:{CLIENT}", CLIENT),
        (["2001:db8:1::/48"], "2001:db8:1::5", "2001:db8:2::5%eth0", "2001:db8:2::5"),
    ],
)
def test_the_header_is_read_from_the_right_while_hops_are_declared(
    declared, caller, forwarded_for, client
):
    assert Proxies(declared).client(caller, forwarded_for) == client


@pytest.mark.parametrize(
    "malformed", ["unknown", "", " ", "300.1.1.1", "203.0.113.9 198.51.100.1", "\x00", "²", ":::"]
)
def test_a_malformed_address_ends_the_reading_of_the_header(malformed):
    proxies = Proxies([PROXY, OTHER_PROXY])
    assert proxies.client(PROXY, malformed) == PROXY
    assert proxies.client(PROXY, f"{FORGED},{malformed},{OTHER_PROXY}") == OTHER_PROXY


def test_an_overlong_header_is_read_from_its_end_only():
    proxies = Proxies([PROXY])
    assert proxies.client(PROXY, f"{FORGED}, " * 100_000 + CLIENT) == CLIENT
    assert proxies.client(PROXY, "x" * 100_000) == PROXY
    chain = ",".join([CLIENT] + [PROXY] * 2 * MAX_HOPS)
    assert proxies.client(PROXY, chain) == PROXY


def test_the_application_sees_one_address_and_no_other_word_of_a_proxy():
    environ = {
        "REMOTE_ADDR": PROXY,
        "HTTP_X_FORWARDED_FOR": CLIENT,
        "HTTP_X_FORWARDED_HOST": "evil.example.com",
        "HTTP_X_FORWARDED_PROTO": "https",
        "HTTP_FORWARDED": f"for={FORGED}",
        "HTTP_X_REAL_IP": FORGED,
    }
    setup_testing_defaults(environ)
    ClientAddress(lambda environ, start: [], Proxies([PROXY]))(environ, lambda *_: None)
    assert environ["REMOTE_ADDR"] == CLIENT
    assert [name for name in environ if "FORWARDED" in name or "REAL" in name] == []


@pytest.mark.parametrize(
    ("address", "same"),
    [
        (CLIENT, CLIENT),
        ("2001:db8:1:2:3::4", "2001:db8:1:2::/64"),
        ("2001:db8:1:2:ffff::", "2001:db8:1:2::/64"),
        (f"::ffff:{CLIENT}", CLIENT),
        ("", ""),
    ],
)
def test_limits_count_a_customer_of_a_provider_as_one(address, same):
    assert group(address) == same
