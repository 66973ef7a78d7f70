"""Select the cases of a stand-in."""

from collections.abc import Callable, Collection, Iterator, Sequence
from typing import Any

Case = dict[str, Any]


def select_cases(
    cases: Sequence[Case],
    left_out_of_demo: Collection[str],
    plain: Callable[[int], Case],
    documents: int | None,
    demo: bool,
) -> Iterator[Case]:
    """Yield all cases or those of the demo, cut or filled up to a number of documents."""
    selection = list(cases)
    if demo:
        selection = [case for case in cases if case["name"] not in left_out_of_demo]
    count = len(selection) if documents is None else documents
    yield from selection[:count]
    for number in range(len(selection), count):
        yield plain(number)
