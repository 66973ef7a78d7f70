"""Reading by helpers: what changed, page by page, and single documents by their ids."""

from itertools import islice
from types import SimpleNamespace

import pytest

from hub import (
    Checkpoint,
    Document,
    Gone,
    Refused,
    Retry,
    iter_chunks,
    next_link,
    read_changes,
    read_changes_in_order,
    read_ids,
    read_linked_pages,
    read_numbered_pages,
)

NOON = "2026-03-02T12:00:00Z"
LIMIT = 2


def moment(minute):
    return f"2026-03-02T10:{minute:02}:00Z"


def version(row):
    return row["id"], row["version"], row["updated"]


def row(id, minute, version="1"):
    return {"id": id, "version": version, "updated": moment(minute)}


def document(row):
    return Document(kind="vendor", source_id=row["id"], version=row["version"])


class Numbered:
    """A source with numbered pages."""

    def __init__(self, *rows):
        self.rows = list(rows)
        self.requests = []

    def pages(self, since, page):
        def fetch(number):
            self.requests.append((since, number))
            rows = [row for row in self.rows if row["updated"] >= since]
            end = number * LIMIT
            return rows[end - LIMIT : end], end < len(rows)

        return read_numbered_pages(fetch, page, "Shed")


class Ordered(Numbered):
    """A source that returns the oldest changes since a moment."""

    def pages(self, since, page):
        def fetch(since):
            self.requests.append(since)
            rows = [row for row in self.rows if row["updated"] >= since]
            return rows[:LIMIT], len(rows) > LIMIT

        return read_changes_in_order(fetch, page or since, "Shed", version)


def read(source, cursor=""):
    return read_changes(source.pages, cursor, document, version=version, now=lambda: NOON)


def ids(items):
    return [item.source_id for item in items if isinstance(item, Document | Gone)]


def last_cursor(items):
    return [item.cursor for item in items if isinstance(item, Checkpoint)][-1]


FIVE = [row(f"r{number}", number) for number in range(5)]


@pytest.mark.parametrize("source_class", [Numbered, Ordered])
def test_each_document_is_read_once_and_again_when_it_changed(source_class):
    source = source_class(*FIVE)
    items = list(read(source))
    assert ids(items) == ["r0", "r1", "r2", "r3", "r4"]
    assert len([item for item in items if isinstance(item, Checkpoint)]) >= 3
    cursor = last_cursor(items)
    assert ids(read(source, cursor)) == []
    source.rows[4] = row("r4", 4, "2")
    source.rows.append(row("r5", 4))
    assert ids(read(source, cursor)) == ["r4", "r5"]


@pytest.mark.parametrize("source_class", [Numbered, Ordered])
def test_an_interrupted_reading_continues_after_its_last_page(source_class):
    source = source_class(*FIVE)
    first = list(islice(read(source), 3))
    assert ids(first) == ["r0", "r1"]
    source.requests.clear()
    rest = list(read(source, last_cursor(first)))
    assert set(ids(rest)) >= {"r2", "r3", "r4"}
    assert source.requests[0] in (("", 2), moment(1))


def test_numbered_pages_that_repeat_end_the_reading():
    with pytest.raises(Retry, match="Shed sent the same page of its list twice"):
        list(read_numbered_pages(lambda number: ([{"id": "r1"}], True), "", "Shed"))


def test_numbered_pages_may_be_empty_and_begin_anywhere():
    pages = {2: ([], True), 3: ([], True), 4: ([], True), 5: (["a"], False)}
    read_pages = list(read_numbered_pages(pages.__getitem__, "3", "Shed"))
    assert read_pages == [([], "4"), ([], "5"), (["a"], "")]


def test_a_page_that_is_no_number_is_refused():
    with pytest.raises(Refused, match="two is not a page number of Shed"):
        list(read_numbered_pages(lambda number: ([], False), "two", "Shed"))


def test_links_are_followed_from_any_page():
    pages = {"": (["a"], "/2"), "/2": (["b"], "/3"), "/3": (["c"], None)}
    assert list(read_linked_pages(pages.__getitem__, "", "Shed")) == [
        (["a"], "/2"),
        (["b"], "/3"),
        (["c"], ""),
    ]
    assert list(read_linked_pages(pages.__getitem__, "/3", "Shed")) == [(["c"], "")]


@pytest.mark.parametrize(
    ("header", "link"),
    [
        ('<http://shed.test/a?page=2>; rel="next"', "http://shed.test/a?page=2"),
        ('<http://shed.test/a?page=1>; rel="prev", </a?ids=1,2;3>; rel="next"', "/a?ids=1,2;3"),
        ("</a>;REL=next,</b>;rel=last", "/a"),
        ('</a>; title="the next; rel=next"; rel="last", </b>; rel="self next"', "/b"),
        ('</a>; rel="last"', ""),
        ('</a>; rel="next-archive"', ""),
        ("/a", ""),
        ("", ""),
    ],
)
def test_the_next_page_is_read_from_the_header_link(header, link):
    assert next_link(SimpleNamespace(headers={"Link": header} if header else {})) == link


def linked(source):
    """Return a function that reads a source of numbered pages by links that count them."""

    def fetch(link):
        number = int(link or 1)
        rows = source.rows[(number - 1) * LIMIT : number * LIMIT]
        return rows, str(number + 1) if number * LIMIT < len(source.rows) else None

    return lambda page: read_linked_pages(fetch, page, "Shed", numbered=True)


@pytest.mark.parametrize("by_link", [False, True])
@pytest.mark.parametrize("is_interrupted", [False, True])
def test_a_row_that_moved_to_an_earlier_page_is_read(by_link, is_interrupted):
    """Delete a row of the first page before the second page is read."""
    source = Numbered(*FIVE)
    pages = linked(source) if by_link else lambda page: source.pages("", page)
    reading = pages("")
    first, next_page = next(reading)
    del source.rows[0]
    rest = pages(next_page) if is_interrupted else reading
    later = [row["id"] for rows, _ in rest for row in rows]
    assert first == FIVE[:2]
    assert {"r2", "r3", "r4"} <= set(later)
    assert len(later) <= len(set(later)) + 1


@pytest.mark.parametrize("link", ["/2", "/1"])
def test_a_link_that_was_followed_before_ends_the_reading(link):
    pages = {"/1": (["a"], "/2"), "/2": (["b"], link)}
    with pytest.raises(Retry, match="Shed sent the same page of its list twice"):
        list(read_linked_pages(pages.__getitem__, "/1", "Shed"))


def test_a_list_that_does_not_get_past_a_moment_is_refused():
    source = Ordered(*[row(f"r{number}", 7) for number in range(3)])
    with pytest.raises(Refused, match=f"no more than 2 rows that changed at {moment(7)}"):
        list(read(source))


def test_a_list_with_the_newest_change_first_is_refused():
    source = Ordered(*reversed(FIVE))
    with pytest.raises(Refused, match="its list cannot be read further"):
        list(read(source))


def test_single_documents_come_in_the_order_of_their_ids_and_in_chunks():
    requested_ids = []

    def fetch(ids):
        requested_ids.append(tuple(ids))
        return [document(row(id, 1)) for id in reversed(ids) if id != "r2"]

    items = list(read_ids(["r3", "r2", "r1"], fetch, reason="Deleted.", chunk_size=2))
    assert ids(items) == ["r3", "r2", "r1"]
    assert items[1] == Gone(source_id="r2", reason="Deleted.")
    assert requested_ids == [("r3", "r2"), ("r1",)]


def test_single_documents_are_asked_for_one_by_one_by_default():
    requested_ids = []
    list(read_ids(["r1", "r2"], lambda ids: requested_ids.append(ids) or [], reason="Deleted."))
    assert requested_ids == [["r1"], ["r2"]]


def test_chunks_hold_every_value_once():
    assert list(iter_chunks("abcde", 2)) == ["ab", "cd", "e"]
    assert list(iter_chunks("", 2)) == []


def test_a_row_with_an_unreadable_time_stops_no_other_row():
    source = Numbered(row("a", 1), row("b", 2))
    source.rows[0]["updated"] = "yesterday"
    assert ids(read(source)) == ["a", "b"]


def test_a_row_that_is_no_group_of_fields_stops_no_other_row():
    items = read_changes(
        lambda since, page: iter([(["wrong", row("b", 2)], "")]),
        "",
        lambda row: document(row) if isinstance(row, dict) else Gone(source_id="?", reason="none"),
        version=version,
        now=lambda: NOON,
    )
    assert ids(items) == ["?", "b"]


def test_a_time_that_no_row_has_in_iso_8601_is_a_mistake_of_the_plugin():
    source = Numbered(row("a", 1))
    source.rows[0]["updated"] = "yesterday"
    with pytest.raises(ValueError, match="A text in ISO 8601 is expected"):
        list(read(source))


def test_a_page_that_the_source_no_longer_knows_begins_the_list_again():
    source = Numbered(row("a", 1), row("b", 2), row("c", 3))

    def pages(since, page):
        if page:
            raise Refused("There is no such page.")
        return source.pages(since, page)

    items = read_changes(pages, "|9|2026-03-02", document, version=version, now=lambda: NOON)
    assert ids(items) == ["a", "b", "c"]
