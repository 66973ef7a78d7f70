"""Decisions and listings on the command line, on a hub that has posted."""

import json
import re
from decimal import Decimal as D

import pytest
from click.testing import CliRunner
from sqlalchemy import select

from hub import Attachment, Checkpoint, Gone, Retry, hookimpl, spreadsheets
from hub.cases import inbox
from hub.cli import main
from hub.contract.registry import Plugins
from hub.db.engine import read_only_session, transaction
from hub.installations import enable
from hub.models import ConnectedCompany, Installation, Posting, Run
from hub.models.enums import ConnectionState
from hub.reasons.texts import CaseText
from hub.scheduling import exit_codes, runner, summary
from hub.scheduling.leases import take
from tests.support.rows.posting_bench import PostingBench
from tests.support.runs.hub_environment import KEYS, SECRET_KEY, VAULT_KEYS
from tests.support.sources.small_source import SLUG, SmallSource, bill, make_page

URL = "http://costtracker.test"


@pytest.fixture
def empty(app):
    """Return a function that calls the command on a hub without data.

    It returns the exit code, the output and the errors.
    """

    def call(*args, **options):
        result = CliRunner().invoke(main, [str(arg) for arg in args], obj=app, **options)
        return result.exit_code, result.stdout, result.stderr

    return call


@pytest.fixture
def hub(empty, quickbooks, costtracker):
    """Provide the same on a hub in review mode that has collected."""
    settings = {**costtracker.settings(URL), "payable_account": "Accounts Payable (A/P)"}
    enable.push_first_lists(enable.enable(1, "costtracker", settings, who="kari"))
    empty("sync")
    return empty


def postings(hub, state):
    return [
        row["id"]
        for row in json.loads(hub("outbox", "--state", state, "--json")[1])
        if row["operation"] != "attach"
    ]


def test_a_sync_in_review_posts_nothing_and_ends_with_three(hub):
    code, out, _ = hub("sync", "--json")
    app = json.loads(out)["apps"]["costtracker"]
    assert (code, app["posted"], app["requests"]["writes"]) == (3, 0, 0)
    assert app["review"] >= 5


class Scans(SmallSource):
    """A source whose bill has a file, with the content that a test sets."""

    scan = b"%PDF-1.4 paid"

    @hookimpl
    def hub_attachment(self, app, site, document, attachment):
        if self.scan is None:
            raise Retry("The source delivers no files at the moment.")
        return self.scan


@pytest.fixture
def scans(app, quickbooks):
    source = Scans()
    object.__setattr__(app.extensions["hub"], "plugins", Plugins.load([source], installed=False))
    source.installation = enable.enable(1, SLUG, {}, who="kari", mode="auto").id
    scan = Attachment(id="1", name="scan.pdf", mime="application/pdf")
    source.items = make_page(bill("1", supplier="1", attachments=(scan,)), cursor="1")
    return source


def test_a_sync_names_a_file_that_the_source_does_not_deliver_yet(empty, scans):
    scans.scan = None
    code, out, _ = empty("sync")
    assert (code, "1 document: 1 posted.\n  1 file not sent yet." in out) == (5, True)


def test_a_file_that_is_held_counts_as_a_document_does(empty, scans):
    scans.scan = b"<html>Sign in"
    code, out, _ = empty("sync")
    assert (code, "1 document: 1 posted.\n  1 file held." in out) == (3, True)
    files = json.loads(empty("sync", "--json")[1])["apps"][SLUG]["files"]
    assert (files["held"], files["posted"]) == (1, 0)
    assert "1 posted, 1 file newly held" in empty("runs")[1]
    scans.scan = Scans.scan
    empty("retry", 2)
    code, out, _ = empty("sync")
    assert (code, "held" in out, "This run: 1 file attached." in out) == (0, False, True)


def test_a_deletion_that_nobody_confirmed_is_asked_about(empty, scans, quickbooks):
    empty("sync")
    scans.items = [Gone(source_id="invoice:1"), Checkpoint(cursor="2")]
    empty("sync")
    (row,) = json.loads(empty("outbox", "--state", "held", "--json")[1])
    code, out, _ = empty("retry", row["id"], input="n\n")
    assert (code, "Delete 1 in QuickBooks?" in out, "F-1" in out) == (1, True, True)
    empty("sync")
    assert len(quickbooks.select("select * from Bill")["Bill"]) == 1
    assert empty("retry", row["id"], "--yes")[0] == 0
    empty("sync")
    assert "Bill" not in quickbooks.select("select * from Bill")


def test_a_file_in_doubt_counts_as_a_document_does(scans, quickbooks):
    quickbooks.add_fault("lose_answer", "upload")
    run = runner.sync(scans.installation, requested_by="kari")
    assert (run.counts["posted"], run.counts["files"], exit_codes.get_exit_code([run])) == (
        1,
        {"unknown": 1},
        4,
    )


def test_a_sync_ends_although_quickbooks_throttles_every_write(empty, scans, quickbooks):
    quickbooks.add_fault("status", "bill.create", status=429, count=50)
    code, out, _ = empty("sync")
    assert (code, "1 document: 1 waiting" in out) == (5, True), out
    quickbooks.faults.clear()
    code, out, _ = empty("sync")
    assert (code, "1 document: 1 posted" in out) == (0, True), out
    assert len(quickbooks.select("select * from Bill")["Bill"]) == 1


def test_a_change_that_waits_for_the_first_version_is_left_for_the_next_sync(
    empty, scans, quickbooks
):
    scans.items = make_page(bill("1", total="100", supplier="1"), cursor="1")
    quickbooks.add_fault("lose_answer", "bill.create")
    runner.sync(scans.installation, requested_by="kari")
    scans.items = make_page(bill("1", total="200", supplier="1"), cursor="2")
    code, out, _ = empty("sync")
    assert (code, "Read again by the next sync: 1." in out) == (5, True)
    code, out, _ = empty("sync")
    assert (code, "Read again" in out, "1 corrected" in out) == (0, False, True)
    (posted,) = quickbooks.select("select * from Bill")["Bill"]
    assert posted["TotalAmt"] == 200


def test_an_app_that_ran_twice_is_counted_once(scans):
    runs = [
        runner.sync(scans.installation, requested_by="kari"),
        runner.post(scans.installation, requested_by="kari"),
    ]
    (app,) = summary.summarize_runs(runs)["apps"].values()
    assert (app["documents"], app["sums"]["USD"]["posted"], app["requests"]["writes"]) == (
        1,
        "125.00",
        2,
    )


def test_the_json_has_exactly_the_keys_that_programs_rely_on(hub):
    report = json.loads(hub("sync", "--json")[1])
    states = {"posted", "held", "review", "waiting", "unknown", "skipped", "withdrawn"}
    states |= {"documents", "missing", "removed"}
    assert set(report) == {"apps", "cases"}
    assert set(report["apps"]["costtracker"]) == states | {"files", "requests", "sums"}


def test_the_summary_and_the_list_of_cases_say_why(empty, scans):
    scans.scan = b"<html>Sign in"
    (case,) = json.loads(empty("sync", "--json")[1])["cases"]
    about = {"app", "company", "realm"}
    assert set(case) == about | {"cause", "title", "reason", "postings", "amounts", "do"}
    listed, summary = empty("cases")[1], empty("sync")[1]
    sentence = f"  {case['title'].rstrip('.')}. {case['reason']}\n"
    assert case["reason"]
    assert f"{sentence}  {case['do']}\n" in listed
    assert f"{sentence}    {case['do']}\n" in summary


def test_an_id_that_the_source_does_not_have_is_named(hub):
    code, _, err = hub("sync", "costtracker", "--only", "invoice:nosuch")
    assert code == 1
    assert "There is no document of costtracker with the id “invoice:nosuch”" in err


def test_a_source_is_read_from_the_start_and_nothing_is_posted_twice(hub, quickbooks):
    skipped, *others = postings(hub, "review")
    hub("skip", skipped, "--reason", "Paid in cash.")
    hub("approve", *others)
    hub("sync")
    removed = postings(hub, "posted")[0]
    assert hub("undo", removed, "--yes")[0] == 0
    hub("sync")
    before = quickbooks.books()
    _, out, err = hub("sync", "costtracker", "--from-start", "--json")
    assert "CostTracker is read from the beginning" in err
    assert "nothing is posted twice" in err
    assert json.loads(out)["apps"]["costtracker"]["documents"] > len(others)
    assert quickbooks.books() == before
    assert postings(hub, "skipped") == [skipped]
    acts = [json.loads(line) for line in hub("audit", "list", "--json")[1].splitlines()]
    assert "reading started over" in [act["what"] for act in acts]


@pytest.mark.parametrize("words", [(), ("costtracker", "--only", "invoice:1")])
def test_one_app_as_a_whole_is_read_from_the_start(hub, words):
    code, _, err = hub("sync", *words, "--from-start")
    assert (code, "--from-start" in err) == (2, True)


def test_approved_postings_are_posted_by_the_next_sync(hub):
    ids = postings(hub, "review")
    assert hub("approve", *ids)[0] == 0
    report = json.loads(hub("sync", "--json")[1])["apps"]["costtracker"]
    assert report["posted"] == len(ids)
    assert set(next(iter(report["sums"].values()))) == {"source", "posted", "quickbooks"}


def test_an_id_that_is_given_twice_counts_once(hub):
    id, *_ = postings(hub, "review")
    code, out, _ = hub("approve", id, id)
    assert (code, out.partition(".")[0]) == (0, "Approved 1")


def test_a_posting_is_approved_once(hub):
    id, *_ = postings(hub, "review")
    hub("approve", id)
    code, _, err = hub("approve", id)
    assert (code, f"{id} is ready, not in review" in err) == (1, True)


def test_a_posting_is_skipped_for_a_reason(hub):
    id, *_ = postings(hub, "review")
    assert hub("skip", id, "--reason", "paid privately")[0] == 0
    assert postings(hub, "skipped") == [id]


def test_an_edit_in_quickbooks_is_shown_before_it_is_overwritten(empty, app, quickbooks, clock):
    bench = PostingBench(app, quickbooks, clock)
    first = bench.bill()
    bench.drain()
    id = bench.change(first, "delete")
    bench.edit(bench.posting(first).quickbooks_id, DocNumber="OTHER-1")
    bench.drain()
    code, out, _ = empty("overwrite", id, input="n\n")
    assert (code, "in version 1, number OTHER-1, total 100.00" in out) == (1, True)
    assert bench.state(id) == "held"
    assert empty("overwrite", id, "--yes")[0] == 0
    bench.drain()
    assert (bench.state(id), bench.bills()) == ("posted", [])


@pytest.mark.parametrize(
    "command",
    [
        ("retry", 99),
        ("adopt", 99, 1),
        ("not-this", 99, 1),
        ("overwrite", 99),
        ("skip", 99, "--reason", "x"),
        ("approve", 99),
    ],
)
def test_a_posting_that_does_not_exist_is_named(empty, command):
    code, _, err = empty(*command)
    assert (code, "There is no posting 99; `hub outbox` lists them" in err) == (1, True)


def test_a_credit_is_listed_with_the_sign_that_the_pages_give_it(hub):
    credits = [
        row
        for row in json.loads(hub("outbox", "--json")[1])
        if row["kind"] == "vendor_credit" and row["total"]
    ]
    listed = hub("outbox")[1]
    assert credits
    for row in credits:
        (line,) = (line for line in listed.splitlines() if line.startswith(f"{row['id']} "))
        assert f" -{row['total']} " in line


def test_a_case_names_its_source_once_and_the_amount_that_it_stops(hub):
    with transaction() as session:
        posting = session.scalars(select(Posting).where(Posting.total.is_not(None))).first()
        total, id, installation_id = posting.total, posting.id, posting.installation_id
        problem = "Lines plus tax add up to 100.00; it says 90.00. Fix this at the source."
        text = CaseText("document.unreadable", document="Bill 7", problem=problem)
        inbox.open(
            session, "sums", text, company_id=1, installation_id=installation_id, postings=[id]
        )
    listed = hub("cases")[1]
    assert (listed.count("Fix this in CostTracker."), "at the source" in listed) == (1, False)
    assert f", {total:.2f} NOK" in listed or f", {total:.2f} USD" in listed
    [case] = json.loads(hub("cases", "--json")[1])
    assert [D(amount) for amount in case["amounts"].values()] == [total]


def test_either_all_chosen_postings_are_approved_or_none(hub):
    id, *_ = postings(hub, "review")
    assert hub("approve", id, 99)[0] == 1
    assert id in postings(hub, "review")


def test_runs_and_their_lines_are_listed(hub):
    rows = json.loads(hub("runs", "--json")[1])
    assert (rows[0]["kind"], rows[0]["app"], rows[0]["outcome"]) == ("sync", "costtracker", "done")
    assert "Collected: " in hub("runs", rows[0]["id"])[1]


def test_the_books_are_proved(hub):
    hub("approve", *postings(hub, "review"))
    hub("sync")
    code, out, _ = hub("reconcile")
    assert (code, "match QuickBooks" in out, "Difference" in out, "costtracker" in out) == (
        0,
        True,
        False,
        True,
    )
    assert json.loads(hub("reconcile", "--json")[1])["wrong"] == []


def test_a_bill_that_was_deleted_in_quickbooks_is_reported_by_the_proof(hub, quickbooks):
    hub("approve", *postings(hub, "review"))
    hub("sync")
    rows = json.loads(hub("outbox", "--state", "posted", "--json")[1])
    row = next(row for row in rows if (row["kind"], row["operation"]) == ("bill", "create"))
    quickbooks.act("delete", kind="Bill", id=row["quickbooks_id"])
    code, out, _ = hub("reconcile")
    assert (
        code,
        f"posted as transaction {row['quickbooks_id']}, which is no longer there" in out,
    ) == (3, True)
    listed = hub("runs")[1]
    assert "needs attention" in listed.splitlines()[1]


def test_without_a_realm_every_connected_company_is_proved(hub):
    with transaction() as session:
        moment = session.get_one(ConnectedCompany, 1).connected_at
        second = ConnectedCompany(
            realm="2", name="Second AS", state="disconnected", connected_at=moment
        )
        session.add(second)
    assert "documents" in json.loads(hub("reconcile", "--json")[1])
    with transaction() as session:
        session.get_one(ConnectedCompany, second.id).state = "connected"
    code, out, _ = hub("reconcile")
    assert (
        code,
        out.count("match QuickBooks"),
        "Second AS:\nNothing is posted yet." in out,
    ) == (0, 2, True)
    assert set(json.loads(hub("reconcile", "--json")[1])) > {"2"}


def test_amounts_are_listed_to_the_cent_and_moments_with_their_zone(hub):
    rows = json.loads(hub("outbox", "--json")[1])
    assert {len(row["total"].partition(".")[2]) for row in rows if row["total"]} == {2}
    assert re.search(r"20\d\d-\d\d-\d\d \d\d:\d\dZ  done", hub("runs")[1])


def test_the_first_lists_are_put_into_the_source_when_no_run_does_so(empty, app, quickbooks, clock):
    """Both would create in the source what it does not have yet."""
    source = SmallSource()
    object.__setattr__(app.extensions["hub"], "plugins", Plugins.load([source], installed=False))
    run = take("lists-1")
    pushed_before = []

    def end_run(now):
        if len(clock.slept) == 2:
            pushed_before.append(dict(source.pushed))
            run.release()

    clock.followers.append(end_run)
    code, _, problems = empty("apps", "enable", SLUG)
    assert (code, pushed_before, "account" in source.pushed) == (0, [{}], True)
    assert "This company is in use by another process" in problems


def test_an_app_is_paused_set_and_disabled(hub):
    assert (
        "mode paused, every 2h (Europe/Oslo)"
        in hub(
            "apps",
            "set",
            "costtracker",
            "--mode",
            "paused",
            "--schedule",
            "2h",
            "--zone",
            "Europe/Oslo",
        )[1]
    )
    code, _, error = hub("apps", "set", "costtracker")
    assert (code, "Say what to change" in error) == (2, True)
    assert "Every enabled app is paused" in hub("sync")[2]
    assert "is disabled" in hub("apps", "disable", "costtracker")[1]
    assert "No app is enabled yet" in hub("sync")[2]


def test_a_sync_of_an_app_leaves_out_a_company_for_which_it_is_paused(hub, app, clock):
    with transaction() as session:
        first = session.scalars(select(Installation)).one()
        first.mode = "paused"
        company = ConnectedCompany(realm="77", name="Bravovik", connected_at=clock.now())
        session.add(company)
        session.flush()
        session.add(
            Installation(
                company_id=company.id, slug=first.slug, mode="auto", created_at=clock.now()
            )
        )
    assert "is paused" not in hub("sync", "costtracker")[2]
    with read_only_session() as session:
        runs = session.scalars(select(Run).where(Run.company_id == company.id)).all()
    assert len(runs) == 1


def test_matches_travel_by_csv(hub, tmp_path):
    file = tmp_path / "matches.csv"
    assert hub("apps", "matches", "costtracker", "--export", file)[0] == 0
    header, rows = spreadsheets.decode(file.read_bytes())
    assert header == ["field", "code", "name", "quickbooks_id", "quickbooks_name"]
    assert rows
    code, out, err = hub("apps", "matches", "costtracker", "--export", "-")
    assert (code, spreadsheets.decode(out.encode())) == (0, (header, rows))
    assert err.startswith("Wrote ")
    file.write_text("field,code,quickbooks_id\ncolour,1,7\n")
    code, _, err = hub("apps", "matches", "costtracker", "--import", file)
    assert (code, "Line 2: There is no field “colour”" in err) == (1, True)


def test_the_company_is_listed_checked_and_disconnected(hub):
    row = json.loads(hub("companies", "list", "--json")[1])[0]
    assert row["holds_unused_until"] < row["reconnect_by"]
    assert row["state"] == "connected"
    heads = hub("companies", "list")[1].partition("\n")[0]
    assert "EXPIRES IF UNUSED" in heads
    assert heads.endswith("RECONNECT BEFORE")
    assert "works, and its lists are fresh" in hub("companies", "check", row["realm"])[1]
    assert (
        "in batches where more than a few wait"
        in hub("companies", "batches", row["realm"], "auto")[1]
    )
    assert json.loads(hub("companies", "list", "--json")[1])[0]["batches"] == "auto"
    assert "is disconnected" in hub("companies", "disconnect", row["realm"])[1]
    assert json.loads(hub("companies", "list", "--json")[1])[0]["state"] == "disconnected"


def test_a_company_that_a_person_disconnected_is_not_missing(hub, app, monkeypatch):
    folder = str(app.extensions["hub"].config.data)
    keys = {"HUB_SECRET_KEY": SECRET_KEY, "HUB_VAULT_KEYS": VAULT_KEYS}
    for name, value in {"HUB_DATA": folder, **keys}.items():
        monkeypatch.setenv(name, value)
    hub("companies", "disconnect", json.loads(hub("companies", "list", "--json")[1])[0]["realm"])
    lines = [line for line in hub("check")[1].splitlines() if "connection to" in line]
    assert [re.sub(" to .*:", " to it:", line) for line in lines] == [
        "ok       connection to it: a person disconnected it"
    ]


def test_a_check_of_many_companies_lists_those_that_do_not_work(hub, app, clock, monkeypatch):
    folder = str(app.extensions["hub"].config.data)
    for name, value in {"HUB_DATA": folder, **KEYS}.items():
        monkeypatch.setenv(name, value)
    states = [ConnectionState.CONNECTED] * 12 + [ConnectionState.RECONNECT]
    with transaction() as session:
        for number, state in enumerate(states):
            company = ConnectedCompany(realm=f"R{number}", name="Lie AS", connected_at=clock.now())
            company.state, company.state_reason = state, "the token was revoked"
            session.add(company)
    lines = [line for line in hub("check")[1].splitlines() if " connection" in line]
    assert lines == [
        "ok       connections to 13 companies",
        "missing  connection to Lie AS (R12): reconnect, the token was revoked",
    ]


def test_a_restored_database_is_noted(hub):
    assert "is looked for in QuickBooks before anything is sent again" in hub("restored")[1]


def test_undo_removes_posted_documents_after_a_question(hub):
    hub("approve", *postings(hub, "review"))
    hub("sync")
    run = json.loads(hub("runs", "--json")[1])[0]["id"]
    posted = postings(hub, "posted")
    code, out, _ = hub("undo", posted[0], input="y\n")
    assert (code, "The next sync removes 1 from QuickBooks." in out) == (0, True)
    code, out, _ = hub("undo", f"run:{run}", "--yes")
    assert (code, out.count("can be removed: "), out.count("can't be removed: ")) == (
        0,
        len(posted) - 1,
        1,
    )
    hub("sync")
    assert all(
        "taken out of QuickBooks" in row["reason"]
        for row in json.loads(hub("outbox", "--state", "held", "--json")[1])
    )


def test_undo_says_why_it_can_remove_nothing(hub):
    [run] = json.loads(hub("runs", "--json")[1])
    first, *_ = postings(hub, "review")
    for target, name in ((first, f"posting {first}"), (f"run:{run['id']}", f"run {run['id']}")):
        code, out, _ = hub("undo", target, "--yes")
        expected = f"Nothing can be removed: no transaction of {name} is posted.\n"
        assert (code, out) == (3, expected)


def test_undo_names_an_id_that_is_neither_a_run_nor_a_posting(empty):
    assert "neither the id of a posting nor run:ID" in empty("undo", "x12")[2]
    assert "'99' is not" in empty("undo", "run:99")[2] or "99" in empty("undo", "run:99")[2]
