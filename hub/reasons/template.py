"""What the catalogue says about one code: the texts of a case, and the action that solves it."""

from dataclasses import dataclass
from enum import StrEnum
from string import Formatter

# The instruction of cases that CaseAction.SOURCE solves; it names the button of their pages.
CORRECT_AT_SOURCE = (
    "Correct it at the source; the next syncs read it again, Check again does at once."
)


class CaseAction(StrEnum):
    """What solves a case; the inbox has a label and buttons for each of these."""

    RECONNECT = "reconnect"
    CONNECTION = "connection"
    SETTINGS = "settings"
    CHOOSE = "choose"
    MATCH = "match"
    VOID = "void"
    DELETE = "delete"
    RETRY = "retry"
    OPEN_PERIOD = "open_period"
    SOURCE = "source"
    EITHER = "either"
    DIFFER = "differ"
    NONE = "none"


@dataclass(frozen=True, kw_only=True)
class Template:
    """The texts of one code, with a placeholder such as {name} for each of its parameters.

    A code that only explains the state of a posting has a reason and nothing else. `shows_title` is
    set where the reason alone does not say what is wrong: a posting, which has no title beside its
    reason, then shows both.
    """

    title: str = ""
    reason: str
    instruction: str = ""
    action: CaseAction = CaseAction.NONE
    shows_title: bool = False

    @property
    def parameters(self) -> frozenset[str]:
        """Return the names of all placeholders."""
        names: set[str] = set()
        for text in (self.title, self.reason, self.instruction):
            names |= placeholders(text)
        return frozenset(names)


def placeholders(text: str) -> frozenset[str]:
    """Return the names of the placeholders in a text."""
    names = set()
    for _, name, _, _ in Formatter().parse(text):
        if name:
            names.add(name)
    return frozenset(names)
