"""The names of the records to which transactions refer, read from the database."""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from decimal import Decimal
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from hub.mapping.placeholders import parse_posting_id
from hub.models import Posting, SourceDocument, StoredRecord
from hub.payloads.entities import KIND_BY_ENTITY
from hub.qbo.display_labels import FACT_LISTS, REFERENCES

# The names of records by list and id, and the numbers of transactions by type and id.
Names = Mapping[tuple[str, str], str]


def load_record_names(session: Session, company_id: int, entity: Any) -> Names:
    """Return the names of the records to which an entity, or several, refer, by list and id."""
    keys = set(_iter_record_keys(entity))
    ids = {id for _, id in keys}
    with_these_ids = select(StoredRecord).where(
        StoredRecord.company_id == company_id,
        StoredRecord.quickbooks_id.in_(ids),
    )
    names = _load_names_of_awaited(session, keys) | _load_numbers_of_posted(
        session, company_id, keys
    )
    for row in session.scalars(with_these_ids):
        key = row.list, row.quickbooks_id
        if key in keys:
            names[key] = row.title
    return names


def _load_names_of_awaited(
    session: Session, keys: Iterable[tuple[str, str]]
) -> dict[tuple[str, str], str]:
    """Return the names of the records that are created first, by list and placeholder."""
    posting_ids = {}
    for list_name, id in keys:
        posting_id = parse_posting_id(id)
        if posting_id is not None:
            posting_ids[list_name, id] = posting_id
    if not posting_ids:
        return {}
    query = (
        select(Posting.id, Posting.payload, SourceDocument.number)
        .join(Posting.document)
        .where(Posting.id.in_(set(posting_ids.values())))
    )
    names_by_posting = {}
    for posting_id, payload, number in session.execute(query):
        body = parse_body(payload) or {}
        names_by_posting[posting_id] = str(body.get("DisplayName") or body.get("Name") or number)
    return {key: names_by_posting.get(posting_id, "") for key, posting_id in posting_ids.items()}


def _load_numbers_of_posted(
    session: Session, company_id: int, keys: Iterable[tuple[str, str]]
) -> dict[tuple[str, str], str]:
    """Return the source's numbers of the transactions that the hub posted, by type and id."""
    transactions = {
        (KIND_BY_ENTITY[type], id): (type, id) for type, id in keys if type in KIND_BY_ENTITY
    }
    if not transactions:
        return {}
    query = (
        select(Posting.kind, Posting.quickbooks_id, SourceDocument.number)
        .join(Posting.document)
        .where(
            Posting.company_id == company_id,
            Posting.quickbooks_id.in_({id for _, id in transactions}),
        )
    )
    numbers = {}
    for kind, id, number in session.execute(query):
        key = transactions.get((kind, str(id)))
        if key:
            numbers[key] = number
    return numbers


def _iter_record_keys(part: Any) -> Iterator[tuple[str, str]]:
    """Yield list and id of every record to which a part of an entity refers."""
    if isinstance(part, list):
        for element in part:
            yield from _iter_record_keys(element)
    elif isinstance(part, dict):
        for field, value in part.items():
            yield from _iter_field_keys(field, value)


def _iter_field_keys(field: str, value: Any) -> Iterator[tuple[str, str]]:
    """Yield list and id of the record of a reference, or of all records inside another field.

    A linked transaction has its type, such as "Invoice", in place of a list.
    """
    if field == "LinkedTxn":
        yield from _iter_link_keys(value)
        return
    if field not in REFERENCES or not isinstance(value, dict):
        yield from _iter_record_keys(value)
        return
    _, list_name = REFERENCES[field]
    id = str(value.get("value") or "")
    yield list_name or get_party_list(value), id


def _iter_link_keys(links: Any) -> Iterator[tuple[str, str]]:
    """Yield type and id of each linked transaction."""
    for link in links or ():
        type = str(link.get("TxnType"))
        id = str(link.get("TxnId") or "")
        yield type, id


def get_party_list(reference: dict[str, Any]) -> str:
    """Return the list of a party that may be a supplier or a customer."""
    type = reference.get("type") or ""
    return str(type).lower()


def parse_body(payload: bytes) -> dict[str, Any] | None:
    """Return a payload as a JSON object; None if it is empty or anything else."""
    try:
        body = json.loads(payload, parse_float=Decimal)
    except ValueError:
        return None
    return body if isinstance(body, dict) else None


def load_namer(session: Session, company_id: int, party: str) -> Callable[[str, str], str]:
    """Return a function that names a record by its fact and id.

    `party` is the list that holds the party. A record that is not stored is named by its id.
    """
    lists = FACT_LISTS | {"party": party}

    def name(fact: str, id: str) -> str:
        if fact not in lists:
            return id
        key = company_id, lists[fact], id
        row = session.get(StoredRecord, key)
        return row.title if row else id

    return name
