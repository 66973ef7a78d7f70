"""What the builders share: references, the note with its marker, and what is dropped or said on the way."""

import datetime as dt
import re
from collections.abc import Iterable
from decimal import Decimal
from typing import Any, TypeVar

from hub.contract.documents import Document, Role
from hub.errors import BadDocument
from hub.mapping.mapped import Mapped, MappedLine, Ref
from hub.money import ZERO, precision, to_cents
from hub.qbo.company_facts import CompanyFacts

T = TypeVar("T")
LONGEST_NUMBER, LONGEST_NOTE, LONGEST_MESSAGE = 21, 4000, 1000
KEPT_DECIMALS = 2  # of an amount, whatever the currency
BREAKS = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f]")


class PayloadBuilder:
    """One document on its way to a body; collects warnings, problems and what goes into the note."""

    def __init__(self, mapped: Mapped, facts: CompanyFacts, marker: str) -> None:
        self.mapped, self.facts, self.marker = mapped, facts, marker
        self.warnings: list[str] = []
        self.problems: list[str] = []
        self.remarks: list[str] = []

    @property
    def document(self) -> Document:
        return self.mapped.document

    @property
    def currency(self) -> str:
        """The document's currency, or the company's own."""
        return self.document.currency or self.facts.currency

    def cents(self, amount: Decimal) -> Decimal:
        """An amount in the decimals of its currency; those that QuickBooks cannot keep are told."""
        exact = to_cents(amount, self.currency)
        if precision(self.currency) <= KEPT_DECIMALS:
            return exact
        kept = exact.quantize(Decimal(1).scaleb(-KEPT_DECIMALS))
        if abs(kept - exact) > self.document.tolerance:
            self.problems.append(
                f"QuickBooks keeps two decimals of an amount, so {exact} {self.currency} cannot be posted as it is."
                " Round it at the source."
            )
        return kept

    def header(self, role: Role) -> dict[str, str] | None:
        """The reference of a role at the document's head."""
        return reference(self.mapped.header.get(role))

    def on_line(self, line: MappedLine, role: Role) -> dict[str, str] | None:
        """The reference of a role on a line."""
        return reference(line.refs.get(role))

    def location(self) -> dict[str, str] | None:
        """The location, unless the company has switched locations off."""
        return self._if_on(self.mapped.header.get("location"), self.facts.locations, "Locations")

    def line_class(self, line: MappedLine) -> dict[str, str] | None:
        """The class of a line, unless the company has switched classes off."""
        on = self.facts.class_per_line or self.facts.class_per_document
        return self._if_on(line.refs.get("class"), on, "Classes")

    def one_class(self) -> dict[str, str] | None:
        """The class of the whole transaction, in a company that gives each only one."""
        if self.facts.class_per_line or not self.facts.class_per_document:
            return None
        found = self._classes()
        if len(found) > 1:
            names = ", ".join(sorted(ref.name for ref in found.values()))
            self.problems.append(
                f"Its lines have different classes ({names}), but this company gives a transaction one class. Switch"
                " on a class for each row in QuickBooks, or correct it at the source."
            )
        return reference(next(iter(found.values()), None))

    def shared_class(self) -> dict[str, str] | None:
        """The class that all lines have, for a kind with room on the lines and at the head."""
        found = self._classes()
        return (
            reference(next(iter(found.values())))
            if self.facts.class_per_document and len(found) == 1
            else None
        )

    def _classes(self) -> dict[str, Ref]:
        return {ref.id: ref for line in self.mapped.lines if (ref := line.refs.get("class"))}

    def _if_on(self, ref: Ref | None, on: bool, what: str) -> dict[str, str] | None:
        if ref is None or on:
            return reference(ref)
        self.warnings.append(
            f"{what} are switched off in QuickBooks, so it is posted without {ref.name}."
        )
        self.remarks.append(f"{what[:-2] if what == 'Classes' else what[:-1]}: {ref.name}")
        return None

    def number(self) -> str | None:
        """The number as far as QuickBooks takes it; the full one then stands in the note."""
        number = (self.document.number or "").strip()
        if len(number) > LONGEST_NUMBER:
            self.remarks.insert(0, f"Number: {number}")
            self.warnings.append(
                f"QuickBooks takes {LONGEST_NUMBER} characters of a number; the full one, {number}, stands in the memo."
            )
        return number[:LONGEST_NUMBER].strip() or None

    def message(self, longest: int = LONGEST_MESSAGE) -> str | None:
        """What the other side is told; what does not fit stands in the note."""
        text = clean(self.document.message or "")
        if len(text) > longest:
            self.warnings.append(
                f"QuickBooks takes {longest} characters of a message; all of it stands in the memo."
            )
            self.remarks.append(text)
        return text[:longest].strip() or None

    def without(self, **found: Any) -> None:
        """Record what the document says and its kind has no place for."""
        for name, value in found.items():
            if value not in (None, ""):
                self.remarks.append(f"{name.replace('_', ' ').capitalize()}: {value}")

    def note(self) -> str:
        """What the source says and what found no other place, with the marker always whole at the end."""
        parts = (self.document.memo, *self.remarks, *self.mapped.memo_extra)
        text = "\n".join(dict.fromkeys(clean(part) for part in parts if part))
        tail = f"[hub:{self.marker}]"
        return f"{text[: LONGEST_NOTE - len(tail) - 1].rstrip()}\n{tail}".lstrip()

    def payable(self) -> dict[str, str] | None:
        """The payable account; one in another currency is left out, for QuickBooks keeps its own for each currency."""
        ref = self.mapped.header.get("payable_account")
        if ref is None or ref.currency in (None, "", self.currency) or not self.facts.multicurrency:
            return reference(ref)
        self.warnings.append(
            f"{ref.name} is kept in {ref.currency}; QuickBooks uses its account for {self.currency}."
        )
        return None

    def currency_ref(self) -> dict[str, str] | None:
        """The currency, which QuickBooks wants named once a company has several."""
        if self.facts.multicurrency:
            return {"value": self.currency}
        if self.currency != self.facts.currency:
            self.problems.append(
                f"It is in {self.currency}, but this company keeps books in {self.facts.currency} only. Switch on"
                " several currencies in QuickBooks, or correct it at the source."
            )
        return None

    def total(self, amounts: Iterable[Decimal]) -> Decimal:
        """What the document says that it comes to, else the sum of these."""
        said = self.document.total
        return sum(amounts, ZERO) if said is None else self.cents(said)


def reference(ref: Ref | None) -> dict[str, str] | None:
    """A record as QuickBooks names it."""
    return {"value": ref.id} if ref else None


def without_empty(**values: Any) -> dict[str, Any]:
    """The values that are there."""
    return {name: value for name, value in values.items() if value not in (None, "", {}, [])}


def day(date: dt.date | None) -> str | None:
    """A date as QuickBooks writes it."""
    return date.isoformat() if date else None


def clean(text: str) -> str:
    """Text without control characters."""
    return BREAKS.sub(" ", text).strip()


def required(role: Role, ref: Ref | None, builder: PayloadBuilder) -> dict[str, str] | None:
    """The reference of a role that the kind cannot do without."""
    if ref is None:
        what = role.replace("_", " ")
        builder.problems.append(
            f"It has no {what}, which QuickBooks requires. Choose one in the settings of the app."
        )
    return reference(ref)


def details_of(document: Document, kind: type[T]) -> T:
    """What a list entry is made from."""
    if not isinstance(document.details, kind):
        raise BadDocument(f"{document.source_id} is a {document.kind} without its details.")
    return document.details
