"""An ION stand-in and a hub, with people who order, cancel and receive."""

from decimal import Decimal
from typing import Any

from flask import Flask
from hub_ion.sandbox import StandIn
from hub_ion.sandbox.rules import get_attribute_etag
from sqlalchemy import select

from hub.db.engine import read_only_session
from hub.installations import enable as installations_enable
from hub.installations import source_access
from hub.models import Case, Installation
from hub.posting.actions import retries
from qbo_sandbox import QuickBooks
from tests.support.sources.source_site import SourceSite, connect_company
from tests.support.sources.stand_in_fixtures import mount_quickbooks

ACCOUNTS = {
    "payable_account": "33",
    "income_account": "79",
    "asset_account": "81",
    "expense_account": "80",
}
EVERYTHING = {"line_account": "20", "fee_account": "15", "suppliers": "create"}
QUIET = {
    "gone": "close",
    "received": "leave",
    "send_at": "ordered",
    "write_back": "no",
    "generic_item": "",
    "parts": "all",
    "import_orders": False,
    "part_type": "inventory",
}


def open_ion_site(app: Flask, documents: int = 0, **settings: Any) -> "IonSite":
    """Return an ION stand-in and a hub enabled with these settings."""
    site = IonSite(app, mount_quickbooks(app, app.extensions["hub"].clock), documents=documents)
    site.enable(**settings)
    return site


class IonSite(SourceSite):
    """An ION stand-in, the installation that reads it, and its QuickBooks company."""

    def __init__(
        self,
        app: Flask,
        quickbooks: QuickBooks,
        realm: str = "",
        documents: int = 0,
        company_id: int = 0,
    ) -> None:
        realm = realm or quickbooks.realm
        company_id = company_id or connect_company(quickbooks, realm)
        self.url = f"http://ion{company_id}.test"
        super().__init__(app, quickbooks, StandIn, self.url, documents, company_id=company_id)
        self.realm = realm
        self.changes = self.source.changes

    def connect_another(self, profile: str = "us", **options: Any) -> "IonSite":
        """Connect another company in the same hub, with its own ION stand-in."""
        return IonSite(self.app, self.quickbooks, self.quickbooks.open(profile, **options))

    def enable(self, grant: bool = True, **settings: Any) -> Installation:
        if grant:
            source_access.grant(self.company_id, "ion", who="olga")
        self.settings = {**QUIET, **self.source.settings(self.url), **ACCOUNTS, **settings}
        self.row = installations_enable.enable(
            self.company_id, "ion", self.settings, who="kari", mode="auto"
        )
        return self.row

    def set(self, **settings: Any) -> None:
        """Change settings; those not named return to EVERYTHING."""
        values = {**QUIET, **EVERYTHING, **ACCOUNTS, **self.source.settings(self.url), **settings}
        if values != self.settings:
            self.row, self.settings = (
                installations_enable.change(self.company_id, "ion", values, who="kari"),
                values,
            )

    # -- at the source -----------------------------------------------------------------------------

    def order(self, *lines: dict[str, Any], fees: dict[str, str] | None = None, **head: Any) -> int:
        """Create an order with these lines and fees, move it to Ordered and return its number."""
        order_row = self.changes.createPurchaseOrder(
            {"supplierId": 1, "shipToLocationId": 1, **head}
        )["purchaseOrder"]
        for line in lines:
            account, section = line.pop("account", None), line.pop("section", None)
            values = {"quantity": "1", "cost": "10.00", **line, "purchaseOrderId": order_row["id"]}
            row = self.changes.createPurchaseOrderLine(values)["purchaseOrderLine"]
            for key, value in (("Expense Account", account), ("Class", section)):
                self.attribute(row["id"], key, value) if value else None
        for name, value in (fees or {}).items():
            self.changes.createPurchaseOrderFee(
                {"purchaseOrderId": order_row["id"], "name": name, "value": Decimal(value)}
            )
        self.move(order_row["id"], "IN_REVIEW", "APPROVED", "ORDERED")
        return int(order_row["id"])

    def move(self, id: int, *statuses: str) -> None:
        for status in statuses:
            row = self.books.row("orders", id)
            self.changes.updatePurchaseOrder({"id": id, "etag": row["_etag"], "status": status})

    def revise(self, id: int, *changes: Any) -> None:
        """Return an order to draft, change it, and order it again."""
        self.move(id, "DRAFT")
        for change in changes:
            change()
        self.move(id, "IN_REVIEW", "APPROVED", "ORDERED")

    def lines(self, id: int) -> list[dict[str, Any]]:
        rows: list[dict[str, Any]] = self.books.of_order("lines", self.books.row("orders", id))
        return rows

    def change(self, line: dict[str, Any], **values: Any) -> None:
        row = self.books.row("lines", line["id"])
        self.changes.updatePurchaseOrderLine({"id": row["id"], "etag": row["_etag"], **values})

    def attribute(self, line: int, key: str, value: str) -> None:
        row = self.books.row("lines", line)
        etag = get_attribute_etag(row, key)
        values = {"purchaseOrderLineId": line, "etag": etag, "key": key, "value": value}
        self.changes.updatePurchaseOrderLineAttribute(values)

    def receive(self, line: dict[str, Any], quantity: str) -> None:
        self.changes.createReceipt(
            {"lines": [{"purchaseOrderLineId": line["id"], "quantity": Decimal(quantity)}]}
        )

    def delete(self, id: int) -> None:
        self.source._pages._order_delete(self.books.row("orders", id), {})

    def part(self, number: str = "OW-1", **values: Any) -> dict[str, Any]:
        fields = {"partNumber": number, "cost": "2.50", "description": "A part", **values}
        row: dict[str, Any] = self.changes.createPart(fields)["part"]
        return row

    # -- in the books ------------------------------------------------------------------------------

    def posted(self, number: int | str) -> list[dict[str, Any]]:
        """Return the purchase orders with this number."""
        return self.select("PurchaseOrder", f"DocNumber = '{number}'")

    def find_order(self, id: str) -> dict[str, Any]:
        """Return the purchase order with this id."""
        return self.select("PurchaseOrder", f"Id = '{id}'")[0]

    def item(self, words: str) -> dict[str, Any] | None:
        rows = self.select("Item", f"Name like '%{words}%'")
        return rows[0] if rows else None

    def vendor(self, name: str) -> str:
        rows = self.select("Vendor", f"DisplayName = '{name}'")
        return str(rows[0]["Id"])

    def bill(self, order: dict[str, Any], lines: int = 1) -> None:
        """Create a bill for the first lines of an order, as a person does in QuickBooks."""
        linked_lines = [
            {
                **line,
                "LinkedTxn": [
                    {"TxnId": order["Id"], "TxnType": "PurchaseOrder", "TxnLineId": line["Id"]}
                ],
            }
            for line in order["Line"][:lines]
        ]
        lines_to_send = [
            {name: value for name, value in line.items() if name not in ("Id", "LineNum")}
            for line in linked_lines
        ]
        self.make(
            "Bill", VendorRef=order["VendorRef"], TxnDate=order["TxnDate"], Line=lines_to_send
        )

    # -- in the hub --------------------------------------------------------------------------------

    def cases(self) -> dict[str, str]:
        """Return the cause and reason of each open case of this company."""
        conditions = Case.closed_at.is_(None), Case.company_id == self.company_id
        with read_only_session() as session:
            return {
                case.cause: case.reason for case in session.scalars(select(Case).where(*conditions))
            }

    def titles(self) -> dict[str, str]:
        """Return the title of each open case by its cause."""
        conditions = Case.closed_at.is_(None), Case.company_id == self.company_id
        with read_only_session() as session:
            return {
                case.cause: case.title for case in session.scalars(select(Case).where(*conditions))
            }

    def cases_about(self, *causes: str) -> dict[str, str]:
        """Return the cases whose cause contains one of these words."""
        return {
            cause: text
            for cause, text in self.cases().items()
            if any(word in cause for word in causes)
        }

    def retry(self, source_id: str) -> None:
        retries.retry(self.posting(source_id).id, "kari")

    def count_calls(self, call: str) -> int:
        """Return how often QuickBooks was called."""
        return len(self.quickbooks.log.entries(call))


def lines(order: dict[str, Any]) -> list[tuple[Any, ...]]:
    """Return account or item, amount, quantity, price, description and class of each line."""
    rows = []
    for line in order["Line"]:
        detail = line[line["DetailType"]]
        reference = detail.get("ItemRef") or detail["AccountRef"]
        values = (
            detail.get("Qty"),
            detail.get("UnitPrice"),
            line.get("Description"),
            detail.get("ClassRef", {}).get("name"),
        )
        rows.append((reference["name"], line["Amount"], *values))
    return rows
