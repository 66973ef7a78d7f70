"""A case closes, and its documents are sent, in the run that removes its cause."""

import datetime as dt
import unicodedata
from dataclasses import replace

import pytest
from hub_costcertified.sandbox import company
from sqlalchemy import select

from hub import Party, hookimpl, outbox
from hub.cli.sync_runs import sync_all
from hub.contract.registry import Plugins
from hub.db.engine import read_only_session, transaction
from hub.mapping import NEW
from hub.models import Installation, Run
from hub.posting.actions import manual, retries
from hub.qbo import record_download
from hub.scheduling import run_log, runner
from tests.support.sources.costcertified_site import CLEARING, CostCertifiedSite
from tests.support.sources.every_kind_source import (
    CLIENT,
    PRODUCT,
    ShopSource,
    document,
    invoice,
    line,
)

ANNEX = "annex"
JORDAN, OTHER_JORDAN = company.NAMESAKES


@pytest.fixture
def site(app, quickbooks, clock):
    return CostCertifiedSite(app, quickbooks, clock)


def payment(id="payment:1", client=CLIENT, pays="invoice:1"):
    return document("payment", id, line("1", "60.00", pays=pays), total="60.00", client=client)


# -- records that the hub itself created -----------------------------------------------------------


def test_one_client_under_two_ids_is_created_once_and_both_invoices_go_in_one_run(site):
    site.enable(**CLEARING)
    first, second = site.invoice(client=JORDAN), site.invoice(client=JORDAN | {"id": "k77"})
    site.sync()
    assert len(site.all("Invoice")) == 2
    assert len([row for row in site.all("Customer") if row["DisplayName"] == "Jordan Mercer"]) == 1
    assert site.posting(f"invoice:{first}").state == site.posting(f"invoice:{second}").state
    states = {site.posting(f"client:{code}").state for code in ("k20", "k77")}
    assert states == {"posted", "withdrawn"}, "whichever comes first has the name"
    assert site.cases() == {}


def test_a_name_in_two_spellings_of_its_accents_is_created_once(shop):
    names = [unicodedata.normalize(form, "Café Ærlig") for form in ("NFC", "NFD")]
    assert names[0] != names[1]
    for number, name in enumerate(names):
        client = replace(CLIENT, id=f"k{number}", name=name, create=Party(name=name))
        shop.put(invoice(f"invoice:{number}", client=client))
    states = shop.run()
    assert {states["invoice:0"], states["invoice:1"]} == {"posted"}
    created = [customer["DisplayName"] for customer in shop.ours("Customer")]
    assert (created, shop.cases()) == ([names[0]], [])


def test_a_namesake_that_cannot_be_created_is_a_question_about_the_match(site):
    """The first of the two gets the name."""
    site.enable(**CLEARING)
    ids = site.invoice(client=JORDAN), site.invoice(client=OTHER_JORDAN)
    site.sync()
    assert [cause.rpartition(":")[0] for cause in site.cases()] == ["match:1:client:client"]
    assert sorted(site.posting(f"invoice:{id}").held_by for id in ids) == ["", "mapping"]


def test_a_document_that_names_a_client_by_id_is_posted_in_the_run_that_creates_it(shop):
    shop.run(payment(client="c1", pays="invoice:1"), invoice())
    assert (shop.states()["invoice:1"], shop.states()["payment:1"]) == ("posted", "posted")
    assert shop.cases() == []
    with read_only_session() as session:
        counts = session.scalar(select(Run).order_by(Run.id.desc())).counts
    assert counts["requests"]["writes"] == 4, "both rounds count"


def test_payments_of_a_client_that_was_just_created_go_in_the_same_run(site):
    site.quickbooks.switch(index_lag=10_000)
    site.enable(**CLEARING)
    paid = site.invoice()
    payments = [site.pay(paid), site.pay(None, "50.00")]
    site.sync()
    assert [site.posting(f"payment:{id}").state for id in payments] == ["posted"] * 2
    assert site.cases() == {}


def test_a_client_that_a_person_calls_new_is_created_and_its_case_closes_in_one_run(site):
    site.enable(parties="hold", **CLEARING)
    id = site.invoice(client=OTHER_JORDAN)
    site.sync()
    site.match("client", "client:k21", NEW)
    site.sync()
    assert (site.posting(f"invoice:{id}").state, site.cases()) == ("posted", {})


def test_a_client_that_a_person_calls_new_leaves_its_case_before_it_is_approved(site):
    site.enable(mode="review", parties="hold", **CLEARING)
    id = site.invoice(client=OTHER_JORDAN)
    site.sync()
    site.match("client", "client:k21", NEW)
    site.sync()
    assert (site.posting(f"invoice:{id}").state, site.cases()) == ("review", {})


def test_a_name_that_is_used_is_solved_by_a_match_in_one_run(site):
    site.enable(**CLEARING)
    fields = {"DisplayName": "Jordan Mercer"}
    site.quickbooks.ask("POST", "vendor", fields, content_type="application/json")
    id = site.invoice(client=JORDAN)
    site.sync()
    assert [cause.rpartition(":")[2] for cause in site.cases()] == ["name_used"]
    record = site.make("Customer", DisplayName="Jordan Mercer, client")
    site.match("client", "client:k20", record["Id"])
    site.sync()
    assert (site.posting(f"invoice:{id}").state, site.cases()) == ("posted", {})


def test_a_new_namesake_with_another_address_that_the_hub_has_not_read_yet_is_not_adopted(site):
    site.enable(**CLEARING)
    address = {"PrimaryEmailAddr": {"Address": "someone.else@example.com"}}
    record = site.quickbooks.act(
        "create", kind="Customer", set={"DisplayName": "Jordan Mercer"} | address
    )
    id = site.invoice(client=JORDAN)
    site.sync()
    assert site.posting(f"client:{JORDAN['id']}").state == "held"
    assert site.all("Invoice") == []
    assert [cause.rpartition(":")[2] for cause in site.cases()] == ["name_used"]
    record_download.refresh(site.company_id)
    site.match("client", f"client:{JORDAN['id']}", record["Id"])
    site.sync()
    assert (site.posting(f"invoice:{id}").state, site.cases()) == ("posted", {})


def test_an_approval_after_a_changed_match_posts_nothing_to_the_old_record(site):
    site.enable(mode="review", parties="hold", **CLEARING)
    record, other_record = (site.make("Customer", DisplayName=name) for name in ("One", "Other"))
    id = site.invoice(client=JORDAN)
    site.match("client", "client:k20", record["Id"])
    site.sync()
    site.clock.advance(60)
    site.match("client", "client:k20", other_record["Id"])
    site.clock.advance(60)
    approve_all(site)
    runner.post(site.row.id, requested_by="kari")
    assert (site.posting(f"invoice:{id}").state, site.all("Invoice")) == ("review", [])
    approve_all(site)
    runner.post(site.row.id, requested_by="kari")
    assert site.one("Invoice")["CustomerRef"]["value"] == other_record["Id"]


def test_a_match_that_is_changed_while_an_invoice_is_held_counts_when_it_is_released(site):
    site.enable(parties="hold", **CLEARING)
    record, other_record = (site.make("Customer", DisplayName=name) for name in ("One", "Other"))
    id = site.invoice(client=JORDAN)
    site.match("client", "client:k20", record["Id"])
    site.close_books("2026-03-31")
    site.sync()
    assert site.posting(f"invoice:{id}").held_by == "preflight"
    site.clock.advance(60)
    site.match("client", "client:k20", other_record["Id"])
    site.clock.advance(60)
    site.close_books("2025-12-31")
    runner.post(site.row.id, requested_by="kari")
    assert site.one("Invoice")["CustomerRef"]["value"] == other_record["Id"]
    assert site.cases() == {}


def approve_all(site):
    with transaction() as session:
        outbox.approve_all(session, site.row.id, "kari")


# -- apps that share matches -----------------------------------------------------------------------


class TwoApps(ShopSource):
    """A plugin whose second app, the annex, has documents of its own."""

    def __init__(self):
        super().__init__()
        self.annex = {}

    @hookimpl
    def hub_apps(self):
        apps = super().hub_apps()
        return [*apps, replace(apps[0], slug=ANNEX, name="Annex")]

    @hookimpl
    def hub_documents(self, app, site, cursors, ids):
        items = self.annex if app == ANNEX else self.items
        for id in ids or list(items):
            if id in items:
                yield items[id]


@pytest.fixture
def annex(shop, app, clock):
    """Provide the second app of the shop's plugin, with an invoice of the client to be created."""
    shop.source = TwoApps()
    object.__setattr__(
        app.extensions["hub"], "plugins", Plugins.load([shop.source], installed=False)
    )
    with transaction() as session:
        row = Installation(
            company_id=1, slug=ANNEX, tenant="t1", mode="auto", created_at=clock.now()
        )
        row.start_date = dt.date(2026, 1, 1)
        session.add(row)
    codes = line("1", "80.00", product=PRODUCT.id)
    unnamed = document("invoice", "invoice:9", codes, total="80.00", client=CLIENT.id)
    shop.source.annex["invoice:9"] = unnamed
    return row


def test_an_invoice_is_posted_once_another_app_of_the_plugin_has_created_its_client(
    shop, annex, clock
):
    runner.sync(annex.id, requested_by="schedule")
    assert shop.states() == {"invoice:9": "held"}
    clock.advance(60)
    shop.run(invoice())
    assert [(run.kind, run.installation_id) for run in run_log.list_waiting_runs()] == [
        ("sync", annex.id)
    ]
    for run in run_log.list_waiting_runs():
        runner.execute(run.id)
    assert (shop.states()["invoice:1"], shop.states()["invoice:9"]) == ("posted", "posted")
    assert (shop.cases(), run_log.list_waiting_runs()) == ([], [])


def test_the_command_line_syncs_the_other_app_as_well(shop, annex, clock):
    runner.sync(annex.id, requested_by="schedule")
    clock.advance(60)
    shop.put(invoice())
    with read_only_session() as session:
        rows = session.scalars(select(Installation).order_by(Installation.id.desc())).all()
    runs = sync_all(rows)
    assert [run.installation_id for run in runs] == [annex.id, shop.id, annex.id]
    assert shop.states()["invoice:9"] == "posted"


def test_apps_that_share_a_match_that_releases_nothing_do_not_start_each_other(shop, annex, clock):
    """The annex cannot be read, so its invoice stays held by a code that is matched."""
    runner.sync(annex.id, requested_by="schedule")
    clock.advance(60)
    shop.run(invoice())
    annex_invoice = shop.source.annex.pop("invoice:9")
    clock.advance(60)
    for run in run_log.list_waiting_runs():
        runner.execute(run.id)
    assert shop.states()["invoice:9"] == "held"
    shop.run()
    assert run_log.list_waiting_runs() == [], "its source was asked for it since"
    shop.source.annex["invoice:9"] = annex_invoice
    runner.sync(annex.id, requested_by="schedule")
    assert shop.states()["invoice:9"] == "posted"


@pytest.mark.parametrize("change", [{"mode": "paused"}, {"enabled": False}, {"tenant": "t2"}])
def test_an_app_that_is_paused_or_belongs_to_another_site_is_not_started(
    shop, annex, clock, change
):
    runner.sync(annex.id, requested_by="schedule")
    clock.advance(60)
    with transaction() as session:
        row = session.get_one(Installation, annex.id)
        for name, value in change.items():
            setattr(row, name, value)
    shop.run(invoice())
    assert run_log.list_waiting_runs() == []


def test_a_run_that_releases_nothing_posts_once(shop, monkeypatch):
    shop.run(invoice())
    rounds = []
    monkeypatch.setattr(runner.send_run, "drain", count_runs(rounds, runner.send_run.drain))
    shop.run(invoice("invoice:2"))
    assert len(rounds) == 1


def count_runs(rounds, work):
    def drain(*args, **options):
        rounds.append(args)
        return work(*args, **options)

    return drain


# -- cases of documents that wait ------------------------------------------------------------------


def test_a_document_that_waits_again_leaves_the_case_of_the_cause_that_held_it(shop):
    shop.run(invoice("invoice:0"))
    shop.quickbooks.act("close_books", date="2026-02-28")
    record_download.refresh(1)
    shop.run(invoice(date=dt.date(2026, 2, 10)))
    manual.skip(shop.posting("invoice:1").id, "Not wanted", "kari")
    shop.run(payment())
    assert shop.states()["payment:1"] == "held"
    retries.retry(shop.posting("invoice:1").id, "kari")
    shop.run()
    assert (shop.states()["invoice:1"], shop.states()["payment:1"]) == ("held", "waiting")
    assert shop.cases() == ["The books are closed up to 28 Feb 2026"]


# -- approvals -------------------------------------------------------------------------------------


def test_an_approved_invoice_stays_approved_while_its_product_is_not(shop):
    with transaction() as session:
        session.get_one(Installation, shop.id).mode = "review"
    plain = replace(PRODUCT, id="i2", name="Hours", create=replace(PRODUCT.create, name="Hours"))
    other = document(
        "invoice", "invoice:2", line("1", "80.00", product=plain), total="80.00", client=CLIENT
    )
    shop.run(invoice(), other)
    approve(shop, "c1", "i2", "invoice:1", "invoice:2")
    shop.run()
    assert (shop.states()["invoice:1"], shop.states()["invoice:2"]) == ("waiting", "posted")
    shop.run()
    assert shop.states()["invoice:1"] == "waiting", (
        "its client has an id by now, its product has none"
    )
    approve(shop, "i1")
    shop.run()
    assert shop.states()["invoice:1"] == "posted"


def approve(shop, *source_ids):
    ids = [shop.posting(source_id).id for source_id in source_ids]
    with transaction() as session:
        assert outbox.approve(session, ids, "kari") == len(ids)
