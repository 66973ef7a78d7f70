"""Receive a file for an installation: check it, let the plugin read it, and store it once."""

import hashlib
from dataclasses import dataclass
from pathlib import PurePath

from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from hub.context import current
from hub.contract import files
from hub.db.engine import reading, transaction
from hub.errors import Refused
from hub.models import Installation, StoredFile
from hub.models.enums import FileState, FileWay
from hub.security import audit
from hub.sources.site import app_of, call, guarded, site

RECEIVED = "file received"
MAX_NAME_LENGTH = 255


@dataclass(frozen=True)
class IntakeResult:
    """What became of a file that arrived; `is_new` is false if it had arrived before."""

    name: str
    state: str
    documents: int
    is_new: bool


def receive(
    installation: Installation, name: str, content: bytes, *, way: FileWay, who: str
) -> IntakeResult:
    """Store a file that its app can read; raise Refused, storing nothing, if it cannot.

    The same content is stored once for an installation, whatever its name.
    """
    name = _checked_name(installation, name, content)
    digest = hashlib.sha256(content).hexdigest()
    existing = _existing(installation, digest)
    if existing:
        return existing
    now = current().clock.now()
    arrived = files.ReceivedFile(id=0, name=name, digest=digest, size=len(content), received_at=now)
    held = _read(installation, arrived, content)
    stored = StoredFile(
        installation_id=installation.id,
        name=name,
        digest=digest,
        size=len(content),
        content=content,
        received_at=now,
        received_by=who,
        way=way,
        state=FileState.UNMAPPED if held.table else FileState.ACCEPTED,
        documents=held.documents,
        reason="",
    )
    try:
        _store(installation, stored, who)
    except IntegrityError:  # the same content arrived at the same moment
        existing = _existing(installation, digest)
        if existing is None:
            raise
        return existing
    return IntakeResult(name, stored.state, stored.documents, is_new=True)


def _checked_name(installation: Installation, name: str, content: bytes) -> str:
    """Return the name of a file without its folders; raise Refused if the app cannot take it."""
    app = app_of(installation)
    if app.files is None:
        raise Refused("%(app)s takes no files.", app=app.name)
    name = PurePath(name.replace("\\", "/")).name
    name = "".join(letter for letter in name if letter.isprintable())[-MAX_NAME_LENGTH:]
    if PurePath(name).suffix.lower() not in app.files.suffixes:
        raise Refused(
            "%(name)s is no file that %(app)s reads. Choose one that ends in %(suffixes)s.",
            name=name,
            app=app.name,
            suffixes=", ".join(app.files.suffixes),
        )
    if not content:
        raise Refused("%(name)s is empty. Choose a file with content.", name=name)
    if len(content) > app.files.limit:
        raise Refused(
            "%(name)s is larger than %(limit)s bytes. Split it and upload the parts.",
            name=name,
            limit=app.files.limit,
        )
    return name


def _read(
    installation: Installation, arrived: files.ReceivedFile, content: bytes
) -> files.FileContent:
    """Let the plugin read a file and return what it holds."""
    here = site(installation)
    with guarded(installation, "reading a file"):
        held = call(installation, "hub_file", site=here, file=arrived, content=content)
        if not isinstance(held, files.FileContent):
            raise TypeError(f"hub_file returned {type(held).__name__}, not FileContent")
    return held


def _existing(installation: Installation, digest: str) -> IntakeResult | None:
    """Return what became of this content when it arrived before; None if it is new."""
    query = select(StoredFile).where(
        StoredFile.installation_id == installation.id, StoredFile.digest == digest
    )
    with reading() as session:
        stored = session.scalar(query)
    if stored is None:
        return None
    return IntakeResult(stored.name, stored.state, stored.documents, is_new=False)


def _store(installation: Installation, stored: StoredFile, who: str) -> None:
    """Store a file with its entry in the audit log."""
    with transaction() as session:
        if stored.state == FileState.ACCEPTED:
            stored.position = _next_position(session, installation)
        session.add(stored)
        audit.record(
            session,
            who,
            RECEIVED,
            f"{installation.slug} for {installation.company.name or installation.company.realm}",
            name=stored.name,
            digest=stored.digest,
            size=stored.size,
        )


def _next_position(session: Session, installation: Installation) -> int:
    """Return the position of the next accepted file; the lock keeps positions in commit order."""
    session.execute(
        select(Installation.id).where(Installation.id == installation.id).with_for_update()
    )
    newest = session.scalar(
        select(func.max(StoredFile.position)).where(StoredFile.installation_id == installation.id)
    )
    return (newest or 0) + 1
