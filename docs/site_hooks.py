"""Hooks of MkDocs: pages that are stored outside docs/, and the list of decisions."""

import re
from pathlib import Path
from typing import Any

from mkdocs.structure.files import File, Files

ROOT = Path(__file__).parent.parent
# Pages of the repository that pages of the site link to, by their place in the site.
OUTSIDE = {
    "project/readme.md": "README.md",
    "project/contributing.md": "CONTRIBUTING.md",
    "project/security.md": "SECURITY.md",
    "project/sandbox.md": "sandbox/README.md",
}
LINK = re.compile(r"!?\[([^\]]*)\]\((?!https?:|mailto:|#)([^)#\s]+)(#[^)\s]*)?\)")


def on_files(files: Files, config: Any) -> Files:
    """Add the pages that are stored elsewhere, and a list of the decisions."""
    for place, source in OUTSIDE.items():
        text = (ROOT / source).read_text(encoding="utf-8")
        files.append(File.generated(config, place, content=text))
    files.append(File.generated(config, "decisions/index.md", content=_decisions()))
    return files


def on_page_markdown(markdown: str, page: Any, **_: Any) -> str:
    """Let links to pages outside docs/ lead to their copies in the site."""
    if source := OUTSIDE.get(page.file.src_uri):
        return LINK.sub(lambda link: _link_of_outside(link, ROOT / source), markdown)
    up = "../" * page.file.src_uri.count("/")
    for place, source in OUTSIDE.items():
        markdown = markdown.replace(f"({up}../{source}", f"({up}{place}")
    return markdown


def _link_of_outside(link: re.Match[str], page: Path) -> str:
    """Return a link of a copied page; only its text if the site does not have its target."""
    target = (page.parent / link[2]).resolve().relative_to(ROOT).as_posix()
    anchor = link[3] or ""
    for place, source in OUTSIDE.items():
        if target == source:
            return f"[{link[1]}](../{place}{anchor})"
    if target.startswith("docs/") and target.endswith(".md"):
        return f"[{link[1]}](../{target.removeprefix('docs/')}{anchor})"
    return link[1]


def _decisions() -> str:
    lines = ["# Decisions\n"]
    for path in sorted((ROOT / "docs" / "decisions").glob("0*.md")):
        title = path.read_text(encoding="utf-8").splitlines()[0].removeprefix("# ")
        lines.append(f"- [{title}]({path.name})")
    return "\n".join(lines) + "\n"
