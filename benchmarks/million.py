"""Compare how fast the hub posts with a thousand documents in its tables and with a million.

Both post the same bills, in turn. The million are copies of bills that were posted, without their
bodies, written by the database itself; that takes some minutes.
"""

import os
import statistics
import tempfile
from pathlib import Path

import bills
from sqlalchemy import text

from hub.db import engine
from hub.models import Attempt, Posting, ReceiptRow, SourceDocument, TransactionHead

FEW, MANY = 1000, int(os.environ.get("MANY_DOCUMENTS", "1000000"))
TURNS, BATCH = 3, 50_000
NEXT, OTHER, MARK, EMPTY = "id + :by", "|| '+' || :by", "substr(:by || marker, 1, 12)", "'{}'"
COPIED = {
    SourceDocument: {"id": NEXT, "source_id": f"source_id {OTHER}", "marker": MARK, "body": EMPTY},
    Posting: {
        "id": NEXT,
        "document_id": "document_id + :by",
        "requestid": "requestid || :by",
        "quickbooks_id": f"quickbooks_id {OTHER}",
        "payload": "x''",
        "meaning": EMPTY,
        "answer": EMPTY,
    },
    Attempt: {"id": NEXT, "posting_id": "posting_id + :by"},
    TransactionHead: {
        "quickbooks_id": f"quickbooks_id {OTHER}",
        "number": f"number {OTHER}",
        "total": "total + :by",
    }
    | {"marker": MARK},
    ReceiptRow: {"id": NEXT, "document_id": "document_id + :by"},
}


def multiply(count: int, goal: int) -> None:
    """Copy the oldest documents with their rows, in parts, until there are enough documents."""
    while count < goal:
        most = min(count, BATCH, goal - count)
        with engine.transaction() as session:
            for model, changes in COPIED.items():
                names = [column.name for column in model.__table__.columns]
                columns = ", ".join(names)
                values = ", ".join(changes.get(name, name) for name in names)
                rows = f"SELECT {values} FROM {model.__tablename__} WHERE rowid <= :most"
                insert = f"INSERT INTO {model.__tablename__} ({columns}) {rows}"
                session.execute(text(insert), {"by": count, "most": most})
        count += most


def rates(hub: bills.Hub, vendor: str, account: str, name: str) -> list[list[float]]:
    """Return the CPU microseconds of a bill for collecting and for posting, in each turn."""
    turns = [hub.post(vendor, account, f"{name}{turn}-") for turn in range(TURNS)]
    return [[cpu / bills.BILLS * 1e6 for _, cpu in side] for side in zip(*turns, strict=True)]


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        server, url = bills.start_stand_in(folder)
        try:
            table(url, bills.Hub(Path(folder) / "data", url))
        finally:
            bills.stop(server)


def table(url: str, hub: bills.Hub) -> None:
    """Post with few documents and with many, and print the figures of both."""
    vendor = bills.first_id(url, "Vendor", "Active = true")
    account = bills.first_id(url, "Account", "AccountType = 'Expense'")
    hub.post(vendor, account, "first-", FEW)
    few = rates(hub, vendor, account, "few")
    with hub.app.app_context():
        multiply(FEW + TURNS * bills.BILLS, MANY)
    hub.post(vendor, account, "warm-", 30)
    many = rates(hub, vendor, account, "many")
    title = f"CPU us/bill, median of {TURNS} times {bills.BILLS}"
    print(f"{title:44}{f'{FEW:,}':>12}{f'{MANY:,}':>12}{'rate':>8}")
    names = ("source to outbox", "outbox to QuickBooks, verified")
    for name, *sides in zip(names, few, many, strict=True):
        one, other = map(statistics.median, sides)
        print(f"{name:44}{one:12.0f}{other:12.0f}{one / other * 100:7.0f}%")


if __name__ == "__main__":
    main()
