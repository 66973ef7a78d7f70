"""What a client paid: the payment, what is given back of it, and, where each payment stands for itself, its fee."""

from hub import Applied, Document, Gone, Line, money
from hub_costcertified import codes

PREFIX, REFUND, FEE = "payment:", "refund:", "fee:"
THINGS = "payments"
STAGES = {"processing": "pending", "paid": "ready", "refunded": "ready", "failed": "closed"}


def documents(site, row):
    """The payment, its refunds, and its fee where that is an expense of its own."""
    if row.get("deleted_at"):
        return [
            Gone(
                source_id=f"{PREFIX}{row['id']}",
                reason=f"Deleted in CostCertified on {row['deleted_at'][:10]}.",
            )
        ]
    found = [_payment(site, row)]
    if site.settings["payouts"] == "payment" and _kept_back(row):
        found.append(_fee(site, row))
    return [*found, *(_refund(site, row, refund) for refund in row["refunds"])]


def row_of(source_id):
    """The id of the payment that a document stands with."""
    return source_id.partition(":")[2].partition("/")[0]


def _stage(row):
    called = f"Payment {row['reference']}"
    if row["status"] not in STAGES:
        raise ValueError(f"its status {row['status']!r} is none of {', '.join(STAGES)}")
    holds = {
        "processing": f"{called} is still processing in CostCertified; processing is not paid.",
        "failed": f"{called} {'came back after it was paid' if row['paid_at'] else 'failed'} in CostCertified.",
    }
    return STAGES[row["status"]], holds.get(row["status"])


def _payment(site, row):
    stage, hold = _stage(row)
    return Document(
        kind="payment",
        source_id=f"{PREFIX}{row['id']}",
        version=str(row["version"]),
        stage=stage,
        hold=hold,
        date=codes.day(site, row["paid_at"] or row["created_at"]),
        number=row["reference"],
        memo=f"Project: {row['project']['name']}" if row["project"] else None,
        currency=row["currency"],
        codes={
            "client": codes.client(row["client"]),
            "method": codes.method(row["method"]),
            "deposit_account": _place(site),
        },
        lines=tuple(_applied(one) for one in row["allocations"]),
        total=money(row["amount"]),
        facts={"Fees": f"{_kept_back(row):,.2f}"},
    )


def _applied(one):
    return Line(
        id=str(one["invoice_id"]),
        amount=money(one["amount"]),
        applied=Applied(document=f"invoice:{one['invoice_id']}"),
        description=f"Invoice {one['number']}",
    )


def _place(site):
    """Where the money goes: straight to the bank, or where it waits for its payout."""
    return site.settings[
        "bank_account" if site.settings["payouts"] == "payment" else "holding_account"
    ]


def _kept_back(row):
    return sum((money(fee["amount"]) for fee in row["fees"]), money(0))


def _fee(site, row):
    stage, hold = _stage(row)
    kinds = ", ".join(fee["kind"] for fee in row["fees"])
    line = Line(
        id="fee",
        amount=_kept_back(row),
        description=kinds,
        codes={"account": site.settings["fee_account"]},
    )
    return Document(
        kind="expense",
        source_id=f"{FEE}{row['id']}",
        version=str(row["version"]),
        stage=stage,
        hold=hold,
        date=codes.day(site, row["paid_at"] or row["created_at"]),
        number=row["reference"],
        memo=f"Fees that CostCertified kept of payment {row['reference']}",
        currency=row["currency"],
        codes={"payment_account": site.settings["bank_account"]},
        lines=(line,),
        total=line.amount,
        tax_mode="none",
    )


def _refund(site, row, refund):
    used = row["allocations"]
    tax = money(refund["tax"] or 0)
    line = Line(
        id="refund",
        amount=money(refund["amount"]) - tax,
        tax=tax,
        description=f"Refund of payment {row['reference']}: {refund['reason'] or 'no reason given'}",
        codes=(codes.service(site, used[0]["number"]) if used else {})
        | codes.tax(site, refund["tax_name"]),
    )
    return Document(
        kind="refund",
        source_id=f"{REFUND}{row['id']}/{refund['id']}",
        version=str(row["version"]),
        hold=_why_not(site, row, refund),
        date=codes.day(site, refund["refunded_at"]),
        number=refund["id"],
        memo=f"Refund of payment {row['reference']}",
        currency=row["currency"],
        codes={
            "client": codes.client(row["client"]),
            "method": codes.method(row["method"]),
            "deposit_account": _place(site),
        },
        lines=(line,),
        total=money(refund["amount"]),
        tax_total=tax,
    )


def _why_not(site, row, refund):
    if not row["allocations"]:
        return (
            f"Refund {refund['id']} gives back a payment that no invoice used. Give the client's credit back in"
            " QuickBooks itself, and press Skip."
        )
    return (
        None
        if _place(site)
        else f"Refund {refund['id']} leaves an account that is not chosen yet. {codes.CHOOSE}"
    )
