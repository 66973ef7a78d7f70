"""What contract tests of an app have in common: its variants, and the change of a document."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from hub.contract.documents import Document, Yielded
from hub.testing.bench import Bench
from hub.testing.postability import Plan, plan_documents


class VariantBenches:
    """Opens an app with its settings, and with each of the variants of a contract suite."""

    slug: str
    settings: dict[str, Any]
    variants: Sequence[Mapping[str, Any]]

    _variant_plans: Sequence[Sequence[Plan]] | None = None

    def _benches(self) -> Iterator[Bench]:
        """Yield the app with its settings, and with each of the variants."""
        for variant in ({}, *self.variants):
            yield self._open(variant)

    def _plans(self) -> Sequence[Sequence[Plan]]:
        """Return the planned outcome for the documents, with the settings and with each variant.

        The documents are read once for all tests of the suite, which do not change them.
        """
        suite = type(self)
        if suite._variant_plans is None:
            suite._variant_plans = [plan_documents(bench) for bench in self._benches()]
        return suite._variant_plans

    def _benches_with_documents(self) -> Iterator[tuple[Bench, list[Document]]]:
        """Yield the app with its settings and with each variant, with its documents."""
        for bench, plans in zip(self._benches(), self._plans(), strict=True):
            yield bench, [plan.document for plan in plans]

    def _open(self, variant: Mapping[str, Any]) -> Bench:
        """Return the app with these settings besides its own."""
        return Bench(self.slug, {**self.settings, **variant}, waits=True)


class DocumentChange:
    """Changes a document at the source with a form of the stand-in's pages."""

    slug: str
    change: tuple[str, Mapping[str, str]] | None
    delete: tuple[str, Mapping[str, str]] | None

    def _change(self, bench: Bench, items: Sequence[Yielded]) -> set[str]:
        """Change the first document at the source that may be changed, as a person does.

        Return its source id.
        """
        return self._press(bench, items, self.change) if self.change else set()

    def _delete(self, bench: Bench, items: Sequence[Yielded]) -> set[str]:
        """Delete the first document at the source that may be deleted; return its source id."""
        return self._press(bench, items, self.delete) if self.delete else set()

    def _press(
        self, bench: Bench, items: Sequence[Yielded], form: tuple[str, Mapping[str, str]]
    ) -> set[str]:
        """Submit a form for the first document for which the stand-in accepts it."""
        path, fields = form
        for item in items:
            if not isinstance(item, Document):
                continue
            _, _, id = item.source_id.rpartition(":")
            if bench.press(path.format(id=id), **fields):
                return {item.source_id}
        raise AssertionError(f"nothing of {self.slug} can be changed or deleted at {path}")
