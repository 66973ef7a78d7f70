"""Draw the plots of docs/performance.md from the recorded results, without any measurement.

The results are lines of JSON that benchmarks write to the file that BENCH_RESULTS names.
"""

import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from xml.sax.saxutils import escape

ROOT = Path(__file__).parent.parent
RESULTS = ROOT / "benchmarks" / "results" / "large_lists.jsonl"
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
Point = tuple[str, float]


def read_results() -> dict[str, list[tuple[str, float]]]:
    """Return the medians of each page with the size of the hub, smallest hub first."""
    figures = [json.loads(line) for line in RESULTS.read_text().splitlines()]
    figures.sort(key=lambda figure: (figure["documents"], figure["companies"]))
    by_page: dict[str, list[Point]] = {}
    for figure in figures:
        size = f"{figure['documents']:,} / {figure['companies']:,}"
        by_page.setdefault(figure["page"], []).append((size, figure["median_ms"]))
    return by_page


def draw(title: str, goal: int, lines: Mapping[str, Sequence[Point]]) -> str:
    """Return a plot of at most two lines, with the goal as a dashed line, as SVG."""
    highest = max([goal, *(value for points in lines.values() for _, value in points)]) * 1.1
    sizes = [size for size, _ in next(iter(lines.values()))]
    step = (WIDTH - LEFT - RIGHT) / max(1, len(sizes) - 1)

    def y(value: float) -> float:
        return round(HEIGHT - BOTTOM - value / highest * (HEIGHT - TOP - BOTTOM), 1)

    def text(x: float, at: float, words: str, anchor: str = "start", color: str = SOFT) -> str:
        place = f'x="{x:g}" y="{at:g}" text-anchor="{anchor}" fill="{color}"'
        return f"<text {place}>{escape(words)}</text>"

    parts = [f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#fff"/>']
    parts.append(text(LEFT, 22, f"{title}: CPU of a page, median in milliseconds", color=INK))
    for share in (0, 0.25, 0.5, 0.75, 1):
        value = highest / 1.1 * share
        rule = f'x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y(value):g}" y2="{y(value):g}"'
        parts.append(f'<line {rule} stroke="{RULE}"/>')
        parts.append(text(LEFT - 8, y(value) + 4, f"{value:.0f}", "end"))
    dashed = f'x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y(goal):g}" y2="{y(goal):g}"'
    parts.append(f'<line {dashed} stroke="{SOFT}" stroke-dasharray="6 4"/>')
    parts.append(text(WIDTH - RIGHT + 8, y(goal) + 4, f"goal {goal}"))
    for place, size in enumerate(sizes):
        parts.append(text(LEFT + place * step, HEIGHT - BOTTOM + 20, size, "middle"))
    parts.append(text(LEFT, HEIGHT - 10, "documents / companies"))
    ends: list[float] = [y(goal)]
    for color, (label, points) in zip(COLORS, lines.items(), strict=False):
        places = [(LEFT + place * step, y(value)) for place, (_, value) in enumerate(points)]
        path = " ".join(f"{x:g},{at:g}" for x, at in places)
        parts.append(f'<polyline points="{path}" fill="none" stroke="{color}" stroke-width="2"/>')
        parts += [f'<circle cx="{x:g}" cy="{at:g}" r="3.5" fill="{color}"/>' for x, at in places]
        end = _free_place(places[-1][1], ends)
        ends.append(end)
        parts.append(text(WIDTH - RIGHT + 8, end + 4, f"{label} {points[-1][1]:.0f}", color=color))
    content = "\n".join(parts)
    frame = f'width="{WIDTH}" height="{HEIGHT}" viewBox="0 0 {WIDTH} {HEIGHT}"'
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" {frame} role="img" font-family="sans-serif"'
        f' font-size="13">\n<title>{escape(title)}</title>\n{content}\n</svg>\n'
    )


def _free_place(wanted: float, taken: Sequence[float]) -> float:
    """Return the height nearest to the wanted one at which a label overlaps no other."""
    heights = [wanted + shift for shift in range(-LABEL * 4, LABEL * 4)]
    free = [height for height in heights if all(abs(height - one) >= LABEL for one in taken)]
    return min(free, key=lambda height: abs(height - wanted))


def plots() -> dict[str, str]:
    """Return the content of each plot by the name of its file."""
    results = read_results()
    drawn = {}
    for name, (title, goal, labels) in PLOTS.items():
        lines = {label: results[page] for page, label in labels.items()}
        drawn[f"{name}.svg"] = draw(title, goal, lines)
    return drawn


def main() -> None:
    FOLDER.mkdir(exist_ok=True)
    for name, content in plots().items():
        (FOLDER / name).write_text(content)
    print(f"{len(PLOTS)} plots in {FOLDER.relative_to(ROOT)}", file=sys.stderr)


if __name__ == "__main__":
    main()
