"""An app whose plugin is gone says so in its runs; its doubts end, and other apps continue."""

import json

import pytest
from click.testing import CliRunner
from sqlalchemy import select

from hub import App, hookimpl, outbox
from hub.cli import main
from hub.contract.documents import KINDS
from hub.contract.registry import Plugins
from hub.db.engine import read_only_session, transaction
from hub.models import Installation, Run
from hub.scheduling import pending_work, run_log, runner
from tests.support.sources.every_kind_source import NoSettings, ShopSite, ShopSource, invoice

GONE = "There is no app 'shop'."
FAILING = "Runs of Fjord & Sons Construction keep failing"


class Depot(ShopSource):
    """A second source, of another plugin, that takes lists of QuickBooks."""

    __name__ = "small-depot"

    def __init__(self):
        super().__init__()
        self.lists = []

    @hookimpl
    def hub_apps(self):
        return [App(slug="depot", name="Depot", summary="", posts=KINDS, settings=NoSettings)]

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
    depot = Depot()
    with transaction() as session:
        row = Installation(
            company_id=1, slug="depot", tenant="t1", mode="auto", created_at=clock.now()
        )
        session.add(row)
        session.flush()
        depot.id = row.id
    install(app, depot)
    return depot


def test_its_syncs_say_so_and_open_a_case_that_closes_when_it_is_back(app, shop, clock):
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


def test_what_is_in_doubt_is_searched_and_nothing_is_sent(app, shop, clock):
    shop.quickbooks.add_fault("lose_answer", "invoice.create")
    assert shop.run(invoice())["invoice:1"] == "unknown"
    install(app)
    clock.advance(3600)
    assert pending_work.claim(clock.now()) == 1
    runner.post(shop.id, requested_by="engine")
    assert shop.states()["invoice:1"] == "posted"
    assert len(shop.books("Invoice")) == 1


def test_what_is_ready_waits_for_it_without_runs(app, shop, clock):
    with transaction() as session:
        session.get_one(Installation, shop.id).mode = "review"
    shop.run(invoice())
    with transaction() as session:
        outbox.approve_all(session, shop.id, "kari")
    install(app)
    clock.advance(3600)
    assert pending_work.claim(clock.now()) == 0
    run_id = run_log.request("post", shop.id, "kari")
    runner.execute(run_id)
    with read_only_session() as session:
        run = session.get_one(Run, run_id)
    assert (run.outcome, run.error.startswith(GONE)) == ("stopped", True)
    install(app, shop.source)
    clock.advance(900)
    assert pending_work.claim(clock.now()) == 1


@pytest.mark.parametrize("kind", ["lists", "changes", "reconcile"])
def test_the_runs_of_its_company_continue_for_the_other_apps(shop, depot, kind):
    run = runner.run_company_job(kind, 1, requested_by="schedule")
    assert (run.outcome, run.error) == ("done", "")
    assert bool(depot.lists) == (kind == "lists")


def test_hub_sync_names_it_and_goes_on_with_the_next_app(app, shop, depot):
    depot.items = {"invoice:7": invoice("invoice:7")}
    result = CliRunner().invoke(main, ["sync", "--json"], obj=app)
    assert (result.exit_code, GONE in result.stderr) == (1, True), result.output
    assert json.loads(result.stdout)["apps"]["depot"]["posted"] == 1


def test_it_can_be_disabled(app, shop):
    install(app)
    result = CliRunner().invoke(main, ["apps", "disable", "shop"], obj=app)
    assert (result.exit_code, "shop is disabled" in result.output) == (0, True), result.output
    with read_only_session() as session:
        assert not session.scalar(select(Installation.enabled))
