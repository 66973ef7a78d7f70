"""Names and addresses of the codes of sources that entries of the audit log are about."""

from collections.abc import Iterable
from typing import Any, NamedTuple

from flask import url_for
from sqlalchemy import select
from sqlalchemy.orm import Session

from hub.models import AuditEntry, Installation, Match, SeenCode
from hub.sources.match_scope import build_shared_columns
from hub.translations.messages import gettext
from hub.web.codes import code_lookup
from hub.web.frame.names import app_name
from hub.web.frame.viewer import translate_for_app

# Acts on codes name the codes as "costtracker supplier s1".
CODE_ACTIONS = frozenset({"code matched", "match removed"})


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
    """The codes that some entries are about, loaded together."""

    def __init__(self, session: Session, entries: Iterable[AuditEntry]) -> None:
        """Load the names of these codes and the labels of their fields."""
        keys = set()
        for entry in entries:
            key = _get_key(entry)
            if key and key.installation_id:
                keys.add(key)
        ids = {key.installation_id for key in keys}
        installations = session.scalars(select(Installation).where(Installation.id.in_(ids))).all()
        by_match = _load_match_names(session, keys, installations)
        self._names = {**by_match, **_load_names(session, keys)}
        self._labels = _load_labels(installations)

    def link(self, entry: AuditEntry) -> SubjectLink:
        """Return the name of an entry's code, and its page if the entry has the app of the code.

        A code without a name is called as in the entry.
        """
        key = _get_key(entry)
        if not key.code:
            return SubjectLink(entry.subject)
        label = self._labels.get((key.installation_id, key.field), key.field.replace("_", " "))
        name = self._names.get(key) or key.code
        text = gettext(
            "%(label)s “%(name)s” (%(app)s)", label=label, name=name, app=app_name(key.slug)
        )
        if not key.installation_id:
            return SubjectLink(text)
        url = url_for(
            "matching.one", installation_id=key.installation_id, field=key.field, code=key.code
        )
        return SubjectLink(text, url)


def _get_key(entry: AuditEntry) -> CodeKey:
    """Return the code that an entry names; without an installation if the entry has none."""
    slug, _, rest = entry.subject.partition(" ")
    field, _, code = rest.partition(" ")
    return CodeKey(int(entry.detail.get("installation") or 0), slug, field, code)


def _load_names(session: Session, keys: Iterable[CodeKey]) -> dict[CodeKey, str]:
    """Return the names that documents gave to codes."""
    keys_by_columns = {(key.installation_id, key.field, key.code): key for key in keys}
    if not keys_by_columns:
        return {}
    columns: tuple[Any, ...] = (SeenCode.installation_id, SeenCode.field, SeenCode.code)
    query: Any = select(*columns, SeenCode.name).where(SeenCode.name != "")
    for position, column in enumerate(columns):
        query = query.where(column.in_({key[position] for key in keys_by_columns}))
    names = {}
    for installation_id, field, code, name in session.execute(query):
        key = keys_by_columns.get((installation_id, field, code))
        if key:
            names[key] = name
    return names


def _load_match_names(
    session: Session, keys: Iterable[CodeKey], installations: Iterable[Installation]
) -> dict[CodeKey, str]:
    """Return the names that lists of the source gave to codes which no document has used yet."""
    keys_by_installation: dict[int, list[CodeKey]] = {}
    for key in keys:
        keys_by_installation.setdefault(key.installation_id, []).append(key)
    names = {}
    for row in installations:
        keys_by_code = {(key.field, key.code): key for key in keys_by_installation[row.id]}
        query: Any = select(Match.field, Match.code, Match.name).filter_by(
            **build_shared_columns(row)
        )
        codes = {code for _, code in keys_by_code}
        for field, code, name in session.execute(query.where(Match.code.in_(codes))):
            audited_key = keys_by_code.get((field, code))
            if audited_key and name:
                names[audited_key] = name
    return names


def _load_labels(installations: Iterable[Installation]) -> dict[tuple[int, str], str]:
    """Return the labels of the code fields of installations, in the language of the person."""
    labels = {}
    for row in installations:
        for field in code_lookup.load_fields_by_name(row).values():
            labels[row.id, field.name] = translate_for_app(field.label, row.slug)
    return labels
