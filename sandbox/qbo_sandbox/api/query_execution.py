"""Execute a query on a company's tables, with an index where one fits."""

import operator as operators
import re
from collections.abc import Callable, Iterable, Iterator
from decimal import Decimal, InvalidOperation
from itertools import islice
from typing import Any, NamedTuple

from qbo_sandbox.accounting.company import Company
from qbo_sandbox.accounting.kinds import BY_PATH, LIST_KINDS, TXN_KINDS
from qbo_sandbox.accounting.table import Row, Table
from qbo_sandbox.accounting.values import dump
from qbo_sandbox.api.query import Condition, Select, invalid_query
from qbo_sandbox.entities import exchange_rates
from qbo_sandbox.entities.schema import Field, type_fields

CREATED, UPDATED = "MetaData.CreateTime", "MetaData.LastUpdatedTime"
TIME_FIELDS = (CREATED, UPDATED)
# Fields of transactions that can be queried; of lists every plain field can.
TRANSACTION_FIELDS = (
    "Id",
    "TxnDate",
    "DocNumber",
    "TotalAmt",
    "Balance",
    "CustomerRef",
    "VendorRef",
    "DueDate",
    "APAccountRef",
    "PaymentType",
    "PaymentRefNum",
    "SyncToken",
    *TIME_FIELDS,
)
LIST_FIELDS = (*TIME_FIELDS, "AttachableRef.EntityRef.type", "AttachableRef.EntityRef.value")
HEAD_COLUMNS = {"DocNumber": 0, "TxnDate": 1, "TotalAmt": 3}  # positions in Row.head
HIDDEN_CUSTOMER_FIELDS = (
    "DefaultTaxCodeRef",
)  # left out of queries unless stored with the customer
PLAIN_TYPES = ("s", "d", "i", "b", "date", "time")
COMPARISONS: dict[str, Callable[[Any, Any], bool]] = {
    "=": operators.eq,
    "!=": operators.ne,
    "<": operators.lt,
    "<=": operators.le,
    ">": operators.gt,
    ">=": operators.ge,
}
TEXT_FIELD = Field("s", False)
TEMPLATE_TYPE = "Type of the template"  # not a field: the kind of transaction in a recurring one
EXCLUSIVE_BOUND_SECONDS = 1e-6  # makes an exclusive bound inclusive; times are whole seconds


class TimeOrder(NamedTuple):
    """The time that rows come in order of, because an index returned them."""

    field: str
    descending: bool


DEFAULT_TRANSACTION_ORDER = TimeOrder(UPDATED, descending=True)


def execute(company: Company, select: Select) -> tuple[str, list[bytes], int | None]:
    """Return the kind, the objects of the page as JSON, and the count if the query counts."""
    kind = entity_of(select.entity)
    conditions = [_resolve_condition(company, kind, condition) for condition in select.conditions]
    if kind == "ExchangeRate":
        _prepare_rates(company, conditions)
    rows = _matching_rows(company, kind, conditions, select)
    if select.count:
        return kind, [], sum(1 for _ in rows)
    page: Iterable[Row]
    if kind == "TaxCode":
        page = _page_with_special_codes(rows, select)
    else:
        first = select.start - 1
        page = islice(rows, first, first + select.most)
    return kind, [_render(company, kind, row) for row in page], None


def entity_of(name: str) -> str:
    """Return the kind that a query names; raise 4001 if there is none."""
    kind = BY_PATH.get(name.lower())
    if kind and kind != "TaxService":
        return kind
    raise invalid_query(f"invalid context declaration: {name}")


def _prepare_rates(company: Company, conditions: list[Condition]) -> None:
    """Create the exchange rates of the queried days, or of today."""
    dates = []
    for condition in conditions:
        if condition.field == "AsOfDate" and condition.operator == "=":
            dates.append(condition.value)
    exchange_rates.store_rates(company, dates or [company.today()])


def _page_with_special_codes(rows: Iterable[Row], select: Select) -> list[Row]:
    """Return a page of tax codes.

    Each page begins with the codes whose id is not a number; they do not count for its size.
    """
    special: list[Row] = []
    numbered: list[Row] = []
    for row in rows:
        (numbered if row.id.isdigit() else special).append(row)
    special.sort(key=lambda row: row.seq)
    first = select.start - 1
    return special + numbered[first : first + select.most]


# -- conditions ----------------------------------------------------------------------------------


def _resolve_field(kind: str, name: str) -> str:
    """Return the field in its own spelling; raise 4001 if it is unknown or cannot be queried."""
    if (kind, name.lower()) == ("RecurringTransaction", "type"):
        return TEMPLATE_TYPE
    fields = type_fields()[kind]
    queryable_fields = TRANSACTION_FIELDS if kind in TXN_KINDS else LIST_FIELDS
    for queryable in queryable_fields:
        top_field = queryable.partition(".")[0]
        if queryable.lower() == name.lower() and top_field in fields:
            return queryable
    for spelling, field in fields.items():
        if spelling.lower() != name.lower():
            continue
        if kind in TXN_KINDS or not _is_plain(field):
            raise invalid_query(f"property '{spelling}' is not queryable")
        return spelling
    raise invalid_query(f"Property {name} not found for Entity {kind}")


def _is_plain(field: Field) -> bool:
    """Return whether a field holds one simple value, an enumeration or a reference."""
    if field.many:
        return False
    return field.type[0] in "=r" or field.type in PLAIN_TYPES


def _resolve_condition(company: Company, kind: str, condition: Condition) -> Condition:
    """Return the condition with the field's own spelling and values of the field's type."""
    name = _resolve_field(kind, condition.field)
    operator = condition.operator
    if name == "Id" and operator not in ("=", "in"):
        raise invalid_query(f"Property Id does not support operator {operator}")
    if name in TIME_FIELDS and operator in ("in", "like", "!="):
        raise invalid_query(f"Property {name} does not support operator {operator}")
    if operator == "in":
        values = [_parse_value(company, kind, name, text) for text in condition.value]
        return Condition(name, operator, values)
    return Condition(name, operator, _parse_value(company, kind, name, condition.value))


def _parse_value(company: Company, kind: str, name: str, text: str) -> Any:
    """Return a time as seconds, a date as its ten characters, anything else as text."""
    is_date = "%" not in text and type_fields()[kind].get(name, TEXT_FIELD).type == "date"
    if name not in TIME_FIELDS and not is_date:
        return text
    try:
        seconds = company.seconds(text)
    except ValueError:
        raise invalid_query(f"Invalid date value {text} for property {name}") from None
    return text.strip()[:10] if is_date else seconds


# -- rows ----------------------------------------------------------------------------------------


def _filter(
    company: Company, kind: str, rows: Iterable[Row], conditions: list[Condition]
) -> Iterator[Row]:
    """Return an iterator over the rows that fulfill all conditions."""
    tests = [_make_test(company, kind, condition) for condition in conditions]
    return (row for row in rows if all(test(row) for test in tests))


def _matching_rows(
    company: Company, kind: str, conditions: list[Condition], select: Select
) -> Iterable[Row]:
    """Yield the rows that fulfill all conditions, in the order of the query."""
    table = company.table(kind)
    order = [(_resolve_field(kind, name), descending) for name, descending in select.order]
    ids, time_order = _candidate_ids(kind, table, conditions, order)
    rows = _visible_rows(company, kind, table, ids, conditions)
    if time_order is not None:  # the index has tested the conditions on this time
        conditions = [condition for condition in conditions if condition.field != time_order.field]
    matching = _filter(company, kind, rows, conditions)
    effective_order: list[tuple[str, bool]] = list(order)
    if not order and kind in TXN_KINDS:
        effective_order = [DEFAULT_TRANSACTION_ORDER]
    if time_order and effective_order == [time_order]:
        return matching
    return _sort(company, kind, list(matching), order)


def _candidate_ids(
    kind: str, table: Table, conditions: list[Condition], order: list[tuple[str, bool]]
) -> tuple[Iterable[str], TimeOrder | None]:
    """Return ids that may match, and their order if the index of a time returned them."""
    for condition in conditions:
        ids = _ids_by_value(kind, table, condition)
        if ids is not None:
            return ids, None
    time_conditions = [condition for condition in conditions if condition.field in TIME_FIELDS]
    wanted_order = TimeOrder(*order[0]) if len(order) == 1 else DEFAULT_TRANSACTION_ORDER
    name = time_conditions[0].field if time_conditions else wanted_order.field
    if name not in TIME_FIELDS:
        return list(table.rows), None
    descending = wanted_order.descending and wanted_order.field == name
    low, high = _time_range(time_conditions, name)
    index = table.created if name == CREATED else table.updated
    return index.between(low, high, falling=descending), TimeOrder(name, descending)


def _ids_by_value(kind: str, table: Table, condition: Condition) -> list[str] | None:
    """Return the ids with the values of a condition; None if no index fits it."""
    field, operator, value = condition
    if operator not in ("in", "="):
        return None
    values = value if operator == "in" else [value]
    if field == "Id":
        ids = map(str, values)
        return list(dict.fromkeys(ids))
    if field == "DocNumber":
        numbers = map(str.lower, values)
        return _indexed_ids(table.by_number, numbers)
    if kind in TXN_KINDS and field == TXN_KINDS[kind].party:
        return _indexed_ids(table.by_party, values)
    return None


def _indexed_ids(index: Any, values: Iterable[Any]) -> list[str]:
    """Return the ids of each value, each value once."""
    ids: list[str] = []
    for value in dict.fromkeys(values):
        ids.extend(index.get(value, ()))
    return ids


def _time_range(conditions: list[Condition], name: str) -> tuple[float | None, float | None]:
    """Return the bounds that the conditions set on a time, in seconds, both inclusive."""
    lows: list[float] = []
    highs: list[float] = []
    for field, operator, value in conditions:
        if field != name:
            continue
        if operator == ">":
            lows.append(value + EXCLUSIVE_BOUND_SECONDS)
        elif operator == "<":
            highs.append(value - EXCLUSIVE_BOUND_SECONDS)
        if operator in (">=", "="):
            lows.append(value)
        if operator in ("<=", "="):
            highs.append(value)
    return max(lows, default=None), min(highs, default=None)


def _visible_rows(
    company: Company, kind: str, table: Table, ids: Iterable[str], conditions: list[Condition]
) -> Iterable[Row]:
    """Yield the rows of the ids, without inactive ones and those that the index does not show yet.

    Inactive records are shown if a condition asks for `Active`.
    """
    shows_inactive = kind in TXN_KINDS or any(
        condition.field == "Active" for condition in conditions
    )
    lag = company.index_lag()
    newest = company.now() - lag if lag else None
    for id in ids:
        row = table.rows.get(id)
        if row is None or not (row.active or shows_inactive):
            continue
        if newest is None or row.born <= newest:
            yield row


def _make_test(company: Company, kind: str, condition: Condition) -> Callable[[Row], bool]:
    """Return a function that tells whether a row fulfills a condition."""
    name, operator, value = condition
    if name == CREATED:
        return lambda row: COMPARISONS[operator](row.created, value)
    if name == UPDATED:
        return lambda row: COMPARISONS[operator](row.updated, value)
    if operator == "like":
        escaped = [re.escape(part) for part in value.split("%")]
        pattern = re.compile(".*".join(escaped), re.IGNORECASE | re.DOTALL)
        return lambda row: any(
            pattern.fullmatch(str(content)) for content in _field_values(company, kind, row, name)
        )
    values = value if operator == "in" else [value]
    return lambda row: any(
        _value_fits(operator, content, expected)
        for content in _field_values(company, kind, row, name)
        for expected in values
    )


def _field_values(company: Company, kind: str, row: Row, name: str) -> list[Any]:
    """Return the values of a field of a row; of a reference, its id."""
    if kind in TXN_KINDS and name in HEAD_COLUMNS and row.head:
        content = row.head[HEAD_COLUMNS[name]]
        return [] if content is None else [content]
    data: Any = company.present(kind, row) if kind in LIST_KINDS else row.read()
    return _contents_of(data, name)


def _contents_of(data: Any, name: str) -> list[Any]:
    if name == TEMPLATE_TYPE:
        return [part for part in data if part in TXN_KINDS]
    contents = [data]
    for part in name.split("."):
        contents = _children_of(contents, part)
    values = map(_value_of, contents)
    return [value for value in values if value is not None]


def _value_of(item: Any) -> Any:
    return item.get("value") if isinstance(item, dict) else item


def _children_of(objects: list[Any], name: str) -> list[Any]:
    """Return what the objects hold under a name; a list counts as its members."""
    children: list[Any] = []
    for parent in objects:
        if not isinstance(parent, dict):
            continue
        child = parent.get(name)
        if isinstance(child, list):
            children.extend(child)
        else:
            children.append(child)
    return children


def _value_fits(operator: str, content: Any, expected: str) -> bool:
    """Compare a value of a row with the text of a condition, by the type of the value."""
    comparison = "=" if operator == "in" else operator
    if isinstance(content, bool):
        return COMPARISONS[comparison](content, expected.lower() == "true")
    if isinstance(content, int | Decimal):
        try:
            return COMPARISONS[comparison](Decimal(content), Decimal(expected))
        except InvalidOperation:
            return False
    return COMPARISONS[comparison](str(content).casefold(), expected.casefold())


# -- order and rendering -------------------------------------------------------------------------


def _sort(company: Company, kind: str, rows: list[Row], order: list[tuple[str, bool]]) -> list[Row]:
    """Sort rows as the query says, or as QuickBooks does without an order."""
    for name, descending in reversed(order):
        rows.sort(key=lambda row: _sort_key(company, kind, row, name), reverse=descending)
    if order:
        return rows
    if kind in TXN_KINDS:
        rows.sort(key=lambda row: (row.updated, row.seq), reverse=True)
    elif kind in LIST_KINDS:
        rows.sort(key=lambda row: _default_sort_key(kind, row))
    return rows


def _sort_key(company: Company, kind: str, row: Row, name: str) -> tuple[int, Any]:
    """Return the key of a row for one field; rows without a value come first."""
    if name == CREATED:
        return 1, (row.created, row.seq)
    if name == UPDATED:
        return 1, (row.updated, row.seq)
    if name == "Id":
        return 1, int(row.id) if row.id.isdigit() else row.seq
    contents = _field_values(company, kind, row, name)
    if not contents:
        return 0, 0
    if isinstance(contents[0], int | Decimal):
        return 1, contents[0]
    return 1, str(contents[0]).casefold()


def _default_sort_key(kind: str, row: Row) -> tuple[str, int]:
    """Return the key of a list entry by name; only accounts ignore case."""
    data = row.read()
    name = str(data.get("FullyQualifiedName") or data.get(LIST_KINDS[kind].field) or "")
    return name.casefold() if kind == "Account" else name, row.seq


def _render(company: Company, kind: str, row: Row) -> bytes:
    """Return a row as a query shows it.

    A customer's tax code is left out if it is only the default of the company.
    """
    if kind != "Customer" or "DefaultTaxCodeRef" in (row.data or {}):
        return company.answer_indexed(kind, row)
    present = company.present(kind, row)
    visible = {key: value for key, value in present.items() if key not in HIDDEN_CUSTOMER_FIELDS}
    return dump(visible).encode()
