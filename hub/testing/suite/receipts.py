"""Contract tests of receipts: each state that an app wants is reported to its source."""

from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal
from functools import partial
from typing import Any, get_args

import pytest

from hub.contract.document_kinds import LIST_KINDS
from hub.contract.documents import Document
from hub.contract.receipts import Cause, Receipt
from hub.contract.states import ReceiptState
from hub.testing.bench import Bench
from hub.testing.exchanges.failing_source import BUSY, INVALID, FailingSource
from hub.testing.exchanges.hook_calls import HookEffects, call_hook
from hub.testing.exchanges.report_texts import RecordedReport, ReportRecorder, find_likeness
from hub.testing.exchanges.write_requests import WriteRequests, find_repetition
from hub.testing.outcomes.posting_plans import Plan
from hub.testing.recording import record
from hub.testing.suite.exemptions import check_exempted_names, check_exemption
from hub.testing.suite.variants import VariantBenches

BETWEEN_RECEIPTS = 60  # seconds
POSTED = {"id": "51", "number": "N-51", "url": "https://app.qbo.intuit.com/app/bill?txnId=51"}
CAUSES: Mapping[ReceiptState, tuple[Cause, ...]] = {
    ReceiptState.HELD: get_args(Cause),
    ReceiptState.FAILED: ("quickbooks",),
}
WITHOUT_TRANSACTION = (ReceiptState.QUEUED, ReceiptState.HELD, ReceiptState.FAILED)
MESSAGES = {
    ReceiptState.HELD: "Supplier 7 has no match.",
    ReceiptState.FAILED: "QuickBooks refused it.",
    ReceiptState.CHANGED: "Its total is another in QuickBooks.",
    ReceiptState.MISSING: "It was deleted in QuickBooks.",
}
ADVICE = (
    "Look at the source for what an earlier call has written, or send an id by which the source"
    " recognizes it, such as one made from receipt.state and receipt.at."
)
IS_LOST = (
    "as if the source had taken the receipt. Check each answer: api.call(…).check() raises Refused,"
    " and let a Retry pass."
)

Report = tuple[ReceiptState, str]  # a state, and the kind of the document that has it


class ReceiptTests(VariantBenches):
    """Tests that receipts arrive; an app that wants none passes them."""

    unreported: Mapping[str, str]

    def test_each_wanted_state_is_reported(self) -> None:
        """Report each state of a document of each kind; look for what it does at the stand-in."""
        reports: set[Report] = set()
        kinds: set[str] = set()
        wants: tuple[ReceiptState, ...] = ()
        has_changed_books = False
        for bench, plans in zip(self._iter_benches(), self._plan_each(), strict=True):
            wants = tuple(ReceiptState(state) for state in bench.app.wants)
            examples = first_of_each_kind(plans)
            states = {state for state, _ in reports}
            if not examples.keys() <= kinds or not states.issuperset(wants):
                kinds |= examples.keys()
                books = bench.look("books")
                reports |= self._report_all(bench, list(examples.values()), wants)
                has_changed_books |= books is None or bench.look("books") != books
        self._check_reasons(wants, reports)
        self._require_document(wants, kinds)
        self._check(wants, {state for state, _ in reports}, has_changed_books=has_changed_books)
        self._check_kinds(kinds, {kind for _, kind in reports})
        if reports:
            record.note(record.REPORT, self.slug)

    def test_a_repeated_receipt_changes_nothing(self) -> None:
        """Report each state twice with the same receipt; compare the books after both.

        The hub repeats a receipt if it does not know whether it arrived. A stand-in without a page
        /_sandbox/books does not show the result.
        """
        kinds: set[str] = set()
        for bench, plans in zip(self._iter_benches(), self._plan_each(), strict=True):
            examples = first_of_each_kind(plans)
            if examples.keys() <= kinds or bench.look("books") is None:
                continue
            kinds |= examples.keys()
            bench.drive("clock", {"frozen": True})
            for state in map(ReceiptState, bench.app.wants):
                for document in examples.values():
                    self._report_twice(bench, document, state)

    def test_a_receipt_whose_answer_was_lost_is_written_once(self) -> None:
        """Lose the response to the call with which a receipt is written, and repeat the receipt.

        A report that writes with several calls is left out, because the repeated one makes those
        that were not made before. So is a stand-in without a page /_sandbox/books.
        """
        kinds: set[str] = set()
        for variant, plans in zip(({}, *self.variants), self._plan_each(), strict=True):
            bench = self._open(variant)
            examples = first_of_each_kind(plans)
            if examples.keys() <= kinds or bench.look("books") is None:
                continue
            kinds |= examples.keys()
            bench.check()
            bench.drive("clock", {"frozen": True})
            for state in map(ReceiptState, bench.app.wants):
                for document in examples.values():
                    for facts in _iter_facts(bench, document, state):
                        receipt = Receipt(state=state, at=bench.clock.now(), **facts)
                        self._report_without_response(bench, document, receipt, variant)

    def test_a_refused_receipt_raises_an_error(self) -> None:
        """Answer calls of a report with 422 and 429; it must raise, so that it is repeated."""
        for bench, plans in zip(self._iter_benches(), self._plan_each(), strict=True):
            bench.check()
            for document in first_of_each_kind(plans).values():
                for state in map(ReceiptState, bench.app.wants):
                    self._report_refused(bench, document, state)

    def test_a_document_that_is_not_posted_is_not_reported_as_a_posted_one(self) -> None:
        """Compare what is written about a held or failed document with what a posted one gets.

        Each receipt goes to a new stand-in, at the same time, and says what the hub would say.
        """
        kinds: set[str] = set()
        for variant, plans in zip(({}, *self.variants), self._plan_each(), strict=True):
            wants = {ReceiptState(state) for state in self._open(variant).app.wants}
            examples = first_of_each_kind(plans)
            if ReceiptState.POSTED not in wants or examples.keys() <= kinds:
                continue
            kinds |= examples.keys()
            for document in examples.values():
                for state in wants & CAUSES.keys():
                    self._compare_with_posted(variant, document, state)

    def _compare_with_posted(
        self, variant: Mapping[str, Any], document: Document, state: ReceiptState
    ) -> None:
        """Report a document as posted, and in another state; fail if both look alike."""
        (posted_report,) = self._iter_written(variant, document, ReceiptState.POSTED)
        for other in self._iter_written(variant, document, state):
            problem = find_likeness(posted_report, other, document)
            if problem:
                pytest.fail(
                    f"hub_report of {self.slug} writes for the {document.kind}"
                    f" {document.source_id} in the state {state} the same as for one that is"
                    f" posted: {problem}. So people at the source take it for posted. Write"
                    f" receipt.state or receipt.message, or remove {state} from App.wants."
                )

    def _iter_written(
        self, variant: Mapping[str, Any], document: Document, state: ReceiptState
    ) -> Iterator[RecordedReport]:
        """Yield each receipt about a document in a state with the texts that it writes."""
        for facts in _iter_facts(self._open(variant), document, state):
            bench = self._open(variant)
            receipt = Receipt(state=state, at=bench.clock.now(), **facts)
            yield ReportRecorder(bench).report(document, receipt)

    def _report_refused(self, bench: Bench, document: Document, state: ReceiptState) -> None:
        """Report a state to a source that refuses calls; fail if that looks like a success."""
        what = f"hub_report of {self.slug}, with the state {state} of {document.source_id},"
        facts = next(_iter_facts(bench, document, state))
        report = partial(bench.report, document, state, **facts)
        for calls in (
            FailingSource(bench, INVALID),
            FailingSource(bench, INVALID, only_writes=True),
            FailingSource(bench, BUSY[0], only_writes=True),
        ):
            calls.expect_error(report, what, IS_LOST)

    def _report_twice(self, bench: Bench, document: Document, state: ReceiptState) -> None:
        """Report each receipt about a document in a state again; fail if that changes the books."""
        what = f"hub_report of {self.slug}, with the state {state} of {document.source_id},"
        for facts in _iter_facts(bench, document, state):
            bench.clock.advance(BETWEEN_RECEIPTS)
            bench.drive("clock", {"advance": BETWEEN_RECEIPTS})  # so that no rate limit moves it
            receipt = Receipt(state=state, at=bench.clock.now(), **facts)
            call_hook(partial(bench.report, document, receipt), what)
            books = bench.look("books")
            bench.clock.advance(BETWEEN_RECEIPTS)  # a text with the time is another one
            call_hook(partial(bench.report, document, receipt), f"{what} called again")
            repetition = find_repetition(books, bench.look("books"))
            if repetition:
                pytest.fail(
                    f"{what} was called again with the same receipt, as after an answer that was"
                    " lost, and the page /_sandbox/books of the stand-in shows it twice, at"
                    f" {repetition}. {ADVICE} Write no other time than receipt.at."
                )

    def _report_without_response(
        self, bench: Bench, document: Document, receipt: Receipt, variant: Mapping[str, Any]
    ) -> None:
        """Report a receipt whose response is lost, and again; fail if it is written twice."""
        what = f"hub_report of {self.slug}, with the state {receipt.state} of {document.source_id},"
        bench.drive("clock", {"advance": BETWEEN_RECEIPTS})
        calls = WriteRequests(bench, loses_response=True)
        calls.report(document, receipt, f"{what} whose answer was lost,")
        bench.clock.advance(BETWEEN_RECEIPTS)
        again = f"{what} called again after an answer that was lost,"
        call_hook(partial(bench.report, document, receipt), again)
        if not calls.names:
            return
        repetition = find_repetition(calls.first_books, bench.look("books"))
        if not repetition:
            return
        requests = WriteRequests(self._open(variant))
        requests.report(document, receipt, what)
        if len(requests.names) == 1:
            pytest.fail(
                f"{what} called {calls.names[0]}. The source carried it out, and the answer was"
                " lost. The same receipt came again, and the plugin wrote it a second time: the"
                f" page /_sandbox/books of the stand-in shows it twice, at {repetition}. {ADVICE} A"
                " mark in site.secrets has to be stored before the call, not after it."
            )

    def _report_all(
        self,
        bench: Bench,
        examples: list[Document],
        wants: tuple[ReceiptState, ...],
    ) -> set[Report]:
        """Report every state of every example; return those of which the stand-in got a call."""
        effects = HookEffects(bench)
        reports: set[Report] = set()
        for state in wants:
            for document in examples:
                self._report(bench, document, state)
                if not effects.has_log or effects.has_written():
                    reports.add((state, document.kind))
        return reports

    def _report(self, bench: Bench, document: Document, state: ReceiptState) -> None:
        """Report a state of a document, with each cause that it can have."""
        what = (
            f"hub_report of {self.slug}, with the state {state} of the {document.kind}"
            f" {document.source_id},"
        )
        for facts in _iter_facts(bench, document, state):
            bench.clock.advance(BETWEEN_RECEIPTS)
            call_hook(partial(bench.report, document, state, **facts), what)

    def _require_document(self, wants: tuple[ReceiptState, ...], kinds: set[str]) -> None:
        """Fail if no document could be reported to an app that wants receipts."""
        if wants and not kinds:
            pytest.fail(
                f"{self.slug} has no document that can be posted, so that no receipt was reported."
                " test_each_kind_that_the_app_posts_has_a_ready_document says why."
            )

    def _check(
        self,
        wants: tuple[ReceiptState, ...],
        reported_states: set[ReceiptState],
        *,
        has_changed_books: bool,
    ) -> None:
        """Fail if a state that the app wants did not get to the stand-in without a reason."""
        silent = [state for state in wants if state not in reported_states | self.unreported.keys()]
        if silent:
            pytest.fail(
                f"{self.slug} wants to know of {', '.join(silent)}, and hub_report returned without"
                " a call that changes anything at the stand-in. Write the state to the source, or"
                " remove it from App.wants. If only other settings report it: contract(…,"
                " variants=[{…}]). If it is right that the source learns nothing: contract(…,"
                " unreported={state: reason})."
            )
        if wants and reported_states and not has_changed_books:
            pytest.fail(
                f"hub_report of {self.slug} called the stand-in, and its page /_sandbox/books shows"
                " the same data as before. Correct what hub_report sends, or let the stand-in"
                " store it."
            )

    def _check_kinds(self, kinds: set[str], reported_kinds: set[str]) -> None:
        """Fail if the source learns of some kinds of transactions and not of another."""
        silent = sorted(kinds - reported_kinds - self.unreported.keys() - set(LIST_KINDS))
        if reported_kinds and silent:
            pytest.fail(
                f"hub_report of {self.slug} tells the source about documents of the kind"
                f" {', '.join(sorted(reported_kinds))}, and for {', '.join(silent)} it returned"
                " without a call that changes anything at the stand-in. Report every kind. If the"
                f" source has no place for it: contract(…, unreported={{{silent[0]!r}: reason}})."
            )

    def _check_reasons(self, wants: tuple[ReceiptState, ...], reports: set[Report]) -> None:
        """Fail if a reason for a state or a kind that is not reported does not hold.

        A kind of which no document can be posted may be named, too: other tests say so.
        """
        reported_names = {str(name) for names in reports for name in names}
        posts = self._open({}).app.posts
        check_exempted_names("unreported", self.unreported, (*wants, *sorted(posts)))
        for name in self.unreported:
            check_exemption(
                "unreported",
                self.unreported,
                name,
                is_needed=name not in reported_names,
                otherwise=f"{self.slug} reports {name}",
            )


def first_of_each_kind(plans: Iterable[Plan]) -> dict[str, Document]:
    """Return the first document of each kind that would be posted, by its kind."""
    examples: dict[str, Document] = {}
    for plan in plans:
        if plan.is_posted:
            examples.setdefault(plan.document.kind, plan.document)
    return examples


def _iter_facts(bench: Bench, document: Document, state: ReceiptState) -> Iterator[dict[str, Any]]:
    """Yield what the hub would say in a receipt about a document in a state, by its causes."""
    facts: dict[str, Any] = {"kind": document.kind, "message": MESSAGES.get(state)}
    if state not in WITHOUT_TRANSACTION:
        facts |= POSTED
    if state in (ReceiptState.PART_PAID, ReceiptState.PAID):
        total = document.total or Decimal(1)
        is_part = state == ReceiptState.PART_PAID
        facts["paid"] = (total / 2).quantize(Decimal("0.01")) if is_part else total
        facts["paid_on"] = bench.today
    for cause in CAUSES.get(state, (None,)):
        yield facts | {"cause": cause}
