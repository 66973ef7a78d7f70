"""The statement of cash flows, by the indirect method."""

from decimal import Decimal

from qbo_sandbox.accounting.values import ZERO
from qbo_sandbox.reports.report_base import Frame
from qbo_sandbox.reports.report_parts import (
    Column,
    Report,
    Row,
    amount,
    cells,
    line,
    section,
    summary,
)
from qbo_sandbox.reports.statements import EARNING, summarize

CASH = ("Bank",)
UNDEPOSITED = "UndepositedFunds"
OPERATING = (
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
ADJUSTED = "Adjustments to reconcile Net Income to Net Cash provided by operations:"


def cash_flow(frame: Frame) -> Report:
    """Report net income, the changes of other accounts, and the change of cash."""
    changed: dict[str, Decimal] = {}
    earned = before = ZERO
    for move in frame.all_moves:
        if is_cash(frame, move.account):
            before += move.amount if move.date < frame.period.start else ZERO
        elif frame.period.start <= move.date <= frame.period.end:
            if frame.account(move.account)["AccountType"] in EARNING:
                earned -= move.amount
            else:
                changed[move.account] = changed.get(move.account, ZERO) - move.amount
    adjusted = _rows(frame, changed, OPERATING)
    operating = earned + _sum(frame, changed, OPERATING)
    total = cells("Total " + ADJUSTED.rstrip(":"), [amount(operating - earned)])
    own = [line("Net Income", [amount(earned)], group="NetIncome")]
    own += (
        [section(ADJUSTED, adjusted, total, width=2, group="OperatingAdjustments")]
        if adjusted
        else []
    )
    provided = cells("Net cash provided by operating activities", [amount(operating)])
    rows = [section("OPERATING ACTIVITIES", own, provided, width=2, group="OperatingActivities")]
    increase = operating
    for title, name, group, types in ACTIVITIES:
        lines, value = _rows(frame, changed, types), _sum(frame, changed, types)
        increase += value
        end = cells(f"Net cash provided by {name}", [amount(value)])
        rows += [section(title, lines, end, width=2, group=group)] if lines else []
    rows.append(summary("Net cash increase for period", [amount(increase)], "CashIncrease"))
    rows.append(line("Cash at beginning of period", [amount(before)], group="BeginningCash"))
    rows.append(summary("Cash at end of period", [amount(before + increase)], "EndingCash"))
    columns = [Column("", "Account", "account"), Column("Total", key="total")]
    return Report(columns, rows, {"SummarizeColumnsBy": summarize(frame)}, not frame.moves)


def is_cash(frame: Frame, id: str) -> bool:
    account = frame.account(id)
    return account["AccountType"] in CASH or account.get("AccountSubType") == UNDEPOSITED


def _rows(frame: Frame, changed: dict[str, Decimal], types: tuple[str, ...]) -> list[Row]:
    ids = [
        id for id, value in changed.items() if value and frame.account(id)["AccountType"] in types
    ]
    ids.sort(key=lambda id: str(frame.account(id)["Name"]).casefold())
    return [line(str(frame.account(id)["Name"]), [amount(changed[id])], id) for id in ids]


def _sum(frame: Frame, changed: dict[str, Decimal], types: tuple[str, ...]) -> Decimal:
    return sum(
        (value for id, value in changed.items() if frame.account(id)["AccountType"] in types), ZERO
    )
