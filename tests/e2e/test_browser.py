"""Tests of the pages in a browser: no foreign requests, no errors, no accessibility violations."""

import json
import re
from collections.abc import Callable, Iterator
from decimal import Decimal
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect
from sqlalchemy import select, update

from hub.cases import inbox
from hub.context import current_hub
from hub.contract.registry import Plugins
from hub.db import engine as db_engine
from hub.demo import Demo
from hub.models import (
    ConnectedCompany,
    Installation,
    ListState,
    Posting,
    Run,
    SeenCode,
    SourceDocument,
    StoredFile,
    User,
)
from hub.models.enums import CaseDecision
from hub.reasons.texts import CaseText
from hub.scheduling.scheduler import Scheduler
from hub.security import people
from hub.security.rights import Right, Subject
from hub.web.serving.server import Web
from tests.support.pages.browser import PAGE_TIMEOUT_MS, Person
from tests.support.pages.list_pages import add_case
from tests.support.pages.page_visitor import Visitor
from tests.support.rows.page_rows import PASSWORD, add_company, add_document, add_installation
from tests.support.rows.stored_cases import open_stored_case

pytestmark = pytest.mark.browser
PDF = (
    b"%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n"
    b"2 0 obj<</Type/Pages/Kids[3 0 R]/Count 1>>endobj\n"
    b"3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 200 200]>>endobj\n"
    b"trailer<</Root 1 0 R>>\n%%EOF\n"
)
DESKTOP, TELEPHONE = {"width": 1360, "height": 900}, {"width": 390, "height": 800}
OUTLINE = "getComputedStyle(document.activeElement).outlineStyle"


@pytest.fixture
def served(visitor: Visitor) -> Iterator[Visitor]:
    """Serve a hub with documents in every state over a socket."""
    web = Web(visitor.app, "127.0.0.1", 0)
    web.start()
    visitor.url = web.url
    yield visitor
    web.stop()


def _pages(visitor: Visitor) -> list[str]:
    """Return the addresses of every page."""
    story, here = visitor.story, f"/installations/{visitor.story.installation}"
    addresses = [
        "/",
        "/inbox/",
        "/documents",
        "/runs/",
        "/reports/",
        "/choose-app?list=documents",
        "/search/?q=F",
        "/apps/",
        "/apps/costtracker",
        "/apps/ontraccr/1/configure",
        "/companies",
        "/companies/choose",
        "/confirm",
        "/reconciliations/",
        "/to-approve/",
        "/people/",
        "/people/1/rights/",
        "/people/1/sessions/",
        "/account/",
        "/account/notifications",
        "/account/tokens/",
        "/audit/",
        "/password",
        "/setup/intuit",
        "/setup/mail",
        "/invitation",
        "/forgotten-password",
        "/new-password",
        "/support",
        "/privacy",
        "/quickbooks/disconnected",
        "/help",
        f"{here}/",
        f"{here}/settings",
        f"{here}/review/",
        f"{here}/matching/",
        f"{here}/matching/code?field=supplier&code=s1",
        f"{here}/review/approve?which=all",
        f"{here}/earlier/",
        f"{here}/readiness/",
        f"{here}/compare/",
        f"{here}/earlier/include?which=all",
        f"/postings/{story.postings['changed']}/review",
    ]
    addresses += [
        f"/documents/{story.documents[name]}" for name in ("posted", "unknown", "changed")
    ]
    addresses += [f"/runs/{story.runs[name]}" for name in ("done", "stopped")]
    addresses += [
        f"/undo/posting/{story.postings['held']}",
        f"/undo/run/{story.runs['done']}",
    ]
    addresses += [f"/inbox/{story.cases[act]}" for act in ("match", "choose", "retry")]
    return addresses


@pytest.mark.proof(small=0)
@pytest.mark.parametrize(("colors", "language"), [("light", "en"), ("dark", "nb")])
def test_no_page_has_an_error_a_foreign_request_or_a_barrier_or_is_too_wide_for_a_telephone(
    served: Visitor, open_tab: Callable[..., Person], colors: str, language: str
) -> None:
    person = open_tab(served.url, viewport=DESKTOP, color_scheme=colors)
    page = person.page
    person.open("/login")
    person.check_page()
    person.log_in("olga", PASSWORD)
    with served.app.app_context(), db_engine.transaction() as session:
        session.execute(update(User).where(User.username == "olga").values(language=language))
    wide = []
    removal = _add_second_app_and_removal(served)
    reconciled = _add_reconciliation(served)
    reports = f"/reports/?company={served.story.company}"
    person.open(reports)
    cell = page.locator('a[href*="/reports/documents"]').first.get_attribute("href")
    for path in (*_pages(served), reports, str(cell), removal, *reconciled):
        person.open(path)
        assert page.locator("html").get_attribute("lang") == language
        person.check_page(path)
        page.set_viewport_size(TELEPHONE)
        if page.evaluate(
            "document.documentElement.scrollWidth > document.documentElement.clientWidth"
        ):
            wide.append(path)
        page.set_viewport_size(DESKTOP)
    assert wide == []


def _add_second_app_and_removal(visitor: Visitor) -> str:
    """Let another company have a document to approve, so that To approve lists apps.

    Return the address that asks whether to void what its source no longer has.
    """
    with visitor.app.app_context(), db_engine.transaction() as session:
        company = add_company(session, "9130009", "Sørvik Elektro AS")
        installation = add_installation(session, company)
        add_document(session, installation, "review", 600)
        _, posting = add_document(session, installation, "held", 601)
        case = open_stored_case(
            session,
            f"posting:{posting.id}:gone-void",
            action="void",
            title="It is gone",
            reason="The source does not have it any more.",
            instruction="Decide.",
            postings=[posting],
            installation_id=installation.id,
            company_id=company.id,
        )
        return f"/inbox/{case.id}/remove"


def _add_reconciliation(visitor: Visitor) -> list[str]:
    """Add a reconciliation that found a difference; return the addresses that show it."""
    line = {"app": "costtracker", "kind": "bill", "period": "2026-03", "currency": "NOK"}
    line |= {"documents": 3, "source": "8118781.60", "posted": "8118781.60"}
    line |= {"quickbooks": "8118779.10", "difference": "-2.50", "differing": 1, "open": "-2.50"}
    counts = {"proved_at": "2026-03-01T00:00:00+00:00", "documents": 3, "found": 3}
    counts |= {"accepted": 0, "troubles": 1, "under_way": 0, "totals": [line]}
    wrong = {"posting": visitor.story.postings["posted"], "document": "bill F-20260", **line}
    wrong |= {"why": "differs", "reason": "QuickBooks has 8118779.10 NOK.", "accepted": False}
    counts |= {"wrong": [wrong], "strangers": [], "apart": []}
    company_id = visitor.story.company
    with visitor.app.app_context(), db_engine.transaction() as session:
        run = Run(kind="reconcile", company_id=company_id, outcome="done", counts=counts)
        run.started_at = run.ended_at = current_hub().clock.now()
        session.add(run)
        session.flush()
        run_id = run.id
    own = f"/reconciliations/?company={company_id}"
    return [own, f"/reconciliations/{run_id}", f"/runs/{run_id}", f"/documents?run={run_id}"]


@pytest.mark.parametrize(("colors", "language"), [("light", "en"), ("dark", "nb")])
def test_the_pages_of_files_have_no_barrier_and_fit_a_telephone(
    served: Visitor, open_tab: Callable[..., Person], tmp_path: Path, colors: str, language: str
) -> None:
    table = tmp_path / "bills.csv"
    table.write_text("Supplier;Number;Date;Amount\nAas AS;70011;02.11.2026;12 400,00\n")
    person = open_tab(served.url, viewport=TELEPHONE, color_scheme=colors)
    person.enter("olga", PASSWORD)
    person.open(f"/apps/files/{served.story.company}/configure")
    person.press("Enable Files")
    person.page.wait_for_url(re.compile(r"/installations/\d+/$"))
    here = person.page.url.removeprefix(served.url)
    with served.app.app_context(), db_engine.transaction() as session:
        session.execute(update(User).where(User.username == "olga").values(language=language))
    person.open(f"{here}files/")
    person.check_page("no files")
    person.page.locator("input[type=file]").set_input_files(table)
    person.page.locator("form:has(input[type=file]) button").click()
    person.page.wait_for_url(re.compile("/columns$"))
    person.check_page("columns")
    _expect_no_overflow(person.page)
    person.open(f"{here}files/")
    person.check_page("files")
    _expect_no_overflow(person.page)


def _expect_no_overflow(page: Page) -> None:
    """Check that a page is not wider than the screen."""
    root = "document.documentElement"
    assert not page.evaluate(f"{root}.scrollWidth > {root}.clientWidth")


@pytest.mark.parametrize("path", ["/documents/999999", "/no-such-page", "/setup/intuit"])
@pytest.mark.parametrize("colors", ["light", "dark"])
def test_an_error_page_has_no_barrier(
    served: Visitor, open_tab: Callable[..., Person], path: str, colors: str
) -> None:
    person = open_tab(served.url, viewport=TELEPHONE, color_scheme=colors)
    person.enter("vera", PASSWORD)
    answer = person.page.goto(served.url + path)
    assert answer
    assert answer.status in (403, 404)
    # Chromium itself writes to the console that a page answered with an error.
    person.wrong = [error for error in person.wrong if "Failed to load resource" not in error]
    person.check_page(path)


def test_138_bills_are_approved_with_their_sum_in_view_in_four_clicks(
    served: Visitor, open_tab: Callable[..., Person]
) -> None:
    with served.app.app_context(), db_engine.transaction() as session:
        installation = session.get_one(Installation, served.story.installation)
        for place in range(136):  # two wait already
            add_document(session, installation, "review", 700 + place)
    person = open_tab(served.url, viewport=DESKTOP)
    person.log_in("oda", PASSWORD)
    page = person.page
    clicks = 0

    def click(element: Locator) -> None:
        nonlocal clicks
        element.click()
        clicks += 1

    click(page.get_by_role("link", name=re.compile("To approve")).first)
    expect(page.locator("h2").first).to_contain_text("138 bills to approve")
    everything = page.get_by_role("button", name=re.compile(r"^Approve all 138 · [\d,.]+ NOK…$"))
    expect(everything).to_be_in_viewport()
    total = everything.inner_text().removeprefix("Approve all 138 · ").rstrip("…")
    click(everything)
    approve = page.get_by_role("button", name=f"Approve 138 · {total}", exact=True)
    expect(approve).to_be_in_viewport()
    expect(page.locator("h2").first).to_contain_text("Approve 138 bills")
    click(approve)
    password = page.get_by_label("Password")
    expect(password.or_(page.get_by_text("Approved 138 bills")).first).to_be_visible(
        timeout=PAGE_TIMEOUT_MS
    )
    if password.count():  # an approval of many asks again who it is
        password.fill(PASSWORD)
        click(page.locator("main form button.btn-primary").first)
    person.expect_text("Approved 138 bills. Posting now.")
    assert clicks <= 4
    with served.app.app_context(), db_engine.read_only_session() as session:
        assert session.query(Posting).filter(Posting.approved_by == "oda").count() == 138
    person.check_page()


@pytest.mark.parametrize("language", ["en", "nb"])
def test_the_tables_of_reports_fit_a_usual_screen(
    served: Visitor, open_tab: Callable[..., Person], language: str
) -> None:
    with served.app.app_context(), db_engine.transaction() as session:
        company = add_company(session, "9130002", "Ålesund Betong og Entreprenør Holding AS")
        installation = add_installation(session, company)
        for place, state in enumerate(("posted", "held", "missing")):
            document, posting = add_document(session, installation, state, 500 + place)
            document.total = posting.total = Decimal("98765432.10")
        session.query(User).filter_by(username="olga").one().language = language
        of_company = f"/reports/?company={company.id}"
    person = open_tab(served.url, viewport={"width": 1360, "height": 900})
    person.enter("olga", PASSWORD)
    for address in ("/reports/", of_company):
        person.open(address)
        wide = person.page.evaluate(
            "[...document.querySelectorAll('.scroll')].filter(e => e.scrollWidth > e.clientWidth)"
            ".map(e => e.getAttribute('aria-label'))"
        )
        assert person.page.locator(".scroll table.grid").count() >= 3
        assert (address, wide) == (address, [])


def test_the_list_of_documents_fits_a_usual_screen_with_held_ones_in_it(
    served: Visitor, open_tab: Callable[..., Person]
) -> None:
    with served.app.app_context(), db_engine.transaction() as session:
        company = add_company(session, "9130002", "Fjord & Sons Construction")
        installation = add_installation(session, company)
        for place, state in enumerate(("posted", "held")):
            document, posting = add_document(session, installation, state, 500 + place)
            document.total = posting.total = Decimal("98765.10")
            document.number, document.party = "LOST-RESPONSE", "Blue Heron Plumbing"
            document.due, posting.kind = document.date, "vendor_credit"
    person = open_tab(served.url)
    person.enter("olga", PASSWORD)
    person.open("/documents")
    assert person.page.locator(".held-because").count() > 0
    table = person.page.get_by_role("region", name="Documents")
    for width in person.at_widths(1280, 1360):
        assert (width, table.evaluate("e => e.scrollWidth - e.clientWidth")) == (width, 0)
    company_name = table.locator(".of-company div", has_text="Fjord & Sons Construction")
    assert company_name.first.evaluate("e => e.clientHeight") < 30


@pytest.mark.parametrize("language", ["en", "nb"])
def test_the_inbox_fits_a_usual_screen_with_its_longest_button(
    served: Visitor, open_tab: Callable[..., Person], language: str
) -> None:
    with served.app.app_context(), db_engine.transaction() as session:
        company = session.get_one(ConnectedCompany, served.story.company)
        app = add_installation(session, company, slug="files", tenant="received")
        document, posting = add_document(session, app, "held", 700)
        document.total = posting.total = Decimal("-1234567.10")
        document.due = document.date
        text = CaseText("document.content", document="Bill 1", problems="Its total is 5.")
        case = inbox.open(session, "content", text, company_id=company.id, installation_id=app.id)
        case.postings.append(posting)
        session.query(User).filter_by(username="olga").one().language = language
    person = open_tab(served.url)
    person.enter("olga", PASSWORD)
    person.open("/inbox/")
    for width in (768, 1024, 1280, 1300, 1360):
        person.page.set_viewport_size({"width": width, "height": 900})
        expect(person.page.locator(".solve-one a[href$='/files/']")).to_be_visible()
        table = person.page.locator("main .scroll")
        assert (width, table.evaluate("e => e.scrollWidth - e.clientWidth")) == (width, 0)
    if language == "en":
        short = person.page.get_by_role("button", name="Check again").first
        assert short.evaluate("e => e.clientHeight") < 30


@pytest.mark.parametrize("colors", ["light", "dark"])
def test_only_the_current_tab_is_underlined_in_forced_colors(
    served: Visitor, open_tab: Callable[..., Person], colors: str
) -> None:
    person = open_tab(served.url, viewport=DESKTOP, forced_colors="active", color_scheme=colors)
    person.enter("olga", PASSWORD)
    person.open("/inbox/")
    ground = person.page.evaluate("getComputedStyle(document.body).backgroundColor")
    tabs = person.page.locator(".tabs a")
    lines = tabs.evaluate_all("all => all.map(e => getComputedStyle(e).borderBottomColor)")
    assert [line == ground for line in lines] == [False, True, True, True]


LONG_NAMES = (
    "Y" * 190,
    "\N{WOMAN}\N{ZERO WIDTH JOINER}\N{PERSONAL COMPUTER}" * 30,
    "شركة الإنشاءات " * 8,
)


def test_a_name_without_an_end_leaves_the_other_columns_in_view(
    served: Visitor, open_tab: Callable[..., Person]
) -> None:
    with served.app.app_context(), db_engine.transaction() as session:
        company = add_company(session, "9130002", "Aktieselskabet" * 9)
        installation = add_installation(session, company)
        for place, name in enumerate(LONG_NAMES):
            document, _ = add_document(session, installation, "review", 500 + place)
            document.number = document.party = name
        addresses = (
            "/documents",
            f"/installations/{installation.id}/review/",
            f"/search?q={'Y' * 20}",
            "/audit/",
        )
    person = open_tab(served.url)
    person.enter("olga", PASSWORD)
    for address in addresses:
        person.open(address)
        assert person.page.locator(".scroll").count() > 0, address
        for width in person.at_widths(1280, 390):
            wide = person.page.locator(".scroll").evaluate_all(
                "all => all.filter(e => e.scrollWidth > e.clientWidth).map(e => e.ariaLabel)"
            )
            assert (address, width, wide) == (address, width, [])


@pytest.mark.parametrize("page", ["review", "document"])
def test_the_amounts_of_lines_are_read_on_a_telephone_without_scrolling(
    served: Visitor, open_tab: Callable[..., Person], page: str
) -> None:
    posting_id = served.story.postings["review"]
    document_id = served.row(Posting, posting_id).document_id
    person = open_tab(served.url, viewport={"width": 390, "height": 844})
    person.enter("olga", PASSWORD)
    addresses = {
        "review": f"/postings/{posting_id}/review",
        "document": f"/documents/{document_id}",
    }
    person.open(addresses[page])
    tables = person.page.locator(".scroll", has=person.page.locator("td.amount"))
    assert tables.count() > 0
    assert tables.evaluate_all("all => all.filter(e => e.scrollWidth > e.clientWidth).length") == 0
    person.check_page(page)


def test_the_chart_of_ages_is_read_on_a_telephone_without_scrolling(
    served: Visitor, open_tab: Callable[..., Person]
) -> None:
    person = open_tab(served.url, viewport={"width": 375, "height": 800})
    person.enter("olga", PASSWORD)
    person.open("/reports/")
    chart = person.page.locator(".few-bars").first
    assert chart.evaluate("e => e.scrollWidth <= e.clientWidth")
    labels = chart.locator("text[text-anchor=middle]")
    boxes = labels.evaluate_all(
        "labels => labels.map(e => e.getBoundingClientRect()).map(b => [b.left, b.right, b.height])"
    )
    assert len(boxes) == 4
    assert min(height for _, _, height in boxes) >= 12
    assert all(before[1] < after[0] for before, after in pairwise(boxes))


def test_the_months_of_a_chart_do_not_overlap_on_a_telephone(
    served: Visitor, open_tab: Callable[..., Person]
) -> None:
    person = open_tab(served.url, viewport=TELEPHONE)
    person.enter("olga", PASSWORD)
    with served.app.app_context(), db_engine.transaction() as session:
        session.execute(update(User).where(User.username == "olga").values(language="nb"))
    person.open(f"/reports/?company={served.story.company}")
    for size in (TELEPHONE, DESKTOP):
        person.page.set_viewport_size(size)
        months = person.page.locator('.chart text[text-anchor="middle"]:visible').all()[:12]
        boxes = [month.bounding_box() for month in months]
        assert len(boxes) == 12
        for box, next_box in pairwise(boxes):
            assert box
            assert next_box
            assert box["x"] + box["width"] <= next_box["x"], size


def test_the_chart_of_home_begins_with_the_newest_days_on_a_telephone(
    served: Visitor, open_tab: Callable[..., Person]
) -> None:
    person = open_tab(served.url, viewport={"width": 375, "height": 800})
    person.log_in("olga", PASSWORD)
    page = person.page
    chart = page.locator(".wide-chart").bounding_box()
    newest = page.locator(".wide-chart svg").bounding_box()
    assert chart
    assert newest
    assert newest["width"] > chart["width"]
    assert newest["x"] + newest["width"] == pytest.approx(chart["x"] + chart["width"], abs=1)


def test_settings_show_what_changes_while_one_edits_them(
    served: Visitor, open_tab: Callable[..., Person]
) -> None:
    settings = f"/installations/{served.story.installation}/settings"
    person = open_tab(served.url, viewport={"width": 390, "height": 800})
    person.enter("olga", PASSWORD)
    person.open(settings)
    assert person.page.locator("#changes li").count() == 0
    person.page.fill("#client_secret", "another one")  # the database contains no stored file
    mode = person.page.locator("[name=mode][value=auto]")
    expect(mode).to_be_hidden()  # a telephone shows its section folded
    person.page.locator(".section-links").get_by_role("link", name="Running").click()
    mode.check()
    person.expect_text("Mode: Review → Automatic")
    person.expect_text("Documents are posted without review from now on.")
    person.check_page(settings)


def test_the_form_of_a_custom_schedule_is_explained_only_where_one_is_entered(
    served: Visitor, open_tab: Callable[..., Person]
) -> None:
    person = open_tab(served.url, viewport=DESKTOP)
    person.enter("olga", PASSWORD)
    person.open(f"/installations/{served.story.installation}/settings")
    explained = person.page.get_by_text("or cron in five fields")
    person.page.locator("#often").select_option("1h")
    expect(explained).to_be_hidden()
    person.page.locator("#often").select_option("custom")
    expect(explained).to_be_visible()


def test_the_next_runs_follow_the_time_zone(
    served: Visitor, open_tab: Callable[..., Person]
) -> None:
    person = open_tab(served.url)
    person.enter("olga", PASSWORD)
    person.open(f"/installations/{served.story.installation}/settings")
    next_times = person.page.locator("#next-times")
    expect(next_times).to_contain_text("Next runs")
    person.page.locator("#zone").fill("Oslo")
    person.page.locator("#zone").blur()
    expect(next_times).to_be_empty()
    person.page.locator("#zone").fill("Asia/Tokyo")
    person.page.locator("#zone").blur()
    expect(next_times).to_contain_text("Next runs")


def test_fields_appear_once_they_apply(served: Visitor, open_tab: Callable[..., Person]) -> None:
    person = open_tab(served.url)
    person.enter("olga", PASSWORD)
    person.open("/apps/ontraccr/1/configure")
    assert not person.page.locator("#item_account").is_visible()
    person.page.select_option("#unlinked_items", "create")
    assert person.page.locator("#item_account").is_visible()
    person.page.select_option("#unlinked_items", "hold")
    assert not person.page.locator("#item_account").is_visible()


DARK = re.compile(r"rgb\(\d\d?, \d\d?, \d\d?\)")
LIGHT = re.compile(r"rgb\(2\d\d, 2\d\d, 2\d\d\)")
PAPER = re.compile(r"rgba\(0, 0, 0, 0\)|rgb\(255, 255, 255\)")  # no background at all, or white


def _wait_for_ground(person: Person, color: re.Pattern[str]) -> None:
    """Wait until the page, which may still be loading, has this background color."""
    ground = person.page.locator("body")
    expect(ground).to_have_css("background-color", color, timeout=PAGE_TIMEOUT_MS)


def test_colors_follow_the_system_and_the_choice_without_javascript(
    served: Visitor, open_tab: Callable[..., Person]
) -> None:
    person = open_tab(served.url, color_scheme="dark", java_script_enabled=False)
    person.log_in("vera", PASSWORD)
    _wait_for_ground(person, DARK)
    person.press("Light")
    _wait_for_ground(person, LIGHT)
    person.press("System")
    _wait_for_ground(person, DARK)
    person.page.emulate_media(media="print")
    _wait_for_ground(person, PAPER)


def test_a_bill_of_ten_lines_is_printed_on_one_sheet(
    served: Visitor, open_tab: Callable[..., Person]
) -> None:
    story = served.story
    with served.app.app_context(), db_engine.transaction() as session:
        document = session.get_one(SourceDocument, story.documents["posted"])
        posting = session.get_one(Posting, story.postings["posted"])
        line = document.body["lines"][0]
        lines = [{**line, "id": str(number)} for number in range(1, 11)]
        facts = {f"Fact {number}": f"Value {number}" for number in range(1, 12)}
        document.body = {**document.body, "lines": lines, "due": "2026-04-03", "facts": facts}
        payload = json.loads(posting.payload)
        payload["Line"] = payload["Line"][:1] * 10
        posting.payload = json.dumps(payload).encode()
    person = open_tab(served.url, color_scheme="dark")
    person.enter("oda", PASSWORD)
    person.open(f"/documents/{story.documents['posted']}")
    assert person.page.locator("section[aria-labelledby=lines] tbody tr").count() == 10
    printed = person.page.pdf(format="A4", print_background=True, prefer_css_page_size=False)
    assert len(re.findall(rb"/Type\s*/Page\b", printed)) == 1


def test_a_printed_inbox_has_no_column_for_tick_boxes(
    served: Visitor, open_tab: Callable[..., Person]
) -> None:
    person = open_tab(served.url)
    person.enter("oda", PASSWORD)
    person.open("/inbox/")
    column = person.page.locator("table th:has([type=checkbox]), table td:has([type=checkbox])")
    expect(column.last).to_be_visible()
    person.page.emulate_media(media="print")
    expect(column.filter(visible=True)).to_have_count(0)


def test_records_and_everything_are_searched_while_one_types(
    served: Visitor, open_tab: Callable[..., Person]
) -> None:
    oda = open_tab(served.url)
    oda.enter("oda", PASSWORD)
    oda.open(f"/inbox/{served.story.cases['match']}")
    field = oda.page.get_by_label(re.compile("by name, number or id"))
    field.press_sequentially("elektro")
    expect(oda.page.locator("#records-count")).to_have_text(
        "1 record fits.", timeout=PAGE_TIMEOUT_MS
    )
    expect(field).to_be_focused()
    expect(oda.page.get_by_label("Hara Elektro")).to_be_visible()
    assert "q=elektro" in oda.page.url
    oda.check_page()
    oda.open("/search/")
    words = oda.page.get_by_label("Number, amount, party, name or words of a case")
    words.press_sequentially("F-2026")
    expect(oda.page.locator("#hits-count")).to_contain_text("hits.", timeout=PAGE_TIMEOUT_MS)
    expect(words).to_be_focused()
    oda.check_page()


def test_a_live_search_that_fails_says_so_until_one_succeeds(
    served: Visitor, open_tab: Callable[..., Person]
) -> None:
    oda = open_tab(served.url)
    oda.enter("oda", PASSWORD)
    oda.open("/search/")
    message = oda.page.get_by_role("alert")
    words = oda.page.get_by_label("Number, amount, party, name or words of a case")
    for fail, text in (
        (lambda route: route.abort(), "The hub did not answer, so this is not up to date."),
        (lambda route: route.fulfill(status=502, content_type="text/html"), "The hub did not"),
        (lambda route: route.fulfill(status=429, content_type="text/plain", body="Wait."), "Wait."),
    ):
        oda.page.route("**/search/?**", fail)
        words.press_sequentially("F-2")
        expect(message).to_contain_text(text)
        expect(message).to_have_count(1)
        oda.page.unroute("**/search/?**")
        words.press_sequentially("0")
        expect(message).to_have_count(0)
        words.clear()


def test_a_file_of_the_source_is_shown_beside_the_bill(
    served: Visitor, open_tab: Callable[..., Person], monkeypatch: pytest.MonkeyPatch
) -> None:
    _serve_file(monkeypatch)
    oda = open_tab(served.url)
    oda.log_in("oda", PASSWORD)
    with oda.page.expect_response(re.compile("/file/frame")) as response:
        oda.open(f"/postings/{served.story.postings['review']}/review")
    assert response.value.status == 200
    frame = oda.page.get_by_title("faktura.pdf")
    expect(frame).to_be_visible()
    # Chromium shows a PDF file with its own extension, which loads parts of Chromium.
    own_parts = ("to chrome-extension://", "to chrome://resources/")
    assert [error for error in oda.wrong if not error.startswith(own_parts)] == []


def test_the_amounts_of_a_bill_are_in_view_beside_its_file(
    served: Visitor, open_tab: Callable[..., Person], monkeypatch: pytest.MonkeyPatch
) -> None:
    _serve_file(monkeypatch)
    oda = open_tab(served.url)
    oda.enter("oda", PASSWORD)
    oda.open(f"/postings/{served.story.postings['review']}/review")
    lines = oda.page.get_by_role("region", name=re.compile("^Lines of "))
    for width in oda.at_widths(1040, 1280, 1440):
        expect(oda.page.get_by_title("faktura.pdf")).to_be_visible()
        assert (width, lines.evaluate("e => e.scrollWidth - e.clientWidth")) == (width, 0)


def _serve_file(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the source answer with a file."""
    call = Plugins.call

    def answer(self: Plugins, app: str, hook: str, **values: Any) -> Any:
        return PDF if hook == "hub_attachment" else call(self, app, hook, **values)

    monkeypatch.setattr(Plugins, "call", answer)


@pytest.mark.parametrize("javascript", [True, False])
def test_a_button_opens_the_menu_on_a_telephone(
    served: Visitor, open_tab: Callable[..., Person], javascript: bool
) -> None:
    size = {"width": 390, "height": 800}
    person = open_tab(served.url, viewport=size, java_script_enabled=javascript)
    person.log_in("vera", PASSWORD)
    runs = person.page.get_by_role("link", name="Runs", exact=True)
    expect(runs).to_be_hidden()
    person.press("Menu")
    expect(runs).to_be_visible()
    if javascript:
        person.check_page("the open menu")
    runs.click()
    person.page.wait_for_url(re.compile("/runs/$"))
    expect(runs).to_be_hidden()


def test_the_progress_of_a_run_moves_without_a_reload(
    served: Visitor, open_tab: Callable[..., Person]
) -> None:
    from hub.models import Run

    person = open_tab(served.url)
    person.enter("oda", PASSWORD)
    run = served.story.runs["running"]
    person.open(f"/runs/{run}")
    person.expect_text("40 of 120")
    with served.app.app_context(), db_engine.transaction() as session:
        session.get_one(Run, run).done = 77
    person.expect_text("77 of 120")
    with served.app.app_context(), db_engine.transaction() as session:
        row = session.get_one(Run, run)
        row.ended_at, row.outcome, row.counts = row.started_at, "done", {"posted": 120}
    expect(person.page.locator("#progress .state").first).to_have_text(
        "Done", timeout=PAGE_TIMEOUT_MS
    )
    person.check_page()


def test_everything_is_reached_by_keyboard_and_the_focus_is_seen(
    served: Visitor, open_tab: Callable[..., Person]
) -> None:
    person = open_tab(served.url)
    person.log_in("oda", PASSWORD)
    person.page.keyboard.press("Tab")
    expect(person.page.get_by_text("Skip to content")).to_be_focused()
    person.page.keyboard.press("Enter")
    person.page.keyboard.press("Tab")
    assert person.page.evaluate(OUTLINE) == "solid"
    person.open("/documents")
    outlines = {}
    while person.page.evaluate("!document.activeElement.closest('.box')"):
        outlines.setdefault(
            person.page.evaluate("document.activeElement.tagName"), person.page.evaluate(OUTLINE)
        )
        person.page.keyboard.press("Tab")
    outlines.pop("BODY", None)
    assert outlines == dict.fromkeys(("A", "BUTTON", "INPUT", "SELECT", "SUMMARY"), "solid")


class NewDemo(Demo):
    """The demo's stand-ins and hub before setup, with a few documents."""

    def _open(self, slug: str) -> Any:
        folder = self.folder / slug
        folder.mkdir(exist_ok=True)
        plugins = self.app.extensions["hub"].plugins
        return plugins.open_stand_in(slug, folder=folder, documents=12, seed=0)


@pytest.fixture
def fresh(tmp_path: Path) -> Iterator[NewDemo]:
    """Return a newly installed hub with a running engine and a known owner."""
    demo = NewDemo(tmp_path / "demo", 0)
    demo.web.start()
    db_engine.upgrade(demo.app)
    with demo.app.app_context(), db_engine.transaction() as session:
        people.insert(session, "olga", people.hash_new(PASSWORD), [Right("owner")])
    engine = Scheduler(demo.app)
    engine.start()
    yield demo
    engine.stop()
    demo.close()


@pytest.mark.row("CT-S13")
@pytest.mark.row("CT-S15")
@pytest.mark.row("CT-S16")
@pytest.mark.row("CT-S17")
@pytest.mark.row("CT-S18")
@pytest.mark.row("CT-S23")
@pytest.mark.end_to_end
@pytest.mark.proof(small=1, full=1)
@pytest.mark.parametrize("javascript", [True, False])
def test_an_owner_goes_from_an_empty_hub_to_bills_in_the_books(
    fresh: NewDemo, open_tab: Callable[..., Person], javascript: bool
) -> None:
    person = open_tab(fresh.web.url, java_script_enabled=javascript)
    page = person.page
    person.log_in("olga", PASSWORD)
    person.follow("Companies")
    person.press("Connect a company")
    _consent(page)
    person.expect_text("is connected; its lists are being read.")
    person.follow("Apps")
    person.follow("Open CostTracker")
    page.get_by_role("link", name="Enable for").first.click()
    for label, value in _answers(fresh).items():
        page.get_by_label(label, exact=False).first.fill(value)
    account = page.get_by_label("Credit account")
    account.select_option(index=1 if account.input_value() == "" else 0)
    person.press("Test connection")
    person.expect_text("The connection works")
    for label, value in _answers(fresh).items():
        page.get_by_label(label, exact=False).first.fill(value)
    person.press("Enable CostTracker")
    person.expect_text("is enabled")
    person.press("Download master data now")
    _until_done(person, javascript)
    person.follow("CostTracker")
    person.press("Run now")
    _until_done(person, javascript)
    person.follow("CostTracker")
    page.get_by_role("link", name=re.compile("^Review")).first.click()
    page.get_by_role("button", name=re.compile("^Approve all")).click()
    page.get_by_role("button", name=re.compile(r"^Approve \d+ · .* NOK$")).click()
    person.expect_text("Posting now.")
    person.follow("Runs")
    page.locator("tbody th a").first.click()
    _until_done(person, javascript)
    person.follow("Home")
    posted = page.locator(".figures a", has_text="Posted").locator("strong").inner_text()
    assert int(posted) > 3
    assert person.wrong == []


def _consent(page: Page) -> None:
    """Allow access on the stand-in's consent page."""
    page.wait_for_url(re.compile("connect/oauth2"))
    page.get_by_role("button", name=re.compile("connect", re.IGNORECASE)).first.click()


def _answers(fresh: NewDemo) -> dict[str, str]:
    settings = fresh.stand_ins["costtracker"].settings(fresh.address("costtracker"))
    labels = {"Address": "base_url", "Client id": "client_id", "Client secret": "client_secret"}
    return {label: str(settings[name]) for label, name in labels.items()}


def _until_done(person: Person, javascript: bool) -> None:
    """Wait until a run has ended; without scripts by reloading the page."""
    state = person.page.locator("#progress .state").first
    for _ in range(0 if javascript else 60):
        if state.inner_text() in ("Done", "Stopped"):
            break
        person.page.wait_for_timeout(500)
        person.page.reload()
    expect(state).to_have_text("Done", timeout=120_000)


def test_on_a_phone_the_title_of_a_case_has_the_whole_width(
    served: Visitor, open_tab: Callable[..., Person]
) -> None:
    title = "Faktureringskodereferanse “Travel Time” kan ikke brukes ennå"
    add_case(served, 900, "13329.76", due="2026-12-21", title=title)
    person = open_tab(served.url, viewport={"width": 360, "height": 760})
    person.log_in("olga", PASSWORD)
    headline = person.page.locator(".case-lines .headline", has_text=title)
    assert headline.evaluate("e => e.scrollWidth - e.clientWidth") == 0
    line = headline.locator("xpath=..")
    width = line.evaluate("e => e.clientWidth - 2 * parseFloat(getComputedStyle(e).paddingLeft)")
    assert headline.evaluate("e => e.clientWidth") == pytest.approx(width, abs=1)


# Words of up to 16 letters that continue on the next line, with the element that they are in.
BROKEN_WORDS = """() => {
  const broken = new Set();
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const text = walker.currentNode, element = text.parentElement;
    const isShown = element.checkVisibility({visibilityProperty: true});
    if (!isShown || element.closest("pre, script, svg, .mono, .visually-hidden")) continue;
    for (const word of text.data.matchAll(/\\p{L}{2,16}/gu)) {
      const range = document.createRange();
      range.setStart(text, word.index);
      range.setEnd(text, word.index + word[0].length);
      const boxes = [...range.getClientRects()].filter(box => box.width > 0.5);
      const lines = new Set(boxes.map(box => Math.round(box.top)));
      if (lines.size > 1) broken.add(`${word[0]} in ${element.tagName}`);
    }
  }
  return [...broken];
}"""


def test_no_short_word_is_broken(served: Visitor, open_tab: Callable[..., Person]) -> None:
    with served.app.app_context(), db_engine.transaction() as session:
        one_app = Right("operator", Subject(slug="costtracker"))
        people.insert(session, "accounts@fjord.example", people.hash_new(PASSWORD), [one_app])
    person = open_tab(served.url)
    person.enter("olga", PASSWORD)
    for address in (
        "/inbox/",
        "/documents",
        "/audit/",
        "/people/",
        "/people/1/rights/",
        "/account/",
        "/account/notifications",
    ):
        person.open(address)
        person.page.locator("main details").evaluate_all("all => all.forEach(e => e.open = true)")
        root = person.page.locator("html")
        for width in person.at_widths(1200, 1024, 768, 320):
            broken = person.page.evaluate(BROKEN_WORDS)
            excess = root.evaluate("e => e.scrollWidth - e.clientWidth")
            assert (address, width, broken, excess) == (address, width, [], 0)


def test_addresses_and_names_of_settings_break_between_their_words(
    served: Visitor, open_tab: Callable[..., Person]
) -> None:
    person = open_tab(served.url)
    person.enter("olga", PASSWORD)
    person.open("/setup/intuit")
    for width in person.at_widths(1100, 970, 360):
        broken = person.page.evaluate(BROKEN_WORDS.replace(".mono", ".facts .mono"))
        assert (width, broken) == (width, [])


def test_on_a_phone_the_button_beside_a_suggestion_is_not_broken(
    served: Visitor, open_tab: Callable[..., Person]
) -> None:
    person = open_tab(served.url, viewport=TELEPHONE)
    person.enter("olga", PASSWORD)
    person.open(f"/inbox/{served.story.cases['match']}")
    button = person.page.locator(".suggestions button").first
    heights = button.evaluate(
        "e => [e.clientHeight, 2 * parseFloat(getComputedStyle(e).lineHeight)]"
    )
    assert heights[0] < heights[1]


def test_long_names_fit_a_telephone_with_everything_open(
    served: Visitor, open_tab: Callable[..., Person]
) -> None:
    with served.app.app_context(), db_engine.transaction() as session:
        add_company(session, "9130003", "Donaudampfschifffahrtselektrizitätenhauptbetriebswerk" * 2)
    person = open_tab(served.url, viewport=TELEPHONE)
    person.enter("olga", PASSWORD)
    for address in ("/", "/companies", "/reconciliations/", _name_document_long(served)):
        person.open(address)
        person.page.locator("main details").evaluate_all("all => all.forEach(e => e.open = true)")
        root = person.page.locator("html")
        assert root.evaluate("e => e.scrollWidth - e.clientWidth") == 0, address


def test_the_long_name_of_a_file_widens_no_list(
    served: Visitor, open_tab: Callable[..., Person]
) -> None:
    with served.app.app_context(), db_engine.transaction() as session:
        company = session.get_one(ConnectedCompany, served.story.company)
        app = add_installation(session, company, slug="files", tenant="received")
        session.add(
            StoredFile(
                installation_id=app.id,
                name=f"{'Leverandorreskontro_Byggmakker_' * 4}november.csv",
                digest="0" * 64,
                size=100,
                content=b"",
                received_at=current_hub().clock.now(),
                received_by="olga",
                way="upload",
                state="unmapped",
            )
        )
        address = f"/installations/{app.id}/files/"
    person = open_tab(served.url)
    person.enter("olga", PASSWORD)
    person.open(address)
    table = person.page.get_by_role("region", name="Received files")
    for width in person.at_widths(1280, 390):
        assert (width, table.evaluate("e => e.scrollWidth - e.clientWidth")) == (width, 0)


@pytest.mark.parametrize(
    ("language", "tables_named"),
    [("en", "Plugins Attempts Runs Lists"), ("nb", "Plugins Forsøk Kjøringer Lister")],
)
def test_tables_of_technical_facts_are_read_on_a_telephone_without_scrolling(
    served: Visitor, open_tab: Callable[..., Person], language: str, tables_named: str
) -> None:
    company, installation = served.story.company, served.story.installation
    with served.app.app_context(), db_engine.transaction() as session:
        session.execute(update(Run).values(requested_by="kari.nordmann@fjord-og-sonner.example"))
        now = current_hub().clock.now()
        session.add(ListState(company_id=company, list="payment_method", read_at=now))
        session.execute(update(User).where(User.username == "olga").values(language=language))
    person = open_tab(served.url, viewport={"width": 360, "height": 800})
    person.enter("olga", PASSWORD)
    seen = set()
    document = f"/documents/{served.story.documents['unknown']}"
    for address in ("/apps/", document, f"/installations/{installation}/", "/companies"):
        person.open(address)
        person.page.locator("main details").evaluate_all("all => all.forEach(e => e.open = true)")
        tables = person.page.locator(".scroll")
        seen.update(tables.evaluate_all("all => all.map(e => e.ariaLabel.split(' ')[0])"))
        widths = "all => all.map(e => e.scrollWidth - e.clientWidth)"
        assert set(tables.evaluate_all(widths)) == {0}, address
    assert seen >= set(tables_named.split())


def _name_document_long(visitor: Visitor) -> str:
    """Give a document a number and a party of one long word each; return its address."""
    document_id = visitor.story.documents["posted"]
    with visitor.app.app_context(), db_engine.transaction() as session:
        document = session.get_one(SourceDocument, document_id)
        document.number = document.party = "Rechnungszusammenstellung" * 4
    return f"/documents/{document_id}"


def test_the_button_of_a_case_is_in_view_beside_a_company_with_a_long_name(
    served: Visitor, open_tab: Callable[..., Person]
) -> None:
    with served.app.app_context(), db_engine.transaction() as session:
        add_company(session, "9130003", "Aas AS")
        company = session.get_one(ConnectedCompany, served.story.company)
        company.name = "Donaudampfschifffahrtselektrizitätenhauptbetriebswerk" * 2
    person = open_tab(served.url, viewport={"width": 1280, "height": 900})
    person.enter("olga", PASSWORD)
    add_case(served, 900, "10.00", title="QuickBooks has no supplier called “" + "Stahlbau" * 9)
    for address in ("/inbox/", "/runs/", "/documents"):
        person.open(address)
        places = person.page.locator("main .box, main .scroll")
        too_wide = places.evaluate_all("all => all.map(e => e.scrollWidth - e.clientWidth)")
        assert max(too_wide) <= 0, address


def test_the_button_of_a_case_is_in_view_on_a_tablet(
    served: Visitor, open_tab: Callable[..., Person]
) -> None:
    title = "Lines plus tax add up to 71,955.22 NOK; the bill says 71,955.23 NOK (0.01 NOK off)"
    add_case(served, 900, "71955.23", due="2026-12-21", title=title)
    person = open_tab(served.url)
    person.enter("olga", PASSWORD)
    person.open("/inbox/")
    table = person.page.locator("main .scroll")
    for width in person.at_widths(768, 1024):
        assert (width, table.evaluate("e => e.scrollWidth - e.clientWidth")) == (width, 0)


def test_who_retried_a_case_in_vain_is_in_view(
    served: Visitor, open_tab: Callable[..., Person]
) -> None:
    title = "Lines plus tax add up to 71,955.22 NOK; the bill says 71,955.23 NOK (0.01 NOK off)"
    case_id = add_case(served, 900, "71955.23", due="2026-12-21", title=title)
    with served.app.app_context(), db_engine.transaction() as session:
        add_company(session, "9130002", "Fjord & Sons Construction")
        by = "kari.nordmann@fjord-og-sonner.example"
        inbox.record_decision(session, [case_id], CaseDecision.RETRIED, by)
    person = open_tab(served.url, viewport={"width": 1280, "height": 900})
    person.enter("olga", PASSWORD)
    person.open("/inbox/")
    expect(person.page.get_by_text(f"Retried by {by}")).to_be_visible()
    too_wide = person.page.locator("main .scroll").evaluate("e => e.scrollWidth - e.clientWidth")
    assert too_wide == 0


def test_every_column_is_in_view_on_a_tablet(
    served: Visitor, open_tab: Callable[..., Person]
) -> None:
    with served.app.app_context(), db_engine.transaction() as session:
        add_company(session, "9130002", "Fjord & Sons Construction")
        document = session.get_one(SourceDocument, served.story.documents["held"])
        document.due, document.number, document.total = document.date, "26F-48267", Decimal("55398")
    story, here = served.story, f"/installations/{served.story.installation}"
    person = open_tab(served.url)
    person.enter("olga", PASSWORD)
    cases = [f"/inbox/{story.cases[act]}" for act in ("match", "retry")]
    for address in (
        *_add_reconciliation(served)[1:3],
        "/people/",
        "/reconciliations/",
        "/account/notifications",
        *cases,
        f"/documents/{story.documents['posted']}",
        f"{here}/",
        f"{here}/matching/",
    ):
        person.open(address)
        person.page.locator("main details").evaluate_all("all => all.forEach(e => e.open = true)")
        for width in person.at_widths(768, 1024, 1050, 1200):
            _expect_no_hidden_column(person.page, f"{address} at {width}")


def _expect_no_hidden_column(page: Page, where: str) -> None:
    """Expect that no table is wider than its place, but those of technical details."""
    hidden = page.locator("main .scroll").evaluate_all(
        "all => all.filter(e => e.scrollWidth > e.clientWidth && !e.closest('details'))"
        ".map(e => [e.ariaLabel, e.scrollWidth - e.clientWidth])"
    )
    assert (where, hidden) == (where, [])


def test_a_code_without_an_end_leaves_the_other_columns_in_view(
    served: Visitor, open_tab: Callable[..., Person]
) -> None:
    name = "OW-" + "7" * 180
    with served.app.app_context(), db_engine.transaction() as session:
        code = session.scalars(select(SeenCode)).first()
        assert code is not None
        code.name = code.number = name
        for state in ("posted", "held"):
            document = session.get_one(SourceDocument, served.story.documents[state])
            document.number = document.party = name
    story, here = served.story, f"/installations/{served.story.installation}"
    person = open_tab(served.url)
    person.enter("olga", PASSWORD)
    for address in (
        f"{here}/matching/",
        f"/inbox/{story.cases['retry']}",
        f"/undo/run/{story.runs['done']}",
        f"/undo/posting/{story.postings['held']}",
    ):
        person.open(address)
        for width in person.at_widths(1360, 1024, 390):
            _expect_no_hidden_column(person.page, f"{address} at {width}")


def test_the_labels_of_facts_keep_their_words_in_a_narrow_column(
    served: Visitor, open_tab: Callable[..., Person]
) -> None:
    person = open_tab(served.url, viewport={"width": 1024, "height": 900}, locale="nb-NO")
    person.enter("olga", PASSWORD)
    story = served.story
    for address in (
        f"/installations/{story.installation}/",
        f"/documents/{story.documents['posted']}",
    ):
        person.open(address)
        person.page.locator("main details").evaluate_all("all => all.forEach(e => e.open = true)")
        broken = [word for word in person.page.evaluate(BROKEN_WORDS) if word.endswith("in DT")]
        assert (address, broken) == (address, [])


@pytest.mark.parametrize("size", [DESKTOP | {"height": 500}, TELEPHONE])
def test_the_result_of_a_button_is_in_view_at_the_part_of_the_page_that_it_was_in(
    served: Visitor, open_tab: Callable[..., Person], size: Any
) -> None:
    with served.app.app_context(), db_engine.transaction() as session:
        for place in range(4):
            add_company(session, f"914000{place}", f"Ås {place} AS")
    person = open_tab(served.url, viewport=size)
    person.enter("olga", PASSWORD)
    person.open("/companies")
    part = person.page.locator("[aria-labelledby^=company-]").last
    name = part.get_by_role("heading").inner_text()
    part.locator("details").evaluate_all("all => all.forEach(e => e.open = true)")
    part.locator("form", has=person.page.locator("select")).get_by_role("button").click()
    expect(person.page.locator(".note.good")).to_have_count(1)
    expect(person.page.get_by_role("heading", name=name)).to_be_in_viewport(ratio=1)
    places = [
        place.evaluate("e => [e.getBoundingClientRect().top, e.getBoundingClientRect().bottom]")
        for place in (
            person.page.locator(".note.good").first,
            person.page.get_by_role("heading", name=name),
            person.page.locator(".side"),
        )
    ]
    message, heading, menu = places
    assert 0 <= message[0] < message[1] <= heading[0]
    assert size != TELEPHONE or menu[1] <= message[0]


def test_on_a_phone_all_boxes_are_equally_far_apart(
    served: Visitor, open_tab: Callable[..., Person]
) -> None:
    person = open_tab(served.url, viewport=TELEPHONE)
    person.enter("olga", PASSWORD)
    for address in ("/people/", f"/installations/{served.story.installation}/"):
        person.open(address)
        edges = person.page.locator("main .box").evaluate_all(
            "all => all.map(e => e.getBoundingClientRect()).map(box => [box.top, box.bottom])"
        )
        distances = {round(below[0] - above[1]) for above, below in pairwise(edges)}
        assert len(distances) == 1, address


@pytest.mark.parametrize("javascript", [True, False])
def test_the_box_that_selects_all_cases_is_shown_where_it_works(
    served: Visitor, open_tab: Callable[..., Person], javascript: bool
) -> None:
    for size in (TELEPHONE, DESKTOP):
        person = open_tab(served.url, viewport=size, java_script_enabled=javascript)
        person.enter("olga", PASSWORD)
        person.open("/inbox/")
        boxes = person.page.locator("main table input[type=checkbox]")
        expect(boxes.first).to_be_visible(visible=javascript)
        expect(boxes.nth(1)).to_be_visible()


@pytest.mark.parametrize("javascript", [True, False])
def test_the_bar_for_several_cases_is_shown_while_one_is_selected(
    served: Visitor, open_tab: Callable[..., Person], javascript: bool
) -> None:
    person = open_tab(served.url, viewport=DESKTOP, java_script_enabled=javascript)
    person.enter("olga", PASSWORD)
    person.open("/inbox/")
    bar = person.page.get_by_role("form", name="Act on several cases")
    box = person.page.locator("main table input[name=case]").first
    expect(bar).to_be_visible(visible=not javascript)
    box.check()
    expect(bar).to_be_visible()
    expect(bar.get_by_label("the selected cases")).to_be_checked()
    if javascript:
        expect(bar.get_by_text("the selected cases 1")).to_be_visible()
    box.uncheck()
    expect(bar).to_be_visible(visible=not javascript)


def test_cases_stay_ticked_on_the_other_pages_of_the_list(
    served: Visitor, open_tab: Callable[..., Person], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hub.web.lists.case_list.ROWS_PER_PAGE", 2)
    for number in range(4):
        add_case(served, 900 + number, "10.00")
    person = open_tab(served.url, viewport=DESKTOP)
    person.enter("olga", PASSWORD)
    person.open("/inbox/?words=Case")
    page = person.page
    boxes = page.locator("main table input[name=case]")
    boxes.first.check()
    page.get_by_role("link", name="More").click()
    expect(page.get_by_text("1 selected on another page")).to_be_visible()
    boxes.nth(1).check()
    page.get_by_label(re.compile("^Select all")).check()
    page.get_by_label(re.compile("^Select all")).uncheck()
    boxes.nth(1).check()
    expect(page.get_by_text("the selected cases 2")).to_be_visible()
    page.get_by_role("link", name="Back").click()
    expect(page.get_by_text("1 selected on another page")).to_be_visible()
    expect(boxes.first).to_be_checked()
    page.get_by_label("Act on several cases").get_by_label("Reason or note").fill("Asked Kari")
    page.get_by_role("button", name="Add note").click()
    person.expect_text("Added the note to 2 cases.")
    assert person.wrong == []


def test_documents_stay_ticked_on_the_other_pages_of_the_review(
    served: Visitor, open_tab: Callable[..., Person], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        "hub.web.frame.paging.load_page.__kwdefaults__", {"is_descending": True, "size": 1}
    )
    person = open_tab(served.url, viewport=DESKTOP)
    person.enter("olga", PASSWORD)
    person.open(f"/installations/{served.story.installation}/review/")
    page = person.page
    boxes, bar = page.locator("main table input[name=selected]"), page.locator("#selection")
    boxes.first.check()
    page.get_by_role("link", name="Next").click()
    elsewhere = page.get_by_label("1 selected on another page")
    expect(elsewhere).to_be_checked()
    expect(bar).to_contain_text("Approve 1 ·")
    boxes.first.check()
    expect(bar).to_contain_text("Approve 2 ·")
    page.get_by_role("link", name="Previous").click()
    expect(boxes.first).to_be_checked()
    expect(elsewhere).to_be_checked()
    elsewhere.uncheck()
    expect(bar).to_contain_text("Approve 1 ·")
    assert person.wrong == []


def test_on_a_phone_the_bar_for_several_cases_is_one_press_away(
    served: Visitor, open_tab: Callable[..., Person]
) -> None:
    for number in range(8):
        add_case(served, 900 + number, "10.00")
    person = open_tab(served.url, viewport=TELEPHONE)
    person.enter("olga", PASSWORD)
    person.open("/inbox/")
    link = person.page.get_by_role("link", name="Act on the selected cases")
    expect(link).to_be_hidden()
    person.page.locator("main table input[name=case]").first.check()
    expect(link).to_have_text(re.compile(r"\(1\)"))
    expect(link).to_be_in_viewport()
    link.click()
    expect(person.page.locator("#bulk").get_by_role("button", name="Retry")).to_be_in_viewport()
    person.check_page()


def test_the_sum_of_ticked_rows_is_in_view_after_going_back(
    served: Visitor, open_tab: Callable[..., Person]
) -> None:
    person = open_tab(served.url, viewport=DESKTOP)
    person.enter("olga", PASSWORD)
    person.open(f"/installations/{served.story.installation}/review/")
    page = person.page
    box = page.locator("main table input[name=selected]").first
    with page.expect_response("**/review/selection*"):
        box.check()
    button = page.locator("#selection").get_by_role("button", name=re.compile(r"^Approve 1 · "))
    expect(button).to_be_visible()
    page.get_by_role("link", name="Inbox").first.click()
    page.wait_for_url("**/inbox/**")
    page.go_back()
    expect(box).to_be_checked()
    expect(button).to_be_visible()
    assert person.wrong == []


def test_the_reason_for_skipping_stays_while_another_row_is_ticked(
    served: Visitor, open_tab: Callable[..., Person]
) -> None:
    person = open_tab(served.url, viewport=DESKTOP)
    person.enter("olga", PASSWORD)
    person.open(f"/installations/{served.story.installation}/review/")
    page = person.page
    boxes, bar = page.locator("main table input[name=selected]"), page.locator("#selection")
    with page.expect_response("**/review/selection*"):
        boxes.first.check()
    bar.get_by_text("Skip …").click()
    reason = bar.get_by_label("Why the selected documents are not posted")
    reason.fill("Paid in cash")
    with page.expect_response("**/review/selection*"):
        boxes.first.focus()
        boxes.nth(1).check()
    expect(bar.get_by_role("button", name=re.compile(r"^Approve 2 · "))).to_be_visible()
    expect(reason).to_be_visible()
    expect(reason).to_have_value("Paid in cash")
    bar.get_by_role("button", name="Skip selected").click()
    expect(page.get_by_text("Skipped 2 documents. They will not be posted.")).to_be_visible()
    assert person.wrong == []


def test_a_form_is_sent_once_while_its_answer_is_awaited(
    served: Visitor, open_tab: Callable[..., Person]
) -> None:
    person = open_tab(served.url, viewport=DESKTOP)
    person.enter("olga", PASSWORD)
    person.open(f"/installations/{served.story.installation}/")
    page, requests = person.page, []
    page.route("**/run", lambda request: requests.append(request))
    button = page.get_by_role("button", name="Run now")
    place = button.bounding_box()
    assert place
    for _ in range(2):  # with the mouse alone, because a locator waits for the answer
        page.mouse.click(place["x"] + 10, place["y"] + 10)
        page.wait_for_timeout(200)
    assert len(requests) == 1
    requests[0].continue_()
    page.wait_for_url("**/runs/*")
    page.unroute("**/run")
    page.go_back()
    button.click()
    page.wait_for_url("**/runs/*")
    assert person.wrong == []


def test_the_title_of_a_case_is_not_cut_on_the_page_of_its_app(
    served: Visitor, open_tab: Callable[..., Person]
) -> None:
    title = "Lines plus tax add up to 71,955.22 NOK; the bill says 71,955.23 NOK (0.01 NOK off)"
    add_case(served, 900, "71955.23", due="2026-12-21", title=title)
    person = open_tab(served.url, viewport={"width": 1280, "height": 900})
    person.enter("olga", PASSWORD)
    person.open(f"/installations/{served.story.installation}/")
    headline = person.page.locator(".case-lines .headline", has_text="Lines plus tax")
    assert headline.evaluate("e => e.scrollWidth - e.clientWidth") == 0


@pytest.mark.parametrize("language", ["en", "nb"])
def test_the_filters_of_the_inbox_are_one_line_on_a_usual_screen(
    served: Visitor, open_tab: Callable[..., Person], language: str
) -> None:
    with served.app.app_context(), db_engine.transaction() as session:
        company = add_company(session, "9130002", "Ålesund Betong og Entreprenør Holding AS")
        add_installation(session, company)
        session.query(User).filter_by(username="olga").one().language = language
    person = open_tab(served.url, viewport={"width": 1280, "height": 900})
    person.enter("olga", PASSWORD)
    for address in ("/inbox/", "/inbox/?words=a", "/inbox/?show=closed&words=a"):
        person.open(address)
        tops = person.page.locator(".filters > :is(div, button, a)").evaluate_all(
            "all => all.map(e => e.getBoundingClientRect()).map(e => [e.top, e.bottom])"
        )
        assert len(tops) >= 5
        assert max(top for top, _ in tops) < min(bottom for _, bottom in tops), address


def test_the_facts_of_a_document_are_one_line_on_a_usual_screen(
    served: Visitor, open_tab: Callable[..., Person]
) -> None:
    document_id = served.story.documents["posted"]
    with served.app.app_context(), db_engine.transaction() as session:
        document = session.get_one(SourceDocument, document_id)
        more = {"url": "https://costtracker.test/1", "due": "2026-04-03"}
        document.body = document.body | more
    person = open_tab(served.url, viewport={"width": 1280, "height": 900})
    person.enter("olga", PASSWORD)
    person.open(f"/documents/{document_id}")
    tiles = person.page.locator(".key-facts > li")
    assert tiles.count() >= 4
    assert len(set(tiles.evaluate_all("all => all.map(e => e.getBoundingClientRect().top)"))) == 1
    both = person.page.locator(".two > .box")
    totals = both.locator("dt", has_text=re.compile("^Total$"))
    tops = totals.evaluate_all("all => all.map(e => Math.round(e.getBoundingClientRect().top))")
    assert len(tops) == 2
    assert tops[0] == tops[1]


def test_on_a_phone_home_has_amount_and_due_date_of_a_case_on_one_line(
    served: Visitor, open_tab: Callable[..., Person]
) -> None:
    add_case(served, 900, "13329.76", due="2026-12-21", title="Number already used")
    person = open_tab(served.url, viewport=TELEPHONE)
    person.log_in("olga", PASSWORD)
    line = person.page.locator(".case-lines li", has_text="Number already used")
    tops = [
        line.locator(name).evaluate("e => e.getBoundingClientRect().bottom")
        for name in (".about", ".amount", ".due")
    ]
    assert tops[1] == pytest.approx(tops[2], abs=4)
    assert tops[0] < tops[1]
