"""Summarize transactions and list entries, from sent bodies and from responses, to compare them."""

from decimal import Decimal
from typing import Any

from hub.contract.document_kinds import PAYMENT_KINDS
from hub.models.transaction_summary import CLOSED_STATUS, LineSummary, TransactionSummary
from hub.money import ZERO, sum_amounts
from hub.payloads.entities import DOCUMENT_ENTITIES, get_amount_sign, read_ref_id

NOT_COUNTED = ("SubTotalLineDetail", "DescriptionOnly")
DISCOUNT_DETAIL = "DiscountLineDetail"
LINE_REFERENCES = frozenset(
    ("AccountRef", "ClassRef", "CustomerRef", "DiscountAccountRef", "ItemRef", "TaxCodeRef")
)
PARTY_FIELDS = ("VendorRef", "CustomerRef", "EntityRef")
PAID_FROM = (("CheckPayment", "BankAccountRef"), ("CreditCardPayment", "CCAccountRef"))
AMOUNT_DECIMALS = 6  # of the amounts in the database
# Raised for a value from QuickBooks that cannot be read.
UNREADABLE_ERRORS = (ArithmeticError, AttributeError, LookupError, TypeError, ValueError)
UNREADABLE = TransactionSummary()  # in place of a value from QuickBooks that cannot be read


def summarize(kind: str, entity: dict[str, Any], home_currency: str = "") -> TransactionSummary:
    """Return the summary of a transaction or list entry, from a sent body or from a response."""
    if kind not in DOCUMENT_ENTITIES:
        return _summarize_entry(entity)
    sign = get_amount_sign(entity)
    lines = summarize_lines(entity)
    if kind in PAYMENT_KINDS:
        lines.sort(key=lambda line: (line.linked_type, line.linked))
    return TransactionSummary(
        party=_get_party_id(entity),
        number=_get_text(entity, "DocNumber") or _get_text(entity, "PaymentRefNum"),
        date=_get_day(entity, "TxnDate"),
        currency=read_ref_id(entity, "CurrencyRef") or home_currency,
        location=read_ref_id(entity, "DepartmentRef"),
        memo=_get_text(entity, "PrivateNote"),
        total=_get_signed_total(entity, sign),
        tax=_get_signed_tax(entity, sign),
        term=read_ref_id(entity, "SalesTermRef"),
        payable_account=read_ref_id(entity, "APAccountRef"),
        deposit_account=read_ref_id(entity, "DepositToAccountRef"),
        payment_account=read_ref_id(entity, "AccountRef") or get_payment_account(entity),
        payment_method=read_ref_id(entity, "PaymentMethodRef"),
        class_=read_ref_id(entity, "ClassRef"),
        due=_get_day(entity, "DueDate"),
        status=_get_order_status(entity),
        payee=_get_payee_type(entity),
        is_untaxed=entity.get("GlobalTaxCalculation") == "NotApplicable",
        lines=tuple(lines),
        exchange_rate=_get_exchange_rate(entity),
    )


def summarize_written(
    kind: str, answer: dict[str, Any], sent_summary: TransactionSummary, home_currency: str = ""
) -> TransactionSummary:
    """Return the summary of QuickBooks' answer to a write, to find what people changed since.

    An exchange rate that was not sent is QuickBooks' own, which people may correct.
    """
    summary = summarize(kind, answer, home_currency)
    if sent_summary.exchange_rate is None:
        return summary._replace(exchange_rate=None)
    return summary


def compute_expected_total(body: dict[str, Any]) -> Decimal | None:
    """Return the total of a body with its stated tax; None if QuickBooks computes the tax."""
    if "TotalAmt" in body:
        return Decimal(str(body["TotalAmt"]))
    if "Line" not in body:
        return None
    is_inclusive = body.get("GlobalTaxCalculation") == "TaxInclusive"
    if not has_open_tax(body):
        return compute_net_total(body) + _get_tax(body)
    if is_inclusive and not _has_discount(body):
        return compute_gross_total(body)
    return None


def _has_discount(body: dict[str, Any]) -> bool:
    """Return whether a body has a discount on the whole transaction, whose amount has no tax."""
    return any(line.get("DetailType") == DISCOUNT_DETAIL for line in list_counted_lines(body))


def compute_gross_total(body: dict[str, Any]) -> Decimal:
    """Return the sum of the lines of a body, with the tax that their amounts contain."""
    lines = list_counted_lines(body)
    return sum_amounts(_get_line_sign(line) * _get_gross_amount(line) for line in lines)


def compute_net_total(body: dict[str, Any]) -> Decimal:
    """Return the sum of the lines of a body, without tax that is not in their amounts."""
    lines = list_counted_lines(body)
    return sum_amounts(_get_line_sign(line) * _get_own_amount(line) for line in lines)


def has_open_tax(body: dict[str, Any]) -> bool:
    """Return whether a body leaves the tax to QuickBooks."""
    tax_detail = body.get("TxnTaxDetail") or {}
    if "TotalTax" in tax_detail:
        return False
    calculation = body.get("GlobalTaxCalculation")
    if calculation:
        return bool(calculation != "NotApplicable")
    return is_taxable(body)


def has_tax(entity: dict[str, Any]) -> bool:
    """Return whether a transaction has a tax, of zero or more, for a rate."""
    tax_detail = entity.get("TxnTaxDetail") or {}
    return bool(tax_detail.get("TaxLine")) or bool(_get_tax(entity))


def is_taxable(body: dict[str, Any]) -> bool:
    """Return whether a line has the tax code of taxable lines in the United States."""
    lines = body.get("Line") or ()
    return any(read_ref_id(_get_line_detail(line), "TaxCodeRef") == "TAX" for line in lines)


def list_counted_lines(entity: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the lines that have an amount of their own."""
    counted_lines = []
    for line in entity.get("Line") or ():
        if line.get("DetailType") not in NOT_COUNTED:
            counted_lines.append(line)
    return counted_lines


def _get_party_id(entity: dict[str, Any]) -> str:
    for name in PARTY_FIELDS:
        if entity.get(name):
            return read_ref_id(entity, name)
    return ""


def _get_signed_total(entity: dict[str, Any], sign: int) -> Decimal | None:
    """Return the total, computed for a body without one; None if QuickBooks computes it."""
    total = entity.get("TotalAmt")
    if "TotalAmt" not in entity:
        total = compute_expected_total(entity)
    if total is None:
        return None
    return _apply_sign(_parse_amount(total), sign)


def _get_signed_tax(entity: dict[str, Any], sign: int) -> Decimal | None:
    """Return the total tax; None if QuickBooks computes it."""
    if has_open_tax(entity):
        return None
    return _apply_sign(_get_tax(entity), sign)


def _get_order_status(entity: dict[str, Any]) -> str:
    """Return whether a purchase order is closed; "" for an open one and for other kinds."""
    if entity.get("POStatus") == CLOSED_STATUS:
        return CLOSED_STATUS
    return ""


def _get_payee_type(entity: dict[str, Any]) -> str:
    """Return "customer" if an expense was paid to one."""
    payee = entity.get("EntityRef") or {}
    type = _get_text(payee, "type").lower()
    return type if type == "customer" else ""


def get_payment_account(entity: dict[str, Any]) -> str:
    """Return the account that a bill payment was paid from."""
    for part, field in PAID_FROM:
        account = read_ref_id(entity.get(part) or {}, field)
        if account:
            return account
    return ""


def summarize_lines(entity: dict[str, Any]) -> list[LineSummary]:
    """Summarize the lines of a transaction that have an amount of their own.

    Intuit's schema lets each line state its amount with tax. It counts only where the amounts of
    the transaction contain tax.
    """
    sign = get_amount_sign(entity)
    is_tax_excluded = entity.get("GlobalTaxCalculation") == "TaxExcluded"
    get_amount = _get_own_amount if is_tax_excluded else _get_gross_amount
    return [_summarize_line(line, get_amount(line), sign) for line in list_counted_lines(entity)]


def _summarize_line(line: dict[str, Any], amount: Decimal, transaction_sign: int) -> LineSummary:
    """Summarize a line; its amount has the sign of the transaction, reversed for a discount."""
    detail = _get_line_detail(line)
    line_sign = _get_line_sign(line)
    linked_id, linked_type = _get_first_link(line)
    ids = dict.fromkeys(LINE_REFERENCES, "")
    for name in detail.keys() & LINE_REFERENCES:
        ids[name] = read_ref_id(detail, name)
    return LineSummary(
        amount=_apply_sign(amount, transaction_sign * line_sign),
        account=ids["AccountRef"] or ids["DiscountAccountRef"],
        item=ids["ItemRef"],
        class_=ids["ClassRef"],
        customer=ids["CustomerRef"] or _get_customer_entity(detail),
        tax_code=ids["TaxCodeRef"],
        linked=linked_id,
        linked_type=linked_type,
        is_discount=line_sign < 0,
        is_billable=detail.get("BillableStatus") == "Billable",
        is_excluded_from_billing=detail.get("BillableStatus") == "NotBillable",
    )


def _get_first_link(line: dict[str, Any]) -> tuple[str, str]:
    """Return the id and type of the first transaction that a line is linked to."""
    for link in line.get("LinkedTxn") or ():
        id = _get_text(link, "TxnId")
        if id:
            return id, _get_text(link, "TxnType")
    return "", ""


def _get_customer_entity(detail: dict[str, Any]) -> str:
    """Return the customer of a deposit line, which has no CustomerRef."""
    entity = detail.get("Entity")
    if not entity:
        return ""
    type = str(entity.get("type"))
    if type.casefold() != "customer":
        return ""
    return _get_text(entity, "value")


def _summarize_entry(entity: dict[str, Any]) -> TransactionSummary:
    """Summarize a list entry: the facts that the hub writes."""
    return TransactionSummary(
        name=_get_text(entity, "DisplayName") or _get_text(entity, "Name"),
        active=entity.get("Active", True),
        parent=read_ref_id(entity, "ParentRef"),
        income_account=read_ref_id(entity, "IncomeAccountRef"),
        expense_account=read_ref_id(entity, "ExpenseAccountRef"),
        asset_account=read_ref_id(entity, "AssetAccountRef"),
        term=read_ref_id(entity, "TermRef") or read_ref_id(entity, "SalesTermRef"),
        currency=read_ref_id(entity, "CurrencyRef"),
        type=_get_text(entity, "Type"),
        sku=_get_text(entity, "Sku"),
        description=_get_text(entity, "Description"),
        price=_format_price(entity, "UnitPrice"),
        cost=_format_price(entity, "PurchaseCost"),
        email=_get_text(entity.get("PrimaryEmailAddr") or {}, "Address"),
        phone=_get_text(entity.get("PrimaryPhone") or {}, "FreeFormNumber"),
    )


def _get_text(part: dict[str, Any], name: str) -> str:
    """Return a field as text; "" if it is missing or empty."""
    value = part.get(name)
    return str(value or "")


def _get_day(part: dict[str, Any], name: str) -> str:
    """Return a date without the time zone that may follow it; "" if it is missing or empty."""
    return _get_text(part, name)[:10]


def _get_line_detail(line: dict[str, Any]) -> dict[str, Any]:
    """Return the detail of a line, which is in a field named after its type."""
    type = line.get("DetailType")
    detail = line.get(str(type))
    if not isinstance(detail, dict):
        return {}
    return detail


def _get_gross_amount(line: dict[str, Any]) -> Decimal:
    """Return the amount of a line with tax, if it states one, else its amount.

    Where amounts do not include tax, QuickBooks may state zero.
    """
    gross = _parse_amount_or_zero(_get_line_detail(line).get("TaxInclusiveAmt"))
    return gross or _get_own_amount(line)


def _get_own_amount(line: dict[str, Any]) -> Decimal:
    """Return the amount of a line, which is without tax on sales and purchases."""
    return _parse_amount_or_zero(line.get("Amount"))


def _get_line_sign(line: dict[str, Any]) -> int:
    """Return -1 for a discount, whose amount QuickBooks writes without a sign."""
    is_discount = line.get("DetailType") == DISCOUNT_DETAIL
    return -1 if is_discount else 1


def _get_tax(entity: dict[str, Any]) -> Decimal:
    """Return the total tax of a transaction, zero if it has none."""
    tax_detail = entity.get("TxnTaxDetail") or {}
    return _parse_amount_or_zero(tax_detail.get("TotalTax"))


def _parse_amount_or_zero(value: Any) -> Decimal:
    """Return a field as an amount, zero if it is missing."""
    return _parse_amount(value or ZERO)


def _parse_amount(value: Any) -> Decimal:
    """Return an amount, rounded if it has more decimals than the database stores.

    A server that adds up binary fractions may answer 13.100000000000001 for 13.10.
    """
    amount = _parse_decimal(value)
    rounded_amount = round(amount, AMOUNT_DECIMALS)
    return amount if rounded_amount == amount else rounded_amount


def _get_exchange_rate(entity: dict[str, Any]) -> Decimal | None:
    """Return the exchange rate; None in the home currency, whose rate QuickBooks gives as 1."""
    rate = entity.get("ExchangeRate")
    if rate is None or _parse_decimal(rate) == 1:
        return None
    return _parse_decimal(rate)


def _parse_decimal(value: Any) -> Decimal:
    """Return a number exactly; a response may have integers, and a stored body texts."""
    if isinstance(value, Decimal):
        return value
    return Decimal(str(value))


def _apply_sign(number: Decimal, sign: int) -> Decimal:
    """Return an amount with the sign of its transaction; zero has none."""
    is_negative = sign < 0 and number != 0
    return -number if is_negative else number


def _format_price(entity: dict[str, Any], name: str) -> str:
    """Return a price in its shortest form; "" if the entry has none."""
    price = entity.get(name)
    if price is None:
        return ""
    number = Decimal(str(price)).normalize()
    without_negative_zero = number + ZERO
    return format(without_negative_zero, "f")
