"""What the source yields, and which documents it is asked for again."""

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
UNTOLD = ("source", "mapping", "preflight")


def read(setup: Setup, ids: Sequence[str] = ()) -> Iterator[Yielded]:
    """What changed, or exactly these ids; an exception of the plugin becomes a sentence that names the app."""
    installation = setup.installation
    cursors = {} if ids else dict(setup.cursors)
    with sources.guarded(installation, "reading its documents"):
        found = sources.call(installation, "hub_documents", site=setup.site, cursors=cursors, ids=tuple(ids))
        for item in found or ():
            defect: Exception
            if not isinstance(item, (Document, Gone, Unreadable, Checkpoint)):
                defect = TypeError(f"it yielded a {type(item).__name__}")
                raise PluginFault(setup.app.name, "reading its documents", defect)
            if not isinstance(item, Checkpoint) and len(item.source_id) > LONGEST:
                defect = ValueError(
                    f"it yielded a source_id of {len(item.source_id)} characters; {LONGEST} is the most"
                )
                raise PluginFault(setup.app.name, "reading its documents", defect)
            yield item if isinstance(item, Checkpoint) else readable(item.source_id, clean, item)


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
        return list(session.scalars(wanted.order_by(SourceDocument.id)))


def _mine(setup: Setup) -> Select[str]:
    return select(SourceDocument.source_id).where(SourceDocument.installation_id == setup.installation.id)
