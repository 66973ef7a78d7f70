"""Contract tests of purchase orders: a bill uses up the order that it is for."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence

import pytest

from hub.contract.documents import Document
from hub.testing.bench import Bench
from hub.testing.outcomes.items import list_of
from hub.testing.outcomes.posting_plans import Plan
from hub.testing.suite.exemptions import check_exemption
from hub.testing.suite.variants import VariantBenches
from hub.testing.values.billed_orders import find_order_defect
from hub.testing.values.changed_responses import ChangedResponses

ORDER = "order"  # in `derived`: why bills do not use up the orders that they name
MAX_BILLS = 20  # bills of a list that are read by their ids


class OrderTests(VariantBenches):
    """Tests that compare the orders that bills are applied to with the source's answers."""

    derived: Mapping[str, str]

    def test_bills_use_up_the_orders_that_they_name(self) -> None:
        """Look for orders, and lines of orders, that the answers name and that bills do not."""
        problems: dict[tuple[str, str], str] = {}
        for bench, plans in zip(self._iter_benches(), self._plan_each(), strict=True):
            orders = {order.source_id: order for order in _iter_posted(plans, "purchase_order")}
            for document in _iter_first_bills(plans) if orders else ():
                problem = _find_defect(bench, document, orders)
                if problem:
                    problems.setdefault(list_of(document), f"{document.source_id}: {problem}")
        if ORDER in self.derived:
            check_exemption(
                "derived",
                self.derived,
                ORDER,
                is_needed=bool(problems) or self._lacks_a_ready_kind(),
                otherwise=f"{self.slug} bills the orders that its source names",
            )
        elif problems:
            text = "\n".join(f"  {problem}" for problem in problems.values())
            pytest.fail(
                f"{self.slug} has bills that do not use up their order:\n{text}\nIt would stay"
                " open in QuickBooks, as if nothing had been delivered. Give each line the order,"
                " and the line of it if the source names one: Line(…, applied=Applied(document=…,"
                f" line=…)). If the plugin has to leave it out: contract(…, derived={{{ORDER!r}:"
                " reason})."
            )


def _find_defect(bench: Bench, document: Document, orders: Mapping[str, Document]) -> str:
    """Return which order a bill does not use up; "" if it uses up all, or nothing can be said."""
    responses = ChangedResponses(bench, document)
    if not responses.shows(document):
        return ""  # other tests say so
    return find_order_defect(responses, document, orders)


def _iter_posted(plans: Sequence[Plan], kind: str) -> Iterator[Document]:
    """Yield the documents of a kind that would be posted."""
    for plan in plans:
        if plan.is_posted and plan.document.kind == kind:
            yield plan.document


def _iter_first_bills(plans: Sequence[Plan]) -> Iterator[Document]:
    """Yield the first bills of each list."""
    bills: dict[tuple[str, str], list[Document]] = defaultdict(list)
    for document in _iter_posted(plans, "bill"):
        bills[list_of(document)].append(document)
    for documents in bills.values():
        yield from documents[:MAX_BILLS]
