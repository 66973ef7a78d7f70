"""Contract tests of a source that is busy, or whose responses are broken: nothing may be lost."""

from collections import defaultdict
from collections.abc import Iterable
from functools import partial
from wsgiref.types import StartResponse, WSGIEnvironment

import pytest

from hub.errors import Retry
from hub.testing.bench import Bench
from hub.testing.exchanges.failing_source import BUSY, REFUSALS, FailingSource
from hub.testing.exchanges.hook_calls import exception_failure
from hub.testing.exchanges.response_recording import without_rate_limit
from hub.testing.outcomes.items import source_ids
from hub.testing.suite.variants import VariantBenches

MAX_IDS = 5  # documents that are read by their ids
MAX_PATHS = 6  # paths whose calls are refused alone
ADVICE = (
    "as if {nothing}. Let the Retry pass that site.http raises: the hub calls the hook again later."
)
REFUSED_ADVICE = "as if {nothing}. Check each answer: api.call(…).check() raises Refused."


class OutageTests(VariantBenches):
    """Tests that hooks raise Retry if the source cannot answer."""

    @pytest.mark.parametrize("status", BUSY)
    def test_a_busy_source_raises_retry(self, bench: Bench, status: int) -> None:
        """Answer every call with 429 or 503 after a first reading, of the list and by ids.

        The paths and the ids of each list are refused apart, because the first refused call ends a
        reading.
        """
        paths: dict[str, None] = {}
        with bench.replaced_by(partial(_pass_on, bench, paths)):
            whole = bench.read()
        what = f"hub_documents of {self.slug}"
        advice_for_list = ADVICE.format(nothing="nothing had changed")
        FailingSource(bench, status).expect_error(bench.read, what, advice_for_list)
        for path in list(paths)[:MAX_PATHS]:
            alone = f"{what}, of which only calls of {path} were refused,"
            FailingSource(bench, status, path=path).expect_error(bench.read, alone, advice_for_list)
        advice = ADVICE.format(nothing="it had read them, or as if they were gone")
        for ids in _group_by_list(source_ids(whole)):
            by_ids = partial(bench.read, ids=ids[:MAX_IDS])
            with_ids = f"{what}, with the ids {', '.join(ids[:MAX_IDS])},"
            FailingSource(bench, status).expect_error(by_ids, with_ids, advice)

    def test_a_busy_source_loses_no_file(self) -> None:
        """Answer the calls for the first file of a document with 429."""
        self._refuse_file(BUSY[0], ADVICE)

    @pytest.mark.parametrize("status", REFUSALS)
    def test_a_refused_file_is_an_error(self, status: int) -> None:
        """Answer the calls for the first file of a document with 404 or 422."""
        self._refuse_file(status, REFUSED_ADVICE)

    @pytest.mark.parametrize("kind", ["truncate", "wrong_type", "reset", "lose_answer", "refuse"])
    def test_a_broken_answer_raises_retry(self, bench: Bench, kind: str) -> None:
        """Read while every response is cut off, lost, refused or of another type."""
        bench.read()
        bench.fault(kind, count=0)
        what = f"hub_documents of {self.slug}"
        try:
            bench.read()
        except Retry:
            return
        except Exception as error:
            raise exception_failure(what, error, instead_of="Retry") from error
        pytest.fail(
            f"{what} was read while each answer had the fault {kind}, and returned"
            f" {ADVICE.format(nothing='nothing had changed')}"
        )

    def _refuse_file(self, status: int, advice: str) -> None:
        """Answer the calls for the first file of a document with a status; fail if it is opened."""
        for bench, documents in self._iter_benches_with_documents():
            owner = next((document for document in documents if document.attachments), None)
            if owner and bench.plugins.has(self.slug, "hub_attachment"):
                file = owner.attachments[0]
                bench.check()
                what = f"hub_attachment of {self.slug}, for {file.name} of {owner.source_id},"
                open_file = partial(bench.attachment, owner, file)
                advice = advice.format(nothing="that were the file")
                FailingSource(bench, status).expect_error(open_file, what, advice)


def _pass_on(
    bench: Bench, paths: dict[str, None], environ: WSGIEnvironment, start: StartResponse
) -> Iterable[bytes]:
    """Pass a call to the stand-in, and remember its path."""
    paths[environ["PATH_INFO"]] = None
    return without_rate_limit(bench)(environ, start)


def _group_by_list(ids: Iterable[str]) -> Iterable[list[str]]:
    """Return source ids by what they begin with, the list."""
    by_list: dict[str, list[str]] = defaultdict(list)
    for id in ids:
        by_list[id.rpartition(":")[0]].append(id)
    return by_list.values()
