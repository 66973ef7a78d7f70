"""Remember which documents a poll has yielded, and in which state."""

import json
import zlib
from collections.abc import Iterable, Mapping

from hub import Refused, format_ids, parse_ids

OPEN, FAILED, DONE = "open", "failed", "done"
UNREADABLE = "unreadable"  # its state cannot be read
RECEIVED = "received"  # an open order
LEFT_OUT = "left out"
ABSENT = "absent"  # it was open, and Autotask does not show it any more
OPEN_STATES = (OPEN, RECEIVED)
REOPENED = "reopened"  # rejected after it got a number
CONTENTS = "contents"  # the name of the checksums in a cursor
FIRST_POLL = "first"  # in the cursor of a first poll that has not ended; it has no ids


class ReportHistory:
    """The last yielded states of documents, stored in a cursor with ranges of ids.

    Of an open document it also has a checksum of its contents.
    """

    def __init__(self, cursor: str | None, marked_ids: Iterable[int] = ()) -> None:
        """Read the cursor; `marked_ids` were marked as failed by the hub since then."""
        # In a first poll nothing was polled before, or everything is read again.
        self._before, self._checksums_before, self.is_first = _parse_cursor(cursor)
        self._checksums: dict[int, str] = {}
        for id in marked_ids:
            if self._before.get(id) in OPEN_STATES:
                self._before[id] = FAILED
        self._current: dict[int, str] = {}

    @property
    def newest_id(self) -> int | None:
        """Return the highest id that was yielded so far; None if nothing was."""
        return max((*self._before, *self._current), default=None)

    @property
    def newest_id_before(self) -> int | None:
        """Return the highest id of the polls before; None in a first poll."""
        return None if self.is_first else max(self._before, default=None)

    def has(self, id: int) -> bool:
        """Return whether the last poll had a document."""
        return id in self._before

    def note_state(self, id: int, state: str) -> bool:
        """Note the state of a document; return whether it is new.

        A change from open to failed is not: the hub itself marks documents as failed.
        """
        self._current[id] = state
        before = self._before.get(id)
        if before in OPEN_STATES and state == FAILED:
            return False
        return before != state

    def is_open(self, id: int) -> bool:
        """Return whether a document of this poll is open."""
        return self._current.get(id) in OPEN_STATES

    def note_contents(self, id: int, contents: object) -> bool:
        """Note the contents of an open document; return whether they are new."""
        checksum = f"{zlib.crc32(repr(contents).encode()):08x}"
        self._checksums[id] = checksum
        return self._checksums_before.get(id) != checksum

    def keep(self, id: int) -> None:
        """Keep a document in the cursor that the poll did not bring, or no longer."""
        self._current.setdefault(id, self._before.get(id, LEFT_OUT))

    def note_absence(self, id: int) -> bool:
        """Note that Autotask does not show a document any more; return whether it was open.

        An absent one stays in the cursor, so that it is noticed if Autotask shows it again.
        """
        before = self._before.get(id)
        if before in (*OPEN_STATES, ABSENT):
            self._current[id] = ABSENT
        return before in OPEN_STATES

    def forget(self, id: int) -> None:
        """Forget a document of this poll, so that the next one brings it again."""
        self._before.pop(id, None)
        self._current.pop(id, None)

    def watch(self, ids: str) -> None:
        """Look at transferred documents further that earlier polls have looked at."""
        for id in parse_ids(ids):
            if id.isdecimal():
                self._before.setdefault(int(id), DONE)

    def format_watched(self) -> str:
        """Return the ids of the transferred documents in the cursor, for `watch`."""
        states = self._current.items()
        return format_ids({str(id) for id, state in states if state in (DONE, REOPENED)})

    def find_missing_ids(self) -> list[int]:
        """Return the ids that the last poll had and this one does not."""
        return [id for id in self._before if id not in self._current]

    def build_interim_cursor(self) -> str:
        """Return the cursor during a poll; documents that were not read yet keep their states."""
        checksums = {**self._checksums_before, **self._checksums}
        states = {**self._before, **self._current}
        return _format_cursor(states, checksums, is_first=self.is_first)

    def build_final_cursor(self) -> str:
        """Return the cursor at the end of a poll."""
        return _format_cursor(self._current, self._checksums)


def _format_cursor(
    states: Mapping[int, str], checksums: Mapping[int, str], *, is_first: bool = False
) -> str:
    """Return a cursor with the states of documents, and the checksums of the open ones."""
    cursor = _group_ids(states)
    if checksums:
        cursor[CONTENTS] = _format_checksums(checksums)
    if is_first:
        cursor[FIRST_POLL] = ""
    return json.dumps(cursor, separators=(",", ":"))


def _parse_cursor(cursor: str | None) -> tuple[dict[int, str], dict[int, str], bool]:
    """Return the states and checksums of a cursor, and whether it belongs to a first poll.

    Earlier versions stored no checksums. Raise Refused for another text.
    """
    if not cursor:
        return {}, {}, cursor is None
    try:
        groups = json.loads(cursor)
        is_first = groups.pop(FIRST_POLL, None) is not None
        checksums = _parse_checksums(groups.pop(CONTENTS, ""))
        return _ungroup_ids(groups), checksums, is_first
    except (ValueError, AttributeError, TypeError):
        raise Refused(
            "The position from which Autotask is read cannot be understood; it was not written"
            " by this app. Press “Read everything again” on the page of the app."
        ) from None


def _format_checksums(checksums: Mapping[int, str]) -> str:
    """Return checksums as a list of ids that are no numbers, which earlier versions leave out.

    It is the form of `format_ids`, which would take long to quote thousands of texts.
    """
    return ",".join(f"={id}_{checksum}" for id, checksum in sorted(checksums.items()))


def _parse_checksums(text: str) -> dict[int, str]:
    """Return the checksum of each id of a text of `_format_checksums`."""
    checksums: dict[int, str] = {}
    for entry in parse_ids(text):
        id, _, checksum = entry.partition("_")
        checksums[int(id)] = checksum
    return checksums


def format_states(states: Mapping[int, str]) -> str:
    """Return a text for each id as JSON that stays short; `parse_states` reads it."""
    return json.dumps(_group_ids(states), separators=(",", ":"))


def parse_states(text: str) -> dict[int, str]:
    """Return the text for each id of a JSON text of `format_states`."""
    return _ungroup_ids(json.loads(text)) if text else {}


def _group_ids(texts: Mapping[int, str]) -> dict[str, str]:
    """Return the ids that have each text, as ranges."""
    ids_by_text: dict[str, set[str]] = {}
    for id, text in texts.items():
        ids_by_text.setdefault(text, set()).add(str(id))
    return {text: format_ids(ids) for text, ids in sorted(ids_by_text.items())}


def _ungroup_ids(groups: Mapping[str, str]) -> dict[int, str]:
    """Return the text of each id; raise an error for other groups than those of `_group_ids`.

    Ids that are no numbers, which earlier versions stored, are left out.
    """
    texts: dict[int, str] = {}
    for text, ids in groups.items():
        texts |= {int(id): text for id in parse_ids(ids) if id.isdecimal()}
    return texts
