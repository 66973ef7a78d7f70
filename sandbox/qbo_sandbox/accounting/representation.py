"""Represent objects as QuickBooks answers them: current balances and names of list entries."""

import json
from decimal import Decimal
from urllib.parse import quote

from qbo_sandbox.accounting.kinds import LIST_KINDS, TXN_KINDS
from qbo_sandbox.accounting.ledger import Ledger
from qbo_sandbox.accounting.lookups import Lookups
from qbo_sandbox.accounting.reference_names import format_full_name, iter_named_references
from qbo_sandbox.accounting.table import Row
from qbo_sandbox.accounting.values import ZERO, drop_trailing_zeros, dump, round_money
from qbo_sandbox.kit.json_object import JsonObject

DEBIT_CLASSIFICATIONS = ("Asset", "Expense")
HEAD_FIELDS = ("domain", "sparse", "Id", "SyncToken", "MetaData")
HIDDEN_FIELDS = {
    "TaxService": HEAD_FIELDS,
    "RecurringTransaction": HEAD_FIELDS,
    "ExchangeRate": ("Id", "SyncToken"),
}


class Representation(Lookups):
    """Represents the objects of a company with current balances and names."""

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

    def current(self, kind: str, row: Row) -> JsonObject:
        """Return a copy of the object to change, with current names and stock."""
        if row.names_version != self.renames:
            self._rename(kind, row)
        data = dict(row.read())
        if kind == "Item":
            self._update_stock(row, data)
        return data

    def _rename(self, kind: str, row: Row) -> None:
        """Update the names in references to list entries that were renamed."""
        row.names_version = self.renames
        is_transaction = kind in TXN_KINDS
        data = row.read() if is_transaction else _copy(row)
        if not self._update_names(data):
            return
        if is_transaction:
            row.body = dump(data).encode()
        else:
            row.data = data
            row.body = None

    def _update_names(self, data: JsonObject) -> bool:
        """Put current names into the references of an object; return whether any has changed."""
        has_changed = False
        for kind, reference in iter_named_references(data):
            entry = self.row(kind, reference.get("value"))
            if entry is None:
                continue
            name = format_full_name(kind, entry.read())
            if name != reference["name"]:
                reference["name"] = name
                has_changed = True
        return has_changed

    def present(self, kind: str, row: Row) -> JsonObject:
        """Return the object with its balances in the ledger."""
        data = dict(row.read())
        last_updated = {"LastUpdatedTime": self.stamp(row.updated)}
        if kind == "ExchangeRate":
            data["MetaData"] = last_updated
        else:
            data["MetaData"] = data["MetaData"] | last_updated
        self._add_balances(kind, row, data)
        if data.get("FileAccessUri"):
            data["TempDownloadUri"] = self.file_address(data)
        for field in HIDDEN_FIELDS.get(kind, ()):
            data.pop(field, None)
        return data

    def _add_balances(self, kind: str, row: Row, data: JsonObject) -> None:
        """Add balances from the ledger to an object of a list."""
        match kind:
            case "Vendor":
                data["Balance"] = self._party_balance(row.id)
            case "Customer":
                data["Balance"] = self._party_balance(row.id)
                data["BalanceWithJobs"] = round_money(self._balance_with_jobs(row.id))
                if data.get("Taxable") and self.options.tax == "automated":
                    data.setdefault("DefaultTaxCodeRef", {"value": "2"})
            case "Account":
                data["CurrentBalance"] = round_money(self.account_balance(row))
                whole_balance = self._balance_with_subaccounts(row)
                data["CurrentBalanceWithSubAccounts"] = round_money(whole_balance)
            case "Item":
                self._update_stock(row, data)

    def _update_stock(self, row: Row, data: JsonObject) -> None:
        """Put the current quantity into an item that is in stock."""
        if data.get("QtyOnHand") is not None:
            quantity = self.ledger.stock.get(row.id, ZERO)
            data["QtyOnHand"] = drop_trailing_zeros(quantity)

    def _party_balance(self, id: str) -> Decimal:
        """Return the open balance of a vendor or customer, in their currency."""
        balance = self.ledger.parties.get(id, ZERO)
        return round_money(balance)

    def file_address(self, data: JsonObject) -> str:
        """Return the address of an attached file, valid for 15 minutes."""
        file_name = str(data.get("FileName", ""))
        path = f"_files/{self.options.realm}/{data['Id']}/{quote(file_name)}"
        made_at = int(self.now())
        signature = f"X-Amz-Date={made_at}&X-Amz-Expires=900"
        return f"{self.site}/{path}?{signature}"

    def _balance_with_subaccounts(self, row: Row) -> Decimal:
        """Return the balance of an account with those below it."""
        table = self.tables["Account"]
        total = self.account_balance(row)
        children = table.by_party.get(row.id, {})
        for child_id in children:
            total += self._balance_with_subaccounts(table.rows[child_id])
        return total

    def account_balance(self, row: Row) -> Decimal:
        """Return a balance in the account's currency, positive on its own side."""
        debit_balance = self.ledger.own.get(row.id, ZERO)
        classification = row.read().get("Classification")
        if classification in DEBIT_CLASSIFICATIONS:
            return debit_balance
        return -debit_balance

    def _balance_with_jobs(self, id: str) -> Decimal:
        """Return the balance of a customer with those of its projects."""
        total = self.ledger.parties.get(id, ZERO)
        children = self.tables["Customer"].by_party.get(id, {})
        for child_id in children:
            total += self._balance_with_jobs(child_id)
        return total


def get_entry_title(kind: str, data: JsonObject | None) -> str:
    """Return the name of a list entry in references; "" for other objects."""
    if not data or kind not in LIST_KINDS:
        return ""
    return format_full_name(kind, data)


def _copy(row: Row) -> JsonObject:
    """Return a deep copy of a list entry."""
    copy: JsonObject = json.loads(dump(row.data), parse_float=Decimal)
    return copy
