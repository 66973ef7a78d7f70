"""Up to thirty operations in one request: its bytes, and what became of each item."""

import json
import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from hub.qbo.entities import ENTITY
from hub.qbo.responses import Answer, Expected, lost, of_item

MOST_ITEMS, LONGEST_ID, LONGEST_BID, LONGEST_KEY = 30, 36, 10, 50
log = logging.getLogger("hub")


@dataclass(frozen=True)
class BatchItem:
    """One operation of a batch, with its exact bytes; `bid` is unique in it."""

    bid: str
    operation: str
    kind: str
    body: bytes

    @property
    def expected(self) -> Expected:
        """What a good answer to it holds."""
        own = None if self.operation == "create" else id_of(self.body)
        return Expected(ENTITY[self.kind], deletes=self.operation == "delete", id=own)


def answers(whole: Answer, items: Sequence[BatchItem]) -> dict[str, Answer]:
    """What became of each item; one that is missing or told twice is in doubt, as all are where the whole is.

    A refusal of the whole is none of any item: each is `declined`.
    """
    if not whole.landed:
        return dict.fromkeys((item.bid for item in items), _of_each(whole))
    told: dict[str, list[dict[str, Any]]] = {}
    for part in whole.body["BatchItemResponse"]:
        if isinstance(part, dict):
            told.setdefault(str(part.get("bId")), []).append(part)
    if foreign := sorted(set(told) - {item.bid for item in items}):
        log.warning(
            "the answer to a batch tells of items that were not in it: %s", ", ".join(foreign)
        )
    unclear = lost("the answer to the batch does not tell of it once")
    return {
        item.bid: of_item(told[item.bid][0], item.expected, whole)
        if len(told.get(item.bid, ())) == 1
        else unclear
        for item in items
    }


def _of_each(whole: Answer) -> Answer:
    """What befell a whole batch, as it befell each item; an Id that it shows may be any one's."""
    if whole.outcome != "refused":
        return replace(whole, id=None, sync_token=None)
    text = f"QuickBooks refused the batch that it was sent in, so it is sent alone. {whole.text}"
    return replace(whole, outcome="declined", id=None, sync_token=None, text=text)


def body(items: Sequence[BatchItem], requestid: str) -> bytes:
    """What is sent; raises ValueError where QuickBooks would refuse it whole."""
    longest = max((len(item.bid) for item in items), default=0)
    if not 0 < len(items) <= MOST_ITEMS or len({item.bid for item in items}) != len(items):
        raise ValueError(f"A batch has 1 to {MOST_ITEMS} items, each with a bId of its own.")
    if (
        len(requestid) > LONGEST_ID
        or longest > LONGEST_BID
        or len(requestid) + longest > LONGEST_KEY
    ):
        raise ValueError(
            f"{requestid} and a bId of {longest} characters are too long for the key of an item."
        )
    return b'{"BatchItemRequest":[' + b",".join(map(_item, items)) + b"]}"


def _item(item: BatchItem) -> bytes:
    void = item.operation == "void"
    head = {"bId": item.bid, "operation": "update" if void else item.operation}
    if void:
        head["optionsData"] = "void"
    return json.dumps(head)[:-1].encode() + f', "{ENTITY[item.kind]}": '.encode() + item.body + b"}"


def id_of(body: bytes) -> str | None:
    """The Id of the object that a body changes."""
    found = json.loads(body).get("Id")
    return None if found is None else str(found)
