"""Name resolution within the deadline, shared by all that wait for it."""

import os
import socket
import threading
import time

import pytest

from hub.http import dns

ADDRESSES = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("192.0.2.1", 443))]


@pytest.fixture
def slow_resolver(monkeypatch):
    """Replace the system's name resolution by one that waits for an event.

    Provide the event and the hosts that were looked up.
    """
    gate, hosts = threading.Event(), []

    def find(host, port, **options):
        hosts.append(host)
        gate.wait(60)
        return ADDRESSES

    monkeypatch.setattr(socket, "getaddrinfo", find)
    yield gate, hosts
    gate.set()


def test_an_address_is_found():
    assert dns.resolve_addresses("127.0.0.1", 80, 5)[0][4] == ("127.0.0.1", 80)


def test_a_host_that_does_not_exist_is_an_error_of_the_system():
    with pytest.raises(OSError, match=r".") as error:
        dns.resolve_addresses("nobody.invalid", 80, 30)
    assert not isinstance(error.value, TimeoutError)


def test_silence_ends_in_time(slow_resolver):
    start = time.monotonic()
    with pytest.raises(TimeoutError, match=r"intuit\.test"):
        dns.resolve_addresses("intuit.test", 443, 0.05)
    assert time.monotonic() - start < 20


def test_while_one_look_up_hangs_no_other_is_begun_for_the_host(slow_resolver):
    gate, hosts = slow_resolver
    for _ in range(5):
        with pytest.raises(TimeoutError):
            dns.resolve_addresses("hanging.test", 443, 0.01)
    assert hosts == ["hanging.test"]
    gate.set()
    assert dns.resolve_addresses("hanging.test", 443, 5) == ADDRESSES


def test_a_forked_process_looks_up_for_itself(slow_resolver):
    with pytest.raises(TimeoutError):
        dns.resolve_addresses("forked.test", 443, 0.01)
    slow_resolver[0].set()
    child = os.fork()
    if child == 0:
        os._exit(0 if dns.resolve_addresses("forked.test", 443, 2) == ADDRESSES else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
