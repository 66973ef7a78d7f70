"""`hub read` shows what the hub would make of a source's documents, and changes nothing."""

import datetime as dt
import json

import pytest
from click.testing import CliRunner
from sqlalchemy import func, select

from hub.cli import main
from hub.context import current
from hub.db.engine import Model, reading, transaction
from hub.installations import enable
from hub.models import Installation, Posting, Secret, SourceDocument
from hub.scheduling import runner
from qbo_sandbox.kit.wsgi import WSGIAdapter

URL = "http://costtracker.test"
# What a run, a reading or a check of the connection changes by itself.
VOLATILE = {"read_day", "list_state", "shared_rate_limit", "metric_total", "secret", "audit_entry"}


@pytest.fixture
def read(app):
    """Return a function that calls the command with the hub; it returns exit code and output."""

    def call(*args, **options):
        arguments = ["read", *(str(arg) for arg in args)]
        result = CliRunner().invoke(main, arguments, obj=app, **options)
        return result.exit_code, result.output

    return call


@pytest.fixture
def costtracker(quickbooks):
    """Enable CostTracker with 24 invoices in review; return the installation's id."""
    stand_in = current().plugins.open_stand_in("costtracker", folder=None, documents=24, seed=1)
    current().mounts[URL] = WSGIAdapter(stand_in.wsgi, URL)
    settings = {**stand_in.settings(URL), "payable_account": "Accounts Payable (A/P)"}
    row = enable.enable(1, "costtracker", settings, who="kari", mode="review")
    enable.first_lists(row)
    return row.id


def previews(output):
    """Return the previews of the command's JSON by source id."""
    return {one["source_id"]: one for one in json.loads(output)}


def row_counts():
    with reading() as session:
        return {
            table.name: session.scalar(select(func.count()).select_from(table))
            for table in Model.metadata.sorted_tables
            if table.name not in VOLATILE
        }


def stored():
    """Return the state and the reason of each invoice after a run."""
    states = {}
    with reading() as session:
        for document in session.scalars(select(SourceDocument)):
            if not document.made_for:
                states[document.source_id] = (document.stage, "")
        for posting in session.scalars(select(Posting).where(Posting.operation == "create")):
            if posting.document.source_id in states:
                states[posting.document.source_id] = (posting.state, posting.reason)
    return states


def test_it_shows_documents_as_a_run_would_post_them(read, costtracker):
    code, output = read("costtracker", "--json")
    assert code == 0, output
    shown = previews(output)
    assert runner.sync(costtracker, requested_by="kari").outcome == "done"
    expected = stored()
    assert set(shown) == set(expected)
    for id, (state, reason) in expected.items():
        about = shown[id]
        assert about["state"] == {"review": "ready"}.get(state, state), id
        if state == "held":
            assert about["reasons"] == [reason]
            assert about["payloads"] == []
        if state == "review":
            assert about["number"].startswith(about["payloads"][0]["DocNumber"])
    states = {state for state, _ in expected.values()}
    assert states == {"review", "held", "pending"}


def test_nothing_is_stored_and_nothing_sent(read, costtracker, quickbooks):
    before = row_counts()
    calls = len(quickbooks.wsgi.log.entries("bill.create"))
    assert read("costtracker")[0] == 0
    assert row_counts() == before
    assert len(quickbooks.wsgi.log.entries("bill.create")) == calls == 0


def test_each_code_has_its_record_or_what_is_missing(read, costtracker):
    _, output = read("costtracker", "--only", "invoice:1001", "--only", "invoice:1012", "--json")
    shown = previews(output)
    (payable,) = [
        code for code in shown["invoice:1001"]["codes"] if code["field"] == "payable_account"
    ]
    assert (payable["line"], payable["role"]) == ("", "payable_account")
    assert payable["record"] is not None
    (supplier,) = [code for code in shown["invoice:1012"]["codes"] if code["field"] == "supplier"]
    assert (supplier["role"], supplier["record"]) == ("vendor", None)
    assert supplier["result"] == "nothing in QuickBooks fits it."


def test_text_names_state_reasons_and_codes_and_ends_with_a_sum(read, costtracker):
    code, output = read("costtracker", "--only", "invoice:1012", "--only", "invoice:1008")
    lines = output.splitlines()
    assert code == 0
    assert lines[0].startswith("invoice:1012  held  bill  ")
    assert lines[1] == "  Supplier “Hamburg Hebetechnik GmbH”: nothing in QuickBooks fits it."
    assert any(
        line.endswith("Hamburg Hebetechnik GmbH) → vendor nothing in QuickBooks fits it.")
        for line in lines
    )
    assert lines[-1] == "2 documents read: 1 held, 1 pending. Nothing was stored or posted."


def test_a_document_from_before_the_start_date_is_excluded(read, costtracker):
    with transaction() as session:
        session.get_one(Installation, costtracker).start_date = dt.date(2100, 1, 1)
    _, output = read("costtracker", "--limit", 1)
    assert output.splitlines()[0].startswith("invoice:1001  excluded  bill")
    assert "  It is from before 2100-01-01, the app's first day." in output


def test_a_document_that_is_posted_is_shown_as_posted(read, costtracker):
    enable.set_mode(costtracker, "auto", who="kari")
    runner.sync(costtracker, requested_by="kari")
    _, output = read("costtracker", "--only", "invoice:1001")
    assert output.splitlines()[-1] == "1 document read: 1 posted. Nothing was stored or posted."


def test_other_settings_are_tried_without_being_saved(read, costtracker, tmp_path):
    file = tmp_path / "settings.json"
    file.write_text(json.dumps({"client_secret": "wrong"}))
    code, output = read("costtracker", "--settings", file)
    assert (code, "does not accept" in output) == (1, True), output
    file.write_text("[]")
    assert "must hold one JSON object" in read("costtracker", "--settings", file)[1]
    assert read("costtracker", "--limit", 1)[0] == 0


def test_an_app_that_is_not_enabled_is_named_with_those_that_are(read, costtracker):
    code, output = read("ontraccr")
    assert code == 1
    assert "There is no enabled app 'ontraccr'." in output


class TestOfAStandIn:
    """Without a hub, a company or settings."""

    def test_documents_are_shown_as_the_plugin_reads_them(self, monkeypatch, tmp_path):
        monkeypatch.setenv("HUB_DATA", str(tmp_path / "none"))
        arguments = ["read", "costtracker", "--stand-in", "--limit", "200", "--json"]
        result = CliRunner().invoke(main, arguments)
        assert result.exit_code == 0, result.output
        shown = previews(result.stdout)
        assert shown["invoice:1100"]["state"] == "unreadable"
        assert "“31.02.2026” is no date" in shown["invoice:1100"]["reasons"][0]
        assert {"ready", "pending", "unreadable", "gone"} <= {
            one["state"] for one in shown.values()
        }
        first = shown["invoice:1001"]
        assert (first["kind"], first["total"]) == ("bill", "34006.5")
        assert [code["role"] for code in first["codes"]][:2] == ["vendor", "payable_account"]
        assert not (tmp_path / "none").exists()

    def test_text_says_that_codes_are_to_be_matched(self):
        arguments = ["read", "costtracker", "--stand-in", "--only", "invoice:1001"]
        lines = CliRunner().invoke(main, arguments).stdout.splitlines()
        assert lines[0] == "invoice:1001  ready  bill  26K-48003  2026-09-26  NOK 34,006.50"
        assert lines[1] == "  supplier: s1 (Aas Trelast AS) → vendor to be matched"
        assert lines[-1] == "1 document read: 1 ready. Nothing was stored or posted."

    def test_settings_that_do_not_fit_are_named(self, tmp_path):
        file = tmp_path / "settings.json"
        file.write_text(json.dumps({"update_suppliers": "perhaps"}))
        arguments = ["read", "costtracker", "--stand-in", "--settings", str(file)]
        result = CliRunner().invoke(main, arguments)
        assert result.exit_code == 1
        assert "update_suppliers: Not a valid boolean." in result.output


def test_answers_of_the_source_are_recorded_without_secrets(read, costtracker, tmp_path):
    folder = tmp_path / "answers"
    with transaction() as session:  # so that a new access token is asked for
        session.delete(session.get_one(Secret, f"installation:{costtracker}:access_token"))
    code, output = read("costtracker", "--save", folder)
    assert code == 0, output
    paths = sorted(folder.iterdir())
    assert f"{len(paths)} answers recorded in {folder}." in output
    recorded = [json.loads(path.read_text()) for path in paths]
    assert [path.name[:3] for path in paths] == [f"{n:03}" for n in range(1, len(paths) + 1)]
    assert {answer["status"] for answer in recorded} == {200}
    assert any("invoices" in answer["url"] for answer in recorded)
    content = "".join(path.read_text() for path in paths)
    assert "stand-in-secret" not in content
    tokens = [answer["json"] for answer in recorded if "access_token" in answer["json"]]
    assert [token["access_token"] for token in tokens] == ["***"]


def test_a_stand_in_is_not_recorded(read, tmp_path):
    code, output = read("costtracker", "--stand-in", "--save", tmp_path / "answers")
    assert (code, "--save records a source" in output) == (2, True)
    assert not (tmp_path / "answers").exists()
