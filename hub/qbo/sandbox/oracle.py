"""What is really in the books, as JSON: every object, every entry, and the balances they come to."""

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from hub.qbo.sandbox.company import Company
from hub.qbo.sandbox.kinds import KINDS
from hub.qbo.sandbox.values import ZERO, dump


def books(companies: dict[str, Company], asked: dict[str, Any]) -> bytes:
    """The ledger of every company, or of `realm`; with `kind` only the objects of that kind."""
    realm, kind = asked.get("realm"), asked.get("kind")
    if realm and realm not in companies:
        raise ValueError(f"there is no company {realm}; there are {', '.join(companies)}")
    if kind and kind not in KINDS:
        raise ValueError(f"there is no kind {kind}; there are {', '.join(KINDS)}")
    chosen = {one: company for one, company in companies.items() if realm in (None, "", one)}
    return _object((one, _object(_parts(company, kind))) for one, company in chosen.items())


def _object(parts: Iterator[tuple[str, bytes]]) -> bytes:
    return b"{" + b",".join(f'"{name}":'.encode() + content for name, content in parts) + b"}"


def _parts(company: Company, only: str | None) -> Iterator[tuple[str, bytes]]:
    with company.lock:
        for kind in [only] if only else [kind for kind in KINDS if company.table(kind).rows]:
            yield kind, b"[" + b",".join(company.body(kind, id) for id in company.table(kind).rows) + b"]"
        if not only:
            yield "entries", b"[" + b",".join(_entries(company)) + b"]"
            yield from ((name, dump(value).encode()) for name, value in _sums(company).items())


def _entries(company: Company) -> Iterator[bytes]:
    """The journal, debit positive, in home currency; `own` is the amount in the account's currency."""
    for kind, table in company.tables.items():
        for id, row in table.rows.items():
            for entry in row.booked:
                amounts = {"amount": str(entry.home), "own": str(entry.own)}
                told = {"kind": kind, "id": id, "account": entry.account, **amounts, "line": entry.line}
                yield dump(told).encode()


def _sums(company: Company) -> dict[str, Any]:
    trial = {"debit": str(_side(company, 1)), "credit": str(_side(company, -1))}
    balances = {id: str(amount) for id, amount in company.ledger.accounts.items() if amount}
    gone = {kind: list(table.gone) for kind, table in company.tables.items() if table.gone}
    return {"balances": balances, "trial_balance": trial, "deleted": gone}


def _side(company: Company, sign: int) -> Decimal:
    return sum((sign * amount for amount in company.ledger.accounts.values() if sign * amount > 0), ZERO)
