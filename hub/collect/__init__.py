"""Conductor one: reads a source, and leaves in the outbox what is to be posted."""

import logging
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

from sqlalchemy.orm import Session

from hub import cases, sources, store
from hub.collect.group import Group
from hub.collect.reading import AT_ONCE, again, read
from hub.collect.remapping import awaited, remap
from hub.collect.setup import Setup, prepare
from hub.documents import Checkpoint, Document, Gone, Unreadable, Yielded
from hub.errors import AccessNeeded, ConnectionTrouble, HubError, NeedsAttention, Retry
from hub.models import Cursor, Installation

__all__ = ["Collected", "collect"]

log = logging.getLogger("hub")
Progress = Callable[[str, int, int], None]
Item = Document | Gone | Unreadable


@dataclass
class Collected:
    """What one collect did, in documents by what became of each."""

    counts: Counter[str] = field(default_factory=Counter)


def collect(
    installation_id: int,
    *,
    ids: Sequence[str] = (),
    run_id: int | None = None,
    progress: Progress | None = None,
) -> Collected:
    """Takes in what changed, or exactly these ids; what stops it is raised, and what came before is kept."""
    found = Collected()
    try:
        setup = prepare(installation_id, run_id)
        remap(setup)
        _reread(setup, list(ids) or again(setup), found, progress)
        if not ids:
            _take_in(setup, read(setup), found, progress)
        awaited(setup)
    except ConnectionTrouble:
        raise
    except (NeedsAttention, AccessNeeded) as error:
        _needs_attention(installation_id, error)
        raise
    with store.transaction() as session:
        cases.close(session, f"source:{installation_id}")
    return found


def _reread(setup: Setup, ids: list[str], found: Collected, progress: Progress | None) -> None:
    for start in range(0, len(ids), AT_ONCE):
        exactly = read(setup, ids[start : start + AT_ONCE])
        _take_in(
            setup, (item for item in exactly if not isinstance(item, Checkpoint)), found, progress
        )


def _take_in(
    setup: Setup, items: Iterable[Yielded], found: Collected, progress: Progress | None
) -> None:
    """Commits in groups; a cursor goes with everything that was yielded before it, never ahead."""
    waiting: list[Item] = []
    try:
        for item in items:
            if isinstance(item, Checkpoint):
                _commit(setup, waiting, found, progress, item)
                waiting = []
                continue
            waiting.append(item)
            if len(waiting) == AT_ONCE:
                _commit(setup, waiting, found, progress)
                waiting = []
    except HubError:
        _commit(setup, waiting, found, progress)
        raise
    _commit(setup, waiting, found, progress)


def _commit(
    setup: Setup,
    items: list[Item],
    found: Collected,
    progress: Progress | None,
    mark: Checkpoint | None = None,
) -> None:
    if not items and not mark:
        return
    try:
        with store.transaction() as session:
            counts = Group(session, setup, items).take()
            _keep_cursor(session, setup.installation.id, mark)
    except (Retry, NeedsAttention):
        raise
    except Exception as error:
        setup.seen.clear()
        counts = _singly(setup, items, mark, error)
    found.counts += counts
    found.counts["documents"] += len(items)
    if progress:
        progress("collect", found.counts["documents"], 0)


def _singly(
    setup: Setup, items: list[Item], mark: Checkpoint | None, error: Exception
) -> Counter[str]:
    """A document that the hub itself cannot take in is held with that reason; its neighbours go on."""
    if len(items) > 1:
        found = Collected()
        for item in items:
            _commit(setup, [item], found, None)
        if mark:
            _commit(setup, [], found, None, mark)
        del found.counts["documents"]
        return found.counts
    if not items or (isinstance(items[0], Unreadable)):
        raise error
    reason = _words(error)
    if not isinstance(error, HubError):
        log.error(
            "document %s of installation %s",
            items[0].source_id,
            setup.installation.id,
            exc_info=error,
        )
    with store.transaction() as session:
        counts = Group(
            session, setup, [Unreadable(source_id=items[0].source_id, reason=reason[:1000])]
        ).take()
        _keep_cursor(session, setup.installation.id, mark)
    return counts


def _words(error: Exception) -> str:
    if isinstance(error, HubError):
        return error.text
    return (
        f"The hub could not take it in ({type(error).__name__}: {error}). The log has the details."
    )


def _keep_cursor(session: Session, installation_id: int, mark: Checkpoint | None) -> None:
    if mark:
        session.merge(
            Cursor(installation_id=installation_id, stream=mark.stream, value=mark.cursor)
        )


def _needs_attention(installation_id: int, error: HubError) -> None:
    with store.transaction() as session:
        installation = session.get_one(Installation, installation_id)
        if installation.company.state != "connected":
            return  # it was QuickBooks that refused, and that is a case of its own
        name = sources.app_of(installation).name
        cases.open(
            session,
            f"source:{installation_id}",
            title=f"{name} cannot be read",
            reason=error.text,
            act="settings",
            do=f"Open the settings of {name}, correct the access, and test the connection.",
            company_id=installation.company_id,
            installation_id=installation_id,
        )
