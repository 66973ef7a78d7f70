"""The next sync does with a code what the pages announce."""

import pytest
from hub_costcertified.sandbox import company
from sqlalchemy import select

from hub.db.engine import read_only_session, transaction
from hub.mapping import NEW
from hub.models import Case, Installation, Posting
from hub.web.frame import listed_rows
from tests.support.pages.costcertified_pages import Pages
from tests.support.pages.page_texts import compact
from tests.support.pages.page_visitor import Visitor
from tests.support.pages.record_form import form_of

JORDAN, OTHER_JORDAN = company.NAMESAKES
PROMISES = "The next sync continues with the documents that it stopped."


@pytest.fixture
def pages(visitor_with_stand_ins: Visitor) -> Pages:
    return Pages(visitor_with_stand_ins)


def test_a_namesake_with_another_address_is_not_called_matched(pages: Pages) -> None:
    pages.enable()
    pages.sync(JORDAN)
    pages.sync(OTHER_JORDAN)
    page = pages.visitor.page(pages.case("k21"))
    assert PROMISES not in page
    assert "another e-mail address" in page
    assert "another e-mail address" in pages.visitor.page(
        f"/installations/{pages.site.row.id}/matching/?show=open"
    )
    assert "Matched</span>" not in pages.visitor.page("/inbox/?act=match")


def test_a_customer_of_the_same_name_with_another_address_is_not_called_matched(
    pages: Pages,
) -> None:
    pages.enable()
    with pages.app.app_context():
        address = {"Address": "jordan@elsewhere.example"}
        pages.site.make("Customer", DisplayName="Jordan Mercer", PrimaryEmailAddr=address)
    pages.sync(OTHER_JORDAN)
    page = pages.visitor.page(pages.case("k21"))
    assert PROMISES not in page
    assert "another e-mail address" in page


def test_a_namesake_without_an_address_is_not_called_matched(pages: Pages) -> None:
    """The hub created the customer of that name for another client."""
    pages.enable()
    pages.sync(JORDAN | {"email": None})
    pages.sync(JORDAN | {"id": "k77", "email": None})
    page = pages.visitor.page(pages.case("k77"))
    assert PROMISES not in page
    assert "another e-mail address or code" in page


def test_a_client_that_was_matched_is_promised_and_goes(pages: Pages) -> None:
    pages.enable(parties="hold")
    pages.sync(JORDAN)
    with pages.app.app_context():
        record = pages.site.make("Customer", DisplayName="J. Mercer")
    pages.decide("k20", record["Id"])
    page = pages.visitor.page(pages.case("k20"))
    assert "It is matched to J. Mercer." in page
    assert PROMISES in page
    pages.sync()
    assert pages.posted() == 1


def test_a_client_that_is_new_is_promised_and_goes(pages: Pages) -> None:
    pages.enable(parties="hold")
    pages.sync(JORDAN)
    assert 'aria-label="Create in QuickBooks"' in pages.visitor.page(pages.case("k20"))
    pages.decide("k20", NEW)
    page = pages.visitor.page(pages.case("k20"))
    assert "It will be created in QuickBooks when it is used next." in page
    pages.sync()
    assert pages.posted() == 1


@pytest.mark.parametrize("sender", ["the case", "Matching"])
def test_a_client_that_is_to_be_created_is_not_called_matched(pages: Pages, sender: str) -> None:
    pages.enable(parties="hold")
    pages.sync(JORDAN)
    case = pages.case("k20")
    values = form_of(pages.visitor.page(case))
    address = case if sender == "the case" else f"/installations/{pages.site.row.id}/matching"
    assert pages.visitor.post(f"{address}/create", **values).status_code == 302
    listed = pages.visitor.page("/inbox/?act=match")
    assert ">Will be created</span>" in compact(listed)
    assert ">Matched</span>" not in compact(listed)


def test_a_paused_app_promises_no_sync(pages: Pages) -> None:
    pages.enable(parties="hold")
    pages.sync(JORDAN)
    pages.decide("k20", NEW)
    with pages.app.app_context(), transaction() as session:
        session.get_one(Installation, pages.site.row.id).mode = "paused"
    page = pages.visitor.page(pages.case("k20"))
    assert PROMISES not in page
    assert "continue once the app is no longer paused." in page
    with pages.app.app_context(), transaction() as session:
        session.get_one(Installation, pages.site.row.id).enabled = False
    assert "continue once the app is enabled again." in pages.visitor.page(pages.case("k20"))


def test_a_client_whose_name_is_taken_cannot_be_called_new(pages: Pages) -> None:
    pages.enable(parties="hold")
    pages.sync(OTHER_JORDAN)
    with pages.app.app_context():
        pages.site.make("Vendor", DisplayName="Jordan Mercer")
    page = pages.visitor.press(f"{pages.case('k21')}/match", record=NEW)
    assert "Jordan Mercer cannot be created: the name is taken in QuickBooks" in page
    assert PROMISES not in pages.visitor.page(pages.case("k21"))


def test_a_client_that_was_called_new_before_its_name_was_taken_is_not_promised(
    pages: Pages,
) -> None:
    pages.enable(parties="hold")
    pages.sync(OTHER_JORDAN)
    pages.decide("k21", NEW)
    with pages.app.app_context():
        pages.site.make("Vendor", DisplayName="Jordan Mercer")
    page = pages.visitor.page(pages.case("k21"))
    assert PROMISES not in page
    assert "the name is taken in QuickBooks" in page


def refuse_customer(pages: Pages) -> str:
    """Let QuickBooks refuse the customer of the next invoice; return the address of its case."""
    pages.visitor.quickbooks.add_fault("refusal", "customer.create", code="6000")
    pages.sync(JORDAN)
    with pages.app.app_context(), read_only_session() as session:
        conditions = Posting.kind == "customer", Case.closed_at.is_(None)
        query = select(Case.id).join(Case.postings).where(*conditions)
        return f"/inbox/{session.scalars(query).one()}"


def make_namesake(pages: Pages, email: str) -> None:
    """Create a customer in QuickBooks with the name of Jordan Mercer and this address."""
    with pages.app.app_context():
        address = {"Address": email}
        pages.site.make("Customer", DisplayName="Jordan Mercer", PrimaryEmailAddr=address)


def test_a_refused_client_is_not_called_matched_to_a_namesake_with_another_address(
    pages: Pages,
) -> None:
    pages.enable()
    case = refuse_customer(pages)
    make_namesake(pages, "jordan@elsewhere.example")
    page = pages.visitor.page(case)
    assert PROMISES not in page
    assert "another e-mail address" in page
    pages.sync()
    assert pages.posted() == 0


def test_a_refused_client_that_was_made_by_hand_is_promised_and_goes(pages: Pages) -> None:
    pages.enable()
    case = refuse_customer(pages)
    assert PROMISES not in pages.visitor.page(case)
    make_namesake(pages, JORDAN["email"])
    page = pages.visitor.page(case)
    assert "It is matched to Jordan Mercer." in page
    assert PROMISES in page
    pages.sync()
    assert pages.posted() == 1


def test_a_client_that_is_refused_as_a_person_entered_it_is_not_promised(pages: Pages) -> None:
    pages.enable(parties="hold")
    pages.sync(JORDAN)
    pages.decide("k20", NEW)
    pages.site.clock.advance(1)
    case = refuse_customer(pages)
    assert PROMISES not in pages.visitor.page(case)
    pages.site.clock.advance(1)
    entered = form_of(pages.visitor.page(case)) | {"name": "Jordan Mercer Junior"}
    assert pages.visitor.post(f"{case}/create", **entered).status_code == 302
    assert PROMISES in pages.visitor.page(case)
    pages.sync()
    assert pages.posted() == 2


def test_an_approval_says_which_documents_wait_for_a_record_in_review(pages: Pages) -> None:
    pages.enable(mode="review")
    pages.sync(JORDAN)
    number = pages.site.row.id
    with pages.app.app_context():
        invoice = pages.site.posting("invoice:1001")
    chosen = listed_rows.format_pair(invoice.id, invoice.planned)
    page = pages.visitor.approve(number, "selected", selected=chosen)
    waits = "1 document waits for customer Jordan Mercer, item CC-1001, still in review"
    assert waits in page
    assert "still in review" not in pages.visitor.approve(number)
    pages.sync()
    assert pages.posted() == 1
