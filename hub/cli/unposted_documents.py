"""The reasons why documents that were just read are not posted, for authors of plugins."""

from collections import defaultdict
from collections.abc import Sequence
from typing import Any, NamedTuple

MAX_REASONS = 10
MAX_EXAMPLES = 3


class Unposted(NamedTuple):
    """A document that is held or cannot be read, and why."""

    source_id: str
    reason: str


class UnpostedDocuments:
    """Find documents that were read since it was created, and are held or cannot be read."""

    def __init__(self) -> None:
        """Leave out what was read before now."""
        from hub.context import current_hub

        self._start = current_hub().clock.now()
        self._described_documents: set[Unposted] = set()
        self._last: set[Unposted] = set()

    def describe_new(self) -> str:
        """Return each reason with its documents, with secrets masked; "" if all were described.

        Many documents are read one after the other, so they are described only when a second call
        finds no others. Those whose codes were matched are read again first, which takes a while
        where the source allows few calls.
        """
        if _has_released():
            return ""
        documents = _read_since(self._start)
        is_settled = documents == self._last
        self._last = documents
        new = documents - self._described_documents
        if not new or not is_settled:
            return ""
        self._described_documents |= new
        return _describe(new)


def _has_released() -> bool:
    """Return whether a match releases documents that were not read since."""
    from sqlalchemy import select

    from hub.collect.reread import has_released
    from hub.db.engine import read_only_session
    from hub.models import Installation

    with read_only_session() as session:
        installations = list(session.scalars(select(Installation)))
    return any(has_released(installation) for installation in installations)


def _read_since(start: Any) -> set[Unposted]:
    """Return the documents that are held or cannot be read, of those that were read since then."""
    from sqlalchemy import select

    from hub.crypto.masking import SecretMask
    from hub.db.engine import read_only_session
    from hub.models import Posting, SourceDocument
    from hub.models.enums import PostingState
    from hub.security.secrets import SiteSecrets

    is_new = SourceDocument.read_at >= start
    defects = select(SourceDocument).where(is_new, SourceDocument.unreadable != "")
    held_postings = (
        select(Posting)
        .join(SourceDocument, SourceDocument.id == Posting.document_id)
        .where(is_new, Posting.state == PostingState.HELD, SourceDocument.unreadable == "")
    )
    rows = []
    with read_only_session() as session:
        for row in session.scalars(defects):
            rows.append((row.installation_id, row.source_id, f"unreadable: {row.unreadable}"))
        for posting in session.scalars(held_postings):
            source_id = posting.document.source_id
            rows.append((posting.installation_id, source_id, f"held: {posting.reason}"))
    masks = {id: SecretMask(SiteSecrets(id).values()) for id in {id for id, _, _ in rows}}
    return {Unposted(source_id, masks[id].clean(reason)) for id, source_id, reason in rows}


def _describe(documents: set[Unposted]) -> str:
    """Return how many documents are not posted, and a line for each reason, the rarest last."""
    ids_by_reason: dict[str, list[str]] = defaultdict(list)
    for source_id, reason in sorted(documents):
        ids_by_reason[reason].append(source_id)
    reasons = sorted(ids_by_reason, key=lambda reason: (-len(ids_by_reason[reason]), reason))
    lines = [f"Not posted: {len({document.source_id for document in documents})}."]
    for reason in reasons[-MAX_REASONS:]:
        lines.append(f"  {join_examples(ids_by_reason[reason])} {reason}")
    if len(reasons) > MAX_REASONS:
        lines.append(f"  {len(reasons) - MAX_REASONS} other reasons are in the inbox.")
    return "\n".join(lines)


def join_examples(ids: Sequence[str]) -> str:
    """Return the first ids, and how many others there are."""
    text = ", ".join(ids[:MAX_EXAMPLES])
    others = len(ids) - MAX_EXAMPLES
    return f"{text} and {others} others" if others > 0 else text
