"""One fact of a posting beside those of the transactions in QuickBooks that it is or may be."""

from dataclasses import dataclass

from hub.translations.messages import gettext, gettext_noop
from hub.web.transaction_facts import HUB_LABELS

PARTY_LABELS = (gettext_noop("Supplier"), gettext_noop("Customer"), gettext_noop("Party"))
COMPARED_LABELS = (
    *PARTY_LABELS,
    gettext_noop("Number"),
    gettext_noop("Date"),
    gettext_noop("Total"),
)
STATE = "State"  # a transaction has it only if it was deleted or voided


@dataclass(frozen=True)
class ComparedFact:
    """One fact: as we post it, as each transaction has it, and whether they differ."""

    label: str
    ours: str
    texts: list[str]
    differs: bool

    @property
    def is_folded(self) -> bool:
        """Return whether the page folds the row: no known difference, and none of the head.

        What only the hub knows of a transaction, such as its mark, has nothing to be equal to.
        """
        return not self.differs and self.label not in (*HUB_LABELS, *COMPARED_LABELS)

    @property
    def is_equal(self) -> bool:
        """Return whether every transaction has the text that we post."""
        return all(text == self.ours for text in self.texts)

    @property
    def difference(self) -> str:
        """Return what differs, in words; of several transactions the cells are marked only."""
        if not self.differs or len(self.texts) != 1:
            return ""
        if not self.texts[0]:
            return gettext("Not in QuickBooks")
        return gettext("Differs") if self.ours else gettext("Only in QuickBooks")


def compare_fact(
    label: str, our_facts: dict[str, str], columns: list[dict[str, str]], is_present: bool
) -> ComparedFact:
    """Compare one fact: `columns` are the facts of the transactions."""
    our_text = our_facts.get(label, "")
    is_compared = label in (*COMPARED_LABELS, STATE)
    if is_present and our_text and label not in HUB_LABELS:
        is_compared = True
    differs = bool(our_facts) and is_compared and _has_other_text(label, our_text, columns)
    texts = [facts.get(label, "") for facts in columns]
    return ComparedFact(label, our_text, texts, differs)


def _has_other_text(label: str, our_text: str, columns: list[dict[str, str]]) -> bool:
    """Return whether a transaction whose facts are known has another text for one of them.

    A transaction of which the hub only knows the id has no facts.
    """
    return any(facts and facts.get(label, "") != our_text for facts in columns)
