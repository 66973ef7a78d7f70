"""Collecting documents: planning, changing, holding and removing postings."""

import datetime as dt
import json
import shutil
import sys
from decimal import Decimal

import pytest
from sqlalchemy import event, func, select

from hub import (
    Attachment,
    Checkpoint,
    Code,
    Document,
    Gone,
    Line,
    NeedsAttention,
    Party,
    Retry,
    Unreadable,
    hookimpl,
    outbox,
)
from hub.collect import commit
from hub.collect import run as collect_run
from hub.collect.batch import CollectBatch
from hub.context import current_hub, hide_secrets
from hub.contract.registry import Plugins
from hub.db.engine import db, read_only_session, transaction
from hub.errors import BadDocument, PluginFault
from hub.models import (
    Attempt,
    Case,
    Cursor,
    Installation,
    Match,
    Posting,
    SeenCode,
    SourceDocument,
)
from hub.outbox import approvals
from hub.posting import releases
from tests.support.rows.stored_cases import stored_reasons
from tests.support.sources.small_source import (
    SmallSource,
    bill,
    document,
    install_small_source,
    make_page,
    postings,
    update_posting,
    vendor_code,
)

SCAN = Attachment(id="f1", name="scan.pdf", mime="application/pdf")


@pytest.fixture
def about():
    """Provide the app's declarations that a test changes."""
    return {}


@pytest.fixture
def source(about):
    return SmallSource(**about)


@pytest.fixture
def hub(source, make_app, make_config, empty_database):
    """Enable the small source in automatic mode; return a function that collects."""
    config = make_config()
    shutil.copy(empty_database, config.data / "hub.db")
    with make_app(config, plugins=Plugins.load([source], installed=False)).app_context():
        yield collector(source)


def collector(source):
    id = install_small_source()

    def collect(*items, **options):
        source.items = list(items) or source.items
        return dict(collect_run.collect(id, **options).counts)

    collect.id = id
    return collect


def land(posting_id, id="500", token="0"):
    """Record that QuickBooks accepted a posting."""
    update_posting(
        posting_id, state="posted", quickbooks_id=id, sync_token=token, posted_total=Decimal(125)
    )
    with transaction() as session:
        outbox.match_created_record(session, posting_id)


def only_posting(**where):
    (posting,) = postings(**where)
    return posting


def open_cases():
    with read_only_session() as session:
        rows = session.scalars(select(Case).where(Case.closed_at.is_(None)).order_by(Case.cause))
        return [
            (case.cause, case.action, [posting.id for posting in case.postings]) for case in rows
        ]


# -- the usual case --------------------------------------------------------------------------------


def test_a_document_becomes_a_ready_posting_with_its_bytes(hub):
    assert hub(bill()) == {"new": 1, "documents": 1}
    posting = only_posting()
    assert (posting.state, posting.operation, posting.base, posting.kind) == (
        "ready",
        "create",
        "0",
        "bill",
    )
    assert json.loads(posting.payload)["VendorRef"]["value"] == "31"
    assert (posting.number, posting.total, posting.currency) == ("F-1", Decimal(125), "NOK")


def test_the_key_comes_from_realm_app_account_and_source_id_alone(hub):
    hub(bill())
    name = outbox.build_identity("9130", "small", "t1", "invoice:1")
    assert only_posting().requestid == outbox.derive_request_id(name, "", "create", "0", 0)
    assert document().marker == outbox.derive_marker(name)
    assert f"[hub:{document().marker}]" in only_posting().payload.decode()


def test_collecting_twice_makes_nothing_new(hub):
    hub(bill())
    before = only_posting()
    hub(bill())
    assert (only_posting().id, only_posting().revision, only_posting().state) == (
        before.id,
        0,
        "ready",
    )


def test_in_review_mode_nothing_is_ready(hub):
    with transaction() as session:
        session.get_one(Installation, hub.id).mode = "review"
    hub(bill())
    assert only_posting().state == "review"


@pytest.mark.row("CT-B8")
def test_a_file_waits_for_its_document(hub):
    hub(bill(attachments=(Attachment(id="f1", name="scan.pdf", mime="application/pdf"),)))
    main, file = postings()
    assert (file.operation, file.part, file.after_id, file.state) == (
        "attach",
        "f1",
        main.id,
        "waiting",
    )


@pytest.mark.row("CT-B8")
def test_a_file_that_comes_later_follows_the_posted_document(hub):
    hub(bill())
    land(only_posting().id)
    hub(bill(attachments=(Attachment(id="f1", name="scan.pdf", mime="application/pdf"),)))
    main, file = postings()
    assert (main.state, file.state, file.base, file.after_id) == ("posted", "ready", "500", main.id)


def test_a_file_that_vanished_before_it_was_sent_is_withdrawn(hub):
    hub(bill(attachments=(Attachment(id="f1", name="scan.pdf", mime="application/pdf"),)))
    hub(bill())
    assert only_posting(operation="attach").state == "withdrawn"


def test_a_file_that_is_held_stays_held_until_it_changes(hub):
    scan = Attachment(id="f1", name="scan.exe", mime="application/pdf")
    hub(bill(attachments=(scan,)))
    land(only_posting(operation="create").id)
    update_posting(
        only_posting(operation="attach").id,
        state="held",
        held_by="source",
        base=only_posting(operation="create").quickbooks_id,
        reasons=stored_reasons("No such files."),
    )
    hub(bill(attachments=(scan,), version="2"))
    assert only_posting(operation="attach").state == "held"
    hub(bill(attachments=(Attachment(id="f1", name="scan.pdf", mime="application/pdf"),)))
    assert (only_posting(operation="attach").state, only_posting(operation="attach").number) == (
        "ready",
        "scan.pdf",
    )


def test_the_codes_that_documents_use_are_remembered(hub):
    hub(bill(supplier=Code(id="s9", name="Norsk Stål AS")))
    hub(bill(supplier=Code(id="s9", name="Norsk Stål AS (nytt)")))
    with read_only_session() as session:
        names = {(code.field, code.code): code.name for code in session.scalars(select(SeenCode))}
    assert names == {("supplier", "s9"): "Norsk Stål AS (nytt)", ("account", "4010"): ""}


# -- cursors ---------------------------------------------------------------------------------------


def cursor(stream=""):
    with read_only_session() as session:
        return session.scalar(select(Cursor.value).where(Cursor.stream == stream))


def test_a_cursor_is_kept_with_what_came_before_it(hub, source):
    hub(*make_page(bill("1"), cursor="A"), *make_page(bill("2"), cursor="B"))
    assert cursor() == "B"
    hub(*make_page(cursor="C"))
    assert source.cursors == [{}, {"": "B"}]


def test_a_source_that_stops_keeps_what_came_but_not_the_cursor(hub, source):
    source.fails = Retry("Small is busy.")
    with pytest.raises(Retry, match="Small is busy"):
        hub(*make_page(bill("1"), cursor="A"), bill("2"))
    assert cursor() == "A"
    assert len(postings()) == 2


@pytest.mark.parametrize("moment", ["BatchWriter._store_cursor", "CollectBatch"])
def test_a_crash_while_committing_moves_no_cursor(hub, monkeypatch, moment):
    def crash(session, setup, items=True, *_, **options):
        if moment != "CollectBatch" or items:
            raise KeyboardInterrupt
        return CollectBatch(session, setup, items, **options)

    monkeypatch.setattr(f"{commit.__name__}.{moment}", crash)
    with pytest.raises(KeyboardInterrupt):
        hub(*make_page(bill("1"), cursor="A"))
    monkeypatch.undo()
    assert cursor() is None
    assert postings() == []
    hub(*make_page(bill("1"), cursor="A"))
    assert cursor() == "A"
    assert len(postings()) == 1


def test_a_defect_of_the_plugin_is_a_sentence_with_its_name(hub, source):
    source.fails = ZeroDivisionError("division by zero")
    with pytest.raises(PluginFault, match=r"^Small's plugin failed while reading its documents"):
        hub(bill())
    assert only_posting().state == "ready"


class LeavingSource(SmallSource):
    """A source whose plugin ends the process, as a library for the command line may do."""

    @hookimpl
    def hub_documents(self, app, site, cursors, ids):
        yield from super().hub_documents(app, site, cursors, ids)
        sys.exit()


@pytest.mark.parametrize("source", [LeavingSource()])
def test_a_plugin_that_ends_the_process_is_a_defect_after_what_was_read(hub):
    """Without an error, `hub sync` would end with 0, as if everything were posted."""
    with pytest.raises(PluginFault, match=r"while reading its documents .*called sys\.exit\(\)"):
        hub(bill())
    assert only_posting().state == "ready"


class ForgetfulSource(SmallSource):
    """A source whose plugin reads documents and does not return them."""

    @hookimpl
    def hub_documents(self, app, site, cursors, ids):
        super().hub_documents(app, site, cursors, ids)


@pytest.mark.parametrize("source", [ForgetfulSource()])
def test_documents_that_the_plugin_does_not_return_are_a_defect(hub):
    with pytest.raises(PluginFault, match="it returned None; is a return or a yield missing"):
        hub(bill())


class SourceWithoutCursor(SmallSource):
    """A source whose plugin passes on the cursor of the last page, which is none."""

    @hookimpl
    def hub_documents(self, app, site, cursors, ids):
        yield from super().hub_documents(app, site, cursors, ids)
        yield Checkpoint(cursor=None)


@pytest.mark.parametrize("source", [SourceWithoutCursor()])
def test_a_checkpoint_without_a_cursor_is_a_defect_after_what_was_read(hub):
    with pytest.raises(PluginFault, match=r"cursor of a Checkpoint must be a text, not None. If"):
        hub(bill())
    assert only_posting().state == "ready"


def test_an_amount_that_cannot_be_read_outside_of_a_row_is_a_defect_with_its_place(
    hub, source, caplog
):
    source.fails = BadDocument("'n/a' is not an amount.")
    with pytest.raises(PluginFault, match=r"failed while .*BadDocument: 'n/a' is not an amount"):
        hub(bill())
    assert only_posting().state == "ready"
    assert "raise self.fails" in caplog.text


def test_access_that_is_lost_is_one_case_that_closes_by_itself(hub, source):
    source.fails = NeedsAttention("Small no longer knows the key.")
    for _ in range(2):
        with pytest.raises(NeedsAttention):
            hub(bill())
    assert [cause for cause, _, _ in open_cases()] == [f"source:{hub.id}"]
    source.fails = None
    hub(bill())
    assert open_cases() == []


# -- missing matches -------------------------------------------------------------------------------


def test_all_missing_codes_hold_a_document_with_one_case_for_each_code(hub):
    hub(
        bill("1", account="9"),
        bill("2", account="9", supplier=Code(id="x", name="Norsk Staal AS", create=None)),
    )
    first, second = postings()
    assert {first.state, second.state} == {"held"}
    assert first.held_by == "mapping"
    assert first.payload == b""
    assert open_cases() == [
        (f"match:{hub.id}:account:9", "match", [first.id, second.id]),
        (f"match:{hub.id}:supplier:x", "match", [second.id]),
    ]


def decide(hub, field, code, record):
    with transaction() as session:
        where = {
            "company_id": 1,
            "scope": "small-source",
            "tenant": "t1",
            "field": field,
            "code": code,
        }
        about = {
            "role": {"supplier": "vendor"}.get(field, field),
            "record": record,
            "match_method": "decided",
            "who": "kari",
            "at": current_hub().clock.now(),
        }
        session.add(Match(**where, **about))


def test_a_match_releases_what_it_held_and_keeps_the_posting(hub, source):
    hub(bill(account="9"))
    held_posting = only_posting()
    decide(hub, "account", "9", "8")
    source.by_id = {"invoice:1": bill(account="9")}
    hub(*make_page(cursor="Z"))
    assert source.requested_ids == [("invoice:1",)]
    assert (
        only_posting().id,
        only_posting().state,
        only_posting().generation,
        only_posting().requestid,
    ) == (
        held_posting.id,
        "ready",
        0,
        held_posting.requestid,
    )
    assert only_posting().checked_at is None
    assert open_cases()[0][2] == [held_posting.id]


def test_a_match_made_while_a_document_is_in_review_changes_its_bytes(hub):
    hub(bill(account="4010"))
    decide(hub, "account", "4010", "8")
    hub(*make_page(cursor="Z"))
    assert b'"8"' in only_posting().payload
    assert only_posting().revision == 1


def test_unsent_documents_are_read_again_after_the_settings_changed(hub, source):
    hub(bill("1"), bill("2"))
    land(postings()[0].id)
    with transaction() as session:
        outbox.mark_for_reread(session, hub.id)
    hub(*make_page(cursor="Z"))
    assert source.requested_ids == [("invoice:2",)]


def test_a_code_decided_as_new_uses_the_record_once_it_is_created(hub):
    hub(bill(supplier=vendor_code(name="Norsk Staal AS")))
    decide(hub, "supplier", "v1", "+")
    hub(bill(supplier=vendor_code(name="Norsk Staal AS")))
    land(only_posting(kind="vendor").id, id="77")
    assert hub(bill(supplier=vendor_code(name="Norsk Staal AS"))) == {"changed": 1, "documents": 1}
    assert b'"77"' in only_posting(kind="bill").payload


def test_another_missing_code_replaces_the_case_of_the_first(hub):
    hub(bill(account="9"))
    hub(bill(account="10"))
    assert open_cases() == [(f"match:{hub.id}:account:10", "match", [only_posting().id])]


def test_the_hold_of_the_source_is_a_case_at_the_source(hub):
    hub(bill(hold="Invoice F-1 has no receipt."))
    assert (only_posting().state, only_posting().held_by, only_posting().reason) == (
        "held",
        "source",
        "Invoice F-1 has no receipt.",
    )
    assert open_cases() == [(f"posting:{only_posting().id}:source", "either", [only_posting().id])]


def test_an_unreadable_row_is_held_and_released_once_it_can_be_read(hub, source):
    hub(Unreadable(source_id="invoice:1", reason="It has no date."))
    assert (only_posting().state, only_posting().reason) == ("held", "It has no date.")
    source.by_id = {"invoice:1": bill()}
    hub(*make_page(cursor="Z"))
    assert (only_posting().state, document().unreadable) == ("ready", "")


def test_a_posted_document_that_cannot_be_read_stays_posted_with_a_case(hub):
    hub(bill())
    land(only_posting().id)
    hub(Unreadable(source_id="invoice:1", reason="It has no date."))
    assert only_posting().state == "posted"
    assert open_cases()[0][1:] == ("source", [only_posting().id])
    hub(bill())
    assert only_posting().state == "posted"
    assert open_cases() == []


def test_what_is_unsent_of_a_posted_document_that_cannot_be_read_is_held(hub):
    set_differ(hub, "split")
    hub(two_places())
    first, second = postings()
    land(first.id)
    hub(Unreadable(source_id="invoice:1", reason="It has no date."))
    assert [(posting.state, posting.reason) for posting in postings()] == [
        ("posted", ""),
        ("held", "It has no date."),
    ]
    assert open_cases() == [(f"posting:{second.id}:unreadable", "source", [second.id])]
    hub(two_places())
    assert [posting.state for posting in postings()] == ["posted", "ready"]
    assert open_cases() == []


@pytest.mark.row("CT-B2")
def test_a_sum_that_differs_is_held_with_both_figures(hub):
    hub(bill(lines=[Line(id="a", amount=Decimal("124.99"), codes={"account": "4010"})]))
    assert only_posting().state == "held"
    assert "124.99" in only_posting().reason
    assert "125.00" in only_posting().reason


def test_a_document_the_hub_cannot_take_in_stops_no_other(hub):
    huge = bill("2", total="1", lines=[Line(id="a", amount=Decimal(1), codes={"account": "4010"})])
    odd = Document(kind="bill_payment", source_id="invoice:3", date=dt.date(2026, 2, 1))
    hub(bill("1"), odd, huge)
    assert [(posting.document_id, posting.state) for posting in postings()] == [
        (1, "ready"),
        (2, "held"),
        (3, "ready"),
    ]


def test_a_document_of_a_kind_that_the_app_does_not_declare_is_not_posted(hub):
    """QuickBooks was not searched for one that somebody may have entered there by hand."""
    assert hub(bill("1", kind="expense"), bill("2")) == {"unreadable": 1, "new": 1, "documents": 2}
    assert [posting.state for posting in postings()] == ["held", "ready"]
    assert "the kind expense, which the app does not declare" in document().unreadable
    hub(bill("1"))
    assert [posting.state for posting in postings()] == ["ready", "ready"]


# -- documents that are not posted -----------------------------------------------------------------


def test_a_pending_document_has_no_posting_and_is_read_again(hub, source):
    assert hub(bill(stage="pending", hold="Not approved yet.")) == {"pending": 1, "documents": 1}
    assert postings() == []
    assert open_cases() == []
    source.by_id = {"invoice:1": bill()}
    hub(*make_page(cursor="Z"))
    assert only_posting().state == "ready"


def test_a_document_that_goes_back_to_pending_is_withdrawn_and_comes_back_as_the_same_posting(hub):
    hub(bill())
    hub(bill(stage="pending", hold="Sent back."))
    assert (only_posting().state, only_posting().reason) == ("withdrawn", "Sent back.")
    hub(bill())
    assert (only_posting().state, only_posting().generation) == ("ready", 0)


def test_a_posted_document_that_is_being_revised_leaves_quickbooks_alone(hub):
    hub(bill())
    land(only_posting().id)
    hub(bill(stage="pending", hold="Being revised.", total="130.00"))
    assert only_posting().state == "posted"
    assert document().stage == "pending"


@pytest.mark.parametrize(
    ("about", "state"), [({"gone": "delete"}, "ready"), ({"gone": "case"}, "held")]
)
def test_a_posted_document_that_comes_back_to_be_revised_is_not_removed(hub, state):
    hub(bill())
    land(only_posting().id)
    hub(Gone(source_id="invoice:1"))
    assert (postings()[-1].operation, postings()[-1].state) == ("delete", state)
    hub(bill(stage="pending", hold="Being revised."))
    assert [posting.state for posting in postings()] == ["posted", "withdrawn"]
    assert open_cases() == []


def test_a_closed_document_is_withdrawn(hub):
    hub(bill(stage="closed", hold="Rejected."))
    assert (only_posting().state, only_posting().reason) == ("withdrawn", "Rejected.")


@pytest.mark.row("CT-B7")
@pytest.mark.parametrize(
    ("dates", "state"),
    [
        ({"date": dt.date(2025, 12, 31)}, "withdrawn"),
        ({"date": dt.date(2026, 1, 1)}, "ready"),
        ({"date": dt.date(2025, 12, 1), "received": dt.date(2026, 1, 2)}, "ready"),
        ({"date": dt.date(2026, 1, 5), "received": dt.date(2025, 12, 30)}, "withdrawn"),
    ],
)
def test_documents_before_the_start_are_left_alone(hub, dates, state):
    with transaction() as session:
        session.get_one(Installation, hub.id).start_date = dt.date(2026, 1, 1)
    hub(bill(**dates))
    assert only_posting().state == state
    assert state == "ready" or "before 01 Jan 2026" in only_posting().reason


def test_a_document_that_was_too_early_counts_once_the_first_day_is_moved(hub):
    for start, state in ((dt.date(2026, 3, 1), "withdrawn"), (dt.date(2026, 1, 1), "ready")):
        with transaction() as session:
            session.get_one(Installation, hub.id).start_date = start
        hub(bill())
        assert only_posting().state == state
        assert document().before_start == ("excluded" if state == "withdrawn" else "")


def test_a_first_day_that_is_moved_past_a_posted_document_leaves_its_changes_alone(hub):
    hub(bill())
    land(only_posting().id)
    with transaction() as session:
        session.get_one(Installation, hub.id).start_date = dt.date(2026, 3, 1)
    hub(bill(total="130.00"))
    assert [(posting.operation, posting.state) for posting in postings()] == [
        ("create", "posted"),
        ("update", "ready"),
    ]


def test_update_only_creates_nothing(hub):
    hub(bill(stage="update_only"))
    assert postings() == []


@pytest.mark.row("CT-S11")
def test_an_update_of_a_vendor_is_written_against_the_one_it_names(hub):
    edit = Document(
        kind="vendor",
        source_id="supplier:1",
        quickbooks_id="31",
        stage="update_only",
        details=Party(name="Norsk Stål AS", phone="22 33 44 55"),
    )
    hub(edit)
    assert (
        only_posting().operation,
        only_posting().base.split(":")[0],
        only_posting().quickbooks_id,
        only_posting().state,
    ) == (
        "update",
        "31",
        "31",
        "ready",
    )


def test_a_document_with_an_id_of_quickbooks_never_becomes_a_creation(hub):
    hub(bill(quickbooks_id="77"))
    assert (only_posting().operation, only_posting().quickbooks_id) == ("update", "77")


# -- changed before it was sent --------------------------------------------------------------------


def test_a_change_before_sending_replaces_the_bytes_under_the_same_key(hub):
    hub(bill())
    before = only_posting()
    hub(bill(total="130.00"))
    assert (only_posting().id, only_posting().requestid, only_posting().revision) == (
        before.id,
        before.requestid,
        1,
    )
    assert only_posting().total == Decimal(130)


def test_an_approved_posting_whose_bytes_change_comes_back_for_review(hub):
    hub(bill())
    update_posting(only_posting().id, state="review")
    with transaction() as session:
        assert outbox.approve(session, [1], "kari")
    hub(bill(total="130.00"))
    assert (only_posting().state, only_posting().approved_by) == ("review", None)


@pytest.mark.parametrize("state", ["review", "ready"])
def test_the_approval_of_a_bill_does_not_approve_a_credit(hub, state):
    """Both may have the same bytes; a page that lists the bill does not approve the credit."""
    hub(bill())
    listed = only_posting()
    update_posting(listed.id, state="review")
    if state == "ready":
        with transaction() as session:
            assert outbox.approve(session, [listed.id], "kari")
    with transaction() as session:
        session.get_one(Installation, hub.id).mode = "review"
    hub(bill(kind="vendor_credit"))
    credit = only_posting(kind="vendor_credit")
    assert credit.payload == listed.payload
    assert (credit.state, credit.approved_by, credit.id == listed.id) == ("review", None, False)
    assert only_posting(kind="bill").state == "withdrawn"


def test_the_files_of_a_document_follow_the_posting_that_replaces_another(hub):
    scan = Attachment(id="f1", name="scan.pdf", mime="application/pdf")
    hub(bill(attachments=(scan,)))
    hub(bill(quickbooks_id="77", attachments=(scan,)))
    assert only_posting(operation="create").state == "withdrawn"
    assert only_posting(operation="attach").after_id == only_posting(operation="update").id


def approved_with_a_new_vendor(hub):
    """Approve a bill while its vendor is still to be created, then post the vendor."""
    hub(bill(supplier=vendor_code()))
    vendor, waiting_bill = only_posting(kind="vendor"), only_posting(kind="bill")
    update_posting(waiting_bill.id, state="review")
    land(vendor.id)
    with transaction() as session:
        assert outbox.approve(session, [waiting_bill.id], "kari")


def test_an_approval_holds_after_the_id_of_a_new_record_is_filled_in(hub):
    approved_with_a_new_vendor(hub)
    hub(bill(supplier=vendor_code()))
    bill_ = only_posting(kind="bill")
    assert (bill_.state, bill_.approved_by, bill_.approved_payload) == (
        "ready",
        "kari",
        bill_.planned,
    )
    assert b'"500"' in bill_.payload


@pytest.mark.parametrize(
    ("total", "approvers"), [("125.00", ["anna"]), ("130.00", [])], ids=["only the id", "the total"]
)
def test_the_first_of_two_approvals_covers_the_id_of_a_new_record_and_no_more(
    hub, total, approvers
):
    hub(bill(supplier=vendor_code()))
    with transaction() as session:
        session.get_one(Installation, hub.id).second_approval_above = Decimal(100)
    vendor, waiting_bill = only_posting(kind="vendor"), only_posting(kind="bill")
    update_posting(waiting_bill.id, state="review")
    with transaction() as session:
        assert approvals.add(session, [waiting_bill.id], "anna") == {waiting_bill.id}
    land(vendor.id)
    hub(bill(supplier=vendor_code(), total=total))
    assert b'"500"' in only_posting(kind="bill").payload
    with read_only_session() as session:
        given = approvals.load_approvers(session, [waiting_bill.id])
    assert [approver.who for approver in given.get(waiting_bill.id, [])] == approvers


def test_an_approval_ends_when_more_than_that_changed(hub):
    approved_with_a_new_vendor(hub)
    hub(bill(supplier=vendor_code(), total="130.00"))
    assert (only_posting(kind="bill").state, only_posting(kind="bill").approved_by) == (
        "review",
        None,
    )


def test_an_approved_one_never_leaves_with_a_place_that_is_not_filled(hub):
    approved_with_a_new_vendor(hub)
    assert only_posting(kind="bill").state == "waiting"
    releases.release_waiting(1, current_hub().clock.now())
    assert (only_posting(kind="bill").state, b"@posting" in only_posting(kind="bill").payload) == (
        "ready",
        False,
    )


def test_version_and_facts_change_nothing(hub):
    hub(bill())
    land(only_posting().id)
    assert hub(bill(version="2", facts={"Approved by": "Kari"})) == {"unchanged": 1, "documents": 1}
    assert only_posting().state == "posted"
    assert document().body["version"] == "2"


def test_another_content_is_an_update_although_the_version_is_the_same(hub):
    hub(bill(version="1"))
    land(only_posting().id)
    assert hub(bill(version="1", total="999.00"))["documents"] == 1
    update = postings(kind="bill")[-1]
    assert (update.operation, update.state, update.total) == ("update", "ready", Decimal("999.00"))


def test_the_page_of_a_document_in_its_source_is_no_part_of_what_is_posted(hub):
    hub(bill())
    land(only_posting().id)
    payload = only_posting().payload
    decide(hub, "account", "4010", "8")  # would change the bill if it were planned again
    counts = hub(bill(url="https://source.test/invoices/1"))
    assert counts == {"unchanged": 1, "documents": 1}
    assert document().body["url"] == "https://source.test/invoices/1"
    assert (only_posting().state, only_posting().payload) == ("posted", payload)
    hub(bill(total="130.00", version="2", url="https://source.test/invoices/2"))
    assert b"source.test" not in only_posting(state="ready").payload


def test_a_person_s_skip_survives_changes(hub):
    hub(bill())
    with transaction() as session:
        outbox.skip(session, session.get_one(Posting, 1), "kari", "double")
    hub(bill(total="130.00"))
    assert only_posting().state == "skipped"


@pytest.mark.parametrize("state", ["sending", "unknown"])
def test_a_document_that_changes_in_flight_is_read_again_later(hub, source, state):
    hub(bill())
    before = only_posting()
    update_posting(before.id, state=state)
    hub(bill(total="130.00"))
    assert (only_posting().payload, only_posting().state, document().reread) == (
        before.payload,
        state,
        True,
    )
    land(before.id)
    source.by_id = {"invoice:1": bill(total="130.00")}
    hub(*make_page(cursor="Z"))
    assert [posting.operation for posting in postings()] == ["create", "update"]
    assert not document().reread


def add_attempt(posting_id, outcome="sent"):
    with transaction() as session:
        posting = session.get_one(Posting, posting_id)
        session.add(
            Attempt(
                posting_id=posting_id,
                generation=posting.generation,
                requestid=posting.requestid,
                fence="f",
                sent_at=current_hub().clock.now(),
                outcome=outcome,
            )
        )


def test_bytes_never_change_under_a_key_that_may_have_left(hub):
    hub(bill())
    add_attempt(only_posting().id, "doubt")
    before = only_posting()
    hub(bill(total="130.00"))
    assert (only_posting().payload, only_posting().requestid, document().reread) == (
        before.payload,
        before.requestid,
        True,
    )


def test_a_corrected_document_gets_the_next_key_once_its_absence_is_proved(hub):
    hub(bill())
    add_attempt(only_posting().id, "refused")
    update_posting(only_posting().id, state="held", held_by="quickbooks", rekey=True)
    before = only_posting()
    hub(bill())
    assert (only_posting().state, only_posting().generation) == ("held", 0)
    hub(bill(total="130.00"))
    assert (only_posting().state, only_posting().generation, only_posting().rekey) == (
        "ready",
        1,
        False,
    )
    assert only_posting().requestid != before.requestid


def test_another_kind_after_a_first_send_is_held(hub):
    hub(bill())
    land(only_posting().id)
    hub(bill(kind="vendor_credit"))
    held_posting = postings()[-1]
    assert (held_posting.state, held_posting.held_by, held_posting.kind) == (
        "held",
        "source",
        "bill",
    )
    assert "supplier credit" in held_posting.reason


def test_another_kind_before_a_first_send_is_just_another_posting(hub):
    hub(bill())
    hub(bill(kind="vendor_credit"))
    assert (only_posting().state, only_posting().kind) == ("ready", "vendor_credit")


# -- changed after it was posted -------------------------------------------------------------------


def test_a_change_after_posting_is_an_update_against_what_was_posted(hub):
    hub(bill())
    land(only_posting().id, token="3")
    hub(bill(total="130.00"))
    update = postings()[-1]
    assert (update.operation, update.base, update.state, update.quickbooks_id) == (
        "update",
        "500:3",
        "ready",
        "500",
    )


def test_an_update_that_was_written_against_a_newer_token_is_not_made_twice(hub):
    hub(bill())
    land(only_posting().id, token="3")
    hub(bill(total="130.00"))
    new_content = {"base": "500:4", "requestid": "f" * 32, "payload": b"rewritten"}
    update_posting(postings()[-1].id, state="held", held_by="quickbooks", **new_content)
    hub(bill(total="130.00", version="9"))
    assert [posting.state for posting in postings()] == ["posted", "held"]


def test_a_change_that_is_taken_back_withdraws_its_update(hub):
    hub(bill())
    land(only_posting().id)
    hub(bill(total="130.00"))
    hub(bill())
    assert [posting.state for posting in postings()] == ["posted", "withdrawn"]


@pytest.mark.parametrize("about", [{"changed": "hold"}])
def test_an_app_may_hold_changes(hub):
    hub(bill())
    land(only_posting().id)
    hub(bill(total="130.00"))
    assert (postings()[-1].state, postings()[-1].held_by) == ("held", "person")


@pytest.mark.parametrize("about", [{"changed": "hold"}])
def test_a_change_that_a_person_let_go_is_not_held_again(hub):
    hub(bill())
    land(only_posting().id)
    hub(bill(total="130.00"))
    with transaction() as session:
        assert outbox.retry(session, [2], "kari")
    hub(bill(total="130.00"))
    assert postings()[-1].state == "ready"


def test_a_skipped_change_does_not_skip_the_next_one(hub):
    hub(bill())
    land(only_posting().id)
    hub(bill(total="130.00"))
    with transaction() as session:
        outbox.skip(session, session.get_one(Posting, 2), "kari", "no")
    hub(bill(total="130.00", version="2"))
    hub(bill(total="140.00"))
    assert [posting.state for posting in postings()] == ["posted", "skipped", "ready"]
    assert len({posting.requestid for posting in postings()}) == 3


def test_an_unchanged_document_is_not_rewritten_because_a_match_changed(hub):
    hub(bill())
    land(only_posting().id)
    decide(hub, "account", "4010", "8")
    hub(bill(version="2"))
    assert len(postings()) == 1


# -- deleted at the source -------------------------------------------------------------------------


def test_a_document_gone_before_sending_is_withdrawn_and_may_come_back(hub):
    hub(bill())
    assert hub(Gone(source_id="invoice:1", reason="Deleted.")) == {"gone": 1, "documents": 1}
    assert (only_posting().state, document().gone) == ("withdrawn", "Deleted.")
    hub(bill())
    assert (only_posting().state, document().gone) == ("ready", None)


@pytest.mark.parametrize(
    "later",
    [
        Gone(source_id="invoice:1"),
        bill(stage="pending"),
        bill(stage="closed"),
        bill(stage="update_only"),
    ],
    ids=["gone", "pending", "closed", "update only"],
)
def test_a_new_document_that_is_unwanted_before_it_is_stored_is_not_posted(hub, later):
    hub(bill(attachments=(SCAN,)), later)
    assert {posting.operation: posting.state for posting in postings()} == {"create": "withdrawn"}


def test_a_document_that_is_split_otherwise_before_it_is_stored_is_posted_once(hub):
    set_differ(hub, "split")
    hub(two_places(version="1"), two_places(second_place="61", version="2"))
    assert [(posting.part, posting.state) for posting in postings()] == [
        ("location:61", "withdrawn"),
        ("location:62", "withdrawn"),
        ("", "ready"),
    ]


def test_a_file_of_a_document_that_is_gone_before_it_is_stored_is_not_attached(hub):
    hub(bill())
    land(only_posting().id)
    hub(bill(attachments=(SCAN,), version="2"), Gone(source_id="invoice:1"))
    assert [(posting.operation, posting.state) for posting in postings()] == [
        ("create", "posted"),
        ("delete", "held"),
    ]


def test_a_document_gone_after_posting_asks_a_person(hub):
    hub(bill())
    land(only_posting().id, token="2")
    hub(Gone(source_id="invoice:1"))
    main, undo = postings()
    assert (main.state, undo.operation, undo.state, undo.held_by) == (
        "posted",
        "delete",
        "held",
        "person",
    )
    assert open_cases() == [(f"posting:{undo.id}:gone", "delete", [undo.id])]
    assert "QuickBooks cannot void a bill." in undo.reason
    hub(Gone(source_id="invoice:1"))
    assert len(postings()) == 2


@pytest.mark.parametrize("about", [{"gone": "delete"}, {"gone": "{when_gone}"}])
def test_an_app_or_its_settings_may_delete_what_is_gone(hub):
    hub(bill())
    land(only_posting().id, token="2")
    hub(Gone(source_id="invoice:1"))
    assert (postings()[-1].operation, postings()[-1].state, postings()[-1].base) == (
        "delete",
        "ready",
        "500:2",
    )


def test_a_posted_document_that_reappears_drops_the_question(hub):
    hub(bill())
    land(only_posting().id)
    hub(Gone(source_id="invoice:1"))
    hub(bill())
    assert [posting.state for posting in postings()] == ["posted", "withdrawn"]
    assert open_cases() == []


def test_a_document_removed_from_quickbooks_is_posted_again_only_by_a_person(hub):
    hub(bill())
    land(only_posting().id)
    hub(Gone(source_id="invoice:1"))
    land(postings()[-1].id)
    hub(bill())
    again = postings()[-1]
    assert (again.operation, again.state, again.held_by, again.generation) == (
        "create",
        "held",
        "person",
        1,
    )


def test_a_document_gone_in_flight_is_left_to_its_answer(hub):
    hub(bill())
    update_posting(only_posting().id, state="unknown")
    hub(Gone(source_id="invoice:1"))
    assert (only_posting().state, document().gone, document().reread) == ("unknown", "", True)


def test_a_supplier_gone_at_the_source_stays_in_quickbooks(hub):
    details = Party(name="Norsk Stål AS", phone="22 33 44 55")
    hub(
        Document(
            kind="vendor",
            source_id="supplier:1",
            quickbooks_id="31",
            stage="update_only",
            details=details,
        )
    )
    land(only_posting().id, id="31")
    hub(Gone(source_id="supplier:1"))
    assert only_posting().state == "posted"


def test_a_document_never_seen_may_be_gone(hub):
    assert hub(Gone(source_id="invoice:9")) == {"unknown": 1, "documents": 1}


# -- records to be created first -------------------------------------------------------------------


def test_a_new_vendor_is_made_first_and_the_bill_waits(hub):
    hub(bill("1", supplier=vendor_code()), bill("2", supplier=vendor_code()))
    vendor, *bills = sorted(postings(), key=lambda posting: posting.kind != "vendor")
    assert (vendor.kind, vendor.operation, vendor.state) == ("vendor", "create", "ready")
    assert [(posting.state, posting.after_id) for posting in bills] == [("waiting", vendor.id)] * 2
    assert document("v1").made_for == "supplier"


def test_a_bill_gets_the_id_of_its_new_vendor_and_goes(hub):
    hub(bill(supplier=vendor_code()))
    land(only_posting(kind="vendor").id, id="900")
    assert releases.release_waiting(1, current_hub().clock.now()) == 1
    assert json.loads(only_posting(kind="bill").payload)["VendorRef"]["value"] == "900"
    before = only_posting(kind="bill")
    hub(bill(supplier=vendor_code()))
    assert (only_posting(kind="bill").state, only_posting(kind="bill").revision) == (
        "ready",
        before.revision,
    )


def test_a_vendor_that_is_matched_by_hand_is_not_made(hub, source):
    hub(bill(supplier=vendor_code()))
    decide(hub, "supplier", "v1", "31")
    hub(*make_page(cursor="Z"))
    assert only_posting(kind="vendor").state == "withdrawn"
    assert (
        only_posting(kind="bill").state,
        json.loads(only_posting(kind="bill").payload)["VendorRef"]["value"],
    ) == (
        "ready",
        "31",
    )


def test_a_record_made_for_a_code_does_not_count_as_a_document(hub):
    hub(bill(supplier=vendor_code()))
    with read_only_session() as session:
        assert outbox.count_documents(session, hub.id)["documents"] == 1


@pytest.mark.parametrize("about", [{"match_first": ("supplier",)}])
def test_fields_to_be_matched_first_hold_new_names(hub):
    hub(bill(supplier=vendor_code()))
    assert only_posting().state == "held"
    assert "confirm it as new" in only_posting().reason
    decide(hub, "supplier", "v1", "+")
    hub(bill(supplier=vendor_code(), version="2"))
    assert {posting.state for posting in postings()} == {"ready", "waiting"}


# -- locations that differ -------------------------------------------------------------------------


def two_places(second_place="62", **values):
    lines = [
        Line(id=id, amount=Decimal(amount), codes={"account": "4010", "location": place})
        for id, amount, place in (("a", "100.00", "61"), ("b", "25.00", second_place))
    ]
    return bill(lines=lines, **values)


def set_differ(hub, policy):
    with transaction() as session:
        session.get_one(Installation, hub.id).settings = {"differ": policy}


def test_lines_of_two_locations_hold_the_bill_and_are_listed(hub):
    hub(two_places())
    assert only_posting().state == "held"
    assert "line a: Oslo; line b: Bergen" in only_posting().reason
    with read_only_session() as session:
        case = session.scalars(select(Case)).one()
    assert (case.action, "in the settings of the app" in case.instruction) == ("differ", True)


def test_lines_of_two_locations_may_take_the_first(hub):
    set_differ(hub, "first")
    hub(two_places())
    assert json.loads(only_posting().payload)["DepartmentRef"]["value"] == "61"
    assert only_posting().warnings


def test_lines_of_two_locations_may_become_two_bills(hub):
    set_differ(hub, "split")
    hub(two_places())
    first, second = postings()
    assert [(row.part, row.total, row.number) for row in (first, second)] == [
        ("location:61", Decimal(100), "F-1"),
        ("location:62", Decimal(25), "F-1-2"),
    ]
    assert first.requestid != second.requestid
    with read_only_session() as session:
        assert outbox.count_documents(session, hub.id) | {} == {
            **dict.fromkeys(outbox.COUNTED_STATES, 0),
            "documents": 1,
            "waiting": 1,
        }


def test_a_part_that_is_not_wanted_any_more_is_withdrawn(hub):
    set_differ(hub, "split")
    hub(two_places())
    hub(bill())
    assert [posting.state for posting in postings()] == ["withdrawn", "withdrawn", "ready"]


def former_part_cases():
    return [cause for cause, _, _ in open_cases() if cause.endswith(":parts")]


def test_the_case_of_a_former_part_closes_once_the_document_has_the_part_again(hub):
    set_differ(hub, "split")
    hub(two_places())
    for number, posting in enumerate(postings()):
        land(posting.id, id=f"50{number}")
    hub(two_places(second_place="61"))
    first, second, _ = postings()
    assert former_part_cases() == [f"posting:{first.id}:parts", f"posting:{second.id}:parts"]
    hub(two_places(version="3"))
    assert former_part_cases() == []


def test_a_gone_document_is_not_one_that_cannot_be_read(hub):
    hub(bill())
    land(only_posting().id)
    hub(Unreadable(source_id="invoice:1", reason="It has no date."))
    assert [cause for cause, _, _ in open_cases()] == [f"posting:{only_posting().id}:unreadable"]
    hub(Gone(source_id="invoice:1"))
    removal = postings()[-1]
    assert [cause for cause, _, _ in open_cases()] == [f"posting:{removal.id}:gone"]
    assert document().unreadable == ""


# -- both databases, and many ----------------------------------------------------------------------


def test_documents_are_collected_twice_without_a_change_on_postgresql(
    source, make_app, make_config, postgres_url
):
    plugins = Plugins.load([source], installed=False)
    with make_app(make_config(HUB_DATABASE_URL=postgres_url), plugins=plugins).app_context():
        hub = collector(source)
        for _ in range(2):
            hub(
                bill("1"),
                bill("2", account="9"),
                bill("3", supplier=vendor_code()),
                Gone(source_id="invoice:9"),
            )
        with read_only_session() as session:
            counts = outbox.count_documents(session, hub.id)
            assert session.scalar(select(func.count(SeenCode.id))) == 4
        assert (counts["documents"], counts["waiting"], counts["held"]) == (3, 2, 1)
        assert open_cases() == [(f"match:{hub.id}:account:9", "match", [2])]


def test_an_unchanged_group_costs_a_handful_of_statements(hub):
    items = [bill(str(number)) for number in range(100)]
    hub(*items)
    for posting in postings():
        land(posting.id, id=f"q{posting.id}")
    calls = []
    event.listen(db.engine, "before_cursor_execute", lambda *args: calls.append(args[2]))
    hub(*items[:50])
    one_group = len(calls)
    assert hub(*items) == {"unchanged": 100, "documents": 100}
    assert len(calls) - one_group * 2 <= 6


def test_a_source_id_too_long_for_its_column_is_held_alone_and_the_others_are_stored(hub, source):
    items = bill("x" * 201), bill("x" * 300), bill("1"), Gone(source_id="y" * 201)
    assert hub(*items) == {"unreadable": 2, "new": 1, "unknown": 1, "documents": 4}
    assert reasons() == [
        f"Its id at the source has {size} characters; 200 is the most that can be kept. It begins"
        f" with “invoice:{'xxxx' * 13}”."
        for size in (209, 308)
    ]
    source.requested_ids.clear()
    assert hub(*items)["unreadable"] == 2  # the same two, and nobody was asked for a made-up id
    assert (len(reasons()), [ids for ids in source.requested_ids if ids]) == (2, [])


@pytest.mark.parametrize("length", [20, 300])
def test_an_id_stays_the_same_when_a_secret_in_it_becomes_known(hub, length):
    secret = "Zq7SUPERcanary93kf"
    item = bill(secret.ljust(length, "x"))
    hub(item)
    hide_secrets([secret])
    hub(item)
    with read_only_session() as session:
        assert session.scalar(select(func.count(SourceDocument.id))) == 1
    assert all(secret not in reason or length < 200 for reason in reasons())


def test_a_secret_in_an_id_that_is_too_long_is_shown_nowhere(hub):
    secret = "Zq7SUPERcanary93kf"
    hide_secrets([secret])
    hub(bill(secret.ljust(300, "x")))
    (reason,) = reasons()
    assert "begins with “invoice:***xxx" in reason
    with read_only_session() as session:
        assert secret not in str(session.scalars(select(SourceDocument.source_id)).all())


def reasons():
    with read_only_session() as session:
        open_cases = select(Case).where(Case.closed_at.is_(None)).order_by(Case.id)
        return [case.reason for case in session.scalars(open_cases)]


def test_a_place_in_a_re_reading_is_no_cursor(hub, source):
    hub(bill(stage="pending"))
    source.by_id = {"invoice:1": Checkpoint(cursor="wrong")}
    hub(*make_page(cursor="A"))
    assert cursor() == "A"


def test_many_checkpoints_and_unknown_streams(hub):
    hub(Checkpoint(cursor="1", stream="a"), bill(), Checkpoint(cursor="2", stream="b"))
    assert (cursor("a"), cursor("b")) == ("1", "2")


def test_single_ids_are_read_without_the_stream(hub, source):
    source.by_id = {"invoice:7": bill("7")}
    hub(ids=["invoice:7"])
    assert source.cursors == []
    assert document("invoice:7") is not None
    with read_only_session() as session:
        assert session.scalar(select(func.count(SourceDocument.id))) == 1
