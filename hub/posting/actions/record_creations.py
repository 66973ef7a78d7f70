"""Let the record of a code be created that was skipped or refused, or that is inactive."""

from collections.abc import Collection
from typing import NamedTuple

from sqlalchemy import select
from sqlalchemy.orm import Session

from hub import outbox
from hub.context import current_hub
from hub.models import Installation, Posting, SourceDocument, StoredRecord
from hub.models.enums import Holder, Operation, PostingState
from hub.outbox.keys import rekey
from hub.posting.actions import doubts


class RequestedCreations(NamedTuple):
    """The postings that a request lets continue: skipped ones, and refused ones."""

    unskipped_ids: list[int]
    retried_ids: list[int]


def request(
    session: Session, installation: Installation, field: str, code: str, who: str
) -> RequestedCreations:
    """Let the next sync create the record of a code, as a person has decided.

    It does so although a person skipped the creation before, although QuickBooks refused it, or
    although the record that was created is inactive or deleted in QuickBooks.
    """
    requested = RequestedCreations([], [])
    for posting in _load_newest_creations(session, installation, field, code):
        if posting.state == PostingState.POSTED:
            posting.document.requested_by = who if _is_inactive(session, posting) else ""
        elif posting.state == PostingState.SKIPPED:
            _take_back_skip(session, posting)
            requested.unskipped_ids.append(posting.id)
        elif _is_refused(posting):
            _retry(posting)
            requested.retried_ids.append(posting.id)
    return requested


def _load_newest_creations(
    session: Session, installation: Installation, field: str, code: str
) -> Collection[Posting]:
    """Return the newest creation of the record of a code, for each app that shares its match."""
    query = (
        select(Posting)
        .join(SourceDocument, SourceDocument.id == Posting.document_id)
        .where(
            SourceDocument.company_id == installation.company_id,
            SourceDocument.slug.in_(current_hub().plugins.list_apps_of_plugin(installation.slug)),
            SourceDocument.tenant == (installation.tenant or ""),
            SourceDocument.source_id == code,
            SourceDocument.made_for == field,
            Posting.operation == Operation.CREATE,
        )
        .order_by(Posting.id)
        .with_for_update(of=Posting)
    )
    newest = {posting.document_id: posting for posting in session.scalars(query)}
    return newest.values()


def _is_inactive(session: Session, posting: Posting) -> bool:
    """Return whether a record that was created is known to be inactive or deleted."""
    record = session.get(StoredRecord, (posting.company_id, posting.kind, posting.quickbooks_id))
    return record is not None and not record.active


def _is_refused(posting: Posting) -> bool:
    """Return whether a creation is held because QuickBooks did not accept it."""
    return posting.state == PostingState.HELD and posting.held_by == Holder.QUICKBOOKS


def _retry(posting: Posting) -> None:
    """Let the next plan release a creation that QuickBooks refused, with the key of a retry.

    Unlike a retry, it is not ready at once, since the plan may have the details that a person has
    entered now. An approval stays with the content that was approved.
    """
    if posting.rekey:
        rekey(posting)
    _hold_until_planned(posting)


def _take_back_skip(session: Session, posting: Posting) -> None:
    """Let the next plan release a creation that a person skipped.

    A creation that may have reached QuickBooks is in doubt instead, so that it is searched for.
    """
    if outbox.may_have_landed(session, posting):
        doubts.return_to_doubt(session, [posting])
        return
    _hold_until_planned(posting)
    posting.approved_by = None
    posting.approved_payload = None


def _hold_until_planned(posting: Posting) -> None:
    """Hold a posting without a reason, so that the next plan releases it."""
    posting.state = PostingState.HELD
    posting.held_by = Holder.MAPPING
    posting.reasons = []
    posting.next_try_at = None
    posting.changed_at = current_hub().clock.now()
