"""Fail if a page of the built site loads anything from another host; run by `make docs`."""

import re
import sys
from html.parser import HTMLParser
from pathlib import Path

# Attributes by which a browser loads something; `href` loads only in `link`.
LOADING = {"src", "srcset", "poster", "data"}
# The relations of `link` that only name an address.
NAMING = {"canonical", "prev", "next", "alternate"}
ON_ANOTHER_HOST = re.compile(r"(?:https?:)?//")
STYLE_LOAD = re.compile(r"(?:url\(\s*|@import\s+)[\"']?((?:https?:)?//[^\"')\s]+)")


def problems(site: Path) -> list[str]:
    """Return a sentence for each address on another host that a page or style sheet loads."""
    return [
        f"{path.relative_to(site)} loads {address}"
        for path in sorted(site.rglob("*"))
        if path.suffix in (".html", ".css")
        for address in external_loads(path)
    ]


def external_loads(path: Path) -> list[str]:
    """Return the addresses on other hosts that a browser loads for a page or style sheet."""
    text = path.read_text(encoding="utf-8")
    addresses = STYLE_LOAD.findall(text) if path.suffix == ".css" else []
    if path.suffix == ".html":
        reader = _Loads()
        reader.feed(text)
        addresses = reader.addresses
    return addresses


class _Loads(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.addresses: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        loaded = [value for name, value in attrs if name in LOADING]
        if tag == "link" and values.get("rel") not in NAMING:
            loaded.append(values.get("href"))
        self.addresses += [value for value in loaded if value and ON_ANOTHER_HOST.match(value)]


def main() -> None:
    """Check the site in the folder that is named."""
    site = Path(sys.argv[1])
    if not (site / "index.html").exists():
        sys.exit(f"{site} holds no built site: run make docs")
    sentences = problems(site)
    if sentences:
        sys.exit("The site may load nothing from another host: " + "; ".join(sentences))


if __name__ == "__main__":
    main()
