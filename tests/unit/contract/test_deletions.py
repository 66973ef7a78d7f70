"""Deletions that a source does not announce: found once a day, but not in the first reading."""

import datetime as dt
from collections import deque

import pytest

from hub import (
    Checkpoint,
    DeletionSweep,
    Gone,
    PartSweep,
    Refused,
    Retry,
    Unreadable,
    format_ids,
    parse_ids,
)
from hub.contract.long_ids import shorten_id

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
        Checkpoint(cursor="2026-03-03|1,3|2", stream="deletions"),
    ]


def test_a_row_that_was_missing_by_mistake_is_missed_once_it_is_deleted():
    *_, end = sweep("2026-03-02|1-2", TODAY).compare([1], reason="Deleted.")
    gone, end = sweep(end.cursor, TOMORROW).compare([1], reason="Deleted.")
    assert (gone.source_id, end.cursor) == ("order:2", "2026-03-03|1")
    assert list(sweep("2026-03-02|1|2", TOMORROW).compare([1, 2], reason="Deleted.")) == [
        Checkpoint(cursor="2026-03-03|1-2", stream="deletions")
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


def test_an_id_that_is_too_long_is_in_no_cursor_and_missed_under_the_id_of_the_hub():
    long_id = "x" * 300
    end = Checkpoint(cursor="end")
    _, stored, _ = sweep("2026-03-02|1").watch([item(long_id), end])
    assert "xx" not in stored.cursor
    gone, stored = sweep(stored.cursor, TOMORROW).compare(["1"], reason="Deleted.")
    assert gone.source_id == shorten_id(f"order:{long_id}")
    assert "xx" not in stored.cursor


def test_an_id_that_is_too_long_is_not_asked_for():
    asked = []
    *_, end = sweep("2026-03-02|1", TOMORROW).compare(
        ["1", "2", "x" * 300], reason="Deleted.", read=lambda ids: asked.extend(ids) or ()
    )
    assert asked == ["order:2"]
    assert "xx" not in end.cursor


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


# -- parts of rows ---------------------------------------------------------------------------------


def parts(cursor="", **options):
    return PartSweep(cursor, prefix="payment:", stream="payment deletions", **options)


def test_a_part_that_its_row_has_lost_is_gone_by_inference():
    first = parts()
    assert first.compare(7, [31, 32], reason="Deleted.") == []
    [stored] = first.checkpoint()
    assert (stored.stream, parse_ids(stored.cursor)) == ("payment deletions", {"7-31", "7-32"})
    later = parts(stored.cursor)
    gone = Gone(source_id="payment:7-31", reason="Deleted.", inferred=True)
    assert later.compare(7, ["32", 33], reason="Deleted.") == [gone]
    [stored] = later.checkpoint()
    kept, _, missed = stored.cursor.partition("|")
    assert (parse_ids(kept), parse_ids(missed)) == ({"7-32", "7-33"}, {"7-31"})


def test_rows_keep_the_parts_that_they_were_not_compared_with():
    stored = parts("=7-31,=8-32")
    assert stored.compare(7, [], reason="Deleted.", inferred=False) == [
        Gone(source_id="payment:7-31", reason="Deleted.", inferred=False)
    ]
    assert (stored.has_parts(7), stored.has_parts("8")) == (False, True)
    assert stored.compare_rows([7, 9], reason="Deleted.") == [
        Gone(source_id="payment:8-32", reason="Deleted.", inferred=True)
    ]
    assert stored.checkpoint() == [Checkpoint(cursor="|=8-32", stream="payment deletions")]


def test_a_part_that_was_missing_by_mistake_is_missed_once_it_is_deleted():
    first = parts("=7-31,=8-32")
    assert len(first.compare_rows([8], reason="Deleted.")) == 1
    [stored] = first.checkpoint()
    later = parts(stored.cursor)
    assert later.has_parts(7)
    assert [gone.source_id for gone in later.compare(7, [], reason="Deleted.")] == ["payment:7-31"]
    assert later.checkpoint()[0].cursor == "=8-32"
    found = parts(stored.cursor)
    assert found.compare(7, [31], reason="Deleted.") == []
    assert parse_ids(found.checkpoint()[0].cursor) == {"7-31", "8-32"}


def test_parts_that_did_not_change_are_not_stored_again():
    sweep = parts("=a%2F1,=a%2F2", separator="/")
    assert sweep.compare("a", ["2", "1"], reason="Deleted.") == []
    assert sweep.checkpoint() == []
    sweep.compare("a", ["1"], reason="Deleted.")
    assert len(sweep.checkpoint()) == 1
    assert sweep.checkpoint() == []


def test_a_part_with_an_id_that_is_too_long_is_in_no_cursor():
    sweep_of_parts = parts()
    assert sweep_of_parts.compare("7", ["1", "x" * 300], reason="Deleted.") == []
    assert "xx" not in sweep_of_parts.checkpoint()[0].cursor


def test_a_text_that_is_no_cursor_of_parts_is_refused():
    with pytest.raises(Refused, match=r"^2026-03-02 is not a cursor of a PartSweep\.$"):
        parts("2026-03-02")


# -- readings that fail, and lists that leave a row out --------------------------------------------


def failing(*items):
    """Yield items, and fail as a source does that does not answer the next call."""
    yield from items
    raise Retry("Shed does not answer.")


def items_until_failure(items):
    """Return what is yielded before the reading fails."""
    read = []
    with pytest.raises(Retry):
        deque(map(read.append, items))
    return read


def test_what_was_read_before_a_reading_failed_is_missed_if_it_is_deleted():
    *_, stored = items_until_failure(sweep("2026-03-02|1").watch(failing(item(9))))
    assert stored == Checkpoint(cursor="2026-03-02|1,9", stream="deletions")
    assert items_until_failure(sweep("2026-03-02|9").watch(failing(item(9)))) == [item(9)]


def test_the_parts_of_a_row_are_stored_although_the_reading_failed():
    first = parts()

    def changes():
        yield from first.compare(7, [31], reason="Deleted.")
        yield from failing(item(7), Checkpoint(cursor="page 1"), item(8))

    before, stored, *rest = items_until_failure(first.watch(changes()))
    assert (before, parse_ids(stored.cursor)) == (item(7), {"7-31"})
    assert rest == [Checkpoint(cursor="page 1"), item(8)]


def test_a_row_that_its_list_left_out_is_read_with_the_next_comparison():
    asked = []

    def read(ids):
        asked.extend(ids)
        return [item(2), Gone(source_id="order:3", reason="Not found.")]

    items = list(sweep("2026-03-02|1", TOMORROW).compare([1, 2, 3], reason="Deleted.", read=read))
    assert asked == ["order:2", "order:3"]
    assert items == [item(2), Checkpoint(cursor="2026-03-03|1-2", stream="deletions")]
