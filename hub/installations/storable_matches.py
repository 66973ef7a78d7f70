"""Refuse matches that no database stores."""

from hub.errors import Refused
from hub.models.lists import MAX_CODE_LENGTH


def require_possible_code(code: str) -> None:
    """Raise Refused for a code that is empty, or longer than its column."""
    if not code:
        raise Refused("There is no code.")
    if len(code) > MAX_CODE_LENGTH:
        raise Refused(
            "The code has %(length)s characters; %(max_length)s is the most that can be kept."
            " Shorten it at the source.",
            length=len(code),
            max_length=MAX_CODE_LENGTH,
        )
