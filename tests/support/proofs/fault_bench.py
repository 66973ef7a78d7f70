"""Documents of every kind, one for each fault of a call, and a run until nothing is left."""

from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from sqlalchemy import select

from hub.db import engine
from hub.errors import ConnectionTrouble, HubError
from hub.models import ConnectedCompany, Posting
from hub.posting.actions import retries
from hub.qbo.client import MAX_READ_ATTEMPTS
from hub.qbo.oauth import connect as oauth_connect
from tests.support.rows.posting_bench import PostingBench
from tests.support.servers import faulty_network

BANK, INCOME = "Account where AccountType = 'Bank'", "Account where AccountType = 'Income'"
ITEM = "Item where Type = 'Service'"
NAMES = {"vendor": "DisplayName", "customer": "DisplayName", "item": "Name"}
MAX_DRAINS = 8  # number of drains, each followed by what a person does in the inbox


class FaultBench:
    """A hub and its stand-in, with one document for each fault, numbered by the fault."""

    def __init__(
        self, bench: PostingBench, network: faulty_network.Network, call: str, faults: list[str]
    ) -> None:
        self.bench, self.network, self.call = bench, network, call
        self.faults = {f"{place:02} {name}"[:21].strip(): name for place, name in enumerate(faults)}
        self.ids: dict[str, int] = {}
        self.repaired, self.is_refused = 0, False

    def create_documents(self, create_documents: Callable[[str], int]) -> None:
        """Create a document for each fault."""
        self.ids = {number: create_documents(number) for number in self.faults}

    def break_each(self, text_of: Callable[[str], str] = str) -> None:
        """Let the next call for each document meet its fault."""
        for number, fault in self.faults.items():
            self.network.break_next(self.call.split()[0], fault, text_of(number).encode())

    def break_next(self, fault: str) -> None:
        """Let the next call meet a fault; a read meets it at each immediate retry as well."""
        for _ in range(MAX_READ_ATTEMPTS if self.is_read and fault in faulty_network.UNREAD else 1):
            self.network.break_next(self.call.split()[0], fault)

    @property
    def is_read(self) -> bool:
        return self.call.startswith(("query", "cdc")) or self.call.endswith(".read")

    def post_everything(self) -> None:
        """Drain, wait and retry held postings until everything is posted."""
        for _ in range(MAX_DRAINS):
            self.bench.drain()
            self.repair()
            open_ids = {
                number: id for number, id in self.ids.items() if self.bench.state(id) != "posted"
            }
            self.bench.pass_time(400)
            if not open_ids:
                return
            for number, id in open_ids.items():
                if self.bench.state(id) == "held":
                    assert self.faults[number] in faulty_network.REFUSED, self.bench.posting(
                        id
                    ).reason
                    retries.retry(id, "anna")
        raise AssertionError(
            {
                number: (self.bench.state(id), self.bench.posting(id).reason)
                for number, id in open_ids.items()
            }
        )

    def repair(self) -> None:
        """Check the connection as a person does if the hub asks for it.

        The hub asks only after a 403. The check only reads. If a document was refused, the next one
        shows whether it works again.
        """
        if self.is_read:
            self.network.clear_faults()
        with engine.read_only_session() as session:
            state = session.get_one(ConnectedCompany, 1).state
        if state == "connected":
            self.is_refused = False
            return
        if not self.is_refused:
            self.is_refused = True
            self.repaired += 1
            assert self.repaired <= self.network.fired["403 with 3100"], (
                "the hub reported a working connection as broken"
            )
        with suppress(ConnectionTrouble):
            oauth_connect.check(1)

    def attempt(self, work: Callable[[], object]) -> bool:
        """Run work that may fail with a HubError; return whether it succeeded."""
        try:
            work()
        except HubError as error:
            if not error.text:
                raise
            return False
        finally:
            self.repair()
            self.bench.pass_time(61)
        return True

    def books(self, kind: str = "Bill", field: str = "DocNumber") -> Counter[str]:
        books = self.bench.quickbooks.books()[self.bench.quickbooks.realm]
        return Counter(entity[field] for entity in books.get(kind, []))

    def in_doubt(self) -> bool:
        with engine.read_only_session() as session:
            return (
                session.scalars(select(Posting.id).where(Posting.state == "unknown")).first()
                is not None
            )


def body_of(fault_bench: FaultBench, kind: str, number: str) -> dict[str, Any]:
    """Return a small request body of a kind."""
    if kind in NAMES:
        more = (
            {"Type": "Service", "IncomeAccountRef": ref(fault_bench, INCOME)}
            if kind == "item"
            else {}
        )
        return {NAMES[kind]: number, **more}
    bill = fault_bench.bench.body(number)
    about = {"TxnDate": bill["TxnDate"], "PrivateNote": f"{number} {bill['PrivateNote']}"}
    bill_fields = {"VendorRef": bill["VendorRef"], "DocNumber": number, "Line": bill["Line"]}
    return {**about, **(OTHER[kind](fault_bench, number) if kind in OTHER else bill_fields)}


def sale_body(fault_bench: FaultBench, number: str) -> dict[str, Any]:
    """Return the body of an invoice or credit memo."""
    line = {
        "Amount": 100,
        "DetailType": "SalesItemLineDetail",
        "SalesItemLineDetail": {"ItemRef": ref(fault_bench, ITEM)},
    }
    return {"CustomerRef": ref(fault_bench, "Customer"), "DocNumber": number, "Line": [line]}


def bill_payment_body(fault_bench: FaultBench, number: str) -> dict[str, Any]:
    """Return the body of a payment of a bill, which is created by hand."""
    bill = fault_bench.bench.quickbooks.act(
        "create", kind="Bill", set=fault_bench.bench.body(number)
    )["Id"]
    line = {"Amount": 100, "LinkedTxn": [{"TxnId": bill, "TxnType": "Bill"}]}
    check = {"PayType": "Check", "CheckPayment": {"BankAccountRef": ref(fault_bench, BANK)}}
    return {
        "VendorRef": {"value": "1"},
        "DocNumber": number,
        "TotalAmt": 100,
        "Line": [line],
        **check,
    }


def deposit_body(fault_bench: FaultBench, number: str) -> dict[str, Any]:
    """Return the body of a deposit."""
    line = {
        "Amount": 100,
        "DetailType": "DepositLineDetail",
        "DepositLineDetail": {"AccountRef": ref(fault_bench, INCOME)},
    }
    return {"DepositToAccountRef": ref(fault_bench, BANK), "Line": [line]}


def expense_body(fault_bench: FaultBench, number: str) -> dict[str, Any]:
    """Return the body of an expense."""
    payee = {
        "EntityRef": {"value": "1", "type": "Vendor"},
        "PaymentType": "Cash",
        "AccountRef": ref(fault_bench, BANK),
    }
    return {**payee, "DocNumber": number, "Line": fault_bench.bench.body(number)["Line"]}


OTHER: dict[str, Callable[[FaultBench, str], dict[str, Any]]] = {
    "invoice": sale_body,
    "credit_memo": sale_body,
    "expense": expense_body,
    "bill_payment": bill_payment_body,
    "deposit": deposit_body,
    "refund": lambda fault_bench, number: {
        **sale_body(fault_bench, number),
        "DepositToAccountRef": ref(fault_bench, BANK),
    },
    "payment": lambda fault_bench, number: {
        "CustomerRef": ref(fault_bench, "Customer"),
        "TotalAmt": 100,
        "PaymentRefNum": number,
    },
}


def ref(fault_bench: FaultBench, where: str) -> dict[str, str]:
    """Return a reference to the first entry that a query finds."""
    entries = fault_bench.bench.quickbooks.select(f"select * from {where} maxresults 1")
    return {"value": entries[where.partition(" ")[0]][0]["Id"]}
