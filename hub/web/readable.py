"""A source document, a payload and a QuickBooks entity as a person reads them: facts and lines."""

import json
import re
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
AMOUNTS = ("total", "tax_total")


@dataclass(frozen=True)
class View:
    """Facts by name, lines as rows of cells, and what else the document says."""

    facts: list[tuple[str, Any]]
    lines: list[dict[str, Any]]
    codes: list[tuple[str, str]]
    attachments: list[dict[str, Any]]
    warnings: list[str]


def source_view(document: SourceDocument) -> View:
    """What the source said, in its words."""
    body = document.body or {}
    shown = {name: value for name, value in body.items() if name not in HIDDEN and value}
    facts = [(_words(name), _fact(name, value, document.currency)) for name, value in shown.items()]
    facts += [(_words(name), str(value)) for name, value in body.get("facts", {}).items()]
    lines = [{**line, "codes": _codes(line.get("codes", {}))} for line in body.get("lines", [])]
    codes = _codes(body.get("codes", {}))
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


def _fact(name: str, value: Any, currency: str) -> str:
    return amount(value, currency) if name in AMOUNTS else _text(value)


def _codes(codes: dict[str, Any]) -> list[tuple[str, str]]:
    return [(_words(key), _code(code)) for key, code in codes.items() if code]


def _code(code: Any) -> str:
    if not isinstance(code, dict):
        return str(code)
    names = [str(code[name]) for name in ("number", "name") if code.get(name)]
    return " ".join(names) or str(code.get("id", ""))


def _words(name: str) -> str:
    return name.replace("_", " ").capitalize()


def _text(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{name}: {_text(part)}" for name, part in value.items())
    return ", ".join(map(_text, value)) if isinstance(value, list) else str(value)
