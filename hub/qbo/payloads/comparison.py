"""Compare two summaries, with a sentence for each difference."""

from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal
from functools import partial
from typing import Any

from hub.money import ZERO, format_amount

NameOf = Callable[[str, str], str]
Sentence = Callable[[str, Any, Any], str]
TITLES = {
    "party": "the party", "date": "the date", "number": "the number", "currency": "the currency", "name": "the name",
    "account": "the account", "item": "the item", "class": "the class", "customer": "the customer or project",
    "tax_code": "the tax code", "location": "the location", "due": "the due date", "term": "the terms",
    "payment_account": "the payment account", "deposit_account": "the deposit account", "status": "the status",
    "payable_account": "the payable account", "payment_method": "the payment method", "linked": "what it settles",
    "sku": "the SKU", "description": "the description",
    "price": "the price", "cost": "the cost", "email": "the e-mail address", "phone": "the phone number",
}  # fmt: skip
HEAD = (
    "party", "date", "number", "currency", "location", "due", "term", "payment_account", "deposit_account", "class",
    "status",
)  # fmt: skip
ECHOED = ("payable_account", "payment_method")  # QuickBooks does not always show them
LINE = ("account", "item", "class", "customer", "tax_code", "linked")
COMPARED = frozenset((*LINE, "amount"))
ENTRY = ("sku", "description", "price", "cost", "email", "phone", "term")


def differences(
    meant: dict[str, Any],
    found: dict[str, Any],
    what: str = "QuickBooks has",
    name_of: NameOf = lambda fact, id: id,
) -> list[str]:
    """Return a sentence for each fact that differs from what was meant; open facts never differ.

    `name_of` returns the name of a record by the fact that holds its id.
    """
    sentence = partial(_sentence, what=what, name_of=name_of)
    if "lines" not in meant:
        return _entry_differences(meant, found, sentence)
    currency = str(meant.get("currency") or found.get("currency") or "USD")
    echoed = [name for name in ECHOED if found.get(name)]
    return [
        *_totals(meant, found, currency, what),
        *_facts(meant, found, [*HEAD, *echoed], sentence),
        *_lines(meant["lines"], found.get("lines") or [], currency, what, sentence),
    ]


def _entry_differences(
    expected: dict[str, Any], actual: dict[str, Any], sentence: Sentence
) -> list[str]:
    name, actual_name = expected.get("name"), actual.get("name")
    is_same = str(expected.get("name", "")).casefold() == str(actual.get("name", "")).casefold()
    by_name = [] if is_same else [sentence("name", name, actual_name)]
    return by_name + _facts(expected, actual, ENTRY, sentence)


def _facts(
    expected: Mapping[str, Any],
    actual: Mapping[str, Any],
    names: Iterable[str],
    sentence: Sentence,
) -> list[str]:
    sentences = []
    for name in names:
        value = expected.get(name)
        if value != actual.get(name) and _is_fixed(value):
            sentences.append(sentence(name, value, actual.get(name)))
    return sentences


def _is_fixed(value: Any) -> bool:
    """Return whether a value is known; the id of something not posted yet is not."""
    return bool(value) and not str(value).startswith("@posting:")


def _totals(
    expected: dict[str, Any], actual: dict[str, Any], currency: str, what: str
) -> list[str]:
    sentences = []
    tolerance = Decimal(expected.get("tolerance") or 0)
    for name in ("total", "tax"):
        if expected.get(name) is None:
            continue
        ours, theirs = Decimal(expected[name]), Decimal(actual.get(name) or 0)
        if abs(ours - theirs) > tolerance:
            sentences.append(
                f"{what} {format_amount(theirs, currency)} as the {name}, where {format_amount(ours, currency)}"
                " was meant."
            )
    return sentences


def _lines(
    expected: list[dict[str, Any]],
    actual: list[dict[str, Any]],
    currency: str,
    what: str,
    sentence: Sentence,
) -> list[str]:
    if len(expected) != len(actual):
        return [f"{what} {len(actual)} lines, where {len(expected)} were meant."]
    if all(line.get("linked") and not line["account"] for line in [*expected, *actual]):
        # QuickBooks may return lines that only settle transactions in another order.
        expected = sorted(expected, key=_link_key)
        actual = sorted(actual, key=_link_key)
    sentences = []
    for place, (ours, theirs) in enumerate(zip(expected, actual, strict=True), start=1):
        if _is_same_line(ours, theirs):
            continue
        our_amount, their_amount = _amount(ours), _amount(theirs)
        if our_amount != their_amount:
            sentences.append(
                f"{what} {format_amount(their_amount, currency)} on line {place}, where"
                f" {format_amount(our_amount, currency)} was meant."
            )
        for text in _facts(ours, theirs, LINE, sentence):
            sentences.append(f"On line {place}: {text}")
    return sentences


def _link_key(line: Mapping[str, Any]) -> tuple[Any, Any]:
    return line["linked_type"], line["linked"]


def _is_same_line(ours: dict[str, Any], theirs: dict[str, Any]) -> bool:
    """Return whether every compared fact is the same, without looking at them one by one."""
    return theirs.items() <= ours.items() and COMPARED.isdisjoint(ours.keys() - theirs.keys())


def _amount(line: Mapping[str, Any]) -> Decimal:
    return Decimal(line["amount"] or ZERO)


def _sentence(name: str, expected: Any, actual: Any, what: str, name_of: NameOf) -> str:
    ours = name_of(name, str(expected)) if expected else "nothing"
    theirs = name_of(name, str(actual)) if actual else "nothing"
    return f"{what} {theirs} as {TITLES[name]}, where {ours} was meant."
