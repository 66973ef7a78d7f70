"""The purchase order app: submitted orders become purchase orders, or bills.

Autotask gets the number.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

from hub import (
    Address,
    App,
    Checkpoint,
    Code,
    Codes,
    Document,
    FromSetting,
    Gone,
    Line,
    Receipt,
    Row,
    Sentence,
    Site,
    StageName,
    Unreadable,
    Yielded,
    money,
    readable,
    to_cents,
)
from hub_autotask import lists
from hub_autotask.client import RATE, Autotask, any_of, local_day, where
from hub_autotask.lists import Lists
from hub_autotask.polling import Kind, Mark, is_error, recent_changes
from hub_autotask.report_history import OPEN, ReportHistory
from hub_autotask.settings import FILL, OrderSettings
from hub_autotask.tile import HELPDESK, compose_help

APP = App(
    slug="autotask-purchase-orders",
    icon="cart",
    name="Autotask purchase orders",
    summary="Submitted purchase orders become purchase orders, or bills; Autotask gets the number.",
    help=compose_help(
        "Autotask purchase orders",
        "Buying stays in Autotask;"
        " QuickBooks knows what is on order, from whom and for which customer.",
    ),
    posts=("purchase_order", "bill", "vendor", "customer", "item"),
    settings=OrderSettings,
    hosts=("*.autotask.net", "{address}"),
    rate=RATE,
    wants=("posted", "held", "failed"),
    access=HELPDESK,
    mailbox="mailbox",
    owner_only=True,
    retry_reoffered=True,
)
FIELDS = (
    lists.code_field("vendor", "Vendor", "vendor", missing=FromSetting("create_parties")),
    lists.code_field(
        "customer", "Organisation", "customer", missing=FromSetting("create_parties"), fill=FILL
    ),
    lists.code_field("product", "Product", "item", missing=FromSetting("item_missing")),
    lists.code_field("term", "Payment term", "term", missing=FromSetting("term_missing")),
)
ENTITY = "PurchaseOrders"
SUBMITTED, CANCELED = "Submitted", "Canceled"
RECEIVING = "PurchaseOrderItemReceiving"
MARK = Mark("externalPONumber", "External P.O. Number")
FREIGHT = Sentence(
    "Orders with freight need an account for it. Choose one in the settings of the app."
)
CHARGE = Sentence(
    "Items without a product need an account. Choose one in the settings of the app,"
    " or add a product in Autotask."
)


def open_kind(site: Site, source: Autotask, source_lists: Lists) -> "Orders":
    """Return the purchase orders of one run, or the receipts of them."""
    by_receipt = site.settings["post_as"] == "bill_per_receipt"
    return (Receipts if by_receipt else Orders)(site, source, source_lists)


class Orders(Kind):
    """The purchase orders of one run."""

    entity, prefix = ENTITY, "purchase_order:"

    def mark(self) -> Mark:
        return MARK

    def open(self) -> list[Row]:
        since, number = self.window(), self.source.number
        submitted = where("status", "eq", number(ENTITY, "status", SUBMITTED))
        canceled = where("status", "eq", number(ENTITY, "status", CANCELED))
        ready = {
            "op": "and",
            "items": [submitted, *recent_changes("createDateTime", since, *MARK.open())],
        }
        return [
            any_of(ready, {"op": "and", "items": [canceled, where("cancelDateTime", "gte", since)]})
        ]

    def state(self, row: Row) -> str:
        return "canceled" if self.status(row) == CANCELED else super().state(row)

    def status(self, row: Row) -> str:
        """Return the label of an order's status."""
        return self.source.label(ENTITY, "status", row["status"])

    def prepare(self, rows: Sequence[Row]) -> None:
        self._items = defaultdict(list)
        for item in self.source.among("PurchaseOrderItems", "orderID", {row["id"] for row in rows}):
            self._items[item["orderID"]].append(item)
        companies: list[int] = []
        for row in rows:
            companies += filter(None, (row["vendorID"], row["purchaseForCompanyID"]))
        self.lists.load(companies)
        product_ids: set[int] = set()
        for items in self._items.values():
            product_ids.update(item["productID"] for item in items if item["productID"])
        self.lists.fetch("Products", product_ids)

    def document(self, row: Row) -> Document:
        return _Translation(self, row, self._items[row["id"]]).document()


class Receipts(Orders):
    """What was received of orders in one run: a bill for each invoice of a vendor."""

    def poll(self, cursor: str | None) -> Iterator[Yielded]:
        history = ReportHistory(cursor)
        for page in self.source.pages(RECEIVING, *recent_changes("receiveDate", self.window())):
            news = [row for row in page if history.is_news(row["id"], OPEN)]
            item_ids = {row["purchaseOrderItemID"] for row in news}
            items = self.source.among("PurchaseOrderItems", "id", item_ids)
            order_ids = {row["orderID"] for row in items}
            for bill in self._bills(order_ids):
                if item_ids & self.received_by.get(bill.source_id, item_ids):
                    yield bill
            yield Checkpoint(cursor=history.interim_cursor())
        yield Checkpoint(cursor=history.final_cursor())

    def exactly(self, ids: Sequence[str]) -> Iterator[Yielded]:
        order_ids = set()
        for id in ids:
            parts = id.split(":")
            if len(parts) == 3 and parts[1].isdecimal():
                order_ids.add(int(parts[1]))
        bills = {bill.source_id: bill for bill in self._bills(order_ids)}
        for id in ids:
            gone = Gone(source_id=id, reason=Sentence("Autotask has no such receipt any more."))
            yield bills.get(id) or gone

    def _bills(self, order_ids: set[int]) -> Iterator[Document | Unreadable]:
        rows = list(self.source.among(ENTITY, "id", order_ids))
        self.prepare(rows)
        items: dict[Any, Row] = {}
        for items_of_order in self._items.values():
            items |= {item["id"]: item for item in items_of_order}
        bills: dict[tuple[int, str], list[Row]] = defaultdict(list)
        first: dict[int, int] = {}
        self.received_by = {}
        for receipt in self.source.among(RECEIVING, "purchaseOrderItemID", items):
            number = receipt["vendorInvoiceNumber"] or f"receipt {receipt['id']}"
            order = items[receipt["purchaseOrderItemID"]]["orderID"]
            bills[order, number].append(receipt)
            first.setdefault(order, receipt["id"])
        by_id = {row["id"]: row for row in rows}
        for (order, number), receipts in bills.items():
            id = f"purchase_receipt:{order}:{number}"
            self.received_by[id] = {one["purchaseOrderItemID"] for one in receipts}
            leads = first[order] in {one["id"] for one in receipts}
            bill = _Receipt(self, by_id[order], items, receipts, leads, id, number)
            yield readable(id, bill.document)


class _Translation:
    """One purchase order on its way to a document."""

    def __init__(self, kind: Orders | Receipts, row: Row, items: Sequence[Row]) -> None:
        self.kind, self.row, self.items = kind, row, items
        self.lists, self.settings, self.zone = kind.lists, kind.site.settings, kind.site.zone
        self.currency = self.lists.home
        self.vendor = self.lists.organisation(row["vendorID"])

    def document(self) -> Document:
        row = self.row
        stage, hold = self._decide_stage()
        lines = (*map(self._build_line, self.items), *self._freight_line())
        return Document(
            kind="purchase_order" if self.settings["post_as"] == "purchase_order" else "bill",
            source_id=f"purchase_order:{row['id']}",
            stage=stage,
            hold=hold,
            date=local_day(row["createDateTime"], self.zone),
            received=local_day(row["createDateTime"], self.zone),
            number=self._number(),
            memo=self._compose_memo(),
            currency=self.currency,
            codes={
                "vendor": self.vendor,
                "payable_account": self.settings["payable_account"],
                "term": self.lists.term(row["paymentTerm"]),
            },
            lines=lines,
            total=sum((line.amount or money(0) for line in lines), money(0)),
            tax_mode="none",
            ship_to=self._address(),
            facts={"Id in Autotask": str(row["id"]), "Status in Autotask": self.kind.status(row)},
        )

    def _decide_stage(self) -> tuple[StageName, str | None]:
        status = self.kind.status(self.row)
        if status == CANCELED:
            return "closed", Sentence("%(name)s was canceled in Autotask.", name=self._name())
        if status != SUBMITTED and MARK.is_ready(self.row):
            return (
                "pending",
                Sentence(
                    "%(name)s waits: in Autotask it is %(status)s.",
                    name=self._name(),
                    status=status or Sentence("in a state unknown there"),
                ),
            )
        return self.kind.waits(self.row, self._find_hold())

    def _find_hold(self) -> str | None:
        foreign = self.lists.currency(self.row["vendorID"])
        if foreign != self.currency:
            return Sentence(
                "%(name)s goes to %(vendor)s, which is kept in %(foreign)s; orders are"
                " passed in %(currency)s only. Enter it in QuickBooks by hand, and"
                " write its number into Autotask.",
                name=self._name(),
                vendor=self.vendor.name,
                foreign=foreign,
                currency=self.currency,
            )
        buyer = self._buyer_name()
        if buyer and _is_same_name(buyer, self.vendor):
            return Sentence(
                "%(name)s has a vendor and a customer of the same name, %(party)s,"
                " and QuickBooks lets no two bear one name. Rename one of them in"
                " Autotask.",
                name=self._name(),
                party=buyer.name,
            )
        return None

    def _name(self) -> str:
        return f"Purchase order {self.row['purchaseOrderNumber'] or self.row['id']}"

    def _number(self) -> str | None:
        """Return Autotask's number if it is to be used, or if QuickBooks would give none."""
        is_order = self.settings["post_as"] == "purchase_order"
        numbered_by_quickbooks = is_order and not self.kind.site.company.custom_numbers
        if numbered_by_quickbooks and not self.settings["own_number"]:
            return None
        return self.row["purchaseOrderNumber"] or str(self.row["id"])

    def _compose_memo(self) -> str | None:
        number = self.row["purchaseOrderNumber"]
        texts = [self.row["generalMemo"]]
        if number and not self._number():
            texts.insert(0, f"Purchase order: {number}")
        return "\n".join(filter(None, texts)) or None

    def _buyer_name(self) -> Code | None:
        id = self.row["purchaseForCompanyID"]
        return self.lists.organisation(id) if id else None

    def _build_line(self, item: Row) -> Line:
        product = self.lists.one("Products", item["productID"]) if item["productID"] else None
        quantity, cost = money(item["quantity"]), money(item["unitCost"])
        description = item["memo"]
        if product and not description:
            description = product["description"] or product["name"]
        return Line(
            id=str(item["id"]),
            amount=to_cents(quantity * cost, self.currency),
            quantity=quantity,
            unit_price=cost,
            description=description or None,
            codes={**self._product_or_account(product), "customer": self._buyer_name()},
        )

    def _product_or_account(self, product: Row | None) -> Codes:
        if product:
            return {"product": lists.as_product(product, self.settings)}
        if self.settings["charge_account"]:
            return {"account": self.settings["charge_account"]}
        return {"product": Code(id="no product", name="Items without product", hold=CHARGE)}

    def _freight_line(self) -> tuple[Line, ...]:
        freight = money(self.row["internalCurrencyFreight"] or self.row["freight"] or 0)
        amount = to_cents(freight, self.currency)
        if not amount:
            return ()
        codes: dict[str, Code | str | None] = {}
        if self.settings["freight_account"]:
            codes["account"] = self.settings["freight_account"]
        else:
            codes["product"] = Code(id="freight", name="Freight", hold=FREIGHT)
        codes["customer"] = self._buyer_name()
        return (Line(id="freight", amount=amount, description="Freight", codes=codes),)

    def _address(self) -> Address | None:
        row = self.row
        lines = tuple(filter(None, (row["shipToAddress1"], row["shipToAddress2"])))
        if not lines and not row["shipToName"]:
            return None
        return Address(
            name=row["shipToName"] or None,
            lines=lines,
            city=row["shipToCity"] or None,
            region=row["shipToState"] or None,
            postal_code=row["shipToPostalCode"] or None,
        )


class _Receipt(_Translation):
    """What was received with one invoice of a vendor; the first bill has the freight."""

    def __init__(
        self,
        kind: Receipts,
        row: Row,
        items: dict[Any, Row],
        receipts: Sequence[Row],
        leads: bool,
        source_id: str,
        number: str,
    ) -> None:
        parts = []
        for receipt in receipts:
            item = items[receipt["purchaseOrderItemID"]]
            quantity = receipt["quantityNowReceiving"]
            parts.append({**item, "id": receipt["id"], "quantity": quantity})
        if not leads:
            row = {**row, "freight": 0, "internalCurrencyFreight": 0}
        super().__init__(kind, row, parts)
        days = (local_day(one["receiveDate"], self.zone) for one in receipts)
        self.day = max(filter(None, days))
        self.source_id = source_id
        self.number = None if number.startswith("receipt ") else number

    def document(self) -> Document:
        order = f"Purchase order: {self.row['purchaseOrderNumber']}"
        return replace(
            super().document(),
            source_id=self.source_id,
            stage="ready",
            hold=self._find_hold(),
            date=self.day,
            received=self.day,
            number=self.number,
            memo="\n".join(filter(None, (order, self.row["generalMemo"]))),
        )


# -- what else the hub asks --


def _is_same_name(one: Code, other: Code) -> bool:
    return (one.name or "").casefold() == (other.name or "").casefold()


def codes(site: Site, source: Autotask, source_lists: Lists, field: str) -> list[Code]:
    """Return the codes of a field as Autotask has them now."""
    if field == "product":
        rows = source.rows("Products", where("isActive", "eq", True))
        return [lists.as_product(row, site.settings) for row in rows]
    if field == "term":
        return [
            lists.as_term(row)
            for row in source_lists.whole("PaymentTerms").values()
            if row["isActive"]
        ]
    return lists.customer_codes(source, source_lists, "Vendor" if field == "vendor" else "Customer")


def report(site: Site, source: Autotask, document: Document, receipt: Receipt) -> None:
    """Write the number in QuickBooks, or the mark of a failure, to the order."""
    id = int(document.source_id.split(":")[1])
    if receipt.state == "posted":
        source.change(ENTITY, id, **{MARK.field: receipt.number or receipt.id})
    elif is_error(site, document, receipt):
        source.change(ENTITY, id, **{MARK.field: MARK.error})
