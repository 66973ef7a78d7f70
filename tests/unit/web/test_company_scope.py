"""Pages, lists and files show nothing of companies and apps for which a person has no role."""

import io
import re
import zipfile
from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator
from html import unescape
from urllib.parse import SplitResult, parse_qsl, urljoin, urlsplit

import pytest
from flask import Flask
from werkzeug.exceptions import MethodNotAllowed, NotFound
from werkzeug.routing import RequestRedirect
from werkzeug.test import TestResponse

from hub.security import rights
from hub.security.rights import Scope
from hub.web.lists import xlsx
from tests.support.pages.page_visitor import Visitor
from tests.support.rows.rights_rows import APPS, COMPANIES, MIXED, TwoCompanies, canary
from tests.support.runs.tiers import by_form

LINK = re.compile(r'(?:href|src|hx-get|action)="([^"]+)"')
FORM = re.compile(r'<form[^>]*method="post"[^>]*>', re.DOTALL)
LEAVES_THE_HUB = ("/assets/", "/static/", "/bootstrap/", "/login", "/password", "/favicon")
# Addresses that no link leads to: searches, filters with the ids of others, and files.
SEARCHES = (
    "/?q=canary",
    "/inbox/?words=canary",
    "/documents?q=canary",
    "/documents?state=posted",
    "/documents?state=held",
    "/documents?state=missing",
    "/documents/export?format=csv",
    "/runs/export?format=json",
    "/inbox/export?format=json",
    "/runs/?state=stopped",
    "/runs/?kind=lists",
)
# How many links to one page are followed that differ only in the values of their filters.
MAX_VARIANTS = by_form(1, 3, 1_000)
ALPHA, BRAVO = COMPANIES
ONE_COMPANY = f"owner/{ALPHA}/every app"
ONE_APP_OF_ONE = f"owner/{ALPHA}/{APPS[0]}"
ONE_APP = f"owner/every company/{APPS[0]}"
EVERYTHING = "owner/every company/every app"


def every_name() -> set[str]:
    """Return the names that stand in the rows of each app, of each company and of the hub."""
    owners = [(None, None), *((company, None) for company in COMPANIES)]
    owners += [(company, app) for company in COMPANIES for app in APPS]
    return {canary(*owner) for owner in owners}


def text_of(answer: TestResponse) -> str:
    """Return the text of an answer; of a spreadsheet that of its sheets."""
    if answer.mimetype != xlsx.MIME:
        return answer.get_data(as_text=True)
    with zipfile.ZipFile(io.BytesIO(answer.get_data())) as archive:
        return "".join(archive.read(name).decode() for name in archive.namelist())


def variant_of(address: SplitResult) -> tuple[str, ...]:
    """Return what addresses that differ only in the values of their filters have in common."""
    arguments = parse_qsl(address.query, keep_blank_values=True)
    formats = [value for name, value in arguments if name == "format"]
    return address.path, *sorted({name for name, _ in arguments}), *formats


def is_page(app: Flask, path: str) -> bool:
    """Return whether an address can be opened; many of those in forms only take the form."""
    try:
        app.url_map.bind("localhost").match(path, method="GET")
    except (MethodNotAllowed, NotFound):
        return False
    except RequestRedirect:
        pass
    return True


def crawl(visitor: Visitor, two_companies: TwoCompanies) -> Iterator[tuple[str, str]]:
    """Open every page and file that links lead to, and yield address and text of each."""
    waiting = deque(["/", *SEARCHES])
    for installation_id in two_companies.rows.installations.values():
        for page in ("/documents", "/inbox/", "/runs/"):
            waiting.append(f"{page}?installation={installation_id}")
    visited = set(waiting)
    followed = Counter[tuple[str, ...]]()
    while waiting:
        address = waiting.popleft()
        answer = visitor.get(address)
        if answer.status_code in (301, 302, 308):
            texts, links = "", [answer.location]
        elif answer.status_code == 200:
            content = text_of(answer)
            texts = unescape(content)
            links = [unescape(link) for link in LINK.findall(content)]
        else:
            assert answer.status_code in (400, 403, 404), (address, answer.status_code)
            continue
        yield address, texts
        for link in links:
            target = urlsplit(urljoin(f"http://localhost{address}", link))
            path = target.path + (f"?{target.query}" if target.query else "")
            is_inside = target.netloc == "localhost" and not path.startswith(LEAVES_THE_HUB)
            if not is_inside or path in visited:
                continue
            visited.add(path)
            followed[variant_of(target)] += 1
            is_new = followed[variant_of(target)] <= MAX_VARIANTS
            if is_new and is_page(visitor.app, target.path):
                waiting.append(path)


def names_seen(
    two_companies: TwoCompanies,
    person: str,
    until: Callable[[set[str]], bool] = lambda names: False,
) -> dict[str, str]:
    """Return the names that a person can find, with the first address that shows each.

    The search ends early if `until` is true for the names found so far.
    """
    names: dict[str, str] = {}
    for address, text in crawl(two_companies.visitor(person), two_companies):
        for name in every_name():
            if name in text:
                names.setdefault(name, address)
        if until(set(names)):
            break
    return names


def test_an_owner_of_everything_finds_every_name(two_companies: TwoCompanies) -> None:
    result = names_seen(two_companies, EVERYTHING, until=every_name().__eq__)
    assert set(result) == every_name()


@pytest.mark.proof(small=1, full=2)
@pytest.mark.parametrize(
    ("person", "owners"),
    [
        (ONE_COMPANY, [(ALPHA, None), (ALPHA, APPS[0]), (ALPHA, APPS[1])]),
        (ONE_APP_OF_ONE, [(ALPHA, None), (ALPHA, APPS[0])]),
        (ONE_APP, [(ALPHA, None), (ALPHA, APPS[0]), (BRAVO, None), (BRAVO, APPS[0])]),
        (
            MIXED,
            [
                (ALPHA, None),
                (ALPHA, APPS[0]),
                (ALPHA, APPS[1]),
                (BRAVO, None),
                (BRAVO, APPS[1]),
            ],
        ),
    ],
)
def test_no_page_and_no_file_names_what_a_person_has_no_role_for(
    two_companies: TwoCompanies, person: str, owners: list[tuple[str, str | None]]
) -> None:
    allowed = {canary(*owner) for owner in owners}
    result = names_seen(two_companies, person)
    assert {name: result[name] for name in set(result) - allowed} == {}
    assert allowed <= set(result)


@pytest.mark.parametrize("condition", ["cases", "documents", "runs", "companies", "installations"])
def test_the_crawl_finds_a_list_without_its_filter(
    two_companies: TwoCompanies, monkeypatch: pytest.MonkeyPatch, condition: str
) -> None:
    monkeypatch.setattr(Scope, condition, lambda scope: ())
    assert names_bravo(names_seen(two_companies, ONE_COMPANY, until=names_bravo))


def test_rights_for_many_apps_cover_the_same_as_for_few(
    two_companies: TwoCompanies, monkeypatch: pytest.MonkeyPatch
) -> None:
    visitor = two_companies.visitor(ONE_COMPANY)
    files = [path for path in SEARCHES if "/export" in path]
    with_few = [visitor.get(path).data for path in files]
    monkeypatch.setattr(rights, "MAX_LOOKUPS", 0)
    assert [visitor.get(path).data for path in files] == with_few
    assert any(ALPHA.encode() in data for data in with_few)


def names_bravo(names: Iterable[str]) -> bool:
    """Return whether one of the names is of the other company."""
    return any(name.startswith(BRAVO) for name in names)


def test_the_documents_of_a_number_name_no_app_that_the_person_may_not_see(
    two_companies: TwoCompanies,
) -> None:
    person = two_companies.visitor(f"viewer/{COMPANIES[0]}/{APPS[0]}")
    for place, id in two_companies.rows.installations.items():
        cell = f"month=2026-03&installation={id}&currency=NOK&group=posted"
        page = person.get(f"/reports/documents?{cell}").text
        assert (" · NOK" in page) == (place == (COMPANIES[0], APPS[0])), place


def test_how_often_a_company_is_read_for_all_apps_takes_a_role_for_the_whole_company(
    two_companies: TwoCompanies,
) -> None:
    shown = {}
    for name in (ONE_COMPANY, ONE_APP_OF_ONE, ONE_APP, EVERYTHING):
        page = two_companies.visitor(name).page("/companies")
        shown[name] = page.count("Reads of QuickBooks")
    assert shown == {ONE_COMPANY: 1, ONE_APP_OF_ONE: 0, ONE_APP: 0, EVERYTHING: 2}
