"""Lines of what is bought: shared by bills, vendor credits, expenses and purchase orders."""

from decimal import Decimal
from typing import Any

from hub.documents import Line
from hub.mapping import MappedLine, amount
from hub.money import to_cents
from hub.qbo.payloads import taxing
from hub.qbo.payloads.work import Work, clean, given

ACCOUNT, ITEM = "AccountBasedExpenseLineDetail", "ItemBasedExpenseLineDetail"
LONGEST_DESCRIPTION = 4000


def lines(work: Work) -> list[dict[str, Any]]:
    """Every line on its account or item; QuickBooks takes no line of text alone here, so the note says it."""
    work.remarks += [mapped.line.description or "" for mapped in work.mapped.lines if amount(mapped.line) is None]
    worths = ((mapped, _worth(work, mapped)) for mapped in work.mapped.lines)
    return [_line(work, mapped, worth) for mapped, worth in worths if worth is not None]


def _line(work: Work, mapped: MappedLine, worth: Decimal) -> dict[str, Any]:
    line, text = mapped.line, clean(mapped.line.description or "")
    kind = ITEM if "item" in mapped.refs else ACCOUNT
    detail = _tags(work, mapped)
    if kind == ITEM:
        detail |= given(ItemRef=work.on_line(mapped, "item")) | _price(line, worth)
    else:
        detail |= given(AccountRef=work.on_line(mapped, "account"))
    if not mapped.refs.keys() & {"item", "account"}:
        work.problems.append(
            f"Line {line.id} has neither account nor item. Complete it at the source, or match its code."
        )
    if line.quantity is not None and "Qty" not in detail:
        text = _with_price(text, line)
    body = {"DetailType": kind, "Amount": taxing.net(work, mapped, worth), kind: detail}
    return body | given(Description=text[:LONGEST_DESCRIPTION])


def _worth(work: Work, mapped: MappedLine) -> Decimal | None:
    """What the line comes to in the currency's decimals; in the United States its tax has no other place."""
    worth = amount(mapped.line)
    if worth is None:
        return None
    if not work.facts.tax_codes and mapped.line.tax and work.document.tax_mode == "exclusive":
        worth += mapped.line.tax
        work.warnings.append("QuickBooks in the United States keeps no tax on purchases; it is part of the lines.")
    return to_cents(worth, work.currency)


def _tags(work: Work, mapped: MappedLine) -> dict[str, Any]:
    customer = work.on_line(mapped, "customer")
    billable = mapped.line.billable and customer is not None
    return given(
        ClassRef=work.line_class(mapped),
        CustomerRef=customer,
        BillableStatus="Billable" if billable else "NotBillable",
        TaxCodeRef=_code(work, mapped),
        **_gross(work, mapped),
    )


def _code(work: Work, mapped: MappedLine) -> dict[str, str] | None:
    """The tax code; none where no tax applies, nor in the United States, where QuickBooks sets it itself."""
    if not work.facts.tax_codes or work.document.tax_mode == "none":
        return None
    code = work.on_line(mapped, "tax_code")
    if code is None:
        why = f"Line {mapped.line.id} has no tax code, which QuickBooks requires here. Match its tax code."
        work.problems.append(why)
    return code


def _price(line: Line, worth: Decimal) -> dict[str, Any]:
    """Quantity and price where they come to the amount exactly; QuickBooks refuses anything else."""
    if line.quantity is None or not line.quantity:
        return {}
    price = worth / line.quantity if line.unit_price is None else line.unit_price
    if line.unit_price is None:
        price = price.quantize(Decimal("0.0000001"))
    if (line.quantity * price).quantize(Decimal("0.01"), rounding="ROUND_HALF_UP") != worth:
        return {}
    return {"Qty": line.quantity, "UnitPrice": price}


def _with_price(text: str, line: Line) -> str:
    priced = f"{line.quantity:f}" + ("" if line.unit_price is None else f" x {line.unit_price:f}")
    return f"{text} ({priced})" if text else priced


def _gross(work: Work, mapped: MappedLine) -> dict[str, Decimal]:
    worth = amount(mapped.line)
    if worth is None or not work.facts.tax_codes or work.document.tax_mode != "inclusive":
        return {}
    return {"TaxInclusiveAmt": to_cents(worth, work.currency)}
