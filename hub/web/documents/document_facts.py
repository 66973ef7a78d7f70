"""The facts of a document at its source, line by line beside those that are posted."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from hub.contract.types import Field
from hub.models import SourceDocument
from hub.qbo.display import TransactionView
from hub.web.frame.source_view import ROLE_LABELS, View, format_fact, format_money

TOTAL = "Total"
TAX = "Tax"
# The labels that facts of a source have in QuickBooks, where these are others.
POSTED_LABELS = {"Tax total": TAX, "Tax mode": "Amounts"}
# Facts that the hub posts as they are; names of records may differ rightly.
COMPARED_LABELS = ("Number", "Date", "Due", TAX, TOTAL)
HIDDEN_LABEL = "Memo"  # has the marker; the memo of the source is among its facts


@dataclass(frozen=True)
class SideFact:
    """A fact of one side, and whether the other side has another value for it."""

    label: str
    text: str
    differs: bool = False


@dataclass(frozen=True)
class BothSides:
    """The facts of both sides; those that both have come first, in the same order."""

    source: list[SideFact]
    posted: list[SideFact]


def pair_facts(
    document: SourceDocument, source: View, view: TransactionView | None, fields: Iterable[Field]
) -> BothSides:
    """Order the facts of a document and of its posting, so that equal labels share a line."""
    ours = _list_source_facts(document, source)
    if view is None:
        return BothSides([SideFact(label, text) for label, text in ours], [])
    labels = POSTED_LABELS | _load_labels_of_roles(fields)
    their_side = [
        SideFact(label, text) for label, text in _list_posted_facts(view, document.known_currency)
    ]
    our_side = [SideFact(label, text) for label, text in ours]
    pairs = []
    for theirs in list(their_side):
        our_fact = _find(our_side, theirs.label, labels)
        if our_fact is not None:
            our_side.remove(our_fact)
            their_side.remove(theirs)
            differs = theirs.label in COMPARED_LABELS and our_fact.text != theirs.text
            pairs.append((replace(our_fact, differs=differs), replace(theirs, differs=differs)))
    return BothSides(
        source=[our_fact for our_fact, _ in pairs] + our_side,
        posted=[theirs for _, theirs in pairs] + their_side,
    )


def _load_labels_of_roles(fields: Iterable[Field]) -> dict[str, str]:
    """Return the labels in QuickBooks of the codes of an app, by the labels of the app."""
    return {field.label: ROLE_LABELS.get(field.role, field.label) for field in fields}


def _find(facts: Iterable[SideFact], label: str, labels: Mapping[str, str]) -> SideFact | None:
    """Return the first fact of the source that QuickBooks has under this label."""
    for fact in facts:
        if labels.get(fact.label, fact.label) == label:
            return fact
    return None


def _list_source_facts(document: SourceDocument, source: View) -> list[tuple[str, str]]:
    """Return the facts and the codes of the source; sums of money have their currency."""
    facts = []
    for label, text in [*source.facts, *source.codes]:
        if label in (TOTAL, "Tax total") and text:
            text = f"{text} {document.known_currency}"
        facts.append((label, str(text)))
    return facts


def _list_posted_facts(view: TransactionView, document_currency: str) -> list[tuple[str, str]]:
    """Return labels and texts of the posted fields, as a person reads them.

    They are facts, addresses, tax and total. The payloads of a company with only one currency
    contain no currency.
    """
    currency = view.currency or document_currency
    facts = [
        (label, format_fact(text, label)) for label, text in view.facts if label != HIDDEN_LABEL
    ]
    facts += view.addresses
    if view.tax:
        facts.append((TAX, format_money(view.tax, currency)))
    if view.total is not None:
        facts.append((TOTAL, format_money(view.total, currency)))
    return facts
