"""`hub demo` with few documents in all apps but the first, for tests that need not see the whole story."""

from typing import Any

from hub import demo
from hub.cli import main

FEW = 8


class SmallDemo(demo.Demo):
    """The demo, sooner told."""

    def _open(self, slug: str) -> Any:
        if slug == "costtracker":
            return super()._open(slug)
        folder = self.folder / slug
        folder.mkdir(exist_ok=True)
        plugins = self.app.extensions["hub"].plugins
        return plugins.call(slug, "hub_sandbox", folder=folder, documents=FEW, seed=0)


if __name__ == "__main__":
    demo.Demo = SmallDemo  # type: ignore[misc]
    main()
