"""The outbox: request ids, decisions of people and statistics."""

from decimal import Decimal

import pytest
from sqlalchemy import select

from hub import outbox
from hub.db.engine import read_only_session, transaction
from hub.models import (
    Installation,
    Posting,
    SourceDocument,
    TransactionHead,
)
from hub.outbox import approvals, listing
from hub.posting import releases
from tests.support.rows.small_outbox import check, claim, get, now, row_of

# -- keys ------------------------------------------------------------------------------------------


def test_a_key_is_32_hex_digits_and_the_same_for_the_same_deed():
    first = outbox.derive_request_id("x", "", "create", "0", 0)
    assert first == outbox.derive_request_id("x", "", "create", "0", 0)
    assert len(first) == 32
    assert int(first, 16)


@pytest.mark.parametrize(
    "other",
    [
        ("y", "", "create", "0", 0),
        ("x", "f", "create", "0", 0),
        ("x", "", "update", "0", 0),
        ("x", "", "create", "5:1", 0),
        ("x", "", "create", "0", 1),
    ],
)
def test_each_part_of_a_request_changes_its_key(other):
    assert outbox.derive_request_id(*other) != outbox.derive_request_id("x", "", "create", "0", 0)


def test_a_change_of_another_version_has_another_key():
    assert outbox.derive_request_id("x", "", "update", "5:1", 0) != outbox.derive_request_id(
        "x", "", "update", "5:2", 0
    )


def test_identities_cannot_run_into_each_other():
    assert outbox.build_identity("1", "a", "b", "c") != outbox.build_identity("1", "a", 'b","c', "")


def test_a_marker_is_short_and_plain():
    marker = outbox.derive_marker(outbox.build_identity("1", "a", "b", "c"))
    assert len(marker) == 12
    assert marker.isalnum()
    assert marker.isupper() or marker.isdigit()


# -- decisions of a person -------------------------------------------------------------------------


def test_an_approval_remembers_the_bytes(box):
    id = box(state="review", payload=b"{1}")
    with transaction() as session:
        assert outbox.approve(session, [id], "kari")
        assert not outbox.approve(session, [id], "kari")
    assert (get(id).state, get(id).approved_payload) == (
        "ready",
        outbox.compute_fingerprint(b"{1}"),
    )


def test_an_approval_of_two_holds_for_the_bytes_that_each_of_them_saw(box):
    with transaction() as session:
        session.get_one(Installation, 1).second_approval_above = Decimal(100)
    large = {"total": Decimal(500), "state": "review"}
    id = box(payload=b'{"a": 1}', **large)
    assert approve_by(id, "anna") == "review"
    assert box(payload=b'{"a": 2}', **large) == id
    assert box(payload=b'{"a": 1}', **large) == id  # what anna saw, but it was changed meanwhile
    assert approve_by(id, "ben") == "review"
    assert approve_by(id, "ben") == "review"
    assert approve_by(id, "anna") == "ready"


def test_both_approvals_stay_valid_after_ids_are_filled_in(box):
    with transaction() as session:
        session.get_one(Installation, 1).second_approval_above = Decimal(100)
    main = box(source_id="vendor:1", kind="vendor", state="ready")
    payload = f'{{"VendorRef": "{outbox.format_placeholder(main)}"}}'.encode()
    id = box(state="review", total=Decimal(500), payload=payload, after_id=main)
    approve_by(id, "anna")
    assert approve_by(id, "ben") == "waiting"
    with transaction() as session:
        parent = session.get_one(Posting, main)
        parent.state, parent.quickbooks_id = "posted", "500"
    assert releases.release_waiting(1, now()) == 1
    assert get(id).state == "ready"
    revisions = check(id)
    with transaction() as session:
        assert approvals.return_unapproved_to_review(session, 1) == 0
        assert len(claim(session, revisions)) == 1


def approve_by(id, who):
    """Approve a posting as the page Review does; return its state."""
    with transaction() as session:
        approvals.add(session, [id], who)
        outbox.approve(session, [id], who)
    return get(id).state


def test_an_approved_posting_still_waits_for_the_one_before_it(box):
    first = box("v1", kind="vendor", state="review")
    second = box(state="review", after_id=first)
    with transaction() as session:
        outbox.approve(session, [second], "kari")
    assert get(second).state == "waiting"


@pytest.mark.parametrize("state", ["held", "review", "ready"])
def test_a_stated_total_that_was_corrected_alone_is_that_of_the_posting(box, state):
    """QuickBooks gets lines, so the bytes stay the same."""
    held_by = "source" if state == "held" else ""
    id = box(state=state, held_by=held_by, payload=b"{1}", total=Decimal("71955.23"))
    box(state="review", payload=b"{1}", total=Decimal("71955.22"), number="F-2")
    assert (get(id).total, get(id).number) == (Decimal("71955.22"), "F-2")


def test_the_total_of_a_posted_transaction_stays_as_it_was_posted(box):
    id = box(state="posted", payload=b"{1}", total=Decimal("71955.23"))
    box(state="review", payload=b"{1}", total=Decimal("71955.22"))
    assert get(id).total == Decimal("71955.23")


def test_a_posting_in_flight_is_not_skipped(box):
    id = box()
    revisions = check(id)
    with transaction() as session:
        claim(session, revisions)
        assert not outbox.skip(session, session.get_one(Posting, id), "kari", "double")


def test_a_retry_of_a_refusal_takes_the_next_key(box):
    id = box(state="held", held_by="quickbooks")
    before = get(id).requestid
    with transaction() as session:
        row = session.get_one(Posting, id)
        row.rekey = True
        assert outbox.retry(session, [row.id], "kari")
    assert (get(id).state, get(id).generation) == ("ready", 1)
    assert get(id).requestid != before


def test_a_retry_of_what_the_source_holds_asks_the_source_again(box):
    id = box(state="held", held_by="source", payload=b"")
    with transaction() as session:
        row = session.get_one(Posting, id)
        assert outbox.retry(session, [row.id], "kari")
        assert (row.state, row.document.reread) == ("held", True)


# -- statistics ------------------------------------------------------------------------------------


def tally():
    with read_only_session() as session:
        return outbox.count_documents(session, 1)


def test_documents_are_counted_by_where_they_stand(box):
    for number, state in enumerate(
        (
            "posted",
            "held",
            "review",
            "ready",
            "sending",
            "waiting",
            "unknown",
            "skipped",
            "withdrawn",
        )
    ):
        box(f"invoice:{number}", state=state)
    box("v1", kind="vendor", made_for="supplier")
    box("invoice:0", part="scan", operation="attach", state="held")
    counts = tally()
    assert counts == {
        "documents": 9,
        "posted": 1,
        "held": 1,
        "review": 1,
        "waiting": 3,
        "unknown": 1,
        "missing": 0,
        "removed": 0,
        "skipped": 1,
        "withdrawn": 1,
    }
    assert counts.pop("documents") == sum(counts.values())


def test_a_change_under_way_speaks_for_its_document_and_a_withdrawn_one_does_not(box):
    box(state="posted", quickbooks_id="5")
    box(state="held", operation="update", base="5:0")
    assert (tally()["held"], tally()["documents"]) == (1, 1)
    box("invoice:2", state="posted", quickbooks_id="6")
    box("invoice:2", state="withdrawn", operation="update", base="6:0")
    assert tally()["posted"] == 1


def head(id, state, kind="bill"):
    with transaction() as session:
        session.add(TransactionHead(company_id=1, kind=kind, quickbooks_id=id, state=state))


def store(source_id, **values):
    """Store a posting as it is, without the rules of planning."""
    with transaction() as session:
        row = session.query(SourceDocument).filter_by(source_id=source_id).one_or_none()
        row = row or row_of(source_id)
        row.installation, row.kind = session.get_one(Installation, 1), "bill"
        about = {"operation": "create", "kind": "bill", "company_id": 1, "installation_id": 1}
        times = {"created_at": now(), "changed_at": now()}
        key = f"{source_id} {session.query(Posting).count()}"
        session.add(Posting(**{**about, **times, "document": row, "requestid": key, **values}))


CREATED = {"state": "posted", "quickbooks_id": "5"}
CHANGED = {"operation": "update", "base": "5:0", "quickbooks_id": "5"}
REMOVED = {"operation": "delete", "base": "5:0", "quickbooks_id": "5", "state": "posted"}
AGAIN = {"generation": 1, "base": "0"}
HISTORIES = {
    "posted": ([CREATED], "posted"),
    "changed": ([CREATED, {**CHANGED, "state": "posted"}], "posted"),
    "changed back": ([CREATED, {**CHANGED, "state": "withdrawn"}], "posted"),
    "a change that a person skipped": ([CREATED, {**CHANGED, "state": "skipped"}], "posted"),
    "a change under way": ([CREATED, {**CHANGED, "state": "held"}], "held"),
    "a change under way that is replaced": (
        [CREATED, {**CHANGED, "state": "withdrawn"}, {**CHANGED, "base": "5:1", "state": "review"}],
        "review",
    ),
    "removed": ([CREATED, REMOVED], "removed"),
    "voided": ([CREATED, {**REMOVED, "operation": "void"}], "removed"),
    "a removal that is held": ([CREATED, {**REMOVED, "state": "held"}], "held"),
    "a removal that was withdrawn": ([CREATED, {**REMOVED, "state": "withdrawn"}], "posted"),
    "posted again": (
        [CREATED, REMOVED, {**AGAIN, "state": "posted", "quickbooks_id": "6"}],
        "posted",
    ),
    "not yet posted again": ([CREATED, REMOVED, {**AGAIN, "state": "held"}], "held"),
    "not to be posted again": ([CREATED, REMOVED, {**AGAIN, "state": "skipped"}], "removed"),
    "deleted in QuickBooks": ([{**CREATED, "quickbooks_id": "7"}], "missing"),
    "changed, then deleted in QuickBooks": (
        [
            {**CREATED, "quickbooks_id": "7"},
            {**CHANGED, "quickbooks_id": "7", "base": "7:0", "state": "posted"},
        ],
        "missing",
    ),
    "voided in QuickBooks": ([{**CREATED, "quickbooks_id": "8"}], "missing"),
    "skipped after it was deleted": (
        [{**CREATED, "quickbooks_id": "7", "state": "skipped"}],
        "skipped",
    ),
    "one of two parts missing": (
        [{**CREATED, "part": "a"}, {**CREATED, "part": "b", "quickbooks_id": "7"}],
        "missing",
    ),
    "one of two parts removed": (
        [{**CREATED, "part": "a"}, {**CREATED, "part": "b"}, {**REMOVED, "part": "b"}],
        "posted",
    ),
    "one of two parts held": ([{**CREATED, "part": "a"}, {"part": "b", "state": "held"}], "held"),
    "a file that waits": (
        [CREATED, {"operation": "attach", "part": "scan", "state": "waiting"}],
        "posted",
    ),
    "a file that is held": (
        [CREATED, {"operation": "attach", "part": "scan", "state": "held"}],
        "posted",
    ),
    "nothing but a file that is held": (
        [{"operation": "attach", "part": "scan", "state": "held"}],
        "pending",
    ),
    "nothing but a file that was skipped": (
        [{"operation": "attach", "part": "scan", "state": "skipped"}],
        "pending",
    ),
    "held": ([{"state": "held"}], "held"),
    "in review": ([{"state": "review"}], "review"),
    "skipped": ([{"state": "skipped"}], "skipped"),
    "withdrawn": ([{"state": "withdrawn"}], "withdrawn"),
    "sent": ([{"state": "sending"}], "sending"),
    "held beside a part in doubt": (
        [{"part": "a", "state": "held"}, {"part": "b", "state": "unknown"}],
        "unknown",
    ),
    "closed at the source, but posted": ([CREATED], "posted"),
}


def test_a_document_has_one_state_by_its_history_in_counts_filters_and_lists(box):
    head("7", "deleted")
    head("8", "voided")
    for number, (history, _) in enumerate(HISTORIES.values()):
        for step in history:
            store(f"invoice:{number}", **step)
    closed = [*HISTORIES].index("closed at the source, but posted")
    with transaction() as session:
        session.query(SourceDocument).filter_by(
            source_id=f"invoice:{closed}"
        ).one().stage = "closed"
    expected = {f"invoice:{n}": state for n, (_, state) in enumerate(HISTORIES.values())}
    with read_only_session() as session:
        ids = dict(session.execute(select(SourceDocument.source_id, SourceDocument.id)).all())
        listed = listing.load_document_states(session, list(ids.values()))
        assert {source: listed[id] for source, id in ids.items()} == expected
        counted = outbox.count_documents(session, 1)
        for state in outbox.COUNTED_STATES:
            result = listing.select_documents_with_posting().where(listing.in_state(state))
            filtered = {row.SourceDocument.source_id for row in session.execute(result)}
            counts_as = ("waiting", "sending") if state == "waiting" else (state,)
            in_state = {source for source, name in expected.items() if name in counts_as}
            assert filtered == in_state, state
            summed = set(session.scalars(listing.select_ids_in_state(state)))
            assert summed == {ids[source] for source in in_state}, state
            assert counted[state] == len(filtered), state


def test_sums_are_of_posted_documents_with_credits_negative(box):
    landed = {"state": "posted", "total": Decimal("100.10"), "posted_total": Decimal("100.10")}
    box("invoice:1", quickbooks_id="5", source=Decimal("100.10"), **landed)
    box("invoice:2", quickbooks_id="6", source=Decimal("100.10"), kind="vendor_credit", **landed)
    box("invoice:3", quickbooks_id="7", source=Decimal("100.10"), currency="EUR", **landed)
    box("invoice:4", source=Decimal(7))
    with transaction() as session:
        for kind, id, total in (
            ("bill", "5", "90"),
            ("vendor_credit", "6", "100.10"),
            ("bill", "7", "100.10"),
        ):
            session.add(
                TransactionHead(company_id=1, kind=kind, quickbooks_id=id, total=Decimal(total))
            )
    with read_only_session() as session:
        result = outbox.sum_posted_by_currency(session, 1)
        by_kind = outbox.sum_posted_by_kind(session, 1)
    assert result["NOK"] == {
        "source": Decimal(0),
        "posted": Decimal(0),
        "quickbooks": Decimal("-10.10"),
    }
    assert result["EUR"] == dict.fromkeys(("source", "posted", "quickbooks"), Decimal("100.10"))
    assert {key: sums["posted"] for key, sums in by_kind.items()} == {
        ("bill", "NOK"): Decimal("100.10"),
        ("vendor_credit", "NOK"): Decimal("-100.10"),
        ("bill", "EUR"): Decimal("100.10"),
    }


def test_sums_stay_exact_where_their_millionths_outgrow_the_numbers_of_a_database(box):
    huge = Decimal(
        "9000000000000.01"
    )  # of millionths a database's number holds just one such amount
    landed = {"state": "posted", "source": huge, "total": huge, "posted_total": huge}
    for number in range(3):
        box(f"invoice:{number}", quickbooks_id=str(number), **landed)
    box("invoice:4", quickbooks_id="4", made_for="vendor", **landed)
    box("invoice:5", quickbooks_id="5", **landed)
    box("invoice:5", quickbooks_id="5", operation="update", base="5:0", **landed)
    with transaction() as session:
        session.add_all(
            [
                TransactionHead(company_id=1, kind="bill", quickbooks_id=id, total=-huge)
                for id in "0125"
            ]
        )
    with read_only_session() as session:
        result = outbox.sum_posted_by_currency(session, 1)
    assert result == {"NOK": {"source": 4 * huge, "posted": 4 * huge, "quickbooks": -4 * huge}}
