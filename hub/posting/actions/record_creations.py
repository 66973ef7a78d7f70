"""Let the record of a code be created that was skipped or refused, or that is inactive."""

from collections.abc import Collection, Iterable
from typing import NamedTuple

from sqlalchemy import Select, select
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


def is_asked(session: Session, installation: Installation, field: str, code: str) -> bool:
    """Return whether a case asks a person about the creation of the record of a code.

    No decision about the code answers it, so the record is not created before.
    """
    newest = _choose_newest(session.scalars(_select_creations(installation, field, code)))
    return any(
        posting.state == PostingState.HELD and posting.held_by == Holder.PERSON
        for posting in newest
    )


def _load_newest_creations(
    session: Session, installation: Installation, field: str, code: str
) -> Collection[Posting]:
    """Return the newest creation of the record of a code, for each app that shares its match."""
    query = _select_creations(installation, field, code).with_for_update(of=Posting)
    return _choose_newest(session.scalars(query))


def _select_creations(installation: Installation, field: str, code: str) -> Select[Posting]:
    """Return the query for the creations of the record of a code, oldest first.

    They include those of other apps that share its match.
    """
    return (
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
    )


def _choose_newest(creations: Iterable[Posting]) -> Collection[Posting]:
    """Return the last one of the creations of each document."""
    newest = {posting.document_id: posting for posting in creations}
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
