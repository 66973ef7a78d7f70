"""The result of a run counts the postings that it changed."""

import json
from decimal import Decimal

import pytest
from click.testing import CliRunner
from sqlalchemy import select

from hub import Attachment, Gone, hookimpl, outbox
from hub.cli import main
from hub.contract.registry import Plugins
from hub.db.engine import read_only_session, transaction
from hub.installations import enable
from hub.models import Installation, Posting
from hub.scheduling import run_result, runner, summary
from tests.support.sources.small_source import SLUG, SmallSource, bill, make_page, vendor_code

SCAN = Attachment(id="1", name="scan.pdf", mime="application/pdf")


class Source(SmallSource):
    """A source with a file, whose missing documents are deleted in QuickBooks."""

    @hookimpl
    def hub_attachment(self, app, site, document, attachment):
        return b"%PDF-1.4 paid"


@pytest.fixture
def source(app, quickbooks):
    new_source = Source(gone="delete")
    object.__setattr__(
        app.extensions["hub"], "plugins", Plugins.load([new_source], installed=False)
    )
    new_source.installation = enable.enable(1, SLUG, {}, who="kari", mode="auto").id
    return new_source


class Attic:
    """A plugin that cannot be used."""

    @hookimpl
    def hub_apps(self):
        raise OSError("The roof leaks.")


def synced(source, *items, cursor):
    """Run a sync that reads these items."""
    source.items = make_page(*items, cursor=cursor)
    source.by_id |= {item.source_id: item for item in items}
    return runner.sync(source.installation, requested_by="kari").counts["result"]


def mode(installation, name):
    with transaction() as session:
        session.get_one(Installation, installation).mode = name


def test_three_runs_with_nothing_new_are_listed_as_such(source):
    one, two = bill("1", supplier="1"), bill("2", total="75.00", supplier="1")
    assert synced(source, one, two, cursor="1") == {"posted": 2, "amounts": {"USD": "200.00"}}
    assert [synced(source, one, two, cursor=f"{n}") for n in range(2, 5)] == [{}, {}, {}]
    texts = [row["text"] for row in summary.list_recent_runs(10)]
    assert texts == ["nothing new"] * 3 + ["2 posted"]


def test_a_changed_document_is_corrected_and_one_that_is_gone_is_removed(source):
    one, two = bill("1", supplier="1"), bill("2", supplier="1")
    synced(source, one, two, cursor="1")
    changed = bill("1", total="130.00", supplier="1")
    assert synced(source, changed, cursor="2") == {"corrected": 1}
    assert synced(source, Gone(source_id="invoice:2", reason="voided"), cursor="3") == {
        "removed": 1
    }
    assert summary.list_recent_runs(1)[0]["text"] == "1 removed from QuickBooks"


def test_created_records_and_files_are_counted_separately(source):
    new = bill("1", attachments=(SCAN,), codes={"supplier": vendor_code()})
    assert synced(source, new, cursor="1") == {
        "posted": 1,
        "vendor": 1,
        "files": 1,
        "amounts": {"USD": "125.00"},
    }
    run = summary.list_recent_runs(1)[0]
    assert run["text"] == "1 posted, 1 supplier created, 1 file attached"
    lines = [line["text"] for line in summary.load_log_lines(run["id"])]
    assert lines == ["Collected: 1 document, 1 new.", f"Result: {run['text']}."]


def test_a_document_counts_as_held_in_the_run_that_first_holds_it(source):
    held_bill = bill("1", supplier="1", account="nothing like it")
    assert synced(source, held_bill, cursor="1") == {"held": 1}
    assert synced(source, held_bill, cursor="2") == {}
    # Read again with another total it is planned again, and is still no newly held document.
    again = bill("1", total="99.00", supplier="1", account="nothing like it")
    other = bill("2", supplier="1", account="nothing like it")
    assert synced(source, again, other, cursor="3") == {"held": 1}
    fitting = bill("1", total="99.00", supplier="1")
    assert synced(source, fitting, cursor="4") == {"posted": 1, "amounts": {"USD": "99.00"}}


def test_a_document_that_comes_back_after_it_was_withdrawn_is_posted(source):
    held_bill = bill("1", supplier="1", account="nothing like it")
    synced(source, held_bill, cursor="1")
    assert synced(source, Gone(source_id="invoice:1"), cursor="2") == {"withdrawn": 1}
    assert synced(source, bill("1", supplier="1"), cursor="3") == {
        "posted": 1,
        "amounts": {"USD": "125.00"},
    }


def test_review_doubt_and_withdrawal_count_once(source, quickbooks):
    mode(source.installation, "review")
    one, two = bill("1", supplier="1"), bill("2", supplier="1")
    assert synced(source, one, two, cursor="1") == {"review": 2}
    assert synced(source, bill("1", total="130.00", supplier="1"), cursor="2") == {}
    assert synced(source, Gone(source_id="invoice:2"), cursor="3") == {"withdrawn": 1}
    with transaction() as session:
        waiting = session.scalars(select(Posting.id).where(Posting.state == "review"))
        outbox.approve(session, list(waiting), "kari")
    quickbooks.add_fault("lose_answer", "bill.create")
    run = runner.post(source.installation, requested_by="kari")
    assert run.counts["result"] == {"unknown": 1}
    assert runner.post(source.installation, requested_by="kari").counts["result"] == {}


def test_a_document_whose_answer_was_lost_is_posted_in_the_run_that_finds_it(
    source, quickbooks, clock
):
    quickbooks.add_fault("lose_answer", "bill.create")
    assert synced(source, bill("1", supplier="1"), cursor="1") == {"unknown": 1}
    clock.advance(400)
    result = runner.post(source.installation, requested_by="kari").counts["result"]
    assert result == {"posted": 1, "amounts": {"USD": "125.00"}}


def test_a_run_that_is_stopped_also_says_what_it_did(source):
    source.items = make_page(bill("1", supplier="1"), cursor="1")
    source.fails = ZeroDivisionError("in the plugin")
    run = runner.sync(source.installation, requested_by="kari")
    assert run.outcome == "stopped"
    assert summary.describe_result(run).endswith("Before that: 1 posted.")


def test_a_run_that_is_interrupted_keeps_what_it_did(source, monkeypatch):
    def interrupt(*args, **options):
        raise KeyboardInterrupt

    source.items = make_page(bill("1", supplier="1"), cursor="1")
    monkeypatch.setattr("hub.posting.receipt_delivery.deliver", interrupt)
    with pytest.raises(KeyboardInterrupt):
        runner.sync(source.installation, requested_by="kari")
    assert summary.list_recent_runs(1)[0]["result"]["posted"] == 1


def test_the_command_line_says_what_each_run_did(app, source):
    def hub(*words):
        return CliRunner().invoke(main, words, obj=app).stdout

    source.items = make_page(bill("1", supplier="1"), cursor="1")
    assert "Small: 1 document: 1 posted.\n  This run: 1 posted.\n" in hub("sync")
    assert "Small: 1 document: 1 posted.\n  This run: nothing new.\n" in hub("sync")
    rows = json.loads(hub("runs", "--json"))
    assert [(row["result"], row["text"]) for row in rows] == [
        ({}, "nothing new"),
        ({"posted": 1, "amounts": {"USD": "125.00"}}, "1 posted"),
    ]


def test_an_amount_that_its_currency_does_not_have_is_held_with_the_next_step(app, source):
    def hub(*words):
        return CliRunner().invoke(main, words, obj=app).stdout

    source.items = make_page(bill("1", total="100.555", supplier="1"), cursor="1")
    assert "Small: 1 document: 1 held." in hub("sync")
    assert (
        "It has the amount 100.555, which USD does not have; the nearest one is 100.56 USD. Correct"
        " the amount or the currency at the source." in " ".join(hub("cases").split())
    )
    assert "Collected: 1 document, 1 held." in hub("runs", "1")


def test_an_app_that_was_never_enabled_is_answered_with_those_that_were(app, source):
    result = CliRunner().invoke(main, ["apps", "disable", "nosuch"], obj=app)
    assert result.stderr == "There is no app “nosuch”. There is: Small (small).\n"


@pytest.mark.parametrize("command", ["sync", "apps set --mode auto", "apps enable"])
def test_an_app_whose_plugin_cannot_be_used_is_answered_with_the_reason(app, quickbooks, command):
    plugins = Plugins.load([Attic()], installed=False)
    object.__setattr__(app.extensions["hub"], "plugins", plugins)
    result = CliRunner().invoke(main, [*command.split(), "attic"], obj=app)
    assert result.exit_code == 1
    assert "Attic cannot be used: " in result.stderr
    assert "The roof leaks." in result.stderr


def test_results_of_several_runs_are_added():
    one = {"posted": 2, "amounts": {"USD": "1.10"}}
    whole = run_result.combine([one, {"held": 1, "amounts": {"USD": "2.20", "NOK": "3"}}, {}, one])
    assert whole == {"posted": 4, "held": 1, "amounts": {"USD": "4.40", "NOK": "3"}}
    assert run_result.format_result(whole) == "4 posted, 1 newly held"


def test_credits_lower_the_amount_that_was_posted(source):
    credit = bill("2", total="25.00", supplier="1", kind="vendor_credit")
    result = synced(source, bill("1", supplier="1"), credit, cursor="1")
    assert {**result, "amounts": Decimal(result["amounts"]["USD"])} == {"posted": 2, "amounts": 100}


def test_the_work_of_another_app_does_not_count(source):
    before = []
    with read_only_session() as session:
        before.append(run_result.load_states(session, source.installation + 1))
    synced(source, bill("1", supplier="1"), cursor="1")
    with read_only_session() as session:
        assert run_result.count_changes(session, before[0]) == {}
