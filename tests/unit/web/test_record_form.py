"""Create in QuickBooks: the form of a supplier, customer or item, and what is posted of it."""

import re
from typing import Any

import pytest
from hub_costcertified.sandbox import company
from sqlalchemy import select
from werkzeug.datastructures import MultiDict

from hub.contract.documents import Address, Item, Party
from hub.db.engine import read_only_session
from hub.mapping import Entry, MatchIndex, RecordIndex
from hub.models import AuditEntry, Case, Match, Posting
from hub.models.enums import PostingState
from hub.scheduling import runner
from hub.web.codes import record_form, record_schemas
from hub.web.codes.record_form import Invalid
from tests.support.pages.costcertified_pages import Pages
from tests.support.pages.page_visitor import Visitor
from tests.support.pages.record_form import form_of

JORDAN, OTHER_JORDAN = company.NAMESAKES


@pytest.fixture
def pages(visitor_with_stand_ins: Visitor) -> Pages:
    pages = Pages(visitor_with_stand_ins)
    pages.enable(parties="hold")
    return pages


def press(pages: Pages, code: str, **entered: str) -> Any:
    """Send the form of a case with the values that a person entered."""
    case = pages.case(code)
    return pages.visitor.post(f"{case}/create", **form_of(pages.visitor.page(case)) | entered)


def customers(pages: Pages) -> list[dict[str, Any]]:
    """Return the customers that the hub created."""
    return [record for record in pages.site.all("Customer") if "[hub:" in record.get("Notes", "")]


def test_the_form_is_filled_with_the_facts_of_the_source(pages: Pages) -> None:
    pages.sync(JORDAN)
    page = pages.visitor.page(pages.case("k20"))
    assert "press Refresh lists" not in page
    values = form_of(page)
    assert (values["name"], values["email"]) == ("Jordan Mercer", "jordan.mercer@example.com")


def test_entered_details_are_created_and_kept_with_the_decision(pages: Pages) -> None:
    pages.sync(JORDAN)
    answer = press(
        pages,
        "k20",
        name="Mercer & Sons",
        contact="Jo Mercer",
        number="12-3459875",
        phone="555 0100",
        street="9 Elm\nSuite 2",
        city="Portland",
        postal_code="97201",
        region="OR",
    )
    assert answer.status_code == 302
    page = pages.visitor.page(pages.case("k20"))
    assert "It will be created in QuickBooks as Mercer &amp; Sons when it is used next." in page
    with pages.app.app_context(), read_only_session() as session:
        match = session.scalars(select(Match).where(Match.code == "client:k20")).one()
        assert (match.record, match.details["name"]) == ("+", "Mercer & Sons")
        entry = session.scalars(select(AuditEntry).where(AuditEntry.what == "code matched")).all()[
            -1
        ]
        assert "Mercer & Sons" in str(entry.detail)
    pages.sync()
    with pages.app.app_context():
        pages.site.sync()
        [customer] = customers(pages)
        invoice = pages.site.one("Invoice")
    assert customer["DisplayName"] == "Mercer & Sons"
    assert (customer["GivenName"], customer["FamilyName"]) == ("Jo", "Mercer")
    assert customer["PrimaryTaxIdentifier"] == "12-3459875"
    assert customer["PrimaryPhone"] == {"FreeFormNumber": "555 0100"}
    address = customer["BillAddr"]
    assert (address["Line1"], address["Line2"]) == ("9 Elm", "Suite 2")
    assert (address["City"], address["PostalCode"]) == ("Portland", "97201")
    assert invoice["CustomerRef"]["value"] == customer["Id"]


@pytest.mark.proof(small=2)
@pytest.mark.parametrize(
    ("entered", "error"),
    [
        ({"name": ""}, "Enter a name."),
        ({"name": "A: B"}, "QuickBooks allows no colon in a name."),
        ({"name": "x" * 501}, "QuickBooks allows 500 characters."),
        ({"email": "nobody"}, "Enter one e-mail address."),
        ({"phone": "1" * 31}, "QuickBooks allows 30 characters."),
        ({"number": "1" * 21}, "QuickBooks allows 20 characters."),
        ({"street": "1\n2\n3\n4\n5\n6"}, "QuickBooks allows 5 lines."),
    ],
)
def test_errors_are_shown_beside_their_fields(
    pages: Pages, entered: dict[str, str], error: str
) -> None:
    pages.sync(JORDAN)
    answer = press(pages, "k20", city="Tromsø", **entered)
    assert answer.status_code == 400
    [field] = entered
    about = answer.text.partition(f'id="{field}-about"')[2][:200]
    assert error in about
    assert 'value="Tromsø"' in answer.text, "what was entered stays"
    with pages.app.app_context(), read_only_session() as session:
        assert session.scalars(select(Match).where(Match.code == "client:k20")).all() == []


def test_the_first_field_with_an_error_gets_the_focus(pages: Pages) -> None:
    pages.sync(JORDAN)
    answer = press(pages, "k20", name="", email="nobody")
    inputs = re.findall(r"<input[^>]*>", answer.text)
    wrong = [field for field in inputs if "aria-invalid" in field]
    assert ["autofocus" in field for field in wrong] == [True, False]
    assert answer.text.count("autofocus") == 1


@pytest.mark.parametrize(
    ("entered", "error"),
    [
        ({"name": ""}, "Skriv inn et navn."),
        ({"name": "x" * 501}, "QuickBooks tar 500 tegn."),
        ({"street": "1\n2\n3\n4\n5\n6"}, "QuickBooks tar 5 linjer."),
    ],
)
def test_errors_are_in_the_language_of_the_page(
    pages: Pages, entered: dict[str, str], error: str
) -> None:
    pages.sync(JORDAN)
    case = pages.case("k20")
    form = form_of(pages.visitor.page(case))
    pages.visitor.client.environ_base["HTTP_ACCEPT_LANGUAGE"] = "nb-NO"
    answer = pages.visitor.post(f"{case}/create", **form | entered)
    [field] = entered
    assert error in answer.text.partition(f'id="{field}-about"')[2][:200]


def test_a_name_of_another_kind_of_record_gets_a_suffix(pages: Pages) -> None:
    pages.sync(OTHER_JORDAN)
    with pages.app.app_context():
        pages.site.make("Vendor", DisplayName="Jordan Mercer")
    page = pages.visitor.page(pages.case("k21"))
    assert "QuickBooks has a supplier called “Jordan Mercer”." in page
    assert "share one name space in QuickBooks" in page
    assert form_of(page)["name"] == "Jordan Mercer (customer)"
    answer = press(pages, "k21", name=" jordan  mercer ")
    assert answer.status_code == 400
    assert "QuickBooks has a supplier called Jordan Mercer already." in answer.text
    assert press(pages, "k21").status_code == 302
    pages.sync()
    with pages.app.app_context():
        [customer] = customers(pages)
        assert customer["DisplayName"] == "Jordan Mercer (customer)"
        assert len(pages.site.all("Invoice")) == 1


def test_a_name_of_a_record_of_the_same_kind_gets_a_number(pages: Pages) -> None:
    """The kind would not tell the two apart."""
    pages.sync(JORDAN)
    assert press(pages, "k20").status_code == 302
    pages.sync(JORDAN, OTHER_JORDAN)
    assert form_of(pages.visitor.page(pages.case("k21")))["name"] == "Jordan Mercer (2)"
    with pages.app.app_context():
        pages.site.make("Customer", DisplayName="Jordan Mercer (2)")
    assert form_of(pages.visitor.page(pages.case("k21")))["name"] == "Jordan Mercer (3)"


def test_a_name_that_a_supplier_got_while_the_customer_was_in_review_is_never_sent(
    pages: Pages,
) -> None:
    """QuickBooks would refuse the customer; the person enters another name instead."""
    pages.enable(mode="review", parties="create")
    pages.sync(JORDAN)
    with pages.app.app_context():
        pages.site.make("Vendor", DisplayName="Jordan Mercer")
        runner.run_company_job("lists", pages.site.company_id, requested_by="kari")
    pages.visitor.approve(pages.site.row.id)
    pages.sync()
    assert pages.visitor.quickbooks.log.entries("customer.create") == []
    title = "QuickBooks has a supplier called “Jordan Mercer” already"
    with pages.app.app_context(), read_only_session() as session:
        open_cases = session.scalars(select(Case).where(Case.closed_at.is_(None)))
        [case] = [case for case in open_cases if case.text.title == title]
    values = form_of(pages.visitor.page(f"/inbox/{case.id}"))
    assert values["name"] == "Jordan Mercer (customer)"
    pages.visitor.post(f"/inbox/{case.id}/create", **values)
    pages.sync()
    page = pages.visitor.page(f"/inbox/{case.id}")
    assert "closed" in page
    assert "“Create in QuickBooks”" in page
    assert "Created in QuickBooks" not in page, "it waits for its approval"
    pages.visitor.approve(pages.site.row.id)
    pages.sync()
    with pages.app.app_context():
        [customer] = customers(pages)
        assert customer["DisplayName"] == "Jordan Mercer (customer)"
        assert len(pages.site.all("Invoice")) == 1


def test_a_name_that_quickbooks_refuses_can_be_corrected(pages: Pages) -> None:
    """The employee is new, so only QuickBooks knows that the name is in use."""
    pages.sync(JORDAN)
    quickbooks, realm = pages.site.quickbooks, pages.site.realm
    employee = {"DisplayName": "Jordan Mercer"}
    new_employee = quickbooks.ask(
        "POST", "employee", employee, realm, content_type="application/json"
    )
    assert new_employee.status == 200
    assert press(pages, "k20").status_code == 302
    pages.sync()
    with pages.app.app_context(), read_only_session() as session:
        posting = session.scalars(select(Posting).where(Posting.kind == "customer")).one()
        assert posting.state == PostingState.HELD
        [case] = session.scalars(
            select(Case)
            .join(Case.postings)
            .where(Posting.id == posting.id, Case.closed_at.is_(None))
        )
        first_key = posting.requestid
    page = pages.visitor.page(f"/inbox/{case.id}")
    assert "QuickBooks refused the name" in page
    values = form_of(page)
    assert values["name"] == "Jordan Mercer (customer)"
    answer = pages.visitor.post(f"/inbox/{case.id}/create", **values)
    assert answer.status_code == 302
    pages.sync()
    with pages.app.app_context():
        [customer] = customers(pages)
        assert customer["DisplayName"] == values["name"]
        assert len(pages.site.all("Invoice")) == 1
        with read_only_session() as session:
            posting = session.scalars(
                select(Posting).where(Posting.kind == "customer", Posting.state == "posted")
            ).one()
            assert posting.requestid != first_key


def test_the_name_of_an_employee_is_not_even_sent(pages: Pages) -> None:
    with pages.app.app_context():
        pages.site.make("Employee", DisplayName="Jordan Mercer")
    pages.sync(JORDAN)
    values = form_of(pages.visitor.page(pages.case("k20")))
    assert values["name"] == "Jordan Mercer (customer)"
    assert press(pages, "k20").status_code == 302
    pages.sync()
    assert len(pages.site.quickbooks.log.entries("customer.create")) == 1
    with pages.app.app_context():
        [customer] = customers(pages)
        assert customer["DisplayName"] == "Jordan Mercer (customer)"


def test_an_operator_of_nothing_here_creates_nothing(pages: Pages) -> None:
    pages.sync(JORDAN)
    case = pages.case("k20")
    viewer = Visitor(pages.app, pages.visitor.story)
    viewer.log_in("vera")
    assert 'aria-label="Create in QuickBooks"' not in viewer.page(case)
    assert viewer.post(f"{case}/create", name="X").status_code == 403


# -- the form of an item ---------------------------------------------------------------------------


def test_an_item_has_the_accounts_of_its_source() -> None:
    source = Item(name="Bolt", sku="B-1", codes={"income_account": "79", "tax_code": "NON"})
    schema = record_schemas.build_schema("item", has_currencies=False)
    values = record_form.build_values(source, "Bolt", {"income_account": "79"})
    inputs = record_form.build_form_inputs(schema, values, lambda role: [("79", "Sales")], {})
    fields = {field.name: field.value for field in inputs}
    assert (fields["name"], fields["sku"], fields["type"]) == ("Bolt", "B-1", "service")
    assert fields["income_account"] == "79"
    form = MultiDict({name: str(value or "") for name, value in fields.items()})
    assert record_form.read(schema, form, source) == source


def test_an_item_in_stock_needs_three_accounts_and_a_day() -> None:
    schema = record_schemas.build_schema("item", has_currencies=False)
    form = {"name": "Bolt", "type": "inventory", "income_account": "79", "price": "x"}
    with pytest.raises(Invalid) as refused:
        record_form.read(schema, MultiDict(form), None)
    assert list(refused.value.errors) == ["price"]
    with pytest.raises(Invalid) as refused:
        record_form.read(schema, MultiDict(form | {"price": "1.50"}), None)
    assert set(refused.value.errors) == {"expense_account", "asset_account", "start"}
    del form["income_account"]
    with pytest.raises(Invalid) as refused:
        record_form.read(schema, MultiDict(form | {"type": "service", "price": ""}), None)
    assert list(refused.value.errors) == ["income_account"]


def test_the_currency_is_asked_for_only_where_there_are_several() -> None:
    source = Party(name="Rhein Bau", currency="EUR", address=Address(name="Rhein", city="Köln"))
    plain = record_schemas.build_schema("vendor", has_currencies=False)
    assert record_form.read(plain, MultiDict({"name": "Rhein"}), source).currency == "EUR"
    foreign = record_schemas.build_schema("vendor", has_currencies=True)
    values = record_form.build_values(source, "Rhein", {})
    assert (values["currency"], values["street"]) == ("EUR", "Rhein")
    with pytest.raises(Invalid) as refused:
        record_form.read(foreign, MultiDict({"name": "Rhein", "currency": "Euro"}), source)
    assert list(refused.value.errors) == ["currency"]


def test_a_free_name_is_counted_up() -> None:
    answer = [Entry(id="1", name="Nord"), Entry(id="2", name="Nord (supplier)", active=False)]
    book = MatchIndex({}, {"customer": RecordIndex(answer)})
    assert record_form.find_free_name(book, "vendor", "Nord") == "Nord (supplier 2)"
    assert record_form.find_free_name(book, "vendor", "Sør") == "Sør"
    assert record_form.find_free_name(book, "vendor", "Sør", is_taken=True) == "Sør (supplier)"
    assert record_form.find_free_name(book, "item", "Nord") == "Nord"
