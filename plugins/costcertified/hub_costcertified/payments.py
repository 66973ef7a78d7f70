"""Build the documents of a payment: the payment, its refunds and, without payouts, its fee."""

import datetime as dt
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from hub import (
    Applied,
    Codes,
    Document,
    Gone,
    Line,
    Outcome,
    Row,
    Sentence,
    Site,
    StageName,
    look_up,
    money,
    parse_date,
    readable,
    require_id,
    web_address,
)
from hub_costcertified import codes, names

PREFIX, REFUND_PREFIX, FEE_PREFIX = "payment:", "refund:", "fee:"
REFUND_SEPARATOR = "/"  # between the id of a payment and that of its refund
LIST_NAME = "payments"
REFUNDED_STATUS = "refunded"
REFUND_MOVEMENT = "refund"  # the kind of a line of a payout
STAGES: dict[str, StageName] = {
    "processing": "pending",
    "paid": "ready",
    REFUNDED_STATUS: "ready",
    "failed": "closed",
}


def build_documents(site: Site, row: Row) -> list[Outcome]:
    """Return the payment, its fee if that is a separate expense, and its refunds.

    Each is Unreadable alone if only it cannot be read. Without a fee it returns the Gone of one
    that the payment may have had, such as before the settings made fees a part of payouts.
    """
    deleted_on = codes.parse_deletion(site, row)
    if deleted_on:
        return [codes.build_gone(source_id, deleted_on) for source_id in _list_source_ids(row)]
    payment_id, fee_id = f"{PREFIX}{row[names.Payment.ID]}", _build_fee_source_id(row)
    outcomes: list[Outcome] = [
        readable(payment_id, _build_payment, site, row),
        readable(fee_id, _build_fee_or_gone, site, row),
    ]
    for refund in row.get(names.Payment.REFUNDS) or ():
        refund_id = _build_refund_source_id(row, refund)
        outcomes.append(readable(refund_id, _build_refund, site, row, refund))
    return outcomes


def _list_source_ids(row: Row) -> list[str]:
    """Return the ids of all documents that a payment may have had."""
    source_ids = [f"{PREFIX}{row[names.Payment.ID]}", _build_fee_source_id(row)]
    for refund in row.get(names.Payment.REFUNDS) or ():
        source_ids.append(_build_refund_source_id(row, refund))
    return source_ids


def _are_fees_expenses(site: Site) -> bool:
    """Return whether the fees of payments are expenses, and not part of payouts."""
    return bool(site.settings["payouts"] == "payment")


def _build_fee_source_id(row: Row) -> str:
    """Return the source id of the fee of a payment."""
    return f"{FEE_PREFIX}{row[names.Payment.ID]}"


def _build_refund_source_id(row: Row, refund: Row) -> str:
    """Return the id of a refund as a document."""
    return _join_refund_id(row[names.Payment.ID], refund[names.Refund.ID])


def _join_refund_id(payment_id: Any, refund_id: Any) -> str:
    """Return the id of a refund as a document, with the id of its payment."""
    return f"{REFUND_PREFIX}{payment_id}{REFUND_SEPARATOR}{refund_id}"


def list_moved_ids(movement: Row) -> list[str]:
    """Return the ids of the documents that a line of a payout is about: a payment, or its refund.

    A refund may be in another payout than its payment.
    """
    payment_id = movement[names.Movement.PAYMENT_ID]
    if codes.get_fixed_word(movement.get(names.Movement.KIND)) == REFUND_MOVEMENT:
        return [_join_refund_id(payment_id, movement.get(names.Movement.REFUND_ID))]
    return [f"{PREFIX}{payment_id}", f"{FEE_PREFIX}{payment_id}"]


def list_payout_ids(row: Row) -> list[str]:
    """Return the ids of the payouts that a payment and its refunds are in, each once."""
    refunds = row.get(names.Payment.REFUNDS)
    parts = [row, *(refunds if isinstance(refunds, list) else ())]
    ids = [part.get(names.Payment.PAYOUT_ID) for part in parts if isinstance(part, dict)]
    return list(dict.fromkeys(str(id) for id in ids if id))


def list_refund_ids(source_ids: Sequence[str]) -> list[str]:
    """Return the ids of the refunds among the documents of a payment, as their payment has them."""
    refunds = [id for id in source_ids if id.startswith(REFUND_PREFIX)]
    return [id.partition(REFUND_SEPARATOR)[2] for id in refunds]


def get_row_id(source_id: str) -> str:
    """Return the id of the row in CostCertified that a document belongs to."""
    _, _, id = source_id.partition(":")
    row_id, _, _ = id.partition(REFUND_SEPARATOR)
    return row_id


def _decide_stage(row: Row) -> tuple[StageName, str | None]:
    """Return the stage of a payment, and the reason if it may not be posted."""
    title = f"Payment {row[names.Payment.REFERENCE]}"
    stage = look_up(STAGES, codes.get_fixed_word(row[names.Payment.STATUS]), "status")
    if stage == "pending":
        return stage, Sentence(
            "%(title)s is still processing in CostCertified; processing is not paid.", title=title
        )
    if stage == "closed":
        was_paid = row.get(names.Payment.PAID_AT)
        how = Sentence("came back after it was paid") if was_paid else Sentence("failed")
        return stage, Sentence("%(title)s %(how)s in CostCertified.", title=title, how=how)
    return stage, None


def _build_payment(site: Site, row: Row) -> Document:
    """Return the payment of a row, applied to the invoices that it paid."""
    stage, hold = _decide_stage(row)
    project = row.get(names.Payment.PROJECT)
    return Document(
        kind="payment",
        source_id=f"{PREFIX}{row[names.Payment.ID]}",
        version=require_id(row, names.Payment.VERSION),
        url=web_address(row.get(names.Payment.WEB_URL)),
        stage=stage,
        hold=hold or _find_missing_refund(row),
        date=_get_payment_date(site, row),
        number=row[names.Payment.REFERENCE],
        memo=f"Project: {project[names.Project.NAME]}" if project else None,
        currency=row.get(names.Payment.CURRENCY),
        codes=_build_common_codes(site, row),
        lines=tuple(_build_lines(row)),
        total=money(row[names.Payment.AMOUNT]),
        facts={"Fees": f"{_sum_fees(row):,.2f}"},
    )


def _find_missing_refund(row: Row) -> str | None:
    """Return why a payment waits of which CostCertified does not say what was given back."""
    status = codes.get_fixed_word(row[names.Payment.STATUS])
    if status != REFUNDED_STATUS or row.get(names.Payment.REFUNDS):
        return None
    return Sentence(
        "Payment %(reference)s was refunded, and CostCertified does not say how much was given"
        " back. Enter the payment and its refund in QuickBooks by hand, as far as they are not"
        " there, and press Skip.",
        reference=str(row[names.Payment.REFERENCE]),
    )


def _get_payment_date(site: Site, row: Row) -> dt.date | None:
    """Return the day on which a payment was made, or else recorded."""
    moment = row.get(names.Payment.PAID_AT) or row[names.Payment.CREATED_AT]
    return parse_date(moment, site.zone)


def _build_common_codes(site: Site, row: Row) -> Codes:
    """Return the codes that a payment and its refunds share."""
    return {
        "client": codes.build_client_code(row[names.Payment.CLIENT]),
        "method": codes.build_method_code(row.get(names.Payment.METHOD)),
        "deposit_account": _get_money_account(site),
    }


def _build_lines(row: Row) -> list[Line]:
    """Return a line for each invoice that a payment paid.

    An advance payment may be used for one invoice several times.
    """
    allocations: dict[str, list[Row]] = {}
    for allocation in row[names.Payment.ALLOCATIONS] or ():
        invoice = str(allocation[names.Allocation.INVOICE_ID])
        allocations.setdefault(invoice, []).append(allocation)
    return [_build_line(invoice, parts) for invoice, parts in allocations.items()]


def _build_line(invoice: str, allocations: Sequence[Row]) -> Line:
    """Return the line that pays an invoice."""
    return Line(
        id=invoice,
        amount=codes.sum_amounts(part[names.Allocation.AMOUNT] for part in allocations),
        applied=Applied(document=f"invoice:{invoice}"),
        description=f"Invoice {allocations[0][names.Allocation.NUMBER]}",
    )


def _get_money_account(site: Site) -> str:
    """Return the account of the money: the bank, or the one that holds it until its payout."""
    is_direct = site.settings["payouts"] == "payment"
    account: str = site.settings["bank_account" if is_direct else "holding_account"]
    return account


def _sum_fees(row: Row) -> Decimal:
    """Return the sum of the fees of a payment."""
    return codes.sum_amounts(fee[names.Fee.AMOUNT] for fee in row.get(names.Payment.FEES) or ())


def _build_fee_or_gone(site: Site, row: Row) -> Document | Gone:
    """Return the fee of a payment as an expense, or the Gone of one that it may have had."""
    if not _are_fees_expenses(site):
        reason = Sentence("The fee is part of the payout, as the settings of the app say.")
        return Gone(source_id=_build_fee_source_id(row), reason=reason)
    if _sum_fees(row):
        return _build_fee(site, row)
    reason = Sentence("The payment has no fee any more.")
    return Gone(source_id=_build_fee_source_id(row), reason=reason)


def _build_fee(site: Site, row: Row) -> Document:
    """Return the fee of a payment as an expense, which the bank account pays."""
    stage, hold = _decide_stage(row)
    reference = row[names.Payment.REFERENCE]
    fee_kinds = [fee[names.Fee.KIND] for fee in row.get(names.Payment.FEES) or ()]
    line = Line(
        id="fee",
        amount=_sum_fees(row),
        description=", ".join(fee_kinds),
        codes={"account": site.settings["fee_account"]},
    )
    return Document(
        kind="expense",
        source_id=f"{FEE_PREFIX}{row[names.Payment.ID]}",
        version=require_id(row, names.Payment.VERSION),
        url=web_address(row.get(names.Payment.WEB_URL)),
        stage=stage,
        hold=hold,
        date=_get_payment_date(site, row),
        number=reference,
        memo=f"Fees that CostCertified kept of payment {reference}",
        currency=row.get(names.Payment.CURRENCY),
        codes={"payment_account": site.settings["bank_account"]},
        lines=(line,),
        total=line.amount,
        tax_mode="none",
    )


def _build_refund(site: Site, row: Row, refund: Row) -> Document:
    """Return a refund of a payment as a document of its own."""
    _decide_stage(row)  # raises ValueError for an unknown status, which may say more of the refund
    reference = row[names.Payment.REFERENCE]
    amount = money(refund[names.Refund.AMOUNT])
    tax = money(refund.get(names.Refund.TAX) or 0)
    return Document(
        kind="refund",
        source_id=_build_refund_source_id(row, refund),
        version=require_id(row, names.Payment.VERSION),
        url=web_address(row.get(names.Payment.WEB_URL)),
        hold=_find_refund_hold(site, row, refund),
        date=parse_date(refund[names.Refund.REFUNDED_AT], site.zone),
        number=refund[names.Refund.ID],
        memo=f"Refund of payment {reference}",
        currency=row.get(names.Payment.CURRENCY),
        codes=_build_common_codes(site, row),
        lines=(_build_refund_line(site, row, refund, amount - tax, tax),),
        total=amount,
        tax_total=tax,
    )


def _build_refund_line(site: Site, row: Row, refund: Row, amount: Decimal, tax: Decimal) -> Line:
    """Return the line of a refund, with the service of the first paid invoice."""
    reason = refund.get(names.Refund.REASON) or "no reason given"
    allocations = row[names.Payment.ALLOCATIONS]
    service: Codes = {}
    if allocations:
        service = codes.build_service_code(site, allocations[0][names.Allocation.NUMBER])
    return Line(
        id="refund",
        amount=amount,
        tax=tax,
        description=f"Refund of payment {row[names.Payment.REFERENCE]}: {reason}",
        codes={**service, **codes.build_tax_code(site, refund.get(names.Refund.TAX_NAME))},
    )


def _find_refund_hold(site: Site, row: Row, refund: Row) -> str | None:
    """Return why a refund waits for a person, or None."""
    title = f"Refund {refund[names.Refund.ID]}"
    if not row[names.Payment.ALLOCATIONS]:
        return Sentence(
            "%(title)s refunds a payment that no invoice used. Refund the client's credit in"
            " QuickBooks itself, and press Skip.",
            title=title,
        )
    if not _get_money_account(site):
        return Sentence(
            "%(title)s leaves an account that is not chosen yet. %(choose)s",
            title=title,
            choose=codes.HOLDING_ACCOUNT_MISSING,
        )
    return None
