"""Recorded histories: the events, the steps of the protocol, and the end.

To add one, add a line to the file with its start, keys, batches, lag and path as a failing test
prints them, and run `pytest tests/proofs/test_histories.py --rewrite-golden`, which writes the
steps and the end. The command keeps all existing histories and adds one for each event and for each
way through the decision that two of them can lead to; git shows the changes.
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from hub.testing import golden
from tests.support.proofs import protocol_model
from tests.support.proofs.model_starts import MEANINGS, STARTS, find_problem, start
from tests.support.proofs.protocol_model import KEYS

FILE = Path(__file__).parents[2] / "golden" / "histories.json"
WHERE = ("start", "keys", "batches", "lag", "path")
EVENTS, LAGS = 2, (0, 20)
History = dict[str, Any]


def load_histories() -> list[History]:
    """Return the histories of the file, rewritten first if requested."""
    histories: list[History] = json.loads(FILE.read_text()) if FILE.exists() else []
    if golden.REWRITE:
        histories = _replay_all(histories)
        lines = [json.dumps(history, ensure_ascii=False) for history in histories]
        FILE.write_text("[\n" + ",\n".join(lines) + "\n]\n")
    return histories


def _replay_all(histories: list[History]) -> list[History]:
    """Return the histories with their present ends, and one of each kind that is missing."""
    current = []
    for history in histories:
        beginning = {name: history[name] for name in WHERE}
        current.append(beginning | replay(history))
    ways = {_way_of(history) for history in current}
    return current + [history for history in _each_way() if _way_of(history) not in ways]


def replay(history: History) -> History:
    """Return the steps that the decision takes today, and the end, after checking it."""
    steps: list[str] = []
    path = tuple(history["path"])
    with _follow_path(path, steps):
        first_model = start(history["start"], history["keys"], history["batches"], history["lag"])
        ends = [
            (end, end_model)
            for end, end_model in protocol_model.histories(first_model, len(path))
            if end_model.path == path
        ]
    assert len(ends) == 1, f"{history} leads to {[end for end, _ in ends] or 'no end'}"
    end, end_model = ends[0]
    assert not find_problem(end, end_model), (find_problem(end, end_model), history)
    return {"steps": steps, "end": end}


@contextmanager
def _follow_path(path: tuple[str, ...], steps: list[str]) -> Iterator[None]:
    """Restrict the model to this path, and record every step."""
    histories, decide = protocol_model.histories, protocol_model.decide

    def follow(state: protocol_model.ModelState, events: int) -> Iterator[protocol_model.End]:
        if state.path == path[: len(state.path)]:
            yield from histories(state, events)

    def record(history: protocol_model.History) -> object:
        step = decide(history)
        steps.append(_text_of(step))
        return step

    protocol_model.histories, protocol_model.decide = follow, record  # type: ignore[assignment]
    try:
        yield
    finally:
        protocol_model.histories, protocol_model.decide = histories, decide


def _text_of(step: object) -> str:
    """Return a step's name and values as text."""
    values = [name if value is True else str(value) for name, value in vars(step).items() if value]
    return " ".join([type(step).__name__, *values])


def _way_of(history: History) -> tuple[object, ...]:
    """Return a key that is equal for similar histories.

    For a single event it is the path, for several events the steps that they lead to.
    """
    events = [name for name in history["path"] if name != "fine"]
    return (
        history["start"],
        tuple(history["path"] if len(events) < 2 else history["steps"]),
        history["end"],
    )


def _each_way() -> Iterator[History]:
    """Yield one history for each way through the decision."""
    ways = set()
    for name in STARTS:
        for keys, batches in MEANINGS.get(name, [(keys, "") for keys in KEYS]):
            for lag in LAGS:
                ends = list(protocol_model.histories(start(name, keys, batches, lag), EVENTS))
                for _, end_model in sorted(ends, key=lambda pair: len(pair[1].path)):
                    history = {
                        "start": name,
                        "keys": keys,
                        "batches": batches,
                        "lag": lag,
                        "path": list(end_model.path),
                    }
                    history |= replay(history)
                    if _way_of(history) not in ways:
                        ways.add(_way_of(history))
                        yield history
