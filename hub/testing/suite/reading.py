"""Contract tests of reading: nothing is missed, whatever happens meanwhile."""

import os
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from itertools import islice
from typing import Any

import pytest

from hub.contract.documents import Checkpoint, Document, Yielded
from hub.errors import HubError
from hub.testing.bench import Bench
from hub.testing.exchanges.response_recording import read_and_record
from hub.testing.outcomes.items import (
    identity,
    last_cursors,
    list_of,
    source_ids,
    unique_ids,
    without_checkpoints,
)
from hub.testing.suite.document_change import DocumentChange

BETWEEN_CHANGES = 10  # seconds, in which a reading begins early enough to see both
WITHIN_A_SECOND = 0.25  # seconds, which a source with whole seconds does not show
THREE_YEARS = 3 * 365 * 86_400
MONTH = 31 * 86_400
MAX_EXAMPLES = 3
FULL = os.environ.get("HUB_PROOF") == "full"
LONG = FULL and bool(os.environ.get("PROOF_EVENTS"))
PAGES = 260 if FULL else 110  # documents that no source shows on one page


class CheckpointTests:
    """Tests that reading continues where it ended, of the benches that the subclass returns."""

    slug: str

    def test_a_second_reading_returns_the_same_documents(self, bench: Bench) -> None:
        """Read the whole list twice, at one moment: the cursor of an empty list is its time."""
        bench.drive("clock", {"frozen": True})
        first_reading = bench.read()
        second_reading = bench.read()
        if second_reading != first_reading:
            differing = _list_differing_ids(first_reading, second_reading)
            pytest.fail(
                f"{self.slug} was read twice without cursors, and the second reading differs in"
                f" {_name_some(differing) or 'its order or its Checkpoints'}. Make each document"
                " from its row alone, keep nothing between two calls of hub_documents, and ask for"
                " a fixed order."
            )

    def test_documents_do_not_depend_on_the_day_of_the_reading(self, bench: Bench) -> None:
        """Read everything again a month later: a date must come from the row, not from today."""
        before = {item.source_id: item for item in bench.read() if isinstance(item, Document)}
        bench.clock.advance(MONTH)
        bench.today = bench.clock.now().astimezone(bench.zone).date()
        for item in bench.read():
            if isinstance(item, Document) and item != before.get(item.source_id, item):
                pytest.fail(
                    f"{item.source_id} of {self.slug} is another document a month later, although"
                    " its row is the same, so that it would be updated without end. Take every"
                    " value from the row, and none from site.today and site.now."
                    f"\nbefore: {before[item.source_id]}\n later: {item}"
                )

    def test_reading_from_the_last_checkpoint_returns_nothing_new(self, bench: Bench) -> None:
        """Read on from the last cursors although nothing has changed.

        A filter that includes the moment of the cursor returns the newest documents again.
        """
        whole = bench.read()
        second_items = without_checkpoints(bench.read(last_cursors(whole)))
        other = unique_ids(item for item in second_items if item not in whole)
        late = other - unique_ids(whole)
        if late:
            pytest.fail(
                f"{self.slug} reads {_name_some(late)} only if reading continues from its last"
                " Checkpoint, although the source had it before. Read all pages of each list, until"
                " the source says that no more follow, before the Checkpoint after the last one."
            )
        if other:
            pytest.fail(
                f"{_name_some(other)} of {self.slug} is another document if reading continues from"
                " the last Checkpoint, although nothing has changed, so that it would be updated"
                " without end. Make each document from its row alone."
            )
        counts, repeated_counts = Counter(map(list_of, whole)), Counter(map(list_of, second_items))
        endless = {
            name for name, count in repeated_counts.items() if count > max(1, counts[name] // 2)
        }
        if endless:
            ids = unique_ids(item for item in second_items if list_of(item) in endless)
            pytest.fail(
                f"{self.slug} reads {len(ids)} documents again from its last Checkpoint, such as"
                f" {_name_some(ids)}, although nothing has changed: every collect would. Yield a"
                " Checkpoint after the last page, and pass its cursor to the source. Only documents"
                " that changed at the moment of the cursor may come again."
            )

    @pytest.mark.proof
    def test_reading_after_a_crash_skips_no_document(self, paged_bench: Bench) -> None:
        """Stop before and after checkpoints, and continue from the last stored cursor.

        The full proof also stops at about three other places.
        """
        whole = paged_bench.read()
        places = []
        for place, item in enumerate(whole):
            if isinstance(item, Checkpoint):
                places.append(place)
        if not places:
            pytest.fail(
                f"{self.slug} yields no Checkpoint: every collect would read everything again"
            )
        checkpoints = {places[0], places[len(places) // 2], places[-1]}
        if FULL:
            step = len(places) // 3 or 1
            checkpoints.update(places[::step])
        after_checkpoints = {place + 1 for place in checkpoints}
        for place in sorted(checkpoints | after_checkpoints):
            before_crash = list(islice(paged_bench.reading(), place))
            later_items = paged_bench.read(last_cursors(before_crash))
            missing = unique_ids(whole) - unique_ids(before_crash) - unique_ids(later_items)
            if missing:
                pytest.fail(
                    f"The reading of {self.slug} ended after {len(unique_ids(before_crash))} rows,"
                    " and continued with the cursors of its last Checkpoints;"
                    f" {', '.join(sorted(missing)[:3])} is never read. Yield a Checkpoint after the"
                    " rows that come before its cursor, and give each list a `stream` of its own."
                )


class ReadingTests(CheckpointTests, DocumentChange):
    """Tests of reading while documents change, if a form of the stand-in's pages changes them."""

    slug: str
    settings: dict[str, Any]
    paged: int

    @pytest.fixture
    def bench(self) -> Bench:
        """Return the app on a fresh stand-in."""
        return Bench(self.slug, self.settings, waits=True)

    @pytest.fixture
    def paged_bench(self) -> Bench:
        """Return the app on a stand-in with more documents than a page holds."""
        return Bench(self.slug, self.settings, documents=self.paged, waits=True)

    def test_a_cursor_from_a_later_state_returns_no_unchanged_document(self, bench: Bench) -> None:
        """Read with cursors from years ahead, as after the source was restored from a backup."""
        same_ids = unique_ids(bench.read(last_cursors(bench.read())))  # at the moment of the cursor
        later = Bench(self.slug, self.settings, waits=True)
        later.drive("clock", {"advance": THREE_YEARS})
        changed_ids = self._change(later, later.read())
        ahead = last_cursors(later.read())
        if not ahead:
            pytest.fail(
                f"{self.slug} yields no Checkpoint: every collect would read everything again."
            )
        read_ids: set[str] = set()
        with suppress(HubError):  # deliberate errors are allowed
            read_ids = unique_ids(bench.read(ahead))
        other_ids = read_ids - changed_ids - same_ids
        if other_ids:
            pytest.fail(
                f"{self.slug} was read with the cursors of a source that is years ahead, and read"
                f" {_name_some(other_ids)}, which had not changed. Pass cursors to the source as"
                " they are; the documents of the moment of a cursor may come again, others may not."
            )

    def test_a_change_between_two_pages_hides_no_other_document(self, paged_bench: Bench) -> None:
        """Change one document that was read and one that was not; look for both and all others."""
        whole = paged_bench.read()
        third = len(whole) // 3
        reading = paged_bench.reading()
        items = list(islice(reading, third))
        paged_bench.drive("clock", {"advance": 60})
        changed_behind = self._change(paged_bench, items)
        changed_ahead = self._change(paged_bench, whole[::-1])
        items += reading
        later = paged_bench.read(last_cursors(items))
        missing = unique_ids(whole) - changed_ahead - unique_ids(items) - unique_ids(later)
        if missing:
            pytest.fail(
                f"While {self.slug} was read, {_name_some(changed_behind | changed_ahead)} changed;"
                f" {_name_some(missing)} is read neither then nor from the last Checkpoint on. Ask"
                " for an order that a change does not alter, such as that of the ids."
            )
        _fail_if_unread(
            changed_behind - unique_ids([*later, *items[third:]]),
            f"changed after {self.slug} had read its page, while it read the others, and is never"
            " read again. Begin the next reading where this one began: read_changes does.",
        )

    def test_a_change_at_the_moment_of_the_cursor_is_read(self, bench: Bench) -> None:
        """Change two documents of each list at one moment, and the first ones again; read between.

        Sources stamp changes with whole seconds, so a filter that begins after the cursor's moment
        skips what changed later in the same second, and a version that is the time of the change
        is the same after two changes in a second.
        """
        whole = bench.read()
        if self.change is None:
            return
        _stop_clock_within_a_second(bench)
        first = self._change_each_kind(bench, whole)
        end = _read_on(bench, last_cursors(whole))
        others = [item for item in whole[::-1] if identity(item) not in first]
        second = self._change_each_kind(bench, others)
        items = bench.read(end)
        _fail_if_unread(
            second - unique_ids(items),
            f"changed at the same time as {', '.join(sorted(first))}, after {self.slug} had read"
            " that change, and is never read. Ask the source for changes at this moment or later,"
            " and recognize by id and version what was read before: read_changes and ChangeCursor"
            " do. A cursor of your own is the newest time, without a second more; documents of"
            " that time may come again. If the plugin does that, look whether the form of the"
            " stand-in changes the version, too: a RowSource counts the field up that its attribute"
            " `version` names.",
        )
        again = [item for item in whole if identity(item) in first]
        self._check_second_change(bench, again, {**end, **last_cursors(items)})

    def _check_second_change(
        self, bench: Bench, items: Sequence[Yielded], end: Mapping[str, str]
    ) -> None:
        """Change documents again within the same second; fail if only a later change is read.

        What the source does not answer again, because of a cursor of its own, cannot be read.
        """
        bench.drive("clock", {"advance": WITHIN_A_SECOND})
        changed_ids = self._change_again(bench, items, "again")
        read, values = read_and_record(bench, end)
        unread = {id for id in changed_ids - unique_ids(read) if id.rpartition(":")[2] in values}
        if not unread:
            return
        bench.drive("clock", {"advance": BETWEEN_CHANGES})
        self._change_again(bench, items, "later")
        _fail_if_unread(
            unread & unique_ids(bench.read(end)),
            f"changed twice within a second, and {self.slug} has read the first change only: its"
            " version is the time of the change, which the source states in whole seconds. Return"
            " as version a number that the source counts up. If there is none, row_version(…) with"
            " the field of the time alone takes a checksum of the row.",
        )

    def test_a_change_is_read_if_the_clock_of_the_source_is_behind(self, bench: Bench) -> None:
        """Change a document of each kind at a source whose clock is behind that of the hub."""
        bench.clock.advance(THREE_YEARS)
        whole = bench.read()
        bench.drive("clock", {"advance": 60})
        changed_ids = self._change_each_kind(bench, whole)
        _fail_if_unread(
            changed_ids - unique_ids(bench.read(last_cursors(whole))),
            f"changed after {self.slug} had read it, and is never read again. Each list needs a"
            " cursor, and a version that differs after a change. The clock of the source is behind"
            " that of the hub: store in the Checkpoint a time that the source states, such as"
            " ApiClient.date, and not site.now.",
        )

    def test_a_second_change_is_read_too(self, bench: Bench) -> None:
        """Change a document of each kind, read it, and change it again a few seconds later."""
        whole = bench.read()
        if self.change is None:
            return
        bench.drive("clock", {"advance": 60})
        changed_ids = self._change_each_kind(bench, whole)
        items = bench.read(last_cursors(whole))
        bench.drive("clock", {"advance": BETWEEN_CHANGES})
        again = [item for item in whole if identity(item) in changed_ids]
        changed_again = self._change_again(bench, again, "again")
        _fail_if_unread(
            changed_again - unique_ids(bench.read(last_cursors(whole) | last_cursors(items))),
            f"changed twice, and {self.slug} has read the first change only. `version` must return"
            " a text that differs after each change: a number that the source counts up, or else"
            " the time of the change.",
        )

    def _change_again(self, bench: Bench, items: Sequence[Yielded], word: str) -> set[str]:
        """Change documents with a word after each text of the form; return the ids of the changed.

        A form may change a document once only.
        """
        if self.change is None:
            return set()
        path, fields = self.change
        ids = sorted(unique_ids(items))
        before = bench.read(ids=ids)
        for item in items:
            self._press_first(bench, [item], (path, _build_other_texts(fields, word)))
        return unique_ids(item for item in bench.read(ids=ids) if item not in before)

    def test_every_row_of_the_stand_in_is_read(self, paged_bench: Bench) -> None:
        """Compare the rows on the stand-in's page `books` with the ids that are read.

        Types of rows of which the app reads none are left out. A stand-in without such a page
        passes.
        """
        ids = {id.rpartition(":")[2] for id in source_ids(paged_bench.read())}
        unread = _list_unread_rows(paged_bench.look("books"), ids)
        if unread:
            pytest.fail(
                f"{self.slug} has read {len(ids)} rows and left out {len(unread)} that its stand-in"
                f" has, such as {', '.join(unread[:3])}. If they are of the last page, read on"
                " until the source says that no more follow. Otherwise yield every row, and say"
                " with `stage` and `hold`, or with Gone, why it is not posted: a row that is left"
                " out is in no list that a person could look at."
            )

    def test_a_deletion_between_two_pages_hides_no_other_document(self, paged_bench: Bench) -> None:
        """Delete a document of a page that was read; all others must be read, now or later.

        The list of a source that numbers its pages gets shorter, so that the first row of the next
        page moves to the page that was read.
        """
        whole = paged_bench.read()
        if self.delete is None:
            return
        end = _end_of_page(whole, self._delete(paged_bench, whole))
        for place, goes_on in ((end, True), (end + 1, False), (max(end, len(whole) // 3), True)):
            bench = Bench(self.slug, self.settings, documents=self.paged, waits=True)
            reading = bench.reading()
            items = list(islice(reading, place))
            deleted_ids = self._delete(bench, items)
            items += reading if goes_on else ()
            later = bench.read(last_cursors(items))
            missing = unique_ids(whole) - deleted_ids - unique_ids(items) - unique_ids(later)
            if missing:
                pytest.fail(
                    f"While {self.slug} was read, {', '.join(deleted_ids)} was deleted from a page"
                    f" that it had read; {', '.join(sorted(missing)[:3])} is never read. Where"
                    " pages are numbered, each row behind the deleted one moves. Read them with"
                    " read_numbered_pages, or with read_linked_pages(…, numbered=True)."
                )


def _end_of_page(items: Sequence[Yielded], ids: set[str]) -> int:
    """Return the place of the first Checkpoint after a document with one of these ids, or the end.

    There may be others before it, such as that of deletions.
    """
    has_id = [isinstance(item, Document) and item.source_id in ids for item in items]
    rest = islice(enumerate(items), has_id.index(True), None)
    return next((place for place, item in rest if isinstance(item, Checkpoint)), len(items))


def _fail_if_unread(missing: set[str], problem: str) -> None:
    """Fail with a sentence about documents whose change was not read, if there are any."""
    if missing:
        pytest.fail(f"{', '.join(sorted(missing))} {problem}")


def _build_other_texts(fields: Mapping[str, str], word: str) -> dict[str, str]:
    """Return the fields of a form with other values where any text is right."""
    return {name: f"{value} {word}" if value.isalpha() else value for name, value in fields.items()}


def _stop_clock_within_a_second(bench: Bench) -> None:
    """Stop the clock of the stand-in a minute later, near the beginning of a second."""
    clock = bench.drive("clock", {"advance": 60, "frozen": True})
    bench.drive("clock", {"advance": 1.1 - clock["epoch"] % 1})


def _read_on(bench: Bench, end: Mapping[str, str]) -> dict[str, str]:
    """Read on from the cursors of all streams; return the cursors after that."""
    return {**end, **last_cursors(bench.read(end))}


def _list_differing_ids(first: Sequence[Yielded], second: Sequence[Yielded]) -> set[str]:
    """Return the ids of documents that two readings do not have alike."""
    others = [item for item in first if item not in second]
    return unique_ids([*others, *(item for item in second if item not in first)])


def _name_some(ids: Iterable[str]) -> str:
    """Return the first of these source ids, for a message."""
    return ", ".join(sorted(ids)[:MAX_EXAMPLES])


def _list_unread_rows(books: Any, ids: set[str]) -> list[str]:
    """Return the ids of rows that were not read, of the types of which some were."""
    unread: list[str] = []
    if not isinstance(books, list):
        return unread
    by_type: dict[str, set[str]] = {}
    for row in books:
        if isinstance(row, dict) and "id" in row:
            by_type.setdefault(str(row.get("type")), set()).add(str(row["id"]))
    for row_ids in by_type.values():
        if not row_ids.isdisjoint(ids):
            unread += row_ids - ids
    return sorted(unread)
