"""Attachments are sent once after their bill, and a failed one never undoes it."""

import datetime as dt
import re

import pytest
from sqlalchemy import select

from hub import payloads
from hub.crypto.vault import KeyMissing
from hub.db.engine import read_only_session
from hub.errors import Retry
from hub.models import Case
from hub.posting.actions import manual, retries
from hub.posting.recovery.resolve import MAX_CONSECUTIVE_FAILURES
from hub.qbo.client import MAX_READ_ATTEMPTS, Client
from qbo_sandbox.api import uploads
from tests.support.rows.stored_cases import CaseTitle
from tests.support.runs.hub_environment import QUICKBOOKS


def files(bench):
    return bench.quickbooks.select("select * from Attachable").get("Attachable", [])


@pytest.mark.row("CT-B8")
def test_a_file_follows_its_bill(bench):
    bill = bench.bill()
    file = bench.attach(bill)
    bench.drain()
    (stored,) = files(bench)
    assert (bench.state(file), stored["FileName"]) == ("posted", "scan.pdf")
    assert stored["AttachableRef"][0]["EntityRef"] == {
        "type": "Bill",
        "value": bench.posting(bill).quickbooks_id,
    }


def test_a_file_of_which_the_source_does_not_say_the_type_is_attached(bench):
    file = bench.attach(bench.bill(), mime="")
    bench.drain()
    assert (bench.state(file), len(files(bench))) == ("posted", 1)


def test_a_file_whose_name_has_no_suffix_gets_that_of_its_type(bench):
    file = bench.attach(bench.bill(), name="Faktura 1042", mime="application/pdf")
    bench.drain()
    (stored,) = files(bench)
    assert (bench.state(file), stored["FileName"]) == ("posted", "Faktura 1042.pdf")


def test_a_file_whose_size_the_source_states_as_text_is_attached(bench):
    file = bench.attach(bench.bill(), size="5")
    bench.drain()
    assert (bench.state(file), len(files(bench))) == ("posted", 1)


def test_several_files_of_a_bill_are_all_delivered_one_after_the_other(bench):
    bill = bench.bill()
    ids = [bench.attach(bill, name=f"page {n}.pdf") for n in range(3)]
    bench.drain()
    assert [bench.state(id) for id in ids] == ["posted"] * 3
    assert {file["FileName"] for file in files(bench)} == {"page 0.pdf", "page 1.pdf", "page 2.pdf"}


def test_a_defect_while_a_file_is_fetched_is_the_plugins_and_in_the_log(bench, caplog):
    file = bench.attach(bench.bill())
    bench.source.busy = KeyError("file")
    bench.drain()
    assert bench.state(file) == "held"
    reason = "The plugin failed while it fetched the file (KeyError: 'file')."
    assert reason in bench.posting(file).reason
    assert "bench failed to open a file" in caplog.text


@pytest.mark.parametrize(
    ("name", "mime"),
    [
        ("scan.pdf", "application/pdf\r\nX-Injected: 1"),
        ("scan.pdf", "application/pdf\nX-Injected: 1"),
        ("scan.pdf", "text/html\r\n\r\nX-Injected: 1"),
        ('scan"\r\nX-Injected: 1.pdf', "application/pdf"),
    ],
)
def test_a_name_or_type_of_a_file_adds_no_header(bench, monkeypatch, name, mime):
    adapter = bench.app.extensions["hub"].mounts[QUICKBOOKS]
    bodies = []
    send = adapter.send

    def record(request, **options):
        bodies.append(request.body or b"")
        return send(request, **options)

    monkeypatch.setattr(adapter, "send", record)
    file = bench.attach(bench.bill(), name=name, mime=mime)
    bench.drain()
    assert bench.state(file) == "posted"
    [upload] = [body for body in bodies if b"file_content_01" in body]
    headers = re.findall(rb"^([\w-]+):", upload, re.MULTILINE)
    assert set(headers) == {b"Content-Disposition", b"Content-Type"}


@pytest.mark.parametrize("fault", ["lose_answer", "lose_request", "truncate"])
def test_a_file_whose_answer_was_lost_is_looked_for_before_it_is_sent_again(bench, fault):
    bench.quickbooks.add_fault(fault, "upload")
    file = bench.attach(bench.bill())
    bench.drain(wait_for_doubts=True)
    assert (bench.state(file), len(files(bench))) == ("posted", 1)


def test_a_list_of_files_that_came_empty_has_no_file_sent_again(bench, monkeypatch):
    bench.quickbooks.switch(requestid="ignore")
    bench.quickbooks.add_fault("lose_answer", "upload")
    file = bench.attach(bench.bill())
    bench.drain()
    query, left = Client.query, [1]

    def emptied(self, text, **at):
        response = query(self, text, **at)
        if "Attachable" in text and left[0]:
            left[0] -= 1
            (response.entity or {}).pop("Attachable", None)
        return response

    monkeypatch.setattr(Client, "query", emptied)
    bench.drain(wait_for_doubts=True)
    monkeypatch.undo()
    assert (bench.state(file), len(files(bench))) == ("posted", 1)


@pytest.fixture
def files_in_doubt(bench):
    """Provide five files whose responses were lost, so long ago that they may be searched for."""
    bench.quickbooks.add_fault("lose_answer", "upload", count=5)
    ids = [bench.attach(bench.bill(f"A-{n}")) for n in range(5)]
    bench.drain()
    bench.pass_time(200)
    return ids


def test_a_file_that_could_not_be_looked_for_stops_no_other(bench, files_in_doubt):
    bench.quickbooks.add_fault("lose_answer", "query.attachable", count=MAX_READ_ATTEMPTS)
    bench.drain()
    assert ([bench.state(id) for id in files_in_doubt], len(files(bench))) == (["posted"] * 5, 5)


def test_a_quickbooks_that_answers_nothing_is_not_asked_for_every_file(bench, files_in_doubt):
    bench.quickbooks.add_fault("lose_answer", "query.attachable", count=0)
    before = len(bench.sent("query.attachable"))
    bench.drain()
    assert (
        len(bench.sent("query.attachable")) - before == MAX_CONSECUTIVE_FAILURES * MAX_READ_ATTEMPTS
    )


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("run.exe", b"MZ", "does not accept files like run.exe"),
        ("scan.pdf", b"", "is empty"),
        ("scan.pdf", b"\n<!DOCTYPE html><title>Sign in</title>", "is a web page"),
        ("scan.pdf", b"\xef\xbb\xbf\r\n<!DOCTYPE html><title>Sign in</title>", "is a web page"),
        ("scan.pdf", b"x" * (20 * 1024 * 1024 + 1), "the hub attaches files of at most 20 MB"),
    ],
)
def test_a_bad_file_is_held_with_its_reason_and_the_bill_stays_posted(bench, name, content, reason):
    bill = bench.bill()
    file = bench.attach(bill, content, name)
    bench.drain()
    assert (bench.state(bill), bench.state(file), bench.sent("upload")) == ("posted", "held", [])
    assert reason in bench.posting(file).reason
    assert bench.cases() == ["A file could not be attached"]


def test_a_file_that_the_source_cannot_hand_over_is_held_and_may_be_tried_again(bench):
    file = bench.attach(bench.bill())
    content = bench.source.files.pop("scan.pdf")
    bench.drain()
    assert bench.state(file) == "held"
    bench.source.files["scan.pdf"] = content
    retries.retry(file, "kari")
    bench.drain()
    assert (bench.state(file), bench.cases()) == ("posted", [])


def list_file_cases():
    """Return the ids and titles of all cases, closed ones included."""
    with read_only_session() as session:
        return [(case.id, CaseTitle.of(case)) for case in session.scalars(select(Case))]


def test_a_file_that_is_tried_again_in_vain_keeps_its_case(bench):
    file = bench.attach(bench.bill())
    bench.source.files.clear()
    bench.drain()
    failed = list_file_cases()
    retries.retry(file, "kari")
    bench.drain()
    assert list_file_cases() == failed == [(failed[0][0], "A file could not be attached")]

    bench.source.busy = Retry("Bench is busy.")
    retries.retry(file, "kari")
    bench.drain()
    assert list_file_cases() == [(failed[0][0], "A file could not be fetched yet")]
    bench.source.busy = None
    bench.source.files["scan.pdf"] = b"%PDF-1.4 paid"
    bench.pass_time(600)
    bench.drain()
    assert (bench.state(file), bench.cases()) == ("posted", [])


def test_a_file_that_is_late_for_hours_keeps_its_case(bench):
    bench.attach(bench.bill())
    bench.source.busy = Retry("Bench is busy.")
    for _ in range(20):
        bench.drain()
        bench.pass_time(900)
    assert [title for _, title in list_file_cases()] == ["A file could not be fetched yet"]


def test_a_file_that_came_with_a_skipped_change_says_so(bench):
    bill = bench.bill()
    bench.drain()
    change = bench.change(bill, total="120.00")
    file = bench.attach(change)
    manual.skip(change, "Not ours", "kari")
    bench.drain()
    assert bench.state(file) == "withdrawn"
    assert bench.posting(file).reason.startswith("The change with which it came was skipped.")


@pytest.mark.parametrize(
    "problem", [Retry("Bench is busy."), KeyMissing("installation:1:api_key", "newest")]
)
def test_a_file_that_cannot_be_fetched_now_is_fetched_again_automatically(bench, problem):
    """The source is busy, or the keys were rotated and this process has the old one only."""
    bill = bench.bill()
    file = bench.attach(bill)
    bench.source.busy = problem
    bench.drain()
    assert (bench.state(bill), bench.state(file)) == ("posted", "ready")
    bench.source.busy = None
    bench.pass_time(600)
    bench.drain()
    assert bench.state(file) == "posted"


def test_a_file_that_does_not_arrive_for_an_hour_is_a_case_until_it_is_attached(bench):
    bill = bench.bill()
    file = bench.attach(bill)
    bench.source.busy = Retry("Bench is busy.")
    for _ in range(6):
        bench.drain()
        assert bench.cases() == [], "it may still be short"
        bench.pass_time(600)
    bench.drain()
    assert (bench.state(bill), bench.state(file)) == ("posted", "ready")
    assert bench.cases() == ["A file could not be fetched yet"]
    bench.pass_time(600)
    bench.drain()
    assert bench.cases() == ["A file could not be fetched yet"]

    bench.source.busy = None
    bench.pass_time(600)
    bench.drain()
    assert (bench.state(file), bench.cases()) == ("posted", [])


def test_a_file_that_does_not_arrive_is_a_case_although_the_clock_was_set_back(bench):
    file = bench.attach(bench.bill())
    bench.source.busy = Retry("Bench is busy.")
    bench.drain()
    bench.clock.set(bench.clock.now() - dt.timedelta(days=30))
    for _ in range(8):
        bench.pass_time(600)
        bench.drain()
    assert bench.cases() == ["A file could not be fetched yet"]
    bench.source.busy = None
    bench.pass_time(600)
    bench.drain()
    assert (bench.state(file), bench.cases()) == ("posted", [])


@pytest.mark.parametrize(
    "name", ["Faktura nr 5 – kopi æøå.pdf", 'a "b" (2).pdf', "50 % off; x=y.pdf", "名.pdf"]
)
def test_a_file_keeps_its_name(bench, name):
    file = bench.attach(bench.bill(), name=name)
    bench.drain()
    assert ([stored["FileName"] for stored in files(bench)], bench.cases()) == ([name], [])
    assert bench.state(file) == "posted"


def test_a_file_that_quickbooks_took_but_did_not_attach_is_put_before_a_person(bench, monkeypatch):
    whole = uploads._read_metadata

    def metadata_without_link(part):
        return {name: value for name, value in whole(part).items() if name != "AttachableRef"}

    monkeypatch.setattr(uploads, "_read_metadata", metadata_without_link)
    bill = bench.bill()
    file = bench.attach(bill)
    bench.drain()
    assert (bench.state(bill), bench.state(file), bench.cases()) == (
        "posted",
        "posted",
        ["A file is not attached correctly"],
    )


def test_differences_of_an_attached_file_are_described():
    link = {"EntityRef": {"type": "Bill", "value": "7"}}
    entity = {
        "FileName": "b.pdf",
        "Size": 3,
        "AttachableRef": [{"EntityRef": {"type": "Bill", "value": "8"}}],
    }
    assert payloads.find_file_differences(
        {"FileName": "a.pdf", "AttachableRef": [link]}, 4, entity
    ) == [
        "It is called b.pdf there, not a.pdf.",
        "QuickBooks has 3 bytes of it, 4 were sent.",
        "It is not attached to Bill 7 there.",
    ]
