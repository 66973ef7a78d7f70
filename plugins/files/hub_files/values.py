"""The values in the cells of a table: amounts, dates and tax rates as people write them."""

import datetime as dt
import re
from collections.abc import Iterable
from decimal import Decimal

from hub import Sentence
from hub_files.tables import Cell, text_of

DATE = re.compile(r"(\d{1,4})[./\- ]+(\d{1,2})[./\- ]+(\d{1,4})(?:[T ].*)?")
NUMBER = re.compile(r"\d*(?:\.\d+)?")
RATE = re.compile(r"(\d+(?:[.,]\d+)?) *%?")
# The symbol or name of a currency on either side of an amount: "$", "kr." or "NOK".
UNIT = r"(?:[^\W\d_]+\.?|[^\w\s.,()+\-])?"
AMOUNT = re.compile(
    rf"{UNIT}\s*([(+\-]?)\s*{UNIT}\s*(\d[\d.,'’\s]*|[.,]\d+)\s*{UNIT}\s*([)\-]?)\s*{UNIT}"
)
NO_CENTS = re.compile(r"[.,]\s*[-\u2013]$")  # as in "100,-", which is no negative amount
THOUSANDS = {
    ".": re.compile(r"(?<=\d)[,'’\s](?=\d{3}(?!\d))"),
    ",": re.compile(r"(?<=\d)[.'’\s](?=\d{3}(?!\d))"),
}
CENTS = re.compile(r"\d([.,])\d{1,2}(?!\d)[^.,\d]*$")
MIN_YEAR, MAX_YEAR = 1990, 2100


def amount_of(cell: Cell, decimal_mark: str) -> Decimal:
    """Return an amount, which is negative with a minus sign on either side or in brackets.

    Raise ValueError if it cannot be one with this decimal mark: 12.34 where the mark is a comma.
    """
    if isinstance(cell, Decimal):
        return cell
    text = NO_CENTS.sub("", text_of(cell).replace("\u2212", "-"))
    match = AMOUNT.fullmatch(text)
    digits = ""
    if match:
        digits = THOUSANDS[decimal_mark].sub("", match[2].strip())
    if decimal_mark == ",":
        digits = digits.replace(".", "?").replace(",", ".")
    if match is None or not digits or not NUMBER.fullmatch(digits):
        text = text_of(cell)
        if decimal_mark == ",":
            raise ValueError(
                Sentence("“%(text)s” is not an amount with a decimal comma", text=text)
            )
        raise ValueError(Sentence("“%(text)s” is not an amount with a decimal point", text=text))
    is_negative = "-" in (match[1], match[3]) or match[1] == "("
    return -Decimal(digits) if is_negative else Decimal(digits)


def date_of(cell: Cell, order: str) -> dt.date:
    """Return a date, written in the order "dmy", "mdy" or "ymd", or with the year first.

    Raise ValueError if it is none.
    """
    if isinstance(cell, dt.date):
        return cell
    text = text_of(cell)
    match = DATE.fullmatch(text)
    if not match:
        raise ValueError(Sentence("“%(text)s” is not a date", text=text))
    if len(match[1]) == 4:
        order = "ymd"
    part = dict(zip(order, (int(number) for number in match.groups()), strict=True))
    year = part["y"] if part["y"] > 99 else 2000 + part["y"]
    if not MIN_YEAR <= year <= MAX_YEAR:
        raise ValueError(Sentence("“%(text)s” is not a date of our time", text=text))
    try:
        return dt.date(year, part["m"], part["d"])
    except ValueError:
        raise ValueError(Sentence("“%(text)s” is not a date", text=text)) from None


def tax_name_of(cell: Cell) -> str:
    """Return the name of a tax: a rate as "25 %", any other text unchanged."""
    text = text_of(cell)
    match = RATE.fullmatch(text)
    if not match:
        return text
    return rate_name(Decimal(match[1].replace(",", ".")))


def rate_name(rate: Decimal) -> str:
    """Return the name of a tax with this percentage: "25 %"."""
    return f"{rate.normalize():f} %"


def likely_order(cells: Iterable[Cell]) -> str:
    """Return the order in which dates are written; empty if the dates leave it open."""
    orders = set()
    for cell in cells:
        match = DATE.fullmatch(text_of(cell))
        if match is None:
            continue
        if len(match[1]) == 4:
            orders.add("ymd")
        elif int(match[1]) > 12 or "." in match[0]:  # with points the day always comes first
            orders.add("dmy")
        elif int(match[2]) > 12:
            orders.add("mdy")
    return orders.pop() if len(orders) == 1 else ""


def likely_decimal_mark(cells: Iterable[Cell]) -> str:
    """Return the decimal mark of the amounts, a point if they leave it open."""
    for cell in cells:
        match = CENTS.search(text_of(cell))
        if match and not isinstance(cell, Decimal):
            return match[1]
    return "."
