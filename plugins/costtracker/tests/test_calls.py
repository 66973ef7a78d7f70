"""Webhooks of CostTracker's stand-in: the plugin understands them, and nobody waits for them."""

import pytest
from hub_costtracker import APP, hub_webhook

from hub import Signal
from hub.testing.openapi import describe
from qbo_sandbox.kit import Server, text_answer
from qbo_sandbox.kit.messages import body_of


@pytest.fixture
def hub(bench):
    """Provide a hub that takes calls, and what it read of them."""
    calls = []

    def answer(environ, start):
        assert describe(APP.assumed_api).check_webhook("change", environ) == []
        headers = {"X-CostTracker-Signature": environ["HTTP_X_COSTTRACKER_SIGNATURE"]}
        calls.extend(
            hub_webhook(app="costtracker", site=bench.site, headers=headers, body=body_of(environ))
        )
        return text_answer(start, 202, "")

    with Server(answer) as server:
        bench.books.do("call", address=server.url)
        yield calls


@pytest.mark.row("CT-S21")
def test_a_refresh_in_costtracker_asks_the_hub_for_its_lists(bench, hub):
    bench.stand_in.calls.notify("master-data.wanted")
    bench.stand_in.calls.settle()
    assert (hub, bench.stand_in.calls.last) == (
        [Signal(records=True)],
        "master-data.wanted: taken with 202",
    )


def test_calls_come_twice_and_the_newest_first_where_that_is_wanted(bench, hub):
    calls = bench.stand_in.calls
    calls.page("POST", {"twice": True, "held": True})
    for id in ("1001", "1002"):
        calls.notify("invoice.changed", id)
    calls.page("POST", {"release": True})
    calls.settle()
    first, second = Signal(ids=("invoice:1001",)), Signal(ids=("invoice:1002",))
    assert hub == [second, second, first, first]
