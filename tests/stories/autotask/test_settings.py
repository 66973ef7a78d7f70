"""The effect of settings on Autotask invoices and orders."""

from decimal import Decimal

import pytest

from hub.qbo import record_download
from hub.qbo.oauth import connect as oauth_connect
from tests.support.sources.autotask_site import AutotaskSite, connect_quickbooks

pytestmark = pytest.mark.end_to_end

ADDRESS = "accounts@oakstreet.example"


@pytest.fixture(scope="module")
def books(module_app):
    return (module_app, *connect_quickbooks(module_app))


def beside(books, name, *words, **options):
    """Return a site at another company with these options; its app is not enabled yet."""
    app, quickbooks, clock = books
    realm = quickbooks.open("us", **options)
    company = oauth_connect.connect_with_refresh_token(realm, quickbooks.refresh_tokens[realm])
    record_download.refresh(company.id)
    site = AutotaskSite(app, quickbooks, clock, name, realm=realm)
    site.before = {id: dict(row) for id, row in site.books.rows(site.entity).items()}
    site.company_id = company.id
    return site.keep(*words) if words else site


def sales_lines(site, words, kind="Invoice"):
    """Return (item, amount, tax code, text) of each line."""
    results = []
    for line in site.transaction(words, kind)["Line"]:
        detail = line.get("SalesItemLineDetail")
        if detail:
            code = detail.get("TaxCodeRef", {}).get("value")
            results.append(
                (detail["ItemRef"]["name"], line["Amount"], code, line.get("Description"))
            )
    return results


# -- Autotask's own numbers, items by name, credit memos, mail -------------------------------------

OTHERWISE = (
    "labour and a licence",
    "numbered already",
    "negative total",
    "a line without billing code",
    "four decimals",
    "three codes with one external number",
    "customer without a contact",
    "order number and comments",
    "taxed in California",
)


@pytest.fixture(scope="module")
def other_settings(books):
    """Provide an app with other settings than usual.

    They are Autotask's number, items by name, QuickBooks' own tax, credit memos and mail.
    """
    site = beside(books, "invoices", *OTHERWISE)
    oak = site.quickbooks.select(
        "select * from Customer where DisplayName = 'Oak Street LLC'", site.realm
    )
    (record,) = oak["Customer"]
    mailed = {"PrimaryEmailAddr": {"Address": ADDRESS}, "sparse": True}
    body = {name: record[name] for name in ("Id", "SyncToken")} | mailed
    site.quickbooks.ask("POST", "customer", body, site.realm, content_type="application/json")
    record_download.refresh(site.company_id, ["customer"])
    site.enable(
        company_id=site.company_id,
        numbering="autotask_number",
        item_match="name",
        negative="credit_memo",
        default_item="12",
        email_invoices=True,
        tax="quickbooks",
    )
    site.confirm()
    return site


@pytest.mark.row("AT-I2")
def test_autotasks_number_or_its_id_is_the_number_and_the_web_service_date_the_mark(other_settings):
    for words, number in (("numbered already", "1041"), ("labour and a licence", "4001")):
        assert other_settings.transaction(words)["DocNumber"] == number
        before = other_settings.before[other_settings.id(words)]
        assert other_settings.row_of(words) == {**before, "webServiceDate": "2026-03-02T00:00:00Z"}


@pytest.mark.row("AT-I2")
def test_the_id_in_autotask_may_be_the_number(books):
    site = beside(books, "invoices", "numbered already")
    site.enable(company_id=site.company_id, numbering="autotask_id").confirm()
    assert site.transaction("numbered already")["DocNumber"] == str(site.id("numbered already"))


@pytest.mark.row("AT-I5")
def test_items_may_be_found_by_the_name_of_the_billing_code(other_settings):
    lines = sales_lines(other_settings, "three codes with one external number")
    assert [line[0] for line in lines] == [
        "Remote Support",
        "Onsite Support",
        "After Hours Support",
    ]


@pytest.mark.row("AT-I10")
def test_quickbooks_may_work_the_tax_out(other_settings):
    sent = other_settings.sent("taxed in California")
    assert ("TxnTaxDetail" in sent, "TotalAmt" in sent) == (False, False)
    transaction = other_settings.transaction("taxed in California")
    assert transaction["TotalAmt"] == 600 + transaction["TxnTaxDetail"]["TotalTax"]
    codes = [line[2] for line in sales_lines(other_settings, "taxed in California")]
    assert codes == ["NON", "TAX"]
    assert other_settings.of("taxed in California").state == "posted"


@pytest.fixture(scope="module")
def with_note(books):
    site = beside(books, "invoices", "four decimals", custom_numbers=False)
    site.enable(company_id=site.company_id, difference="note").confirm()
    return site


@pytest.mark.row("AT-I11")
def test_a_rounding_difference_may_be_noted_in_the_memo(with_note):
    transaction = with_note.transaction("four decimals")
    assert [line[1] for line in sales_lines(with_note, "four decimals")] == [Decimal("41.69")]
    assert transaction["TotalAmt"] == Decimal("52.77")
    assert "differs from the sum of the rounded lines by 0.01" in transaction["PrivateNote"]


@pytest.mark.row("AT-I12")
def test_a_negative_invoice_may_be_a_credit_memo(other_settings):
    transaction = other_settings.transaction("negative total", "CreditMemo")
    ((item, amount, _, _),) = sales_lines(other_settings, "negative total", "CreditMemo")
    assert (item, amount, transaction["CustomerRef"]["name"]) == (
        "Remote Support",
        100,
        "Alder Dental Group",
    )
    assert other_settings.row_of("negative total")["webServiceDate"] == "2026-03-02T00:00:00Z"


@pytest.mark.row("AT-I15")
@pytest.mark.parametrize(
    ("words", "address"),
    [
        ("order number and comments", ADDRESS),  # its contact has another address
        ("four decimals", "mary.176@client.example"),
        ("customer without a contact", None),
    ],
)
def test_an_invoice_is_mailed_to_quickbooks_address_else_the_contacts_else_not(
    other_settings, words, address
):
    transaction = other_settings.transaction(words)
    assert transaction.get("BillEmail", {}).get("Address") == address
    assert (transaction.get("EmailStatus") == "NeedToSend") == bool(address)


@pytest.mark.row("AT-I18")
def test_a_line_without_billing_code_takes_the_item_of_the_settings(other_settings):
    lines = sales_lines(other_settings, "a line without billing code")
    assert [line[:2] for line in lines] == [("Design Hours", 900), ("Remote Support", 300)]


# -- reasons to hold -------------------------------------------------------------------------------

STRICT = (
    "labour and a licence",
    "a deduction",
    "a term that QuickBooks has not",
    "four decimals",
    "taxed in California",
)


@pytest.fixture(scope="module")
def strict(books):
    """Provide an app that holds whatever is incomplete, allows no difference and passes no tax.

    Two of the invoices come after the first sync.
    """
    site = beside(books, "invoices", *STRICT, custom_numbers=False)
    later = ("labour and a licence", "a term that QuickBooks has not")
    for words in later:
        site.put(words, invoiceNumber="0")
    site.enable(
        company_id=site.company_id,
        item_missing="hold",
        term_missing="hold",
        tolerance="0",
        tax="none",
    )
    site.confirm()
    for words in later:
        site.put(words, invoiceNumber="")
    site.sync()
    return site


@pytest.mark.row("AT-I6")
def test_a_missing_item_may_hold_the_invoice(strict):
    held_posting = strict.of("labour and a licence")
    assert (held_posting.state, "Billing code “Software”" in held_posting.reason) == ("held", True)
    query = "select * from Item where Name = 'Software'"
    assert strict.quickbooks.select(query, strict.realm) == {}


@pytest.mark.row("AT-I8")
def test_a_missing_term_may_hold_the_invoice(strict):
    held_posting = strict.of("a term that QuickBooks has not")
    assert (held_posting.state, "Payment term “Net 30 Days”" in held_posting.reason) == (
        "held",
        True,
    )


@pytest.mark.row("AT-I10")
def test_no_tax_may_be_passed(strict):
    transaction = strict.transaction("taxed in California")
    assert {line[2] for line in sales_lines(strict, "taxed in California")} <= {None, "NON"}
    assert (transaction["TotalAmt"], transaction.get("TxnTaxDetail", {}).get("TotalTax", 0)) == (
        600,
        0,
    )
    assert "TxnTaxDetail" not in strict.sent("taxed in California")
    assert "Autotask's tax of 24.00 is not passed" in strict.of("taxed in California").warnings[0]


@pytest.mark.row("AT-I11")
def test_a_difference_above_the_limit_holds_the_invoice(strict):
    held_posting = strict.of("four decimals")
    assert held_posting.state == "held"
    assert "(0.01 USD off)" in held_posting.reason
    assert "41.70" in held_posting.reason


# -- tax line by line ------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def by_category(books):
    """Provide a company outside the United States, with a tax code on every line."""
    site = beside(
        books, "invoices", "taxed in California", country="NZ", tax="codes", custom_numbers=False
    )
    site.enable(company_id=site.company_id, tax="category", untaxed_code="3")
    site.sync()
    site.match("tax_category", "category:702", "2")  # Goods are taxed as in California
    site.confirm()
    return site


@pytest.mark.row("AT-I10")
def test_tax_may_go_line_by_line_by_category(by_category):
    lines = sales_lines(by_category, "taxed in California")
    assert [line[1:3] for line in lines] == [(300, "3"), (300, "2")]  # services bear no tax
    transaction = by_category.transaction("taxed in California")
    assert (transaction["TxnTaxDetail"]["TotalTax"], transaction["TotalAmt"]) == (24, 624)


# -- orders as bills -------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def bills(books):
    site = beside(books, "purchase-orders", "with freight", "two products for a customer")
    account = {"Name": "Suppliers of hardware", "AccountType": "Accounts Payable"}
    answer = site.quickbooks.ask(
        "POST", "account", account, site.realm, content_type="application/json"
    )
    site.payable = answer.json()["Account"]["Id"]
    record_download.refresh(site.company_id, ["account"])
    accounts = {"freight_account": "80", "payable_account": site.payable}
    site.enable(company_id=site.company_id, post_as="bill", **accounts).sync()
    return site


@pytest.mark.row("AT-P2")
def test_an_order_may_be_a_bill_under_autotasks_number(bills):
    transaction = bills.transaction("with freight", "Bill")
    assert (transaction["DocNumber"], transaction["TotalAmt"]) == ("PO8002", Decimal("253.50"))
    assert transaction["APAccountRef"]["value"] == bills.payable
    query = "select * from PurchaseOrder"
    assert bills.quickbooks.select(query, bills.realm) == {}
    assert bills.row_of("with freight")["externalPONumber"] == "PO8002"


@pytest.mark.row("AT-P2")
def test_the_settings_explain_how_a_bill_differs(bills):
    from hub_autotask.settings import OrderSettings

    help = OrderSettings().fields["post_as"].metadata["help"]
    assert "A purchase order is no liability yet." in help
    assert "A bill, as older versions posted it, is a liability before goods and invoice" in help


@pytest.mark.row("AT-P3")
def test_missing_names_may_hold_an_order(books):
    site = beside(books, "purchase-orders", "two products for a customer", "with freight")
    site.enable(company_id=site.company_id, create_parties="hold", freight_account="80").sync()
    held_posting = site.of("two products for a customer")
    assert (held_posting.state, "Vendor “Ingram Distribution”" in held_posting.reason) == (
        "held",
        True,
    )
    assert site.of("with freight").state == "posted"


@pytest.mark.row("AT-P5", "AT-P8")
@pytest.mark.parametrize(
    ("words", "what"),
    [
        ("an item without product", "Items without a product need an account"),
        ("with freight", "Orders with freight need an account"),
    ],
)
def test_without_an_account_such_an_order_is_held(books, words, what):
    site = beside(books, "purchase-orders", words)
    site.enable(company_id=site.company_id).sync()
    assert (site.of(words).state, what in site.of(words).reason) == ("held", True)
