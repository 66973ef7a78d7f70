"""A dry check: what would stop a document if it were final now, by the very rules of posting; nothing is kept."""

from dataclasses import replace

from sqlalchemy.orm import Session

from hub.collect.batch import Group
from hub.collect.setup import Setup, prepare
from hub.contract.codec import load
from hub.contract.documents import Document
from hub.db.engine import reading, transaction
from hub.errors import NotNow
from hub.models import Posting, SourceDocument
from hub.posting.preflight import checks
from hub.posting.preflight import run as preflight_run


class _Back(Exception):
    """Takes everything back that the rehearsal wrote."""


def check(document_id: int) -> tuple[str, ...]:
    """A sentence for everything that would stop it; none when QuickBooks would be sent it as it is."""
    with reading() as session:
        row = session.get_one(SourceDocument, document_id)
    if not row.body or row.unreadable or row.gone is not None:
        raise NotNow("There is nothing to check: the source does not show it whole.")
    setup = prepare(row.installation_id, None)
    document = _as_final(load(Document, row.body))
    told: tuple[str, ...] = ()
    try:
        with transaction() as session:
            told = _rehearse(session, setup, document)
            raise _Back
    except _Back:
        return told


def _as_final(document: Document) -> Document:
    """Return the document as if nothing were awaited; `hold` of a pending one only says what it waits for."""
    hold = None if document.stage == "pending" else document.hold
    return replace(document, stage="ready", hold=hold)


def _rehearse(session: Session, setup: Setup, document: Document) -> tuple[str, ...]:
    group = Group(session, setup, [document])
    group.take()
    session.flush()
    row = group.rows[document.source_id]
    mains = [one for one in group.postings(row) if one.operation != "attach"]
    held = [one.reason for one in mains if one.state == "held"]
    free = [one for one in mains if one.state in ("ready", "review", "waiting")]
    return tuple(dict.fromkeys([*filter(None, held), *_refused(session, free)]))


def _refused(session: Session, postings: list[Posting]) -> list[str]:
    if not postings:
        return []
    known = preflight_run.load(session, postings[0].company_id, postings)
    return [
        f"{problem.title}. {problem.reason}"
        for one in postings
        for problem in checks.problems(one, known)
    ]
