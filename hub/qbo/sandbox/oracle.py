"""What is really in the books: every object, every entry, and the balances they come to."""

import json
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from hub.qbo.sandbox.company import Company
from hub.qbo.sandbox.kinds import KINDS
from hub.qbo.sandbox.values import ZERO


def books(companies: dict[str, Company], asked: dict[str, Any]) -> dict[str, Any]:
    """The ledger of every company, or of `realm`; with `kind` only the objects of that kind."""
    realm, kind = asked.get("realm"), asked.get("kind")
    if realm and realm not in companies:
        raise ValueError(f"there is no company {realm}; there are {', '.join(companies)}")
    if kind and kind not in KINDS:
        raise ValueError(f"there is no kind {kind}; there are {', '.join(KINDS)}")
    chosen = {one: company for one, company in companies.items() if realm in (None, "", one)}
    return {one: {kind: _objects(company, kind)} if kind else _books(company) for one, company in chosen.items()}


def _objects(company: Company, kind: str) -> list[Any]:
    with company.lock:
        return [json.loads(company.body(kind, id)) for id in company.table(kind).rows]


def _books(company: Company) -> dict[str, Any]:
    with company.lock:
        kinds = {kind: _objects(company, kind) for kind in KINDS if company.table(kind).rows}
        balances = {id: str(amount) for id, amount in company.ledger.accounts.items() if amount}
        gone = {kind: list(table.gone) for kind, table in company.tables.items() if table.gone}
        entries = list(_entries(company))
        trial = {"debit": str(_side(company, 1)), "credit": str(_side(company, -1))}
    return {**kinds, "entries": entries, "balances": balances, "trial_balance": trial, "deleted": gone}


def _entries(company: Company) -> Iterator[dict[str, Any]]:
    """The journal, debit positive, in home currency; `own` is the amount in the account's currency."""
    for kind, table in company.tables.items():
        for id, row in table.rows.items():
            for entry in row.booked:
                amounts = {"amount": str(entry.home), "own": str(entry.own)}
                yield {"kind": kind, "id": id, "account": entry.account, **amounts, "line": entry.line}


def _side(company: Company, sign: int) -> Decimal:
    return sum((sign * amount for amount in company.ledger.accounts.values() if sign * amount > 0), ZERO)
