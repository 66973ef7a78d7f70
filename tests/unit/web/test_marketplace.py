"""The marketplace: a tile for each app, its state and its actions."""

import datetime as dt
import re
from collections.abc import Callable
from dataclasses import replace
from html import unescape
from typing import get_args

import pytest
from sqlalchemy import update

from hub.contract.registry import Installed, Plugins
from hub.contract.tiers import TIER_TITLES, assess
from hub.contract.types import Icon
from hub.db import engine
from hub.models import Access, AuditEntry, Case, ConnectedCompany, Installation, Schedule
from hub.testing.clock import FakeClock
from hub.web.apps import marketplace
from tests.support.pages.page_texts import LinkNames
from tests.support.pages.page_visitor import Visitor
from tests.support.rows.page_rows import add_company, add_installation


@pytest.fixture
def gated(open_pages: Callable[..., Visitor]) -> Visitor:
    """Provide a hub with an app that requires access and one that is only announced.

    Both are enabled nowhere.
    """
    visitor = open_pages()
    plugins = visitor.app.extensions["hub"].plugins
    guarded = replace(
        plugins.apps["costtracker"],
        access="sales@costtracker.no",
        access_gate=True,
        slug="gated",
        name="Gated",
    )
    plugins = type("Fake", (), {})()
    real = visitor.app.extensions["hub"].plugins
    plugins.apps, plugins.broken = {**real.apps, "gated": guarded}, ()
    plugins.has, plugins.get_plugin_name, plugins.call, plugins.describe = (
        lambda slug, hook: real.has("costtracker" if slug == "gated" else slug, hook),
        real.get_plugin_name,
        real.call,
        real.describe,
    )
    plugins.package = lambda slug: real.package("costtracker")
    plugins.installed_plugin = lambda slug: real.installed_plugin(
        "costtracker" if slug == "gated" else slug
    )
    visitor.app.extensions["hub"] = replace(visitor.app.extensions["hub"], plugins=plugins)
    return visitor


def test_every_tile_says_its_state_in_words(gated: Visitor) -> None:
    gated.log_in("vera")
    page = gated.page("/apps/")
    assert "Needs attention" in page


def test_a_tile_of_an_app_without_cases_names_its_mode_as_the_other_pages_do(
    visitor: Visitor,
) -> None:
    with visitor.app.app_context(), engine.transaction() as session:
        session.get_one(Installation, visitor.story.installation).mode = "auto"
        session.execute(update(Case).values(closed_at=dt.datetime(2026, 11, 1, tzinfo=dt.UTC)))
    visitor.enter("vera")
    assert "Enabled · automatic" in visitor.page("/apps/")


def test_a_tile_says_why_the_app_needs_attention(visitor: Visitor) -> None:
    visitor.enter("vera")
    for path in ("/apps/", "/apps/costtracker"):
        assert "A bill was edited in QuickBooks" in visitor.page(path)
    with visitor.app.app_context(), engine.transaction() as session:
        session.get_one(ConnectedCompany, visitor.story.company).state = "reconnect"
    assert "Nordvik Bygg AS is not connected." in visitor.page("/apps/")


def test_a_tile_of_many_companies_has_those_that_use_the_app(visitor: Visitor) -> None:
    with visitor.app.app_context(), engine.transaction() as session:
        for number in range(marketplace.COMPANIES_PER_TILE):
            add_company(session, f"90{number}", f"Bygg {number}")
    visitor.enter("olga")
    page = visitor.page("/apps/")
    assert "Nordvik Bygg AS" in page
    assert "More companies on its page" in page
    assert "Bygg 1<" not in page
    assert "Enable for" not in page


def drawings_on(page: str) -> list[str]:
    """Return the names of the apps' drawings on a page."""
    return re.findall(r'app-icons\.svg[^"#]*#([a-z-]+)"', page)


def test_each_app_has_a_drawing(visitor: Visitor) -> None:
    visitor.enter("vera")
    with visitor.get("/assets/app-icons.svg") as answer:
        drawings = answer.text
    names = drawings_on(visitor.page("/apps/"))
    assert len(names) == len(visitor.app.extensions["hub"].plugins.apps)
    assert all(f'<symbol id="{name}"' in drawings for name in names)
    assert {f'id="{name}"' for name in get_args(Icon) if name} == set(
        re.findall(r'id="[a-z-]+"', drawings)
    )


def test_pages_about_an_enabled_app_have_its_drawing(visitor: Visitor) -> None:
    visitor.enter("vera")
    story = visitor.story
    for path in ("/", f"/documents/{story.documents['review']}", f"/inbox/{story.cases['choose']}"):
        assert set(drawings_on(visitor.page(path))) == {"receipt"}, path


@pytest.mark.parametrize(
    ("words", "is_listed"),
    [("costt", True), ("supplier credit", True), ("ONTRA", False), ("tracker", False)],
)
def test_apps_are_found_by_name_and_by_what_they_post(
    visitor: Visitor, words: str, is_listed: bool
) -> None:
    visitor.enter("vera")
    assert ("Open CostTracker" in visitor.page(f"/apps/?q={words}")) == is_listed
    assert "No app fits" in visitor.page("/apps/?q=nothing+like+it")


def test_apps_are_found_by_the_words_of_the_page_in_every_language(visitor: Visitor) -> None:
    visitor.enter("olga")
    for query, is_listed in (("leverandørfaktura", True), ("bill", True), ("lønn", False)):
        page = visitor.get(f"/apps/?q={query}", headers={"Accept-Language": "nb"}).text
        assert ("/apps/costtracker" in page) == is_listed, query


def test_the_page_of_an_app_says_its_tier_and_what_is_missing_for_the_next(
    visitor: Visitor, plugins: Plugins
) -> None:
    visitor.enter("vera")
    facts = _facts(visitor.page("/apps/harvest"))
    quality = assess(plugins, "harvest")
    assert facts["Tier"] == TIER_TITLES.get(quality.tier, "none yet")
    assert "the source learns what became of a document" in facts["What it has"]
    missing = facts[f"Missing for {TIER_TITLES[quality.next_tier]}"]
    assert missing.split(", ") == [ability.title for ability in quality.missing]
    norwegian = visitor.get("/apps/harvest", headers={"Accept-Language": "nb-NO"})
    facts = _facts(norwegian.text)
    assert "kilden får vite hva som ble av et dokument" in facts["Hva den har"]
    assert [name for name in facts if name.startswith("Mangler for ")] != []


def test_several_addresses_in_the_settings_are_named_once(visitor: Visitor) -> None:
    visitor.enter("vera")
    hosts = re.sub("<.*?>", "", _facts(visitor.page("/apps/ion"))["May call"])
    assert hosts == (
        "the address in its settings, *.buildwithion.com, *.ion-gov.com, *.ion-aus.com"
    )


def _facts(page: str) -> dict[str, str]:
    """Return the terms of a page with their descriptions."""
    terms = re.findall(r"<dt>(.*?)</dt>\s*<dd>(.*?)</dd>", page, re.DOTALL)
    return {name: " ".join(unescape(text).split()) for name, text in terms}


def test_an_app_is_enabled_from_its_tile_by_who_may(gated: Visitor) -> None:
    address = f"/apps/ontraccr/{gated.story.company}/configure"
    gated.log_in("arne")
    page = gated.page("/apps/")
    assert f'href="{address}">Enable for Nordvik Bygg AS' in page
    assert "/apps/gated/1/configure" not in page
    viewer = Visitor(gated.app, gated.story)
    viewer.log_in("vera")
    assert address not in viewer.page("/apps/")


@pytest.mark.parametrize("path", ["/", "/apps/"])
def test_links_of_several_apps_have_names_of_their_own(visitor: Visitor, path: str) -> None:
    visitor.enter("olga")
    with visitor.app.app_context(), engine.transaction() as session:
        company = session.get_one(ConnectedCompany, visitor.story.company)
        add_installation(session, company, slug="files", tenant="received")
    page = visitor.page(path)
    assert "Files" in page
    assert LinkNames(page).list_ambiguous() == []


def test_the_page_of_an_app_lists_companies_with_its_problems_first(visitor: Visitor) -> None:
    with visitor.app.app_context(), engine.transaction() as session:
        add_company(session, "9130002", "Alta Bygg AS")
        add_company(session, "9130003", "Bodø Bygg AS").state = "reconnect"
    visitor.enter("olga")
    with_cases = ["Bodø Bygg AS", "Nordvik Bygg AS", "Alta Bygg AS"]
    assert _companies(visitor.page("/apps/costtracker")) == with_cases
    by_name = ["Bodø Bygg AS", "Alta Bygg AS", "Nordvik Bygg AS"]
    assert _companies(visitor.page("/apps/ontraccr")) == by_name


def _companies(page: str) -> list[str]:
    """Return the companies in the first column of a table, in its order."""
    return re.findall(r'<th scope="row" class="long-name">(.*?)</th>', page)


def test_who_may_enable_an_app_is_not_offered_to_request_access(visitor: Visitor) -> None:
    with visitor.app.app_context(), engine.transaction() as session:
        company = add_company(session, "9130002", "Alta Bygg AS").id
    ask, enable = f"/apps/costtracker/{company}/ask", f"/apps/costtracker/{company}/configure"
    visitor.enter("olga")
    page = visitor.page("/apps/costtracker")
    assert (ask in page, enable in page) == (False, True)
    viewer = Visitor(visitor.app, visitor.story)
    viewer.log_in("vera")
    page = viewer.page("/apps/costtracker")
    assert (ask in page, enable in page) == (True, False)


def test_an_unknown_app_is_not_found(visitor: Visitor) -> None:
    visitor.enter("vera")
    assert visitor.get("/apps/nothing").status_code == 404


def test_a_guarded_app_is_asked_for_and_opens_once_an_owner_records_the_grant(
    gated: Visitor,
) -> None:
    configure = f"/apps/gated/{gated.story.company}/configure"
    gated.log_in("arne")
    assert "Ask sales@costtracker.no" in gated.get(configure).text
    page = gated.press(f"/apps/gated/{gated.story.company}/ask")
    assert "sales@costtracker.no grants it" in page
    assert "Requested by arne" in page
    owner = Visitor(gated.app, gated.story)
    owner.log_in("olga")
    owner.press(f"/apps/gated/{gated.story.company}/grant")
    assert gated.row(Access, ("gated", gated.story.company)).granted_by == "olga"
    assert gated.get(configure).status_code == 200
    assert [gated.row(AuditEntry, n).what for n in (2, 4)] == ["access asked for", "access granted"]


def test_a_broken_plugin_is_named_with_its_reason_and_the_others_work(
    visitor: Visitor, plugins: Plugins
) -> None:
    def fails() -> object:
        raise ImportError("no module named requestz")

    broken = Plugins([Installed(name="bad", distribution="qbo-hub-bad", version="1", open=fails)])
    hub = visitor.app.extensions["hub"]
    visitor.app.extensions["hub"] = replace(hub, plugins=broken)
    visitor.enter("vera")
    page = visitor.page("/apps/")
    assert "qbo-hub-bad" in page
    assert "no module named requestz" in page
    assert "requestz" in visitor.page("/plugins/")
    visitor.app.extensions["hub"] = hub


def test_an_app_without_its_plugin_promises_nothing(visitor: Visitor, clock: FakeClock) -> None:
    hub = visitor.app.extensions["hub"]
    with visitor.app.app_context(), engine.transaction() as session:
        row = session.get_one(Installation, visitor.story.installation)
        about = {"installation_id": row.id, "company_id": row.company_id, "kind": "sync"}
        due = clock.now() + dt.timedelta(minutes=30)
        session.add(Schedule(name="next", every="1h", zone=row.zone, next_due=due, **about))
    visitor.enter("olga")
    here = f"/installations/{visitor.story.installation}"
    promises = {
        "/": "next run",
        f"{here}/": "next today",
        f"{here}/matching/": "Apply and run",
        f"/inbox/{visitor.story.cases['match']}": "The next step.",
    }
    for path, promise in promises.items():
        page = _read_text(visitor, path)
        assert (path, promise in page, "nothing runs" in page) == (path, True, False)
    visitor.app.extensions["hub"] = replace(hub, plugins=Plugins([]))
    for path, promise in promises.items():
        page = _read_text(visitor, path)
        assert (path, promise in page, "nothing runs" in page) == (path, False, True)


def _read_text(visitor: Visitor, path: str) -> str:
    """Return the text of a page in one line, without its tags."""
    return " ".join(unescape(re.sub("<.*?>", "", visitor.page(path))).split())


def test_a_hub_survives_that_the_plugin_of_an_installation_is_gone(visitor: Visitor) -> None:
    hub = visitor.app.extensions["hub"]
    visitor.app.extensions["hub"] = replace(hub, plugins=Plugins([]))
    visitor.enter("olga")
    here = f"/installations/{visitor.story.installation}"
    for path in (
        "/",
        "/inbox/",
        "/documents",
        "/runs/",
        f"{here}/",
        f"{here}/matching/",
        f"{here}/review/",
    ):
        assert visitor.get(path).status_code == 200, path
    code = visitor.get(f"{here}/matching/code?field=supplier&code=s1")
    assert (code.status_code, "is not installed on this machine" in code.text) == (400, True)
    page = visitor.page(f"{here}/settings")
    assert "not installed or broken" in page
    assert f'href="{here}/settings"' not in page
    assert f'action="{here}/settings' not in page
    assert "The app is disabled." in visitor.press(f"{here}/disable", sure="1")
    assert not visitor.row(Installation, visitor.story.installation).enabled
    assert f'action="{here}/disable"' in page
    assert f'action="{here}/disable"' not in visitor.page(f"{here}/")
