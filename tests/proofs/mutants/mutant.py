"""The description of a mutant."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Mutant:
    """A small bug behind one requirement row: in the file `place`, `old` becomes `new`.

    `old` stands in the file exactly once. `bug` says in one sentence what is wrong then.
    """

    row: str
    place: str
    old: str
    new: str
    bug: str
