"""Attachments are sent once after their bill, and a failed one never undoes it."""

import re

import pytest

from hub.errors import Retry
from hub.posting.actions import retries
from hub.posting.recovery.resolve import MAX_CONSECUTIVE_FAILURES
from hub.qbo import payloads
from hub.qbo.client import MAX_READ_ATTEMPTS
from qbo_sandbox.api import uploads
from tests.support.hub_environment import QUICKBOOKS


def files(desk):
    return desk.quickbooks.select("select * from Attachable").get("Attachable", [])


@pytest.mark.row("CT-B8")
def test_a_file_follows_its_bill(desk):
    bill = desk.bill()
    file = desk.attach(bill)
    desk.drain()
    (stored,) = files(desk)
    assert (desk.state(file), stored["FileName"]) == ("posted", "scan.pdf")
    assert stored["AttachableRef"][0]["EntityRef"] == {
        "type": "Bill",
        "value": desk.posting(bill).quickbooks_id,
    }


def test_several_files_of_a_bill_are_all_delivered_one_after_the_other(desk):
    bill = desk.bill()
    ids = [desk.attach(bill, name=f"page {n}.pdf") for n in range(3)]
    desk.drain()
    assert [desk.state(id) for id in ids] == ["posted"] * 3
    assert {file["FileName"] for file in files(desk)} == {"page 0.pdf", "page 1.pdf", "page 2.pdf"}


@pytest.mark.parametrize(
    ("name", "mime"),
    [
        ("scan.pdf", "application/pdf\r\nX-Injected: 1"),
        ("scan.pdf", "application/pdf\nX-Injected: 1"),
        ("scan.pdf", "text/html\r\n\r\nX-Injected: 1"),
        ('scan"\r\nX-Injected: 1.pdf', "application/pdf"),
    ],
)
def test_a_name_or_type_of_a_file_adds_no_header(desk, monkeypatch, name, mime):
    adapter = desk.app.extensions["hub"].mounts[QUICKBOOKS]
    bodies = []
    send = adapter.send

    def record(request, **options):
        bodies.append(request.body or b"")
        return send(request, **options)

    monkeypatch.setattr(adapter, "send", record)
    file = desk.attach(desk.bill(), name=name, mime=mime)
    desk.drain()
    assert desk.state(file) == "posted"
    [upload] = [body for body in bodies if b"file_content_01" in body]
    headers = re.findall(rb"^([\w-]+):", upload, re.MULTILINE)
    assert set(headers) == {b"Content-Disposition", b"Content-Type"}


@pytest.mark.parametrize("fault", ["lose_answer", "lose_request", "truncate"])
def test_a_file_whose_answer_was_lost_is_looked_for_before_it_is_sent_again(desk, fault):
    desk.quickbooks.add_fault(fault, "upload")
    file = desk.attach(desk.bill())
    desk.drain(wait_for_doubts=True)
    assert (desk.state(file), len(files(desk))) == ("posted", 1)


@pytest.fixture
def files_in_doubt(desk):
    """Provide five files whose responses were lost, so long ago that they may be searched for."""
    desk.quickbooks.add_fault("lose_answer", "upload", count=5)
    ids = [desk.attach(desk.bill(f"A-{n}")) for n in range(5)]
    desk.drain()
    desk.pass_time(200)
    return ids


def test_a_file_that_could_not_be_looked_for_stops_no_other(desk, files_in_doubt):
    desk.quickbooks.add_fault("lose_answer", "query.attachable", count=MAX_READ_ATTEMPTS)
    desk.drain()
    assert ([desk.state(id) for id in files_in_doubt], len(files(desk))) == (["posted"] * 5, 5)


def test_a_quickbooks_that_answers_nothing_is_not_asked_for_every_file(desk, files_in_doubt):
    desk.quickbooks.add_fault("lose_answer", "query.attachable", count=0)
    before = len(desk.sent("query.attachable"))
    desk.drain()
    assert (
        len(desk.sent("query.attachable")) - before == MAX_CONSECUTIVE_FAILURES * MAX_READ_ATTEMPTS
    )


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("run.exe", b"MZ", "does not accept files like run.exe"),
        ("scan.pdf", b"", "is empty"),
        ("scan.pdf", b"\n<!DOCTYPE html><title>Sign in</title>", "is a web page"),
        ("scan.pdf", b"x" * (20 * 1024 * 1024 + 1), "QuickBooks allows 20"),
    ],
)
def test_a_bad_file_is_held_with_its_reason_and_the_bill_stays_posted(desk, name, content, reason):
    bill = desk.bill()
    file = desk.attach(bill, content, name)
    desk.drain()
    assert (desk.state(bill), desk.state(file), desk.sent("upload")) == ("posted", "held", [])
    assert reason in desk.posting(file).reason
    assert desk.cases() == ["A file could not be attached"]


def test_a_file_that_the_source_cannot_hand_over_is_held_and_may_be_tried_again(desk):
    file = desk.attach(desk.bill())
    content = desk.source.files.pop("scan.pdf")
    desk.drain()
    assert desk.state(file) == "held"
    desk.source.files["scan.pdf"] = content
    retries.retry(file, "kari")
    desk.drain()
    assert (desk.state(file), desk.cases()) == ("posted", [])


def test_a_file_of_a_busy_source_is_fetched_again_automatically(desk):
    bill = desk.bill()
    file = desk.attach(bill)
    desk.source.busy = Retry("Bench is busy.")
    desk.drain()
    assert (desk.state(bill), desk.state(file)) == ("posted", "ready")
    desk.source.busy = None
    desk.pass_time(600)
    desk.drain()
    assert desk.state(file) == "posted"


def test_a_file_that_does_not_arrive_for_an_hour_is_a_case_until_it_is_attached(desk):
    bill = desk.bill()
    file = desk.attach(bill)
    desk.source.busy = Retry("Bench is busy.")
    for _ in range(6):
        desk.drain()
        assert desk.cases() == [], "it may still be short"
        desk.pass_time(600)
    desk.drain()
    assert (desk.state(bill), desk.state(file)) == ("posted", "ready")
    assert desk.cases() == ["A file could not be fetched yet"]
    desk.pass_time(600)
    desk.drain()
    assert desk.cases() == ["A file could not be fetched yet"]

    desk.source.busy = None
    desk.pass_time(600)
    desk.drain()
    assert (desk.state(file), desk.cases()) == ("posted", [])


@pytest.mark.parametrize(
    "name", ["Faktura nr 5 – kopi æøå.pdf", 'a "b" (2).pdf', "50 % off; x=y.pdf", "名.pdf"]
)
def test_a_file_keeps_its_name(desk, name):
    file = desk.attach(desk.bill(), name=name)
    desk.drain()
    assert ([stored["FileName"] for stored in files(desk)], desk.cases()) == ([name], [])
    assert desk.state(file) == "posted"


def test_a_file_that_quickbooks_took_but_did_not_attach_is_put_before_a_person(desk, monkeypatch):
    whole = uploads._metadata

    def metadata_without_link(part):
        return {name: value for name, value in whole(part).items() if name != "AttachableRef"}

    monkeypatch.setattr(uploads, "_metadata", metadata_without_link)
    bill = desk.bill()
    file = desk.attach(bill)
    desk.drain()
    assert (desk.state(bill), desk.state(file), desk.cases()) == (
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
    assert payloads.file_differences({"FileName": "a.pdf", "AttachableRef": [link]}, 4, entity) == [
        "It is called b.pdf there, not a.pdf.",
        "QuickBooks has 3 bytes of it, 4 were sent.",
        "It is not attached to Bill 7 there.",
    ]
