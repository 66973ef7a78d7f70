"""A kind of documents that QuickBooks does not list stops no other kind, and is not doubled."""

import pytest

from hub.db.engine import transaction
from hub.models import ConnectedCompany
from hub.posting.actions import retries
from hub.posting.recovery import restore
from tests.support.rows.posting_bench import PostingBench

NOT_LISTED = "Documents of the kind “supplier credit” cannot be looked up in QuickBooks"
LONG_AFTER_SENDS = 300  # seconds after which nothing that was sent can still arrive


def refuse_credits(bench: PostingBench) -> None:
    """Let QuickBooks refuse to list supplier credits, as an edition without them may."""
    bench.quickbooks.add_fault("refusal", "query.vendorcredit", code="5020", count=0)


def plan_credit(bench: PostingBench, number: str) -> int:
    """Plan a supplier credit without a number, so that only its marker shows that it exists."""
    body = bench.body(number)
    del body["DocNumber"]
    return bench.plan(number, "create", body, kind="vendor_credit")


def list_credits(bench: PostingBench) -> list[str]:
    """Return the ids of the supplier credits in QuickBooks."""
    rows = bench.quickbooks.select("select * from VendorCredit").get("VendorCredit", [])
    return [row["Id"] for row in rows]


def enter_credit(bench: PostingBench, number: str) -> str:
    """Post a supplier credit as a hub whose database was lost; return its id in QuickBooks."""
    body = bench.body(number)
    del body["DocNumber"]
    answer = bench.quickbooks.ask("POST", "vendorcredit", body)
    return str(answer.json()["VendorCredit"]["Id"])


def let_restore_settle(bench: PostingBench) -> None:
    bench.drain()
    for seconds in (LONG_AFTER_SENDS, 3600):
        bench.pass_time(seconds)
        bench.drain()


def test_a_kind_that_is_not_listed_holds_its_documents_and_stops_no_other_kind(bench):
    refuse_credits(bench)
    credit_id, bill_id = plan_credit(bench, "C-1"), bench.bill("A-1")
    bench.drain()
    assert (bench.state(bill_id), bench.state(credit_id)) == ("posted", "held")
    assert bench.cases() == [NOT_LISTED]
    assert (
        "cannot tell whether Supplier credit C-1 of Acme is there already"
        in bench.posting(credit_id).reason
    )
    assert bench.attempts(credit_id) == []
    later_id = plan_credit(bench, "C-2")
    bench.clear_check(later_id)
    bench.drain()
    assert (bench.state(later_id), bench.cases()) == ("held", [NOT_LISTED])


@pytest.mark.parametrize("is_retried", [False, True])
def test_the_next_run_posts_the_documents_of_a_kind_that_is_listed_again(bench, is_retried):
    refuse_credits(bench)
    credit_id = plan_credit(bench, "C-1")
    bench.drain()
    bench.quickbooks.faults.clear()
    if is_retried:
        retries.retry(credit_id, "kari")
    bench.drain()
    assert (bench.state(credit_id), bench.cases(), len(list_credits(bench))) == ("posted", [], 1)


def test_a_held_document_that_an_older_database_had_posted_is_found_when_its_kind_is_listed(bench):
    refuse_credits(bench)
    credit_id = plan_credit(bench, "C-1")
    enter_credit(bench, "C-1")
    bench.drain()
    assert bench.state(credit_id) == "held"
    bench.bill("A-1")
    bench.drain()
    bench.pass_time(24 * 3600)
    bench.bill("A-2")
    bench.drain()
    bench.restart()
    bench.quickbooks.faults.clear()
    bench.drain(wait_for_doubts=True)
    assert (bench.state(credit_id), len(list_credits(bench))) == ("posted", 1)
    assert bench.attempts(credit_id) == []


def test_after_a_restore_a_kind_that_is_not_listed_stops_no_other_kind(bench):
    refuse_credits(bench)
    restore.declare_restore()
    credit_id, bill_id = plan_credit(bench, "C-1"), bench.bill("A-1")
    let_restore_settle(bench)
    assert (bench.state(bill_id), bench.state(credit_id)) == ("posted", "unknown")
    assert bench.company().restore_settled is not None
    later_id = bench.bill("A-2")
    bench.drain()
    bench.pass_time(LONG_AFTER_SENDS)
    bench.drain()
    assert (bench.state(later_id), bench.state(credit_id)) == ("posted", "unknown")
    bench.quickbooks.faults.clear()
    bench.drain(wait_for_doubts=True)
    assert (bench.state(credit_id), len(list_credits(bench))) == ("posted", 1)


@pytest.mark.parametrize("collected", ["before it can be listed", "afterwards"])
def test_what_a_restored_database_had_forgotten_of_such_a_kind_is_found(bench, collected):
    bench.bill("A-0")
    bench.drain()
    bench.quickbooks.switch(requestid="ignore")
    enter_credit(bench, "C-1")
    refuse_credits(bench)
    restore.declare_restore()
    ids = []
    if collected == "before it can be listed":
        ids = [plan_credit(bench, "C-1")]
    let_restore_settle(bench)
    bench.bill("A-1")
    bench.drain()
    bench.pass_time(24 * 3600)
    bench.restart()
    bench.quickbooks.faults.clear()
    ids = ids or [plan_credit(bench, "C-1")]
    bench.drain(wait_for_doubts=True)
    assert ([bench.state(id) for id in ids], len(list_credits(bench))) == (["posted"], 1)
    other_id = plan_credit(bench, "C-2")
    bench.drain(wait_for_doubts=True)
    assert (bench.state(other_id), len(list_credits(bench))) == ("posted", 2)
    assert not bench.company().unsearched_kinds


def test_a_person_is_asked_about_what_may_have_been_deleted_before_the_kind_was_listed(bench):
    bench.bill("A-0")
    bench.drain()
    entered_id = enter_credit(bench, "C-1")
    refuse_credits(bench)
    restore.declare_restore()
    credit_id = plan_credit(bench, "C-1")
    let_restore_settle(bench)
    bench.quickbooks.act("delete", kind="VendorCredit", id=entered_id)
    bench.pass_time(40 * 24 * 3600)  # QuickBooks tells of deletions for 30 days
    bench.quickbooks.faults.clear()
    bench.drain(wait_for_doubts=True)
    assert (bench.state(credit_id), list_credits(bench)) == ("held", [])


def test_a_kind_that_nothing_needs_is_not_asked_for_again(bench):
    refuse_credits(bench)
    restore.declare_restore()
    let_restore_settle(bench)
    assert list(bench.company().unsearched_kinds) == ["vendor_credit"]
    calls = len(bench.sent("query.vendorcredit"))
    bench.bill("A-1")
    bench.drain()
    assert len(bench.sent("query.vendorcredit")) == calls


def test_after_a_restore_that_a_person_declares_twice_the_older_date_counts(bench):
    bench.bill("A-0")
    bench.drain()
    enter_credit(bench, "C-1")
    refuse_credits(bench)
    restore.declare_restore()
    let_restore_settle(bench)
    first = bench.company().unsearched_kinds["vendor_credit"]["since"]
    bench.pass_time(24 * 3600)
    bench.bill("A-1")
    bench.drain()
    restore.declare_restore()
    let_restore_settle(bench)
    assert bench.company().unsearched_kinds["vendor_credit"]["since"] == first


class TestDistributed:
    """The engine of several machines notices that the server of the database was restarted."""

    @pytest.fixture
    def app(self, postgres_url, make_app, make_config):
        from hub.db.engine import db

        app = make_app(make_config(HUB_ENGINE="distributed", HUB_DATABASE_URL=postgres_url))
        with app.app_context():
            yield app
            db.engine.dispose()

    def test_after_a_restart_a_kind_that_is_not_listed_stops_no_other_kind(self, bench):
        bench.bill("A-0")
        bench.drain()
        with transaction() as session:
            company = session.get_one(ConnectedCompany, bench.company_id)
            company.database_identity = company.database_identity | {"started_at": "1.0"}
        refuse_credits(bench)
        credit_id, bill_id = plan_credit(bench, "C-1"), bench.bill("A-1")
        bench.drain()
        assert (bench.state(bill_id), bench.state(credit_id)) == ("posted", "held")
        assert bench.cases() == [NOT_LISTED]
        bench.quickbooks.faults.clear()
        bench.drain()
        assert (bench.state(credit_id), bench.cases()) == ("posted", [])
