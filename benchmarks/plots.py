"""Draw the plots of docs/performance.md from the recorded results, without any measurement.

The results are lines of JSON that benchmarks write to the file that BENCH_RESULTS names.
"""

import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

ROOT = Path(__file__).parent.parent
RESULTS = ROOT / "benchmarks" / "results"
FOLDER = ROOT / "docs" / "plots"
COLORS = ("#0b6358", "#d98a00")  # those of the hub's own charts
INK, SOFT, RULE = "#1b2733", "#51606f", "#dde3e9"
WIDTH, HEIGHT = 640, 300
LEFT, RIGHT, TOP, BOTTOM = 56, 150, 44, 52
LABEL = 16  # the height of a label
# File -> its title, the goal in milliseconds, and the label of each page that it shows.
PLOTS: Mapping[str, tuple[str, int, Mapping[str, str]]] = {
    "home-and-companies": (
        "Home and Companies",
        100,
        {"Home": "Home", "Companies": "Companies"},
    ),
    "lists": (
        "Lists of documents",
        25,
        {"documents, first page": "first page", "documents, any depth": "any depth"},
    ),
    "search": (
        "Search",
        300,
        {"search, one document": "one document", "search, common words": "common words"},
    ),
}
# Ways of `benchmarks/whole_way.py` with their labels.
WAYS = {
    "hub, posted one by one": "one by one",
    "hub, posted in batches": "in batches",
}
Point = tuple[str, float]


@dataclass(frozen=True)
class Plot:
    """What a plot shows: its title, its axes, its lines and the goal, if there is one."""

    title: str
    values: str
    sizes: str
    lines: Mapping[str, Sequence[Point]]
    goal: float | None = None
    decimals: int = 0


def read_figures(name: str) -> list[dict[str, Any]]:
    """Return the recorded figures of a benchmark."""
    return [json.loads(line) for line in (RESULTS / f"{name}.jsonl").read_text().splitlines()]


def read_pages() -> dict[str, list[Point]]:
    """Return the medians of each page with the size of the hub, smallest hub first."""
    figures = read_figures("large_lists")
    figures.sort(key=lambda figure: (figure["documents"], figure["companies"]))
    by_page: dict[str, list[Point]] = {}
    for figure in figures:
        size = f"{figure['documents']:,} / {figure['companies']:,}"
        by_page.setdefault(figure["page"], []).append((size, figure["median_ms"]))
    return by_page


def read_ways() -> dict[str, list[Point]]:
    """Return what a document costs on its whole way, with the documents of a sync."""
    by_way: dict[str, list[Point]] = {label: [] for label in WAYS.values()}
    for figure in sorted(read_figures("whole_way"), key=lambda figure: figure["documents"]):
        if figure["way"] in WAYS:
            point = f"{figure['documents']:,}", figure["of_bare"]
            by_way[WAYS[figure["way"]]].append(point)
    return by_way


def read_workers() -> dict[str, list[Point]]:
    """Return how many documents a second so many workers post for most companies."""
    figures = read_figures("fleet")
    most = max(figure["companies"] for figure in figures)
    figures = [figure for figure in figures if figure["companies"] == most]
    return {
        "posted": [(str(figure["workers"]), figure["documents_a_second"]) for figure in figures]
    }


def draw(plot: Plot) -> str:
    """Return a plot of at most two lines, with the goal as a dashed line, as SVG."""
    lines = plot.lines
    values = [value for points in lines.values() for _, value in points]
    highest = max([plot.goal or 0.0, *values]) * 1.1
    sizes = [size for size, _ in next(iter(lines.values()))]
    step = (WIDTH - LEFT - RIGHT) / max(1, len(sizes) - 1)

    def y(value: float) -> float:
        return round(HEIGHT - BOTTOM - value / highest * (HEIGHT - TOP - BOTTOM), 1)

    def label_of(label: str, points: Sequence[Point]) -> str:
        return f"{label} {points[-1][1]:.{plot.decimals}f}"

    def text(x: float, at: float, words: str, anchor: str = "start", color: str = SOFT) -> str:
        place = f'x="{x:g}" y="{at:g}" text-anchor="{anchor}" fill="{color}"'
        return f"<text {place}>{escape(words)}</text>"

    parts = [f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#fff"/>']
    parts.append(text(LEFT, 22, f"{plot.title}: {plot.values}", color=INK))
    for share in (0, 0.25, 0.5, 0.75, 1):
        value = highest / 1.1 * share
        rule = f'x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y(value):g}" y2="{y(value):g}"'
        parts.append(f'<line {rule} stroke="{RULE}"/>')
        parts.append(text(LEFT - 8, y(value) + 4, f"{value:.0f}", "end"))
    ends: list[float] = []
    if plot.goal is not None:
        level = y(plot.goal)
        dashed = f'x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{level:g}" y2="{level:g}"'
        parts.append(f'<line {dashed} stroke="{SOFT}" stroke-dasharray="6 4"/>')
        parts.append(text(WIDTH - RIGHT + 8, level + 4, f"goal {plot.goal:g}"))
        ends.append(level)
    for place, size in enumerate(sizes):
        parts.append(text(LEFT + place * step, HEIGHT - BOTTOM + 20, size, "middle"))
    parts.append(text(LEFT, HEIGHT - 10, plot.sizes))
    for color, (label, points) in zip(COLORS, lines.items(), strict=False):
        places = [(LEFT + place * step, y(value)) for place, (_, value) in enumerate(points)]
        path = " ".join(f"{x:g},{at:g}" for x, at in places)
        parts.append(f'<polyline points="{path}" fill="none" stroke="{color}" stroke-width="2"/>')
        parts += [f'<circle cx="{x:g}" cy="{at:g}" r="3.5" fill="{color}"/>' for x, at in places]
        end = _free_place(places[-1][1], ends)
        ends.append(end)
        parts.append(text(WIDTH - RIGHT + 8, end + 4, label_of(label, points), color=color))
    content = "\n".join(parts)
    frame = f'width="{WIDTH}" height="{HEIGHT}" viewBox="0 0 {WIDTH} {HEIGHT}"'
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" {frame} role="img" font-family="sans-serif"'
        f' font-size="13">\n<title>{escape(plot.title)}</title>\n{content}\n</svg>\n'
    )


def _free_place(wanted: float, taken: Sequence[float]) -> float:
    """Return the height nearest to the wanted one at which a label overlaps no other."""
    heights = [wanted + shift for shift in range(-LABEL * 4, LABEL * 4)]
    free = [height for height in heights if all(abs(height - one) >= LABEL for one in taken)]
    return min(free, key=lambda height: abs(height - wanted))


def plots() -> dict[str, str]:
    """Return the content of each plot by the name of its file."""
    results = read_pages()
    drawn = {}
    for name, (title, goal, labels) in PLOTS.items():
        lines = {label: results[page] for page, label in labels.items()}
        values = "CPU of a page, median in milliseconds"
        drawn[f"{name}.svg"] = draw(Plot(title, values, "documents / companies", lines, goal))
    values = "CPU of a document, in bills of a bare requests loop"
    ways = Plot("Whole way", values, "documents of a sync", read_ways(), decimals=1)
    drawn["whole-way.svg"] = draw(ways)
    workers = Plot("Workers", "documents a second", "workers", read_workers(), decimals=1)
    drawn["workers.svg"] = draw(workers)
    return drawn


def main() -> None:
    FOLDER.mkdir(exist_ok=True)
    drawn = plots()
    for name, content in drawn.items():
        (FOLDER / name).write_text(content)
    print(f"{len(drawn)} plots in {FOLDER.relative_to(ROOT)}", file=sys.stderr)


if __name__ == "__main__":
    main()
