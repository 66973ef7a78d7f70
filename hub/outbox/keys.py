"""The request key of a posting: build it, and decide whether other bytes may use it."""

from enum import Enum, auto

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session

from hub.models import Attempt, Posting, SourceDocument
from hub.models.enums import UNPROCESSED_OUTCOMES, PostingState
from hub.outbox.identity import build_identity, derive_request_id
from hub.outbox.states import IN_FLIGHT


class KeyUse(Enum):
    """The ways in which the key of a posting may be used for other bytes."""

    SAME = auto()  # the bytes may change under this key
    NEXT = auto()  # the bytes may change under the next key
    FROZEN = auto()  # the bytes must not change: they may have landed


def rekey(posting: Posting) -> None:
    """Give a posting its next key; call it only if the posting is proved not to have landed."""
    posting.generation += 1
    posting.rekey = False
    posting.fence = ""
    posting.requestid = build_key(
        posting.document, posting.part, posting.operation, posting.base, posting.generation
    )


def build_key(
    row: SourceDocument,
    part: str,
    operation: str,
    base: str,
    generation: int,
    *,
    realm: str | None = None,
) -> str:
    """Return the idempotency key of a request for a document.

    Without the `realm` of its company, that is read from the row.
    """
    if realm is None:
        realm = row.installation.company.realm
    identity = build_identity(realm, row.slug, row.tenant, row.source_id)
    return derive_request_id(identity, part, operation, base, generation)


def choose_generation(session: Session, posting: Posting, base: str) -> int:
    """Return the generation of a posting that gets another base.

    An earlier posting of the part may already have a key for this base, for example a change that
    was skipped or withdrawn. Such a key is never used for other bytes, so the next generation is
    chosen.
    """
    newest = select(func.max(Posting.generation)).where(
        Posting.document_id == posting.document_id,
        Posting.part == posting.part,
        Posting.operation == posting.operation,
        Posting.base == base,
        Posting.id != posting.id,
    )
    generation = session.scalar(newest)
    return posting.generation if generation is None else max(posting.generation, generation + 1)


def may_have_landed(session: Session, posting: Posting) -> bool:
    """Return whether a send with the current key may have landed, without a proof so far."""
    if posting.state in IN_FLIGHT:
        return True
    return decide_key_use(session, posting) is KeyUse.FROZEN


def was_sent(session: Session, posting: Posting) -> bool:
    """Return whether a posting was ever sent, with any result."""
    if not posting.id:
        return False
    attempt = select(Attempt.id).where(Attempt.posting_id == posting.id).limit(1)
    return session.scalar(attempt) is not None


def decide_key_use(session: Session, posting: Posting) -> KeyUse:
    """Return whether other bytes may be sent with this key, with the next one, or not at all.

    A withdrawn posting may use the next key: if it was sent, its absence was proved before it was
    withdrawn.
    """
    if posting.rekey:
        return KeyUse.NEXT
    outcomes: set[str] = set()
    if posting.id:
        # An item of a lost batch is sent alone under the key that it had in the batch.
        is_of_key = or_(
            Attempt.generation == posting.generation, Attempt.requestid == posting.requestid
        )
        query = select(Attempt.outcome).where(Attempt.posting_id == posting.id, is_of_key)
        outcomes.update(session.scalars(query))
    if not outcomes:
        return KeyUse.SAME
    if outcomes <= set(UNPROCESSED_OUTCOMES) or posting.state == PostingState.WITHDRAWN:
        return KeyUse.NEXT
    return KeyUse.FROZEN
