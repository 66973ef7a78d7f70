"""The file with a refresh token that a person hands to a command, and its replacement."""

import sys
from pathlib import Path

from hub.crypto.keys import write_private
from hub.errors import FolderUnavailable

STDIN = Path("-")


class TokenFile:
    """A refresh token in a file or on standard input.

    A token that replaces it is written to a file at once: Intuit may no longer accept the first
    one, so the new one must not be lost if the command fails.
    """

    def __init__(self, path: Path, fallback: Path) -> None:
        """Take the file that a person named, and a private one for where that cannot be written."""
        self.path = path
        self._fallback = fallback
        self.replaced: Path | None = None

    def read(self) -> str:
        """Return the token."""
        if self.path == STDIN:
            return sys.stdin.read().strip()
        return self.path.read_text(encoding="utf-8", errors="replace").strip()

    def replace(self, token: str) -> None:
        """Write the token over the old one, or into a private file if that cannot be done."""
        self.replaced = self._fallback
        if self.path != STDIN:
            try:
                write_private(self.path.resolve(), token)
                self.replaced = self.path
            except OSError:
                pass  # a read-only mount, for example: the private file takes it
        if self.replaced == self._fallback:
            self._write_fallback(token)

    def discard(self) -> None:
        """Remove the private file, since the hub now keeps the token sealed."""
        if self.replaced == self._fallback:
            self._fallback.unlink(missing_ok=True)

    def _write_fallback(self, token: str) -> None:
        """Write the token beside its file if that cannot be replaced."""
        try:
            write_private(self._fallback, token)
        except OSError as error:
            raise FolderUnavailable(self._fallback, error) from error
