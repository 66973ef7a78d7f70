"""The texts of the page Review about documents that two people must approve."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from flask import flash
from sqlalchemy.orm import Session

from hub.outbox import approvals
from hub.translations.messages import ngettext
from hub.web.authentication.access import person_name
from hub.web.postings.review_approvals import ApprovalOutcome


class HasId(Protocol):
    """A posting, or a row about one."""

    @property
    def id(self) -> int:
        """Return the id of the posting."""


@dataclass(frozen=True)
class SecondApprovals:
    """The postings on a page that need two people, and the people who have approved them so far."""

    lacking: Collection[int]
    people: Mapping[int, Sequence[approvals.Approver]]

    @classmethod
    def of(cls, session: Session, postings: Iterable[HasId]) -> "SecondApprovals":
        """Read who has approved these postings as they are now."""
        ids = [posting.id for posting in postings]
        return cls(approvals.find_lacking(session, ids), approvals.load_approvers(session, ids))

    def is_approved_by_me(self, posting_id: int) -> bool:
        """Return whether the person who is logged in has approved a posting."""
        return person_name() in [person.who for person in self.people.get(posting_id, ())]

    def count_firsts(self, posting_ids: Iterable[int]) -> int:
        """Count the postings that still lack an approval after one by the present person."""
        count = 0
        for id in posting_ids:
            approvers = {person.who for person in self.people.get(id, ())}
            if id in self.lacking and approvers <= {person_name()}:
                count += 1
        return count


def flash_outcome(outcome: ApprovalOutcome) -> None:
    """Report how many documents still need another person's approval."""
    first_count, repeated_count = len(outcome.first), len(outcome.repeated)
    if first_count:
        flash(
            ngettext(
                "Your approval of %(count)s document is stored. A second person must approve too"
                " before anything is posted.",
                "Your approval of %(count)s documents is stored. A second person must approve too"
                " before anything is posted.",
                first_count,
            ),
            "look",
        )
    if repeated_count:
        flash(
            ngettext(
                "You have approved %(count)s document before. Another person must approve too.",
                "You have approved %(count)s documents before. Another person must approve too.",
                repeated_count,
            ),
            "look",
        )
