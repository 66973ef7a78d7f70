"""Names and addresses of the codes of sources that entries of the audit log are about."""

from collections.abc import Iterable
from typing import Any, NamedTuple

from flask import url_for
from sqlalchemy import select
from sqlalchemy.orm import Session

from hub.models import AuditEntry, Installation, SeenCode
from hub.translations.messages import gettext
from hub.web import matches
from hub.web.layout import app_name
from hub.web.viewer import translate_for_app

# Acts on codes name them as "costtracker supplier s1".
OF_CODES = frozenset({"code matched", "match removed"})


class SubjectLink(NamedTuple):
    """The name of a thing, and the address of its page if it has one."""

    name: str
    url: str = ""


class CodeKey(NamedTuple):
    """A code of an installation, as an entry names it."""

    installation_id: int
    slug: str
    field: str
    code: str


class AuditedCodes:
    """The codes that some entries are about, read together."""

    def __init__(self, session: Session, entries: Iterable[AuditEntry]) -> None:
        """Read the names that documents gave to these codes, and the labels of their fields."""
        keys = set()
        for entry in entries:
            key = _key(entry)
            if key and key.installation_id:
                keys.add(key)
        self._names = _read_names(session, keys)
        self._labels = _read_labels(session, {key.installation_id for key in keys})

    def link(self, entry: AuditEntry) -> SubjectLink:
        """Return the name of an entry's code, and its page if the entry has the app of the code.

        A code that no document named is called as the entry does.
        """
        key = _key(entry)
        label = self._labels.get((key.installation_id, key.field), key.field.replace("_", " "))
        name = self._names.get(key)
        if name:
            text = gettext(
                "%(label)s “%(name)s” (%(app)s)", label=label, name=name, app=app_name(key.slug)
            )
        else:
            text = f"{app_name(key.slug)} {label} {key.code}".strip()
        if not key.installation_id:
            return SubjectLink(text)
        url = url_for(
            "matching.one", installation_id=key.installation_id, field=key.field, code=key.code
        )
        return SubjectLink(text, url)


def _key(entry: AuditEntry) -> CodeKey:
    """Return the code that an entry names; without an installation if the entry has none."""
    slug, _, rest = entry.subject.partition(" ")
    field, _, code = rest.partition(" ")
    return CodeKey(int(entry.detail.get("installation") or 0), slug, field, code)


def _read_names(session: Session, keys: Iterable[CodeKey]) -> dict[CodeKey, str]:
    """Return the names that documents gave to codes."""
    by_place = {(key.installation_id, key.field, key.code): key for key in keys}
    if not by_place:
        return {}
    columns: tuple[Any, ...] = (SeenCode.installation_id, SeenCode.field, SeenCode.code)
    query: Any = select(*columns, SeenCode.name).where(SeenCode.name != "")
    for place, column in enumerate(columns):
        query = query.where(column.in_({key[place] for key in by_place}))
    names = {}
    for installation_id, field, code, name in session.execute(query):
        key = by_place.get((installation_id, field, code))
        if key:
            names[key] = name
    return names


def _read_labels(session: Session, ids: Iterable[int]) -> dict[tuple[int, str], str]:
    """Return the labels of the code fields of installations, in the language of the person."""
    labels = {}
    for row in session.scalars(select(Installation).where(Installation.id.in_(ids))):
        for field in matches.load_fields_by_name(row).values():
            labels[row.id, field.name] = translate_for_app(field.label, row.slug)
    return labels
