"""Failures of ION's servers, which ION tells in the same form as what it refuses."""

import pytest

from hub import Document, Retry
from hub.testing.fakes.answers import change_answers

MESSAGES = [
    "Too many requests, slow down.",
    "(psycopg2.OperationalError) server closed the connection unexpectedly",
    "canceling statement due to statement timeout",
    "Unknown error",
]


@pytest.mark.row("ION-39")
@pytest.mark.parametrize("message", MESSAGES)
def test_a_number_that_ion_cannot_write_now_is_written_later(open_bench, message):
    bench = open_bench(write_back="reference")
    document = next(
        item for item in bench.read() if isinstance(item, Document) and item.stage == "ready"
    )
    bench.fault("errors", call="SetReference", message=message)
    with pytest.raises(Retry, match="it is asked again later"):
        bench.report(document, "posted", id="145", number="PO-7")
    bench.report(document, "posted", id="145", number="PO-7")
    (again,) = bench.read(ids=[document.source_id])
    assert again.facts["Reference"] == "PO-7"


@pytest.mark.row("ION-39")
@pytest.mark.parametrize("message", MESSAGES)
def test_a_failure_is_no_matter_of_the_schema(bench, message):
    def fail(answer):
        answer.clear()
        answer["errors"] = [{"message": message}]

    with (
        change_answers(bench, lambda _, body: b"query Orders" in body, fail),
        pytest.raises(Retry, match="it is asked again later"),
    ):
        bench.read()
