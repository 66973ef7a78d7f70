"""A check that tests marked as end to end lead from a source's stand-in to QuickBooks' stand-in.

`pytest.mark.end_to_end` marks a test or a module, and docs/capabilities.md shows it for the rows of
the test. A marked test fails here unless both stand-ins are called over HTTP, by the test itself or
by a fixture that it uses. These calls count:

- at the source, calls about documents and lists, and not those that only check the connection;
- at QuickBooks, calls about transactions and changes of lists; a list that is read counts only if
  the test itself causes it, because every connection of a company reads the lists.

`end_to_end("connection")` is for rows about connecting and about settings: any call but one for a
token counts. `end_to_end(False)` exempts a test in a marked module. Fixtures of the whole session
give no credit. Tests in tests/e2e start separate processes, whose calls cannot be seen from here;
they are not checked.
"""

from collections import defaultdict
from collections.abc import Iterator
from enum import StrEnum
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from qbo_sandbox.kit.harness import Harness

MARK = "end_to_end"
CONNECTION = "connection"  # argument of the mark
QUICKBOOKS, SOURCE = "QuickBooks' stand-in", "a source's stand-in"
TOKEN = "token"  # how stand-ins name calls for a token
KIT = "qbo_sandbox.kit"
PROCESSES = Path(__file__).parents[2] / "e2e"

# Calls about a company of QuickBooks, and its lists that the hub reads when it connects.
COMPANY_CALLS = ("authorize", "cdc", "companyinfo.", "preferences.", "revoke")
LISTS = (
    "account class companycurrency customer department employee item paymentmethod taxcode taxrate"
    " term vendor"
)
LIST_QUERIES = frozenset(f"query.{name}" for name in LISTS.split())
# Calls by which plugins check a connection, subscribe to messages and learn what may be read.
CONNECTION_CALLS = frozenset(
    {
        "AddReceiver",
        "Companies.get",
        "GET /v2/company",
        "Me",
        "Receivers",
        "Schema",
        "Subscribe",
        "account",
        "divisions",
        "integration",
        "subscribe",
        "threshold",
        "zone",
    }
)
DESCRIPTIONS = (".fields", ".information")  # of an entity of Autotask


class Subject(StrEnum):
    """What a call is about."""

    CONNECTION = "connection"
    LIST = "list"
    DOCUMENT = "document"


class StandInCall(NamedTuple):
    """The kind of the stand-in that is called, and what the call is about."""

    stand_in: str
    subject: Subject


FixtureKey = tuple[str, str]  # name and place of a fixture
calls = set[StandInCall]()  # of the current phase of the current test
calls_by_fixture = defaultdict[FixtureKey, set[StandInCall]](set)


def watch() -> None:
    """Record the kind of stand-in and the subject of each call from now on."""
    respond = Harness._log

    def note_and_respond(self: Harness, call: str, *args: Any) -> Any:
        module = type(self.app).__module__
        if not call.startswith(TOKEN):
            # The kit serves the rows of sources.
            is_quickbooks = module.startswith("qbo_sandbox") and not module.startswith(KIT)
            calls.add(_classify_quickbooks(call) if is_quickbooks else _classify_source(call))
        return respond(self, call, *args)

    Harness._log = note_and_respond  # type: ignore[method-assign]


def _classify_quickbooks(call: str) -> StandInCall:
    if call.startswith(COMPANY_CALLS):
        return StandInCall(QUICKBOOKS, Subject.CONNECTION)
    if call in LIST_QUERIES:
        return StandInCall(QUICKBOOKS, Subject.LIST)
    return StandInCall(QUICKBOOKS, Subject.DOCUMENT)


def _classify_source(call: str) -> StandInCall:
    if call in CONNECTION_CALLS or call.endswith(DESCRIPTIONS):
        return StandInCall(SOURCE, Subject.CONNECTION)
    return StandInCall(SOURCE, Subject.DOCUMENT)


def pytest_configure(config: pytest.Config) -> None:
    watch()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Iterator[None]:
    calls.clear()
    return (yield)


@pytest.hookimpl(wrapper=True)
def pytest_fixture_setup(fixturedef: pytest.FixtureDef[Any]) -> Iterator[None]:
    """Credit a fixture with its calls, so that each test that uses its result counts them."""
    before = set(calls)
    calls.clear()
    try:
        return (yield)
    finally:
        if fixturedef.scope == "session":
            calls.clear()
        fixture_calls = calls_by_fixture[key_of(fixturedef)]
        fixture_calls |= calls
        calls.update(before | fixture_calls)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Iterator[None]:
    prepared = calls | called_by_fixtures(item)
    calls.clear()
    yield
    if PROCESSES in item.path.parents:
        return
    missing = {QUICKBOOKS, SOURCE} - _stand_ins_that_count(item, prepared)
    if is_end_to_end(item) and missing:
        pytest.fail(
            f"The test is marked as end to end and has no call that counts at"
            f" {' or at '.join(sorted(missing))}.",
            pytrace=False,
        )


def _stand_ins_that_count(item: pytest.Item, prepared: set[StandInCall]) -> set[str]:
    """Return the stand-ins that got a call that counts for the test, or for its fixtures."""
    mark = item.get_closest_marker(MARK)
    if mark is not None and mark.args == (CONNECTION,):
        return {call.stand_in for call in calls | prepared}
    own = {call.stand_in for call in calls if call.subject != Subject.CONNECTION}
    return own | {call.stand_in for call in prepared if call.subject == Subject.DOCUMENT}


def is_end_to_end(item: pytest.Item) -> bool:
    """Return the value of the nearest mark."""
    mark = item.get_closest_marker(MARK)
    return mark is not None and mark.args != (False,)


def called_by_fixtures(item: pytest.Item) -> set[StandInCall]:
    """Return the calls of a test's fixtures, whenever they were set up."""
    info = getattr(item, "_fixtureinfo", None)
    definitions = info.name2fixturedefs.values() if info else ()
    keys = [key_of(definition) for several in definitions for definition in several]
    return {call for key in keys for call in calls_by_fixture.get(key, ())}


def key_of(fixturedef: pytest.FixtureDef[Any]) -> FixtureKey:
    """Return what identifies a fixture: its name and where it is defined."""
    return fixturedef.argname, fixturedef.baseid
