"""Explain why an app sends nothing to QuickBooks, so that a person cannot act on its postings."""

from hub.context import current_hub
from hub.errors import Sentence
from hub.models import Installation

PAUSED_REASON = Sentence(
    "Its app is paused, so nothing is sent to QuickBooks. Set its mode to review first."
)
DISABLED_REASON = Sentence(
    "Its app is disabled, so nothing is sent to QuickBooks. Enable it in the mode review first."
)
NO_PLUGIN_REASON = Sentence(
    "The plugin of its app is not installed or broken, so nothing is sent to QuickBooks. Install it"
    " again first."
)
DISCONNECTED_REASON = Sentence(
    "Its company is disconnected, so nothing is sent to QuickBooks. An owner of the hub connects it"
    " again under Companies."
)


def explain_inactivity(installation: Installation) -> Sentence | None:
    """Return why an app sends nothing to QuickBooks now; None if it may send."""
    if not installation.enabled:
        return DISABLED_REASON
    if not installation.is_active:
        return PAUSED_REASON
    if not installation.can_run:
        return DISCONNECTED_REASON
    return None if installation.slug in current_hub().plugins.apps else NO_PLUGIN_REASON
