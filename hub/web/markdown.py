"""Render the hub's own documentation as HTML: the part of Markdown that it uses.

Links to other pages of the documentation become plain text, because the hub does not serve them.
"""

import re
from collections.abc import Iterator

from markupsafe import Markup, escape

HEADING = re.compile(r"(#{1,4}) (.+)")
ITEM = re.compile(r"(?:[-*]|(\d+)\.) (.+)")
INLINE = re.compile(r"`([^`]+)`|\*\*([^*]+)\*\*|\*([^*\s][^*]*)\*|\[([^\]]+)\]\(([^)\s]+)\)")
NOT_IN_ANCHOR = re.compile(r"[^\w\- ]")
FENCE = "```"


def render(text: str) -> Markup:
    """Return the HTML of a page; its headings have anchors as on GitHub."""
    lines = text.splitlines()
    return Markup("\n").join(_blocks(lines))


def anchor(heading: str) -> str:
    """Return the anchor of a heading."""
    return NOT_IN_ANCHOR.sub("", heading.lower()).replace(" ", "-")


def _blocks(lines: list[str]) -> Iterator[Markup]:
    """Yield the HTML of each heading, paragraph, list, table and block of code."""
    position = 0
    while position < len(lines):
        line = lines[position]
        end = position + 1
        if not line.strip():
            position = end
            continue
        if line.startswith(FENCE):
            while end < len(lines) and not lines[end].startswith(FENCE):
                end += 1
            code = "\n".join(lines[position + 1 : end])
            yield Markup('<pre tabindex="0"><code>{}</code></pre>').format(code)
            position = end + 1
            continue
        heading = HEADING.fullmatch(line)
        if heading is None:
            while end < len(lines) and lines[end].strip():
                end += 1
            yield _block(lines[position:end])
        else:
            yield _heading(len(heading[1]), heading[2])
        position = end


def _heading(level: int, text: str) -> Markup:
    """Return a heading with its anchor."""
    return Markup('<h{level} id="{id}">{text}</h{level}>').format(
        level=level, id=anchor(text), text=_inline(text)
    )


def _block(lines: list[str]) -> Markup:
    """Return a table, a list or a paragraph."""
    if lines[0].startswith("|"):
        return _table(lines)
    first_item = ITEM.match(lines[0])
    if first_item is None:
        return Markup("<p>{}</p>").format(_inline(" ".join(lines)))
    items: list[str] = []
    for line in lines:
        item = ITEM.match(line)
        if item:
            items.append(item[2])
        else:
            items[-1] += f" {line.strip()}"
    tag = "ol" if first_item[1] else "ul"
    content = Markup("").join(Markup("<li>{}</li>").format(_inline(item)) for item in items)
    return Markup("<{tag}>{content}</{tag}>").format(tag=tag, content=content)


def _table(lines: list[str]) -> Markup:
    """Return a table whose first line has the heads of its columns."""
    rows = [[cell.strip() for cell in line.strip("| ").split(" | ")] for line in lines]
    heads = Markup("").join(Markup('<th scope="col">{}</th>').format(_inline(c)) for c in rows[0])
    body = Markup("").join(_row(row) for row in rows[2:])
    return Markup(
        '<div class="scroll" tabindex="0" role="region" aria-label="{label}">'
        '<table class="grid"><thead><tr>{heads}</tr></thead><tbody>{body}</tbody></table></div>'
    ).format(label=" and ".join(rows[0]), heads=heads, body=body)


def _row(cells: list[str]) -> Markup:
    """Return a row of a table."""
    content = Markup("").join(Markup("<td>{}</td>").format(_inline(cell)) for cell in cells)
    return Markup("<tr>{}</tr>").format(content)


def _inline(text: str) -> Markup:
    """Return a text with code, bold, italics and links."""
    parts = [Markup("")]
    position = 0
    for match in INLINE.finditer(text):
        parts.append(escape(text[position : match.start()]))
        parts.append(_span(match))
        position = match.end()
    parts.append(escape(text[position:]))
    return Markup("").join(parts)


def _span(match: re.Match[str]) -> Markup:
    """Return a piece of a text that is marked."""
    code, bold, italics, label, address = match.groups()
    if code:
        return Markup('<span class="mono">{}</span>').format(code)
    if bold:
        return Markup("<strong>{}</strong>").format(_inline(bold))
    if italics:
        return Markup("<em>{}</em>").format(_inline(italics))
    if address.startswith("#"):
        return Markup('<a href="{}">{}</a>').format(address, _inline(label))
    return _inline(label)
