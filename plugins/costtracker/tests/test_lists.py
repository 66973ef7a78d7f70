"""The lists pushed to CostTracker, and what an invoice's codes refer to before and after."""

import pytest
from hub_costtracker import hub_apps, hub_codes, hub_fields, lists
from hub_costtracker.sandbox import views

from hub import Code, Company, Document, Record


def documents(bench):
    return [item for item in bench.read() if isinstance(item, Document)]


def ids(bench, field):
    return set(bench.books.lists.pushed[lists.LIST_KINDS[field]])


@pytest.mark.row("CT-S7")
@pytest.mark.row("CT-S3")
def test_suppliers_are_pushed_and_linked_by_the_id_costtracker_gave_them(bench):
    links = bench.push_lists()["supplier"]
    assert Code(id="s1", name="Vendor 50", quickbooks_id="50") in links
    assert bench.books.lists.pushed["suppliers"]["80"]["currency"] == "EUR"


@pytest.mark.row("CT-S5")
def test_tax_codes_keep_their_rate_and_what_they_are_for(connected):
    assert connected.books.lists.pushed["tax-codes"]["5"] == {
        "external_id": "5",
        "name": "MVA 25",
        "rate": "25",
        "type": "purchase",
        "active": True,
        "hidden": False,
    }


@pytest.mark.row("CT-S5")
def test_tax_codes_that_no_bill_may_carry_are_not_offered(bench):
    bench.push_lists(
        tax_code=[
            Record(id="5", name="Inn", rate="25", use="purchase"),
            Record(id="6", name="Ut", use="sales"),
        ]
    )
    assert ids(bench, "tax_code") == {"5"}
    bench.company = Company(country="US", currency="USD")
    assert bench.push_lists()["tax_code"] == []


@pytest.mark.row("CT-S6")
@pytest.mark.row("CT-S4")
def test_every_kind_of_list_arrives(connected):
    pushed = connected.books.lists.pushed
    assert set(pushed) == set(lists.LIST_KINDS.values())
    assert pushed["customers"]["91"]["parent_external_id"] == "90"


@pytest.mark.row("CT-S31")
def test_pushed_codes_come_back_with_their_quickbooks_ids(connected):
    document = connected.case("without an order")
    assert document.codes["supplier"].quickbooks_id in ids(connected, "supplier")
    for field in ("account", "tax_code", "location", "class"):
        assert document.lines[0].codes[field] in ids(connected, field)


@pytest.mark.row("CT-S31")
def test_before_the_first_push_codes_are_costtrackers_own_numbers_and_names(bench):
    line = bench.case("without an order").lines[0]
    assert line.codes["account"] == Code(id="4010", number="4010", name="4010")
    assert line.codes["location"].name == "Oslo"


def test_an_id_of_another_companys_list_is_never_used(connected):
    """CostTracker has the ids of a former company until this installation has pushed its lists."""
    for field in lists.LIST_KINDS:
        connected.secrets.pop(f"pushed {field}")
    document = connected.case("without an order")
    account = document.lines[0].codes["account"]
    assert (account.quickbooks_id, account.number in ids(connected, "account")) == (None, True)
    assert document.codes["supplier"].quickbooks_id is None


@pytest.mark.parametrize(
    ("switch", "field", "kind"),
    [
        ("transfer_locations", "location", "locations"),
        ("transfer_classes", "class", "classes"),
        ("transfer_customers", "customer", "customers"),
    ],
)
def test_a_dimension_that_is_off_is_neither_pushed_nor_used(open_bench, switch, field, kind):
    bench = open_bench(**{switch: False})
    assert bench.push_lists()[field] == []
    assert {"locations", "classes", "customers"} - set(bench.books.lists.pushed) == {kind}
    assert {line.codes[field] for document in documents(bench) for line in document.lines} == {None}


@pytest.mark.row("CT-S28")
@pytest.mark.row("CT-S29")
def test_hidden_entries_are_hidden_in_costtracker_and_still_active(open_bench):
    bench = open_bench(hidden_accounts=["66"], hidden_tax_codes=["6"])
    bench.push_lists()
    pushed = bench.books.lists.pushed
    assert (pushed["accounts"]["66"]["hidden"], pushed["accounts"]["66"]["active"]) == (True, True)
    assert pushed["tax-codes"]["6"]["hidden"]
    assert bench.case("hidden account").lines[0].codes["account"] == "66"


@pytest.mark.row("CT-S20")
def test_the_same_lists_twice_change_nothing(connected):
    before = [connected.books.invoice(id) for id in connected.books.invoices]
    connected.push_lists()
    assert [connected.books.invoice(id) for id in connected.books.invoices] == before


def test_a_vanished_record_is_reported_as_inactive(connected):
    gone = Record(id="2", name="Hamar", active=False)
    connected.push_lists(location=[Record(id="1", name="Oslo"), gone])
    assert connected.books.lists.pushed["locations"]["2"]["active"] is False


def test_an_empty_list_is_reported_too_and_its_dimension_leaves_the_invoices(bench):
    bench.push_lists(location=[])
    assert bench.books.lists.is_pushed("locations")
    assert bench.case("without an order").lines[0].codes["location"] is None


def test_a_long_list_goes_in_parts(bench):
    many = [Record(id=f"v{n}", name=f"Class {n}") for n in range(1201)]
    assert len(bench.push_lists(**{"class": many})["class"]) == 1201
    assert bench.count_calls("push") == 8


def test_the_codes_of_a_field_are_those_that_invoices_use(bench):
    used = hub_codes(app="costtracker", site=bench.site, field="account")
    assert "1999" in {code.id for code in used}
    assert len({code.id for code in used}) == len(used)


def test_each_field_has_a_list_in_costtracker():
    assert {field.name for field in hub_fields(app="costtracker")} == set(lists.LIST_KINDS)
    assert hub_apps()[0].posts == ("bill", "vendor_credit", "vendor")


def test_numbers_of_accounts_suppliers_and_invoices_may_be_numbers(connected, monkeypatch):
    case = "number of 30 characters"
    before = connected.case(case)
    encode = views.invoice

    def encode_with_numbers(*args):
        row = encode(*args)
        row |= {"invoice_number": 1001, "reference": 77}
        row["supplier"] |= {"org_number": 912345678, "external_id": 50}
        for line in row["lines"]:
            line["account"] = int(line["account"])
        return row

    connected.allow_undescribed_answers()
    monkeypatch.setattr(views, "invoice", encode_with_numbers)
    document = connected.case(case)
    assert (document.number, document.memo) == ("1001", "Reference: 77")
    assert document.facts["Organisation number"] == "912345678"
    assert document.codes["supplier"].quickbooks_id == "50"
    assert [line.codes["account"] for line in document.lines] == [
        line.codes["account"] for line in before.lines
    ]
