"""A reason why a posting needs attention, from which a case is opened."""

import hashlib
from collections.abc import Mapping
from dataclasses import field
from typing import Any

from hub.contract.value_object import value_object
from hub.reasons.texts import CaseText

MAX_CAUSE_LENGTH = 400
DIGEST_LENGTH = 16


@value_object
class Finding:
    """A reason why a posting is held or needs attention, with the text of its case.

    Postings with the same `cause` share a case. Without a cause the case is about this posting
    alone, and `key` distinguishes it from the other cases of the posting.
    """

    cause: str = ""
    key: str = ""
    text: CaseText
    details: Mapping[str, Any] = field(default_factory=dict)

    def build_cause(self, posting_id: int) -> str:
        """Return the cause of the case of a posting."""
        return shorten_cause(self.cause or f"posting:{posting_id}:{self.key}")


def shorten_cause(cause: str) -> str:
    """Replace the end of a cause that is too long for its column by a digest of all of it."""
    if len(cause) <= MAX_CAUSE_LENGTH:
        return cause
    digest = hashlib.sha256(cause.encode()).hexdigest()[:DIGEST_LENGTH]
    beginning = cause[: MAX_CAUSE_LENGTH - DIGEST_LENGTH - 1]
    return f"{beginning}:{digest}"
