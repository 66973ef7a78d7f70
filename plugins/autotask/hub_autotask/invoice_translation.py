"""Convert an invoice of Autotask, with its lines, to a document."""

from collections.abc import Sequence
from decimal import Decimal

from hub import (
    Attachment,
    Code,
    Codes,
    Document,
    Line,
    Row,
    Sentence,
    Site,
    StageName,
    TaxMode,
    money,
    parse_day,
    require_id,
    round_amount,
    sum_amounts,
)
from hub_autotask import lists
from hub_autotask.polling import DocumentReader, TransferMark

BILLING_CODE_MISSING = Sentence("choose an item for them in the settings of the app.")


def is_numbered_by_quickbooks(site: Site) -> bool:
    """Return whether QuickBooks numbers the invoices."""
    return bool(site.settings["numbering"] == "quickbooks")


class InvoiceTranslation:
    """The conversion of one invoice; `reader` has the site, the lists and the mark."""

    def __init__(self, reader: DocumentReader, row: Row, lines: Sequence[Row]) -> None:
        self.reader = reader
        self.row = row
        self.lines = lines
        self.site = reader.site
        self.lists = reader.lists
        self.settings = reader.site.settings
        self.company = self.lists.company(row["companyID"])
        self.currency = self.lists.currency(row["companyID"])
        self.total = round_amount(self._compute_total_with_tax(), self.currency)
        is_credit = self.total < 0 and self.settings["negative"] == "credit_memo"
        self.sign = -1 if is_credit else 1

    def build_document(self) -> Document:
        """Return the invoice or credit memo."""
        row = self.row
        hold = self._find_hold()
        lines = [self._build_line(line) for line in self.lines]
        taxes = self._sum_taxes()
        tax = None if self._choose_tax_mode() in ("none", "computed") else taxes * self.sign
        tax_left_out = taxes if self._choose_tax_mode() == "none" else money(0)
        total = (self.total - tax_left_out) * self.sign
        rounding, tolerance, warnings = self._build_rounding_line(lines, total, tax)
        if tax_left_out:
            warnings.append(
                Sentence("Autotask's tax of %(untaxed)s is not passed.", untaxed=tax_left_out)
            )
        stage, hold = self._decide_stage(hold)
        return Document(
            kind="credit_memo" if self.sign < 0 else "invoice",
            source_id=f"invoice:{row['id']}",
            stage=stage,
            hold=hold,
            date=parse_day(row["invoiceDateTime"], self.site.zone),
            due=parse_day(row["dueDate"], self.site.zone) if self.sign > 0 else None,
            received=parse_day(row["createDateTime"], self.site.zone),
            number=self._number(),
            memo=self._compose_memo(warnings),
            currency=self.currency,
            codes=self._build_header_codes(),
            lines=(*lines, *rounding),
            total=None if self._choose_tax_mode() == "computed" else total,
            tax_total=tax,
            tax_mode=self._choose_tax_mode(),
            tolerance=tolerance,
            email_to=self._find_email(),
            custom=self._build_custom_fields(),
            attachments=self._build_attachments(),
            warnings=tuple(warnings),
            facts=self._collect_facts(),
        )

    def _compute_total_with_tax(self) -> Decimal:
        """Return the total of the invoice, with its tax.

        Autotask does not document whether `invoiceTotal` contains the tax, and a recorded invoice
        has one without it. So the total that is nearer to the lines with their taxes counts.
        """
        stated_total = money(self.row["invoiceTotal"])
        with_tax = stated_total + money(self.row["totalTaxValue"] or 0)
        line_total = self._sum_lines("extendedPrice") + self._sum_lines("taxDollars")
        return min(stated_total, with_tax, key=lambda total: abs(total - line_total))

    def _sum_lines(self, field: str) -> Decimal:
        """Return the sum of a field of all lines."""
        return sum((money(line[field] or 0) for line in self.lines), money(0))

    def _sum_taxes(self) -> Decimal:
        """Return the sum of the taxes of all lines."""
        return round_amount(self._sum_lines("taxDollars"), self.currency)

    # -- state --

    def _find_hold(self) -> str | None:
        """Return why the invoice cannot be posted, or None."""
        if self.total < 0 and self.sign > 0:
            return Sentence(
                "%(name)s has a negative total; QuickBooks accepts that only as a credit memo."
                " Allow credit memos in the settings of the app, or correct it in Autotask.",
                name=self._name(),
            )
        if self.reader.mark().is_failed(self.row) and self.currency != self.site.company.currency:
            return Sentence(
                "%(name)s is in %(currency)s: QuickBooks needs several currencies"
                " switched on, and its customer has to be kept in %(currency)s there.",
                name=self._name(),
                currency=self.currency,
            )
        if self._choose_tax_mode() == "computed":
            return self._find_missing_lines()
        return self._find_missing_tax() if self._choose_tax_mode() == "exclusive" else None

    def _find_missing_tax(self) -> str | None:
        """Return why an invoice is not complete whose lines lack a part of its tax, or None.

        If its total is one without tax, its lines would add up to the total all the same.
        """
        stated_tax = self.row["totalTaxValue"]
        if stated_tax is None:
            return None
        tax = round_amount(money(stated_tax), self.currency)
        if abs(tax - self._sum_taxes()) <= self.settings["tolerance"]:
            return None
        return Sentence(
            "The taxes of the lines of %(name)s add up to %(taxes)s, and its tax in Autotask is"
            " %(tax)s. If the API user may not see all lines of business, allow it all of them in"
            " Autotask; otherwise correct the invoice there.",
            name=self._name(),
            taxes=self._sum_taxes(),
            tax=tax,
        )

    def _find_missing_lines(self) -> str | None:
        """Return why an invoice without a total to compare is not complete, or None.

        Lines of other lines of business are not shown to the API user. Only the tax may differ if
        QuickBooks works it out, and the total in Autotask may be one with or without tax.
        """
        stated_total = money(self.row["invoiceTotal"])
        taxes = (money(0), money(self.row["totalTaxValue"] or 0), self._sum_lines("taxDollars"))
        amounts = (money(line["extendedPrice"] or 0) for line in self.lines)
        net = sum((round_amount(amount, self.currency) for amount in amounts), money(0))
        gap = min(abs(round_amount(stated_total - tax, self.currency) - net) for tax in taxes)
        if gap <= self.settings["tolerance"]:
            return None
        return Sentence(
            "The lines of %(name)s add up to %(lines)s, and its total in Autotask is %(total)s. If"
            " the API user may not see all lines of business, allow it all of them in Autotask.",
            name=self._name(),
            lines=net,
            total=f"{stated_total:f}",
        )

    def _decide_stage(self, hold: str | None) -> tuple[StageName, str | None]:
        """Return the stage and, for a pending document, the reason."""
        if self.row["isVoided"]:
            voided_on = parse_day(self.row["voidedDate"], self.site.zone)
            if not voided_on:
                return "closed", Sentence("%(name)s was voided in Autotask.", name=self._name())
            return "closed", Sentence(
                "%(name)s was voided in Autotask on %(date)s.",
                name=self._name(),
                date=str(voided_on),
            )
        return self.reader.decide_stage(self.row, hold)

    def _name(self) -> str:
        """Return the title of the invoice, with its id if the number field marks a failure."""
        number = self.row["invoiceNumber"]
        if not number or self.reader.mark().is_failed(self.row):
            number = self.row["id"]
        return f"Invoice {number}"

    # -- content --

    def _number(self) -> str | None:
        """Return the number or id in Autotask; None if QuickBooks numbers invoices."""
        if is_numbered_by_quickbooks(self.site):
            return None
        number: str | None = self.row["invoiceNumber"]
        has_number = number and number != TransferMark.error
        if self.settings["numbering"] == "autotask_number" and has_number:
            return number
        return str(self.row["id"])

    def _choose_tax_mode(self) -> TaxMode:
        """Return the tax mode by the settings: computed, none, or exclusive."""
        modes: dict[str, TaxMode] = {"quickbooks": "computed", "none": "none"}
        return modes.get(self.settings["tax"], "exclusive")

    def _build_header_codes(self) -> Codes:
        """Return the customer, and the terms of an invoice; a credit memo has none."""
        term = None
        if self.sign > 0:
            term = self.lists.term(self.row["paymentTerm"])
        return {"customer": self.lists.code_of_row(self.company), "term": term}

    def _build_line(self, line: Row) -> Line:
        """Return a line with the sign of the document, and the tax that Autotask states."""
        tax = money(line["taxDollars"] or 0)
        quantity = line["quantity"]
        return Line(
            id=require_id(line, "id"),
            amount=round_amount(money(line["extendedPrice"] or 0), self.currency) * self.sign,
            quantity=None if quantity is None else money(quantity) * self.sign,
            unit_price=None if line["rate"] is None else money(line["rate"]),
            description=self._describe_line(line),
            codes={**self._choose_item_code(line), **self._find_tax_code(line, tax)},
            tax=tax * self.sign if self._states_line_taxes() else None,
        )

    def _states_line_taxes(self) -> bool:
        """Return whether the lines state their tax, which tells the taxed ones from the others.

        Where QuickBooks works the tax out, it does so for all lines if Autotask taxes none of them.
        """
        if self._choose_tax_mode() == "computed":
            return any(money(line["taxDollars"] or 0) for line in self.lines)
        return self._choose_tax_mode() != "none"

    def _choose_item_code(self, line: Row) -> Codes:
        """Return the item of a line's billing code; without one, the default of the settings."""
        id = line["billingCodeID"]
        code = self.lists.all_rows("BillingCodes").get(id)
        if id and not code:
            raise lists.build_hidden_row_error("BillingCodes", id)
        if code:
            by_number = self.settings["item_match"] == "external_number"
            item = lists.build_item_code(code, by_number, self.settings["income_account"])
            return {"billing_code": item}
        if self.settings["default_item"]:
            return {"item": self.settings["default_item"]}
        no_code = Code(
            id="no billing code", name="Lines without billing code", hold=BILLING_CODE_MISSING
        )
        return {"billing_code": no_code}

    def _find_tax_code(self, line: Row, tax: Decimal) -> Codes:
        """Return the tax code of a line, by its region or category."""
        source_of_tax = self.settings["tax"]
        region = self.row["taxRegionName"]
        if source_of_tax in ("none", "quickbooks"):
            return {}
        if not tax or (source_of_tax == "region" and not region):
            return self._get_untaxed_code()
        if source_of_tax == "region":
            return {"tax_region": lists.build_tax_region_code(region)}
        categories = self.lists.all_rows("TaxCategories")
        category = categories.get(line["taxCategoryID"]) or {"id": 0, "name": "no category"}
        return {"tax_category": lists.build_tax_category_code(category)}

    def _get_untaxed_code(self) -> Codes:
        """Return the tax code of lines without tax, if the settings name one."""
        code = self.settings["untaxed_code"]
        return {"tax_code": code} if code else {}

    def _describe_line(self, line: Row) -> str | None:
        """Return the group and the best description of a line."""
        text = line["lineItemFullDescription"] or line["description"] or line["itemName"]
        texts = filter(None, (line["lineItemGroupDescription"], text))
        return " · ".join(texts) or None

    def _build_rounding_line(
        self, lines: Sequence[Line], total: Decimal, tax: Decimal | None
    ) -> tuple[tuple[Line, ...], Decimal, list[str]]:
        """Return a line for the rounding difference, the tolerance, and a warning."""
        gap = total - sum_amounts(line.amount for line in lines) - (tax or 0)
        if (
            not gap
            or abs(gap) > self.settings["tolerance"]
            or self._choose_tax_mode() == "computed"
        ):
            return (), money(0), []
        warning = Sentence(
            "Autotask's total differs from the sum of the rounded lines by %(gap)s.", gap=gap
        )
        if self.settings["difference"] == "note":
            return (), abs(gap), [warning]
        code = lists.build_rounding_code(self.settings["income_account"])
        codes = {"billing_code": code, **self._get_untaxed_code()}
        line = Line(id="rounding", amount=gap, description="Rounding", codes=codes)
        return (line,), money(0), [warning]

    def _compose_memo(self, warnings: Sequence[str]) -> str | None:
        """Return a memo with the details that have no field."""
        row = self.row
        parts = {
            "Order number": row["orderNumber"],
            "Tax region": row["taxRegionName"],
            "Comments": row["comments"],
        }
        texts = [f"{name}: {text}" for name, text in parts.items() if text]
        return "\n".join([*texts, *warnings]) or None

    def _find_email(self) -> str | None:
        """Return the address of the primary contact, or "" without one, if invoices are mailed."""
        if not self.settings["email_invoices"]:
            return None
        contact = self.lists.contact(self.row["companyID"]) or {}
        return contact.get("emailAddress") or ""

    def _build_custom_fields(self) -> Row:
        """Return the order number in the custom field that the settings name."""
        name = self.settings["order_field"]
        text = self.row["orderNumber"]
        return {name: text} if name and text else {}

    def _build_attachments(self) -> tuple[Attachment, ...]:
        """Return the invoice's PDF, if the settings want it attached."""
        if not self.settings["attach_pdf"]:
            return ()
        pdf = Attachment(id="pdf", name=f"{self._name()}.pdf", mime="application/pdf")
        return (pdf,)

    def _collect_facts(self) -> dict[str, str]:
        """Return the details of an invoice that QuickBooks has no field for."""
        zone = self.site.zone
        period = (
            parse_day(self.row["fromDate"], zone),
            parse_day(self.row["toDate"], zone),
        )
        paid_on = parse_day(self.row["paidDate"], zone)
        total = money(self.row["invoiceTotal"])
        rounded_total = round_amount(total, self.currency)
        facts = {
            "Id in Autotask": str(self.row["id"]),
            "Period": " to ".join(str(day) for day in period if day),
            "Total in Autotask": f"{rounded_total if rounded_total == total else total:f}",
            "Paid in Autotask": str(paid_on or ""),
        }
        return {label: text for label, text in facts.items() if text}
