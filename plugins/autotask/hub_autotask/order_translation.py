"""Convert a purchase order of Autotask, or its receipts, to a document."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from hub import (
    Address,
    Code,
    Codes,
    Document,
    Line,
    Row,
    Sentence,
    StageName,
    money,
    parse_day,
    require_id,
    round_amount,
    sum_amounts,
)
from hub_autotask import lists
from hub_autotask.client import is_label
from hub_autotask.entity_rows import EntityRow
from hub_autotask.polling import DocumentReader, TransferMark

SUBMITTED_STATUS = "Submitted"
CANCELED_STATUS = "Canceled"
RECEIVED_STATUSES = ("Received Partial", "Received Full")
# An order that was read as submitted may be received before it is posted, such as while it waits
# for an approval or a match: it is still to be posted.
POSTED_STATUSES = (SUBMITTED_STATUS, *RECEIVED_STATUSES)
TRANSFER_MARK = TransferMark("externalPONumber", "External P.O. Number")
UNNUMBERED = "receipt "  # before its id, in place of the number of the vendor's invoice
FREIGHT_ACCOUNT_MISSING = Sentence(
    "Orders with freight need an account for it. Choose one in the settings of the app."
)
CHARGE_ACCOUNT_MISSING = Sentence(
    "Items without a product need an account. Choose one in the settings of the app,"
    " or add a product in Autotask."
)


class OrderTranslation:
    """The conversion of one purchase order."""

    def __init__(self, reader: DocumentReader, row: Row, items: Sequence[Row], status: str) -> None:
        self.reader = reader
        self.row = row
        self.status = status
        self.is_left_out = False
        self.is_posted_as_a_whole = False
        self.items = items
        self.lists = reader.lists
        self.settings = reader.site.settings
        self.zone = reader.site.zone
        self.currency = self.lists.home_currency
        self.vendor = self.lists.company_code(row["vendorID"])

    def build_document(self) -> Document:
        """Return the purchase order, or the bill if the settings post orders as bills."""
        row = self.row
        stage, hold = self._decide_stage()
        lines = (*map(self._build_line, self.items), *self._build_freight_line())
        return Document(
            kind="purchase_order" if self.settings["post_as"] == "purchase_order" else "bill",
            source_id=f"purchase_order:{row['id']}",
            stage=stage,
            hold=hold,
            date=parse_day(row["createDateTime"], self.zone),
            received=parse_day(row["createDateTime"], self.zone),
            number=self._number(),
            memo=self._compose_memo(),
            currency=self.currency,
            codes={
                "vendor": self.vendor,
                "payable_account": self.settings["payable_account"],
                "term": self.lists.term(row["paymentTerm"]),
            },
            lines=lines,
            total=sum_amounts(line.amount for line in lines),
            tax_mode="none",
            ship_to=self._build_address(),
            facts={"Id in Autotask": str(row["id"]), "Status in Autotask": self.status},
        )

    def _decide_stage(self) -> tuple[StageName, str | None]:
        """Return the stage of the order, and the reason why it waits or is closed."""
        if is_label(self.status, CANCELED_STATUS):
            return "closed", Sentence("%(name)s was canceled in Autotask.", name=self._name())
        if self.is_left_out:
            return "closed", Sentence(
                "%(name)s was received in Autotask before the hub read it, and only submitted"
                " orders are passed. If QuickBooks does not have it, enter it there by hand, and"
                " write its number into Autotask.",
                name=self._name(),
            )
        is_posted = is_label(self.status, *POSTED_STATUSES)
        if not is_posted and TRANSFER_MARK.is_ready(self.row):
            return "pending", Sentence(
                "%(name)s waits: in Autotask it is %(status)s.",
                name=self._name(),
                status=self.status or Sentence("in a state unknown there"),
            )
        return self.reader.decide_stage(self.row, self._find_hold())

    def _find_hold(self) -> str | None:
        """Return why the order cannot be posted, or None."""
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
        buyer = self._find_buyer()
        if buyer and _is_same_name(buyer, self.vendor):
            return Sentence(
                "%(name)s has a vendor and a customer of the same name, %(party)s, and"
                " QuickBooks does not allow two records with one name. Rename one of them in"
                " Autotask.",
                name=self._name(),
                party=buyer.name,
            )
        return None

    def _name(self) -> str:
        """Return the title of the order in messages."""
        number = self.row["purchaseOrderNumber"] or self.row["id"]
        return f"Purchase order {number}"

    def _number(self) -> str | None:
        """Return the number in Autotask, or None if QuickBooks numbers the order."""
        is_order = self.settings["post_as"] == "purchase_order"
        numbered_by_quickbooks = is_order and not self.reader.site.company.custom_numbers
        if numbered_by_quickbooks and not self.settings["own_number"]:
            return None
        return self.row["purchaseOrderNumber"] or str(self.row["id"])

    def _compose_memo(self) -> str | None:
        """Return the memo of the order, with its number if no field shows it."""
        number = self.row["purchaseOrderNumber"]
        texts = [self.row["generalMemo"]]
        if number and not self._number():
            texts.insert(0, f"Purchase order: {number}")
        return "\n".join(filter(None, texts)) or None

    def _find_buyer(self) -> Code | None:
        """Return the organisation that the order was placed for, if any."""
        id = self.row["purchaseForCompanyID"]
        return self.lists.company_code(id) if id else None

    def _build_line(self, item: Row) -> Line:
        """Return a line for an item of the order."""
        product = None
        if item["productID"]:
            product = self.lists.row("Products", item["productID"])
        description = item["memo"]
        if product and not description:
            description = product["description"] or product["name"]
        quantity = money(item["quantity"])
        cost = money(item["unitCost"])
        return Line(
            id=require_id(item, "id"),
            amount=round_amount(quantity * cost, self.currency),
            quantity=quantity,
            unit_price=cost,
            description=description or None,
            codes={
                **self._choose_product_or_account(product),
                "customer": self._find_buyer(),
            },
        )

    def _choose_product_or_account(self, product: Row | None) -> Codes:
        """Return the product of an item, or else the account for charges."""
        if product:
            return {"product": lists.build_product_code(product, self.settings)}
        if self.settings["charge_account"]:
            return {"account": self.settings["charge_account"]}
        return {
            "product": Code(
                id="no product", name="Items without product", hold=CHARGE_ACCOUNT_MISSING
            )
        }

    def _build_freight_line(self) -> tuple[Line, ...]:
        """Return a line for the freight of the order, if there is any."""
        freight = money(self.row["internalCurrencyFreight"] or self.row["freight"] or 0)
        amount = round_amount(freight, self.currency)
        if not amount:
            return ()
        codes: dict[str, Code | str | None] = {}
        if self.settings["freight_account"]:
            codes["account"] = self.settings["freight_account"]
        else:
            codes["product"] = Code(id="freight", name="Freight", hold=FREIGHT_ACCOUNT_MISSING)
        codes["customer"] = self._find_buyer()
        line = Line(id="freight", amount=amount, description="Freight", codes=codes)
        return (line,)

    def _build_address(self) -> Address | None:
        """Return the address to ship to, if the order has one."""
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


class ReceiptTranslation(OrderTranslation):
    """The conversion of receipts with one vendor invoice; the first bill has the freight."""

    def __init__(
        self,
        reader: DocumentReader,
        row: Row,
        status: str,
        items: Mapping[Any, Row],
        receipts: Sequence[Row],
        is_first: bool,
        source_id: str,
    ) -> None:
        parts = []
        for receipt in receipts:
            item = items[receipt["purchaseOrderItemID"]]
            quantity = receipt["quantityNowReceiving"]
            parts.append(EntityRow({**item, "id": receipt["id"], "quantity": quantity}))
        if not is_first:
            row = EntityRow({**row, "freight": 0, "internalCurrencyFreight": 0})
        super().__init__(reader, row, parts, status)
        days = (parse_day(receipt["receiveDate"], self.zone) for receipt in receipts)
        self.day = max(filter(None, days), default=None)
        self.source_id = source_id
        numbers = (receipt["vendorInvoiceNumber"] for receipt in receipts)
        self.number = next(filter(None, numbers), None)

    def build_document(self) -> Document:
        """Return the bill of what was received."""
        number = self.row["purchaseOrderNumber"] or self.row["id"]
        memo = filter(None, (f"Purchase order: {number}", self.row["generalMemo"]))
        return replace(
            super().build_document(),
            source_id=self.source_id,
            stage="ready",
            hold=self._find_hold_of_receipts(),
            date=self.day,
            received=self.day,
            number=self.number,
            memo="\n".join(memo),
        )

    def _find_hold_of_receipts(self) -> str | None:
        """Return why the bill cannot be posted, or None."""
        if not self.is_posted_as_a_whole:
            return self._find_hold()
        return Sentence(
            "%(name)s was posted as one bill, before the settings made a bill of each receipt."
            " Press Skip. If that bill is no longer in QuickBooks, enter this one there by hand"
            " first.",
            name=self._name(),
        )


def _is_same_name(code: Code, other_code: Code) -> bool:
    """Return whether two codes have the same name except for case."""
    name = code.name or ""
    other_name = other_code.name or ""
    return name.casefold() == other_name.casefold()
