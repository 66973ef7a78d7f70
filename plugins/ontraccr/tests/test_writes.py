"""What Ontraccr answers to a write decides whether it was delivered."""

import pytest

from hub import Document, Party, Record, Refused, Retry
from hub.testing.fakes.answers import answer_writes, change_meanwhile

ERRORS = [
    {"code": "locked", "message": "The payable is locked."},
    {"errors": ["locked"]},
    {"success": False},
    ["locked"],
    "locked",
]
ACCEPTED = [(200, None), (200, {}), (201, {"state": "posted"}), (202, None), (204, None)]


@pytest.fixture
def document(connected):
    return connected.case("a plain bill")


@pytest.mark.row("ON-B9")
@pytest.mark.parametrize("answer", ERRORS)
def test_an_error_with_the_status_200_is_no_delivery(connected, document, answer):
    with (
        answer_writes(connected, "/accounting-status", 200, answer),
        pytest.raises(Retry, match=r"locked|false"),
    ):
        connected.report(document, "posted", id="145", number="1")


@pytest.mark.row("ON-B9")
@pytest.mark.parametrize(("status", "answer"), ACCEPTED)
def test_an_answer_without_content_or_with_the_state_is_a_delivery(
    connected, document, status, answer
):
    with answer_writes(connected, "/accounting-status", status, answer) as written:
        connected.report(document, "posted", id="145", number="1")
    assert [state["state"] for state in written] == ["posted"]


def test_a_refusal_without_content_is_a_refusal(connected, document):
    with answer_writes(connected, "/accounting-status", 422, None), pytest.raises(Refused):
        connected.report(document, "posted", id="145", number="1")


@pytest.mark.row("ON-B9")
def test_a_state_is_reported_for_the_version_of_the_last_change(connected, document):
    id = document.source_id.removeprefix("payable:")
    path = f"/v1/payables/{id}"
    write_path = f"{path}/accounting-status"

    def edit():
        connected.books.do("edit", payable=id, fields={})
        return connected.books.payables[id]["version"]

    with change_meanwhile(connected, path, write_path, edit, times=1) as versions:
        connected.report(document, "posted", id="145", number="1")
    assert connected.books.status(id)["version"] == versions[-1]
    with (
        change_meanwhile(connected, path, write_path, edit, times=3),
        pytest.raises(Retry, match="changed in Ontraccr while the hub wrote to it"),
    ):
        connected.report(document, "paid", id="145", number="1")


# -- links and lists -------------------------------------------------------------------------------

VENDOR = Document(
    kind="vendor", source_id="vendor:v10", details=Party(name="Great Northern Glazing Ltd.")
)
OTHER_LINK = {"id": "v10", "name": "Great Northern Glazing Ltd.", "external_id": "77"}
NO_LINK = {**OTHER_LINK, "external_id": None}


@pytest.mark.row("ON-B4", "ON-B7")
@pytest.mark.parametrize("answer", [*ERRORS, OTHER_LINK, NO_LINK])
def test_a_link_that_ontraccr_does_not_show_is_made_again(bench, answer):
    with (
        answer_writes(bench, "/profiles/vendors/v10/link", 200, answer),
        pytest.raises(Retry, match="again later"),
    ):
        bench.report(VENDOR, "posted", id="145")
    bench.report(VENDOR, "posted", id="145")
    assert bench.books.profiles.rows["vendors"]["v10"]["external_id"] == "145"


@pytest.mark.row("ON-B2", "ON-S7")
@pytest.mark.parametrize(
    ("field", "path"),
    [("vendor", "/profiles/vendors/import"), ("purchase_account", "/purchase-accounts")],
)
@pytest.mark.parametrize("answer", ERRORS)
def test_a_list_that_is_answered_with_an_error_is_sent_again(bench, field, path, answer):
    record = Record(id="35", name="Checking", type="Bank")
    with answer_writes(bench, path, 200, answer), pytest.raises(Retry, match=r"locked|false"):
        bench.push(field, [record])
