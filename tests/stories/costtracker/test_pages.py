"""CostTracker on the pages, from an empty hub to posted bills."""

from html import escape
from urllib.parse import urlsplit

import pytest
import requests

from hub.db.engine import read_only_session
from hub.models import Access, ConnectedCompany, Installation, SourceDocument
from hub.qbo import record_download
from hub.qbo.oauth import connect as oauth_connect
from hub.scheduling import run_log, runner
from tests.support.runs.hub_environment import COSTTRACKER
from tests.support.sources.costtracker_site import CostTrackerSite

pytestmark = pytest.mark.end_to_end

APP = "/apps/costtracker"
CONFIGURE = f"{APP}/1/configure"
FORM = {"mode": "auto", "schedule": "15m", "zone": "Europe/Oslo", "start_date": ""}
CONTACT = "support@costtracker.no"


class CostTrackerPages:
    """An owner at the hub's pages, with QuickBooks and a CostTracker that has no invoices yet."""

    def __init__(self, visitor, clock):
        self.visitor, self.app = visitor, visitor.app
        self.quickbooks = visitor.quickbooks
        self.page, self.press, self.post = visitor.page, visitor.press, visitor.post
        self.site = CostTrackerSite(self.app, self.quickbooks, clock)
        settings = {**self.site.source.settings(COSTTRACKER), "payable_account": "33"}
        switches = ("transfer_locations", "transfer_classes", "transfer_customers", "attach_files")
        self.form = {**FORM, **settings, **dict.fromkeys(switches, "1")}

    def consent(self, start, decision="connect", realm=None):
        """Press a button that leads to QuickBooks' consent page, and decide there.

        Return that page and the next.
        """
        address = self.post(start).location
        fields = {
            "user": "admin",
            "realm": realm or self.quickbooks.realm,
            "decision": decision,
        }
        with requests.Session() as session:
            for prefix, adapter in self.app.extensions["hub"].mounts.items():
                session.mount(prefix, adapter)
            page = session.get(address).text
            answer = session.post(address, data=fields, allow_redirects=False)
        back = urlsplit(answer.headers["Location"])
        return page, self.page(f"{back.path}?{back.query}")

    def connect(self):
        """Connect the first company without the consent page."""
        realm = self.quickbooks.realm
        with self.app.app_context():
            token = self.quickbooks.refresh_tokens[realm]
            record_download.refresh(oauth_connect.connect_with_refresh_token(realm, token).id)

    def do_waiting_runs(self):
        """Execute the runs that the engine would start now."""
        with self.app.app_context():
            for run in run_log.list_waiting_runs():
                runner.execute(run.id)

    def enable(self, **changes):
        """Enable the app by its form, and push the lists by the page's button."""
        assert "is enabled" in self.press(CONFIGURE, **{**self.form, **changes})
        self.press("/installations/1/lists")
        self.do_waiting_runs()

    def sync(self):
        self.press("/installations/1/run")
        self.do_waiting_runs()

    def document(self, id):
        """Return the id of an invoice's document and its page, with single spaces."""
        with self.app.app_context(), read_only_session() as session:
            condition = SourceDocument.source_id == f"invoice:{id}"
            number = session.query(SourceDocument).filter(condition).one().id
        return number, " ".join(self.page(f"/documents/{number}").split())


@pytest.fixture
def pages(visitor_with_stand_ins, clock):
    return CostTrackerPages(visitor_with_stand_ins, clock)


# -- from an empty hub to bills in the books -------------------------------------------------------


@pytest.mark.row("CT-S15", "CT-S16", "CT-S17")
def test_connecting_a_company_lets_bills_be_posted_to_it(pages):
    right, other = pages.quickbooks.companies
    consent, page = pages.consent("/companies/connect", realm=right)
    name = pages.quickbooks.companies[right].options.name
    assert "accounting" in consent.lower()
    assert escape(name) in consent
    assert f"{escape(name)} is connected" in page

    _, page = pages.consent("/companies/1/reconnect", realm=other)
    assert "Nothing was changed" in page
    assert pages.visitor.row(ConnectedCompany, 1).realm == right

    pages.do_waiting_runs()
    pages.enable()
    id = pages.site.receive()
    pages.sync()
    assert len(pages.site.posted(id)) == 1


@pytest.mark.row("CT-S17")
@pytest.mark.end_to_end(False)
def test_a_refused_consent_connects_nothing(pages):
    _, page = pages.consent("/companies/connect", decision="cancel")
    assert "You did not allow the hub" in page
    assert "No company is connected" in page
    assert pages.post(CONFIGURE, **pages.form).status_code == 404


@pytest.mark.row("CT-S13", "CT-S18", "CT-S22", "CT-S23", "CT-S30", "CT-S31")
def test_invoices_are_posted_after_one_settings_page_and_one_download(pages):
    pages.connect()
    page = pages.page(CONFIGURE)
    account = page[page.index('id="payable_account"') :].partition("</select>")[0]
    assert account.count("<option") == 1
    assert '<option value="33" selected>' in account
    for name in pages.site.source.settings(COSTTRACKER):
        assert f'name="{name}"' in page
    without = pages.post(CONFIGURE, **{**pages.form, "payable_account": ""})
    assert (without.status_code, "This is needed." in without.text) == (400, True)

    page = pages.press(CONFIGURE, **pages.form)
    assert "is enabled" in page
    assert "Download master data now" in page
    assert pages.site.pushed("suppliers") == {}
    pages.press("/installations/1/lists")
    pages.do_waiting_runs()
    assert len(pages.site.pushed("suppliers")) == len(pages.site.select("Vendor"))

    first = pages.site.receive(status="validated")
    pages.site.press(f"/invoices/{first}/approve", user="Kari Nordmann")
    pages.sync()
    (bill,) = pages.site.posted(first)
    assert bill["APAccountRef"]["value"] == "33"
    form = {"supplier": "s2", "invoice_number": "F-2", "invoice_date": "2026-03-03", "net": "80"}
    pages.site.press("/invoices", **form)
    second = str(int(first) + 1)
    pages.site.press(f"/invoices/{second}/approve", user="Kari Nordmann")
    pages.sync()
    assert [bill["DocNumber"] for bill in pages.site.posted(second)] == ["F-2"]


# -- access ----------------------------------------------------------------------------------------


@pytest.mark.row("CT-S14")
def test_the_page_of_a_trial_account_says_how_to_request_access(pages):
    pages.connect()
    pages.site.press("/integrations", on="no")
    page = pages.page(APP)
    assert CONTACT in page
    assert "integration section in CostTracker" in page
    for button in ({"test": "1"}, {}):
        answer = pages.post(CONFIGURE, **pages.form, **button)
        assert answer.status_code == 400
        assert CONTACT in answer.text
    assert pages.visitor.get("/installations/1/").status_code == 404

    page = pages.press(f"{APP}/1/ask")
    assert f"Now ask CostTracker support ({CONTACT}" in page
    assert "Requested by olga" in page
    assert pages.visitor.row(Access, ("costtracker", 1)).requested_by == "olga"

    pages.site.press("/integrations", on="yes")
    pages.enable()
    id = pages.site.receive()
    pages.sync()
    assert len(pages.site.posted(id)) == 1


@pytest.mark.row("CT-S14")
@pytest.mark.end_to_end("connection")
def test_an_account_that_has_integrations_needs_no_access(pages):
    pages.connect()
    assert "Enable for " in pages.page(APP)
    assert "is enabled" in pages.press(CONFIGURE, **pages.form)
    assert pages.visitor.row(Installation, 1).slug == "costtracker"


# -- what a reviewer sees --------------------------------------------------------------------------


@pytest.fixture
def review_page(pages):
    """Provide an invoice in review: read by OCR, matched with an order, approved by two."""
    pages.connect()
    pages.enable(mode="review")
    order = {"number": "2026-0100", "line": 1, "ordered": 17, "received": 9}
    approvals = [
        {"user": "Kari Nordmann", "decision": "approved", "at": "2026-03-02T09:15:00.000Z"},
        {"user": "Åse Lund", "role": "Accounting", "decision": "approved", "at": None},
    ]
    id = pages.site.receive(
        {"po": order}, ocr={"invoice_number": "0.97", "gross_total": "0.88"}, approvals=approvals
    )
    pages.sync()
    _, page = pages.document(id)
    with pages.app.app_context():
        pages.site.row = pages.visitor.row(Installation, 1)
        assert pages.site.state(id) == "review"
    return page


@pytest.mark.row("CT-S2")
def test_fields_read_by_ocr_are_marked_with_their_confidence(review_page):
    assert "Read by OCR" in review_page
    assert "invoice_number 97%, gross_total 88%" in review_page


@pytest.mark.row("CT-B4")
def test_ordered_and_received_quantities_are_shown_beside_the_invoice(review_page):
    facts = review_page.replace('<span class="soft">', "").replace("</span>", "")
    assert "Ordered 17" in facts
    assert "Received 9" in facts


@pytest.mark.row("CT-B5")
def test_every_approver_is_kept_with_the_invoice(review_page):
    approvals = "Kari Nordmann: approved 02 Mar 2026 09:15; Åse Lund (Accounting): approved"
    assert approvals in review_page


@pytest.mark.row("CT-B6")
def test_a_dry_check_says_before_the_approval_what_posting_would_say(pages):
    pages.connect()
    pages.enable()
    good = pages.site.receive(status="sent_for_approval")
    bad = pages.site.receive({"account": "a1999"}, status="sent_for_approval", gross_off="0.01")
    pages.sync()
    writes = len(pages.quickbooks.log.entries("bill.create"))
    checks = [pages.press(f"/documents/{pages.document(id)[0]}/check") for id in (good, bad)]
    assert "Nothing would stop it" in checks[0]
    assert "It would be held" in checks[1]
    assert "1999" in checks[1]
    pages.press("/account/formats", language="nb")
    norwegian = pages.press(f"/documents/{pages.document(bad)[0]}/check")
    assert "Konto «1999» har ingen kobling i QuickBooks." in norwegian
    pages.press("/account/formats", language="en")
    assert len(pages.quickbooks.log.entries("bill.create")) == writes == 0
    pages.site.decide(good, "approve")
    pages.sync()
    assert len(pages.site.posted(good)) == 1


@pytest.mark.end_to_end(False)
def test_another_account_is_said_to_change_posted_bills_that_are_read_again(pages):
    pages.connect()
    account = {"Name": "Other payables", "AccountType": "Accounts Payable"}
    pages.quickbooks.act("create", kind="Account", set=account)
    with pages.app.app_context():
        record_download.refresh(1)
    pages.enable()
    other = {account["Name"]: account["Id"] for account in pages.site.select("Account")}
    form = {**pages.form, "payable_account": other["Other payables"]}
    sentence = "When CostTracker sends a posted document again"
    changes = "/installations/1/settings/changes"
    assert sentence not in pages.post(changes, **form).text
    id = pages.site.receive()
    pages.sync()
    part = pages.post(changes, **form).text
    assert sentence in part

    shown = part.partition('name="shown" value="')[2].partition('"')[0]
    pages.press("/installations/1/settings", **form, shown=shown)
    pages.site.edit(id, due_date="2026-04-09")
    pages.sync()
    [bill] = pages.site.posted(id)
    assert bill["APAccountRef"]["value"] == other["Other payables"]
