"""Pages for people who set the text of their browser twice as large, and on narrow windows."""

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Page

from hub.db import engine as db_engine
from hub.models import User
from hub.web.serving.server import Web
from tests.support.pages.browser import Person
from tests.support.pages.list_pages import add_case
from tests.support.pages.page_visitor import Visitor
from tests.support.rows.page_rows import PASSWORD, add_company

pytestmark = pytest.mark.browser
PHONE = {"width": 320, "height": 568}
TWICE_AS_LARGE = 32  # pixels
EXCESS = "e => e.scrollWidth - e.clientWidth"
# Texts that lie on others: which, and on which.
OVERLAPS = """() => {
  const lines = [];
  const walker = document.createTreeWalker(document.querySelector("main"), NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const text = walker.currentNode, element = text.parentElement;
    const isShown = text.data.trim() && element.checkVisibility({visibilityProperty: true});
    if (!isShown || element.closest("svg, pre, option, .visually-hidden")) continue;
    const range = document.createRange();
    range.selectNodeContents(text);
    const boxes = [...range.getClientRects()].filter(box => box.right > 0);
    for (const box of boxes) lines.push([text.data.trim(), box]);
  }
  const common = (a, b, start, end) => Math.min(a[end], b[end]) - Math.max(a[start], b[start]);
  const overlaps = [];
  for (const [place, [text, box]] of lines.entries())
    for (const [other, otherBox] of lines.slice(place + 1))
      if (common(box, otherBox, "left", "right") > 3 &&
          common(box, otherBox, "top", "bottom") > box.height / 2)
        overlaps.push([text, other]);
  return overlaps;
}"""


@pytest.fixture(params=["en", "nb"])
def served(visitor: Visitor, request: pytest.FixtureRequest) -> Iterator[Visitor]:
    """Serve a hub with two companies to an owner who reads one of its languages."""
    add_case(visitor, 900, "1234567.10", due="2026-12-26", title="Klient «Jordan» er ikke koblet")
    with visitor.app.app_context(), db_engine.transaction() as session:
        add_company(session, "9130002", "Fjord & Sons Construction")
        session.query(User).filter_by(username="olga").one().language = request.param
    web = Web(visitor.app, "127.0.0.1", 0)
    web.start()
    visitor.url = web.url
    yield visitor
    web.stop()


def _double_text(page: Page) -> None:
    """Make the text of the browser twice as large, as its settings do."""
    sizes = {"standard": TWICE_AS_LARGE, "fixed": TWICE_AS_LARGE}
    page.context.new_cdp_session(page).send("Page.setFontSizes", {"fontSizes": sizes})


def _list_pages(visitor: Visitor) -> list[str]:
    """Return the addresses of pages of every sort."""
    story, here = visitor.story, f"/installations/{visitor.story.installation}"
    return [
        "/",
        "/inbox/",
        f"/inbox/{story.cases['match']}",
        f"/inbox/{story.cases['choose']}",
        "/documents",
        f"/documents/{story.documents['posted']}",
        f"/postings/{story.postings['review']}/review",
        f"/runs/{story.runs['done']}",
        "/apps/",
        "/companies",
        "/people/",
        "/account/",
        "/setup/intuit",
        "/support",
        f"{here}/",
        f"{here}/review/",
        f"{here}/matching/code?field=supplier&code=s1",
        f"{here}/settings",
        f"{here}/compare/",
        "/audit/",
    ]


def test_text_twice_as_large_fits_the_smallest_phone(
    served: Visitor, open_tab: Callable[..., Person]
) -> None:
    person = open_tab(served.url, viewport=PHONE)
    person.enter("olga", PASSWORD)
    _double_text(person.page)
    wide, overlaps = {}, {}
    for path in _list_pages(served):
        person.open(path)
        person.page.locator("main details").evaluate_all("all => all.forEach(e => e.open = true)")
        wide[path] = person.page.locator("html").evaluate(EXCESS)
        overlaps[path] = person.page.evaluate(OVERLAPS)
    assert {path: excess for path, excess in wide.items() if excess} == {}
    assert {path: texts for path, texts in overlaps.items() if texts} == {}


def test_text_twice_as_large_by_an_own_style_sheet_fits_the_window(
    served: Visitor, open_tab: Callable[..., Person]
) -> None:
    person = open_tab(served.url, bypass_csp=True)
    person.enter("olga", PASSWORD)
    wide = {}
    for path in _list_pages(served):
        person.open(path)
        style = f"html {{ font-size: {TWICE_AS_LARGE}px !important; }}"
        person.page.add_style_tag(content=style)
        person.page.locator("main details").evaluate_all("all => all.forEach(e => e.open = true)")
        for width in person.at_widths(390, 1280):
            wide[path, width] = person.page.locator("html").evaluate(EXCESS)
    assert {place: excess for place, excess in wide.items() if excess} == {}


def test_the_name_of_the_hub_is_whole_beside_the_menu_or_not_shown(
    served: Visitor, open_tab: Callable[..., Person]
) -> None:
    person = open_tab(served.url)
    person.log_in("olga", PASSWORD)
    for width in (320, 480, 512, 560, 600, 640, 768):
        person.page.set_viewport_size({"width": width, "height": 800})
        assert (width, person.page.locator(".side .brand").evaluate(EXCESS)) == (width, 0)


@pytest.mark.parametrize("width", [320, 390])
def test_the_amount_of_a_case_is_not_under_its_due_date_on_a_phone(
    served: Visitor, open_tab: Callable[..., Person], width: int
) -> None:
    person = open_tab(served.url, viewport={"width": width, "height": 800})
    person.log_in("olga", PASSWORD)
    assert person.page.locator(".case-lines .due", has_text="26").count() > 0
    assert person.page.evaluate(OVERLAPS) == []


def test_lists_fit_a_narrow_window_without_scrolling(
    served: Visitor, open_tab: Callable[..., Person]
) -> None:
    person = open_tab(served.url)
    person.enter("olga", PASSWORD)
    for path in ("/inbox/", "/documents", "/to-approve/", "/runs/", "/search/?q=F"):
        person.open(path)
        lists = person.page.locator("main .scroll")
        for width in person.at_widths(600, 710, 767, 768, 804, 1040):
            wide = [excess for excess in lists.evaluate_all(f"all => all.map({EXCESS})") if excess]
            assert (path, width, wide) == (path, width, [])
