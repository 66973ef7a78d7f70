"""Complete searches of QuickBooks: by creation, deletion, number, name and attachment."""

import datetime as dt
import re
from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from typing import Any

from hub.contract.chunks import iter_chunks
from hub.contract.unicode_forms import fold_case
from hub.contract.value_object import value_object
from hub.errors import Refused, Retry, Sentence
from hub.payloads.entities import ENTITY_BY_KIND, LIST_ENTITIES, format_moment, read_ref_id
from hub.qbo.change_data import group_changed_objects
from hub.qbo.client import PAGE_SIZE, Client
from hub.qbo.page_size import read_fitting_page
from hub.qbo.responses import ResponseTooLarge, extract_count, extract_rows

MAX_VALUES_PER_QUERY = 100
CHANGE_RETENTION = dt.timedelta(days=30)
ONE_SECOND = dt.timedelta(seconds=1)
EPOCH = dt.datetime(2000, 1, 1, tzinfo=dt.UTC)  # before QuickBooks Online existed
# QuickBooks refuses a query that contains one of these, even in quotes, as in 'Włodarski'.
FOREIGN_CHARACTERS = re.compile("[^\x00-\xff]+")
Entity = dict[str, Any]


class Incomplete(Retry):
    """A search that may have missed something; nothing can be concluded from it."""

    def __init__(self, what: str, why: str) -> None:
        super().__init__(
            "QuickBooks could not be searched completely for %(what)s: %(why)s. It is retried"
            " automatically.",
            what=what,
            why=why,
        )


@value_object
class ObjectIdentity:
    """The fields that distinguish an object from others of its kind."""

    id: str
    name: str
    type: str
    active: bool
    memo: str
    token: str


def identify(entity: Entity) -> ObjectIdentity:
    """Return the identity of an object from QuickBooks or of a body that was sent.

    Items of two categories count as items of two types.
    """
    type = _get_text(entity, "Type")
    category = read_ref_id(entity, "ParentRef") if type else ""
    name = (
        _get_text(entity, "DisplayName")
        or _get_text(entity, "Name")
        or _get_text(entity, "FileName")
    )
    memo = (
        _get_text(entity, "PrivateNote") or _get_text(entity, "Notes") or _get_text(entity, "Note")
    )
    return ObjectIdentity(
        id=_get_text(entity, "Id"),
        name=name,
        type=f"{type} in {category}" if category else type,
        active=str(entity.get("Active", True)).lower() == "true",
        memo=memo,
        token=_get_text(entity, "SyncToken"),
    )


def _get_text(entity: Entity, name: str) -> str:
    """Return a field as text; "" if it is missing or empty."""
    value = entity.get(name)
    return str(value or "")


def find_by_ids(
    client: Client, kind: str, ids: Sequence[str], *, deadline_at: float | None = None
) -> Iterator[Entity]:
    """Yield the objects with these ids that a query shows."""
    start, size = 0, MAX_VALUES_PER_QUERY
    while start < len(ids):
        read = partial(_read_by_ids, client, kind, ids[start:], deadline_at)
        entities, size = read_fitting_page(read, size)
        yield from entities
        start += size


def _read_by_ids(
    client: Client, kind: str, ids: Sequence[str], deadline_at: float | None, count: int
) -> list[Entity]:
    """Return the objects with the first so many of these ids that a query shows."""
    id_list = ", ".join(f"'{escape_text(id)}'" for id in ids[:count])
    response = client.select(kind, f"Id IN ({id_list})", deadline_at=deadline_at)
    return extract_rows(response.check(), kind)


def find_created_since(
    client: Client,
    kind: str,
    since: dt.datetime,
    page: int = PAGE_SIZE,
    *,
    until_nothing_new: bool = False,
    condition: str = "",
) -> Iterator[list[Entity]]:
    """Yield all objects of a kind created since a moment, each once, in the order of creation.

    With a `condition`, yield only those that fulfil it. Each page of `page` objects, or of as many
    as fit into a response, starts at the last creation time of the previous page. Positions are not
    used, because edits and deletions move the positions of other objects, so that some would be
    missed. A page that is not full is the last one. With `until_nothing_new`, another page must
    confirm that, because a page that came too short or empty proves nothing.
    """
    start = since.replace(microsecond=0)
    seen_ids: set[str] = set()
    is_confirming = False
    while True:
        read = partial(_read_page, client, kind, _build_condition(condition, start))
        entities, page = read_fitting_page(read, page)
        unseen = _exclude_ids(entities, seen_ids)
        yield unseen
        is_full = len(entities) >= page
        if not is_full:
            is_confirmed = is_confirming and not unseen
            if is_confirmed or not until_nothing_new:
                return
        is_confirming = not is_full
        if not entities:
            continue
        last = parse_created_at(entities[-1])
        if is_full and last <= start:
            # The page holds nothing but objects of one second, and that second has more of them.
            seen_ids |= _list_ids_created_since(entities, start)
            of_second = _find_created_in_second(client, kind, start, page, condition)
            yield _exclude_ids(of_second, seen_ids)
            last = start + ONE_SECOND
        start = last
        # Only these can occur on the next page.
        seen_ids = _list_ids_created_since(entities, last)


def _build_condition(condition: str, since: dt.datetime, until: dt.datetime | None = None) -> str:
    """Return the condition for objects created in a period, and one more if there is one."""
    conditions = [condition] if condition else []
    conditions.append(f"MetaData.CreateTime >= '{format_moment(since)}'")
    if until:
        conditions.append(f"MetaData.CreateTime < '{format_moment(until)}'")
    return " AND ".join(conditions)


def _list_ids_created_since(entities: Iterable[Entity], moment: dt.datetime) -> set[str]:
    """Return the ids of the objects that were created at a moment or later."""
    return {entity["Id"] for entity in entities if parse_created_at(entity) >= moment}


def _exclude_ids(entities: Iterable[Entity], ids: set[str]) -> list[Entity]:
    """Return the objects whose ids are not among these."""
    return [entity for entity in entities if entity["Id"] not in ids]


def _read_page(client: Client, kind: str, where: str, page: int, position: int = 1) -> list[Entity]:
    """Read one page in the order of creation, inactive records included.

    Raise Incomplete if the response is not in that order, or does not show it.
    """
    where = _include_inactive(kind, where)
    clauses = f"WHERE {where} ORDERBY MetaData.CreateTime ASC"
    query = (
        f"SELECT * FROM {ENTITY_BY_KIND[kind]} {clauses}"  # noqa: S608 (own names)
        f" STARTPOSITION {position} MAXRESULTS {page}"
    )
    entities = extract_rows(client.query(query).check(), kind)
    try:
        times = [parse_created_at(entity) for entity in entities]
    except ValueError:
        reason = Sentence("its answer does not say when something was created")
        raise Incomplete(kind, reason) from None
    if times != sorted(times):
        raise Incomplete(kind, Sentence("its answer was not in the order of creation"))
    return entities


def _include_inactive(kind: str, where: str) -> str:
    """Return a condition that also fits the inactive records of a list."""
    return f"{where} AND Active IN (true, false)" if kind in LIST_ENTITIES else where


def _find_created_in_second(
    client: Client, kind: str, second: dt.datetime, page: int, condition: str
) -> Iterable[Entity]:
    """Return the objects created in one second, if they are more than a page.

    They can only be read by position, so they are counted before and after.
    """
    start = second.replace(microsecond=0)
    end = start + ONE_SECOND
    where = _build_condition(condition, start, end)
    where_with_inactive = _include_inactive(kind, where)
    count = _count_objects(client, kind, where_with_inactive)
    entities: dict[str, Entity] = {}
    position = 1
    while position <= count:
        read = partial(_read_page, client, kind, where, position=position)
        objects, page = read_fitting_page(read, page)
        for entity in objects:
            entities[entity["Id"]] = entity
        position += page
    if len(entities) != count or _count_objects(client, kind, where_with_inactive) != count:
        raise Incomplete(kind, Sentence("it changed while it was searched"))
    return entities.values()


def _count_objects(client: Client, kind: str, where: str) -> int:
    """Return how many objects of a kind fulfil a condition."""
    query = f"SELECT COUNT(*) FROM {ENTITY_BY_KIND[kind]} WHERE {where}"  # noqa: S608 (own names)
    return extract_count(client.query(query).check())


def find_deleted(client: Client, kind: str, since: dt.datetime, now: dt.datetime) -> list[Entity]:
    """Return the objects of a kind that were deleted since a moment.

    QuickBooks remembers deletions for thirty days.
    """
    if now - since > CHANGE_RETENTION:
        raise Incomplete(
            Sentence("a deleted %(kind)s", kind=kind),
            Sentence("that is more than thirty days ago"),
        )
    deleted_objects: dict[str, Entity] = {}
    while True:
        response = client.cdc([kind], since)
        if response.is_too_large:
            raise Incomplete(kind, Sentence("what has changed is too large for one answer"))
        response.check()
        changed_objects = group_changed_objects(response.body).get(kind, [])
        for entity in changed_objects:
            if entity.get("status") == "Deleted":
                id = str(entity["Id"])
                deleted_objects[id] = entity
        if len(changed_objects) < PAGE_SIZE:
            return list(deleted_objects.values())
        last = _find_last_change(changed_objects, kind)
        if last <= since:
            raise Incomplete(kind, Sentence("too much changed in one second"))
        since = last


def _find_last_change(entities: Sequence[Entity], kind: str) -> dt.datetime:
    """Return when the last of these objects was changed or deleted.

    Raise Incomplete unless they are in the order of change, live and deleted ones each. If
    QuickBooks began with the newest changes, older ones would be missing.
    """
    times: dict[bool, list[dt.datetime]] = {True: [], False: []}
    for entity in entities:
        changed_at = find_changed_at(entity)
        if changed_at is None:
            raise Incomplete(kind, Sentence("its answer does not say when something was changed"))
        times[entity.get("status") == "Deleted"].append(changed_at)
    if any(moments != sorted(moments) for moments in times.values()):
        raise Incomplete(kind, Sentence("its answer was not in the order of change"))
    return max(times[True] + times[False])


def find_by_number(client: Client, kind: str, numbers: Sequence[str]) -> list[Entity]:
    """Return the transactions of a kind with one of these numbers."""
    field = "PaymentRefNum" if kind == "payment" else "DocNumber"
    foreign = [number for number in numbers if FOREIGN_CHARACTERS.search(number)]
    others = [number for number in numbers if number not in foreign]
    entities = _find_any(client, kind, field, others)
    for number in foreign:
        entities += _find_like(client, kind, field, number)
    return entities


def _find_any(client: Client, kind: str, field: str, texts: Sequence[str]) -> list[Entity]:
    """Return the objects of a kind whose field is one of these texts.

    If they fill a page, for example bills of many suppliers with the number 1, or are too large for
    one, they are read in pages.
    """
    entities: list[Entity] = []
    for chunk in iter_chunks(texts, MAX_VALUES_PER_QUERY):
        literals = [f"'{escape_text(text)}'" for text in chunk]
        where = f"{field} IN ({', '.join(literals)})"
        try:
            entities += _find(client, kind, where)
        except (Incomplete, ResponseTooLarge):
            for page in find_created_since(client, kind, EPOCH, condition=where):
                entities += page
    return entities


def find_by_name(client: Client, kind: str, name: str) -> list[Entity]:
    """Return the records of a list with exactly this name, inactive ones included."""
    field = "Name" if kind == "item" else "DisplayName"
    if FOREIGN_CHARACTERS.search(name):
        return _find_like(client, kind, field, name)
    where = f"{field} = '{escape_text(name)}' AND Active IN (true, false)"
    return _find(client, kind, where)


def _find_like(client: Client, kind: str, field: str, text: str) -> list[Entity]:
    """Return the objects whose field is a text that no query can contain, inactive ones included.

    They are searched by the other characters of the text, which may fit all objects of a kind. If
    QuickBooks refuses the pattern, all objects of the kind are read.
    """
    pattern = FOREIGN_CHARACTERS.sub("%", escape_text(text))
    key = fold_case(text)  # QuickBooks ignores case
    condition = f"{field} LIKE '{pattern}'"
    try:
        pages = list(find_created_since(client, kind, EPOCH, condition=condition))
    except Refused:
        pages = list(find_created_since(client, kind, EPOCH))
    entities: list[Entity] = []
    for page in pages:
        entities += [entity for entity in page if fold_case(_get_text(entity, field)) == key]
    return entities


def find_files(client: Client, kind: str, id: str) -> list[Entity]:
    """Return the attachments of a transaction.

    They are read twice, so that a page that came too short or empty proves nothing.
    """
    parent = "AttachableRef.EntityRef"
    has_type = f"{parent}.Type = '{ENTITY_BY_KIND[kind]}'"
    has_id = f"{parent}.value = '{escape_text(id)}'"
    files: dict[str, Entity] = {}
    for _ in range(2):
        for file in _find(client, "attachment", f"{has_type} AND {has_id}"):
            files[str(file["Id"])] = file
    return list(files.values())


def _find(client: Client, kind: str, where: str) -> list[Entity]:
    """Return the objects that fulfil a condition; raise Incomplete if they fill a page."""
    conditions = f"WHERE {where} MAXRESULTS {PAGE_SIZE}"
    query = f"SELECT * FROM {ENTITY_BY_KIND[kind]} {conditions}"  # noqa: S608 (own names)
    response = client.query(query).check()
    entities = extract_rows(response, kind)
    if len(entities) >= PAGE_SIZE:
        raise Incomplete(kind, Sentence("more than a thousand fit"))
    return entities


def parse_created_at(entity: Entity) -> dt.datetime:
    """Return when an object was created."""
    return _parse_moment(entity, "CreateTime")


def find_changed_at(entity: Entity) -> dt.datetime | None:
    """Return when an object was last changed, or deleted; None if QuickBooks does not say."""
    times = entity.get("MetaData") or {}
    return _parse_moment(entity, "LastUpdatedTime") if "LastUpdatedTime" in times else None


def _parse_moment(entity: Entity, name: str) -> dt.datetime:
    """Return one of an object's times, in UTC."""
    times = entity.get("MetaData") or {}
    text = str(times.get(name))
    moment = dt.datetime.fromisoformat(text)
    return moment.astimezone(dt.UTC)


def escape_text(text: str) -> str:
    """Escape a text for use between the quotes of a query."""
    return text.replace("\\", "\\\\").replace("'", "\\'")
