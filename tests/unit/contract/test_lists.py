"""Lists of a source: their cursors, their deletions, and single documents by their ids."""

import datetime as dt
from dataclasses import replace
from decimal import Decimal
from functools import partial
from types import SimpleNamespace

import pytest

from hub import (
    Checkpoint,
    CursorList,
    Document,
    FilteredList,
    Gone,
    Unreadable,
    read_changes_in_order,
    read_lists,
    row_version,
)

REASON = "Shed no longer has it."
NOON = "2026-03-02T12:00:00Z"


class Shed:
    """A source with two lists of numbered rows, whose ids are alike."""

    def __init__(self):
        self.rows = {"bill": {"1": "a", "2": "b"}, "order": {"1": "c"}}
        self.requests = []
        self.api = SimpleNamespace(date=NOON)

    def filtered(self, kind, **more):
        def pages(since, page):
            yield list(self.rows[kind].items()), ""

        return FilteredList(**self.shared(kind), pages=pages, version=version, api=self.api, **more)

    def cursors(self, kind, **more):
        def pages(cursor):
            rows = list(self.rows[kind].items())[int(cursor or 0) :]
            yield rows, str(len(self.rows[kind]))

        return CursorList(**self.shared(kind), pages=pages, id=lambda row: row[0], **more)

    def shared(self, kind):
        def find(ids):
            self.requests.append((kind, ids))
            rows = self.rows[kind]
            return [(id, rows[id]) if id in rows else None for id in ids]

        def read(row):
            id, text = row
            return Document(kind="vendor", source_id=f"{kind}:{id}", memo=text)

        return {"prefix": f"{kind}:", "find": find, "read": read}


def version(row):
    id, text = row
    return id, text, NOON


def run(lists, cursors=None, ids=(), day=1):
    """Return the documents, what is gone, and the cursors after a run."""
    site = SimpleNamespace(today=dt.date(2026, 3, day))
    items = list(read_lists(lists, site, cursors or {}, ids, reason=REASON))
    ends = {item.stream: item.cursor for item in items if isinstance(item, Checkpoint)}
    documents = [item.source_id for item in items if isinstance(item, Document)]
    gone = [(item.source_id, item.inferred) for item in items if isinstance(item, Gone)]
    return documents, gone, (cursors or {}) | ends


@pytest.mark.parametrize("make", [Shed.filtered, Shed.cursors], ids=["filtered", "cursors"])
def test_each_list_continues_from_its_cursor_and_notices_its_deletions(make):
    shed = Shed()
    lists = [make(shed, "bill"), make(shed, "order")]
    documents, gone, ends = run(lists)
    assert (documents, gone) == (["bill:1", "bill:2", "order:1"], [])
    del shed.rows["order"]["1"]
    shed.rows["bill"]["3"] = "d"
    documents, gone, ends = run(lists, ends)
    assert (documents, gone) == (["bill:3"], [])
    documents, gone, _ = run(lists, ends, day=2)
    assert (documents, gone) == ([], [("order:1", True)])


@pytest.mark.parametrize(("count", "requests"), [(1, 1), (100, 100), (101, 0)])
def test_rows_that_appear_with_an_earlier_time_are_read_on_the_next_day(count, requests):
    """A long import commits its rows with the time at which it began."""
    rows = {"1": {"id": "1", "updated": NOON}}
    found = []

    def pages(since, page):
        yield [row for row in rows.values() if row["updated"] >= since], ""

    def find(ids):
        found.extend(ids)
        return [rows.get(id) for id in ids]

    bills = FilteredList(
        pages=pages,
        find=find,
        read=lambda row: Document(kind="vendor", source_id=row["id"]),
        version=row_version("updated"),
        api=SimpleNamespace(date="2026-03-02T13:00:00Z"),
    )
    _, _, ends = run([bills])
    late = {f"late-{number}": "2026-03-02T09:00:00Z" for number in range(count)}
    rows |= {id: {"id": id, "updated": updated} for id, updated in late.items()}
    documents, _, ends = run([bills], ends)
    assert documents == []
    documents, gone, ends = run([bills], ends, day=2)
    assert (set(documents), gone, len(found)) == (late.keys(), [], requests)
    assert run([bills], ends, day=3)[0] == []


@pytest.mark.parametrize("make", [Shed.filtered, Shed.cursors], ids=["filtered", "cursors"])
def test_a_list_that_announces_deletions_is_not_compared(make):
    shed = Shed()
    lists = [make(shed, "bill", announces_deletions=True)]
    _, _, ends = run(lists)
    assert set(ends) == {"bill:"}
    del shed.rows["bill"]["1"]
    assert run(lists, ends, day=2)[1] == []


def test_ids_are_asked_of_their_list_as_many_at_once_as_it_takes():
    shed = Shed()
    lists = [shed.filtered("bill", chunk_size=2), shed.cursors("order")]
    documents, gone, _ = run(lists, ids=["order:1", "bill:9", "bill:2", "bill:1", "lease:1"])
    assert documents == ["bill:2", "bill:1", "order:1"]
    assert gone == [("bill:9", None), ("lease:1", None)]
    assert shed.requests == [("bill", ["9", "2"]), ("bill", ["1"]), ("order", ["1"])]


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"changed_at": "modified", "version": "revision"}, ("7", "3", NOON)),
        ({"changed_at": "modified", "version": "revision", "id": "uuid"}, ("u7", "3", NOON)),
    ],
)
def test_the_version_of_a_row_is_named_by_its_fields(fields, expected):
    row = {"id": 7, "uuid": "u7", "revision": 3, "modified": NOON}
    assert row_version(**fields)(row) == expected


@pytest.mark.parametrize("fields", [("changed",), ("modified", "count")])
def test_a_field_that_a_row_does_not_have_is_named_with_those_that_it_has(fields):
    words = f"no field '{fields[-1]}', which row_version names; it has id, modified"
    with pytest.raises(ValueError, match=words):
        row_version(*fields)({"id": 7, "modified": "2026-03-02T09:00:00Z"})


def test_without_a_number_a_row_has_another_version_when_any_field_changes():
    row = {"id": 7, "total": Decimal("1.00"), "modified": NOON}
    id, version, changed_at = row_version("modified")(row)
    assert (id, changed_at, len(version)) == ("7", NOON, 8)
    assert row_version("modified")({**row})[1] == version
    assert row_version("modified")({**row, "total": Decimal("2.00")})[1] != version


@pytest.mark.parametrize(
    ("times", "noon", "since"),
    [
        ("unix", 1772452800, "1772452680"),
        ("unix", "1772452800", "1772452680"),
        ("unix", 1772452800.5, "1772452680"),
        ("unix", Decimal("1772452800"), "1772452680"),
        ("unix_ms", 1772452800123, "1772452680123"),
        ("unix_ms", "1772452800123", "1772452680123"),
    ],
)
def test_a_list_may_count_seconds_or_milliseconds(times, noon, since):
    since_values = []
    row = {"id": 1, "modified": noon}

    def pages(since, page):
        since_values.append(since)
        yield [row], ""

    bills = FilteredList(
        pages=pages,
        read=lambda row: Document(kind="vendor", source_id=str(row["id"])),
        version=row_version("modified"),
        api=SimpleNamespace(date=NOON),
        times=times,
        announces_deletions=True,
    )
    documents, _, ends = run([bills])
    assert documents == ["1"]
    assert run([bills], ends)[0] == []
    row["total"] = "2.00"
    assert run([bills], ends)[0] == ["1"]
    assert since_values == ["", since, since]


@pytest.mark.parametrize(
    ("times", "changed_at", "words"),
    [
        ("unix", 1772452800123, 'counts no seconds since 1970.* but milliseconds: .*"unix_ms"'),
        ("unix_ms", 1772452800, 'counts no milliseconds since 1970.* but seconds: .*"unix"'),
    ],
)
def test_a_time_of_the_other_unit_is_refused_with_the_right_one(times, changed_at, words):
    bills = replace(
        Shed().filtered("bill"), times=times, version=lambda row: ("1", "a", changed_at)
    )
    with pytest.raises(ValueError, match=words):
        run([bills])


def test_a_list_that_is_cut_off_may_count_seconds():
    rows = [{"id": id, "modified": 900_000_000 * id} for id in (1, 2)]

    def pages(since, page):
        def fetch(since):
            rest = [row for row in rows if row["modified"] >= int(since or 0)]
            return rest[:2], len(rest) > 1

        rows.append({"id": 3, "modified": 2_700_000_000})
        return read_changes_in_order(fetch, page or since, "Shed", row_version("modified"))

    assert [after for _, after in pages("", "")] == ["1800000000", "2700000000", ""]


def test_a_number_as_the_time_of_a_change_is_refused_with_the_next_step():
    bills = replace(Shed().filtered("bill"), version=lambda row: ("1", "a", 1772452800))
    with pytest.raises(ValueError, match='times="unix"'):
        run([bills])


def read_named(prefix, row):
    """Return the document of a row, which must have a text."""
    id, text = row
    if not text:
        raise ValueError("it has no text")
    return Document(kind="vendor", source_id=f"{prefix}{id}")


@pytest.mark.parametrize("make", [Shed.filtered, Shed.cursors], ids=["filtered", "cursors"])
def test_a_row_that_cannot_be_converted_stops_no_other(make):
    shed = Shed()
    shed.rows["bill"] = {"1": "", "2": "b"}
    bills = replace(make(shed, "bill"), read=partial(read_named, "bill:"))
    reason = "The source sent something that cannot be read: it has no text."
    for ids in ([], ["bill:1", "bill:2"]):
        site = SimpleNamespace(today=dt.date(2026, 3, 1))
        first, second, *_ = read_lists([bills], site, {}, ids, reason=REASON)
        assert first == Unreadable(source_id="bill:1", reason=reason)
        assert second.source_id == "bill:2"


@pytest.mark.parametrize("make", [Shed.filtered, Shed.cursors], ids=["filtered", "cursors"])
@pytest.mark.parametrize("result", [None, {"id": 1}])
def test_a_function_that_returns_no_outcome_stops_no_other_row(make, result):
    shed = Shed()
    bills = make(shed, "bill")

    def read(row):
        return result if row[0] == "1" else shed.shared("bill")["read"](row)

    for ids in ([], ["bill:1", "bill:2"]):
        site = SimpleNamespace(today=dt.date(2026, 3, 1))
        first, second, *_ = read_lists([replace(bills, read=read)], site, {}, ids, reason=REASON)
        assert f"TypeError: it returned {type(result).__name__} for this row" in first.reason
        assert (first.source_id, second.source_id) == ("bill:1", "bill:2")


def test_a_defect_in_a_function_with_arguments_names_its_plugin():
    shed = Shed()
    shed.rows["bill"] = {"1": "z"}
    bills = replace(shed.filtered("bill"), read=partial(Defective().read, "bill:"))
    (item,) = read_lists([bills], None, {}, ["bill:1"], reason=REASON)
    assert f"The plugin {__name__.partition('.')[0]} has a defect" in item.reason


class Defective:
    def read(self, prefix, row):
        return self.document
