"""Render the hub's own documentation as HTML.

Links to other pages of the documentation become plain text, because the hub does not serve them.
"""

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from markupsafe import Markup, escape

if TYPE_CHECKING:
    from markdown_it import MarkdownIt

NOT_IN_ANCHOR = re.compile(r"[^\w\- ]")


def render(text: str, heading_anchors: Sequence[str] | None = None) -> Markup:
    """Return the HTML of a page.

    Its headings have these anchors, in this order; without any they have their own.
    """
    parser = _build_parser()
    parser.add_render_rule("fence", _render_fence)
    tokens = parser.parse(text)
    heading = ""
    remaining_anchors = iter(find_anchors(text) if heading_anchors is None else heading_anchors)
    for position, token in enumerate(tokens):
        if token.type == "heading_open":
            token.attrSet("id", next(remaining_anchors))
            heading = _get_plain_text(tokens[position + 1])
        elif token.type == "th_open":
            token.attrs = {"scope": "col"}
        elif token.type == "td_open":
            token.attrs = {}
            if tokens[position - 1].type == "tr_open":
                _name_row(tokens, position)
        elif token.type == "table_open":
            token.attrSet("class", "grid")
            token.meta["caption"] = f"{heading}: {', '.join(_list_header_texts(tokens, position))}"
        elif token.children:
            token.children = _remove_links_to_other_pages(token.children)
    parser.add_render_rule("table_open", _render_table_open)
    parser.add_render_rule("table_close", _render_table_close)
    html = parser.renderer.render(tokens, parser.options, {})
    return Markup(html)  # noqa: S704 (tags in the text are escaped)


def find_headings(text: str) -> list[str]:
    """Return the headings of a page."""
    tokens = _build_parser().parse(text)
    headings = []
    for position, token in enumerate(tokens):
        if token.type == "heading_open":
            headings.append(tokens[position + 1].content)
    return headings


def find_anchors(text: str) -> list[str]:
    """Return the anchors of the headings of a page, as on GitHub."""
    return [build_anchor(heading) for heading in find_headings(text)]


def _build_parser() -> "MarkdownIt":
    from markdown_it import MarkdownIt  # only the help needs it

    return MarkdownIt("commonmark", {"html": False}).enable("table")


def build_anchor(heading: str) -> str:
    """Return the anchor of a heading."""
    return NOT_IN_ANCHOR.sub("", heading.lower()).replace(" ", "-")


def _name_row(tokens: Sequence[Any], position: int) -> None:
    """Make the cell at a position the header of its row."""
    tokens[position].attrs = {"scope": "row", "class": "plain"}
    for place, kind in ((position, "th_open"), (position + 2, "th_close")):
        tokens[place].type, tokens[place].tag = kind, "th"


def _remove_links_to_other_pages(tokens: Sequence[Any]) -> list[Any]:
    """Return the tokens of a line without its links to other pages; their labels stay."""
    remaining = []
    is_other_page = False
    for token in tokens:
        if token.type == "link_open":
            is_other_page = not token.attrs["href"].startswith("#")
        is_link = token.type in ("link_open", "link_close")
        if not (is_link and is_other_page):
            remaining.append(token)
    return remaining


def _list_header_texts(tokens: Sequence[Any], position: int) -> list[str]:
    """Return the texts of the first row of the table that begins at a position."""
    heads = []
    while tokens[position].type != "thead_close":
        if tokens[position].type == "th_open":
            heads.append(_get_plain_text(tokens[position + 1]))
        position += 1
    return heads


def _get_plain_text(token: Any) -> str:
    """Return the text of a line without its marks."""
    return "".join(child.content for child in token.children)


def _render_fence(renderer: Any, tokens: Sequence[Any], position: int, *rest: Any) -> str:
    """Return a block of code; it can be scrolled by keyboard."""
    code = escape(tokens[position].content.rstrip("\n"))
    return f'<pre tabindex="0"><code>{code}</code></pre>\n'


def _render_table_open(renderer: Any, tokens: Sequence[Any], position: int, *rest: Any) -> str:
    """Return the beginning of a table in a region that can be scrolled by keyboard."""
    caption = escape(tokens[position].meta["caption"])
    region = f'<div class="scroll" tabindex="0" role="region" aria-label="{caption}">\n'
    table = str(renderer.renderToken(tokens, position, *rest))
    return f'{region}{table}<caption class="visually-hidden">{caption}</caption>\n'


def _render_table_close(renderer: Any, tokens: Sequence[Any], position: int, *rest: Any) -> str:
    """Return the end of a table and its region."""
    return str(renderer.renderToken(tokens, position, *rest)) + "</div>\n"
