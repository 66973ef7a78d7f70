"""What the source yields, and which documents it is asked for again."""

import hashlib
from collections.abc import Iterator, Sequence

from sqlalchemy import Select, or_, select

from hub import sources, store
from hub.collect.cleaning import clean
from hub.collect.setup import Setup
from hub.documents import Checkpoint, Document, Gone, Unreadable, Yielded, readable
from hub.errors import PluginFault
from hub.models import Posting, SourceDocument

AT_ONCE = 50
LONGEST = 200
CUT = " … "  # stands between the beginning of an id and what tells it from others that begin so
UNTOLD = ("source", "mapping", "preflight")


def read(setup: Setup, ids: Sequence[str] = ()) -> Iterator[Yielded]:
    """What changed, or exactly these ids; an exception of the plugin becomes a sentence that names the app."""
    installation = setup.installation
    cursors = {} if ids else dict(setup.cursors)
    with sources.guarded(installation, "reading its documents"):
        found = sources.call(installation, "hub_documents", site=setup.site, cursors=cursors, ids=tuple(ids))
        for item in found or ():
            if not isinstance(item, (Document, Gone, Unreadable, Checkpoint)):
                defect = TypeError(f"it yielded a {type(item).__name__}")
                raise PluginFault(setup.app.name, "reading its documents", defect)
            yield item if isinstance(item, Checkpoint) else _fitting(item)


def _fitting(item: Document | Gone | Unreadable) -> Document | Gone | Unreadable:
    """The same with clean texts; one with an id that no column holds is held under the beginning of it."""
    if len(item.source_id) <= LONGEST:
        return readable(item.source_id, clean, item)
    name = _cut(item.source_id)
    if isinstance(item, Gone):
        return Gone(source_id=name, reason=item.reason)
    long = f"Its id at the source has {len(item.source_id)} characters; {LONGEST} is the most that can be kept."
    return Unreadable(source_id=name, reason=long)


def _cut(source_id: str) -> str:
    digest = hashlib.sha256(source_id.encode("utf-8", "replace")).hexdigest()
    return clean(source_id[: LONGEST - len(CUT) - 16]) + CUT + digest[:16]


def again(setup: Setup) -> list[str]:
    """The ids of documents that are not wanted yet, held before they were sent, unreadable, or changed meanwhile."""
    held = (
        select(Posting.id)
        .where(Posting.document_id == SourceDocument.id, Posting.hold.in_(UNTOLD))
        .where(Posting.state.in_(("held", "waiting")), Posting.operation != "attach")
    )
    waits = SourceDocument.stage == "pending", SourceDocument.unreadable != "", held.exists()
    alive = SourceDocument.gone.is_(None) & or_(*waits)
    wanted = _mine(setup).where(or_(SourceDocument.reread, alive), SourceDocument.made_for == "")
    with store.reading() as session:
        found = session.scalars(wanted.order_by(SourceDocument.id))
        return [id for id in found if id[-16 - len(CUT) : -16] != CUT]  # the source knows no such id


def _mine(setup: Setup) -> Select[str]:
    return select(SourceDocument.source_id).where(SourceDocument.installation_id == setup.installation.id)
