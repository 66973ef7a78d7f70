"""Request ids: a write that is sent twice is carried out once, in each documented way."""

import hashlib
from collections.abc import Callable, Iterable

from qbo_sandbox.accounting.company import Company, StoredReply
from qbo_sandbox.accounting.refusals import Refusal, business_error
from qbo_sandbox.kit.json_object import JsonObject
from qbo_sandbox.switches import Switches

MAX_ID_LENGTH, MAX_BATCH_LENGTH, MAX_BID_LENGTH = 50, 36, 10
UNDER_WAY_MESSAGE = "A request with this id is still being worked on."


class Key(str):
    """A request id in a company, with a digest of the request."""

    digest = ""
    in_batch = False


def run_once(
    company: Company,
    key: Key | None,
    action: Callable[[str | None], StoredReply],
    *,
    is_late: bool,
) -> StoredReply:
    """Carry out the action, or repeat the answer to an earlier request with this id.

    Raise Refusal if the earlier request was refused, or is taken for one still under way.
    """
    switches = company.switches
    if not key or switches.requestid == "ignore":
        return action(None)
    earlier = _find_earlier_reply(company, key)
    if earlier and (switches.requestid_in_flight == "guards" or not is_late):
        return _repeat_refusal(switches, key, earlier)
    earlier_refusal = company.refused.get(key)
    if earlier_refusal and switches.requestid_refusals:
        raise earlier_refusal
    try:
        reply = action(key)
    except Refusal as refusal:
        company.remember(key, key.digest, refusal)
        raise
    company.remember(key, key.digest, None)
    return reply


def _repeat_refusal(switches: Switches, key: Key, earlier: StoredReply) -> StoredReply:
    """Return the stored reply to a repeated request, or refuse it, as the switches say."""
    meaning = switches.requestid_batch if key.in_batch else switches.requestid
    if meaning == "refuse":
        raise business_error("The request has already been processed.")
    if meaning == "duplicate":
        raise Refusal("600", f"Duplicate Request Id : {key}", "")
    return earlier


def _find_earlier_reply(company: Company, key: Key) -> StoredReply | None:
    """Return the answer to an earlier request with this id; None if it has expired or differs."""
    switches = company.switches
    earlier = company.replies.get(key)
    hours = switches.requestid_hours
    if key.in_batch:
        hours = switches.requestid_batch_hours or hours
    if earlier is None or (hours and company.now() - earlier.at > hours * 3600):
        return None
    if (
        switches.requestid_other_body != "replay"
        and company.digests.get(key, key.digest) != key.digest
    ):
        if switches.requestid_other_body == "refuse":
            raise business_error("The request id was used for another request.")
        return None
    return earlier


def build_key(company: Company, params: dict[str, str], client: str, longest: int) -> Key | None:
    """Return the key of a request id in this company; refuse a long one with 2130."""
    request = params.get("requestid", "").strip()
    if longest == MAX_BATCH_LENGTH and company.switches.requestid_batch_length == "joined":
        longest = MAX_ID_LENGTH
    if len(request) > longest:
        raise Refusal("2130", f"Invalid Request Id : longer than {longest} characters", "requestid")
    if not request:
        return None
    if company.switches.requestid_per_app:
        return Key(f"{request}@{client}")
    return Key(request)


def build_batch_key(company: Company, request: Key | None, bid: str, item: object) -> Key | None:
    """Return the key of one item; refuse a long one with 2130."""
    if not request:
        return None
    if len(request) + len(bid) > MAX_ID_LENGTH:
        length = (
            f"You tried entering {request[:10]}..., which is {len(request) + len(bid)} characters."
        )
        raise business_error(
            f"You cannot enter more than {MAX_ID_LENGTH} characters in the request_id field."
            f" {length}"
        )
    if company.switches.requestid_batch_length == "separate" and len(bid) > MAX_BID_LENGTH:
        raise Refusal(
            "2130", f"Invalid Request Id : bId longer than {MAX_BID_LENGTH} characters", ""
        )
    if company.switches.requestid_batch == "ignore":
        return None
    apart = "" if company.switches.requestid_batch_keys == "shared" else "/"
    key = add_digest(company, Key(f"{request}{apart}{bid}"), item)
    key.in_batch = True
    return key


def add_digest(company: Company, key: Key, content: object) -> Key:
    """Add the digest of the content to a key, if a switch needs it."""
    if company.switches.requestid_other_body != "replay":
        raw = content if isinstance(content, bytes) else repr(content).encode()
        key.digest = hashlib.sha256(raw).hexdigest()
    return key


def check_under_way(company: Company, key: Key | None, pending: Iterable[JsonObject]) -> None:
    """Refuse an id whose first request is under way, if the switch says so."""
    if key and company.switches.requestid_in_flight == "refuses":
        routes = [environ["sandbox.route"] for environ in pending]
        if any(
            route.realm == company.options.realm and route.params.get("requestid") == key
            for route in routes
        ):
            raise business_error(UNDER_WAY_MESSAGE)
