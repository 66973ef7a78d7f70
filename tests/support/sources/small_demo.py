"""`hub demo` with few documents of two apps."""

from typing import Any

from hub import demo
from hub.cli import main
from tests.support.runs.shared_compilation import share_compilation

DOCUMENTS = {"costtracker": 45, "ion": 5}


class SmallDemo(demo.Demo):
    """The demo with few documents."""

    documents = DOCUMENTS

    def _open_hub(self) -> None:
        """Open a hub that uses what the hubs of other tests have compiled."""
        super()._open_hub()
        share_compilation(self.app)

    def _open_stand_ins(self) -> dict[str, Any]:
        return {slug: self._open(slug) for slug in self.documents}

    def _open(self, slug: str) -> Any:
        folder = self.folder / slug
        folder.mkdir(exist_ok=True)
        plugins = self.app.extensions["hub"].plugins
        return plugins.open_stand_in(
            slug, folder=folder, documents=self.documents[slug], seed=0, demo=True
        )


if __name__ == "__main__":
    demo.Demo = SmallDemo  # type: ignore[misc]
    main()
