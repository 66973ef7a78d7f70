"""Up to thirty operations in one request; each item has its own answer or fault."""

from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qsl

from qbo_sandbox import reports
from qbo_sandbox.accounting.company import Company
from qbo_sandbox.accounting.kinds import KINDS
from qbo_sandbox.accounting.refusals import Refusal, missing
from qbo_sandbox.accounting.values import dump
from qbo_sandbox.api import changes, query, selecting
from qbo_sandbox.api.once import Key, key_in_batch, once
from qbo_sandbox.entities import operations
from qbo_sandbox.entities.parameters import included

RESERVED = ("bId", "operation", "optionsData")


def answer(company: Company, body: Any, request: Key | None, late: bool) -> list[bytes]:
    """One JSON object for each item, in order; what is only read does not see what the others write."""
    items = body.get("BatchItemRequest") if isinstance(body, dict) else None
    if not isinstance(items, list) or not items:
        raise missing("BatchItemRequest")
    if len(items) > company.switches.batch_size:
        raise Refusal(
            "1040",
            f"Batch size exceeded : {len(items)} items, at most {company.switches.batch_size} are allowed",
            "",
        )
    if company.switches.batch_bids == "unique":
        _check_bids(items)
    read = {
        place: _item(company, item, request, late)
        for place, item in enumerate(items)
        if _only_reads(item)
    }
    return [
        read.get(place) or _item(company, item, request, late) for place, item in enumerate(items)
    ]


def _check_bids(items: list[Any]) -> None:
    named = [item.get("bId") for item in items if isinstance(item, dict)]
    if None in named:
        raise missing("bId")
    if len(set(map(str, named))) < len(named):
        raise Refusal("2030", "Invalid ID : every bId of a batch must be another one", "bId")


def _only_reads(item: Any) -> bool:
    return isinstance(item, dict) and any(name in item for name in READS)


def _item(company: Company, item: Any, request: Key | None, late: bool) -> bytes:
    named = isinstance(item, dict) and item.get("bId") is not None
    tail = f',"bId":{dump(str(item["bId"]))}}}'.encode() if named else b"}"
    try:
        if not isinstance(item, dict):
            raise Refusal(
                "2010",
                "Property Name:Can not deserialize BatchItemRequest specified is unsupported",
            )
        name = next((name for name in READS if name in item), "")
        content = (
            READS[name](company, item[name]) if name else _written(company, item, request, late)
        )
    except Refusal as refusal:
        return f'{{"Fault":{dump(refusal.item_fault())}'.encode() + tail
    return b"{" + content + tail


def _queried(company: Company, asked: Any) -> bytes:
    return b'"QueryResponse":' + queried(company, str(asked))


def _changed(company: Company, asked: Any) -> bytes:
    said = asked if isinstance(asked, dict) else {}
    params = {
        "entities": str(said.get("Entities", "")),
        "changedSince": str(said.get("ChangedSince", "")),
    }
    return b'"CDCResponse":' + changes.answer(company, params)


def _reported(company: Company, asked: Any) -> bytes:
    name, _, rest = str(asked).partition("?")
    return b'"Report":' + reports.answer(company, name.strip("/ "), dict(parse_qsl(rest)))


READS: dict[str, Callable[[Company, Any], bytes]] = {
    "Query": _queried,
    "CDCQuery": _changed,
    "ReportQuery": _reported,
}


def queried(company: Company, text: str) -> bytes:
    """The value of QueryResponse for a query."""
    select = query.parse(text)
    kind, found, count = selecting.run(company, select)
    if count is not None:
        return f'{{"totalCount":{count}}}'.encode()
    if not found:
        return b"{}"
    tail = f'],"startPosition":{select.start},"maxResults":{len(found)}}}'
    return f'{{"{kind}":['.encode() + b",".join(found) + tail.encode()


def _written(company: Company, item: dict[str, Any], request: Key | None, late: bool) -> bytes:
    names = [name for name in item if name not in RESERVED]
    if len(names) != 1 or names[0] not in KINDS:
        raise Refusal("2000", f"Unknown object : {', '.join(names) or 'none'}", "")
    kind, body = names[0], item[names[0]]
    params = _params(item)
    if params["operation"] == "create" and isinstance(body, dict):
        body = {key: value for key, value in body.items() if key != "Id"}
        params["operation"] = ""
    key = key_in_batch(company, request, str(item.get("bId", "")), item)
    reply = once(
        company, key, late, lambda kept: operations.write(company, kind, body, params, kept)
    )
    return f'"{kind}":'.encode() + reply.body


def _params(item: dict[str, Any]) -> dict[str, str]:
    """What the address of a single call would say; void is an option of update."""
    params = {
        "operation": str(item.get("operation") or "create").lower(),
        "include": str(item.get("optionsData") or ""),
    }
    if "void" in included(params):
        params["operation"] = "void" if params["operation"] == "update" else params["operation"]
    return params
