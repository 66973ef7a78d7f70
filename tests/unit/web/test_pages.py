"""Every page in its states: with data, empty, and with many rows."""

import datetime as dt
import re
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import insert

from hub.db import engine
from hub.models import Case, Posting, Run, SeenCode, SourceDocument
from hub.testing.clock import FakeClock
from tests.support.pages.page_visitor import Visitor
from tests.support.pages.row_headers import TableRows
from tests.support.rows.page_rows import Story, add_company, add_installation, add_people, add_story
from tests.support.runs.tiers import FULL

MANY = 10_000 if FULL else 300
FOR_ALL = (
    "/logout",
    "/settings",
    "/ask",
    "/appearance",
    "/companies/choose",
    "/documents/filters/save",
    "/documents/filters/remove",
)  # a viewer may look at settings; their fields are switched off
HERE = "/installations/{0.installation}"
FIXED = (
    "/",
    "/inbox/",
    "/documents",
    "/runs/",
    "/reports/",
    "/apps/",
    "/apps/costtracker",
    "/companies",
    "/people/",
    "/people/1/rights/",
    "/audit/",
    "/password",
    "/choose-app?list=runs",
    "/help",
)
OF_APP = (
    f"{HERE}/",
    f"{HERE}/settings",
    f"{HERE}/matching/",
    f"{HERE}/review/",
    f"{HERE}/review/approve?which=all",
    f"{HERE}/earlier/",
    f"{HERE}/readiness/",
    f"{HERE}/earlier/include?which=all",
    f"{HERE}/matching/code?field=supplier&code=s1",
)
NOT_FOR_VIEWERS = (
    "/people/",
    "/rights/",
    "/audit/",
    "/review/approve?which=all",
    "/earlier/include?which=all",
)


def _addresses(story: Story) -> list[str]:
    addresses = [*FIXED, *(path.format(story) for path in OF_APP)]
    addresses += [f"/documents/{id}" for id in story.documents.values()]
    addresses += [f"/inbox/{id}" for id in story.cases.values()]
    addresses += [f"/runs/{id}" for id in story.runs.values()]
    return addresses


@pytest.mark.proof(small=0)
def test_every_page_answers_on_postgresql_too(
    make_app: Callable[..., Flask], make_config: Callable[..., Any], postgres_url: str
) -> None:
    app = make_app(make_config(HUB_DATABASE_URL=postgres_url), pages=True)
    with app.app_context(), engine.transaction() as session:
        add_people(session)
        story = add_story(session)
    visitor = Visitor(app, story)
    visitor.enter("olga")
    searches = (
        "/documents?q=F&state=held&from=2026-01-01",
        '/documents?before=["x"]',
        "/audit/?q=x",
    )
    for path in (
        *_addresses(story),
        *searches,
        f"{HERE}/matching/?show=open&q=a".format(story),
    ):
        assert visitor.get(path).status_code == 200, path


@pytest.mark.proof(small=1)
@pytest.mark.parametrize("name", ["olga", "vera"])
def test_every_page_answers_whole(visitor: Visitor, name: str) -> None:
    visitor.log_in(name)
    for path in _addresses(visitor.story):
        if name == "vera" and path.endswith(NOT_FOR_VIEWERS):
            continue
        page = visitor.page(path)
        assert page.count("<h1") == 1, path
        assert page.rstrip().endswith("</html>"), path
        assert "Undefined" not in page


def test_the_first_cell_of_a_row_tells_a_screen_reader_what_the_others_are_about(
    visitor: Visitor,
) -> None:
    visitor.enter("olga")
    for path in (*_addresses(visitor.story), "/account/", "/reconciliations/"):
        assert (path, TableRows(visitor.page(path)).without_header) == (path, [])


FORM = re.compile(r"<form\b(?P<head>[^>]*)>(?P<content>.*?)</form>", re.DOTALL)
HIDDEN = re.compile(r'<input\s+type="hidden"\s+name="(?!csrf_token)[^"]*"\s+value="[^"]*">')
BUTTON = re.compile(r"<button\b(?P<head>[^>]*)>(?P<content>.*?)</button>", re.DOTALL)


def _buttons(page: str) -> dict[str, set[str]]:
    """Return what each button of a page does, by the name that a screen reader says."""
    acts: dict[str, set[str]] = {}
    for form in FORM.finditer(page.partition("<main")[2]):
        action = re.search(r'action="([^"]*)"', form["head"])
        target = (action[1] if action else "") + "".join(HIDDEN.findall(form["content"]))
        for button in BUTTON.finditer(form["content"]):
            label = re.search(r'aria-label="([^"]*)"', button["head"])
            name = label[1] if label else re.sub(r"<[^>]+>", "", button["content"])
            acts.setdefault(" ".join(name.split()), set()).add(target)
    return acts


def test_buttons_that_do_different_things_have_different_names(
    visitor: Visitor, clock: FakeClock
) -> None:
    with visitor.app.app_context(), engine.transaction() as session:
        company = add_company(session, name="Other AS", realm="77")
        add_installation(session, company, slug="other")
    for browser in (Visitor(visitor.app, visitor.story) for _ in range(2)):
        browser.log_in("olga")
        clock.advance(60)
    visitor.enter("olga")
    for path in (*_addresses(visitor.story), "/account/"):
        same = {name for name, acts in _buttons(visitor.page(path)).items() if len(acts) > 1}
        assert same == set(), path


def test_a_viewer_is_offered_nothing_to_press(visitor: Visitor) -> None:
    visitor.enter("vera")
    for path in _addresses(visitor.story):
        if path.endswith((*NOT_FOR_VIEWERS, "/password")):
            continue
        forms = [form for form in re.findall(r"<form[^>]*>", visitor.page(path)) if "post" in form]
        assert all(any(free in form for free in FOR_ALL) for form in forms), (path, forms)


@pytest.fixture
def empty(open_pages: Callable[..., Visitor]) -> Visitor:
    """Provide a hub without data except for its people."""
    visitor = open_pages("people")
    visitor.enter("olga")
    return visitor


@pytest.mark.parametrize(
    ("path", "sentence"),
    [
        ("/", "Next: Connect a QuickBooks company"),
        ("/inbox/", "No cases yet"),
        ("/documents", "No documents yet"),
        ("/runs/", "Nothing has run yet"),
        ("/reports/", "Next: Connect a QuickBooks company."),
        ("/companies", "No company is connected"),
        ("/reconciliations/", "Connect a company first</a>"),
        ("/apps/costtracker", "Connect a company first"),
        ("/audit/?q=nothing-like-it", "Nothing was found."),
    ],
)
def test_an_empty_page_says_what_comes_and_what_to_do(
    empty: Visitor, path: str, sentence: str
) -> None:
    assert sentence in empty.page(path)


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("olga", "Nothing has run yet. Enable an app, or press Run now on its page.<"),
        ("oda", "Nothing has run yet. Press Run now on the page of an app.<"),
        ("vera", "Nothing has run yet.<"),
    ],
)
def test_an_empty_list_of_runs_names_no_button_that_the_person_lacks(
    open_pages: Callable[..., Visitor], name: str, sentence: str
) -> None:
    visitor = open_pages("people")
    visitor.log_in(name)
    assert sentence in visitor.page("/runs/")


def test_a_hub_without_an_intuit_app_says_which_settings_are_missing(
    open_pages: Callable[..., Visitor],
) -> None:
    visitor = open_pages(HUB_QBO_CLIENT_ID="")
    visitor.enter("olga")
    page = visitor.page("/companies")
    assert "HUB_QBO_CLIENT_ID" in page
    assert "/quickbooks/callback" in page


def test_pages_of_many_rows_show_fifty_and_lead_on(empty: Visitor) -> None:
    story = _fill(empty)
    for path in (
        "/documents",
        "/documents?q=F-000123",
        "/documents?state=held",
        "/runs/",
        "/inbox/",
        f"{HERE}/matching/",
    ):
        page = empty.page(path.format(story))
        assert 25 <= page.count("<tr") <= 60 or "F-000123" in page, path
    assert "Older" in empty.page("/documents")


@pytest.mark.proof
def test_paging_shows_each_row_once_forth_and_back(empty: Visitor) -> None:
    story = _fill(empty, 120)
    first = empty.page("/documents")
    numbers, page = _numbers(first), first
    while next_page := re.search(r'rel="next" href="([^"]+)"', page):
        page = empty.page(next_page[1].replace("&amp;", "&"))
        numbers += _numbers(page)
    assert len(numbers) == len(set(numbers)) == 120
    back = re.search(r'rel="prev" href="([^"]+)"', page)
    assert back
    middle = empty.page(back[1].replace("&amp;", "&"))
    assert _numbers(middle) == numbers[50:100]
    assert story.installation


def _numbers(page: str) -> list[str]:
    return re.findall(r">(F-\d{6})<", page)


def _fill(visitor: Visitor, many: int = MANY) -> Story:
    """Add this number of documents, postings, cases, codes and runs."""
    with visitor.app.app_context(), engine.transaction() as session:
        company = add_company(session)
        here = add_installation(session, company)
        now = dt.datetime(2026, 3, 1, tzinfo=dt.UTC)
        about = {"company_id": company.id, "installation_id": here.id}
        numbers = range(1, many + 1)
        rows: dict[Any, list[dict[str, Any]]] = {
            SourceDocument: [
                {
                    **about,
                    "id": n,
                    "slug": here.slug,
                    "tenant": "t1",
                    "source_id": f"i:{n}",
                    "marker": f"M{n}",
                    "kind": "bill",
                    "number": f"F-{n:06d}",
                    "seen_at": now,
                }
                for n in numbers
            ],
            Posting: [
                {
                    **about,
                    "id": n,
                    "document_id": n,
                    "kind": "bill",
                    "operation": "create",
                    "requestid": str(n),
                    "state": "held" if n % 50 else "posted",
                    "created_at": now,
                    "changed_at": now,
                }
                for n in numbers
            ],
            Case: [
                {
                    **about,
                    "cause": f"look:{n}",
                    "code": "outcome.refused",
                    "params": {"name": f"Case {n}", "answer": ""},
                    "opened_at": now,
                }
                for n in numbers
            ],
            SeenCode: [
                {
                    "installation_id": here.id,
                    "field": "supplier",
                    "code": f"s{n}",
                    "name": f"Supplier {n}",
                    "seen_at": now,
                }
                for n in numbers
            ],
            Run: [
                {**about, "kind": "sync", "started_at": now, "ended_at": now, "outcome": "done"}
                for n in numbers
            ],
        }
        for model, values in rows.items():
            session.execute(insert(model), values)
        return Story(company.id, here.id)


def test_moments_are_in_the_zone_of_the_app_on_every_page(visitor: Visitor) -> None:
    visitor.enter("olga")
    story = visitor.story
    app, document, run = story.installation, story.documents["unknown"], story.runs["done"]
    case = story.cases["choose"]
    paths = [
        "/",
        "/inbox/",
        f"/inbox/{case}",
        f"/documents/{document}",
        f"/runs/{run}",
        f"/installations/{app}/",
    ]
    for path in paths:
        page = visitor.page(path)
        assert " CET" in page or " CEST" in page, path
        assert " UTC" not in page, path


@pytest.mark.parametrize(
    ("days", "day"), [(0, "today "), (1, "yesterday "), (2, r"\d\d [A-Z][a-z]{2} \d{4} ")]
)
def test_a_moment_of_today_or_yesterday_says_so(
    visitor: Visitor, clock: FakeClock, days: int, day: str
) -> None:
    clock.advance(days * 86400)
    visitor.enter("olga")
    page = visitor.page(f"/runs/{visitor.story.runs['done']}")
    assert re.search(rf"<dt>Started</dt><dd><time[^>]*>{day}\d\d:\d\d</time>", page)


@pytest.mark.parametrize(
    ("path", "entry"),
    [
        ("/installations/1/settings", "Apps"),
        ("/installations/1/review/", "Apps"),
        ("/apps/ontraccr/1/configure", "Apps"),
        ("/people/1/sessions/", "People"),
        ("/people/1/rights/", "People"),
        ("/documents", "Documents"),
        ("/account/", ""),
    ],
)
def test_the_menu_marks_the_entry_to_which_a_page_belongs(
    visitor: Visitor, path: str, entry: str
) -> None:
    visitor.enter("olga")
    menu = re.search(r'<header class="side">.*?</header>', visitor.page(path), re.DOTALL)
    assert menu
    marked = re.findall(r'aria-current="page">\s*<i[^>]*></i>([^<]*)', menu[0])
    assert [text.strip() for text in marked] == [entry] * bool(entry)


def test_the_title_of_a_page_says_whether_an_app_is_enabled_or_its_settings_change(
    visitor: Visitor,
) -> None:
    visitor.enter("olga")
    assert "<title>Enable Ontraccr ·" in visitor.page("/apps/ontraccr/1/configure")
    assert "<title>Settings of CostTracker ·" in visitor.page("/installations/1/settings")
