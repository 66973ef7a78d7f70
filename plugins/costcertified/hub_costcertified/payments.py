"""Payments of clients: the payment, its refunds, and its fee if payments are booked singly."""

import datetime as dt
from decimal import Decimal
from typing import Any

from hub import (
    Applied,
    Codes,
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
    web_address,
)
from hub_costcertified import codes, names

PREFIX, REFUND, FEE = "payment:", "refund:", "fee:"
THINGS = "payments"
STAGES: dict[str, StageName] = {
    "processing": "pending",
    "paid": "ready",
    "refunded": "ready",
    "failed": "closed",
}


def read_documents(site: Site, row: Row) -> list[Document | Gone]:
    """Return the payment, its refunds, and its fee where that is an expense of its own."""
    deleted_at = row.get(names.Payment.DELETED_AT)
    if deleted_at:
        return [codes.deletion(f"{PREFIX}{row[names.Payment.ID]}", deleted_at)]
    documents: list[Document | Gone] = [_build_payment(site, row)]
    if site.settings["payouts"] == "payment" and _fee_total(row):
        documents.append(_build_fee(site, row))
    for refund in row[names.Payment.REFUNDS]:
        documents.append(_build_refund(site, row, refund))
    return documents


def row_of(source_id: str) -> str:
    """Return the id of the payment that a document stands with."""
    return source_id.partition(":")[2].partition("/")[0]


def _decide_stage(row: Row) -> tuple[StageName, str | None]:
    title = f"Payment {row[names.Payment.REFERENCE]}"
    status = row[names.Payment.STATUS]
    stage = look_up(STAGES, status, "status")
    how = (
        Sentence("came back after it was paid")
        if row[names.Payment.PAID_AT]
        else Sentence("failed")
    )
    holds = {
        "processing": Sentence(
            "%(title)s is still processing in CostCertified; processing is not paid.", title=title
        ),
        "failed": Sentence("%(title)s %(how)s in CostCertified.", title=title, how=how),
    }
    return stage, holds.get(status)


def _build_payment(site: Site, row: Row) -> Document:
    """Return the payment of a row, applied to the invoices that it paid."""
    stage, hold = _decide_stage(row)
    project = row[names.Payment.PROJECT]
    return Document(
        kind="payment",
        source_id=f"{PREFIX}{row[names.Payment.ID]}",
        version=str(row[names.Payment.VERSION]),
        url=web_address(row.get(names.Payment.WEB_URL)),
        stage=stage,
        hold=hold,
        date=_day(site, row),
        number=row[names.Payment.REFERENCE],
        memo=f"Project: {project[names.Project.NAME]}" if project else None,
        currency=row[names.Payment.CURRENCY],
        codes=_common_fields(site, row),
        lines=tuple(_make_line(allocation) for allocation in row[names.Payment.ALLOCATIONS]),
        total=money(row[names.Payment.AMOUNT]),
        facts={"Fees": f"{_fee_total(row):,.2f}"},
    )


def _day(site: Site, row: Row) -> dt.date | None:
    """Return the day on which a payment was made, or else recorded."""
    moment = row[names.Payment.PAID_AT] or row[names.Payment.CREATED_AT]
    return parse_date(moment, site.zone)


def _common_fields(site: Site, row: Row) -> Codes:
    return {
        "client": codes.client_code(row[names.Payment.CLIENT]),
        "method": codes.method_code(row[names.Payment.METHOD]),
        "deposit_account": _money_account(site),
    }


def _make_line(allocation: Row) -> Line:
    invoice = allocation[names.Allocation.INVOICE_ID]
    return Line(
        id=str(invoice),
        amount=money(allocation[names.Allocation.AMOUNT]),
        applied=Applied(document=f"invoice:{invoice}"),
        description=f"Invoice {allocation[names.Allocation.NUMBER]}",
    )


def _money_account(site: Site) -> str:
    """Return where the money goes: straight to the bank, or where it waits for its payout."""
    is_direct = site.settings["payouts"] == "payment"
    return str(site.settings["bank_account" if is_direct else "holding_account"])


def _fee_total(row: Row) -> Decimal:
    """Return the sum of the fees of a payment."""
    return codes.total_of(fee[names.Fee.AMOUNT] for fee in row[names.Payment.FEES])


def _build_fee(site: Site, row: Row) -> Document:
    stage, hold = _decide_stage(row)
    reference = row[names.Payment.REFERENCE]
    line = Line(
        id="fee",
        amount=_fee_total(row),
        description=", ".join(fee[names.Fee.KIND] for fee in row[names.Payment.FEES]),
        codes={"account": site.settings["fee_account"]},
    )
    return Document(
        kind="expense",
        source_id=f"{FEE}{row[names.Payment.ID]}",
        version=str(row[names.Payment.VERSION]),
        url=web_address(row.get(names.Payment.WEB_URL)),
        stage=stage,
        hold=hold,
        date=_day(site, row),
        number=reference,
        memo=f"Fees that CostCertified kept of payment {reference}",
        currency=row[names.Payment.CURRENCY],
        codes={"payment_account": site.settings["bank_account"]},
        lines=(line,),
        total=line.amount,
        tax_mode="none",
    )


def _build_refund(site: Site, row: Row, refund: Row) -> Document:
    """Return a refund of a payment as a document of its own."""
    reference = row[names.Payment.REFERENCE]
    amount = money(refund[names.Refund.AMOUNT])
    tax = money(refund[names.Refund.TAX] or 0)
    return Document(
        kind="refund",
        source_id=f"{REFUND}{row[names.Payment.ID]}/{refund[names.Refund.ID]}",
        version=str(row[names.Payment.VERSION]),
        url=web_address(row.get(names.Payment.WEB_URL)),
        hold=_refund_hold(site, row, refund),
        date=parse_date(refund[names.Refund.REFUNDED_AT], site.zone),
        number=refund[names.Refund.ID],
        memo=f"Refund of payment {reference}",
        currency=row[names.Payment.CURRENCY],
        codes=_common_fields(site, row),
        lines=(_refund_line(site, row, refund, amount - tax, tax),),
        total=amount,
        tax_total=tax,
    )


def _refund_line(site: Site, row: Row, refund: Row, amount: Decimal, tax: Decimal) -> Line:
    """Return the line of a refund, with the service of the first invoice that was paid."""
    reason = refund[names.Refund.REASON] or "no reason given"
    allocations = row[names.Payment.ALLOCATIONS]
    service = {}
    if allocations:
        service = codes.service_code(site, allocations[0][names.Allocation.NUMBER])
    return Line(
        id="refund",
        amount=amount,
        tax=tax,
        description=f"Refund of payment {row[names.Payment.REFERENCE]}: {reason}",
        codes={**service, **codes.tax_code(site, refund[names.Refund.TAX_NAME])},
    )


def _refund_hold(site: Site, row: Row, refund: Row) -> Any:
    title = f"Refund {refund[names.Refund.ID]}"
    if not row[names.Payment.ALLOCATIONS]:
        return Sentence(
            "%(title)s refunds a payment that no invoice used. Refund the client's credit in"
            " QuickBooks itself, and press Skip.",
            title=title,
        )
    if not _money_account(site):
        return Sentence(
            "%(title)s leaves an account that is not chosen yet. %(choose)s",
            title=title,
            choose=codes.CHOOSE,
        )
    return None
