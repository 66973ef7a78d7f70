"""Records of a posted transaction in whose place QuickBooks has others, as after a merger."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from hub.models import Posting, TransactionSummary
from hub.models.transaction_summary import LineSummary
from hub.payloads.line_pairs import pair_lines
from hub.posting.party_lists import get_party_list
from hub.qbo.display_labels import FACT_LISTS

# The facts whose records QuickBooks can merge; it cannot merge tax codes.
HEADER_FACTS = (
    "party",
    "location",
    "class_",
    "term",
    "payment_account",
    "deposit_account",
    "payable_account",
    "payment_method",
)
LINE_FACTS = ("account", "item", "class_", "customer")
RecordKey = tuple[str, str]  # list and id
Successors = dict[RecordKey, str]  # the id of the present record, by the former one


def list_successors(
    posting: Posting, written_summary: TransactionSummary, current: TransactionSummary
) -> Successors:
    """Return the records of a transaction in whose place QuickBooks has another one."""
    lists = _get_lists(posting)
    successors: Successors = {}
    for key, present in _iter_changes(lists, HEADER_FACTS, written_summary, current):
        successors[key] = present
    written_lines = written_summary.lines
    if len(written_lines) != len(current.lines):
        return successors
    for place, partner in enumerate(pair_lines(written_lines, current.lines)):
        ours, theirs = written_lines[place], current.lines[partner]
        for key, present in _iter_changes(lists, LINE_FACTS, ours, theirs):
            successors[key] = present
    return successors


def move(
    posting: Posting, summary: TransactionSummary, successors: Successors
) -> TransactionSummary:
    """Return a transaction with the successor of each of its records that has one."""
    lists = _get_lists(posting)
    lines = []
    for line in summary.lines:
        lines.append(line._replace(**_list_moved(lists, LINE_FACTS, line, successors)))
    header = _list_moved(lists, HEADER_FACTS, summary, successors)
    return summary._replace(lines=tuple(lines), **header)


def list_records(posting: Posting, summary: TransactionSummary) -> set[RecordKey]:
    """Return the records of a transaction that QuickBooks can merge."""
    lists = _get_lists(posting)
    keys = {(lists[name], getattr(summary, name)) for name in HEADER_FACTS}
    for line in summary.lines:
        keys.update((lists[name], getattr(line, name)) for name in LINE_FACTS)
    return keys


def _get_lists(posting: Posting) -> Mapping[str, str]:
    """Return the list that holds the record of each fact of a posting."""
    return FACT_LISTS | {"party": get_party_list(posting.kind, posting.summary)}


def _iter_changes(
    lists: Mapping[str, str],
    names: Iterable[str],
    ours: TransactionSummary | LineSummary,
    theirs: TransactionSummary | LineSummary,
) -> Iterator[tuple[RecordKey, str]]:
    """Yield each record that has another one in its place, with the id of that."""
    for name in names:
        former, present = getattr(ours, name), getattr(theirs, name)
        if former and present and former != present:
            yield (lists[name], former), present


def _list_moved(
    lists: Mapping[str, str],
    names: Iterable[str],
    facts: TransactionSummary | LineSummary,
    successors: Successors,
) -> dict[str, Any]:
    """Return these facts with the successors of their records."""
    moved = {}
    for name in names:
        id = getattr(facts, name)
        moved[name] = successors.get((lists[name], id), id)
    return moved
