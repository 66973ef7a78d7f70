"""Receipts to the source: queued, sent in order, and retried until accepted or refused."""

import pytest
from sqlalchemy import select

from hub.context import Ending
from hub.db import engine
from hub.errors import NeedsAttention, Refused, Retry, TooOften
from hub.models import ReceiptRow
from hub.posting import receipt_delivery
from hub.sources import outage


def deliver(desk):
    return receipt_delivery.deliver(desk.installation_id)


def test_a_posted_bill_is_reported_with_its_id(desk):
    id = desk.bill()
    desk.drain()
    assert deliver(desk) == 1
    assert desk.source.receipts == [("A-1", "posted", desk.posting(id).quickbooks_id)]
    assert deliver(desk) == 0


def test_a_receipt_that_was_not_sent_is_replaced_by_a_newer_one(desk):
    id = desk.bill()
    desk.review(id)
    desk.drain()
    assert desk.receipts() == [("queued", "")]
    desk.release(id)
    desk.drain()
    assert desk.receipts() == [("queued", "replaced"), ("posted", "")]


def test_a_refused_bill_is_reported_as_failed_with_the_reason(desk):
    desk.bill(vendor="99999")
    desk.drain()
    deliver(desk)
    assert desk.source.receipts == [("A-1", "failed", None)]


def test_a_receipt_is_repeated_with_growing_pauses(desk):
    desk.bill()
    desk.drain()
    desk.source.refuses = Retry("Bench is busy.")
    for pause in (0, 60, 300, 900):
        desk.pass_time(pause - 1)
        deliver(desk)
        assert desk.tries() == [0, 60, 300, 900].index(pause)
        desk.pass_time(1)
        deliver(desk)
    desk.source.refuses = None
    desk.pass_time(3600)
    assert deliver(desk) == 1


@pytest.mark.parametrize(
    ("busy", "seconds"),
    [(Retry("Bench is moving.", after=120), 120), (TooOften("bench.test", "Bench"), 60)],
)
def test_a_source_that_wants_to_be_left_alone_is_asked_no_more_till_then(desk, busy, seconds):
    for number in ("A-1", "A-2", "A-3"):
        desk.bill(number)
    desk.drain()
    desk.source.refuses = busy
    assert deliver(desk) == 0
    with engine.read_only_session() as session:
        assert sorted(session.scalars(select(ReceiptRow.error))) == ["", "", busy.text]
    desk.source.refuses = None
    desk.pass_time(seconds - 1)
    assert deliver(desk) == 0
    desk.pass_time(1)
    assert deliver(desk) == 3


def test_receipts_delivered_before_the_hub_ends_are_not_repeated(desk):
    for number in ("A-1", "A-2", "A-3"):
        desk.bill(number)
    desk.drain()

    def end(reported):
        if reported == 2:
            raise Ending

    desk.source.after_report = end
    with pytest.raises(Ending):
        deliver(desk)
    assert deliver(desk) == 2
    assert [number for number, *_ in desk.source.receipts] == ["A-1", "A-2", "A-2", "A-3"]


def test_a_receipt_that_is_replaced_while_others_are_reported_is_not_reported(desk):
    for number in ("A-1", "A-2"):
        desk.bill(number)
    desk.drain()

    def report_slowly(reported):
        desk.pass_time(receipt_delivery.GROUP_SECONDS)
        if reported == 1:
            with engine.transaction() as session:
                newest = session.scalars(select(ReceiptRow).order_by(ReceiptRow.id.desc())).first()
                newest.ended, newest.next_try_at = "replaced", None

    desk.source.after_report = report_slowly
    assert deliver(desk) == 1
    assert [number for number, *_ in desk.source.receipts] == ["A-1"]


def test_a_case_stays_open_if_the_source_took_receipts_only_before_it(desk):
    for number in ("A-1", "A-2"):
        desk.bill(number)
    desk.drain()

    def need_a_person(reported):
        if reported == 2:
            raise NeedsAttention("Bench no longer accepts the key.")

    desk.source.after_report = need_a_person
    assert deliver(desk) == 1
    assert desk.cases() == ["Bench does not accept receipts"]


def test_a_refused_receipt_ends_with_a_warning(desk):
    id = desk.bill()
    desk.drain()
    desk.source.refuses = Refused("Bench has closed this invoice.")
    deliver(desk)
    assert desk.receipts() == [("posted", "refused")]
    assert "Bench has closed this invoice." in desk.posting(id).warnings[0]


def test_a_source_that_needs_a_person_is_a_case_until_it_takes_receipts_again(desk):
    desk.bill()
    desk.drain()
    desk.source.refuses = NeedsAttention("Bench no longer accepts the key.")
    deliver(desk)
    assert desk.cases() == ["Bench does not accept receipts"]
    desk.source.refuses = None
    desk.pass_time(60)
    deliver(desk)
    assert desk.cases() == []


@pytest.mark.parametrize("error", [Retry("Bench is away."), TypeError("a defect of the plugin")])
def test_a_receipt_that_keeps_failing_for_an_hour_is_a_case_until_it_arrives(desk, error):
    desk.bill()
    desk.drain()
    desk.source.refuses = error
    for pause in (0, 60, 300):
        desk.pass_time(pause)
        deliver(desk)
    assert desk.cases() == [], "it may still be short"
    for pause in (900, 3600):
        desk.pass_time(pause)
        deliver(desk)
    assert desk.cases() == ["Bench does not accept receipts"]

    desk.source.refuses = None
    desk.pass_time(6 * 3600)
    assert deliver(desk) == 1
    assert desk.cases() == []


def test_the_case_of_a_receipt_that_keeps_failing_stays_while_others_arrive(desk):
    desk.bill("A-1")
    desk.drain()
    desk.source.refuses = Retry("Bench is away.")
    for pause in (0, 60, 300, 900, 3600):
        desk.pass_time(pause)
        deliver(desk)
    desk.source.refuses = None
    desk.bill("A-2")
    desk.drain()
    assert deliver(desk) == 1
    assert desk.cases() == ["Bench does not accept receipts"]


def test_a_source_that_cannot_be_read_either_has_one_case(desk):
    desk.bill()
    desk.drain()
    desk.source.refuses = Retry("Bench is away.")
    outage.note_failure(desk.installation_id, Retry("Bench is away."))
    for pause in (0, 60, 300, 900, 3600):
        desk.pass_time(pause)
        deliver(desk)
    outage.report(desk.installation_id)
    assert desk.cases() == ["Bench cannot be read"]


@pytest.mark.parametrize("is_outage", [True, False])
def test_a_receipt_that_failed_is_repeated_at_once_after_an_outage_only(desk, is_outage):
    desk.bill()
    desk.drain()
    desk.source.refuses = Retry("Bench is away.")
    if is_outage:
        outage.note_failure(desk.installation_id, Retry("Bench is away."))
    for pause in (0, 60, 300, 900, 3600):
        desk.pass_time(pause)
        deliver(desk)
    desk.source.refuses = None
    desk.pass_time(60)
    outage.note_success(desk.installation_id)
    assert deliver(desk) == is_outage


def test_a_held_document_is_reported_once(desk):
    id = desk.bill()
    desk.hold(id, "mapping", "The supplier is not matched.")
    desk.drain()
    desk.drain()
    deliver(desk)
    assert desk.source.receipts == [("A-1", "held", None)]
