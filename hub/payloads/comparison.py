"""Compare two summaries, with a sentence for each difference."""

from collections.abc import Callable, Iterable, Set
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from hub.errors import Sentence
from hub.models.transaction_summary import LineSummary, TransactionSummary
from hub.money import ZERO, format_amount
from hub.payloads.line_pairs import LINE_FACTS, is_alike, is_fixed, pair_lines, read_line_facts

NameOf = Callable[[str, str], str]
FIELD_NAMES = {
    "party": Sentence("the party"),
    "date": Sentence("the date"),
    "number": Sentence("the number"),
    "currency": Sentence("the currency"),
    "name": Sentence("the name"),
    "account": Sentence("the account"),
    "item": Sentence("the item"),
    "class_": Sentence("the class"),
    "customer": Sentence("the customer or project"),
    "tax_code": Sentence("the tax code"),
    "location": Sentence("the location"),
    "due": Sentence("the due date"),
    "term": Sentence("the terms"),
    "payment_account": Sentence("the payment account"),
    "deposit_account": Sentence("the deposit account"),
    "status": Sentence("the status"),
    "payable_account": Sentence("the payable account"),
    "payment_method": Sentence("the payment method"),
    "linked": Sentence("what it settles"),
    "sku": Sentence("the SKU"),
    "description": Sentence("the description"),
    "price": Sentence("the price"),
    "cost": Sentence("the cost"),
    "email": Sentence("the e-mail address"),
    "phone": Sentence("the phone number"),
    "total": Sentence("the total"),
    "tax": Sentence("the tax"),
}
NOTHING = Sentence("nothing")
NOT_BILLED = Sentence("QuickBooks does not bill it to the customer.")
HEADER_FACTS = (
    "party",
    "date",
    "number",
    "location",
    "due",
    "term",
    "payment_account",
    "deposit_account",
    "class_",
    "status",
)
# QuickBooks does not always return these. The currency is missing in Intuit's examples of companies
# with one currency.
OPTIONAL_HEADER_FACTS = ("currency", "payable_account", "payment_method")
MAX_RATE_DIFFERENCE = Decimal("0.000001")  # relative: QuickBooks may round a rate
# Each group has currencies that are worth the same by law.
CURRENCIES_AT_PAR: tuple[Set[str], ...] = (
    {"USD", "BMD", "BSD", "PAB"},
    {"GBP", "FKP", "GIP", "SHP"},
    {"ZAR", "LSL", "NAD", "SZL"},
    {"SGD", "BND"},
)
ENTRY_FACTS = ("sku", "description", "price", "cost", "email", "phone", "term")


def describe_differences(
    expected_summary: TransactionSummary,
    actual_summary: TransactionSummary,
    name_of: NameOf = lambda fact, id: id,
    *,
    compares_billing: bool = False,
) -> list[str]:
    """Return a sentence for each fact that differs from what is expected; open facts never differ.

    `name_of` returns the name of a record by the fact that holds its id. With `compares_billing`, a
    line that is not billed to the customer any more differs. This is for what QuickBooks has
    answered only: a company without billable expenses may not take what was sent.
    """
    comparison = _Comparison(expected_summary, actual_summary, name_of, compares_billing)
    if expected_summary.is_list_entry:
        return comparison.compare_list_entries()
    return comparison.compare_transactions()


def has_rate_of_one(entity: dict[str, Any]) -> bool:
    """Return whether QuickBooks shows 1 as the exchange rate of a transaction."""
    rate = entity.get("ExchangeRate")
    return rate is not None and Decimal(str(rate)) == 1


def describe_rate_of_one(currency: str, home_currency: str) -> list[str]:
    """Return a sentence about a transaction with the exchange rate 1; none if that is right.

    Without a stated rate QuickBooks either looks it up or enters 1, as users of the API found in
    2024 (https://github.com/WordPress/wordcamp.org/pull/1325).
    """
    currencies = {currency, home_currency}
    if currency in ("", home_currency) or any(currencies <= group for group in CURRENCIES_AT_PAR):
        return []
    return [
        Sentence(
            "QuickBooks has 1 as the exchange rate of %(currency)s, because the source states"
            " none.",
            currency=currency,
        )
    ]


@dataclass(frozen=True)
class _Comparison:
    """The expected summary of a transaction or list entry, and the one that QuickBooks has."""

    expected: TransactionSummary
    actual: TransactionSummary
    name_of: NameOf
    compares_billing: bool

    @property
    def currency(self) -> str:
        """Return the currency in which differences are written."""
        return self.expected.currency or self.actual.currency or "USD"

    def compare_transactions(self) -> list[str]:
        """Compare totals, header and lines."""
        facts = list(HEADER_FACTS)
        for name in OPTIONAL_HEADER_FACTS:
            if getattr(self.actual, name):
                facts.append(name)
        header = self._compare_facts(self.expected, self.actual, facts)
        return [
            *self._compare_totals(),
            *header,
            *self._compare_exchange_rate(),
            *self._compare_lines(),
        ]

    def compare_list_entries(self) -> list[str]:
        """Compare names, whose case does not count, and the facts that the hub writes."""
        ours = self.expected.name or ""
        theirs = self.actual.name or ""
        sentences = []
        if ours.casefold() != theirs.casefold():
            sentences.append(self._describe_difference("name", ours, theirs))
        sentences += self._compare_facts(self.expected, self.actual, ENTRY_FACTS)
        return sentences

    def _compare_totals(self) -> list[str]:
        """Compare total and tax, which may differ by the tolerance of the document."""
        sentences = []
        tolerance = self.expected.tolerance or ZERO
        amounts = (
            ("total", self.expected.total, self.actual.total),
            ("tax", self.expected.tax, self.actual.tax),
        )
        for name, ours, actual in amounts:
            theirs = actual or ZERO
            if ours is not None and abs(ours - theirs) > tolerance:
                sentences.append(self._describe_amount(name, ours, theirs))
        return sentences

    def _compare_exchange_rate(self) -> list[str]:
        """Compare the exchange rate if the hub sent one; otherwise it is QuickBooks' own."""
        ours = self.expected.exchange_rate
        if ours is None:
            return []
        theirs = self.actual.exchange_rate or Decimal(1)
        if abs(ours - theirs) <= ours * MAX_RATE_DIFFERENCE:
            return []
        return [
            Sentence(
                "QuickBooks has %(actual)s as the exchange rate of %(currency)s instead of"
                " %(expected)s.",
                actual=f"{theirs:f}",
                currency=self.currency,
                expected=f"{ours:f}",
            )
        ]

    def _compare_lines(self) -> list[str]:
        """Compare the lines, each with its partner."""
        expected_lines = self.expected.lines
        actual_lines = self.actual.lines
        if len(expected_lines) != len(actual_lines):
            return [
                Sentence(
                    "The number of lines in QuickBooks is %(actual)s instead of %(expected)s.",
                    actual=len(actual_lines),
                    expected=len(expected_lines),
                )
            ]
        if all(line.linked and not line.account for line in [*expected_lines, *actual_lines]):
            # For lines that only settle transactions, it matters what they settle.
            expected_lines = tuple(sorted(expected_lines, key=_link_key))
            actual_lines = tuple(sorted(actual_lines, key=_link_key))
        if not self.compares_billing and all(map(is_alike, expected_lines, actual_lines)):
            return []  # the usual case, without pairing them first

        sentences = []
        for place, partner in enumerate(pair_lines(expected_lines, actual_lines)):
            ours, theirs = expected_lines[place], actual_lines[partner]
            sentences += self._compare_pair(place + 1, ours, theirs)
        return sentences

    def _compare_pair(self, place: int, ours: LineSummary, theirs: LineSummary) -> list[str]:
        """Compare a line with its partner; `place` counts from 1."""
        sentences = []
        if ours.amount != theirs.amount:
            where = Sentence("on line %(place)s", place=place)
            sentences.append(self._format_amount_sentence(where, ours.amount, theirs.amount))
        facts = []
        if read_line_facts(ours) != read_line_facts(theirs):
            facts += self._compare_facts(ours, theirs, LINE_FACTS)
        if self.compares_billing and ours.is_billable and theirs.is_excluded_from_billing:
            facts.append(NOT_BILLED)
        for sentence in facts:
            sentences.append(
                Sentence("On line %(place)s: %(sentence)s", place=place, sentence=sentence)
            )
        return sentences

    def _compare_facts(
        self,
        expected_facts: TransactionSummary | LineSummary,
        actual_facts: TransactionSummary | LineSummary,
        names: Iterable[str],
    ) -> list[str]:
        """Return a sentence for each of these facts that differs."""
        sentences = []
        for name in names:
            ours = getattr(expected_facts, name)
            theirs = getattr(actual_facts, name)
            if ours != theirs and is_fixed(ours):
                sentences.append(self._describe_difference(name, ours, theirs))
        return sentences

    def _describe_difference(self, name: str, ours: str, theirs: str) -> str:
        """Return the sentence for a fact, with the names of the records."""
        return Sentence(
            "QuickBooks has %(actual)s as %(title)s instead of %(expected)s.",
            actual=self.name_of(name, theirs) if theirs else NOTHING,
            title=FIELD_NAMES[name],
            expected=self.name_of(name, ours) if ours else NOTHING,
        )

    def _describe_amount(self, name: str, ours: Decimal, theirs: Decimal) -> str:
        """Return the sentence for an amount of the whole transaction."""
        return Sentence(
            "QuickBooks has %(actual)s as %(title)s instead of %(expected)s.",
            actual=format_amount(theirs, self.currency),
            title=FIELD_NAMES[name],
            expected=format_amount(ours, self.currency),
        )

    def _format_amount_sentence(self, where: Sentence, ours: Decimal, theirs: Decimal) -> str:
        """Return the sentence for an amount; `where` is, for example, "on line 2"."""
        return Sentence(
            "QuickBooks has %(actual)s %(where)s instead of %(expected)s.",
            actual=format_amount(theirs, self.currency),
            where=where,
            expected=format_amount(ours, self.currency),
        )


def _link_key(line: LineSummary) -> tuple[str, str]:
    """Return the key by which lines are sorted: the transaction that they are linked to."""
    return line.linked_type, line.linked
