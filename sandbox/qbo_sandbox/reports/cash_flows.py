"""The statement of cash flows, by the indirect method."""

from decimal import Decimal

from qbo_sandbox.accounting.values import ZERO
from qbo_sandbox.reports.report_base import ReportRequest
from qbo_sandbox.reports.report_parts import (
    Column,
    Report,
    Row,
    build_cells,
    build_data_row,
    build_section,
    build_summary_row,
    format_amount,
)
from qbo_sandbox.reports.statements import EARNING_TYPES, summarize

CASH_TYPES = ("Bank",)
UNDEPOSITED_FUNDS = "UndepositedFunds"
OPERATING_TYPES = (
    "Accounts Receivable",
    "Other Current Asset",
    "Accounts Payable",
    "Credit Card",
    "Other Current Liability",
)
ACTIVITIES = (
    (
        "INVESTING ACTIVITIES",
        "investing activities",
        "InvestingActivities",
        ("Fixed Asset", "Other Asset"),
    ),
    (
        "FINANCING ACTIVITIES",
        "financing activities",
        "FinancingActivities",
        ("Long Term Liability", "Equity"),
    ),
)
ADJUSTMENTS_TITLE = "Adjustments to reconcile Net Income to Net Cash provided by operations:"


def report_cash_flow(request: ReportRequest) -> Report:
    """Report net income, the changes of other accounts, and the change of cash."""
    changes: dict[str, Decimal] = {}
    net_income = before = ZERO
    for posting in request.all_postings:
        if is_cash(request, posting.account):
            before += posting.amount if posting.date < request.period.start else ZERO
        elif request.period.start <= posting.date <= request.period.end:
            if request.account(posting.account)["AccountType"] in EARNING_TYPES:
                net_income -= posting.amount
            else:
                changes[posting.account] = changes.get(posting.account, ZERO) - posting.amount
    adjustments = _list_activity_rows(request, changes, OPERATING_TYPES)
    operating = net_income + _sum_columns(request, changes, OPERATING_TYPES)
    total = build_cells(
        "Total " + ADJUSTMENTS_TITLE.rstrip(":"), [format_amount(operating - net_income)]
    )
    own = [build_data_row("Net Income", [format_amount(net_income)], group="NetIncome")]
    if adjustments:
        own.append(
            build_section(
                ADJUSTMENTS_TITLE, adjustments, total, width=2, group="OperatingAdjustments"
            )
        )
    cells = build_cells("Net cash provided by operating activities", [format_amount(operating)])
    rows = [
        build_section(
            "OPERATING ACTIVITIES",
            own,
            cells,
            width=2,
            group="OperatingActivities",
        )
    ]
    increase = operating
    for title, name, group, types in ACTIVITIES:
        lines = _list_activity_rows(request, changes, types)
        value = _sum_columns(request, changes, types)
        increase += value
        end = build_cells(f"Net cash provided by {name}", [format_amount(value)])
        rows += [build_section(title, lines, end, width=2, group=group)] if lines else []
    rows.append(
        build_summary_row("Net cash increase for period", [format_amount(increase)], "CashIncrease")
    )
    rows.append(
        build_data_row(
            "Cash at beginning of period", [format_amount(before)], group="BeginningCash"
        )
    )
    rows.append(
        build_summary_row("Cash at end of period", [format_amount(before + increase)], "EndingCash")
    )
    columns = [Column("", "Account", "account"), Column("Total", key="total")]
    return Report(columns, rows, {"SummarizeColumnsBy": summarize(request)}, not request.postings)


def is_cash(request: ReportRequest, id: str) -> bool:
    """Return whether an account holds cash."""
    account = request.account(id)
    return (
        account["AccountType"] in CASH_TYPES or account.get("AccountSubType") == UNDEPOSITED_FUNDS
    )


def _list_activity_rows(
    request: ReportRequest, changes: dict[str, Decimal], types: tuple[str, ...]
) -> list[Row]:
    """Return the changes of the accounts of some types, in the order of their names."""
    names = {}
    for id, value in changes.items():
        account = request.account(id)
        if value and account["AccountType"] in types:
            names[id] = str(account["Name"])
    rows = []
    for id in sorted(names, key=lambda id: names[id].casefold()):
        rows.append(build_data_row(names[id], [format_amount(changes[id])], id))
    return rows


def _sum_columns(
    request: ReportRequest, changes: dict[str, Decimal], types: tuple[str, ...]
) -> Decimal:
    """Return the sum of the changes of the accounts of some types."""
    total = ZERO
    for id, value in changes.items():
        if request.account(id)["AccountType"] in types:
            total += value
    return total
