"""Remember which documents a poll has yielded, and in which state."""

import json
from collections.abc import Iterable, Mapping

from hub import Refused, format_ids, parse_ids

OPEN, FAILED, DONE = "open", "failed", "done"
UNREADABLE = "unreadable"  # its state cannot be read
RECEIVED = "received"  # an open order
LEFT_OUT = "left out"


class ReportHistory:
    """The last yielded states of documents, stored in a cursor with ranges of ids."""

    def __init__(self, cursor: str | None, marked_ids: Iterable[int] = ()) -> None:
        """Read the cursor; `marked_ids` were marked as failed by the hub since then."""
        self.is_first = cursor is None  # nothing was polled, or everything is read again
        self._before = parse_states(cursor)
        for id in marked_ids:
            if self._before.get(id) in (OPEN, RECEIVED):
                self._before[id] = FAILED
        self._current: dict[int, str] = {}

    @property
    def newest_id(self) -> int | None:
        """Return the highest id that was yielded so far; None if nothing was."""
        return max((*self._before, *self._current), default=None)

    def has(self, id: int) -> bool:
        """Return whether the last poll had a document."""
        return id in self._before

    def note_state(self, id: int, state: str) -> bool:
        """Note the state of a document; return whether it is new.

        A change from open to failed is not: the hub itself marks documents as failed.
        """
        self._current[id] = state
        before = self._before.get(id)
        if before in (OPEN, RECEIVED) and state == FAILED:
            return False
        return before != state

    def keep(self, id: int) -> None:
        """Keep a document in the cursor that the poll did not bring, or no longer."""
        self._current.setdefault(id, self._before.get(id, LEFT_OUT))

    def forget(self, id: int) -> None:
        """Forget a document of this poll, so that the next one brings it again."""
        self._before.pop(id, None)
        self._current.pop(id, None)

    def find_missing_ids(self) -> list[int]:
        """Return the ids that the last poll had and this one does not."""
        return [id for id in self._before if id not in self._current]

    def build_interim_cursor(self) -> str:
        """Return the cursor during a poll; documents that were not read yet keep their states."""
        return format_states({**self._before, **self._current})

    def build_final_cursor(self) -> str:
        """Return the cursor at the end of a poll."""
        return format_states(self._current)


def format_states(states: Mapping[int, str]) -> str:
    """Return a text for each id as JSON that stays short; `parse_states` reads it."""
    by_state: dict[str, set[str]] = {}
    for id, state in states.items():
        by_state.setdefault(state, set()).add(str(id))
    ranges = {state: format_ids(ids) for state, ids in sorted(by_state.items())}
    return json.dumps(ranges, separators=(",", ":"))


def parse_states(cursor: str | None) -> dict[int, str]:
    """Return the states of a cursor; raise Refused for another text.

    Ids that are no numbers, which earlier versions stored, are left out.
    """
    if not cursor:
        return {}
    try:
        states: dict[int, str] = {}
        for state, text in json.loads(cursor).items():
            states |= {int(id): state for id in parse_ids(text) if id.isdecimal()}
        return states
    except (ValueError, AttributeError):
        raise Refused(
            "The position from which Autotask is read cannot be understood; it was not written"
            " by this app. Press “Read everything again” on the page of the app."
        ) from None
