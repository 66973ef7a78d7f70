"""Names of new suppliers and customers that another kind of record has, before anything is sent."""

from dataclasses import replace
from decimal import Decimal
from html import unescape

import pytest

from hub import Field, Line, Party
from hub.collect import run
from hub.context import current_hub
from hub.contract.documents import Code
from hub.db.engine import read_only_session, transaction
from hub.models import ConnectedCompany, ListState, StoredRecord
from hub.posting.preflight import recheck
from hub.qbo import record_rows
from tests.support.pages.list_pages import queries_of
from tests.support.pages.page_visitor import Visitor
from tests.support.pages.readiness_pages import REPORT_PAGE, report_rows, row_of
from tests.support.pages.record_form import form_of
from tests.support.rows.page_rows import Story, add_people
from tests.support.sources.small_source import (
    bill,
    install_small_source,
    postings,
    update_posting,
    vendor_code,
)

NAME_IN_USE = "QuickBooks has a customer called “{}” already"


@pytest.fixture
def app(source, make_source_pages):
    app = make_source_pages(source)
    with app.app_context():
        yield app


@pytest.fixture
def visitor(app):
    """Provide an operator of an app whose documents wait for the first approval."""
    installation_id = install_small_source(mode="review")
    with transaction() as session:
        add_people(session)
        company = session.get_one(ConnectedCompany, 1)
        company.country = "US"
    new_visitor = Visitor(app, Story(1, installation_id))
    new_visitor.log_in("olga")
    return new_visitor


def collect(source, *items):
    source.items = items
    run.collect(1)


def bill_of(number, code, **values):
    return bill(number, codes={"supplier": code}, **values)


def add_record(list_name, id, name, *, is_active=True, **more):
    """Add a record as the download of a list stores what QuickBooks answers."""
    entity = {"Id": id, "DisplayName": name, "Active": is_active, **more}
    with transaction() as session:
        row = record_rows.build_row(1, list_name, entity, current_hub().clock.now())
        session.add(StoredRecord(**row))
        session.get_one(ListState, (1, list_name)).version += 1


def link_of(page, title):
    """Return the address that a title on a page links to."""
    before = unescape(page).partition(f">{title}</a>")[0]
    return before.rpartition('href="')[2].partition('"')[0]


def test_a_new_supplier_with_the_name_of_a_customer_is_listed_with_its_documents(visitor, source):
    code = vendor_code(name="Nordvik AS")
    collect(source, bill_of("1", code), bill_of("2", code, total="75.50"), bill("3"))
    assert "Nothing stops documents" in visitor.page(REPORT_PAGE)
    add_record("customer", "77", " NORDVIK  as")
    row = row_of(visitor, NAME_IN_USE.format(" NORDVIK as"))  # a page shows one space for two
    assert row[2:] == ["2", "200.50 NOK"]
    assert "F-1" in row[0]
    assert row[1] == (
        "Match it to the supplier that it is, create it under another name, such as Nordvik AS"
        " (supplier), or skip the documents that need it."
    )
    assert "Ready to post: 1 bill." in visitor.page(REPORT_PAGE)


def test_the_name_is_proposed_in_the_language_of_the_reader(visitor, source):
    collect(source, bill_of("1", vendor_code(name="Nordvik AS")))
    add_record("customer", "77", "Nordvik AS")
    case = link_of(visitor.page(REPORT_PAGE), NAME_IN_USE.format("Nordvik AS"))
    page = visitor.get(case, headers={"Accept-Language": "nb"}).text
    assert 'value="Nordvik AS (leverandør)"' in page


def test_the_row_leads_to_match_another_name_and_what_to_leave_out(visitor, source):
    collect(source, bill_of("1", vendor_code(name="Nordvik AS")))
    add_record("customer", "77", "Nordvik AS")
    page = visitor.page(link_of(visitor.page(REPORT_PAGE), NAME_IN_USE.format("Nordvik AS")))
    assert "share one name space in QuickBooks" in page
    assert form_of(page)["name"] == "Nordvik AS (supplier)"
    assert 'value="31"' in page, "a supplier to match it to"
    answer = visitor.post("/installations/1/matching/create", **form_of(page))
    assert answer.status_code == 302
    collect(source)
    page = visitor.page(REPORT_PAGE)
    assert "Nothing stops documents" in page
    assert "Ready to post: 1 bill and 1 supplier." in page


@pytest.mark.parametrize(
    ("stored", "is_active", "is_taken"),
    [
        ("Nordvik AS (deleted)", False, False),
        ("Nordvik AS", True, True),
        ("Nordvik AS (deleted)", True, False),
    ],
)
def test_the_name_counts_that_quickbooks_stores(visitor, source, stored, is_active, is_taken):
    """QuickBooks appends “(deleted)” to the name of an inactive customer, so its name is free."""
    collect(source, bill_of("1", vendor_code(name="Nordvik AS")))
    add_record("customer", "77", stored, is_active=is_active)
    assert (NAME_IN_USE.format("Nordvik AS") in unescape(visitor.page(REPORT_PAGE))) == is_taken


def test_the_stored_name_of_an_inactive_customer_is_taken(visitor, source):
    collect(source, bill_of("1", vendor_code(name="Nordvik AS (Deleted)")))
    assert "Nothing stops documents" in visitor.page(REPORT_PAGE)
    add_record("customer", "77", "Nordvik AS (deleted)", is_active=False)
    assert row_of(visitor, NAME_IN_USE.format("Nordvik AS (deleted)"))[2:] == ["1", "125.00 NOK"]


@pytest.mark.parametrize("suffix", [" (deleted)", " (Deleted)"])
def test_a_supplier_that_became_inactive_is_not_created_a_second_time(visitor, source, suffix):
    """In 2013 and 2014 QuickBooks appended the suffix with a capital letter."""
    add_record("vendor", "77", f"Gammel AS{suffix}", is_active=False)
    collect(source, bill_of("1", vendor_code(name="Gammel AS")))
    assert [posting.kind for posting in postings()] == ["bill"]


def test_a_code_that_a_person_has_to_match_first_is_listed_with_the_name_in_use(visitor, source):
    """Nothing is planned for it yet, so the case about the code says it."""
    source.fields[0] = replace(source.fields[0], missing="hold")
    add_record("customer", "77", "Ny Leverandør")
    code = Code(id="v1", name="Ny L.", create=Party(name="Ny Leverandør"))
    collect(source, bill_of("1", code), bill_of("2", vendor_code("v2", "Another AS")))
    row = row_of(visitor, NAME_IN_USE.format("Ny Leverandør"))
    assert "Ny Leverandør (supplier)" in row[1]
    assert row[2:] == ["1", "125.00 NOK"]
    page = visitor.page(link_of(visitor.page(REPORT_PAGE), NAME_IN_USE.format("Ny Leverandør")))
    assert form_of(page)["name"] == "Ny Leverandør (supplier)"
    assert row_of(visitor, "QuickBooks has no supplier called “Another AS”")


def test_a_name_that_was_in_use_when_the_bill_was_read_is_listed_in_the_same_words(visitor, source):
    add_record("customer", "77", "Nordvik AS")
    collect(source, bill_of("1", vendor_code(name="Nordvik AS")))
    assert row_of(visitor, NAME_IN_USE.format("Nordvik AS"))[2:] == ["1", "125.00 NOK"]


def test_a_creation_held_by_a_check_has_one_case_and_stays_listed_with_its_documents(
    visitor, source
):
    collect(source, bill_of("1", vendor_code(name="Nordvik AS")), bill("2"))
    add_record("customer", "77", "Nordvik AS")
    recheck.check_again(1)
    row = row_of(visitor, NAME_IN_USE.format("Nordvik AS"))
    assert row[2:] == ["1", "125.00 NOK"]
    assert "Ready to post: 1 bill." in visitor.page(REPORT_PAGE)
    case = link_of(visitor.page(REPORT_PAGE), NAME_IN_USE.format("Nordvik AS"))
    assert case.startswith("/inbox/")
    assert form_of(visitor.page(case))["name"] == "Nordvik AS (supplier)"
    assert [creation.state for creation in postings(kind="vendor")] == ["held"]


EMPLOYEE = "QuickBooks has an employee called “{}” already"


def add_employee(name):
    """Add an employee with personal data, as QuickBooks answers it."""
    with transaction() as session:
        session.add(
            ListState(company_id=1, list="employee", read_at=current_hub().clock.now(), version=0)
        )
    personal = {
        "PrimaryEmailAddr": {"Address": "eva@home.example"},
        "PrimaryPhone": {"FreeFormNumber": "555 0199"},
        "GivenName": "Eva",
        "BirthDate": "1984-10-02",
    }
    add_record("employee", "55", name, **personal)


def test_a_new_supplier_with_the_name_of_an_employee_gets_another_name(visitor, source):
    collect(source, bill_of("1", vendor_code(name="Eva Nordvik")), bill("2"))
    add_employee("Eva Nordvik")
    row = row_of(visitor, EMPLOYEE.format("Eva Nordvik"))
    assert row[1] == (
        "It cannot be matched to an employee. Create it under another name, such as Eva Nordvik"
        " (supplier), or skip the documents that need it."
    )
    assert row[2:] == ["1", "125.00 NOK"]
    recheck.check_again(1)
    case = link_of(visitor.page(REPORT_PAGE), EMPLOYEE.format("Eva Nordvik"))
    assert case.startswith("/inbox/")
    page = unescape(visitor.page(case))
    assert "QuickBooks has an employee called “Eva Nordvik”." in page
    assert 'value="55"' not in page, "an employee to match it to"
    next_page = visitor.post(f"{case}/create", **form_of(page) | {"name": "Eva Nordvik"}).text
    assert "QuickBooks has an employee called Eva Nordvik already. Enter another name." in next_page
    assert form_of(page)["name"] == "Eva Nordvik (supplier)"
    assert visitor.post(f"{case}/create", **form_of(page)).status_code == 302
    collect(source)
    recheck.check_again(1)
    assert "Nothing stops documents" in visitor.page(REPORT_PAGE)


def test_a_customer_with_the_name_of_an_employee_is_listed_before_it_is_planned(
    visitor, source, customers
):
    source.fields[-1] = replace(source.fields[-1], missing="hold")
    add_employee("Eva Nordvik")
    collect(source, bill_for("1", "eva nordvik"))
    row = row_of(visitor, EMPLOYEE.format("Eva Nordvik"))
    assert "eva nordvik (customer)" in row[1]


def test_only_the_name_of_an_employee_is_stored(visitor):
    add_employee("Eva Nordvik")
    with read_only_session() as session:
        row = session.get_one(StoredRecord, (1, "employee", "55"))
        stored = {column: value for column, value in vars(row).items() if value}
    assert stored.keys() - {"_sa_instance_state", "read_at", "active"} == {
        "company_id",
        "list",
        "quickbooks_id",
        "name",
        "full_name",
    }


def test_readiness_tells_whether_names_were_read(visitor, source):
    employees = "The names of the employees were not read from QuickBooks yet."
    assert row_of(visitor, "Names")[1:3] == ["Check", employees]
    add_employee("Eva Nordvik")
    row = row_of(visitor, "Names")
    assert row[1] == "Fine"
    assert "suppliers, customers and employees" in row[2]
    with transaction() as session:
        session.delete(session.get_one(ListState, (1, "customer")))
    row = row_of(visitor, "Names")
    assert row[1:] == [
        "Check",
        "The suppliers and customers were not read from QuickBooks yet.",
        "Press Refresh lists on the page Companies.",
    ]


def test_more_new_suppliers_need_no_more_queries(visitor, source):
    add_record("customer", "77", "Company 1")
    collect(source, bill_of("1", vendor_code("v1", "Company 1")))
    visitor.page(REPORT_PAGE)  # the first page of a process reads more
    few = queries_of(visitor, REPORT_PAGE)
    more = []
    for number in range(2, 9):
        add_record("customer", f"8{number}", f"Company {number}")
        more.append(bill_of(str(number), vendor_code(f"v{number}", f"Company {number}")))
    collect(source, *more)
    listed = [row for row in report_rows(visitor) if row[0].startswith("QuickBooks has a customer")]
    assert len(listed) == 8
    assert queries_of(visitor, REPORT_PAGE) == few


@pytest.fixture
def customers(source):
    """Let lines of bills name customers, which are created if QuickBooks lacks them."""
    source.fields.append(
        Field(name="customer", label="Customer", role="customer", match=("id",), missing="create")
    )


def bill_for(number, customer, **values):
    codes = {"account": "4010", "customer": vendor_code("c1", customer)}
    return bill(number, lines=[Line(id="a", amount=Decimal("125.00"), codes=codes)], **values)


def test_of_two_new_records_with_one_name_the_later_is_listed(visitor, source, customers):
    collect(source, bill_of("1", vendor_code("s1", "Nordvik AS")), bill_for("2", "Nordvik as"))
    title = "A supplier called “Nordvik as” is to be created, too"
    row = row_of(visitor, title)
    assert row[2:] == ["1", "125.00 NOK"]
    assert ("F-2" in row[0], "F-1" in row[0]) == (True, False)
    page = visitor.page(link_of(visitor.page(REPORT_PAGE), title))
    assert form_of(page)["name"] == "Nordvik as (customer)"
    recheck.check_again(1)
    states = {posting.kind: posting.state for posting in postings() if posting.kind != "bill"}
    assert states == {"vendor": "review", "customer": "held"}
    assert row_of(visitor, title)[2:] == ["1", "125.00 NOK"]


def test_a_name_that_is_not_planned_any_more_is_free(visitor, source, customers):
    collect(source, bill_of("1", vendor_code("s1", "Nordvik AS")), bill_for("2", "Nordvik AS"))
    recheck.check_again(1)
    first = postings(kind="vendor")[0]
    update_posting(first.id, state="skipped")
    recheck.check_again(1)
    assert [posting.state for posting in postings(kind="customer")] == ["review"]
