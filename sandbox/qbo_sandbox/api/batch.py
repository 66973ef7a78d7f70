"""The batch endpoint: up to thirty operations, each with its own response or fault."""

from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qsl

from qbo_sandbox import reports
from qbo_sandbox.accounting.company import Company, StoredReply
from qbo_sandbox.accounting.kinds import KINDS
from qbo_sandbox.accounting.refusals import Refusal, missing_field
from qbo_sandbox.accounting.values import dump
from qbo_sandbox.api import changes, query, query_execution
from qbo_sandbox.api.request_ids import Key, build_batch_key, run_once
from qbo_sandbox.entities import operations
from qbo_sandbox.entities.parameters import read_include
from qbo_sandbox.kit.json_object import JsonObject

ITEM_OPTIONS = ("bId", "operation", "optionsData")


def answer(company: Company, body: Any, request: Key | None, *, is_late: bool) -> list[bytes]:
    """Return one JSON object for each item, in order.

    Items that only read are executed first: they do not see what the others write.
    """
    items = _list_items(company, body)
    responses: dict[int, bytes] = {}
    for position, item in enumerate(items):
        if _is_read(item):
            responses[position] = _execute_item(company, item, request, is_late=is_late)
    for position, item in enumerate(items):
        if position not in responses:
            responses[position] = _execute_item(company, item, request, is_late=is_late)
    return [responses[position] for position in range(len(items))]


def _list_items(company: Company, body: Any) -> list[Any]:
    """Return the items of a batch; refuse one without items or with too many."""
    items = body.get("BatchItemRequest") if isinstance(body, dict) else None
    if not isinstance(items, list) or not items:
        raise Refusal("400", "Batch Request is Empty")
    max_items = company.switches.batch_size
    if len(items) > max_items:
        raise Refusal(
            "1040",
            f"Batch size exceeded : {len(items)} items, at most {max_items} are allowed",
            "",
        )
    if company.switches.batch_bids == "unique":
        _check_bids(items)
    return items


def _check_bids(items: list[Any]) -> None:
    """Refuse a batch in which an item has no bId, or two have the same."""
    ids = [item.get("bId") for item in items if isinstance(item, dict)]
    if None in ids:
        raise missing_field("bId")
    unique_ids = set(map(str, ids))
    if len(unique_ids) < len(ids):
        raise Refusal("2030", "Invalid ID : every bId of a batch must be another one", "bId")


def _is_read(item: Any) -> bool:
    """Return whether an item of a batch changes nothing."""
    if not isinstance(item, dict):
        return False
    return any(name in item for name in READERS)


def _execute_item(company: Company, item: Any, request: Key | None, *, is_late: bool) -> bytes:
    """Execute one item and return its response or fault with its bId."""
    try:
        content = _execute(company, item, request, is_late=is_late)
    except Refusal as refusal:
        fault = dump(refusal.item_fault())
        content = f'"Fault":{fault}'.encode()
    end = b"}"
    if isinstance(item, dict) and item.get("bId") is not None:
        bid = dump(str(item["bId"]))
        end = f',"bId":{bid}}}'.encode()
    return b"{" + content + end


def _execute(company: Company, item: Any, request: Key | None, *, is_late: bool) -> bytes:
    """Carry out an item of a batch; return its answer without the braces around it."""
    if not isinstance(item, dict):
        raise Refusal(
            "2010",
            "Property Name:Can not deserialize BatchItemRequest specified is unsupported",
        )
    for name, read in READERS.items():
        if name in item:
            return read(company, item[name])
    return _write(company, item, request, is_late=is_late)


def _run_query(company: Company, text: Any) -> bytes:
    """Return the response to a query within a batch."""
    return b'"QueryResponse":' + build_query_response(company, str(text))


def _read_changes(company: Company, options: Any) -> bytes:
    """Answer an item that asks for changed objects."""
    if not isinstance(options, dict):
        options = {}
    params = {
        "entities": str(options.get("Entities", "")),
        "changedSince": str(options.get("ChangedSince", "")),
    }
    return b'"CDCResponse":' + changes.answer(company, params)


def _run_report(company: Company, text: Any) -> bytes:
    """Return the report that an address or a query names within a batch."""
    name, parameters = _read_report_request(str(text).strip("/ "))
    return b'"Report":' + reports.answer(company, name, parameters)


def _read_report_request(text: str) -> tuple[str, dict[str, str]]:
    """Return the name and the parameters of a report.

    They are an address, such as CashFlow?date_macro=Today, or a query with conditions.
    """
    if not text.lower().startswith("select "):
        name, _, query_text = text.partition("?")
        return name, dict(parse_qsl(query_text))
    select = query.parse(text)
    parameters = {
        condition.field: condition.value
        for condition in select.conditions
        if condition.operator == "="
    }
    return select.entity, parameters


READERS: dict[str, Callable[[Company, Any], bytes]] = {
    "Query": _run_query,
    "CDCQuery": _read_changes,
    "ReportQuery": _run_report,
}


def build_query_response(company: Company, text: str) -> bytes:
    """Return the value of QueryResponse for a query."""
    select = query.parse(text)
    kind, objects, count = query_execution.execute(company, select)
    if count is not None:
        return f'{{"totalCount":{count}}}'.encode()
    if not objects:
        return b"{}"
    head = f'{{"{kind}":['
    content = b",".join(objects)
    tail = f'],"startPosition":{select.start},"maxResults":{len(objects)}}}'
    return head.encode() + content + tail.encode()


def _write(company: Company, item: JsonObject, request: Key | None, *, is_late: bool) -> bytes:
    """Carry out an item that writes an object."""
    kind = _get_item_kind(item)
    body = item[kind]
    params = _build_item_parameters(item)
    if params["operation"] == "create" and isinstance(body, dict):
        body = {key: value for key, value in body.items() if key != "Id"}
        params["operation"] = ""

    def write(stored_key: str | None) -> StoredReply:
        """Write the object."""
        return operations.write(company, kind, body, params, stored_key)

    bid = str(item.get("bId", ""))
    key = build_batch_key(company, request, bid, item)
    reply = run_once(company, key, write, is_late=is_late)
    return f'"{kind}":'.encode() + reply.body


def _get_item_kind(item: JsonObject) -> str:
    """Return the kind of the object that an item writes; refuse none, several or an unknown one."""
    names = [name for name in item if name not in ITEM_OPTIONS]
    if len(names) != 1 or names[0] not in KINDS:
        raise Refusal("2000", f"Unknown object : {', '.join(names) or 'none'}", "")
    return names[0]


def _build_item_parameters(item: JsonObject) -> dict[str, str]:
    """Return the parameters that a single call would have; void is an option of update."""
    params = {
        "operation": str(item.get("operation") or "create").lower(),
        "include": str(item.get("optionsData") or ""),
    }
    if params["operation"] == "update" and "void" in read_include(params):
        params["operation"] = "void"
    return params
