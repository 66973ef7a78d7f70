"""Contract tests of what a document must state, so that the hub can compare what it posts."""

from collections import defaultdict
from collections.abc import Mapping, Sequence

import pytest

from hub.contract.document_kinds import LIST_KINDS, PAID_KINDS
from hub.contract.documents import Document, Kind
from hub.testing.suite.exemptions import check_exempted_names, check_exemption
from hub.testing.suite.variants import VariantBenches

ADVICE = {
    "total": (
        "Without it nothing is compared before the document is sent, and a line that the plugin"
        " lost stays lost. Pass the total that the source states, not one that the plugin adds up."
    ),
    "currency": (
        "Without it the document is posted in the currency of the company. Pass the currency that"
        " the source states."
    ),
    "applied": (
        "So all money stays on account, and what it pays stays open in QuickBooks. Give lines an"
        " Applied with the document that they pay."
    ),
}


class StatedValuesTests(VariantBenches):
    """Tests that look for `total`, `currency` and `applied`, unless `unstated` has a reason."""

    unstated: Mapping[str, str]

    @pytest.mark.parametrize("name", ADVICE)
    def test_ready_documents_state_total_currency_and_applied(self, name: str) -> None:
        """Look for the total and the currency of each document, and for what payments pay."""
        ready: dict[Kind, list[Document]] = defaultdict(list)
        posts = self._open({}).app.posts
        for plans in self._plan_each():
            for plan in plans:
                if plan.is_posted:
                    ready[plan.document.kind].append(plan.document)
        silent = [kind for kind in ready if not _is_stated(name, kind, ready[kind], posts)]
        if name in self.unstated:
            check_exemption(
                "unstated",
                self.unstated,
                name,
                is_needed=bool(silent) or self._lacks_a_ready_kind(),
                otherwise=f"{self.slug} states {name}",
            )
        elif silent:
            pytest.fail(
                f"{self.slug} has documents that are ready without {name}: {', '.join(silent)}."
                f" {ADVICE[name]} If the source has no such thing: contract(…,"
                f" unstated={{{name!r}: reason}})."
            )

    def test_exceptions_in_unstated_name_known_values(self) -> None:
        """Check the names in `unstated`."""
        check_exempted_names("unstated", self.unstated, ADVICE)


def _is_stated(name: str, kind: Kind, documents: Sequence[Document], posts: Sequence[Kind]) -> bool:
    """Return whether the documents of a kind have a value that documents of this kind should have.

    A payment may be on account, so that it is enough if one of them is applied.
    """
    if kind in LIST_KINDS:
        return True
    if name == "applied":
        is_paid_here = PAID_KINDS.get(kind) in posts
        return not is_paid_here or any(line.applied for one in documents for line in one.lines)
    return all(getattr(document, name) is not None for document in documents)
