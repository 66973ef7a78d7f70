"""Values of a row: those that a table of the plugin names, and those of a wrong kind."""

import pytest

from hub import Unreadable, check_fields, look_up, numbers_as_text, readable, require_id

STAGES = {"draft": ("pending", "It is a draft."), "sent": ("ready", None)}


def test_a_value_is_looked_up_in_a_table():
    assert look_up(STAGES, "sent", "status") == ("ready", None)


@pytest.mark.parametrize("value", ["parked", "", None, 7])
def test_a_row_with_a_value_that_the_table_lacks_is_unreadable_with_its_name(value):
    item = readable("r1", look_up, STAGES, value, "status")
    assert isinstance(item, Unreadable)
    assert f"its status “{value}” is none of draft, sent" in item.reason


FIELDS = {"supplier": dict, "lines": [dict], "orders": list, "number": str}


@pytest.mark.parametrize(
    "row",
    [
        {},
        {"supplier": None, "lines": None, "orders": None, "number": None},
        {"supplier": {"id": 1}, "lines": [{}], "orders": [1, "2"], "number": "7", "other": 7},
    ],
)
def test_fields_of_the_expected_kinds_are_accepted(row):
    check_fields(row, FIELDS)


@pytest.mark.parametrize(
    ("field", "value", "problem"),
    [
        ("supplier", "abc", "its supplier is 'abc', and not a group of fields"),
        ("lines", {"a": 1}, "its lines is {'a': 1}, and not a list"),
        ("lines", ["x", {}], "its lines contains 'x', and not only groups of fields"),
        ("lines", [None], "its lines contains None, and not only groups of fields"),
        ("orders", 5, "its orders is 5, and not a list"),
        ("number", True, "its number is True, and not a text"),
        ("number", ["x" * 100], f"its number is ['{'x' * 58}…, and not a text"),
    ],
)
def test_a_field_of_another_kind_makes_the_row_unreadable(field, value, problem):
    item = readable("r1", check_fields, {field: value}, FIELDS)
    assert isinstance(item, Unreadable)
    assert item.reason == f"The source sent something that cannot be read: {problem}."


@pytest.mark.parametrize("id", [None, "", "  "])
def test_an_id_that_is_null_or_blank_is_none(id):
    """`str(None)` would be the same id for every row without one."""
    assert readable("r1", require_id, {"id": id}, "id").reason == "The source sent no “id” for it."


@pytest.mark.parametrize("id", ["7", 7, 0])
def test_an_id_is_text(id):
    assert require_id({"id": id}, "id") == str(id)


def test_whole_numbers_in_fields_of_texts_become_texts_at_any_depth():
    row = {"number": 7, "total": 7, "lines": [{"account": 4000, "paid": True}], "vendor": None}
    assert numbers_as_text([row, None], ("number", "account", "paid")) == [
        {"number": "7", "total": 7, "lines": [{"account": "4000", "paid": True}], "vendor": None},
        None,
    ]


def test_a_row_of_which_nothing_is_returned_is_unreadable():
    outcome = readable("r1", lambda row: None, {"kind": "unknown"})
    assert isinstance(outcome, Unreadable)
    assert outcome.source_id == "r1"
    assert "it returned NoneType for this row" in str(outcome.reason)
