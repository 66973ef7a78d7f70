"""The expense app: approved expense reports become bills to the people who paid.

Autotask gets the bill's number.
"""

import datetime as dt
from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal
from itertools import chain

from hub import (
    App,
    Code,
    Document,
    FromSetting,
    Line,
    Receipt,
    Row,
    Sentence,
    Site,
    StageName,
    money,
    parse_day,
    require_id,
    round_amount,
    sum_amounts,
)
from hub_autotask import expense_codes, lists
from hub_autotask.client import RATE_LIMIT, Autotask, any_of, is_label, where
from hub_autotask.code_fields import CUSTOMER_FIELD, build_code_field
from hub_autotask.lists import Lists
from hub_autotask.polling import (
    DocumentReader,
    TransferMark,
    is_error,
    is_to_be_numbered,
    mark_as_failed,
)
from hub_autotask.report_history import REOPENED
from hub_autotask.settings import ExpenseSettings
from hub_autotask.tile import HELPDESK, compose_help

APP = App(
    slug="autotask-expenses",
    icon="wallet",
    name="Autotask expense reports",
    summary="Approved expense reports become bills to the people who paid; Autotask gets the"
    " bill's number.",
    help=compose_help(
        "Autotask expense reports",
        "Approval stays in Autotask; QuickBooks receives the amount to be repaid, less the"
        " advance.",
    ),
    posts=("bill", "vendor", "customer"),
    settings=ExpenseSettings,
    hosts=("*.autotask.net", "{address}"),
    rate=RATE_LIMIT,
    wants=("posted", "held", "failed"),
    access=HELPDESK,
    mailbox="mailbox",
    owner_only=True,
    retry_reoffered=True,
)
FIELDS = (
    build_code_field("person", "Resource", "vendor", missing=FromSetting("create_parties")),
    CUSTOMER_FIELD,
    build_code_field("category", "Expense category", "account", match=("number", "name")),
    build_code_field(
        "category_billable", "Expense category, billable", "account", match=("number", "name")
    ),
    build_code_field("department", "Department", "class", missing="warn"),
)
ENTITY = "ExpenseReports"
APPROVED_STATUS = "Approved for Payment"
# The statuses after the approval: what is to be repaid was repaid, or posted by another app.
ENDED_STATUSES = ("Paid", "Transferred to QuickBooks")
DAYS_OF_REOPENING = 60  # after its approval, in which a report is looked at further
TRANSFER_MARK = TransferMark("quickBooksReferenceNumber", "QuickBooks reference number")


def open_reader(site: Site, source: Autotask, source_lists: Lists) -> "Expenses":
    """Return the expense reports of one run."""
    return Expenses(site, source, source_lists)


class Expenses(DocumentReader):
    """The expense reports of one run."""

    entity, prefix = ENTITY, "expense_report:"
    changeable_parts = ("ExpenseItems", "expenseReportID")
    watch_stream = "transferred deletions"

    def mark(self) -> TransferMark:
        """Return the field that marks a report as transferred."""
        return TRANSFER_MARK

    def open_conditions(self) -> list[Row]:
        """Return the conditions of a poll: reports approved recently that are open."""
        approved_status = self.source.picklist_number(ENTITY, "status", APPROVED_STATUS)
        is_approved = where("status", "eq", approved_status)
        return [
            is_approved,
            self.is_recent("approvedDate"),
            any_of(*TRANSFER_MARK.open_conditions()),
        ]

    def state(self, row: Row) -> str:
        """Return the state of a report; one that was reopened is to be yielded again."""
        return REOPENED if self.is_reopened(row) else super().state(row)

    def may_be_reopened(self, row: Row) -> bool:
        """Return whether a report with a number is recent enough to be looked at further."""
        first_day = self.site.today - dt.timedelta(days=DAYS_OF_REOPENING)
        day = parse_day(row["approvedDate"] or row["weekEnding"], self.site.zone)
        return day is not None and day >= first_day and TRANSFER_MARK.is_transferred(row)

    def is_reopened(self, row: Row) -> bool:
        """Return whether a report with a number was rejected after its approval."""
        return self.is_waiting(row) and TRANSFER_MARK.is_transferred(row)

    def is_waiting(self, row: Row) -> bool:
        """Return whether a report is not approved now, and was not repaid either."""
        return not is_label(self.status(row), APPROVED_STATUS, *ENDED_STATUSES)

    def status(self, row: Row) -> str:
        """Return the label of a report's status."""
        return self.source.picklist_label(ENTITY, "status", row["status"])

    def prepare(self, rows: Sequence[Row]) -> None:
        """Request the items of a page of reports, and the organisations of the items."""
        self._items = self.read_parts(*self.changeable_parts, rows)
        items = chain.from_iterable(self._items.values())
        self.lists.load_companies({item["companyID"] for item in items if item["companyID"]})

    def build_document(self, row: Row) -> Document:
        """Return the bill of a report."""
        items = self._items[row["id"]]
        translation = _Translation(self, row, items)
        return translation.build_document()


class _Translation:
    """The conversion of one expense report to a bill."""

    def __init__(self, reader: Expenses, row: Row, items: Sequence[Row]) -> None:
        self.reader = reader
        self.row = row
        self.lists = reader.lists
        self.settings = reader.site.settings
        self.zone = reader.site.zone
        self.currency = reader.lists.home_currency
        self.items = [item for item in items if item["isReimbursable"] and not item["isRejected"]]
        self.advance = money(row["internalCurrencyCashAdvanceAmount"] or 0)
        self.total = round_amount(money(row["amountDue"] or 0), self.currency)

    def build_document(self) -> Document:
        """Return the bill."""
        row = self.row
        stage, hold = self._decide_stage()
        return Document(
            kind="bill",
            source_id=f"expense_report:{row['id']}",
            stage=stage,
            hold=hold,
            date=parse_day(row["weekEnding"], self.zone),
            received=parse_day(row["approvedDate"], self.zone),
            number=f"ER-{row['id']}",
            memo=row["name"],
            currency=self.currency,
            codes={
                "person": self._build_vendor_code(),
                "payable_account": self.settings["payable_account"],
                "department": self._build_department_code(),
            },
            lines=self._build_lines(),
            total=self.total,
            tax_mode="none",
            facts=self._collect_facts(),
        )

    def _decide_stage(self) -> tuple[StageName, str | None]:
        """Return the stage of the report, and the reason why it waits or is closed."""
        label = self.reader.status(self.row)
        has_ended = is_label(label, *ENDED_STATUSES)
        if self.reader.is_waiting(self.row) and TRANSFER_MARK.is_ready(self.row):
            return "pending", Sentence(
                "%(name)s waits: in Autotask it is %(label)s.",
                name=self._name(),
                label=label or Sentence("in a state unknown there"),
            )
        if self.reader.is_reopened(self.row):
            return "update_only", Sentence(
                "%(name)s is %(label)s in Autotask, although it has a QuickBooks reference number."
                " Once it is approved again, its bill is changed. If it never will be, delete the"
                " bill in QuickBooks.",
                name=self._name(),
                label=label or Sentence("in a state unknown there"),
            )
        if not self.items and self.total <= 0:
            return "closed", Sentence(
                "%(name)s has nothing to repay: none of its expenses is reimbursable.",
                name=self._name(),
            )
        hold = self._explain_end(label) if has_ended else self._find_hold()
        return self.reader.decide_stage(self.row, hold)

    def _explain_end(self, label: str) -> str | None:
        """Say that a report ended in Autotask before it got a number; None if it has one."""
        if TRANSFER_MARK.is_transferred(self.row):
            return None
        return Sentence(
            "%(name)s is %(label)s in Autotask and has no QuickBooks reference number. If"
            " QuickBooks does not have it, enter it there by hand. Then write its number into"
            " Autotask, or press Skip.",
            name=self._name(),
            label=label,
        )

    def _find_hold(self) -> str | None:
        """Return why the report cannot be posted, or None."""
        foreign = self._find_foreign_currency()
        if foreign:
            return Sentence(
                "%(name)s is to be repaid in %(foreign)s, and expense reports are"
                " passed in %(currency)s only. Enter it in QuickBooks by hand, and"
                " write its number into Autotask.",
                name=self._name(),
                foreign=foreign,
                currency=self.currency,
            )
        if not self.items:
            return Sentence(
                "Autotask says that of %(name)s %(total)s %(currency)s is to be repaid, and shows"
                " no reimbursable expense of it to the API user. Allow the user to see expenses in"
                " Autotask, or correct the report there.",
                name=self._name(),
                total=f"{self.total:f}",
                currency=self.currency,
            )
        if self.advance > self._sum_reimbursed():
            return Sentence(
                "%(name)s has a cash advance of %(advance)s %(currency)s, which is"
                " more than its expenses. Settle the rest with the person, and correct"
                " the advance in Autotask.",
                name=self._name(),
                advance=self.advance,
                currency=self.currency,
            )
        return None

    def _find_foreign_currency(self) -> str | None:
        """Return the currency of the report if it is not that of the company."""
        currency = self.lists.currency_with_id(self.row["reimbursementCurrencyID"])
        return None if currency == self.currency else currency

    def _name(self) -> str:
        """Return the title of the report in messages."""
        return Sentence("Expense report “%(name)s”", name=str(self.row["name"]))

    def _build_vendor_code(self) -> Code:
        """Return the person who submitted the report."""
        submitter = self.lists.row("Resources", self.row["submitterID"])
        return expense_codes.build_person_code(submitter, self.currency)

    def _build_department_code(self) -> Code | None:
        """Return the department of the report, if it has one."""
        text = lists.normalize_name(self.row["departmentNumber"])
        return expense_codes.build_department_code(text) if text else None

    @staticmethod
    def _compute_reimbursed_amount(item: Row) -> Decimal:
        """Return the reimbursed amount of an item, by default the whole expense."""
        amount = item["internalCurrencyReimbursementAmount"]
        if amount is None:
            amount = item["internalCurrencyExpenseAmount"]
        return money(amount)

    def _sum_reimbursed(self) -> Decimal:
        """Return the sum of the reimbursed amounts, which may have more decimals than money."""
        return sum(map(self._compute_reimbursed_amount, self.items), money(0))

    def _build_lines(self) -> tuple[Line, ...]:
        """Return a line for each item, and one for the advance.

        If each amount is rounded, the lines may miss the amount due by some cents. The largest line
        contains them.
        """
        lines = [*map(self._build_line, self.items), *self._build_advance_line()]
        due = round_amount(self._sum_reimbursed() - self.advance, self.currency)
        gap = self.total - sum_amounts(line.amount for line in lines)
        if gap and due == self.total:
            position = max(range(len(lines)), key=lambda index: lines[index].amount or 0)
            amount = (lines[position].amount or money(0)) + gap
            lines[position] = replace(lines[position], amount=amount)
        return tuple(lines)

    def _build_line(self, item: Row) -> Line:
        """Return the line of an item; billable items have a category code of their own."""
        company = item["companyID"]
        is_billable = bool(item["isBillableToCompany"] and company)
        field = "category_billable" if is_billable else "category"
        return Line(
            id=require_id(item, "id"),
            amount=round_amount(self._compute_reimbursed_amount(item), self.currency),
            description=self._describe_item(item),
            codes={
                field: self._build_category_code(item),
                "customer": self.lists.company_code(company) if company else None,
            },
            billable=is_billable,
        )

    def _build_category_code(self, item: Row) -> Code:
        """Return the expense category of an item."""
        row = self.lists.all_rows("BillingCodes").get(item["expenseCategory"])
        if row is None:
            raise ValueError(
                Sentence(
                    "its expense category %(category)s is not shown to the API user",
                    category=str(item["expenseCategory"]),
                )
            )
        return expense_codes.build_category_code(row)

    def _describe_item(self, item: Row) -> str:
        """Return day, description, route, distance and foreign amount of an item."""
        route = filter(None, (item["origin"], item["destination"]))
        parts = (
            str(parse_day(item["expenseDate"], self.zone) or ""),
            item["description"],
            " to ".join(route),
            f"{money(item['miles']):f} miles" if item["miles"] else None,
            self._find_foreign_amount(item),
        )
        return " · ".join(filter(None, parts))

    def _find_foreign_amount(self, item: Row) -> str | None:
        """Return the amount that was spent in another currency, or None."""
        currency = self.lists.all_rows("Currencies").get(item["expenseCurrencyID"])
        amount = item["expenseCurrencyExpenseAmount"]
        if not currency or currency["name"] == self.currency or not amount:
            return None
        return f"{money(amount):.2f} {currency['name']}"

    def _build_advance_line(self) -> tuple[Line, ...]:
        """Return a negative line for the cash advance, if there was one."""
        if not self.advance:
            return ()
        codes: dict[str, Code | str | None] = {}
        if self.settings["advance_account"]:
            codes["account"] = self.settings["advance_account"]
        else:
            codes["category"] = expense_codes.build_advance_code()
        line = Line(
            id="advance",
            amount=-round_amount(self.advance, self.currency),
            description="Cash advance",
            codes=codes,
        )
        return (line,)

    def _collect_facts(self) -> dict[str, str]:
        """Return the details of a report that QuickBooks has no field for."""
        approved_on = parse_day(self.row["approvedDate"], self.zone)
        total = money(self.row["internalCurrencyExpenseTotal"] or 0)
        facts = {
            "Id in Autotask": str(self.row["id"]),
            "Approved": str(approved_on or ""),
            "Total of all expenses": f"{round_amount(total, self.currency):f}",
        }
        return {label: text for label, text in facts.items() if text}


# -- codes and receipts --

list_codes = expense_codes.list_codes


def report(site: Site, source: Autotask, document: Document, receipt: Receipt) -> None:
    """Write the bill's number, or the mark of a failure, to the expense report."""
    id = int(document.source_id.removeprefix(Expenses.prefix))
    if is_to_be_numbered(source, ENTITY, id, TRANSFER_MARK, receipt):
        source.update(ENTITY, id, **{TRANSFER_MARK.field: receipt.number or receipt.id})
    elif is_error(site, document, receipt):
        mark_as_failed(site, source, ENTITY, id, TRANSFER_MARK)
