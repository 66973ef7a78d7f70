"""Look up a hash in a large sorted file of hashes, of which only a few lines are read."""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

# A line of the list of Pwned Passwords: a SHA-1 in hexadecimal, and how often it was seen.
LINE_PATTERN = re.compile(rb"([0-9A-Fa-f]{40})(?::\d+)?\s*")
MAX_LINE_LENGTH = 100
SAMPLED_LINES = 64  # lines that are compared to see whether a file is sorted


@dataclass(frozen=True)
class HashList:
    """A file with one SHA-1 in each line, sorted by hash."""

    path: Path

    def check(self) -> None:
        """Raise ValueError with the reason if the file is no list, OSError if it cannot be read."""
        with self.path.open("rb") as file:
            size = file.seek(0, 2)
            former = b""
            for sample in range(SAMPLED_LINES):
                _, line = _read_line_at(file, size * sample // SAMPLED_LINES)
                if not line and sample:  # in the middle of the last line
                    break
                match = LINE_PATTERN.fullmatch(line)
                if match is None:
                    raise ValueError("which is no list of SHA-1 hashes, one in each line")
                if match[1].upper() < former:
                    raise ValueError("which is not sorted by hash")
                former = match[1].upper()

    def contains(self, digest: str) -> bool:
        """Return whether a SHA-1 in hexadecimal is in the list."""
        searched_digest = digest.upper().encode()
        with self.path.open("rb") as file:
            low, high = 0, file.seek(0, 2)
            while low < high:
                middle = (low + high) // 2
                start, line = _read_line_at(file, middle)
                digest_in_line = line[: len(searched_digest)].upper()
                if start >= high or digest_in_line > searched_digest:
                    high = middle
                elif digest_in_line == searched_digest:
                    return True
                else:
                    low = start + len(line)
        return False


def _read_line_at(file: BinaryIO, position: int) -> tuple[int, bytes]:
    """Return where the first line at or after a position begins, and the line."""
    file.seek(max(0, position - 1))
    if position:
        file.readline(MAX_LINE_LENGTH)
    start = file.tell()
    return start, file.readline(MAX_LINE_LENGTH)
