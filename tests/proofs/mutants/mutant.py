"""The description of a mutant."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Mutant:
    """A small bug behind one requirement row: in the file `place`, `old` is replaced by `new`.

    `old` occurs in the file exactly once. `bug` describes the resulting fault in a sentence.
    """

    row: str
    place: str
    old: str
    new: str
    bug: str
