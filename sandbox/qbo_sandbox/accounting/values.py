"""Money, numbers and moments as QuickBooks writes them, and the JSON text made of them."""

import calendar
import datetime as dt
import re
import zoneinfo
from collections.abc import Callable, Sequence
from decimal import ROUND_HALF_UP, Decimal
from functools import lru_cache
from json import JSONDecoder, detect_encoding
from json.encoder import encode_basestring as quoted
from typing import Any

from qbo_sandbox.kit.json_object import JsonObject

DATE_PATTERN = re.compile(r"\d{4}-\d\d-\d\d")
CENT = Decimal("0.01")
ZERO, ONE = Decimal(0), Decimal(1)


def round_money(value: Any) -> Decimal:
    """Return an amount with two decimals; halves are rounded away from zero."""
    exact = Decimal(value)
    return exact.quantize(CENT, ROUND_HALF_UP)


def drop_trailing_zeros(value: Any) -> Decimal:
    """Return a price or quantity without needless zeros."""
    plain = Decimal(value).normalize()
    exponent = plain.as_tuple().exponent
    if exponent > 0:  # type: ignore[operator]
        return plain.quantize(ONE)
    return plain


def dump(value: Any) -> str:
    """Return JSON; a Decimal keeps its decimals, but zero is 0; keys without value are left out."""
    return _WRITERS.get(type(value), str)(value)


def _dump_object(value: JsonObject) -> str:
    """Return an object as JSON, without the keys that have no value."""
    writer = _WRITERS.get
    parts = [
        f'"{key}":{writer(type(item), str)(item)}'
        for key, item in value.items()
        if item is not None
    ]
    return "{" + ",".join(parts) + "}"


def _dump_list(value: Sequence[Any]) -> str:
    """Return a list or tuple as JSON."""
    return "[" + ",".join([dump(item) for item in value]) + "]"


_WRITERS: dict[type, Callable[[Any], str]] = {
    str: quoted,
    dict: _dump_object,
    list: _dump_list,
    tuple: _dump_list,
    bool: lambda value: "true" if value else "false",
    Decimal: lambda value: format(value, "f") if value else "0",
    type(None): lambda value: "null",
}
_read = JSONDecoder(parse_float=Decimal).decode


def load(text: str | bytes) -> Any:
    """Parse JSON, fractions as Decimal; raise ValueError if it is invalid or nested too deeply."""
    if isinstance(text, bytes):
        encoding = detect_encoding(text)
        text = text.decode(encoding, "surrogatepass")
    try:
        return _read(text)
    except RecursionError as error:
        raise ValueError(str(error)) from None


@lru_cache(maxsize=4096)
def format_time(seconds: int, zone: str) -> str:
    """Format a time within an object: whole seconds with the company's offset."""
    tzinfo = zoneinfo.ZoneInfo(zone)
    moment = dt.datetime.fromtimestamp(seconds, tzinfo)
    return moment.isoformat(timespec="seconds")


def format_envelope_time(now: float, zone: str) -> str:
    """Format the time of an answer: with milliseconds."""
    text = format_time(int(now), zone)
    local_time = text[:19]
    offset = text[19:]
    milliseconds = int(now * 1000) % 1000
    return f"{local_time}.{milliseconds:03d}{offset}"


@lru_cache(maxsize=4096)
def parse_seconds(text: str, zone: str) -> float:
    """Parse a time; one without an offset is in the company's zone. Raise ValueError if invalid."""
    text = text.strip()
    if "T" in text:
        text = text.replace(" ", "+")  # a plus sign that an address did not escape
    moment = dt.datetime.fromisoformat(text)
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=zoneinfo.ZoneInfo(zone))
    return moment.timestamp()


def today(now: float, zone: str) -> str:
    """Return the date of a moment in a zone."""
    return format_time(int(now), zone)[:10]


def add_days(date: str, days: int) -> str:
    """Return the date some days later."""
    first = dt.date.fromisoformat(date[:10])
    later = first + dt.timedelta(days=days)
    return later.isoformat()


def find_day_of_month(date: str, day: int, margin: int) -> str:
    """Return the next such day of a month that is at least `margin` days away."""
    earliest = dt.date.fromisoformat(add_days(date, margin))
    year = earliest.year
    month = earliest.month
    if earliest.day > _limit_to_month(year, month, day):
        month += 1
        if month > 12:
            year += 1
            month = 1
    next_date = dt.date(year, month, _limit_to_month(year, month, day))
    return next_date.isoformat()


def _limit_to_month(year: int, month: int, day: int) -> int:
    """Return a day of a month, or the last one of a month that is shorter."""
    _, days_in_month = calendar.monthrange(year, month)
    return min(day, days_in_month)


def is_date(text: object) -> bool:
    """Return whether a value is a text that begins with a date such as 2026-03-02."""
    if not isinstance(text, str) or DATE_PATTERN.match(text) is None:
        return False
    try:
        dt.date.fromisoformat(text[:10])
    except ValueError:
        return False
    return True
