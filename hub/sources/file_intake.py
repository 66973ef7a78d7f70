"""Receive a file for an installation: check it, let the plugin read it, and store it once."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import PurePath

from sqlalchemy import exists, func, insert, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session, aliased

from hub.cases import inbox
from hub.context import current_hub
from hub.contract import files
from hub.contract.hook_results import require_result
from hub.db.engine import read_only_session, transaction
from hub.errors import BadDocument, Refused, Sentence
from hub.models import FileDocument, FileMapping, Installation, StoredFile
from hub.models.enums import FileState, FileWay
from hub.outbox.setting_locks import lock_to_change
from hub.reasons.texts import CaseText
from hub.security import audit
from hub.sources.site import build_site, call_hook, get_app, guard

RECEIVED_ACTION = "file received"
MAX_NAME_LENGTH = 255


@dataclass(frozen=True)
class IntakeResult:
    """The outcome for a file that arrived; `is_new` is false if it had arrived before.

    `outdated` is the number of its documents that files have which arrived later.
    """

    id: int
    name: str
    state: str
    documents: int
    is_new: bool
    outdated: int = 0

    def describe_repetition(self, name: str) -> Sentence:
        """Return the message that a file arrived again under this name and nothing was added."""
        if not self.outdated:
            return Sentence("%(name)s was received before. Nothing was added.", name=name)
        return Sentence(
            "%(name)s was received before. Nothing was added, and its documents that are also in"
            " later files stay as they are there: %(count)s. To go back to this file, change"
            " anything in it, such as the name of a column that is not used, and add it again.",
            name=name,
            count=self.outdated,
        )


def receive(
    installation: Installation, name: str, content: bytes, *, way: FileWay, who: str
) -> IntakeResult:
    """Store a file that its app can read; raise Refused, storing nothing, if it cannot.

    The same content is stored once for an installation, under any name. A table with the columns
    of a stored mapping is accepted with it; another one waits for a person, with a case.
    """
    check_size(installation, name, len(content))
    name = _require_accepted_name(installation, name)
    digest = hashlib.sha256(content).hexdigest()
    existing = _find_earlier_result(installation, digest)
    if existing:
        return existing
    received_file = files.ReceivedFile(
        id=0, name=name, digest=digest, size=len(content), received_at=current_hub().clock.now()
    )
    received_file, file_content = _read_as_mapped_before(installation, received_file, content)
    file = StoredFile(
        installation_id=installation.id,
        name=name,
        digest=digest,
        size=len(content),
        content=content,
        received_at=received_file.received_at,
        received_by=who,
        way=way,
        state=FileState.UNMAPPED,
        document_count=0,
    )
    try:
        with transaction() as session:
            session.add(file)
            session.flush()
            if file_content.table is None:
                accept(session, installation, file, file_content.documents, received_file.mapping)
            else:
                _open_case(session, installation, file)
            record_in_audit_log(
                session, installation, file, who, RECEIVED_ACTION, digest=digest, size=file.size
            )
            result = _build_result(file, is_new=True)
    except IntegrityError:  # the same content arrived at the same moment
        existing = _find_earlier_result(installation, digest)
        if existing is None:
            raise
        return existing
    return result


def read(installation: Installation, file: files.ReceivedFile, content: bytes) -> files.FileContent:
    """Let the plugin read a file and return what it holds; raise Refused if it cannot."""
    site = build_site(installation)
    with guard(installation, Sentence("reading a file")):
        try:
            result = call_hook(installation, "hub_file", site=site, file=file, content=content)
        except BadDocument as error:  # such as an amount that cannot be read
            raise Refused("%(name)s: %(why)s", name=file.name, why=error.sentence) from error
        return require_result("hub_file", result, files.FileContent)


def accept(
    session: Session,
    installation: Installation,
    file: StoredFile,
    documents: tuple[str, ...],
    mapping: Mapping[str, str] | None,
) -> None:
    """Give a file the next position, so that the next sync reads it, and close its case.

    Files that arrived later and have documents of it are read again after it.
    """
    file.state = FileState.ACCEPTED
    file.mapping = None if mapping is None else dict(mapping)
    file.position = _load_next_position(session, installation)
    file.document_count = len(documents)
    rows = [{"file_id": file.id, "document_id": id} for id in dict.fromkeys(documents)]
    if rows:
        session.execute(insert(FileDocument), rows)
    _move_later_files_behind(session, installation, file)
    inbox.close(session, build_case_cause(file.id))


def _move_later_files_behind(
    session: Session, installation: Installation, stored_file: StoredFile
) -> None:
    """Give new positions to the files that arrived after this one and share documents with it.

    The content of a document comes from the file that arrived last, no matter when the columns of
    its files were mapped.
    """
    later = (
        select(StoredFile)
        .where(StoredFile.installation_id == installation.id, StoredFile.id > stored_file.id)
        .where(StoredFile.state == FileState.ACCEPTED)
        .order_by(StoredFile.id)
    )
    moved_ids = [stored_file.id]
    for file in session.scalars(later).all():
        of_moved = aliased(FileDocument)
        shared_documents = select(FileDocument.file_id).where(
            FileDocument.file_id == file.id,
            of_moved.document_id == FileDocument.document_id,
            of_moved.file_id.in_(moved_ids),
        )
        if session.scalar(shared_documents.limit(1)) is not None:
            file.position = _load_next_position(session, installation)
            moved_ids.append(file.id)


def find_newest_mapping(installation: Installation, columns: tuple[str, ...]) -> FileMapping | None:
    """Return the newest stored mapping for tables with exactly these columns, if there is one."""
    query = (
        select(FileMapping)
        .where(FileMapping.installation_id == installation.id)
        .order_by(FileMapping.id.desc())
    )
    with read_only_session() as session:
        for mapping in session.scalars(query):
            if tuple(mapping.columns) == tuple(columns):
                return mapping
    return None


def build_case_cause(file_id: int) -> str:
    """Return the cause of the case of a table that waits for the mapping of its columns."""
    return f"file:{file_id}"


def record_in_audit_log(
    session: Session,
    installation: Installation,
    file: StoredFile,
    who: str,
    what: str,
    **detail: object,
) -> None:
    """Record in the audit log what was done with a file."""
    company = installation.company
    subject = f"{installation.slug} for {company.display_name}"
    audit.record(session, who, what, subject, name=file.name, **detail)


def check_size(installation: Installation, name: str, size: int) -> None:
    """Raise Refused for a file that is empty, or larger than the app allows."""
    app = get_app(installation)
    if app.files is None:
        raise Refused("%(app)s does not accept files.", app=app.name)
    if not size:
        raise Refused("%(name)s is empty. Choose a file with content.", name=name)
    if size > app.files.limit:
        raise Refused(
            "%(name)s has %(size)s bytes; %(app)s accepts at most %(limit)s. Split it into parts.",
            name=name,
            size=size,
            app=app.name,
            limit=app.files.limit,
        )


def _require_accepted_name(installation: Installation, name: str) -> str:
    """Return the name of a file without its folders; raise Refused for another kind of file."""
    app = get_app(installation)
    suffixes = app.files.suffixes if app.files else ()
    name = PurePath(name.replace("\\", "/")).name
    name = "".join(letter for letter in name if letter.isprintable())[-MAX_NAME_LENGTH:]
    if PurePath(name).suffix.lower() not in suffixes:
        raise Refused(
            "%(app)s cannot read %(name)s. Choose a file that ends in %(suffixes)s.",
            name=name,
            app=app.name,
            suffixes=", ".join(suffixes),
        )
    return name


def _read_as_mapped_before(
    installation: Installation, received_file: files.ReceivedFile, content: bytes
) -> tuple[files.ReceivedFile, files.FileContent]:
    """Read a file; a table is read with the newest stored mapping of its columns.

    If a table cannot be read with that mapping, it is returned without one.
    """
    file_content = read(installation, received_file, content)
    if file_content.table is None:
        return received_file, file_content
    stored_mapping = find_newest_mapping(installation, file_content.table.columns)
    if stored_mapping is None:
        return received_file, file_content
    mapped_file = replace(received_file, mapping=stored_mapping.answers)
    try:
        return mapped_file, read(installation, mapped_file, content)
    except Refused:
        return received_file, file_content


def _open_case(session: Session, installation: Installation, file: StoredFile) -> None:
    """Open the case of a table that waits for the mapping of its columns."""
    inbox.open(
        session,
        build_case_cause(file.id),
        CaseText("file.unmapped", app=get_app(installation).name, file=file.name),
        company_id=installation.company_id,
        installation_id=installation.id,
        details={"file": file.id},
    )


def _find_earlier_result(installation: Installation, digest: str) -> IntakeResult | None:
    """Return the outcome for this content when it arrived before; None if it is new."""
    query = select(StoredFile).where(
        StoredFile.installation_id == installation.id, StoredFile.digest == digest
    )
    with read_only_session() as session:
        file = session.scalar(query)
        if file is None:
            return None
        outdated_count = _count_outdated(session, file)
    return replace(_build_result(file, is_new=False), outdated=outdated_count)


def _count_outdated(session: Session, file: StoredFile) -> int:
    """Return how many documents of a file have a newer version in another one."""
    if file.position is None:  # a table that waits for its columns has no documents yet
        return 0
    newer = aliased(FileDocument)
    is_in_newer_file = (
        exists()
        .where(newer.document_id == FileDocument.document_id, StoredFile.id == newer.file_id)
        .where(StoredFile.installation_id == file.installation_id)
        .where(StoredFile.position > file.position)
    )
    query = select(func.count()).where(FileDocument.file_id == file.id, is_in_newer_file)
    return session.scalar(query) or 0


def _build_result(file: StoredFile, *, is_new: bool) -> IntakeResult:
    """Return the outcome for a stored file."""
    return IntakeResult(
        id=file.id,
        name=file.name,
        state=file.state,
        documents=file.document_count,
        is_new=is_new,
    )


def _load_next_position(session: Session, installation: Installation) -> int:
    """Return the position of the next accepted file; the lock keeps positions in commit order.

    The lock must not block the rows of files that are being stored and refer to the installation.
    """
    lock_to_change(session, installation.id)
    newest = session.scalar(
        select(func.max(StoredFile.position)).where(StoredFile.installation_id == installation.id)
    )
    return (newest or 0) + 1
