"""The invoice app: approved and posted work becomes invoices.

Autotask gets the number and the day of payment.
"""

from collections import defaultdict
from collections.abc import Sequence
from decimal import Decimal

from hub import (
    App,
    Attachment,
    Code,
    Codes,
    Document,
    FromSetting,
    Line,
    Receipt,
    Refused,
    Row,
    Sentence,
    Site,
    StageName,
    TaxMode,
    money,
    to_cents,
)
from hub_autotask import checks, lists
from hub_autotask.client import RATE, Autotask, day, either, where
from hub_autotask.lists import Lists
from hub_autotask.polling import DateMark, Kind, Mark, fresh, is_error
from hub_autotask.settings import FILL, InvoiceSettings
from hub_autotask.tile import HELPDESK, about

APP = App(
    slug="autotask-invoices",
    icon="ticket",
    name="Autotask invoices",
    summary="Approved and posted work becomes invoices to customers; Autotask gets the number"
    " and the paid date.",
    help=about(
        "Autotask invoices",
        "Autotask stays where work is approved and invoices are made;"
        " QuickBooks receives each once, and collects.",
    ),
    posts=("invoice", "credit_memo", "customer", "item"),
    settings=InvoiceSettings,
    hosts=("*.autotask.net", "{address}"),
    rate=RATE,
    wants=("posted", "paid", "held", "failed"),
    gone=FromSetting("voided"),
    access=HELPDESK,
    mailbox="mailbox",
    owner_only=True,
    match_first=("customer", "billing_code", "term"),
    retry_reoffered=True,
)
FIELDS = (
    lists.field(
        "customer", "Organisation", "customer", missing=FromSetting("create_parties"), fill=FILL
    ),
    lists.field("billing_code", "Billing code", "item", missing=FromSetting("item_missing")),
    lists.field("term", "Payment term", "term", missing=FromSetting("term_missing")),
    lists.field("tax_region", "Tax region", "tax_code"),
    lists.field("tax_category", "Tax category", "tax_code"),
)
ENTITY = "Invoices"
NO_CODE = Sentence("choose an item for them in the settings of the app.")


class Invoices(Kind):
    """The invoices of one run."""

    entity, prefix = ENTITY, "invoice:"

    def mark(self) -> Mark | DateMark:
        return mark(self.site)

    def open(self) -> list[Row]:
        since = self.window()
        voided = {
            "op": "and",
            "items": [where("isVoided", "eq", True), where("voidedDate", "gte", since)],
        }
        return [
            either(
                {"op": "and", "items": fresh("createDateTime", since, *self.mark().open())}, voided
            )
        ]

    def state(self, row: Row) -> str:
        return "voided" if row["isVoided"] else super().state(row)

    def prepare(self, rows: Sequence[Row]) -> None:
        self.lists.load(row["companyID"] for row in rows)
        self._lines = defaultdict(list)
        for line in self.source.among("BillingItems", "invoiceID", {row["id"] for row in rows}):
            self._lines[line["invoiceID"]].append(line)

    def document(self, row: Row) -> Document:
        lines = sorted(
            self._lines[row["id"]], key=lambda line: (line["sortOrderID"] or 0, line["id"])
        )
        return _Translation(self, row, lines).document()


def open_kind(site: Site, source: Autotask, source_lists: Lists) -> Invoices:
    """Return the invoices of one run; raise an error if the wrong side would number them."""
    checks.numbers(site)
    return Invoices(site, source, source_lists)


def by_quickbooks(site: Site) -> bool:
    """Return whether QuickBooks numbers the invoices."""
    return bool(site.settings["numbering"] == "quickbooks")


def mark(site: Site) -> Mark | DateMark:
    """Return the field that marks an invoice: its number, unless Autotask numbers invoices."""
    return (
        Mark("invoiceNumber", "invoice number")
        if by_quickbooks(site)
        else DateMark("webServiceDate", "Web Service Date")
    )


class _Translation:
    """One invoice on its way to a document."""

    def __init__(self, kind: Invoices, row: Row, lines: Sequence[Row]) -> None:
        self.kind, self.row, self.lines = kind, row, lines
        self.site, self.lists, self.settings = kind.site, kind.lists, kind.site.settings
        self.company = self.lists.company(row["companyID"])
        self.currency = self.lists.currency(row["companyID"])
        self.total = to_cents(money(row["invoiceTotal"]), self.currency)
        self.sign = -1 if self.total < 0 and self.settings["negative"] == "credit_memo" else 1

    def document(self) -> Document:
        row, hold = self.row, self._hold()
        lines = [self._line(line) for line in self.lines]
        taxes = self._taxes()
        tax = None if self._mode() in ("none", "computed") else taxes * self.sign
        untaxed = taxes if self._mode() == "none" else money(0)
        total = (self.total - untaxed) * self.sign
        rounding, tolerance, warnings = self._rounding(lines, total, tax)
        if untaxed:
            warnings.append(
                Sentence("Autotask's tax of %(untaxed)s is not passed.", untaxed=untaxed)
            )
        stage, hold = self._stage(hold)
        return Document(
            kind="credit_memo" if self.sign < 0 else "invoice",
            source_id=f"invoice:{row['id']}",
            stage=stage,
            hold=hold,
            date=day(row["invoiceDateTime"], self.site.zone),
            due=day(row["dueDate"], self.site.zone) if self.sign > 0 else None,
            received=day(row["createDateTime"], self.site.zone),
            number=self._number(),
            memo=self._memo(warnings),
            currency=self.currency,
            codes=self._header(),
            lines=(*lines, *rounding),
            total=None if self._mode() == "computed" else total,
            tax_total=tax,
            tax_mode=self._mode(),
            tolerance=tolerance,
            email_to=self._email(),
            custom=self._custom(),
            attachments=self._files(),
            warnings=tuple(warnings),
            facts=self._facts(),
        )

    def _taxes(self) -> Decimal:
        """Return the sum of the taxes of all lines."""
        taxes = (money(line["taxDollars"] or 0) for line in self.lines)
        return to_cents(sum(taxes, money(0)), self.currency)

    # -- whether --

    def _hold(self) -> str | None:
        if self.total < 0 and self.sign > 0:
            return Sentence(
                "%(name)s has a negative total, which QuickBooks takes as a credit"
                " memo only. Let the settings of the app post those, or correct it in"
                " Autotask.",
                name=self._name(),
            )
        if self.kind.mark().is_failed(self.row) and self.currency != self.site.company.currency:
            return Sentence(
                "%(name)s is in %(currency)s: QuickBooks needs several currencies"
                " switched on, and its customer has to be kept in %(currency)s there.",
                name=self._name(),
                currency=self.currency,
            )
        return None

    def _stage(self, hold: str | None) -> tuple[StageName, str | None]:
        """Return the stage and, for a pending document, the reason."""
        if self.row["isVoided"]:
            voided_on = day(self.row["voidedDate"], self.site.zone)
            if not voided_on:
                return "closed", Sentence("%(name)s was voided in Autotask.", name=self._name())
            return "closed", Sentence(
                "%(name)s was voided in Autotask on %(date)s.",
                name=self._name(),
                date=str(voided_on),
            )
        return self.kind.waits(self.row, hold)

    def _name(self) -> str:
        number = None if self.kind.mark().is_failed(self.row) else self.row["invoiceNumber"]
        return f"Invoice {number or self.row['id']}"

    # -- what --

    def _number(self) -> str | None:
        if by_quickbooks(self.site):
            return None
        number: str | None = self.row["invoiceNumber"]
        if self.settings["numbering"] == "autotask_number" and number and number != Mark.error:
            return number
        return str(self.row["id"])

    def _mode(self) -> TaxMode:
        modes: dict[str, TaxMode] = {"quickbooks": "computed", "none": "none"}
        return modes.get(self.settings["tax"], "exclusive")

    def _header(self) -> Codes:
        term = None if self.sign < 0 else self.lists.term(self.row["paymentTerm"])
        return {"customer": self.lists.as_code(self.company), "term": term}

    def _line(self, line: Row) -> Line:
        tax = money(line["taxDollars"] or 0)
        return Line(
            id=str(line["id"]),
            amount=to_cents(money(line["extendedPrice"] or 0), self.currency) * self.sign,
            quantity=None if line["quantity"] is None else money(line["quantity"]) * self.sign,
            unit_price=None if line["rate"] is None else money(line["rate"]),
            description=self._description(line),
            codes={**self._item(line), **self._tax_code(line, tax)},
            tax=None if self._mode() in ("none", "computed") else tax * self.sign,
        )

    def _item(self, line: Row) -> Codes:
        code = self.lists.whole("BillingCodes").get(line["billingCodeID"])
        if code:
            by_number = self.settings["item_match"] == "external_number"
            item = lists.as_item(code, by_number, self.settings["income_account"])
            return {"billing_code": item}
        if self.settings["default_item"]:
            return {"item": self.settings["default_item"]}
        no_code = Code(id="no billing code", name="Lines without billing code", hold=NO_CODE)
        return {"billing_code": no_code}

    def _tax_code(self, line: Row, tax: Decimal) -> Codes:
        region, how = self.row["taxRegionName"], self.settings["tax"]
        if how in ("none", "quickbooks"):
            return {}
        if not tax or (how == "region" and not region):
            return self._untaxed_code()
        if how == "region":
            return {"tax_region": lists.as_tax_region(region)}
        row = self.lists.whole("TaxCategories").get(line["taxCategoryID"])
        return {"tax_category": lists.as_tax_category(row or {"id": 0, "name": "no category"})}

    def _untaxed_code(self) -> Codes:
        code = self.settings["untaxed_code"]
        return {"tax_code": code} if code else {}

    def _description(self, line: Row) -> str | None:
        text = line["lineItemFullDescription"] or line["description"] or line["itemName"]
        return " · ".join(filter(None, (line["lineItemGroupDescription"], text))) or None

    def _rounding(
        self, lines: Sequence[Line], total: Decimal, tax: Decimal | None
    ) -> tuple[tuple[Line, ...], Decimal, list[str]]:
        """Return a line that closes the gap of rounding, the tolerance, and what is said of it."""
        gap = total - sum((line.amount or money(0) for line in lines), money(0)) - (tax or 0)
        if not gap or abs(gap) > self.settings["tolerance"] or self._mode() == "computed":
            return (), money(0), []
        warning = Sentence(
            "Autotask's total differs from the sum of the rounded lines by %(gap)s.", gap=gap
        )
        if self.settings["difference"] == "note":
            return (), abs(gap), [warning]
        code = lists.rounding(self.settings["income_account"])
        codes = {"billing_code": code, **self._untaxed_code()}
        line = Line(id="rounding", amount=gap, description="Rounding", codes=codes)
        return (line,), money(0), [warning]

    def _memo(self, warnings: Sequence[str]) -> str | None:
        row = self.row
        parts = {
            "Order number": row["orderNumber"],
            "Tax region": row["taxRegionName"],
            "Comments": row["comments"],
        }
        texts = [f"{name}: {text}" for name, text in parts.items() if text]
        return "\n".join([*texts, *warnings]) or None

    def _email(self) -> str | None:
        if not self.settings["email_invoices"]:
            return None
        return (self.lists.contact(self.row["companyID"]) or {}).get("emailAddress") or ""

    def _custom(self) -> Row:
        name, text = self.settings["order_field"], self.row["orderNumber"]
        return {name: text} if name and text else {}

    def _files(self) -> tuple[Attachment, ...]:
        if not self.settings["attach_pdf"]:
            return ()
        return (Attachment(id="pdf", name=f"{self._name()}.pdf", mime="application/pdf"),)

    def _facts(self) -> dict[str, str]:
        period = [day(self.row[name], self.site.zone) for name in ("fromDate", "toDate")]
        facts = {
            "Id in Autotask": str(self.row["id"]),
            "Period": " to ".join(str(one) for one in period if one),
            "Total in Autotask": f"{money(self.row['invoiceTotal']):f}",
            "Paid in Autotask": str(day(self.row["paidDate"], self.site.zone) or ""),
        }
        return {label: text for label, text in facts.items() if text}


# -- what else the hub asks --


def codes(site: Site, source: Autotask, source_lists: Lists, field: str) -> list[Code]:
    """Return the codes of a field as Autotask has them now."""
    if field == "customer":
        return lists.customers(source, source_lists)
    if field == "billing_code":
        return _billing_codes(site, source, source_lists)
    if field == "term":
        return list(map(lists.as_term, _active(source_lists, "PaymentTerms")))
    if field == "tax_region":
        return [lists.as_tax_region(row["name"]) for row in _active(source_lists, "TaxRegions")]
    return list(map(lists.as_tax_category, _active(source_lists, "TaxCategories")))


def _active(source_lists: Lists, entity: str) -> list[Row]:
    """Return the active rows of a short list."""
    return [row for row in source_lists.whole(entity).values() if row["isActive"]]


def _billing_codes(site: Site, source: Autotask, source_lists: Lists) -> list[Code]:
    """Return the codes of what is sold, each once, and the one for rounding differences."""
    by_number = site.settings["item_match"] == "external_number"
    income = site.settings["income_account"]
    not_sold = {lists.use_type(site, source, name) for name in (lists.INTERNAL, lists.EXPENSE)}
    codes_by_id = {}
    for row in _active(source_lists, "BillingCodes"):
        if row["useType"] not in not_sold:
            code = lists.as_item(row, by_number, income)
            codes_by_id[code.id] = code
    rounding = lists.rounding(income)
    codes_by_id[rounding.id] = rounding
    return list(codes_by_id.values())


def report(site: Site, source: Autotask, document: Document, receipt: Receipt) -> None:
    """Write the number, the paid date or the mark of a failure to the invoice."""
    id = int(document.source_id.removeprefix("invoice:"))
    if receipt.state == "posted":
        _report_posted(site, source, id, receipt)
    elif receipt.state == "paid":
        _report_paid(site, source, id, receipt)
    elif is_error(site, document, receipt):
        source.change(ENTITY, id, **{mark(site).field: mark(site).error})


def _report_posted(site: Site, source: Autotask, id: int, receipt: Receipt) -> None:
    if not by_quickbooks(site):
        source.change(
            ENTITY, id, webServiceDate=f"{receipt.at.astimezone(site.zone).date()}T00:00:00Z"
        )
        return
    if not receipt.number:
        raise Refused(
            "QuickBooks gave it no number, so Autotask still shows none. Switch custom"
            " transaction numbers off."
        )
    source.change(ENTITY, id, invoiceNumber=receipt.number)
    if id > int(site.secrets.get("numbered", "0")):
        site.secrets["numbered"] = str(id)


def _report_paid(site: Site, source: Autotask, id: int, receipt: Receipt) -> None:
    if not site.settings["payment_sync"] or not receipt.paid_on:
        return
    row = source.get(ENTITY, id)
    if row and not row["paidDate"]:
        source.change(ENTITY, id, paidDate=f"{receipt.paid_on}T00:00:00Z")
