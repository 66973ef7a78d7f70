"""Pruning removes old rows, and the hub posts as if nothing had been removed."""

import datetime as dt
import json
import signal

import pytest
from click.testing import CliRunner
from sqlalchemy import delete, event, select, text

from hub.cli import main
from hub.db import engine
from hub.db.engine import read_only_session, transaction
from hub.models import (
    Attempt,
    AuditEntry,
    Case,
    ConnectedCompany,
    LoginSession,
    OAuthState,
    Posting,
    ReceiptRow,
    Run,
    RunLine,
    User,
)
from hub.posting import receipt_delivery, receipts
from hub.posting.actions import manual, undo
from hub.posting.reconcile.run import reconcile
from hub.posting.recovery import restore
from hub.scheduling import retention
from hub.security import people
from hub.security.rights import Right
from tests.support.rows.posting_bench import PostingBench
from tests.support.rows.stored_cases import stored_reasons
from tests.support.servers.compared_rows import count_compared_rows

YEARS = dt.timedelta(days=800)


@pytest.fixture
def bench(app, quickbooks, clock):
    return PostingBench(app, quickbooks, clock)


def grow_old(bench, age=YEARS):
    """Date everything that was posted and reported back, as if it had happened long ago."""
    with transaction() as session:
        for posting in session.scalars(select(Posting)):
            posting.changed_at -= age
        for receipt in session.scalars(select(ReceiptRow)):
            receipt.at -= age
            receipt.next_try_at, receipt.ended = None, "delivered"


def changed_bill(bench):
    """Post a bill and a changed version of it; return the ids of both postings."""
    first = bench.bill("A-1")
    bench.drain()
    second = bench.change(first, total="150.00")
    bench.drain()
    return first, second


def content(posting_id):
    with read_only_session() as session:
        posting = session.get_one(Posting, posting_id)
        return posting.payload, posting.answer


def test_only_replaced_versions_lose_their_content(bench):
    first, second = changed_bill(bench)
    grow_old(bench)
    assert retention.prune("kari")["replaced payloads"] == 1
    assert content(first) == (b"", {})
    payload, answer = content(second)
    assert payload
    assert answer["Id"]
    assert retention.prune("kari")["replaced payloads"] == 0


def test_young_versions_and_those_of_removed_documents_keep_their_content(bench):
    first, _ = changed_bill(bench)
    assert retention.prune("kari")["replaced payloads"] == 0
    other = bench.bill("B-1")
    bench.drain()
    bench.change(other, "delete")
    bench.drain()
    grow_old(bench)
    retention.prune("kari")
    assert content(first) == (b"", {})
    assert content(other)[0]


def test_a_pruned_hub_reconciles_updates_and_undoes_as_before(bench):
    first, second = changed_bill(bench)
    grow_old(bench)
    retention.prune("kari")
    assert reconcile(bench.company_id).differences == []

    bench.change(second, total="175.00")
    bench.drain()
    assert [bill["TotalAmt"] for bill in bench.bills()] == [175]
    assert len(bench.sent("bill.create")) == 1
    assert reconcile(bench.company_id).differences == []

    plan = undo.plan_posting(first)
    assert not plan.blocked
    assert undo.undo(plan, "kari") == 1
    bench.drain()
    assert not bench.bills()
    assert len(bench.sent("bill.delete")) == 1
    assert reconcile(bench.company_id).differences == []


def test_a_lost_answer_after_pruning_doubles_nothing(bench):
    _, second = changed_bill(bench)
    grow_old(bench)
    retention.prune("kari")
    bench.quickbooks.add_fault("lose_answer", "bill.update")
    bench.change(second, total="180.00")
    bench.bill("A-2")
    bench.quickbooks.add_fault("lose_answer", "bill.create")
    bench.drain(wait_for_doubts=True)
    assert sorted(bill["DocNumber"] for bill in bench.bills()) == ["A-1", "A-2"]
    assert reconcile(bench.company_id).differences == []


def test_a_removal_whose_answer_is_lost_after_pruning_deletes_nothing_twice(bench):
    _, second = changed_bill(bench)
    grow_old(bench)
    assert retention.prune("kari")["replaced payloads"] == 1
    bench.quickbooks.add_fault("lose_answer", "bill.delete")
    bench.change(second, "delete")
    bench.drain(wait_for_doubts=True)
    assert not bench.bills()
    assert len(bench.sent("bill.delete")) == 1
    assert reconcile(bench.company_id).differences == []


def test_an_invoice_is_voided_once_after_pruning(bench):
    item = {"ItemRef": {"value": "1"}}
    line = {"Amount": 40, "DetailType": "SalesItemLineDetail", "SalesItemLineDetail": item}
    body = {"CustomerRef": {"value": "41"}, "DocNumber": "I-1", "TxnDate": "2026-03-02"}
    body["PrivateNote"] = bench.body("I-1")["PrivateNote"]
    first = bench.plan("I-1", "create", body | {"Line": [line]}, kind="invoice")
    bench.drain()
    base = f"{bench.posting(first).quickbooks_id}:{bench.posting(first).sync_token}"
    changed = body | {"Line": [line | {"Amount": 50}]}
    second = bench.plan("I-1", "update", changed, kind="invoice", base=base)
    bench.drain()
    assert [bench.state(id) for id in (first, second)] == ["posted", "posted"]
    grow_old(bench)
    assert retention.prune("kari")["replaced payloads"] == 1
    bench.quickbooks.add_fault("lose_answer", "invoice.void")
    bench.change(second, "void", kind="invoice")
    bench.drain(wait_for_doubts=True)
    (invoice,) = bench.quickbooks.select("select * from Invoice")["Invoice"]
    assert (invoice["TotalAmt"], "Voided" in invoice["PrivateNote"]) == (0, True)
    assert len(bench.sent("invoice.void")) == 1
    assert reconcile(bench.company_id).differences == []


def forget(posting_id):
    """Reset a posting to its state before it was sent, as a backup from then does."""
    with transaction() as session:
        session.execute(delete(Attempt).where(Attempt.posting_id == posting_id))
        posting = session.get_one(Posting, posting_id)
        posting.state = "ready"
        posting.fence = ""
        posting.answer = {}
        posting.sync_token = None
        posting.sent_date = None
        if posting.operation == "create":
            posting.quickbooks_id = None


def test_a_restored_database_that_was_pruned_doubles_nothing(bench):
    _, second = changed_bill(bench)
    grow_old(bench)
    assert retention.prune("kari")["replaced payloads"] == 1
    third = bench.change(second, total="175.00")
    other = bench.bill("A-2")
    bench.drain()
    written = [len(bench.sent(call)) for call in ("bill.create", "bill.update")]

    for posting_id in (third, other):
        forget(posting_id)
    restore.declare_restore()
    bench.drain()
    bench.pass_time(300)
    bench.drain(wait_for_doubts=True)
    assert [bench.state(id) for id in (third, other)] == ["posted", "posted"]
    assert sorted(bill["DocNumber"] for bill in bench.bills()) == ["A-1", "A-2"]
    assert [len(bench.sent(call)) for call in ("bill.create", "bill.update")] == written
    assert reconcile(bench.company_id).differences == []


def test_a_bill_edited_in_quickbooks_is_not_undone_after_pruning(bench):
    first, second = changed_bill(bench)
    grow_old(bench)
    retention.prune("kari")
    bench.edit(bench.posting(second).quickbooks_id, DocNumber="A-1b")
    assert undo.plan_posting(first).blocked


def test_runs_that_posted_or_are_the_newest_stay(bench):
    old = bench.clock.now() - YEARS
    with transaction() as session:
        runs = []
        for number in range(4):
            run = Run(
                kind="sync", company_id=bench.company_id, installation_id=bench.installation_id
            )
            run.started_at = run.ended_at = old + dt.timedelta(hours=number)
            run.outcome = "done"
            runs.append(run)
        session.add_all(runs)
        session.flush()
        session.add_all(RunLine(run_id=run.id, at=old, level="info", text="x") for run in runs)
        ids = [run.id for run in runs]
    posting = bench.bill("A-1")
    with transaction() as session:
        session.get_one(Posting, posting).run_id = ids[1]
    counts = retention.prune("kari")
    assert (counts["run lines"], counts["runs"]) == (4, 2)
    with read_only_session() as session:
        assert session.scalars(select(Run.id).order_by(Run.id)).all() == [ids[1], ids[3]]


@pytest.mark.parametrize(
    ("days_of_lines", "pruned"), [("90", (3, 4)), ("0", (0, 1)), ("500", (2, 3))]
)
def test_a_dry_run_counts_the_runs_whose_lines_it_would_remove_as_well(
    make_app, make_config, app, clock, days_of_lines, pruned
):
    now = clock.now()
    days = (900, 800, 450, 450, 1)
    with transaction() as session:
        company = ConnectedCompany(realm="1", connected_at=now)
        session.add(company)
        session.flush()
        for number, age in enumerate(days):
            at = now - dt.timedelta(days=age)
            run = Run(kind="lists", company_id=company.id, outcome="done")
            run.started_at = run.ended_at = at
            session.add(run)
            session.flush()
            if number != 3:
                session.add(RunLine(run_id=run.id, at=at, level="info", text="x"))
    served = make_app(make_config(HUB_KEEP_RUN_LINES_DAYS=days_of_lines))
    with served.app_context():
        counted = retention.count()
        assert counted == retention.prune("kari")
    assert (counted["run lines"], counted["runs"]) == pruned


def test_runs_of_a_company_as_a_whole_go_except_the_newest_of_each_kind(bench):
    old = bench.clock.now() - YEARS
    values = {"started_at": old, "ended_at": old, "outcome": "done"}
    kinds = ("lists", "lists", "reconcile")
    of_company = [Run(kind=kind, company_id=bench.company_id, **values) for kind in kinds]
    of_app = Run(
        kind="lists", company_id=bench.company_id, installation_id=bench.installation_id, **values
    )
    with transaction() as session:
        session.add_all([*of_company, of_app])
        session.flush()
        ids = [run.id for run in (*of_company, of_app)]
    assert retention.prune("kari")["runs"] == 1
    with read_only_session() as session:
        assert set(session.scalars(select(Run.id))) == set(ids[1:])


def test_an_old_run_is_compared_with_few_others(pg_app, clock):
    now = clock.now()
    with transaction() as session:
        companies = [ConnectedCompany(realm=str(n), connected_at=now) for n in range(300)]
        session.add_all(companies)
        session.flush()
        session.add_all(
            Run(kind="changes", company_id=row.id, outcome="done", started_at=at, ended_at=at)
            for at in (now - YEARS, now)
            for row in companies
        )
        session.execute(text("ANALYZE run"))
    with count_compared_rows() as count:
        assert retention.count()["runs"] == 300
    assert count() < 300 * 20


def test_a_closed_case_keeps_its_reason_and_an_open_one_everything(bench):
    old = bench.clock.now() - YEARS
    with transaction() as session:
        closed = Case(cause="a", code="", stored_reason="Why", details={"field": "x"})
        closed.opened_at = closed.closed_at = old
        still_open = Case(cause="b", details={"field": "x"}, opened_at=old)
        session.add_all([closed, still_open])
    assert retention.prune("kari")["details of cases"] == 1
    with read_only_session() as session:
        rows = {case.cause: (case.reason, case.details) for case in session.scalars(select(Case))}
    assert rows["a"] == ("Why", {})
    assert rows["b"][1] == {"field": "x"}


@pytest.mark.parametrize("first_state", ["posted", "changed"])
def test_a_receipt_without_its_body_is_made_again_once_a_held_change_is_skipped(
    app, quickbooks, clock, first_state
):
    bench = PostingBench(app, quickbooks, clock, wants=("posted", "changed", "held"))
    bill = bench.bill("A-1")
    bench.drain()
    if first_state == "changed":
        with transaction() as session:
            stored = session.get_one(Posting, bill)
            reasons = stored_reasons("Its total is another one.")
            receipts.queue(session, stored.document, "changed", posting=stored, reasons=reasons)
    receipt_delivery.deliver(bench.installation_id)
    grow_old(bench)
    assert retention.prune("kari")["receipts"] == len(bench.receipts())

    bench.edit(bench.bills()[0]["Id"], TxnDate="2026-03-01")
    change = bench.change(bill, total="120.00")
    bench.drain()
    manual.skip(change, "The edit in QuickBooks is right.", "kari")
    bench.drain()
    receipt_delivery.deliver(bench.installation_id)
    quickbooks_id = bench.posting(bill).quickbooks_id
    assert bench.source.receipts[-1] == ("A-1", first_state, quickbooks_id)


def test_ended_sessions_and_old_consents_go(bench):
    now = bench.clock.now()
    with transaction() as session:
        people.insert(session, "olga", "hash", [Right("owner")])
        person = session.scalars(select(User.id)).first()
        for number, at in enumerate((now - YEARS, now)):
            session.add(
                LoginSession(
                    key=str(number),
                    user_id=person,
                    began_at=at,
                    seen_at=at,
                    confirmed_at=at,
                    address="",
                    browser="",
                    factors="password",
                    needs_factor=False,
                    failures=0,
                )
            )
            session.add(OAuthState(state=str(number), session="s", created_at=at))
    counts = retention.prune("kari")
    assert (counts["sessions"], counts["consents"]) == (1, 1)
    with read_only_session() as session:
        assert session.scalars(select(LoginSession.key)).all() == ["1"]


def test_pruning_is_counted_by_a_dry_run_and_recorded_when_done(bench, monkeypatch):
    monkeypatch.setattr(retention, "ROWS_AT_ONCE", 2)
    postings = [bench.bill(f"A-{number}") for number in range(5)]
    bench.drain()
    for posting in postings:
        bench.change(posting, total="150.00")
    bench.drain()
    grow_old(bench)
    runner = CliRunner()
    counted = runner.invoke(main, ["prune", "--dry-run", "--json"], obj=bench.app)
    assert json.loads(counted.stdout)["replaced payloads"] == 5
    assert all(content(posting)[0] for posting in postings)
    pruned = runner.invoke(main, ["prune", "--json"], obj=bench.app)
    assert json.loads(pruned.stdout) == json.loads(counted.stdout)
    assert pruned.stderr == ""  # cron would mail it
    with read_only_session() as session:
        entry = session.scalars(select(AuditEntry).where(AuditEntry.what == "data pruned")).one()
    assert entry.detail["replaced payloads"] == 5


def test_an_interrupted_pruning_is_recorded_and_continued(bench, monkeypatch):
    monkeypatch.setattr(retention, "ROWS_AT_ONCE", 1)
    postings = [bench.bill(f"A-{number}") for number in range(3)]
    bench.drain()
    for posting in postings:
        bench.change(posting, total="150.00")
    bench.drain()
    grow_old(bench)

    def interrupt(name, number):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        retention.prune("kari", interrupt)
    with read_only_session() as session:
        entry = session.scalars(select(AuditEntry).where(AuditEntry.what == "data pruned")).one()
    assert entry.detail == {"replaced payloads": 1}
    assert retention.prune("kari")["replaced payloads"] == 2


def test_the_command_ends_at_a_signal_and_records_what_it_pruned(bench, monkeypatch):
    monkeypatch.setattr(retention, "ROWS_AT_ONCE", 1)
    postings = [bench.bill(f"A-{number}") for number in range(3)]
    bench.drain()
    for posting in postings:
        bench.change(posting, total="150.00")
    bench.drain()
    grow_old(bench)
    ending = bench.app.extensions["hub"].ending
    updates = []

    def send_signal(connection, cursor, statement, *rest):
        if statement.startswith("UPDATE posting"):
            updates.append(statement)
            if len(updates) == 1:
                signal.raise_signal(signal.SIGTERM)
                ending.wait(5)  # a thread sets it

    event.listen(engine.db.engine, "before_cursor_execute", send_signal)
    former = signal.signal(signal.SIGTERM, lambda *_: None)  # the default would end the tests
    try:
        result = CliRunner().invoke(main, ["prune"], obj=bench.app)
    finally:
        signal.signal(signal.SIGTERM, former)
        ending.clear()
    assert (result.exit_code, len(updates)) == (1, 1)
    assert "It was told to end. What was pruned is in the audit log" in result.output
    with read_only_session() as session:
        entry = session.scalars(select(AuditEntry).where(AuditEntry.what == "data pruned")).one()
    assert entry.detail == {"replaced payloads": 1}


def test_zero_days_keep_everything(make_app, make_config):
    config = make_config(HUB_KEEP_RUN_LINES_DAYS="0")
    app = make_app(config)
    with app.app_context():
        lines = next(rule for rule in retention.list_rules() if rule.name == "run lines")
    assert lines.days == 0
