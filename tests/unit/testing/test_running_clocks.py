"""Stand-ins whose clocks run: a document that is read later is still the one that was planned."""

import time

from hub.testing.bench import Bench
from hub.testing.outcomes.posting_plans import plan_documents
from hub.testing.values.changed_responses import ChangedResponses
from hub.testing.values.examples import iter_examples

SETTINGS = {"payable_account": "33"}
NOON = 1_774_000_000 // 86_400 * 86_400 + 43_200


def read_examples(monkeypatch, seconds):
    """Return the examples of CostTracker, whose approvals have times, and a reading after this."""
    monkeypatch.setattr(time, "time", lambda: NOON)
    examples = list(iter_examples(plan_documents(Bench("costtracker", SETTINGS, waits=True))))
    assert any("Approvals" in example.facts for example in examples)
    monkeypatch.setattr(time, "time", lambda: NOON + seconds)
    bench = Bench("costtracker", SETTINGS, waits=True)
    return [(example, ChangedResponses(bench, example)) for example in examples]


def test_times_in_facts_do_not_make_another_document(monkeypatch):
    readings = read_examples(monkeypatch, seconds=60)
    assert [responses.document == example for example, responses in readings] == [False, False]
    assert [responses.shows(example) for example, responses in readings] == [True, True]


def test_another_date_makes_another_document(monkeypatch):
    readings = read_examples(monkeypatch, seconds=86_400)
    assert not any(responses.shows(example) for example, responses in readings)
