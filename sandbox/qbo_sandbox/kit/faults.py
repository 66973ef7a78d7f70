"""Rules for faults: which calls to a stand-in are affected, and how."""

import random
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, fields
from decimal import Decimal
from fnmatch import fnmatchcase
from typing import Any

from qbo_sandbox.kit.fault_kinds import FAULT_OPTIONS, KINDS
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
            if key in names:
                _check_field(key, value)
                own[key] = float(value) if key in DECIMALS else value
            else:
                options[key] = value
        return cls(**own, options=options)

    @classmethod
    def parse(cls, text: str) -> "Fault":
        """Return a rule from the command line: `lose_answer@bill.create,nth=3,count=2`."""
        head, *pairs = text.split(",")
        kind, _, call = head.partition("@")
        raw: JsonObject = {}
        for pair in pairs:
            key, _, text_value = pair.partition("=")
            raw[key] = _parse_option(text_value)
        raw["kind"] = kind
        raw["call"] = call or "*"
        return cls.read(raw)

    def wants(self, call: str, read_body: Callable[[], bytes] = bytes) -> bool:
        """Count a call, and return whether the rule affects it.

        The body is read only if `contains` is set.
        """
        is_used_up = self.count and self.fired >= self.count
        if is_used_up or not fnmatchcase(call, self.call):
            return False
        if self.contains and self.contains.encode() not in read_body():
            return False
        self.matches += 1
        is_affected = self._affects_match()
        self.fired += is_affected
        return is_affected

    def _affects_match(self) -> bool:
        """Return whether the rule affects the last counted call."""
        if self.matches < (self.nth or 1):
            return False
        if self.probability is None:
            return True
        return self._random.random() < self.probability


def _check_field(key: str, value: Any) -> None:
    """Raise ValueError if a value has the wrong type for a field of a rule."""
    is_valid = True
    type_name = ""
    if key in DECIMALS:
        type_name = "a number"
        is_valid = _is_number(value)
    elif key in WHOLE_NUMBERS:
        type_name = "a whole number"
        is_valid = value is None or _is_whole(value)
    elif key == "commit":
        type_name = "true or false"
        is_valid = isinstance(value, bool)
    if not is_valid:
        raise ValueError(f"{key} of a fault must be {type_name}, not {value!r}")


def _is_number(value: Any) -> bool:
    """Return whether a value is a number; a boolean is none."""
    if isinstance(value, bool):
        return False
    return isinstance(value, int | float | Decimal)


def _is_whole(value: Any) -> bool:
    """Return whether a value is a number without a fraction."""
    if not _is_number(value):
        return False
    return bool(value == int(value))


def _parse_option(text: str) -> Any:
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
        self.options = FAULT_OPTIONS | frozenset(options)
        self.calls = tuple(calls)
        self._rules: list[Fault] = []
        self._lock = threading.Lock()

    def add(self, fault: Fault) -> Fault:
        """Add a rule; raise ValueError if its kind, an option or its call does not exist."""
        if fault.kind not in self.kinds:
            kinds = ", ".join(sorted(self.kinds))
            raise ValueError(f"unknown fault {fault.kind!r}; there are {kinds}")
        unknown_options = fault.options.keys() - self.options
        for name in unknown_options:
            options = ", ".join(self._option_names())
            raise ValueError(f"unknown option {name!r} of a fault; there are {options}")
        matches_a_call = any(fnmatchcase(call, fault.call) for call in self.calls)
        if self.calls and not matches_a_call:
            calls = ", ".join(self.calls)
            raise ValueError(f"no call is named {fault.call!r}; there are {calls}")
        with self._lock:
            self._rules.append(fault)
        return fault

    def _option_names(self) -> list[str]:
        """Return the names that the JSON of a rule may have."""
        names = {field.name for field in fields(Fault)}
        own_names = names - INTERNAL_FIELDS
        return sorted(own_names | self.options)

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
            for rule in self._rules:
                if rule.wants(call, read_body):
                    return rule
        return None

    def page(self, method: str, body: Any) -> object:
        """Answer /_sandbox/faults: GET lists, POST adds one or a list, DELETE clears."""
        if method == "DELETE":
            self.clear()
        if method == "POST":
            for raw in body if isinstance(body, list) else [body]:
                self.add(Fault.read(raw))
        return {
            "faults": [_build_json(rule) for rule in self._rules],
            "kinds": self.kinds,
            "options": self._option_names(),
            "calls": self.calls,
        }


def _build_json(rule: Fault) -> JsonObject:
    """Return a rule with the names that it has on the page of faults."""
    values = {}
    for own_field in fields(rule):
        name = own_field.name
        shown_name = "seen" if name == "matches" else name
        values[shown_name] = getattr(rule, name)
    return values


class ConnectionFault(Exception):
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
