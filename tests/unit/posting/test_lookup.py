"""Lookups in QuickBooks: lists by name, other documents' marks and complete searches."""

import datetime as dt
import json
import re
import threading
from dataclasses import replace
from urllib.parse import unquote

import pytest
from sqlalchemy import select

from hub import outbox
from hub.context import current_hub
from hub.db.engine import read_only_session, transaction
from hub.errors import Retry
from hub.models import Case, Match, Posting
from hub.posting.actions import retries
from hub.qbo import records, search, transport
from hub.qbo.client import Client
from hub.qbo.oauth import connect as oauth_connect
from tests.support.rows.posting_bench import PostingBench
from tests.support.servers.blocked_transactions import wait_until_blocked
from tests.support.sources.stand_in_fixtures import mount_quickbooks


def vendor(bench, name="Nordisk Stål AS"):
    return bench.plan(f"v-{name}", "create", {"DisplayName": name}, kind="vendor", total=None)


def vendors(bench, name):
    records = bench.quickbooks.select(
        "select * from Vendor where Active in (true, false) maxresults 1000"
    )
    return [row for row in records["Vendor"] if row["DisplayName"] == name]


@pytest.mark.parametrize("fault", [None, "lose_answer", "lose_request"])
def test_a_vendor_is_made_once(bench, fault):
    if fault:
        bench.quickbooks.add_fault(fault, "vendor.create")
    id = vendor(bench)
    bench.drain(wait_for_doubts=True)
    assert (bench.state(id), len(vendors(bench, "Nordisk Stål AS"))) == ("posted", 1)


@pytest.mark.parametrize("name", ["Włodarski – Hydraulika", "O’Neil’s", "珊珊 李", "Ł"])
@pytest.mark.parametrize("fault", ["lose_answer", "lose_request"])
def test_a_vendor_is_made_once_whose_name_no_query_can_contain(bench, name, fault):
    bench.quickbooks.ask("POST", "vendor", {"DisplayName": "Wodarski - Hydraulika"})
    bench.quickbooks.add_fault(fault, "vendor.create")
    id = vendor(bench, name)
    bench.drain(wait_for_doubts=True)
    assert (bench.state(id), len(vendors(bench, name))) == ("posted", 1)


def test_all_vendors_are_read_if_no_pattern_is_accepted(bench):
    bench.quickbooks.add_fault("lose_answer", "vendor.create")
    id = vendor(bench, "Włodarski")
    bench.drain()
    assert bench.state(id) == "unknown"
    bench.quickbooks.add_fault("refusal", "query.vendor", code=4000)
    bench.drain(wait_for_doubts=True)
    assert (bench.state(id), len(vendors(bench, "Włodarski"))) == ("posted", 1)


@pytest.mark.parametrize("name", ["Włodarski – Hydraulika", "WŁODARSKI – HYDRAULIKA"])
def test_a_vendor_that_exists_by_a_name_that_no_query_can_contain_is_adopted(bench, name):
    record = bench.quickbooks.ask("POST", "vendor", {"DisplayName": name}).json()["Vendor"]
    id = vendor(bench, "Włodarski – Hydraulika")
    bench.drain()
    assert (bench.state(id), bench.posting(id).quickbooks_id) == ("posted", record["Id"])


def test_a_vendor_that_exists_by_that_name_is_adopted(bench):
    record = bench.quickbooks.ask("POST", "vendor", {"DisplayName": "Nordisk Stål AS"}).json()[
        "Vendor"
    ]
    id = vendor(bench)
    bench.drain()
    assert (bench.state(id), bench.posting(id).quickbooks_id) == ("posted", record["Id"])


@pytest.fixture
def pg_bench(pg_app, clock):
    quickbooks = mount_quickbooks(pg_app, clock)
    token = quickbooks.refresh_tokens[quickbooks.realm]
    oauth_connect.connect_with_refresh_token(quickbooks.realm, token)
    return PostingBench(pg_app, quickbooks, clock)


@pytest.mark.parametrize("stored", ["record", "match"])
def test_a_new_vendor_is_noted_while_another_process_notes_it_too(pg_app, pg_bench, stored):
    bench = pg_bench
    entity = {"Id": "900", "DisplayName": "Nordisk Stål AS"}
    id = vendor(bench)
    with transaction() as session:
        posting = session.get_one(Posting, id)
        posting.state, posting.quickbooks_id = "posted", entity["Id"]
        posting.document.made_for, posting.document.kind = "supplier", "vendor"
        records.absorb(session, bench.company_id, "vendor", [{"Id": "1", "DisplayName": "Ås"}])
        match = Match(
            company_id=bench.company_id,
            scope=current_hub().plugins.get_plugin_name("bench"),
            tenant=posting.document.tenant,
            field="supplier",
            code=posting.document.source_id,
            role="vendor",
            record="1",
            match_method="decided",
            who="kari",
            at=bench.clock.now(),
        )

    def note() -> None:
        with pg_app.app_context(), transaction() as session:
            outbox.match_created_record(session, id)
        noted.append(True)

    noted: list[bool] = []
    thread = threading.Thread(target=note)
    with transaction() as session:
        if stored == "record":
            records.absorb(session, bench.company_id, "vendor", [entity])
        else:
            session.add(match)
            session.flush()
        thread.start()
        wait_until_blocked(session)
    thread.join(30)
    with transaction() as session:
        matched = session.scalars(select(Match.record)).all()
    assert (noted, matched) == ([True], ["900" if stored == "record" else "1"])


def test_the_name_of_a_customer_is_not_adopted_for_a_vendor(bench):
    bench.quickbooks.ask("POST", "customer", {"DisplayName": "Nordisk Stål AS"})
    id = vendor(bench)
    bench.drain()
    assert (bench.state(id), bench.cases()) == ("held", ["Name already used"])


def test_the_holder_of_a_number_is_adopted_if_it_is_ours_and_else_needs_a_decision(bench):
    bench.quickbooks.ask("POST", "bill", bench.body("A-1"))
    bench.quickbooks.ask("POST", "bill", {**bench.body("A-2"), "PrivateNote": "typed in"})
    ours, theirs = bench.bill("A-1"), bench.bill("A-2")
    bench.app.extensions["hub.posting"] = memory_after_search(bench)
    bench.drain()
    assert (bench.state(ours), bench.state(theirs)) == ("posted", "held")
    assert (bench.cases(), len(bench.bills())) == (["Number already used"], 2)


def test_the_number_of_a_check_that_an_expense_has_is_no_candidate_for_a_bill_payment(bench):
    bench.quickbooks.switch(duplicate_bills="never")
    expense = {
        "PaymentType": "Check",
        "AccountRef": {"value": "35"},
        "DocNumber": "1001",
        "Line": bench.body("A-1")["Line"],
    }
    bench.quickbooks.act("create", kind="Purchase", set=expense)
    bill_id = bench.bill("A-1")
    bench.drain()
    payment = {
        "VendorRef": bench.body("A-1")["VendorRef"],
        "PayType": "Check",
        "CheckPayment": {"BankAccountRef": {"value": "35"}},
        "DocNumber": "1001",
        "TotalAmt": 10,
        "Line": [
            {
                "Amount": 10,
                "LinkedTxn": [{"TxnId": bench.posting(bill_id).quickbooks_id, "TxnType": "Bill"}],
            }
        ],
    }
    id = bench.plan("P-1", "create", payment, kind="bill_payment")
    bench.drain()
    with read_only_session() as session:
        (case,) = session.scalars(select(Case))
        assert "TxnType=Check" in case.params["answer"]
        assert (bench.state(id), case.code, case.details) == ("held", "outcome.number_used", {})


def memory_after_search(bench):
    """Return the memory of a process that has already searched once."""
    from hub.posting.outcome.session import ProcessMemory

    return ProcessMemory(scanned_kinds={(bench.company_id, "bill")})


@pytest.mark.parametrize("place", ["QueryResponse", "CDCResponse"])
def test_a_search_that_is_answered_with_a_fault_for_its_objects_proves_nothing(
    bench, monkeypatch, place
):
    bench.quickbooks.switch(requestid="ignore")
    bench.quickbooks.add_fault("lose_answer", "bill.create")
    id = bench.bill()
    bench.drain()
    if place == "CDCResponse":
        bench.quickbooks.act("delete", kind="Bill", id=bench.bills()[0]["Id"])
    bench.pass_time(300)
    fault = {"Fault": {"Error": [{"Message": "no", "code": "10000"}], "type": "SystemFault"}}
    send = transport.send

    def send_with_fault(request, **options):
        response = send(request, **options)
        if place not in json.loads(response.body):
            return response
        content = json.dumps({place: fault if place == "QueryResponse" else [fault]})
        return replace(response, body=content.encode())

    monkeypatch.setattr(transport, "send", send_with_fault)
    bench.drain()
    assert (bench.state(id), bench.proofs(id)) == ("unknown", [])
    monkeypatch.undo()
    bench.drain(wait_for_doubts=True)
    state = "posted" if place == "QueryResponse" else "held"
    assert (bench.state(id), len(bench.attempts(id))) == (state, 1)


# -- complete searches -----------------------------------------------------------------------------


def enter_bills(bench, count, seconds=1):
    for n in range(count):
        bench.quickbooks.ask("POST", "bill", bench.body(f"S-{n}"))
        bench.pass_time(seconds)


@pytest.mark.parametrize("seconds", [0, 1])
@pytest.mark.parametrize("page", [2, 3, 7, 100])
def test_everything_created_is_found_across_pages_even_within_one_second(bench, page, seconds):
    since = bench.clock.now() - dt.timedelta(minutes=10)
    enter_bills(bench, 7, seconds)
    results = [
        row["Id"]
        for part in search.find_created_since(Client(1), "bill", since, page)
        for row in part
    ]
    assert sorted(results) == sorted(bill["Id"] for bill in bench.bills())
    assert len(results) == len(set(results))


def test_moments_are_asked_for_to_the_second(bench, monkeypatch):
    """Intuit documents queries and change data with whole seconds only."""
    sent = []
    build_request = transport.build_request

    def record_request(method, url, token, body=None, content_type=""):
        sent.append(unquote(url) + (body or b"").decode())
        return build_request(method, url, token, body, content_type)

    monkeypatch.setattr(transport, "build_request", record_request)
    since = bench.clock.now() + dt.timedelta(milliseconds=400)
    enter_bills(bench, 5, seconds=0)
    pages = search.find_created_since(Client(1), "bill", since, 2)
    results = [row["Id"] for page in pages for row in page]
    assert sorted(results) == sorted(bill["Id"] for bill in bench.bills())
    Client(1).cdc(["bill"], since).check()
    second = f"{since:%Y-%m-%dT%H:%M:%S}+00:00"
    assert f"CreateTime >= '{second}'" in sent[0]
    assert f"changedSince={second}" in sent[-1]
    assert [text for text in sent if re.search(r":\d\d\.", text)] == []


def test_inactive_records_of_one_second_are_found(bench):
    since = bench.clock.now() - dt.timedelta(minutes=10)
    created = []
    for number in range(5):
        response = bench.quickbooks.ask("POST", "vendor", {"DisplayName": f"Vendor {number}"})
        created.append(response.json()["Vendor"])
    inactive = {"Id": created[1]["Id"], "SyncToken": "0", "sparse": True, "Active": False}
    bench.quickbooks.ask("POST", "vendor", inactive)
    pages = search.find_created_since(Client(1), "vendor", since, 2)
    results = [row["Id"] for page in pages for row in page]
    assert sorted(results) == sorted(row["Id"] for row in created)


@pytest.mark.parametrize("page", [2, 7, 8, 100])
@pytest.mark.parametrize("count", [0, 7])
def test_a_search_that_proves_absence_ends_with_a_page_that_shows_nothing_new(bench, count, page):
    since = bench.clock.now() - dt.timedelta(minutes=10)
    enter_bills(bench, count)
    client = Client(1)
    pages = search.find_created_since(client, "bill", since, page)
    pages_of_proof = search.find_created_since(client, "bill", since, page, until_nothing_new=True)
    ids = [row["Id"] for entities in pages for row in entities]
    reads_before = client.reads
    ids_of_proof = [row["Id"] for entities in pages_of_proof for row in entities]
    assert ids_of_proof == ids
    assert client.reads - reads_before == reads_before + 1


def test_a_full_second_that_begins_within_a_page_is_reported_once(bench):
    since = bench.clock.now() - dt.timedelta(minutes=10)
    enter_bills(bench, 1)
    enter_bills(bench, 5, seconds=0)
    results = [
        row["Id"] for part in search.find_created_since(Client(1), "bill", since, 2) for row in part
    ]
    assert sorted(results) == sorted(bill["Id"] for bill in bench.bills())


def test_rows_that_are_edited_or_deleted_meanwhile_hide_no_other(bench):
    since = bench.clock.now() - dt.timedelta(minutes=10)
    enter_bills(bench, 6)
    bills = sorted(bench.bills(), key=lambda bill: int(bill["Id"]))
    pages = search.find_created_since(Client(1), "bill", since, 2)
    results = [row["Id"] for row in next(pages)]
    bench.quickbooks.act("delete", kind="Bill", id=bills[0]["Id"])
    results += [row["Id"] for part in pages for row in part]
    assert set(results) == {bill["Id"] for bill in bills}


def test_a_second_that_changes_while_it_is_searched_proves_nothing(bench, monkeypatch):
    since = bench.clock.now() - dt.timedelta(minutes=10)
    enter_bills(bench, 5, seconds=0)
    counted = iter([5, 4])
    monkeypatch.setattr(search, "_count_objects", lambda *args: next(counted))
    with pytest.raises(search.Incomplete):
        list(search.find_created_since(Client(1), "bill", since, 2))


@pytest.mark.parametrize("times", [{}, {"CreateTime": "soon"}])
def test_an_object_without_the_time_of_its_creation_proves_nothing(bench, times):
    body = json.dumps({"QueryResponse": {"Bill": [{"Id": "1", "MetaData": times}]}})
    bench.quickbooks.add_fault("wrong_json", "query.bill", body=body)
    with pytest.raises(search.Incomplete, match="does not say when something was created"):
        list(search.find_created_since(Client(1), "bill", bench.clock.now()))


@pytest.mark.parametrize("order", ["oldest", "newest"])
def test_all_deletions_are_found_unless_their_order_may_hide_some(bench, monkeypatch, order):
    monkeypatch.setattr(search, "PAGE_SIZE", 3)
    monkeypatch.setattr("qbo_sandbox.api.changes.MAX_OBJECTS", 3)
    bench.quickbooks.switch(cdc_order=order)
    since = bench.clock.now()
    enter_bills(bench, 8, seconds=10)
    deleted_id = bench.bills()[3]["Id"]
    bench.quickbooks.act("delete", kind="Bill", id=deleted_id)
    bench.pass_time(10)
    bench.quickbooks.ask("POST", "bill", bench.body("S-9"))
    bench.pass_time(10)
    if order == "newest":
        with pytest.raises(search.Incomplete, match="order of change"):
            search.find_deleted(Client(1), "bill", since, bench.clock.now())
        return
    deleted = search.find_deleted(Client(1), "bill", since, bench.clock.now())
    assert [entity["Id"] for entity in deleted] == [deleted_id]


def test_deletions_older_than_quickbooks_remembers_cannot_be_known(bench):
    now = bench.clock.now()
    with pytest.raises(Retry):
        search.find_deleted(Client(1), "bill", now - dt.timedelta(days=31), now)


def test_a_doubt_older_than_a_month_is_put_before_a_person(bench):
    bench.quickbooks.add_fault("lose_request", "bill.create")
    id = bench.bill()
    bench.drain()
    bench.pass_time(40 * 24 * 3600)
    bench.drain()
    assert (bench.state(id), bench.cases()) == ("held", ["Perhaps posted and deleted"])
    retries.retry(id, "kari")
    bench.drain()
    assert (bench.state(id), bench.cases(), len(bench.bills())) == ("posted", [], 1)


def test_a_doubt_ends_although_a_page_does_not_hold_all_bills_with_its_number(bench, monkeypatch):
    for name in ("Nordisk Stål AS", "Fjord Elektro AS"):
        record = bench.quickbooks.ask("POST", "vendor", {"DisplayName": name}).json()["Vendor"]
        other = bench.body("1", vendor=record["Id"]) | {"PrivateNote": "typed in"}
        assert bench.quickbooks.ask("POST", "bill", other).status == 200
    bench.clock.advance(3600)
    bench.bill("A-1")
    bench.drain()
    bench.clock.advance(3600)
    monkeypatch.setattr("hub.qbo.search.PAGE_SIZE", 2)
    bench.quickbooks.add_fault("lose_request", "bill.create")
    id = bench.bill("1")
    bench.drain(wait_for_doubts=True)
    assert (bench.state(id), len(bench.bills())) == ("posted", 4)
