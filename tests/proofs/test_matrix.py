"""Tests of every fault at every call: each document ends in the books exactly once."""

import datetime as dt
from collections import Counter
from collections.abc import Callable

import pytest
from sqlalchemy import select, update

from hub.db import engine
from hub.models import StoredRecord, TransactionHead
from hub.qbo import changes, record_download, transaction_download, transport
from hub.qbo import company as qbo_company
from hub.qbo.entities import ENTITY
from hub.qbo.oauth import connect as oauth_connect
from tests.support import faulty_network
from tests.support.fault_stage import NAMES, FaultBench, body_of
from tests.support.posting_bench import PostingBench
from tests.support.tiers import FULL
from tests.support.unsynced_database import make_volatile

pytestmark = pytest.mark.proof
LISTS = {
    "account": "account",
    "vendor": "vendor",
    "customer": "customer",
    "item": "item",
    "class": "class",
    "department": "location",
    "taxrate": "tax_rate",
    "taxcode": "tax_code",
    "term": "term",
    "paymentmethod": "payment_method",
}
STEP = 1 if FULL else 8
REPEATED = {"refused": "refuse", "called a duplicate": "duplicate", "not looked at": "ignore"}
KINDS = (
    "vendor_credit",
    "expense",
    "purchase_order",
    "invoice",
    "credit_memo",
    "payment",
    "refund",
    "bill_payment",
    "deposit",
    *NAMES,
)
CREATIONS = {
    f"{ENTITY[kind].lower()}.create": (kind, ENTITY[kind], NAMES.get(kind, "PrivateNote"))
    for kind in KINDS
}


# -- writes ----------------------------------------------------------------------------------------


def bills(stage: FaultBench) -> None:
    """Post a bill for each fault without trouble."""
    stage.create_documents(stage.bench.bill)
    stage.bench.drain()


def create(stage: FaultBench) -> None:
    stage.create_documents(stage.bench.bill)
    stage.break_each()
    stage.post_everything()
    assert stage.books() == dict.fromkeys(stage.faults, 1)


def create_where(stage: FaultBench) -> None:
    """Create bills where a repeated request id has another meaning and duplicates are allowed."""
    stage.bench.quickbooks.switch(
        requestid=REPEATED[stage.call.partition(" is ")[2]], duplicate_bills="always"
    )
    create(stage)
    stage.ids = {"alone": stage.bench.bill("alone")}  # others may let time pass
    stage.network.break_next("bill.create", "done after we gave up", b"alone")
    stage.post_everything()
    assert stage.books()["alone"] == 1


def create_any(stage: FaultBench) -> None:
    """Create transactions of every other kind, with their number in its usual field."""
    kind, entity, field = CREATIONS[stage.call]
    before = stage.books(entity, field)
    stage.create_documents(
        lambda number: stage.bench.plan(number, "create", body_of(stage, kind, number), kind=kind)
    )
    stage.break_each()
    stage.post_everything()
    created = Counter(
        str(name).partition(" [")[0] for name in (stage.books(entity, field) - before).elements()
    )
    assert created == dict.fromkeys(stage.faults, 1)


def change(stage: FaultBench) -> None:
    bills(stage)
    bill = dict(stage.ids)
    stage.create_documents(
        lambda number: stage.bench.change(bill[number], "update", total="120.00")
    )
    stage.break_each()
    stage.post_everything()
    assert {
        (posted_bill["DocNumber"], str(posted_bill["TotalAmt"]))
        for posted_bill in stage.bench.bills()
    } == {(number, "120.00") for number in stage.faults}
    assert len(stage.bench.bills()) == len(stage.faults)


def delete(stage: FaultBench) -> None:
    bills(stage)
    bill = dict(stage.ids)
    stage.create_documents(lambda number: stage.bench.change(bill[number], "delete"))
    stage.break_each(lambda number: f'"Id":"{stage.bench.posting(bill[number]).quickbooks_id}"')
    stage.post_everything()
    assert stage.books() == {}


def void(stage: FaultBench) -> None:
    stage.create_documents(
        lambda number: stage.bench.plan(
            number, "create", body_of(stage, "invoice", number), kind="invoice"
        )
    )
    stage.bench.drain()
    invoices = dict(stage.ids)
    stage.create_documents(
        lambda number: stage.bench.change(invoices[number], "void", kind="invoice")
    )
    stage.break_each(lambda number: f'"Id":"{stage.bench.posting(invoices[number]).quickbooks_id}"')
    stage.post_everything()
    assert len(
        stage.bench.quickbooks.select("select * from Invoice where TotalAmt = '0'")["Invoice"]
    ) == len(invoices)


def upload(stage: FaultBench) -> None:
    bills(stage)
    bill = dict(stage.ids)
    stage.create_documents(lambda number: stage.bench.attach(bill[number], name=f"{number}.pdf"))
    stage.break_each()
    stage.post_everything()
    assert stage.books("Attachable", "FileName") == {f"{number}.pdf": 1 for number in stage.faults}


def batch(stage: FaultBench) -> None:
    """Send a batch of three for each fault; each of the three is posted in the end."""
    for number, fault in stage.faults.items():
        stage.bench.set_sending_mode("batch")
        stage.ids |= {
            name: stage.bench.bill(name) for name in (f"{number[:19]}-{n}" for n in range(3))
        }
        stage.break_next(fault)
        stage.bench.drain()
        stage.repair()
    stage.post_everything()
    assert stage.books() == dict.fromkeys(stage.ids, 1)


# -- reads while posting ---------------------------------------------------------------------------


def renew(stage: FaultBench) -> None:
    for number, fault in stage.faults.items():
        stage.bench.pass_time(3700)
        stage.ids[number] = stage.bench.bill(number)
        stage.break_next(fault)
        stage.bench.drain()
    assert not stage.repaired
    stage.post_everything()
    assert stage.books() == dict.fromkeys(stage.faults, 1)


def doubtful(stage: FaultBench, before: str, call: str, lay: Callable[[str], int]) -> None:
    """Search for postings in doubt while the searches fail.

    Each stays in doubt until a search succeeds, and is then found or sent again.
    """
    for number, fault in stage.faults.items():
        if not stage.in_doubt():
            stage.ids[number] = lay(number)
            stage.bench.quickbooks.add_fault(before, call)
            stage.bench.drain()
        stage.bench.pass_time(400)
        stage.break_next(fault)
        stage.bench.drain()
        stage.repair()
    stage.post_everything()


def look(stage: FaultBench) -> None:
    doubtful(stage, "lose_answer", "bill.create", stage.bench.bill)
    assert stage.books() == dict.fromkeys(stage.ids, 1)


def read_back(stage: FaultBench) -> None:
    doubtful(stage, "lose_request", "bill.create", stage.bench.bill)
    assert stage.books() == dict.fromkeys(stage.ids, 1)


def look_for_file(stage: FaultBench) -> None:
    bill = stage.bench.bill("with a file")
    stage.bench.drain()
    doubtful(
        stage,
        "lose_answer",
        "upload",
        lambda number: stage.bench.attach(bill, name=f"{number}.pdf"),
    )
    assert stage.books("Attachable", "FileName") == {f"{number}.pdf": 1 for number in stage.ids}


# -- reads of lists and company --------------------------------------------------------------------


def records_of(name: str) -> dict[str, tuple[str, bool]]:
    with engine.read_only_session() as session:
        rows = session.scalars(
            select(StoredRecord).where(StoredRecord.company_id == 1, StoredRecord.list == name)
        )
        return {row.quickbooks_id: (row.name, row.active) for row in rows}


def read_list(stage: FaultBench) -> None:
    """Read a list completely or not at all; the previous content stays until then."""
    name = LISTS[stage.call.removeprefix("query.")]
    right = records_of(name)
    old = right | {min(right): ("old", True)}
    for fault in stage.faults.values():
        with engine.transaction() as session:
            statement = update(StoredRecord).where(
                StoredRecord.company_id == 1,
                StoredRecord.list == name,
                StoredRecord.quickbooks_id == min(right),
            )
            session.execute(statement.values(name="old", active=True))
        stage.break_next(fault)
        good = stage.attempt(lambda: record_download.refresh(1, [name]))
        assert records_of(name) == (right if good else old), fault
    record_download.refresh(1, [name])
    assert records_of(name) == right


def read_company(stage: FaultBench) -> None:
    with engine.read_only_session() as session:
        before = qbo_company.load_facts(session, 1)
    for fault in stage.faults.values():
        stage.break_next(fault)
        stage.attempt(lambda: oauth_connect.check(1))
        with engine.read_only_session() as session:
            assert qbo_company.load_facts(session, 1) == before
    assert stage.attempt(lambda: oauth_connect.check(1))


def read_changes(stage: FaultBench) -> None:
    stage.ids["1"] = stage.bench.bill("1")
    stage.post_everything()
    bill = stage.bench.posting(stage.ids["1"]).quickbooks_id
    transaction_download.download_missing(1, ["bill"], dt.date(2026, 1, 1))
    for number, fault in stage.faults.items():
        stage.bench.edit(bill, DocNumber=number)
        stage.break_next(fault)
        if not stage.attempt(lambda: changes.poll(1)):
            assert stage.attempt(lambda: changes.poll(1))
        with engine.read_only_session() as session:
            assert session.get_one(TransactionHead, (1, "bill", bill)).number == number


STORIES: dict[str, Callable[[FaultBench], None]] = {
    "bill.create": create,
    **dict.fromkeys(CREATIONS, create_any),
    **{f"bill.create where a known id is {meaning}": create_where for meaning in REPEATED},
    "invoice.void": void,
    "bill.update": change,
    "bill.delete": delete,
    "upload": upload,
    "batch": batch,
    "token.refresh": renew,
    "bill.read": read_back,
    "query.bill": look,
    "cdc in a look": look,
    "query.attachable": look_for_file,
    "cdc": read_changes,
    "companyinfo.read": read_company,
    "preferences.read": read_company,
    **{f"query.{name}": read_list for name in LISTS},
}


def faults_at(call: str) -> list[str]:
    """Return all faults, or an eighth of them in smaller proofs, a different one for each call."""
    first = list(STORIES).index(call) % STEP
    names = list(faulty_network.FAULTS)
    if call != "batch":
        names = [name for name in names if name not in faulty_network.BATCHES]
    chosen = {*names[first::STEP], *faulty_network.BATCHES}
    return [name for name in names if name in chosen]


@pytest.fixture
def network(app, quickbooks, clock, monkeypatch) -> faulty_network.Network:
    monkeypatch.setattr(transport, "MAX_ANSWER_BYTES", faulty_network.OVERSIZED)
    quickbooks.switch(previous_refresh_token="grace")
    return faulty_network.Network(
        next(iter(make_volatile(app).extensions["hub"].mounts.values())), clock
    )


@pytest.mark.proof(small=8)
@pytest.mark.parametrize("call", STORIES)
def test_nothing_is_lost_and_nothing_doubled_whatever_fault_meets(
    app, quickbooks, clock, network, figure, call
):
    stage = FaultBench(PostingBench(app, quickbooks, clock), network, call, faults_at(call))
    STORIES[call](stage)
    assert network.fired >= Counter(stage.faults.values())
    figure(
        f"faults met at {call}, nothing lost, nothing doubled",
        len(stage.faults),
        23 if STEP == 1 else 4,
    )


def test_every_kind_of_fault_is_met_and_there_are_enough_calls(figure):
    pairs = {(call, fault) for call in STORIES for fault in faults_at(call)}
    assert {fault for _, fault in pairs} == set(faulty_network.FAULTS)
    figure("kinds of faults met by calls of the client", len(faulty_network.FAULTS), 23)
    figure("calls of the client that meet them", len(STORIES), 14)
    figure(
        "cells of faults and calls, nothing lost, nothing doubled",
        len(pairs),
        140 if STEP > 1 else 1200,
    )
