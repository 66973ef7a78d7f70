"""The colors of the pages: those of the system, or those that the person chose."""

import re
from pathlib import Path

import pytest

import hub.web
from tests.support.pages.page_visitor import Visitor

STATIC = Path(hub.web.__file__).parent / "static"
DARK = re.compile(r'<link rel="stylesheet" href="/assets/dark.css\?v=[0-9a-f]+" media="([^"]+)">')
COLOR = re.compile(r"#[0-9a-fA-F]{3,8}\b|rgba?\(")
OF_SYSTEM = "screen and (prefers-color-scheme: dark)"


def media(page: str) -> list[str]:
    """Return the media for which a page loads the dark colors."""
    return DARK.findall(page)


def test_colors_are_those_of_the_system_until_a_person_chooses(visitor: Visitor) -> None:
    assert media(visitor.page("/login")) == [OF_SYSTEM]
    visitor.enter("vera")
    page = visitor.page("/documents?state=held")
    assert media(page) == [OF_SYSTEM]
    assert '<meta name="color-scheme" content="light dark">' in page


@pytest.mark.parametrize(("theme", "loads"), [("dark", ["screen"]), ("light", [])])
def test_the_choice_holds_for_every_page_and_the_log_in(
    visitor: Visitor, theme: str, loads: list[str]
) -> None:
    visitor.enter("vera")
    answer = visitor.post("/appearance", theme=theme, next="/documents?state=held")
    assert answer.location == "/documents?state=held"
    page = visitor.page(answer.location)
    assert media(page) == loads
    assert f'value="{theme}" aria-pressed="true"' in page
    visitor.post("/logout")
    assert media(visitor.page("/login")) == loads


def test_the_system_is_chosen_again(visitor: Visitor) -> None:
    visitor.enter("vera")
    visitor.post("/appearance", theme="dark")
    assert media(visitor.press("/appearance", theme="system")) == [OF_SYSTEM]


def test_an_unknown_choice_or_a_foreign_address_changes_nothing(visitor: Visitor) -> None:
    visitor.enter("vera")
    answer = visitor.post("/appearance", theme='"><script>', next="https://foreign.test/")
    assert answer.location == "/"
    assert "hub-theme" not in answer.headers.get("Set-Cookie", "")
    visitor.client.set_cookie("hub-theme", "neon")
    assert media(visitor.page("/")) == [OF_SYSTEM]


def test_every_color_of_the_style_is_a_variable_that_the_dark_one_replaces() -> None:
    style = (STATIC / "hub.css").read_text()
    light = style[style.index(":root") : style.index("}\n")]
    rest = style.replace(light, "").replace("#fff", "")  # white text on buttons stays white
    assert COLOR.findall(rest) == []
    names = re.compile(r"(--[a-z-]+): (?:#|rgb)")
    dark = (STATIC / "dark.css").read_text()
    never_dark = {"--count", "--count-ink", "--side-ink", "--side-strong", "--side-soft"}
    never_dark |= {"--side-focus"}  # the menu is dark in both
    assert set(names.findall(light)) - set(names.findall(dark)) == never_dark


def test_times_name_the_city_of_their_zone(visitor: Visitor) -> None:
    visitor.enter("vera")
    assert re.search(r"Times shown in Oslo time \(CES?T\)", visitor.page("/documents"))
