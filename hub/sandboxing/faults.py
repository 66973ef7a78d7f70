"""What can be made to go wrong on a call to a stand-in, and how often."""

import random
import threading
from dataclasses import dataclass, field, fields
from fnmatch import fnmatchcase
from typing import Any

from hub.sandboxing.messages import Headers

DECIMALS = ("seconds", "probability")
KINDS = {
    "refuse": "the connection is refused; nothing is read, and for `seconds` no new connection is taken",
    "lose_request": "the request vanishes: nothing is done, nothing is answered",
    "lose_answer": "the request is carried out, its answer never arrives",
    "commit_late": "no answer (or `status`); the request is carried out `seconds` later",
    "delay": "the request is carried out at once, the answer comes `seconds` later",
    "delay_before": "the request waits `seconds`, then it is carried out and answered",
    "drip": "the answer comes one byte each `seconds`",
    "reset": "the connection is reset after the headers and half of the body",
    "status": "the answer is `status`; the request is carried out only with `commit`",
    "truncate": "the request is carried out; its answer is cut in half, and looks complete",
    "wrong_type": "the request is carried out; its answer says it is a web page",
}


@dataclass
class Fault:
    """One rule. `call` may hold *; fires from the `nth` matching call on, `count` times (0: always).

    With `probability` each of those calls is hit by chance, the same chance for the same `seed`.
    """

    kind: str
    call: str = "*"
    nth: int | None = None
    probability: float | None = None
    seed: int = 0
    count: int = 1
    seconds: float = 0.0
    status: int | None = None
    retry_after: int | None = None
    commit: bool = False
    options: dict[str, Any] = field(default_factory=dict)
    seen: int = 0
    fired: int = 0

    def __post_init__(self) -> None:
        self._random = random.Random(self.seed)  # noqa: S311  (a test repeats it)

    @classmethod
    def read(cls, raw: dict[str, Any]) -> "Fault":
        """From JSON; keys that are no part of a rule are kept as options for the stand-in."""
        known = {f.name for f in fields(cls)} - {"seen", "fired", "options"}
        mine: dict[str, Any] = {
            key: float(value) if key in DECIMALS else value for key, value in raw.items() if key in known
        }
        return cls(**mine, options={key: value for key, value in raw.items() if key not in known})

    @classmethod
    def parse(cls, text: str) -> "Fault":
        """From the command line: `lose_answer@bill.create,nth=3,count=2`."""
        head, *pairs = text.split(",")
        kind, _, call = head.partition("@")
        raw: dict[str, Any] = {key: _value(value) for key, _, value in (pair.partition("=") for pair in pairs)}
        return cls.read(raw | {"kind": kind, "call": call or "*"})

    def wants(self, call: str) -> bool:
        """Whether this call is hit; counts it."""
        if not fnmatchcase(call, self.call) or (self.count and self.fired >= self.count):
            return False
        self.seen += 1
        hit = self.seen >= (self.nth or 1)
        if self.probability is not None:
            hit = hit and self._random.random() < self.probability
        self.fired += hit
        return hit


def _value(text: str) -> Any:
    for read in (int, float):
        try:
            return read(text)
        except ValueError:
            continue
    return {"true": True, "false": False}.get(text, text)


class Faults:
    """The rules in force, in the order they were given; the first that wants a call has it."""

    def __init__(self, kinds: dict[str, str] | None = None) -> None:
        self.kinds = KINDS | (kinds or {})
        self._rules: list[Fault] = []
        self._lock = threading.Lock()

    def add(self, fault: Fault) -> Fault:
        if fault.kind not in self.kinds:
            raise ValueError(f"unknown fault {fault.kind!r}; there are {', '.join(sorted(self.kinds))}")
        with self._lock:
            self._rules.append(fault)
        return fault

    def clear(self) -> None:
        with self._lock:
            self._rules.clear()

    def due(self, call: str) -> Fault | None:
        if not self._rules:
            return None
        with self._lock:
            return next((rule for rule in self._rules if rule.wants(call)), None)

    def page(self, method: str, body: Any) -> object:
        """What /_sandbox/faults does: GET lists, POST adds one or a list, DELETE clears."""
        if method == "DELETE":
            self.clear()
        if method == "POST":
            for raw in body if isinstance(body, list) else [body]:
                self.add(Fault.read(raw))
        return {"faults": [_told(rule) for rule in self._rules], "kinds": self.kinds}


def _told(rule: Fault) -> dict[str, Any]:
    return {f.name: getattr(rule, f.name) for f in fields(rule)}


class Wire(Exception):
    """Raised by a stand-in in place of an answer: what must happen on the connection.

    `refused`: nothing was taken. `pause`: seconds before the first byte. `drip`: seconds between bytes.
    `cut`: bytes of the body sent before the connection breaks. No status: the connection closes without an answer.
    """

    def __init__(
        self,
        *,
        status: int | None = None,
        headers: Headers | None = None,
        body: bytes = b"",
        pause: float = 0.0,
        drip: float = 0.0,
        cut: int | None = None,
        refused: bool = False,
    ) -> None:
        super().__init__("the connection misbehaves on purpose")
        self.status, self.headers, self.body = status, headers or [], body
        self.pause, self.drip, self.cut, self.refused = pause, drip, cut, refused
