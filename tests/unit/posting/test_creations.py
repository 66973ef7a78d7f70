"""Creating parties and items for codes, only when a document needs them."""

import datetime as dt
from dataclasses import replace

import pytest
from sqlalchemy import select

from hub import Code, Gone, Item, Party, hookimpl, outbox
from hub.collect.intake import create_records
from hub.collect.run import collect
from hub.db.engine import read_only_session, transaction
from hub.installations import enable, matches
from hub.mapping import NewRecord
from hub.models import Attempt, Installation
from hub.posting.actions import manual, retries
from hub.qbo import record_download
from hub.qbo.oauth import connect as oauth_connect
from hub.scheduling import runner
from tests.support.sources.every_kind_source import (
    CLIENT,
    SLUG,
    SUPPLIER,
    ShopSite,
    ShopSource,
    document,
    invoice,
    line,
)
from tests.support.sources.stand_in_fixtures import mount_quickbooks

CLOSED = dt.date(2026, 2, 28)
LATE = {"date": dt.date(2026, 2, 10)}  # in the period that `close_books` closes
KINDS = {"bill": ("Vendor", "s1"), "invoice": ("Customer", "c1")}
EURO_CLIENT = Code(id="c9", name="Rhein Bau", create=Party(name="Rhein Bau GmbH", currency="EUR"))


def new(kind, id="1", **more):
    """Return a document of a party that QuickBooks does not have."""
    if kind == "invoice":
        return invoice(f"invoice:{id}", **more)
    lines = line("1", "30.00", cost="Advertising")
    return document("bill", f"bill:{id}", lines, total="30.00", supplier=SUPPLIER, **more)


def close_books(shop, day=CLOSED):
    shop.quickbooks.act("close_books", date=day.isoformat() if day else None)
    record_download.refresh(1)


def set_mode(shop, mode):
    with transaction() as session:
        session.get_one(Installation, shop.id).mode = mode


def attempts(posting_id):
    with read_only_session() as session:
        return list(session.scalars(select(Attempt).where(Attempt.posting_id == posting_id)))


def approve(shop, source_id):
    with transaction() as session:
        return outbox.approve(session, [shop.posting(source_id).id], "kari")


# -- documents that are held -----------------------------------------------------------------------


@pytest.mark.parametrize("kind", KINDS)
def test_no_party_is_created_in_a_currency_that_the_company_does_not_use(shop, kind):
    party, code = KINDS[kind]
    shop.run(new(kind, currency="EUR"))
    shop.run()
    assert (shop.states()[f"{kind}:1"], shop.ours(party)) == ("held", [])
    assert shop.posting(code) is None, "it is not planned either"
    assert len(shop.cases()) == 1


@pytest.mark.parametrize("email", ["n/a", "post(at)rhein.example", "x" * 90 + "@rhein.example"])
def test_a_party_is_made_without_an_e_mail_address_that_quickbooks_does_not_take(shop, email):
    code = replace(CLIENT, create=replace(CLIENT.create, email=email))
    shop.run(invoice("invoice:1", client=code))
    (customer,) = shop.ours("Customer")
    assert ("PrimaryEmailAddr" in customer, shop.cases()) == (False, [])
    assert shop.states()["invoice:1"] == "posted"


@pytest.mark.parametrize("kind", KINDS)
def test_a_party_is_made_in_the_run_in_which_its_document_is_released(shop, kind):
    party, code = KINDS[kind]
    close_books(shop)
    shop.run(new(kind, **LATE))
    assert (shop.states()[f"{kind}:1"], shop.ours(party)) == ("held", [])
    assert "no document" in shop.posting(code).reason
    shop.run()
    assert shop.ours(party) == []
    close_books(shop, None)
    shop.run()
    assert (shop.states()[f"{kind}:1"], shop.states()[code]) == ("posted", "posted")
    assert len(shop.ours(party)) == 1
    assert shop.cases() == []


@pytest.mark.parametrize("kind", KINDS)
def test_a_party_is_made_for_the_one_of_two_documents_that_is_not_held(shop, kind):
    party, code = KINDS[kind]
    close_books(shop)
    shop.run(new(kind, "1", **LATE), new(kind, "2"))
    assert (shop.states()[f"{kind}:1"], shop.states()[f"{kind}:2"]) == ("held", "posted")
    assert [record["Id"] for record in shop.ours(party)] == [shop.posting(code).quickbooks_id]


def test_a_document_that_is_held_in_a_later_sync_stops_its_new_party(shop):
    shop.run(
        invoice(
            "invoice:0",
            client=replace(CLIENT, id="c0", name="Other Homes", create=Party(name="Other Homes")),
        )
    )
    close_books(shop)
    shop.run(new("invoice", **LATE))
    assert [record["DisplayName"] for record in shop.ours("Customer")] == ["Other Homes"]


class PartShop(ShopSource):
    """A shop whose products are parts, whose names items contain."""

    @hookimpl
    def hub_fields(self, app):
        fields = super().hub_fields(app)
        match = ("name", "words")
        return [replace(one, match=match) if one.name == "product" else one for one in fields]


@pytest.mark.parametrize("is_together", [True, False])
def test_parts_that_differ_in_case_alone_are_not_taken_for_one_another(
    app, quickbooks, clock, is_together
):
    shop = ShopSite(app, quickbooks, clock, source=PartShop())
    first, other = (
        Code(id=name, name=name, create=Item(name=name, codes={"income_account": "1"}))
        for name in ("Zr-9a", "zR-9a")
    )
    invoices = [
        document("invoice", f"invoice:{n}", line("1", "5.00", product=code), client=CLIENT)
        for n, code in enumerate((first, other), start=1)
    ]
    if not is_together:
        shop.run(invoices[0])
    shop.run(*invoices)
    shop.run()
    (item,) = shop.ours("Item")  # of two in one run either one may be sent first
    made = 1 if item["Name"] == "Zr-9a" else 2
    states = shop.states()
    assert made == 1 or is_together
    assert states[f"invoice:{made}"] == "posted"
    assert states[f"invoice:{3 - made}"] in ("held", "waiting")
    assert [code for code in ("Zr-9a", "zR-9a") if states.get(code) == "posted"] == [item["Name"]]
    assert len(shop.cases()) == 1


def test_an_item_is_made_only_for_a_document_that_can_be_posted(shop):
    close_books(shop)
    cabin = Code(id="i9", name="Cabin", create=Item(name="Cabin", codes={"income_account": "1"}))
    lines = line("1", "50.00", product=cabin)
    shop.run(document("invoice", "invoice:1", lines, total="50.00", client=CLIENT, **LATE))
    assert (shop.ours("Item"), shop.states()["i9"]) == ([], "waiting")


def test_nothing_is_made_for_a_payment_that_waits_for_a_document_that_is_held(shop):
    close_books(shop)
    payer = Code(id="c5", name="Payer", create=Party(name="Payer"))
    lines = line("1", "60.00", pays="invoice:1")
    shop.run(
        new("invoice", **LATE), document("payment", "payment:1", lines, total="60.00", client=payer)
    )
    assert (shop.states()["payment:1"], shop.ours("Customer")) == ("waiting", [])


def test_a_new_record_waits_for_a_document_that_can_be_posted_on_postgresql(pg_app, clock):
    quickbooks = mount_quickbooks(pg_app, clock)
    company = oauth_connect.connect_with_refresh_token(
        quickbooks.realm, quickbooks.refresh_tokens[quickbooks.realm]
    )
    record_download.refresh(company.id)
    shop = ShopSite(pg_app, quickbooks, clock, company=company)
    close_books(shop)
    shop.run(new("invoice", **LATE), new("bill"))
    assert (shop.states()["c1"], shop.states()["bill:1"]) == ("waiting", "posted")
    close_books(shop, None)
    shop.run()
    assert shop.states()["invoice:1"] == "posted"


# -- documents that no longer need it --------------------------------------------------------------


def test_a_party_that_no_document_needs_any_more_is_withdrawn(shop):
    close_books(shop)
    shop.run(new("invoice", **LATE))
    shop.run(Gone(source_id="invoice:1"))
    assert (shop.states()["c1"], shop.ours("Customer")) == ("withdrawn", [])
    shop.run(new("invoice", "2"))
    assert (shop.states()["c1"], shop.states()["invoice:2"]) == ("posted", "posted")


def test_a_party_that_one_of_two_documents_still_needs_stays(shop):
    close_books(shop)
    shop.run(new("invoice", "1", **LATE), new("invoice", "2", **LATE))
    shop.run(Gone(source_id="invoice:1"))
    assert shop.states()["c1"] == "waiting"


def test_a_skipped_document_takes_its_new_party_with_it(shop):
    close_books(shop)
    shop.run(new("invoice", **LATE))
    manual.skip(shop.posting("invoice:1").id, "Entered by hand", "kari")
    shop.run()
    assert (shop.states()["c1"], shop.ours("Customer")) == ("withdrawn", [])


def test_no_party_is_made_for_a_document_that_is_to_be_read_again_first(shop):
    shop.put(new("bill"))
    collect(shop.id)
    enable.change(shop.company_id, SLUG, {"start_date": "2026-06-01"}, who="kari")
    runner.post(shop.id, requested_by="kari")
    assert shop.ours("Vendor") == []
    assert shop.run() == {"s1": "withdrawn", "bill:1": "withdrawn"}

    enable.change(shop.company_id, SLUG, {"start_date": "2026-01-01"}, who="kari")
    assert shop.run() == {"s1": "posted", "bill:1": "posted"}


def test_a_record_that_a_person_requests_needs_no_document(shop):
    close_books(shop)
    create_records(
        shop.id,
        [NewRecord(field="client", role="customer", code="c1", details=CLIENT.create)],
        "kari",
    )
    shop.run(new("invoice", **LATE))
    assert (shop.states()["c1"], shop.states()["invoice:1"]) == ("posted", "held")


def test_a_record_that_a_person_requests_needs_no_approval(shop):
    set_mode(shop, "review")
    create_records(
        shop.id,
        [NewRecord(field="client", role="customer", code="c1", details=CLIENT.create)],
        "kari",
    )
    shop.run(new("invoice"))
    assert (shop.states()["c1"], shop.states()["invoice:1"]) == ("posted", "review")


# -- persons who approve ---------------------------------------------------------------------------


def test_an_approved_party_waits_for_its_document_and_goes_with_it(shop):
    set_mode(shop, "review")
    shop.run(new("invoice"))
    assert approve(shop, "c1") == 1
    shop.run()
    assert (shop.states()["c1"], shop.ours("Customer")) == ("waiting", [])
    assert approve(shop, "invoice:1") == 1
    shop.run()
    assert (shop.states()["c1"], shop.states()["i1"]) == ("waiting", "review")
    assert approve(shop, "i1") == 1
    shop.run()
    assert (shop.states()["c1"], shop.states()["invoice:1"]) == ("posted", "posted")


def test_an_approved_document_waits_for_its_party_and_keeps_its_approval(shop):
    set_mode(shop, "review")
    shop.run(new("invoice"))
    approve(shop, "invoice:1")
    shop.run()
    assert (shop.states()["invoice:1"], shop.ours("Customer")) == ("waiting", [])
    approve(shop, "c1")
    approve(shop, "i1")
    shop.run()
    assert (shop.states()["invoice:1"], shop.states()["c1"]) == ("posted", "posted")


def test_an_approval_of_a_new_party_does_not_cover_another_one(shop):
    set_mode(shop, "review")
    shop.run(new("invoice"))
    approve(shop, "invoice:1")
    approve(shop, "i1")
    with transaction() as session:
        installation = session.get_one(Installation, shop.id)
        matches.store_decision(session, installation, "client", "c1", "41", who="anna")
    shop.run()
    assert (shop.states()["invoice:1"], shop.ours("Invoice")) == ("review", [])
    assert approve(shop, "invoice:1") == 1
    shop.run()
    assert shop.ours("Invoice")[0]["CustomerRef"]["value"] == "41"


def test_a_person_who_retries_a_held_document_has_its_party_made(shop):
    close_books(shop)
    shop.run(new("invoice", **LATE))
    close_books(shop, None)
    retries.retry(shop.posting("invoice:1").id, "kari")
    shop.run()
    assert (shop.states()["c1"], shop.states()["invoice:1"]) == ("posted", "posted")


# -- currencies ------------------------------------------------------------------------------------


def test_a_party_of_a_foreign_currency_is_held_where_the_company_keeps_one(shop):
    shop.run(invoice(client=EURO_CLIENT))
    assert (shop.states()["c9"], shop.states()["invoice:1"]) == ("held", "waiting")
    assert "EUR" in shop.posting("c9").reason
    assert shop.ours("Customer") == []


def test_a_party_in_the_company_s_own_currency_is_made(shop):
    home = replace(CLIENT, create=Party(name="Fjord Homes", currency="USD"))
    shop.run(invoice(client=home))
    assert shop.states()["invoice:1"] == "posted"


@pytest.mark.parametrize("kind", KINDS)
def test_a_party_without_a_currency_takes_that_of_its_document(export, kind):
    party, _ = KINDS[kind]
    export.run(new(kind, currency="EUR"))
    assert [record["CurrencyRef"]["value"] for record in export.ours(party)] == ["EUR"]


def test_a_party_keeps_the_currency_that_its_source_gives(export):
    export.run(invoice(client=EURO_CLIENT, currency="EUR"))
    assert [record["CurrencyRef"]["value"] for record in export.ours("Customer")] == ["EUR"]


def test_documents_of_two_currencies_do_not_share_a_new_party(export):
    """The first document decides; the other is held before anything is created, in every run."""
    export.run(invoice("invoice:1", currency="EUR"), invoice("invoice:2", currency="CAD"))
    export.run()
    assert [record["CurrencyRef"]["value"] for record in export.ours("Customer")] == ["EUR"]
    assert (export.states()["invoice:1"], export.states()["invoice:2"]) == ("posted", "held")


def test_a_party_is_not_made_in_the_currency_of_a_document_that_is_held(export, quickbooks):
    """The first document decided on euro and was held then, so the other waits for a person."""
    quickbooks.act("close_books", date=CLOSED.isoformat(), realm=export.realm)
    record_download.refresh(export.company_id)
    export.run(invoice("invoice:1", currency="EUR", **LATE), invoice("invoice:2", currency="CAD"))
    assert (export.states()["invoice:1"], export.states()["invoice:2"]) == ("held", "held")
    assert export.ours("Customer") == []
    assert "is to be created in EUR" in export.posting("invoice:2").reason


def test_a_code_with_the_id_of_a_document_is_not_created_as_that(shop):
    """Both would be one row, and the supplier would be posted as the invoice or the reverse."""
    shop.run(invoice("s1"))
    shop.run(new("bill"))
    assert shop.states()["bill:1"] == "held"
    assert "uses the id s1 for something else too" in shop.posting("bill:1").reason
    assert shop.ours("Vendor") == []


# -- a list that somebody else changes -------------------------------------------------------------

LIST_IN_USE = {
    "code": "6000",
    "detail": "Business Validation Error: You can only add or edit one name at a time.",
}


def test_a_party_is_sent_again_while_somebody_else_changes_the_list(shop, clock):
    shop.quickbooks.add_fault("refusal", "vendor.create", count=2, **LIST_IN_USE)
    states = shop.run(new("bill"))
    assert (states["s1"], states["bill:1"], shop.cases()) == ("ready", "waiting", [])
    for _ in range(2):
        clock.advance(31)
        shop.run()
    assert shop.states() == {"s1": "posted", "bill:1": "posted"}
    keys = {attempt.requestid for attempt in attempts(shop.posting("s1").id)}
    assert (len(keys), len(shop.ours("Vendor"))) == (3, 1)


def test_a_run_that_waits_for_doubts_also_waits_for_a_list(shop):
    shop.quickbooks.add_fault("refusal", "vendor.create", count=2, **LIST_IN_USE)
    assert shop.run(new("bill"), wait=True) == {"s1": "posted", "bill:1": "posted"}


def test_a_list_that_others_never_leave_becomes_a_case(shop, clock):
    shop.quickbooks.add_fault("refusal", "vendor.create", count=5, **LIST_IN_USE)
    shop.run(new("bill"))
    for _ in range(5):
        clock.advance(31)
        shop.run()
    assert (shop.states()["s1"], len(shop.cases())) == ("held", 1)
    retries.retry(shop.posting("s1").id, "kari")
    shop.run()
    assert shop.states() == {"s1": "posted", "bill:1": "posted"}
