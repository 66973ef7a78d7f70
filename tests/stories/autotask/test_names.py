"""Names, contacts and currencies between Autotask and QuickBooks."""

import pytest
from sqlalchemy import select

from hub import sources
from hub.db.engine import read_only_session
from hub.errors import Refused
from hub.installations import compare
from hub.mapping import NEW
from hub.models import Case
from hub.qbo import record_download
from hub.qbo.oauth import connect as oauth_connect
from tests.support.sources.autotask_site import prefer
from tests.support.sources.small_source import postings

pytestmark = pytest.mark.end_to_end

LABOUR, FOREIGN = "labour and a licence", "foreign currency"
SHARED = "three codes with one external number"


def customer(quickbooks, name, realm=""):
    records = quickbooks.select(f"select * from Customer where DisplayName = '{name}'", realm)
    return records["Customer"][0]


def change(quickbooks, kind, record, **fields):
    """Change a record in QuickBooks as a person does, and let the hub read the list."""
    body = {"Id": record["Id"], "SyncToken": record["SyncToken"], "sparse": True, **fields}
    answer = quickbooks.ask("POST", kind, body, content_type="application/json")
    assert answer.status == 200, answer.text
    record_download.refresh(1, [kind])


def contact_of(row):
    return (
        row.get("GivenName"),
        row.get("FamilyName"),
        row.get("PrimaryPhone", {}).get("FreeFormNumber"),
        row.get("PrimaryEmailAddr", {}).get("Address"),
    )


# -- contacts --------------------------------------------------------------------------------------


@pytest.mark.row("AT-C9")
@pytest.mark.parametrize("name", ["invoices", "expenses"])
def test_a_matched_customer_gets_the_primary_contact_once(open_site, quickbooks, name):
    prefer(quickbooks, "SalesFormsPrefs", CustomTxnNumbers=False)
    words = LABOUR if name == "invoices" else "a trip to a customer"
    site = open_site(name).keep(words).enable()
    before = customer(quickbooks, "Bayview Apartments")
    site.confirm()
    after = customer(quickbooks, "Bayview Apartments")
    assert contact_of(before) == (None,) * 4
    assert contact_of(after) == ("Sam Lee", "177", "555-1177", "sam.177@client.example")
    assert after["Id"] == before["Id"]
    assert site.of(words).state == "posted"
    assert site.sync()["requests"]["writes"] == 0


@pytest.mark.row("AT-C9")
def test_a_customer_whose_creation_got_no_answer_is_not_filled_with_what_it_has(
    invoices, quickbooks
):
    words, later = "four decimals", "a number that is empty text"
    invoices.keep(words, later).enable()
    row = invoices.books.rows(invoices.entity).pop(invoices.id(later))
    invoices.sync()
    quickbooks.add_fault("lose_answer", "customer.create")
    invoices.confirm()
    invoices.sync(wait=True)
    assert invoices.of(words).state == "posted"
    invoices.books.rows(invoices.entity)[invoices.id(later)] = row
    invoices.sync()
    assert invoices.of(later).state == "posted"
    assert postings(kind="customer", operation="update") == []
    assert contact_of(customer(quickbooks, "Alder Dental Group"))[:2] == ("Mary", "Alder")


@pytest.mark.row("AT-C9")
def test_contact_data_of_a_matched_customer_stays(invoices, quickbooks):
    before = customer(quickbooks, "Bayview Apartments")
    own = {"Address": "accounts@bayview.example"}
    change(quickbooks, "customer", before, PrimaryEmailAddr=own, GivenName="Ada", Notes="Gate 4")
    invoices.keep(LABOUR).enable().confirm()
    after = customer(quickbooks, "Bayview Apartments")
    assert contact_of(after) == ("Ada", None, "555-1177", "accounts@bayview.example")
    assert (after["DisplayName"], after["Notes"]) == ("Bayview Apartments", "Gate 4")


@pytest.mark.row("AT-C9")
def test_contacts_of_matched_customers_are_left_alone_where_that_is_not_wanted(
    invoices, quickbooks
):
    invoices.keep(LABOUR).enable(fill_contacts=False).confirm()
    assert invoices.of(LABOUR).state == "posted"
    assert contact_of(customer(quickbooks, "Bayview Apartments")) == (None,) * 4


@pytest.mark.row("AT-C9", "AT-C6")
def test_no_contact_is_set_before_everything_is_matched_and_confirmed(invoices, quickbooks):
    for name in ("Labor", "Software"):
        fields = {"Name": name, "Type": "Service", "IncomeAccountRef": {"value": "1"}}
        quickbooks.ask("POST", "item", fields, content_type="application/json")
    record_download.refresh(1, ["item"])
    invoices.keep(LABOUR, "a customer with nearly the name").enable()
    assert invoices.sync()["requests"]["writes"] == 0
    (waits,) = postings(kind="customer", operation="update")
    assert waits.state == "held"
    invoices.confirm()
    assert contact_of(customer(quickbooks, "Bayview Apartments"))[2] == "555-1177"


@pytest.mark.row("AT-C9")
def test_a_contact_that_waits_for_approval_is_dropped_when_the_organisation_is_matched_again(
    invoices, quickbooks
):
    invoices.keep(LABOUR).enable(mode="review").confirm()
    (waits,) = postings(kind="customer", operation="update")
    assert waits.state == "review"
    other = customer(quickbooks, "Lakeshore HOA")
    invoices.match("customer", f"company:{invoices.row_of(LABOUR)['companyID']}", other["Id"])
    invoices.sync()
    (gone,) = postings(kind="customer", operation="update", quickbooks_id=waits.quickbooks_id)
    assert gone.state == "withdrawn"


# -- colons ----------------------------------------------------------------------------------------


@pytest.mark.row("AT-C8")
def test_an_organisation_with_a_colon_says_so_and_is_created_after_it_was_renamed(invoices):
    invoices.keep(LABOUR)
    organisation = {"entity": "Companies", "id": invoices.row_of(LABOUR)["companyID"]}
    invoices.books.do("put", **organisation, fields={"companyName": "Harbor: North"})
    invoices.enable().confirm()
    (case,) = invoices.cases("posting:")
    assert "QuickBooks allows no colon in a name: Harbor: North" in case.reason
    invoices.books.do("put", **organisation, fields={"companyName": "Harbor North"})
    invoices.sync()
    assert invoices.transaction(LABOUR)["CustomerRef"]["name"] == "Harbor North"
    assert invoices.cases() == []


# -- currencies ------------------------------------------------------------------------------------


@pytest.mark.row("AT-I9", "AT-I4")
def test_an_invoice_in_a_currency_that_is_switched_off_is_marked_and_says_why(invoices, quickbooks):
    invoices.keep(FOREIGN).enable()
    invoices.sync()
    assert invoices.row_of(FOREIGN)["invoiceNumber"] is None  # its customer waits for a match
    invoices.confirm()
    assert "keeps books in USD only" in invoices.of(FOREIGN).reason
    assert invoices.row_of(FOREIGN)["invoiceNumber"] == "ERROR"
    invoices.sync()
    assert (
        invoices.of(FOREIGN).state,
        "clear its invoice number" in invoices.of(FOREIGN).reason,
    ) == (
        "held",
        True,
    )
    assert "is in EUR" in invoices.of(FOREIGN).reason
    query = "select * from Customer where DisplayName = 'Rhein Logistik GmbH'"
    assert quickbooks.select(query) == {}, "it would be a customer in dollars forever"


@pytest.fixture
def euro_company(open_site, quickbooks):
    """Provide a company with several currencies that keeps Autotask's euro customer in dollars."""
    realm = quickbooks.open("us", multicurrency=True, currencies=("EUR",), custom_numbers=False)
    fields = {"DisplayName": "Rhein Logistik GmbH", "CurrencyRef": {"value": "USD"}}
    answer = quickbooks.ask("POST", "customer", fields, realm, content_type="application/json")
    assert answer.status == 200, answer.text
    company = oauth_connect.connect_with_refresh_token(realm, quickbooks.refresh_tokens[realm])
    record_download.refresh(company.id)
    return company


@pytest.mark.row("AT-I9")
@pytest.mark.parametrize(("marks", "number"), [(True, "ERROR"), (False, None)])
def test_a_customer_in_another_currency_is_an_error_like_any_other(
    open_site, euro_company, marks, number
):
    site = open_site("invoices").keep(FOREIGN)
    site.enable(company_id=euro_company.id, mark_errors=marks).confirm()
    text = "has to be kept in EUR there" if marks else "is kept in USD in QuickBooks"
    assert text in site.of(FOREIGN).reason
    assert (site.of(FOREIGN).state, site.row_of(FOREIGN)["invoiceNumber"]) == ("held", number)


@pytest.mark.row("AT-I9", "AT-I4")
def test_a_failed_invoice_is_posted_after_its_customer_was_matched_in_its_currency(
    open_site, quickbooks, euro_company
):
    site = open_site("invoices").keep(FOREIGN).enable(company_id=euro_company.id)
    site.confirm()
    fields = {"DisplayName": "Rhein Logistik EUR", "CurrencyRef": {"value": "EUR"}}
    record = quickbooks.ask(
        "POST", "customer", fields, euro_company.realm, content_type="application/json"
    )
    record_download.refresh(euro_company.id, ["customer"])
    site.match("customer", "company:183", record.json()["Customer"]["Id"])
    site.sync()
    assert site.of(FOREIGN).state == "held"
    site.put(FOREIGN, invoiceNumber="")
    site.sync()
    query = f"select * from Invoice where Id = '{site.of(FOREIGN).quickbooks_id}'"
    (invoice,) = quickbooks.select(query, euro_company.realm)["Invoice"]
    assert (invoice["CurrencyRef"]["value"], str(invoice["TotalAmt"])) == ("EUR", "285.00")
    assert site.row_of(FOREIGN)["invoiceNumber"] == invoice["DocNumber"]


# -- tildes in QuickBooks --------------------------------------------------------------------------


@pytest.fixture
def with_a_tilde(invoices, quickbooks):
    """Create an item whose name has a tilde in QuickBooks, and enable the invoice app."""
    fields = {"Name": "Cables~Network", "Type": "Service", "IncomeAccountRef": {"value": "1"}}
    item = quickbooks.ask("POST", "item", fields, content_type="application/json").json()["Item"]
    record_download.refresh(1, ["item"])
    invoices.keep(SHARED).enable()
    return item


def rename_item(quickbooks, id, name):
    """Rename an item in QuickBooks as a person does, and let the hub read the list."""
    (item,) = quickbooks.select(f"select * from Item where Id = '{id}'")["Item"]
    change(quickbooks, "item", item, Name=name)


def match_before_it_has_a_tilde(invoices, quickbooks, id):
    """Match a billing code to the item while its name can be used, and rename the item then."""
    rename_item(quickbooks, id, "Cables")
    invoices.match("billing_code", "external_number:labor", id)
    rename_item(quickbooks, id, "Cables~Network")


@pytest.mark.row("AT-C7")
def test_a_tilde_in_quickbooks_holds_what_uses_it_until_it_is_renamed(
    invoices, quickbooks, with_a_tilde
):
    invoices.sync()
    invoices.match("customer", f"company:{invoices.row_of(SHARED)['companyID']}", NEW)
    match_before_it_has_a_tilde(invoices, quickbooks, with_a_tilde["Id"])
    invoices.sync()
    held_posting = invoices.of(SHARED)
    assert (held_posting.state, "Cables~Network, holds “~”" in held_posting.reason) == (
        "held",
        True,
    )
    rename_item(quickbooks, with_a_tilde["Id"], "Cables")
    invoices.sync()
    used = invoices.transaction(SHARED)["Line"][0]["SalesItemLineDetail"]
    assert used["ItemRef"]["name"] == "Cables"


def warned_of():
    with read_only_session() as session:
        open_ones = Case.closed_at.is_(None), Case.cause.startswith("warning:")
        return [case.reason for case in session.scalars(select(Case).where(*open_ones))]


@pytest.mark.row("AT-C7")
def test_an_item_with_a_tilde_cannot_be_chosen(invoices, with_a_tilde):
    with pytest.raises(Refused, match="Cables~Network, holds “~”"):
        invoices.match("billing_code", "external_number:labor", with_a_tilde["Id"])


@pytest.mark.row("AT-C7")
def test_tildes_in_quickbooks_are_warned_of_until_they_are_renamed(
    invoices, quickbooks, with_a_tilde
):
    (warning,) = [text for text in sources.check(invoices.row).warnings if "QuickBooks has" in text]
    assert "item “Cables~Network”" in warning
    assert any("item “Cables~Network”" in reason for reason in warned_of())
    change(quickbooks, "item", with_a_tilde, Name="Cables")
    assert not any("QuickBooks has" in text for text in sources.check(invoices.row).warnings)
    assert not any("Cables~Network" in reason for reason in warned_of())


@pytest.mark.row("AT-C7", "AT-I7")
def test_tildes_in_quickbooks_are_lines_of_the_comparison(invoices, quickbooks, with_a_tilde):
    pairs = compare.compare(invoices.row, ["billing_code"])
    (odd,) = [pair for pair in pairs if pair.quickbooks_id == with_a_tilde["Id"]]
    assert (odd.code, odd.state, odd.quickbooks_name) == ("", "not usable", "Cables~Network")
    lines = compare.encode_csv(pairs).decode("utf-8-sig").splitlines()
    assert '"not usable"' in next(line for line in lines if "Cables~Network" in line)
    match_before_it_has_a_tilde(invoices, quickbooks, with_a_tilde["Id"])
    (odd,) = [
        pair
        for pair in compare.compare(invoices.row, ["billing_code"])
        if pair.quickbooks_name == "Cables~Network"
    ]
    assert (odd.code, odd.name, odd.state) == ("external_number:labor", "Labor", "not usable")


@pytest.mark.row("AT-I7")
def test_missing_records_are_copied_to_quickbooks_before_any_invoice_is_posted(
    invoices, quickbooks
):
    invoices.keep("numbered already").enable(income_account="107", fill_contacts=False)
    count = compare.copy_missing(invoices.row, ["billing_code", "customer"], who="kari")
    assert count == 8 + 7
    counts = invoices.sync()
    in_euro = [posting for posting in postings(state="held") if "Nothing in EUR" in posting.reason]
    assert len(in_euro) == 1, "QuickBooks would keep the customer in dollars forever"
    in_use = [
        posting for posting in postings(state="held") if "share one name space" in posting.reason
    ]
    assert len(in_use) == 1, "a supplier has the name, so QuickBooks would refuse it"
    assert counts["requests"]["writes"] == count - 2
    (item,) = quickbooks.select("select * from Item where Name = 'MSP Server'")["Item"]
    assert (item["IncomeAccountRef"]["value"], item["Sku"]) == ("107", "MSP Server")
    assert contact_of(customer(quickbooks, "Alder Dental Group"))[:2] == ("Mary", "Alder")
    states = {pair.state for pair in compare.compare(invoices.row, ["billing_code"])}
    assert "missing" not in states
    assert quickbooks.select("select * from Invoice") == {}
