"""Change data capture: objects created, changed or deleted since a time."""

from qbo_sandbox.accounting.company import Company
from qbo_sandbox.accounting.kinds import ABSENT_ENTITIES, KIND_NAMES_BY_PATH
from qbo_sandbox.accounting.refusals import Refusal, missing_field, unsupported_operation
from qbo_sandbox.accounting.values import dump

MAX_OBJECTS = 1000
WINDOW_SECONDS = 30 * 86400
UNTRACKED_KINDS = ("TaxAgency", "TaxCode", "TaxRate", "TaxService")


def answer(company: Company, params: dict[str, str]) -> bytes:
    """Return the only entry of CDCResponse for cdc?entities=…&changedSince=…"""
    names = [name.strip() for name in params.get("entities", "").split(",") if name.strip()]
    if not names:
        raise missing_field("entities")
    since = _parse_since(company, params)
    remaining = MAX_OBJECTS
    groups = []
    for name in names:
        if name.lower() in ABSENT_ENTITIES:
            groups.append(b"{}")
            continue
        kind = KIND_NAMES_BY_PATH.get(name.lower())
        if kind is None or kind in UNTRACKED_KINDS:
            raise Refusal(
                "2000",
                f"Unknown object : {name} is not supported by change data capture",
                "entities",
            )
        objects = _list_changes(company, kind, since)[:remaining]
        remaining -= len(objects)
        objects.sort(key=_is_deleted)
        groups.append(_encode_changed_objects(kind, [body for _, body in objects]))
    return b'{"QueryResponse":[' + b",".join(groups) + b"]}"


def _parse_since(company: Company, params: dict[str, str]) -> float:
    """Return the time since which changes are asked for, in seconds since 1970."""
    text = params.get("changedSince") or params.get("changedsince") or ""
    if not text:
        raise missing_field("changedSince")
    try:
        since = company.seconds(text)
    except ValueError:
        raise Refusal("2060", f"Invalid date : changedSince {text}", "changedSince") from None
    if company.switches.cdc_window and since < company.now() - WINDOW_SECONDS:
        raise unsupported_operation(
            f"cdc with changedSince date {text} which is older than fixed days"
        )
    return since


def _is_deleted(change: tuple[bool, bytes]) -> bool:
    """Return the sort key that puts deleted objects last, whenever they were deleted."""
    return change[0]


def _list_changes(company: Company, kind: str, since: float) -> list[tuple[bool, bytes]]:
    """Return the changed objects in their order, each as (is it deleted, its body)."""
    table = company.table(kind)
    lag = company.switches.cdc_lag
    if lag is None:
        lag = company.index_lag()
    newest = company.now() - lag
    changes: list[tuple[float, bool, bytes]] = []
    for id in table.updated.between(since, None):
        row = table.rows[id]
        if row.indexed <= newest:
            changes.append((row.updated, False, company.answer_indexed(kind, row)))
    for id, at in table.gone.items():
        if since <= at <= newest:
            changes.append((at, True, _encode_deleted_object(company, id, at)))
    is_newest_first = company.switches.cdc_order == "newest"
    changes.sort(key=lambda change: change[0], reverse=is_newest_first)
    return [(is_deleted, body) for _, is_deleted, body in changes[: MAX_OBJECTS + 1]]


def _encode_deleted_object(company: Company, id: str, at: float) -> bytes:
    """Return what change data show of a deleted object."""
    data = {
        "domain": "QBO",
        "status": "Deleted",
        "Id": id,
        "MetaData": {"LastUpdatedTime": company.stamp(at)},
    }
    return dump(data).encode()


def _encode_changed_objects(kind: str, objects: list[bytes]) -> bytes:
    """Return the response for the objects of one kind."""
    if not objects:
        return b"{}"
    tail = f'],"startPosition":1,"maxResults":{len(objects)}}}'
    return f'{{"{kind}":['.encode() + b",".join(objects) + tail.encode()
