"""An expense of a project: a bill, and for a receipt the payment of it as well."""

from hub import Applied, Document, Gone, Line, money
from hub_costcertified import codes

PREFIX, PAID = "expense:", "expense-payment:"
THINGS = "expenses"
TYPES = ("bill", "receipt")


def documents(site, row):
    """The bill; with its payment where it is a receipt."""
    ids = [f"{PREFIX}{row['id']}"] + ([f"{PAID}{row['id']}"] if row["type"] == "receipt" else [])
    if row.get("deleted_at"):
        return [
            Gone(source_id=id, reason=f"Deleted in CostCertified on {row['deleted_at'][:10]}.")
            for id in ids
        ]
    if row["type"] not in TYPES:
        raise ValueError(f"its type {row['type']!r} is none of {', '.join(TYPES)}")
    return [_bill(site, row)] + ([_payment(site, row)] if row["type"] == "receipt" else [])


def _wanted(site, row):
    """What the bill and its payment have in common."""
    pushed = row["push"] and site.settings["expenses"]
    return {
        "version": str(row["version"]),
        "stage": "ready" if pushed else "pending",
        "hold": None
        if pushed
        else "It is not to be pushed to QuickBooks, as CostCertified or the settings say.",
        "date": codes.date(row["date"]),
        "number": row["number"],
        "currency": row["currency"],
        "total": money(row["total"]),
    }


def _bill(site, row):
    taxes = sum((money(line["tax"] or 0) for line in row["lines"]), money(0))
    head = {
        "vendor": codes.vendor(row["vendor"]),
        "payable_account": site.settings["payable_account"],
    }
    return Document(
        kind="bill",
        source_id=f"{PREFIX}{row['id']}",
        due=codes.date(row["due_date"]),
        memo=f"Project: {row['project']['name']}" if row["project"] else None,
        codes=head,
        lines=tuple(_line(site, line) for line in row["lines"]),
        tax_total=taxes,
        **_wanted(site, row),
    )


def _line(site, line):
    category = line["category"]
    return Line(
        id=str(line["id"]),
        amount=money(line["amount"]),
        tax=money(line["tax"] or 0),
        description=line["description"],
        codes={"category": category and codes.Code(id=category, number=category, name=category)}
        | codes.tax(site, line["tax_name"]),
    )


def _payment(site, row):
    account = site.settings["paid_from"]
    paid = Line(
        id="1", amount=money(row["total"]), applied=Applied(document=f"{PREFIX}{row['id']}")
    )
    return Document(
        kind="bill_payment",
        source_id=f"{PAID}{row['id']}",
        codes={"vendor": codes.vendor(row["vendor"]), "payment_account": account},
        lines=(paid,),
        **_wanted(site, row),
    )
