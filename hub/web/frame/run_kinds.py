"""The names of the kinds of runs."""

from hub.models.enums import RunKind
from hub.translations.messages import gettext_noop

RUN_KIND_LABELS: dict[str, str] = {
    RunKind.SYNC: gettext_noop("Sync"),
    RunKind.POST: gettext_noop("Post what was approved"),
    RunKind.LISTS: gettext_noop("Lists of QuickBooks"),
    RunKind.RECONCILE: gettext_noop("Reconciliation"),
    RunKind.CHANGES: gettext_noop("Changes in QuickBooks"),
    RunKind.TOKENS: gettext_noop("Connection renewed"),
}
