"""Which documents a poll brings: each when it first shows, again when its state has changed, once more when it left."""

import json

from hub import Refused

OPEN, FAILED, DONE = "open", "failed", "done"


class Seen:
    """The states in which documents were last brought, as a cursor keeps them; ids are kept as ranges."""

    def __init__(self, cursor):
        self._before, self._met = _read(cursor), {}

    def is_news(self, id, state):
        """Whether the hub was not told yet that this document is in this state; from now on it was.

        That an open one was marked as failed is no news: it is the hub that marks them.
        """
        self._met[id] = state
        return (self._before.get(id), state) != (OPEN, FAILED) and self._before.get(id) != state

    def left(self):
        """The ids that were there the last time and are not any more."""
        return [id for id in self._before if id not in self._met]

    def so_far(self):
        """The cursor in the middle of a poll: what is not met yet is still as it was."""
        return _written({**self._before, **self._met})

    def whole(self):
        """The cursor at the end of a poll."""
        return _written(self._met)


def _written(states):
    by_state = {}
    for id in sorted(states):
        by_state.setdefault(states[id], []).append(id)
    return json.dumps(
        {state: _ranges(ids) for state, ids in sorted(by_state.items())}, separators=(",", ":")
    )


def _ranges(ids):
    found = []
    for id in ids:
        if found and found[-1][1] == id - 1:
            found[-1][1] = id
        else:
            found.append([id, id])
    return ",".join(str(first) if first == last else f"{first}-{last}" for first, last in found)


def _read(cursor):
    if not cursor:
        return {}
    try:
        told = {state: ranges.split(",") for state, ranges in json.loads(cursor).items()}
        return {
            id: state for state, ranges in told.items() for one in ranges if one for id in _ids(one)
        }
    except (ValueError, AttributeError):
        raise Refused(
            "The place from which to read on in Autotask cannot be read; it was not written by this app."
        ) from None


def _ids(text):
    first, _, last = text.partition("-")
    return range(int(first), int(last or first) + 1)
