"""Tests of one kind of fault at a time between a hub and two independent servers.

The servers share no code with the hub, which runs as a new process for each sync. The fault lasts
for a few syncs, then the server behaves. In the end each invoice is in the books once, to the cent,
and no case is left: nobody had to press anything.
"""

import json
import re
import signal
import time
from collections import Counter
from decimal import Decimal

import pytest

from tests.e2e.independent import IndependentServer
from tests.support.processes.command_processes import KEYS
from tests.support.runs.tiers import by_form

INVOICES = by_form(small=20, full=20, long=60)
# After each 429 without Retry-After the hub waits for many seconds; a sync has four minutes.
BURSTS_WITHOUT_TIME = by_form(small=1, full=1, long=3)
FAULTY_SYNCS = 3
SYNCS_TO_RECOVER = 25
SECONDS = 0.6  # total time limit of a call to QuickBooks
LIMITS = {
    "HUB_DEADLINE_SECONDS": str(SECONDS),
    "HUB_LEASE_SECONDS": str(SECONDS * 1.5),
    "HUB_QUIET_SECONDS": str(SECONDS * 2),
    "HUB_QBO_PER_SECOND": "100",
}
MARKER = re.compile(r"\[hub:([A-Z2-7]{12})\]")

QUICKBOOKS_FAULTS = {
    "answers are lost": {"lose": 0.3},
    "connections are reset": {"reset": 0.3},
    "answers come after the time limit": {"stall": 0.1},
    "requests are carried out after the connection ended": {"late": 0.15},
    "bursts of 429 with Retry-After": {"burst": 0.1, "long": 0},
    "bursts of 429 without Retry-After": {"burst": 0.1, "long": BURSTS_WITHOUT_TIME},
    "every tenth answer is 503": {"unavailable": 0.1},
    "a maintenance page with status 200": {"web_page": 0.2},
    "one 401 per twenty calls": {"unauthorized_every": 20},
    "two 401 in a row per twenty calls": {"unauthorized_every": 20, "unauthorized_in_a_row": 2},
    "five 401 in a row per twenty calls": {"unauthorized_every": 20, "unauthorized_in_a_row": 5},
    "the token endpoint answers 500": {"token_errors": 3},
    "the answer with a new token is lost": {"lost_tokens": 1},
    "all of it at once": {"lose": 0.1, "reset": 0.1, "late": 0.03, "burst": 0.02, "web_page": 0.05},
}
COSTTRACKER_FAULTS = (
    "not_found",
    "other_web_server",
    "login_page",
    "server_error",
    "unavailable",
    "throttled",
    "hangs_up",
    "truncated",
    "expired_tokens",
    "slow",
    "repeated_rows",
    "receipts_refused",
    "lost_receipts",
)


@pytest.fixture
def quickbooks(tmp_path):
    """Start the independent server in place of the stand-in that ships with the hub."""
    folder = tmp_path / "quickbooks"
    folder.mkdir()
    server = IndependentServer("independent_quickbooks.py", folder, folder)
    yield server
    server.stop()


@pytest.fixture
def costtracker(tmp_path):
    """Start the independent CostTracker server."""
    server = IndependentServer("independent_costtracker.py", tmp_path, INVOICES)
    yield server
    server.stop()


@pytest.fixture
def hub_with_costtracker(hub, quickbooks, costtracker):
    """Return a connected hub with CostTracker enabled."""
    hub.environ |= LIMITS
    hub.connect()
    hub.enable(costtracker, payable_account="33", **KEYS_OF_COSTTRACKER)
    return hub


KEYS_OF_COSTTRACKER = {name: KEYS[name] for name in ("client_id", "client_secret", "zone")}


@pytest.mark.proof(small=1)
@pytest.mark.parametrize("fault", QUICKBOOKS_FAULTS)
def test_everything_is_posted_after_quickbooks_recovers(
    hub_with_costtracker, quickbooks, costtracker, fault
):
    # Five sends without an answer would hold a document for a person.
    quickbooks.ask("mischief", {"most_a_document": 3, **QUICKBOOKS_FAULTS[fault]})
    for _ in range(FAULTY_SYNCS):
        hub_with_costtracker("sync", "--json")
    quickbooks.ask("mischief", {"seed": 2})
    sync_until_posted(hub_with_costtracker)
    check_books(quickbooks, costtracker)
    assert reported_states(costtracker) == {"posted"}


@pytest.mark.proof(small=1)
@pytest.mark.parametrize("fault", COSTTRACKER_FAULTS)
def test_everything_is_posted_after_costtracker_recovers(
    hub_with_costtracker, quickbooks, costtracker, fault
):
    costtracker.ask("fault", {"kind": fault})
    for _ in range(FAULTY_SYNCS):
        hub_with_costtracker("sync", "--json")
    costtracker.ask("fault", {"kind": ""})
    sync_until_posted(hub_with_costtracker)
    check_books(quickbooks, costtracker)
    # A receipt that met the fault is repeated after a pause longer than this test.
    assert reported_states(costtracker) <= {"posted", "queued", None}


@pytest.mark.proof(small=1)
@pytest.mark.parametrize("seconds", [0.2, 0.5, 1.0, 2.0])
def test_everything_is_posted_after_the_hub_is_killed(
    hub_with_costtracker, quickbooks, costtracker, seconds
):
    """Kill a sync after some seconds, three times in a row."""
    for _ in range(FAULTY_SYNCS):
        started = hub_with_costtracker.fork_server.start(
            "sync", environ=hub_with_costtracker.environ
        )
        time.sleep(seconds)
        assert hub_with_costtracker.fork_server.kill(started) in (-signal.SIGKILL, 0, 3, 4, 5)
    sync_until_posted(hub_with_costtracker)
    check_books(quickbooks, costtracker)
    assert reported_states(costtracker) == {"posted"}


def sync_until_posted(hub):
    """Sync until every invoice is posted and no case is open, without any action of a person."""
    for _ in range(SYNCS_TO_RECOVER):
        code, report, errors = hub.sync()
        app = report.get("apps", {}).get("costtracker", {})
        cases = json.loads(hub.run("cases", "--json"))
        if code == 0 and app.get("posted") == INVOICES and not cases:
            return
    raise AssertionError(f"exit code {code}, {report}, {errors}, cases: {cases}")


def check_books(quickbooks, costtracker):
    """Check that each invoice is in the books once with its amount."""
    bills = [row for row in quickbooks.ask("books")["Bill"] if row.get("status") != "Deleted"]
    invoices = costtracker.ask("invoices")
    amounts = {row["invoice_number"]: Decimal(row["net"]) for row in invoices}
    assert Counter(row["DocNumber"] for row in bills) == Counter(list(amounts))
    assert {row["DocNumber"]: row["TotalAmt"] for row in bills} == amounts
    assert len({MARKER.search(row["PrivateNote"])[1] for row in bills}) == INVOICES


def reported_states(costtracker):
    """Return the states reported to CostTracker for its invoices."""
    return {row["told"].get("state") for row in costtracker.ask("invoices")}
