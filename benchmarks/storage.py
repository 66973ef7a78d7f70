"""Count the rows and bytes that a posted bill of five lines leaves in an SQLite database.

Indexes are included. BENCH_RESULTS names a file to which the figures are added.
"""

import json
import os
import tempfile
from pathlib import Path

import bills
from sqlalchemy import MetaData, func, select, table, text

from hub.db import engine

BILLS = int(os.environ.get("STORED_BILLS", "1000"))


def rows_and_bytes() -> tuple[int, int]:
    """Return the number of rows of all tables, and the size of the database without free pages."""
    with engine.read_only_session() as session:
        metadata = MetaData()
        metadata.reflect(session.connection())
        rows = 0
        for name in metadata.tables:
            rows += session.scalar(select(func.count()).select_from(table(name))) or 0
        pages, free, size = (
            session.scalar(text(f"PRAGMA {name}"))
            for name in ("page_count", "freelist_count", "page_size")
        )
    return rows, (pages - free) * size


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        server, url = bills.start_stand_in(folder)
        try:
            hub = bills.Hub(Path(folder) / "data", url)
            vendor = bills.first_id(url, "Vendor", "Active = true")
            account = bills.first_id(url, "Account", "AccountType = 'Expense'")
            hub.remove_batch_limit()
            hub.choose("batch")
            hub.post(vendor, account, "first-", 100)
            with hub.app.app_context():
                before = rows_and_bytes()
            hub.post(vendor, account, "more-", BILLS)
            with hub.app.app_context():
                after = rows_and_bytes()
        finally:
            bills.stop(server)
    rows, size = ((now - then) / BILLS for now, then in zip(after, before, strict=True))
    print(f"{f'{BILLS} bills of {bills.LINES} lines':34}{rows:8.1f} rows{size:10.0f} bytes a bill")
    if "BENCH_RESULTS" in os.environ:
        with open(os.environ["BENCH_RESULTS"], "a") as file:
            file.write(json.dumps({"stored_rows": rows, "stored_bytes": size}) + "\n")


if __name__ == "__main__":
    main()
