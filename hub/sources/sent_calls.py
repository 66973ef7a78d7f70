"""Count and log the calls to sources."""

import logging

from flask import has_app_context

from hub.context import current_hub
from hub.http.client import SentCall
from hub.telemetry.counts import SOURCE_CALLS

TOO_MANY_REQUESTS = 429
log = logging.getLogger("hub.sources")


def note(slug: str, call: SentCall) -> None:
    """Count a call of an app to its source, and log it at the level INFO.

    Plugins hold this function, so it has no reference to the hub.
    """
    if has_app_context():
        current_hub().counts.add(SOURCE_CALLS, slug, _get_status_class(call.status))
    if log.isEnabledFor(logging.INFO):
        fields = {"app": slug, "status": call.status, "seconds": round(call.seconds, 3)}
        log.info("Source: %s %s", call.method, call.host, extra=fields)


def _get_status_class(status: int | None) -> str:
    """Return the class of a status, such as "4xx"; None stands for a call without a response."""
    if status is None:
        return "failed"
    if status == TOO_MANY_REQUESTS:
        return "throttled"
    return f"{status // 100}xx"
