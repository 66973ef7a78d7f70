"""Files that apps received, and the mappings of columns that people stored."""

import datetime as dt
from typing import Any

from sqlalchemy import ForeignKey, LargeBinary, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from hub.db.engine import Model


class FileMapping(Model):
    """Which column of a table holds what, stored under a name for the files of an installation."""

    __table_args__ = (UniqueConstraint("installation_id", "name"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    installation_id: Mapped[int] = mapped_column(ForeignKey("installation.id"))
    name: Mapped[str] = mapped_column(String(100))
    columns: Mapped[dict[str, Any]]


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
    documents: Mapped[int] = mapped_column(default=0)
    reason: Mapped[str] = mapped_column(Text, default="")  # why the app refused it
    mapping_id: Mapped[int | None] = mapped_column(ForeignKey("file_mapping.id"))
