"""Pages of many companies whose names and amounts are long: nothing is cut or too wide."""

from collections.abc import Callable, Iterator
from decimal import Decimal

import pytest

from hub.db import engine as db_engine
from hub.security import audit
from hub.web.serving.server import Web
from tests.support.pages.browser import Person
from tests.support.pages.page_visitor import Visitor
from tests.support.rows.page_rows import PASSWORD, add_company, add_document, add_installation

pytestmark = pytest.mark.browser
SENTENCE = "Kjell-Håkon Øvrebø-Sørensens Byggtekniske Rådgivning, Prosjektering og Entreprise AS"
WORD = "Donaudampfschifffahrtsgesellschaftskapitänsmützenfabrik GmbH"
# 320 is a window of 1280 pixels at a zoom of 400 %.
DESKTOP, PHONE, ZOOMED = (
    {"width": 1360, "height": 900},
    {"width": 390, "height": 800},
    {"width": 320, "height": 256},
)
# What is cut or reaches out of the window, but for tables, which may scroll, and choices.
CUT = """() => {
  const width = document.documentElement.clientWidth, found = [];
  if (document.documentElement.scrollWidth > width) found.push("the page is too wide");
  for (const one of document.querySelectorAll("main *, .side *")) {
    if (one.children.length || !one.checkVisibility() || one.matches(".scroll *, .skip")) continue;
    const {left, right} = one.getBoundingClientRect();
    if (right > width + 1 || left < -1) found.push(`outside: ${one.outerHTML.slice(0, 80)}`);
  }
  for (const one of document.querySelectorAll(".box, .tile, .kpi")) {
    const {right} = one.getBoundingClientRect();
    if (right > width - 4) found.push(`at the edge: ${one.outerHTML.slice(0, 80)}`);
  }
  for (const one of document.querySelectorAll(".brand, .btn, .kpi strong")) {
    if (one.scrollWidth > one.clientWidth + 1) found.push(`cut: ${one.outerHTML.slice(0, 80)}`);
  }
  return found;
}"""
# A table with its action beside it; at this width there is room for all of it.
SCROLLS = "() => document.querySelector('.scroll').scrollWidth > " + (
    "document.querySelector('.scroll').clientWidth + 1"
)
# Buttons of one word that have two lines, and ids that do.
BROKEN_WORDS = """() => [...document.querySelectorAll("main .btn, main .mono")]
  .filter((one) => one.checkVisibility() && !/\\s/.test(one.innerText.trim()))
  .filter((one) => {
    const range = document.createRange();
    range.selectNodeContents(one);
    return new Set([...range.getClientRects()].map((box) => Math.round(box.top))).size > 1;
  }).map((one) => one.outerHTML.slice(0, 80))"""
LOWER_EDGES = """() => [...new Set(
  [...document.querySelectorAll(".filters :is(input, select, button)")]
    .map((one) => Math.round(one.getBoundingClientRect().bottom / 4)))]"""
HEIGHT_OF_BARS = """() => [...document.querySelectorAll("body *")]
  .filter((one) => getComputedStyle(one).position === "sticky")
  .reduce((sum, one) => sum + one.offsetHeight, 0)"""


@pytest.fixture
def served(visitor: Visitor) -> Iterator[Visitor]:
    """Serve a hub with companies of long names, each with documents in three currencies."""
    with visitor.app.app_context(), db_engine.transaction() as session:
        for place, name in enumerate((SENTENCE, WORD)):
            company = add_company(session, f"913{place:013}", name)
            installation = add_installation(session, company, tenant=f"t{place + 2}")
            for number, currency in enumerate(("NOK", "EUR", "SEK")):
                document, posting = add_document(session, installation, "review", 600 + number)
                document.party = SENTENCE
                document.currency = posting.currency = currency
                document.total = posting.total = Decimal("987654321.55")
        visitor.ids = [installation.id, document.id]
    web = Web(visitor.app, "127.0.0.1", 0)
    web.start()
    visitor.url = web.url
    yield visitor
    web.stop()


@pytest.mark.parametrize("size", [DESKTOP, PHONE, ZOOMED])
def test_long_names_and_amounts_fit_every_window(
    served: Visitor, open_tab: Callable[..., Person], size: dict[str, int]
) -> None:
    person = open_tab(served.url, viewport=size)
    person.log_in("olga", PASSWORD)
    here = f"/installations/{served.ids[0]}"
    cut = {}
    for path in (
        "/",
        "/inbox/",
        "/documents",
        f"/documents/{served.ids[1]}",
        "/apps/",
        "/apps/costtracker",
        "/companies",
        "/companies/choose",
        "/reports/",
        "/people/",
        "/reconciliations/",
        "/to-approve/",
        f"{here}/review/",
        f"{here}/review/approve?which=all",
        f"{here}/settings",
    ):
        person.open(path)
        if found := person.page.evaluate(CUT):
            cut[path] = found
    assert cut == {}


def test_the_button_of_each_row_is_in_view_beside_long_names(
    served: Visitor, open_tab: Callable[..., Person]
) -> None:
    person = open_tab(served.url, viewport=DESKTOP)
    person.enter("olga", PASSWORD)
    for path in ("/to-approve/", "/reconciliations/", f"/documents/{served.ids[1]}"):
        person.open(path)
        assert not person.page.evaluate(SCROLLS), path


def test_no_button_is_broken_within_a_word_beside_long_names(
    served: Visitor, open_tab: Callable[..., Person]
) -> None:
    person = open_tab(served.url, viewport=DESKTOP)
    person.enter("olga", PASSWORD)
    for path in ("/companies/choose", "/people/", "/reconciliations/", "/apps/costtracker"):
        person.open(path)
        assert person.page.evaluate(BROKEN_WORDS) == [], path


@pytest.mark.parametrize("language", ["en", "nb"])
def test_the_filter_of_the_audit_log_is_one_line_on_a_small_desktop(
    served: Visitor, open_tab: Callable[..., Person], language: str
) -> None:
    with served.app.app_context(), db_engine.transaction() as session:
        audit.record(
            session, "kjell-hakon.ovrebo-sorensen@byggtekniske.example", "lists pushed", ""
        )
    person = open_tab(served.url, viewport={"width": 1280, "height": 800}, locale=language)
    person.enter("olga", PASSWORD)
    person.open("/audit/?from=2026-01-01")
    assert len(person.page.evaluate(LOWER_EDGES)) == 1


def test_bars_that_stay_in_view_leave_room_at_a_zoom_of_400_percent(
    served: Visitor, open_tab: Callable[..., Person]
) -> None:
    person = open_tab(served.url, viewport=ZOOMED)
    person.enter("olga", PASSWORD)
    here = f"/installations/{served.ids[0]}"
    for path in ("/inbox/", f"{here}/review/", f"{here}/settings"):
        person.open(path)
        assert person.page.evaluate(HEIGHT_OF_BARS) < ZOOMED["height"] / 2, path


def test_a_count_says_what_it_counts_on_a_phone(
    served: Visitor, open_tab: Callable[..., Person]
) -> None:
    person = open_tab(served.url, viewport=PHONE)
    person.enter("olga", PASSWORD)
    person.open("/companies/choose")
    cell = person.page.get_by_role("row", name=SENTENCE).locator(".amount")
    label = "(one) => getComputedStyle(one, '::before').content"
    assert "Open cases" in cell.evaluate(label)
