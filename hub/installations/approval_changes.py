"""Changes of settings after which documents are posted with fewer approvals than before."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from hub import sources
from hub.contract.types import App
from hub.errors import Refused, SettingsInvalid
from hub.installations.hub_answers import HUB_SETTINGS
from hub.models import Installation
from hub.models.enums import PostingState
from hub.translations.messages import gettext, gettext_noop

LIMIT_SETTING = "second_approval_above"
LIMIT_NEEDS_OWNER = gettext_noop(
    "Two people must approve above this amount. Only an owner may raise or remove it."
)


def refuse_higher_limit(app: App, row: Installation, answers: Mapping[str, Any]) -> None:
    """Raise SettingsInvalid if the limit is raised or removed, which only owners may do.

    Otherwise one person could remove the limit, approve alone, and set it again.
    """
    if raises_limit(row, answers):
        raise SettingsInvalid(app.name, {LIMIT_SETTING: [gettext(LIMIT_NEEDS_OWNER)]})


def needs_fewer_approvals(
    app: App, row: Installation, answers: Mapping[str, Any], mode: str | None
) -> bool:
    """Return whether documents need fewer approvals with these answers than with the stored ones.

    They do if the app starts to post without a review, or if the limit above which two people
    approve is raised or removed.
    """
    return starts_posting_without_review(app, row, answers, mode) or raises_limit(row, answers)


def starts_posting_without_review(
    app: App, row: Installation, answers: Mapping[str, Any], mode: str | None
) -> bool:
    """Return whether the app posts without a review with these answers, and does not do so yet."""
    if row.id and row.enabled and _posts_without_review(app, row.settings, row.mode):
        return False
    return _posts_without_review(app, {**row.settings, **answers}, mode or row.mode)


def _posts_without_review(app: App, settings: Mapping[str, Any], mode: str) -> bool:
    """Return whether a posting that nothing holds is sent without an approval."""
    return sources.choose_initial_state(app, settings, mode) == PostingState.READY


def raises_limit(row: Installation, answers: Mapping[str, Any]) -> bool:
    """Return whether the limit above which two people approve becomes higher, or is removed."""
    before = row.second_approval_above
    if before is None or LIMIT_SETTING not in answers:
        return False
    if answers[LIMIT_SETTING] in (None, ""):
        return True
    try:
        limit: Decimal = HUB_SETTINGS[LIMIT_SETTING](answers[LIMIT_SETTING])
    except Refused:  # it will not be stored
        return False
    return limit > before
