"""The usual run takes a few cases of a long table, spread over it; all are taken by HUB_PROOF=full, or when named."""

import os
from collections import defaultdict
from pathlib import Path

import pytest

MARK = "sampled"


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    tables = defaultdict[str, list[pytest.Item]](list)
    for item in items:
        if item.get_closest_marker(MARK):
            tables[item.nodeid.partition("[")[0]].append(item)
    if os.environ.get("HUB_PROOF") == "full" or not of_everything(config):
        return
    left = {item for table in tables.values() for item in left_out(table)}
    config.hook.pytest_deselected(items=[item for item in items if item in left])
    items[:] = [item for item in items if item not in left]


def of_everything(config: pytest.Config) -> bool:
    """Whether nobody named what is to run."""
    named = [Path(name).name for name in config.args] != config.getini("testpaths")
    return not named and not config.option.keyword


def left_out(table: list[pytest.Item]) -> list[pytest.Item]:
    marker = table[0].get_closest_marker(MARK)
    assert marker
    few = min(marker.args[0], len(table))
    taken = {len(table) * place // few for place in range(few)}
    return [item for place, item in enumerate(table) if place not in taken]
