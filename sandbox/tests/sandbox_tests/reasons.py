"""Reasons why the stand-in's answers differ from recordings, listed in a file by patterns."""

from collections.abc import Mapping, Sequence
from fnmatch import fnmatch
from functools import cached_property
from pathlib import Path

Pattern = tuple[str, str]  # of the name of a recording, and of a difference


class Reasons:
    """The reasons of a file; what follows `separator` in a difference is not compared."""

    def __init__(self, path: Path, separator: str) -> None:
        self._path = path
        self._separator = separator

    @cached_property
    def patterns(self) -> list[Pattern]:
        """Return the patterns of names and differences that the file explains."""
        patterns = []
        for line in self._path.read_text().splitlines():
            if line and not line.startswith("#"):
                name, difference, _ = line.split(" | ")
                patterns.append((name, difference))
        return patterns

    def unexplained(self, differences: Mapping[str, Sequence[str]]) -> list[str]:
        """Return the differences that no pattern fits."""
        return [
            f"{name}: {each}"
            for name, changes in differences.items()
            for each in changes
            if not self._fitting(name, each)
        ]

    def unused(self, differences: Mapping[str, Sequence[str]]) -> set[Pattern]:
        """Return the patterns that no difference needs."""
        used: set[Pattern] = set()
        for name, changes in differences.items():
            for each in changes:
                used.update(self._fitting(name, each))
        return set(self.patterns) - used

    def _fitting(self, name: str, difference: str) -> list[Pattern]:
        text = difference.partition(self._separator)[0]
        return [
            pattern
            for pattern in self.patterns
            if fnmatch(name, pattern[0]) and fnmatch(text, pattern[1])
        ]
