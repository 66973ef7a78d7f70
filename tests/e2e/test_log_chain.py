"""Test of a person's request followed through the logs, from the pages to calls to QuickBooks."""

import json
from collections import Counter

import pytest

from tests.support.pages.patient_owner import PatientOwner, hidden_value

JSON_LOG = {"HUB_LOG_FORMAT": "json", "HUB_LOG_LEVEL": "info"}
APP = "/installations/1/"
WRITE = "QuickBooks: POST"
REQUESTED = "A run was requested by "


def events_of(process, **fields):
    """Return the events in the log of a process that have these fields."""
    lines = [line for line in process.err.read_text().splitlines() if line.startswith("{")]
    events = [json.loads(line) for line in lines]
    return [event for event in events if fields.items() <= event.items()]


@pytest.mark.proof(small=0)
def test_a_request_is_followed_from_the_pages_over_the_run_to_the_call_to_quickbooks(cluster):
    for machine in cluster.machines:
        machine.environ |= JSON_LOG
    cluster.database.execute("UPDATE schedule SET next_due = now() + interval '1 day'")
    served, address = cluster.start_pages(1)
    person = PatientOwner(address)
    person.log_in()
    form = {"csrf_token": hidden_value(person.press("GET", APP), "csrf_token")}
    request_id = person.press("POST", f"{APP}run", data=form).headers["X-Request-ID"]
    worker = cluster.start_worker(0)
    cluster.wait(cluster.all_posted, worker)
    cluster.terminate(worker, served)
    assert f'"request_id": "{request_id}"' in served.err.read_text()  # as grep finds it

    of_request = events_of(served, request_id=request_id)
    (answered,) = [event for event in of_request if event["logger"] == "hub.web"]
    assert (answered["route"], answered["status"]) == (
        "/installations/<int:installation_id>/run",
        "302",
    )
    (requested,) = [event for event in of_request if event["event"].startswith(REQUESTED)]

    assert f'"run_id": {requested["run_id"]},' in worker.err.read_text()
    of_run = events_of(worker, run_id=requested["run_id"], kind="sync", app="costtracker")
    assert of_run[-1]["event"] == "The run ended"
    assert {(event["company_id"], event["installation_id"]) for event in of_run} == {(1, 1)}
    writes = [event for event in of_run if event["event"].startswith(WRITE)]
    assert len({event["intuit_tid"] for event in writes}) == len(writes) > 0
    calls = cluster.quickbooks.ask("log")["requests"]
    bills = [call for call in calls if call["call"] == "bill.create"]
    of_bills = [event for event in writes if event["event"] == f"{WRITE} bill"]
    assert len(of_bills) == len(bills) > 0
    refused = [call for call in bills if call["status"] == 400]  # its number is used already
    expected = {"landed": len(writes) - len(refused), "refused": len(refused)}
    assert Counter(event["outcome"] for event in writes) == Counter(expected)
