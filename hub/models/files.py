"""Files that apps received, their documents, and the mappings of columns that people stored."""

import datetime as dt

from sqlalchemy import JSON, ForeignKey, Index, LargeBinary, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from hub.db.engine import Model


class FileMapping(Model):
    """The answers of a person about tables with the same columns, stored under a name.

    `answers` has the column or the choice for each `FileField` that was answered, by its name.
    """

    __table_args__ = (UniqueConstraint("installation_id", "name"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    installation_id: Mapped[int] = mapped_column(ForeignKey("installation.id"))
    name: Mapped[str] = mapped_column(String(100))
    columns: Mapped[list[str]] = mapped_column(JSON)
    answers: Mapped[dict[str, str]] = mapped_column(JSON)


class StoredFile(Model):
    """A file that an app received; `state` is one of `FileState`. A digest is stored once."""

    __tablename__ = "received_file"
    __table_args__ = (
        UniqueConstraint("installation_id", "digest"),
        UniqueConstraint("installation_id", "position"),
    )
    id: Mapped[int] = mapped_column(primary_key=True)
    installation_id: Mapped[int] = mapped_column(ForeignKey("installation.id"))
    name: Mapped[str] = mapped_column(String(255))
    digest: Mapped[str] = mapped_column(String(64))
    size: Mapped[int]
    content: Mapped[bytes] = mapped_column(LargeBinary, deferred=True)
    received_at: Mapped[dt.datetime]
    received_by: Mapped[str] = mapped_column(String(200))
    way: Mapped[str] = mapped_column(String(10))  # one of `FileWay`
    state: Mapped[str] = mapped_column(String(10))
    # Counts the accepted files of the installation; None while the file is not accepted.
    position: Mapped[int | None]
    document_count: Mapped[int] = mapped_column(default=0)
    # The answers at the time when the file was accepted; None for a file that is no table.
    mapping: Mapped[dict[str, str] | None] = mapped_column(JSON(none_as_null=True))


class FileDocument(Model):
    """A document that a received file holds, by its id at the source."""

    __tablename__ = "received_file_document"
    __table_args__ = (Index("ix_received_file_document", "document_id", "file_id"),)
    file_id: Mapped[int] = mapped_column(ForeignKey("received_file.id"), primary_key=True)
    document_id: Mapped[str] = mapped_column(String(200), primary_key=True)
