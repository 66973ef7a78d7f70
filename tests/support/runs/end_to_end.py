"""A check that tests marked as end to end call a source's and QuickBooks' stand-in.

`pytest.mark.end_to_end` marks a test or a module, and docs/capabilities.md shows it for the rows of
the test. A marked test fails here unless both stand-ins are called over HTTP, by the test itself or
by a fixture that it uses; a call for a token does not count. `end_to_end(False)` exempts a test in
a marked module. Tests in tests/e2e start separate processes, whose calls cannot be seen from here;
they are not checked.
"""

from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from qbo_sandbox.kit.harness import Harness

MARK = "end_to_end"
QUICKBOOKS, SOURCE = "QuickBooks' stand-in", "a source's stand-in"
TOKEN = "token"  # how stand-ins name calls for a token
PROCESSES = Path(__file__).parents[2] / "e2e"

FixtureKey = tuple[str, str]  # name and scope of a fixture
called = set[str]()  # the kinds of stand-ins that the current test has called
called_by_fixture = defaultdict[FixtureKey, set[str]](set)


def watch() -> None:
    """Record the kind of stand-in of each call from now on."""
    answer = Harness._log

    def note_and_answer(self: Harness, call: str, *args: Any) -> Any:
        module = type(self.app).__module__
        if not call.startswith(TOKEN):
            called.add(QUICKBOOKS if module.startswith("qbo_sandbox") else SOURCE)
        return answer(self, call, *args)

    Harness._log = note_and_answer  # type: ignore[method-assign]


def pytest_configure(config: pytest.Config) -> None:
    watch()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Iterator[None]:
    called.clear()
    return (yield)


@pytest.hookimpl(wrapper=True)
def pytest_fixture_setup(fixturedef: pytest.FixtureDef[Any]) -> Iterator[None]:
    """Credit a fixture with its calls, so that each test that uses its result counts them."""
    before = set(called)
    called.clear()
    try:
        return (yield)
    finally:
        fixture_calls = called_by_fixture[key_of(fixturedef)]
        fixture_calls |= called
        called.update(before | fixture_calls)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Iterator[None]:
    yield
    missing = {QUICKBOOKS, SOURCE} - called - called_by_fixtures(item)
    if is_end_to_end(item) and missing and PROCESSES not in item.path.parents:
        pytest.fail(
            f"The test is marked as end to end and never calls {' or '.join(sorted(missing))}.",
            pytrace=False,
        )


def is_end_to_end(item: pytest.Item) -> bool:
    """Return the value of the nearest mark."""
    mark = item.get_closest_marker(MARK)
    return mark is not None and mark.args != (False,)


def called_by_fixtures(item: pytest.Item) -> set[str]:
    """Return the kinds of stand-ins called by a test's fixtures, whenever they were set up."""
    info = getattr(item, "_fixtureinfo", None)
    definitions = info.name2fixturedefs.values() if info else ()
    keys = [key_of(definition) for several in definitions for definition in several]
    return {kind for key in keys for kind in called_by_fixture.get(key, ())}


def key_of(fixturedef: pytest.FixtureDef[Any]) -> FixtureKey:
    """Return what identifies a fixture: its name and where it is defined."""
    return fixturedef.argname, fixturedef.baseid
