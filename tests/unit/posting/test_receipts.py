"""Receipts to the source: queued, sent in order, and retried until accepted or refused."""

import datetime as dt

import pytest
from sqlalchemy import select

from hub.context import Ending
from hub.contract.hookspecs import hookimpl
from hub.contract.registry import Plugins
from hub.contract.states import ReceiptState
from hub.db import engine
from hub.errors import HostNotAllowed, NeedsAttention, Refused, Retry, TooOften
from hub.http.exchange import HttpResponse
from hub.http.response import HttpReply, MaskedCall
from hub.models import Installation, Posting, ReceiptRow
from hub.posting import receipt_delivery, receipts
from hub.posting.actions import manual
from hub.scheduling import retention
from hub.sources import outage
from tests.support.rows.posting_bench import PostingBench


def deliver(bench):
    return receipt_delivery.deliver(bench.installation_id)


def test_a_posted_bill_is_reported_with_its_id(bench):
    id = bench.bill()
    bench.drain()
    assert deliver(bench) == 1
    assert bench.source.receipts == [("A-1", "posted", bench.posting(id).quickbooks_id)]
    assert deliver(bench) == 0


def test_a_receipt_that_was_not_sent_is_replaced_by_a_newer_one(bench):
    id = bench.bill()
    bench.review(id)
    bench.drain()
    assert bench.receipts() == [("queued", "")]
    bench.release(id)
    bench.drain()
    assert bench.receipts() == [("queued", "replaced"), ("posted", "")]


def test_a_refused_bill_is_reported_as_failed_with_the_reason(bench):
    bench.bill(vendor="99999")
    bench.drain()
    deliver(bench)
    assert bench.source.receipts == [("A-1", "failed", None)]


def test_a_receipt_is_repeated_with_growing_pauses(bench):
    bench.bill()
    bench.drain()
    bench.source.refuses = Retry("Bench is busy.")
    for pause in (0, 60, 300, 900):
        bench.pass_time(pause - 1)
        deliver(bench)
        assert bench.tries() == [0, 60, 300, 900].index(pause)
        bench.pass_time(1)
        deliver(bench)
    bench.source.refuses = None
    bench.pass_time(3600)
    assert deliver(bench) == 1


@pytest.mark.parametrize(
    ("busy", "seconds"),
    [(Retry("Bench is moving.", after=120), 120), (TooOften("bench.test", "Bench"), 60)],
)
def test_a_source_that_asks_for_a_pause_is_not_called_before_its_end(bench, busy, seconds):
    for number in ("A-1", "A-2", "A-3"):
        bench.bill(number)
    bench.drain()
    bench.source.refuses = busy
    assert deliver(bench) == 0
    with engine.read_only_session() as session:
        assert sorted(session.scalars(select(ReceiptRow.error))) == ["", "", busy.text]
    bench.source.refuses = None
    bench.pass_time(seconds - 1)
    assert deliver(bench) == 0
    bench.pass_time(1)
    assert deliver(bench) == 3


def test_pauses_that_a_source_asks_for_do_not_lengthen_those_after_failures(bench):
    for number in ("A-1", "A-2"):
        bench.bill(number)
    bench.drain()
    bench.source.refuses = TooOften("bench.test", "Bench")
    for _ in range(6):
        deliver(bench)
        bench.pass_time(60)
    bench.source.refuses = Retry("Bench is away.")
    deliver(bench)
    bench.source.refuses = None
    bench.pass_time(300)
    assert deliver(bench) == 2


def test_receipts_delivered_before_the_hub_ends_are_not_repeated(bench):
    for number in ("A-1", "A-2", "A-3"):
        bench.bill(number)
    bench.drain()

    def end(reported):
        if reported == 2:
            raise Ending

    bench.source.after_report = end
    with pytest.raises(Ending):
        deliver(bench)
    assert deliver(bench) == 2
    assert [number for number, *_ in bench.source.receipts] == ["A-1", "A-2", "A-2", "A-3"]


def test_receipts_that_are_left_when_the_app_is_paused_wait(bench, monkeypatch):
    monkeypatch.setattr(receipt_delivery, "GROUP_SIZE", 1)
    for number in ("A-1", "A-2"):
        bench.bill(number)
    bench.drain()

    def set_mode(mode):
        with engine.transaction() as session:
            session.get_one(Installation, bench.installation_id).mode = mode

    bench.source.after_report = lambda reported: set_mode("paused")
    assert (deliver(bench), deliver(bench)) == (1, 0)
    set_mode("auto")
    assert deliver(bench) == 1
    assert [number for number, _, _ in bench.source.receipts] == ["A-1", "A-2"]


def test_a_receipt_that_is_replaced_while_others_are_reported_is_not_reported(bench):
    for number in ("A-1", "A-2"):
        bench.bill(number)
    bench.drain()

    def report_slowly(reported):
        bench.pass_time(receipt_delivery.GROUP_SECONDS)
        if reported == 1:
            with engine.transaction() as session:
                newest = session.scalars(select(ReceiptRow).order_by(ReceiptRow.id.desc())).first()
                newest.ended, newest.next_try_at = "replaced", None

    bench.source.after_report = report_slowly
    assert deliver(bench) == 1
    assert [number for number, *_ in bench.source.receipts] == ["A-1"]


def test_a_case_stays_open_if_the_source_took_receipts_only_before_it(bench):
    for number in ("A-1", "A-2"):
        bench.bill(number)
    bench.drain()

    def need_a_person(reported):
        if reported == 2:
            raise NeedsAttention("Bench no longer accepts the key.")

    bench.source.after_report = need_a_person
    assert deliver(bench) == 1
    assert bench.cases() == ["Bench does not accept receipts"]


def test_a_refused_receipt_ends_with_a_warning(bench):
    id = bench.bill()
    bench.drain()
    bench.source.refuses = Refused("Bench has closed this invoice.")
    deliver(bench)
    assert bench.receipts() == [("posted", "refused")]
    assert "Bench has closed this invoice." in bench.posting(id).warnings[0]


@pytest.mark.parametrize("reply", [None, b"<html>404 Not Found</html>"])
def test_a_receipt_is_repeated_while_no_api_answers_at_the_address(bench, reply):
    """The operator forgot to allow the address, or another server answers there for a while."""

    def call_source(reported):
        if reply is None:
            raise HostNotAllowed("Bench", "10.0.0.7", lacks="public")
        call = MaskedCall("Bench", "PUT", "https://bench.example/bills/7")
        HttpReply(call, HttpResponse(404, {}, reply)).check()

    bench.bill()
    bench.drain()
    bench.source.after_report = call_source
    for pause in (0, 60, 300, 900, 3600):
        assert bench.cases() == [], "another server may answer only for a moment"
        bench.pass_time(pause)
        assert deliver(bench) == 0
    assert (bench.receipts(), bench.cases()) == (
        [("posted", "")],
        ["Bench does not accept receipts"],
    )
    bench.source.after_report = lambda reported: None
    bench.pass_time(6 * 3600)
    assert deliver(bench) == 1
    assert (bench.receipts(), bench.cases()) == ([("posted", "delivered")], [])


def test_the_warning_about_a_refused_receipt_has_its_state_in_words(app, quickbooks, clock):
    bench = PostingBench(app, quickbooks, clock, wants=("part_paid",))
    id = bench.bill()
    bench.drain()
    with engine.transaction() as session:
        posting = session.get_one(Posting, id)
        receipts.queue(session, posting.document, ReceiptState.PART_PAID, posting=posting)
    bench.source.refuses = Refused("Bench has closed this invoice.")
    deliver(bench)
    (warning,) = bench.posting(id).warnings
    assert warning.startswith("The source did not accept the receipt that it is part paid: Bench")


def test_a_receipt_that_the_source_refuses_reaches_the_plugins_without_apps(bench):
    class Listener:
        __name__ = "listener"

        def __init__(self):
            self.heard = []

        @hookimpl
        def hub_report(self, app, site, document, receipt):
            self.heard.append((document.source_id, receipt.state))

    listener = Listener()
    plugins = Plugins.load([bench.source, listener], installed=False)
    object.__setattr__(bench.app.extensions["hub"], "plugins", plugins)
    bench.bill()
    bench.drain()
    bench.source.refuses = Refused("Bench has closed this invoice.")
    deliver(bench)
    assert listener.heard == [("A-1", "posted")]
    assert bench.receipts() == [("posted", "refused")]


def test_a_source_that_needs_a_person_is_a_case_until_it_takes_receipts_again(bench):
    bench.bill()
    bench.drain()
    bench.source.refuses = NeedsAttention("Bench no longer accepts the key.")
    deliver(bench)
    assert bench.cases() == ["Bench does not accept receipts"]
    bench.source.refuses = None
    bench.pass_time(60)
    deliver(bench)
    assert bench.cases() == []


@pytest.mark.parametrize("error", [Retry("Bench is away."), TypeError("a defect of the plugin")])
def test_a_receipt_that_keeps_failing_for_an_hour_is_a_case_until_it_arrives(bench, error):
    bench.bill()
    bench.drain()
    bench.source.refuses = error
    for pause in (0, 60, 300):
        bench.pass_time(pause)
        deliver(bench)
    assert bench.cases() == [], "it may still be short"
    for pause in (900, 3600):
        bench.pass_time(pause)
        deliver(bench)
    assert bench.cases() == ["Bench does not accept receipts"]

    bench.source.refuses = None
    bench.pass_time(6 * 3600)
    assert deliver(bench) == 1
    assert bench.cases() == []


def test_a_receipt_that_keeps_failing_is_a_case_although_the_clock_was_set_back(bench):
    bench.bill()
    bench.drain()
    bench.source.refuses = Retry("Bench is away.")
    deliver(bench)
    bench.clock.set(bench.clock.now() - dt.timedelta(days=30))
    for pause in (0, 60, 300, 900, 3600):
        bench.pass_time(pause)
        deliver(bench)
    assert bench.cases() == ["Bench does not accept receipts"]


@pytest.mark.parametrize(
    ("error", "is_logged"), [(Retry("Bench is away."), False), (KeyError("state"), True)]
)
def test_the_log_has_where_a_plugin_failed_to_report_a_receipt(bench, caplog, error, is_logged):
    bench.bill()
    bench.drain()
    bench.source.refuses = error
    deliver(bench)
    assert ("bench failed to report a receipt" in caplog.text) is is_logged
    assert ("Traceback" in caplog.text) is is_logged


def deliver_another(bench):
    """Post another document, whose receipt the source accepts."""
    bench.source.refuses = None
    bench.bill("A-2")
    bench.drain()
    assert deliver(bench) == 1


def test_the_case_of_a_receipt_that_keeps_failing_stays_while_others_arrive(bench):
    bench.bill("A-1")
    bench.drain()
    bench.source.refuses = Retry("Bench is away.")
    for pause in (0, 60, 300, 900, 3600):
        bench.pass_time(pause)
        deliver(bench)
    deliver_another(bench)
    assert bench.cases() == ["Bench does not accept receipts"]


def test_a_source_that_cannot_be_read_either_has_one_case(bench):
    bench.bill()
    bench.drain()
    bench.source.refuses = Retry("Bench is away.")
    outage.note_failure(bench.installation_id, Retry("Bench is away."))
    for pause in (0, 60, 300, 900, 3600):
        bench.pass_time(pause)
        deliver(bench)
    outage.report(bench.installation_id)
    assert bench.cases() == ["Bench cannot be read"]


@pytest.mark.parametrize("is_outage", [True, False])
def test_a_receipt_that_failed_is_repeated_at_once_after_an_outage_only(bench, is_outage):
    bench.bill()
    bench.drain()
    bench.source.refuses = Retry("Bench is away.")
    if is_outage:
        outage.note_failure(bench.installation_id, Retry("Bench is away."))
    for pause in (0, 60, 300, 900, 3600):
        bench.pass_time(pause)
        deliver(bench)
    bench.source.refuses = None
    bench.pass_time(60)
    outage.note_success(bench.installation_id)
    assert deliver(bench) == is_outage


def test_a_held_document_is_reported_once(bench):
    id = bench.bill()
    bench.hold(id, "mapping", "The supplier is not matched.")
    bench.drain()
    bench.drain()
    deliver(bench)
    assert bench.source.receipts == [("A-1", "held", None)]


def split(bench):
    """Plan a document in two parts; return their postings."""
    parts = []
    for part in ("class:1", "class:2"):
        body = bench.body("B-1") | {"DocNumber": f"B-1-{part[-1]}"}
        parts.append(bench.plan("B-1", "create", body, part=part))
    return parts


def test_a_split_document_is_reported_once_while_one_part_is_held_and_another_in_review(bench):
    first, second = split(bench)
    bench.hold(first, "mapping", "The supplier is not matched.")
    bench.review(second)
    for _ in range(4):
        bench.drain()
    assert bench.receipts() == [("held", "")]


def test_a_split_document_whose_parts_are_held_for_other_reasons_is_reported_once(bench):
    first, second = split(bench)
    bench.hold(first, "mapping", "The supplier is not matched.")
    bench.hold(second, "mapping", "The account is not matched.")
    for _ in range(4):
        bench.drain()
    assert bench.receipts() == [("held", "")]
    with engine.read_only_session() as session:
        message = session.scalars(select(ReceiptRow)).one().body["message"]
    assert message == "The supplier is not matched. The account is not matched."


def test_a_posted_bill_is_reported_again_once_its_held_change_is_skipped(bench):
    id = bench.bill()
    bench.drain()
    deliver(bench)
    bench.edit(bench.bills()[0]["Id"], TxnDate="2026-03-01")
    change = bench.change(id, total="120.00")
    bench.drain()
    deliver(bench)
    posted = ("A-1", "posted", bench.posting(id).quickbooks_id)
    assert bench.source.receipts == [posted, ("A-1", "held", None)]

    manual.skip(change, "The edit in QuickBooks is right.", "kari")
    bench.drain()
    bench.drain()
    deliver(bench)
    assert bench.source.receipts == [posted, ("A-1", "held", None), posted]


def test_a_bill_whose_receipt_was_pruned_is_reported_again_once_its_held_change_is_skipped(bench):
    id = bench.bill()
    bench.drain()
    deliver(bench)
    posted = ("A-1", "posted", bench.posting(id).quickbooks_id)
    with engine.transaction() as session:
        receipt = session.scalars(select(ReceiptRow)).one()
        receipt.at -= dt.timedelta(days=400)
    assert retention.prune("kari")["receipts"] == 1
    bench.edit(bench.bills()[0]["Id"], TxnDate="2026-03-01")
    change = bench.change(id, total="120.00")
    bench.drain()
    manual.skip(change, "The edit in QuickBooks is right.", "kari")
    bench.drain()
    deliver(bench)
    assert bench.source.receipts == [posted, posted]


def test_a_bill_whose_last_receipts_are_not_known_is_reported_as_posted(bench):
    id = bench.bill()
    bench.drain()
    with engine.transaction() as session:
        session.query(ReceiptRow).delete()
    bench.edit(bench.bills()[0]["Id"], TxnDate="2026-03-01")
    change = bench.change(id, total="120.00")
    bench.drain()
    manual.skip(change, "The edit in QuickBooks is right.", "kari")
    bench.drain()
    deliver(bench)
    assert bench.source.receipts == [("A-1", "posted", bench.posting(id).quickbooks_id)]


def test_a_question_about_a_file_does_not_report_its_posted_bill_as_held(bench):
    id = bench.bill()
    bench.quickbooks.add_fault("lose_answer", "upload")
    file = bench.attach(id)
    bench.drain()
    bench.pass_time(200)
    [stored] = bench.quickbooks.select("select * from Attachable")["Attachable"]
    copy = {name: stored[name] for name in ("FileName", "ContentType", "AttachableRef")}
    bench.quickbooks.ask("POST", "attachable", copy)
    bench.drain()
    assert (bench.state(id), bench.state(file)) == ("posted", "held")
    deliver(bench)
    assert bench.source.receipts == [("A-1", "posted", bench.posting(id).quickbooks_id)]


def test_the_case_of_a_receipt_that_needs_a_person_stays_while_others_arrive(bench):
    """Otherwise each try of that receipt would open it again, and a message would be sent."""
    bench.bill("A-1")
    bench.drain()
    bench.source.refuses = NeedsAttention("Bench does not let the hub change A-1.")
    deliver(bench)
    deliver_another(bench)
    assert bench.cases() == ["Bench does not accept receipts"]
    bench.pass_time(60)
    assert deliver(bench) == 1
    assert bench.cases() == []


def unload(bench):
    """Remove the plugin of the bench, as an update does that is not on the list of plugins yet."""
    object.__setattr__(bench.app.extensions["hub"], "plugins", Plugins.load([], installed=False))


def load(bench):
    plugins = Plugins.load([bench.source], installed=False)
    object.__setattr__(bench.app.extensions["hub"], "plugins", plugins)


def test_receipts_wait_until_the_plugin_is_loaded_again(bench):
    bench.bill()
    unload(bench)
    bench.drain()
    assert (deliver(bench), bench.receipts()) == (0, [("posted", "")])
    load(bench)
    assert deliver(bench) == 1
    assert [state for _, state, _ in bench.source.receipts] == ["posted"]


def test_receipts_that_were_queued_for_an_unloaded_plugin_and_nobody_wants_are_deleted(
    app, quickbooks, clock
):
    bench = PostingBench(app, quickbooks, clock, wants=("paid",))
    bench.bill()
    unload(bench)
    bench.drain()
    load(bench)
    assert (deliver(bench), bench.source.receipts, bench.receipts()) == (0, [], [])
