"""Count and log the calls to QuickBooks, with the ids by which Intuit finds them."""

import logging

from hub.context import current_hub
from hub.qbo.call import Call
from hub.qbo.responses import QuickBooksResponse
from hub.telemetry.counts import QUICKBOOKS_CALLS

log = logging.getLogger("hub.quickbooks")


def note(call: Call, response: QuickBooksResponse, company_id: int) -> None:
    """Count a call by its kind and outcome, and log it at the level INFO."""
    current_hub().counts.add(QUICKBOOKS_CALLS, call.kind, response.outcome.value)
    if not log.isEnabledFor(logging.INFO):
        return
    fields = {
        "company_id": company_id,
        "outcome": response.outcome.value,
        "status": response.status,
        "seconds": round(response.seconds, 3),
        "requestid": call.params.get("requestid"),
        "intuit_tid": response.tid or None,
    }
    present = {name: value for name, value in fields.items() if value is not None}
    log.info("QuickBooks: %s %s", call.method, call.path, extra=present)
