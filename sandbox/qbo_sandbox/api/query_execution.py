"""Execute a query on a company's tables, with an index where one fits."""

from collections.abc import Iterable, Iterator
from decimal import Decimal
from itertools import islice
from typing import Any, NamedTuple

from qbo_sandbox.accounting.company import Company
from qbo_sandbox.accounting.kinds import (
    ABSENT_ENTITIES,
    KIND_NAMES_BY_PATH,
    LIST_KINDS,
    TXN_KINDS,
)
from qbo_sandbox.accounting.table import Row, Table
from qbo_sandbox.accounting.values import dump
from qbo_sandbox.api.query import Condition, Select, invalid_query
from qbo_sandbox.api.query_conditions import (
    CREATED,
    TIME_FIELDS,
    UPDATED,
    list_field_values,
    make_test,
    resolve_condition,
    resolve_field,
)
from qbo_sandbox.entities import exchange_rates

# Entities of the schema that cannot be queried here; QuickBooks refuses a name of its own with
# other words than one that it does not know.
UNQUERIED_ENTITIES = (
    "changeorder chargecredit currency customermsg emaildeliveryinfo fixedasset inventorysite"
    " jobtype othername pricelevel pricelevelperitem qbdtentityidmapping salesorder"
    " salesrep shipmethod statementcharge status syncactivity task taxreturn taxservice tdsmetadata"
    " templatename uom user useralert vendorprepayment vendortype"
)
EXCLUSIVE_BOUND_SECONDS = 1e-6  # makes an exclusive bound inclusive; times are whole seconds


class TimeOrder(NamedTuple):
    """The time that rows come in order of, because an index returned them."""

    field: str
    descending: bool


DEFAULT_TRANSACTION_ORDER = TimeOrder(UPDATED, descending=True)
Order = list[tuple[str, bool]]  # fields, and whether each is descending


def execute(company: Company, select: Select) -> tuple[str, list[bytes], int | None]:
    """Return the kind, the objects of the page as JSON, and the count if the query counts."""
    if select.entity.lower() in ABSENT_ENTITIES:
        return select.entity, [], 0 if select.count else None
    kind = get_entity(select.entity)
    conditions = [resolve_condition(company, kind, condition) for condition in select.conditions]
    if kind == "ExchangeRate":
        _prepare_rates(company, conditions)
    rows = _iter_matching_rows(company, kind, conditions, select)
    if select.count:
        count = sum(1 for _ in rows)
        return kind, [], count
    page = _take_page(kind, rows, select)
    objects = [_render(company, kind, row) for row in page]
    return kind, objects, None


def _take_page(kind: str, rows: Iterable[Row], select: Select) -> Iterable[Row]:
    """Return the rows of the page that a query asks for."""
    if kind == "TaxCode":
        return _take_page_with_special_codes(rows, select)
    first = select.start - 1
    return islice(rows, first, first + select.page_size)


def get_entity(name: str) -> str:
    """Return the kind that a query names; raise 4001 if there is none."""
    lower_name = name.lower()
    if lower_name in UNQUERIED_ENTITIES.split():
        raise invalid_query(f"Metadata not found for Entity: {name}")
    kind = KIND_NAMES_BY_PATH.get(lower_name)
    if kind:
        return kind
    raise invalid_query(f"invalid context declaration: {name}")


def _prepare_rates(company: Company, conditions: list[Condition]) -> None:
    """Create the exchange rates of the queried days, or of today."""
    dates = []
    for condition in conditions:
        if condition.field == "AsOfDate" and condition.operator == "=":
            dates.append(condition.value)
    if not dates:
        dates.append(company.today())
    exchange_rates.store_rates(company, dates)


def _take_page_with_special_codes(rows: Iterable[Row], select: Select) -> list[Row]:
    """Return a page of tax codes.

    Each page begins with the codes whose id is not a number; they do not count for its size. A page
    after the last is empty, or a client that reads until then would never end.
    """
    special: list[Row] = []
    numbered_rows: list[Row] = []
    for row in rows:
        if row.id.isdigit():
            numbered_rows.append(row)
        else:
            special.append(row)
    special.sort(key=lambda row: row.seq)
    first = select.start - 1
    end = first + select.page_size
    page = numbered_rows[first:end]
    return special + page if page or select.start == 1 else []


# -- rows ----------------------------------------------------------------------------------------


def _filter(
    company: Company, kind: str, rows: Iterable[Row], conditions: list[Condition]
) -> Iterator[Row]:
    """Return an iterator over the rows that fulfill all conditions."""
    tests = [make_test(company, kind, condition) for condition in conditions]
    return (row for row in rows if all(test(row) for test in tests))


def _iter_matching_rows(
    company: Company, kind: str, conditions: list[Condition], select: Select
) -> Iterable[Row]:
    """Yield the rows that fulfill all conditions, in the order of the query."""
    table = company.table(kind)
    order = _resolve_order(company, kind, select)
    ids, time_order = _find_candidate_ids(kind, table, conditions, order)
    rows = _iter_visible_rows(company, kind, table, ids, conditions)
    if time_order is None:
        matching = _filter(company, kind, rows, conditions)
        return _sort(company, kind, list(matching), order)
    # The index has tested the conditions on its time.
    others = [condition for condition in conditions if condition.field != time_order.field]
    matching = _filter(company, kind, rows, others)
    if _get_order(kind, order) == [time_order]:
        return matching
    return _sort(company, kind, list(matching), order)


def _resolve_order(company: Company, kind: str, select: Select) -> Order:
    """Return the fields by which a query sorts; raise 4001 if it sorts by the id and may not."""
    order: Order = []
    for name, descending in select.order:
        field = resolve_field(kind, name)
        if field != "Id" or company.switches.sort_by_id == "sorted":
            order.append((field, descending))
        elif company.switches.sort_by_id == "refused":
            raise invalid_query("property 'Id' is not sortable")
    return order


def _get_order(kind: str, order: Order) -> Order:
    """Return the order of a query; without one, transactions come by their last change."""
    if not order and kind in TXN_KINDS:
        return [DEFAULT_TRANSACTION_ORDER]
    return order


def _find_candidate_ids(
    kind: str, table: Table, conditions: list[Condition], order: Order
) -> tuple[Iterable[str], TimeOrder | None]:
    """Return ids that may match, and their order if the index of a time returned them."""
    for condition in conditions:
        ids = _find_ids_by_value(kind, table, condition)
        if ids is not None:
            return ids, None
    wanted_order = DEFAULT_TRANSACTION_ORDER
    if len(order) == 1:
        wanted_order = TimeOrder(*order[0])
    name = wanted_order.field
    time_conditions = [condition for condition in conditions if condition.field in TIME_FIELDS]
    if time_conditions:
        name = time_conditions[0].field
    if name not in TIME_FIELDS:
        return list(table.rows), None
    descending = wanted_order.descending and wanted_order.field == name
    low, high = _get_time_range(time_conditions, name)
    index = table.created if name == CREATED else table.updated
    ids_in_order = index.between(low, high, falling=descending)
    return ids_in_order, TimeOrder(name, descending)


def _find_ids_by_value(kind: str, table: Table, condition: Condition) -> list[str] | None:
    """Return the ids with the values of a condition; None if no index fits it."""
    field, operator, value = condition
    if operator not in ("in", "="):
        return None
    values = value if operator == "in" else [value]
    if field == "Id":
        unique_ids = dict.fromkeys(map(str, values))
        return list(unique_ids)
    if field == "DocNumber":
        numbers = map(str.lower, values)
        return _list_indexed_ids(table.by_number, numbers)
    if kind in TXN_KINDS and field == TXN_KINDS[kind].party:
        return _list_indexed_ids(table.by_party, values)
    return None


def _list_indexed_ids(index: Any, values: Iterable[Any]) -> list[str]:
    """Return the ids of each value, each value once."""
    ids: list[str] = []
    unique_values = dict.fromkeys(values)
    for value in unique_values:
        ids_of_value = index.get(value, ())
        ids.extend(ids_of_value)
    return ids


def _get_time_range(conditions: list[Condition], name: str) -> tuple[float | None, float | None]:
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
    low = max(lows, default=None)
    high = min(highs, default=None)
    return low, high


def _iter_visible_rows(
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


# -- order and rendering -------------------------------------------------------------------------


def _sort(company: Company, kind: str, rows: list[Row], order: Order) -> list[Row]:
    """Sort rows as the query says, or as QuickBooks does without an order."""
    if not order:
        return _sort_by_default(kind, rows)
    for name, descending in reversed(order):
        rows.sort(key=lambda row: _sort_key(company, kind, row, name), reverse=descending)
    return rows


def _sort_by_default(kind: str, rows: list[Row]) -> list[Row]:
    """Sort transactions by their last change, the newest first, and list entries by name."""
    if kind in TXN_KINDS:
        rows.sort(key=lambda row: (row.updated, row.seq), reverse=True)
    elif kind in LIST_KINDS:
        rows.sort(key=lambda row: _build_default_sort_key(kind, row))
    return rows


def _sort_key(company: Company, kind: str, row: Row, name: str) -> tuple[int, Any]:
    """Return the key of a row for one field; rows without a value come first."""
    if name == CREATED:
        return 1, (row.created, row.seq)
    if name == UPDATED:
        return 1, (row.updated, row.seq)
    if name == "Id":
        number = int(row.id) if row.id.isdigit() else row.seq
        return 1, number
    contents = list_field_values(company, kind, row, name)
    if not contents:
        return 0, 0
    first = contents[0]
    if isinstance(first, int | Decimal):
        return 1, first
    return 1, str(first).casefold()


def _build_default_sort_key(kind: str, row: Row) -> tuple[str, int]:
    """Return the key of a list entry by name; only accounts ignore case."""
    data = row.read()
    name_field = LIST_KINDS[kind].field
    name = str(data.get("FullyQualifiedName") or data.get(name_field) or "")
    if kind == "Account":
        name = name.casefold()
    return name, row.seq


def _render(company: Company, kind: str, row: Row) -> bytes:
    """Return a row as a query shows it.

    A customer's tax code is left out if it is only the default of the company.
    """
    if kind != "Customer" or "DefaultTaxCodeRef" in (row.data or {}):
        return company.answer_indexed(kind, row)
    customer = company.present(kind, row)
    customer.pop("DefaultTaxCodeRef", None)
    return dump(customer).encode()
