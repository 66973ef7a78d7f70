"""Read the files that were received for an installation, as its plugin sees them."""

from collections.abc import Iterator
from typing import cast

from sqlalchemy import Row, Select, select

from hub.contract import files
from hub.db.engine import reading
from hub.models import FileMapping, StoredFile
from hub.models.enums import FileState

PAGE = 100


class SiteFiles:
    """The accepted files of one installation; nothing of another installation can be read."""

    __slots__ = ("_installation_id",)

    def __init__(self, installation_id: int) -> None:
        self._installation_id = installation_id

    def after(self, cursor: int) -> Iterator[files.ReceivedFile]:
        """Yield the accepted files with a position above `cursor`, in the order of positions."""
        while True:
            query = self._query().where(StoredFile.position > cursor)
            with reading() as session:
                rows = session.execute(query.order_by(StoredFile.position).limit(PAGE)).all()
            for row in rows:
                cursor = row.StoredFile.position
                yield _to_contract(row)
            if len(rows) < PAGE:
                return

    def get(self, id: int) -> files.ReceivedFile:
        """Return one file; raise KeyError if the installation has no accepted file with this id."""
        with reading() as session:
            row = session.execute(self._query().where(StoredFile.id == id)).one_or_none()
        if row is None:
            raise KeyError(id)
        return _to_contract(row)

    def content(self, id: int) -> bytes:
        """Return the bytes of a file; raise KeyError as `get` does."""
        query = select(StoredFile.content).where(
            StoredFile.id == id,
            StoredFile.installation_id == self._installation_id,
            StoredFile.state == FileState.ACCEPTED,
        )
        with reading() as session:
            content = session.scalar(query)
        if content is None:
            raise KeyError(id)
        return content

    def _query(self) -> Select[StoredFile, FileMapping]:
        """Return the query for the accepted files with their mappings."""
        return (
            select(StoredFile, FileMapping)
            .outerjoin(FileMapping, FileMapping.id == StoredFile.mapping_id)
            .where(
                StoredFile.installation_id == self._installation_id,
                StoredFile.state == FileState.ACCEPTED,
            )
        )


def _to_contract(row: Row[StoredFile, FileMapping]) -> files.ReceivedFile:
    """Return a stored file as the contract describes it."""
    stored: StoredFile = row.StoredFile
    mapping = cast(FileMapping | None, row.FileMapping)
    return files.ReceivedFile(
        id=stored.id,
        name=stored.name,
        digest=stored.digest,
        size=stored.size,
        received_at=stored.received_at,
        position=stored.position or 0,
        mapping=None if mapping is None else mapping.columns,
    )
