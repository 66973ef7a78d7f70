"""Messages by which a source says that it failed, and not that it refuses a call."""

import re

# A refusal may have one of these words alone, such as "unexpected character" or "connectionType".
TRANSIENT_MESSAGE = re.compile(
    r"\bbusy\b|\btimed?[ -]?out|deadlock|try again|again later|temporar|unavailable|overload"
    r"|too many requests|\brate limit|throttl"
    r"|internal (server )?error|unexpected (error|exception|failure)|unknown error"
    r"|an error (has )?occurred"
    r"|unhandled|object reference|transport[ -]level|thread was being aborted"
    r"|\bconnection (was|is|has been|could not be) \w+|(open|establish)(ing)? a connection"
    r"|closed the connection|forcibly closed",
    re.IGNORECASE,
)


def is_transient(message: str) -> bool:
    """Return whether a message says that a call failed for a reason of the server.

    Raise Retry for it, and Refused for any other: the same call may succeed later. This is for
    sources that answer both with the same status.
    """
    return TRANSIENT_MESSAGE.search(message) is not None
