"""The record cache of a company: complete, fresh, and offered as choices."""

import datetime as dt
import threading

import pytest
from sqlalchemy import select

from hub.contract.documents import ROLES
from hub.db import engine
from hub.errors import Refused, Retry
from hub.models import Case, ConnectedCompany, ListState, Match, StoredRecord
from hub.payloads import encode
from hub.payloads.entities import ENTITY_BY_KIND
from hub.qbo import changes, index_cache, record_download, records
from hub.qbo import company as qbo_company
from hub.qbo.client import Client
from tests.support.rows.stored_cases import CaseTitle
from tests.support.servers.blocked_transactions import wait_until_blocked


def row(list: str, id: str) -> StoredRecord:
    with engine.read_only_session() as session:
        return session.get_one(StoredRecord, (1, list, id))


def choices(role) -> list[StoredRecord]:
    with engine.read_only_session() as session:
        return records.list_choices(session, 1, role)


def book():
    with engine.read_only_session() as session:
        return records.load_match_index(session, 1, "app", "tenant")


def reads(quickbooks) -> int:
    return sum(entry["call"].startswith("query") for entry in quickbooks.log.entries())


def open_cases() -> list[Case]:
    with engine.read_only_session() as session:
        return list(session.scalars(select(Case).where(Case.closed_at.is_(None))))


def make_vendors(quickbooks, count: int) -> None:
    for number in range(count):
        quickbooks.act("create", kind="Vendor", set={"DisplayName": f"Vendor {number:05}"})


@pytest.mark.row("CT-S3")
@pytest.mark.row("CT-S4")
@pytest.mark.row("CT-S5")
@pytest.mark.row("CT-S6")
def test_every_list_is_read(quickbooks):
    counts = record_download.refresh(1)
    assert set(counts) == {*records.LISTS, "employee"}
    assert all(counts.values())


def test_without_a_right_to_employees_the_other_lists_are_read(quickbooks):
    with engine.transaction() as session:
        session.delete(session.get_one(ListState, (1, "employee")))
    quickbooks.add_fault("refusal", "query.employee", code="5020", count=0)
    assert set(record_download.refresh(1)) == set(records.LISTS)
    with engine.read_only_session() as session:
        assert session.get(ListState, (1, "employee")) is None
    assert record_download.refresh_outdated(1) == [], "it is not tried with every run"


def test_a_new_employee_is_learned_with_the_other_changes(quickbooks, clock):
    clock.advance(3600)
    quickbooks.act("create", kind="Employee", set={"DisplayName": "Eva Nordvik"})
    before = reads(quickbooks)
    changes.poll(1)
    assert reads(quickbooks) == before, "no call of its own"
    with engine.read_only_session() as session:
        assert records.load_index(session, 1, "employee").find_stored_name("eva nordvik")


def test_more_than_a_page_is_read_whole(quickbooks):
    make_vendors(quickbooks, 2100)
    assert record_download.refresh(1, ["vendor"]) == {"vendor": 2140}
    assert len(choices("vendor")) == 2140


@pytest.mark.parametrize("sorting", ["refused", "ignored"])
def test_more_than_a_page_is_read_whole_though_it_is_not_sorted_by_id(quickbooks, sorting):
    quickbooks.switch(sort_by_id=sorting)
    make_vendors(quickbooks, 2100)
    assert record_download.refresh(1, ["vendor"]) == {"vendor": 2140}
    assert len(choices("vendor")) == 2140


def test_a_client_asks_once_whether_a_list_is_sorted_by_id(quickbooks):
    quickbooks.switch(sort_by_id="refused")
    client, before = Client(1), reads(quickbooks)
    record_download.refresh(1, ["vendor"], client)
    record_download.refresh(1, ["customer"], client)
    assert reads(quickbooks) == before + 3


@pytest.mark.parametrize("sorting", ["sorted", "refused"])
def test_an_entry_that_vanishes_while_it_is_read_hides_no_other(quickbooks, sorting):
    quickbooks.switch(sort_by_id=sorting)
    make_vendors(quickbooks, 1100)
    client, select_page, done = Client(1), Client.select, []

    def shifting(self, kind, where, **at):
        if at["start"] > 1 and not done:
            done.append(quickbooks.company.tables["Vendor"].rows.pop("3"))
        return select_page(self, kind, where, **at)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Client, "select", shifting)
        assert record_download.refresh(1, ["vendor"], client) == {"vendor": 1139}
    assert not row("vendor", "3").active


def shorten_pages(monkeypatch, pages, most):
    """Let QuickBooks return at most `most` rows on this many pages of any list."""
    query, left = Client.query, [pages]

    def shortened(self, text, **at):
        response = query(self, text, **at)
        for rows in (response.entity or {}).values():
            if isinstance(rows, list) and left[0]:
                left[0] -= 1
                del rows[most:]
        return response

    monkeypatch.setattr(Client, "query", shortened)


@pytest.mark.parametrize(("pages", "most"), [(1, 0), (1, 7), (1000, 7)])
def test_entries_are_not_deactivated_because_a_page_is_too_short(
    quickbooks, monkeypatch, pages, most
):
    record_download.refresh(1, ["vendor"])
    shorten_pages(monkeypatch, pages, most)
    assert record_download.refresh(1, ["vendor"]) == {"vendor": 40}
    assert len(choices("vendor")) == 40


def test_a_list_that_always_comes_empty_changes_nothing(quickbooks, monkeypatch):
    record_download.refresh(1, ["vendor"])
    shorten_pages(monkeypatch, 1000, 0)
    with pytest.raises(Retry, match=r"only a part of its list of records of the kind “supplier”"):
        record_download.refresh(1, ["vendor"])
    assert len(choices("vendor")) == 40


def test_a_list_in_which_nothing_is_missing_is_not_counted(quickbooks):
    record_download.refresh(1, ["vendor"])
    before = reads(quickbooks)
    record_download.refresh(1, ["vendor"])
    assert reads(quickbooks) == before + 1


@pytest.mark.row("CT-B13")
def test_an_entry_made_inactive_is_seen_as_such(quickbooks):
    quickbooks.act("deactivate", kind="Vendor", id="3")
    record_download.refresh(1, ["vendor"])
    assert not row("vendor", "3").active
    assert "(deleted)" not in row("vendor", "3").name
    assert "3" not in [vendor.quickbooks_id for vendor in choices("vendor")]


def test_an_entry_that_was_deleted_or_merged_into_another_is_used_no_more(quickbooks):
    name = row("vendor", "3").name
    with engine.transaction() as session:
        records.absorb(
            session,
            1,
            "vendor",
            [{"Id": "3", "status": "Deleted"}, {"Id": "4", "DisplayName": "Both"}],
        )
    assert (row("vendor", "3").name, row("vendor", "3").active, row("vendor", "4").name) == (
        name,
        False,
        "Both",
    )
    assert book().records("vendor").get_active("3") is None


@pytest.mark.parametrize("readings", [1, 2])
@pytest.mark.parametrize(("seconds", "active"), [(30, True), (700, False)])
def test_an_entry_that_the_index_does_not_know_yet_stays_however_often_the_list_is_read(
    quickbooks, clock, seconds, active, readings
):
    quickbooks.switch(index_lag=10_000)
    clock.advance(1)
    creation = Client(1).create("vendor", encode({"DisplayName": "Just made"}), "a" * 32)
    with engine.transaction() as session:
        records.absorb(session, 1, "vendor", [creation.entity])
    for _ in range(readings):
        clock.advance(seconds / readings)
        record_download.refresh(1, ["vendor"])
    assert row("vendor", creation.id).active is active


@pytest.mark.row("CT-S20")
def test_a_list_is_refreshed_when_it_is_a_day_old(quickbooks, clock):
    before = reads(quickbooks)
    assert record_download.refresh_outdated(1) == []
    assert reads(quickbooks) == before
    clock.advance(25 * 3600)
    assert record_download.refresh_outdated(1) == list(records.LISTS)
    with engine.read_only_session() as session:
        assert session.get(ListState, (1, "employee")).read_at == clock.now(), "with the others"


def test_a_list_that_was_read_before_the_clock_was_set_back_is_refreshed(quickbooks, clock):
    clock.set(clock.now() - dt.timedelta(days=30))
    assert record_download.refresh_outdated(1) == list(records.LISTS)
    assert record_download.refresh_outdated(1) == []


def test_a_refresh_that_cannot_be_done_changes_nothing(quickbooks):
    quickbooks.add_fault("status", "query.vendor", status=503, count=0)
    with pytest.raises(Retry):
        record_download.refresh(1, ["vendor"])
    assert len(choices("vendor")) == 40


@pytest.mark.parametrize("name", records.OPTIONAL_LISTS)
def test_a_refused_list_that_documents_can_do_without_is_asked_for_once_a_day(
    name, quickbooks, clock
):
    query = f"query.{ENTITY_BY_KIND[name].lower()}"
    quickbooks.add_fault("refusal", query, code="5020", count=0)
    with engine.transaction() as session:
        session.delete(session.get_one(ListState, (1, name)))
    assert record_download.refresh_outdated(1) == [name]
    requests = len(quickbooks.log.entries(query))
    clock.advance(23 * 3600)
    assert name not in record_download.refresh_outdated(1)
    assert len(quickbooks.log.entries(query)) == requests
    clock.advance(2 * 3600)
    assert name in record_download.refresh_outdated(1)


def test_a_refused_list_keeps_its_records_and_has_a_case_until_it_is_read(quickbooks):
    class_names = [row.name for row in choices("class")]
    quickbooks.add_fault("refusal", "query.class", code="5020", count=0)
    assert "class" not in record_download.refresh(1)
    assert class_names == [row.name for row in choices("class")]
    (case,) = open_cases()
    assert CaseTitle.of(case) == "QuickBooks does not list records of the kind “class”"
    quickbooks.faults.clear()
    record_download.refresh(1, ["class"])
    assert open_cases() == []
    with engine.read_only_session() as session:
        assert session.get_one(ListState, (1, "class")).refused_at is None


@pytest.mark.parametrize("name", ["account", "vendor", "customer", "item", "tax_code"])
def test_a_refused_list_that_documents_need_stops_the_download_after_the_others(name, quickbooks):
    quickbooks.act("create", kind="Term", set={"Name": "Net 90", "DueDays": 90})
    query = f"query.{ENTITY_BY_KIND[name].lower()}"
    quickbooks.add_fault("refusal", query, code="5020", count=0)
    with pytest.raises(Refused, match="QuickBooks does not list records of the kind"):
        record_download.refresh(1)
    assert "Net 90" in [row.name for row in choices("term")]
    (case,) = open_cases()
    assert CaseTitle.of(case).startswith("QuickBooks does not list records of the kind “")
    assert "No document can be posted without this list" in case.reason
    assert "press Reconnect" in case.instruction
    quickbooks.faults.clear()
    record_download.refresh(1, [name])
    assert open_cases() == []


TYPES = {
    "payable_account": {"Accounts Payable"},
    "payment_account": {"Bank", "Credit Card"},
    "deposit_account": {"Bank", "Other Current Asset"},
    "income_account": {"Income", "Other Income"},
    "expense_account": {"Expense", "Other Expense", "Cost of Goods Sold"},
    "asset_account": {"Other Current Asset"},
}


@pytest.mark.row("CT-S23")
@pytest.mark.parametrize("role", TYPES)
def test_a_role_offers_accounts_of_its_types_only(quickbooks, role):
    assert choices(role)
    assert {account.type for account in choices(role)} <= TYPES[role]


def test_a_line_is_never_offered_the_payables_themselves(quickbooks):
    assert not {account.type for account in choices("account")} & {
        "Accounts Payable",
        "Accounts Receivable",
    }


def test_every_role_has_choices_or_none_by_nature(quickbooks):
    assert [role for role in ROLES if not choices(role)] == ["purchase_order", "category"]


def test_projects_are_customers_with_their_parents(quickbooks):
    projects = [
        customer
        for customer in choices("customer")
        if customer.body.get("project") or customer.parent
    ]
    assert projects
    assert all(":" in project.full_name for project in projects)


@pytest.mark.row("CT-S5")
def test_a_tax_code_has_its_rates_and_its_use(quickbooks):
    california = next(code for code in choices("tax_code") if code.name == "California")
    assert (california.rate, california.body["use"]) == ("8", "both")


def test_the_book_finds_by_every_index(quickbooks):
    vendors, accounts = book().records("vendor"), book().records("account")
    first = vendors.by_id["1"]
    assert vendors.find_by_name(first.name.upper()) == [first]
    assert accounts.find_by_number("") == []
    assert accounts.get_active("7").full_name


def test_the_book_is_built_once_per_state_of_a_list(quickbooks):
    assert book().records("vendor") is book().records("vendor")
    before = book().records("vendor")
    with engine.transaction() as session:
        records.absorb(
            session, 1, "vendor", [{"Id": "999", "DisplayName": "Brand New", "Active": True}]
        )
    assert book().records("vendor") is not before
    assert book().records("vendor").find_by_name("brand new")[0].id == "999"
    assert book().records("account") is book().records("account")


def test_the_book_holds_the_decisions_of_its_app(quickbooks, clock):
    with engine.transaction() as session:
        for scope, code in (("app", "7"), ("other", "8")):
            session.add(
                Match(
                    company_id=1,
                    scope=scope,
                    tenant="tenant",
                    field="account",
                    code=code,
                    role="account",
                    record="7",
                    match_method="decided",
                    who="anna",
                    at=clock.now(),
                )
            )
    assert set(book().matches) == {("account", "7")}


def test_plugins_get_records_without_the_terms_of_quickbooks(quickbooks):
    record = records.to_record(row("vendor", "1"))
    assert (record.id, record.active, record.party.name) == ("1", True, record.name)


def test_an_item_is_reported_with_what_it_is_for(quickbooks):
    assert [records.to_record(row("item", id)).use for id in ("2", "1")] == ["both", "sales"]


def test_the_company_is_read_too(quickbooks):
    quickbooks.act("close_books", date="2026-01-31")
    record_download.refresh(1)
    with engine.read_only_session() as session:
        assert qbo_company.load_facts(session, 1).closed_to == dt.date(2026, 1, 31)
        assert session.get_one(ConnectedCompany, 1).name == "Fjord & Sons Construction"


def test_lists_know_up_to_when_changes_are_known(quickbooks, clock):
    with engine.read_only_session() as session:
        states = session.scalars(select(ListState)).all()
    changed_to = {state.list: state.changed_to for state in states if state.list != "company"}
    assert changed_to.keys() >= set(records.LISTS)
    assert all(changed_to.values())


def test_a_list_is_believed_if_quickbooks_refuses_to_count_it(quickbooks, monkeypatch):
    record_download.refresh(1, ["vendor"])
    shorten_pages(monkeypatch, 1, 39)
    quickbooks.add_fault("refusal", contains="COUNT")
    assert record_download.refresh(1, ["vendor"]) == {"vendor": 39}


def test_two_transactions_that_store_a_new_record_at_once_both_count(pg_app, clock):
    with engine.transaction() as session:
        session.add(ConnectedCompany(id=1, realm="1", connected_at=clock.now()))
    first, second = {"Id": "1", "DisplayName": "Ås"}, {"Id": "2", "DisplayName": "Bø"}
    stored = []

    def store() -> None:
        with pg_app.app_context(), engine.transaction() as session:
            records.absorb(session, 1, "vendor", [first, second])
        stored.append(True)

    thread = threading.Thread(target=store)
    with engine.transaction() as session:
        records.absorb(session, 1, "vendor", [first])
        thread.start()
        wait_until_blocked(session)
    thread.join(30)
    with engine.read_only_session() as session:
        version = session.get_one(ListState, (1, "vendor")).version
    assert (stored, version, row("vendor", "2").name) == ([True], 2, "Bø")


def test_two_transactions_that_read_a_company_for_the_first_time_both_end(pg_app, clock):
    with engine.transaction() as session:
        session.add(ConnectedCompany(id=1, realm="1", connected_at=clock.now()))
    stored = []

    def store() -> None:
        with pg_app.app_context():
            qbo_company.store_facts(1, {"CompanyName": "Ås"}, {})
        stored.append(True)

    thread = threading.Thread(target=store)
    with engine.transaction() as session:
        session.add(ListState(company_id=1, list=qbo_company.COMPANY_LIST, read_at=clock.now()))
        session.flush()
        thread.start()
        wait_until_blocked(session)
    thread.join(30)
    assert stored == [True]


def test_indexes_that_were_not_used_for_longest_are_dropped(quickbooks, monkeypatch):
    def read(role):
        with engine.read_only_session() as session:
            return records.load_index(session, 1, role)

    vendors = read("vendor")
    monkeypatch.setattr(index_cache, "MAX_INDEXED_RECORDS", len(vendors) + len(read("customer")))
    assert read("vendor") is vendors
    customers = read("customer")
    assert read("vendor") is vendors
    read("term")
    assert read("vendor") is vendors
    assert read("customer") is not customers
    monkeypatch.setattr(index_cache, "MAX_INDEXED_RECORDS", 0)
    items = read("item")
    assert items
    assert read("item") is items
    assert read("vendor") is not vendors


def test_an_index_of_a_list_that_changed_is_built_again(quickbooks):
    before = book().records("vendor")
    assert book().records("vendor") is before
    make_vendors(quickbooks, 1)
    record_download.refresh(1, {"vendor"})
    assert len(book().records("vendor")) == len(before) + 1
