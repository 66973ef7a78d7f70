"""An app with each of the variants of its settings, for the test classes of a contract suite."""

import itertools
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from hub.contract.document_kinds import LIST_KINDS
from hub.contract.documents import Document
from hub.testing.bench import Bench
from hub.testing.outcomes.posting_plans import Plan, plan_documents


class VariantBenches:
    """Opens an app with its settings, and with each of the variants of a contract suite."""

    slug: str
    settings: dict[str, Any]
    variants: Sequence[Mapping[str, Any]]

    _variant_plans: Sequence[Sequence[Plan]] | None = None

    def _iter_benches(self) -> Iterator[Bench]:
        """Yield the app with its settings, and with each of the variants."""
        for variant in ({}, *self.variants):
            yield self._open(variant)

    def _plan_each(self) -> Sequence[Sequence[Plan]]:
        """Return the planned outcome for the documents, with the settings and with each variant.

        The documents are read once for all tests of the suite, which do not change them.
        """
        suite = type(self)
        if suite._variant_plans is None:
            suite._variant_plans = [plan_documents(bench) for bench in self._iter_benches()]
        return suite._variant_plans

    def _iter_benches_with_documents(self) -> Iterator[tuple[Bench, list[Document]]]:
        """Yield the app with its settings and with each variant, with its documents."""
        for bench, plans in zip(self._iter_benches(), self._plan_each(), strict=True):
            yield bench, [plan.document for plan in plans]

    def _lacks_a_ready_kind(self) -> bool:
        """Return whether the app posts a kind of which no document can be posted.

        Another test fails then, and nothing can be said of exceptions that documents of it need.
        """
        plans = itertools.chain.from_iterable(self._plan_each())
        ready = {plan.document.kind for plan in plans if plan.is_posted}
        return not ready.issuperset(set(self._open({}).app.posts) - set(LIST_KINDS))

    def _open(self, variant: Mapping[str, Any]) -> Bench:
        """Return the app with these settings besides its own."""
        return Bench(self.slug, {**self.settings, **variant}, waits=True)
