"""What CostTracker's stand-in tells the hub: the plugin understands it, and nobody waits for it."""

import pytest
from hub_costtracker import hub_webhook
from hub_costtracker.sandbox.calls import Calls

from hub import Signal
from hub.sandboxing import Server, text_answer
from hub.sandboxing.messages import body_of


@pytest.fixture
def hub(bench):
    """A hub that takes calls, and what it made of them."""
    taken = []

    def answer(environ, start):
        headers = {"X-CostTracker-Signature": environ["HTTP_X_COSTTRACKER_SIGNATURE"]}
        taken.extend(hub_webhook(app="costtracker", site=bench.site, headers=headers, body=body_of(environ)))
        return text_answer(start, 202, "")

    with Server(answer) as server:
        bench.books.do("call", address=server.url)
        yield taken


@pytest.mark.row("CT-S21")
def test_a_refresh_in_costtracker_asks_the_hub_for_its_lists(bench, hub):
    calls = Calls(bench.books)
    calls.tell("master-data.wanted").join()
    assert (hub, calls.last) == ([Signal(records=True)], "master-data.wanted: the hub answered 202.")


def test_a_changed_invoice_is_named(bench, hub):
    Calls(bench.books).tell("invoice.changed", "1001").join()
    assert hub == [Signal(ids=("invoice:1001",))]


def test_without_an_address_nothing_is_told(bench):
    assert Calls(bench.books).tell("master-data.wanted") is None


def test_a_hub_that_is_not_there_is_no_trouble(bench):
    bench.books.do("call", address="http://127.0.0.1:9/none")
    calls = Calls(bench.books)
    calls.tell("invoice.changed", "1001").join()
    assert "did not take it" in calls.last
