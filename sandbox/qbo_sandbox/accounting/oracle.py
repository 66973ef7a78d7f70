"""What is really in the books, as JSON: every object, every entry, and the balances they come to."""

from collections.abc import Iterable, Iterator
from decimal import Decimal
from typing import Any

from qbo_sandbox.accounting.company import Company
from qbo_sandbox.accounting.kinds import KINDS
from qbo_sandbox.accounting.ledger import Entry
from qbo_sandbox.accounting.values import ZERO, dump


def books(companies: dict[str, Company], asked: dict[str, Any]) -> bytes:
    """The ledger of every company, or of `realm`; with `kind` only the objects of that kind."""
    realm, kind = asked.get("realm"), asked.get("kind")
    if realm and realm not in companies:
        raise ValueError(f"there is no company {realm}; there are {', '.join(companies)}")
    if kind and kind not in KINDS:
        raise ValueError(f"there is no kind {kind}; there are {', '.join(KINDS)}")
    chosen = {one: company for one, company in companies.items() if realm in (None, "", one)}
    return b"".join(
        _braced((one, _braced(_parts(company, kind))) for one, company in chosen.items())
    )


def _braced(parts: Iterable[tuple[str, Iterable[bytes]]]) -> Iterator[bytes]:
    """A JSON object in pieces, so that what is large is copied once only."""
    joint = "{"
    for name, content in parts:
        yield f'{joint}"{name}":'.encode()
        yield from content
        joint = ","
    yield b"{}" if joint == "{" else b"}"


def _listed(items: Iterable[bytes]) -> Iterator[bytes]:
    joint = b"["
    for item in items:
        yield joint
        yield item
        joint = b","
    yield b"[]" if joint == b"[" else b"]"


def _parts(company: Company, only: str | None) -> Iterator[tuple[str, Iterable[bytes]]]:
    with company.lock:
        for kind in [only] if only else [kind for kind in KINDS if company.table(kind).rows]:
            yield kind, _listed(company.body(kind, id) for id in company.table(kind).rows)
        if not only:
            yield "entries", _listed(_entries(company))
            yield from ((name, [dump(value).encode()]) for name, value in _sums(company).items())


def _entries(company: Company) -> Iterator[bytes]:
    """The journal by transactions, debit positive, in home currency; `own` is in the account's currency."""
    for kind, table in company.tables.items():
        for id, row in table.rows.items():
            if row.booked:
                yield ",".join([dump(_told(kind, id, entry)) for entry in row.booked]).encode()


def _told(kind: str, id: str, entry: Entry) -> dict[str, Any]:
    amounts = {"amount": str(entry.home), "own": str(entry.own)}
    return {"kind": kind, "id": id, "account": entry.account, **amounts, "line": entry.line}


def _sums(company: Company) -> dict[str, Any]:
    trial = {"debit": str(_side(company, 1)), "credit": str(_side(company, -1))}
    balances = {id: str(amount) for id, amount in company.ledger.accounts.items() if amount}
    gone = {kind: list(table.gone) for kind, table in company.tables.items() if table.gone}
    return {"balances": balances, "trial_balance": trial, "deleted": gone}


def _side(company: Company, sign: int) -> Decimal:
    return sum(
        (sign * amount for amount in company.ledger.accounts.values() if sign * amount > 0), ZERO
    )
