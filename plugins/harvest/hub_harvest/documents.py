"""Build the documents of invoices and payments in Harvest."""

from collections.abc import Iterator
from decimal import Decimal

from hub import (
    Applied,
    Code,
    Codes,
    Document,
    Gone,
    Line,
    Party,
    Row,
    Sentence,
    Site,
    StageName,
    look_up,
    money,
    parse_date,
    round_amount,
)

ZERO = Decimal(0)
STAGES: dict[str, tuple[StageName, str | None]] = {
    "draft": ("pending", Sentence("It is a draft in Harvest.")),
    "open": ("ready", None),
    "paid": ("ready", None),
    # Written off: a posted invoice stays as it is, because the bookkeeper decides about the loss.
    "closed": ("update_only", None),
}
# Payments need their invoice. The bookkeeper decides about the rest that is not paid, too.
STAGES_IF_PAID_IN_PART = {**STAGES, "closed": STAGES["open"]}


def build_invoice_id(row: Row) -> str:
    """Return the id of an invoice as a document."""
    return f"invoice:{row['id']}"


def build_payment_id(invoice: Row, row: Row) -> str:
    """Return the id of a payment as a document, with its invoice, by which Harvest finds it."""
    return f"payment:{invoice['id']}-{row['id']}"


def build_invoice(
    site: Site, row: Row, url: str | None, *, has_payments: bool = False
) -> Document | Gone:
    """Return the invoice of a row; `url` is its page in Harvest.

    `has_payments` says whether a written-off invoice was paid in part.
    """
    stages = STAGES_IF_PAID_IN_PART if has_payments else STAGES
    stage, hold = look_up(stages, row["state"], "state")
    if stage == "ready":
        hold = _find_retainer_hold(site, row)
    return Document(
        kind="invoice",
        source_id=build_invoice_id(row),
        version=row["updated_at"],
        stage=stage,
        hold=hold,
        date=parse_date(row["issue_date"]),
        due=parse_date(row["due_date"]),
        url=url,
        number=row["number"],
        message=row["notes"] or None,
        memo=row["subject"] or None,
        currency=row["currency"],
        codes={"client": _build_client_code(row)},
        lines=tuple(_iter_lines(site, row)),
        total=money(row["amount"]),
        tax_total=_sum_taxes(row),
        facts=_collect_facts(row),
    )


def build_payment(site: Site, invoice: Row, row: Row, url: str | None) -> Document:
    """Return a payment of an invoice; `url` is the page of the invoice in Harvest."""
    target = Applied(document=build_invoice_id(invoice))
    amount = money(row["amount"])
    return Document(
        kind="payment",
        source_id=build_payment_id(invoice, row),
        version=row["updated_at"],
        hold=_find_retainer_hold(site, invoice),
        date=parse_date(row["paid_date"]),
        url=url,
        number=row["transaction_id"] or None,
        memo=row["notes"] or None,
        currency=invoice["currency"],
        codes={
            "client": _build_client_code(invoice),
            "deposit_account": site.settings["deposit_account"],
        },
        lines=(Line(id="1", amount=amount, applied=target),),
        total=amount,
    )


def _find_retainer_hold(site: Site, invoice: Row) -> str | None:
    """Return why an invoice of a retainer and its payments are held, or None.

    Funds that are added to a retainer and later drawn from it are invoiced and paid twice in
    Harvest, but they are earned and received once.
    """
    retainer = invoice["retainer"]
    if not retainer or site.settings["retainers"] == "post":
        return None
    return Sentence(
        "Invoice %(number)s belongs to retainer %(retainer)s in Harvest, which does not say whether"
        " it adds funds to the retainer or draws from them: as income and money in the bank, they"
        " could be counted twice. Enter it in QuickBooks by hand and press Skip, or let the"
        " settings of Harvest post invoices of retainers.",
        number=str(invoice["number"]),
        retainer=str(retainer["id"]),
    )


def _build_client_code(invoice: Row) -> Code:
    """Return the client of an invoice, with the details of a new customer."""
    client = invoice["client"]
    name = client["name"]
    return Code(
        id=f"client:{client['id']}",
        name=name,
        create=Party(name=name, currency=invoice["currency"]),
    )


def _iter_lines(site: Site, row: Row) -> Iterator[Line]:
    """Yield the lines of an invoice; a discount of the whole invoice is the last one."""
    for line, tax in zip(row["line_items"], _compute_line_taxes(row), strict=True):
        yield Line(
            id=str(line["id"]),
            amount=money(line["amount"]),
            quantity=money(line["quantity"]),
            unit_price=money(line["unit_price"]),
            description=line["description"] or None,
            codes=_build_line_codes(site, row, line),
            tax=tax,
            facts=_build_line_facts(line),
        )
    if row["discount_amount"]:
        rate = _format_percentage(money(row["discount"]))
        yield Line(
            id="discount",
            amount=-money(row["discount_amount"]),
            description=f"Discount of {rate}",
        )


def _build_line_codes(site: Site, row: Row, line: Row) -> Codes:
    """Return the item type of a line, and its tax where lines have tax codes."""
    kind = line["kind"]
    codes: dict[str, Code] = {"item_type": Code(id=f"item type:{kind}", name=kind)}
    if site.company.country != "US":
        codes["tax"] = _build_tax_code(row, line)
    return codes


def _compute_line_taxes(row: Row) -> list[Decimal]:
    """Return the tax of each line; together they are exactly the tax of the invoice."""
    weights = []
    for line in row["line_items"]:
        weights.append(money(line["amount"]) * _sum_tax_percentages(row, line))
    taxed_indexes = [index for index, weight in enumerate(weights) if weight]
    taxes = [ZERO] * len(weights)
    if not taxed_indexes:
        return taxes
    total = _sum_taxes(row)
    total_weight = sum(weights)
    for index in taxed_indexes:
        exact = total * weights[index] / total_weight if total_weight else weights[index] / 100
        taxes[index] = round_amount(exact, row["currency"])
    rest = total - sum(taxes)
    last = taxed_indexes[-1]
    taxes[last] += rest
    return taxes


def _sum_tax_percentages(row: Row, line: Row) -> Decimal:
    """Return the sum of the percentages of the taxes of a line."""
    rate = ZERO
    if line["taxed"]:
        rate += money(row["tax"] or 0)
    if line["taxed2"]:
        rate += money(row["tax2"] or 0)
    return rate


def _build_tax_code(row: Row, line: Row) -> Code:
    """Return the tax of a line as a code; Harvest has percentages and no names."""
    rate = _format_percentage(_sum_tax_percentages(row, line))
    return Code(id=f"tax:{rate}", name=rate)


def _format_percentage(rate: Decimal) -> str:
    """Return a percentage as people write it."""
    return f"{rate.normalize():f} %"


def _sum_taxes(row: Row) -> Decimal:
    """Return the sum of both taxes of an invoice."""
    tax = money(row["tax_amount"] or 0)
    tax2 = money(row["tax2_amount"] or 0)
    return tax + tax2


def _collect_facts(row: Row) -> dict[str, str]:
    """Return the details of an invoice that QuickBooks has no field for."""
    retainer = row["retainer"]
    facts = {
        "Status in Harvest": row["state"],
        "Purchase order": row["purchase_order"],
        "Retainer": str(retainer.get("id", "")) if retainer else None,
    }
    return {label: text for label, text in facts.items() if text}


def _build_line_facts(line: Row) -> dict[str, str]:
    """Return the project of a line, if it has one."""
    project = line["project"]
    if not project:
        return {}
    return {"Project": project["name"]}
