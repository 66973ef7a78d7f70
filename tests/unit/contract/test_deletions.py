"""Deletions that a source does not announce: found once a day, but not in the first reading."""

import datetime as dt

import pytest

from hub import Checkpoint, DeletionSweep, Gone, Unreadable, format_ids, parse_ids

TODAY, TOMORROW = dt.date(2026, 3, 2), dt.date(2026, 3, 3)


def sweep(cursor="", today=TODAY):
    return DeletionSweep(cursor, today, prefix="order:")


def item(id):
    return Unreadable(source_id=f"order:{id}", reason="any")


def test_missing_rows_are_gone_by_inference():
    first = list(sweep().compare([1, 2, 3], reason="Deleted."))
    assert first == [Checkpoint(cursor="2026-03-02|1-3", stream="deletions")]
    later = list(sweep(first[0].cursor, TOMORROW).compare([1, 3], reason="Deleted."))
    assert later == [
        Gone(source_id="order:2", reason="Deleted.", inferred=True),
        Checkpoint(cursor="2026-03-03|1,3", stream="deletions"),
    ]


def test_a_sweep_is_due_once_a_day():
    assert sweep().is_due
    assert sweep().is_first
    assert not sweep("2026-03-02|1").is_due
    assert sweep("2026-03-02|1", TOMORROW).is_due
    assert not sweep("2026-03-02|1").is_first


def test_an_item_that_is_soon_deleted_is_missed():
    end = Checkpoint(cursor="end")
    items = list(sweep("2026-03-02|1").watch([item(1), item(9), end]))
    stored = Checkpoint(cursor="2026-03-02|1,9", stream="deletions")
    assert items == [item(1), item(9), stored, end]
    gone, _ = sweep(stored.cursor, TOMORROW).compare(["1"], reason="Deleted.")
    assert gone.source_id == "order:9"


def test_nothing_is_stored_while_nothing_new_comes():
    end = Checkpoint(cursor="end")
    assert list(sweep("2026-03-02|1").watch([item(1), end])) == [item(1), end]


@pytest.mark.parametrize(
    ("ids", "text"),
    [
        ([], ""),
        (["1", "2", "3", "5"], "1-3,5"),
        (["10", "9", "a,b-c", "007"], "9-10,=007,=a%2Cb-c"),
    ],
)
def test_ids_are_short_text_and_come_back(ids, text):
    assert format_ids(ids) == text
    assert parse_ids(text) == set(ids)


def test_ten_thousand_numbers_are_one_range():
    assert format_ids([str(number) for number in range(10_000)]) == "0-9999"


def test_text_of_another_form_is_an_error():
    with pytest.raises(ValueError, match="invalid literal"):
        parse_ids("not ids")


def test_documents_of_another_list_pass_and_are_not_missed():
    other, end = Unreadable(source_id="invoice:7", reason="any"), Checkpoint(cursor="end")
    assert list(sweep("2026-03-02|1").watch([other, end])) == [other, end]
