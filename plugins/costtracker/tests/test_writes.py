"""What CostTracker answers to a write decides whether it was delivered."""

import pytest
from hub_costtracker.lists import BATCH_SIZE

from hub import Record, Refused, Retry
from hub.testing.fakes.answers import answer_writes, change_answers, change_meanwhile

ERRORS = [
    {"code": "locked", "message": "The invoice is locked."},
    {"errors": ["locked"]},
    {"success": False},
    ["locked"],
    "locked",
]
ACCEPTED = [(200, None), (200, {}), (201, {"state": "posted"}), (202, None), (204, None)]


@pytest.fixture
def document(connected):
    return connected.case("credit note")


@pytest.mark.row("CT-B10")
@pytest.mark.parametrize("answer", ERRORS)
def test_an_error_with_the_status_200_is_no_delivery(connected, document, answer):
    with (
        answer_writes(connected, "/accounting-status", 200, answer),
        pytest.raises(Retry, match=r"locked|false"),
    ):
        connected.report(document, "posted", id="145", number="1")


@pytest.mark.row("CT-B10")
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


@pytest.mark.row("CT-B10")
def test_a_state_is_reported_for_the_version_of_the_last_change(connected, document):
    id = document.source_id.removeprefix("invoice:")
    path = f"/v1/invoices/{id}"
    write_path = f"{path}/accounting-status"

    def edit():
        connected.books.do("edit", invoice=id, header={"reference": "new"}, line={})
        return connected.books.invoice(id)["version"]

    with change_meanwhile(connected, path, write_path, edit, times=1) as versions:
        connected.report(document, "posted", id="145", number="1")
    assert connected.books.status(id)["version"] == versions[-1]
    with (
        change_meanwhile(connected, path, write_path, edit, times=3),
        pytest.raises(Retry, match="changed in CostTracker while the hub wrote to it"),
    ):
        connected.report(document, "paid", id="145", number="1")


# -- lists -----------------------------------------------------------------------------------------

CLASSES = [Record(id="c1", name="North"), Record(id="c2", name="South")]


def is_list(path, body):
    return path.endswith("/v1/master-data/classes")


def leave_out_south(answer):
    answer["imported"] = [row for row in answer["imported"] if row["external_id"] != "c2"]


def refuse_south(answer):
    for row in answer["imported"]:
        row["id"] = None if row["external_id"] == "c2" else row["id"]


@pytest.mark.row("CT-S7")
@pytest.mark.parametrize("change", [leave_out_south, refuse_south])
def test_an_entry_that_is_not_taken_has_no_link_and_a_warning_until_it_is(bench, change):
    with change_answers(bench, is_list, change):
        links = bench.push("class", CLASSES)
    assert [link.quickbooks_id for link in links] == ["c1"]
    (warning,) = bench.check().warnings
    assert warning.startswith(
        "CostTracker did not take 1 of 2 entries of the list “Class” of QuickBooks, such as"
        " “South”, so invoices cannot use them. Ask CostTracker support"
    )
    bench.set(transfer_classes=False)
    assert bench.check().warnings == ()
    bench.set(transfer_classes=True)
    assert len(bench.push("class", CLASSES)) == 2
    assert bench.check().warnings == ()


@pytest.mark.row("CT-S7")
def test_a_part_of_a_list_of_which_nothing_is_taken_keeps_no_other_part_back(bench):
    classes = [Record(id=f"c{number}", name=f"Class {number}") for number in range(BATCH_SIZE + 1)]
    last_id = classes[-1].id

    def leave_out_last(answer):
        answer["imported"] = [row for row in answer["imported"] if row["external_id"] != last_id]

    with change_answers(bench, is_list, leave_out_last):
        links = bench.push("class", classes)
    assert [link.quickbooks_id for link in links] == [record.id for record in classes[:-1]]
    (warning,) = bench.check().warnings
    assert f"did not take 1 of {len(classes)} entries" in warning


@pytest.mark.row("CT-S7")
@pytest.mark.parametrize("rows", [[], None, [{"external_id": "c1", "id": None}]])
def test_a_list_of_which_nothing_is_taken_does_not_count_as_pushed(bench, rows):
    with (
        change_answers(bench, is_list, lambda answer: answer.update(imported=rows)),
        pytest.raises(Retry, match="did not take any entry of its list classes"),
    ):
        bench.push("class", CLASSES)
    line = bench.case("without an order").lines[0]
    assert line.codes["class"].quickbooks_id is None


@pytest.mark.row("CT-S7")
@pytest.mark.parametrize("answer", ERRORS)
def test_a_list_that_is_answered_with_an_error_is_sent_again(bench, answer):
    with answer_writes(bench, "/classes", 200, answer), pytest.raises(Retry, match=r"locked|false"):
        bench.push("class", CLASSES)
