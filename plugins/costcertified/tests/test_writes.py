"""What CostCertified answers to a write decides whether it was delivered."""

import pytest

from hub import Refused, Retry
from hub.testing.fakes.answers import answer_writes, change_meanwhile

ERRORS = [
    {"code": "locked", "message": "The invoice is locked."},
    {"errors": ["locked"]},
    {"success": False},
    ["locked"],
    "locked",
]
ACCEPTED = [(200, None), (200, {}), (201, {"state": "posted"}), (202, None), (204, None)]


@pytest.fixture
def document(bench):
    return next(item for item in bench.read() if getattr(item, "kind", "") == "invoice")


@pytest.mark.parametrize("answer", ERRORS)
def test_an_error_with_the_status_200_is_no_delivery(bench, document, answer):
    with (
        answer_writes(bench, "/accounting-status", 200, answer),
        pytest.raises(Retry, match=r"locked|false"),
    ):
        bench.report(document, "posted", id="145", number="1")


@pytest.mark.parametrize(("status", "answer"), ACCEPTED)
def test_an_answer_without_content_or_with_the_state_is_a_delivery(bench, document, status, answer):
    with answer_writes(bench, "/accounting-status", status, answer) as written:
        bench.report(document, "posted", id="145", number="1")
    assert [state["state"] for state in written] == ["posted"]


def test_a_refusal_without_content_is_a_refusal(bench, document):
    with answer_writes(bench, "/accounting-status", 422, None), pytest.raises(Refused):
        bench.report(document, "posted", id="145", number="1")


def test_a_state_is_reported_for_the_version_of_the_last_change(bench, document):
    id = document.source_id.removeprefix("invoice:")
    path = f"/v1/invoices/{id}"
    write_path = f"{path}/accounting-status"

    def edit():
        bench.books.do("edit", invoice=id, fields={})
        return bench.books.row("invoices", id)["version"]

    with change_meanwhile(bench, path, write_path, edit, times=1) as versions:
        bench.report(document, "posted", id="145", number="1")
    assert bench.books.status("invoices", id)["version"] == versions[-1]
    with (
        change_meanwhile(bench, path, write_path, edit, times=3),
        pytest.raises(Retry, match="changed in CostCertified while the hub wrote to it"),
    ):
        bench.report(document, "paid", id="145", number="1")
