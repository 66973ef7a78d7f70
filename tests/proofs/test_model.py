"""Tests of every history of the protocol up to a length: posted once or held."""

from collections import Counter

import pytest

from tests.support.proofs.model_starts import EVENTS, MEANINGS, STARTS, find_problem, start
from tests.support.proofs.protocol_model import (
    KEYS,
    histories,
)

pytestmark = pytest.mark.proof
LAGS = (
    (0, 20, 60) if EVENTS < 4 else (0, 10, 20, 40, 60)
)  # seconds by which QuickBooks' index is behind
LONG = pytest.mark.timeout(1800 if EVENTS > 3 else 900)
GOALS = {
    2: 1_000,
    3: 7_500,
    4: 75_000,
}  # for each start; all eight together have more than ten times as many


@LONG
@pytest.mark.proof(small=4)
@pytest.mark.parametrize("name", STARTS)
def test_every_history_keeps_the_promise(name, figure):
    ends = Counter()
    for keys, batches in MEANINGS.get(name, [(keys, "") for keys in KEYS]):
        for lag in LAGS:
            for end, model in histories(start(name, keys, batches, lag), EVENTS):
                ends[end] += 1
                assert not (why := find_problem(end, model)), (
                    why,
                    end,
                    keys,
                    batches,
                    model.path,
                    model.history,
                )
    assert ends["posted"]
    assert ends["held"]
    figure(
        f"histories of {name}, all of up to {EVENTS} events",
        sum(ends.values()),
        GOALS.get(EVENTS, 0),
    )
