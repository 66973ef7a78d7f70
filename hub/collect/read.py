"""What the source yields, with texts and ids that every database can hold."""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import replace

from hub import sources
from hub.collect.setup import Setup
from hub.collect.text_cleaning import clean
from hub.contract.documents import Checkpoint, Document, Gone, Unreadable, Yielded
from hub.contract.rows import readable
from hub.errors import PluginFault

AT_ONCE = 50
LONGEST = 200
CUT = " … "  # stands between the beginning of an id and what tells it from others that begin so


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
        return replace(item, source_id=name)
    long = f"Its id at the source has {len(item.source_id)} characters; {LONGEST} is the most that can be kept."
    return Unreadable(source_id=name, reason=long)


def is_cut(source_id: str) -> bool:
    """Whether it is the hub's own name for an id that is too long; the source does not know it."""
    return source_id[-16 - len(CUT) : -16] == CUT


def _cut(source_id: str) -> str:
    digest = hashlib.sha256(source_id.encode("utf-8", "replace")).hexdigest()
    return clean(source_id[: LONGEST - len(CUT) - 16]) + CUT + digest[:16]
