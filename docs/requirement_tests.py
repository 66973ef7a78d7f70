"""The table of requirement rows in docs/capabilities.md, with the tests that name them."""

import ast
import re
from collections import defaultdict
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parent.parent
REQUIREMENT = re.compile(
    r"^\| ([A-Z]+-[A-Z]?\d+) \| (.*?) \| (done|not yet|cannot[^|\n]*?) \|"
    r"(?: ([^|\n]+?) \|)?[^|\n]*\|$",
    re.MULTILINE,
)
TABLE_HEAD = "| row | what | state | end to end | tests |\n|---|---|---|---|---|\n"
NO_TEST = "missing"  # an end-to-end test, and the reason why there need not be one


class RowTest(NamedTuple):
    """A test that carries the marker of a requirement row."""

    row: str
    path: str
    is_end_to_end: bool


def row_tests() -> Iterator[RowTest]:
    """Read the markers of all tests: rows, and whether a test is marked as end to end."""
    for path in sorted([*ROOT.glob("tests/**/test_*.py"), *ROOT.glob("plugins/*/tests/test_*.py")]):
        yield from _row_tests_in(path)


@cache
def _row_tests_in(path: Path) -> list[RowTest]:
    """Read the markers of a file, once in a process."""
    text = path.read_text(encoding="utf-8")
    if "mark.row(" not in text:
        return []
    return list(_row_tests(ast.parse(text).body, path.relative_to(ROOT).as_posix(), False))


def _row_tests(body: list[ast.stmt], path: str, is_end_to_end: bool) -> Iterator[RowTest]:
    """Yield the marked tests of a module or class, whose own marker they inherit."""
    for node in body:
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "pytestmark":
            marks = node.value.elts if isinstance(node.value, ast.List) else [node.value]
            is_end_to_end = _says_end_to_end(marks, is_end_to_end)
        if isinstance(node, ast.ClassDef | ast.FunctionDef):
            inside = _says_end_to_end(node.decorator_list, is_end_to_end)
            rows = [row for mark in node.decorator_list for row in _rows_of(mark)]
            yield from (RowTest(row, path, inside) for row in rows)
            if isinstance(node, ast.ClassDef):
                yield from _row_tests(node.body, path, inside)


def _says_end_to_end(marks: list[ast.expr], otherwise: bool) -> bool:
    """Return what the markers say about a test, or else what holds around it."""
    texts = [ast.unparse(mark) for mark in marks]
    if "pytest.mark.end_to_end(False)" in texts:
        return False
    return otherwise or any(text.startswith("pytest.mark.end_to_end") for text in texts)


def _rows_of(mark: ast.expr) -> list[str]:
    """Return the rows that a marker names."""
    if not isinstance(mark, ast.Call) or ast.unparse(mark.func) != "pytest.mark.row":
        return []
    return [ast.literal_eval(argument) for argument in mark.args]


def rows_tested() -> dict[str, list[str]]:
    """Map each requirement row to the test files that carry its marker."""
    files_by_row: dict[str, set[str]] = defaultdict(set)
    for test in row_tests():
        files_by_row[test.row].add(test.path)
    return {row: sorted(files) for row, files in files_by_row.items()}


def end_to_end_cells(page: str) -> dict[str, str]:
    """Map each row to "yes", the reason why it needs no end-to-end test, or "missing"."""
    covered = {test.row for test in row_tests() if test.is_end_to_end}
    return {
        match[1]: "yes" if match[1] in covered else _reason(match[4])
        for match in REQUIREMENT.finditer(page)
    }


def _reason(cell: str | None) -> str:
    """Return what a person wrote into the cell; a former "yes" is no reason."""
    return NO_TEST if cell in (None, "", "yes") else str(cell)


def table(old: str, prefix: str) -> str:
    """Return the table of requirement rows with their tests."""
    tested, cells = rows_tested(), end_to_end_cells(old)

    def line(match: re.Match[str]) -> str:
        row, what, state = match.group(1, 2, 3)
        files = ", ".join(f"`{name}`" for name in tested.get(row, []))
        return f"| {row} | {what} | {state} | {cells[row]} | {files} |\n"

    return TABLE_HEAD + "".join(line(match) for match in REQUIREMENT.finditer(old))
