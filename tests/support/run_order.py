"""The order of a run: tests that fork their process come first, while it is small.

A worker grows to several times its size within a run. A fork copies the table of its pages, and
both processes then copy each page that they touch, so that such a test would take twice as long at
the end as at the beginning.
"""

import os

import pytest

MARK = "forks"


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put some of the marked tests at the beginning of what each worker runs."""
    workers = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
    marked = [item for item in items if item.get_closest_marker(MARK)]
    others = [item for item in items if not item.get_closest_marker(MARK)]
    ordered: list[pytest.Item] = []
    for worker in range(workers):
        size = (len(items) - len(ordered)) // (workers - worker)  # as `--dist worksteal` divides
        first = marked[worker::workers]
        rest = max(size - len(first), 0)
        ordered += first + others[:rest]
        del others[:rest]
    items[:] = ordered + others
