"""Build the documents of an expense: a bill and, for a receipt, also its payment."""

from hub import (
    Applied,
    Code,
    Document,
    Gone,
    Line,
    Outcome,
    Row,
    Sentence,
    Site,
    look_up,
    money,
    parse_date,
    readable,
    require_id,
    web_address,
)
from hub_costcertified import codes, names

PREFIX, PAYMENT_PREFIX = "expense:", "expense-payment:"
LIST_NAME = "expenses"
IS_PAID_BY_TYPE = {"bill": False, "receipt": True}  # by the type of an expense


def build_documents(site: Site, row: Row) -> list[Outcome]:
    """Return the bill of an expense, and for a receipt its payment.

    An expense that is a bill may have been a receipt before: its payment is then Gone. If the type
    is unknown, both are Unreadable.
    """
    id = row[names.Expense.ID]
    deleted_on = codes.parse_deletion(site, row)
    if deleted_on:
        prefixes = (PREFIX, PAYMENT_PREFIX)
        return [codes.build_gone(f"{prefix}{id}", deleted_on) for prefix in prefixes]
    return [
        readable(f"{PREFIX}{id}", _build_bill, site, row),
        readable(f"{PAYMENT_PREFIX}{id}", _build_payment_or_gone, site, row),
    ]


def _is_paid(row: Row) -> bool:
    """Return whether an expense is a receipt, which was paid; raise ValueError if it is unknown."""
    return look_up(IS_PAID_BY_TYPE, codes.get_fixed_word(row[names.Expense.TYPE]), "type")


def _build_payment_or_gone(site: Site, row: Row) -> Document | Gone:
    """Return the payment of a receipt, or the Gone of the one that a bill had as a receipt."""
    if _is_paid(row):
        return _build_payment(site, row)
    reason = Sentence("The expense is a bill in CostCertified, and not a receipt that was paid.")
    return Gone(source_id=f"{PAYMENT_PREFIX}{row[names.Expense.ID]}", reason=reason)


def _build_common_fields(site: Site, row: Row) -> Row:
    """Return the fields that the bill and its payment share."""
    is_marked = row.get(names.Expense.PUSH) in (None, True)  # true if CostCertified does not say
    is_pushed = is_marked and site.settings["expenses"]
    reason = Sentence("It is not to be pushed to QuickBooks, as CostCertified or the settings say.")
    return {
        "version": require_id(row, names.Expense.VERSION),
        "stage": "ready" if is_pushed else "pending",
        "hold": None if is_pushed else reason,
        "date": parse_date(row[names.Expense.DATE]),
        "url": web_address(row.get(names.Expense.WEB_URL)),
        "number": row.get(names.Expense.NUMBER),
        "currency": row.get(names.Expense.CURRENCY),
        "total": money(row[names.Expense.TOTAL]),
    }


def _build_bill(site: Site, row: Row) -> Document:
    """Return the bill of an expense."""
    _is_paid(row)  # raises ValueError for an unknown type, which may be no bill
    lines = row[names.Expense.LINES]
    project = row.get(names.Expense.PROJECT)
    return Document(
        kind="bill",
        source_id=f"{PREFIX}{row[names.Expense.ID]}",
        due=parse_date(row.get(names.Expense.DUE_DATE)),
        memo=f"Project: {project[names.Project.NAME]}" if project else None,
        codes={
            "vendor": codes.build_vendor_code(row.get(names.Expense.VENDOR)),
            "payable_account": site.settings["payable_account"],
        },
        lines=tuple(_build_line(site, line) for line in lines),
        tax_total=codes.sum_amounts(line.get(names.Line.TAX) or 0 for line in lines),
        **_build_common_fields(site, row),
    )


def _build_line(site: Site, line: Row) -> Line:
    """Return a line of the bill with the account of its category."""
    category = line.get(names.Line.CATEGORY)
    account = Code(id=category, number=category, name=category) if category else None
    return Line(
        id=str(line[names.Line.ID]),
        amount=money(line[names.Line.AMOUNT]),
        tax=money(line.get(names.Line.TAX) or 0),
        description=line.get(names.Line.DESCRIPTION),
        codes={
            "category": account,
            **codes.build_tax_code(site, line.get(names.Line.TAX_NAME)),
        },
    )


def _build_payment(site: Site, row: Row) -> Document:
    """Return the payment of a receipt, applied to its bill."""
    id = row[names.Expense.ID]
    bill = Applied(document=f"{PREFIX}{id}")
    line = Line(id="1", amount=money(row[names.Expense.TOTAL]), applied=bill)
    return Document(
        kind="bill_payment",
        source_id=f"{PAYMENT_PREFIX}{id}",
        codes={
            "vendor": codes.build_vendor_code(row.get(names.Expense.VENDOR)),
            "payment_account": site.settings["paid_from"],
        },
        lines=(line,),
        **_build_common_fields(site, row),
    )
