"""An app whose account at the source was replaced continues with the new one.

What the former account's documents posted stays, and ids of both accounts are never mixed.
"""

import json
from dataclasses import replace
from decimal import Decimal as D

import pytest
from click.testing import CliRunner
from marshmallow import EXCLUDE, Schema, fields
from sqlalchemy import select

from hub import App, BoundSecrets, Tenant, Unreadable, hookimpl, outbox
from hub.cli import main
from hub.contract.documents import KINDS, Attachment
from hub.db.engine import read_only_session, transaction
from hub.errors import NeedsAttention, NotNow, OtherTenant
from hub.installations import enable, replaced_account
from hub.models import Case, Installation, Posting, ReceiptRow, SourceDocument
from hub.models.enums import PostingState
from hub.posting.actions import retries
from hub.posting.actions.document_repetition import post_document_again
from hub.scheduling import pending_work, runner
from hub.security.secrets import SiteSecrets
from tests.support.pages.page_visitor import Visitor
from tests.support.rows.page_rows import Story, add_people
from tests.support.sources.every_kind_source import SLUG, ShopSite, ShopSource, invoice


class KeySettings(Schema):
    class Meta:
        unknown = EXCLUDE

    key = fields.String(load_default="")


class Accounts(ShopSource):
    """A shop whose access leads to one of two accounts."""

    account = "t1"
    refusal = ""
    checks = 0

    def __init__(self):
        super().__init__()
        self.requested_ids = []
        self.calls = []  # the account and the hook of each call other than a check
        self.accounts = {"t1": self.items, "t2": {}}

    @hookimpl
    def hub_apps(self):
        app = {"slug": SLUG, "name": "Shop", "summary": "", "posts": KINDS, "wants": KINDS_WANTED}
        return [App(**app, settings=KeySettings)]

    @hookimpl
    def hub_check(self, app, site):
        self.checks += 1
        if self.refusal:
            raise NeedsAttention(self.refusal)
        return Tenant(id=self.account, name=f"Account {self.account}")

    @hookimpl
    def hub_documents(self, app, site, cursors, ids):
        self._note("documents")
        items = self.accounts[self.account]
        self.requested_ids += ids
        return [items[id] for id in ids if id in items] if ids else list(items.values())

    @hookimpl
    def hub_fields(self, app):
        return [replace(field, pushed=field.name == "cost") for field in super().hub_fields(app)]

    @hookimpl
    def hub_codes(self, app, site, field):
        self._note("codes")
        return []

    @hookimpl
    def hub_records(self, app, site, field, records):
        self._note("records")
        return []

    @hookimpl
    def hub_attachment(self, app, site, document, attachment):
        self._note("attachment")
        return self.files[attachment.id]

    @hookimpl
    def hub_report(self, app, site, document, receipt):
        self._note("report")
        super().hub_report(app, site, document, receipt)

    @hookimpl
    def hub_subscribe(self, app, site, on):
        self._note("subscribe")

    def _note(self, hook):
        self.calls.append((self.account, hook))


MARK = "source.other_account"
FILE = Attachment(id="f1", name="scan.pdf", mime="application/pdf")
KINDS_WANTED = ("posted", "held", "missing")


@pytest.fixture
def app(app_with_pages):
    return app_with_pages


def bound_row():
    with read_only_session() as session:
        return session.get_one(Installation, 1)


@pytest.fixture
def shop(app, quickbooks, clock):
    shop = ShopSite(app, quickbooks, clock, source=Accounts())
    shop.put(invoice(number="A-1"))
    shop.run()
    assert shop.states()["invoice:1"] == "posted"
    return shop


def change(**options):
    return enable.change(1, SLUG, {"key": "new"}, who="kari", **options)


def continue_with(shop, account, **options):
    shop.source.account = account
    return change(new_account=account, **options)


@pytest.fixture
def command(app, tmp_path):
    """Return a function that runs a command for apps; it returns the exit code and the texts."""
    file = tmp_path / "settings.json"
    file.write_text(json.dumps({"key": "new"}))

    def run(name, *options, settings=True):
        arguments = ["apps", name, SLUG, *(["--settings", str(file)] if settings else []), *options]
        result = CliRunner().invoke(main, arguments, obj=app)
        return result.exit_code, " ".join(result.output.split())

    return run


def open_case_id():
    with read_only_session() as session:
        return session.scalars(select(Case.id).where(Case.closed_at.is_(None))).one()


def invoices_of(shop):
    return sorted(
        (entity["DocNumber"], float(entity["TotalAmt"])) for entity in shop.ours("Invoice")
    )


def stored(tenant):
    with read_only_session() as session:
        query = select(SourceDocument.source_id, Posting.state).join(
            Posting, Posting.document_id == SourceDocument.id
        )
        query = query.where(SourceDocument.tenant == tenant, Posting.kind == "invoice")
        return dict(session.execute(query.order_by(Posting.id)).all())


def test_nothing_is_read_once_the_nightly_check_finds_another_account(shop):
    shop.source.account = "t2"
    shop.source.accounts["t2"] |= {
        "invoice:2": replace(invoice(number="B-1"), source_id="invoice:2")
    }
    runner.run_company_job("lists", 1, requested_by="schedule")
    with read_only_session() as session:
        case = session.get_one(Case, open_case_id())
        assert (case.code, "lead to the account Account t2" in case.reason) == (MARK, True)
    for _ in range(2):
        run = runner.sync(1, requested_by="schedule")
        assert (run.outcome, "lead to the account Account t2" in run.error) == ("stopped", True)
    shop.source.refusal = "The key has ended."
    assert runner.sync(1, requested_by="schedule").outcome == "stopped"
    shop.source.refusal = ""
    assert runner.sync(1, requested_by="schedule").outcome == "stopped"
    assert [number for number, _ in invoices_of(shop)] == ["A-1"]
    shop.source.account = "t1"
    shop.put(replace(invoice(number="A-2"), source_id="invoice:3"))
    assert runner.sync(1, requested_by="schedule").outcome == "done"
    assert [number for number, _ in invoices_of(shop)] == ["A-1", "A-2"]
    assert shop.cases() == []


def test_the_account_is_checked_by_syncs_only_after_the_nightly_check_found_another(shop):
    shop.source.checks = 0
    shop.run()
    assert shop.source.checks == 0
    shop.source.account = "t2"
    runner.run_company_job("lists", 1, requested_by="schedule")
    shop.run()
    assert shop.source.checks == 2


def test_calls_are_turned_on_again_wherever_changed_settings_lead(shop):
    shop.source.calls.clear()
    change()
    assert shop.source.calls == [("t1", "subscribe")]
    continue_with(shop, "t2")
    assert shop.source.calls == [("t1", "subscribe"), ("t2", "subscribe")]
    enable.change(1, SLUG, {}, who="kari", mode="auto")
    enable.change(1, SLUG, {"schedule": "30 6 * * 1-5"}, who="kari")
    assert len(shop.source.calls) == 2, "the hub's own settings lead nowhere else"


@pytest.fixture
def misled(shop):
    """Return a shop with a file and a receipt that wait, whose access leads to another account."""
    shop.source.files = {"f1": b"%PDF-1.7 scan"}
    enable.set_mode(1, "review", who="kari")
    shop.run(replace(invoice("invoice:4", number="A-4"), attachments=(FILE,)))
    shop.source.calls.clear()
    shop.source.account = "t2"
    runner.run_company_job("lists", 1, requested_by="schedule")
    enable.set_mode(1, "auto", who="kari")
    with transaction() as session:
        add_people(session)
        outbox.approve_all(session, 1, "kari")
    return shop


def file_states():
    with read_only_session() as session:
        files = select(Posting).where(Posting.operation == "attach")
        return [(file.state, file.next_try_at, file.reasons) for file in session.scalars(files)]


def waiting_receipts():
    with read_only_session() as session:
        waiting = select(ReceiptRow).where(ReceiptRow.ended == "")
        return [(row.tries, row.error) for row in session.scalars(waiting)]


def test_the_nightly_run_checks_the_account_before_it_sends_lists(shop):
    shop.source.calls.clear()
    shop.source.account = "t2"
    runner.run_company_job("lists", 1, requested_by="schedule")
    assert shop.source.calls == []
    shop.source.account = "t1"
    run = runner.run_company_job("lists", 1, requested_by="schedule")
    assert (run.outcome, shop.source.calls) == ("done", [("t1", "records")])


def test_no_list_is_sent_while_the_account_cannot_be_checked(shop):
    shop.source.calls.clear()
    shop.source.account, shop.source.refusal = "t2", "The key has ended."
    runner.run_company_job("lists", 1, requested_by="schedule")
    assert shop.source.calls == []


def test_receipts_and_files_wait_until_the_account_is_right_again(misled, clock):
    assert runner.post(1, requested_by="engine").outcome == "done"
    runner.run_company_job("changes", 1, requested_by="schedule")
    assert len(invoices_of(misled)) == 2
    assert misled.source.calls == []
    assert waiting_receipts() == [(0, "")]
    assert file_states() == [("ready", None, [])]
    assert len(misled.cases()) == 1
    clock.advance(3600)
    assert pending_work.request_runs(clock.now()) == 0
    assert pending_work.select_sendable([1], clock.now()) == set()

    misled.source.account = "t1"
    runner.run_company_job("lists", 1, requested_by="schedule")
    assert pending_work.request_runs(clock.now()) == 1
    runner.post(1, requested_by="engine")
    assert (waiting_receipts(), misled.cases()) == ([], [])
    assert [state for state, *_ in file_states()] == ["posted"]
    assert {account for account, _ in misled.source.calls} == {"t1"}


def test_a_paused_app_still_leads_to_another_account_when_it_continues(misled):
    enable.set_mode(1, "paused", who="kari")
    enable.set_mode(1, "auto", who="kari")
    assert runner.sync(1, requested_by="schedule").outcome == "stopped"
    assert misled.source.calls == []
    enable.disable(1, SLUG, who="kari")
    assert misled.cases() == []
    misled.source.account = "t1"
    change()
    assert runner.sync(1, requested_by="schedule").outcome == "done"


def test_pages_and_commands_read_nothing_from_another_account(misled, app):
    visitor = Visitor(app, Story(1, misled.id))
    visitor.log_in("oda")
    document_id = misled.posting("invoice:4").document_id
    file = visitor.get(f"/documents/{document_id}/file?id=f1", follow_redirects=True)
    assert "leads to another account" in file.text
    compared = visitor.page(f"/installations/{misled.id}/compare?field=client")
    assert "leads to another account" in compared
    with pytest.raises(NotNow, match="leads to another account"):
        enable.push_first_lists(bound_row())
    enable.disable(1, SLUG, who="kari")
    assert misled.source.calls == []


def test_another_account_is_refused_until_a_person_lets_the_app_continue_with_it(shop):
    shop.source.account = "t2"
    with pytest.raises(OtherTenant, match="ask whether the app is to continue with Account t2"):
        change()
    with pytest.raises(OtherTenant):
        change(new_account="t3")
    assert change(new_account="t2").tenant == "t2"


@pytest.mark.parametrize("name", ["set", "enable"])
def test_a_command_asks_what_the_page_asks_and_takes_the_answer(shop, command, name):
    enable.set_mode(1, "review", who="kari")
    shop.run(invoice("invoice:2", number="A-2"))
    shop.source.account = "t2"
    code, text = command(name)
    assert code == 1
    assert "With these settings t1 is no longer read, but Account t2." in text
    assert "1 document of t1 waits and is left out of the books." in text
    assert "have other ids there, so those from the chosen day on count as new." in text
    assert text.endswith("again with --new-account t2 and --start-date DAY.")
    assert stored("t1")["invoice:2"] == "review"

    code, text = command(name, "--new-account", "t2")
    assert (code, "start_date" in text, bound_row().tenant) == (1, True, "t1")
    code, text = command(name, "--new-account", "t3", "--start-date", "2026-11-01")
    assert (code, "--new-account t2" in text, bound_row().tenant) == (1, True, "t1")
    code, text = command(name, "--new-account", "t2", "--start-date", "2026-11-01")
    assert code == 0, text
    row = bound_row()
    assert (row.tenant, row.start_date.isoformat()) == ("t2", "2026-11-01")
    assert stored("t1")["invoice:2"] == "skipped"


def test_a_command_tries_stored_access_that_leads_to_another_account(shop, command):
    shop.source.account = "t2"
    code, text = command("set", "--new-account", "t2", "--start-date", "2026-11-01", settings=False)
    assert (code, bound_row().tenant) == (0, "t2"), text


def test_what_the_former_account_posted_stays_and_the_same_id_is_another_document(shop):
    shop.source.accounts["t2"] = {"invoice:1": invoice(number="B-1", amount="250.00")}
    continue_with(shop, "t2")
    shop.source.items.clear()
    shop.run()
    shop.run()
    assert (stored("t1"), stored("t2")) == ({"invoice:1": "posted"}, {"invoice:1": "posted"})
    assert invoices_of(shop) == [("A-1", 100), ("B-1", 250)]
    assert shop.cases() == []


def test_a_former_document_that_could_not_be_read_is_nobody_s_case(shop):
    shop.run(Unreadable(source_id="invoice:1", reason="A row is cut off."))
    assert shop.cases() == ["Invoice A-1 of Fjord Homes"]
    continue_with(shop, "t2")
    assert shop.cases() == []


def test_what_the_plugin_stored_of_the_former_account_is_forgotten_but_for_its_tokens(shop):
    stored_values = SiteSecrets(1)
    stored_values["orders read"] = "ids 1-7"
    tokens = BoundSecrets(stored_values, "key")
    tokens.put("refresh_token", "r2")
    change()
    assert list(stored_values) == ["orders read", "refresh_token"]
    continue_with(shop, "t2")
    assert list(stored_values) == ["refresh_token"]
    assert tokens.get("refresh_token") == "r2"


@pytest.mark.parametrize("mode", ["review", "auto"])
def test_what_waits_is_left_out_and_is_never_read_or_reported_again(shop, mode):
    enable.set_mode(1, "review", who="kari")
    shop.run(
        invoice(number="A-1", amount="120.00"),
        invoice("invoice:2", number="A-2"),
        replace(invoice("invoice:3", number="A-3"), total=D("9.99")),
    )
    assert replaced_account.count_unposted(1) == 3
    assert shop.cases()
    shop.source.receipts.clear()
    continue_with(shop, "t2", mode=mode)
    assert (shop.cases(), replaced_account.count_unposted(1)) == ([], 0)
    shop.source.accounts["t2"] = {"invoice:2": invoice("invoice:2", number="B-2")}
    shop.run()
    assert shop.source.requested_ids == []
    assert set(stored("t1").values()) == {"skipped"}
    assert stored("t2") == {"invoice:2": "posted" if mode == "auto" else "review"}
    assert [id for id, _ in shop.source.receipts] == ["invoice:2"] * (mode == "auto")
    with read_only_session() as session:
        former = session.scalars(
            select(SourceDocument).where(
                SourceDocument.tenant == "t1", SourceDocument.source_id == "invoice:2"
            )
        ).one()
        assert retries.find_revocable_skips(session, former) == set()


def test_a_former_document_that_leaves_quickbooks_is_a_case_and_is_not_posted_again(shop, app):
    shop.run(invoice(number="A-1", url="https://shop.example.com/invoices/1"))
    with transaction() as session:
        add_people(session)
    visitor = Visitor(app, Story(1, shop.id))
    visitor.log_in("oda")
    posting = shop.posting("invoice:1")
    address = f"/documents/{posting.document_id}"
    assert "https://shop.example.com/invoices/1" in visitor.page(address)
    continue_with(shop, "t2")
    shop.quickbooks.act("delete", kind="Invoice", id=posting.quickbooks_id)
    runner.run_company_job("changes", 1, requested_by="kari")
    assert shop.cases() == ["Missing in QuickBooks"]
    for page in (address, f"/inbox/{open_case_id()}"):
        text = visitor.page(page)
        assert "A-1" in text
        assert "shop.example.com" not in text, "the link leads into the new account"
    with pytest.raises(NotNow):
        post_document_again(posting.id, "kari")
    shop.source.receipts.clear()
    shop.run()
    assert (shop.source.receipts, invoices_of(shop)) == ([], [])


def test_a_document_that_may_be_on_its_way_stops_the_change(shop):
    with transaction() as session:
        session.get_one(Posting, shop.posting("invoice:1").id).state = PostingState.UNKNOWN
    with pytest.raises(NotNow, match="1 postings of Shop are on their way"):
        continue_with(shop, "t2")
    assert stored("t1") == {"invoice:1": "unknown"}


def test_the_former_account_comes_back_with_what_it_has_posted(shop):
    continue_with(shop, "t2")
    shop.run()
    continue_with(shop, "t1")
    shop.run(invoice("invoice:2", number="A-2"))
    assert invoices_of(shop) == [("A-1", 100), ("A-2", 100)]
    assert stored("t1") == {"invoice:1": "posted", "invoice:2": "posted"}


def test_a_reading_that_is_under_way_does_not_store_former_documents(app, quickbooks, clock):
    """The account is replaced after the list was read, and before it is stored."""
    shop = ShopSite(app, quickbooks, clock, source=Accounts())
    documents = [invoice("invoice:7", number="A-7")]
    change()
    shop.source.accounts["t1"] = Late(documents, lambda: continue_with(shop, "t2"))
    shop.run()
    assert "invoice:7" not in stored("t2")


class Late(dict):
    """Documents that are read while a person lets the app continue with another account."""

    def __init__(self, documents, act):
        super().__init__()
        self._documents, self._act = documents, act

    def values(self):
        self._act()
        return self._documents


def test_continuing_with_the_other_account_closes_its_case(misled):
    continue_with(misled, "t2")
    assert misled.cases() == []
    assert runner.sync(1, requested_by="schedule").outcome == "done"
