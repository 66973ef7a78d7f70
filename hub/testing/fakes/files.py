"""Received files in memory, in place of those that the hub stores."""

import datetime as dt
import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from hub.contract.files import FileContent, ReceivedFile


class FilesInMemory:
    """The accepted files of one app, as `Files` describes them."""

    def __init__(self) -> None:
        self._files: list[ReceivedFile] = []
        self._contents: dict[int, bytes] = {}
        self._documents: dict[str, ReceivedFile] = {}

    def after(self, position: int) -> Iterator[ReceivedFile]:
        """Yield the accepted files with a higher position, in the order of positions."""
        for file in self._files:
            if file.position > position:
                yield file

    def with_documents(self, ids: Sequence[str]) -> Mapping[str, ReceivedFile]:
        """Return the newest file with each of these documents; one that no file has is absent."""
        return {id: self._documents[id] for id in ids if id in self._documents}

    def content(self, file: ReceivedFile) -> bytes:
        """Return the bytes of a file; raise KeyError if there is no such file."""
        return self._contents[file.id]

    def add(self, file: ReceivedFile, content: bytes, file_content: FileContent) -> None:
        """Accept a file with the documents that it holds."""
        number = len(self._files) + 1
        accepted_file = replace(file, id=number, position=number)
        self._files.append(accepted_file)
        self._contents[number] = content
        for id in file_content.documents:
            self._documents[id] = accepted_file


def make_received_file(
    name: str, content: bytes, received_at: dt.datetime, mapping: Mapping[str, str] | None = None
) -> ReceivedFile:
    """Return a file as `hub_file` gets it when it arrives."""
    return ReceivedFile(
        id=0,
        name=name,
        digest=hashlib.sha256(content).hexdigest(),
        size=len(content),
        received_at=received_at,
        mapping=mapping,
    )
