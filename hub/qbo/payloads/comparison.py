"""How two meanings differ, each difference a sentence."""

from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal
from functools import partial
from typing import Any

from hub.money import ZERO, shown

Named = Callable[[str, str], str]
Said = Callable[[str, Any, Any], str]
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
    named: Named = lambda fact, id: id,
) -> list[str]:
    """A sentence for each fact in which what was found is not what was meant; what was left open is no difference.

    `named` tells the name of a record by the fact that holds its id.
    """
    said = partial(_differs, what=what, named=named)
    if "lines" not in meant:
        same = str(meant.get("name", "")).casefold() == str(found.get("name", "")).casefold()
        told = [] if same else [said("name", meant.get("name"), found.get("name"))]
        return told + _facts(meant, found, ENTRY, said)
    currency = str(meant.get("currency") or found.get("currency") or "USD")
    shown_ones = [name for name in ECHOED if found.get(name)]
    told = _totals(meant, found, currency, what) + _facts(meant, found, [*HEAD, *shown_ones], said)
    return told + _lines(meant["lines"], found.get("lines") or [], currency, what, said)


def _facts(
    meant: Mapping[str, Any], found: Mapping[str, Any], names: Iterable[str], said: Said
) -> list[str]:
    wrong = [
        name for name in names if meant.get(name) != found.get(name) and _is_said(meant.get(name))
    ]
    return [said(name, meant[name], found.get(name)) for name in wrong]


def _is_said(wanted: Any) -> bool:
    """Whether it was known what to expect: not where it was still to become the id of something not posted yet."""
    return bool(wanted) and not str(wanted).startswith("@posting:")


def _totals(meant: dict[str, Any], found: dict[str, Any], currency: str, what: str) -> list[str]:
    told, tolerance = [], Decimal(meant.get("tolerance") or 0)
    for name in ("total", "tax"):
        wanted, got = meant.get(name), found.get(name)
        if wanted is not None and abs(Decimal(wanted) - Decimal(got or 0)) > tolerance:
            amounts = [shown(Decimal(side or 0), currency) for side in (got, wanted)]
            told.append(f"{what} {amounts[0]} as the {name}, where {amounts[1]} was meant.")
    return told


def _lines(
    meant: list[dict[str, Any]], found: list[dict[str, Any]], currency: str, what: str, say: Said
) -> list[str]:
    if len(meant) != len(found):
        return [f"{what} {len(found)} lines, where {len(meant)} were meant."]
    if all(line.get("linked") and not line["account"] for line in [*meant, *found]):
        meant, found = (
            sorted(side, key=lambda line: (line["linked_type"], line["linked"]))
            for side in (meant, found)
        )
    told = []
    for place, (mine, theirs) in enumerate(zip(meant, found, strict=True), start=1):
        if theirs.items() <= mine.items() and COMPARED.isdisjoint(mine.keys() - theirs.keys()):
            continue
        amounts = [Decimal(side["amount"] or ZERO) for side in (theirs, mine)]
        if amounts[0] != amounts[1]:
            texts = [shown(amount, currency) for amount in amounts]
            told.append(f"{what} {texts[0]} on line {place}, where {texts[1]} was meant.")
        told += [f"On line {place}: {said}" for said in _facts(mine, theirs, LINE, say)]
    return told


def _differs(name: str, wanted: Any, got: Any, what: str, named: Named) -> str:
    sides = [named(name, str(side)) if side else "nothing" for side in (got, wanted)]
    return f"{what} {sides[0]} as {TITLES[name]}, where {sides[1]} was meant."
