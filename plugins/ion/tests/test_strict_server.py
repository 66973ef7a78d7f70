"""Servers that read or write a value in another way than the stand-in: nothing stops for it."""

import io
import json
from urllib.parse import quote

import pytest
from hub_ion import hub_documents

from hub import Checkpoint, Document
from hub.testing.fakes.answers import change_answers
from hub.testing.outcomes.items import last_cursors, unique_ids

NO_MOMENT = "20 March 2026 08:00"


def has_operation(name):
    return lambda path, query: f" {name}(".encode() in query


def rows_of(answer):
    return [edge["node"] for edge in answer["data"]["rows"]["edges"]]


def documents(items):
    return [item for item in items if isinstance(item, Document)]


@pytest.mark.row("ION-36")
@pytest.mark.parametrize(
    ("operation", "change"),
    [
        ("Orders", lambda row: row.update(updated=NO_MOMENT)),
        ("Orders", lambda row: row["lines"][0].update(updated=NO_MOMENT)),
        ("Parts", lambda row: row.update(updated=NO_MOMENT)),
    ],
)
def test_a_time_of_change_in_another_form_stops_no_run(bench, operation, change):
    def change_second_row(answer):
        for row in rows_of(answer)[1:2]:
            change(row)

    whole = documents(bench.read())
    with change_answers(bench, has_operation(operation), change_second_row):
        items = bench.read()
        assert documents(items) == whole
        bench.read(last_cursors(items))


@pytest.mark.row("ION-36")
def test_a_time_of_change_of_a_line_in_another_form_stops_no_run(bench):
    place = last_cursors(bench.read())
    bench.stand_in.clock.advance(60)
    order = bench.books.row("orders", 1008)
    (line, *_) = bench.books.of_order("lines", order)
    bench.stand_in.changes.updatePurchaseOrderLine(
        {"id": line["id"], "etag": line["_etag"], "estimatedArrivalDate": "2026-04-15"}
    )
    with change_answers(
        bench,
        has_operation("LineChanges"),
        lambda answer: [row.update(updated=NO_MOMENT) for row in rows_of(answer)],
    ):
        assert "order:1008" in unique_ids(bench.read(place))


def refuse_texts_as_ids(bench):
    """Let the server describe its ids as Int, which takes no text."""

    def serve(environ, start):
        body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        environ["wsgi.input"] = io.BytesIO(body)
        if environ["PATH_INFO"].endswith("/graphql"):
            filters = json.loads(body)["variables"].get("filters") or {}
            for id in (filters.get("id") or {}).get("in", ()):
                if not isinstance(id, int):
                    message = f"Int cannot represent non-integer value: {id!r}"
                    start("200 OK", [("Content-Type", "application/json")])
                    return [json.dumps({"errors": [{"message": message}]}).encode()]
        return stand_in(environ, start)

    stand_in = bench._stand_in
    return bench.replaced_by(serve)


@pytest.mark.row("ION-35")
def test_rows_are_asked_for_by_ids_that_are_numbers(bench):
    whole = documents(bench.read())
    with refuse_texts_as_ids(bench):
        assert bench.read(ids=[document.source_id for document in whole]) == whole


@pytest.mark.row("ION-36")
def test_a_page_that_ion_does_not_know_any_more_is_not_asked_for_again(open_bench, monkeypatch):
    monkeypatch.setattr("hub_ion.client.PAGE_SIZE", 15)
    bench = open_bench(documents=40)
    reading = hub_documents(app="ion", site=bench.site, cursors={}, ids=[])
    places = []
    while len(places) < 2:
        item = next(reading)
        if isinstance(item, Checkpoint):
            places.append(item.cursor)
    since, page, *others = places[-1].split("|")
    assert page
    expired = "|".join([since, quote("expired"), *others])
    assert {f"order:{id}" for id in range(1001, 1041)} <= unique_ids(bench.read({"": expired}))
