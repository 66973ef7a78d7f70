"""Several operations in one request: its bytes, and the response to each item."""

import json
import logging
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from hub.errors import Sentence
from hub.models.enums import Operation, SendOutcome
from hub.payloads.entities import ENTITY_BY_KIND
from hub.qbo.faults import BUSINESS_RULE_CODE
from hub.qbo.responses import (
    LOOK_UP_FOLLOWS,
    Expected,
    QuickBooksResponse,
    build_lost_response,
    interpret_item,
)

MAX_ITEMS = 30
MAX_REQUEST_ID_LENGTH = 36
MAX_BID_LENGTH = 10
MAX_KEY_LENGTH = 50  # QuickBooks joins the request id and the bId of an item to its key
log = logging.getLogger("hub")


@dataclass(frozen=True)
class BatchItem:
    """One operation of a batch, with its exact bytes; `bid` is unique in the batch."""

    bid: str
    operation: str
    kind: str
    body: bytes

    @property
    def expected(self) -> Expected:
        """Return the content that a good response to the item has."""
        is_create = self.operation == Operation.CREATE
        return Expected(
            ENTITY_BY_KIND[self.kind],
            deletes=self.operation == Operation.DELETE,
            id=None if is_create else read_id(self.body),
        )


def split_responses(
    whole: QuickBooksResponse, items: Sequence[BatchItem]
) -> dict[str, QuickBooksResponse]:
    """Return the response to each item, by its bId.

    An item that is missing or occurs twice is in doubt. If there is no good response to the batch,
    its outcome counts for every item, but the items of a refused batch are `declined`.
    """
    bids = [item.bid for item in items]
    if not whole.landed:
        return dict.fromkeys(bids, _build_response_of_each(whole))
    parts_by_bid: dict[str, list[dict[str, Any]]] = {}
    for part in whole.body["BatchItemResponse"]:
        if isinstance(part, dict):
            parts_by_bid.setdefault(str(part.get("bId")), []).append(part)

    unknown = sorted(set(parts_by_bid) - set(bids))
    if unknown:
        log.warning("the response to a batch has items that were not in it: %s", ", ".join(unknown))
    unclear = build_lost_response(
        Sentence("the answer to the batch does not contain it exactly once")
    )
    response_by_bid = {}
    for item in items:
        parts = parts_by_bid.get(item.bid, [])
        if len(parts) == 1:
            response_by_bid[item.bid] = interpret_item(parts[0], item.expected, whole)
        else:
            response_by_bid[item.bid] = unclear
    return response_by_bid


def find_longest_pause(responses: Iterable[QuickBooksResponse]) -> float:
    """Return for how many seconds responses to items ask to pause; 0 if none does."""
    pauses = [
        response.after or 0.0 for response in responses if response.outcome == SendOutcome.THROTTLED
    ]
    return max(pauses, default=0.0)


def _build_response_of_each(whole: QuickBooksResponse) -> QuickBooksResponse:
    """Return the response to each item of a batch without a good response.

    An Id in the response is dropped, because it may belong to any item. A business rule of the
    company can only refer to a single item. QuickBooks has returned such a rule for a batch that
    arrived twice, so its items may have been carried out.
    """
    if whole.outcome != SendOutcome.REFUSED:
        return replace(whole, id=None, sync_token=None)
    if whole.code == BUSINESS_RULE_CODE:
        text = Sentence("%(reason)s %(next_step)s", reason=whole.text, next_step=LOOK_UP_FOLLOWS)
        return replace(whole, outcome=SendOutcome.DOUBT, id=None, sync_token=None, text=text)
    text = Sentence(
        "QuickBooks refused the batch that it was sent in, so it is sent alone. %(text)s",
        text=whole.text,
    )
    return replace(whole, outcome=SendOutcome.DECLINED, id=None, sync_token=None, text=text)


def encode_body(items: Sequence[BatchItem], requestid: str) -> bytes:
    """Return the body of a batch; raise ValueError if QuickBooks would refuse it as a whole."""
    bids = {item.bid for item in items}
    if not 0 < len(items) <= MAX_ITEMS or len(bids) != len(items):
        raise ValueError(f"A batch has 1 to {MAX_ITEMS} items, each with a bId of its own.")

    id_length = len(requestid)
    bid_length = max(map(len, bids))
    key_length = id_length + bid_length
    if (
        id_length > MAX_REQUEST_ID_LENGTH
        or bid_length > MAX_BID_LENGTH
        or key_length > MAX_KEY_LENGTH
    ):
        raise ValueError(
            f"{requestid} and a bId of {bid_length} characters are too long for the key of an item."
        )
    item_texts = b",".join(map(_encode_item, items))
    return b'{"BatchItemRequest":[' + item_texts + b"]}"


def _encode_item(item: BatchItem) -> bytes:
    """Return one item as JSON, which contains the bytes of its body unchanged."""
    header = {"bId": item.bid, "operation": item.operation}
    if item.operation == Operation.VOID:
        header = {"bId": item.bid, "operation": "update", "optionsData": "void"}
    opening = json.dumps(header).removesuffix("}")
    entity = ENTITY_BY_KIND[item.kind]
    return f'{opening}, "{entity}": '.encode() + item.body + b"}"


def read_id(body: bytes) -> str | None:
    """Return the Id of the object that a body changes; None if it creates one."""
    id = json.loads(body).get("Id")
    if id is None:
        return None
    return str(id)
