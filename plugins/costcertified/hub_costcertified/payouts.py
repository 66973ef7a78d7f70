"""Build the deposit of a payout: several payments, less refunds and fees."""

from collections.abc import Iterator, Sequence
from typing import Any

from hub import (
    Applied,
    Document,
    Gone,
    Line,
    Row,
    Sentence,
    Site,
    StageName,
    look_up,
    money,
    parse_date,
    require_id,
    web_address,
)
from hub_costcertified import codes, names

PREFIX = "payout:"
LIST_NAME = "payouts"
STAGES: dict[str, StageName] = {"in_transit": "pending", "paid": "ready"}
MOVEMENT_LABELS = {"payment": "Payment", "refund": "Refund", "return": "Returned payment"}


def build_documents(site: Site, row: Row) -> list[Document | Gone]:
    """Return the deposit of a payout."""
    id = row[names.Payout.ID]
    lines = row[names.Payout.LINES]
    stage, hold = _decide_stage(site, row)
    return [
        Document(
            kind="deposit",
            source_id=f"{PREFIX}{id}",
            version=require_id(row, names.Payout.VERSION),
            url=web_address(row.get(names.Payout.WEB_URL)),
            stage=stage,
            hold=hold,
            date=parse_date(row[names.Payout.ARRIVAL_DATE]),
            number=str(id),
            currency=row.get(names.Payout.CURRENCY),
            codes={"deposit_account": site.settings["bank_account"]},
            lines=tuple(_iter_lines(site, lines)),
            total=money(row[names.Payout.AMOUNT]),
        )
    ]


def list_movements(row: Row) -> list[Row]:
    """Return the lines with a payment of a payout that arrived; none if it cannot be read.

    What is wrong with such a row is said where its deposit is built.
    """
    if codes.get_fixed_word(row.get(names.Payout.STATUS)) != "paid":
        return []
    lines = row.get(names.Payout.LINES)
    if not isinstance(lines, list):
        return []
    return [line for line in lines if _names_payment(line)]


def _names_payment(line: Any) -> bool:
    """Return whether a line of a payout names the payment that it is about."""
    return isinstance(line, dict) and bool(line.get(names.Movement.PAYMENT_ID))


def _decide_stage(site: Site, row: Row) -> tuple[StageName, str | None]:
    """Return the stage of a payout, and the reason if it may not be posted."""
    title = Sentence("Payout %(id)s", id=str(row[names.Payout.ID]))
    stage = look_up(STAGES, codes.get_fixed_word(row[names.Payout.STATUS]), "status")
    if site.settings["payouts"] != "deposit":
        return "closed", Sentence(
            "Every payment goes to the bank by itself, as the settings of the app say."
        )
    if stage == "pending":
        return stage, Sentence("%(title)s is still on its way to the bank.", title=title)
    kinds = {codes.get_fixed_word(line[names.Movement.KIND]) for line in row[names.Payout.LINES]}
    if site.settings["holding_account"] or kinds <= {"payment"}:
        return stage, None
    return stage, Sentence(
        "%(title)s takes money back. %(choose)s",
        title=title,
        choose=codes.HOLDING_ACCOUNT_MISSING,
    )


def _iter_lines(site: Site, lines: Sequence[Row]) -> Iterator[Line]:
    """Yield the movements of a payout, and one line for the fees of all of them."""
    for line in lines:
        yield _build_line(site, line)
    fees = codes.sum_amounts(line.get(names.Movement.FEE) or 0 for line in lines)
    if fees:
        yield Line(
            id="fees",
            amount=-fees,
            description="Fees of CostCertified",
            codes={"account": site.settings["fee_account"]},
        )


def _build_line(site: Site, line: Row) -> Line:
    """Return the line of one movement: a posted payment, or an amount of the holding account."""
    kind = codes.get_fixed_word(line[names.Movement.KIND])
    label = look_up(MOVEMENT_LABELS, kind, "kind of line")
    sign = 1 if kind == "payment" else -1
    holding_account = site.settings["holding_account"]
    is_linked = kind == "payment" and not holding_account
    payment = Applied(document=f"payment:{line[names.Movement.PAYMENT_ID]}")
    return Line(
        id=str(line[names.Movement.ID]),
        amount=money(line[names.Movement.AMOUNT]) * sign,
        description=f"{label} {line[names.Movement.REFERENCE]}",
        applied=payment if is_linked else None,
        codes={} if is_linked else {"account": holding_account},
    )
