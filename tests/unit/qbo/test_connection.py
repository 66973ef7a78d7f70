"""A connection that is refused: retries, messages and recovery."""

import datetime as dt

import pytest
from sqlalchemy import select

from hub.context import current_hub
from hub.db.engine import read_only_session, transaction
from hub.errors import ConnectionTrouble
from hub.models import ConnectedCompany, Run
from hub.models.enums import ConnectionState
from hub.qbo import connection
from hub.qbo.batch import BatchItem
from hub.qbo.client import Client
from hub.qbo.oauth import connect as oauth_connect
from hub.qbo.oauth import tokens
from hub.scheduling import pending_work, run_log, runner, schedule
from tests.support.proofs.refused_tokens import (
    API,
    HISTORIES,
    add_history,
    assert_posted_once,
    count_posted,
    count_unposted,
    enable_app_of_bills,
    is_over,
    open_cases,
)
from tests.support.runs.hub_environment import QUICKBOOKS
from tests.support.sources.client_calls import bill

KEY = "0123456789abcdef0123456789abcdef"
ALWAYS = {"count": 0}
NO_ADMINISTRATOR = {
    "kind": "wrong_json",
    "body": '{"Fault": {"Error": [{"Message": "-11014-You do not have access", "code": "120"}]}}',
}
LASTING = {
    "no access (3100)": ({"kind": "forbidden", "call": API}, "reconnect"),
    "no administrator (120)": ({**NO_ADMINISTRATOR, "call": API}, "reconnect"),
    "subscription (6190)": (
        {"kind": "refusal", "code": "6190", "call": "bill.create"},
        "subscription",
    ),
    "tokens refused (401)": ({"kind": "unauthorised", "call": API}, "interrupted"),
    "writes refused (401)": ({"kind": "unauthorised", "call": "bill.create"}, "interrupted"),
}


def company():
    with read_only_session() as session:
        return session.get_one(ConnectedCompany, 1)


def calls(quickbooks, prefix=""):
    """Return how many calls QuickBooks has received."""
    return sum(entry["call"].startswith(prefix) for entry in quickbooks.log.entries())


@pytest.fixture
def app_of_bills(quickbooks):
    """Enable CostTracker in automatic mode; return the id of the installation."""
    return enable_app_of_bills()


def scheduled(installation_id):
    return runner.sync(installation_id, requested_by=run_log.SCHEDULE)


# -- the meaning of a response ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fault", "state", "act"),
    [
        ({"kind": "forbidden"}, "reconnect", "reconnect"),
        (NO_ADMINISTRATOR, "reconnect", "reconnect"),
        ({"kind": "refusal", "code": "6190"}, "subscription", "connection"),
    ],
)
def test_a_refusal_that_only_a_person_can_end_is_a_case_immediately(quickbooks, fault, state, act):
    quickbooks.add_fault(call="bill.create", **fault)
    assert Client(1).create("bill", bill(), KEY).outcome == "unauthorised"
    assert company().state == state
    assert [(case[0], case[1]) for case in open_cases()] == [("connection:1", act)]


@pytest.mark.parametrize("code", ["3100", "120"])
def test_an_outage_that_speaks_of_missing_access_needs_no_person(quickbooks, code):
    quickbooks.add_fault("refusal", API, code=code, status=500, **ALWAYS)
    assert Client(1).create("bill", bill(), KEY).outcome == "doubt"
    assert Client(1).company_info().outcome == "doubt"
    assert (company().state, open_cases()) == ("connected", [])


def test_a_subscription_that_ended_is_named_and_the_company_can_still_be_read(quickbooks):
    quickbooks.add_fault("refusal", "bill.create", code="6190", **ALWAYS)
    client = Client(1)
    client.create("bill", bill(), KEY)
    ((_, _, title, text),) = open_cases()
    assert title == "The QuickBooks subscription of Fjord & Sons Construction has ended"
    assert "Renew" in text
    assert "Reconnect" not in title + text
    assert client.company_info().landed
    assert company().state == "subscription"


def test_keys_that_intuit_does_not_know_are_a_case_that_names_the_settings(quickbooks, clock):
    quickbooks.app.authority.clients[quickbooks.client_id] = "another"
    clock.advance(7200)
    with pytest.raises(ConnectionTrouble, match="HUB_QBO_CLIENT_ID and HUB_QBO_CLIENT_SECRET"):
        tokens.get_access_token(1)
    ((_, act, title, text),) = open_cases()
    assert (act, title) == ("connection", "Intuit does not accept the keys of the hub's app")
    assert "HUB_QBO_CLIENT_ID and HUB_QBO_CLIENT_SECRET" in text


def test_an_end_of_the_consent_needs_a_person(quickbooks, clock):
    quickbooks.app.grants.by_refresh.clear()
    clock.advance(7200)
    with pytest.raises(ConnectionTrouble, match="press Reconnect"):
        tokens.get_access_token(1)
    assert [(case[0], case[1]) for case in open_cases()] == [("connection:1", "reconnect")]


def test_no_token_is_in_the_text_of_a_case(quickbooks, clock):
    quickbooks.add_fault("unauthorised", API, **ALWAYS)
    for _ in range(12):
        Client(1).company_info()
        clock.advance(3600)
    assert open_cases()
    secrets_of_intuit = [*quickbooks.app.grants.access, *quickbooks.app.grants.by_refresh]
    text = f"{open_cases()} {company().state_reason}"
    assert not [secret for secret in secrets_of_intuit if secret in text]


# -- growing pauses --------------------------------------------------------------------------------


def test_two_refusals_of_a_token_in_a_row_are_a_pause_and_no_case(quickbooks, clock):
    quickbooks.add_fault("unauthorised", "bill.create", count=2)
    client = Client(1)
    answer = client.create("bill", bill(), KEY)
    assert (answer.outcome, answer.after) == ("unauthorised", 2.0)
    assert (company().state, open_cases()) == ("interrupted", [])
    before = calls(quickbooks)
    assert client.create("bill", bill(), KEY).outcome == "unauthorised"
    assert calls(quickbooks) == before, "nothing is sent during the pause"
    clock.advance(2)
    assert client.create("bill", bill(), KEY).landed
    assert (company().state, company().state_reason, company().refusals) == ("connected", "", 0)


def test_a_read_waits_for_a_short_pause(quickbooks, clock):
    quickbooks.add_fault("unauthorised", "companyinfo.read", count=2)
    assert Client(1).company_info().landed
    assert clock.slept
    assert company().state == "connected"


def test_the_pause_grows_up_to_an_hour(quickbooks, clock):
    quickbooks.add_fault("unauthorised", "bill.create", **ALWAYS)
    client, pauses = Client(1), []
    for _ in range(14):
        pauses.append(client.create("bill", bill(), KEY).after)
        clock.advance(pauses[-1])
    assert pauses == [2.0 * 2**n for n in range(11)] + [3600.0] * 3


def test_a_clock_that_is_set_back_does_not_make_the_pause_longer(quickbooks, clock):
    quickbooks.add_fault("unauthorised", "bill.create", count=2)
    client = Client(1)
    client.create("bill", bill(), KEY)
    clock.set(clock.now() - dt.timedelta(days=3))
    assert client.create("bill", bill(), KEY).landed


def test_calls_that_are_refused_together_make_one_pause(quickbooks):
    quickbooks.add_fault("unauthorised", "bill.create", **ALWAYS)
    connection.refuse(1, ConnectionState.INTERRUPTED, "", writes=True)
    connection.refuse(1, ConnectionState.INTERRUPTED, "", writes=True)
    assert company().refusals == 1


def test_the_case_opens_after_an_hour_and_closes_with_the_first_success(quickbooks, clock):
    quickbooks.add_fault("unauthorised", "bill.create", **ALWAYS)
    client, began = Client(1), clock.now()
    while not open_cases():
        clock.advance(max(1.0, client.create("bill", bill(), KEY).after))
    assert dt.timedelta(hours=1) <= clock.now() - began < dt.timedelta(hours=3)
    ((cause, act, title, _),) = open_cases()
    assert (cause, act) == ("connection:1", "connection")
    assert title == "QuickBooks does not accept the connection to Fjord & Sons Construction"
    assert client.company_info().landed
    assert open_cases(), "a read says nothing about the writes that are refused"
    quickbooks.faults.clear()
    assert client.create("bill", bill(), KEY).landed
    assert (company().state, open_cases()) == ("connected", [])


def test_the_case_opens_after_an_hour_although_the_clock_was_set_back(quickbooks, clock):
    quickbooks.add_fault("unauthorised", "bill.create", **ALWAYS)
    client = Client(1)
    client.create("bill", bill(), KEY)
    clock.set(clock.now() - dt.timedelta(days=30))
    began = clock.now()
    while not open_cases() and clock.now() - began < dt.timedelta(days=1):
        clock.advance(max(1.0, client.create("bill", bill(), KEY).after))
    assert dt.timedelta(hours=1) <= clock.now() - began < dt.timedelta(hours=3)


@pytest.mark.parametrize("by_batch", [False, True])
def test_a_call_that_began_before_the_refusal_does_not_end_it(quickbooks, monkeypatch, by_batch):
    quickbooks.add_fault("refusal", "bill.create", code="6190", **ALWAYS)
    client, refused = Client(1), []
    adapter = current_hub().mounts[QUICKBOOKS]

    def overlap(request, **options):
        """Make another call, which is refused, while this one is under way."""
        monkeypatch.undo()
        refused.append(client.create("bill", bill(), KEY))
        return adapter.send(request, **options)

    monkeypatch.setattr(adapter, "send", overlap)
    vendor = b'{"DisplayName": "Hillside Stone"}'
    if by_batch:
        whole = client.batch([BatchItem("1", "create", "vendor", vendor)], "1" * 32)
        client.note_items([whole], is_trial=whole.is_trial)
    else:
        whole = client.create("vendor", vendor, "1" * 32)
    assert (whole.landed, [answer.outcome for answer in refused]) == (True, ["unauthorised"])
    assert (company().state, len(open_cases())) == ("subscription", 1)
    connection.allow_try(1)
    assert client.create("vendor", vendor.replace(b"Stone", b"Sand"), "2" * 32).landed
    assert (company().state, open_cases()) == ("connected", [])


def test_a_call_that_was_permitted_before_the_refusal_does_not_end_it(quickbooks, monkeypatch):
    quickbooks.add_fault("refusal", "bill.create", code="6190", **ALWAYS)
    client, refused = Client(1), []
    access_token = tokens.get_access_token

    def overlap(company_id, **options):
        """Permit this call, and let another one be refused before it is sent."""
        token = access_token(company_id, **options)
        monkeypatch.undo()
        refused.append(Client(1).create("bill", bill(), KEY))
        return token

    monkeypatch.setattr(tokens, "get_access_token", overlap)
    assert client.create("vendor", b'{"DisplayName": "Hillside Stone"}', "1" * 32).landed
    assert [answer.outcome for answer in refused] == ["unauthorised"]
    assert (company().state, len(open_cases())) == ("subscription", 1)


# -- every scheduled run tries once ----------------------------------------------------------------


@pytest.mark.proof(small=2, full=3)
@pytest.mark.parametrize("name", LASTING)
def test_a_scheduled_run_notices_that_it_is_over_and_posts_everything(
    quickbooks, app_of_bills, clock, name
):
    fault, state = LASTING[name]
    quickbooks.add_fault(**fault, **ALWAYS)
    assert scheduled(app_of_bills).outcome == "stopped"
    assert company().state == state
    for _ in range(6):
        clock.advance(900)
        before = calls(quickbooks)
        assert scheduled(app_of_bills).outcome == "stopped"
        assert calls(quickbooks) - before <= 10, "a scheduled run tries once"
    assert len(open_cases()) == 1
    assert count_posted() == 0
    quickbooks.faults.clear()
    clock.advance(900)
    assert scheduled(app_of_bills).outcome == "done"
    assert (company().state, open_cases(), count_unposted()) == ("connected", [], 0)
    assert count_posted() > 0


def refuse_writes_until_a_case(quickbooks, clock):
    quickbooks.add_fault("unauthorised", "bill.create", **ALWAYS)
    while not open_cases():
        clock.advance(max(1.0, Client(1).create("bill", bill(), KEY).after))


def test_a_scheduled_run_ends_an_interruption_after_which_nothing_is_left_to_send(
    quickbooks, clock
):
    refuse_writes_until_a_case(quickbooks, clock)
    clock.advance(900)
    runner.run_company_job("changes", 1, requested_by=run_log.SCHEDULE)
    assert (company().state, open_cases()) == ("connected", [])


def test_an_accepted_read_does_not_end_an_interruption_while_documents_wait(
    quickbooks, app_of_bills, clock
):
    quickbooks.add_fault("unauthorised", "bill.create", **ALWAYS)
    scheduled(app_of_bills)
    assert (company().state, count_unposted() > 0) == ("interrupted", True)
    clock.advance(900)
    runner.run_company_job("changes", 1, requested_by=run_log.SCHEDULE)
    assert company().state == "interrupted"


@pytest.mark.parametrize("trouble", ["grant", "keys"])
def test_the_sign_in_is_tried_too(quickbooks, app_of_bills, clock, trouble):
    """Intuit accepts the refresh token again, or the hub was restarted with the right keys."""
    grants = dict(quickbooks.app.grants.by_refresh)
    if trouble == "grant":
        quickbooks.app.grants.by_refresh.clear()
    else:
        quickbooks.app.authority.clients[quickbooks.client_id] = "another"
    clock.advance(7200)
    assert scheduled(app_of_bills).outcome == "stopped"
    assert company().state == ("reconnect" if trouble == "grant" else "configuration")
    before = calls(quickbooks)
    clock.advance(900)
    scheduled(app_of_bills)
    assert calls(quickbooks) - before <= 2, "with the refresh token and the one before it"
    quickbooks.app.grants.by_refresh.update(grants)
    quickbooks.app.authority.clients[quickbooks.client_id] = quickbooks.client_secret
    clock.advance(900)
    assert scheduled(app_of_bills).outcome == "done"
    assert (company().state, open_cases(), count_unposted()) == ("connected", [], 0)


@pytest.mark.parametrize("who", [run_log.ENGINE, run_log.WEBHOOK])
def test_runs_at_moments_that_nobody_chose_do_not_try(quickbooks, app_of_bills, who):
    connection.refuse(1, ConnectionState.RECONNECT, "for a test")
    before = calls(quickbooks)
    runner.sync(app_of_bills, requested_by=who)
    assert calls(quickbooks) == before
    runner.sync(app_of_bills, requested_by="kari")
    assert company().state == "connected"


def test_the_engine_starts_scheduled_runs_but_posts_nothing_in_between(
    quickbooks, app_of_bills, clock
):
    quickbooks.add_fault("forbidden", API, **ALWAYS)
    scheduled(app_of_bills)
    clock.advance(1200)
    assert pending_work.request_runs(clock.now()) == 0
    schedule.tick(clock.now())
    with read_only_session() as session:
        waiting = select(Run.kind).where(
            Run.started_at.is_(None), Run.requested_by == run_log.SCHEDULE
        )
        assert {"sync", "changes", "tokens"} <= set(session.scalars(waiting))


def test_after_a_pause_the_engine_posts_what_is_left_without_a_scheduled_run(
    quickbooks, app_of_bills, clock
):
    quickbooks.add_fault("unauthorised", "bill.create", count=40)
    scheduled(app_of_bills)
    assert company().state == "interrupted"
    assert pending_work.request_runs(clock.now()) == 0
    # A try takes up to two of the forty refusals, and the pause between tries grows to an hour.
    for _ in range(300):
        clock.advance(660)
        pending_work.request_runs(clock.now())
        for run in run_log.list_waiting_runs():
            runner.execute(run.id)
        if not count_unposted():
            break
    assert (company().state, count_unposted()) == ("connected", 0)


def test_a_disconnected_company_stays_disconnected(quickbooks, app_of_bills, clock):
    oauth_connect.disconnect(1, "kari")
    before = calls(quickbooks)
    scheduled(app_of_bills)
    assert (company().state, calls(quickbooks)) == ("disconnected", before)
    connection.refuse(1, ConnectionState.RECONNECT, "late")
    assert (company().state, open_cases()) == ("disconnected", [])
    schedule.tick(clock.now())
    with read_only_session() as session:
        assert not session.scalars(select(Run.id).where(Run.started_at.is_(None))).all()


def test_a_check_fails_while_a_company_takes_no_documents(quickbooks):
    quickbooks.add_fault("refusal", "bill.create", code="6190")
    Client(1).create("bill", bill(), KEY)
    with pytest.raises(ConnectionTrouble, match="subscription"):
        oauth_connect.check(1)
    assert Client(1).create("bill", bill(), KEY).landed
    assert company().state == "connected"


# -- histories -------------------------------------------------------------------------------------


@pytest.mark.proof(small=2, full=5)
@pytest.mark.parametrize("batches", ["single", "batch"])
@pytest.mark.parametrize("name", HISTORIES)
def test_every_document_is_posted_in_the_end_without_a_person(
    quickbooks, app_of_bills, clock, name, batches
):
    with transaction() as session:
        session.get_one(ConnectedCompany, 1).batches = batches
    add_history(quickbooks, name)
    # A refused first run may have collected nothing, and a last read may be refused after the
    # last bill: the next scheduled run repairs both.
    for _ in range(24):
        scheduled(app_of_bills)
        if is_over():
            break
        clock.advance(900)
    assert_posted_once(quickbooks)
