"""Compare the lines that we post with those of a transaction in QuickBooks."""

from collections.abc import Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from itertools import zip_longest

from hub.qbo import display
from hub.translations.messages import gettext, gettext_noop

LINE_LABELS = {
    "posts_to": gettext_noop("Posts to"),
    "description": gettext_noop("Description"),
    "tags": gettext_noop("Class, customer and tax"),
    "quantity": gettext_noop("Quantity"),
    "price": gettext_noop("Price"),
    "amount": gettext_noop("Amount"),
}


@dataclass(frozen=True)
class ComparedLines:
    """A line as we post it beside one of QuickBooks; None where one side has no such line."""

    ours: display.TransactionLineView | None
    present: display.TransactionLineView | None

    @property
    def differs(self) -> bool:
        """Return whether the two sides differ in what they post."""
        return self.ours != self.present

    @property
    def difference(self) -> str:
        """Return the difference in words."""
        if self.present is None:
            return gettext("Not in QuickBooks")
        if self.ours is None:
            return gettext("Only in QuickBooks")
        return ", ".join(gettext(LINE_LABELS[name]) for name in self.differing_fields)

    @property
    def differing_fields(self) -> list[str]:
        """Return the fields in which the two lines differ; all where one side has no such line."""
        return [
            name
            for name in LINE_LABELS
            if getattr(self.ours, name, None) != getattr(self.present, name, None)
        ]


def align(
    ours: Sequence[display.TransactionLineView], theirs: Sequence[display.TransactionLineView]
) -> list[ComparedLines]:
    """Put equal lines of two transactions beside each other, and those between them in order."""
    pairs: list[ComparedLines] = []
    matcher = SequenceMatcher(None, ours, theirs, autojunk=False)
    for _, start, end, other_start, other_end in matcher.get_opcodes():
        beside = zip_longest(ours[start:end], theirs[other_start:other_end])
        pairs += [ComparedLines(our_line, their_line) for our_line, their_line in beside]
    return pairs
