"""The error of an app that was enabled and whose plugin is gone."""

from hub.errors import NotNow


class PluginMissing(NotNow):
    """The plugin of an app that was enabled is not installed on this machine."""

    def __init__(self, slug: str) -> None:
        super().__init__(
            "The plugin of the app “%(slug)s” is not installed on this machine, so nothing of the"
            " app runs. Install it and start the hub again.",
            slug=slug,
        )
