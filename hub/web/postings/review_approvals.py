"""Approve what a list of the review showed, on its page and through the API.

What has changed since it was listed is not approved.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from sqlalchemy import select
from sqlalchemy.orm import Session

from hub import outbox
from hub.context import current_hub
from hub.contract.chunks import iter_chunks
from hub.db.database_errors import repeat_after_conflict
from hub.db.engine import read_only_session, transaction
from hub.models import Installation, Posting
from hub.models.enums import PostingState, RunKind
from hub.outbox import approvals
from hub.scheduling import run_log
from hub.security import audit
from hub.web.frame import listed_rows
from hub.web.frame.case_titles import format_name_in_sentence

POSTINGS_PER_TRANSACTION = 500  # postings approved in one transaction
MAX_NAMED = 3  # records that approved documents wait for


@dataclass(frozen=True)
class ApprovalOutcome:
    """The outcome for each of the listed postings, by id."""

    released: tuple[int, ...] = ()
    parts: tuple[tuple[int, str], ...] = ()  # document and kind of each of the released ones
    first: tuple[int, ...] = ()  # a second person must approve them too
    repeated: tuple[int, ...] = ()  # approved by the same person before
    changed: tuple[int, ...] = ()  # not in review any more, or not as they were listed
    run_id: int | None = None  # the run that posts them

    def combine(self, other: "ApprovalOutcome") -> "ApprovalOutcome":
        """Return both as one."""
        return ApprovalOutcome(
            released=self.released + other.released,
            parts=self.parts + other.parts,
            first=self.first + other.first,
            repeated=self.repeated + other.repeated,
            changed=self.changed + other.changed,
            run_id=other.run_id or self.run_id,
        )


def is_bulk(count: int) -> bool:
    """Return whether an approval of this many postings asks who the person is."""
    return count > current_hub().config.confirm_approvals_above


def approve(installation_id: int, listed_seals: Mapping[int, str], who: str) -> ApprovalOutcome:
    """Approve exactly what was listed, and request the run that posts it if the app can post.

    `listed_seals` holds the seal of each posting by id, as `hub.web.frame.listed_rows` describes.
    """
    ids = sorted(listed_seals)
    outcome = ApprovalOutcome()
    for chunk in iter_chunks(ids, POSTINGS_PER_TRANSACTION):
        seals = {id: listed_seals[id] for id in chunk}
        outcome = outcome.combine(_approve_chunk(installation_id, seals, who))
    if not outcome.released:
        return outcome
    if not _note_preview(installation_id).can_run:
        return outcome
    run_id = run_log.request(RunKind.POST, installation_id, who)
    return outcome.combine(ApprovalOutcome(run_id=run_id))


class WaitingPostings(NamedTuple):
    """How many approved postings need records that are still in review, and the names of these."""

    posting_count: int
    record_names: list[str]


def find_waiting(installation_id: int, approved_ids: Collection[int]) -> WaitingPostings:
    """Count the approved postings that need records which are still in review, and name these.

    A person who approved them should approve the new supplier, customer or item too.
    """
    waiting = select(Posting.id, Posting.payload).where(
        Posting.installation_id == installation_id,
        Posting.state == PostingState.WAITING,
        Posting.after_id.is_not(None),
    )
    still_in_review = select(Posting.id).where(*approvals.build_review_conditions(installation_id))
    count = 0
    needed_ids: set[int] = set()
    with read_only_session() as session:
        ids_in_review = set(session.scalars(still_in_review))
        for id, payload in session.execute(waiting):
            if id not in approved_ids:
                continue
            awaited_ids = ids_in_review.intersection(outbox.find_awaited_ids(payload))
            if awaited_ids:
                count += 1
                needed_ids |= awaited_ids
        records = select(Posting).where(Posting.id.in_(sorted(needed_ids)[: MAX_NAMED + 1]))
        names = [
            format_name_in_sentence(record)
            for record in session.scalars(records.order_by(Posting.id))
        ]
    return WaitingPostings(count, names)


def count_in_review(session: Session, installation_id: int, ids: Collection[int]) -> int:
    """Count those of some postings that are in review."""
    in_review = select(Posting.id).where(*approvals.build_review_conditions(installation_id))
    return len(set(session.scalars(in_review)).intersection(ids))


@repeat_after_conflict
def _approve_chunk(installation_id: int, seals: Mapping[int, str], who: str) -> ApprovalOutcome:
    """Approve those of the listed postings that are unchanged since they were listed.

    If two people must approve a posting, the second one releases it. The audit log keeps the digest
    of the approved content.
    """
    query = (
        select(Posting.id, Posting.planned, Posting.document_id, Posting.kind)
        .where(*approvals.build_review_conditions(installation_id))
        .where(Posting.id.in_(seals))
        .order_by(Posting.id)
        .with_for_update()
    )
    with transaction() as session:
        unchanged_seals, parts = {}, {}
        for id, present_seal, document_id, kind in session.execute(query):
            if listed_rows.is_unchanged(seals[id], present_seal):
                unchanged_seals[id] = present_seal
                parts[id] = (document_id, kind)
        newly_approved = approvals.add(session, unchanged_seals, who)
        lacking = approvals.find_lacking(session, unchanged_seals)
        released_seals = {id: seal for id, seal in unchanged_seals.items() if id not in lacking}
        first = {id: seal for id, seal in unchanged_seals.items() if id in lacking & newly_approved}
        outbox.approve(session, released_seals, who)
        _record(session, who, "posting approved", released_seals)
        _record(session, who, "first approval given", first)
    return ApprovalOutcome(
        released=tuple(sorted(released_seals)),
        parts=tuple(parts[id] for id in sorted(released_seals)),
        first=tuple(sorted(first)),
        repeated=tuple(sorted(lacking - newly_approved)),
        changed=tuple(sorted(seals.keys() - unchanged_seals.keys())),
    )


def _record(session: Session, who: str, what: str, seals: Mapping[int, str]) -> None:
    """Record an act on each posting with the digest of what was approved."""
    details = {str(id): {"seal": seal} for id, seal in seals.items()}
    audit.record_each(session, who, what, details)


def _note_preview(installation_id: int) -> Installation:
    """Note that a person has approved postings; only then is automatic posting offered."""
    with transaction() as session:
        installation = session.get_one(Installation, installation_id)
        if installation.previewed_at is None:
            installation.previewed_at = current_hub().clock.now()
        return installation
