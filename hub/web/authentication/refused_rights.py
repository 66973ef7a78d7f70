"""The right that a refused request lacked, so that the API can name the role it takes."""

from collections.abc import Callable

from flask import g

from hub.db.engine import read_only_session
from hub.security.rights import Right, Subject, describe

MISSING_ROLE = "This takes the role {role}, which the person of the API token does not have."


def note_missing_role(role: str, subject: Subject | None) -> None:
    """Note which role a request takes, for a company or app; None is any app."""

    def explain() -> str:
        if subject is None:
            return MISSING_ROLE.format(role=f"{role} of some app")
        with read_only_session() as session:
            return MISSING_ROLE.format(role=describe(session, Right(role, subject)))

    note(explain)


def note(explain: Callable[[], str]) -> None:
    """Note the function that returns why this request is refused; only the API calls it."""
    g.refused_right = explain


def explain() -> str:
    """Return why this request was refused, in English; "" if nothing was noted."""
    build_reason: Callable[[], str] | None = g.get("refused_right")
    return build_reason() if build_reason is not None else ""
