"""What the source yields, and which documents it is asked for again."""

import hashlib
from collections.abc import Iterator, Sequence

from sqlalchemy import or_, select, text

from hub import sources, store
from hub.collect.cleaning import clean
from hub.collect.setup import Setup
from hub.documents import Checkpoint, Document, Gone, Unreadable, Yielded, readable
from hub.errors import PluginFault
from hub.models import Posting, SourceDocument
from hub.models.postings import ASKED_AGAIN

AT_ONCE = 50
LONGEST = 200
CUT = " … "  # stands between the beginning of an id and what tells it from others that begin so
UNTOLD = ("source", "mapping", "preflight")


def read(setup: Setup, ids: Sequence[str] = ()) -> Iterator[Yielded]:
    """What changed, or exactly these ids; an exception of the plugin becomes a sentence that names the app."""
    installation = setup.installation
    cursors = {} if ids else dict(setup.cursors)
    with sources.guarded(installation, "reading its documents"):
        found = sources.call(
            installation, "hub_documents", site=setup.site, cursors=cursors, ids=tuple(ids)
        )
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
    alive, wanted = (
        SourceDocument.gone.is_(None),
        select(SourceDocument.id, SourceDocument.source_id),
    )
    wanted = wanted.where(SourceDocument.made_for == "")
    asked = wanted.where(SourceDocument.installation_id == setup.installation.id, text(ASKED_AGAIN))
    held = (
        wanted.join(Posting, Posting.document_id == SourceDocument.id)
        .where(
            Posting.installation_id == setup.installation.id, Posting.state.in_(("held", "waiting"))
        )
        .where(Posting.hold.in_(UNTOLD), Posting.operation != "attach", alive)
    )
    with store.reading() as session:
        found = {
            *session.execute(asked.where(or_(SourceDocument.reread, alive))),
            *session.execute(held),
        }
        return [
            id for _, id in sorted(found) if id[-16 - len(CUT) : -16] != CUT
        ]  # the source knows no such id
