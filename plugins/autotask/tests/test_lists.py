"""Lists that documents refer to: use types by label, and codes that are the same on every page."""

from dataclasses import replace

import pytest
from hub_autotask.sandbox import picklists, schema

from hub import NeedsAttention

USE_TYPE = ("billingcodes", "useType")
LABELS = {
    1: "General Allocation Code",
    2: "Expense Code",
    3: "Internal Allocation Code",
    4: "Material Cost Code",
    5: "Recurring Contract Service Code",
    6: "Milestone Code",
}


@pytest.fixture
def relabel(monkeypatch):
    """Give the picklist of use types other entries; the stand-in's rows keep their numbers."""
    return lambda labels: monkeypatch.setitem(picklists.PICKLISTS, USE_TYPE, labels)


def billing_code_names(bench):
    return {code.name for code in bench.codes("billing_code")}


def test_the_stand_in_has_the_labels_that_autotask_delivers(invoices, call_api):
    fields = call_api(invoices, "GET", "BillingCodes/entityInformation/fields").json()["fields"]
    (field,) = [column for column in fields if column["name"] == "useType"]
    assert {int(choice["value"]): choice["label"] for choice in field["picklistValues"]} == LABELS


@pytest.mark.row("AT-I7")
def test_billing_codes_of_sales_are_listed_and_internal_ones_and_expenses_are_not(open_bench):
    listed = billing_code_names(open_bench("invoices", item_match="name"))
    assert {"Remote Support", "Hardware", "Managed Server", "Phase Milestone"} <= listed
    assert listed & {"Mileage", "Client Gifts", "Vacation"} == set()


@pytest.mark.row("AT-I7", "AT-E3")
@pytest.mark.parametrize(
    "labels",
    [
        {number: label.upper() for number, label in LABELS.items()},
        LABELS | {2: "Spesen", 3: "Intern"},
    ],
    ids=["another case", "renamed"],
)
def test_a_use_type_is_found_by_its_label_or_else_by_its_number(open_bench, relabel, labels):
    relabel(labels)
    listed = billing_code_names(open_bench("invoices", item_match="name"))
    assert ("Hardware" in listed, listed & {"Mileage", "Vacation"}) == (True, set())
    categories = {code.name for code in open_bench("expenses").codes("category")}
    assert categories == {"Mileage", "Meals", "Lodging", "Parking", "Client Gifts"}


@pytest.mark.row("AT-I7", "AT-E3")
def test_where_nothing_tells_which_use_type_it_is_the_settings_do(open_bench, relabel):
    # The rows of expense codes have the number 2 and those of internal codes 3.
    relabel({**LABELS, 2: "Material Cost Code", 3: "Milestone Code", 4: "Spesen", 6: "Intern"})
    expense = "no use type of billing codes called “Expense Code”"
    for app, field in (("invoices", "billing_code"), ("expenses", "category")):
        with pytest.raises(NeedsAttention, match=expense):
            open_bench(app).codes(field)
    with pytest.raises(NeedsAttention, match=r"called “Internal Allocation Code”.*internal codes"):
        open_bench("invoices", expense_use_type="material cost code").codes("billing_code")
    chosen = {"expense_use_type": "material cost code", "internal_use_type": "milestone code"}
    listed = billing_code_names(open_bench("invoices", item_match="name", **chosen))
    assert listed & {"Mileage", "Vacation"} == set()
    bench = open_bench("expenses", expense_use_type="material cost code")
    assert "Mileage" in {code.name for code in bench.codes("category")}


@pytest.mark.row("AT-C7")
@pytest.mark.parametrize(
    ("setting", "field", "entity"),
    [("region", "tax_region", "TaxRegions"), ("category", "tax_category", "TaxCategories")],
)
def test_a_tilde_in_a_tax_region_or_category_holds_what_uses_it(
    open_bench, setting, field, entity, change_row
):
    bench = open_bench("invoices", tax=setting)
    for id, row in bench.books.rows(entity).items():
        bench.books.do("put", entity=entity, id=id, fields={"name": row["name"] + "~West"})
    change_row(bench, "taxed in California", taxRegionName="California~West")
    used = codes_of_lines(bench.case("taxed in California"), field)
    assert used
    listed = {code.id: code for code in bench.codes(field)}
    for code in used:
        assert code.name.endswith("~West")
        assert code.hold.startswith("in Autotask its name contains a tilde")
        assert listed[code.id] == code


def codes_of_lines(document, field):
    """Return the codes of a field that the lines of a document have."""
    return [line.codes[field] for line in document.lines if field in line.codes]


@pytest.mark.row("AT-C7")
@pytest.mark.parametrize(
    ("entity", "field", "what"),
    [
        ("TaxRegions", "name", "tax regions"),
        ("TaxCategories", "name", "tax categories"),
        ("BillingCodes", "externalNumber", "external numbers"),
        ("Departments", "number", "department numbers"),
        ("PaymentTerms", "name", "payment terms"),
    ],
)
def test_a_tilde_is_reported_with_its_list(invoices, entity, field, what):
    id = next(iter(invoices.books.rows(entity)))
    invoices.books.do("put", entity=entity, id=id, fields={field: "Up~Down"})
    (warning,) = invoices.check().warnings
    (names,) = [part for part in warning.split("; ") if "“Up~Down”" in part]
    assert names.removeprefix("Names in Autotask contain a tilde: ").startswith(f"{what} “")


CASES_WITH_PEOPLE = (
    "one person with one name",
    "a trip to a customer",
    "a tilde in the department",
)


@pytest.mark.row("AT-E2", "AT-E7")
def test_people_and_departments_are_listed_as_reports_name_them(expenses):
    used = []
    for case in CASES_WITH_PEOPLE:
        codes = expenses.case(case).codes
        used += filter(None, (codes["person"], codes["department"]))
    assert {code.name for code in used} >= {"v-Cher", "v-O'Brien, Tom", "Service"}
    codes = [*expenses.codes("person"), *expenses.codes("department")]
    listed = {code.id: code for code in codes}
    for code in used:
        assert listed[code.id] == code


@pytest.mark.parametrize(
    ("app", "case", "entity"),
    [
        ("expenses", "a trip to a customer", "expensereports"),
        ("purchase-orders", "two products for a customer", "purchaseorders"),
    ],
)
def test_labels_of_statuses_are_read_in_any_case(open_bench, monkeypatch, app, case, entity):
    bench = open_bench(app)
    assert bench.case(case).stage == "ready"
    labels = picklists.PICKLISTS[entity, "status"]
    for number, label in labels.items():
        monkeypatch.setitem(labels, number, label.upper())
    document = bench.case(case)
    assert (document.stage, document.hold) == ("ready", None)


@pytest.mark.row("AT-C8")
def test_an_organisation_without_a_billing_address_has_its_own_with_its_country(invoices):
    id = int(invoices.case("labour and a licence").codes["customer"].id.removeprefix("company:"))
    fields = {"billingAddress1": None, "address1": "Lange Gasse 5", "countryID": 2}
    invoices.books.do("put", entity="Companies", id=id, fields=fields)
    address = invoices.case("labour and a licence").codes["customer"].create.address
    assert (address.lines, address.country) == (("Lange Gasse 5",), "DE")


def test_without_a_list_of_countries_addresses_have_none(invoices, monkeypatch):
    before = invoices.case("labour and a licence").codes["customer"].create.address
    monkeypatch.delitem(schema.ENTITIES_BY_PATH, "countries")
    assert invoices.check().id
    after = invoices.case("labour and a licence").codes["customer"].create.address
    assert (before.country, after) == ("US", replace(before, country=None))
