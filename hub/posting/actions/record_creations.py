"""Let the record of a code be created that was skipped, or that is inactive in QuickBooks."""

from collections.abc import Collection

from sqlalchemy import select
from sqlalchemy.orm import Session

from hub import outbox
from hub.context import current_hub
from hub.models import Installation, Posting, SourceDocument, StoredRecord
from hub.models.enums import Holder, Operation, PostingState
from hub.posting.actions import doubts


def request(
    session: Session, installation: Installation, field: str, code: str, who: str
) -> list[int]:
    """Let the next sync create the record of a code, as a person has decided.

    It does so although a person skipped the creation before, or although the record that was
    created is inactive or deleted in QuickBooks. Return the postings that are no longer skipped.
    """
    unskipped_ids: list[int] = []
    for posting in _load_newest_creations(session, installation, field, code):
        if posting.state == PostingState.POSTED:
            posting.document.requested_by = who if _is_inactive(session, posting) else ""
        elif posting.state == PostingState.SKIPPED:
            _take_back_skip(session, posting)
            unskipped_ids.append(posting.id)
    return unskipped_ids


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


def _take_back_skip(session: Session, posting: Posting) -> None:
    """Let the next plan release a creation that a person skipped.

    A creation that may have reached QuickBooks is in doubt instead, so that it is searched for.
    """
    if outbox.may_have_landed(session, posting):
        doubts.return_to_doubt(session, [posting])
        return
    posting.state = PostingState.HELD
    posting.held_by = Holder.MAPPING
    posting.reasons = []
    posting.next_try_at = None
    posting.approved_by = None
    posting.approved_payload = None
    posting.changed_at = current_hub().clock.now()
