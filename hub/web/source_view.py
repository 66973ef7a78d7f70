"""A source document, a payload and a QuickBooks entity as a person reads them: facts and lines."""

import datetime as dt
import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from hub.models import Posting, SourceDocument
from hub.money import precision

HIDDEN = (
    "lines", "codes", "attachments", "warnings", "facts", "details", "kind", "source_id", "stage", "version",
    "tolerance",
)  # fmt: skip
KEPT = re.compile(r'"\\u0000([^"\\]+)\\u0000"')
DATE = re.compile(r"\b(\d{4}-\d\d-\d\d)(?:T(\d\d:\d\d)(?::[\d.]+)?(?:Z|[+-]\d\d:\d\d)?)?\b")
AMOUNTS = ("total", "tax_total")
DATES = ("date", "due", "received")
TAX = {
    "exclusive": "amounts without tax", "inclusive": "amounts with tax", "none": "no tax applies",
    "computed": "QuickBooks works out the tax",
}  # fmt: skip
Named = Callable[
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


def source_view(document: SourceDocument, named: Named = lambda field, code: "") -> View:
    """What the source said, in its words; a bare id by the name of the record that it is."""
    body = document.body or {}
    shown = {name: value for name, value in body.items() if name not in HIDDEN and value}
    facts = [(_words(name), _fact(name, value, document.currency)) for name, value in shown.items()]
    facts += [(_words(name), dated(str(value))) for name, value in body.get("facts", {}).items()]
    lines = [
        {**line, "codes": _codes(line.get("codes", {}), named)} for line in body.get("lines", [])
    ]
    codes = _codes(body.get("codes", {}), named)
    return View(facts, lines, codes, body.get("attachments", []), body.get("warnings", []))


def payload_text(posting: Posting) -> str:
    """The exact payload, indented, its digits untouched; what cannot be read as JSON as it is."""
    text = bytes(posting.payload).decode("utf-8", "replace")
    try:
        indented = json.dumps(json.loads(text, parse_float=_kept), indent=2, ensure_ascii=False)
    except ValueError:
        return text
    return KEPT.sub(r"\1", indented)


def _kept(digits: str) -> str:
    """A number as a text that KEPT finds again: as a float 10.10 would become 10.1."""
    return f"\0{digits}\0"


def amount(value: Decimal | str | None, currency: str = "") -> str:
    """An amount with thousands separated and the decimals of its currency, more where it has more."""
    if not value and value != 0:
        return ""
    number = Decimal(str(value))
    least = precision(currency) if currency else 2
    places = max(least, -int(number.normalize().as_tuple().exponent))
    return f"{number:,.{places}f}".replace("-", "\N{MINUS SIGN}")


def money(value: Decimal | None, currency: str) -> str:
    """An amount with its currency."""
    return "" if value is None else f"{amount(value, currency)} {currency}".strip()


def _fact(name: str, value: Any, currency: str) -> str:
    if name in AMOUNTS:
        return amount(value, currency)
    text = TAX.get(str(value), str(value)) if name == "tax_mode" else _text(value)
    return dated(text) if name in DATES else text


def dated(text: str) -> str:
    """A text with the dates in it as a person writes them."""
    return DATE.sub(_date, text)


def _date(found: re.Match[str]) -> str:
    try:
        day = dt.date.fromisoformat(found[1])
    except ValueError:
        return found[0]
    return f"{day:%d %b %Y}" + (f" {found[2]}" if found[2] else "")


def _codes(codes: dict[str, Any], named: Named) -> list[tuple[str, str]]:
    return [(_words(key), _code(key, code, named)) for key, code in codes.items() if code]


def _code(key: str, code: Any, named: Named) -> str:
    whole = code if isinstance(code, dict) else {"id": str(code)}
    names = [str(whole[name]) for name in ("number", "name") if whole.get(name)]
    bare = str(whole.get("id", ""))
    return " ".join(names) if any(name != bare for name in names) else named(key, bare) or bare


def _words(name: str) -> str:
    """A name as a label; what its plugin writes in capitals stays so."""
    text = name.replace("_", " ")
    return text[:1].upper() + text[1:]


def _text(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{name}: {_text(part)}" for name, part in value.items())
    return ", ".join(map(_text, value)) if isinstance(value, list) else str(value)
