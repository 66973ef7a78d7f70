"""Examples: a document of each kind and list that is read again while its source is changed."""

from collections.abc import Iterator, Sequence

from hub.contract.document_kinds import LIST_KINDS, PAYMENT_KINDS
from hub.contract.documents import Document
from hub.testing.outcomes.items import list_of
from hub.testing.outcomes.posting_plans import Plan
from hub.testing.values.amounts import part_amounts
from hub.testing.values.states import is_ready


def iter_examples(plans: Sequence[Plan]) -> Iterator[Document]:
    """Yield a posted document of each kind and list, with several amounts if there is one."""
    examples: dict[tuple[str, str], Document] = {}
    for plan in plans:
        document = plan.document
        if not plan.is_posted or document.kind in LIST_KINDS:
            continue
        key = list_of(document)
        examples[key] = max(examples.get(key, document), document, key=_rank)
    yield from examples.values()


def iter_ready_examples(plans: Sequence[Plan]) -> Iterator[Document]:
    """Yield an example of each kind and list among the documents that are ready at their source."""
    yield from iter_examples([plan for plan in plans if is_ready(plan.document)])


def is_offset(document: Document) -> bool:
    """Return whether a document moves no money, and only uses a credit to settle others.

    The plugin makes it of the credit. It has a total of 0 and no number, whatever the source says.
    """
    return document.kind in PAYMENT_KINDS and document.total == 0


def _rank(document: Document) -> tuple[bool, int]:
    """Return how much an example shows: the larger, the more."""
    return not is_offset(document), len(part_amounts(document))
