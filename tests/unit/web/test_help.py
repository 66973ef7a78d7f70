"""The help: every page links to its section, and the text is that of the documentation."""

import re
from collections import Counter
from html import unescape
from pathlib import Path

import pytest

from hub.web import help
from hub.web.frame import markdown
from tests.support.pages.page_visitor import Visitor

DOCUMENTATION = Path(__file__).parents[3] / "docs" / help.FILE_NAME
TRANSLATION = Path(help.__file__).parents[1] / "translations" / "nb" / help.TRANSLATED_FILE_NAME
NORWEGIAN = {"Accept-Language": "nb"}
LINK = re.compile(r'<a href="(/help[^"]*)">Help</a>')


def test_every_section_that_pages_lead_to_is_in_the_help(viewer: Visitor) -> None:
    text = viewer.page("/help")
    anchors = re.findall(r'<h2 id="([^"]+)">', text)
    assert len(anchors) == len(set(anchors)) > 5
    assert {markdown.build_anchor(title) for title in help.SECTION_HEADINGS.values()} <= set(
        anchors
    )
    assert set(help.SECTION_HEADINGS) <= set(viewer.app.blueprints)


@pytest.mark.parametrize("headers", [{}, NORWEGIAN], ids=["en", "nb"])
def test_the_contents_lead_to_every_section(viewer: Visitor, headers: dict[str, str]) -> None:
    text = viewer.get("/help", headers=headers).text
    contents = re.findall(r'<li><a href="#([^"]+)">([^<]+)</a></li>', text)
    assert contents == re.findall(r'<h2 id="([^"]+)">([^<]+)</h2>', text)


@pytest.mark.parametrize(
    ("path", "address"),
    [
        ("/inbox/", "/help#5-clear-the-inbox"),
        ("/documents", "/help#6-changes-in-quickbooks-and-removal"),
        ("/account/", "/help#log-in-second-factor-sessions"),
        ("/", "/help#home"),
        ("/runs/", "/help#runs"),
        ("/reconciliations/", "/help#reconciliation"),
        ("/account/notifications", "/help#notifications"),
        ("/account/tokens/", "/help#people"),
        ("/search/", "/help#search"),
        ("/help", "/help"),
    ],
)
def test_a_page_leads_to_its_section(viewer: Visitor, path: str, address: str) -> None:
    assert LINK.findall(viewer.page(path)) == [address]


def test_the_help_has_every_word_of_the_documentation(viewer: Visitor) -> None:
    page = viewer.page("/help")
    text = unescape(re.sub(r"<[^>]+>", " ", page))
    source = re.sub(r"\]\([^)]*\)", "]", DOCUMENTATION.read_text(encoding="utf-8"))
    words = re.findall(r"\w{3,}", source.partition("\n")[2].replace("```shell", ""))
    assert len(words) > 2_000
    assert [word for word in words if word not in text] == []
    assert "**" not in text
    assert "](" not in text


def test_the_help_is_in_the_language_of_the_page(viewer: Visitor) -> None:
    english = viewer.page("/help")
    norwegian = viewer.get("/help", headers=NORWEGIAN).text
    assert re.findall(r"<h2 id=[^>]+>", norwegian) == re.findall(r"<h2 id=[^>]+>", english)
    assert ">5. Tøm innboksen</h2>" in norwegian
    assert "Clear the inbox" not in norwegian


def test_every_table_of_the_help_has_a_caption_in_the_language_of_the_page(
    viewer: Visitor,
) -> None:
    caption = re.compile(
        r'<table class="grid">\s*<caption class="visually-hidden">([^<]+)</caption>'
    )
    english = viewer.page("/help")
    captions = caption.findall(english)
    assert len(captions) == english.count("<table") > 3
    assert len(captions) == len(set(captions))
    assert "2. Enable the app: mode, collects, posts" in captions
    norwegian = viewer.get("/help", headers=NORWEGIAN).text
    assert len(caption.findall(norwegian)) == len(captions)
    assert " and " not in "".join(re.findall(r'aria-label="([^"]*)">\s*<table', norwegian))


def test_a_translation_of_the_help_has_the_structure_of_the_documentation() -> None:
    sections = sections_of(DOCUMENTATION)
    translated_sections = sections_of(TRANSLATION)
    assert len(sections) > 10
    for section, translated in zip(sections, translated_sections, strict=True):
        assert outline(translated) == outline(section), translated.partition("\n")[0]


def sections_of(path: Path) -> list[str]:
    """Return the sections of a page, each with its heading."""
    return re.split(r"^## ", path.read_text(encoding="utf-8"), flags=re.MULTILINE)


def outline(section: str) -> tuple[list[str], Counter[str]]:
    """Return the kinds of the blocks of a section, and what is written in it as code."""
    blocks = []
    for block in re.split(r"\n\n+", section.strip()):
        rows = len(re.findall(r"^(?:\||- |\d+\. )", block, flags=re.MULTILINE))
        blocks.append(f"{rows} rows" if rows else "text")
    return blocks, Counter(re.findall(r"`([^`\n]+)`", section))


def test_markdown_becomes_html_and_nothing_in_it_is_a_tag() -> None:
    text = (
        "## 1. First, *second*\n\nA `<b>` and **bold `code`** [page](other.md) [here](#x).\n"
        "Next line.\n\n- one\n  goes on\n- two\n\n1. a\n2. b\n\n| a | b |\n|---|---|\n| 1 | <i> |\n"
        "\n```shell\nrun <x>\n```\nEnd"
    )
    html = re.sub(r">\s+<", "><", str(markdown.render(text))).strip()
    assert html == (
        '<h2 id="1-first-second">1. First, <em>second</em></h2>'
        "<p>A <code>&lt;b&gt;</code> and <strong>bold <code>code</code></strong>"
        ' page <a href="#x">here</a>.\nNext line.</p>'
        "<ul><li>one\ngoes on</li><li>two</li></ul><ol><li>a</li><li>b</li></ol>"
        '<div class="scroll" tabindex="0" role="region" '
        'aria-label="1. First, second: a, b"><table class="grid">'
        '<caption class="visually-hidden">1. First, second: a, b</caption>'
        '<thead><tr><th scope="col">a</th><th scope="col">b</th></tr></thead>'
        '<tbody><tr><th scope="row" class="plain">1</th><td>&lt;i&gt;</td></tr></tbody>'
        "</table></div>"
        '<pre tabindex="0"><code>run &lt;x&gt;</code></pre><p>End</p>'
    )
