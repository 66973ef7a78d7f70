"""One fact of a posting beside those of the transactions in QuickBooks that it is or may be."""

from dataclasses import dataclass

from hub.translations.messages import gettext, gettext_noop
from hub.web.transactions.transaction_facts import HUB_LABELS

PARTY_LABELS = (gettext_noop("Supplier"), gettext_noop("Customer"), gettext_noop("Party"))
COMPARED_LABELS = (
    *PARTY_LABELS,
    gettext_noop("Number"),
    gettext_noop("Date"),
    gettext_noop("Total"),
)
MARKER = "Marker"
STATE = "State"  # a transaction has it only if it was deleted or voided


@dataclass(frozen=True)
class TransactionFact:
    """One fact as a transaction in QuickBooks has it, and whether that differs from ours."""

    text: str
    differs: bool
    difference: str  # what differs, in words; "" if nothing does


@dataclass(frozen=True)
class ComparedFact:
    """One fact: as we post it, and as each transaction has it."""

    label: str
    ours: str
    cells: list[TransactionFact]

    @property
    def differs(self) -> bool:
        """Return whether a transaction differs from what we post."""
        return any(cell.differs for cell in self.cells)

    @property
    def is_folded(self) -> bool:
        """Return whether the page folds the row: it has no difference and is not part of the head.

        Facts that only the hub has, such as the time of creation, have no counterpart to be equal
        to. A transaction that has our marker is the one that was posted.
        """
        if self.label == MARKER and self.is_equal:
            return True
        return not self.differs and self.label not in (*HUB_LABELS, *COMPARED_LABELS)

    @property
    def is_equal(self) -> bool:
        """Return whether every transaction has the text that we post."""
        return all(cell.text == self.ours for cell in self.cells)


def compare_fact(
    label: str, our_facts: dict[str, str], columns: list[dict[str, str]], *, is_present: bool
) -> ComparedFact:
    """Compare one fact: `columns` are the facts of the transactions."""
    our_text = our_facts.get(label, "")
    is_compared = label in (*COMPARED_LABELS, STATE)
    if is_present and our_text and label not in HUB_LABELS:
        is_compared = True
    cells = []
    for facts in columns:
        text = facts.get(label, "")
        # A transaction of which the hub only knows the id has no facts.
        has_facts = bool(our_facts) and bool(facts)
        differs = is_compared and has_facts and text != our_text
        difference = _describe_difference(our_text, text) if differs else ""
        cells.append(TransactionFact(text, differs, difference))
    return ComparedFact(label, our_text, cells)


def _describe_difference(our_text: str, text: str) -> str:
    """Return how two different texts differ, in words."""
    if not text:
        return gettext("Not in QuickBooks")
    return gettext("Differs") if our_text else gettext("Only in QuickBooks")
