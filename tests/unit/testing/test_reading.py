"""Every app that comes with the hub is read as the contract requires."""

import importlib.util
import inspect
from pathlib import Path

import pytest

from hub import Checkpoint
from hub.testing.bench import Bench
from hub.testing.contract import Contract
from hub.testing.suite.reading import ReadingTests

PLUGINS = Path(__file__).parents[3] / "plugins"
PROMISES = [name for name in vars(ReadingTests) if name.startswith("test_")]


def contracts():
    """Yield the contract of each app from the tests of its plugin."""
    for path in sorted(PLUGINS.glob("*/tests/test_contract.py")):
        spec = importlib.util.spec_from_file_location(f"contract_of_{path.parts[-3]}", path)
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        yield from (
            contract
            for contract in vars(module).values()
            if inspect.isclass(contract) and issubclass(contract, Contract)
        )


def test_every_app_is_read_without_a_gap_during_any_change(figure, plugins):
    """The suites of the plugins run the checks; this test ensures that none of them omits one."""
    results = {contract.slug: contract for contract in contracts()}
    have_stand_ins = {slug for slug in plugins.apps if plugins.has(slug, "hub_sandbox")}
    assert set(results) == have_stand_ins
    holding = [
        contract
        for contract in results.values()
        if contract.change and all(hasattr(contract, name) for name in PROMISES)
    ]
    figure("apps whose documents are read without a gap", len(holding), 7)


def early(items):
    """Yield each checkpoint before the page that it follows."""
    page = []
    for item in items:
        if isinstance(item, Checkpoint):
            yield item
            yield from page
            page = []
        else:
            page.append(item)


def forgetful(items):
    """Yield nothing of the second page."""
    results = list(items)
    places = [place for place, item in enumerate(results) if isinstance(item, Checkpoint)]
    yield from (*results[: places[0] + 1], *results[places[1] :])


@pytest.mark.parametrize("bad", [early, forgetful])
def test_a_source_that_would_lose_something_is_noticed(monkeypatch, bad):
    (contract,) = [candidate for candidate in contracts() if candidate.slug == "costtracker"]
    bench, whole = Bench("costtracker", contract.settings, documents=contract.paged), Bench.reading
    right = bench.read()
    answers = iter([right])
    monkeypatch.setattr(
        Bench, "reading", lambda self, cursors=None, ids=(): bad(whole(self, cursors, ids))
    )
    monkeypatch.setattr(
        bench, "read", lambda *args: next(answers, None) or list(whole(bench, *args))
    )
    with pytest.raises(pytest.fail.Exception, match="is never read"):
        contract().test_reading_after_a_crash_skips_no_document(bench)
