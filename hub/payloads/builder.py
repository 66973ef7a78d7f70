"""The builder of a request body: references, amounts, the memo, and what to report."""

import datetime as dt
import re
from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any, Literal, NamedTuple, TypeVar

from hub.contract.documents import Document, Role
from hub.errors import BadDocument, Sentence
from hub.mapping.mapped import MappedDocument, MappedLine, Ref
from hub.mapping.split import get_amount
from hub.money import ZERO, round_amount, sum_amounts
from hub.payloads.company_facts import CompanyFacts, describe_unused_currency
from hub.payloads.memo_lengths import KIND_WITHOUT_MEMO, MAX_MEMO_LENGTH, compute_memo_room
from hub.payloads.rounding import round_computed

T = TypeVar("T")
# How a person solves a problem in the hub: match a code, or change the settings of the app.
Solution = Literal["match", "settings"]
MAX_NUMBER_LENGTH = 21
MAX_MESSAGE_LENGTH = 1000
ACCOUNT_LABELS: dict[str, Sentence] = {
    "payment_account": Sentence("payment account"),
    "deposit_account": Sentence("deposit account"),
    "income_account": Sentence("income account"),
    "expense_account": Sentence("expense account"),
    "asset_account": Sentence("asset account"),
}
PARTY_TYPES: dict[Role, str] = {"vendor": "Vendor", "customer": "Customer"}
CURRENCY_CODE = re.compile("[A-Z]{3}")
CONTROL_CHARACTERS = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f]")


class RoundingDifference(NamedTuple):
    """The rounding difference of amounts that include tax, and the line that takes it, if any."""

    line: MappedLine | None = None
    amount: Decimal = ZERO


class PayloadBuilder:
    """Build the body of one document; its memo ends with the marker.

    It collects `warnings` to show, `problems` that forbid sending the document, and `remarks`:
    lines of the memo for what QuickBooks has no field or no room for.
    """

    def __init__(self, mapped_document: MappedDocument, facts: CompanyFacts, marker: str) -> None:
        self.mapped = mapped_document
        self.facts = facts
        self.marker = marker
        self.warnings: list[str] = []
        self.problems: list[str] = []
        # How to solve the problems that are not corrected at the source.
        self.solutions: set[Solution] = set()
        # The problem, among the others, of a currency that the company does not use.
        self.currency_problem = ""
        self.remarks: list[str] = []
        self.net_rounding: RoundingDifference | None = None  # None until it is computed
        # The tax that the amounts of discounts include, and that is taken off them in the body.
        self.tax_in_discounts = ZERO

    def report(self, problem: str, solution: Solution) -> None:
        """Report a problem that a person may also solve in the hub."""
        self.problems.append(problem)
        self.solutions.add(solution)

    @property
    def document(self) -> Document:
        """Return the document as the source has it."""
        return self.mapped.document

    @property
    def currency(self) -> str:
        """Return the currency of the document, or that of the company."""
        return self.document.currency or self.facts.currency

    def cents(self, number: Decimal) -> Decimal:
        """Round an amount to its currency; report one that QuickBooks cannot keep."""
        exact = round_amount(number, self.currency)
        rounded_amount = round_computed(exact, self.currency)
        if abs(rounded_amount - exact) > self.document.tolerance:
            self.problems.append(
                Sentence(
                    "QuickBooks keeps two decimals of an amount, so %(exact)s %(currency)s"
                    " cannot be posted as it is. Round it at the source.",
                    exact=exact,
                    currency=self.currency,
                )
            )
        return rounded_amount

    def header_reference(self, role: Role) -> dict[str, str] | None:
        """Return the reference of a role of the whole document."""
        ref = self.mapped.header.get(role)
        return as_reference(ref)

    def line_reference(self, line: MappedLine, role: Role) -> dict[str, str] | None:
        """Return the reference of a role of a line."""
        ref = line.refs.get(role)
        return as_reference(ref)

    def location(self) -> dict[str, str] | None:
        """Return the location, unless the company has switched locations off."""
        ref = self.mapped.header.get("location")
        is_enabled = self.facts.locations
        return self._build_reference_if_enabled(
            ref, is_enabled, label="Location", plural=Sentence("Locations")
        )

    def line_class(self, line: MappedLine) -> dict[str, str] | None:
        """Return the class of a line, unless the company has switched classes off."""
        ref = line.refs.get("class")
        is_enabled = self.facts.class_per_line or self.facts.class_per_document
        return self._build_reference_if_enabled(
            ref, is_enabled, label="Class", plural=Sentence("Classes")
        )

    def transaction_class(self) -> dict[str, str] | None:
        """Return the class of the transaction, if the company has one class for each."""
        if self.facts.class_per_line or not self.facts.class_per_document:
            return None
        classes = self._list_classes()
        if len(classes) > 1:
            names = ", ".join(sorted(ref.name for ref in classes))
            self.problems.append(
                Sentence(
                    "Its lines have different classes (%(names)s), but this company gives"
                    " a transaction one class. Switch on a class for each row in"
                    " QuickBooks, or correct it at the source.",
                    names=names,
                )
            )
        return as_reference(classes[0]) if classes else None

    def shared_class(self) -> dict[str, str] | None:
        """Return the class that all lines have, for kinds with classes on lines and header."""
        classes = self._list_classes()
        if not self.facts.class_per_document or len(classes) != 1:
            return None
        return as_reference(classes[0])

    def _list_classes(self) -> list[Ref]:
        """Return the different classes of the lines."""
        classes: dict[str, Ref] = {}
        for line in self.mapped.lines:
            ref = line.refs.get("class")
            if ref:
                classes[ref.id] = ref
        return list(classes.values())

    def lines_with_amount(self) -> list[tuple[MappedLine, Decimal]]:
        """Return pairs of lines and amounts; lines of text go into the memo."""
        lines = []
        for mapped_line in self.mapped.lines:
            line_amount = get_amount(mapped_line.line)
            if line_amount is None:
                self.remarks.append(mapped_line.line.description or "")
            else:
                lines.append((mapped_line, line_amount))
        return lines

    def _build_reference_if_enabled(
        self, ref: Ref | None, is_enabled: bool, label: str, plural: str
    ) -> dict[str, str] | None:
        """Return a reference; put its name into the memo if the company has switched them off."""
        if ref is None or is_enabled:
            return as_reference(ref)
        self.warnings.append(
            Sentence(
                "%(plural)s are switched off in QuickBooks, so it is posted without %(name)s.",
                plural=plural,
                name=ref.name,
            )
        )
        self.remarks.append(f"{label}: {ref.name}")
        return None

    def number(self) -> str | None:
        """Return the number; if it is cut, all of it goes into the memo."""
        number = (self.document.number or "").strip()
        if len(number) <= MAX_NUMBER_LENGTH:
            return number or None
        self.remarks.insert(0, f"Number: {number}")
        self.warnings.append(
            Sentence(
                "QuickBooks allows %(max_length)s characters in a number; the full number,"
                " %(number)s, goes into the memo.",
                max_length=MAX_NUMBER_LENGTH,
                number=number,
            )
        )
        suffix = self.mapped.number_suffix
        beginning = number.removesuffix(suffix)[: MAX_NUMBER_LENGTH - len(suffix)]
        return beginning.strip() + suffix

    def message(self, max_length: int = MAX_MESSAGE_LENGTH) -> str | None:
        """Return the message that QuickBooks prints; if it is cut, all of it goes into the memo."""
        text = clean(self.document.message or "")
        if len(text) > max_length:
            self.warnings.append(
                Sentence(
                    "QuickBooks allows %(max_length)s characters in a message; the full text"
                    " goes into the memo.",
                    max_length=max_length,
                )
            )
            self.remarks.append(text)
        return text[:max_length].strip() or None

    def fit(self, text: str, max_length: int, label: str) -> str:
        """Return a text cut to the length of its field; if it is cut, all of it goes into the memo.

        `label` names the field, as a Sentence or in the words of the source.
        """
        if len(text) <= max_length:
            return text
        if self.document.kind == KIND_WITHOUT_MEMO:
            return self.fit_without_memo(text, max_length, label)
        self.warnings.append(
            Sentence(
                "%(label)s: QuickBooks allows %(max_length)s characters; the full text goes"
                " into the memo.",
                label=label,
                max_length=max_length,
            )
        )
        self.remarks.append(f"{label}: {text}")
        return text[:max_length].rstrip()

    def fit_without_memo(self, text: str, max_length: int, label: str) -> str:
        """Return a text cut to the length of its field, for kinds that have no memo."""
        if len(text) <= max_length:
            return text
        self.warnings.append(
            Sentence(
                "%(label)s: QuickBooks allows %(max_length)s characters, so the last %(count)s"
                " are left out. Shorten it at the source.",
                label=label,
                max_length=max_length,
                count=len(text) - max_length,
            )
        )
        return text[:max_length].rstrip()

    def put_into_memo(self, **values: Any) -> None:
        """Put values of the document for which its kind has no field into the memo."""
        for name, value in values.items():
            if value not in (None, ""):
                label = name.replace("_", " ").capitalize()
                self.remarks.append(f"{label}: {value}")

    def memo(self, max_length: int = MAX_MEMO_LENGTH) -> str:
        """Return the document's memo and all remarks, with the marker always whole at the end.

        Remarks of the mapping come last. A text that occurs several times is written once.
        Call this once, after everything that adds a remark: it warns of a memo that is cut.
        """
        parts = (self.document.memo, *self.remarks, *self.mapped.remarks)
        texts = [clean(part) for part in parts if part]
        text = "\n".join(dict.fromkeys(texts))
        marker_line = f"[hub:{self.marker}]"
        room = compute_memo_room(marker_line, max_length)
        if len(text) > room:
            self.warnings.append(
                Sentence(
                    "QuickBooks allows %(max_length)s characters in a memo, so the last"
                    " %(count)s are left out. Shorten the texts of the document at the source.",
                    max_length=max_length,
                    count=len(text) - room,
                )
            )
        return f"{text[:room].rstrip()}\n{marker_line}".lstrip()

    def payable_account(self) -> dict[str, str] | None:
        """Return the payable account, unless it is in another currency.

        QuickBooks has a payable account of its own for each currency.
        """
        ref = self.mapped.header.get("payable_account")
        if ref is None or not self.facts.multicurrency:
            return as_reference(ref)
        if not ref.currency or ref.currency == self.currency:
            return as_reference(ref)
        self.warnings.append(
            Sentence(
                "%(name)s is kept in %(account_currency)s; QuickBooks uses its account for"
                " %(currency)s.",
                name=ref.name,
                account_currency=ref.currency,
                currency=self.currency,
            )
        )
        return None

    def currency_ref(self) -> dict[str, str] | None:
        """Return a reference to the currency, which companies with several currencies need."""
        if not CURRENCY_CODE.fullmatch(self.currency):
            self.problems.append(
                Sentence(
                    "Its currency is “%(currency)s”, which is not a code of three capital letters"
                    " such as EUR. Correct it at the source.",
                    currency=self.currency,
                )
            )
            return None
        if not self.facts.uses_currency(self.currency):
            self.currency_problem = describe_unused_currency(self.facts, self.currency)
            self.problems.append(self.currency_problem)
            return None
        return {"value": self.currency} if self.facts.multicurrency else None

    def exchange_rate(self) -> Decimal | None:
        """Return the exchange rate that the source states for a foreign currency.

        None leaves the rate to QuickBooks, which has one for each day. In the company's own
        currency there is none.
        """
        is_foreign = self.facts.multicurrency and self.currency != self.facts.currency
        return self.document.exchange_rate if is_foreign else None

    def total(self, amounts: Iterable[Decimal]) -> Decimal:
        """Return the total that the document states, else the sum of the amounts."""
        stated_total = self.document.total
        if stated_total is None:
            return sum_amounts(amounts)
        return self.cents(stated_total)


def as_reference(ref: Ref | None) -> dict[str, str] | None:
    """Return a reference of QuickBooks to a record; None without one."""
    if ref is None:
        return None
    return {"value": ref.id}


def build_party_reference(refs: Mapping[Role, Ref], roles: Iterable[Role]) -> dict[str, str] | None:
    """Return a reference to the first of these parties that is there, with its type.

    Fields that take a supplier as well as a customer need the type.
    """
    for role in roles:
        ref = refs.get(role)
        if ref:
            return {"value": ref.id, "type": PARTY_TYPES[role]}
    return None


def drop_empty(**values: Any) -> dict[str, Any]:
    """Return the values that are not empty; zero and False are not."""
    fields = {}
    for name, value in values.items():
        if value not in (None, "", {}, []):
            fields[name] = value
    return fields


def format_date(date: dt.date | None) -> str | None:
    """Format a date as QuickBooks writes it: 2026-07-31."""
    if date is None:
        return None
    return date.isoformat()


def clean(text: str) -> str:
    """Return text without control characters."""
    return CONTROL_CHARACTERS.sub(" ", text).strip()


def require_reference(
    role: Role, ref: Ref | None, builder: PayloadBuilder
) -> dict[str, str] | None:
    """Return the reference of a role; report a problem if there is none."""
    if ref is None:
        builder.report(
            Sentence(
                "It has no %(label)s, which QuickBooks requires. Choose one in the"
                " settings of the app.",
                label=ACCOUNT_LABELS[role],
            ),
            "settings",
        )
    return as_reference(ref)


def require_details(document: Document, kind: type[T]) -> T:
    """Return the details of a list entry; raise BadDocument if it has others."""
    details = document.details
    if not isinstance(details, kind):
        raise BadDocument(f"{document.source_id} is a {document.kind} without its details.")
    return details
