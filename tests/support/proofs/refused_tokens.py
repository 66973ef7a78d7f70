"""Histories of calls that QuickBooks answers with 401, and what they may not change in the end."""

from typing import Any

from sqlalchemy import select

from hub.context import current_hub
from hub.db.engine import read_only_session
from hub.installations import enable
from hub.models import Case, ConnectedCompany, Posting
from hub.models.enums import ConnectionState
from qbo_sandbox import QuickBooks
from qbo_sandbox.kit.wsgi import WSGIAdapter

URL = "http://costtracker.test"
# Every call except for those to Intuit's sign-in: token.*, revoke, discovery, userinfo and keys.
API = "[!trduo]*"
SETTLED = ("posted", "held")  # states of bills for which nothing is left to send
HISTORIES: dict[str, list[dict[str, Any]]] = {
    "one 401 in twenty calls": [{"nth": 20 * n} for n in range(1, 60)],
    "two 401 in a row, time and again": [{"nth": 17 * n, "count": 2} for n in range(1, 60)],
    "every other call for a while": [{"probability": 0.5, "seed": 3, "count": 60}],
    "a storm that ends by itself": [{"nth": 15, "count": 50}],
    "a first run that reads nothing": [{"probability": 0.5, "seed": 28, "count": 60}],
    "one 401 in twenty, by chance": [{"probability": 0.05, "seed": 7, "count": 0}],
}


def add_history(quickbooks: QuickBooks, name: str) -> None:
    """Have the stand-in refuse the calls of a history."""
    for rule in HISTORIES[name]:
        quickbooks.add_fault("unauthorised", API, **rule)


def enable_app_of_bills() -> int:
    """Enable CostTracker in automatic mode; return the id of the installation."""
    stand_in = current_hub().plugins.open_stand_in("costtracker", folder=None, documents=12, seed=1)
    current_hub().mounts[URL] = WSGIAdapter(stand_in.wsgi, URL, sleep=lambda _: None)
    settings = {**stand_in.settings(URL), "payable_account": "Accounts Payable (A/P)"}
    row = enable.enable(1, "costtracker", settings, who="kari", mode="auto")
    enable.push_first_lists(row)
    return row.id


def open_cases() -> list[tuple[str, str, str, str]]:
    """Return the open cases of the connection: cause, action, title and text."""
    with read_only_session() as session:
        statement = select(Case).where(
            Case.closed_at.is_(None), Case.cause.startswith("connection:")
        )
        rows = session.scalars(statement)
        return [
            (row.cause, row.action, row.title, f"{row.reason} {row.instruction}") for row in rows
        ]


def count_unposted() -> int:
    """Return how many bills are to be posted and are not."""
    return sum(state not in SETTLED for state in _states_of_bills())


def count_posted() -> int:
    """Return how many bills are posted."""
    return sum(state == "posted" for state in _states_of_bills())


def _states_of_bills() -> list[str]:
    with read_only_session() as session:
        statement = select(Posting).where(Posting.operation == "create", Posting.kind == "bill")
        return [posting.state for posting in session.scalars(statement)]


def is_over() -> bool:
    """Return whether documents are posted, none is left, and the connection works."""
    with read_only_session() as session:
        is_connected = session.get_one(ConnectedCompany, 1).state == ConnectionState.CONNECTED
    return is_connected and count_posted() > 0 and count_unposted() == 0


def assert_posted_once(quickbooks: QuickBooks) -> None:
    """Check that every bill is in QuickBooks once, and that nobody has to do anything."""
    with read_only_session() as session:
        company = session.get_one(ConnectedCompany, 1)
        rows = session.scalars(select(Posting))
        unfinished = [
            (row.kind, row.state, row.reason)
            for row in rows
            if row.kind == "bill" and row.state not in SETTLED
        ]
    assert (company.state, company.state_reason, open_cases(), unfinished) == (
        "connected",
        "",
        [],
        [],
    )
    bills = quickbooks.books()[quickbooks.realm]["Bill"]
    own = [bill for bill in bills if "[hub:" in bill.get("PrivateNote", "")]
    assert len(own) == count_posted() > 0
