"""State that most tests start with, prepared once for each worker."""

import pickle
from pathlib import Path
from typing import Any, NamedTuple

from flask import Flask

from hub.db import engine
from hub.qbo import record_download
from hub.qbo.oauth import connect as oauth_connect
from hub.testing.clock import START, FakeClock
from qbo_sandbox import NORWAY, US, QuickBooks
from qbo_sandbox import create as create_quickbooks
from qbo_sandbox.accounting.company import Company
from qbo_sandbox.kit import Clock
from qbo_sandbox.seeding import company_creation

SHARED_ATTRIBUTES = (
    "options",
    "clock",
    "journal",
    "switches",
    "lock",
    "watchers",
)  # attributes that a company is given and that are not part of its books
NEW_BOOKS: dict[float, bytes] = {}
BOOKS: dict[Any, bytes] = {}
open_books = company_creation.open_books


class ClosedBooks(Company):
    """A company whose books are restored when something of them is read or changed.

    Most tests use one of two companies, and many get other books before they use the first ones.
    """

    closed_books: bytes

    def __getattr__(self, name: str) -> Any:
        open_closed_books(self)
        return getattr(self, name)

    def __setattr__(self, name: str, value: Any) -> None:
        open_closed_books(self)
        setattr(self, name, value)


def close_books(company: Company, books: bytes) -> None:
    """Give a company these books as soon as something of them is needed."""
    with company.lock:
        values = vars(company)
        for name in values.keys() - SHARED_ATTRIBUTES:
            del values[name]
        values["closed_books"] = books
        object.__setattr__(company, "__class__", ClosedBooks)


def open_closed_books(company: Company) -> None:
    """Restore the books of a company whose books are closed."""
    with company.lock:
        books = vars(company).pop("closed_books", None)
        if books is not None:  # otherwise another thread has just opened them
            vars(company).update(pickle.loads(books))
            object.__setattr__(company, "__class__", Company)


class Connected(NamedTuple):
    """A hub's database and its stand-in, just after the two were connected."""

    database: bytes
    books: bytes


CONNECTED: dict[Any, Connected] = {}


def create_stand_in(clock: FakeClock) -> QuickBooks:
    """Return a stand-in with an American and a Norwegian company, starting at the clock's time."""
    now = clock.now().timestamp()
    if now not in NEW_BOOKS:
        NEW_BOOKS[now] = dump_books(
            create_quickbooks(companies=(US, NORWAY), clock=Clock(now, frozen=True))
        )
    quickbooks = create_quickbooks(companies=(), clock=Clock(now, frozen=True))
    for options in (US, NORWAY):
        quickbooks.companies[options.realm] = Company(
            options, quickbooks.clock, quickbooks.control.journal, quickbooks.control.switches
        )
        quickbooks.companies[options.realm].watchers.append(quickbooks.webhooks.watch)
    restore_books(quickbooks, NEW_BOOKS[now])
    return quickbooks


def open_books_from_copy(company: Company) -> None:
    """Open a company's books, using a copy of earlier ones with equal options.

    Books that are recorded in a file are always opened again.
    """
    stands = company.clock.state()["stopped"]
    key = (
        company.options,
        company.now() // 3600 if stands is None else stands,
    )  # the hour of three months ago does not matter
    if company.journal.path is not None:
        open_books(company)
        return
    if key not in BOOKS:
        open_books(company)
        BOOKS[key] = pickle.dumps(state_of(company))
    vars(company).update(pickle.loads(BOOKS[key]))


company_creation.open_books = open_books_from_copy


def state_of(company: Company) -> dict[str, Any]:
    """Return a company's books without the objects it shares."""
    open_closed_books(company)
    return {name: value for name, value in vars(company).items() if name not in SHARED_ATTRIBUTES}


def dump_books(quickbooks: QuickBooks) -> bytes:
    """Return the stand-in's state: books, tokens and the log of its calls."""
    companies = {
        realm: pickle.dumps(state_of(company)) for realm, company in quickbooks.companies.items()
    }
    grants = quickbooks.app.grants
    tokens = quickbooks.refresh_tokens, quickbooks.access_tokens
    return pickle.dumps((companies, grants.by_refresh, grants.access, tokens, vars(quickbooks.log)))


def restore_books(quickbooks: QuickBooks, books: bytes) -> None:
    """Return a stand-in to a dumped state."""
    companies, by_refresh, access, tokens, log = pickle.loads(books)
    for realm, company_books in companies.items():
        close_books(quickbooks.companies[realm], company_books)
    quickbooks.app.grants.by_refresh, quickbooks.app.grants.access = by_refresh, access
    quickbooks.refresh_tokens, quickbooks.access_tokens = tokens
    vars(quickbooks.log).update(log)


def connect(app: Flask, quickbooks: QuickBooks, initial_database: Path) -> None:
    """Connect the stand-in's first company, with the id 1, and read its lists.

    A hub whose database is still a copy of `initial_database` gets what an earlier one had then.
    Its application context is open.
    """
    hub = app.extensions["hub"]
    initial_rows = initial_database.read_bytes()
    key = hub.config.secret_key, hub.config.vault_keys, initial_rows
    is_usual = _is_untouched(hub.clock, initial_rows)
    if is_usual and key in CONNECTED:
        restore(quickbooks, CONNECTED[key])
        return
    token = quickbooks.refresh_tokens[quickbooks.realm]
    company = oauth_connect.connect_with_refresh_token(quickbooks.realm, token)
    record_download.refresh(company.id)
    if is_usual and hub.clock.now() == START:
        CONNECTED[key] = store(quickbooks)


def _is_untouched(clock: FakeClock, initial_rows: bytes) -> bool:
    """Return whether a hub is as its fixture creates it: nothing written, no time passed."""
    path = Path(engine.db.engine.url.database or "")
    usual = path.name == "hub.db" and engine.db.engine.dialect.name == "sqlite"
    return (
        usual and clock.now() == START and not clock.slept and read_database(path) == initial_rows
    )


def read_database(path: Path) -> bytes:
    """Return the file of the current hub's database when no connection to it is open."""
    engine.db.engine.dispose()  # also moves the write-ahead log into the database file
    return path.read_bytes()


def store(quickbooks: QuickBooks) -> Connected:
    """Return the contents of the hub's database and the books."""
    path = Path(engine.db.engine.url.database or "")
    return Connected(read_database(path), dump_books(quickbooks))


def restore(quickbooks: QuickBooks, connected: Connected) -> None:
    """Return a hub's database and its stand-in to a stored state."""
    path = Path(engine.db.engine.url.database or "")
    engine.db.engine.dispose()
    path.write_bytes(connected.database)
    restore_books(quickbooks, connected.books)
