"""The number of open cases that every page shows."""

from flask import g
from sqlalchemy import select

from hub.cases import inbox
from hub.db import bulk
from hub.db.engine import joined_session
from hub.models import Case
from hub.web.authentication import access
from hub.web.frame import viewer

MAX_COUNTED = 10_000  # open cases; more are shown as "10,000+"


def count_open_cases() -> int:
    """Count the open cases that are not snoozed, at most one more than `MAX_COUNTED`.

    They are counted once for each page.
    """
    if "open_cases" not in g:
        is_open = Case.closed_at.is_(None), inbox.is_awake(), *access.load_shown_scope().cases()
        open_cases = select(Case.id).where(*is_open)
        with joined_session() as session:
            g.open_cases = bulk.count_rows(session, open_cases.limit(MAX_COUNTED + 1))
    return int(g.open_cases)


def format_capped_count(number: int) -> str:
    """Format a count that ends above `MAX_COUNTED`."""
    if number > MAX_COUNTED:
        return f"{viewer.format_count(MAX_COUNTED)}+"
    return viewer.format_count(number)
