"""Tests of the first process of `hub serve` killed: the pages can be started again at their port.

A service manager starts the command again; here the test does so.
"""

import os
import signal
from pathlib import Path
from types import SimpleNamespace

import pytest

from tests.support.pages.patient_owner import PatientOwner
from tests.support.servers.cluster import Cluster, read_output, web_processes

ENDED = {"Z", "X"}  # states of processes that run no more


def is_running(pid: int) -> bool:
    """Return whether a process runs, and did not only leave its exit code."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return False
    return fields[0] not in ENDED


def serve_again(cluster: Cluster, port: str) -> SimpleNamespace:
    """Start the pages at a port, again and again until it is free, as a service manager does."""
    served: list[SimpleNamespace] = []

    def is_serving() -> bool:
        if not served or cluster.fork_server.poll(served[-1]) is not None:
            served.append(cluster.start(1, "serve", "--port", port, "--workers", "2"))
        return "The hub serves" in read_output(served[-1])

    cluster.wait(is_serving)
    return served[-1]


@pytest.mark.proof(small=0)
def test_pages_return_at_their_port_after_their_first_process_was_killed(cluster):
    served, address = cluster.start_pages(1)
    person = PatientOwner(address)
    person.log_in()
    children = web_processes(served)
    assert len(children) == 2

    os.kill(served.pid, signal.SIGKILL)
    cluster.wait(lambda: not any(is_running(pid) for pid in children))
    served = serve_again(cluster, address.rpartition(":")[2])
    person.browser.close()  # its connections to the killed processes
    cluster.wait(lambda: person.call("GET", "/readyz").status_code == 200, served)
    assert person.press("GET", "/documents").status_code == 200  # without logging in again
    assert not web_processes(served) & children
    cluster.terminate(served)


@pytest.mark.proof(small=0)
def test_a_service_manager_that_starts_the_pages_at_once_gets_the_port_in_the_end(cluster):
    served, address = cluster.start_pages(1)
    person = PatientOwner(address)
    os.kill(served.pid, signal.SIGKILL)
    served = serve_again(cluster, address.rpartition(":")[2])
    cluster.wait(lambda: person.call("GET", "/readyz").status_code == 200, served)
    cluster.terminate(served)
