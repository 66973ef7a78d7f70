"""The usual run takes a few of many tests of one sort, spread over them; HUB_PROOF=full, or a name, takes all."""

import os
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import pytest

MARK = "sampled"


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if os.environ.get("HUB_PROOF") == "full" or not of_everything(config):
        return
    tables = defaultdict[tuple[str, int], list[pytest.Item]](list)
    for item in items:
        for node, mark in item.iter_markers_with_node(MARK):
            tables[node.nodeid.partition("[")[0], mark.args[0]].append(item)
    left = {item for (_, few), table in tables.items() for item in left_out(table, few)}
    left -= set(missed(items, left))
    config.hook.pytest_deselected(items=[item for item in items if item in left])
    items[:] = [item for item in items if item not in left]


def of_everything(config: pytest.Config) -> bool:
    """Whether nobody named what is to run."""
    named = [Path(name).name for name in config.args] != config.getini("testpaths")
    return not named and not config.option.keyword


def left_out(table: list[pytest.Item], few: int) -> list[pytest.Item]:
    taken = {len(table) * place // few for place in range(few)} if few < len(table) else set(range(len(table)))
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
