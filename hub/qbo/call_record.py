"""Count and log the calls to QuickBooks, with the ids by which Intuit finds them."""

import logging

from hub.context import current_hub
from hub.qbo.call import Call
from hub.qbo.responses import Answer
from hub.telemetry.counts import QUICKBOOKS_CALLS

log = logging.getLogger("hub.quickbooks")


def note(call: Call, answer: Answer, company_id: int) -> None:
    """Count a call by its kind and outcome, and log it where the level of the log asks for it."""
    current_hub().counts.add(QUICKBOOKS_CALLS, call.kind, answer.outcome.value)
    if not log.isEnabledFor(logging.INFO):
        return
    fields = {
        "company_id": company_id,
        "outcome": answer.outcome.value,
        "status": answer.status,
        "seconds": round(answer.seconds, 3),
        "requestid": call.params.get("requestid"),
        "intuit_tid": answer.tid or None,
    }
    present = {name: value for name, value in fields.items() if value is not None}
    log.info("QuickBooks: %s %s", call.method, call.path, extra=present)
