"""The contract suite rejects plugins that do not work, and waits for rate-limited stand-ins."""

import datetime as dt
import importlib
import re
import sys
import threading
import time
from dataclasses import replace
from itertools import count
from types import SimpleNamespace
from xml.etree import ElementTree

import pytest

from hub import (
    App,
    Checkpoint,
    Code,
    Document,
    Field,
    Line,
    Retry,
    Tenant,
    Unreadable,
    hookimpl,
    money,
    read_changes,
    row_version,
    setting,
)
from hub.contract.registry import Plugins
from hub.errors import PluginBroken, Refused
from hub.testing import bench as bench_module
from hub.testing.bench import Bench
from hub.testing.contract import contract
from hub.testing.limits import limit_time
from qbo_sandbox.kit import Harness, Limits, clock, json_answer
from tests.support.sources.guide_plugin import guide_plugin

pytest_plugins = ["pytester"]

NAME = "depot"
FAILED = pytest.fail.Exception
READABLE = "test_only_documents_declared_unreadable_cannot_be_read"
POSTABLE = "test_every_ready_document_can_be_posted"
READY = "test_each_kind_that_the_app_posts_has_a_ready_document"
SUITE = f"""
from hub.testing.contract import contract

TestContract = contract("{NAME}", wrong_keys={{"key": "wrong"}})
"""


@pytest.fixture
def plugin(tmp_path, monkeypatch):
    """Return the module of the tutorial's plugin under another name; tests break it."""
    for place, text in guide_plugin(NAME).items():
        file = tmp_path / place
        file.parent.mkdir(exist_ok=True)
        file.write_text(text)
    monkeypatch.syspath_prepend(tmp_path)
    yield importlib.import_module(f"hub_{NAME}")
    for name in [name for name in sys.modules if name.partition(".")[0] == f"hub_{NAME}"]:
        del sys.modules[name]


@pytest.fixture
def suite(plugin, monkeypatch):
    """Return a function that returns the contract suite of the plugin as it is then."""

    def suite(**options):
        plugins = Plugins.load([plugin], installed=False)
        monkeypatch.setattr(bench_module, "load_plugins", lambda: plugins)
        return contract(NAME, wrong_keys={"key": "wrong"}, **options)()

    return suite


def run(tests, name):
    """Run one test of a contract suite."""
    getattr(tests, name)()


def declare(monkeypatch, plugin, **changes):
    """Change what the plugin declares about its app."""
    about = {name: getattr(plugin.hub_apps()[0], name) for name in App.__dataclass_fields__}
    app = App(**{**about, **changes})
    monkeypatch.setattr(plugin, "hub_apps", hookimpl(lambda: [app]))


def test_a_plugin_that_works_passes(suite, capsys):
    run(suite(), READABLE)
    run(suite(), READY)
    assert capsys.readouterr().out == ""


def test_a_plugin_whose_payments_are_all_unreadable_is_refused(suite, plugin, monkeypatch):
    bill = plugin.bill

    def read(row):
        return payment(row) if row["number"].endswith("1") else bill(row)

    def payment(row):
        return Document(kind="payment", source_id=row["id"], total=money(row["amount"]))

    declare(monkeypatch, plugin, posts=("bill", "payment"))
    monkeypatch.setattr(plugin, "bill", read)
    with pytest.raises(FAILED, match=r"4 × The source sent no “amount” for it\. \(r1, r11, r21, …"):
        run(suite(), READABLE)
    with pytest.raises(FAILED, match="payment: none was read as a document") as caught:
        run(suite(), READY)
    assert "bill:" not in str(caught.value)


def refuse():
    raise Refused("Shed is closed.")


def no_rows():
    return []


def unreadable_rows():
    return [Unreadable(source_id="r1", reason="It is torn.")]


@pytest.mark.proof(small=1, full=2)
@pytest.mark.parametrize(
    ("hook", "answer", "words"),
    [
        ("hub_check", refuse, "hub_check of depot raised Refused: Shed is closed."),
        ("hub_documents", refuse, "hub_documents of depot raised Refused: Shed is closed."),
        ("hub_documents", no_rows, "hub_documents of depot reads no document from its stand-in."),
        (
            "hub_documents",
            unreadable_rows,
            "reads no document, and 1 rows that are unreadable, such as r1: It is torn.",
        ),
        ("hub_sandbox", refuse, "The start of depot on its stand-in raised Refused: Shed is"),
    ],
)
def test_one_cause_fails_one_test_and_the_others_name_it_in_one_line(
    suite, plugin, monkeypatch, pytester, hook, answer, words
):
    suite()
    monkeypatch.setattr(plugin, hook, hookimpl(lambda app: answer(), specname=hook))
    plugins = Plugins.load([plugin], installed=False)
    monkeypatch.setattr(bench_module, "load_plugins", lambda: plugins)
    pytester.makeini("[pytest]")
    pytester.makepyfile(test_depot=SUITE)
    recorded = pytester.inline_run("-p", "no:cacheprovider", "-p", "no:xdist")
    _, skipped, failed = recorded.listoutcomes()
    assert skipped == []
    first, *others = failed
    assert len(others) > 4
    assert first.nodeid.endswith("::test_it_reads_documents_at_all")
    assert words in first.longreprtext
    assert "receipts.py" not in first.longreprtext
    for report in others:
        assert len(report.longreprtext.splitlines()) == 1, report.nodeid
        assert "It waits for test_it_reads_documents_at_all: " in report.longreprtext
        assert words in report.longreprtext


SMOKE = "test_it_reads_documents_at_all"
KEEPS = "hub_documents of depot yields what it has read from another site, and called nothing"


def test_a_client_that_is_kept_for_the_next_site_is_named(suite, plugin, monkeypatch):
    kept = []
    make = plugin.Depot
    monkeypatch.setattr(plugin, "Depot", lambda site: (kept or kept.append(make(site)) or kept)[0])
    tests = suite()
    with pytest.raises(FAILED, match=KEEPS):
        run(tests, SMOKE)
    assert KEEPS in tests.describe_obstacle(READABLE)


def test_a_kind_that_is_always_held_is_refused_with_the_reason(suite, plugin, monkeypatch):
    bill = plugin.bill
    monkeypatch.setattr(plugin, "bill", lambda row: bill({**row, "returned": False}))
    with pytest.raises(FAILED, match="bill: 38 × The tool is still out"):
        run(suite(), READY)


@pytest.mark.parametrize(
    ("code", "sentence"),
    [
        (lambda: Code(id=7), "A code needs id as text, not 7"),
        (
            lambda: 7,
            "The code 'owner' of r1 must be a Code, a QuickBooks id as text or None, not 7",
        ),
        (lambda: Code(id="7", quickbooks_id=51), "quickbooks_id of code 7 must be a text, not 51"),
    ],
)
def test_a_number_as_the_id_of_a_code_is_refused(suite, plugin, monkeypatch, code, sentence):
    def bill(row):
        return Document(kind="bill", source_id=row["id"], codes={"owner": code()})

    monkeypatch.setattr(plugin, "bill", bill)
    with pytest.raises(FAILED, match=sentence):
        run(suite(), READABLE)


def test_a_role_that_does_not_exist_is_refused(suite, plugin, monkeypatch):
    fields = [Field(name="owner", label="Tool owner", role="klass")]
    monkeypatch.setattr(plugin, "hub_fields", hookimpl(lambda app: fields))
    sentence = "hub_depot cannot be used: role of field owner of app depot is 'klass'; .*"
    with pytest.raises(PluginBroken, match=sentence) as caught:
        run(suite(), READY)
    assert "Did it mean 'class'? Correct the plugin, install it again" in caught.value.text


def test_a_policy_that_names_no_setting_is_refused(suite, plugin, monkeypatch):
    declare(monkeypatch, plugin, gone="{deletedd}")
    with pytest.raises(PluginBroken, match="gone of app depot is the setting 'deletedd', which"):
        run(suite(), READY)


def test_an_unreadable_document_that_the_stand_in_shows_on_purpose_is_expected(
    suite, plugin, monkeypatch, capsys
):
    bill = plugin.bill
    monkeypatch.setattr(
        plugin, "bill", lambda row: bill(row | {"day": "2026-02-31"} if row["id"] == "r2" else row)
    )
    run(suite(unreadable={"r2": "is not a date"}), READABLE)
    assert "1 × The source sent something that cannot be read" in capsys.readouterr().out
    for expected in ({"r2": "no amount"}, {"r3": "is not a date"}):
        with pytest.raises(FAILED, match="“2026-02-31” is not a date"):
            run(suite(unreadable=expected), READABLE)


def test_an_expected_unreadable_document_that_can_be_read_is_named(suite):
    with pytest.raises(FAILED, match="r2 should be unreadable with the reason"):
        run(suite(unreadable={"r2": "date"}), READABLE)


def complete(kind):
    """Return a document of a kind that QuickBooks would take."""
    code = Code(id="7", name="Saw")
    return Document(
        kind=kind,
        source_id=f"{kind}:1",
        date=dt.date(2026, 2, 20),
        codes={"owner": code, "payment_account": "35"},
        lines=(Line(id="1", amount=money(5), codes={"tool": code}),),
        total=money(5),
    )


def test_a_document_without_date_party_and_lines_is_not_ready(suite, plugin, monkeypatch):
    bare = Document(kind="bill", source_id="b1")
    monkeypatch.setattr(plugin, "hub_documents", hookimpl(lambda app, site: [bare]))
    for name in (READY, POSTABLE):
        with pytest.raises(FAILED, match="no supplier or customer") as caught:
            run(suite(), name)
        assert "It has no date" in str(caught.value)
        assert "It has no line with an amount" in str(caught.value)


NO_CURSOR = "test_an_invalid_cursor_reads_no_document"


@pytest.mark.parametrize("uses_cursor", [True, False])
def test_a_cursor_of_a_named_stream_reaches_the_source(suite, plugin, monkeypatch, uses_cursor):
    def documents(app, site, cursors, ids):
        cursor = cursors.get("bills", "") if uses_cursor else ""
        if cursor in ("", "0"):
            yield complete("bill")
        yield Checkpoint(cursor="1", stream="bills")

    monkeypatch.setattr(plugin, "hub_documents", hookimpl(documents))
    test = getattr(suite(), NO_CURSOR)
    if uses_cursor:
        test(Bench(NAME))
        return
    with pytest.raises(FAILED, match="which it never wrote, and read bill:1"):
        test(Bench(NAME))


@pytest.mark.parametrize(
    ("changes", "test", "sentence"),
    [
        (
            {"number": "F-2"},
            "test_source_ids_are_unique_across_kinds",
            "two documents with the source id bill:1: bill None and bill F-2. The hub takes them",
        ),
        (
            {"codes": {"ownr": Code(id="1")}, "source_id": "bill:2"},
            "test_documents_use_only_declared_fields_and_roles",
            "with codes that hub_fields does not declare: ownr. Return a Field",
        ),
        (
            {"kind": "vendor_credit", "source_id": "bill:2"},
            "test_documents_are_of_the_kinds_that_the_app_posts",
            "of kinds that App.posts does not name: vendor_credit. Add them",
        ),
        (
            {"stage": "pending", "source_id": "bill:2"},
            "test_pending_documents_have_a_hold",
            "bill:2 of depot is pending and has no `hold`",
        ),
        (
            {"date": None, "source_id": "bill:2"},
            "test_ready_documents_have_a_date_and_a_decimal_total",
            "bill:2 of depot is ready and has no date",
        ),
    ],
)
def test_the_defect_of_a_document_is_reported_with_the_next_step(
    suite, plugin, monkeypatch, changes, test, sentence
):
    documents = [complete("bill")]
    monkeypatch.setattr(plugin, "hub_documents", hookimpl(lambda app, site: documents))
    tests = suite()
    getattr(tests, test)(Bench(NAME))
    documents.append(replace(complete("bill"), **changes))
    with pytest.raises(FAILED, match=re.escape(sentence)):
        getattr(tests, test)(Bench(NAME))


def test_a_document_that_comes_in_two_versions_has_one_source_id(suite, plugin, monkeypatch):
    documents = [replace(complete("bill"), version="1", number="draft")]
    documents.append(replace(complete("bill"), version="2"))
    monkeypatch.setattr(plugin, "hub_documents", hookimpl(lambda app, site: documents))
    suite().test_source_ids_are_unique_across_kinds(Bench(NAME))


@pytest.mark.parametrize("is_derived", [False, True])
def test_values_that_no_json_contains_are_named_as_not_compared(
    suite, plugin, monkeypatch, is_derived
):
    monkeypatch.setattr(plugin, "hub_documents", hookimpl(lambda app, site: [complete("bill")]))
    derived = {"total": "The depot answers XML."} if is_derived else {}
    test = suite(derived=derived).test_values_of_documents_follow_the_answers_of_the_source
    if is_derived:
        test("total")
        return
    with pytest.raises(FAILED, match="neither its total, 5, nor any other value of it"):
        test("total")


@pytest.mark.parametrize("fixed_id", ["", "the only one"])
def test_an_account_is_told_apart_by_an_answer_in_xml(suite, plugin, monkeypatch, fixed_id):
    def serve(environ, start):
        start("200 OK", [("Content-Type", "text/xml")])
        return [b'<shop number="1"><id>shop-1</id></shop>']

    def hub_check(app, site):
        reply = site.http.request("GET", site.settings["base_url"] + "/shop").check()
        id = ElementTree.fromstring(reply.body).findtext("id")
        return Tenant(id=fixed_id or id, name="Depot")

    sandbox = replace(plugin.hub_sandbox("depot", None, None), wsgi=Harness(serve))
    monkeypatch.setattr(
        plugin, "hub_sandbox", hookimpl(lambda app: sandbox, specname="hub_sandbox")
    )
    monkeypatch.setattr(plugin, "hub_check", hookimpl(hub_check))
    test = suite().test_hub_check_tells_accounts_apart
    if not fixed_id:
        test(Bench(NAME))
        return
    with pytest.raises(
        FAILED, match="has returned a Tenant with the id 'the only one', which is in"
    ):
        test(Bench(NAME))


def test_a_kind_that_other_settings_bring_counts(suite, plugin, monkeypatch):
    def documents(app, site, cursors, ids):
        yield complete("bill")
        if site.settings["expenses"]:
            yield complete("expense")

    class Settings(plugin.Settings):
        expenses = setting.switch("Expenses", "Depot", default=False)

    declare(monkeypatch, plugin, posts=("bill", "expense"), settings=Settings)
    monkeypatch.setattr(plugin, "hub_documents", hookimpl(documents))
    with pytest.raises(FAILED, match="expense: none was read"):
        run(suite(), READY)
    run(suite(variants=[{"expenses": True}]), READY)


def test_a_plugin_without_a_stand_in_is_named(suite, plugin, monkeypatch):
    monkeypatch.delattr(plugin, "hub_sandbox")
    with pytest.raises(
        Refused, match="The plugin of depot has no stand-in to test it on"
    ) as caught:
        run(suite(), READY)
    assert caught.value.text.endswith("Implement the hook hub_sandbox.")
    monkeypatch.setattr(plugin, "hub_sandbox", hookimpl(lambda app: print), raising=False)
    with pytest.raises(Refused, match=r"returned builtin_function_or_method, .* Return Sandbox\("):
        run(suite(), READY)


# -- stand-ins with a rate limit -------------------------------------------------------------------


@pytest.fixture
def limited(plugin, monkeypatch):
    """Let the stand-in of the plugin take two calls in 15 seconds of its clock, which stands."""
    sandbox = importlib.import_module(f"hub_{NAME}.sandbox")
    open_stand_in = sandbox.stand_in

    def stand_in(folder, documents):
        harness = open_stand_in(folder, documents)
        harness.clock.set(harness.clock.now(), frozen=True)
        limits = Limits(harness.clock, 2, 15)
        serve = harness.app

        def serve_slowly(environ, start):
            seconds = limits.wait()
            if seconds:
                headers = (("Retry-After", str(seconds)),)
                return json_answer(start, 429, {"error": "too many"}, headers)
            return serve(environ, start)

        harness.app = serve_slowly
        return harness

    monkeypatch.setattr(sandbox, "stand_in", stand_in)


@pytest.mark.usefixtures("limited")
class TestWithARateLimit:
    def test_the_suite_waits_for_the_stand_in(self, suite, tmp_path):
        tests = suite(many=200, paged=110)
        paged = Bench(NAME, documents=110, waits=True)
        tests.test_a_second_reading_returns_the_same_documents(paged)
        tests.test_reading_after_a_crash_skips_no_document(paged)
        tests.test_many_documents_need_little_memory()
        tests.test_a_source_that_answers_404_to_everything_loses_no_document(tmp_path)

    def test_a_bench_that_does_not_wait_is_refused(self, suite):
        suite()
        with pytest.raises(Retry) as caught:
            Bench(NAME, documents=110).read()
        assert caught.value.after == 15

    @pytest.mark.parametrize("status", [429, 503])
    def test_a_fault_that_a_test_asked_for_is_passed_on(self, suite, status):
        suite().test_a_busy_source_raises_retry(Bench(NAME, waits=True), status)


# -- a declared rate -------------------------------------------------------------------------------

ENFORCES = "test_the_stand_in_enforces_the_declared_rate"
REFUSES_NOTHING = "test_a_source_called_at_the_declared_rate_refuses_nothing"


def replace_pages(monkeypatch, change):
    """Let the stand-in of the plugin be changed when it is opened."""
    sandbox = importlib.import_module(f"hub_{NAME}.sandbox")
    open_stand_in = sandbox.stand_in

    def stand_in(folder, documents):
        harness = open_stand_in(folder, documents)
        change(harness)
        return harness

    monkeypatch.setattr(sandbox, "stand_in", stand_in)


def test_a_stand_in_that_enforces_the_declared_rate_passes(suite):
    run(suite(), ENFORCES)
    run(suite(), REFUSES_NOTHING)


def test_an_app_without_a_rate_passes(suite, plugin, monkeypatch):
    declare(monkeypatch, plugin, rate="")
    replace_pages(monkeypatch, lambda harness: harness.pages.pop("limit"))
    run(suite(), ENFORCES)
    run(suite(), REFUSES_NOTHING)


def test_a_stand_in_without_a_limit_is_refused(suite, monkeypatch):
    replace_pages(monkeypatch, lambda harness: harness.pages.pop("limit"))
    with pytest.raises(FAILED, match="its stand-in has no page /_sandbox/limit"):
        run(suite(), ENFORCES)


def test_a_rate_above_that_of_the_stand_in_is_refused(suite, plugin, monkeypatch):
    declare(monkeypatch, plugin, rate="1000/15s")
    with pytest.raises(FAILED, match="but its stand-in allows 100 calls in 15 seconds only"):
        run(suite(), ENFORCES)


def test_a_stand_in_that_only_shows_its_limit_is_refused(suite, plugin, monkeypatch):
    monkeypatch.setattr(Limits, "wait", lambda self: 0)
    with pytest.raises(FAILED, match=r"more often than the rate 100/15s allows, and answered. Co"):
        run(suite(), ENFORCES)


def test_a_stand_in_that_does_not_say_how_long_to_wait_is_refused(suite, monkeypatch):
    def forget_wait(harness):
        serve = harness.app
        harness.app = lambda environ, start: serve(environ, lambda line, _: start(line, []))

    replace_pages(monkeypatch, forget_wait)
    with pytest.raises(FAILED, match=r"its stand-in sends no Retry-After with a 429. Send the sec"):
        run(suite(), ENFORCES)


def test_a_source_that_is_called_without_waiting_refuses_calls(suite, monkeypatch):
    monkeypatch.setattr(Bench, "pace", lambda self, open_slot: None)
    with pytest.raises(Retry):
        run(suite(), REFUSES_NOTHING)


def test_two_documents_with_one_id_fail_the_first_test(plugin, suite, monkeypatch):
    documents = [complete("bill"), replace(complete("bill"), number="F-2")]
    monkeypatch.setattr(plugin, "hub_documents", hookimpl(lambda app, site: documents))
    declare(monkeypatch, plugin, hosts=())  # so that nothing need be called
    monkeypatch.setattr(plugin, "hub_check", hookimpl(lambda app: Tenant(id="7", name="Depot")))
    with pytest.raises(FAILED, match="two documents with the source id bill:1: bill None and bill"):
        run(suite(), SMOKE)


def test_a_stand_in_that_fails_is_not_taken_for_the_plugin(plugin, suite, monkeypatch):
    def serve(environ, start):
        raise KeyError("rows")

    sandbox = replace(plugin.hub_sandbox("depot", None, None), wsgi=Harness(serve))
    monkeypatch.setattr(
        plugin, "hub_sandbox", hookimpl(lambda app: sandbox, specname="hub_sandbox")
    )
    words = (
        "hub_check of depot raised StandInDefect: The stand-in failed while it answered GET"
        " /shop (KeyError: 'rows'). Correct the stand-in."
    )
    with pytest.raises(FAILED, match=re.escape(words)):
        run(suite(), SMOKE)


@pytest.mark.parametrize(
    ("result", "words"),
    [
        (None, "it returned None; is a return or a yield missing"),
        (complete("bill"), "it returned a Document, not a list of documents"),
        ([[complete("bill")]], "it yielded a list, not Document, .*; several items need `yield fr"),
    ],
)
def test_a_result_that_is_no_list_of_documents_is_a_defect(
    plugin, suite, monkeypatch, result, words
):
    monkeypatch.setattr(plugin, "hub_documents", hookimpl(lambda app, site: result))
    with pytest.raises(FAILED, match=f"hub_documents of depot raised TypeError: {words}"):
        run(suite(), "test_it_reads_documents_at_all")


def test_an_app_that_declares_no_host_is_told_how(plugin, suite, monkeypatch):
    declare(monkeypatch, plugin, hosts=())
    words = 'which it does not declare. .* Declare the addresses .* App(hosts=("{base_url}",)).'
    with pytest.raises(FAILED, match=re.escape(words).replace(r"\.\*", ".*")):
        run(suite(), "test_it_reads_documents_at_all")


def test_a_setting_that_the_suite_lacks_is_named_with_the_way_to_pass_it(suite):
    words = r"'folder': \['Unknown field.'\].* Pass the settings .* contract\(slug, deposit_account"
    with pytest.raises(FAILED, match=words):
        run(suite(folder="a"), "test_it_reads_documents_at_all")


def test_receipts_wait_for_a_document_that_can_be_posted(plugin, suite, monkeypatch):
    bill = plugin.bill
    monkeypatch.setattr(plugin, "bill", lambda row: bill({**row, "returned": False}))
    with pytest.raises(FAILED, match=f"no document that can be posted, .* {READY} says why"):
        run(suite(), "test_each_wanted_state_is_reported")


def test_many_reasons_are_not_all_listed(plugin, suite, monkeypatch):
    monkeypatch.setattr(
        plugin, "bill", lambda row: Document(kind="bill", source_id=row["id"], url=7)
    )
    with pytest.raises(
        FAILED, match=r"url of r1 must be a text, not 7(.*\n)+  … and \d+ more reas"
    ):
        run(suite(), READABLE)


def test_a_plugin_without_a_check_is_named(plugin, suite, monkeypatch):
    monkeypatch.delattr(plugin, "hub_check")
    with pytest.raises(FAILED, match=r"The plugin of depot has no hub_check. Implement it: call"):
        run(suite(), "test_it_reads_documents_at_all")


# -- what a message says ---------------------------------------------------------------------------


class Unsteady:
    """A hook that yields another number of documents with each call, whatever it is asked for."""

    def __init__(self):
        self.count = 0

    def documents(self):
        self.count += 1
        for n in range(self.count):
            yield replace(complete("bill"), source_id=f"bill:{n}")


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (
            lambda: Tenant(id="shop-1", name="Depot"),
            "returned the account shop-1, as if they w",
        ),
        (lambda: {}["shop"], "raised KeyError: 'shop', not NeedsAttention."),
        (refuse, "raised Refused: Shed is closed, not NeedsAttention. Let"),
    ],
)
def test_wrong_keys_that_are_accepted_are_named(plugin, suite, monkeypatch, answer, words):
    monkeypatch.setattr(plugin, "hub_check", hookimpl(lambda app: answer()))
    test = suite().test_wrong_credentials_raise_needs_attention
    with pytest.raises(FAILED, match=f"hub_check of depot, with key as wrong keys, {words}"):
        test(Bench(NAME))


@pytest.mark.parametrize("name", ["id", "name"])
def test_an_account_without_an_id_or_a_name_is_refused(plugin, suite, monkeypatch, name):
    account = Tenant(**{"id": "shop-1", "name": "Depot", name: " "})
    monkeypatch.setattr(plugin, "hub_check", hookimpl(lambda app: account))
    with pytest.raises(FAILED, match=f"a Tenant whose {name} is ' '. Return what the source"):
        suite().test_hub_check_names_the_account(Bench(NAME))


def test_ids_that_are_not_looked_at_are_named(plugin, suite, monkeypatch):
    unsteady = Unsteady()
    monkeypatch.setattr(plugin, "hub_documents", hookimpl(lambda app: unsteady.documents()))
    with pytest.raises(FAILED, match=r"asked for the ids bill:0, and has also yielded bill:1. Wi"):
        suite().test_reading_by_ids_returns_exactly_these_documents(Bench(NAME))


def test_ids_without_an_answer_are_named(plugin, suite, monkeypatch):
    def documents(app, site, cursors, ids):
        return [] if ids else [complete("bill")]

    monkeypatch.setattr(plugin, "hub_documents", hookimpl(documents))
    with pytest.raises(FAILED, match=r"asked for the ids bill:1, and has not answered bill:1. Wi"):
        suite().test_reading_by_ids_returns_exactly_these_documents(Bench(NAME))


def test_a_document_that_differs_in_a_second_reading_is_named(plugin, suite, monkeypatch):
    unsteady = Unsteady()
    monkeypatch.setattr(plugin, "hub_documents", hookimpl(lambda app: unsteady.documents()))
    with pytest.raises(FAILED, match=r"the second reading differs in bill:1. Make each document"):
        suite().test_a_second_reading_returns_the_same_documents(Bench(NAME))


def test_a_cursor_of_an_empty_list_may_have_the_time_of_the_reading(plugin, suite, monkeypatch):
    def documents(app, site):
        api = plugin.Depot(site)._api

        def pages(since, page):
            api.get("/shop")
            yield [], ""

        yield from read_changes(
            pages, "", Unreadable, version=row_version("updated"), now=lambda: api.date
        )

    monkeypatch.setattr(plugin, "hub_documents", hookimpl(documents))
    seconds = count(int(time.time()))
    monkeypatch.setattr(clock, "time", SimpleNamespace(time=lambda: next(seconds)))
    suite().test_a_second_reading_returns_the_same_documents(Bench(NAME))


@pytest.mark.parametrize("error", [KeyError("id"), None])
def test_a_plugin_that_hides_that_another_server_answers_is_named(
    plugin, suite, monkeypatch, error
):
    def documents(app, site, cursors, ids):
        if ids and error:
            raise error
        return [] if ids else [complete("bill")]

    monkeypatch.setattr(plugin, "hub_documents", hookimpl(documents))
    test = suite().test_a_page_of_another_server_is_an_error_when_reading_by_id
    words = "raised KeyError: 'id', not Retry" if error else "returned as if its source had nothing"
    with pytest.raises(FAILED, match=f"depot was asked for bill:1 and got a page, and {words}"):
        test(Bench(NAME))


def test_a_stand_in_with_other_rows_each_time_is_named(plugin, suite, monkeypatch, tmp_path):
    unsteady = Unsteady()
    monkeypatch.setattr(plugin, "hub_documents", hookimpl(lambda app: unsteady.documents()))
    with pytest.raises(FAILED, match="opened twice with one folder, and has other documents"):
        suite().test_a_reopened_stand_in_has_the_same_documents(tmp_path)


def test_a_form_that_the_stand_in_does_not_have_is_named(suite):
    tests = suite(change=("/rentals/{id}/change", {"day": "2026-02-21"}))
    with pytest.raises(AssertionError, match=r"accepts the form /rentals/\{id\}/change for no doc"):
        tests.test_a_second_change_is_read_too(Bench(NAME))


def test_answers_of_a_stand_in_have_the_time_of_its_clock(suite):
    suite()
    bench = Bench(NAME)
    bench.drive("clock", {"now": "2030-01-02T03:04:05Z", "frozen": True})
    assert bench.page("/shop").headers["Date"] == "Wed, 02 Jan 2030 03:04:05 GMT"


def test_a_page_of_the_stand_in_that_fails_is_named(suite, monkeypatch):
    replace_pages(monkeypatch, lambda harness: harness.pages.update(books=len))
    with pytest.raises(AssertionError, match=r"page /_sandbox/books of the stand-in failed.*len"):
        suite().test_every_row_of_the_stand_in_is_read(Bench(NAME, documents=60))


def test_a_list_without_an_end_is_refused(suite, plugin, monkeypatch):
    documents = plugin.hub_documents

    def endless(app, site, cursors, ids):
        while True:
            yield from documents(app, site, cursors, ids)

    monkeypatch.setattr(plugin, "hub_documents", hookimpl(endless))
    with pytest.raises(FAILED, match=r"hub_documents of depot does not end: .* nothing new"):
        run(suite(), READABLE)


def wait_for_ever():
    threading.Event().wait()


@pytest.mark.parametrize("hook", ["hub_documents", "hub_check"])
def test_a_hook_that_does_not_return_is_named_with_its_line(suite, plugin, monkeypatch, hook):
    def documents(app, site, cursors, ids):
        yield wait_for_ever()

    def check(app, site):
        wait_for_ever()

    stuck = documents if hook == "hub_documents" else check
    monkeypatch.setattr(plugin, hook, hookimpl(stuck))
    suite()
    bench = Bench(NAME, waits=True)
    call = bench.read if hook == "hub_documents" else bench.check
    message = (
        rf"^{hook} of depot has not returned .* It is at .*test_contract.py, line \d+, in wait"
    )
    with pytest.raises(FAILED, match=message), limit_time(NAME, seconds=0.2):
        call()
