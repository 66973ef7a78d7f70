"""Tests of bad input around a sync: it is explained, sets an exit code and loses nothing."""

import json

import pytest

WRONG = [
    ({"client_secret": "wrong"}, "does not accept the client id and secret"),
    ({"base_url": "http://127.0.0.1:9"}, "CostTracker"),
    ({"base_url": "http://10.0.0.1"}, "HUB_ALLOW_HOSTS_FILE"),
    ({"colour": "red"}, "There is no such setting"),
    ({"payable_account": "99999"}, "There is no “99999” in the list"),
]


@pytest.fixture
def costtracker(stand_in):
    """Start a CostTracker stand-in with 24 documents."""
    return stand_in("costtracker", "--documents", "24", "--seed", "5")


@pytest.fixture
def ready(hub, costtracker):
    """Return a hub with CostTracker enabled that has posted nothing yet."""
    hub.environ |= {
        "HUB_DEADLINE_SECONDS": "3",
        "HUB_LEASE_SECONDS": "3.5",
        "HUB_QUIET_SECONDS": "4",
    }
    hub.connect()
    hub.enable(costtracker)
    return hub


def is_sentence(text):
    return "Traceback" not in text and text.strip().endswith(".")


def test_settings_that_are_wrong_are_refused_one_by_one(hub, costtracker):
    hub.connect()
    for settings, says in WRONG:
        file = str(hub.write_settings(costtracker, **settings))
        code, _, err = hub("apps", "enable", "costtracker", "--settings", file)
        assert (code, says in err, is_sentence(err)) == (1, True, True), err
    assert json.loads(hub.run("apps", "list", "--json"))[0]["state"] != "enabled"


def test_a_refused_refresh_token_is_reported(hub):
    hub.run("init")
    code, _, err = hub(
        "companies", "add", "--realm", "1", "--refresh-token-file", "-", stdin="nonsense"
    )
    is_refused = "does not accept this refresh token" in err
    assert (code, is_refused, is_sentence(err)) == (1, True, True), err


def test_an_error_of_the_source_ends_the_run_and_the_next_run_continues(ready, costtracker):
    for fault in (
        {"kind": "status", "status": 503, "count": 50},
        {"kind": "wrong_type", "count": 50},
        {"kind": "reset", "count": 50},
    ):
        costtracker.ask("faults", {**fault, "call": "invoices"})
        code, report, err = ready.sync()
        assert (code, report["apps"]["costtracker"]["posted"], is_sentence(err)) == (1, 0, True), (
            err
        )
        costtracker.ask("faults", method="DELETE")
    code, report, err = ready.sync()
    assert (code, report["apps"]["costtracker"]["posted"] > 15) == (3, True), err


def test_quickbooks_that_cannot_be_reached_loses_nothing(ready):
    ready.quickbooks.ask("faults", {"kind": "status", "status": 503, "call": "*", "count": 500})
    code, report, err = ready.sync()
    assert (code in (1, 4), report["apps"]["costtracker"]["posted"], "Traceback" in err) == (
        True,
        0,
        False,
    ), err
    ready.quickbooks.ask("faults", method="DELETE")
    ready.quickbooks.pass_time(600)
    code, report, err = ready.sync()
    assert (code, report["apps"]["costtracker"]["posted"] > 15) == (3, True), err


def test_a_connection_that_quickbooks_ended_is_one_case_and_one_sentence(ready):
    ready.quickbooks.ask("act", {"do": "disconnect"})
    code, report, err = ready.sync()
    assert (code, "Reconnect" in err, is_sentence(err)) == (1, True, True), err
    assert [case["cause"].split(":")[0] for case in report["cases"]] == ["connection"], report[
        "cases"
    ]


def test_a_lost_answer_is_waited_for_and_found(ready):
    ready.quickbooks.ask("faults", {"kind": "lose_answer", "call": "bill.create", "nth": 5})
    code, report, err = ready.sync()
    app = report["apps"]["costtracker"]
    assert (code, app["unknown"]) == (3, 0), err
    assert all(sums["posted"] == sums["quickbooks"] for sums in app["sums"].values())


def test_a_full_or_read_only_database_is_reported_and_the_next_sync_continues(ready):
    code, _, err = ready.sync(limit=200_000)
    assert (code, "cannot be used" in err, "Nothing was lost" in err, is_sentence(err)) == (
        1,
        True,
        True,
        True,
    ), err
    file = ready.folder / "data" / "hub.db"
    ready.environ["HUB_DATABASE_URL"] = f"sqlite:///file:{file}?mode=ro&uri=true"
    code, _, err = ready.sync()
    assert (code, "cannot be used" in err, is_sentence(err)) == (1, True, True), err
    del ready.environ["HUB_DATABASE_URL"]
    ready.quickbooks.pass_time(600)
    code, report, err = ready.sync()
    assert (code, report["apps"]["costtracker"]["posted"] > 15) == (3, True), err
