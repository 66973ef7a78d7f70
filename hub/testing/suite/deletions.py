"""Contract tests of deletions: what the source has lost is gone, and nothing else is."""

import datetime as dt
from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from http import HTTPStatus
from itertools import islice
from typing import Any
from wsgiref.types import StartResponse, WSGIEnvironment

import pytest

from hub.contract.deletions import finds_deletions
from hub.contract.documents import Document, Gone, Yielded
from hub.errors import HubError
from hub.testing.bench import Bench
from hub.testing.exchanges.hook_calls import exception_failure
from hub.testing.fakes.stand_in import json_answer
from hub.testing.outcomes.items import last_cursors
from hub.testing.suite.document_change import DocumentChange

HOUR = 3600
DAY = 24 * HOUR
MAX_EXAMPLES = 3
READ_BEFORE_FAILURE = 3  # documents, on the first page


class DeletionTests(DocumentChange):
    """Tests that compare what is read with what the stand-in has a day later."""

    slug: str
    settings: dict[str, Any]

    def test_no_document_is_gone_that_the_source_still_has(self, paged_bench: Bench) -> None:
        """Read, and read on a day later: nobody deletes a document, so that none may be gone."""
        whole = paged_bench.read()
        present = {item.source_id for item in whole if isinstance(item, Document)}
        later = _read_a_day_later(paged_bench, whole)
        gone_ids = _list_gone_ids([*whole, *later]) & present
        if gone_ids:
            examples = ", ".join(sorted(gone_ids)[:MAX_EXAMPLES])
            pytest.fail(
                f"{self.slug} reports {len(gone_ids)} documents as gone that its stand-in still"
                f" has, such as {examples}. If a DeletionSweep finds them, pass the ids of"
                " all pages and of all lists to `compare`, or give each list a sweep of its own"
                " with `prefix`."
            )

    def test_a_deleted_document_is_gone(self, bench: Bench) -> None:
        """Delete a document of each kind; look for it a day later, and ask for it by its id."""
        if self.delete is None:
            return
        whole = bench.read()
        ids = self._delete_each_kind(bench, whole)
        missing = ids - _list_gone_ids(_read_a_day_later(bench, whole))
        if missing:
            pytest.fail(
                f"{', '.join(sorted(missing))} was deleted at the stand-in, and a day later"
                f" {self.slug} has yielded no Gone for it, so that it would stay in the books. If"
                " the source does not announce deletions, pass its ids to add_deletions."
            )
        present = ids - _list_gone_ids(self._ask_for(bench, sorted(ids)))  # in any order
        if present:
            pytest.fail(
                f"{self.slug} was asked for {', '.join(sorted(present))}, which the stand-in does"
                " not have any more, and did not answer with a Gone. Answer each id; read_ids does."
            )

    def _ask_for(self, bench: Bench, ids: Sequence[str]) -> list[Yielded]:
        """Ask for documents that the stand-in does not have; fail if the plugin raises."""
        try:
            return bench.read(ids=ids)
        except Exception as error:
            what = (
                f"hub_documents of {self.slug}, asked for {', '.join(ids)}, which the stand-in does"
                " not have any more,"
            )
            advice = (
                "a Gone. That ends each run that asks for it. Find single rows with api.find, which"
                " returns None for one that is not there; read_ids then answers with a Gone"
            )
            raise exception_failure(what, error, instead_of=advice) from error

    def test_a_deletion_is_found_although_everything_is_read_again(self, bench: Bench) -> None:
        """Delete a document of each kind, forget how far the lists were read, and read on.

        The hub does so if a person changes the start date of an app.
        """
        if self.delete is None:
            return
        whole = bench.read()
        deleted_ids = self._delete_each_kind(bench, whole)
        _advance(bench, HOUR)
        if self.change:  # so that the newest change is later than the deletions
            self._press_first(bench, whole, self.change)
        older_cursors = {
            name: text for name, text in last_cursors(whole).items() if finds_deletions(name)
        }
        again = bench.read(older_cursors)
        later = _read_a_day_later(bench, again, older_cursors)
        missing = deleted_ids - _list_gone_ids([*again, *later])
        if missing:
            pytest.fail(
                f"{', '.join(sorted(missing))} was deleted at the stand-in. Then the lists were"
                f" read as a whole, without their cursors, and {self.slug} has yielded no Gone for"
                " it, so that it would stay in the books. The hub forgets all cursors but those"
                " whose stream has a name that ends with “deletions”: store with such a cursor"
                " how far the deletions were read, or the ids of a DeletionSweep. If it is empty,"
                " ask the source for all of its deletions."
            )

    def test_a_deletion_is_found_of_what_was_read_before_the_source_failed(
        self, paged_bench: Bench
    ) -> None:
        """Read some documents, let the source fail, and delete one of those that were read.

        The hub has posted them, and the next reading begins where this one did.
        """
        if self.delete is None:
            return
        reading = paged_bench.reading()
        items = list(islice(reading, READ_BEFORE_FAILURE))
        with paged_bench.replaced_by(_fail), suppress(HubError):
            deque(map(items.append, reading))
        deleted_ids = self._press_first(paged_bench, items, self.delete)
        missing = deleted_ids - _list_gone_ids(_read_a_day_later(paged_bench, items))
        if missing:
            pytest.fail(
                f"{', '.join(missing)} was read before the stand-in of {self.slug} failed, and then"
                " deleted. A day later there is no Gone for it, so that it would stay in the books."
                " Pass what is read through `watch` of a DeletionSweep or PartSweep, or use"
                " add_deletions."
            )


def _fail(environ: WSGIEnvironment, start: StartResponse) -> Iterable[bytes]:
    """Answer as a source that is not available."""
    return json_answer(start, HTTPStatus.SERVICE_UNAVAILABLE, {"message": "Not available."})


def _read_a_day_later(
    bench: Bench, whole: Sequence[Yielded], older_cursors: Mapping[str, str] | None = None
) -> list[Yielded]:
    """Return what is read on the next day from the cursors of an earlier reading on.

    `older_cursors` are for streams of which the reading has yielded no cursor.
    """
    _advance(bench, DAY)
    bench.today += dt.timedelta(days=1)
    return bench.read({**(older_cursors or {}), **last_cursors(whole)})


def _advance(bench: Bench, seconds: float) -> None:
    """Move the clocks of the hub and of the stand-in."""
    bench.drive("clock", {"advance": seconds})
    bench.clock.advance(seconds)


def _list_gone_ids(items: Sequence[Yielded]) -> set[str]:
    """Return the source ids of what was read as gone."""
    return {item.source_id for item in items if isinstance(item, Gone)}
