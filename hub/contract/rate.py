"""Rates: how many calls a source allows in how much time, such as "100/15s"."""

import re
from dataclasses import dataclass
from typing import NamedTuple, Self

from hub.errors import Refused, Sentence

RATE_PATTERN = re.compile(r"([1-9]\d{0,6})/([1-9]\d{0,4})?([smhd])")
UNIT_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86_400}
# One of each unit, and several.
UNIT_TEXTS = {
    "d": (Sentence("1 day"), Sentence("%(count)s days")),
    "h": (Sentence("1 hour"), Sentence("%(count)s hours")),
    "m": (Sentence("1 minute"), Sentence("%(count)s minutes")),
    "s": (Sentence("1 second"), Sentence("%(count)s seconds")),
}
MAX_SECONDS = UNIT_SECONDS["d"]
# A long period is divided, so that calls are spread over it: at best into parts of a minute, with
# no more calls than are worth storing, and no fewer than a short run needs at once.
PART_SECONDS = 60
MAX_CALLS_OF_PART = 500
MIN_CALLS_OF_PART = 50


class RatePart(NamedTuple):
    """So many calls in a part of the period of a rate."""

    calls: int
    seconds: float


@dataclass(frozen=True)
class Rate:
    """So many calls in so many seconds."""

    calls: int
    seconds: int

    @classmethod
    def parse(cls, text: str) -> Self:
        """Parse `100/15s`, `10/s`, `1000/5m` or `5000/h`; raise Refused for any other text."""
        match = RATE_PATTERN.fullmatch(text)
        if match:
            calls, count, unit = match.groups()
            rate = cls(int(calls), int(count or 1) * UNIT_SECONDS[unit])
            if rate.seconds <= MAX_SECONDS:
                return rate
        raise Refused(
            "%(text)s is not a rate. Write the number of calls and the time, such as"
            ' "100/15s", "10/s" or "5000/h"; the time is at most a day.',
            text=repr(text),
        )

    def __str__(self) -> str:
        """Return the rate in words, as a sentence that pages translate."""
        calls = Sentence("%(count)s calls", count=self.calls)
        if self.calls == 1:
            calls = Sentence("1 call")
        return Sentence("%(calls)s in %(time)s", calls=calls, time=_format_time(self.seconds))

    def is_within(self, other: "Rate") -> bool:
        """Return whether calls at this rate never exceed another rate."""
        if self.calls > other.calls:
            return False
        return self.calls * other.seconds <= other.calls * self.seconds

    @property
    def part(self) -> RatePart:
        """Return the calls of a shorter period; keeping it keeps the whole rate."""
        for_time = -(-self.seconds // PART_SECONDS)
        for_calls = -(-self.calls // MAX_CALLS_OF_PART)
        most = max(1, self.calls // MIN_CALLS_OF_PART)
        parts = min(max(for_time, for_calls), most)
        return RatePart(self.calls // parts, self.seconds / parts)

    @property
    def is_divided(self) -> bool:
        """Return whether calls are spread over the period, part by part."""
        return self.part != (self.calls, self.seconds)


def _format_time(seconds: int) -> Sentence:
    """Return a number of seconds in the largest unit of which it is a multiple."""
    for unit, (one, several) in UNIT_TEXTS.items():
        count, remainder = divmod(seconds, UNIT_SECONDS[unit])
        if count and not remainder:
            return one if count == 1 else Sentence(several.template, count=count)
    raise ValueError(seconds)
