"""Tests of every fault at every call: each document ends in the books exactly once."""

import datetime as dt
from collections import Counter
from collections.abc import Callable

import pytest
from sqlalchemy import select, update

from hub.db import engine
from hub.models import StoredRecord, TransactionHead
from hub.payloads.entities import ENTITY_BY_KIND
from hub.qbo import changes, record_download, transaction_download, transport
from hub.qbo import company as qbo_company
from hub.qbo.oauth import connect as oauth_connect
from tests.support.proofs.fault_bench import NAMES, FaultBench, body_of
from tests.support.rows.posting_bench import PostingBench
from tests.support.runs.tiers import FULL
from tests.support.servers import faulty_network
from tests.support.servers.unsynced_database import make_volatile

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
    f"{ENTITY_BY_KIND[kind].lower()}.create": (
        kind,
        ENTITY_BY_KIND[kind],
        NAMES.get(kind, "PrivateNote"),
    )
    for kind in KINDS
}


# -- writes ----------------------------------------------------------------------------------------


def bills(fault_bench: FaultBench) -> None:
    """Post a bill for each fault without trouble."""
    fault_bench.create_documents(fault_bench.bench.bill)
    fault_bench.bench.drain()


def create(fault_bench: FaultBench) -> None:
    fault_bench.create_documents(fault_bench.bench.bill)
    fault_bench.break_each()
    fault_bench.post_everything()
    assert fault_bench.books() == dict.fromkeys(fault_bench.faults, 1)


def create_where(fault_bench: FaultBench) -> None:
    """Create bills where a repeated request id has another meaning and duplicates are allowed."""
    fault_bench.bench.quickbooks.switch(
        requestid=REPEATED[fault_bench.call.partition(" is ")[2]], duplicate_bills="always"
    )
    create(fault_bench)
    fault_bench.ids = {"alone": fault_bench.bench.bill("alone")}  # others may let time pass
    fault_bench.network.break_next("bill.create", "done after we gave up", b"alone")
    fault_bench.post_everything()
    assert fault_bench.books()["alone"] == 1


def create_any(fault_bench: FaultBench) -> None:
    """Create transactions of every other kind, with their number in its usual field."""
    kind, entity, field = CREATIONS[fault_bench.call]
    before = fault_bench.books(entity, field)
    fault_bench.create_documents(
        lambda number: fault_bench.bench.plan(
            number, "create", body_of(fault_bench, kind, number), kind=kind
        )
    )
    fault_bench.break_each()
    fault_bench.post_everything()
    created = Counter(
        str(name).partition(" [")[0]
        for name in (fault_bench.books(entity, field) - before).elements()
    )
    assert created == dict.fromkeys(fault_bench.faults, 1)


def change(fault_bench: FaultBench) -> None:
    bills(fault_bench)
    bill = dict(fault_bench.ids)
    fault_bench.create_documents(
        lambda number: fault_bench.bench.change(bill[number], "update", total="120.00")
    )
    fault_bench.break_each()
    fault_bench.post_everything()
    assert {
        (posted_bill["DocNumber"], str(posted_bill["TotalAmt"]))
        for posted_bill in fault_bench.bench.bills()
    } == {(number, "120.00") for number in fault_bench.faults}
    assert len(fault_bench.bench.bills()) == len(fault_bench.faults)


def delete(fault_bench: FaultBench) -> None:
    bills(fault_bench)
    bill = dict(fault_bench.ids)
    fault_bench.create_documents(lambda number: fault_bench.bench.change(bill[number], "delete"))
    fault_bench.break_each(
        lambda number: f'"Id":"{fault_bench.bench.posting(bill[number]).quickbooks_id}"'
    )
    fault_bench.post_everything()
    assert fault_bench.books() == {}


def void(fault_bench: FaultBench) -> None:
    fault_bench.create_documents(
        lambda number: fault_bench.bench.plan(
            number, "create", body_of(fault_bench, "invoice", number), kind="invoice"
        )
    )
    fault_bench.bench.drain()
    invoices = dict(fault_bench.ids)
    fault_bench.create_documents(
        lambda number: fault_bench.bench.change(invoices[number], "void", kind="invoice")
    )
    fault_bench.break_each(
        lambda number: f'"Id":"{fault_bench.bench.posting(invoices[number]).quickbooks_id}"'
    )
    fault_bench.post_everything()
    assert len(
        fault_bench.bench.quickbooks.select("select * from Invoice where TotalAmt = '0'")["Invoice"]
    ) == len(invoices)


def upload(fault_bench: FaultBench) -> None:
    bills(fault_bench)
    bill = dict(fault_bench.ids)
    fault_bench.create_documents(
        lambda number: fault_bench.bench.attach(bill[number], name=f"{number}.pdf")
    )
    fault_bench.break_each()
    fault_bench.post_everything()
    assert fault_bench.books("Attachable", "FileName") == {
        f"{number}.pdf": 1 for number in fault_bench.faults
    }


def batch(fault_bench: FaultBench) -> None:
    """Send a batch of three for each fault; each of the three is posted in the end."""
    for number, fault in fault_bench.faults.items():
        fault_bench.bench.set_sending_mode("batch")
        fault_bench.ids |= {
            name: fault_bench.bench.bill(name) for name in (f"{number[:19]}-{n}" for n in range(3))
        }
        fault_bench.break_next(fault)
        fault_bench.bench.drain()
        fault_bench.repair()
    fault_bench.post_everything()
    assert fault_bench.books() == dict.fromkeys(fault_bench.ids, 1)


# -- reads while posting ---------------------------------------------------------------------------


def renew(fault_bench: FaultBench) -> None:
    for number, fault in fault_bench.faults.items():
        fault_bench.bench.pass_time(3700)
        fault_bench.ids[number] = fault_bench.bench.bill(number)
        fault_bench.break_next(fault)
        fault_bench.bench.drain()
    assert not fault_bench.repaired
    fault_bench.post_everything()
    assert fault_bench.books() == dict.fromkeys(fault_bench.faults, 1)


def search_in_doubt(
    fault_bench: FaultBench, before: str, call: str, create: Callable[[str], int]
) -> None:
    """Search for postings in doubt while the searches fail.

    Each stays in doubt until a search succeeds, and is then found or sent again.
    """
    for number, fault in fault_bench.faults.items():
        if not fault_bench.in_doubt():
            fault_bench.ids[number] = create(number)
            fault_bench.bench.quickbooks.add_fault(before, call)
            fault_bench.bench.drain()
        fault_bench.bench.pass_time(400)
        fault_bench.break_next(fault)
        fault_bench.bench.drain()
        fault_bench.repair()
    fault_bench.post_everything()


def search_by_marker(fault_bench: FaultBench) -> None:
    search_in_doubt(fault_bench, "lose_answer", "bill.create", fault_bench.bench.bill)
    assert fault_bench.books() == dict.fromkeys(fault_bench.ids, 1)


def read_back(fault_bench: FaultBench) -> None:
    search_in_doubt(fault_bench, "lose_request", "bill.create", fault_bench.bench.bill)
    assert fault_bench.books() == dict.fromkeys(fault_bench.ids, 1)


def search_file(fault_bench: FaultBench) -> None:
    bill = fault_bench.bench.bill("with a file")
    fault_bench.bench.drain()
    search_in_doubt(
        fault_bench,
        "lose_answer",
        "upload",
        lambda number: fault_bench.bench.attach(bill, name=f"{number}.pdf"),
    )
    assert fault_bench.books("Attachable", "FileName") == {
        f"{number}.pdf": 1 for number in fault_bench.ids
    }


# -- reads of lists and company --------------------------------------------------------------------


def records_of(name: str) -> dict[str, tuple[str, bool]]:
    with engine.read_only_session() as session:
        rows = session.scalars(
            select(StoredRecord).where(StoredRecord.company_id == 1, StoredRecord.list == name)
        )
        return {row.quickbooks_id: (row.name, row.active) for row in rows}


def read_list(fault_bench: FaultBench) -> None:
    """Read a list completely or not at all; the previous content stays until then."""
    name = LISTS[fault_bench.call.removeprefix("query.")]
    right = records_of(name)
    old = right | {min(right): ("old", True)}
    for fault in fault_bench.faults.values():
        with engine.transaction() as session:
            statement = update(StoredRecord).where(
                StoredRecord.company_id == 1,
                StoredRecord.list == name,
                StoredRecord.quickbooks_id == min(right),
            )
            session.execute(statement.values(name="old", active=True))
        fault_bench.break_next(fault)
        good = fault_bench.attempt(lambda: record_download.refresh(1, [name], optional=()))
        assert records_of(name) == (right if good else old), fault
    record_download.refresh(1, [name])
    assert records_of(name) == right


def read_company(fault_bench: FaultBench) -> None:
    with engine.read_only_session() as session:
        before = qbo_company.load_facts(session, 1)
    for fault in fault_bench.faults.values():
        fault_bench.break_next(fault)
        fault_bench.attempt(lambda: oauth_connect.check(1))
        with engine.read_only_session() as session:
            assert qbo_company.load_facts(session, 1) == before
    assert fault_bench.attempt(lambda: oauth_connect.check(1))


def read_changes(fault_bench: FaultBench) -> None:
    fault_bench.ids["1"] = fault_bench.bench.bill("1")
    fault_bench.post_everything()
    bill = fault_bench.bench.posting(fault_bench.ids["1"]).quickbooks_id
    transaction_download.download_missing(1, ["bill"], dt.date(2026, 1, 1))
    for number, fault in fault_bench.faults.items():
        fault_bench.bench.edit(bill, DocNumber=number)
        fault_bench.break_next(fault)
        if not fault_bench.attempt(lambda: changes.poll(1)):
            assert fault_bench.attempt(lambda: changes.poll(1))
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
    "query.bill": search_by_marker,
    "cdc in a search": search_by_marker,
    "query.attachable": search_file,
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
    """Put a network that can fail between the hub and QuickBooks."""
    monkeypatch.setattr(transport, "MAX_RESPONSE_BYTES", faulty_network.OVERSIZED)
    quickbooks.switch(previous_refresh_token="grace")
    return faulty_network.Network(
        next(iter(make_volatile(app).extensions["hub"].mounts.values())), clock
    )


@pytest.mark.proof(small=8, full=9)
@pytest.mark.parametrize("call", STORIES)
def test_nothing_is_lost_and_nothing_doubled_whatever_fault_meets(
    app, quickbooks, clock, network, figure, call
):
    fault_bench = FaultBench(PostingBench(app, quickbooks, clock), network, call, faults_at(call))
    STORIES[call](fault_bench)
    assert network.fired >= Counter(fault_bench.faults.values())
    figure(
        f"faults at {call}, nothing lost, nothing doubled",
        len(fault_bench.faults),
        23 if STEP == 1 else 4,
    )


def test_every_kind_of_fault_is_met_and_there_are_enough_calls(figure):
    pairs = {(call, fault) for call in STORIES for fault in faults_at(call)}
    assert {fault for _, fault in pairs} == set(faulty_network.FAULTS)
    figure("kinds of faults in calls of the client", len(faulty_network.FAULTS), 23)
    figure("calls of the client with these faults", len(STORIES), 14)
    figure(
        "combinations of a fault and a call, nothing lost, nothing doubled",
        len(pairs),
        140 if STEP > 1 else 1200,
    )
