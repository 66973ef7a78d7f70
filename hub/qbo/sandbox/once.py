"""Request ids: a write that is sent twice is carried out once, in each of the ways Intuit may mean it."""

from collections.abc import Callable

from hub.qbo.sandbox.company import Company, Reply
from hub.qbo.sandbox.refusals import Refusal, business

LONGEST, LONGEST_BATCH, LONGEST_BID = 50, 36, 10


def once(company: Company, key: str | None, late: bool, action: Callable[[str | None], Reply]) -> Reply:
    """Carry out the action, or answer again what was answered to the same id."""
    switches = company.switches
    if not key or switches.requestid == "ignore":
        return action(None)
    kept = _kept(company, key)
    if kept and (switches.requestid_in_flight or not late):
        if switches.requestid == "refuse":
            raise business("The request has already been processed.")
        if switches.requestid == "duplicate":
            raise Refusal("600", f"Duplicate Request Id : {key}", "")
        return kept
    refused = company.refused.get(key)
    if refused and switches.requestid_refusals:
        raise refused
    try:
        return action(key)
    except Refusal as refusal:
        company.refused[key] = refusal
        raise


def _kept(company: Company, key: str) -> Reply | None:
    kept, hours = company.replies.get(key), company.switches.requestid_hours
    if kept and hours and company.now() - kept.at > hours * 3600:
        return None
    return kept


def key_of(company: Company, params: dict[str, str], client: str, longest: int = LONGEST) -> str | None:
    """The key a request id stands for in this company; 2130 when it is too long."""
    given = params.get("requestid", "").strip()
    if len(given) > longest:
        raise Refusal("2130", f"Invalid Request Id : longer than {longest} characters", "requestid")
    return f"{given}@{client}" if given and company.switches.requestid_per_app else given or None
