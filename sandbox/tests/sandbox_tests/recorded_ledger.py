"""The postings behind a recorded general ledger, recreated from the report."""

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from sandbox_tests.recorded_company import Body, Stage

BEFORE, DAY = "2020-08-15", "2020-09-29"
SUBTYPES = {
    "Truck": ("Fixed Asset", "Vehicles"),
    "Loan Payable": ("Other Current Liability", "OtherCurrentLiabilities"),
    "Design income": ("Income", "SalesOfProductIncome"),
    "Utilities": ("Expense", "Utilities"),
}
CREDITED = ("Liability", "Equity", "Revenue")
PARTIES = {"Accounts Receivable": ("Customer", "1"), "Accounts Payable": ("Vendor", "1")}
SOLD = {"264": ("1041", "1", 100), "265": ("1042", "1", 100)}


def book(stage: Stage, report: Body) -> None:
    """Create the report's accounts, their opening balances, and the month's sales."""
    customer = {"value": "1", "name": "Amy's Bird Sanctuary"}
    stage.stand_for("Customer", "", customer)
    stage.stand_for("Vendor", "", {"value": "1"})
    balances = [
        (_account(stage, path), amount) for path, amount in _balances(report["Rows"]["Row"], ())
    ]
    lines = [_entry(stage, id, amount) for id, amount in balances]
    stage.write("JournalEntry", {"TxnDate": BEFORE, "Line": [line for line in lines if line]})
    for id, (number, item, price) in SOLD.items():
        _sell(stage, "Invoice", id, number, item, {"Amount": price}, {"CustomerRef": customer})
    design = {"Amount": Decimal("337.50"), "Description": "Custom Design"}
    _sell(stage, "SalesReceipt", "17", "1008", "4", design, {})


def _balances(
    rows: list[Body], above: tuple[tuple[str, str], ...]
) -> Iterator[tuple[Any, Decimal]]:
    """Yield each account's path of names and ids, with its beginning balance."""
    for row in rows:
        head = [
            (cell["value"], cell.get("id", ""))
            for cell in row.get("Header", {}).get("ColData", ())[:1]
        ]
        path = (*above, *head)
        inner = row.get("Rows", {}).get("Row", [])
        lines = [[cell["value"] for cell in each["ColData"]] for each in inner if "ColData" in each]
        amounts = [line[-1] for line in lines if line[0] == "Beginning Balance"]
        if head and not any("Header" in each for each in inner):
            yield path, Decimal(amounts[0]) if amounts else Decimal(0)
        yield from _balances([each for each in inner if "Header" in each], path)


def _account(stage: Stage, path: tuple[tuple[str, str], ...]) -> str:
    id = ""
    for name, account_id in path:
        id = _find_or_create(stage, name, account_id, id)
    return id


def _find_or_create(stage: Stage, name: str, account_id: str, above: str) -> str:
    """Return the id of an account with this name; create it below its parent if it has no id."""
    rows = stage.company.table("Account").rows
    if account_id not in rows:
        stage.make_way("Account", name)
        parent = rows[above].read() if above else {}
        kind, subtype = SUBTYPES.get(
            name, (parent.get("AccountType"), parent.get("AccountSubType"))
        )
        account_id = account_id or str(next(stage.spare))
        stage.count_to("Account", account_id)
        body = {"Name": name, "AccountType": kind, "AccountSubType": subtype}
        stage.write(
            "Account", body | ({"ParentRef": {"value": above}} if above else {}), account_id
        )
    elif rows[account_id].read()["Name"] != name:
        stage.make_way("Account", name)
        stage.write(
            "Account",
            {
                "Id": account_id,
                "SyncToken": str(rows[account_id].token),
                "sparse": True,
                "Name": name,
            },
        )
    return account_id


def _entry(stage: Stage, id: str, amount: Decimal) -> Body | None:
    account = stage.company.table("Account").rows[id].read()
    if not amount:
        return None
    debit = amount if account["Classification"] not in CREDITED else -amount
    detail: Body = {"PostingType": "Debit" if debit > 0 else "Credit", "AccountRef": {"value": id}}
    if account["AccountType"] in PARTIES:
        kind, party = PARTIES[account["AccountType"]]
        detail["Entity"] = {"Type": kind, "EntityRef": {"value": party}}
    return {
        "Amount": abs(amount),
        "DetailType": "JournalEntryLineDetail",
        "JournalEntryLineDetail": detail,
    }


def _sell(
    stage: Stage, kind: str, id: str, number: str, item: str, line: Body, party: Body
) -> None:
    account = {"1": "1", "4": "82"}[item]
    if stage.company.row("Item", item) is None:
        stage.count_to("Item", item)
        stage.write(
            "Item",
            {"Name": f"Sold {item}", "Type": "Service", "IncomeAccountRef": {"value": account}},
            item,
        )
    stage.count_to(kind, id)
    sale_line = line | {
        "DetailType": "SalesItemLineDetail",
        "SalesItemLineDetail": {"ItemRef": {"value": item}},
    }
    stage.write(kind, party | {"TxnDate": DAY, "DocNumber": number, "Line": [sale_line]}, id)
