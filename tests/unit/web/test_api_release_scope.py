"""A token that may not approve releases no document of an app in review."""

import pytest
from hub_costcertified.sandbox import company
from sqlalchemy import select

from hub.cases import inbox
from hub.db.engine import read_only_session, transaction
from hub.models import Case, Installation, Posting, case_posting
from hub.models.enums import InstallationMode
from hub.reasons.texts import CaseText
from tests.support.pages.api_client import ApiClient
from tests.support.pages.costcertified_pages import Pages
from tests.support.pages.page_visitor import Visitor

JORDAN = company.NAMESAKES[0]
DETAIL = "That takes a token with the scope approve, too."


@pytest.fixture
def pages(visitor_with_stand_ins: Visitor) -> Pages:
    """Return pages with an invoice that closed books stop, of an app in review."""
    pages = Pages(visitor_with_stand_ins)
    pages.enable(parties="hold")
    set_mode(pages, InstallationMode.REVIEW)
    with pages.app.app_context():
        pages.visitor.quickbooks.act("close_books", date="2026-03-31", realm=pages.site.realm)
        customer = pages.site.make("Customer", DisplayName="Jordan Mercer & Sons")
        pages.site.invoice(client=JORDAN)
    pages.decide("k20", customer["Id"])
    pages.sync()
    return pages


def set_mode(pages: Pages, mode: str) -> None:
    with pages.app.app_context(), transaction() as session:
        session.get_one(Installation, pages.site.row.id).mode = mode


def invoice(pages: Pages) -> Posting:
    with pages.app.app_context(), read_only_session() as session:
        return session.scalars(select(Posting).where(Posting.kind == "invoice")).one()


def retry_addresses(pages: Pages) -> list[str]:
    """Return the addresses that retry the invoice: by its case, and alone."""
    posting_id = invoice(pages).id
    query = select(Case.id).join(case_posting).where(case_posting.c.posting_id == posting_id)
    with pages.app.app_context(), read_only_session() as session:
        case_id = session.scalars(query.where(Case.closed_at.is_(None))).one()
    return [f"/cases/{case_id}/retry", f"/cases/{case_id}/postings/{posting_id}/retry"]


def test_a_retry_takes_the_scope_of_approvals(pages: Pages) -> None:
    assert (invoice(pages).state, invoice(pages).held_by) == ("held", "preflight")
    program = ApiClient.of(pages.app, "oda", "read", "operate")
    for address in retry_addresses(pages):
        answer = program.call("POST", address, {} if "postings" in address else None)
        assert (answer.status_code, DETAIL in answer.json["detail"]) == (403, True), address
    assert (invoice(pages).state, invoice(pages).approved_by) == ("held", None)


@pytest.mark.parametrize(
    ("scopes", "mode"),
    [
        (("read", "operate", "approve"), InstallationMode.REVIEW),
        (("read", "operate"), InstallationMode.AUTO),
    ],
)
def test_a_retry_releases_what_the_token_may_approve_or_nobody_has_to(
    pages: Pages, scopes: tuple[str, ...], mode: str
) -> None:
    set_mode(pages, mode)
    program = ApiClient.of(pages.app, "oda", *scopes)
    answer = program.call("POST", retry_addresses(pages)[0])
    assert answer.status_code == 200, answer.text
    assert invoice(pages).approved_by == "oda"


def test_a_retry_of_what_left_quickbooks_takes_the_scope_of_approvals(visitor: Visitor) -> None:
    """It posts what the source has now, as Post again does."""
    posting = visitor.row(Posting, visitor.story.postings["posted"])
    text = CaseText("posted.missing", name="Bill 1", quickbooks_id=posting.quickbooks_id or "")
    owner = {"company_id": posting.company_id, "installation_id": posting.installation_id}
    with visitor.app.app_context(), transaction() as session:
        case = inbox.open(session, "missing", text, postings=[posting.id], **owner)
        address = f"/cases/{case.id}/postings/{posting.id}/retry"
    answer = ApiClient.of(visitor.app, "oda", "read", "operate").call("POST", address, {})
    assert (answer.status_code, DETAIL in answer.json["detail"]) == (403, True)
    allowed = ApiClient.of(visitor.app, "oda").call("POST", address, {})
    assert allowed.status_code == 409, "it is still in QuickBooks"


def test_posting_again_takes_the_scope_of_approvals(visitor: Visitor) -> None:
    """The document may have changed at its source since it was approved."""
    posting = visitor.row(Posting, visitor.story.postings["posted"])
    address = f"/documents/{posting.document_id}/post-again"
    answer = ApiClient.of(visitor.app, "oda", "read", "operate").call("POST", address)
    assert (answer.status_code, DETAIL in answer.json["detail"]) == (403, True)
    allowed = ApiClient.of(visitor.app, "oda").call("POST", address)
    assert allowed.status_code == 409, "it is still in QuickBooks"
