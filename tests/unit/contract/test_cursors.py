"""Cursors by the time of the last change: nothing is skipped or repeated at the boundary."""

import datetime as dt
import time
from zoneinfo import ZoneInfo

import pytest

from hub import ChangeCursor


class Source:
    """A list with the filter `updated >= since`."""

    def __init__(self):
        self.rows = {}

    def change(self, id, at, version):
        self.rows[id] = (at, version)

    def read(self, text):
        cursor = ChangeCursor.parse(text)
        new = []
        for id, (at, version) in self.rows.items():
            if at >= cursor.changed_since and cursor.is_new(id, version, at):
                new.append(id)
        return new, str(cursor.finished())


@pytest.fixture
def source():
    source = Source()
    source.change("1", "2026-03-01T09:00:00.000Z", "v1")
    source.change("2", "2026-03-02T09:00:00.000Z", "v1")
    return source


def test_rows_of_the_boundary_do_not_come_again(source):
    rows, text = source.read("")
    assert rows == ["1", "2"]
    assert source.read(text)[0] == []


@pytest.mark.parametrize("at", ["2026-03-02T09:00:00.000Z", "2026-03-02T08:59:00.000Z"])
def test_a_row_that_appears_at_the_boundary_or_just_before_is_read(source, at):
    _, text = source.read("")
    source.change("3", at, "v1")
    assert source.read(text)[0] == ["3"]


def test_another_version_of_a_row_at_the_boundary_is_read(source):
    _, text = source.read("")
    source.change("2", "2026-03-02T09:00:00.000Z", "v2")
    rows, text = source.read(text)
    assert rows == ["2"]
    assert source.read(text)[0] == []


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("2026-03-02T09:00:00.000Z", "2026-03-02T09:00:50.000Z"),
        ("a long prefix 1", "a long prefix 2"),
        ("1,2.3|x", "1,2.4|x"),
    ],
)
def test_a_version_may_be_any_text_that_changes_with_the_row(source, before, after):
    source.change("2", "2026-03-02T09:00:00.000Z", before)
    _, text = source.read("")
    source.change("2", "2026-03-02T09:00:50.000Z", after)
    rows, text = source.read(text)
    assert rows == ["2"]
    assert source.read(text)[0] == []


def test_changes_during_a_reading_come_with_the_next_one():
    cursor = ChangeCursor.parse("")
    cursor.begin("2026-03-02T09:30:00Z")
    cursor.begin("2026-03-02T09:40:00Z")
    cursor.is_new("1", "v1", "2026-03-02T09:45:00Z")
    assert cursor.finished().since == "2026-03-02T09:30:00Z"


@pytest.mark.parametrize("changed_at", ["2026-03-02T04:45:00-05:00", "2026-03-02T18:45:00+09:00"])
def test_changes_during_a_reading_are_compared_in_utc_with_its_beginning(changed_at):
    cursor = ChangeCursor.parse("")
    cursor.begin("2026-03-02T09:30:00Z")
    cursor.is_new("1", "v1", changed_at)
    assert cursor.finished().since == "2026-03-02T09:30:00Z"
    assert cursor.newest == "2026-03-02T09:45:00.000Z"


@pytest.mark.parametrize("changed_at", ["2026-03-02 09:45:00", "20260302T094500Z"])
def test_a_time_without_the_sign_between_date_and_time_is_compared_like_others(changed_at):
    cursor = ChangeCursor.parse("")
    cursor.begin("2026-03-02T09:30:00Z")
    cursor.is_new("1", "v1", changed_at)
    finished = cursor.finished()
    assert finished.since == "2026-03-02T09:30:00Z"
    assert finished.versions == {"1": "v1"}


def test_an_interrupted_reading_continues_at_its_page():
    cursor = ChangeCursor.parse("")
    cursor.begin("2026-03-02T09:30:00Z")
    cursor.page = "p2"
    continued = ChangeCursor.parse(str(cursor))
    assert (continued.page, continued.started_at) == ("p2", "2026-03-02")


def test_a_cursor_starts_at_a_moment_and_else_at_the_beginning():
    start = dt.datetime(2026, 3, 1, tzinfo=ZoneInfo("Europe/Oslo"))
    assert ChangeCursor.parse("", start=start).since == "2026-02-28T23:00:00Z"
    assert ChangeCursor.parse("").changed_since == ""


def test_a_crowd_at_the_boundary_is_read_again_rather_than_remembered():
    cursor = ChangeCursor.parse("")
    for id in range(301):
        cursor.is_new(str(id), "v1", "2026-03-02T09:00:00.000Z")
    assert cursor.finished().versions == {}


def test_long_versions_that_begin_alike_and_ids_with_any_character_are_distinguished(source):
    source.change("a.b,c|d", "2026-03-02T09:00:00.000Z", "2026-03-02T09:00:00Z")
    _, text = source.read("")
    assert source.read(text)[0] == []
    source.change("a.b,c|d", "2026-03-02T09:00:00.000Z", "2026-03-02T10:00:00Z")
    assert source.read(text)[0] == ["a.b,c|d"]


@pytest.mark.parametrize("page", ["https://shed/rentals?page=2&since=10%3A00", "a|b", "a%7Cb"])
def test_a_page_may_have_any_characters(page):
    cursor = ChangeCursor(since="2026-03-02T09:00:00Z", page=page, started_at="2026-03-02")
    assert ChangeCursor.parse(str(cursor)) == cursor


@pytest.mark.parametrize(
    ("changed_at", "words"),
    [
        (1767600000, r'of r1 is 1767600000\. .* FilteredList\(times="unix"\)'),
        (1767600000000, r'of r1 is 1767600000000\. .* FilteredList\(times="unix_ms"\)'),
        ("1767600000", r"of r1 is '1767600000'\. A text in ISO 8601 is expected, such as 2026-"),
        (dt.date(2026, 3, 2), r"of r1 is datetime\.date\(2026, 3, 2\)\. A text in"),
        ("yesterday", "of r1 is 'yesterday'. A text in ISO 8601 is expected"),
    ],
)
def test_a_time_of_change_in_another_form_is_refused_with_what_is_expected(changed_at, words):
    for record in (ChangeCursor().is_new, ChangeCursor().remember):
        with pytest.raises(ValueError, match=words):
            record("r1", "v1", changed_at)


@pytest.mark.parametrize("changed_at", ["", None])
def test_a_row_may_have_no_time_of_change(changed_at):
    assert ChangeCursor().is_new("r1", "v1", changed_at)


def test_a_moment_without_a_zone_is_one_in_utc_wherever_the_hub_runs(monkeypatch):
    monkeypatch.setenv("TZ", "America/Denver")
    time.tzset()
    try:
        cursor = ChangeCursor(since="2026-03-02T09:00:00")
        assert cursor.changed_since == "2026-03-02T08:58:00.000Z"
    finally:
        monkeypatch.undo()
        time.tzset()


def test_the_first_moment_of_all_in_place_of_none_ends_no_reading():
    cursor = ChangeCursor()
    assert cursor.is_new("1", "1", "0001-01-01T00:00:00Z")
    assert ChangeCursor.parse(str(cursor.finished())).changed_since
