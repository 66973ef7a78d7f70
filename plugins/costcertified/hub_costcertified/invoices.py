"""An invoice of CostCertified as the invoice that it is to become."""

from collections.abc import Sequence

from hub import (
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

PREFIX = "invoice:"
THINGS = "invoices"
STAGES: dict[str, StageName] = {
    "draft": "pending",
    "sent": "ready",
    "processing": "ready",
    "paid": "ready",
    "void": "closed",
}
BASES = {
    "percent_total": "of the project total",
    "percent_remaining": "of what remained of the project",
}
MANAGED = Sentence("This invoice is managed and paid in CostCertified.")


def read_documents(site: Site, row: Row) -> list[Document | Gone]:
    """Return the invoice; or that it is gone."""
    deleted_at = row.get(names.Invoice.DELETED_AT)
    if deleted_at:
        return [codes.deletion(f"{PREFIX}{row[names.Invoice.ID]}", deleted_at)]
    return [_build_document(site, row)]


def _build_document(site: Site, row: Row) -> Document:
    """Return the invoice of a row."""
    stage, hold = _decide_stage(site, row)
    return Document(
        kind="invoice",
        source_id=f"{PREFIX}{row[names.Invoice.ID]}",
        version=str(row[names.Invoice.VERSION]),
        url=web_address(row.get(names.Invoice.WEB_URL)),
        stage=stage,
        hold=hold,
        date=parse_date(row[names.Invoice.DATE]),
        due=parse_date(row[names.Invoice.DUE_DATE]),
        number=row[names.Invoice.NUMBER],
        message=MANAGED,
        memo=_compose_memo(row),
        currency=row[names.Invoice.CURRENCY],
        codes={"client": codes.client_code(row[names.Invoice.CLIENT])},
        lines=(*_build_lines(site, row), *_client_fees(site, row)),
        total=money(row[names.Invoice.TOTAL]),
        tax_total=money(row[names.Invoice.TAX_TOTAL]),
        warnings=_collect_warnings(row),
        facts=_collect_facts(row),
    )


def _decide_stage(site: Site, row: Row) -> tuple[StageName, str | None]:
    """Say whether an invoice is wanted in the books, and why not."""
    title = f"Invoice {row[names.Invoice.NUMBER]}"
    stage = look_up(STAGES, row[names.Invoice.STATUS], "status")
    if stage == "closed":
        return stage, Sentence("%(title)s was voided in CostCertified.", title=title)
    if stage == "pending":
        return stage, Sentence("%(title)s was generated and not sent yet.", title=title)
    if row[names.Invoice.SENT_VIA] != "costcertified":
        return (
            "pending",
            Sentence(
                "%(title)s was handed to the client by another way; only what"
                " CostCertified sent is exported.",
                title=title,
            ),
        )
    is_paid = row[names.Invoice.PAID_AT] or money(row[names.Invoice.PAID_TOTAL])
    if site.settings["post_when"] == "paid" and not is_paid:
        return (
            "pending",
            Sentence(
                "%(title)s waits until something of it is paid, as the settings of the app say.",
                title=title,
            ),
        )
    return stage, None


def _build_lines(site: Site, row: Row) -> list[Line]:
    """Return each line of an invoice, or one line for each tax."""
    lines = row[names.Invoice.LINES]
    if site.settings["lines"] == "each":
        groups = [[line] for line in lines]
    else:
        groups = _group_by_tax(lines)
    return [_build_line(site, row, group) for group in groups]


def _group_by_tax(lines: Sequence[Row]) -> list[list[Row]]:
    """Return the lines of each tax, in the order of their first ones."""
    groups: dict[str, list[Row]] = {}
    for line in lines:
        groups.setdefault(line[names.Line.TAX_NAME], []).append(line)
    return list(groups.values())


def _build_line(site: Site, row: Row, lines: Sequence[Row]) -> Line:
    """Return one line for lines with the same tax."""
    number = row[names.Invoice.NUMBER]
    first = lines[0]
    text = "; ".join(filter(None, (line.get(names.Line.DESCRIPTION) for line in lines)))
    if site.settings["item_mode"] == "fixed_item":
        text = f"Invoice {number} · {text}" if text else f"Invoice {number}"
    return Line(
        id=str(first[names.Line.ID]),
        amount=codes.total_of(line[names.Line.AMOUNT] for line in lines),
        tax=codes.total_of(line[names.Line.TAX] or 0 for line in lines),
        description=text or None,
        codes={
            **codes.service_code(site, number),
            **codes.tax_code(site, first[names.Line.TAX_NAME]),
        },
    )


def _client_fees(site: Site, row: Row) -> list[Line]:
    """Return the fees on the client's invoice; the contractor's fees are part of the payout."""
    fees = [fee for fee in row[names.Invoice.FEES] if fee[names.Fee.BORNE_BY] == "client"]
    return [_fee_line(site, fee, number) for number, fee in enumerate(fees, 1)]


def _fee_line(site: Site, fee: Row, number: int) -> Line:
    return Line(
        id=f"fee-{number}",
        amount=money(fee[names.Fee.AMOUNT]),
        tax=money(0),
        description=fee[names.Fee.KIND],
        codes=codes.fee_code(site) | codes.tax_code(site, None),
    )


def _compose_memo(row: Row) -> str:
    """Return a memo that names the project, and what the invoice is a percentage of."""
    project = row[names.Invoice.PROJECT]
    basis = BASES.get(row[names.Invoice.BASIS])
    address = project.get(names.Project.ADDRESS)
    place = ", ".join(filter(None, (project[names.Project.NAME], address)))
    if not basis:
        return f"Project: {place}"
    percent = money(row[names.Invoice.BASIS_VALUE]).normalize()
    return f"Project: {place}\n{percent:f} % {basis}"


def _collect_warnings(row: Row) -> tuple[str, ...]:
    project = row[names.Invoice.PROJECT]
    total = codes.parse_amount(project.get(names.Project.TOTAL))
    invoiced = codes.parse_amount(project.get(names.Project.INVOICED_TOTAL))
    if total is None or invoiced is None or invoiced <= total:
        return ()
    return (
        Sentence(
            "%(name)s is invoiced for %(invoiced)s in all, more than its total of %(total)s.",
            name=str(project[names.Project.NAME]),
            invoiced=f"{invoiced:,.2f}",
            total=f"{total:,.2f}",
        ),
    )


def _collect_facts(row: Row) -> dict[str, str]:
    """Collect what a reviewer wants to see and QuickBooks has no place for."""
    of_contractor = []
    for fee in row[names.Invoice.FEES]:
        if fee[names.Fee.BORNE_BY] != "client":
            amount = money(fee[names.Fee.AMOUNT])
            of_contractor.append(f"{fee[names.Fee.KIND]} {amount:,.2f}")
    facts = {
        "Sent": (row[names.Invoice.SENT_AT] or "")[:16],
        "Status in CostCertified": row[names.Invoice.STATUS],
        "Paid in CostCertified": f"{money(row[names.Invoice.PAID_TOTAL]):,.2f}",
        "Fees borne by the contractor": ", ".join(of_contractor),
    }
    return {label: text for label, text in facts.items() if text}
