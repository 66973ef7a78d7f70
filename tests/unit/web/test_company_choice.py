"""The switcher: lists and counts of one company, or of all that a person may see."""

import datetime as dt
import re
from html import unescape
from urllib.parse import parse_qs, urlsplit

import pytest
from sqlalchemy import select

from hub.context import current_hub
from hub.db import engine
from hub.models import Case, CaseNote, Posting, RoleAssignment, User
from hub.models.enums import ConnectionState
from hub.reasons.template import CaseAction
from hub.web.frame import company_choice
from tests.support.pages.page_visitor import Visitor
from tests.support.rows.page_rows import add_company
from tests.support.rows.rights_rows import APPS, COMPANIES, TwoCompanies, canary
from tests.support.rows.stored_cases import open_stored_case

ALPHA, BRAVO = COMPANIES
EVERYTHING = "owner/every company/every app"
OF_ALPHA = f"viewer/{ALPHA}/every app"
LISTS = (
    "/",
    "/inbox/",
    "/inbox/export?format=csv",
    "/documents",
    "/documents?state=held",
    "/documents/export?format=csv",
    "/runs/",
    "/runs/export?format=csv",
    "/apps/",
    "/reports/",
    "/reconciliations/",
    "/reconciliations/export?format=csv",
)


def names_of(company: str) -> list[str]:
    """Return the names in the rows of a company, but not its own name, which is in the switcher."""
    return [canary(company, app) for app in APPS]


def shows(visitor: Visitor, path: str, company: str) -> bool:
    """Return whether a page or file has a row of a company."""
    text = unescape(visitor.page(path))
    rows = text.partition('id="main"')[2] or text
    # The names of people in this story hold those of their companies.
    without_people = re.sub(r'<select[^>]*name="assignee".*?</select>', "", rows, flags=re.DOTALL)
    return company in without_people


def choose(two_companies: TwoCompanies, person: str, company: str) -> Visitor:
    """Return the browser of a person who chose a company, "" for all."""
    visitor = two_companies.visitor(person)
    chosen = two_companies.rows.companies.get(company, "")
    assert visitor.post("/companies/choose", company=chosen, next="/").status_code == 302
    return visitor


def open_cases(visitor: Visitor, path: str = "/documents") -> int:
    """Return the number of open cases in the menu."""
    match = re.search(r'<span class="count">(\d+)<', visitor.page(path))
    return int(match[1]) if match else 0


def test_lists_files_and_counts_are_those_of_the_chosen_company(
    two_companies: TwoCompanies,
) -> None:
    visitor = two_companies.visitor(EVERYTHING)
    over_all = open_cases(visitor)
    both = [path for path in LISTS if all(shows(visitor, path, name) for name in COMPANIES)]
    assert set(LISTS) - set(both) <= {"/apps/"}
    choose(two_companies, EVERYTHING, BRAVO)
    for path in LISTS:
        assert shows(visitor, path, BRAVO), path
        assert not shows(visitor, path, ALPHA), path
    with two_companies.app.app_context(), engine.read_only_session() as session:
        own = session.query(Case).filter_by(
            company_id=two_companies.rows.companies[BRAVO], closed_at=None
        )
        assert open_cases(visitor) == own.count() < over_all


def test_the_choice_is_seen_on_every_page_and_ends_with_all_companies(
    two_companies: TwoCompanies,
) -> None:
    visitor = choose(two_companies, EVERYTHING, BRAVO)
    for path in ("/", "/people/", "/companies"):
        switcher = visitor.page(path).partition('class="switcher"')[2].partition("</div>")[0]
        button = switcher.partition("</button>")[0]
        assert BRAVO in button, path
        color = two_companies.rows.companies[BRAVO] % company_choice.COLOR_COUNT
        assert f"company-{color}" in button
    visitor.press("/companies/choose", company="", next="/documents")
    assert all(shows(visitor, "/documents", name) for name in COMPANIES)


def test_pages_of_one_object_and_of_one_app_are_shown_with_any_company_chosen(
    two_companies: TwoCompanies,
) -> None:
    visitor = choose(two_companies, EVERYTHING, BRAVO)
    document = two_companies.rows.arguments_of("document", ALPHA, APPS[0])["document_id"]
    assert canary(ALPHA, APPS[0]) in visitor.page(f"/documents/{document}")
    app = two_companies.rows.installations[ALPHA, APPS[0]]
    assert shows(visitor, f"/documents?installation={app}", ALPHA)
    assert shows(visitor, "/companies", ALPHA)


def test_a_choice_never_shows_more_than_the_rights(two_companies: TwoCompanies) -> None:
    visitor = two_companies.visitor(OF_ALPHA)
    bravo = two_companies.rows.companies[BRAVO]
    assert visitor.post("/companies/choose", company=bravo).status_code == 404
    assert not shows(visitor, "/companies/choose", BRAVO)
    choose(two_companies, OF_ALPHA, ALPHA)
    with visitor.client.session_transaction() as session:
        session["company"] = bravo  # as if the right had been removed after the choice
    for path in LISTS:
        assert not shows(visitor, path, BRAVO), path


def test_a_right_for_one_app_is_not_widened_to_its_company(two_companies: TwoCompanies) -> None:
    person = f"viewer/{ALPHA}/{APPS[0]}"
    visitor = choose(two_companies, person, ALPHA)
    text = visitor.page("/documents")
    assert canary(ALPHA, APPS[0]) in text
    assert canary(ALPHA, APPS[1]) not in text


def test_a_removed_right_ends_the_choice(two_companies: TwoCompanies) -> None:
    person = f"operator/{ALPHA}/every app"
    visitor = choose(two_companies, person, ALPHA)
    with two_companies.app.app_context(), engine.transaction() as session:
        user = session.query(User).filter_by(username=person).one()
        for right in session.query(RoleAssignment).filter_by(user_id=user.id):
            right.company_id = two_companies.rows.companies[BRAVO]
    assert shows(visitor, "/documents", BRAVO)
    assert not shows(visitor, "/documents", ALPHA)


@pytest.mark.parametrize("later", [BRAVO, "", ALPHA])
def test_an_act_on_all_cases_is_about_the_company_whose_cases_were_shown(
    two_companies: TwoCompanies, later: str
) -> None:
    """Another one may have been chosen in another window since then."""
    visitor = choose(two_companies, EVERYTHING, ALPHA)
    page = visitor.page("/inbox/")
    names = ("newest", "of_company")
    form = {name: re.findall(rf'name="{name}" value="(\d*)"', page)[0] for name in names}
    choose(two_companies, EVERYTHING, later)
    answer = visitor.press("/inbox/bulk/", act="note", which="all", text="Asked them.", **form)
    is_refused = "Nothing was done: another company was chosen in the meantime." in answer
    assert is_refused == (later != ALPHA)
    with two_companies.app.app_context(), engine.read_only_session() as session:
        noted = select(Case.company_id).join(CaseNote, CaseNote.case_id == Case.id)
        company_ids = set(session.scalars(noted))
    assert company_ids == (set() if is_refused else {two_companies.rows.companies[ALPHA]})


def test_one_company_needs_no_switcher(visitor: Visitor) -> None:
    visitor.enter("vera")
    assert 'class="switcher"' not in visitor.page("/")


def test_many_companies_are_searched_on_a_page(
    two_companies: TwoCompanies, monkeypatch: pytest.MonkeyPatch
) -> None:
    visitor = two_companies.visitor(EVERYTHING)
    assert 'id="choose-company"' in visitor.page("/runs/")
    monkeypatch.setattr(company_choice, "MAX_IN_MENU", 1)
    page = visitor.page("/runs/")
    assert 'id="choose-company"' not in page
    assert 'href="/companies/choose?next=/runs/"' in page
    content = visitor.page(f"/companies/choose?next=/runs/&q={BRAVO.lower()}")
    rows = content.partition('id="main"')[2]
    assert BRAVO in rows
    assert ALPHA not in rows
    assert 'name="next" value="/runs/"' in rows
    assert "No company has this name" in visitor.page("/companies/choose?q=nothing")


@pytest.mark.parametrize(
    ("path", "kept"),
    [
        ("/inbox/?words=bill+7&act=retry&show=mine&sort=oldest&company=1", None),
        ("/inbox/?installation=1&before=9&after=3&ticked=1,2&draft=x&then=next&words=a", {"words"}),
        ("/documents?q=a%26b&state=held&kind=bill&from=2026-01-01&amount=1-9&sort=total", None),
        ("/documents?installation=1&run=1&to=2026-02-01&before=1", {"to"}),
        ("/runs/?kind=sync&state=stopped&installation=1", {"kind", "state"}),
        ("/search/?q=hara", None),
        (f"/documents?q={'a' * 3000}", set()),
    ],
)
def test_filters_that_fit_every_company_stay_when_another_one_is_chosen(
    two_companies: TwoCompanies, path: str, kept: set[str] | None
) -> None:
    """`kept` are the names of those that do, None for all but the company.

    Those that name an app, a run or a page of the list are left.
    """
    visitor = two_companies.visitor(EVERYTHING)
    bare, _, query = path.partition("?")
    arguments = parse_qs(query)
    names = arguments.keys() - {"company"} if kept is None else kept
    expected = {name: arguments[name] for name in names}
    [following] = re.findall(r'name="next" value="([^"]*)"', switcher_of(visitor.page(path)))
    chosen = two_companies.rows.companies[BRAVO]
    answer = visitor.post("/companies/choose", company=chosen, next=unescape(following))
    address = urlsplit(answer.location)
    assert (address.path, parse_qs(address.query)) == (bare, expected)
    assert visitor.get(answer.location).status_code == 200


def switcher_of(page: str) -> str:
    """Return the switcher of a page."""
    return page.partition('class="switcher"')[2].partition("</form>")[0]


def test_an_address_elsewhere_is_not_followed_and_a_wrong_id_shows_all(
    two_companies: TwoCompanies,
) -> None:
    visitor = two_companies.visitor(EVERYTHING)
    answer = visitor.post("/companies/choose", company="x", next="https://foreign.test/")
    assert answer.location == "/"
    assert all(shows(visitor, "/documents", name) for name in COMPANIES)


@pytest.mark.parametrize("path", ["/", "/companies"])
def test_companies_with_problems_come_first(two_companies: TwoCompanies, path: str) -> None:
    names = [f"Selskap {number:02}" for number in range(25)]
    with two_companies.app.app_context(), engine.transaction() as session:
        companies = {}
        for number, name in enumerate(names):
            companies[name] = add_company(session, f"9{number}", name)
        companies["Selskap 23"].state = ConnectionState.RECONNECT
        case = {"title": "Lists are too old", "action": CaseAction.NONE}
        for name in ("Selskap 22", "Selskap 24"):
            company_id = companies[name].id
            open_stored_case(session, f"lists:{name}", company_id=company_id, **case)
        snoozed = session.query(Case).filter_by(company_id=companies["Selskap 22"].id).one()
        snoozed.snoozed_until = current_hub().clock.now() + dt.timedelta(days=3)
    visitor = two_companies.visitor(EVERYTHING)
    listed: list[str] = []
    address = path
    while address:
        page = visitor.page(address)
        rows = unescape(page.partition('id="main"')[2])
        listed += re.findall(r'<h2 class="m-0" id="company-\d+">.*?(Selskap \d+)', rows)
        following = re.search(r'rel="next" href="([^"]*)"', page)
        address = unescape(following[1]) if following else ""
    others = [name for name in names if name not in ("Selskap 23", "Selskap 24")]
    assert listed == ["Selskap 23", "Selskap 24", *others]


def test_pages_on_which_a_person_decides_name_the_company(two_companies: TwoCompanies) -> None:
    visitor = two_companies.visitor(EVERYTHING)
    for company in COMPANIES:
        of_app = {
            kind: two_companies.rows.arguments_of(kind, company, APPS[0])
            for kind in ("document", "case", "run")
        }
        removal = of_app["case"]["case_id"]
        with two_companies.app.app_context(), engine.transaction() as session:
            session.get_one(Case, removal).stored_action = CaseAction.VOID
        for path in (
            f"/documents/{of_app['document']['document_id']}",
            f"/inbox/{removal}",
            f"/inbox/{removal}/remove",
            f"/runs/{of_app['run']['run_id']}",
        ):
            crumbs = visitor.page(path).partition('class="crumbs"')[2].partition("</nav>")[0]
            assert f"{company} {canary(company)}" in unescape(crumbs), path


def test_runs_and_hits_of_a_search_name_their_company(two_companies: TwoCompanies) -> None:
    visitor = two_companies.visitor(EVERYTHING)
    for path in ("/runs/", "/search/?q=canary", "/runs/export?format=csv"):
        rows = re.split(r"<tr>|\r?\n(?=\d)", visitor.page(path))
        for company in COMPANIES:
            own = [row for row in rows if canary(company, APPS[0]) in row]
            assert own, path
            assert all(f"{company} {canary(company)}" in row for row in own), path
    choose(two_companies, EVERYTHING, BRAVO)
    for path in ("/runs/", "/search/?q=canary"):
        line = rf'<div class="small soft[^"]*">{BRAVO} {canary(BRAVO)}</div>'
        assert not re.search(line, visitor.page(path)), path


def tile(page: str, name: str) -> tuple[int, str]:
    """Return the number of a tile of the home page, and the address that it leads to."""
    pattern = rf'<a href="([^"]+)"><span class="kpi-name">{name}</span> <strong>(\d+)</strong>'
    match = re.search(pattern, page)
    assert match, name
    return int(match[2]), unescape(match[1])


@pytest.mark.parametrize("company", ["", *COMPANIES])
@pytest.mark.parametrize("without", ["", ALPHA])
def test_the_target_of_each_tile_has_its_number(
    two_companies: TwoCompanies, company: str, without: str
) -> None:
    """The number is that of the chosen company, also if it has nothing and another one has."""
    with two_companies.app.app_context(), engine.transaction() as session:
        for posting in session.query(Posting).filter_by(state="review"):
            if posting.company_id == two_companies.rows.companies.get(without):
                posting.state = "unknown"
    visitor = choose(two_companies, EVERYTHING, company)
    home = visitor.page("/")
    count, address = tile(home, "To approve")
    page = visitor.client.get(address, follow_redirects=True).text
    cells = re.findall(r'<td class="amount" data-label="Documents">(\d+)</td>', page)
    assert sum(map(int, cells)) == count
    count, address = tile(home, "In doubt")
    found = re.search(r"<strong>(\d+)</strong> documents?", visitor.page(address))
    assert (int(found[1]) if found else 0) == count
    count, address = tile(home, "Needs attention")
    page = visitor.page(address)
    of_groups = map(int, re.findall(r'class="number-of">(\d+)<', page))
    assert max(of_groups) == count > 0  # the largest group is "All"
