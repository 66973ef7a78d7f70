"""Parse amounts, dates and tax rates as people write them in the cells of a table."""

import datetime as dt
import re
from collections.abc import Iterable
from contextlib import suppress
from decimal import Decimal

from hub import Sentence
from hub_files.tables import Cell, format_cell

DATE = re.compile(r"(\d{1,4})[./\- ]+(\d{1,2})[./\- ]+(\d{1,4})(?:[T ].*)?")
# A time in UTC, as programs write it: 2026-03-31T11:30:00Z and 2026-03-31 11:30:00 UTC.
UTC_TIME = re.compile(r"((?:19|20)\d\d-\d\d-\d\d[T ]\d\d:\d\d[\d:.]*) ?(?:Z|UTC|GMT|[+\-]00:?00)")
NUMBER = re.compile(r"\d*(?:\.\d+)?")
RATE = re.compile(r"(\d+(?:[.,]\d+)?) *%?")
# The symbol or name of a currency on either side of an amount: "$", "kr." or "NOK". "CR" and "DR"
# are none, because they say on which side the amount is booked. No part gives back what it has
# read (++ and *+): to divide many spaces among the parts in all ways would take hours.
CURRENCY_MARK = r"(?:(?!(?i:[CD]R)\b)[^\W\d_]++\.?|[^\w\s.,:%()+\-])?"
AMOUNT = re.compile(
    rf"{CURRENCY_MARK}\s*+([(+\-]?)\s*+{CURRENCY_MARK}\s*+(\d[\d.,'’\s]*+|[.,]\d++)"
    rf"\s*+{CURRENCY_MARK}\s*+([)\-]?)\s*+{CURRENCY_MARK}"
)
NO_CENTS_SUFFIX = re.compile(r"[.,:]\s*-$")  # in "100,-" and "100:-", which are not negative
# The characters that programs write as a minus sign.
DASHES = dict.fromkeys(map(ord, "\u2010\u2011\u2012\u2013\u2014\u2212\ufe63\uff0d"), "-")
# None separates thousands after a zero alone: 0.125 is an eighth, whatever the decimal mark is.
THOUSANDS_SEPARATORS = {
    ".": re.compile(r"(?<=\d)(?<!^0)[,'’\s](?=\d{3}(?!\d))"),
    ",": re.compile(r"(?<=\d)(?<!^0)[.'’\s](?=\d{3}(?!\d))"),
}
CENTS_AT_END = re.compile(r"\d([.,])\d{1,2}(?!\d)[^.,\d]*$")
# 12.500 is twelve and a half, or twelve thousand and five hundred.
AMBIGUOUS_POINT = re.compile(r"\d\.\d{3}(?!\d)")
# What a spreadsheet program shows in place of the result of a formula that failed, in the language
# of the program: "#REF!", "#DIV/0!", "#NAME?", "#N/A", and "#I/T" in Norwegian.
FORMULA_ERROR = re.compile(r"#(?:N/A|I/T|NV|[^\W\d_]+(?:/0)?[!?])")
MIN_YEAR, MAX_YEAR = 1990, 2100
SHORT_YEAR_LENGTH = 2  # of 26 for 2026; 0001 is a year that some programs write for none


def parse_amount(cell: Cell, decimal_mark: str) -> Decimal:
    """Return an amount; it is negative with a minus sign on either side or in brackets.

    Raise ValueError for other texts, such as "(100" and "-100-", whose signs contradict each other,
    and for 12.34 if the decimal mark is a comma.
    """
    if isinstance(cell, Decimal):
        return cell
    text = NO_CENTS_SUFFIX.sub("", format_cell(cell).translate(DASHES))
    match = AMOUNT.fullmatch(text)
    digits = _find_digits(match, decimal_mark) if match and _has_one_sign(match) else ""
    if match is None or not digits:
        text = format_cell(cell)
        if decimal_mark == ",":
            raise ValueError(
                Sentence("“%(text)s” is not an amount with a decimal comma", text=text)
            )
        raise ValueError(Sentence("“%(text)s” is not an amount with a decimal point", text=text))
    is_negative = "-" in (match[1], match[3]) or match[1] == "("
    return -Decimal(digits) if is_negative else Decimal(digits)


def _find_digits(match: re.Match[str], decimal_mark: str) -> str:
    """Return the digits of an amount with a point before its cents; "" if they are no number."""
    digits = THOUSANDS_SEPARATORS[decimal_mark].sub("", match[2].strip())
    if decimal_mark == ",":
        digits = digits.replace(".", "?").replace(",", ".")
    return digits if NUMBER.fullmatch(digits) else ""


def _has_one_sign(match: re.Match[str]) -> bool:
    """Return whether an amount has a sign on one side at most, or brackets on both."""
    before, after = match[1], match[3]
    if "(" in before or ")" in after:
        return f"{before}{after}" == "()"
    return not (before and after)


def parse_date(cell: Cell, order: str, zone: dt.tzinfo) -> dt.date:
    """Return a date that is written in the order "dmy", "mdy" or "ymd", or with the year first.

    A time after it does not change the date, unless it is one in UTC: the date is then that in the
    zone of the app. Raise ValueError for other texts.
    """
    if isinstance(cell, dt.date):
        return cell
    text = format_cell(cell)
    moment = _find_moment(text)
    if moment:
        text = moment.astimezone(zone).date().isoformat()
    match = DATE.fullmatch(text)
    if not match:
        raise ValueError(Sentence("“%(text)s” is not a date", text=text))
    if len(match[1]) == 4:
        order = "ymd"
    parts = dict(zip(order, match.groups(), strict=True))
    year = int(parts["y"])
    if len(parts["y"]) <= SHORT_YEAR_LENGTH:
        year += 2000
    if not MIN_YEAR <= year <= MAX_YEAR:
        raise ValueError(Sentence("“%(text)s” is not a date of our time", text=text))
    try:
        return dt.date(year, int(parts["m"]), int(parts["d"]))
    except ValueError:
        raise ValueError(Sentence("“%(text)s” is not a date", text=text)) from None


def _find_moment(text: str) -> dt.datetime | None:
    """Return the moment that a time in UTC is; None for midnight, which may stand for a date."""
    match = UTC_TIME.fullmatch(text)
    if match is None:
        return None
    with suppress(ValueError):  # no such day or time
        moment = dt.datetime.fromisoformat(match[1]).replace(tzinfo=dt.UTC)
        return None if moment.time() == dt.time() else moment
    return None


def format_tax_name(cell: Cell) -> str:
    """Return the name of a tax: a rate as "25 %", any other text unchanged."""
    text = format_cell(cell)
    match = RATE.fullmatch(text)
    if not match:
        return text
    return format_rate_name(Decimal(match[1].replace(",", ".")))


def format_rate_name(rate: Decimal) -> str:
    """Return the name of a tax with this percentage: "25 %"."""
    return f"{rate.normalize():f} %"


def is_formula_error(text: str) -> bool:
    """Return whether a text of a cell stands for the missing result of a formula that failed."""
    return bool(FORMULA_ERROR.fullmatch(text))


def guess_date_order(cells: Iterable[Cell]) -> str:
    """Return the likely order of day, month and year in dates; empty if it is ambiguous."""
    orders = set()
    for cell in cells:
        match = DATE.fullmatch(format_cell(cell))
        if match is None:
            continue
        if len(match[1]) == 4:
            orders.add("ymd")
        elif int(match[1]) > 12 or "." in match[0]:  # with points the day always comes first
            orders.add("dmy")
        elif int(match[2]) > 12:
            orders.add("mdy")
    return orders.pop() if len(orders) == 1 else ""


def guess_decimal_mark(cells: Iterable[Cell]) -> str:
    """Return the likely decimal mark of the amounts; empty if a point may separate thousands."""
    texts = [format_cell(cell) for cell in cells if not isinstance(cell, Decimal)]
    for text in texts:
        match = CENTS_AT_END.search(text)
        if match:
            return match[1]
    return "" if any(map(AMBIGUOUS_POINT.search, texts)) else "."
