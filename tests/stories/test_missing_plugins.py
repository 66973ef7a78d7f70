"""An app whose plugin is gone says so in its runs; its doubts end, and other apps continue."""

import json
from dataclasses import replace

import pytest
from click.testing import CliRunner
from sqlalchemy import select

from hub import App, Field, hookimpl, outbox, sources
from hub.cli import main
from hub.contract.documents import KINDS
from hub.contract.missing_plugin import PluginMissing
from hub.contract.registry import Plugins
from hub.db.engine import read_only_session, transaction
from hub.installations import match_files
from hub.mapping import NEW
from hub.models import Installation, Match, Run
from hub.scheduling import pending_work, run_log, runner
from hub.sources.record_push import push_lists
from tests.support.processes.restored_database import put_back
from tests.support.sources.every_kind_source import (
    CLIENT,
    SUPPLIER,
    NoSettings,
    ShopSite,
    ShopSource,
    document,
    everything,
    invoice,
    line,
)

GONE = "The plugin of the app “shop” is not installed on this machine"
FAILING = "Runs of Fjord & Sons Construction keep failing"


class Depot(ShopSource):
    """A second source, of another plugin, that takes lists of QuickBooks."""

    __name__ = "small-depot"

    def __init__(self, posts=KINDS):
        super().__init__()
        self.posts = posts
        self.lists = []

    @hookimpl
    def hub_apps(self):
        return [App(slug="depot", name="Depot", summary="", posts=self.posts, settings=NoSettings)]

    @hookimpl
    def hub_records(self, app, site, field, records):
        self.lists.append(field)
        return ()


def install(app, *sources):
    plugins = Plugins.load(sources, installed=False)
    object.__setattr__(app.extensions["hub"], "plugins", plugins)


@pytest.fixture
def shop(app, quickbooks, clock):
    shop = ShopSite(app, quickbooks, clock)
    shop.run()
    return shop


@pytest.fixture
def depot(app, shop, clock):
    """Enable a second app after the shop, whose plugin is removed."""
    depot = enable_depot(clock)
    install(app, depot)
    return depot


def enable_depot(clock, posts=KINDS):
    """Enable the depot, whose plugin is not installed yet."""
    depot = Depot(posts)
    with transaction() as session:
        row = Installation(
            company_id=1, slug="depot", tenant="t1", mode="auto", created_at=clock.now()
        )
        session.add(row)
        session.flush()
        depot.id = row.id
    return depot


def test_runs_without_the_plugin_stop_and_their_case_closes_when_it_is_back(app, shop, clock):
    shop.put(invoice())
    install(app)
    for _ in range(3):
        clock.advance(900)
        run = runner.sync(shop.id, requested_by="schedule")
        assert (run.outcome, run.error.startswith(GONE)) == ("stopped", True), run.error
    (case,) = shop.cases()
    assert (case, GONE in case.reason) == (FAILING, True)
    install(app, shop.source)
    clock.advance(900)
    assert set(shop.run().values()) == {"posted"}
    assert shop.cases() == []


def test_a_document_in_doubt_is_searched_and_nothing_is_sent(app, shop, clock):
    shop.quickbooks.add_fault("lose_answer", "invoice.create")
    assert shop.run(invoice())["invoice:1"] == "unknown"
    install(app)
    clock.advance(3600)
    assert pending_work.request_runs(clock.now()) == 1
    runner.post(shop.id, requested_by="engine")
    assert shop.states()["invoice:1"] == "posted"
    assert len(shop.books("Invoice")) == 1


@pytest.mark.parametrize("is_decided", [False, True])
def test_a_new_record_in_doubt_is_found_and_its_code_matched(app, shop, clock, is_decided):
    key = {"company_id": 1, "scope": "small-shop", "tenant": "t1", "field": "client", "code": "c1"}
    if is_decided:
        with transaction() as session:
            values = {"role": "customer", "record": NEW, "match_method": "decided", "who": "kari"}
            session.add(Match(**key, **values, at=clock.now()))
    shop.quickbooks.add_fault("lose_answer", "customer.create")
    shop.put(invoice())
    assert shop.run()["c1"] == "unknown"
    install(app)
    clock.advance(3600)
    run = runner.post(shop.id, requested_by="engine")
    assert (shop.states()["c1"], run.error.startswith(GONE)) == ("posted", True), run.error
    with read_only_session() as session:
        records = list(session.scalars(select(Match.record).filter_by(**key)))
    (customer,) = shop.ours("Customer")
    assert records == ([customer["Id"]] if is_decided else [])
    install(app, shop.source)
    clock.advance(900)
    assert set(shop.run().values()) == {"posted"}
    assert shop.run(invoice("invoice:2"))["invoice:2"] == "posted"
    assert len(shop.ours("Customer")) == 1


def test_a_new_category_in_doubt_is_found_and_used(app, shop, clock):
    part = next(one for one in everything() if one.source_id == "part:1")
    shop.quickbooks.add_fault("lose_answer", "item.create")
    assert shop.run(part)["g1"] == "unknown"
    install(app)
    clock.advance(3600)
    runner.post(shop.id, requested_by="engine")
    assert shop.states()["g1"] == "posted"
    install(app, shop.source)
    clock.advance(900)
    assert shop.run(replace(part, version="2"))["part:1"] == "posted"
    assert sorted(one["Type"] for one in shop.ours("Item")) == ["Category", "Inventory"]


class MailShop(ShopSource):
    """A shop that matches clients by their e-mail addresses."""

    @hookimpl
    def hub_fields(self, app):
        others = [field for field in super().hub_fields(app) if field.name != "client"]
        match = ("id", "email", "name")
        client = Field(
            name="client", label="Client", role="customer", match=match, missing="create"
        )
        return [client, *others]


def test_a_namesake_with_another_address_is_not_taken_for_a_new_party(app, quickbooks, clock):
    shop = ShopSite(app, quickbooks, clock, source=MailShop())
    other = {"Address": "post@other.example"}
    quickbooks.act(
        "create", kind="Customer", set={"DisplayName": CLIENT.name, "PrimaryEmailAddr": other}
    )
    quickbooks.add_fault("lose_answer", "customer.create")
    shop.put(invoice())
    assert shop.run()["c1"] == "unknown"
    install(app)
    clock.advance(3600)
    runner.post(shop.id, requested_by="engine")
    assert shop.states()["c1"] != "posted"
    install(app, shop.source)
    clock.advance(900)
    shop.run(wait=True)
    namesakes = [one for one in shop.books("Customer") if one["DisplayName"] == CLIENT.name]
    assert (shop.states()["c1"], len(namesakes)) == ("held", 1)


def test_actions_that_need_the_plugin_are_refused_with_the_reason(app, shop):
    shop.run(invoice())
    install(app)
    with read_only_session() as session:
        row = session.get_one(Installation, shop.id)
    for act in (
        lambda: match_files.export_csv(row),
        lambda: match_files.import_csv(row, b"field,code,quickbooks_id\nclient,c1,1\n", who="kari"),
        lambda: push_lists(row),
        lambda: sources.check(row),
    ):
        with pytest.raises(PluginMissing, match=GONE):
            act()


def test_ready_documents_wait_for_the_plugin_without_runs(app, shop, clock):
    with transaction() as session:
        session.get_one(Installation, shop.id).mode = "review"
    shop.run(invoice())
    with transaction() as session:
        outbox.approve_all(session, shop.id, "kari")
    install(app)
    clock.advance(3600)
    assert pending_work.request_runs(clock.now()) == 0
    run_id = run_log.request("post", shop.id, "kari")
    runner.execute(run_id)
    with read_only_session() as session:
        run = session.get_one(Run, run_id)
    assert (run.outcome, run.error.startswith(GONE)) == ("stopped", True)
    install(app, shop.source)
    clock.advance(900)
    assert pending_work.request_runs(clock.now()) == 1


@pytest.mark.parametrize("kind", ["lists", "changes", "reconcile"])
def test_the_runs_of_the_company_continue_for_the_other_apps(shop, depot, kind):
    run = runner.run_company_job(kind, 1, requested_by="schedule")
    assert (run.outcome, run.error) == ("done", "")
    assert bool(depot.lists) == (kind == "lists")


def test_hub_sync_names_the_missing_plugin_and_goes_on_with_the_next_app(app, shop, depot):
    depot.items = {"invoice:7": invoice("invoice:7")}
    result = CliRunner().invoke(main, ["sync", "--json"], obj=app)
    assert (result.exit_code, GONE in result.stderr) == (1, True), result.output
    assert json.loads(result.stdout)["apps"]["depot"]["posted"] == 1


def test_an_app_without_its_plugin_can_be_disabled(app, shop):
    install(app)
    result = CliRunner().invoke(main, ["apps", "disable", "shop"], obj=app)
    assert (result.exit_code, "shop is disabled" in result.output) == (0, True), result.output
    with read_only_session() as session:
        assert not session.scalar(select(Installation.enabled))


def test_documents_lost_by_a_restore_are_not_posted_again_without_the_plugin(
    app, shop, clock, tmp_path
):
    depot = enable_depot(clock, posts=("invoice", "customer", "item"))
    shop.quickbooks.switch(requestid="ignore")
    shop.run(bill("bill:1", "30.00"))
    put_back(app, tmp_path, lambda: shop.run(bill("bill:2", "31.00")))
    install(app, depot)
    depot.items = {"invoice:7": invoice("invoice:7")}
    for _ in range(3):
        clock.advance(3600)
        runner.sync(depot.id, requested_by="kari", wait=True)
    assert shop.states()["invoice:7"] == "posted"
    app.extensions.pop("hub.posting")
    install(app, shop.source, depot)
    clock.advance(3600)
    assert shop.run(wait=True)["bill:2"] == "posted"
    assert [one["TotalAmt"] for one in shop.ours("Bill")] == [30, 31]


def bill(id, amount):
    """Return a bill without a number, by which it could be found."""
    lines = line("1", amount, cost="Advertising")
    return document("bill", id, lines, total=amount, supplier=SUPPLIER)
