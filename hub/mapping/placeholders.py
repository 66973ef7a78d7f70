"""Placeholders for the ids of records and transactions that QuickBooks does not have yet.

A placeholder begins with @, so that it is never taken for an id of QuickBooks. Mapping writes one
for each record to create. Planning replaces it by one for the posting that creates the record.
"""

import re

PREFIX = "@"
POSTING_PREFIX = f"{PREFIX}posting:"
_OF_POSTING = re.compile(rf"{POSTING_PREFIX}(\d{{1,18}})")


def is_placeholder(id: str) -> bool:
    """Return whether an id stands for a record or transaction that is still to be created."""
    return id.startswith(PREFIX)


def is_of_posting(id: str) -> bool:
    """Return whether an id stands for what a posting creates, or for a line of it."""
    return id.startswith(POSTING_PREFIX)


def format_new_record(role: str, code: str) -> str:
    """Return the placeholder for the record to create for a code."""
    return f"{PREFIX}{role}:{code}"


def format_placeholder(posting_id: int, line: str = "") -> str:
    """Return the placeholder for the QuickBooks id of a posting, or of one of its lines."""
    if line:
        return f"{POSTING_PREFIX}{posting_id}/{line}"
    return f"{POSTING_PREFIX}{posting_id}"


def parse_posting_id(id: str) -> int | None:
    """Return the posting whose QuickBooks id a placeholder stands for; None for any other id."""
    placeholder = _OF_POSTING.fullmatch(id)
    return int(placeholder[1]) if placeholder else None
