"""Create records for codes only when a document that needs them can be posted.

QuickBooks can neither delete a party nor change its currency, so none is created for a document
that is held.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence, Set
from typing import NamedTuple

from sqlalchemy import select, text
from sqlalchemy.orm import Session, contains_eager, defer

from hub import outbox
from hub.db.engine import transaction
from hub.models import Posting, SourceDocument
from hub.models.enums import Holder, Operation, PostingState
from hub.models.postings import PARTIES_AND_ITEMS
from hub.outbox.conditions import MAY_HAVE_BEEN_PROCESSED
from hub.posting import releases
from hub.posting.outcome.session import PostingSession
from hub.reasons.texts import CaseText


class _Node(NamedTuple):
    """A posting that waits for others, or that others wait for.

    `needs` are the postings whose ids it lacks. `is_current` is false if its document has to be
    read again before it is sent, because its plan may then change.
    """

    state: str
    holder: str
    needs: frozenset[int] = frozenset()
    is_document: bool = False
    is_current: bool = True

    @property
    def is_ready(self) -> bool:
        """Return whether nothing but the postings that it needs keeps it from being sent."""
        if self.state == PostingState.WAITING:
            return self.holder in (Holder.NOBODY, Holder.UNNEEDED)
        return self.state == PostingState.READY


class _Graph:
    """The postings that need a record or transaction still to be created, and what they need."""

    def __init__(self, nodes: Mapping[int, _Node], matched_ids: Set[int]) -> None:
        self.nodes = nodes
        # The creations whose code has been matched to a record meanwhile.
        self.matched_ids = matched_ids
        self._results: dict[int, bool] = {}

    def documents(self) -> set[int]:
        """Return the postings that are documents of the source."""
        return {id for id, node in self.nodes.items() if node.is_document}

    def can_be_posted(self, id: int) -> bool:
        """Return whether neither a posting nor any posting that it needs is held."""
        if id in self._results:
            return self._results[id]
        self._results[id] = False  # postings that need each other can never be posted
        can_be_posted = id in self.matched_ids or self._is_free(id)
        self._results[id] = can_be_posted
        return can_be_posted

    def with_needs(self, ids: Set[int]) -> set[int]:
        """Return these postings and all postings that they need, directly or indirectly."""
        reached_ids: set[int] = set()
        remaining = list(ids)
        while remaining:
            id = remaining.pop()
            if id in reached_ids:
                continue
            reached_ids.add(id)
            if id in self.nodes:
                remaining += self.nodes[id].needs
        return reached_ids

    def _is_free(self, id: int) -> bool:
        """Return whether a posting is ready or posted, and all that it needs can be posted."""
        node = self.nodes.get(id)
        if node is None or not node.is_current:
            return False
        if node.state in (PostingState.POSTED, *outbox.IN_FLIGHT):
            return True
        return node.is_ready and all(self.can_be_posted(needed_id) for needed_id in node.needs)


def schedule(posting_session: PostingSession) -> bool:
    """Postpone creations that no postable document needs, and resume the others.

    Withdraw those that no document needs at all. Return whether any was resumed.
    """
    with transaction() as session:
        posting_session.lock_settings(session)
        creations = _load_unsent_creations(session, posting_session)
        if not creations:
            return False
        graph = _load_graph(session, posting_session, creations)
        requested_ids = _find_requested_by_persons(creations)
        documents = graph.documents()
        postable = {id for id in documents if graph.can_be_posted(id)}
        needed_ids = graph.with_needs(documents | requested_ids)
        needed_now = graph.with_needs(postable | requested_ids)
        needed_later = needed_ids - needed_now
        unneeded_creations = [creation for creation in creations if creation.id not in needed_ids]
        _withdraw(session, unneeded_creations)
        postponed_creations = [creation for creation in creations if creation.id in needed_later]
        _postpone(session, postponed_creations)
        resumed_creations = [creation for creation in creations if creation.id in needed_now]
        return _resume(session, resumed_creations)


def _find_requested_by_persons(creations: Iterable[Posting]) -> set[int]:
    """Return the creations that a person requested, even if no document needs them."""
    requested_ids = set()
    for creation in creations:
        if outbox.find_creation_requester(creation.document):
            requested_ids.add(creation.id)
    return requested_ids


def _load_unsent_creations(session: Session, posting_session: PostingSession) -> list[Posting]:
    """Return the unsent postings that create records for codes."""
    query = (
        select(Posting)
        .join(SourceDocument, SourceDocument.id == Posting.document_id)
        .where(
            *posting_session.own_postings(),
            Posting.operation == Operation.CREATE,
            Posting.state.in_(outbox.UNSENT),
            text(f"posting.{PARTIES_AND_ITEMS}"),
            SourceDocument.made_for != "",
        )
        .options(contains_eager(Posting.document), defer(Posting.stored_summary))
        .order_by(Posting.id)
        .with_for_update(of=Posting)
    )
    return list(session.scalars(query))


def _load_graph(
    session: Session, posting_session: PostingSession, creations: Sequence[Posting]
) -> _Graph:
    """Load the postings that wait for these creations, and the other postings they wait for."""
    columns = (Posting.id, Posting.state, Posting.held_by, Posting.payload, outbox.IS_CURRENT)
    waiting = select(*columns).where(
        *posting_session.own_postings(),
        Posting.after_id.is_not(None),
        Posting.state.in_(outbox.UNSENT),
    )
    nodes = {}
    for id, state, holder, payload, is_current in session.execute(waiting):
        needs = frozenset(outbox.find_awaited_ids(payload))
        nodes[id] = _Node(state, holder, needs, is_document=True, is_current=bool(is_current))
    for creation in creations:  # some of them are among those that wait
        needs = frozenset(outbox.find_awaited_ids(creation.payload))
        nodes[creation.id] = _Node(creation.state, creation.held_by, needs)

    other_ids = {id for node in nodes.values() for id in node.needs} - nodes.keys()
    if not other_ids:
        return _Graph(nodes, frozenset())
    others = select(Posting.id, Posting.state, Posting.held_by).where(Posting.id.in_(other_ids))
    for id, state, holder in session.execute(others):
        nodes[id] = _Node(state, holder)
    matched_ids = outbox.load_matched_records(session, Posting.id.in_(other_ids))
    return _Graph(nodes, frozenset(matched_ids))


def _withdraw(session: Session, creations: Iterable[Posting]) -> None:
    """Withdraw creations that no document needs, except those that may have landed."""
    for creation in creations:
        if not outbox.may_have_landed(session, creation):
            outbox.withdraw(session, creation, CaseText("posting.not_needed"))


def _postpone(session: Session, creations: Iterable[Posting]) -> None:
    """Postpone creations, except those that QuickBooks may have processed.

    The results of the latter have to be looked up.
    """
    ready_ids = [creation.id for creation in creations if creation.state == PostingState.READY]
    query = select(Posting.id).where(Posting.id.in_(ready_ids), MAY_HAVE_BEEN_PROCESSED)
    processed_ids = set(session.scalars(query))
    unprocessed_ids = [id for id in ready_ids if id not in processed_ids]
    releases.postpone(session, unprocessed_ids, CaseText("posting.postponed"))


def _resume(session: Session, creations: Iterable[Posting]) -> bool:
    """Move postponed creations to the initial state of their installation, if that is known.

    Return whether there were any.
    """
    has_resumed = False
    ids_by_installation: dict[int, list[int]] = defaultdict(list)
    for creation in creations:
        if creation.state == PostingState.WAITING and creation.held_by == Holder.UNNEEDED:
            ids_by_installation[creation.installation_id].append(creation.id)
    for installation_id, ids in ids_by_installation.items():
        initial_state = releases.find_initial_state(session, installation_id)
        if initial_state is not None:
            releases.resume(session, ids, initial_state)
            has_resumed = True
    return has_resumed
