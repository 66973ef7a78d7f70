"""Faults that only QuickBooks can have, the calls that they apply to, and their answers."""

from qbo_sandbox.accounting.kinds import KINDS
from qbo_sandbox.accounting.refusals import (
    MESSAGES,
    GatewayRefusal,
    Refusal,
    business_error,
    failed_gateway,
    forbidden_call,
    stale_object,
)
from qbo_sandbox.kit import Fault, Faults
from qbo_sandbox.kit.json_object import JsonObject
from qbo_sandbox.reports import REPORTS

FAULTS = {
    "fault_200": "a refusal comes with status 200; carried out only with `commit`",
    "business": "6000 without a field; carried out only with `commit`",
    "internal": "6000 with -30000; carried out only with `commit`",
    "system_failure": "10000 with status 500; carried out only with `commit`",
    "stale_object": "5010; with `commit` it was this very request that changed the object",
    "refusal": "the refusal `code` with `detail` and `element`; carried out only with `commit`",
    "bid_missing": "the answer to a batch lacks its last item",
    "bid_twice": "the answer to a batch has its last item twice",
    "bid_foreign": "the answer to a batch has an item that nobody sent",
    "bid_reversed": "the answer to a batch has its items from last to first",
    "stale_reads": "for `seconds` queries and change data show the books as they are now",
    "rotate": "the refresh token changes now, whatever its age",
    "rotate_and_lose": "the refresh token changes now, and the answer never arrives",
    "invalid_grant": "the token is refused, though it is good",
    "other_realm": "consent is given for another company than the one chosen",
}
OTHER_USER = "Kari Nordmann"
UNEXPECTED_ERROR = "An unexpected error has occurred."
FOREIGN_BATCH_ITEM = b'{"Fault":{"Error":[],"type":"ValidationFault"},"bId":"nobody"}'
VERBS = ("create", "update", "delete", "void", "read", "pdf", "send")
OTHER_CALLS = ("cdc", "batch", "upload", "download", "file", "page", "unknown")
OAUTH_CALLS = (
    "authorize",
    "token.code",
    "token.refresh",
    "revoke",
    "userinfo",
    "discovery",
    "keys",
)


def create_faults() -> Faults:
    """Return the fault rules of this stand-in: the kinds of all stand-ins and its own."""
    calls = [f"{kind.path}.{verb}" for kind in KINDS.values() for verb in VERBS]
    calls += [
        "query.",
        *(f"query.{name.lower()}" for name in KINDS),
        *(f"report.{name.lower()}" for name in REPORTS),
    ]
    return Faults(
        FAULTS,
        options=("code", "detail", "element"),
        calls=(*calls, *OTHER_CALLS, *OAUTH_CALLS),
    )


def build_refusal(fault: Fault | None) -> Refusal | GatewayRefusal | None:
    """Return the refusal that a rule answers with; None if the request is to be executed."""
    if fault is None:
        return None
    if fault.kind == "refusal":
        return _choose_refusal(fault.options, fault.status or 400)
    if fault.kind == "stale_object":
        return stale_object(OTHER_USER)
    if fault.kind == "internal":
        return Refusal("6000", "Unexpected Internal Error. (-30000)", "")
    if fault.kind == "system_failure":
        return Refusal("10000", "System Failure Error", status=500, kind="SystemFault")
    if fault.kind == "fault_200":
        return Refusal("6000", f"Business Validation Error: {UNEXPECTED_ERROR}", "", status=200)
    if fault.kind == "business":
        return business_error(UNEXPECTED_ERROR)
    return None


def _choose_refusal(options: JsonObject, status: int) -> Refusal | GatewayRefusal:
    """Return the refusal with the code that a rule names; 3100 comes from the gateway."""
    code = str(options.get("code", "6000"))
    if code == "3100":
        return failed_gateway(status) if status >= 500 else forbidden_call()
    detail = str(options.get("detail", MESSAGES.get(code, UNEXPECTED_ERROR)))
    kind = "ValidationFault" if status < 500 else "SystemFault"
    return Refusal(code, detail, options.get("element"), status=status, kind=kind)


def change_batch_items(fault: Fault | None, answers: list[bytes]) -> list[bytes]:
    """Return the answered items of a batch, changed by the fault."""
    kind = fault.kind if fault else ""
    if kind == "bid_missing":
        return answers[:-1]
    if kind == "bid_twice":
        return [*answers, answers[-1]]
    if kind == "bid_foreign":
        return [*answers, FOREIGN_BATCH_ITEM]
    return answers[::-1] if kind == "bid_reversed" else answers
