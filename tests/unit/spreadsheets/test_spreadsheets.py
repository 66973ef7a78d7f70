"""CSV files: no cell is run as a formula, and every text can be read back."""

import csv
import io
import re
import time
from collections.abc import Callable
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hub import spreadsheets
from hub.errors import Refused
from tests.support.pages.hostile_cells import HOSTILE_CELLS, live_formulas, read_cells
from tests.support.runs.tiers import SAME_EXAMPLES

ORDINARY = [
    "Byggmakker Ås",
    "O'Hara; Elektro",
    'Stål "Nord" AS',
    "A - B",
    "1,5; 2",
    "x=y",
    "'quoted'",
]


def split_anywhere(content: bytes) -> list[str]:
    """Return the cells that a program reads which ignores quotes.

    It splits at every character that could end a cell, except for the comma.
    """
    return re.split("[;\t\n\v\f\r\x1c-\x1e\x85\u2028\u2029]", content.decode("utf-8-sig"))


def rows_of(texts: list[str]) -> list[list[str]]:
    """Each text in each place beside each kind of neighbour."""
    return [row for text in texts for row in (["a", text, "b"], [text, "", text], ["", "x;", text])]


def test_the_corpus_is_hostile() -> None:
    assert len(HOSTILE_CELLS) > 5000
    file = io.StringIO()
    csv.writer(file, lineterminator="\n").writerows(rows_of(HOSTILE_CELLS))
    for delimiter in spreadsheets.DELIMITERS:
        assert len(live_formulas(read_cells(file.getvalue().encode(), delimiter))) > 1000


def test_the_figure_of_hostile_cells(figure: Callable[[str, float, float], None]) -> None:
    """The tests below read each of them with every delimiter, and without quotes."""
    content = spreadsheets.encode(("one",), [[cell] for cell in HOSTILE_CELLS])
    inert = len(set(HOSTILE_CELLS)) - len(live_formulas(read_cells(content, ",")))
    figure("hostile cells that stay text in a CSV file", inert, 308)


@pytest.mark.parametrize("delimiter", spreadsheets.DELIMITERS)
def test_no_cell_is_a_formula_wherever_a_program_splits(delimiter: str) -> None:
    content = spreadsheets.encode(("one", "two", "three"), rows_of(HOSTILE_CELLS))
    assert live_formulas(read_cells(content, delimiter)) == []


def test_no_cell_is_a_formula_for_a_program_without_quotes() -> None:
    assert (
        live_formulas(split_anywhere(spreadsheets.encode(("a", "b", "c"), rows_of(HOSTILE_CELLS))))
        == []
    )


def test_every_text_is_read_back_as_it_was() -> None:
    rows = rows_of(HOSTILE_CELLS + ORDINARY)
    header, read = spreadsheets.decode(spreadsheets.encode(("a", "b", "c"), rows))
    assert header == ["a", "b", "c"]
    assert [list(row.values()) for row in read] == rows


@settings(derandomize=SAME_EXAMPLES)
@given(st.text(st.sampled_from("=+-@;\t\r\n\"' a,1\u2028\uff1d\ufeff"), max_size=12))
def test_any_text_is_inert_and_read_back(text: str) -> None:
    content = spreadsheets.encode(("a", "b"), [[text, text]])
    _, read = spreadsheets.decode(content)
    assert list(read[0].values()) == [text, text]
    for delimiter in spreadsheets.DELIMITERS:
        assert live_formulas(read_cells(content, delimiter)) == []


def test_ordinary_texts_stay_as_they_are() -> None:
    assert list(map(spreadsheets.guard, ORDINARY)) == ORDINARY


def test_numbers_stay_numbers() -> None:
    row = ["-5", Decimal("-12.50"), 7, Decimal("1E+3"), None]
    content = spreadsheets.encode(("a", "b", "c", "d", "e"), [row])
    assert content.decode().splitlines()[1] == '"\'-5",-12.50,7,1000,""'


def test_a_file_begins_with_a_byte_order_mark() -> None:
    content = spreadsheets.encode(["name"], [["Ås"]])
    assert content == b'\xef\xbb\xbf"name"\r\n"\xc3\x85s"\r\n'


@pytest.mark.parametrize("delimiter", spreadsheets.DELIMITERS)
@pytest.mark.parametrize("mark", ["", "\ufeff"])
def test_a_file_that_a_program_saved_with_its_own_delimiter_is_read(
    delimiter: str, mark: str
) -> None:
    saved = f'{mark}field,code\r\nsupplier,"a,b;c"\r\n'.replace(
        "field,code", f"field{delimiter}code"
    )
    saved = saved.replace('supplier,"', f'supplier{delimiter}"')
    assert spreadsheets.decode(saved.encode()) == (
        ["field", "code"],
        [{"field": "supplier", "code": "a,b;c"}],
    )


@pytest.mark.parametrize("content", [b"\xff\xfe\x00", "a\nbø".encode("latin-1")])
def test_a_file_in_another_encoding_is_refused(content: bytes) -> None:
    with pytest.raises(Refused, match="not a CSV file in UTF-8"):
        spreadsheets.decode(content)


@pytest.mark.parametrize(
    "text", ["\n" * 200_000 + "x", "'" * 200_000, ";'" * 100_000, " \t" * 100_000]
)
def test_long_texts_are_guarded_in_little_time(text):
    began = time.process_time()
    assert spreadsheets.unguard(spreadsheets.guard(text)) == text
    assert spreadsheets.unguard(text)
    assert time.process_time() - began < 5
