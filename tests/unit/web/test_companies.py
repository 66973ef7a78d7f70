"""Connecting a company through the consent page, and its connection state."""

import datetime as dt
import re
from collections.abc import Callable
from html import escape, unescape
from urllib.parse import parse_qs, urlsplit

import pytest
from sqlalchemy import select

from hub.db import engine
from hub.models import AuditEntry, ConnectedCompany, ListState, Run, Token, User
from hub.models.enums import ConnectionState
from hub.qbo import connection, records
from hub.qbo.oauth import token_expiry
from hub.security import rights
from tests.support.pages.consent import send_form
from tests.support.pages.page_visitor import Visitor
from tests.support.rows.page_rows import add_company, add_installation


def _consent(visitor: Visitor, start: str, realm: str, decision: str = "connect") -> str:
    """Press the button, approve or decline on the stand-in's consent page, and return."""
    url = visitor.post(start).location
    fields = {"user": "admin", "realm": realm, "decision": decision}
    answer = send_form(visitor, url, fields)
    return visitor.page(urlsplit(answer).path + "?" + urlsplit(answer).query)


@pytest.mark.parametrize("url", ["http://localhost:18080", "http://hub.internal:8123"])
def test_the_redirect_address_for_intuit_is_the_one_that_is_used(
    open_pages: Callable[..., Visitor], url: str
) -> None:
    visitor = open_pages("people", HUB_PUBLIC_URL=url)
    visitor.log_in("olga")
    redirect_uri = f"{url}/quickbooks/callback"
    assert f'<span class="mono">{redirect_uri}</span>' in visitor.page("/companies")
    consent = visitor.post("/companies/connect").location
    assert parse_qs(urlsplit(consent).query)["redirect_uri"] == [redirect_uri]


@pytest.mark.row("CT-S15")
@pytest.mark.row("CT-S16")
@pytest.mark.row("CT-S17")
def test_connect_leads_through_the_consent_page_and_names_the_company(
    visitor_with_stand_ins: Visitor,
) -> None:
    realm = visitor_with_stand_ins.quickbooks.realm
    page = _consent(visitor_with_stand_ins, "/companies/connect", realm)
    company = visitor_with_stand_ins.row(ConnectedCompany, 1)
    assert (company.realm, company.state) == (realm, "connected")
    assert f"{escape(company.name)} is connected" in page
    assert "Its lists are being read." in page
    assert "Press Refresh lists." not in page
    assert "Next: enable an app under Apps." in page


def test_connecting_asks_at_once_for_the_lists(visitor_with_stand_ins: Visitor) -> None:
    _consent(visitor_with_stand_ins, "/companies/connect", visitor_with_stand_ins.quickbooks.realm)
    assert (
        visitor_with_stand_ins.row(Run, 1).kind,
        visitor_with_stand_ins.row(Run, 1).requested_by,
    ) == ("lists", "olga")


def _consent_address(visitor: Visitor, page: str, form: str, decision: str) -> str:
    """Press a button of a page, decide on the consent page; return where the hub leads then."""
    text = visitor.page(page)
    button = re.search(rf'action="{form}".*?</form>', text, re.DOTALL)
    assert button
    origin = re.search(r'name="next" value="([^"]*)"', button[0])
    assert origin
    url = visitor.post(form, next=unescape(origin[1])).location
    fields = {"user": "admin", "realm": visitor.quickbooks.realm, "decision": decision}
    answer = urlsplit(send_form(visitor, url, fields))
    return str(visitor.get(f"{answer.path}?{answer.query}").location)


@pytest.mark.parametrize("decision", ["connect", "cancel"])
def test_a_consent_leads_back_to_the_page_from_which_it_was_started(
    visitor_with_stand_ins: Visitor, decision: str
) -> None:
    visitor = visitor_with_stand_ins
    page = "/companies?q=Nordvik+%26+S%C3%B8nn"
    assert _consent_address(visitor, page, "/companies/connect", decision) == page
    _consent(visitor, "/companies/connect", visitor.quickbooks.realm)
    page = f"/companies?q={visitor.quickbooks.realm}"
    location = _consent_address(visitor, page, "/companies/1/reconnect", decision)
    assert location == f"{page}#company-1"


@pytest.mark.parametrize(
    "origin",
    [
        "https://evil.example/",
        "//evil.example",
        "/\\evil.example",
        "javascript:1",
        f"/companies?q={'x' * 500}",
    ],
)
def test_a_consent_leads_to_no_other_site_and_to_no_long_address(
    visitor_with_stand_ins: Visitor, origin: str
) -> None:
    visitor = visitor_with_stand_ins
    url = visitor.post("/companies/connect", next=origin).location
    fields = {"user": "admin", "realm": visitor.quickbooks.realm, "decision": "connect"}
    answer = urlsplit(send_form(visitor, url, fields))
    assert visitor.get(f"{answer.path}?{answer.query}").location == "/companies"


def test_only_the_newest_consent_leads_back_to_its_page(visitor_with_stand_ins: Visitor) -> None:
    visitor = visitor_with_stand_ins
    first = visitor.post("/companies/connect", next="/companies?q=first").location
    second = visitor.post("/companies/connect", next="/companies?q=second").location
    fields = {"user": "admin", "realm": visitor.quickbooks.realm, "decision": "cancel"}
    leads = []
    for url in (first, second, second):
        answer = urlsplit(send_form(visitor, url, fields))
        leads.append(visitor.get(f"{answer.path}?{answer.query}").location)
    assert leads == ["/companies", "/companies?q=second", "/companies"]


@pytest.mark.row("CT-S17")
def test_a_refused_consent_is_reported_in_a_sentence(visitor_with_stand_ins: Visitor) -> None:
    page = _consent(
        visitor_with_stand_ins,
        "/companies/connect",
        visitor_with_stand_ins.quickbooks.realm,
        "cancel",
    )
    assert "You did not allow the hub" in page
    assert "No company is connected" in page


@pytest.mark.row("CT-S16")
def test_a_reconnect_that_returns_another_company_changes_nothing(
    visitor_with_stand_ins: Visitor,
) -> None:
    own, other = visitor_with_stand_ins.quickbooks.companies
    _consent(visitor_with_stand_ins, "/companies/connect", own)
    page = _consent(visitor_with_stand_ins, "/companies/1/reconnect", other)
    assert "Nothing was changed" in page
    assert visitor_with_stand_ins.row(ConnectedCompany, 1).realm == own


def test_an_owner_of_one_company_reconnects_it_and_connects_no_other(
    visitor_with_stand_ins: Visitor,
) -> None:
    own, other = visitor_with_stand_ins.quickbooks.companies
    _consent(visitor_with_stand_ins, "/companies/connect", own)
    with visitor_with_stand_ins.app.app_context(), engine.transaction() as session:
        person = session.scalars(select(User).where(User.username == "vera")).one()
        person.assignments = []
        rights.assign(session, person, "owner", rights.Subject(company_id=1))
    owner = Visitor(visitor_with_stand_ins.app, visitor_with_stand_ins.story)
    owner.quickbooks = visitor_with_stand_ins.quickbooks
    owner.log_in("vera")
    assert "is connected" in _consent(owner, "/companies/1/reconnect", own)
    assert "Nothing was changed" in _consent(owner, "/companies/1/reconnect", other)
    assert owner.post("/companies/connect").status_code == 403


def test_the_consent_of_another_browser_is_refused(visitor_with_stand_ins: Visitor) -> None:
    url = visitor_with_stand_ins.post("/companies/connect").location
    state = parse_qs(urlsplit(url).query)["state"][0]
    stranger = Visitor(visitor_with_stand_ins.app, visitor_with_stand_ins.story)
    stranger.log_in("olga")
    page = stranger.page(f"/quickbooks/callback?state={state}&code=x&realmId=1")
    assert "was not started from this browser at http://localhost:8080. Open the hub there" in page


def test_a_connection_can_be_checked_and_given_back(visitor_with_stand_ins: Visitor) -> None:
    _consent(visitor_with_stand_ins, "/companies/connect", visitor_with_stand_ins.quickbooks.realm)
    assert "works." in visitor_with_stand_ins.press("/companies/1/check")
    tests = select(AuditEntry).where(AuditEntry.what == "connection tested")
    with visitor_with_stand_ins.app.app_context(), engine.read_only_session() as session:
        (entry,) = session.scalars(tests)
    assert (entry.who, len(entry.detail["addresses"])) == ("olga", 1)
    assert "Tick the box" in visitor_with_stand_ins.press("/companies/1/disconnect")
    assert "Settings and matches are kept" in visitor_with_stand_ins.press(
        "/companies/1/disconnect", sure="1"
    )
    assert visitor_with_stand_ins.row(ConnectedCompany, 1).state == "disconnected"


def test_how_documents_are_sent_is_chosen_by_an_owner_and_kept_in_the_log(
    visitor_with_stand_ins: Visitor,
) -> None:
    _consent(visitor_with_stand_ins, "/companies/connect", visitor_with_stand_ins.quickbooks.realm)
    page = visitor_with_stand_ins.press("/companies/1/batches", batches="auto")
    assert "in batches where more than a few wait from the next run on" in page
    assert "now up to 10 at once" in page
    assert visitor_with_stand_ins.row(ConnectedCompany, 1).batches == "auto"
    assert "Choose one of single, auto, batch" in visitor_with_stand_ins.press(
        "/companies/1/batches", batches="always"
    )
    assert "batches chosen" in visitor_with_stand_ins.page("/audit")


@pytest.mark.row("CT-S20")
def test_the_refresh_button_starts_a_run_and_shows_it(visitor_with_stand_ins: Visitor) -> None:
    _consent(visitor_with_stand_ins, "/companies/connect", visitor_with_stand_ins.quickbooks.realm)
    assert "Lists of QuickBooks" in visitor_with_stand_ins.press("/companies/1/lists")


def test_expiries_and_days_left_are_shown(visitor: Visitor) -> None:
    visitor.log_in("vera")
    page = visitor.page("/companies")
    assert "96 days left" in page
    assert "Reconnect before" in page


def test_a_connection_that_intuit_has_refused_has_no_days_left(visitor: Visitor) -> None:
    """Its dates would say that it still works, and its two cases would contradict each other."""
    company = visitor.story.company
    visitor.log_in("olga")
    assert "days left" in visitor.page("/companies")
    with visitor.app.app_context():
        with engine.transaction() as session:
            token = session.get_one(Token, company)
            token.ends_at = token.access_expires_at + dt.timedelta(days=9)
            token_expiry.give_notice(session, company)
        notice = "The connection to Nordvik Bygg AS ends soon"
        assert notice in visitor.page("/inbox/")
        connection.refuse(company, ConnectionState.RECONNECT, "The consent was revoked.")
    for path in ("/", "/companies"):
        page = visitor.page(path)
        assert "The consent was revoked." in page
        for text in ("days left", "Expires if unused", "Reconnect before", "expires in"):
            assert text not in page, (path, text)
    assert notice not in visitor.page("/inbox/")


def test_reads_so_far_and_calls_left_are_shown(visitor_with_stand_ins: Visitor) -> None:
    _consent(visitor_with_stand_ins, "/companies/connect", visitor_with_stand_ins.quickbooks.realm)
    before = visitor_with_stand_ins.page("/companies")
    visitor_with_stand_ins.press("/companies/1/check")
    page = visitor_with_stand_ins.page("/companies")
    assert "2 today · 2 this month" in before
    assert "4 today · 4 this month" in page
    assert "batches in this minute" in page


@pytest.mark.parametrize(
    ("state", "badge", "text"),
    [
        ("interrupted", "Trying again", "Next try:"),
        ("reconnect", "Reconnect needed", "for a test"),
        ("subscription", "Subscription ended", "Renew it at QuickBooks"),
        ("configuration", "Keys not accepted", "HUB_QBO_CLIENT_ID and HUB_QBO_CLIENT_SECRET"),
    ],
)
def test_a_refused_connection_says_why_and_can_be_checked(
    visitor_with_stand_ins: Visitor, state: str, badge: str, text: str
) -> None:
    _consent(visitor_with_stand_ins, "/companies/connect", visitor_with_stand_ins.quickbooks.realm)
    with visitor_with_stand_ins.app.app_context():
        connection.refuse(1, ConnectionState(state), "for a test")
    page = visitor_with_stand_ins.page("/companies")
    assert badge in page
    assert text in page
    assert "works." in visitor_with_stand_ins.press("/companies/1/check")
    assert visitor_with_stand_ins.row(ConnectedCompany, 1).state == "connected"


def test_an_act_leads_back_to_its_company_on_the_same_page_of_the_list(owner: Visitor) -> None:
    company = owner.story.company
    for page, back in (("?q=Nordvik", "?q=Nordvik"), ("", ""), ("/choose?q=Nordvik", "")):
        headers = {"Referer": f"http://localhost/companies{page}"}
        for act in ("check", "disconnect", "batches"):
            form = {"csrf_token": owner._token}
            response = owner.client.post(f"/companies/{company}/{act}", data=form, headers=headers)
            assert response.location == f"/companies{back}#company-{company}", act


def test_of_more_than_three_companies_each_that_works_is_one_line(owner: Visitor) -> None:
    with owner.app.app_context(), engine.transaction() as session:
        for number in range(2):
            add_installation(session, add_company(session, f"90{number}", f"Vik {number}"))
    assert "company-details" not in owner.page("/companies")
    with owner.app.app_context(), engine.transaction() as session:
        add_company(session, "903", "Ås Rør AS").state = "reconnect"
    page = owner.page("/companies")
    assert page.count('<details class="company-details">') == 3
    assert page.index("Ås Rør AS") < page.index("company-details")
    lines = re.findall(r'company-details">\s*<summary[^>]*>(.*?)</summary>', page, re.DOTALL)
    texts = [" ".join(re.sub(r"<[^>]+>", "", line).split()) for line in lines]
    assert "Not reconciled yet · CostTracker: Vik 0" in texts
    assert "company-details" not in owner.page("/companies?q=Vik+0")


def test_what_is_folded_is_named_after_its_company(owner: Visitor) -> None:
    with owner.app.app_context(), engine.transaction() as session:
        company = add_company(session, "901", "Vik 1")
        for company_id in (owner.story.company, company.id):
            state = ListState(company_id=company_id, list="class", read_at=company.connected_at)
            session.merge(state)
    summaries = re.findall(r"<summary[^>]*>(.*?)</summary>", owner.page("/companies"), re.DOTALL)
    names = [re.sub(r"<[^>]+>", "", summary) for summary in summaries]
    assert "Danger zone …: Vik 1" in names
    assert "Lists of this company: Vik 1" in names
    assert len(names) == len(set(names)) == 8


@pytest.mark.parametrize("act", ["lists", "reconcile"])
def test_no_run_of_a_disconnected_company_starts_from_a_page_that_is_still_open(
    owner: Visitor, act: str
) -> None:
    company_id = owner.story.company
    with owner.app.app_context(), engine.transaction() as session:
        session.get_one(ConnectedCompany, company_id).state = "disconnected"
        count = session.query(Run).count()
    page = owner.press(f"/companies/{company_id}/{act}")
    assert "is disconnected. An owner connects it again" in page
    with owner.app.app_context(), engine.read_only_session() as session:
        assert session.query(Run).count() == count


def test_a_company_that_a_person_disconnected_comes_after_the_working_ones(owner: Visitor) -> None:
    with owner.app.app_context(), engine.transaction() as session:
        add_company(session, "901", "Zeta Bygg AS")
        add_company(session, "902", "Ås Rør AS").state = "reconnect"
        add_company(session, "903", "Alta Bygg AS").state = "disconnected"
        add_company(session, "904", "Bodø Bygg AS").state = "disconnected"
    with_problems = ["Ås Rør AS", "Nordvik Bygg AS"]
    working, disconnected = ["Zeta Bygg AS"], ["Alta Bygg AS", "Bodø Bygg AS"]
    assert _names(owner.page("/companies")) == [*with_problems, *working, *disconnected]
    with owner.app.app_context(), engine.transaction() as session:
        session.get_one(ConnectedCompany, owner.story.company).state = "disconnected"
    by_name = [*disconnected, "Nordvik Bygg AS"]  # which has open cases
    assert _names(owner.page("/companies")) == ["Ås Rør AS", *working, *by_name]


def _names(page: str) -> list[str]:
    """Return the headings of the companies on a page, in its order."""
    heading = r'<h2 class="m-0" id="company-\d+">\s*<span class="dot [^"]*"></span>([^<]+?)\s*<'
    return re.findall(heading, page)


@pytest.mark.parametrize("language", ["en", "nb"])
def test_the_lists_of_a_company_have_names_of_the_language(owner: Visitor, language: str) -> None:
    with owner.app.app_context(), engine.transaction() as session:
        now = session.get_one(ConnectedCompany, owner.story.company).connected_at
        for name in (*records.LISTS, records.EMPLOYEES, "company", "heads:bill", "heads:payment"):
            session.merge(ListState(company_id=owner.story.company, list=name, read_at=now))
    owner.post("/account/formats", language=language, number_format="", zone="")
    page = owner.page("/companies")
    table = page[page.index('class="grid stack"') :].partition("</table>")[0]
    names = re.findall(r'<tr><th scope="row"[^>]*>\s*([^<]+?)\s*</th>', table)
    of_language = {
        "en": {"Account", "Supplier", "Customer", "Tax code", "Employee"},
        "nb": {"Konto", "Leverandør", "Kunde", "Mva-kode", "Ansatt"},
    }
    assert of_language[language] <= set(names)
    assert len(names) == len(records.LISTS) + 1


def test_a_list_that_quickbooks_refused_says_so(owner: Visitor) -> None:
    with owner.app.app_context(), engine.transaction() as session:
        now = session.get_one(ConnectedCompany, owner.story.company).connected_at
        for name, refused_at in (("class", now), ("term", None)):
            state = ListState(
                company_id=owner.story.company, list=name, read_at=now, refused_at=refused_at
            )
            session.merge(state)
    page = owner.page("/companies")
    table = page[page.index('class="grid stack"') :].partition("</table>")[0]
    rows = re.findall(r'<tr><th scope="row"[^>]*>\s*([^<]+?)\s*</th>(.*?)</tr>', table, re.DOTALL)
    refused = [name for name, rest in rows if "refused by QuickBooks" in rest]
    assert refused == ["Class"]
