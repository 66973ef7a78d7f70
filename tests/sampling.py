"""The usual run takes a few of many tests of one sort, spread over them; HUB_PROOF=full, or a name, takes all.

Of one sort are the cases or the module that a mark says it of, all tests of a module that open a hub, and the contract
of each app.
"""

import os
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from zlib import crc32

import pytest

from hub.testing.contract import Contract

MARK = "sampled"
HUBS = {
    "make_app",
    "either_app",
    "long_lived",
}  # what opens a hub: most of the time of a run goes there
SHARE, LEAST = (
    4,
    3,
)  # of tests that open a hub, and of a contract, each fourth is taken, and no fewer than three


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if os.environ.get("HUB_PROOF") == "full" or not of_everything(config):
        return
    left = {
        item
        for name, few, table in tables(items)
        for item in left_out(table, few, crc32(name.encode()))
    }
    left -= set(missed(items, left))
    config.hook.pytest_deselected(items=[item for item in items if item in left])
    items[:] = [item for item in items if item not in left]


def of_everything(config: pytest.Config) -> bool:
    """Whether nobody named what is to run."""
    named = [Path(name).name for name in config.args] != config.getini("testpaths")
    return not named and not config.option.keyword


def tables(items: list[pytest.Item]) -> Iterator[tuple[str, int, list[pytest.Item]]]:
    """Tests of one sort under the name of what they are of, and how many of them are enough."""
    told = defaultdict[tuple[str, int], list[pytest.Item]](list)
    dear = defaultdict[str, list[pytest.Item]](list)
    for item in items:
        marks = list(item.iter_markers_with_node(MARK))
        for node, mark in marks:
            told[node.nodeid.partition("[")[0], mark.args[0]].append(item)
        if not marks and is_dear(item):
            dear[item.parent.nodeid].append(item)
    yield from ((name, few, table) for (name, few), table in told.items())
    yield from ((name, max(LEAST, len(table) // SHARE), table) for name, table in dear.items())


def is_dear(item: pytest.Item) -> bool:
    """Whether a test opens a hub, or is a part of the contract."""
    fixtures, made = getattr(item, "fixturenames", ()), getattr(item, "cls", None) or object
    return not HUBS.isdisjoint(fixtures) or issubclass(made, Contract)


def left_out(table: list[pytest.Item], few: int, shift: int = 0) -> list[pytest.Item]:
    """All but so many; the shift says how far from the first one they begin, so that like tables differ."""
    first = shift % max(1, len(table) // few)
    taken = (
        {len(table) * place // few + first for place in range(few)}
        if few < len(table)
        else range(len(table))
    )
    return [item for place, item in enumerate(table) if place not in taken]


def missed(items: list[pytest.Item], left: set[pytest.Item]) -> Iterator[pytest.Item]:
    """Those without which a requirement had no test at all: the first of each such row."""
    proven = {row for item in items if item not in left for row in rows(item)}
    for item in items:
        if item in left and not proven.issuperset(rows(item)):
            proven.update(rows(item))
            yield item


def rows(item: pytest.Item) -> list[str]:
    return [name for mark in item.iter_markers("row") for name in mark.args]
