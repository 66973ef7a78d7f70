"""The sentence about the sync that continues with what a person decided."""

from hub.translations.messages import gettext, ngettext


def describe(running_count: int, resting_count: int) -> str:
    """Return when a sync continues with cases; "" for none, else it begins with a space.

    The sync of the running cases was requested. The resting ones are of apps that are paused or
    disabled.
    """
    if running_count and resting_count:
        return gettext(
            " A sync continues with %(count)s of them now, and with the others once their app is"
            " enabled and not paused.",
            count=running_count,
        )
    if running_count:
        return ngettext(
            " A sync continues with it now.", " A sync continues with them now.", running_count
        )
    if resting_count:
        return ngettext(
            " A sync continues with it once its app is enabled and not paused.",
            " A sync continues with them once their app is enabled and not paused.",
            resting_count,
        )
    return ""
