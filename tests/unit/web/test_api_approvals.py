"""Approvals through the JSON API: what its list showed is approved, under the rules of Review."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import select

from hub.db.engine import read_only_session, transaction
from hub.models import AuditEntry, Installation, Posting, Run
from hub.outbox import compute_fingerprint
from tests.support.pages.api_client import ApiClient
from tests.support.pages.page_visitor import Visitor
from tests.support.rows.page_rows import add_document


@pytest.fixture
def program(visitor: Visitor) -> ApiClient:
    """Provide a program that may approve for an operator."""
    return ApiClient.of(visitor.app, "oda", "read", "approve")


def address_of(visitor: Visitor) -> str:
    return f"/installations/{visitor.story.installation}/approvals/"


def list_approvals(program: ApiClient, visitor: Visitor) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = program.read(address_of(visitor))["data"]
    return rows


def versions(rows: list[dict[str, Any]]) -> dict[str, Any]:
    """Return the body that approves rows of the list."""
    return {
        "postings": [{"posting_id": row["posting_id"], "version": row["version"]} for row in rows]
    }


def approve(program: ApiClient, visitor: Visitor, rows: list[dict[str, Any]]) -> dict[str, Any]:
    answer = program.call("POST", address_of(visitor), versions(rows))
    assert answer.status_code == 200, answer.text
    return dict(answer.get_json())


def row_of(visitor: Visitor, name: str) -> Posting:
    row: Posting = visitor.row(Posting, visitor.story.postings[name])
    return row


def change(visitor: Visitor, name: str) -> None:
    """Change a document at the source, so that it is planned again."""
    with visitor.app.app_context(), transaction() as session:
        posting = session.get_one(Posting, visitor.story.postings[name])
        posting.payload = b'{"DocNumber": "other"}'
        posting.planned = compute_fingerprint(posting.payload)


def set_limit(visitor: Visitor, limit: Decimal) -> None:
    with visitor.app.app_context(), transaction() as session:
        session.get_one(Installation, visitor.story.installation).second_approval_above = limit


def test_the_list_has_amounts_and_what_would_be_written(
    program: ApiClient, visitor: Visitor
) -> None:
    rows = list_approvals(program, visitor)
    row = next(
        candidate
        for candidate in rows
        if candidate["posting_id"] == visitor.story.postings["review"]
    )
    assert (row["kind"], row["operation"]) == ("bill", "create")
    assert (row["total"], row["currency"]) == ("1324.50", "NOK")
    facts = {fact["name"]: fact["text"] for fact in row["planned"]["facts"]}
    assert "2400 Leverandørgjeld" in facts.values()
    (line, *_) = row["planned"]["lines"]
    assert line["posts_to"] == "4300 Innkjøp varer"
    assert row["posted"] is None
    page = ApiClient.of(visitor.app, "vera", "read")
    assert list_approvals(page, visitor) == rows


def test_a_change_is_listed_beside_what_was_posted(program: ApiClient, visitor: Visitor) -> None:
    changed = [row for row in list_approvals(program, visitor) if row["operation"] == "update"]
    (row,) = changed
    assert row["posted"] is not None
    assert row["changes"]


def test_listed_postings_are_approved_and_posted_by_a_run(
    program: ApiClient, visitor: Visitor
) -> None:
    rows = list_approvals(program, visitor)
    outcome = approve(program, visitor, rows)
    ids = sorted(row["posting_id"] for row in rows)
    assert outcome == {
        "approved": ids,
        "first_approvals": [],
        "approved_before": [],
        "changed": [],
        "run_id": outcome["run_id"],
    }
    row = row_of(visitor, "review")
    assert (row.state, row.approved_by, row.approved_payload) == ("ready", "oda", row.planned)
    run = visitor.row(Run, outcome["run_id"])
    assert (run.kind, run.requested_by) == ("post", "oda")
    assert list_approvals(program, visitor) == []
    with visitor.app.app_context(), read_only_session() as session:
        entries = session.scalars(select(AuditEntry).where(AuditEntry.what == "posting approved"))
        entry = next(candidate for candidate in entries if candidate.subject == str(row.id))
    assert entry.who == "oda"
    assert entry.detail["seal"] == row.planned
    assert entry.detail["token"] == "of oda read approve"
    assert visitor.row(Installation, visitor.story.installation).previewed_at is not None


def test_a_posting_that_changed_since_it_was_listed_is_not_approved(
    program: ApiClient, visitor: Visitor
) -> None:
    rows = list_approvals(program, visitor)
    change(visitor, "review")
    outcome = approve(program, visitor, rows)
    assert outcome["changed"] == [visitor.story.postings["review"]]
    assert visitor.story.postings["review"] not in outcome["approved"]
    assert row_of(visitor, "review").state == "review"


def test_only_postings_in_review_of_this_app_are_approved(
    program: ApiClient, visitor: Visitor
) -> None:
    held_posting = row_of(visitor, "held")
    row = {"posting_id": held_posting.id, "version": held_posting.planned[:16]}
    outcome = approve(program, visitor, [row])
    assert (outcome["changed"], outcome["run_id"]) == ([held_posting.id], None)
    assert row_of(visitor, "held").state == "held"


def test_two_people_approve_above_the_limit(program: ApiClient, visitor: Visitor) -> None:
    set_limit(visitor, Decimal(1000))
    id = visitor.story.postings["review"]
    rows = [row for row in list_approvals(program, visitor) if row["posting_id"] == id]
    assert rows[0]["needs_two_people"]
    first = approve(program, visitor, rows)
    assert (first["first_approvals"], first["approved"], first["run_id"]) == ([id], [], None)
    assert approve(program, visitor, rows)["approved_before"] == [id]
    assert row_of(visitor, "review").state == "review"
    (row,) = [row for row in list_approvals(program, visitor) if row["posting_id"] == id]
    assert [approver["person"] for approver in row["approved_by"]] == ["oda"]
    second = ApiClient.of(visitor.app, "arne", "approve")
    assert approve(second, visitor, rows)["approved"] == [id]
    assert (row_of(visitor, "review").state, row_of(visitor, "review").approved_by) == (
        "ready",
        "arne",
    )


@pytest.mark.parametrize(("limit", "status"), [("2", 403), ("3", 200), ("0", 403)])
def test_more_than_the_limit_is_approved_on_the_page(
    open_pages: Callable[..., Visitor], limit: str, status: int
) -> None:
    visitor = open_pages(HUB_CONFIRM_APPROVALS_ABOVE=limit)
    with visitor.app.app_context(), transaction() as session:
        installation = session.get_one(Installation, visitor.story.installation)
        for place in range(100, 103):
            add_document(session, installation, "review", place)
    program = ApiClient.of(visitor.app, "oda", "read", "approve")
    rows = list_approvals(program, visitor)[:3]
    answer = program.call("POST", address_of(visitor), versions(rows))
    assert answer.status_code == status
    if status == 403:
        assert answer.get_json()["detail"].startswith(
            f"One call approves at most {limit} documents"
        )
        assert list_approvals(program, visitor)[:3] == rows


@pytest.mark.parametrize(
    ("name", "scopes", "detail"),
    [
        ("oda", ("read", "operate", "configure"), "The API token lacks the scope approve."),
        ("vera", ("approve",), "This takes the role operator of CostTracker in Nordvik Bygg AS,"),
    ],
)
def test_an_approval_takes_a_scope_of_its_own_and_the_role(
    visitor: Visitor, name: str, scopes: tuple[str, ...], detail: str
) -> None:
    rows = list_approvals(ApiClient.of(visitor.app, "olga", "read"), visitor)
    answer = ApiClient.of(visitor.app, name, *scopes).call(
        "POST", address_of(visitor), versions(rows)
    )
    assert (answer.status_code, detail in answer.get_json()["detail"]) == (403, True)
    assert row_of(visitor, "review").state == "review"


@pytest.mark.parametrize(
    "posting",
    [
        {"posting_id": 1},
        {"posting_id": 1, "version": "all"},
        {"posting_id": 0, "version": "0" * 16},
    ],
)
def test_an_approval_names_the_version_that_was_listed(
    program: ApiClient, visitor: Visitor, posting: dict[str, Any]
) -> None:
    answer = program.call("POST", address_of(visitor), {"postings": [posting]})
    assert answer.status_code == 422
    assert answer.get_json()["errors"]["json"]["postings"]["0"]
    assert program.call("POST", address_of(visitor), {"postings": []}).status_code == 422
