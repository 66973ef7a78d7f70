"""Tests of a hub, QuickBooks and CostTracker as processes: each approved invoice is posted once."""

import json
from collections import Counter

import pytest

from tests.support.runs.tiers import FULL

DOCUMENTS, POSTED = (120, 90) if FULL else (40, 25)
STATES = ("posted", "held", "review", "waiting", "unknown", "skipped", "withdrawn")
# calls of a sync besides its documents: tokens, lists, company, and one search per kind at the
# start
SETUP = 25


@pytest.mark.proof
@pytest.mark.row("CT-S30")
@pytest.mark.end_to_end
def test_approved_documents_are_posted_once_and_the_sums_agree(hub, stand_in):
    costtracker = stand_in("costtracker", "--documents", str(DOCUMENTS), "--seed", "3")
    hub.connect()
    hub.enable(costtracker)
    hub.quickbooks.ask("log", method="DELETE")
    code, report, errors = hub.sync()
    app, books = report["apps"]["costtracker"], hub.quickbooks.ask("books")
    assert (code, app["documents"]) == (3, sum(app[state] for state in STATES)), errors
    assert app["posted"] > POSTED
    assert all(
        sums["source"] == sums["posted"] == sums["quickbooks"] for sums in app["sums"].values()
    )
    _each_held_one_has_its_case(hub, report)
    _each_posted_one_has_its_receipt(costtracker, app)
    _each_cost_one_write_and_no_read(hub, app)
    hub.quickbooks.pass_time(7200)  # the access token has expired meanwhile
    code, report, _ = hub.sync()
    assert (code, report["apps"]["costtracker"]["requests"]["writes"]) == (3, 0)
    assert _lasting(hub.quickbooks.ask("books")) == _lasting(books)


def _lasting(books):
    """Return the books without the addresses of files, which expire."""
    files = [file for company in books.values() for file in company.get("Attachable", ())]
    return [file.pop("TempDownloadUri") for file in files] and books


def _each_held_one_has_its_case(hub, report):
    held_ids = {row["id"] for row in json.loads(hub.run("outbox", "--state", "held", "--json"))}
    assert held_ids <= {posting for case in report["cases"] for posting in case["postings"]}


def _each_posted_one_has_its_receipt(costtracker, app):
    statuses = costtracker.ask("books")["statuses"].values()
    assert sum(receipts[-1]["state"] == "posted" for receipts in statuses) == app["posted"]


def _each_cost_one_write_and_no_read(hub, app):
    requests = [
        (request["call"], request["status"]) for request in hub.quickbooks.ask("log")["requests"]
    ]
    landed = [call for call, status in requests if call.endswith(".create") and status == 200]
    uploads = [call for call, _ in requests if call == "upload"]
    assert len(landed) == app["posted"]
    assert len(requests) - len(landed) - len(uploads) < SETUP, Counter(requests)
