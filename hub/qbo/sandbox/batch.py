"""Up to thirty operations in one request; each item has its own answer or fault."""

from typing import Any

from hub.qbo.sandbox import operations, query, selecting
from hub.qbo.sandbox.company import Company
from hub.qbo.sandbox.kinds import KINDS
from hub.qbo.sandbox.once import Key, key_in_batch, once
from hub.qbo.sandbox.refusals import Refusal, missing
from hub.qbo.sandbox.values import dump

RESERVED = ("bId", "operation", "optionsData", "Query", "CDCQuery", "ReportQuery")


def answer(company: Company, body: Any, request: Key | None, late: bool) -> list[bytes]:
    """One JSON object for each item, in order."""
    items = body.get("BatchItemRequest") if isinstance(body, dict) else None
    if not isinstance(items, list) or not items:
        raise missing("BatchItemRequest")
    if len(items) > company.switches.batch_size:
        raise Refusal(
            "1040", f"Batch size exceeded : {len(items)} items, at most {company.switches.batch_size} are allowed", ""
        )
    return [_item(company, item, request, late) for item in items]


def _item(company: Company, item: dict[str, Any], request: Key | None, late: bool) -> bytes:
    bid = dump(str(item.get("bId", "")))
    try:
        content = _queried(company, item) if "Query" in item else _written(company, item, request, late)
    except Refusal as refusal:
        return f'{{"Fault":{dump(_with_element(refusal))},"bId":{bid}}}'.encode()
    return b"{" + content + f',"bId":{bid}}}'.encode()


def _with_element(refusal: Refusal) -> dict[str, Any]:
    """Inside a batch every error names its element, if only with an empty text."""
    fault = refusal.fault()
    return fault | {"Error": [{"element": "", **error} for error in fault["Error"]]}


def _queried(company: Company, item: dict[str, Any]) -> bytes:
    return b'"QueryResponse":' + queried(company, str(item["Query"]))


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
    operation = str(item.get("operation", "create")).lower()
    options = str(item.get("optionsData") or "")
    params = {"operation": "delete"} if operation == "delete" else {}
    if options:
        params |= {"include": options} if operation != "update" or options != "void" else {"operation": "void"}
    if operation == "create" and isinstance(body, dict):
        body = {key: value for key, value in body.items() if key != "Id"}
    key = key_in_batch(company, request, str(item.get("bId", "")), item)
    reply = once(company, key, late, lambda kept: operations.write(company, kind, body, params, kept))
    return f'"{kind}":'.encode() + reply.body
