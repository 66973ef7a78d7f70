"""People who have a keyboard only: Tab leads everywhere in order, and the focus is always seen."""

import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from hub.db import engine as db_engine
from hub.models import Installation, Posting
from hub.web.serving.server import Web
from tests.support.pages.browser import PAGE_TIMEOUT_MS, Person
from tests.support.pages.list_pages import add_case
from tests.support.pages.page_visitor import Visitor
from tests.support.rows.page_rows import PASSWORD, add_document

pytestmark = pytest.mark.browser
# Without animations, so that a page has scrolled when the focus is looked at.
DESKTOP, TELEPHONE = {"width": 1360, "height": 900}, {"width": 390, "height": 800}
ZOOMED = {"width": 320, "height": 256}  # a window of 1280 by 1024 pixels at a zoom of 400 %
WAITING_BILLS = 40  # so that the list is longer than the window
MAX_STEPS = 400  # on one page
# The focused element: its name, and what is wrong with how it is seen. Of a box that is too large
# for the window, such as a table that scrolls, the ring is not tested for what lies over it.
FOCUS = """() => {
  const one = document.activeElement;
  if (!one || one === document.body) return null;
  // Of a link over two lines the first; its box has room beside them that belongs to others.
  const [box] = one.getClientRects(), style = getComputedStyle(one);
  const label = one.labels && one.labels.length ? one.labels[0].innerText : "";
  const name = one.getAttribute("aria-label") || label || one.innerText || one.value || one.id;
  const wrong = [], last = window.lastFocused;
  window.lastFocused = one;
  // A field for a date has a place for each of its parts, with a mark of its own within the ring.
  if (one === last) return {tag: one.tagName, name: "", wrong, follows: true, isFirst: false};
  if (style.outlineStyle === "none" || parseFloat(style.outlineWidth) < 1) wrong.push("no ring");
  if (!box || box.width < 1 || box.height < 1) {
    wrong.push("no size");
    return {tag: one.tagName, name, wrong, follows: true, isFirst: false};
  }
  const left = Math.max(box.left, 0), right = Math.min(box.right, innerWidth);
  const top = Math.max(box.top, 0), bottom = Math.min(box.bottom, innerHeight);
  if (right - left < 1 || bottom - top < 1) wrong.push("outside of the window");
  else if (box.height < innerHeight / 2) {
    const over = document.elementFromPoint((left + right) / 2, (top + bottom) / 2);
    const isSeen = over && (one.contains(over) || over.contains(one) || over.closest("label"));
    if (!isSeen) wrong.push("under " + (over ? over.outerHTML.slice(0, 80) : "nothing"));
  }
  if (one.tabIndex > 0) wrong.push("a place of its own in the order");
  const follows = !last || !last.isConnected ||
    Boolean(last.compareDocumentPosition(one) & Node.DOCUMENT_POSITION_FOLLOWING);
  return {
    tag: one.tagName, name: name.replace(/\\s+/g, " ").trim(), wrong, follows,
    isFirst: window.firstFocused === one || !(window.firstFocused = window.firstFocused || one),
  };
}"""


class Keyboard:
    """A person who presses keys only; every step checks that the focus is seen and moves on."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.steps = 0

    def step(self, key: str = "Tab") -> dict[str, Any] | None:
        """Press a key that moves the focus; return what has it then, None after the page."""
        self.page.keyboard.press(key)
        self.steps += 1
        focus: dict[str, Any] | None = self.page.evaluate(FOCUS)
        if focus is not None:
            assert focus["wrong"] == [], f"{self.page.url}: {focus}"
        return focus

    def go_to(self, name: str, tag: str = "") -> None:
        """Press Tab until something with this name has the focus; fail after a whole round."""
        expected = re.compile(name)
        reached = []
        for _ in range(MAX_STEPS):
            focus = self.step()
            if focus is None:
                continue
            if tag in ("", focus["tag"]) and expected.search(focus["name"]):
                return
            reached.append(focus["name"])
        raise AssertionError(f"{self.page.url}: Tab does not lead to {name!r}: {reached[:60]}")

    def follow_focused_link(self) -> None:
        """Press Enter on what has the focus, and wait for the page that it leads to."""
        with self.page.expect_navigation(timeout=PAGE_TIMEOUT_MS):
            self.page.keyboard.press("Enter")

    def walk_through(self) -> list[str]:
        """Press Tab from the first to the last element; return the names in their order."""
        names: list[str] = []
        for _ in range(MAX_STEPS):
            focus = self.step()
            if focus is None or (names and focus["isFirst"]):
                return names
            assert focus["follows"], f"{self.page.url}: {focus['name']} comes before {names[-1:]}"
            names.append(focus["name"])
        raise AssertionError(f"{self.page.url}: Tab does not leave the page: {names[-5:]}")


@pytest.fixture
def served(visitor: Visitor) -> Iterator[Visitor]:
    """Serve a hub with a long review list, and a case that a retry solves."""
    with visitor.app.app_context(), db_engine.transaction() as session:
        installation = session.get_one(Installation, visitor.story.installation)
        for place in range(WAITING_BILLS - 2):  # two wait already
            add_document(session, installation, "review", 700 + place)
    visitor.ids = [add_case(visitor, 9, "100.00")]
    web = Web(visitor.app, "127.0.0.1", 0)
    web.start()
    visitor.url = web.url
    yield visitor
    web.stop()


def held_bill(visitor: Visitor) -> str:
    """Return the state of the bill that the case to retry stops."""
    with visitor.app.app_context(), db_engine.read_only_session() as session:
        return str(session.query(Posting).filter(Posting.number == "F-20369").one().state)


@pytest.mark.parametrize("javascript", [True, False])
def test_bills_are_approved_and_a_case_is_cleared_by_tab_and_enter_alone(
    served: Visitor, open_tab: Callable[..., Person], javascript: bool
) -> None:
    person = open_tab(served.url, viewport=DESKTOP, reduced_motion="reduce")
    if not javascript:  # the scripts of the hub only; the test itself evaluates some
        person.page.route("**/*.js*", lambda route: route.abort())
    page, keys = person.page, Keyboard(person.page)

    person.open("/login")
    keys.go_to("Name or e-mail", "INPUT")
    page.keyboard.type("oda")
    keys.go_to("Password", "INPUT")
    page.keyboard.type(PASSWORD)
    keys.follow_focused_link()
    assert page.url == f"{served.url}/"

    keys.go_to("^To approve", "A")
    keys.follow_focused_link()
    expect(page.locator("h2").first).to_contain_text("40 bills to approve", timeout=PAGE_TIMEOUT_MS)
    keys.go_to("F-2092|F-2070|Select", "INPUT")
    page.keyboard.press("Space")
    expect(page.locator("tbody input:checked, thead input:checked").first).to_be_visible(
        timeout=PAGE_TIMEOUT_MS
    )
    keys.go_to("^Approve all 40", "BUTTON")
    keys.step("Shift+Tab")
    keys.go_to("^Approve all 40", "BUTTON")
    keys.follow_focused_link()
    keys.go_to("^Approve 40", "BUTTON")
    keys.follow_focused_link()
    person.expect_text("Approved 40 bills. Posting now.")

    keys.go_to("^Inbox", "A")
    keys.follow_focused_link()
    assert page.url.endswith("/inbox/")
    keys.go_to("^(Retry|Check again): Case 9", "BUTTON")
    keys.follow_focused_link()
    person.expect_text("Retried bill F-20369 (")
    assert held_bill(served) == "ready"
    expect(page.locator("h1")).to_be_visible(timeout=PAGE_TIMEOUT_MS)


@pytest.mark.parametrize("size", [DESKTOP, TELEPHONE, ZOOMED])
def test_tab_leads_through_every_page_in_order_and_out_again(
    served: Visitor, open_tab: Callable[..., Person], size: dict[str, int]
) -> None:
    person = open_tab(served.url, viewport=size, reduced_motion="reduce")
    person.log_in("olga", PASSWORD)
    story, here = served.story, f"/installations/{served.story.installation}"
    for path in (
        "/",
        "/inbox/",
        f"/inbox/{story.cases['choose']}",
        f"/inbox/{story.cases['match']}",
        "/documents",
        f"/documents/{story.documents['posted']}",
        f"{here}/review/",
        f"{here}/settings",
        f"{here}/matching/",
        "/apps/",
        "/companies",
        "/people/",
        "/account/",
        "/audit/",
    ):
        person.open(path)
        names = Keyboard(person.page).walk_through()
        assert names[0] == "Skip to content", path
        assert len(names) > 10, path


def test_after_an_act_the_focus_is_at_its_message_and_tab_continues_from_there(
    served: Visitor, open_tab: Callable[..., Person]
) -> None:
    person = open_tab(served.url, viewport=DESKTOP, reduced_motion="reduce")
    page, keys = person.page, Keyboard(person.page)
    person.enter("oda", PASSWORD)
    person.open("/inbox/")
    keys.go_to("^(Retry|Check again): Case 9", "BUTTON")
    keys.follow_focused_link()
    message = page.get_by_text("Retried bill F-20369 (")
    expect(page.locator(":focus")).to_contain_text(
        "Retried bill F-20369 (", timeout=PAGE_TIMEOUT_MS
    )
    expect(message).to_be_in_viewport()
    focus = keys.step()
    assert focus
    assert page.evaluate("Boolean(document.activeElement.closest('main'))"), focus
    person.check_page()


def test_enter_in_a_tick_box_or_field_presses_no_button_that_was_not_chosen(
    served: Visitor, open_tab: Callable[..., Person]
) -> None:
    person = open_tab(served.url, viewport=DESKTOP, reduced_motion="reduce")
    page = person.page
    person.enter("oda", PASSWORD)
    person.open("/inbox/")
    box = page.get_by_label("Select Case 9", exact=False).first
    box.focus()
    page.keyboard.press("Space")
    with page.expect_navigation(timeout=PAGE_TIMEOUT_MS):
        page.keyboard.press("Enter")
    expect(page.get_by_text("Nothing was done.")).to_be_visible()
    expect(box).to_be_checked()
    page.get_by_label("Reason or note").fill("Paid in cash")
    with page.expect_navigation(timeout=PAGE_TIMEOUT_MS):
        page.keyboard.press("Enter")
    expect(page.get_by_text("Nothing was done.")).to_be_visible()
    expect(page.get_by_label("Reason or note")).to_have_value("Paid in cash")
    assert held_bill(served) == "held"

    person.open(f"/installations/{served.story.installation}/review/")
    expect(page.get_by_role("button", name="Approve selected")).to_be_visible()
    page.locator("tbody input").first.focus()
    page.keyboard.press("Space")
    expect(page.get_by_role("button", name=re.compile("^Approve 1 "))).to_be_visible(
        timeout=PAGE_TIMEOUT_MS
    )
    with page.expect_navigation(timeout=PAGE_TIMEOUT_MS):
        page.keyboard.press("Enter")
    expect(page.get_by_role("button", name=re.compile("^Approve 1 "))).to_be_visible()


def test_the_focus_stays_where_it_is_on_a_page_that_renews_itself(
    served: Visitor, open_tab: Callable[..., Person]
) -> None:
    person = open_tab(served.url, viewport=DESKTOP, reduced_motion="reduce")
    page = person.page
    person.enter("oda", PASSWORD)
    person.open(f"/runs/{served.story.runs['running']}")
    page.evaluate("document.querySelector('#progress .box').id = 'former'")
    page.get_by_role("region", name="Log").focus()
    expect(page.locator("#former")).to_have_count(0, timeout=PAGE_TIMEOUT_MS)
    expect(page.get_by_role("region", name="Log")).to_be_focused(timeout=PAGE_TIMEOUT_MS)
