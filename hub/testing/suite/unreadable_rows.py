"""Contract tests of rows that cannot be read: each waits with a reason, and stops no other."""

from collections.abc import Collection, Iterable, Sequence
from decimal import Decimal
from typing import Any
from wsgiref.types import StartResponse, WSGIEnvironment

import pytest

from hub.contract.document_kinds import LIST_KINDS
from hub.contract.documents import Document, Gone, Yielded
from hub.testing.bench import Bench
from hub.testing.exchanges.hook_calls import exception_failure
from hub.testing.exchanges.response_recording import without_rate_limit
from hub.testing.exchanges.response_values import parse
from hub.testing.fakes.wsgi import BufferedResponse
from hub.testing.outcomes.items import id_at_the_source, identity, list_of, unique_ids
from hub.testing.outcomes.posting_plans import plan_document
from hub.testing.suite.variants import VariantBenches
from hub.testing.values.changed_responses import ChangedResponses, amount_of, is_row_of
from hub.testing.values.examples import is_offset, iter_examples
from hub.testing.values.missing_amounts import find_missing_amount_defect

NO_AMOUNT = "not an amount"
UNITS = (1, 100)  # by which a source may multiply amounts
ADVICE = (
    "Let what the conversion of a row raises pass, in the `read` of a list or in a function that"
    " readable(…) calls: the row is then Unreadable and waits in the inbox with the reason."
)


class UnreadableRowTests(VariantBenches):
    """Tests that break or leave out the amounts of one row of each kind and list."""

    def test_a_row_that_cannot_be_read_is_neither_gone_nor_left_out(self) -> None:
        """Read a row without amounts in the list and by its id; look for it and for all others."""
        for variant, plans in zip(({}, *self.variants), self._plan_each(), strict=True):
            examples: dict[tuple[str, str], Document] = {}
            for plan in plans:
                if plan.is_posted and plan.document.kind not in LIST_KINDS:
                    examples.setdefault(list_of(plan.document), plan.document)
            for document in examples.values():
                self._read_broken(self._open(variant), document)

    def test_a_missing_amount_is_not_posted_as_zero(self) -> None:
        """Leave out the amounts of a document; look whether the hub would post it all the same."""
        problems: dict[tuple[str, str], str] = {}
        for bench, plans in zip(self._iter_benches(), self._plan_each(), strict=True):
            others = [plan.document for plan in plans]

            def is_posted(
                document: Document, bench: Bench = bench, others: list[Document] = others
            ) -> bool:
                return plan_document(bench, document, others).is_posted

            for document in iter_examples(plans):
                responses = ChangedResponses(bench, document)
                if not responses.shows(document) or is_offset(document):
                    continue
                problem = find_missing_amount_defect(responses, document, is_posted)
                if problem:
                    problems.setdefault(list_of(document), f"{document.source_id}: {problem}")
        if problems:
            text = "\n".join(f"  {problem}" for problem in problems.values())
            pytest.fail(
                f"{self.slug} takes a missing amount for 0:\n{text}\nPass what the source"
                " answers to money(…) without `or 0`: it raises for None, and the row waits in the"
                " inbox with the reason."
            )

    def _read_broken(self, bench: Bench, document: Document) -> None:
        """Read a row while it has no amounts; fail if it is gone, or if anything is missing."""
        all_ids = unique_ids(bench.read())
        source = _SourceWithoutAmounts(bench, document)
        for ids, expected_ids in (((), all_ids), ((document.source_id,), {document.source_id})):
            where = "by its id" if ids else "in the list"
            what = (
                f"hub_documents of {self.slug} has read {document.source_id} {where}, with texts in"
                " its row that are no amounts,"
            )
            try:
                items = source.read(ids)
            except Exception as error:
                raise exception_failure(f"{what} and", error, advice=ADVICE) from error
            if any(isinstance(item, Gone) for item in _find(items, document)):
                pytest.fail(
                    f"{what} and yielded a Gone, as if the source had deleted it, so that it would"
                    f" be removed from the books. {ADVICE}"
                )
            missing_ids = sorted(expected_ids - unique_ids(items))
            if missing_ids:
                pytest.fail(
                    f"{what} and yielded nothing for {', '.join(missing_ids[:3])}. {ADVICE}"
                )


def _find(items: Iterable[Yielded], document: Document) -> Iterable[Yielded]:
    """Return what was read of a document."""
    return [item for item in items if identity(item) == document.source_id]


class _SourceWithoutAmounts:
    """Passes calls to the stand-in, and puts a text in the place of each amount of a document."""

    def __init__(self, bench: Bench, document: Document) -> None:
        self._bench = bench
        self._document = document
        parts = [line.amount for line in document.lines]
        amounts = {abs(amount) for amount in (document.total, *parts) if amount}
        self._amounts = {amount * unit for amount in amounts for unit in UNITS}
        self._stand_in = without_rate_limit(bench)
        bench.check()  # so that no call for a token is changed

    def read(self, ids: Sequence[str]) -> Sequence[Yielded]:
        """Return what is read of these ids, of the list without any."""
        with self._bench.replaced_by(self._serve):
            return self._bench.read(ids=ids)

    def _serve(self, environ: WSGIEnvironment, start: StartResponse) -> Iterable[bytes]:
        """Pass a call to the stand-in; leave a response that is no JSON as it is."""
        response = BufferedResponse(self._stand_in, environ)
        content = parse(response.body)
        if content is None:
            return response.send(start)
        return response.send_json(start, _break_rows(content, self._document, self._amounts))


def _break_rows(content: Any, document: Document, amounts: Collection[Decimal]) -> Any:
    """Return JSON in which the row of a document has no amounts."""
    if isinstance(content, dict) and is_row_of(content, document):
        return _break_amounts(content, id_at_the_source(document), amounts)
    if isinstance(content, dict):
        return {name: _break_rows(value, document, amounts) for name, value in content.items()}
    if isinstance(content, list):
        return [_break_rows(entry, document, amounts) for entry in content]
    return content


def _break_amounts(content: Any, own_id: str, amounts: Collection[Decimal]) -> Any:
    """Return JSON with a text in the place of each of these amounts, but not of the id."""
    if isinstance(content, dict):
        return {name: _break_amounts(value, own_id, amounts) for name, value in content.items()}
    if isinstance(content, list):
        return [_break_amounts(entry, own_id, amounts) for entry in content]
    if isinstance(content, str | int | Decimal) and _is_amount(content, own_id, amounts):
        return NO_AMOUNT
    return content


def _is_amount(value: str | int | Decimal, own_id: str, amounts: Collection[Decimal]) -> bool:
    """Return whether a value is one of these amounts, and not the id of its row."""
    return str(value) != own_id and amount_of(value) in amounts
