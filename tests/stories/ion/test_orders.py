"""ION purchase orders, from its stand-in to QuickBooks."""

from decimal import Decimal

import pytest

from hub import context as hub_context
from hub.db import engine
from hub.errors import AccessNeeded, NeedsAttention, SettingsInvalid
from hub.models import Installation
from hub.qbo import changes, record_download
from tests.support.sources.ion_site import EVERYTHING, IonSite, lines, open_ion_site

pytestmark = pytest.mark.end_to_end


@pytest.fixture(scope="module")
def site(module_app):
    site = open_ion_site(module_app, **EVERYTHING)
    site.booked = book_seed(site)  # before any story moves the clock
    return site


@pytest.fixture(scope="module")
def seed_orders(site):
    """Provide the purchase orders of the seed by case, and the messages about those not posted."""
    return site.booked


def book_seed(site):
    """Post the orders of the seed to a company of their own."""
    site = IonSite(site.app, site.quickbooks, site.quickbooks.open("us"), documents=29)
    site.enable(fee_account="15", units="supplier")
    site.sync()
    orders = site.select("PurchaseOrder")
    cases = {row["case"]: str(row["id"]) for row in site.books.rows("orders")}
    numbers = {order["DocNumber"]: order for order in orders}
    return {
        "orders": {case: numbers.get(number) for case, number in cases.items()},
        "reasons": site.cases(),
    }


# -- what arrives ----------------------------------------------------------------------------------


@pytest.mark.row("ION-5", "ION-6", "ION-7", "ION-8", "ION-10", "ION-11", "ION-13")
def test_an_ordered_order_arrives_with_every_field(seed_orders):
    order = seed_orders["orders"]["every field"]
    head = {
        name: order[name] for name in ("DocNumber", "TxnDate", "DueDate", "POStatus", "TotalAmt")
    }
    assert head == {
        "DocNumber": "1002",
        "TxnDate": "2026-03-01",
        "DueDate": "2026-03-08",
        "POStatus": "Open",
        "TotalAmt": Decimal("371.00"),
    }
    assert order["VendorRef"]["name"] == "Canyon Steel Works"
    assert (order["APAccountRef"]["value"], order["CurrencyRef"]["value"]) == ("33", "USD")
    assert order["PrivateNote"].startswith("ION purchase order 1002 (Custom), version 1")
    address = order["ShipAddr"]
    street = [address[name] for name in ("Line1", "Line2", "Line3")]
    assert street == ["Orbital Works", "3 Launch Road", "Hangar 3"]
    town = [address[name] for name in ("City", "CountrySubDivisionCode", "PostalCode", "Country")]
    assert town == ["Mojave", "CA", "93501", "US"]
    assert lines(order) == [
        (
            "820412-001 Rev B",
            Decimal("31.00"),
            Decimal("2.5"),
            Decimal("12.4"),
            "Port side",
            "Service",
        ),
        (
            "Meals and Entertainment",
            Decimal("310.00"),
            None,
            None,
            "Crating (1 x 310.00)",
            "Service",
        ),
        ("Office Expenses", Decimal("45.00"), None, None, "Freight", None),
        ("Office Expenses", Decimal("-15.00"), None, None, "Rebate", None),
    ]


@pytest.mark.row("ION-5")
@pytest.mark.parametrize("case", ["a draft", "in review", "approved", "all canceled"])
def test_orders_that_are_not_ordered_yet_send_nothing(seed_orders, case):
    assert seed_orders["orders"][case] is None


@pytest.mark.row("ION-8")
def test_a_part_with_an_account_is_a_category_line_that_names_the_part(seed_orders):
    ((name, amount, quantity, _, text, _),) = lines(seed_orders["orders"]["a part with an account"])
    assert (name, amount, quantity) == ("Meals and Entertainment", 75, None)
    assert text == "GLOVES-M Rev A · Nitrile gloves (12 x 6.25)"


@pytest.mark.row("ION-11")
def test_a_fee_takes_the_account_of_its_name_and_any_other_that_of_the_settings(site):
    site.set()
    id = site.order({"account": "6300"}, fees={"Job Materials": "7.50", "Handling": "-2.00"})
    site.sync()
    _, *fees = lines(site.posted(id)[0])
    assert [fee[:2] for fee in fees] == [
        ("Job Materials", Decimal("7.50")),
        ("Office Expenses", Decimal("-2.00")),
    ]


@pytest.mark.row("ION-14")
def test_a_supplier_is_found_by_name_regardless_of_case_and_spaces(seed_orders):
    assert (
        seed_orders["orders"]["a supplier written otherwise"]["VendorRef"]["name"]
        == "Copper State Supply"
    )


@pytest.mark.row("ION-33")
def test_costs_below_a_cent_and_totals_of_their_own_come_out_exactly(seed_orders):
    first, second = lines(seed_orders["orders"]["costs below a cent"])
    assert (first[1:4], second[1:4]) == ((42, 10000, Decimal("0.0042")), (1, 3, Decimal("0.3333")))
    ((_, amount, quantity, price, text, _),) = lines(seed_orders["orders"]["a total of its own"])
    assert (amount, quantity, price, text) == (
        Decimal("0.99"),
        3,
        Decimal("0.33"),
        "Bracket, port (3 x 0.3333)",
    )


@pytest.mark.row("ION-32")
def test_quantities_are_the_suppliers_and_the_unit_is_reported(seed_orders):
    ((_, amount, quantity, price, text, _),) = lines(seed_orders["orders"]["five rolls"])
    assert (amount, quantity, price, text) == (400, 5, 80, "Harness wire (in units of roll)")


@pytest.mark.row("ION-13")
def test_without_an_address_none_is_sent(seed_orders):
    assert "ShipAddr" not in seed_orders["orders"]["no address"]


@pytest.mark.row("ION-28", "ION-30")
def test_canceled_lines_are_left_out_and_received_orders_stay_open(seed_orders):
    assert [line[1] for line in lines(seed_orders["orders"]["a canceled line"])] == [51]
    assert {
        seed_orders["orders"][case]["POStatus"] for case in ("received", "received in part")
    } == {"Open"}


@pytest.mark.row("ION-9", "ION-10", "ION-12", "ION-14", "ION-21")
def test_unmatched_codes_are_reported_by_name_once_for_each_cause(seed_orders):
    reasons = seed_orders["reasons"]
    assert {cause.split(":", 2)[2] for cause in reasons if cause.startswith("match:")} == {
        "class:Skunk Works",
        "expense_code:9876",
        "supplier:7",
        "supplier:8",
        "payable:EUR",
    }
    assert "“Nowhere Machining” has no match in QuickBooks" in next(
        text for cause, text in reasons.items() if cause.endswith(":supplier:8")
    )
    assert any(
        "line 1 (Cleaning) has neither part nor expense account" in reason
        for reason in reasons.values()
    )


@pytest.mark.row("ION-34")
def test_orders_from_before_the_first_day_are_left_alone_and_approved_ones_may_be_sent(site):
    old = site.order({"account": "6300"})
    site.clock.advance(10 * 86400)
    site.set(start_date=str(site.clock.now().date()), send_at="approved")
    new = site.order({"account": "6300"})
    site.move(new, "DRAFT")
    site.move(new, "IN_REVIEW", "APPROVED")
    site.change(site.lines(old)[0], estimatedArrivalDate="2026-05-01")
    site.sync()
    assert (site.posted(old), len(site.posted(new))) == ([], 1)
    left_out = site.posting(f"order:{old}")
    assert left_out.state == "withdrawn"
    assert "the first day that counts" in left_out.reason


# -- differences, and their end --------------------------------------------------------------------


@pytest.mark.row("ION-9", "ION-10", "ION-21", "ION-23")
def test_a_cause_is_one_case_that_clears_itself_once_it_is_solved(site):
    site.set(line_account="")
    ids = [site.order({"account": "6300", "section": "Launch"}) for _ in range(3)]
    bare = site.order({"description": "Cleaning"})
    site.sync()
    causes = "match:1:class:Launch", f"posting:{site.posting(f'order:{bare}').id}:source"
    assert set(site.cases_about(*causes)) == set(causes)
    assert site.titles()[causes[0]] == "QuickBooks has no class called “Launch”"
    site.make("Class", Name="Launch")
    record_download.refresh(1, ["class"])
    site.set(line_account="Supplies")
    site.sync()
    assert site.cases_about(*causes) == {}
    assert [lines(site.posted(id)[0])[0][5] for id in ids] == ["Launch"] * 3
    assert lines(site.posted(bare)[0])[0][0] == "Supplies"


@pytest.mark.row("ION-23")
def test_an_order_held_by_a_missing_class_is_sent_once_the_class_exists(site):
    site.set()
    id = site.order({"account": "6300", "section": "Landing"})
    site.sync()
    assert site.posting(f"order:{id}").state == "held"
    site.make("Class", Name="Landing")
    record_download.refresh(1, ["class"])
    site.sync()
    assert lines(site.posted(id)[0])[0][5] == "Landing"


@pytest.mark.row("ION-6", "ION-37")
@pytest.mark.parametrize("is_listed", [True, False])
def test_the_number_of_another_order_needs_a_decision_and_is_never_overwritten(site, is_listed):
    """QuickBooks refuses it; it is not sent at all once the list of changes has the other order."""
    site.set()
    site.order({"account": "6300"})
    site.sync()  # reads all orders of QuickBooks once; the next one is unknown until it is listed
    id = site.order({"account": "6300"})
    line = {"Amount": 5, "DetailType": "AccountBasedExpenseLineDetail"}
    detail = {"AccountBasedExpenseLineDetail": {"AccountRef": {"value": "20"}}}
    vendor = {"value": site.vendor("Canyon Steel Works")}
    site.make("PurchaseOrder", VendorRef=vendor, DocNumber=str(id), Line=[line | detail])
    if is_listed:
        site.clock.advance(120)
        changes.poll(1)
    before = site.count_calls("purchaseorder.create")
    site.sync()
    assert site.count_calls("purchaseorder.create") - before == (0 if is_listed else 1)
    assert [order["TotalAmt"] for order in site.posted(id)] == [5]
    assert any("its number" in reason.casefold() for reason in site.cases().values())


@pytest.mark.row("ION-14")
def test_a_supplier_is_made_only_where_that_is_wanted_and_no_name_is_near(site):
    site.set()
    far = site.changes.createSupplier({"name": "Farside Optics"})["supplier"]["id"]
    near = site.changes.createSupplier({"name": "Cascade Glas"})["supplier"]["id"]
    far_order, near_order = (site.order({"account": "6300"}, supplierId=id) for id in (far, near))
    site.sync()
    assert site.posted(far_order)[0]["VendorRef"]["name"] == "Farside Optics"
    assert site.posted(near_order) == []
    assert "a similar name" in site.cases()[f"match:1:supplier:{near}"]


@pytest.fixture(scope="module")
def euro_site(site):
    """Provide a company that buys in euros and has no classes."""
    site = site.connect_another(multicurrency=True, currencies=("EUR",), classes="off")
    site.make("Vendor", DisplayName="Orbital Fasteners GmbH", CurrencyRef={"value": "EUR"})
    record_download.refresh(site.company_id, ["vendor"])
    site.enable(**EVERYTHING)
    site.euros = site.order({"account": "6300"}, supplierId=7, currencyId=2)
    site.classed = [
        site.order({"account": "6300", "section": name}) for name in ("Service", "Launch")
    ]
    site.sync()
    return site


@pytest.mark.row("ION-10")
def test_where_classes_are_switched_off_it_is_posted_without_and_that_is_reported(euro_site):
    assert [lines(euro_site.posted(id)[0])[0][5] for id in euro_site.classed] == [None, None]
    warnings = [euro_site.posting(f"order:{id}").warnings[0] for id in euro_site.classed]
    assert ["posted without Service" in warnings[0], "posted without it" in warnings[1]] == [
        True,
        True,
    ]


@pytest.mark.row("ION-12")
def test_an_order_in_another_currency_takes_the_account_of_that_currency(euro_site):
    (order,) = euro_site.posted(euro_site.euros)
    assert (order["CurrencyRef"]["value"], order["APAccountRef"]["name"]) == (
        "EUR",
        "Accounts Payable (A/P) - EUR",
    )


@pytest.mark.row("ION-12")
def test_an_order_in_another_currency_is_refused_where_there_is_only_one(site):
    site.set()
    id = site.order({"account": "6300"}, currencyId=2)
    site.sync()
    reason = site.cases()["match:1:payable:EUR"]
    assert reason == "Payable account “EUR” has no match in QuickBooks."
    site.match("payable", "EUR", "33")
    site.sync()
    assert "keeps books in USD only" in site.posting(f"order:{id}").reason


def test_a_tax_that_quickbooks_adds_to_an_order_is_no_difference(site):
    site = site.connect_another("canada", currency="USD", multicurrency=False, currencies=())
    site.enable(**EVERYTHING, tax_code="6")
    id = site.order({"account": "6300"})
    site.sync()
    (order,) = site.posted(id)
    assert (order["TotalAmt"], order["TxnTaxDetail"]["TotalTax"]) == (
        Decimal("11.30"),
        Decimal("1.30"),
    )
    assert site.cases() == {}


def test_a_fee_has_the_tax_code_of_the_settings_where_every_line_needs_one(site):
    site = site.connect_another("canada", currency="USD", multicurrency=False, currencies=())
    site.enable(**EVERYTHING, tax_code="6")
    id = site.order({"account": "6300"}, fees={"Freight": "20.00"})
    site.sync()
    assert site.cases() == {}
    (order,) = site.posted(id)
    assert order["TotalAmt"] == Decimal("33.90")


# -- setting it up ---------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def beginner(site):
    """Provide a company without the app; `locked` is the error before the app was activated."""
    site = site.connect_another()
    with pytest.raises(AccessNeeded) as locked:
        site.enable(grant=False)
    site.locked = str(locked.value)
    return site


def installed(site):
    with engine.read_only_session() as session:
        return session.query(Installation).filter_by(company_id=site.company_id).count()


@pytest.mark.row("ION-43")
def test_the_app_is_locked_until_it_was_activated(beginner, site):
    assert "Ask your First Resonance representative" in beginner.locked
    assert site.row.tenant_name == "orbital-works.example"


@pytest.mark.row("ION-43")
def test_the_operator_of_the_hub_can_declare_the_app_open(beginner, make_app, make_config):
    with make_app(make_config(HUB_OPEN_APPS="costtracker, ion")).app_context():
        assert hub_context.current_hub().plugins.apps["ion"].access is None
    ion = hub_context.current_hub().plugins.apps["ion"]
    assert ion.access == "your First Resonance representative"


@pytest.mark.row("ION-1", "ION-2")
def test_keys_of_another_environment_are_refused_and_nothing_is_kept(beginner):
    keys = {
        name: beginner.source.settings("", "sandbox")[name]
        for name in ("client_id", "client_secret")
    }
    with pytest.raises(
        NeedsAttention, match="did not accept these API keys in its environment Custom"
    ):
        beginner.enable(**keys)
    assert installed(beginner) == 0


@pytest.mark.row("ION-1", "ION-4", "ION-18")
@pytest.mark.parametrize(
    "wrong",
    [
        {"payable_account": "20"},
        {"payable_account": "404"},
        {"asset_account": "4"},
        {"expense_account": "79"},
        {"income_account": "80"},
    ],
)
def test_an_account_that_does_not_fit_is_refused_before_any_order(beginner, wrong):
    with pytest.raises(SettingsInvalid) as refused:
        beginner.enable(**wrong)
    assert (list(refused.value.fields), installed(beginner)) == (list(wrong), 0)
