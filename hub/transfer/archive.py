"""A backup in one file: a zip archive with the database as SQLite, a manifest and digests."""

import hashlib
import hmac
import json
import os
import shutil
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from hub.transfer.errors import ArchiveUnusable

ARCHIVE_FORMAT = 1
MANIFEST_FILE = "manifest.json"
DATABASE_FILE = "hub.db"
BLOCK_SIZE = 1 << 20
DAMAGED_REASON = "it is damaged, or it is no backup of a hub"


@dataclass(frozen=True)
class Member:
    """A file in the archive."""

    size: int
    sha256: str


@dataclass(frozen=True)
class Manifest:
    """The contents of a backup, and the keys that open it."""

    made_at: str
    version: str  # the hub's
    revision: str  # the newest revision of the tables
    origin: str  # the address of the database, without its password
    vault_keys: list[str]  # the ids of the keys, newest first; never the keys
    rows: dict[str, int]  # by table
    files: dict[str, Member] = field(default_factory=dict)
    format: int = ARCHIVE_FORMAT


def write(
    path: Path, manifest: Manifest, files: Mapping[str, Path], secret_key: str, *, draft: Path
) -> None:
    """Write the archive completely or not at all; only its owner may read it.

    It is first written as `draft`, which must be on the same disk and must not exist.
    """
    for name, file in files.items():
        with file.open("rb") as content:
            manifest.files[name] = Member(file.stat().st_size, _compute_digest(content))
    handle = os.open(draft, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "w+b") as output:
        with zipfile.ZipFile(output, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr(MANIFEST_FILE, _sign(manifest, secret_key))
            for name, file in files.items():
                archive.write(file, name)
        output.flush()
        os.fsync(output.fileno())
    draft.replace(path)


class Archive:
    """An open backup whose files were verified by their digests."""

    def __init__(self, path: Path, archive: zipfile.ZipFile) -> None:
        self.path = path
        self._archive = archive
        values = json.loads(archive.read(MANIFEST_FILE))
        self._signature = str(values.pop("signature"))
        if values["format"] != ARCHIVE_FORMAT:
            raise ArchiveUnusable(path, "a newer version of the hub made it")
        files = {name: Member(**member) for name, member in values.pop("files").items()}
        self.manifest = Manifest(**values, files=files)
        self._require_digests()

    def has(self, name: str) -> bool:
        """Return whether the archive contains a file."""
        return name in self.manifest.files

    def text(self, name: str) -> str:
        """Return a small file as text."""
        return self._archive.read(name).decode()

    def extract(self, name: str, path: Path) -> None:
        """Write a file of the archive to a path that only the owner may read."""
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with self._archive.open(name) as content, os.fdopen(handle, "wb") as output:
            shutil.copyfileobj(content, output, BLOCK_SIZE)
            output.flush()
            os.fsync(output.fileno())

    def require_signature(self, secret_key: str) -> None:
        """Raise ArchiveUnusable unless the manifest was signed with this secret key."""
        expected_signature = _compute_signature(asdict(self.manifest), secret_key)
        if not hmac.compare_digest(expected_signature.encode(), self._signature.encode()):
            raise ArchiveUnusable(
                self.path,
                "its manifest was signed with another secret.key, or was changed. Use the key of"
                " the hub that made it",
            )

    def _require_digests(self) -> None:
        """Raise ArchiveUnusable unless every file is as it was written."""
        if DATABASE_FILE not in self.manifest.files:
            raise ArchiveUnusable(self.path, DAMAGED_REASON)
        for name, member in self.manifest.files.items():
            with self._archive.open(name) as content:
                if _compute_digest(content) != member.sha256:
                    raise ArchiveUnusable(self.path, f"its file {name} is damaged")


@contextmanager
def open_archive(path: Path) -> Iterator[Archive]:
    """Open an archive and verify its files; raise ArchiveUnusable if it is not as written."""
    try:
        with zipfile.ZipFile(path) as archive:
            try:
                content = Archive(path, archive)
            except (KeyError, TypeError, ValueError, AttributeError) as error:
                raise ArchiveUnusable(path, DAMAGED_REASON) from error
            yield content
    except (zipfile.BadZipFile, zlib.error, EOFError) as error:
        raise ArchiveUnusable(path, DAMAGED_REASON) from error


def _sign(manifest: Manifest, secret_key: str) -> str:
    """Return a manifest with its signature."""
    values = asdict(manifest)
    values["signature"] = _compute_signature(values, secret_key)
    return json.dumps(values, indent=2)


def _compute_signature(values: Mapping[str, Any], secret_key: str) -> str:
    """Return the signature of a manifest."""
    key = hmac.new(secret_key.encode(), b"backup manifest", hashlib.sha256).digest()
    line = json.dumps(values, sort_keys=True, separators=(",", ":"))
    return hmac.new(key, line.encode(), hashlib.sha256).hexdigest()


def _compute_digest(content: Any) -> str:
    """Return the SHA-256 digest of an open file."""
    digest = hashlib.sha256()
    block = content.read(BLOCK_SIZE)
    while block:
        digest.update(block)
        block = content.read(BLOCK_SIZE)
    return digest.hexdigest()
