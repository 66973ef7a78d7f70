"""A reason why a posting needs attention, from which a case is opened."""

from collections.abc import Mapping
from dataclasses import field
from typing import Any

from hub.cases.causes import build_posting_cause, shorten_cause
from hub.contract.value_object import value_object
from hub.reasons.texts import CaseText


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
        return shorten_cause(self.cause or build_posting_cause(posting_id, self.key))
