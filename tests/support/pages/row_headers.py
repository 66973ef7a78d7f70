"""The rows of tables whose cells a screen reader reads without saying what they are about."""

from html.parser import HTMLParser


class TableRows(HTMLParser):
    """The rows of a page's tables, below their heads, that have no row header.

    A row with a single cell has none: it is a sentence about the whole table.
    """

    def __init__(self, page: str) -> None:
        super().__init__()
        self.without_header: list[str] = []
        self._is_in_head = False
        self._cells = 0
        self._has_header = False
        self._text = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note where a row begins, and its cells."""
        if tag == "thead":
            self._is_in_head = True
        elif tag == "tr":
            self._cells, self._has_header, self._text = 0, False, ""
        elif tag in ("td", "th"):
            self._cells += 1
            self._has_header |= ("scope", "row") in attrs

    def handle_endtag(self, tag: str) -> None:
        """Note a row that ends without a header."""
        if tag == "thead":
            self._is_in_head = False
        elif tag == "tr" and not self._is_in_head and self._cells > 1 and not self._has_header:
            self.without_header.append(" ".join(self._text.split()))

    def handle_data(self, data: str) -> None:
        """Collect the text of a row, to name it."""
        self._text += data
