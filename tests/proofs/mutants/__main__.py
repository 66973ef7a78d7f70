"""The command behind `make mutants`: plant each mutant and list rows whose tests miss it."""

import argparse
import os
import re
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from tests.proofs.mutants import MUTANTS, Mutant
from tests.proofs.mutants.runner import OPTIONS, Runner

ROOT = Path(__file__).parents[3]
ROW = re.compile(r"^\| ([A-Z]+-[A-Z]?\d+) \|", re.MULTILINE)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; return 0 if the tests of every chosen row notice its mutants."""
    options = parse(arguments)
    rows = [row for row in capability_rows() if is_chosen(row, options.rows)]
    mutants = [mutant for mutant in MUTANTS if mutant.row in rows]
    if not rows:
        sys.stderr.write(f"No row of docs/capabilities.md is meant by {','.join(options.rows)}.\n")
        return 2
    started = time.monotonic()
    files = files_of(ROOT, {mutant.row for mutant in mutants})
    runner, code = run(ROOT, mutants, files, options.verbose)
    if code:
        return code
    verified = print_results(runner, rows, seconds=time.monotonic() - started)
    return 0 if len(verified) == len(rows) and not runner.failures else 1


def print_results(runner: Runner, rows: Sequence[str], seconds: float) -> set[str]:
    """Print what the run has shown; return the rows whose mutants were all noticed."""
    unnoticed = [result for result in runner.results if not result.noticed_by]
    verified = set(rows) & {result.mutant.row for result in runner.results}
    verified -= {result.mutant.row for result in unnoticed}
    sys.stdout.write("\n".join(["", *table(runner, rows), ""]))
    sys.stdout.write(
        f"{len(verified)} of {len(rows)} rows verified with {len(runner.results)} mutants, "
        f"{len(unnoticed)} not noticed, in {seconds:.0f} s.\n"
    )
    return verified


def parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="make mutants", description=__doc__)
    parser.add_argument(
        "rows",
        nargs="?",
        default=[],
        type=lambda text: [part for part in re.split(r"[,\s]+", text) if part],
        help="rows or beginnings of rows, separated by commas: CT-B7,ION- (default: all)",
    )
    parser.add_argument("-v", "--verbose", action="store_true", help="show how the tests fail")
    return parser.parse_args(arguments)


def capability_rows() -> list[str]:
    """Return the rows of docs/capabilities.md in their order."""
    return ROW.findall((ROOT / "docs" / "capabilities.md").read_text(encoding="utf-8"))


def is_chosen(row: str, chosen: Sequence[str]) -> bool:
    """Return whether a row is selected by its name or by a prefix ending in a dash or letter."""
    return not chosen or any(
        row == part or (not part[-1].isdigit() and row.startswith(part)) for part in chosen
    )


def files_of(root: Path, rows: set[str]) -> list[str]:
    """Return the test files that carry the marker of a row."""
    names = re.compile("|".join(f'"{re.escape(row)}"' for row in sorted(rows)) or "(?!)")
    paths = sorted([*root.glob("tests/**/test_*.py"), *root.glob("plugins/*/tests/test_*.py")])
    texts = {str(path): path.read_text(encoding="utf-8") for path in paths}
    return [path for path, text in texts.items() if "mark.row(" in text and names.search(text)]


def run(
    root: Path, mutants: Sequence[Mutant], files: Sequence[str], is_verbose: bool = False
) -> tuple[Runner, int]:
    """Collect the tests once and run them with each mutant; return the results and exit code."""
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    with tempfile.TemporaryDirectory(prefix="mutants-", ignore_cleanup_errors=True) as folder:
        log = Path(folder) / "log"
        report, restore = divert_output(log)
        runner = Runner(root, mutants, Path(folder), report, is_verbose)
        if not files:
            restore()
            return runner, 0
        try:
            code = int(pytest.main([*OPTIONS, *files], plugins=[runner]))
        finally:
            if runner.is_child:
                sys.stdout.flush()
                os._exit(0)
            restore()
        if code and len(runner.results) < len(mutants):
            sys.stdout.write(log.read_text(encoding="utf-8", errors="replace")[-4000:])
            return runner, code
    return runner, 0


def divert_output(log: Path) -> tuple[Callable[[str], None], Callable[[], None]]:
    """Send pytest's output to a file; return functions that print a line and that undo this."""
    terminal = os.dup(1)
    errors = os.dup(2)
    file = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    for number in (1, 2):
        os.dup2(file, number)

    def report(line: str) -> None:
        os.write(terminal, f"{line}\n".encode())

    def restore() -> None:
        sys.stdout.flush()
        os.dup2(terminal, 1)
        os.dup2(errors, 2)
        for number in (terminal, errors, file):
            os.close(number)

    return report, restore


def table(runner: Runner, rows: Sequence[str]) -> list[str]:
    """Return a line for each row that is not verified, and the tests that fail without a mutant."""
    results: dict[str, list[Any]] = {row: [] for row in rows}
    for result in runner.results:
        results[result.mutant.row].append(result)
    lines = []
    for row in rows:
        if not results[row]:
            lines.append(f"{row:8} has no mutant")
        for item in results[row]:
            verdict = "noticed    " if item.noticed_by else "NOT NOTICED"
            reason = f" ({item.reason})" if item.reason else ""
            lines.append(f"{row:8} {verdict} {item.mutant.bug}{reason}")
    for test, message in runner.failures.items():
        reason = message.strip().splitlines()[-1:] or ["it ended without a report"]
        lines.append(f"fails without a mutant: {test}: {reason[0]}")
    return lines


if __name__ == "__main__":
    sys.exit(main())
