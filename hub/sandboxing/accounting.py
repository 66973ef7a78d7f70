"""What accounting says of a row of a source, as the stand-ins that keep a status for each row take it in."""

import datetime as dt
from typing import Any

from hub.sandboxing.strict import NUMBER, TEXT, WHOLE, Types, Wrong, as_object, invalid, moment

STATES = (
    "queued",
    "posted",
    "failed",
    "held",
    "changed_in_ledger",
    "missing_in_ledger",
    "part_paid",
    "paid",
)
IN_BOOKS = ("posted", "changed_in_ledger", "part_paid", "paid")
PLAIN: Types = {
    "state": TEXT, "system": TEXT, "external_id": TEXT, "external_number": TEXT, "external_url": TEXT,
    "message": TEXT, "at": TEXT, "version": WHOLE,
}  # fmt: skip
WITH_PAYMENTS: Types = {**PLAIN, "amount_paid": NUMBER}


def status(
    body: Any, known: dict[str, Any] | None, what: str, allowed: Types = WITH_PAYMENTS
) -> dict[str, Any]:
    """What is said of `what`; `known` is what was said last, and nothing older than that is taken."""
    told: dict[str, Any] = as_object(body, allowed, ("state", "system", "at", "version"))
    if told["state"] not in STATES:
        raise invalid("state", f"One of {', '.join(STATES)} is needed.")
    if told["state"] in IN_BOOKS and not told.get("external_id"):
        raise invalid("external_id", "What stands in the books has an id there.")
    moment(told["at"])
    if known and _order(told) < _order(known):
        raise Wrong(409, "stale", f"Something newer is already known of {what}.", "version")
    return told


def _order(told: dict[str, Any]) -> tuple[int, dt.datetime]:
    return told["version"], moment(told["at"])
