"""JSON with exact amounts, also from texts that only Python's parser accepts."""

import json
from decimal import Decimal

import pytest

from hub import exact_json
from hub.errors import Sentence

DEEP = "[" * 100_000
ODD = [
    {},
    [],
    "",
    None,
    True,
    0,
    -7,
    10**30,
    {"a": {"b": [1]}},
    "æøå 漢",
    "a\x00b",
    "line\u2028",
    "half a \ud83d character",
    {"\ud800": ["\udfff"]},
]


@pytest.mark.parametrize("value", ODD, ids=repr)
def test_stored_json_loads_as_the_same_value(value):
    assert exact_json.loads(exact_json.dumps(value)) == value


@pytest.mark.parametrize(
    "text", [json.dumps(value) for value in ODD] + ["1e400", " [1 ]", '{"a":1,"a":2}']
)
def test_json_is_read_as_by_the_standard_library(text):
    assert exact_json.loads(text) == json.loads(text)
    assert exact_json.parse(text.encode()) == json.loads(text, parse_float=Decimal)


def test_amounts_are_read_with_their_own_decimals():
    assert str(exact_json.parse(b"[0.10, -1234567.89, 1.0E+2, 5]")) == str(
        [Decimal("0.10"), Decimal("-1234567.89"), Decimal("1.0E+2"), 5]
    )


def test_rows_of_a_source_may_have_values_that_are_no_numbers():
    rows = exact_json.parse_rows(b'[{"net": NaN}, {"net": -Infinity}, {"net": 0.10}]')
    assert [str(row["net"]) for row in rows] == ["NaN", "-Infinity", "0.10"]
    with pytest.raises(ValueError, match="NaN is not a number"):
        exact_json.parse(b"[NaN]")


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("37.800000000000004", "37.8"),
        ("-0.30000000000000004", "-0.3"),
        ("1250.0999999999999", "1250.1"),
        ("52.784999999999997", "52.785"),
        ("100.00000000000001", "100"),
        ("1.7976931348623157e308", "1.7976931348623157E+308"),
        ("0.123456789012345", "0.123456789012345"),
        ("9.9000000000000000000", "9.9000000000000000000"),
    ],
)
@pytest.mark.parametrize("more", ["", ", NaN"])
def test_rows_of_a_source_lose_the_error_of_binary_fractions(text, number, more):
    assert str(exact_json.parse_rows(f"[{text}{more}]".encode())[0]) == number
    assert exact_json.parse(f"[{text}]".encode()) == [Decimal(text)]


@pytest.mark.parametrize("more", ["", "half a \ud83d character"])
def test_amounts_are_kept_as_text(more):
    text = exact_json.dumps({"a": [Decimal("0.10"), 1, None, True], "more": more})
    assert json.loads(text) == {"a": ["0.10", 1, None, True], "more": more}


def test_sentences_are_kept_as_text():
    sentence = Sentence("%(count)s lines", count=2)
    assert exact_json.dumps({"a": [sentence]}) == '{"a":["2 lines"]}'


def test_a_value_that_json_cannot_hold_is_not_stored():
    with pytest.raises(TypeError, match="object cannot be kept as JSON"):
        exact_json.dumps({"a": object()})


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"{",
        b"<html>",
        b"[NaN]",
        b"[Infinity]",
        b"[1,]",
        b"[01]",
        b"\xff",
        b'"\x00"',
        b'"\xff"',
    ],
)
def test_a_text_that_is_no_json_is_refused(text):
    with pytest.raises(
        ValueError, match=r"Expecting|Extra|not a number|decode|Invalid|delimiter|column"
    ):
        exact_json.parse(text)


def test_json_that_is_nested_too_deeply_is_refused():
    with pytest.raises(RecursionError):
        exact_json.parse(DEEP.encode())
