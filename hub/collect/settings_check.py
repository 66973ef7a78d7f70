"""Stop a collect whose app got other settings meanwhile."""

from hub.errors import Retry
from hub.models import Installation

# The columns by which documents are read and planned.
SETTINGS_COLUMNS = ("settings", "start_date", "zone", "mode", "enabled")


class SettingsChanged(Retry):
    """The settings of an app were changed while its documents were read."""

    def __init__(self, app: str) -> None:
        super().__init__(
            "The settings of %(app)s were changed while its documents were read. A sync with the"
            " new ones follows.",
            after=0,
            app=app,
        )


def require_same_settings(app: str, before: Installation, now: Installation) -> None:
    """Raise SettingsChanged if the settings of an installation are not those of its collect.

    Otherwise documents would be planned by the old ones after the change, and the cursors that a
    new start date removed would be stored again.
    """
    for name in SETTINGS_COLUMNS:
        if getattr(before, name) != getattr(now, name):
            raise SettingsChanged(app)
