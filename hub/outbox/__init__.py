"""Postings on their way: their keys, what is planned, and every step they take."""

from hub.outbox.keys import batch_id, fingerprint, identity, marker, request_id
from hub.outbox.links import fill, line_ids, link, placeholder
from hub.outbox.planning import (
    IN_FLIGHT,
    UNSENT,
    active,
    history,
    key_of,
    may_have_landed,
    plan,
    rekey,
    was_sent,
)
from hub.outbox.settled import settled
from hub.outbox.tally import CREDITS, counts, files, states, sums
from hub.outbox.transitions import (
    IS_CURRENT,
    LONGEST_PAUSE,
    REMOVALS,
    RETRIED,
    Claimed,
    Place,
    approve,
    ask_again,
    claim,
    holds,
    is_due,
    push,
    retry,
    set_free,
    settle,
    skip,
    spare,
    stop,
    wake,
    withdraw,
)

__all__ = [
    "CREDITS", "IN_FLIGHT", "IS_CURRENT", "LONGEST_PAUSE", "REMOVALS", "RETRIED", "UNSENT",
    "Claimed", "Place", "active", "approve", "ask_again", "batch_id", "claim", "counts", "files",
    "fill", "fingerprint", "history", "holds", "identity", "is_due", "key_of", "line_ids", "link",
    "marker", "may_have_landed", "placeholder", "plan", "push", "rekey", "request_id", "retry",
    "set_free", "settle", "settled", "skip", "spare", "states", "stop", "sums", "wake", "was_sent",
    "withdraw",
]  # fmt: skip
