"""What can be made to go wrong on a call to a stand-in, and how often."""

import random
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, fields
from decimal import Decimal
from fnmatch import fnmatchcase
from typing import Any

from qbo_sandbox.kit.fault_kinds import KINDS, OPTIONS
from qbo_sandbox.kit.json_object import JsonObject
from qbo_sandbox.kit.messages import Headers

DECIMALS = ("seconds", "probability")
WHOLE_NUMBERS = ("nth", "seed", "count", "status", "retry_after")
INTERNAL_FIELDS = {"matches", "fired", "options"}


@dataclass
class Fault:
    """One rule: affects `count` calls (0: all) from the `nth` matching one on.

    `call` is a pattern that may contain *. With `contains` only calls match whose body contains
    that text. With `probability` each of those calls is affected at
    random, the same ones for the same `seed`.
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
    contains: str = ""
    options: JsonObject = field(default_factory=dict)
    matches: int = 0
    fired: int = 0

    def __post_init__(self) -> None:
        self._random = random.Random(self.seed)  # noqa: S311  (a test repeats it)

    @classmethod
    def read(cls, raw: JsonObject) -> "Fault":
        """Return a rule from JSON; keys that are not its fields are options of the stand-in."""
        names = {field.name for field in fields(cls)} - INTERNAL_FIELDS
        own: JsonObject = {}
        options: JsonObject = {}
        for key, value in raw.items():
            if key not in names:
                options[key] = value
            else:
                own[key] = _checked(key, value)
        return cls(**own, options=options)

    @classmethod
    def parse(cls, text: str) -> "Fault":
        """Return a rule from the command line: `lose_answer@bill.create,nth=3,count=2`."""
        head, *pairs = text.split(",")
        kind, _, call = head.partition("@")
        raw: JsonObject = {}
        for pair in pairs:
            key, _, value = pair.partition("=")
            raw[key] = _value(value)
        return cls.read(raw | {"kind": kind, "call": call or "*"})

    def wants(self, call: str, read_body: Callable[[], bytes] = bytes) -> bool:
        """Count a call, and tell whether the rule affects it."""
        if not fnmatchcase(call, self.call) or (self.count and self.fired >= self.count):
            return False
        if self.contains and self.contains.encode() not in read_body():
            return False
        self.matches += 1
        hit = self.matches >= (self.nth or 1)
        if self.probability is not None:
            hit = hit and self._random.random() < self.probability
        self.fired += hit
        return hit


def _checked(key: str, value: Any) -> Any:
    """Return a field of a rule; raise ValueError if it is not of the field's kind."""
    is_number = isinstance(value, int | float | Decimal) and not isinstance(value, bool)
    if key in DECIMALS:
        if not is_number:
            raise ValueError(f"{key} of a fault must be a number, not {value!r}")
        return float(value)
    if key in WHOLE_NUMBERS and value is not None and not (is_number and value == int(value)):
        raise ValueError(f"{key} of a fault must be a whole number, not {value!r}")
    if key == "commit" and not isinstance(value, bool):
        raise ValueError(f"commit of a fault must be true or false, not {value!r}")
    return value


def _value(text: str) -> Any:
    """Return an option of the command line as a number, a boolean or text."""
    for read in (int, float):
        try:
            return read(text)
        except ValueError:
            continue
    return {"true": True, "false": False}.get(text, text)


class Faults:
    """The rules in force, in the order in which they were added; the first that matches applies."""

    def __init__(
        self,
        kinds: dict[str, str] | None = None,
        *,
        options: Iterable[str] = (),
        calls: Iterable[str] = (),
    ) -> None:
        self.kinds = KINDS | (kinds or {})
        self.options = OPTIONS | frozenset(options)
        self.calls = tuple(calls)
        self._rules: list[Fault] = []
        self._lock = threading.Lock()

    def add(self, fault: Fault) -> Fault:
        """Add a rule; raise ValueError if its kind, an option or its call does not exist."""
        if fault.kind not in self.kinds:
            kinds = ", ".join(sorted(self.kinds))
            raise ValueError(f"unknown fault {fault.kind!r}; there are {kinds}")
        for name in fault.options.keys() - self.options:
            options = ", ".join(sorted(self._settable()))
            raise ValueError(f"unknown option {name!r} of a fault; there are {options}")
        if self.calls and not any(fnmatchcase(call, fault.call) for call in self.calls):
            calls = ", ".join(self.calls)
            raise ValueError(f"no call is named {fault.call!r}; there are {calls}")
        with self._lock:
            self._rules.append(fault)
        return fault

    def _settable(self) -> set[str]:
        """Return the names that a rule may have."""
        names = {field.name for field in fields(Fault)}
        return names - INTERNAL_FIELDS | self.options

    def rules(self) -> list[Fault]:
        """Return the rules in force."""
        with self._lock:
            return list(self._rules)

    def clear(self) -> None:
        """Remove all rules."""
        with self._lock:
            self._rules.clear()

    def due(self, call: str, read_body: Callable[[], bytes] = bytes) -> Fault | None:
        """Return the first rule for this call; the body is read only if a rule needs it."""
        if not self._rules:
            return None
        with self._lock:
            return next((rule for rule in self._rules if rule.wants(call, read_body)), None)

    def page(self, method: str, body: Any) -> object:
        """Answer /_sandbox/faults: GET lists, POST adds one or a list, DELETE clears."""
        if method == "DELETE":
            self.clear()
        if method == "POST":
            for raw in body if isinstance(body, list) else [body]:
                self.add(Fault.read(raw))
        return {
            "faults": [_as_json(rule) for rule in self._rules],
            "kinds": self.kinds,
            "options": sorted(self._settable()),
            "calls": self.calls,
        }


def _as_json(rule: Fault) -> JsonObject:
    """Return a rule with the names that it has on the page of faults."""
    values = {field.name: getattr(rule, field.name) for field in fields(rule)}
    return {"seen" if name == "matches" else name: value for name, value in values.items()}


class Wire(Exception):
    """Raised by a stand-in in place of an answer: what must happen on the connection.

    `refused`: the connection is refused. `pause`: seconds before the first byte. `drip`: seconds
    between bytes. `cut`: bytes of the body that are sent before the connection breaks. Without a
    status the connection closes without an answer, by a `reset` or in order. `hang_up`: it closes
    after the answer without announcing it.
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
        reset: bool = False,
        hang_up: bool = False,
    ) -> None:
        super().__init__("the connection misbehaves on purpose")
        self.status = status
        self.headers = headers or []
        self.body = body
        self.pause = pause
        self.drip = drip
        self.cut = cut
        self.refused = refused
        self.reset = reset
        self.hang_up = hang_up
