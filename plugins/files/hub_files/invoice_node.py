"""Read the elements of an e-invoice; the errors name the element that is missing or wrong."""

import datetime as dt
import re
from contextlib import suppress
from decimal import Decimal
from typing import Any

from hub import Sentence

UBL = "urn:oasis:names:specification:ubl:schema:xsd"
NAMESPACES = {"cac": f"{UBL}:CommonAggregateComponents-2", "cbc": f"{UBL}:CommonBasicComponents-2"}
DATE = re.compile(r"\d{4}-\d{2}-\d{2}(?:Z|[+-]\d{2}:\d{2})?", re.ASCII)
NUMBER = re.compile(r"[+-]?(?:\d{1,20}(?:\.\d{0,20})?|\.\d{1,20})", re.ASCII)
NUMBER_LIMIT = Decimal(10) ** 12

Element = Any  # lxml brings no types


class InvoiceNode:
    """An element of an e-invoice, and the currency that its amounts must have."""

    def __init__(self, element: Element, currency: str) -> None:
        self._element = element
        self.currency = currency

    def nodes(self, path: str) -> list["InvoiceNode"]:
        """Return the elements at a path."""
        return [
            InvoiceNode(child, self.currency) for child in self._element.findall(path, NAMESPACES)
        ]

    def text(self, path: str) -> str:
        """Return the text of an element without extra spaces, empty if there is none."""
        element = self._element.find(path, NAMESPACES)
        if element is None:
            return ""
        return " ".join("".join(element.itertext()).split())  # .text would end at a comment

    def attribute(self, path: str, name: str) -> str:
        """Return an attribute of an element, empty if there is none."""
        element = self._element.find(path, NAMESPACES)
        return "" if element is None else " ".join(element.get(name, "").split())

    def require(self, path: str, name: str) -> str:
        """Return the text of a required element."""
        text = self.text(path)
        if not text:
            raise build_problem(
                Sentence("The e-invoice has no %(name)s (%(path)s)", name=name, path=path)
            )
        return text

    def decimal(self, path: str, name: str, default: Decimal | None = None) -> Decimal:
        """Return an amount or quantity; it is required unless there is a default."""
        if default is not None and not self.text(path):
            return default
        currency = self.attribute(path, "currencyID")
        if currency not in ("", self.currency):
            raise build_problem(
                Sentence(
                    "The %(name)s (%(path)s) is in %(currency)s and must be in %(expected)s",
                    name=name,
                    path=path,
                    currency=currency,
                    expected=self.currency,
                )
            )
        text = self.require(path, name)
        number = Decimal(text) if NUMBER.fullmatch(text) else NUMBER_LIMIT
        if abs(number) >= NUMBER_LIMIT:
            text = f"“{text[:50]}”"
            raise build_problem(
                Sentence(
                    "A number such as 1250.00 is expected as %(name)s (%(path)s), not %(text)s",
                    name=name,
                    path=path,
                    text=text,
                )
            )
        return number

    def percent(self, path: str) -> Decimal | None:
        """Return a percentage of VAT, None if there is none."""
        return self.decimal(path, Sentence("VAT percentage")) if self.text(path) else None


def to_date(text: str, name: str) -> dt.date:
    """Parse a date in XML, which may have a time zone; raise an error for another text."""
    if DATE.fullmatch(text):
        with suppress(ValueError):  # no such day
            return dt.date.fromisoformat(text[:10])
    raise build_problem(
        Sentence(
            "A date such as 2026-11-30 is expected as %(name)s, and it is “%(text)s”",
            name=name,
            text=text[:50],
        )
    )


def build_problem(sentence: Sentence) -> ValueError:
    """Return the error for an e-invoice that does not comply; the sentence has no full stop."""
    return ValueError(
        Sentence("%(problem)s; ask the sender for a correct e-invoice.", problem=sentence)
    )
