"""Files that an app receives: what it accepts, what the hub stored, and what a file holds."""

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

MAX_FILE_SIZE = 20_000_000


@dataclass(frozen=True, kw_only=True, slots=True)
class FileKinds:
    """The files that an app accepts: their suffixes, such as ".csv", and their size in bytes."""

    suffixes: tuple[str, ...]
    limit: int = 5_000_000


@dataclass(frozen=True, kw_only=True, slots=True)
class ReceivedFile:
    """A file that the hub stored for an app.

    `position` counts the accepted files of an installation in the order of their acceptance; it is
    the cursor of `Files.after`, and 0 while the file is not accepted. `digest` is the SHA-256 of
    its content in hexadecimal. `mapping` is the mapping of columns that was chosen for the file,
    None without one.
    """

    id: int
    name: str
    digest: str
    size: int
    received_at: dt.datetime
    position: int = 0
    mapping: Mapping[str, Any] | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class FileTable:
    """The columns of a table, its first rows as text, and a suggested column for each name."""

    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...] = ()
    suggestion: Mapping[str, str] | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class FileContent:
    """What a file holds: the number of documents, or a table whose columns need a mapping."""

    documents: int = 0
    table: FileTable | None = None


class Files(Protocol):
    """The files that were received for an installation and that its app accepted."""

    def after(self, cursor: int) -> Iterator[ReceivedFile]:
        """Yield the accepted files with a position above `cursor`, in the order of positions."""

    def get(self, id: int) -> ReceivedFile:
        """Return one file; raise KeyError if the installation has none with this id."""

    def content(self, id: int) -> bytes:
        """Return the bytes of a file; raise KeyError if the installation has none with this id."""


class NoFiles:
    """The files of an app that receives none."""

    def after(self, cursor: int) -> Iterator[ReceivedFile]:
        """Yield nothing."""
        return iter(())

    def get(self, id: int) -> ReceivedFile:
        """Raise KeyError."""
        raise KeyError(id)

    def content(self, id: int) -> bytes:
        """Raise KeyError."""
        raise KeyError(id)


def suffix_problems(suffixes: Sequence[str]) -> Iterator[str]:
    """Yield each suffix that is not a dot with small letters and digits."""
    for suffix in suffixes:
        if not suffix.startswith(".") or not suffix[1:].isalnum() or suffix != suffix.lower():
            yield suffix
