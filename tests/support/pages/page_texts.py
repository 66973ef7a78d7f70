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
LINE_MAY_END = re.compile("<wbr>|\N{SOFT HYPHEN}")
SHOWN_ATTRIBUTES = ("aria-label", "title", "placeholder", "alt")


def compact(page: str) -> str:
    """Remove the spaces, line breaks and places for line ends that a browser does not show."""
    parts = PREFORMATTED.split(LINE_MAY_END.sub("", page))
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
        self.feed(LINE_MAY_END.sub("", page))

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


class LinkNames(HTMLParser):
    """The addresses to which the links in the main part of a page lead, by the links' names."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.addresses: dict[str, set[str]] = {}
        self._address = ""
        self._name = ""
        self.feed(page.partition("<main")[2])

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Begin a link."""
        if tag == "a":
            self._address, self._name = dict(attrs).get("href") or "", ""

    def handle_data(self, data: str) -> None:
        """Add a text to the name of the link that is being read."""
        self._name += data

    def handle_endtag(self, tag: str) -> None:
        """Note a link."""
        if tag == "a":
            name = " ".join(self._name.split())
            self.addresses.setdefault(name, set()).add(self._address)

    def list_ambiguous(self) -> list[str]:
        """Return the names that several links with other addresses have."""
        return [name for name, addresses in self.addresses.items() if len(addresses) > 1]
