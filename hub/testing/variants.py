"""What the contract tests of an app have in common: its settings, its variants, its benches."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from hub.testing.bench import Bench


class VariantBenches:
    """Opens an app with its settings, and with each of the variants of a contract suite."""

    slug: str
    settings: dict[str, Any]
    variants: Sequence[Mapping[str, Any]]

    def _benches(self) -> Iterator[Bench]:
        """Yield the app with its settings, and with each of the variants."""
        for variant in ({}, *self.variants):
            yield self._open(variant)

    def _open(self, variant: Mapping[str, Any]) -> Bench:
        """Return the app with these settings besides its own."""
        return Bench(self.slug, {**self.settings, **variant}, waits=True)
