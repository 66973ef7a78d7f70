"""The texts of a page as people read them."""

from html.parser import HTMLParser

HIDDEN = ("script", "style", "pre", "datalist")
SHOWN_ATTRIBUTES = ("aria-label", "title", "placeholder", "alt")


class PageTexts(HTMLParser):
    """The texts of a page between its tags, and those of its attributes, each once."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self._hidden = 0
        self.texts: dict[str, None] = {}
        self.feed(page)

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
