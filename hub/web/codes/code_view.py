"""A code of the source as pages show it: whether it is matched, and what is suggested."""

from dataclasses import dataclass
from enum import StrEnum

from hub.contract.types import Field
from hub.installations import match_versions
from hub.mapping import Missing, Ref
from hub.models import Match
from hub.models.enums import MatchOrigin


class CodeState(StrEnum):
    """The state of the match of a code."""

    DECIDED = MatchOrigin.DECIDED
    LINK = MatchOrigin.LINK
    RULE = "rule"
    NEW = "new"  # its record is created when it is used next
    LEFT_OUT = "left out"
    OPEN = "open"


@dataclass(frozen=True)
class CodeView:
    """A code as the matching page and a case show it."""

    installation_id: int
    field: Field
    code: str
    name: str
    number: str
    state: CodeState
    organisation_number: str = ""
    match: Match | None = None
    record: str = ""  # its name, or when it is created
    problem: str = ""
    missing: Missing | None = None
    suggestions: tuple[Ref, ...] = ()
    exact_id: str = ""  # the record that a form may preselect
    is_required: bool = False

    @property
    def version(self) -> str:
        """Return a text that differs for each decision about the code."""
        return match_versions.build_version(self.match)

    @property
    def explanation(self) -> str:
        """Explain why the code has no record, and what to do if none fits."""
        return self.missing.explanation if self.missing else self.problem

    @property
    def may_be_left_out(self) -> bool:
        """Return whether a document can do without it."""
        if not self.is_required or self.state == CodeState.LEFT_OUT:
            return True
        return self.field.missing == "warn"
