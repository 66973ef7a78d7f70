"""Transactions as a person reads them: facts and lines, with names of records in place of ids."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from itertools import zip_longest
from typing import Any, TypeVar

from sqlalchemy.orm import Session

from hub.mapping.placeholders import is_placeholder
from hub.payloads import summarize
from hub.payloads.entities import read_ref_id
from hub.payloads.summary import DISCOUNT_DETAIL
from hub.qbo.display_labels import (
    ADDRESS_FIELDS,
    ADDRESS_PARTS,
    ENTITY_TITLES,
    FACT_ORDER,
    NESTED_FIELDS,
    PAYMENT_DETAILS,
    PLACEHOLDER_TEXT,
    PLAIN_FIELDS,
    REFERENCES,
    VALUE_TEXTS,
)
from hub.qbo.display_names import (
    Names,
    get_party_list,
    load_record_names,
    parse_body,
)

SUBTOTAL_DETAIL = "SubTotalLineDetail"
EXCHANGE_RATE = "Exchange rate"
DISCOUNT_TITLE = "Discount"
UNNAMED_TEMPLATE = f"{{}}, {PLACEHOLDER_TEXT}"  # for a transaction without a number
Key = TypeVar("Key")


@dataclass(frozen=True)
class TransactionLineView:
    """A line: the record that it posts to, its dimensions by label, and its amounts.

    The line of a payment posts to the transaction that it pays. `linked_type` is then the type of
    that transaction in words, such as "Invoice", and `linked_name` its number; "" if it is still to
    be created.
    """

    description: str
    posts_to: str
    tags: tuple[tuple[str, str], ...]
    quantity: Decimal | None
    price: Decimal | None
    amount: Decimal | None
    linked_type: str = ""
    linked_name: str = ""


@dataclass(frozen=True)
class TransactionView:
    """A transaction or list entry in words.

    Addresses are left out: QuickBooks adds those of the customer, so they cannot be compared.
    """

    facts: tuple[tuple[str, str], ...]
    lines: tuple[TransactionLineView, ...]
    total: Decimal | None
    tax: Decimal | None
    currency: str
    addresses: tuple[tuple[str, str], ...] = ()


def view_payload(
    session: Session, company_id: int, kind: str, payload: bytes
) -> TransactionView | None:
    """Return the view of a payload; None if it is empty or not a JSON object."""
    views = view_payloads(session, company_id, {0: (kind, payload)})
    return views.get(0)


def view_payloads(
    session: Session, company_id: int, payloads: Mapping[int, tuple[str, bytes]]
) -> dict[int, TransactionView]:
    """Return the views of payloads, given with their kinds, by key; one query reads all names.

    Payloads that are empty or not a JSON object are left out.
    """
    entities = {}
    for key, (kind, payload) in payloads.items():
        body = parse_body(payload)
        if body is not None:
            entities[key] = kind, body
    return view_entities(session, company_id, entities)


def view_entities(
    session: Session, company_id: int, entities: Mapping[Key, tuple[str, dict[str, Any]]]
) -> dict[Key, TransactionView]:
    """Return the views of entities, given with their kinds, by key; one query reads all names."""
    names = load_record_names(session, company_id, [entity for _, entity in entities.values()])
    return {key: _build_view(kind, entity, names) for key, (kind, entity) in entities.items()}


def view_entity(
    session: Session, company_id: int, kind: str, entity: dict[str, Any]
) -> TransactionView:
    """Return the view of a body that is sent, or of an object in QuickBooks."""
    return _build_view(kind, entity, load_record_names(session, company_id, entity))


def _build_view(kind: str, entity: dict[str, Any], names: Names) -> TransactionView:
    """Return the view of an entity with the names of the records to which it refers."""
    summary = summarize(kind, entity)
    facts = sorted(_iter_facts(entity, names), key=_rank_fact)
    lines = []
    for line in entity.get("Line") or ():
        if line.get("DetailType") != SUBTOTAL_DETAIL:
            lines.append(_build_line_view(line, names))
    return TransactionView(
        facts=tuple(facts),
        lines=tuple(lines),
        total=summary.total,
        tax=summary.tax or None,
        currency=summary.currency,
        addresses=tuple(_iter_addresses(entity)),
    )


def find_differences(first: TransactionView, second: TransactionView) -> set[str]:
    """Return the labels of the facts, and the places of the lines ("line 2"), that differ."""
    first_facts = dict(first.facts)
    second_facts = dict(second.facts)
    places = set()
    for label in first_facts.keys() | second_facts.keys():
        if first_facts.get(label) != second_facts.get(label):
            places.add(label)

    line_pairs = zip_longest(first.lines, second.lines)
    for number, (first_line, second_line) in enumerate(line_pairs, start=1):
        if first_line != second_line:
            places.add(f"line {number}")
    return places


def _rank_fact(fact: tuple[str, str]) -> int:
    """Return the place of a fact in the order of facts."""
    label, _ = fact
    if label not in FACT_ORDER:
        return len(FACT_ORDER)
    return FACT_ORDER.index(label)


def _iter_facts(entity: dict[str, Any], names: Names) -> Iterator[tuple[str, str]]:
    """Yield the label and the text of each fact."""
    yield from _iter_references(entity, names)
    yield from _iter_plain_facts(entity)
    yield from _iter_nested_facts(entity)
    for field in PAYMENT_DETAILS:
        detail = entity.get(field) or {}
        yield from _iter_references(detail, names)
    rate = _format_exchange_rate(entity)
    if rate:
        yield EXCHANGE_RATE, rate
    for custom in entity.get("CustomField") or ():
        label = str(custom.get("Name"))
        text = custom.get("StringValue") or ""
        yield label, str(text)


def _format_exchange_rate(entity: dict[str, Any]) -> str:
    """Return the exchange rate as text; "" in the home currency, whose rate is 1."""
    rate = _parse_number(entity.get("ExchangeRate"))
    if rate is None or rate == 1:
        return ""
    return format(rate.normalize(), "f")


def _iter_plain_facts(entity: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield the facts with a plain value, or with a reference that only has a value."""
    for field, label in PLAIN_FIELDS.items():
        value = entity.get(field)
        text = _format_plain_value(value)
        if text:
            yield label, VALUE_TEXTS.get(text, text)


def _format_plain_value(value: Any) -> str:
    """Return a value as text; a reference without a name, such as a memo, has it inside."""
    if isinstance(value, dict):
        return str(value.get("value", ""))
    return str(value or "")


def _iter_nested_facts(entity: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield the facts with a value inside another one."""
    for field, (label, inner) in NESTED_FIELDS.items():
        outer = entity.get(field)
        if isinstance(outer, dict):
            text = str(outer.get(inner, ""))
            yield label, text


def _iter_addresses(entity: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield the label of each postal address, and its parts on one line."""
    for field, label in ADDRESS_FIELDS.items():
        address = entity.get(field)
        if isinstance(address, dict):
            parts = [str(address[part]) for part in ADDRESS_PARTS if address.get(part)]
            if parts:
                yield label, ", ".join(parts)


def _build_line_view(line: dict[str, Any], names: Names) -> TransactionLineView:
    """Return the view of a line; its references become tags, except for what it posts to."""
    detail_field = str(line.get("DetailType"))
    detail = line.get(detail_field)
    if not isinstance(detail, dict):
        detail = {}
    tags = dict(_iter_references(detail, names))
    posts_to = tags.pop("Account", "") or tags.pop("Item", "")
    linked_type, linked_name = "", ""
    if not posts_to:
        linked_type, linked_name = _describe_linked_transaction(line, names)
    if linked_type:
        posts_to = (
            f"{linked_type} {linked_name}" if linked_name else UNNAMED_TEMPLATE.format(linked_type)
        )
    elif not posts_to and line.get("DetailType") == DISCOUNT_DETAIL:
        posts_to = DISCOUNT_TITLE
    if detail.get("BillableStatus") in ("Billable", "HasBeenBilled"):
        tags["Billable"] = "yes"
    return TransactionLineView(
        description=str(line.get("Description") or ""),
        posts_to=posts_to,
        tags=tuple(tags.items()),
        quantity=_parse_number(detail.get("Qty")),
        price=_parse_number(detail.get("UnitPrice")),
        amount=_get_line_amount(line),
        linked_type=linked_type,
        linked_name=linked_name,
    )


def _get_line_amount(line: dict[str, Any]) -> Decimal | None:
    """Return the amount of a line; that of a discount is negative."""
    amount = _parse_number(line.get("Amount"))
    is_discount = line.get("DetailType") == DISCOUNT_DETAIL
    if amount and is_discount:
        return -amount
    return amount


def _describe_linked_transaction(line: dict[str, Any], names: Names) -> tuple[str, str]:
    """Return the title and the number of the transaction that a line pays; "" if there is none.

    Without a stored number, its id in QuickBooks is returned. A transaction that is still to be
    created may have neither.
    """
    links = line.get("LinkedTxn") or ()
    if not links:
        return "", ""
    link = links[0]
    id = str(link.get("TxnId") or "")
    type = str(link.get("TxnType"))
    name = names.get((type, id)) or id
    if is_placeholder(name):
        name = ""
    return ENTITY_TITLES.get(type, type), name


def _iter_references(part: dict[str, Any], names: Names) -> Iterator[tuple[str, str]]:
    """Yield the label and the name of each reference in a transaction, or in a part of it."""
    for field, (label, list_name) in REFERENCES.items():
        id = read_ref_id(part, field)
        if id:
            name = _format_reference(part[field], list_name, id, names)
            yield label, name


def _format_reference(reference: dict[str, Any], list_name: str, id: str, names: Names) -> str:
    """Return the stored name of a reference, else the name that it contains, else its id.

    A reference to a record that is still to be created contains the name of the record.
    """
    list_name = list_name or get_party_list(reference)
    if is_placeholder(id):
        return names.get((list_name, id)) or PLACEHOLDER_TEXT
    stored_name = names.get((list_name, id))
    if stored_name:
        return stored_name
    name = reference.get("name") or ""
    return str(name) or id


def _parse_number(value: Any) -> Decimal | None:
    """Return a number exactly; None if there is none."""
    if value in (None, ""):
        return None
    return Decimal(str(value))
