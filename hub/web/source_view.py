"""Show a source document and a payload as a person reads them: facts and lines."""

import datetime as dt
import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from hub.models import Posting, SourceDocument
from hub.money import precision

HIDDEN_FIELDS = (
    "lines",
    "codes",
    "attachments",
    "warnings",
    "facts",
    "details",
    "kind",
    "source_id",
    "stage",
    "version",
    "tolerance",
)
NUMBER = re.compile(r'"\\u0000([^"\\]+)\\u0000"')
DATE_PATTERN = re.compile(r"\b(\d{4}-\d\d-\d\d)(?:T(\d\d:\d\d)(?::[\d.]+)?(?:Z|[+-]\d\d:\d\d)?)?\b")
AMOUNTS = ("total", "tax_total")
DATES = ("date", "due", "received")
TAX_LABELS = {
    "exclusive": "amounts without tax",
    "inclusive": "amounts with tax",
    "none": "no tax applies",
    "computed": "QuickBooks works out the tax",
}
RecordName = Callable[
    [str, str], str
]  # field and bare id -> the name of the record that it is, "" if not known


@dataclass(frozen=True)
class View:
    """Facts by name, lines as rows of cells, and what else the document says."""

    facts: list[tuple[str, Any]]
    lines: list[dict[str, Any]]
    codes: list[tuple[str, str]]
    attachments: list[dict[str, Any]]
    warnings: list[str]


def source_view(document: SourceDocument, record_name: RecordName = lambda field, code: "") -> View:
    """Return what the source said; a bare id is replaced by the name of its record."""
    body = document.body or {}
    visible = {name: value for name, value in body.items() if name not in HIDDEN_FIELDS and value}
    facts = [
        (_label(name), _fact(name, value, document.currency)) for name, value in visible.items()
    ]
    facts += [(_label(name), dated(str(value))) for name, value in body.get("facts", {}).items()]
    lines = [
        {**line, "codes": _codes(line.get("codes", {}), record_name)}
        for line in body.get("lines", [])
    ]
    codes = _codes(body.get("codes", {}), record_name)
    return View(facts, lines, codes, body.get("attachments", []), body.get("warnings", []))


def payload_text(posting: Posting) -> str:
    """Return the exact payload, indented, its digits untouched.

    A payload that is not JSON is returned as it is.
    """
    text = bytes(posting.payload).decode("utf-8", "replace")
    try:
        indented = json.dumps(
            json.loads(text, parse_float=_mark_number), indent=2, ensure_ascii=False
        )
    except ValueError:
        return text
    return NUMBER.sub(r"\1", indented)


def _mark_number(digits: str) -> str:
    """Return a number as text that NUMBER finds again: as a float, 10.10 would become 10.1."""
    return f"\0{digits}\0"


def amount(value: Decimal | str | None, currency: str = "") -> str:
    """Format an amount with thousands separators and at least its currency's decimals."""
    if not value and value != 0:
        return ""
    number = Decimal(str(value))
    least = precision(currency) if currency else 2
    places = max(least, -int(number.normalize().as_tuple().exponent))
    return f"{number:,.{places}f}".replace("-", "\N{MINUS SIGN}")


def money(value: Decimal | None, currency: str) -> str:
    """Format an amount with its currency."""
    return "" if value is None else f"{amount(value, currency)} {currency}".strip()


def _fact(name: str, value: Any, currency: str) -> str:
    """Return the text of a simple value: an amount, a date or a label."""
    if name in AMOUNTS:
        return amount(value, currency)
    text = TAX_LABELS.get(str(value), str(value)) if name == "tax_mode" else _text(value)
    return dated(text) if name in DATES else text


def dated(text: str) -> str:
    """Return the text with its dates as a person writes them."""
    return DATE_PATTERN.sub(_date, text)


def _date(match: re.Match[str]) -> str:
    """Return a date as a person reads it, with the time that follows it."""
    try:
        day = dt.date.fromisoformat(match[1])
    except ValueError:
        return match[0]
    return f"{day:%d %b %Y}" + (f" {match[2]}" if match[2] else "")


def _codes(codes: dict[str, Any], record_name: RecordName) -> list[tuple[str, str]]:
    """Return the codes of a document as pairs of label and text."""
    return [(_label(key), _code(key, code, record_name)) for key, code in codes.items() if code]


def _code(key: str, code: Any, record_name: RecordName) -> str:
    """Return the number and name of a code, or the name of the record that it is."""
    parts = code if isinstance(code, dict) else {"id": str(code)}
    names = [str(parts[name]) for name in ("number", "name") if parts.get(name)]
    id = str(parts.get("id", ""))
    return " ".join(names) if any(name != id for name in names) else record_name(key, id) or id


def _label(name: str) -> str:
    """Return a name as a label; capitals that its plugin wrote stay."""
    text = name.replace("_", " ")
    return text[:1].upper() + text[1:]


def _text(value: Any) -> str:
    """Return a value as text, without braces and brackets."""
    if isinstance(value, dict):
        return ", ".join(f"{name}: {_text(part)}" for name, part in value.items())
    return ", ".join(map(_text, value)) if isinstance(value, list) else str(value)
