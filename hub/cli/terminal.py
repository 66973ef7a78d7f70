"""Print lines, tables, JSON, and the progress of a run."""

import getpass
import json
import sys
import textwrap
from collections.abc import Iterable, Sequence
from contextlib import suppress
from datetime import UTC, datetime

import click

from hub.cli import person

PHASE_LABELS = {
    "collect": "Collecting",
    "plan": "Planning",
    "match": "Matching",
    "check": "Checking",
    "post": "Posting",
    "wait": "An answer was lost; looking in QuickBooks",
    "pause": "QuickBooks does not accept the connection; trying again",
    "report": "Reporting back",
    "lists": "Reading lists",
    "reading": "Reading what QuickBooks holds",
    "comparing": "Comparing",
    "copy": "Copying rows",
    "prove": "Comparing rows",
}


def say(text: str = "", *, err: bool = False) -> None:
    """Print a line."""
    click.echo(text, err=err)


def count_of(number: int, noun: str, plural: str = "") -> str:
    """Return a number with its noun: 1 row, 2,000 rows."""
    if number != 1:
        noun = plural or f"{noun}s"
    return f"{number:,} {noun}"


def print_json(value: object) -> None:
    """Print a value as indented JSON; moments, dates and decimals become strings."""
    text = json.dumps(value, ensure_ascii=False, indent=2, default=str)
    click.echo(text)


def print_json_list(values: Iterable[object]) -> None:
    """Print a list as `print_json` does, one value after the other, however many there are.

    If an error ends the values, the list of those before it is still closed, so that it can be
    read.
    """
    opening = "["
    try:
        for value in values:
            text = json.dumps(value, ensure_ascii=False, indent=2, default=str)
            click.echo(f"{opening}\n{textwrap.indent(text, '  ')}", nl=False)
            opening = ","
    except Exception:
        if opening == ",":
            click.echo("\n]")
        raise
    click.echo("[]" if opening == "[" else "\n]")


def print_table(heads: Sequence[str], rows: Sequence[Sequence[object]], empty: str) -> None:
    """Print a table as wide as its texts; print `empty` if there are no rows."""
    if not rows:
        say(empty)
        return
    lines = [[head.upper() for head in heads]]
    for row in rows:
        lines.append([_format_cell(cell) for cell in row])
    widths = _compute_column_widths(lines)
    for line in lines:
        say(_align(line, widths))


def _compute_column_widths(lines: Sequence[Sequence[str]]) -> list[int]:
    """Return the length of the longest text in each column."""
    columns = zip(*lines, strict=True)
    return [max(map(len, column)) for column in columns]


def _align(texts: Sequence[str], widths: Sequence[int]) -> str:
    """Return the texts of a line, each padded to the width of its column."""
    cells = [text.ljust(width) for text, width in zip(texts, widths, strict=True)]
    return "  ".join(cells).rstrip()


def format_moment(value: datetime | None) -> str:
    """Format a moment to the minute, in UTC."""
    if value is None:
        return ""
    return f"{value.astimezone(UTC):%Y-%m-%d %H:%M}Z"


def _format_cell(cell: object) -> str:
    """Return a cell as text; None is empty."""
    if isinstance(cell, datetime):
        return format_moment(cell)
    return "" if cell is None else str(cell)


class Terminal:
    """Show the progress of a run: one line written over on a terminal, else only sentences."""

    def __init__(self, name: str) -> None:
        """Show the progress under a name, such as that of an app, on standard error."""
        self._name = name
        self._is_terminal = sys.stderr.isatty()
        self._last_line = ""
        self._width = 0  # the width of the progress line that is shown now

    def __call__(self, phase: str, count: int, of: int) -> None:
        """Show the progress of a phase; a phase of several words is a message of its own."""
        if " " in phase:
            self.line(f"{self._name}: {phase}.")
        elif self._is_terminal:
            label = PHASE_LABELS.get(phase, phase.capitalize())
            amount = _format_progress(phase, count, of)
            self._show(f"{self._name}: {label}{amount}")

    def count(self, what: str, number: int) -> None:
        """Show how many there are so far."""
        if self._is_terminal:
            self._show(f"{self._name}: {what} {number:,}")

    def line(self, text: str) -> None:
        """Print a sentence on a line of its own, once."""
        if text != self._last_line:
            self._last_line = text
            self.clear()
            click.echo(text, err=True)

    def clear(self) -> None:
        """Remove the progress line."""
        if self._width:
            click.echo("\r" + " " * self._width + "\r", nl=False, err=True)
            self._width = 0

    def _show(self, text: str) -> None:
        """Overwrite the progress line; a shorter text is padded, so that nothing of it remains."""
        padded_text = text.ljust(self._width)
        click.echo(f"\r{padded_text}", nl=False, err=True)
        self._width = len(text)


def _format_progress(phase: str, count: int, of: int) -> str:
    """Return the part of a progress line with the numbers."""
    if phase in ("wait", "pause"):
        return f" in {of - count} s"
    if of:
        return f" {count} of {of}"
    return f" {count}" if count else ""


def get_account_name() -> str:
    """Return who runs the command, for the audit log: the account at this terminal.

    A command for a person of the hub names both.
    """
    account = ""
    with suppress(KeyError, OSError):
        account = getpass.getuser()
    name = person.name()
    if name:
        return f"{name} (command line of {account or 'an unknown account'})"
    return f"{account} (command line)" if account else "command line"
