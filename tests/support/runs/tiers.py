"""The forms of a test run: `make test` runs long proofs in a small form, `.ci/run` in full.

Tests that enumerate, kill, storm or soak carry `@pytest.mark.proof` and take their size from
`by_form` below; `make prove` runs the long form. `@pytest.mark.proof(small=3)` runs three cases of
a parametrized test in the small form, spread evenly over the table; `small=0` leaves the test to
the full form. `full=90` limits the full form in the same way, and the long form runs every case.
`@pytest.mark.browser` leaves a story in Chromium to the full form too; it also runs if
HUB_REQUIRE_BROWSER is set or if its file is named.

A test that runs on SQLite and again on PostgreSQL, by a parameter, runs on PostgreSQL in the full
form and if its file is named. Tests of PostgreSQL alone, and all others without these marks, always
run.
"""

import os
from collections import defaultdict
from pathlib import Path
from typing import TypeVar

import pytest

Size = TypeVar("Size")

FULL = os.environ.get("HUB_PROOF") == "full"  # `.ci/run` and `make prove`
LONG = bool(os.environ.get("PROOF_EVENTS"))  # `make prove`
# Of hypothesis: the long form tries other examples each time, the others always the same ones.
SAME_EXAMPLES = not LONG
BROWSER_REQUIRED = os.environ.get("HUB_REQUIRE_BROWSER") == "1"  # `.ci/run`

MARK = "proof"
BROWSER_MARK = "browser"
POSTGRESQL = {"postgres", "postgresql", "PostgreSQL"}  # parameters of tests


def by_form(small: Size, full: Size, long: Size) -> Size:
    """Return the size of a proof in this form: a number, or several that belong together."""
    return long if LONG else full if FULL else small


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Deselect what only a longer form runs."""
    if LONG:
        return
    surplus = find_surplus(config, items)
    surplus -= {item for item in surplus if item.nodeid in config.args}
    if surplus:
        config.hook.pytest_deselected(items=list(surplus))
        items[:] = [item for item in items if item not in surplus]


def find_surplus(config: pytest.Config, items: list[pytest.Item]) -> set[pytest.Item]:
    """Return the tests that only a longer form runs, those named on the command line included."""
    surplus = set[pytest.Item]()
    if not FULL and not BROWSER_REQUIRED:
        stories = [item for item in items if item.get_closest_marker(BROWSER_MARK)]
        surplus.update(in_unnamed_files(config, stories))
    if not FULL:
        surplus.update(in_unnamed_files(config, repetitions_on_postgresql(items)))
    for cases, size in limited_cases(items, "full" if FULL else "small"):
        surplus.update(evenly_omitted(cases, size))
    return surplus


def in_unnamed_files(config: pytest.Config, items: list[pytest.Item]) -> list[pytest.Item]:
    """Return the tests whose file is not named on the command line."""
    folder = config.invocation_params.dir
    named_files = {Path(folder, argument.partition("::")[0]) for argument in config.args}
    return [item for item in items if item.path not in named_files]


def repetitions_on_postgresql(items: list[pytest.Item]) -> list[pytest.Item]:
    """Return the cases on PostgreSQL of tests that have cases on another database, too."""
    on_postgresql = [item for item in items if not POSTGRESQL.isdisjoint(texts_of(item))]
    elsewhere = {name_of(item) for item in set(items).difference(on_postgresql)}
    return [item for item in on_postgresql if name_of(item) in elsewhere]


def texts_of(item: pytest.Item) -> set[str]:
    """Return the parameters of a case that are texts."""
    callspec = getattr(item, "callspec", None)
    values = callspec.params.values() if callspec else ()
    return {value for value in values if isinstance(value, str)}


def name_of(item: pytest.Item) -> str:
    """Return the test of which this is a case."""
    return item.nodeid.partition("[")[0]


def limited_cases(items: list[pytest.Item], form: str) -> list[tuple[list[pytest.Item], int]]:
    """Return the cases of each test whose size in this form is limited, with that size."""
    cases = defaultdict[str, list[pytest.Item]](list)
    sizes = dict[str, int]()
    for item in items:
        mark = item.get_closest_marker(MARK)
        if mark and form in mark.kwargs:
            test = name_of(item)
            cases[test].append(item)
            sizes[test] = mark.kwargs[form]
    return [(cases[test], sizes[test]) for test in cases]


def evenly_omitted(cases: list[pytest.Item], size: int) -> list[pytest.Item]:
    """Return the cases omitted when `size` of them are taken at equal distances."""
    if size >= len(cases):
        return []
    chosen = {len(cases) * number // size for number in range(size)}
    return [case for place, case in enumerate(cases) if place not in chosen]
