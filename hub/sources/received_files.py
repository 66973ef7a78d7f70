"""Read the files that were received for an installation, as its plugin sees them."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from sqlalchemy import Select, func, select

from hub.contract import files
from hub.contract.chunks import iter_chunks
from hub.db.engine import read_only_session
from hub.models import FileDocument, StoredFile
from hub.models.enums import FileState

FILES_PER_READ = 100
IDS_PER_READ = 500  # below the number of parameters that a statement may have


class SiteFiles:
    """The accepted files of one installation; nothing of another installation can be read."""

    __slots__ = ("_installation_id",)

    def __init__(self, installation_id: int) -> None:
        self._installation_id = installation_id

    def after(self, position: int) -> Iterator[files.ReceivedFile]:
        """Yield the accepted files with a higher position, in the order of positions."""
        while True:
            page = self._load_page_after(position)
            for file in page:
                position = file.position
                yield file
            if len(page) < FILES_PER_READ:
                return

    def with_documents(self, ids: Sequence[str]) -> Mapping[str, files.ReceivedFile]:
        """Return the newest file with each of these documents; one that no file has is absent."""
        newest: dict[str, files.ReceivedFile] = {}
        for chunk in iter_chunks(ids, IDS_PER_READ):
            newest |= self._load_newest_files(chunk)
        return newest

    def content(self, file: files.ReceivedFile) -> bytes:
        """Return the bytes of a file; raise KeyError if the installation has no such file."""
        query = select(StoredFile.content).where(
            StoredFile.id == file.id, StoredFile.installation_id == self._installation_id
        )
        with read_only_session() as session:
            content = session.scalar(query)
        if content is None:
            raise KeyError(file.id)
        return content

    def _load_page_after(self, position: int) -> list[files.ReceivedFile]:
        """Return the next files; no session stays in the frame of the generator."""
        query = self._select_accepted().where(StoredFile.position > position)
        with read_only_session() as session:
            page = session.scalars(query.order_by(StoredFile.position).limit(FILES_PER_READ))
            return [to_contract(stored_file) for stored_file in page]

    def _load_newest_files(self, ids: Sequence[str]) -> dict[str, files.ReceivedFile]:
        """Return the newest file of each document: one query for positions, one for files."""
        positions = (
            select(FileDocument.document_id, func.max(StoredFile.position).label("position"))
            .join(StoredFile, StoredFile.id == FileDocument.file_id)
            .where(
                FileDocument.document_id.in_(ids),
                StoredFile.installation_id == self._installation_id,
                StoredFile.state == FileState.ACCEPTED,
            )
            .group_by(FileDocument.document_id)
        )
        with read_only_session() as session:
            position_of = {row.document_id: row.position for row in session.execute(positions)}
            query = self._select_accepted().where(
                StoredFile.position.in_(set(position_of.values()))
            )
            by_position = {file.position: to_contract(file) for file in session.scalars(query)}
        return {id: by_position[position] for id, position in position_of.items()}

    def _select_accepted(self) -> Select[Any]:
        """Return the query for the accepted files."""
        return select(StoredFile).where(
            StoredFile.installation_id == self._installation_id,
            StoredFile.state == FileState.ACCEPTED,
        )


def to_contract(stored_file: StoredFile) -> files.ReceivedFile:
    """Return a stored file as the contract describes it."""
    return files.ReceivedFile(
        id=stored_file.id,
        name=stored_file.name,
        digest=stored_file.digest,
        size=stored_file.size,
        received_at=stored_file.received_at,
        position=stored_file.position or 0,
        mapping=stored_file.mapping,
    )
