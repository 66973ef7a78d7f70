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
from tests.proofs.test_model import KEYS, MEANINGS, STARTS, start, wrong
from tests.support import protocol_model

FILE = Path(__file__).parents[1] / "golden" / "histories.json"
WHERE = ("start", "keys", "batches", "lag", "path")
EVENTS, LAGS = 2, (0, 20)
Told = dict[str, Any]


def recorded() -> list[Told]:
    """Return the histories of the file, rewritten first if requested."""
    found: list[Told] = json.loads(FILE.read_text()) if FILE.exists() else []
    if golden.REWRITE:
        found = [{name: one[name] for name in WHERE} | replayed(one) for one in found]
        known = {_way(one) for one in found}
        found += [one for one in _each_way() if _way(one) not in known]
        FILE.write_text(
            "[\n" + ",\n".join(json.dumps(one, ensure_ascii=False) for one in found) + "\n]\n"
        )
    return found


def replayed(told: Told) -> Told:
    """Return the steps that the decision takes today, and the end, after checking it."""
    steps: list[str] = []
    path = tuple(told["path"])
    with _only(path, steps):
        begun = start(told["start"], told["keys"], told["batches"], told["lag"])
        ends = [
            (end, left)
            for end, left in protocol_model.histories(begun, len(path))
            if left.path == path
        ]
    assert len(ends) == 1, f"{told} leads to {[end for end, _ in ends] or 'no end'}"
    end, left = ends[0]
    assert not wrong(end, left), (wrong(end, left), told)
    return {"steps": steps, "end": end}


@contextmanager
def _only(path: tuple[str, ...], steps: list[str]) -> Iterator[None]:
    """Restrict the model to this path, and record every step."""
    histories, decide = protocol_model.histories, protocol_model.decide

    def follow(state: protocol_model.World, events: int) -> Iterator[protocol_model.End]:
        if state.path == path[: len(state.path)]:
            yield from histories(state, events)

    def told(history: protocol_model.History) -> object:
        step = decide(history)
        steps.append(_said(step))
        return step

    protocol_model.histories, protocol_model.decide = follow, told  # type: ignore[assignment]
    try:
        yield
    finally:
        protocol_model.histories, protocol_model.decide = histories, decide


def _said(step: object) -> str:
    """Return a step's name and values as text."""
    held = [name if value is True else str(value) for name, value in vars(step).items() if value]
    return " ".join([type(step).__name__, *held])


def _way(told: Told) -> tuple[object, ...]:
    """Return a key that is equal for similar histories.

    For a single event it is the path, for several events the steps that they lead to.
    """
    events = [name for name in told["path"] if name != "fine"]
    return told["start"], tuple(told["path"] if len(events) < 2 else told["steps"]), told["end"]


def _each_way() -> Iterator[Told]:
    """Yield one history for each way through the decision."""
    seen = set()
    for name in STARTS:
        for keys, batches in MEANINGS.get(name, [(keys, "") for keys in KEYS]):
            for lag in LAGS:
                ends = list(protocol_model.histories(start(name, keys, batches, lag), EVENTS))
                for _, left in sorted(ends, key=lambda found: len(found[1].path)):
                    told = {
                        "start": name,
                        "keys": keys,
                        "batches": batches,
                        "lag": lag,
                        "path": list(left.path),
                    }
                    told |= replayed(told)
                    if _way(told) not in seen:
                        seen.add(_way(told))
                        yield told
