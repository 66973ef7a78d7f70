"""Make records for codes only when a document that needs them can be posted.

QuickBooks cannot take back a party, nor change its currency, so nothing is made for a document that is held.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence, Set
from typing import NamedTuple

from sqlalchemy import exists, select, text
from sqlalchemy.orm import Session, contains_eager, defer

from hub import context as hub_context
from hub import outbox, sources
from hub.db.engine import transaction
from hub.models import Attempt, Installation, Posting, SourceDocument
from hub.models.enums import UNPROCESSED_OUTCOMES, Holder
from hub.models.postings import PARTIES_AND_ITEMS
from hub.posting.outcome.session import PostingSession

POSTPONED = (
    "It is made in QuickBooks once a document that needs it can be posted; no document can now."
)
NO_LONGER_NEEDED = "No document needs it any more."


class _Node(NamedTuple):
    """A posting that waits for others, or that others wait for; `needs` are the postings whose ids it lacks."""

    state: str
    hold: str
    needs: frozenset[int] = frozenset()
    is_document: bool = False


class _Graph:
    """The postings that need a record or a transaction that is still to be made, and what they need."""

    def __init__(self, nodes: Mapping[int, _Node], matched: Set[int]) -> None:
        self.nodes = nodes
        self.matched = matched  # creations whose code is a record by now
        self._results: dict[int, bool] = {}

    def can_be_posted(self, id: int) -> bool:
        """Return whether nothing holds a posting, nor anything that it needs."""
        if id not in self._results:
            self._results[id] = False  # postings that need each other go nowhere
            self._results[id] = id in self.matched or self._is_free(id)
        return self._results[id]

    def _is_free(self, id: int) -> bool:
        node = self.nodes.get(id)
        if node is None:
            return False
        if node.state in ("posted", *outbox.IN_FLIGHT):
            return True
        waits = node.state == "waiting" and node.hold in ("", Holder.UNNEEDED)
        return (node.state == "ready" or waits) and all(map(self.can_be_posted, node.needs))

    def needed_by(self, ids: Set[int]) -> set[int]:
        """Return these postings, what they need, and what that needs in turn."""
        found: set[int] = set()
        left = list(ids)
        while left:
            id = left.pop()
            if id not in found:
                found.add(id)
                left += self.nodes[id].needs if id in self.nodes else ()
        return found


def schedule(posting_session: PostingSession) -> bool:
    """Postpone creations that no postable document needs, resume those that one needs.

    Withdraw those that no document needs at all. Return whether any was resumed.
    """
    with transaction() as session:
        creations = _creations(session, posting_session)
        if not creations:
            return False
        graph = _graph(session, posting_session, creations)
        requested = {one.id for one in creations if outbox.creation_requested_by(one.document)}
        documents = {id for id, node in graph.nodes.items() if node.is_document}
        postable = {id for id in documents if graph.can_be_posted(id)}
        needed = graph.needed_by(documents | requested)
        needed_now = graph.needed_by(postable | requested)
        postponed = needed - needed_now
        _withdraw(session, [one for one in creations if one.id not in needed])
        _postpone(session, [one for one in creations if one.id in postponed])
        return _resume(session, [one for one in creations if one.id in needed_now])


def _creations(session: Session, posting_session: PostingSession) -> list[Posting]:
    """Return the unsent postings that make records for codes."""
    unsent = Posting.operation == "create", Posting.state.in_(outbox.UNSENT)
    found = (
        select(Posting)
        .join(SourceDocument, SourceDocument.id == Posting.document_id)
        .where(*posting_session.own_postings(), *unsent, text(f"posting.{PARTIES_AND_ITEMS}"))
        .where(SourceDocument.made_for != "")
        .options(contains_eager(Posting.document), defer(Posting.meaning))
        .with_for_update(of=Posting)
    )
    return list(session.scalars(found))


def _graph(
    session: Session, posting_session: PostingSession, creations: Sequence[Posting]
) -> _Graph:
    """Load what waits for these, and what that waits for besides."""
    waits = Posting.after_id.is_not(None), Posting.state.in_(outbox.UNSENT)
    columns = Posting.id, Posting.state, Posting.hold, Posting.payload
    others = select(*columns).where(
        *posting_session.own_postings(), *waits, Posting.id.not_in([one.id for one in creations])
    )
    nodes = {
        id: _Node(state, hold, frozenset(outbox.awaited_ids(payload)), is_document=True)
        for id, state, hold, payload in session.execute(others)
    }
    for one in creations:
        nodes[one.id] = _Node(one.state, one.hold, frozenset(outbox.awaited_ids(one.payload)))
    named = {need for node in nodes.values() for need in node.needs} - nodes.keys()
    rest = select(Posting.id, Posting.state, Posting.hold).where(Posting.id.in_(named))
    for id, state, hold in session.execute(rest) if named else ():
        nodes[id] = _Node(state, hold)
    matched = outbox.matched_records(session, Posting.id.in_(named)) if named else {}
    return _Graph(nodes, frozenset(matched))


def _withdraw(session: Session, creations: Iterable[Posting]) -> None:
    for one in creations:
        if not outbox.may_have_landed(session, one):
            outbox.withdraw(session, one, NO_LONGER_NEEDED)


def _postpone(session: Session, creations: Iterable[Posting]) -> None:
    """Postpone those that were never sent; what became of the others is found out in QuickBooks."""
    ready = [one.id for one in creations if one.state == "ready"]
    left = exists().where(
        Attempt.posting_id == Posting.id, Attempt.outcome.not_in(UNPROCESSED_OUTCOMES)
    )
    sent = set(session.scalars(select(Posting.id).where(Posting.id.in_(ready), left)))
    outbox.postpone(session, [id for id in ready if id not in sent], POSTPONED)


def _resume(session: Session, creations: Iterable[Posting]) -> bool:
    """Let postponed ones begin where the postings of their installation begin."""
    postponed: dict[int, list[int]] = defaultdict(list)
    for one in creations:
        if one.state == "waiting" and one.hold == Holder.UNNEEDED:
            postponed[one.installation_id].append(one.id)
    for installation_id, ids in postponed.items():
        installation = session.get_one(Installation, installation_id)
        if app := hub_context.current().plugins.apps.get(installation.slug):
            settings = sources.settings_of(installation)
            outbox.resume(session, ids, sources.initial_state(app, settings, installation.mode))
    return bool(postponed)
