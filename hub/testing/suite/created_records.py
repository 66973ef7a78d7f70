"""Contract tests of the receipts about records that the hub creates for codes of documents."""

from collections.abc import Iterable, Mapping
from typing import Any

import pytest

from hub.contract.documents import Document
from hub.contract.states import ReceiptState
from hub.errors import HubError
from hub.testing.bench import Bench
from hub.testing.exchanges.hook_calls import exception_failure
from hub.testing.exchanges.response_values import Path
from hub.testing.exchanges.write_requests import BOOKS, find_changed_rows
from hub.testing.outcomes.created_records import iter_created_records, with_id_of
from hub.testing.suite.receipts import POSTED, first_of_each_kind
from hub.testing.suite.variants import VariantBenches

ADVICE = (
    " The hub creates such a record for a code with `create`, and reports it as a document whose"
    " source_id is the id of the code. If the source has no place for it, return without a call:"
    ' if document.kind in ("vendor", "customer", "item"): return.'
)


class CreatedRecordTests(VariantBenches):
    """Tests that receipts about created records do no harm; without such codes all pass."""

    def test_a_receipt_about_a_created_record_is_accepted(self) -> None:
        """Report that the record for a code was created, one of each kind."""
        for bench, documents in self._iter_benches_with_documents():
            if ReceiptState.POSTED not in bench.app.wants:
                continue
            bench.check()
            pairs = iter_created_records(bench.fields(), documents)
            records = {record.kind: record for _, record in pairs}
            for record in records.values():
                try:
                    _report_posted(bench, record)
                except Exception as error:
                    raise self._build_failure(record, error) from error

    def test_a_receipt_about_a_created_record_changes_no_document(self) -> None:
        """Report a record whose code has the id of a document behind its prefix.

        A report that takes no notice of the prefix would write to the document. A stand-in without
        a page /_sandbox/books does not show it.
        """
        for variant, plans in zip(({}, *self.variants), self._plan_each(), strict=True):
            bench = self._open(variant)
            if ReceiptState.POSTED not in bench.app.wants or bench.look(BOOKS) is None:
                continue
            pairs = iter_created_records(bench.fields(), [plan.document for plan in plans])
            records = {record.kind: record for _, record in pairs}
            for document in first_of_each_kind(plans).values():
                self._compare_rows(variant, document, records.values())

    def _compare_rows(
        self, variant: Mapping[str, Any], document: Document, records: Iterable[Document]
    ) -> None:
        """Fail if a report about a record changes what one about the document changes."""
        for record in records:
            alike = with_id_of(record, document)
            if alike.source_id == document.source_id:
                continue
            changed_rows = self._report_and_list_changes(self._open(variant), document)
            if changed_rows & self._report_and_list_changes(self._open(variant), alike):
                pytest.fail(
                    f"hub_report of {self.slug} writes the receipt about the {record.kind}"
                    f" {alike.source_id} to the {document.kind} {document.source_id}, which then"
                    f" looks posted.{ADVICE}"
                )

    def _report_and_list_changes(self, bench: Bench, document: Document) -> set[Path]:
        """Report that a document is posted; return what that changes in the books."""
        bench.check()
        bench.drive("clock", {"frozen": True})
        books = bench.look(BOOKS)
        try:
            _report_posted(bench, document)
        except HubError:
            pass  # the source does not have it
        except Exception as error:
            raise self._build_failure(document, error) from error
        return find_changed_rows(books, bench.look(BOOKS))

    def _build_failure(self, document: Document, error: Exception) -> BaseException:
        """Return the failure of a test whose report has raised an exception."""
        what = f"hub_report of {self.slug}, for the {document.kind} {document.source_id},"
        return pytest.fail.Exception(f"{exception_failure(what, error)}.{ADVICE}")


def _report_posted(bench: Bench, document: Document) -> None:
    """Report that a document is posted."""
    bench.report(document, ReceiptState.POSTED, kind=document.kind, **POSTED)
