"""Build the invoice of an invoice in CostCertified."""

from collections.abc import Sequence
from decimal import Decimal

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
    require_id,
    web_address,
)
from hub_costcertified import codes, names

PREFIX = "invoice:"
LIST_NAME = "invoices"
PAID_STATUS = "paid"
STAGES: dict[str, StageName] = {
    "draft": "pending",
    "sent": "ready",
    "processing": "ready",
    PAID_STATUS: "ready",
    "void": "closed",
}
BASIS_TEXTS = {
    "percent_total": "of the project total",
    "percent_remaining": "of what remained of the project",
}
MANAGED_NOTE = Sentence("This invoice is managed and paid in CostCertified.")


def build_documents(site: Site, row: Row) -> list[Document | Gone]:
    """Return the invoice of a row, or Gone if it was deleted."""
    source_id = f"{PREFIX}{row[names.Invoice.ID]}"
    deleted_on = codes.parse_deletion(site, row)
    if deleted_on:
        return [codes.build_gone(source_id, deleted_on)]
    return [_build_document(site, row)]


def _build_document(site: Site, row: Row) -> Document:
    """Return the invoice of a row."""
    number = require_id(row, names.Invoice.NUMBER)
    stage, hold = _decide_stage(site, row)
    return Document(
        kind="invoice",
        source_id=f"{PREFIX}{row[names.Invoice.ID]}",
        version=require_id(row, names.Invoice.VERSION),
        url=web_address(row.get(names.Invoice.WEB_URL)),
        stage=stage,
        hold=hold,
        date=parse_date(row[names.Invoice.DATE]),
        due=parse_date(row.get(names.Invoice.DUE_DATE)),
        number=number,
        message=MANAGED_NOTE,
        memo=_compose_memo(row),
        currency=row.get(names.Invoice.CURRENCY),
        codes={"client": codes.build_client_code(row[names.Invoice.CLIENT])},
        lines=(*_build_lines(site, row), *_build_client_fees(site, row)),
        total=money(row[names.Invoice.TOTAL]),
        tax_total=money(row[names.Invoice.TAX_TOTAL]),
        warnings=_collect_warnings(row),
        facts=_collect_facts(row),
    )


def _decide_stage(site: Site, row: Row) -> tuple[StageName, str | None]:
    """Return the stage of an invoice, and the reason if it may not be posted."""
    title = f"Invoice {row[names.Invoice.NUMBER]}"
    stage = look_up(STAGES, codes.get_fixed_word(row[names.Invoice.STATUS]), "status")
    if stage == "closed":
        return stage, Sentence("%(title)s was voided in CostCertified.", title=title)
    if stage == "pending":
        return stage, Sentence("%(title)s was generated and not sent yet.", title=title)
    if not _was_sent_by_source(row):
        return "pending", Sentence(
            "%(title)s was handed to the client by another way; only what"
            " CostCertified sent is exported.",
            title=title,
        )
    if site.settings["post_when"] == "paid" and not _is_partly_paid(row):
        return "pending", Sentence(
            "%(title)s waits until something of it is paid, as the settings of the app say.",
            title=title,
        )
    return stage, None


def _was_sent_by_source(row: Row) -> bool:
    """Return whether CostCertified itself sent an invoice; without a word on it, when it did."""
    sent_via = row.get(names.Invoice.SENT_VIA)
    if sent_via:
        return codes.get_fixed_word(sent_via) == "costcertified"
    return names.Invoice.SENT_VIA not in row and bool(row.get(names.Invoice.SENT_AT))


def _is_partly_paid(row: Row) -> bool:
    """Return whether a client has paid an invoice, at least in part.

    A paid invoice may have no amount that was paid, such as one that comes to nothing.
    """
    is_paid = codes.get_fixed_word(row[names.Invoice.STATUS]) == PAID_STATUS
    return bool(is_paid or row.get(names.Invoice.PAID_AT) or _sum_paid(row))


def _sum_paid(row: Row) -> Decimal:
    """Return how much of an invoice the client has paid."""
    return money(row.get(names.Invoice.PAID_TOTAL) or 0)


def _build_lines(site: Site, row: Row) -> list[Line]:
    """Return each line of an invoice, or one line for each tax."""
    lines = row[names.Invoice.LINES]
    if site.settings["lines"] == "each":
        groups = [[line] for line in lines]
    else:
        groups = _group_by_tax(lines)
    return [_build_line(site, row, group) for group in groups]


def _group_by_tax(lines: Sequence[Row]) -> list[list[Row]]:
    """Group the lines by tax, in the order of the first line of each tax."""
    groups: dict[str | None, list[Row]] = {}
    for line in lines:
        groups.setdefault(line.get(names.Line.TAX_NAME) or None, []).append(line)
    return list(groups.values())


def _build_line(site: Site, row: Row, lines: Sequence[Row]) -> Line:
    """Return one line for lines with the same tax."""
    number = row[names.Invoice.NUMBER]
    first = lines[0]
    return Line(
        id=str(first[names.Line.ID]),
        amount=codes.sum_amounts(line[names.Line.AMOUNT] for line in lines),
        tax=codes.sum_amounts(line.get(names.Line.TAX) or 0 for line in lines),
        description=_describe_lines(site, number, lines),
        codes={
            **codes.build_service_code(site, number),
            **codes.build_tax_code(site, first.get(names.Line.TAX_NAME)),
        },
    )


def _describe_lines(site: Site, number: str, lines: Sequence[Row]) -> str | None:
    """Return the descriptions of lines, with the invoice number if the service does not have it."""
    texts = [line.get(names.Line.DESCRIPTION) for line in lines]
    description = "; ".join(filter(None, texts))
    if site.settings["item_mode"] != "fixed_item":
        return description or None
    title = f"Invoice {number}"
    return f"{title} · {description}" if description else title


def _build_client_fees(site: Site, row: Row) -> list[Line]:
    """Return the fees that the client pays; the contractor's fees are part of the payout."""
    fees = [fee for fee in row.get(names.Invoice.FEES) or () if _is_borne_by_client(fee)]
    return [_build_fee(site, fee, number) for number, fee in enumerate(fees, 1)]


def _is_borne_by_client(fee: Row) -> bool:
    """Return whether the client pays a fee."""
    return codes.get_fixed_word(fee[names.Fee.BORNE_BY]) == "client"


def _build_fee(site: Site, fee: Row, number: int) -> Line:
    """Return the line of a fee."""
    return Line(
        id=f"fee-{number}",
        amount=money(fee[names.Fee.AMOUNT]),
        tax=money(0),
        description=fee[names.Fee.KIND],
        codes={**codes.build_fee_code(site), **codes.build_tax_code(site, None)},
    )


def _compose_memo(row: Row) -> str | None:
    """Return a memo with the project, and with the percentage that the invoice is of."""
    texts = []
    project = row.get(names.Invoice.PROJECT)
    if project:
        name_and_address = (project[names.Project.NAME], project.get(names.Project.ADDRESS))
        texts.append("Project: " + ", ".join(filter(None, name_and_address)))
    basis = BASIS_TEXTS.get(codes.get_fixed_word(row.get(names.Invoice.BASIS)))
    basis_value = codes.parse_amount(row.get(names.Invoice.BASIS_VALUE))
    if basis and basis_value is not None:
        texts.append(f"{basis_value.normalize():f} % {basis}")
    return "\n".join(texts) or None


def _collect_warnings(row: Row) -> tuple[str, ...]:
    """Return a warning if more is invoiced than the total of the project."""
    project = row.get(names.Invoice.PROJECT) or {}
    total = codes.parse_amount(project.get(names.Project.TOTAL))
    invoiced_total = codes.parse_amount(project.get(names.Project.INVOICED_TOTAL))
    if total is None or invoiced_total is None or invoiced_total <= total:
        return ()
    return (
        Sentence(
            "%(name)s is invoiced for %(invoiced)s in all, more than its total of %(total)s.",
            name=str(project[names.Project.NAME]),
            invoiced=f"{invoiced_total:,.2f}",
            total=f"{total:,.2f}",
        ),
    )


def _collect_facts(row: Row) -> dict[str, str]:
    """Return the details of an invoice that QuickBooks has no field for."""
    sent_at = row.get(names.Invoice.SENT_AT) or ""
    paid_total = _sum_paid(row)
    fees = []
    for fee in row.get(names.Invoice.FEES) or ():
        if not _is_borne_by_client(fee):
            amount = money(fee[names.Fee.AMOUNT])
            fees.append(f"{fee[names.Fee.KIND]} {amount:,.2f}")
    facts = {
        "Sent": sent_at[:16],
        "Status in CostCertified": row[names.Invoice.STATUS],
        "Paid in CostCertified": f"{paid_total:,.2f}",
        "Fees borne by the contractor": ", ".join(fees),
    }
    return {label: text for label, text in facts.items() if text}
