"""Files that an app receives: what it accepts, what the hub stored, and what a file holds."""

import datetime as dt
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from hub.errors import BadDocument

MAX_FILE_SIZE = 20_000_000
SUFFIX_PATTERN = re.compile(r"\.[a-z0-9]+")


@dataclass(frozen=True, kw_only=True, slots=True)
class FileField:
    """A question about a table: which column has a value, or which of `choices` applies.

    `choices` are pairs of a value and its label; without them the answer is a column.
    """

    name: str
    label: str
    help: str = ""
    required: bool = False
    choices: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class FileKinds:
    """The files that an app accepts: their suffixes, such as ".csv", and their size in bytes.

    A person answers `fields` once for a table, before its rows are read.
    """

    suffixes: tuple[str, ...]
    limit: int = 5_000_000
    fields: tuple[FileField, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class ReceivedFile:
    """A file that the hub stored for an app.

    - `digest`: the SHA-256 of its content in hexadecimal.
    - `size`: in bytes.
    - `position`: counts the accepted files of an installation in the order of their acceptance. It
      is the cursor of `Files.after`, and 0 while the file is not accepted.
    - `mapping`: the answer to each `FileField` by its name; None while there is no mapping.
    """

    id: int
    name: str
    digest: str
    size: int
    received_at: dt.datetime
    position: int = 0
    mapping: Mapping[str, str] | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class FileTable:
    """A table whose columns need a mapping: its columns, and its first rows as text.

    `suggestions` has a likely answer for the names of some `FileField`s.
    """

    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    suggestions: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True, slots=True)
class FileContent:
    """The content of a file: the ids of its documents, or a table whose columns need a mapping."""

    documents: tuple[str, ...] = ()
    table: FileTable | None = None

    def __post_init__(self) -> None:
        """Raise BadDocument for ids that are no texts; each letter of one text would be an id."""
        is_list = isinstance(self.documents, tuple | list)
        if not is_list or not all(isinstance(id, str) for id in self.documents):
            raise BadDocument(
                "A FileContent needs documents as a tuple of source ids, which are texts, not"
                f" {self.documents!r}."
            )
        if self.table is not None and not isinstance(self.table, FileTable):
            raise BadDocument(f"A FileContent needs table as a FileTable, not {self.table!r}.")


class Files(Protocol):
    """The files that were received for an installation and that its app accepted."""

    def after(self, position: int) -> Iterator[ReceivedFile]:
        """Yield the accepted files with a higher position, in the order of positions."""

    def with_documents(self, ids: Sequence[str]) -> Mapping[str, ReceivedFile]:
        """Return the newest file with each of these documents; one that no file has is absent."""

    def content(self, file: ReceivedFile) -> bytes:
        """Return the bytes of a file; raise KeyError if the installation has no such file."""


@dataclass(frozen=True, slots=True)
class NoFiles:
    """The files of an app that receives none."""

    def after(self, position: int) -> Iterator[ReceivedFile]:
        """Yield nothing."""
        return iter(())

    def with_documents(self, ids: Sequence[str]) -> Mapping[str, ReceivedFile]:
        """Return nothing."""
        return {}

    def content(self, file: ReceivedFile) -> bytes:
        """Raise KeyError."""
        raise KeyError(file.id)


def find_suffix_problems(suffixes: Sequence[str]) -> Iterator[str]:
    """Yield each suffix that is not a dot with small letters and digits."""
    for suffix in suffixes:
        if not isinstance(suffix, str) or not SUFFIX_PATTERN.fullmatch(suffix):
            yield suffix


def find_repeated_names(fields: Sequence[FileField]) -> Iterator[str]:
    """Yield each name that two fields have."""
    names = [field.name for field in fields]
    for name in dict.fromkeys(names):
        if names.count(name) > 1:
            yield name
