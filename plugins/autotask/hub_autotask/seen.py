"""Which documents a poll brings: each when it first shows, again when its state has changed, once more when it left."""

import json

from hub import Refused, format_ids, parse_ids

OPEN, FAILED, DONE = "open", "failed", "done"


class Seen:
    """The states in which documents were last brought, as a cursor keeps them; ids are kept as ranges."""

    def __init__(self, cursor: str | None) -> None:
        self._before = _read(cursor)
        self._met: dict[int, str] = {}

    def is_news(self, id: int, state: str) -> bool:
        """Whether the hub was not told yet that this document is in this state; from now on it was.

        That an open one was marked as failed is no news: it is the hub that marks them.
        """
        self._met[id] = state
        return (self._before.get(id), state) != (OPEN, FAILED) and self._before.get(id) != state

    def left(self) -> list[int]:
        """The ids that were there the last time and are not any more."""
        return [id for id in self._before if id not in self._met]

    def so_far(self) -> str:
        """The cursor in the middle of a poll: what is not met yet is still as it was."""
        return _written({**self._before, **self._met})

    def whole(self) -> str:
        """The cursor at the end of a poll."""
        return _written(self._met)


def _written(states: dict[int, str]) -> str:
    by_state: dict[str, set[str]] = {}
    for id, state in states.items():
        by_state.setdefault(state, set()).add(str(id))
    ranges = {state: format_ids(ids) for state, ids in sorted(by_state.items())}
    return json.dumps(ranges, separators=(",", ":"))


def _read(cursor: str | None) -> dict[int, str]:
    if not cursor:
        return {}
    try:
        ids_by_state = {state: parse_ids(text) for state, text in json.loads(cursor).items()}
        return {int(id): state for state, ids in ids_by_state.items() for id in ids}
    except (ValueError, AttributeError):
        raise Refused(
            "The place from which to read on in Autotask cannot be read; it was not written by this"
            " app."
        ) from None
