"""The invoice app: approved and posted work becomes invoices.

Autotask gets the number and the day of payment.
"""

from collections.abc import Sequence

from hub import (
    App,
    Code,
    Document,
    FromSetting,
    Receipt,
    Refused,
    Row,
    Site,
)
from hub_autotask import checks, lists
from hub_autotask.client import RATE_LIMIT, Autotask, all_of, any_of, where
from hub_autotask.code_fields import CUSTOMER_FIELD, TERM_FIELD, build_code_field
from hub_autotask.invoice_translation import InvoiceTranslation, is_numbered_by_quickbooks
from hub_autotask.lists import Lists
from hub_autotask.polling import (
    DocumentReader,
    TransferDateMark,
    TransferMark,
    is_error,
    is_to_be_numbered,
    mark_as_failed,
)
from hub_autotask.settings import InvoiceSettings
from hub_autotask.tile import HELPDESK, compose_help

APP = App(
    slug="autotask-invoices",
    icon="ticket",
    name="Autotask invoices",
    summary="Approved and posted work becomes invoices to customers; Autotask gets the number"
    " and the paid date.",
    help=compose_help(
        "Autotask invoices",
        "Autotask stays where work is approved and invoices are made;"
        " QuickBooks receives each once, and collects.",
    ),
    posts=("invoice", "credit_memo", "customer", "item"),
    settings=InvoiceSettings,
    hosts=("*.autotask.net", "{address}"),
    rate=RATE_LIMIT,
    wants=("posted", "paid", "held", "failed"),
    gone=FromSetting("voided"),
    access=HELPDESK,
    mailbox="mailbox",
    owner_only=True,
    match_first=("customer", "billing_code", "term"),
    retry_reoffered=True,
)
FIELDS = (
    CUSTOMER_FIELD,
    build_code_field("billing_code", "Billing code", "item", missing=FromSetting("item_missing")),
    TERM_FIELD,
    build_code_field("tax_region", "Tax region", "tax_code"),
    build_code_field("tax_category", "Tax category", "tax_code"),
)
ENTITY = "Invoices"


class Invoices(DocumentReader):
    """The invoices of one run."""

    entity, prefix = ENTITY, "invoice:"

    def mark(self) -> TransferMark | TransferDateMark:
        """Return the field that marks an invoice as transferred."""
        return mark(self.site)

    def open_conditions(self) -> list[Row]:
        """Return the conditions of a poll: recent invoices that are open, and those voided."""
        is_open = [self.is_recent("createDateTime"), any_of(*self.mark().open_conditions())]
        is_voided = [where("isVoided", "eq", True), self.is_recent("voidedDate")]
        return [any_of(all_of(*is_open), all_of(*is_voided))]

    def state(self, row: Row) -> str:
        """Return the state of an invoice; a void takes precedence over the mark."""
        if row["isVoided"]:
            return "voided"
        return super().state(row)

    def prepare(self, rows: Sequence[Row]) -> None:
        """Request the lines and the organisations of a page of invoices."""
        self.lists.load_companies(row["companyID"] for row in rows)
        self._lines = self.read_parts("BillingItems", "invoiceID", rows)

    def build_document(self, row: Row) -> Document:
        """Return the invoice or credit memo of a row."""
        lines = sorted(self._lines[row["id"]], key=_get_line_position)
        translation = InvoiceTranslation(self, row, lines)
        return translation.build_document()


def _get_line_position(line: Row) -> tuple[int, int]:
    """Return the sort key of a line in its invoice."""
    return line["sortOrderID"] or 0, line["id"]


def open_reader(site: Site, source: Autotask, source_lists: Lists) -> Invoices:
    """Return the reader of invoices; raise an error if the numbering contradicts the settings."""
    checks.require_own_numbers(site)
    return Invoices(site, source, source_lists)


def mark(site: Site) -> TransferMark | TransferDateMark:
    """Return the field that marks an invoice: its number, unless Autotask numbers invoices."""
    if is_numbered_by_quickbooks(site):
        return TransferMark("invoiceNumber", "invoice number")
    return TransferDateMark("webServiceDate", "Web Service Date")


# -- codes and receipts --


def list_codes(site: Site, source: Autotask, source_lists: Lists, field: str) -> list[Code]:
    """Return the codes of a field as Autotask has them now."""
    if field == "customer":
        return lists.list_customer_codes(source, source_lists)
    if field == "billing_code":
        return _list_billing_codes(site, source, source_lists)
    if field == "term":
        return lists.list_term_codes(source_lists)
    if field == "tax_region":
        names = [row["name"] for row in source_lists.active_rows("TaxRegions")]
        return list(map(lists.build_tax_region_code, names))
    return list(map(lists.build_tax_category_code, source_lists.active_rows("TaxCategories")))


def _list_billing_codes(site: Site, source: Autotask, source_lists: Lists) -> list[Code]:
    """Return the codes of sold items, each once, and the code of rounding differences."""
    by_number = site.settings["item_match"] == "external_number"
    income = site.settings["income_account"]
    not_sold = {
        lists.use_type(site, source, name)
        for name in (lists.EXPENSE_SETTING, lists.INTERNAL_SETTING)
    }
    codes_by_id = {}
    for row in source_lists.active_rows("BillingCodes"):
        if row["useType"] not in not_sold:
            code = lists.build_item_code(row, by_number, income)
            codes_by_id[code.id] = code
    rounding = lists.build_rounding_code(income)
    codes_by_id[rounding.id] = rounding
    return list(codes_by_id.values())


def report(site: Site, source: Autotask, document: Document, receipt: Receipt) -> None:
    """Write the number, the paid date or the mark of a failure to the invoice."""
    id = int(document.source_id.removeprefix(Invoices.prefix))
    if is_to_be_numbered(source, ENTITY, id, mark(site), receipt):
        _report_posted(site, source, id, receipt)
    if receipt.state == "paid":
        _report_paid(site, source, id, receipt)
    elif receipt.state != "posted" and is_error(site, document, receipt):
        mark_as_failed(site, source, ENTITY, id, mark(site))


def _report_posted(site: Site, source: Autotask, id: int, receipt: Receipt) -> None:
    """Write the number from QuickBooks, or the day if Autotask numbers invoices."""
    if not is_numbered_by_quickbooks(site):
        day = receipt.at.astimezone(site.zone).date()
        source.update(ENTITY, id, webServiceDate=f"{day}T00:00:00Z")
        return
    if not receipt.number and receipt.state != "posted":
        return  # the receipt that it was posted has said so
    if not receipt.number:
        raise Refused(
            "QuickBooks gave it no number, so Autotask still shows none. Switch custom"
            " transaction numbers off."
        )
    source.update(ENTITY, id, invoiceNumber=receipt.number)
    if id > int(site.secrets.get("numbered", "0")):
        site.secrets["numbered"] = str(id)


def _report_paid(site: Site, source: Autotask, id: int, receipt: Receipt) -> None:
    """Write the day of payment, unless the invoice has one, if the settings want it."""
    if not site.settings["payment_sync"] or not receipt.paid_on:
        return
    row = source.get(ENTITY, id)
    if row and not row["paidDate"]:
        source.update(ENTITY, id, paidDate=f"{receipt.paid_on}T00:00:00Z")
