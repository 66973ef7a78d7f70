"""A run: the order of its steps, its log, and how it continues after an error."""

import json
import shutil
from decimal import Decimal

import pytest
from sqlalchemy import select, update
from werkzeug.test import Client

from hub import outbox
from hub.context import current_hub
from hub.db.engine import read_only_session, transaction
from hub.errors import Busy, DatabaseUnavailable, NotNow, RateReached
from hub.installations import enable
from hub.models import Case, ConnectedCompany, Installation, Posting, Run, RunLine
from hub.scheduling import exit_codes, pending_work, reporting, run_log, runner
from hub.scheduling.leases import take
from hub.telemetry.counts import SUM, Sample
from hub.telemetry.log_output import LogOptions, write_log
from qbo_sandbox.kit import Fault
from qbo_sandbox.kit.wsgi import WSGIAdapter

URL = "http://costtracker.test"


@pytest.fixture
def app(request, make_app, make_config, empty_database):
    """Provide a hub with the installed plugins, on PostgreSQL if a test asks for it."""
    if getattr(request, "param", "") == "postgres":
        config = make_config(HUB_DATABASE_URL=request.getfixturevalue("postgres_url"))
    else:
        config = make_config()
        shutil.copy(empty_database, config.data / "hub.db")
    app = make_app(config)
    with app.app_context():
        yield app


@pytest.fixture
def costtracker(quickbooks):
    stand_in = current_hub().plugins.open_stand_in("costtracker", folder=None, documents=6, seed=1)
    current_hub().mounts[URL] = WSGIAdapter(stand_in.wsgi, URL, sleep=lambda _: None)
    return stand_in


@pytest.fixture
def installation(costtracker):
    settings = {**costtracker.settings(URL), "payable_account": "Accounts Payable (A/P)"}
    row = enable.enable(1, "costtracker", settings, who="kari", mode="auto")
    enable.push_first_lists(row)
    return row.id


def change(**values):
    with transaction() as session:
        for name, value in values.items():
            setattr(session.scalars(select(Installation)).one(), name, value)


def states():
    with read_only_session() as session:
        return {
            posting.state for posting in session.scalars(select(Posting).where(Posting.part == ""))
        }


def lines(run_id):
    with read_only_session() as session:
        return [
            (line.level, line.text)
            for line in session.scalars(select(RunLine).where(RunLine.run_id == run_id))
        ]


@pytest.mark.parametrize("app", ["sqlite", "postgres"], indirect=True)
def test_a_sync_collects_posts_and_reports(installation, costtracker):
    run = runner.sync(installation, requested_by="kari")
    assert (run.outcome, run.requested_by, run.error) == ("done", "kari", "")
    assert run.counts["posted"] >= 5
    assert run.counts["requests"]["writes"] >= 5
    assert run.started_at
    assert run.ended_at


def test_every_log_line_of_a_run_has_its_ids_and_each_call_those_of_intuit(installation, tmp_path):
    options = LogOptions("json", "info", "file")
    with write_log(tmp_path, str, options):
        run = runner.sync(installation, requested_by="kari")
    events = [json.loads(line) for line in (tmp_path / "hub.log").read_text().splitlines()]
    about = {"run_id": run.id, "kind": "sync", "company_id": 1, "installation_id": installation}
    for event in events[1:]:  # the first one says that the run began
        assert {name: event.get(name) for name in about} == about, event
    assert events[0]["run_id"] == run.id
    writes = [event for event in events if event["event"] == "QuickBooks: POST bill"]
    assert len(writes) >= 5
    assert len({event["requestid"] for event in writes}) == len(writes)
    assert all(event["intuit_tid"] and event["outcome"] == "landed" for event in writes)
    assert any(event["logger"] == "hub.sources" for event in events)


def test_the_calls_and_the_duration_of_a_run_are_counted(installation):
    runner.sync(installation, requested_by="kari")
    counted = current_hub().counts.take()
    assert counted[Sample("hub_quickbooks_calls_total", ("write", "landed"))] >= 5
    assert counted[Sample("hub_source_calls_total", ("costtracker", "2xx"))] >= 1
    durations = [
        number
        for sample, number in counted.items()
        if sample.name == "hub_run_duration_seconds" and sample.part != SUM
    ]
    assert sum(durations) == 1


def test_a_sync_reports_its_phases_in_order(installation):
    phases = []
    runner.sync(
        installation, requested_by="kari", progress=lambda phase, done, of: phases.append(phase)
    )
    assert [*dict.fromkeys(phases)] == ["collect", "post", "check", "report"]


def test_a_source_that_fails_stops_the_run_but_not_the_posting(installation, costtracker):
    change(mode="review")
    runner.sync(installation, requested_by="kari")
    with transaction() as session:
        for posting in session.scalars(select(Posting).where(Posting.state == "review")):
            outbox.approve(session, [posting.id], "kari")
    costtracker.wsgi.faults.add(Fault.read({"kind": "status", "status": 503, "count": 0}))
    run = runner.sync(installation, requested_by="kari")
    assert (run.outcome, "posted" in states()) == ("stopped", True)
    assert ("error", run.error) in lines(run.id)


def test_a_defect_of_a_plugin_is_a_sentence(installation, monkeypatch):
    monkeypatch.setattr("hub_costtracker.reading.iter_changes", lambda *_: 1 / 0)
    run = runner.sync(installation, requested_by="kari")
    assert (run.outcome, "CostTracker" in run.error, "Traceback" in run.error) == (
        "stopped",
        True,
        False,
    )


@pytest.mark.parametrize("rests", [{"mode": "paused"}, {"enabled": False}])
def test_an_app_at_rest_does_not_run(installation, rests):
    change(**rests)
    with pytest.raises(NotNow, match="set its mode to auto or review first"):
        runner.sync(installation, requested_by="kari")


def test_once_runs_once_and_then_pauses(installation):
    change(mode="once")
    assert runner.sync(installation, requested_by="kari").counts["posted"] >= 5
    with pytest.raises(NotNow, match="is paused"):
        runner.sync(installation, requested_by="kari")


def test_once_does_not_pause_before_everything_is_read(installation, monkeypatch):
    def stop_by_rate(*_):
        raise RateReached("CostTracker", "1/h", 60)
        yield

    change(mode="once")
    with monkeypatch.context() as patch:
        patch.setattr("hub_costtracker.reading.iter_changes", stop_by_rate)
        assert runner.sync(installation, requested_by="kari").counts.get("posted", 0) == 0
    assert runner.sync(installation, requested_by="kari").counts["posted"] >= 5
    with pytest.raises(NotNow, match="is paused"):
        runner.sync(installation, requested_by="kari")


def test_once_does_not_replace_a_mode_that_was_chosen_meanwhile(installation, monkeypatch):
    change(mode="once")
    deliver = reporting.receipt_delivery.deliver

    def change_mode_and_deliver(*args):
        change(mode="auto")
        return deliver(*args)

    monkeypatch.setattr(reporting.receipt_delivery, "deliver", change_mode_and_deliver)
    runner.sync(installation, requested_by="kari")
    assert runner.load_installation(installation).mode == "auto"


def test_two_runs_of_one_installation_never_overlap(installation):
    lease = take(f"installation-{installation}")
    with pytest.raises(
        Busy, match="CostTracker of Fjord & Sons Construction is in use by another process"
    ):
        runner.sync(installation, requested_by="kari")
    lease.release()
    assert runner.sync(installation, requested_by="kari").outcome == "done"


def test_a_run_left_open_by_a_dead_process_is_closed_by_the_next(installation, clock):
    with transaction() as session:
        session.add(
            Run(kind="sync", company_id=1, installation_id=installation, started_at=clock.now())
        )
    runner.sync(installation, requested_by="kari")
    with read_only_session() as session:
        outcomes = [row.outcome for row in session.scalars(select(Run).order_by(Run.id))]
    assert outcomes == ["stopped", "done"]


def test_a_person_asks_for_a_run_once_and_the_engine_does_it(installation):
    requested_run = run_log.request("sync", installation, "kari")
    assert run_log.request("sync", installation, "ola") == requested_run
    runner.execute(requested_run)
    runner.execute(requested_run)
    with read_only_session() as session:
        assert [
            (row.id, row.outcome, row.requested_by) for row in session.scalars(select(Run))
        ] == [(requested_run, "done", "kari")]


def test_a_run_that_may_not_start_is_closed_with_its_reason(installation):
    requested_run = run_log.request("sync", installation, "kari")
    change(mode="paused")
    runner.execute(requested_run)
    with read_only_session() as session:
        row = session.get_one(Run, requested_run)
    assert (row.outcome, "is paused" in row.error) == ("stopped", True)


def test_a_run_that_finds_another_at_work_waits_on(installation):
    requested_run, lease = (
        run_log.request("sync", installation, "kari"),
        take(f"installation-{installation}"),
    )
    with pytest.raises(Busy):
        runner.execute(requested_run)
    assert [row.id for row in run_log.list_waiting_runs()] == [requested_run]
    lease.release()


def test_a_sync_that_ends_by_ctrl_c_is_closed_as_stopped(installation, monkeypatch):
    def interrupt(*args, **options):
        raise KeyboardInterrupt

    monkeypatch.setattr("hub.collect.run.collect", interrupt)
    with pytest.raises(KeyboardInterrupt):
        runner.sync(installation, requested_by="kari")
    with read_only_session() as session:
        assert session.scalars(select(Run)).one().outcome == "stopped"


@pytest.mark.parametrize("kind", ["lists", "reconcile", "changes", "tokens"])
@pytest.mark.row("CT-S19")
@pytest.mark.end_to_end
def test_the_runs_of_the_night_come_to_their_end(installation, kind):
    runner.sync(installation, requested_by="kari")
    run = runner.run_company_job(kind, 1, requested_by="schedule")
    assert (run.outcome, run.error) == ("done", "")


def finish_run(outcome="done", kind="sync", **counts):
    return Run(outcome=outcome, kind=kind, counts=counts)


@pytest.mark.parametrize(
    ("runs", "code"),
    [
        ([], 0),
        ([finish_run(posted=3)], 0),
        ([finish_run(posted=3, held=1)], 3),
        ([finish_run(review=1)], 3),
        ([finish_run(held=1, unknown=1)], 4),
        ([finish_run(unknown=1), finish_run("stopped")], 1),
        ([finish_run(posted=3, files={"held": 1})], 3),
        ([finish_run(posted=3, held=1, files={"unknown": 1})], 4),
        ([finish_run(posted=3, files={"waiting": 1})], 5),
        ([finish_run(posted=3, waiting=1)], 5),
        ([finish_run(posted=3, held=1, waiting=1)], 3),
        ([finish_run(posted=3, continues_reading=True), finish_run(kind="post", posted=4)], 5),
        ([finish_run(continues_reading=True), finish_run(posted=3)], 0),
        ([finish_run("stopped", asked_to_wait=True)], 5),
        ([finish_run("stopped", asked_to_wait=True, held=1)], 3),
        ([finish_run("stopped", asked_to_wait=True), finish_run(kind="post", posted=4)], 5),
        ([finish_run("stopped", kind="post", asked_to_wait=True)], 5),
        ([finish_run("stopped", asked_to_wait=True), finish_run(posted=3)], 0),
        ([finish_run("stopped", asked_to_wait=True), finish_run("stopped")], 1),
    ],
)
def test_the_exit_code_is_the_first_that_applies(runs, code):
    assert exit_codes.get_exit_code(runs) == code


@pytest.mark.row("CT-B13", "CT-B14")
@pytest.mark.parametrize("list_", ["Vendor", "Account"])
@pytest.mark.end_to_end
def test_a_record_that_ceases_is_reported_with_what_waits_for_it_before_anyone_posts(
    installation, quickbooks, list_
):
    change(mode="review")
    runner.sync(installation, requested_by="kari")
    with read_only_session() as session:
        waits = session.scalars(
            select(Posting).where(Posting.state == "review", Posting.part == "")
        ).first()
    party, line = waits.stored_summary["party"], waits.stored_summary["lines"][0]
    id = party if list_ == "Vendor" else line["account"]
    quickbooks.act("edit", kind=list_, id=id, set={"Active": False})
    runner.run_company_job("lists", 1, requested_by="schedule")
    with read_only_session() as session:
        held_posting = session.get_one(Posting, waits.id)
        case = session.scalars(
            select(Case).where(Case.cause == f"record:1:{installation}:{list_.lower()}:{id}")
        ).one()
        assert (held_posting.state, held_posting.held_by, case.action) == (
            "held",
            "preflight",
            "match",
        )
        assert held_posting.id in {posting.id for posting in case.postings}


@pytest.mark.row("CT-B10")
@pytest.mark.end_to_end
def test_a_payment_in_quickbooks_is_shown_on_the_invoice_with_amount_and_day(
    installation, quickbooks, costtracker
):
    runner.sync(installation, requested_by="kari")
    with read_only_session() as session:
        posted = session.scalars(
            select(Posting)
            .where(Posting.state == "posted", Posting.kind == "bill")
            .order_by(Posting.id)
        ).first()
    line = {
        "Amount": posted.total,
        "LinkedTxn": [{"TxnId": posted.quickbooks_id, "TxnType": "Bill"}],
    }
    bank = quickbooks.select("select * from Account where AccountType = 'Bank'")["Account"][0]
    paid = {
        "VendorRef": {"value": posted.stored_summary["party"]},
        "PayType": "Check",
        "TxnDate": "2026-03-02",
    }
    paid |= {
        "TotalAmt": posted.total,
        "Line": [line],
        "CheckPayment": {"BankAccountRef": {"value": bank["Id"]}},
    }
    assert quickbooks.ask("POST", "billpayment", paid).status == 200
    current_hub().clock.advance(120)
    runner.run_company_job("changes", 1, requested_by="schedule")
    statuses = Client(costtracker.wsgi).get("/_sandbox/books").json["statuses"].values()
    (status,) = [status for all in statuses for status in all if status["state"] == "paid"]
    assert (Decimal(str(status["amount_paid"])), status["message"]) == (
        posted.total,
        "Paid on 2026-03-02",
    )


@pytest.mark.parametrize(("requested_by", "looks"), [("schedule", 0), ("webhook", 1)])
def test_where_webhooks_come_the_hourly_look_costs_no_read(
    installation, quickbooks, requested_by, looks
):
    with transaction() as session:
        company = session.get_one(ConnectedCompany, 1)
        company.webhook_received_at = company.polled_at = current_hub().clock.now()
    runner.run_company_job("changes", 1, requested_by=requested_by)
    assert len(quickbooks.log.entries("cdc")) == looks


@pytest.mark.parametrize("written", ["run line", "end"])
def test_a_run_whose_database_was_away_is_repeated_at_once(installation, monkeypatch, written):
    """The last step fails, or the recorder fails to say so."""

    def lose_database(*arguments, **options):
        raise DatabaseUnavailable("postgresql://db.example.com/hub", "it restarts")

    requested_run = run_log.request("post", installation, "kari")
    monkeypatch.setattr("hub.scheduling.reporting.receipt_delivery.deliver", lose_database)
    if written == "end":
        monkeypatch.setattr(run_log.RunRecorder, "line", lose_database)
        with pytest.raises(DatabaseUnavailable):
            runner.execute(requested_run)
    else:
        runner.execute(requested_run)
    (repeated,) = run_log.list_waiting_runs()
    assert (repeated.kind, repeated.installation_id) == ("post", installation)
    assert (repeated.requested_by, repeated.id != requested_run) == ("kari", True)


def test_a_run_that_failed_for_another_reason_is_not_repeated_at_once(installation, monkeypatch):
    def fail(*arguments, **options):
        raise NotNow("The source")

    requested_run = run_log.request("post", installation, "kari")
    monkeypatch.setattr("hub.scheduling.reporting.receipt_delivery.deliver", fail)
    runner.execute(requested_run)
    assert run_log.list_waiting_runs() == []


def test_a_run_that_posted_when_its_process_died_waits_again(installation):
    with transaction() as session:
        company_id = session.get_one(Installation, installation).company_id
        run = Run(kind="post", company_id=company_id, installation_id=installation)
        run.requested_by, run.started_at = "kari", current_hub().clock.now()
        session.add(run)
    for _ in range(2):
        with transaction() as session:
            run_log.close_interrupted(session, "post", installation, current_hub().clock.now())
    (repeated,) = run_log.list_waiting_runs()
    assert (repeated.kind, repeated.requested_by, run.id) == ("post", "kari", repeated.id - 1)


@pytest.fixture
def unloaded(installation):
    """Return an enabled app whose plugin is not loaded, beside one whose plugin is."""
    with transaction() as session:
        row = session.get_one(Installation, installation)
        other = Installation(
            company_id=row.company_id,
            slug="formerly",
            tenant="t1",
            mode="auto",
            created_at=row.created_at,
        )
        session.add(other)
        session.flush()
        return other.id


@pytest.mark.parametrize("kind", ["lists", "reconcile", "changes"])
def test_a_run_of_a_company_leaves_out_an_app_whose_plugin_is_not_loaded(unloaded, kind):
    run = runner.run_company_job(kind, 1, requested_by="schedule")
    assert (run.outcome, run.error) == ("done", "")


def test_a_run_of_an_app_whose_plugin_is_not_loaded_says_so(unloaded):
    run = runner.sync(unloaded, requested_by="kari")
    assert run.outcome == "stopped"
    assert run.error.startswith("The plugin of the app “formerly” is not installed")


def test_an_app_whose_plugin_is_not_loaded_has_nothing_to_send(unloaded, clock):
    with transaction() as session:
        session.execute(update(Installation).values(mode="review"))
        for posting in session.scalars(select(Posting)):
            posting.installation_id, posting.state = unloaded, "ready"
    assert pending_work.request_runs(clock.now()) == 0
