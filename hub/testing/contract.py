"""The contract tests of every app: `TestContract = contract("slug", setting=…)` runs them all."""

import mmap
import tracemalloc
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any, NoReturn
from wsgiref.types import StartResponse, WSGIEnvironment

import pytest

from hub.contract.documents import Document
from hub.errors import HubError, NeedsAttention
from hub.testing.bench import Bench
from hub.testing.exchanges.hook_calls import exception_failure
from hub.testing.fakes.stand_in import json_answer, text_answer
from hub.testing.outcomes.collecting_hub import CollectingHub
from hub.testing.outcomes.items import last_cursors, only_documents, source_ids
from hub.testing.suite.accounts import AccountTests
from hub.testing.suite.created_records import CreatedRecordTests
from hub.testing.suite.deletions import DeletionTests
from hub.testing.suite.documents import DocumentTests, suite_of
from hub.testing.suite.exemptions import exemptions_by_parameter
from hub.testing.suite.missing_ids import MissingIdTests
from hub.testing.suite.orders import OrderTests
from hub.testing.suite.outages import OutageTests
from hub.testing.suite.payments import PaymentTests
from hub.testing.suite.rates import RateTests
from hub.testing.suite.readiness import ReadinessTests
from hub.testing.suite.reading import FULL, LONG, PAGES, ReadingTests
from hub.testing.suite.receipts import ReceiptTests
from hub.testing.suite.smoke import SmokeTest
from hub.testing.suite.source_values import SourceValuesTests
from hub.testing.suite.stated_values import StatedValuesTests
from hub.testing.suite.tokens import TokenTests
from hub.testing.suite.unreadable_rows import UnreadableRowTests
from hub.testing.suite.unready_states import UnreadyStateTests
from hub.testing.suite.webhooks import WebhookTests

HOUR = 3600
NO_CURSOR = "9999-12-31T00:00:00Z|zzzz"
# Documents of the test of memory.
MANY_DOCUMENTS = 400
if FULL:
    MANY_DOCUMENTS = 3_000
if LONG:
    MANY_DOCUMENTS = 10_000
BYTES_PER_DOCUMENT = 20 * 2**10  # while all are read: 10,000 within 200 MB
# Each byte is counted for so many, which takes five times as long as reading them.
TRACED_DOCUMENTS = 2000 if LONG else 500


def contract(
    slug: str,
    *,
    wrong_keys: dict[str, Any] | None = None,
    change: tuple[str, Mapping[str, str]] | None = None,
    delete: tuple[str, Mapping[str, str]] | None = None,
    many: int = MANY_DOCUMENTS,
    paged: int = PAGES,
    unreadable: Mapping[str, str] | None = None,
    unpostable: Mapping[str, str] | None = None,
    unavailable: Mapping[str, str] | None = None,
    converted: Mapping[str, str] | None = None,
    unreported: Mapping[str, str] | None = None,
    unused: Mapping[str, str] | None = None,
    unstated: Mapping[str, str] | None = None,
    derived: Mapping[str, str] | None = None,
    not_ready: Mapping[str, Sequence[object]] | None = None,
    variants: Sequence[Mapping[str, Any]] = (),
    webhook: tuple[str, Mapping[str, str]] | None = None,
    **settings: Any,
) -> type:
    """Return the suite for one app; `wrong_keys` are settings that the source must refuse, or None.

    `change` is a form of the stand-in's pages with which a person changes a document: its fields,
    and a path with {id} (7 of `rental:7`) and perhaps {list} (`rental`). `delete` is one that
    deletes a document, `webhook` one in which a person enters where the source calls the hub, with
    {url} in its fields, for an app without `hub_subscribe`. `paged` documents need several pages.
    `variants` are settings with which the stand-in shows other kinds, codes, files or receipts.
    `not_ready` has values with which no row may be posted, such as {"status": ("submitted",)}.

    What an app cannot show, or shows on purpose, has a reason. By source ids, with words of it:
    `unreadable` are documents that cannot be read, `unpostable` those that are ready and that the
    hub would hold, `unavailable` those of which a file cannot be opened. `unreported` are states in
    App.wants, and kinds, that the source is not told, `unused` hooks that this app does not use,
    `converted` types of files, `unstated` values that documents do not have, and `derived` those
    that the plugin works out or leaves out.
    """
    return suite_of(
        Contract,
        slug,
        settings=settings,
        wrong_keys=wrong_keys,
        change=change,
        delete=delete,
        many=many,
        paged=paged,
        **exemptions_by_parameter(
            unreadable=unreadable,
            unpostable=unpostable,
            unavailable=unavailable,
            converted=converted,
            unreported=unreported,
            unused=unused,
            unstated=unstated,
            derived=derived,
        ),
        variants=variants,
        webhook=webhook,
        not_ready=not_ready or {},
    )


def _answer_not_found(environ: WSGIEnvironment, start: StartResponse) -> Iterable[bytes]:
    """Answer every call as an API does that has no such row."""
    error = {"code": "not_found", "message": "There is no such thing."}
    return json_answer(start, 404, error)


def _answer_as_other_server(environ: WSGIEnvironment, start: StartResponse) -> Iterable[bytes]:
    """Answer as a web server that has taken the source's place."""
    return text_answer(start, 404, "<html><body><h1>404 Not Found</h1></body></html>")


class Contract(
    ReadingTests,
    DeletionTests,
    OutageTests,
    MissingIdTests,
    UnreadableRowTests,
    AccountTests,
    DocumentTests,
    ReadinessTests,
    StatedValuesTests,
    SourceValuesTests,
    UnreadyStateTests,
    PaymentTests,
    OrderTests,
    TokenTests,
    ReceiptTests,
    CreatedRecordTests,
    WebhookTests,
    RateTests,
    SmokeTest,
):
    """Tests of a source that is called; the others are those of its base classes."""

    wrong_keys: dict[str, Any] | None
    many: int

    def test_an_invalid_cursor_reads_no_document(self, bench: Bench) -> None:
        """Read with a cursor that the app never wrote; it is refused, or no document is read.

        The cursors of other streams stay valid: without them their rows count as never read.
        """
        cursors = last_cursors(bench.read())
        names = {""} if "" in cursors else cursors.keys()
        try:
            items = bench.read(cursors | dict.fromkeys(names, NO_CURSOR))
        except HubError:
            return  # deliberate errors are allowed
        read_ids = [document.source_id for document in only_documents(items)]
        if read_ids:
            pytest.fail(
                f"{self.slug} was read with the cursor {NO_CURSOR!r}, which it never wrote, and"
                f" read {', '.join(read_ids[:3])}. Pass cursors to the source as they are, or raise"
                " Refused for one that cannot be read."
            )

    def test_wrong_credentials_raise_needs_attention(self, bench: Bench) -> None:
        """Check the access with the settings `wrong_keys`."""
        if self.wrong_keys is None:
            pytest.fail(
                f"say which settings of {self.slug} are its keys: contract(…, wrong_keys={{…}})"
            )
        bench.set(**(self.settings | self.wrong_keys))
        what = f"hub_check of {self.slug}, with {', '.join(self.wrong_keys)} as wrong keys,"
        try:
            tenant = bench.check()
        except NeedsAttention:
            return
        except Exception as error:
            raise exception_failure(what, error, instead_of="NeedsAttention") from error
        pytest.fail(
            f"{what} returned the account {tenant.id}, as if they were right. Make a call with the"
            " credentials, and check the answer: get does, and api.call(…).check() raises"
            " NeedsAttention for 401 and 403. The stand-in has to refuse other keys than its own."
        )

    @pytest.mark.proof
    def test_a_source_that_answers_404_to_everything_loses_no_document(
        self, tmp_path: Path
    ) -> None:
        """Answer 404 for four hours, as the API and as another server; compare the documents."""
        with CollectingHub(self.slug, self.settings, tmp_path) as hub:
            hub.collect()
            before = hub.documents()
            for answer in (
                _answer_not_found,
                _answer_as_other_server,
                _answer_not_found,
                _answer_as_other_server,
            ):
                hub.clock.advance(HOUR)
                with hub.bench.replaced_by(answer):
                    self._expect_error(hub.collect, "was answered 404 to every call")
            self._expect_documents(hub, before)
            hub.collect()
            self._expect_documents(hub, before)

    def test_a_page_of_another_server_is_an_error_when_reading_by_id(self, bench: Bench) -> None:
        """Read documents by their ids from a server that answers with a page: none may be Gone."""
        ids = source_ids(bench.read())[:5]
        with bench.replaced_by(_answer_as_other_server):
            read = partial(bench.read, ids=ids)
            self._expect_error(read, f"was asked for {', '.join(ids)} and got a page")

    @pytest.mark.proof
    def test_many_documents_need_little_memory(self) -> None:
        """Read `many` documents, which must not all be in memory at once."""
        warm_up = Bench(self.slug, self.settings, documents=1, waits=True)
        warm_up.read()  # what is stored once for all is no document's cost
        reading = Bench(self.slug, self.settings, documents=self.many, waits=True).reading()
        unread = (item for item in reading if isinstance(item, Document))
        before = _get_resident_bytes()
        tracemalloc.start()
        try:
            traced_count = sum(1 for _ in islice(unread, TRACED_DOCUMENTS))
            _, peak = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
        if peak >= min(self.many, TRACED_DOCUMENTS) * BYTES_PER_DOCUMENT:
            self._fail_because_of_memory(peak / traced_count)
        sizes = [_get_resident_bytes() for _ in unread]
        count = traced_count + len(sizes)
        if count < self.many * 0.9:
            pytest.fail(
                f"The stand-in of {self.slug} was opened with {self.many} documents, and {count}"
                " were read, fewer than nine in ten. Read every page, and let hub_sandbox open the"
                " stand-in with as many rows as `documents` says."
            )
        grown = max(sizes, default=0) - before
        if grown >= self.many * BYTES_PER_DOCUMENT:
            self._fail_because_of_memory(grown / count)

    def test_a_reopened_stand_in_has_the_same_documents(self, tmp_path: Path) -> None:
        """Open a second stand-in on the journal of the first one."""
        first = Bench(self.slug, self.settings, folder=tmp_path, waits=True)
        before = first.read()
        second = Bench(self.slug, self.settings, folder=tmp_path, waits=True)
        if second.read() != before:
            pytest.fail(
                f"The stand-in of {self.slug} was opened twice with one folder, and has other"
                " documents the second time. Let hub_sandbox make the same rows each time, and keep"
                " what changes in a file of the folder, as a RowSource does."
            )

    def _expect_error(self, call: Callable[[], object], what: str) -> None:
        """Call the plugin while its source is not there; fail if it raises no error of the hub."""
        try:
            call()
        except HubError:
            return
        except Exception as error:
            raise exception_failure(
                f"{self.slug} {what}, and", error, instead_of="Retry"
            ) from error
        pytest.fail(
            f"{self.slug} {what}, and returned as if its source had nothing. Check each answer:"
            " api.get(…) does, and reply.not_found is false for a page of another server."
        )

    def _expect_documents(self, hub: CollectingHub, before: Mapping[str, object]) -> None:
        """Fail unless a hub has the documents that it had before its source was not there."""
        documents = hub.documents()
        ids = [id for id in before if documents.get(id) != before[id]]
        if ids:
            pytest.fail(
                f"The source of {self.slug} answered 404 to every call for some hours, and then"
                f" {', '.join(ids[:3])} had another state than before. A Gone that is no answer"
                " of the source about this document needs inferred=True."
            )

    def _fail_because_of_memory(self, bytes_per_document: float) -> NoReturn:
        """Fail with the memory that was needed."""
        pytest.fail(
            f"{self.slug} needs {bytes_per_document / 1024:.0f} KB of memory for each document that"
            f" it reads; {BYTES_PER_DOCUMENT // 1024} are allowed. Yield each document when its row"
            " is read, and keep no list of rows or documents of all pages."
        )


def _get_resident_bytes() -> int:
    """Return the bytes of memory that this process takes; 0 where there is no /proc."""
    statm = Path("/proc/self/statm")
    if not statm.exists():
        return 0
    _, resident_pages, *_ = statm.read_text().split()
    return int(resident_pages) * mmap.PAGESIZE
