"""The sentence about the sync that continues with what a person decided."""

from collections.abc import Iterable, Sequence

from hub.models import Case, Installation
from hub.translations.messages import gettext, ngettext


def count_cases(
    cases: Sequence[Case], installations: Iterable[Installation]
) -> tuple[int, int, int]:
    """Return how many cases of apps there are of each kind that `describe` tells apart."""
    apps = {installation.id: installation for installation in installations}
    running, resting, disconnected = 0, 0, 0
    for case in cases:
        app = apps.get(case.installation_id or 0)
        if app is None:
            continue
        if app.can_run:
            running += 1
        elif app.is_active:
            disconnected += 1
        else:
            resting += 1
    return running, resting, disconnected


def describe(running_count: int, resting_count: int, disconnected_count: int = 0) -> str:
    """Return when a sync continues with cases; "" for none, else it begins with a space.

    The sync of the running cases was requested. The resting ones are of apps that are paused or
    disabled, the disconnected ones of companies that a person has disconnected.
    """
    if disconnected_count:
        return _describe_disconnected(running_count, resting_count, disconnected_count)
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


def _describe_disconnected(running_count: int, resting_count: int, count: int) -> str:
    """Return when a sync continues with cases, `count` of which are of disconnected companies."""
    if running_count:
        return gettext(
            " A sync continues with %(count)s of them now, and with the others once their app is"
            " enabled and not paused, and their company connected.",
            count=running_count,
        )
    if resting_count:
        return gettext(
            " A sync continues with them once their app is enabled and not paused, and their"
            " company connected."
        )
    return ngettext(
        " A sync continues with it once its company is connected again.",
        " A sync continues with them once their company is connected again.",
        count,
    )
