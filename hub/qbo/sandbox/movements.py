"""Deposits, transfers and journal entries: money and balances moved between accounts."""

from decimal import Decimal
from typing import Any

from hub.qbo.sandbox.company import Company
from hub.qbo.sandbox.kinds import TxnKind
from hub.qbo.sandbox.references import fill, resolve
from hub.qbo.sandbox.refusals import Refusal, business, missing
from hub.qbo.sandbox.values import ZERO, money

DEPOSITED, JOURNAL = "DepositLineDetail", "JournalEntryLineDetail"
NEEDS = {"Accounts Receivable": "Customer", "Accounts Payable": "Vendor"}


def deposit(company: Company, rule: TxnKind, data: dict[str, Any], old: dict[str, Any] | None) -> None:
    lines = []
    for place, line in enumerate(data["Line"], 1):
        amount = _amount(line)
        links = line.get("LinkedTxn") or ()
        if links and company.row(links[0].get("TxnType", ""), links[0].get("TxnId")) is None:
            raise Refusal("620", f"Transaction {links[0].get('TxnId')} cannot be linked", "")
        detail = dict(line.get(DEPOSITED) or {})
        fill(company, detail)
        if not links and not detail.get("AccountRef"):
            raise missing("AccountRef")
        kept = {key: value for key, value in line.items() if key not in ("Id", "LineNum", DEPOSITED)}
        lines.append({"Id": str(place), "LineNum": place, **kept, "Amount": amount, DEPOSITED: detail})
        lines[-1]["DetailType"] = DEPOSITED
    data["Line"] = lines
    data["TotalAmt"] = money(sum((line["Amount"] for line in lines), ZERO))


def transfer(company: Company, rule: TxnKind, data: dict[str, Any], old: dict[str, Any] | None) -> None:
    data["Amount"] = money(str(data["Amount"]))
    if data["FromAccountRef"]["value"] == data["ToAccountRef"]["value"]:
        raise business("You must choose two different accounts.")


def journal(company: Company, rule: TxnKind, data: dict[str, Any], old: dict[str, Any] | None) -> None:
    lines = [_entry(company, place, line) for place, line in enumerate(data["Line"])]
    sides = [
        line["Amount"] * (1 if line[JOURNAL]["PostingType"] == "Debit" else -1) for line in lines if JOURNAL in line
    ]
    if sum(sides, ZERO):
        raise Refusal("2300", "Total debits and credits do not match", "")
    data["Line"] = lines
    data.setdefault("Adjustment", False)


def _entry(company: Company, place: int, line: dict[str, Any]) -> dict[str, Any]:
    kept = {key: value for key, value in line.items() if key not in ("Id", "LineNum", JOURNAL)}
    if line.get("DetailType") == "DescriptionOnly":
        return {"Id": str(place), **kept}
    detail = dict(line.get(JOURNAL) or {})
    for field in ("PostingType", "AccountRef"):
        if not detail.get(field):
            raise missing(field)
    fill(company, detail)
    needed = NEEDS.get(resolve(company, "Account", detail["AccountRef"]).read()["AccountType"])
    if needed and (detail.get("Entity") or {}).get("Type") != needed:
        raise business(f"When you use this account, you must choose a {needed.lower()} in the Name field.")
    return {"Id": str(place), **kept, "Amount": _amount(line), "DetailType": JOURNAL, JOURNAL: detail}


def _amount(line: dict[str, Any]) -> Decimal:
    if line.get("Amount") is None:
        raise missing("Line.Amount")
    return money(str(line["Amount"]))
