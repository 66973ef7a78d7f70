"""Values in the answers of a source, each with its call and the path to it."""

from typing import Any, NamedTuple

Path = tuple[str | int, ...]


class AnswerValue(NamedTuple):
    """A value in an answer of the source: the call, and the path to it."""

    call: str
    path: Path
    value: Any

    @property
    def name(self) -> str:
        """Return the path to it as text, such as `lines.0.amount`."""
        return ".".join(map(str, self.path))
