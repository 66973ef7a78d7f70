"""A person asks again for a record that QuickBooks has refused to create."""

from collections.abc import Callable

import pytest
from hub_costcertified.sandbox import company
from sqlalchemy import select

from hub.db.engine import read_only_session
from hub.models import AuditEntry, Case, Posting
from hub.posting.actions import manual
from tests.support.pages.api_client import ApiClient
from tests.support.pages.costcertified_pages import Pages
from tests.support.pages.page_visitor import Visitor
from tests.support.pages.record_form import form_of

JORDAN = company.NAMESAKES[0]
PROMISES = "The next sync continues with the documents that it stopped."


@pytest.fixture
def pages(visitor_with_stand_ins: Visitor) -> Pages:
    return Pages(visitor_with_stand_ins)


def refuse(pages: Pages, count: int = 1) -> str:
    """Let QuickBooks refuse the customer of the next invoice; return the address of its case."""
    pages.visitor.quickbooks.add_fault("refusal", "customer.create", code="6000", count=count)
    pages.sync(JORDAN)
    pages.site.clock.advance(60)
    return find_case(pages)


def find_case(pages: Pages) -> str:
    """Return the address of the open case about the customer."""
    with pages.app.app_context(), read_only_session() as session:
        conditions = Posting.kind == "customer", Case.closed_at.is_(None)
        query = select(Case.id).join(Case.postings).where(*conditions)
        return f"/inbox/{session.scalars(query).one()}"


def read_creation(pages: Pages) -> Posting:
    """Return the posting that creates the customer."""
    with pages.app.app_context(), read_only_session() as session:
        return session.scalars(select(Posting).where(Posting.kind == "customer")).one()


def count_sends(pages: Pages) -> int:
    """Return how many times QuickBooks was asked to create the customer."""
    return len(pages.visitor.quickbooks.log.entries("customer.create"))


def count_retries(pages: Pages) -> int:
    """Return how many retries the audit log has."""
    with pages.app.app_context(), read_only_session() as session:
        query = select(AuditEntry).where(AuditEntry.what == "posting retried")
        return len(session.scalars(query).all())


def press_on_case(pages: Pages, case: str) -> None:
    values = form_of(pages.visitor.page(case))
    assert pages.visitor.post(f"{case}/create", **values).status_code == 302


def press_on_page_of_code(pages: Pages, case: str) -> None:
    address = f"/installations/{pages.site.row.id}/matching"
    page = pages.visitor.page(f"{address}/code?field=client&code=client%3Ak20")
    assert pages.visitor.post(f"{address}/create", **form_of(page)).status_code == 302


def call_create(pages: Pages, case: str) -> None:
    values = form_of(pages.visitor.page(case))
    chosen = {name: values[name] for name in ("name", "email")}
    program = ApiClient.of(pages.app, "oda")
    address = case.replace("/inbox/", "/cases/") + "/create"
    assert program.call("POST", address, {"values": chosen}).status_code == 200


def call_match(pages: Pages, case: str) -> None:
    program = ApiClient.of(pages.app, "oda")
    address = case.replace("/inbox/", "/cases/") + "/match"
    assert program.call("POST", address, {"record": "new"}).status_code == 200


def call_matches(pages: Pages, case: str) -> None:
    program = ApiClient.of(pages.app, "oda")
    body = {"field": "client", "code": "client:k20", "record": "new"}
    address = f"/installations/{pages.site.row.id}/matches/"
    assert program.call("PUT", address, body).status_code == 200


@pytest.mark.parametrize(
    "ask", [press_on_case, press_on_page_of_code, call_create, call_match, call_matches]
)
def test_it_is_created_with_the_next_sync(pages: Pages, ask: Callable[[Pages, str], None]) -> None:
    pages.enable()
    case = refuse(pages)
    assert PROMISES not in pages.visitor.page(case)
    before = read_creation(pages)
    ask(pages, case)
    assert PROMISES in pages.visitor.page(case)
    assert count_retries(pages) == 1
    pages.site.clock.advance(60)
    pages.sync()
    after = read_creation(pages)
    assert (pages.posted(), count_sends(pages)) == (1, 2)
    assert (after.id, after.state, after.generation) == (before.id, "posted", before.generation + 1)
    assert after.requestid != before.requestid
    assert "closed" in pages.visitor.page(case)


def test_one_that_is_refused_again_is_sent_once_for_each_request(pages: Pages) -> None:
    pages.enable(parties="hold")
    pages.sync(JORDAN)
    press_on_case(pages, pages.case("k20"))
    case = refuse(pages, count=3)
    for sent_count in (2, 3):
        press_on_case(pages, case)
        pages.site.clock.advance(60)
        pages.sync()
        pages.sync()
        assert (pages.posted(), count_sends(pages)) == (0, sent_count)
        pages.site.clock.advance(60)
        case = find_case(pages)
        assert PROMISES not in pages.visitor.page(case)
        listed = pages.visitor.page(f"/installations/{pages.site.row.id}/matching/")
        assert "its creation is stopped." in listed


def test_an_approved_creation_needs_no_other_approval(pages: Pages) -> None:
    pages.enable(mode="review")
    pages.visitor.quickbooks.add_fault("refusal", "customer.create", code="6000")
    pages.sync(JORDAN)
    pages.visitor.approve(pages.site.row.id)
    pages.sync()
    pages.site.clock.advance(60)
    case = find_case(pages)
    press_on_case(pages, case)
    pages.site.clock.advance(60)
    pages.sync()
    assert (pages.posted(), count_sends(pages)) == (1, 2)


def test_another_name_in_review_waits_for_its_approval(pages: Pages) -> None:
    pages.enable(mode="review")
    pages.visitor.quickbooks.add_fault("refusal", "customer.create", code="6000")
    pages.sync(JORDAN)
    pages.visitor.approve(pages.site.row.id)
    pages.sync()
    pages.site.clock.advance(60)
    case = find_case(pages)
    values = form_of(pages.visitor.page(case)) | {"name": "Mercer & Sons"}
    assert pages.visitor.post(f"{case}/create", **values).status_code == 302
    pages.site.clock.advance(60)
    pages.sync()
    assert (read_creation(pages).state, count_sends(pages)) == ("review", 1)


def test_the_form_takes_only_a_refused_name_for_taken(pages: Pages) -> None:
    """Until the next sync, the name that a person has entered since was not refused."""
    pages.enable()
    pages.visitor.quickbooks.add_fault("refusal", "customer.create", code="6240")
    pages.sync(JORDAN)
    pages.site.clock.advance(60)
    case = find_case(pages)
    page = pages.visitor.page(case)
    assert "QuickBooks refused the name" in page
    values = form_of(page) | {"name": "Mercer & Sons"}
    assert pages.visitor.post(f"{case}/create", **values).status_code == 302
    page = pages.visitor.page(case)
    assert "QuickBooks refused the name" not in page
    assert form_of(page)["name"] == "Mercer & Sons"


def test_only_the_page_of_a_case_offers_to_skip_its_documents(pages: Pages) -> None:
    pages.enable()
    pages.visitor.quickbooks.add_fault("refusal", "customer.create", code="6240")
    pages.sync(JORDAN)
    assert "or skip the documents below" in pages.visitor.page(find_case(pages))
    address = f"/installations/{pages.site.row.id}/matching/code?field=client&code=client%3Ak20"
    page = pages.visitor.page(address)
    assert "Otherwise create the record under another name." in page
    assert "below" not in page


def test_one_that_is_skipped_is_not_promised_until_a_person_asks_for_it(pages: Pages) -> None:
    pages.enable(parties="hold")
    pages.sync(JORDAN)
    press_on_case(pages, pages.case("k20"))
    refuse(pages)
    with pages.app.app_context():
        manual.skip(read_creation(pages).id, "Not ours", "kari")
    pages.sync()
    listed = f"/installations/{pages.site.row.id}/matching/"
    page = pages.visitor.page(listed)
    assert "its creation was skipped." in page
    assert "Will be created" not in page
    call_matches(pages, "")
    assert "Will be created" in pages.visitor.page(listed)
    pages.site.clock.advance(60)
    pages.sync()
    assert pages.posted() == 2


def ask_about_creation(pages: Pages) -> str:
    """Lose the answer to the creation, and have somebody make the customer inactive.

    Return the address of the case that asks about it.
    """
    quickbooks, realm = pages.visitor.quickbooks, pages.site.realm
    quickbooks.add_fault("lose_answer", "customer.create")
    pages.sync(JORDAN)
    customers = quickbooks.books(realm=realm, kind="Customer")[realm]["Customer"]
    (id,) = [row["Id"] for row in customers if row["DisplayName"] == "Jordan Mercer"]
    quickbooks.act("deactivate", realm=realm, kind="Customer", id=id)
    pages.site.clock.advance(600)
    pages.sync()
    return find_case(pages)


ASKS = "a case in the inbox asks about its creation. Answer that first."


@pytest.mark.parametrize("place", ["the case", "the page of the code"])
def test_one_about_which_a_case_asks_is_not_promised(pages: Pages, place: str) -> None:
    pages.enable()
    case = ask_about_creation(pages)
    matching = f"/installations/{pages.site.row.id}/matching"
    page_of_code = f"{matching}/code?field=client&code=client%3Ak20"
    assert ASKS in pages.visitor.page(page_of_code)
    place = case if place == "the case" else matching
    values = form_of(pages.visitor.page(case if place == case else page_of_code))
    assert pages.visitor.post(f"{place}/create", **values).status_code == 302
    page = pages.visitor.page(f"{matching}/")
    assert f"Jordan Mercer is not created yet: {ASKS}" in page
    assert "will be created" not in page
    assert "Posting 1 customer" not in page
    assert "A sync continues" not in page
    assert ASKS in pages.visitor.page(page_of_code)
    pages.sync()
    assert (read_creation(pages).state, pages.posted()) == ("held", 0)


def test_a_program_is_told_that_a_case_asks_about_a_creation(pages: Pages) -> None:
    pages.enable()
    ask_about_creation(pages)
    program = ApiClient.of(pages.app, "oda")
    address = f"/installations/{pages.site.row.id}/matches/"
    body = {"field": "client", "code": "client:k20", "record": "new"}
    answer = program.call("PUT", address, body)
    assert (answer.status_code, answer.json["state"]) == (200, "open")
    assert answer.json["record"] == ASKS
    rows = program.call("GET", address).json["data"]
    assert [row["record"] for row in rows if row["code"] == "client:k20"] == [ASKS]


def test_a_name_that_is_entered_while_a_creation_is_in_doubt_is_used_once_it_is_refused(
    pages: Pages,
) -> None:
    """What was sent already is sent again with its own name, which somebody has taken meanwhile."""
    pages.enable()
    pages.visitor.quickbooks.add_fault("lose_request", "customer.create")
    pages.sync(JORDAN)
    address = {"Address": "jordan@elsewhere.example"}
    with pages.app.app_context():
        pages.site.make("Customer", DisplayName="Jordan Mercer", PrimaryEmailAddr=address)
    pages.site.clock.advance(60)
    pages.sync()
    assert read_creation(pages).state == "unknown"
    matching = f"/installations/{pages.site.row.id}/matching"
    page = pages.visitor.page(f"{matching}/code?field=client&code=client%3Ak20")
    values = form_of(page) | {"name": "Mercer & Sons"}
    assert pages.visitor.post(f"{matching}/create", **values).status_code == 302
    for _ in range(3):
        pages.site.clock.advance(600)
        pages.sync()
    assert (read_creation(pages).state, pages.posted(), count_sends(pages)) == ("posted", 1, 4)
    realm = pages.site.realm
    customers = pages.visitor.quickbooks.books(realm=realm, kind="Customer")[realm]["Customer"]
    assert [row["DisplayName"] for row in customers[-2:]] == ["Jordan Mercer", "Mercer & Sons"]
    pages.site.clock.advance(600)
    pages.sync()
    assert count_sends(pages) == 4
