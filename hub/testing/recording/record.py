"""What the test that runs now has shown about a plugin, for the record in its package."""

from collections.abc import Iterable, Iterator

from hub.contract.documents import Gone, Yielded

PROPERTY = "hub-record"  # property of a test's report: what the test has shown
CONTRACT = "contract"  # the test is of the contract suite of an app
CONTRACT_TEST = "contract test"  # the suite has a test of this name
DELETION = "deletion"  # a deletion of an app was read
REPORT = "report"  # a receipt of an app changed something at its stand-in
WEBHOOK = "webhook"  # a signed call was accepted, and forged ones were refused
GOLDEN = "golden"  # a document of a kind was compared with a golden file
GOLDEN_CREATION = "golden creation"  # so was a code of a field, with what creates its record
Fact = tuple[str, str]  # one of the above, and the app, the name, the kind or the field

_facts: set[Fact] = set()


def note(what: str, value: str) -> None:
    """Note what the test that runs now has shown."""
    _facts.add((what, value))


def note_suite(slug: str, suite: type) -> None:
    """Note that the test that runs now is of an app's suite, and which tests the suite has."""
    note(CONTRACT, slug)
    for name in dir(suite):
        if name.startswith("test_"):
            note(CONTRACT_TEST, name)


def watch(slug: str, items: Iterable[Yielded]) -> Iterator[Yielded]:
    """Yield what was read of an app's list, and note a deletion in it."""
    for item in items:
        if isinstance(item, Gone):
            note(DELETION, slug)
        yield item


def take() -> list[Fact]:
    """Return what was noted since this was called last."""
    facts = sorted(_facts)
    _facts.clear()
    return facts
