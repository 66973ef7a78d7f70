"""`hub read` shows what the hub would make of a source's documents, and changes nothing."""

import datetime as dt
import json
import tempfile
from dataclasses import replace

import pytest
from click.testing import CliRunner
from sqlalchemy import func, select

from hub import Document
from hub.cli import main
from hub.context import current_hub
from hub.contract import checkout
from hub.db.engine import Model, read_only_session, transaction
from hub.installations import enable
from hub.models import ConnectedCompany, Installation, Posting, Secret, SourceDocument
from hub.scheduling import runner
from hub.testing.bench import Bench, load_plugins
from hub.testing.fakes.stand_in import open_stand_in
from hub.web.serving import server
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
    stand_in = current_hub().plugins.open_stand_in("costtracker", folder=None, documents=24, seed=1)
    current_hub().mounts[URL] = WSGIAdapter(stand_in.wsgi, URL)
    settings = {**stand_in.settings(URL), "payable_account": "Accounts Payable (A/P)"}
    row = enable.enable(1, "costtracker", settings, who="kari", mode="review")
    enable.push_first_lists(row)
    return row.id


def previews(output):
    """Return the previews of the command's JSON by source id."""
    return {document["source_id"]: document for document in json.loads(output)}


def row_counts():
    with read_only_session() as session:
        return {
            table.name: session.scalar(select(func.count()).select_from(table))
            for table in Model.metadata.sorted_tables
            if table.name not in VOLATILE
        }


def stored_invoices():
    """Return the state and the reason of each invoice after a run."""
    states = {}
    with read_only_session() as session:
        for document in session.scalars(select(SourceDocument)):
            if not document.made_for:
                states[document.source_id] = (document.stage, "")
        for posting in session.scalars(select(Posting).where(Posting.operation == "create")):
            if posting.document.source_id in states:
                states[posting.document.source_id] = (posting.state, posting.reason)
    return states


def test_read_shows_documents_as_a_run_would_post_them(read, costtracker):
    code, output = read("costtracker", "--json")
    assert code == 0, output
    documents = previews(output)
    assert runner.sync(costtracker, requested_by="kari").outcome == "done"
    expected = stored_invoices()
    assert set(documents) == set(expected)
    for id, (state, reason) in expected.items():
        about = documents[id]
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
    documents = previews(output)
    (payable,) = [
        code for code in documents["invoice:1001"]["codes"] if code["field"] == "payable_account"
    ]
    assert (payable["line"], payable["role"]) == ("", "payable_account")
    assert payable["record"] is not None
    (supplier,) = [
        code for code in documents["invoice:1012"]["codes"] if code["field"] == "supplier"
    ]
    assert (supplier["role"], supplier["record"]) == ("vendor", None)
    assert supplier["result"] == (
        "QuickBooks has no supplier called “Hamburg Hebetechnik GmbH”. Pick the matching supplier,"
        " or create it in QuickBooks."
    )


def test_an_id_that_the_source_does_not_have_fails(read, costtracker):
    code, output = read("costtracker", "--only", "invoice:1001", "--only", "nosuch")
    assert (code, "invoice:1001  " in output) == (1, True)
    assert "There is no document of costtracker with the id “nosuch”." in output


def test_the_json_of_what_was_read_is_whole_although_an_id_fails(read, costtracker):
    code, output = read("costtracker", "--only", "invoice:1001", "--only", "nosuch", "--json")
    listed, end, error = output.rpartition("]\n")
    assert (code, [one["source_id"] for one in json.loads(listed + end)]) == (1, ["invoice:1001"])
    assert "“nosuch”" in error


def test_text_names_state_reasons_and_codes_and_ends_with_a_sum(read, costtracker):
    code, output = read("costtracker", "--only", "invoice:1012", "--only", "invoice:1008")
    lines = output.splitlines()
    assert code == 0
    assert lines[0].startswith("invoice:1012  held  bill  ")
    assert lines[1] == "  Supplier “Hamburg Hebetechnik GmbH” has no match in QuickBooks."
    assert any(
        "Hamburg Hebetechnik GmbH) → vendor QuickBooks has no supplier called" in line
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


def test_an_app_that_is_not_enabled_for_a_company_is_named_with_the_next_step(
    app, read, costtracker, quickbooks
):
    with read_only_session() as session:
        company_name = session.get_one(ConnectedCompany, 1).display_name
    option = f"--realm {quickbooks.realm}"
    expected = (
        f"Ontraccr is not enabled for {company_name};"
        f" `hub apps enable ontraccr {option}` enables it."
    )
    code, output = read("ontraccr", "--realm", quickbooks.realm)
    assert (code, output) == (1, f"{expected}\n")
    for command in ("sync ontraccr", "apps set ontraccr --mode auto", "apps disable ontraccr"):
        result = CliRunner().invoke(main, [*command.split(), *option.split()], obj=app)
        assert (result.exit_code, result.stderr) == (1, f"{expected}\n"), command


def test_payloads_are_printed_after_the_codes(read, costtracker):
    _, output = read("costtracker", "--only", "invoice:1001")
    (line,) = [line for line in output.splitlines() if line.startswith("  would post ")]
    payload = json.loads(line.removeprefix("  would post "))
    assert payload["DocNumber"].startswith("26")
    assert "unmatched" not in line


class TestOfAnAppThatIsNotEnabled:
    """Without a company and without a hub, from a source that answers over the network."""

    @pytest.fixture
    def source(self, monkeypatch, tmp_path):
        """Serve CostTracker's stand-in; return a settings file and a function that reads it."""
        monkeypatch.setenv("HUB_DATA", str(tmp_path / "none"))
        monkeypatch.setenv("HUB_ALLOW_LOOPBACK", "1")
        stand_in = open_stand_in(load_plugins(), "costtracker", folder=None, documents=24, seed=1)
        web = server.Web(stand_in.wsgi, "127.0.0.1", 0)
        web.start()
        file = tmp_path / "settings.json"
        file.write_text(json.dumps(dict(stand_in.settings(web.url))))

        def call(*args):
            arguments = ["read", "costtracker", "--settings", str(file), *args]
            return CliRunner().invoke(main, arguments)

        yield call, file
        web.stop()

    def test_the_file_may_be_the_one_with_which_the_app_is_enabled(self, source):
        call, file = source
        settings = json.loads(file.read_text())
        file.write_text(json.dumps({**settings, "start_date": "2026-01-01", "zone": "Europe/Oslo"}))
        result = call("--limit", "1")
        assert result.exit_code == 0, result.output
        assert "Not used for reading: start_date, zone." in result.stderr

    def test_documents_and_what_would_be_posted_are_shown(self, source, tmp_path, monkeypatch):
        call, _ = source
        temporary = tmp_path / "temporary"
        temporary.mkdir()
        monkeypatch.setattr(tempfile, "tempdir", str(temporary))
        result = call("--json")
        assert result.exit_code == 0, result.output
        documents = previews(result.stdout)
        assert "no code has a match" in result.stderr
        first = documents["invoice:1001"]
        assert (first["kind"], first["state"]) == ("bill", "ready")
        (payload,) = first["payloads"]
        assert payload["VendorRef"] == {"value": "unmatched:s1"}
        assert payload["APAccountRef"] == {"value": "1"}
        assert payload["CurrencyRef"] == {"value": first["currency"]} == {"value": "NOK"}
        line = payload["Line"][0]["AccountBasedExpenseLineDetail"]
        assert line["AccountRef"]["value"].startswith("unmatched:")
        assert {"ready", "pending"} <= {document["state"] for document in documents.values()}
        assert all(
            document["reasons"] for document in documents.values() if document["state"] == "held"
        )
        assert not (tmp_path / "none").exists()
        assert list(temporary.iterdir()) == []

    @pytest.mark.parametrize("options", [(), ("--stand-in",)])
    def test_settings_that_do_not_fit_are_named_with_the_way_to_pass_them(self, source, options):
        call, file = source
        file.write_text(json.dumps({"base_url": 7}))
        result = call(*options)
        assert result.exit_code == 1, result.output
        assert "costtracker cannot be read with these settings. base_url: " in result.output
        assert "--settings FILE has them by field name, and --stand-in needs none" in result.output
        assert "saved" not in result.output

    def test_codes_are_named_as_unmatched_and_settings_as_they_are(self, source):
        call, file = source
        file.write_text(json.dumps({**json.loads(file.read_text()), "payable_account": "33"}))
        lines = call("--only", "invoice:1001").stdout.splitlines()
        assert lines[1] == "  supplier: s1 (Aas Trelast AS) → vendor to be matched"
        assert lines[2] == (
            "  payable_account: 33 → payable_account 33 as the setting payable_account says"
        )
        assert lines[-2].startswith('  would post {"APAccountRef": {"value": "33"}')
        assert lines[-1] == "1 document read: 1 ready. Nothing was stored or posted."

    def test_lines_have_tax_codes_outside_the_united_states(self, source):
        call, _ = source
        for country, has_code in (("US", False), ("NO", True)):
            result = call("--only", "invoice:1001", "--country", country, "--json")
            (payload,) = previews(result.stdout)["invoice:1001"]["payloads"]
            detail = payload["Line"][0]["AccountBasedExpenseLineDetail"]
            assert ("TaxCodeRef" in detail) == has_code
            assert f"taken to be in {country};" in result.stderr

    @pytest.mark.parametrize(
        ("country", "currency"), [("US", "USD"), ("no", "NOK"), ("DE", "EUR"), ("JP", "JPY")]
    )
    def test_the_company_has_the_currency_of_its_country(
        self, monkeypatch, tmp_path, country, currency
    ):
        monkeypatch.setenv("HUB_DATA", str(tmp_path / "none"))
        monkeypatch.setenv("HUB_ALLOW_LOOPBACK", "1")
        stand_in = open_stand_in(load_plugins(), "ion", folder=None, documents=None, seed=1)
        web = server.Web(stand_in.wsgi, "127.0.0.1", 0)
        web.start()
        file = tmp_path / "settings.json"
        file.write_text(json.dumps(dict(stand_in.settings(web.url))))
        arguments = ["read", "ion", "--settings", str(file), "--country", country, "--json"]
        result = CliRunner().invoke(main, arguments)
        web.stop()
        document = previews(result.stdout)["order:1001"]  # names no currency of its own
        assert document["currency"] == currency
        assert document["payloads"][0]["CurrencyRef"] == {"value": currency}
        assert f"taken to be in {country.upper()};" in result.stderr

    def test_a_country_that_does_not_exist_is_refused(self, source):
        call, _ = source
        result = call("--country", "Norway")
        assert (result.exit_code, result.stdout) == (2, "")
        assert "“Norway” is not the code of a country, such as US or NO." in result.stderr

    def test_missing_and_refused_settings_are_reported(self, source):
        call, file = source
        settings = json.loads(file.read_text())
        file.write_text(json.dumps({**settings, "client_secret": "wrong-secret-of-mine"}))
        result = call()
        assert (result.exit_code, "does not accept" in result.output) == (1, True), result.output
        assert "wrong-secret-of-mine" not in result.output
        file.write_text(json.dumps({"base_url": settings["base_url"]}))
        assert "client_id: This is needed." in call().output
        result = CliRunner().invoke(main, ["read", "costtraker"])
        assert "There is no app “costtraker”. Did you mean costtracker?" in result.output

    def test_answers_are_recorded(self, source, tmp_path):
        call, _ = source
        result = call("--save", str(tmp_path / "answers"))
        assert "answers recorded in" in result.stderr
        content = "".join(path.read_text() for path in (tmp_path / "answers").iterdir())
        assert "invoices" in content
        assert "stand-in-secret" not in content

    def test_a_hub_in_which_it_is_not_enabled_is_left_as_it_is(self, source, read, quickbooks):
        _, file = source
        before = row_counts()
        code, output = read("costtracker", "--settings", file, "--limit", 1)
        assert (code, "1 document read: 1 ready." in output) == (0, True), output
        assert row_counts() == before


class TestOfAStandIn:
    """Without a hub, a company or settings."""

    def test_documents_are_shown_as_the_plugin_reads_them(self, monkeypatch, tmp_path):
        monkeypatch.setenv("HUB_DATA", str(tmp_path / "none"))
        arguments = ["read", "costtracker", "--stand-in", "--limit", "200", "--json"]
        result = CliRunner().invoke(main, arguments)
        assert result.exit_code == 0, result.output
        documents = previews(result.stdout)
        assert documents["invoice:1100"]["state"] == "unreadable"
        assert "“31.02.2026” is not a date" in documents["invoice:1100"]["reasons"][0]
        assert {"ready", "pending", "unreadable", "gone"} <= {
            document["state"] for document in documents.values()
        }
        first = documents["invoice:1001"]
        assert (first["kind"], first["total"]) == ("bill", "34006.5")
        assert [code["role"] for code in first["codes"]][:2] == ["vendor", "payable_account"]
        assert not (tmp_path / "none").exists()

    def test_text_says_that_codes_are_to_be_matched(self):
        arguments = ["read", "costtracker", "--stand-in", "--only", "invoice:1001"]
        # The stand-in dates its documents from today.
        printed = CliRunner().invoke(main, [*arguments, "--json"]).stdout
        day = dt.date.fromisoformat(previews(printed)["invoice:1001"]["date"])
        lines = CliRunner().invoke(main, arguments).stdout.splitlines()
        assert lines[0] == f"invoice:1001  ready  bill  {day:%y}K-48003  {day}  34,006.50 NOK"
        assert lines[1] == "  supplier: s1 (Aas Trelast AS) → vendor to be matched"
        assert lines[2] == (
            "  payable_account: 1 → payable_account 1 as the setting payable_account says"
        )
        assert lines[-1] == "1 document read: 1 ready. Nothing was stored or posted."

    def test_codes_whose_record_the_hub_creates_are_named_as_such(self):
        result = CliRunner().invoke(main, ["read", "ion", "--stand-in", "--limit", "1"])
        assert " → item to be matched or created" in result.stdout

    def test_settings_that_do_not_fit_are_named(self, tmp_path):
        file = tmp_path / "settings.json"
        file.write_text(json.dumps({"update_suppliers": "perhaps"}))
        arguments = ["read", "costtracker", "--stand-in", "--settings", str(file)]
        result = CliRunner().invoke(main, arguments)
        assert result.exit_code == 1
        assert "update_suppliers: Not a valid boolean." in result.output


class TestOfPayments:
    """Payments of invoices that are not posted yet, from the stand-in of Harvest."""

    PAYMENT, INVOICE = "payment:13010-1001", "invoice:13010"
    APPLIED = f"  line 1: applied to {INVOICE}, not posted yet"

    @pytest.fixture
    def source(self, monkeypatch, tmp_path):
        """Serve the stand-in; return a function that reads it as of an app that is not enabled."""
        monkeypatch.setenv("HUB_DATA", str(tmp_path / "none"))
        monkeypatch.setenv("HUB_ALLOW_LOOPBACK", "1")
        stand_in = open_stand_in(load_plugins(), "harvest", folder=None, documents=None, seed=1)
        web = server.Web(stand_in.wsgi, "127.0.0.1", 0)
        web.start()
        file = tmp_path / "settings.json"
        file.write_text(json.dumps(dict(stand_in.settings(web.url))))

        def call(*args):
            arguments = ["read", "harvest", "--settings", str(file), "--limit", "200", *args]
            return CliRunner().invoke(main, arguments)

        yield call
        web.stop()

    @pytest.fixture
    def harvest(self, quickbooks):
        """Enable Harvest in review; return the installation's id."""
        stand_in = open_stand_in(load_plugins(), "harvest", folder=None, documents=None, seed=1)
        url = "http://harvest.test"
        current_hub().mounts[url] = WSGIAdapter(stand_in.wsgi, url)
        settings = {**stand_in.settings(url), "deposit_account": "35"}
        return enable.enable(1, "harvest", settings, who="kari", mode="review").id

    def test_the_payment_settles_the_invoice_that_was_read_with_it(self, source):
        documents = previews(source("--json").stdout)
        about = documents[self.PAYMENT]
        assert about["state"] == "ready"
        assert about["applied"] == [
            {
                "line": "1",
                "document": self.INVOICE,
                "document_line": "",
                "record": None,
                "result": "not posted yet",
            }
        ]
        (payload,) = about["payloads"]
        link = {"TxnId": f"unposted:{self.INVOICE}", "TxnType": "Invoice"}
        assert payload["Line"] == [{"Amount": payload["TotalAmt"], "LinkedTxn": [link]}]
        assert documents[self.INVOICE]["applied"] == []
        assert self.APPLIED in source().stdout.splitlines()

    def test_an_invoice_that_was_not_read_is_named_as_missing(self, source):
        lines = source("--only", self.PAYMENT).stdout.splitlines()
        assert lines[3] == f"{self.APPLIED}, and missing in what would be posted"

    def test_the_stand_in_shows_what_a_payment_is_applied_to(self):
        arguments = ["read", "harvest", "--stand-in", "--only", self.PAYMENT]
        lines = CliRunner().invoke(main, arguments).stdout.splitlines()
        assert self.APPLIED in lines

    def test_a_document_that_only_updates_is_not_called_ready(self, read, source, harvest):
        closed = "invoice:13038"
        stand_in = CliRunner().invoke(main, ["read", "harvest", "--stand-in", "--only", closed])
        outputs = [stand_in.stdout, source("--only", closed).stdout]
        outputs.append(read("harvest", "--only", closed)[1])
        for output in outputs:
            assert output.startswith(f"{closed}  update_only  invoice"), output
            assert "would post" not in output

    def test_a_company_shows_the_invoice_as_it_is_posted(self, read, harvest):
        code, output = read("harvest", "--limit", 200, "--json")
        assert code == 0, output
        about = previews(output)[self.PAYMENT]
        assert about["applied"][0]["result"] == "not posted yet"
        before = row_counts()
        runner.sync(harvest, requested_by="kari")
        assert before != row_counts()
        assert self.APPLIED in read("harvest", "--only", self.PAYMENT)[1].splitlines()


def test_an_id_that_no_setting_names_is_said_to_be_the_documents(monkeypatch):
    plugins = load_plugins()
    bench = Bench("costtracker", {"payable_account": "1"}, plugins=plugins)
    (document,) = bench.read(ids=["invoice:1001"])
    lines = tuple(replace(line, codes={"term": "77"}) for line in document.lines)
    changed = replace(document, lines=lines)
    monkeypatch.setattr(Bench, "reading", lambda self, ids: iter([changed]))
    printed = CliRunner().invoke(main, ["read", "costtracker", "--stand-in"]).stdout
    assert "term: 77 → term 77 as the document says" in printed


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"kind": "invoice"}, "of the kind invoice, which the app does not declare"),
        ({"source_id": "invoice:None"}, "a row without an id, which the plugin calls"),
    ],
)
def test_what_a_run_would_not_take_of_a_stand_in_is_unreadable(monkeypatch, changes, words):
    bench = Bench("costtracker", {"payable_account": "1"}, plugins=load_plugins())
    (document,) = bench.read(ids=["invoice:1001"])
    changed = replace(document, **changes)
    monkeypatch.setattr(Bench, "reading", lambda self, ids: iter([changed]))
    printed = CliRunner().invoke(main, ["read", "costtracker", "--stand-in"]).stdout
    assert printed.startswith(f"{changed.source_id}  unreadable\n")
    assert words in printed


def test_settings_that_name_the_same_record_are_named_together(monkeypatch, tmp_path):
    accounts = dict.fromkeys(("income_account", "bank_account", "fee_account"), "1")
    settings = {**accounts, "item": "1", "fee_item": "1"}
    file = tmp_path / "settings.json"
    file.write_text(json.dumps(settings))
    bench = Bench("costcertified", settings, plugins=load_plugins())
    item = next(item for item in bench.read() if isinstance(item, Document) and item.lines)
    lines = tuple(replace(line, codes={"item": "1"}) for line in item.lines)
    monkeypatch.setattr(Bench, "reading", lambda self, ids: iter([replace(item, lines=lines)]))
    arguments = ["read", "costcertified", "--stand-in", "--settings", str(file)]
    printed = CliRunner().invoke(main, arguments).stdout
    assert "item: 1 → item 1 as the setting item or fee_item says" in printed


def test_an_app_that_reads_files_is_tried_with_hub_dev():
    result = CliRunner().invoke(main, ["read", "files", "--stand-in"])
    assert result.exit_code != 0
    expected = "Files reads files, so it has no stand-in. Start `hub dev files` and upload one."
    assert expected in result.output


def test_a_code_that_the_plugin_does_not_declare_is_named(monkeypatch):
    bench = Bench("costtracker", {"payable_account": "1"}, plugins=load_plugins())
    (document,) = bench.read(ids=["invoice:1001"])
    changed = replace(document, codes={"suplier": "7"})
    monkeypatch.setattr(Bench, "reading", lambda self, ids: iter([changed]))
    printed = CliRunner().invoke(main, ["read", "costtracker", "--stand-in"]).stdout
    assert "suplier: 7 → suplier is no role, and hub_fields does not declare it" in printed


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


def test_answers_of_two_runs_are_not_mixed(read, costtracker, tmp_path):
    folder = tmp_path / "answers"
    folder.mkdir()
    assert read("costtracker", "--ids", "invoice:1001", "--save", folder)[0] == 0
    recorded = {path.name: path.read_bytes() for path in folder.iterdir()}
    code, output = read("costtracker", "--save", folder)
    assert (code, f"{folder} is not empty" in output) == (2, True), output
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == recorded


def test_documents_are_named_by_ids_or_only(read, costtracker):
    by_ids = read("costtracker", "--ids", "invoice:1001", "--ids", "invoice:1002")
    assert by_ids == read("costtracker", "--only", "invoice:1001", "--only", "invoice:1002")
    assert "2 documents read" in by_ids[1]


def test_a_stand_in_is_not_recorded(read, tmp_path):
    code, output = read("costtracker", "--stand-in", "--save", tmp_path / "answers")
    assert (code, "--save records a source" in output) == (2, True)
    assert not (tmp_path / "answers").exists()


def fail(error):
    raise error


@pytest.mark.parametrize(
    ("documents", "defect"),
    [
        (lambda: fail(ValueError("no such list")), "(ValueError: no such list)"),
        (lambda: [{"id": 1}], "(TypeError: it yielded a dict, not Document, Gone, Unreadable or"),
        (lambda: [[]], "(TypeError: it yielded a list, not Document, Gone, Unreadable or Check"),
    ],
)
def test_a_defect_in_reading_a_stand_in_names_the_app(monkeypatch, caplog, documents, defect):
    results = {"hub_documents": documents, "hub_fields": list}
    monkeypatch.setattr(Bench, "_call", lambda self, hook, **values: results[hook]())
    result = CliRunner().invoke(main, ["read", "costtracker", "--stand-in"])
    assert result.exit_code != 0
    assert f"CostTracker's plugin failed while reading its documents {defect}" in result.output
    assert "The lines above say where in its code. Nothing was stored." in result.output
    assert "Traceback" in caplog.text


@pytest.mark.parametrize(
    ("ids", "sentence"),
    [
        (("b1", "b2", "b1"), "Read more than once: b1. A run takes another version of a document,"),
        (("b1", "b2"), ""),
    ],
)
def test_ids_that_come_more_than_once_are_named(monkeypatch, ids, sentence):
    documents = [
        Document(kind="bill", source_id=id, number=f"F-{place}") for place, id in enumerate(ids)
    ]
    results = {"hub_documents": documents, "hub_fields": []}
    monkeypatch.setattr(Bench, "_call", lambda self, hook, **values: results[hook])
    result = CliRunner().invoke(main, ["read", "costtracker", "--stand-in"])
    assert result.exit_code == 0
    assert f"{len(ids)} documents read" in result.output
    assert sentence in result.output
    assert ("more than once" in result.output) == bool(sentence)


def test_reading_a_stand_in_names_the_extra_that_it_needs(monkeypatch):
    find_spec = checkout.find_spec
    without_pytest = lambda name: None if name == "pytest" else find_spec(name)  # noqa: E731
    monkeypatch.setattr(checkout, "find_spec", without_pytest)
    result = CliRunner().invoke(main, ["read", "costtracker", "--stand-in"])
    assert result.exit_code != 0
    assert "`hub read --stand-in` needs pytest, which is not installed." in result.output
    assert "[testing]'" in result.output


def test_a_stand_in_that_fails_to_open_names_the_app(monkeypatch):
    monkeypatch.setattr(Bench, "__init__", lambda *args, **options: fail(KeyError("rows")))
    result = CliRunner().invoke(main, ["read", "costtracker", "--stand-in"])
    expected = "CostTracker's plugin failed while opening its stand-in (KeyError: 'rows')"
    assert expected in result.output
