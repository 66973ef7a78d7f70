"""The texts of a page as people read them."""

import re
from html.parser import HTMLParser

HIDDEN = ("script", "style", "pre", "datalist")
PREFORMATTED = re.compile(r"(<(pre|textarea|script)\b.*?</\2>)", re.DOTALL)
BLOCKS = (
    "caption|dd|details|div|dl|dt|fieldset|figure|form|h1|h2|h3|header|legend|li|main|nav|ol"
    "|option|p|section|select|summary|table|tbody|td|tfoot|th|thead|tr|ul"
)
SPACES = re.compile(r"[ \t\r\n]+")  # a browser shows every other kind of space
AROUND_BLOCK = re.compile(rf"[ \t\r\n]*(</?(?:{BLOCKS})\b[^<>]*>)[ \t\r\n]*")
LINE_MAY_END = "<wbr>"
SHOWN_ATTRIBUTES = ("aria-label", "title", "placeholder", "alt")


def compact(page: str) -> str:
    """Remove the spaces, line breaks and places for line ends that a browser does not show."""
    parts = PREFORMATTED.split(page.replace(LINE_MAY_END, ""))
    for number in range(0, len(parts), 3):
        part = SPACES.sub(" ", parts[number]).replace(" >", ">")
        parts[number] = AROUND_BLOCK.sub(r"\1", part)
    del parts[2::3]
    return "".join(parts)


class PageTexts(HTMLParser):
    """The texts of a page between its tags, and those of its attributes, each once."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self._hidden = 0
        self.texts: dict[str, None] = {}
        self.feed(page.replace(LINE_MAY_END, ""))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note the texts of attributes; skip what people do not read."""
        self._hidden += tag in HIDDEN
        for name, value in attrs:
            if name in SHOWN_ATTRIBUTES and value:
                self._note(value)

    def handle_endtag(self, tag: str) -> None:
        """Read on after what people do not read."""
        self._hidden -= tag in HIDDEN

    def handle_data(self, data: str) -> None:
        """Note a text."""
        if not self._hidden:
            self._note(data)

    def _note(self, text: str) -> None:
        words = " ".join(text.split())
        if words:
            self.texts[words] = None
