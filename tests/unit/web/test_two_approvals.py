"""Two people approve above an amount: on the page Review, and whichever other way is tried."""

from decimal import Decimal
from typing import Any

import pytest
from click.testing import CliRunner
from sqlalchemy import func, select

from hub import outbox
from hub.cli import main
from hub.db import engine
from hub.installations import act_log
from hub.models import Approval, AuditEntry, ConnectedCompany, Installation, Posting
from hub.outbox import approvals, compute_fingerprint
from hub.posting.claims import Claim, claim_postings
from hub.security import audit
from hub.web.frame import listed_rows
from tests.support.pages.page_visitor import Visitor


@pytest.fixture
def operator(visitor: Visitor) -> Visitor:
    """Provide the operator of an app that needs two approvals above 1,000."""
    set_limit(visitor, Decimal(1000))
    visitor.log_in("oda")
    return visitor


def set_limit(visitor: Visitor, limit: Decimal | None) -> None:
    with visitor.app.app_context(), engine.transaction() as session:
        session.get_one(Installation, visitor.story.installation).second_approval_above = limit


def change(visitor: Visitor, name: str = "review", **values: Any) -> None:
    with visitor.app.app_context(), engine.transaction() as session:
        posting = session.get_one(Posting, visitor.story.postings[name])
        for column, value in values.items():
            setattr(posting, column, value)


def posting(visitor: Visitor, name: str = "review") -> Posting:
    row: Posting = visitor.row(Posting, visitor.story.postings[name])
    return row


def approve(visitor: Visitor, name: str = "review") -> str:
    row = posting(visitor, name)
    return visitor.approve(
        visitor.story.installation,
        "selected",
        selected=listed_rows.format_pair(row.id, row.planned),
    )


def switch_to(visitor: Visitor, name: str) -> None:
    visitor.post("/logout")
    assert visitor.log_in(name).status_code == 302


def claimable(visitor: Visitor, name: str) -> bool:
    """Return whether a posting would be claimed for sending, without claiming it."""
    id = visitor.story.postings[name]
    with visitor.app.app_context(), engine.read_only_session() as session:
        posting = session.get_one(Posting, id)
        posting.checked_at = now = visitor.app.extensions["hub"].clock.now()
        session.flush()
        return bool(claim_postings(session, {id: posting.revision}, Claim("fence", now)))


def sweep(visitor: Visitor) -> int:
    with visitor.app.app_context(), engine.transaction() as session:
        return approvals.return_unapproved_to_review(session, visitor.story.company)


def test_the_first_approval_is_stored_and_the_second_person_releases(operator: Visitor) -> None:
    page = approve(operator)
    assert "A second person must approve too" in page
    assert (posting(operator).state, posting(operator).approved_by) == ("review", None)
    switch_to(operator, "arne")
    page = operator.page(f"/installations/{operator.story.installation}/review/")
    assert "Approved by oda" in page
    assert "It needs a second person." in page
    assert "Approved 1 bill. Posting now." in approve(operator)
    row = posting(operator)
    assert (row.state, row.approved_by, row.approved_payload) == ("ready", "arne", row.planned)
    with operator.app.app_context(), engine.read_only_session() as session:
        acts = list(session.execute(select(AuditEntry.what, AuditEntry.who)))
    assert ("first approval given", "oda") in acts
    assert ("posting approved", "arne") in acts
    assert claimable(operator, "review")
    sweep(operator)
    assert posting(operator).state == "ready"
    page = operator.page(f"/documents/{row.document_id}")
    assert "<dt>Approved by</dt><dd>oda, arne</dd>" in page


def test_the_first_person_is_not_offered_a_second_approval(operator: Visitor) -> None:
    here = f"/postings/{operator.story.postings['review']}/review"
    assert ">Approve · " in operator.page(here)
    approve(operator)
    page = operator.page(here)
    assert "You approved it <time" in page
    assert ">Approve · " not in page
    switch_to(operator, "arne")
    page = operator.page(here)
    assert "Approved by oda" in page
    assert ">Approve · " in page


def test_the_confirmation_says_what_waits_for_a_second_person(operator: Visitor) -> None:
    row = posting(operator)
    address = f"/installations/{operator.story.installation}/review/approve"
    query = {"which": "selected", "selected": listed_rows.format_pair(row.id, row.planned)}
    waits = "1 of them needs two people. After your approval it waits for a second person."
    assert waits in operator.get(address, query_string=query).text
    approve(operator)
    switch_to(operator, "arne")
    assert "second person" not in operator.get(address, query_string=query).text


def test_the_same_person_is_never_both(operator: Visitor) -> None:
    approve(operator)
    page = approve(operator)
    assert "You have approved 1 document before. Another person must" in page
    assert posting(operator).state == "review"
    with operator.app.app_context(), engine.read_only_session() as session:
        assert session.scalar(select(func.count(Approval.id))) == 1


@pytest.mark.parametrize(
    ("values", "needs"),
    [
        ({"total": Decimal("1000.00")}, False),
        ({"total": Decimal("1000.01")}, True),
        ({"total": Decimal("-1000.01")}, True),
        ({"total": None}, True),
        ({"total": Decimal(1), "currency": "EUR"}, True),
        ({"total": None, "kind": "vendor"}, False),
        ({"total": None, "operation": "attach"}, False),
        ({"total": Decimal(2000), "operation": "delete"}, True),
    ],
)
def test_the_amount_decides_whether_two_people_must_approve(
    operator: Visitor, values: dict[str, Any], needs: bool
) -> None:
    with operator.app.app_context(), engine.transaction() as session:
        row = session.get_one(Posting, operator.story.postings["review"])
        row.document.total = None
        row.currency = session.get_one(ConnectedCompany, row.company_id).currency
    change(operator, **values)
    with operator.app.app_context(), engine.read_only_session() as session:
        assert bool(approvals.find_lacking(session, [operator.story.postings["review"]])) == needs


def test_parts_of_a_large_document_need_two_people(operator: Visitor) -> None:
    with operator.app.app_context(), engine.transaction() as session:
        row = session.get_one(Posting, operator.story.postings["review"])
        row.total, row.document.total = Decimal(10), Decimal(5000)
    with operator.app.app_context(), engine.read_only_session() as session:
        assert approvals.find_lacking(session, [operator.story.postings["review"]])


def test_changed_content_drops_the_first_approval(operator: Visitor) -> None:
    approve(operator)
    change(
        operator, payload=b'{"DocNumber": "x"}', planned=compute_fingerprint(b'{"DocNumber": "x"}')
    )
    switch_to(operator, "arne")
    assert "A second person must approve too" in approve(operator)
    assert posting(operator).state == "review"


def test_a_skipped_document_loses_its_first_approval(operator: Visitor) -> None:
    approve(operator)
    with operator.app.app_context(), engine.transaction() as session:
        row = session.get_one(Posting, operator.story.postings["review"])
        assert outbox.skip(session, row, "oda", "no")
    with operator.app.app_context(), engine.read_only_session() as session:
        assert session.scalar(select(func.count(Approval.id))) == 0


def test_the_command_line_gives_neither_approval(operator: Visitor) -> None:
    id = str(operator.story.postings["review"])
    answer = CliRunner().invoke(main, ["approve", id], obj=operator.app)
    assert answer.exit_code == 1
    assert "two people must approve" in answer.output
    approve(operator)
    assert CliRunner().invoke(main, ["approve", id], obj=operator.app).exit_code == 1
    assert posting(operator).state == "review"


def test_a_posting_that_needs_two_people_is_released_in_no_other_way(operator: Visitor) -> None:
    """After automatic mode, a retry or a removal it is not claimed, and returns to review."""
    change(operator, state="ready", approved_by="oda", approved_payload=posting(operator).planned)
    assert not claimable(operator, "review")
    assert sweep(operator) >= 1
    row = posting(operator)
    assert (row.state, row.approved_by, row.approved_payload) == ("review", None, None)


def test_one_approval_and_a_retry_do_not_make_two(operator: Visitor) -> None:
    approve(operator)
    change(operator, state="held", held_by="preflight")
    with operator.app.app_context(), engine.transaction() as session:
        assert outbox.retry(session, [operator.story.postings["review"]], "arne") == 1
    assert posting(operator).state == "ready"
    assert not claimable(operator, "review")
    sweep(operator)
    assert posting(operator).state == "review"
    switch_to(operator, "arne")
    approve(operator)
    assert posting(operator).state == "ready"


def test_the_switch_to_automatic_approves_nothing_that_needs_two(operator: Visitor) -> None:
    with operator.app.app_context(), engine.transaction() as session:
        outbox.approve_all(session, operator.story.installation, "arne")
    assert posting(operator).state == "review"
    with operator.app.app_context(), engine.read_only_session() as session:
        assert session.scalar(select(func.count(Approval.id))) == 0


def test_without_a_limit_one_approval_is_enough(operator: Visitor) -> None:
    set_limit(operator, None)
    assert "Approved 1 bill. Posting now." in approve(operator)
    assert claimable(operator, "review")


def test_a_posting_that_may_have_reached_quickbooks_is_not_stopped(operator: Visitor) -> None:
    """A posting in doubt is sent again under the same key, as it was approved already."""
    change(operator, "unknown", state="ready", total=Decimal(5000))
    with operator.app.app_context(), engine.read_only_session() as session:
        assert not approvals.find_lacking(session, [operator.story.postings["unknown"]])


def test_the_limit_is_set_on_the_settings_page(operator: Visitor) -> None:
    switch_to(operator, "olga")
    page = operator.page(f"/installations/{operator.story.installation}/settings")
    assert "Two people approve above" in page
    assert 'value="1000.00"' in page


@pytest.mark.parametrize(
    ("currency", "limit", "text"),
    [
        ("NOK", "1000", "1000.00"),
        ("JPY", "1000", "1000"),
        ("JPY", "1000.5", "1000.5"),
        ("KWD", "1000.25", "1000.250"),
    ],
)
def test_the_limit_has_the_decimals_of_the_currency_of_the_company(
    operator: Visitor, currency: str, limit: str, text: str
) -> None:
    set_limit(operator, Decimal(limit))
    with operator.app.app_context(), engine.transaction() as session:
        session.get_one(ConnectedCompany, operator.story.company).currency = currency
    switch_to(operator, "olga")
    page = operator.page(f"/installations/{operator.story.installation}/settings")
    assert f'name="second_approval_above" value="{text}"' in page


def test_a_change_of_the_limit_has_the_decimals_of_the_currency(operator: Visitor) -> None:
    with operator.app.app_context(), engine.transaction() as session:
        session.get_one(ConnectedCompany, operator.story.company).currency = "JPY"
        row = session.get_one(Installation, operator.story.installation)
        changes = {"second_approval_above": {"from": "1000.000000", "to": None}}
        subject = act_log.format_audit_subject(row)
        audit.record(session, "olga", "settings changed", subject, changes=changes)
    switch_to(operator, "olga")
    for path in (f"/installations/{operator.story.installation}/settings", "/audit/"):
        assert "Two people approve above: 1,000 → none" in operator.page(path), path
