"""An invoice of CostCertified as the invoice that it is to become."""

from hub import Document, Gone, Line, money
from hub_costcertified import codes

PREFIX = "invoice:"
THINGS = "invoices"
STATUSES = ("draft", "sent", "processing", "paid", "void")
BASES = {
    "percent_total": "of the project total",
    "percent_remaining": "of what remained of the project",
}
MANAGED = "This invoice is managed and paid in CostCertified."


def documents(site, row):
    """The invoice; or that it is gone."""
    if row.get("deleted_at"):
        return [
            Gone(
                source_id=f"{PREFIX}{row['id']}",
                reason=f"Deleted in CostCertified on {row['deleted_at'][:10]}.",
            )
        ]
    return [_document(site, row)]


def _document(site, row):
    stage, hold = _stage(site, row)
    return Document(
        kind="invoice",
        source_id=f"{PREFIX}{row['id']}",
        version=str(row["version"]),
        stage=stage,
        hold=hold,
        date=codes.date(row["invoice_date"]),
        due=codes.date(row["due_date"]),
        number=row["number"],
        message=MANAGED,
        memo=_memo(row),
        currency=row["currency"],
        codes={"client": codes.client(row["client"])},
        lines=(*_lines(site, row), *_fees(site, row)),
        total=money(row["total"]),
        tax_total=money(row["tax_total"]),
        warnings=_warnings(row),
        facts=_facts(row),
    )


def _stage(site, row):
    """Whether it is wanted in the books, and why not."""
    called, status = f"Invoice {row['number']}", row["status"]
    if status not in STATUSES:
        raise ValueError(f"its status {status!r} is none of {', '.join(STATUSES)}")
    if status == "void":
        return "closed", f"{called} was voided in CostCertified."
    if status == "draft":
        return "pending", f"{called} was generated and not sent yet."
    if row["sent_via"] != "costcertified":
        return (
            "pending",
            f"{called} was handed to the client by another way; only what CostCertified sent is exported.",
        )
    if site.settings["post_when"] == "paid" and not (row["paid_at"] or money(row["paid_total"])):
        return (
            "pending",
            f"{called} waits until something of it is paid, as the settings of the app say.",
        )
    return "ready", None


def _lines(site, row):
    lines = row["lines"]
    if site.settings["lines"] == "each":
        return [_line(site, row, line["id"], [line]) for line in lines]
    names = dict.fromkeys(line["tax_name"] for line in lines)
    same = {name: [line for line in lines if line["tax_name"] == name] for name in names}
    return [_line(site, row, group[0]["id"], group) for group in same.values()]


def _line(site, row, id, lines):
    text = "; ".join(line["description"] for line in lines if line.get("description"))
    if site.settings["item_mode"] == "fixed_item":
        text = " · ".join(filter(None, (f"Invoice {row['number']}", text)))
    return Line(
        id=str(id),
        amount=sum((money(line["amount"]) for line in lines), money(0)),
        tax=sum((money(line["tax"] or 0) for line in lines), money(0)),
        description=text or None,
        codes=codes.service(site, row["number"]) | codes.tax(site, lines[0]["tax_name"]),
    )


def _fees(site, row):
    """The fees that are on the client's invoice; those that the contractor bears are taken off the payout."""
    borne = [fee for fee in row["fees"] if fee["borne_by"] == "client"]
    return [
        Line(
            id=f"fee-{place}",
            amount=money(fee["amount"]),
            tax=money(0),
            description=fee["kind"],
            codes=codes.fee(site) | codes.tax(site, None),
        )
        for place, fee in enumerate(borne, 1)
    ]


def _memo(row):
    project, basis = row["project"], BASES.get(row["basis"])
    place = (
        f"{project['name']}, {project['address']}" if project.get("address") else project["name"]
    )
    return "\n".join(
        filter(
            None,
            (
                f"Project: {place}",
                f"{money(row['basis_value']).normalize():f} % {basis}" if basis else None,
            ),
        )
    )


def _warnings(row):
    project = row["project"]
    total, invoiced = (
        codes.amount(project.get("total")),
        codes.amount(project.get("invoiced_total")),
    )
    if None in (total, invoiced) or invoiced <= total:
        return ()
    return (
        f"{project['name']} is invoiced for {invoiced:,.2f} in all, more than its total of {total:,.2f}.",
    )


def _facts(row):
    """What a reviewer wants to see and QuickBooks has no place for."""
    kept = [
        f"{fee['kind']} {money(fee['amount']):,.2f}"
        for fee in row["fees"]
        if fee["borne_by"] != "client"
    ]
    facts = {
        "Sent": (row["sent_at"] or "")[:16],
        "Status in CostCertified": row["status"],
        "Paid in CostCertified": f"{money(row['paid_total']):,.2f}",
        "Fees borne by the contractor": ", ".join(kept),
    }
    return {label: text for label, text in facts.items() if text}
