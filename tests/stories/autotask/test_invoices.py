"""Autotask invoices in QuickBooks, for all cases of the stand-in."""

from decimal import Decimal

import pytest

from tests.support.sources.autotask_site import AutotaskSite, connect_quickbooks, prefer

pytestmark = pytest.mark.end_to_end

INCOME = "107"  # Change Order Income
CREW = [  # the first custom field of sales is in use, and called Crew
    {
        "CustomField": [
            {
                "Name": "SalesFormsPrefs.UseSalesCustom1",
                "Type": "BooleanType",
                "BooleanValue": True,
            }
        ]
    },
    {
        "CustomField": [
            {
                "Name": "SalesFormsPrefs.SalesCustomName1",
                "Type": "StringType",
                "StringValue": "Crew",
            }
        ]
    },
]


@pytest.fixture(scope="module")
def site(module_app):
    """Provide the invoice app after one sync in which every new record was confirmed."""
    quickbooks, clock = connect_quickbooks(module_app)
    prefer(quickbooks, "SalesFormsPrefs", CustomTxnNumbers=False, CustomField=CREW)
    site = AutotaskSite(module_app, quickbooks, clock, "invoices")
    site.before = {id: dict(row) for id, row in site.books.rows("Invoices").items()}
    site.customers = names(quickbooks, "Customer")
    site.enable(order_field="Crew", income_account=INCOME).confirm()
    return site


def names(quickbooks, kind):
    records = quickbooks.select(f"select * from {kind} maxresults 1000")[kind]
    return {row.get("DisplayName") or row["Name"] for row in records}


def sales_lines(invoice):
    """Return (item, amount, tax code) of each line."""
    return [
        (
            line["SalesItemLineDetail"]["ItemRef"]["name"],
            line["Amount"],
            line["SalesItemLineDetail"]["TaxCodeRef"]["value"],
        )
        for line in invoice["Line"]
        if line["DetailType"] == "SalesItemLineDetail"
    ]


@pytest.mark.row("AT-I1")
@pytest.mark.parametrize("words", ["labour and a licence", "a number that is empty text"])
def test_the_number_in_quickbooks_is_all_that_is_written_to_autotask(site, words):
    number = site.transaction(words)["DocNumber"]
    assert number.isdecimal()
    assert site.row_of(words) == {**site.before[site.id(words)], "invoiceNumber": number}


@pytest.mark.row("AT-I1", "AT-I14", "AT-C12")
@pytest.mark.parametrize(
    "words", ["numbered already", "voided before it was sent", "fifteen days old", "forty days old"]
)
def test_invoices_that_are_numbered_voided_or_too_old_are_not_posted(site, words):
    assert site.state_of(words) in (None, "withdrawn")
    assert site.row_of(words) == site.before[site.id(words)]


@pytest.mark.row("AT-C12")
def test_the_fourteenth_day_is_posted(site):
    assert site.transaction("fourteen days old")["TotalAmt"] == Decimal("300.00")


@pytest.mark.row("AT-C8")
@pytest.mark.parametrize(
    ("words", "name"),
    [
        ("order number and comments", "Oak Street LLC"),  # in Autotask “ oak street llc ”
        ("a deduction", "Lakeshore HOA"),
        ("a customer with nearly the name", "Walker Residences"),
        ("for a part of a customer", "Lakeshore HOA Clubhouse"),
    ],
)
def test_organisations_are_customers_by_their_whole_name(site, words, name):
    assert site.transaction(words)["CustomerRef"]["name"] == name


@pytest.mark.row("AT-C8")
def test_customers_are_made_for_invoices_that_are_posted_and_for_no_others(site):
    created = names(site.quickbooks, "Customer") - site.customers
    assert created >= {"Alder Dental Group", "Harbor Freight Insurance", "O'Neill & Søn"}
    unused = {"Old Mill Bakery", "Ingram Distribution", "Apex Roofing Supply"}
    assert not created & unused


@pytest.mark.row("AT-C8")
def test_a_customer_with_the_name_of_a_vendor_is_reported_before_quickbooks_refuses_it(site):
    words = "customer with the name of a vendor"
    assert site.of(words).state == "held"
    assert "the name is taken in QuickBooks: Apex Roofing Supply" in site.of(words).reason
    assert site.row_of(words)["invoiceNumber"] is None


@pytest.mark.row("AT-C9")
def test_a_new_customer_has_the_primary_contact_and_without_one_the_phone_of_the_organisation(site):
    def customer(name):
        query = f"select * from Customer where DisplayName = '{name}'"
        return site.quickbooks.select(query)["Customer"][0]

    alder = customer("Alder Dental Group")
    assert (alder["GivenName"], alder["FamilyName"]) == ("Mary", "Alder")
    assert alder["PrimaryEmailAddr"]["Address"] == "mary.176@client.example"
    assert alder["PrimaryPhone"]["FreeFormNumber"] == "555-1176"
    bare = customer("Harbor Freight Insurance")
    assert not {"GivenName", "FamilyName", "PrimaryEmailAddr"} & bare.keys()
    assert bare["PrimaryPhone"]["FreeFormNumber"] == "555-0179"
    assert site.of("customer without a contact").state == "posted"


@pytest.mark.row("AT-C7")
@pytest.mark.parametrize(
    ("words", "what"),
    [
        ("tilde in the customer's name", "Organisation “Cedar Grove School~Gym”"),
        ("tilde in the billing code", "Billing code “Backup~Cloud”"),
        ("tilde in the term", "Payment term “Net 15~Special”"),
    ],
)
def test_a_name_with_a_tilde_holds_its_invoice(site, words, what):
    assert site.of(words).state == "held"
    assert f"{what}: in Autotask its" in site.of(words).reason
    assert not {"Cedar Grove School~Gym", "Gym"} & names(site.quickbooks, "Customer")


@pytest.mark.row("AT-I5")
def test_billing_codes_with_one_external_number_are_one_item(site):
    lines = sales_lines(site.transaction("three codes with one external number"))
    assert [(item, amount) for item, amount, _ in lines] == [
        ("Labor", 120),
        ("Labor", 140),
        ("Labor", 180),
    ]
    held_posting = site.of("billing code without external number")
    assert (held_posting.state, "it has no External Number" in held_posting.reason) == (
        "held",
        True,
    )


@pytest.mark.row("AT-I6")
def test_a_missing_item_is_made_on_the_income_account_of_the_settings(site):
    query = "select * from Item where Name = 'MSP Workstation'"
    (item,) = site.quickbooks.select(query)["Item"]
    assert (item["IncomeAccountRef"]["value"], item["Sku"], item["Type"]) == (
        INCOME,
        "MSP Workstation",
        "Service",
    )


@pytest.mark.row("AT-I8")
def test_terms_go_by_name_and_one_that_is_missing_is_warned_of(site):
    terms = {row["Id"]: row["Name"] for row in site.quickbooks.select("select * from Term")["Term"]}
    term = site.transaction("labour and a licence")["SalesTermRef"]["value"]
    other = site.transaction("a term with other days")["SalesTermRef"]["value"]
    assert (terms[term], terms[other]) == ("Net 30", "Net 60")
    words = "a term that QuickBooks has not"
    assert "SalesTermRef" not in site.transaction(words)
    assert "“Net 30 Days” is not in QuickBooks; posted without it" in site.of(words).warnings[0]


@pytest.mark.row("AT-I10")
def test_sales_tax_by_the_tax_code_of_the_region(site):
    taxed = site.transaction("taxed in California")
    assert sales_lines(taxed) == [("Services", 300, "NON"), ("Hardware Sales", 300, "TAX")]
    assert (taxed["TxnTaxDetail"]["TxnTaxCodeRef"]["value"], taxed["TotalAmt"]) == ("2", 624)
    two_rates = site.transaction("two rates in one region")
    assert two_rates["TxnTaxDetail"]["TxnTaxCodeRef"]["value"] == "3"
    assert (two_rates["TxnTaxDetail"]["TotalTax"], two_rates["TotalAmt"]) == (5, 205)


@pytest.mark.row("AT-I11")
def test_four_decimals_end_in_cents_with_a_line_for_the_difference(site):
    transaction = site.transaction("four decimals")
    assert (transaction["TotalAmt"], transaction["TxnTaxDetail"]["TotalTax"]) == (
        Decimal("52.78"),
        Decimal("11.08"),
    )
    amounts = [(item, amount) for item, amount, _ in sales_lines(transaction)]
    assert amounts == [
        ("Services", Decimal("41.69")),
        ("Rounding difference", Decimal("0.01")),
    ]


@pytest.mark.row("AT-I12", "AT-I4")
def test_a_negative_invoice_is_refused_and_marked(site):
    assert site.of("negative total").state == "held"
    assert "QuickBooks accepts that only as a credit memo" in site.of("negative total").reason
    assert site.row_of("negative total") == {
        **site.before[site.id("negative total")],
        "invoiceNumber": "ERROR",
    }


@pytest.mark.row("AT-I16")
def test_order_number_region_and_comments_are_in_the_memo_and_the_number_in_a_field(site):
    transaction = site.transaction("order number and comments")
    descriptions = [
        "Order number: PO-8812",
        "Tax region: California",
        "Comments: Second half of the project",
    ]
    assert transaction["PrivateNote"].splitlines()[:3] == descriptions
    (field,) = [row for row in transaction["CustomField"] if row["Name"] == "Crew"]
    assert field["StringValue"] == "PO-8812"


@pytest.mark.row("AT-I18")
def test_zero_deduction_and_grouped_lines_are_posted(site):
    assert site.transaction("zero total")["TotalAmt"] == 0
    assert [line[:2] for line in sales_lines(site.transaction("a deduction"))] == [
        ("Labor", 440),
        ("Prepaid Hours", -440),
    ]
    assert [line[1] for line in sales_lines(site.transaction("a line of zero"))] == [0, 300]
    descriptions = [line.get("Description") for line in site.transaction("lines in groups")["Line"]]
    assert [text.partition(" · ")[0] for text in descriptions if text] == [
        "Managed services",
        "Managed services",
        "Support",
    ]


@pytest.mark.row("AT-I18")
def test_a_line_without_billing_code_says_what_is_missing(site):
    held_posting = site.of("a line without billing code")
    assert held_posting.state == "held"
    assert "choose an item for them in the settings of the app" in held_posting.reason


@pytest.mark.row("AT-I3")
def test_numbers_that_the_hub_wrote_are_not_taken_for_automatic_ones(site):
    from hub import sources

    warnings = sources.check(site.row).warnings
    assert not [text for text in warnings if "numbers them itself" in text]
