"""What CostCertified answers to a write decides whether it was delivered."""

import json
from contextlib import contextmanager

import pytest

from hub import Refused, Retry
from hub.testing.fakes.stand_in import json_answer, text_answer
from hub.testing.fakes.wsgi import BufferedResponse, read_body

ERRORS = [
    {"code": "locked", "message": "The invoice is locked."},
    {"errors": ["locked"]},
    {"success": False},
    ["locked"],
    "locked",
]
ACCEPTED = [(200, None), (200, {}), (201, {"state": "posted"}), (202, None), (204, None)]


@contextmanager
def answered(bench, path_end, status, body):
    """Answer the writes to paths with this end in place of the stand-in; None is no content.

    Yield the list of their bodies.
    """

    def serve(environ, start):
        if environ["REQUEST_METHOD"] == "GET" or not environ["PATH_INFO"].endswith(path_end):
            return stand_in(environ, start)
        written.append(json.loads(read_body(environ)))
        if body is None:
            return text_answer(start, status, "")
        return json_answer(start, status, body)

    written = []
    bench.allow_undescribed_answers()
    with bench.replaced_by(serve) as stand_in:
        yield written


@contextmanager
def changed_meanwhile(bench, path, edit, times):
    """Refuse a state for an older version, and change the document after some readings of it.

    `edit` returns the version of the document after the change.
    """

    def serve(environ, start):
        body = read_body(environ)
        if environ["PATH_INFO"].endswith(f"{path}/accounting-status"):
            if json.loads(body)["version"] < versions[-1]:
                return json_answer(start, 409, {"code": "stale", "message": "It is older."})
            return stand_in(environ, start)
        response = BufferedResponse(stand_in, environ)
        if environ["PATH_INFO"].endswith(path) and len(versions) <= times:
            versions.append(edit())
        return response.send(start)

    versions = [edit()]
    with bench.replaced_by(serve) as stand_in:
        yield versions


@pytest.fixture
def document(bench):
    return next(item for item in bench.read() if getattr(item, "kind", "") == "invoice")


@pytest.mark.parametrize("answer", ERRORS)
def test_an_error_with_the_status_200_is_no_delivery(bench, document, answer):
    with (
        answered(bench, "/accounting-status", 200, answer),
        pytest.raises(Retry, match=r"locked|false"),
    ):
        bench.report(document, "posted", id="145", number="1")


@pytest.mark.parametrize(("status", "answer"), ACCEPTED)
def test_an_answer_without_content_or_with_the_state_is_a_delivery(bench, document, status, answer):
    with answered(bench, "/accounting-status", status, answer) as written:
        bench.report(document, "posted", id="145", number="1")
    assert [state["state"] for state in written] == ["posted"]


def test_a_refusal_without_content_is_a_refusal(bench, document):
    with answered(bench, "/accounting-status", 422, None), pytest.raises(Refused):
        bench.report(document, "posted", id="145", number="1")


def test_a_state_is_reported_for_the_version_of_the_last_change(bench, document):
    id = document.source_id.removeprefix("invoice:")

    def edit():
        bench.books.do("edit", invoice=id, fields={})
        return bench.books.row("invoices", id)["version"]

    with changed_meanwhile(bench, f"/v1/invoices/{id}", edit, times=1) as versions:
        bench.report(document, "posted", id="145", number="1")
    assert bench.books.status("invoices", id)["version"] == versions[-1]
    with (
        changed_meanwhile(bench, f"/v1/invoices/{id}", edit, times=3),
        pytest.raises(Retry, match="changed in CostCertified while the hub wrote to it"),
    ):
        bench.report(document, "paid", id="145", number="1")
