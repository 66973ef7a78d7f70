"""`hub demo` with few documents, for tests that need not see the whole story."""

from typing import Any

from hub import demo
from hub.cli import main

FIRST, FEW = 45, 5


class SmallDemo(demo.Demo):
    """The demo, sooner told."""

    def _open(self, slug: str) -> Any:
        folder = self.folder / slug
        folder.mkdir(exist_ok=True)
        plugins = self.app.extensions["hub"].plugins
        return plugins.call(
            slug, "hub_sandbox", folder=folder, documents=FIRST if slug == "costtracker" else FEW, seed=0
        )


if __name__ == "__main__":
    demo.Demo = SmallDemo  # type: ignore[misc]
    main()
