"""Contract tests of reading: nothing is missed, whatever happens meanwhile."""

import os
from collections.abc import Mapping
from contextlib import suppress
from itertools import islice
from typing import Any

import pytest

from hub.contract.documents import Checkpoint, Document, Gone, Unreadable, Yielded
from hub.errors import HubError
from hub.testing.bench import Bench

YEARS = 3 * 365 * 86_400
FULL = os.environ.get("HUB_PROOF") == "full"
PAGES = 260 if FULL else 110  # documents that no source shows on one page


def identity(item: Yielded) -> str:
    """What tells one row from another."""
    return item.cursor if isinstance(item, Checkpoint) else item.source_id


def rows(items: list[Yielded]) -> set[str]:
    """The source ids of what was read."""
    return {item.source_id for item in items if isinstance(item, Document | Gone | Unreadable)}


def cursors(items: list[Yielded]) -> dict[str, str]:
    """Where to go on after what was read."""
    return {item.stream: item.cursor for item in items if isinstance(item, Checkpoint)}


class Reading:
    """Tests of reading while documents change, if a form of the stand-in's pages changes them."""

    slug: str
    settings: dict[str, Any]
    change: tuple[str, Mapping[str, str]] | None
    paged: int

    @pytest.fixture
    def bench(self) -> Bench:
        """The app on a fresh stand-in."""
        return Bench(self.slug, self.settings)

    @pytest.fixture
    def paged_bench(self) -> Bench:
        """The same with more documents than a page holds."""
        return Bench(self.slug, self.settings, documents=self.paged)

    def test_the_same_documents_come_twice(self, bench: Bench) -> None:
        assert bench.read() == bench.read()

    def test_reading_on_from_the_last_checkpoint_brings_nothing_again(self, bench: Bench) -> None:
        assert rows(bench.read(cursors(bench.read()))) == set()

    def test_a_cursor_of_the_future_brings_nothing_but_what_was_another_then(
        self, bench: Bench
    ) -> None:
        bench.read()
        later = Bench(self.slug, self.settings)
        later.drive("clock", {"advance": YEARS})
        changed = self._change(later, later.read())
        ahead = cursors(later.read())
        assert ahead
        with suppress(HubError):  # a sentence is an answer, a stack trace is none
            assert rows(bench.read(ahead)) <= changed

    def test_what_changes_while_pages_are_read_takes_no_other_from_them(
        self, paged_bench: Bench
    ) -> None:
        whole = paged_bench.read()
        reading = paged_bench.reading()
        items = list(islice(reading, len(whole) // 3))
        paged_bench.drive("clock", {"advance": 60})
        announced, unannounced = (
            self._change(paged_bench, items),
            self._change(paged_bench, whole[::-1]),
        )
        items += reading
        later = paged_bench.read(cursors(items))
        assert rows(whole) - unannounced - rows([*items, *later]) == set()
        assert announced <= rows([*later, *items[len(whole) // 3 :]])

    @pytest.mark.proof
    def test_a_crash_before_a_checkpoint_repeats_and_never_skips(self, paged_bench: Bench) -> None:
        whole = paged_bench.read()
        places = [place for place, item in enumerate(whole) if isinstance(item, Checkpoint)]
        if not places:
            pytest.fail(
                f"{self.slug} yields no Checkpoint: every collect would read everything again"
            )
        checkpoints = {places[0], places[-1]}
        if FULL:
            step = len(places) // 3 or 1
            checkpoints.update(places[::step])
        after_checkpoints = {place + 1 for place in checkpoints}
        for place in sorted(checkpoints | after_checkpoints):
            broken = list(islice(paged_bench.reading(), place))
            resumed = paged_bench.read(cursors(broken))
            assert rows(whole) - rows([*broken, *resumed]) == set()

    def _change(self, bench: Bench, items: list[Yielded]) -> set[str]:
        """Somebody changes one of these at the source, the first that may be changed; which one."""
        if self.change is None:
            return set()
        path, fields = self.change
        for item in items:
            if isinstance(item, Document) and bench.press(
                path.format(id=item.source_id.rpartition(":")[2]), **fields
            ):
                return {item.source_id}
        raise AssertionError(f"nothing of {self.slug} can be changed at {path}")
