"""A payout: several payments that reach the bank as one deposit, less refunds, returned payments and fees."""

from hub import Applied, Document, Line, money
from hub_costcertified import codes

PREFIX = "payout:"
THINGS = "payouts"
STAGES = {"in_transit": "pending", "paid": "ready"}
WORDS = {"payment": "Payment", "refund": "Refund", "return": "Returned payment"}


def documents(site, row):
    """The deposit."""
    stage, hold = _stage(site, row)
    return [
        Document(
            kind="deposit",
            source_id=f"{PREFIX}{row['id']}",
            version=str(row["version"]),
            stage=stage,
            hold=hold,
            date=codes.date(row["arrival_date"]),
            number=str(row["id"]),
            currency=row["currency"],
            codes={"deposit_account": site.settings["bank_account"]},
            lines=(*(_line(site, line) for line in row["lines"]), *_fees(site, row)),
            total=money(row["amount"]),
        )
    ]


def _stage(site, row):
    called, stage = f"Payout {row['id']}", STAGES[row["status"]]
    if site.settings["payouts"] != "deposit":
        return "closed", "Every payment goes to the bank by itself, as the settings of the app say."
    if stage == "pending":
        return stage, f"{called} is still on its way to the bank."
    if site.settings["holding_account"] or all(line["kind"] == "payment" for line in row["lines"]):
        return stage, None
    return stage, f"{called} takes money back. {codes.CHOOSE}"


def _line(site, line):
    """One movement: a payment out of undeposited funds, or any movement of the account for money on its way."""
    if line["kind"] not in WORDS:
        raise ValueError(f"it has a line of the unknown kind {line['kind']!r}")
    holding = site.settings["holding_account"]
    is_linked = line["kind"] == "payment" and not holding
    return Line(
        id=str(line["id"]),
        amount=money(line["amount"]) * (1 if line["kind"] == "payment" else -1),
        description=f"{WORDS[line['kind']]} {line['reference']}",
        applied=Applied(document=f"payment:{line['payment_id']}") if is_linked else None,
        codes={} if is_linked else {"account": holding},
    )


def _fees(site, row):
    kept = sum((money(line["fee"]) for line in row["lines"]), money(0))
    if not kept:
        return ()
    account = {"account": site.settings["fee_account"]}
    return (Line(id="fees", amount=-kept, description="Fees of CostCertified", codes=account),)
