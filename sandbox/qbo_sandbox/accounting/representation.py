"""Represent objects as QuickBooks answers them: current balances and names of list entries."""

import json
from decimal import Decimal
from typing import Any
from urllib.parse import quote

from qbo_sandbox.accounting.kinds import LIST_KINDS, TXN_KINDS
from qbo_sandbox.accounting.ledger import Ledger
from qbo_sandbox.accounting.lookups import Lookups
from qbo_sandbox.accounting.reference_names import named_references, title
from qbo_sandbox.accounting.table import Row
from qbo_sandbox.accounting.values import ZERO, dump, round_money, shortest_number

NATURAL_DEBIT = ("Asset", "Expense")
HEAD = ("domain", "sparse", "Id", "SyncToken", "MetaData")
HIDDEN = {
    "TaxService": HEAD,
    "RecurringTransaction": HEAD,
    "ExchangeRate": ("Id", "SyncToken"),
}


class Showing(Lookups):
    """The half of a company that answers."""

    ledger: Ledger
    site: str
    renames: int

    def body(self, kind: str, id: str) -> bytes:
        """Return the object's JSON; for a deleted one its id and status."""
        row = self.tables[kind].rows.get(id)
        if row is None:
            return dump({"domain": "QBO", "status": "Deleted", "Id": id}).encode()
        if row.names_version != self.renames:
            self._rename(kind, row)
        if kind == "Attachable":
            return dump(self.present(kind, row)).encode()
        if row.body is None:
            row.body = dump(self.present(kind, row)).encode()
        return row.body

    def current(self, kind: str, row: Row) -> dict[str, Any]:
        """Return a copy of the object to change, with current names and stock."""
        if row.names_version != self.renames:
            self._rename(kind, row)
        data = dict(row.read())
        if kind == "Item" and data.get("QtyOnHand") is not None:
            data["QtyOnHand"] = shortest_number(self.ledger.stock.get(row.id, ZERO))
        return data

    def _rename(self, kind: str, row: Row) -> None:
        """Update the names in references to list entries that were renamed."""
        row.names_version = self.renames
        data = row.read() if kind in TXN_KINDS else json.loads(dump(row.data), parse_float=Decimal)
        changed = False
        for sort, reference in named_references(data):
            entry = self.row(sort, reference.get("value"))
            name = title(sort, entry.read()) if entry else reference["name"]
            if name != reference["name"]:
                reference["name"] = name
                changed = True
        if not changed:
            return
        if kind in TXN_KINDS:
            row.body = dump(data).encode()
        else:
            row.data = data
            row.body = None

    def present(self, kind: str, row: Row) -> dict[str, Any]:
        """Return the object with its balances in the ledger."""
        data = dict(row.read())
        meta = {**data["MetaData"], "LastUpdatedTime": self.stamp(row.updated)}
        if kind == "ExchangeRate":
            meta = {"LastUpdatedTime": meta["LastUpdatedTime"]}
        data["MetaData"] = meta
        self._add_balances(kind, row, data)
        if data.get("FileAccessUri"):
            data["TempDownloadUri"] = self.file_address(data)
        for field in HIDDEN.get(kind, ()):
            data.pop(field, None)
        return data

    def _add_balances(self, kind: str, row: Row, data: dict[str, Any]) -> None:
        """Add what an object of a list shows of the ledger."""
        if kind in ("Vendor", "Customer"):
            data["Balance"] = round_money(self.ledger.parties.get(row.id, ZERO))
        if kind == "Customer":
            data["BalanceWithJobs"] = round_money(self._with_jobs(row.id))
            if data.get("Taxable") and self.options.tax == "automated":
                data.setdefault("DefaultTaxCodeRef", {"value": "2"})
        if kind == "Account":
            data["CurrentBalance"] = round_money(self.account_balance(row))
            data["CurrentBalanceWithSubAccounts"] = round_money(self._with_subaccounts(row))
        if kind == "Item" and data.get("QtyOnHand") is not None:
            data["QtyOnHand"] = shortest_number(self.ledger.stock.get(row.id, ZERO))

    def file_address(self, data: dict[str, Any]) -> str:
        """Return the address of an attached file, valid for 15 minutes."""
        name = quote(str(data.get("FileName", "")))
        signed = f"X-Amz-Date={int(self.now())}&X-Amz-Expires=900"
        return f"{self.site}/_files/{self.options.realm}/{data['Id']}/{name}?{signed}"

    def _with_subaccounts(self, row: Row) -> Decimal:
        """Return the balance of an account with those below it."""
        table = self.tables["Account"]
        total = self.account_balance(row)
        for id in table.by_party.get(row.id, {}):
            total += self._with_subaccounts(table.rows[id])
        return total

    def account_balance(self, row: Row) -> Decimal:
        """Return a balance in the account's currency, positive on its own side."""
        debit = self.ledger.own.get(row.id, ZERO)
        return debit if row.read().get("Classification") in NATURAL_DEBIT else -debit

    def _with_jobs(self, id: str) -> Decimal:
        """Return the balance of a customer with those of its projects."""
        total = self.ledger.parties.get(id, ZERO)
        for child_id in self.tables["Customer"].by_party.get(id, {}):
            total += self._with_jobs(child_id)
        return total


def entry_title(kind: str, data: dict[str, Any] | None) -> str:
    """Return the name of a list entry in references; "" for other objects."""
    return title(kind, data) if data and kind in LIST_KINDS else ""
