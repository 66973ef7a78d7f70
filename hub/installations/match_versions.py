"""Notice that the decision about a code changed after it was shown."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from hub.errors import Refused
from hub.models import Match
from hub.models.enums import MatchOrigin

# By field and code: what tells a decision from an earlier and a later one.
Versions = Mapping[tuple[str, str], str]


def build_version(match: Match | None) -> str:
    """Return a text that differs for each decision about a code; "" while there is no decision."""
    if match is None or match.match_method != MatchOrigin.DECIDED:
        return ""
    return f"{match.at.isoformat()} {match.record}"


def load_versions(session: Session, shared_columns: Mapping[str, Any]) -> Versions:
    """Return the versions of the decisions about all codes.

    `shared_columns` are those that select their matches. A code that nobody decided about is
    missing.
    """
    decided_matches = select(Match).filter_by(**shared_columns, match_method=MatchOrigin.DECIDED)
    return {
        (match.field, match.code): build_version(match)
        for match in session.scalars(decided_matches)
    }


def require_unchanged(
    versions: Versions, field: str, code: str, shown_version: str, record: str
) -> None:
    """Raise Refused if a person decided otherwise about a code since a preview showed it.

    `shown_version` is the version in the preview, and `record` what the file says.
    """
    version = versions.get((field, code), "")
    _, space, present_record = version.partition(" ")
    if version == shown_version or (space and present_record == record):
        return
    raise Refused(
        "The decision about it changed after the preview. Upload the file again to see what it"
        " would change now."
    )
