"""CSV files in every encoding and with every delimiter are read."""

import pytest
from mapped_tables import CSV, MAPPING, bench, read

from hub import Unreadable

__all__ = ["bench"]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
def test_letters_are_read_in_every_encoding_of_excel(bench, encoding):
    table = bench.receive("a.csv", CSV.encode(encoding)).table
    assert table.rows[2][0] == "Nord Rør"


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
def test_a_file_in_utf_16_is_read_without_a_mark_at_its_beginning(bench, encoding):
    table = bench.receive("a.csv", CSV.encode(encoding)).table
    assert (table.columns[0], table.rows[2][0]) == ("Supplier", "Nord Rør")


@pytest.mark.parametrize("line", ["sep=;", "SEP=;\r", '"sep=;"'])
def test_a_first_line_that_names_the_delimiter_is_no_part_of_the_table(bench, line):
    table = bench.receive("a.csv", f"{line}\n{CSV}".encode()).table
    assert (table.columns[0], table.rows[0][0]) == ("Supplier", "Bygg AS")


def test_the_delimiter_of_the_first_line_counts_and_lines_keep_their_numbers(bench):
    content = "sep=|\n" + CSV.replace(";", "|").replace("Returned pipe", "Pipe; returned; old")
    _, credit = read(bench, content)
    assert credit.lines[0].description == "Pipe; returned; old"
    _, _, problem, _ = read(bench, content.replace("05.11.2026", "", 1), "second.csv")
    assert problem.reason.startswith("Lines 3 and 4 of second.csv")


@pytest.mark.parametrize("delimiter", [",", "\t", "|"])
def test_the_delimiter_is_found(bench, delimiter):
    content = "A;B;C\n1;2;3\n".replace(";", delimiter)
    assert bench.receive("a.csv", content.encode()).table.columns == ("A", "B", "C")


@pytest.mark.parametrize(
    ("count", "lines"),
    [
        (1, "Line 2"),
        (2, "Lines 2 and 3"),
        (5, "Lines 2, 3, 4, 5 and 6"),
        (6, "Lines 2, 3, 4, 5, 6 and 1 more"),
    ],
)
def test_a_problem_names_the_lines_of_its_document(bench, count, lines):
    header, first, _, other = CSV.splitlines()
    rows = [header, *[first.replace("05.11.2026", "soon")] * count, other]
    bench.receive("bills.csv", "\n".join(rows).encode(), MAPPING)
    problem, _, _ = bench.read()
    assert problem.reason == f"{lines} of bills.csv: “soon” is not a date."


@pytest.mark.parametrize(("decimal", "text"), [("comma", "0.125"), ("point", "0,125")])
def test_nothing_separates_thousands_after_a_zero(bench, decimal, text):
    mark = {"comma": ",", "point": "."}[decimal]
    content = CSV.replace(",", mark).replace(f"1 000{mark}00", text, 1)
    bench.receive("bills.csv", content.encode(), MAPPING | {"decimal": mark})
    (problem,) = [item for item in bench.read() if isinstance(item, Unreadable)]
    assert f"“{text}” is not an amount with a decimal {decimal}" in problem.reason
