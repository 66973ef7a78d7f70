"""Bar charts that are drawn into a page, in its own colors and font; the page scales them."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

WIDTH, HEIGHT = 900, 240
NARROW_WIDTH = 450  # the width of a chart of which two stand side by side, or that has few bars
MAX_FEW = 6  # bars of a chart whose axis is large enough to be read on a phone
LEFT, RIGHT, TOP, BOTTOM = 52, 8, 10, 26  # the margins around the bars
BAR_SHARE = 0.62  # the part of the width of a place that its bar takes


class BarValue(NamedTuple):
    """The values of a bar: a number, and on it a second one.

    `key` is what they belong to, and `short` its name on the axis if it has a shorter one.
    """

    key: Any
    first: int
    second: int = 0
    short: str = ""


@dataclass(frozen=True)
class Bar:
    """The bar of a first number, and on it that of a second one."""

    key: Any
    name: Any  # on the axis
    first: int
    second: int
    x: float
    width: float
    first_y: float
    first_height: float
    second_y: float
    second_height: float

    @property
    def middle(self) -> float:
        """Return the middle of the bar, where its name is written."""
        return self.x + self.width / 2


@dataclass(frozen=True)
class Chart:
    """The bars, and the lines of the grid with their numbers."""

    bars: list[Bar]
    grid: list[tuple[int, float]]
    width: int = WIDTH
    height: int = HEIGHT

    @property
    def has_second(self) -> bool:
        """Return whether there is any second number, so that a legend is needed."""
        return any(bar.second for bar in self.bars)

    @property
    def has_few_bars(self) -> bool:
        """Return whether the chart is small, so that a phone shows it without scrolling."""
        return len(self.bars) <= MAX_FEW

    @property
    def has_short_names(self) -> bool:
        """Return whether a phone writes shorter names on the axis than a wide screen."""
        return not self.has_few_bars and any(bar.name != bar.key for bar in self.bars)


def lay_out(values: Sequence[BarValue], width: int = WIDTH) -> Chart:
    """Lay out the bars of some values from left to right."""
    marks = choose_steps(max(value.first + value.second for value in values))
    room = HEIGHT - TOP - BOTTOM
    unit = room / marks[-1]
    space = (width - LEFT - RIGHT) / len(values)
    bars = []
    for index, value in enumerate(values):
        first_y = TOP + room - value.first * unit
        bars.append(
            Bar(
                key=value.key,
                name=value.short or value.key,
                first=value.first,
                second=value.second,
                x=round(LEFT + index * space + space * (1 - BAR_SHARE) / 2, 1),
                width=round(space * BAR_SHARE, 1),
                first_y=round(first_y, 1),
                first_height=round(value.first * unit, 1),
                second_y=round(first_y - value.second * unit, 1),
                second_height=round(value.second * unit, 1),
            )
        )
    grid = [(mark, round(TOP + room - mark * unit, 1)) for mark in marks]
    return Chart(bars, grid, width)


def choose_steps(highest: int) -> list[int]:
    """Return at most five round numbers, from zero to the highest value or just above."""
    sizes = [size * 10**power for power in range(9) for size in (1, 2, 5)]
    step = next(size for size in sizes if size * 4 >= highest)
    count = max(1, math.ceil(highest / step))
    return [number * step for number in range(count + 1)]
