"""Dump the books as JSON: every object, every entry and the balances."""

from collections.abc import Iterable, Iterator
from decimal import Decimal

from qbo_sandbox.accounting.company import Company
from qbo_sandbox.accounting.kinds import KINDS
from qbo_sandbox.accounting.ledger import LedgerEntry
from qbo_sandbox.accounting.values import ZERO, dump
from qbo_sandbox.kit.json_object import JsonObject


def dump_books(companies: dict[str, Company], filters: JsonObject) -> bytes:
    """Return the ledger of every company, or of `realm`; with `kind` only objects of that kind."""
    wanted_realm = filters.get("realm")
    kind = filters.get("kind")
    if wanted_realm and wanted_realm not in companies:
        realms = ", ".join(companies)
        raise ValueError(f"there is no company {wanted_realm}; there are {realms}")
    if kind and kind not in KINDS:
        kinds = ", ".join(KINDS)
        raise ValueError(f"there is no kind {kind}; there are {kinds}")
    ledgers = []
    for realm, company in companies.items():
        if not wanted_realm or realm == wanted_realm:
            parts = _dump_parts(company, kind)
            ledgers.append((realm, _iter_json_object(parts)))
    pieces = _iter_json_object(ledgers)
    return b"".join(pieces)


def _iter_json_object(parts: Iterable[tuple[str, Iterable[bytes]]]) -> Iterator[bytes]:
    """Yield a JSON object in pieces, so that large contents are copied only once."""
    yield b"{"
    separator = ""
    for name, content in parts:
        yield f'{separator}"{name}":'.encode()
        yield from content
        separator = ","
    yield b"}"


def _iter_json_list(items: Iterable[bytes]) -> Iterator[bytes]:
    """Yield a JSON list in pieces."""
    yield b"["
    separator = b""
    for item in items:
        yield separator
        yield item
        separator = b","
    yield b"]"


def _dump_parts(company: Company, only: str | None) -> Iterator[tuple[str, Iterable[bytes]]]:
    """Yield the tables of a company by name, and its entries and sums unless one kind is wanted."""
    with company.lock:
        if only:
            yield only, _dump_objects(company, only)
            return
        for kind in KINDS:
            if company.table(kind).rows:
                yield kind, _dump_objects(company, kind)
        yield "entries", _iter_json_list(_dump_entries(company))
        for name, value in _dump_sums(company).items():
            yield name, [dump(value).encode()]


def _dump_objects(company: Company, kind: str) -> Iterator[bytes]:
    """Yield the objects of a kind as a JSON list."""
    ids = company.table(kind).rows
    bodies = (company.body(kind, id) for id in ids)
    return _iter_json_list(bodies)


def _dump_entries(company: Company) -> Iterator[bytes]:
    """Yield the journal by transactions, debit positive.

    `amount` is in home currency, `own` in the account's currency.
    """
    for kind, table in company.tables.items():
        for id, row in table.rows.items():
            for entry in row.booked:
                yield dump(_dump_entry(kind, id, entry)).encode()


def _dump_entry(kind: str, id: str, entry: LedgerEntry) -> JsonObject:
    """Return an entry of the ledger with the object that it belongs to."""
    return {
        "kind": kind,
        "id": id,
        "account": entry.account,
        "amount": str(entry.home),
        "own": str(entry.own),
        "line": entry.line,
    }


def _dump_sums(company: Company) -> JsonObject:
    """Return balances, trial balance and the ids of deleted objects."""
    balances = {}
    for id, amount in company.ledger.accounts.items():
        if amount:
            balances[id] = str(amount)
    trial_balance = {
        "debit": str(_sum_balances(company, 1)),
        "credit": str(_sum_balances(company, -1)),
    }
    deleted_ids = {}
    for kind, table in company.tables.items():
        if table.gone:
            deleted_ids[kind] = list(table.gone)
    return {"balances": balances, "trial_balance": trial_balance, "deleted": deleted_ids}


def _sum_balances(company: Company, sign: int) -> Decimal:
    """Return the sum of all debit balances (sign 1) or credit balances (sign -1)."""
    total = ZERO
    for amount in company.ledger.accounts.values():
        total += max(sign * amount, ZERO)
    return total
