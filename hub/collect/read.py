"""Read documents from a source, with texts and ids that every database can hold."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace

from hub import sources
from hub.collect.setup import Setup
from hub.collect.text_cleaning import clean
from hub.context import mask_secrets
from hub.contract.documents import (
    Checkpoint,
    Code,
    Document,
    Gone,
    Unreadable,
    Yielded,
    iter_codes,
)
from hub.contract.hook_results import iter_yielded
from hub.contract.long_ids import MAX_ID_LENGTH, MAX_SHOWN_ID_LENGTH, is_shortened, shorten_id
from hub.contract.rows import readable
from hub.contract.states import Stage
from hub.contract.types import App
from hub.errors import Sentence
from hub.sources import hook_calls
from hub.sources.masking import mask_item

MISSING_ID = re.compile(r"(?:^|[:/|_-])None$")  # what Python makes of an id that is null


def read(setup: Setup, ids: Sequence[str] = ()) -> Iterator[Yielded]:
    """Yield the documents that changed at the source, or exactly those with these ids.

    An exception of the plugin becomes an error that names the app.
    """
    installation = setup.installation
    cursors = {} if ids else dict(setup.cursors)
    with sources.guard(installation, Sentence("reading its documents")):
        items = sources.call_hook(
            installation, "hub_documents", site=setup.site, cursors=cursors, ids=tuple(ids)
        )
        for item in hook_calls.iterate(installation.slug, "hub_documents", iter_yielded(items)):
            if isinstance(item, Checkpoint):
                yield item
                continue
            yield mask_item(check_item(setup.app, item))


def check_item(app: App, item: Document | Gone | Unreadable) -> Document | Gone | Unreadable:
    """Return an item of a plugin as it is stored; Unreadable if it may not be posted as it is."""
    return _make_storable(_require_declared_kind(app, item))


def _require_declared_kind(
    app: App, item: Document | Gone | Unreadable
) -> Document | Gone | Unreadable:
    """Return an item; Unreadable instead of a ready document of a kind its app does not declare.

    QuickBooks was not searched for transactions of such a kind, so the document may be there
    already, and the page of the app says that it does not post this kind.
    """
    if not isinstance(item, Document) or item.stage != Stage.READY or item.kind in app.posts:
        return item
    reason = Sentence(
        "%(app)s's plugin brings it as a document of the kind %(kind)s, which the app does not"
        " declare among those that it posts. Send this message to the plugin's author.",
        app=app.name,
        kind=item.kind,
    )
    return Unreadable(source_id=item.source_id, reason=reason)


def _make_storable(item: Document | Gone | Unreadable) -> Document | Gone | Unreadable:
    """Clean the texts of an item; return Unreadable if an id is missing or cannot be stored.

    A document that is gone is not posted, so its id is only shortened.
    """
    reason = "" if isinstance(item, Gone) else _find_missing_id(item)
    if reason:
        return Unreadable(source_id=item.source_id, reason=reason)
    if len(item.source_id) <= MAX_ID_LENGTH:
        return readable(item.source_id, clean, item)
    short_id = shorten_id(item.source_id)
    if isinstance(item, Gone):
        return replace(item, source_id=short_id)
    return Unreadable(source_id=short_id, reason=_describe_long_id(item.source_id))


def _find_missing_id(item: Document | Unreadable) -> str:
    """Return why an item cannot be told apart from others; "" if it and its codes have ids."""
    if MISSING_ID.search(item.source_id):
        return Sentence(
            "The source sent a row without an id, which the plugin calls “%(id)s”. Rows without an"
            " id cannot be told apart, so none of them is posted. Give the row an id at the source,"
            " or send this message to the plugin's author.",
            id=item.source_id,
        )
    return _find_code_without_id(item) if isinstance(item, Document) else ""


def _find_code_without_id(document: Document) -> str:
    """Return why a document cannot be posted if a code of it has no id; else ""."""
    for field, code, _ in iter_codes(document):
        # Something may be called None at the source, such as a department.
        if isinstance(code, Code) and code.name != "None" and MISSING_ID.search(code.id):
            return Sentence(
                "The source sent no id for its %(field)s “%(name)s”. Without an id it could be"
                " another one with the next document, so this one is not posted. Give it an id at"
                " the source, or send this message to the plugin's author.",
                field=field,
                name=code.name or code.number or code.id,
            )
    return ""


def _describe_long_id(source_id: str) -> Sentence:
    """Explain that an id is too long to be stored."""
    return Sentence(
        "Its id at the source has %(length)s characters; %(max_length)s is the most"
        " that can be kept. It begins with “%(beginning)s”.",
        length=len(source_id),
        max_length=MAX_ID_LENGTH,
        beginning=clean(mask_secrets(source_id)[:MAX_SHOWN_ID_LENGTH]),
    )


def is_at_source(source_id: str) -> bool:
    """Return whether the source can be asked for an id.

    It cannot if the id is the hub's own, or if it stands for rows without one.
    """
    return not is_shortened(source_id) and not MISSING_ID.search(source_id)
