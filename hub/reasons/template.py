"""The entry of one code in the catalogue: the texts of a case, and the action that solves it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from string import Formatter
from typing import Any

# The instruction of cases that CaseAction.SOURCE solves; it names the button of their pages.
CORRECT_AT_SOURCE = (
    "Fix this at the source. The change is picked up with the next sync; Check again does so at"
    " once."
)
OPEN_THE_PERIOD = (
    "Open the period in QuickBooks (Settings, Advanced, Accounting) or change the date at the"
    " source. One of the next runs then sends it; Retry sends it at once."
)


class CaseAction(StrEnum):
    """The action that solves a case; the inbox has a label and buttons for each of these.

    The labels are in `hub.web.lists.case_list`, the buttons in the template `case_buttons.html`.
    """

    RECONNECT = "reconnect"  # "Reconnect" for owners, "Companies" for others
    CONNECTION = "connection"  # "Companies"
    SETTINGS = "settings"  # "Open settings" of the app
    CHOOSE = "choose"  # "Compare": "This is it" or "Not this one", or closed by hand
    MATCH = "match"  # "Match" beside each record that may be the code's
    VOID = "void"  # "Void in QuickBooks" or "Leave as it is"
    DELETE = "delete"  # "Leave as it is" or "Delete in QuickBooks"
    RETRY = "retry"  # "Retry", after somebody corrected something in QuickBooks
    OPEN_PERIOD = "open_period"  # "Retry", after the period was opened in QuickBooks
    SOURCE = "source"  # "Check again", which reads the document at the source
    EITHER = "either"  # "Check again" or "Open settings"
    DIFFER = "differ"  # as EITHER; its lines differ in what the document has once
    FILE = "file"  # "Map columns" of a received file
    NONE = "none"  # no button: read, then closed by hand


@dataclass(frozen=True, kw_only=True)
class Template:
    """The texts of one code, with a placeholder such as {name} for each of its parameters.

    A code that only explains the state of a posting or names a record has a reason and nothing
    else. `shows_title` is set where the reason alone does not say what is wrong: a posting then
    shows the title, too. A placeholder {code:called} or {code:noun} words the label and name of a
    code, such as Supplier “Hara”, within a sentence: supplier called “Hara”, supplier.
    {kind:article} puts the article before an English noun. `posts_again` is set where a retry posts
    again what somebody removed from QuickBooks, or may have removed; it is left to a person who
    looks at the one document.
    """

    title: str = ""
    reason: str
    instruction: str = ""
    action: CaseAction = CaseAction.NONE
    shows_title: bool = False
    posts_again: bool = False
    # Other texts for one value of the parameter `problem`, with the same parameters and action; a
    # key that ends with a colon is for every problem that begins with it.
    special: Mapping[str, "Template"] = field(default_factory=dict)

    def for_params(self, params: Mapping[str, Any]) -> "Template":
        """Return the texts for these parameters."""
        problem = params.get("problem")
        if not isinstance(problem, str):
            return self
        for key, template in self.special.items():
            if problem == key or (key.endswith(":") and problem.startswith(key)):
                return template
        return self

    @property
    def parameters(self) -> frozenset[str]:
        """Return the names of all placeholders."""
        names: set[str] = set()
        for text in (self.title, self.reason, self.instruction):
            names |= list_placeholder_names(text)
        return frozenset(names)


def list_placeholder_names(text: str) -> frozenset[str]:
    """Return the names of the placeholders in a text."""
    names = set()
    for _, name, _, _ in Formatter().parse(text):
        if name:
            names.add(name)
    return frozenset(names)
