"""The purchase order app: submitted orders become purchase orders, or bills.

Autotask gets the number.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from hub import (
    App,
    Checkpoint,
    Code,
    Document,
    FromSetting,
    Gone,
    Receipt,
    Row,
    Sentence,
    Site,
    Unreadable,
    Yielded,
    readable,
)
from hub_autotask import lists, receipt_contents
from hub_autotask.client import RATE_LIMIT, Autotask, all_of, any_of, is_label, where
from hub_autotask.code_fields import CUSTOMER_FIELD, TERM_FIELD, build_code_field
from hub_autotask.entity_rows import has_id
from hub_autotask.lists import Lists
from hub_autotask.order_translation import (
    CANCELED_STATUS,
    RECEIVED_STATUSES,
    SUBMITTED_STATUS,
    TRANSFER_MARK,
    UNNUMBERED,
    OrderTranslation,
    ReceiptTranslation,
)
from hub_autotask.polling import (
    DocumentReader,
    TransferMark,
    is_error,
    is_to_be_numbered,
    mark_as_failed,
)
from hub_autotask.receipt_numbers import FirstNumbers, has_number_as_text
from hub_autotask.received_orders import ReceivedOrders
from hub_autotask.report_history import LEFT_OUT, OPEN, RECEIVED, ReportHistory
from hub_autotask.settings import OrderSettings
from hub_autotask.stored_ids import POSTED_AS_BILL, StoredIds
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
    rate=RATE_LIMIT,
    wants=("posted", "held", "failed"),
    access=HELPDESK,
    mailbox="mailbox",
    owner_only=True,
    retry_reoffered=True,
)
FIELDS = (
    build_code_field("vendor", "Vendor", "vendor", missing=FromSetting("create_parties")),
    CUSTOMER_FIELD,
    build_code_field("product", "Product", "item", missing=FromSetting("item_missing")),
    TERM_FIELD,
)
ENTITY = "PurchaseOrders"
RECEIPT_ENTITY = "PurchaseOrderItemReceiving"
UNUSABLE = Unreadable(
    source_id="purchase_receipt:None",
    reason=Sentence(
        "Autotask sent a receipt whose ids are no numbers, whose vendor invoice number is no text,"
        " or whose order it does not show. It is read again with every run."
    ),
)


def _is_usable(receipt: Row) -> bool:
    """Return whether a receipt can be told apart from others, and belongs to an item."""
    return (
        has_id(receipt) and has_id(receipt, "purchaseOrderItemID") and has_number_as_text(receipt)
    )


def open_reader(site: Site, source: Autotask, source_lists: Lists) -> "Orders":
    """Return the reader of purchase orders, or of their receipts, by the settings."""
    if site.settings["post_as"] == "bill_per_receipt":
        return Receipts(site, source, source_lists)
    return Orders(site, source, source_lists)


class Orders(DocumentReader):
    """The purchase orders of one run."""

    entity, prefix = ENTITY, "purchase_order:"
    changeable_parts = ("PurchaseOrderItems", "orderID")

    def __init__(self, site: Site, source: Autotask, lists: Lists) -> None:
        super().__init__(site, source, lists)
        self._left_out = ReceivedOrders(site.secrets)

    def mark(self) -> TransferMark:
        """Return the field that marks an order as transferred."""
        return TRANSFER_MARK

    def open_conditions(self) -> list[Row]:
        """Return the conditions of a poll: recent orders that are open, and those canceled.

        An order may be submitted long after it was drafted, so either moment counts. Received
        orders without a number are read too, so that those that are left out are listed.
        """
        submitted_status = self.source.picklist_number(ENTITY, "status", SUBMITTED_STATUS)
        canceled_status = self.source.picklist_number(ENTITY, "status", CANCELED_STATUS)
        is_recent = any_of(self.is_recent("createDateTime"), self.is_recent("submitDateTime"))
        received_statuses = self._list_status_numbers(RECEIVED_STATUSES)
        is_ready = [
            where("status", "in", [submitted_status, *received_statuses]),
            is_recent,
            any_of(*TRANSFER_MARK.open_conditions()),
        ]
        is_canceled = [
            where("status", "eq", canceled_status),
            self.is_recent("cancelDateTime"),
        ]
        return [any_of(all_of(*is_ready), all_of(*is_canceled))]

    def _list_status_numbers(self, labels: Sequence[str]) -> list[int]:
        """Return the numbers of those of these statuses that the database has."""
        statuses = self.source.picklist(ENTITY, "status")
        return [int(number) for number, status in statuses.items() if is_label(status, *labels)]

    def poll_pages(self, history: ReportHistory) -> Iterator[Yielded]:
        """Yield what was not reported yet, with a Checkpoint after each page that has any."""
        yield from super().poll_pages(history)
        first_day = self._find_first_day()
        self._left_out.finish(min(first_day, self.site.start or first_day))

    def note_page(self, rows: Sequence[Row], history: ReportHistory) -> None:
        """Leave out the orders that were received before any poll has read them."""
        self._left_out.note(filter(self._is_received, rows), self.site.zone, history)

    def state(self, row: Row) -> str:
        """Return the state of an order; a cancellation takes precedence over the mark."""
        if is_label(self.status(row), CANCELED_STATUS):
            return "canceled"
        if self._is_left_out(row):
            return LEFT_OUT
        return RECEIVED if self._is_received(row) else super().state(row)

    def _is_received(self, row: Row) -> bool:
        """Return whether an order without a number is received, at least in part."""
        is_received = is_label(self.status(row), *RECEIVED_STATUSES)
        return is_received and TRANSFER_MARK.is_ready(row)

    def _is_left_out(self, row: Row) -> bool:
        """Return whether an order is left out, because it was received before it was read."""
        return self._is_received(row) and row["id"] in self._left_out

    def status(self, row: Row) -> str:
        """Return the label of an order's status."""
        return self.source.picklist_label(ENTITY, "status", row["status"])

    def prepare(self, rows: Sequence[Row]) -> None:
        """Request the items, organisations and products of a page of orders."""
        self._items = self.read_parts(*self.changeable_parts, rows)
        companies: list[int] = []
        for row in rows:
            companies += filter(None, (row["vendorID"], row["purchaseForCompanyID"]))
        self.lists.load_companies(companies)
        product_ids: set[int] = set()
        for items in self._items.values():
            product_ids.update(item["productID"] for item in items if item["productID"])
        self.lists.fetch_rows("Products", product_ids)

    def build_document(self, row: Row) -> Document:
        """Return the purchase order or bill of a row."""
        items = self._items[row["id"]]
        translation = OrderTranslation(self, row, items, self.status(row))
        translation.is_left_out = self._is_left_out(row)
        return translation.build_document()


class Receipts(Orders):
    """Reads receipts of orders: a bill for each vendor invoice."""

    stream = "receipts"
    # Apart from that of orders, which the settings may want again after a time without their polls.
    last_poll_stream = "last poll of receipts"

    def __init__(self, site: Site, source: Autotask, lists: Lists) -> None:
        super().__init__(site, source, lists)
        self._first_numbers = FirstNumbers(site.secrets)
        self._posted_orders = StoredIds(site.secrets, POSTED_AS_BILL).read()
        self.receipts_by_bill: dict[str, dict[int, Row]] = {}  # by their source ids and ids
        self._unusable_orders: set[int] = set()  # with a receipt that cannot be read

    def read_marked_ids(self) -> set[int]:
        """Return no ids: the hub marks orders, and the history has the ids of receipts."""
        return set()

    def poll_pages(self, history: ReportHistory) -> Iterator[Yielded]:
        """Yield each bill with receipts since the last poll, with a Checkpoint after each page.

        A page without news needs none.
        """
        newest_id = history.newest_id_before
        for page in self.source.pages(RECEIPT_ENTITY, self._is_to_be_read(newest_id)):
            rows = list(filter(_is_usable, page))
            if len(rows) < len(page):
                yield UNUSABLE
            new_ids = {row["id"] for row in rows if history.note_state(row["id"], OPEN)}
            new_ids.update(self._iter_changed_ids(rows, history))
            self._first_numbers.note(rows)
            new_rows = [row for row in rows if row["id"] in new_ids]
            yield from self._iter_bills_of_receipts(new_rows, history)
            if not new_rows:
                continue
            yield Checkpoint(cursor=history.build_interim_cursor(), stream=self.stream)
        last_id = history.newest_id or 0
        history.keep(self._find_newest_id(last_id) if newest_id is None else last_id)

    def iter_contents(self, rows: Sequence[Row]) -> Iterator[tuple[int, object]]:
        """Yield the id of each receipt, and what people may change in its bill."""
        return receipt_contents.iter_contents(self.source, rows)

    def _is_to_be_read(self, newest_id: int | None) -> Row:
        """Return the condition of a poll: receipts that are recent, or newer than the last poll's.

        People enter the day of a receipt, so it may be before the first day that is polled.
        """
        is_recent = self.is_recent("receiveDate")
        if newest_id is None:
            return is_recent
        return any_of(is_recent, where("id", "gt", newest_id))

    def _find_newest_id(self, id: int) -> int:
        """Return the highest id of a receipt, at least this one.

        Receipts from before the window, up to this one, are left out by the first poll.
        """
        later = self.source.rows(RECEIPT_ENTITY, where("id", "gt", id), fields=("id",))
        return max((row["id"] for row in later if has_id(row)), default=id)

    def _iter_bills_of_receipts(
        self, receipts: Sequence[Row], history: ReportHistory
    ) -> Iterator[Document | Unreadable]:
        """Yield the bills that contain one of these receipts.

        Those of other receipts of the same orders were yielded before. A receipt of which Autotask
        does not show the order is read again by the next poll.
        """
        receipt_ids = {row["id"] for row in receipts}
        item_ids = {row["purchaseOrderItemID"] for row in receipts}
        items = list(self.source.rows_with("PurchaseOrderItems", "id", item_ids))
        order_ids = {row["orderID"] for row in items if has_id(row) and has_id(row, "orderID")}
        unread = set(receipt_ids)
        for bill in self._iter_bills(order_ids):
            ids_of_bill = self.receipts_by_bill[bill.source_id].keys()
            unread -= ids_of_bill
            if receipt_ids & ids_of_bill:
                yield bill
        for id in unread:
            history.forget(id)
        if unread:
            yield UNUSABLE

    def read_by_ids(self, ids: Sequence[str]) -> Iterator[Yielded]:
        """Yield the bills with these source ids, in their order; each id names its order."""
        order_ids = set()
        for id in ids:
            parts = id.split(":", 2)  # the number of the vendor's invoice may have a colon
            if len(parts) == 3 and parts[1].isdecimal():
                order_ids.add(int(parts[1]))
        bills = {bill.source_id: bill for bill in self._iter_bills(order_ids)}
        for id in ids:
            yield bills[id] if id in bills else self._explain_absence(id)

    def _explain_absence(self, source_id: str) -> Unreadable | Gone:
        """Return why there is no bill with an id: its receipt has got a number, or is gone."""
        _, _, name = source_id.rpartition(":")
        receipt_id = name.removeprefix(UNNUMBERED)
        for receipts in self.receipts_by_bill.values():
            if receipt_id != name and receipt_id.isdecimal() and int(receipt_id) in receipts:
                return Unreadable(
                    source_id=source_id,
                    reason=Sentence(
                        "Its receipt %(id)s has the vendor invoice number %(number)s in Autotask"
                        " now. Enter its bill in QuickBooks by hand, unless it is there, and press"
                        " Skip.",
                        id=receipt_id,
                        number=str(receipts[int(receipt_id)]["vendorInvoiceNumber"]),
                    ),
                )
        return Gone(source_id=source_id, reason=Sentence("Autotask has no such receipt any more."))

    def _iter_bills(self, order_ids: set[int]) -> Iterator[Document | Unreadable]:
        """Yield the bills of some orders: one for all receipts with the same vendor invoice."""
        rows = list(self.source.parts_of(ENTITY, "id", order_ids))
        self.prepare(rows)
        rows_by_id = {row["id"]: row for row in rows}
        items = self._index_items()
        bills: dict[tuple[int, str], list[Row]] = defaultdict(list)
        first_receipt_ids: dict[int, int] = {}
        for receipt in self.source.parts_of(RECEIPT_ENTITY, "purchaseOrderItemID", items):
            if not _is_usable(receipt):
                self._unusable_orders.add(items[receipt["purchaseOrderItemID"]]["orderID"])
                continue
            number = self._first_numbers.get(receipt) or f"{UNNUMBERED}{receipt['id']}"
            order_id = items[receipt["purchaseOrderItemID"]]["orderID"]
            bills[order_id, number].append(receipt)
            first_id = first_receipt_ids.get(order_id, receipt["id"])
            first_receipt_ids[order_id] = min(first_id, receipt["id"])
        self.receipts_by_bill = {}
        for (order_id, number), receipts in bills.items():
            id = f"purchase_receipt:{order_id}:{number}"
            self.receipts_by_bill[id] = {receipt["id"]: receipt for receipt in receipts}
            is_first = first_receipt_ids[order_id] in self.receipts_by_bill[id]
            row = rows_by_id[order_id]
            yield readable(id, self._build_bill, row, items, receipts, is_first, id)

    def _index_items(self) -> dict[Any, Row]:
        """Return the items of the prepared orders by id; note the orders with one without an id."""
        items: dict[Any, Row] = {}
        self._unusable_orders = set()
        for order_id, items_of_order in self._items.items():
            items |= {item["id"]: item for item in items_of_order if has_id(item)}
            if not all(map(has_id, items_of_order)):
                self._unusable_orders.add(order_id)
        return items

    def _build_bill(
        self,
        row: Row,
        items: Mapping[Any, Row],
        receipts: Sequence[Row],
        is_first: bool,
        source_id: str,
    ) -> Document:
        """Return the bill of the receipts with one vendor invoice."""
        if row["id"] in self._unusable_orders:
            raise ValueError(Sentence("an item or receipt of its order has no usable id or number"))
        translation = ReceiptTranslation(
            self,
            row,
            self.status(row),
            items,
            receipts,
            is_first,
            source_id,
        )
        translation.is_posted_as_a_whole = row["id"] in self._posted_orders
        return translation.build_document()


def list_codes(site: Site, source: Autotask, source_lists: Lists, field: str) -> list[Code]:
    """Return the codes of a field as Autotask has them now."""
    if field == "product":
        rows = source.rows("Products", where("isActive", "eq", True))
        return [lists.build_product_code(row, site.settings) for row in rows if row["id"]]
    if field == "term":
        return lists.list_term_codes(source_lists)
    company_type = "Vendor" if field == "vendor" else "Customer"
    return lists.list_customer_codes(source, source_lists, company_type)


def report(site: Site, source: Autotask, document: Document, receipt: Receipt) -> None:
    """Write the number in QuickBooks, or the mark of a failure, to the order.

    The number of an order that was posted as a bill is not replaced because of its receipts.
    """
    id = int(document.source_id.split(":")[1])
    posted_orders = StoredIds(site.secrets, POSTED_AS_BILL)
    if is_to_be_numbered(source, ENTITY, id, TRANSFER_MARK, receipt):
        if document.kind == "bill" and document.source_id.startswith(Orders.prefix):
            posted_orders.add(id)  # first, because it is in QuickBooks even if Autotask refuses
        source.update(ENTITY, id, **{TRANSFER_MARK.field: receipt.number or receipt.id})
    elif is_error(site, document, receipt) and id not in posted_orders.read():
        mark_as_failed(site, source, ENTITY, id, TRANSFER_MARK)
