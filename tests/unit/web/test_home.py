"""The home page: open cases, company health, counts and the chart."""

import re

import pytest

from hub.db import engine
from hub.models import Case, Company, Installation, Posting, Run, SourceDocument, Token
from hub.security.rights import Scope
from hub.testing.clock import FakeClock
from hub.web import home
from tests.support.page_rows import PASSWORD, add_company, add_installation
from tests.support.page_visitor import Visitor


def test_open_cases_come_first_then_health_and_counts(visitor: Visitor) -> None:
    visitor.log_in("vera")
    page = visitor.page("/")
    places = [
        page.index(text)
        for text in ("Needs you", "Nordvik Bygg AS", "CostTracker</a>", "Posted in the last")
    ]
    assert places == sorted(places)
    assert "The connection holds for 96 days" in page


def test_a_connection_that_ends_soon_is_warned_of(visitor: Visitor, clock: FakeClock) -> None:
    with visitor.app.app_context(), engine.transaction() as session:
        token = session.get_one(Token, visitor.story.company)
        token.refresh_expires_at = clock.now()
    visitor.log_in("vera")
    assert "The connection ends in 0 days" in visitor.page("/")


def test_the_chart_is_a_picture_of_ours_with_the_figures_beside_it(visitor: Visitor) -> None:
    visitor.log_in("vera")
    page = visitor.page("/")
    assert re.search(r'<img\s+class="chart"\s+src="/charts/posted.svg"[^>]*alt="[^"]{20,}"', page)
    assert "Documents posted by day and app" in page
    chart = visitor.get("/charts/posted.svg")
    assert chart.mimetype == "image/svg+xml"
    assert "<script" not in chart.text
    assert "http://www.w3.org" in chart.text
    assert "cdn" not in chart.text


def test_without_posted_documents_there_is_no_chart(visitor: Visitor, clock: FakeClock) -> None:
    clock.advance(40 * 86400)
    visitor.log_in("vera")
    assert "Nothing was posted in this time" in visitor.page("/")
    assert visitor.get("/charts/posted.svg").status_code == 404


def test_the_chart_counts_documents_not_what_was_made_for_their_codes(visitor: Visitor) -> None:
    with visitor.app.app_context(), engine.transaction() as session:
        before = sum(home._posted_by_day(session, Scope(is_everything=True)).values())
        session.get_one(SourceDocument, visitor.story.documents["posted"]).made_for = "supplier"
        session.get_one(Posting, visitor.story.postings["posted"]).kind = "vendor"
        session.flush()
        assert (
            before > 1,
            sum(home._posted_by_day(session, Scope(is_everything=True)).values()),
        ) == (True, before - 1)


@pytest.mark.parametrize("apps", [1, 2, 4, 5, 7])
def test_the_whole_legend_is_in_the_picture(
    visitor: Visitor, clock: FakeClock, monkeypatch, apps: int
) -> None:
    posted = {(f"app-{number}", clock.now().date()): 3 for number in range(apps)}
    monkeypatch.setattr(home, "_posted_by_day", lambda session, visible: posted)
    visitor.log_in("vera")
    chart = visitor.get("/charts/posted.svg").text
    height = int(re.search(r'viewBox="0 0 900 (\d+)"', chart)[1])
    if legend := re.search(r'<g transform="translate\(\d+, (\d+)\)" class="legends"', chart):
        rows = [
            float(y)
            for y in re.findall(
                r'class="legend reactive[^>]*>.*?<rect x="[\d.]+" y="([\d.]+)"', chart, re.S
            )
        ]
        assert len(rows) == apps
        assert int(legend[1]) + max(rows) + 12 <= height
    assert bool(legend) == (apps > 1)


def test_the_steps_of_the_chart_are_round_and_few() -> None:
    assert [home._steps(highest) for highest in (1, 4, 9, 134)] == [
        [0, 1], [0, 1, 2, 3, 4], [0, 5, 10], [0, 50, 100, 150],
    ]  # fmt: skip


def test_with_nothing_open_it_says_so(visitor: Visitor, clock: FakeClock) -> None:
    with visitor.app.app_context(), engine.transaction() as session:
        for case in session.query(Case):
            case.closed_at = clock.now()
    visitor.log_in("vera")
    assert "Nothing needs you" in visitor.page("/")


def _steps(page: str) -> dict[str, bool]:
    """The checklist on a page: each step, and whether it is done."""
    _, _, steps = page.partition('<ol class="steps">')
    found = re.findall(
        r'<li( class="done")?>.*?<div>\s*(?:<a[^>]*>)?([^<]+?)\s*<(?:/a|span)',
        steps.partition("</ol>")[0],
        re.S,
    )
    return {title: bool(done) for done, title in found}


def _undo_story(visitor: Visitor, *names: str) -> None:
    """Remove rows of the story, so that the hub is in an earlier state."""
    with visitor.app.app_context(), engine.transaction() as session:
        for case in session.query(Case):
            case.closed_at = case.opened_at
        if "postings" in names:
            session.query(Posting).update({"state": "review", "approved_by": None})
        if "apps" in names:
            session.query(Installation).update({"enabled": False})
        if "companies" in names:
            session.query(Company).update({"state": "disconnected"})


@pytest.mark.parametrize(
    ("missing", "next_step"),
    [
        (("postings",), "Next: Download the lists"),
        (("postings", "apps"), "Next: Enable the first app"),
        (("postings", "apps", "companies"), "Next: Connect a QuickBooks company"),
        (("apps",), "Next: Enable the first app"),
    ],
)
def test_a_hub_without_posted_documents_says_what_comes_next(
    visitor: Visitor, missing: tuple[str, ...], next_step: str
) -> None:
    _undo_story(visitor, *missing)
    visitor.log_in("olga")
    for path in ("/", "/inbox/"):
        assert "Nothing needs you" not in visitor.page(path), path
    assert next_step in visitor.page("/")


def test_every_step_is_ticked_by_what_is_in_the_database(open_pages) -> None:
    visitor = open_pages("people", HUB_QBO_CLIENT_ID="", HUB_QBO_CLIENT_SECRET="")
    visitor.log_in("olga")
    steps = _steps(visitor.page("/"))
    assert list(steps) == [
        "Enter the keys of your Intuit app",
        "Connect a QuickBooks company",
        "Enable the first app",
        "Download the lists",
        "Approve the first documents",
        "Enter a mail server",
        "Add a second owner",
    ]
    assert not any(steps.values())

    visitor.post("/setup/intuit", client_id="an-app", client_secret="s", environment="sandbox")
    visitor.post("/setup/mail", host="mail.example.com")
    visitor.post("/people/add", name="second@example.com", password=PASSWORD, role="owner")
    with visitor.app.app_context(), engine.transaction() as session:
        company = add_company(session)
        add_installation(session, company)
    done = {title for title, is_done in _steps(visitor.page("/")).items() if is_done}
    assert done == set(steps) - {"Download the lists", "Approve the first documents"}


def test_the_checklist_goes_once_all_is_done(visitor: Visitor, clock: FakeClock) -> None:
    visitor.log_in("olga")
    visitor.post("/setup/mail", host="mail.example.com")
    visitor.post("/people/add", name="second@example.com", password=PASSWORD, role="owner")
    assert _steps(visitor.page("/"))["Download the lists"] is False
    with visitor.app.app_context(), engine.transaction() as session:
        session.add(
            Run(
                kind="lists",
                company_id=visitor.story.company,
                started_at=clock.now(),
                outcome="done",
            )
        )
    assert _steps(visitor.page("/")) == {}


def test_a_lists_run_that_stopped_ticks_nothing(visitor: Visitor, clock: FakeClock) -> None:
    with visitor.app.app_context(), engine.transaction() as session:
        session.add(
            Run(
                kind="lists",
                company_id=visitor.story.company,
                started_at=clock.now(),
                outcome="stopped",
            )
        )
    visitor.log_in("olga")
    assert _steps(visitor.page("/"))["Download the lists"] is False


def test_those_who_cannot_do_a_step_see_who_can(visitor: Visitor) -> None:
    visitor.log_in("vera")
    page = visitor.page("/")
    assert "An owner does this: olga." in page
    assert "An owner or operator does this: olga." in page
    assert 'href="/setup/mail"' not in page


def test_a_demo_shows_no_checklist(visitor: Visitor) -> None:
    object.__setattr__(visitor.app.extensions["hub"], "is_demo", True)
    visitor.log_in("olga")
    assert _steps(visitor.page("/")) == {}
