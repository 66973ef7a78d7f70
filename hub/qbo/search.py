"""Complete searches of QuickBooks: what was created or deleted since a moment, numbers, names, files."""

import datetime as dt
from collections.abc import Iterator, Sequence
from typing import Any

from hub.contract.documents import value_object
from hub.errors import Retry
from hub.qbo.client import Client, rows
from hub.qbo.entities import ENTITY, LISTS, ref_id

PAGE = 1000
AT_ONCE = 100
CHANGES_KEPT = dt.timedelta(days=30)
Entity = dict[str, Any]


class Incomplete(Retry):
    """A search that may have missed something; nothing can be concluded from it."""

    def __init__(self, what: str, why: str) -> None:
        super().__init__(
            f"QuickBooks could not be searched completely for {what}: {why}. It is tried again by itself."
        )


@value_object
class ObjectIdentity:
    """What tells an object from others of its kind."""

    id: str
    name: str
    type: str
    active: bool
    note: str
    token: str


def identify(entity: Entity) -> ObjectIdentity:
    """Return the identity of an object from QuickBooks or of a body that was sent.

    Items of two categories count as items of two types.
    """
    type = _text(entity, "Type")
    category = ref_id(entity, "ParentRef") if type else ""
    name = _text(entity, "DisplayName") or _text(entity, "Name") or _text(entity, "FileName")
    note = _text(entity, "PrivateNote") or _text(entity, "Notes") or _text(entity, "Note")
    return ObjectIdentity(
        id=_text(entity, "Id"),
        name=name,
        type=f"{type} in {category}" if category else type,
        active=str(entity.get("Active", True)).lower() == "true",
        note=note,
        token=_text(entity, "SyncToken"),
    )


def _text(entity: Entity, name: str) -> str:
    return str(entity.get(name) or "")


def find_by_ids(client: Client, kind: str, ids: Sequence[str]) -> Iterator[Entity]:
    """Those of these ids that are there, as a query shows them."""
    for first in range(0, len(ids), AT_ONCE):
        id_list = ", ".join(f"'{id}'" for id in ids[first : first + AT_ONCE])
        yield from rows(client.select(kind, f"Id IN ({id_list})").check(), kind)


def created_since(
    client: Client, kind: str, since: dt.datetime, page: int = PAGE
) -> Iterator[list[Entity]]:
    """Everything of a kind created since a moment, each once, in the order of creation.

    Each page starts at the last creation time seen, never at a position: rows that are edited or deleted meanwhile
    move the positions of others, and a search by position passes over some.
    """
    start, seen_ids = since, set[str]()
    while True:
        found = _page(client, kind, f"MetaData.CreateTime >= '{start.isoformat()}'", page)
        fresh = [row for row in found if row["Id"] not in seen_ids]
        yield fresh
        if len(found) < page:
            return
        last = created_at(found[-1])
        if last <= start:
            read_before = seen_ids | {row["Id"] for row in found}
            yield [
                row for row in _second(client, kind, start, page) if row["Id"] not in read_before
            ]
            last = start + dt.timedelta(seconds=1)
        start = last
        seen_ids = {
            row["Id"] for row in found if created_at(row) >= last
        }  # only these can come again


def _page(client: Client, kind: str, where: str, page: int, position: int = 1) -> list[Entity]:
    where += " AND Active IN (true, false)" if kind in LISTS else ""
    text = f"SELECT * FROM {ENTITY[kind]} WHERE {where} ORDERBY MetaData.CreateTime ASC"  # noqa: S608 (of our own names)
    found = rows(client.query(f"{text} STARTPOSITION {position} MAXRESULTS {page}").check(), kind)
    times = [created_at(row) for row in found]
    if times != sorted(times):
        raise Incomplete(kind, "its answer was not in the order of creation")
    return found


def _second(client: Client, kind: str, start: dt.datetime, page: int) -> list[Entity]:
    """A second in which more was created than a page holds: by position, and counted before and after."""
    start = start.replace(microsecond=0)
    end = start + dt.timedelta(seconds=1)
    where = f"MetaData.CreateTime >= '{start.isoformat()}' AND MetaData.CreateTime < '{end.isoformat()}'"
    before = _count(client, kind, where)
    found: dict[str, Entity] = {}
    for position in range(1, before + 1, page):
        found.update((row["Id"], row) for row in _page(client, kind, where, page, position))
    if len(found) != before or _count(client, kind, where) != before:
        raise Incomplete(kind, "it changed while it was searched")
    return list(found.values())


def _count(client: Client, kind: str, where: str) -> int:
    answer = client.query(f"SELECT COUNT(*) FROM {ENTITY[kind]} WHERE {where}").check()  # noqa: S608 (of our own names)
    return int((answer.entity or {}).get("totalCount", 0))


def deleted_since(client: Client, kind: str, since: dt.datetime, now: dt.datetime) -> list[Entity]:
    """What was deleted since a moment; QuickBooks remembers that for thirty days."""
    if now - since > CHANGES_KEPT:
        raise Incomplete(f"a deleted {kind}", "that is more than thirty days ago")
    found: dict[str, Entity] = {}
    while True:
        answer = client.cdc([kind], since).check()
        changed = [row for row in _changes(answer.body, kind) if isinstance(row, dict)]
        found.update((str(row["Id"]), row) for row in changed if row.get("status") == "Deleted")
        if len(changed) < PAGE:
            return list(found.values())
        last = max(map(changed_at, changed))
        if last <= since:
            raise Incomplete(kind, "too much changed in one second")
        since = last


def _changes(body: Entity, kind: str) -> list[Any]:
    """Return the objects of one kind in the answer to a change data call."""
    changes: list[Any] = []
    for part in body.get("CDCResponse") or []:
        if not isinstance(part, dict):
            continue
        for response in part.get("QueryResponse") or []:
            changes += response.get(ENTITY[kind]) or []
    return changes


def find_by_number(client: Client, kind: str, numbers: Sequence[str]) -> list[Entity]:
    """The transactions of a kind that carry one of these numbers."""
    field = "PaymentRefNum" if kind == "payment" else "DocNumber"
    found: list[Entity] = []
    for first in range(0, len(numbers), AT_ONCE):
        number_list = ", ".join(
            f"'{quoted(number)}'" for number in numbers[first : first + AT_ONCE]
        )
        found += _where(client, kind, f"{field} IN ({number_list})")
    return found


def find_by_name(client: Client, kind: str, name: str) -> list[Entity]:
    """The entries of a list with exactly this name, inactive ones too."""
    field = "Name" if kind == "item" else "DisplayName"
    return _where(client, kind, f"{field} = '{quoted(name)}' AND Active IN (true, false)")


def find_files(client: Client, kind: str, id: str) -> list[Entity]:
    """The files that are attached to a transaction."""
    about = f"AttachableRef.EntityRef.Type = '{ENTITY[kind]}' AND AttachableRef.EntityRef.value = '{quoted(id)}'"
    return _where(client, "attachment", about)


def _where(client: Client, kind: str, where: str) -> list[Entity]:
    query = f"SELECT * FROM {ENTITY[kind]} WHERE {where} MAXRESULTS {PAGE}"  # noqa: S608 (own names)
    found = rows(client.query(query).check(), kind)
    if len(found) >= PAGE:
        raise Incomplete(kind, "more than a thousand fit")
    return found


def created_at(entity: Entity) -> dt.datetime:
    """When it was created."""
    return _moment(entity, "CreateTime")


def changed_at(entity: Entity) -> dt.datetime:
    """When it was last changed, or deleted."""
    return _moment(entity, "LastUpdatedTime")


def _moment(entity: Entity, name: str) -> dt.datetime:
    return dt.datetime.fromisoformat(str((entity.get("MetaData") or {}).get(name))).astimezone(
        dt.UTC
    )


def quoted(text: str) -> str:
    """A text as it may stand between the quotes of a query."""
    return text.replace("\\", "\\\\").replace("'", "\\'")
