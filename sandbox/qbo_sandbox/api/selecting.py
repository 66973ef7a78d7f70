"""Answers a query from a company's tables, by an index wherever one fits."""

import re
from collections.abc import Callable, Iterable
from decimal import Decimal, InvalidOperation
from itertools import islice
from typing import Any

from qbo_sandbox.accounting.company import Company
from qbo_sandbox.accounting.kinds import BY_PATH, LIST_KINDS, TXN_KINDS
from qbo_sandbox.accounting.table import Row, Table
from qbo_sandbox.accounting.values import dump
from qbo_sandbox.api.query import Condition, Select, invalid
from qbo_sandbox.entities import rates
from qbo_sandbox.entities.schema import Field, types

CREATED, UPDATED = "MetaData.CreateTime", "MetaData.LastUpdatedTime"
MOMENTS = (CREATED, UPDATED)
TXN_FIELDS = (
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
    *MOMENTS,
)
REF_FIELDS = ("AttachableRef.EntityRef.type", "AttachableRef.EntityRef.value")
HEAD = {"DocNumber": 0, "TxnDate": 1, "TotalAmt": 3}
UNLISTED = ("DefaultTaxCodeRef",)
PLAIN = Field("s", False)
TEMPLATE_TYPE = "Type of the template"  # no field: what a recurring transaction is a template of


def run(company: Company, select: Select) -> tuple[str, list[bytes], int | None]:
    """(kind, objects as JSON, count or None)."""
    kind = entity_of(select.entity)
    wanted = [_bound(company, kind, condition) for condition in select.conditions]
    if kind == "ExchangeRate":
        dates = [
            condition.value
            for condition in wanted
            if condition.field == "AsOfDate" and condition.operator == "="
        ]
        rates.prepare(company, dates or [company.today()])
    rows = _matching(company, kind, wanted, select)
    if select.count:
        return kind, [], sum(1 for _ in rows)
    if kind == "TaxCode":
        rows = _with_special_codes(rows, select)
    else:
        rows = islice(rows, select.start - 1, select.start - 1 + select.most)
    return kind, [_listed(company, kind, row) for row in rows], None


def _with_special_codes(rows: Iterable[Row], select: Select) -> list[Row]:
    """Return a page of tax codes: each page begins with the codes that are no numbers, beyond its size."""
    found = list(rows)
    special = [row for row in found if not row.id.isdigit()]
    others = [row for row in found if row.id.isdigit()]
    special.sort(key=lambda row: row.seq)
    return special + others[select.start - 1 : select.start - 1 + select.most]


def entity_of(name: str) -> str:
    kind = BY_PATH.get(name.lower())
    if kind and kind != "TaxService":
        return kind
    raise invalid(f"invalid context declaration: {name}")


def _field(kind: str, name: str) -> str:
    """The field's own spelling; 4001 when the kind has none such, or it cannot be asked for."""
    if (kind, name.lower()) == ("RecurringTransaction", "type"):
        return TEMPLATE_TYPE
    fields = types()[kind]
    for known in TXN_FIELDS if kind in TXN_KINDS else (*MOMENTS, *REF_FIELDS):
        if known.lower() == name.lower() and known.partition(".")[0] in fields:
            return known
    for known, field in fields.items():
        if known.lower() == name.lower():
            if kind in TXN_KINDS or not _is_plain(field):
                raise invalid(f"property '{known}' is not queryable")
            return known
    raise invalid(f"Property {name} not found for Entity {kind}")


def _is_plain(field: Field) -> bool:
    return not field.many and (
        field.type[0] in "=r" or field.type in ("s", "d", "i", "b", "date", "time")
    )


def _bound(company: Company, kind: str, condition: Condition) -> Condition:
    """The condition with its field spelled right and its value read as what the field holds."""
    name = _field(kind, condition.field)
    if name == "Id" and condition.operator not in ("=", "in"):
        raise invalid(f"Property Id does not support operator {condition.operator}")
    many = condition.operator == "in"
    if name in MOMENTS and condition.operator in ("in", "like", "!="):
        raise invalid(f"Property {name} does not support operator {condition.operator}")
    values = [
        _valued(company, kind, name, value)
        for value in (condition.value if many else [condition.value])
    ]
    return Condition(name, condition.operator, values if many else values[0])


def _valued(company: Company, kind: str, name: str, text: str) -> Any:
    dated = "%" not in text and types()[kind].get(name, PLAIN).type == "date"
    if name not in MOMENTS and not dated:
        return text
    try:
        seconds = company.seconds(text)
    except ValueError:
        raise invalid(f"Invalid date value {text} for property {name}") from None
    return text.strip()[:10] if dated else seconds


def _matching(
    company: Company, kind: str, wanted: list[Condition], select: Select
) -> Iterable[Row]:
    table = company.table(kind)
    order = [(_field(kind, name), falling) for name, falling in select.order]
    ids, sorted_by = _candidates(kind, table, wanted, order)
    rest = [
        condition for condition in wanted if not (sorted_by and condition.field == sorted_by[0])
    ]
    rows = (table.rows[id] for id in ids if id in table.rows)
    visible = _visible(company, (row for row in rows if _active(kind, row, wanted)))
    tests = [_test(company, kind, condition) for condition in rest]
    found = (row for row in visible if all(test(row) for test in tests)) if tests else visible
    usual = [(UPDATED, True)] if kind in TXN_KINDS else []
    if sorted_by and (order or usual) == [sorted_by]:
        return found
    return _ordered(company, kind, list(found), order)


def _candidates(
    kind: str, table: Table, wanted: list[Condition], order: list[tuple[str, bool]]
) -> tuple[Iterable[str], tuple[str, bool] | None]:
    """Ids that may match, and the moment they come in order of, where an index gave them."""
    for condition in wanted:
        ids = _by_value(kind, table, condition)
        if ids is not None:
            return ids, None
    moments = [condition for condition in wanted if condition.field in MOMENTS]
    usual = order[0] if len(order) == 1 else (UPDATED, True)
    name = moments[0].field if moments else usual[0]
    if name not in MOMENTS:
        return list(table.rows), None
    falling = usual[1] if usual[0] == name else False
    low, high = _range([condition for condition in moments if condition.field == name])
    index = table.created if name == CREATED else table.updated
    return index.between(low, high, falling=falling), (name, falling)


def _by_value(kind: str, table: Table, condition: Condition) -> list[str] | None:
    values = condition.value if condition.operator == "in" else [condition.value]
    if condition.operator not in ("=", "in"):
        return None
    if condition.field == "Id":
        return list(dict.fromkeys(str(value) for value in values))
    if condition.field == "DocNumber":
        return [
            id
            for value in dict.fromkeys(map(str.lower, values))
            for id in table.by_number.get(value, ())
        ]
    if kind in TXN_KINDS and condition.field == TXN_KINDS[kind].party:
        return [id for value in dict.fromkeys(values) for id in table.by_party.get(value, ())]
    return None


def _range(conditions: list[Condition]) -> tuple[float | None, float | None]:
    """Bounds in whole seconds, both included."""
    low: float | None = None
    high: float | None = None
    for _, operator, value in conditions:
        if operator in (">", ">=", "="):
            bound = value + 1e-6 if operator == ">" else value
            low = bound if low is None else max(low, bound)
        if operator in ("<", "<=", "="):
            bound = value - 1e-6 if operator == "<" else value
            high = bound if high is None else min(high, bound)
    return low, high


def _active(kind: str, row: Row, wanted: list[Condition]) -> bool:
    return (
        row.active or kind in TXN_KINDS or any(condition.field == "Active" for condition in wanted)
    )


def _visible(company: Company, rows: Iterable[Row]) -> Iterable[Row]:
    """Without what the index has not seen yet."""
    lag = company.index_lag()
    if not lag:
        return rows
    limit = company.now() - lag
    return (row for row in rows if row.born <= limit)


def _test(company: Company, kind: str, condition: Condition) -> Callable[[Row], bool]:
    name, operator, value = condition
    if name in MOMENTS:
        return lambda row: _compared(
            operator, row.created if name == CREATED else row.updated, value
        )
    values = value if operator == "in" else [value]
    if operator == "like":
        pattern = re.compile(
            ".*".join(re.escape(part) for part in value.split("%")), re.IGNORECASE | re.DOTALL
        )
        return lambda row: any(
            pattern.fullmatch(str(held)) for held in _held(company, kind, row, name)
        )
    return lambda row: any(
        _fits(operator, held, wanted)
        for held in _held(company, kind, row, name)
        for wanted in values
    )


def _held(company: Company, kind: str, row: Row, name: str) -> list[Any]:
    """What the row holds under a name, a reference by its value; nothing where it holds none."""
    if kind in TXN_KINDS and name in HEAD and row.head:
        return [] if row.head[HEAD[name]] is None else [row.head[HEAD[name]]]
    data: Any = company.shown(kind, row) if kind in LIST_KINDS else row.read()
    if name == TEMPLATE_TYPE:
        return [part for part in data if part in TXN_KINDS]
    found = [data]
    for part in name.split("."):
        found = [held.get(part) for held in found if isinstance(held, dict)]
        found = [held for item in found for held in (item if isinstance(item, list) else [item])]
    plain = [held.get("value") if isinstance(held, dict) else held for held in found]
    return [held for held in plain if held is not None]


def _fits(operator: str, held: Any, wanted: str) -> bool:
    left: Any
    right: Any
    if isinstance(held, bool):
        left, right = held, wanted.lower() == "true"
    elif isinstance(held, int | Decimal):
        try:
            left, right = Decimal(held), Decimal(wanted)
        except InvalidOperation:
            return False
    else:
        left, right = str(held).casefold(), wanted.casefold()
    return _compared("=" if operator == "in" else operator, left, right)


def _compared(operator: str, left: Any, right: Any) -> bool:
    if operator in ("=", "!="):
        return bool(left == right) is (operator == "=")
    if operator in ("<", "<="):
        return bool(left < right or (operator == "<=" and left == right))
    return bool(left > right or (operator == ">=" and left == right))


def _ordered(
    company: Company, kind: str, rows: list[Row], order: list[tuple[str, bool]]
) -> list[Row]:
    for name, falling in reversed(order):
        rows.sort(key=lambda row: _sort_key(company, kind, row, name), reverse=falling)
    if not order and kind in TXN_KINDS:
        rows.sort(key=lambda row: (row.updated, row.seq), reverse=True)
    if not order and kind in LIST_KINDS:
        rows.sort(key=lambda row: _usual_name(kind, row))
    return rows


def _sort_key(company: Company, kind: str, row: Row, name: str) -> tuple[int, Any]:
    if name in MOMENTS:
        return 1, (row.created if name == CREATED else row.updated, row.seq)
    if name == "Id":
        return 1, int(row.id) if row.id.isdigit() else row.seq
    held = _held(company, kind, row, name)
    if not held:
        return 0, 0
    return 1, held[0] if isinstance(held[0], int | Decimal) else str(held[0]).casefold()


def _usual_name(kind: str, row: Row) -> tuple[str, int]:
    data = row.read()
    name = str(data.get("FullyQualifiedName") or data.get(LIST_KINDS[kind].field) or "")
    return name.casefold() if kind == "Account" else name, row.seq


def _listed(company: Company, kind: str, row: Row) -> bytes:
    """The row as a query shows it: a tax code that is only the company's usual one is left out."""
    if kind != "Customer" or "DefaultTaxCodeRef" in (row.data or {}):
        return company.seen(kind, row)
    shown = company.shown(kind, row)
    return dump({key: value for key, value in shown.items() if key not in UNLISTED}).encode()
