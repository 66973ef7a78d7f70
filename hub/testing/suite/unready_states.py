"""Contract tests of states with which no document may be posted, as the suite is told them."""

from collections.abc import Iterator, Mapping, Sequence

import pytest

from hub.contract.documents import Document
from hub.testing.bench import Bench
from hub.testing.exchanges.response_values import ResponseValue
from hub.testing.outcomes.items import list_of
from hub.testing.suite.variants import VariantBenches
from hub.testing.values.changed_responses import ChangedResponses
from hub.testing.values.examples import iter_ready_examples
from hub.testing.values.states import find_ready_with
from hub.testing.values.texts import iter_rows


class UnreadyStateTests(VariantBenches):
    """Tests that give the row of a ready document each value that `not_ready` names."""

    not_ready: Mapping[str, Sequence[object]]

    def test_no_document_is_ready_in_a_state_that_is_not(self) -> None:
        """Read a document of each kind and list while its row has one of the values."""
        found_names: set[str] = set()
        has_examples = False
        problems: dict[tuple[str, str], str] = {}
        for bench, document in self._iter_ready_examples():
            has_examples = True
            for responses, row, name in self._iter_states(bench, document):
                found_names.add(name)
                problem = find_ready_with(responses, row, name, self.not_ready[name])
                if problem:
                    problems.setdefault(list_of(document), f"{document.source_id}: {problem}")
        unknown = self.not_ready.keys() - found_names
        if unknown and has_examples:
            pytest.fail(
                f"{self.slug}: not_ready names {', '.join(sorted(unknown))}, and the row of no"
                " ready document has a field of this name. Name fields as the source does. If it"
                " does not answer JSON, leave not_ready out, and test these states yourself."
            )
        if problems:
            text = "\n".join(f"  {problem}" for problem in problems.values())
            pytest.fail(
                f"{self.slug} has documents that are ready and may not be:\n{text}\nGive"
                " such a document the stage pending, with the reason as its `hold`, or closed; or"
                " remove the value from contract(…, not_ready=…)."
            )

    def _iter_ready_examples(self) -> Iterator[tuple[Bench, Document]]:
        """Yield a ready document of each kind and list; none if `not_ready` names no state."""
        if not self.not_ready:
            return
        for bench, plans in zip(self._iter_benches(), self._plan_each(), strict=True):
            for document in iter_ready_examples(plans):
                yield bench, document

    def _iter_states(
        self, bench: Bench, document: Document
    ) -> Iterator[tuple[ChangedResponses, ResponseValue, str]]:
        """Yield the fields that `not_ready` names of the row of a document that is ready."""
        responses = ChangedResponses(bench, document)
        if not responses.shows(document):
            return
        for row in iter_rows(responses, document):
            for name in sorted(self.not_ready.keys() & row.value.keys()):
                yield responses, row, name
