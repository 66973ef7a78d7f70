"""Lines of what is sold, and the head that invoices, credit memos and refunds share."""

from collections.abc import Iterable
from decimal import Decimal
from typing import Any

from hub.mapping.mapped import MappedLine
from hub.mapping.split import amount
from hub.money import total
from hub.qbo.payloads import line_tax, pricing, sales_tax
from hub.qbo.payloads.builder import Work, clean, day, given
from hub.qbo.payloads.shared_fields import address, custom, mailing

ITEM, TEXT, DISCOUNT = "SalesItemLineDetail", "DescriptionOnly", "DiscountLineDetail"


def body(work: Work, **more: Any) -> dict[str, Any]:
    """What every sales form has; `more` is what this one has besides."""
    document = work.document
    made = given(
        CustomerRef=work.header("customer"),
        DepartmentRef=work.location(),
        ClassRef=work.one_class(),
        TxnDate=day(document.date),
        DocNumber=work.number(),
        CurrencyRef=work.currency_ref(),
        CustomerMemo=given(value=work.message()),
        ShipAddr=address(document.ship_to),
        CustomField=custom(work, work.facts.sales_fields),
        **mailing(work, "customer", "BillEmail"),
        **more,
    )
    return made | lines(work) | {"PrivateNote": work.note()}


def lines(work: Work) -> dict[str, Any]:
    """The lines in their order, what is taken off the whole behind them, and the tax."""
    goods = [mapped for mapped in work.mapped.lines if not is_discount(mapped)]
    pairs = [(mapped, _line(work, mapped)) for mapped in goods]
    off = _discount(work, [mapped for mapped in work.mapped.lines if is_discount(mapped)])
    taxed = [(mapped, line) for mapped, line in pairs if line["DetailType"] == ITEM]
    made = given(
        Line=[line for _, line in pairs] + off, ApplyTaxAfterDiscount=True if off else None
    )
    if work.facts.tax_codes:
        return made | line_tax.detail(work, taxed, whole=not off)
    return made | sales_tax.detail(work, {line[ITEM]["TaxCodeRef"]["value"] for _, line in taxed})


def is_discount(mapped: MappedLine) -> bool:
    """Whether a line takes something off the whole: less than nothing, and of no item."""
    worth = amount(mapped.line)
    return worth is not None and worth < 0 and "item" not in mapped.refs


def _line(work: Work, mapped: MappedLine) -> dict[str, Any]:
    worth = amount(mapped.line)
    if worth is None:
        text = clean(mapped.line.description or "")[: pricing.LONGEST_DESCRIPTION]
        return {"DetailType": TEXT, TEXT_DETAIL: {}} | given(Description=text)
    if "item" not in mapped.refs:
        work.problems.append(
            f"Line {mapped.line.id} has no product or service, which QuickBooks requires on what is sold. Match its"
            " code, or choose one in the settings of the app."
        )
    net = _net(work, mapped, work.cents(worth))
    detail = given(
        ItemRef=work.on_line(mapped, "item"),
        ClassRef=work.line_class(mapped) if work.one_class() is None else None,
        TaxCodeRef=_code(work, mapped),
        **line_tax.gross(work, mapped),
        **pricing.price(mapped.line, net),
    )
    made = {"DetailType": ITEM, "Amount": net, ITEM: detail}
    return made | given(Description=pricing.text(mapped.line, detail))


TEXT_DETAIL = "DescriptionLineDetail"


def _net(work: Work, mapped: MappedLine, worth: Decimal) -> Decimal:
    """The amount without tax: in the United States only that is kept on the line."""
    if (
        not work.facts.tax_codes
        and work.document.tax_mode == "inclusive"
        and mapped.line.tax is not None
    ):
        return worth - work.cents(mapped.line.tax)
    return line_tax.net(work, mapped, worth)


def _code(work: Work, mapped: MappedLine) -> dict[str, str] | None:
    return (
        line_tax.line_code(work, mapped)
        if work.facts.tax_codes
        else sales_tax.line_code(work, mapped)
    )


def _discount(work: Work, off: Iterable[MappedLine]) -> list[dict[str, Any]]:
    """One line for all that is taken off, for QuickBooks has room for one."""
    found = list(off)
    worth = -work.cents(total(amount(mapped.line) for mapped in found))
    if not found:
        return []
    accounts = {ref.id: ref for mapped in found if (ref := mapped.refs.get("account"))}
    if len(accounts) > 1:
        names = ", ".join(sorted(ref.name for ref in accounts.values()))
        work.problems.append(
            f"Its discounts have different accounts ({names}); QuickBooks has room for one."
        )
    detail = {"PercentBased": False} | given(DiscountAccountRef=work.on_line(found[0], "account"))
    said = "; ".join(filter(None, (clean(mapped.line.description or "") for mapped in found)))
    made = {"DetailType": DISCOUNT, "Amount": worth, DISCOUNT: detail}
    return [made | given(Description=said[: pricing.LONGEST_DESCRIPTION])]
