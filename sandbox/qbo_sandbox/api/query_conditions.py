"""Conditions of a query: the fields that exist, the types of their values, the rows that match."""

import operator as operators
import re
from collections.abc import Callable
from decimal import Decimal, InvalidOperation
from typing import Any

from qbo_sandbox.accounting.company import Company
from qbo_sandbox.accounting.kinds import LIST_KINDS, TXN_KINDS
from qbo_sandbox.accounting.refusals import Refusal, require_valid_id
from qbo_sandbox.accounting.table import Row
from qbo_sandbox.accounting.values import is_date
from qbo_sandbox.api.query import Condition, invalid_query
from qbo_sandbox.entities.schema import Field, load_type_fields

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
    "SalesTermRef",
    "ProjectRef",
    "ExpirationDate",
    "AcceptedDate",
    "BillableStatus",
    "SyncToken",
    *TIME_FIELDS,
)
LIST_FIELDS = (
    *TIME_FIELDS,
    "AttachableRef.EntityRef.type",
    "AttachableRef.EntityRef.value",
    "AttachableRef.IncludeOnSend",
    "AttachableRef.LineInfo",
)
# A person is found by this name, not by the path to the address.
EMAIL_NAME, EMAIL_PATH = "primaryemailaddr", "PrimaryEmailAddr.Address"
REFUSED_FIELDS = ("AcctNum",)  # plain fields of lists that QuickBooks does not query
HEAD_COLUMNS = {"DocNumber": 0, "TxnDate": 1, "TotalAmt": 3}  # positions in Row.head
LIST_OPERATORS = ("in", "not in")
SIMPLE_TYPES = ("s", "d", "i", "b", "date", "time")
COMPARISONS: dict[str, Callable[[Any, Any], bool]] = {
    "=": operators.eq,
    "!=": operators.ne,
    "<": operators.lt,
    "<=": operators.le,
    ">": operators.gt,
    ">=": operators.ge,
}
TEXT_FIELD = Field("s", False)
TODAY_WORD = "CURRENT_DATE"
TEMPLATE_TYPE = "Type of the template"  # not a field: the kind of transaction in a recurring one

RowTest = Callable[[Row], bool]


# -- fields and values ---------------------------------------------------------------------------


def resolve_field(kind: str, name: str) -> str:
    """Return the field in its own spelling; raise 4001 if it is unknown or cannot be queried."""
    lower_name = name.lower()
    if kind == "RecurringTransaction" and lower_name == "type":
        return TEMPLATE_TYPE
    path = _find_path(kind, lower_name)
    if path:
        return path
    for spelling in load_type_fields()[kind]:
        if spelling.lower() == lower_name:
            _require_queryable(kind, spelling)
            return spelling
    raise invalid_query(f"Property {name} not found for Entity {kind}")


def _find_path(kind: str, lowered_name: str) -> str:
    """Return the path of a field of its own rules; "" for any other."""
    paths = TRANSACTION_FIELDS if kind in TXN_KINDS else LIST_FIELDS
    paths_by_name = {path.lower(): path for path in paths}
    if kind not in TXN_KINDS:
        paths_by_name[EMAIL_NAME] = EMAIL_PATH
    path = paths_by_name.get(lowered_name, "")
    top_field, _, _ = path.partition(".")
    return path if top_field in load_type_fields()[kind] else ""


def _require_queryable(kind: str, name: str) -> None:
    """Raise 4001 unless a field is a plain one of a list."""
    field = load_type_fields()[kind][name]
    if kind in TXN_KINDS or name in REFUSED_FIELDS or not _is_plain(field):
        raise invalid_query(f"property '{name}' is not queryable")


def _is_plain(field: Field) -> bool:
    """Return whether a field holds one simple value, an enumeration or a reference."""
    if field.is_list:
        return False
    return field.type[0] in "=r" or field.type in SIMPLE_TYPES


def resolve_condition(company: Company, kind: str, condition: Condition) -> Condition:
    """Return the condition with the field's own spelling and values of the field's type."""
    name = resolve_field(kind, condition.field)
    operator = condition.operator
    _require_supported(name, operator)
    if operator in LIST_OPERATORS:
        values = [_parse_value(company, kind, name, text) for text in condition.value]
        return Condition(name, operator, values)
    value = _parse_value(company, kind, name, condition.value)
    return Condition(name, operator, value)


def _require_supported(name: str, operator: str) -> None:
    """Raise 4001 if a field cannot be compared in this way."""
    if name == "Id":
        is_supported = operator in ("=", *LIST_OPERATORS)
    elif name in TIME_FIELDS:
        is_supported = operator not in (*LIST_OPERATORS, "like", "!=")
    else:
        is_supported = True
    if not is_supported:
        raise invalid_query(f"Property {name} does not support operator {operator}")


def _parse_value(company: Company, kind: str, name: str, text: str) -> Any:
    """Return a time as seconds, a date as its ten characters, anything else as text."""
    if name == "Id":
        require_valid_id(kind, text)
    field = load_type_fields()[kind].get(name, TEXT_FIELD)
    if field.type == "date" and "%" not in text:
        date = text.strip()
        if date.upper() == TODAY_WORD:
            return company.today()
        if not is_date(date):
            raise _invalid_date(name, text)
        return date[:10]
    if name not in TIME_FIELDS:
        return text
    try:
        return company.seconds(text)
    except ValueError:
        raise _invalid_date(name, text) from None


def _invalid_date(name: str, text: str) -> Refusal:
    """Return the refusal of a condition with a value that is no date or time."""
    return invalid_query(f"Invalid date value {text} for property {name}")


# -- tests of rows -------------------------------------------------------------------------------


def make_test(company: Company, kind: str, condition: Condition) -> RowTest:
    """Return a function that tells whether a row fulfills a condition."""
    if condition.field in TIME_FIELDS:
        return _make_time_test(condition)
    if condition.operator == "like":
        return _make_pattern_test(company, kind, condition)
    if condition.operator == "not in":
        return _make_exclusion(company, kind, condition)
    return _make_comparison(company, kind, condition)


def _make_time_test(condition: Condition) -> RowTest:
    """Return a test of the time of a row's creation or of its last change."""
    compare = COMPARISONS[condition.operator]
    value = condition.value
    if condition.field == CREATED:
        return lambda row: compare(row.created, value)
    return lambda row: compare(row.updated, value)


def _make_pattern_test(company: Company, kind: str, condition: Condition) -> RowTest:
    """Return a test of a field against a pattern, in which % stands for any text."""
    parts = [re.escape(part) for part in condition.value.split("%")]
    fits = re.compile(".*".join(parts), re.IGNORECASE | re.DOTALL).fullmatch

    def has_match(row: Row) -> bool:
        """Return whether one of the values of the field fits the pattern."""
        contents = list_field_values(company, kind, row, condition.field)
        return any(fits(str(content)) for content in contents)

    return has_match


def _make_comparison(company: Company, kind: str, condition: Condition) -> RowTest:
    """Return a test of a field against one value, or against those of a list."""
    name, operator, value = condition
    expected_values = value if operator == "in" else [value]
    comparison = "=" if operator == "in" else operator
    compare = COMPARISONS[comparison]

    def has_value(row: Row) -> bool:
        """Return whether one of the values of the field fits one of those of the condition."""
        for content in list_field_values(company, kind, row, name):
            for value in expected_values:
                if _is_value_matched(compare, content, value):
                    return True
        return False

    return has_value


def _make_exclusion(company: Company, kind: str, condition: Condition) -> RowTest:
    """Return a test that a field has a value, and none of those of the condition."""
    has_value = _make_comparison(company, kind, condition._replace(operator="in"))

    def has_other_value(row: Row) -> bool:
        """Return whether the field is filled with anything else."""
        contents = list_field_values(company, kind, row, condition.field)
        return bool(contents) and not has_value(row)

    return has_other_value


def _is_value_matched(compare: Callable[[Any, Any], bool], content: Any, text: str) -> bool:
    """Compare a value of a row with the text of a condition, by the type of the value."""
    if isinstance(content, bool):
        return compare(content, text.lower() == "true")
    if isinstance(content, int | Decimal):
        try:
            return compare(Decimal(content), Decimal(text))
        except InvalidOperation:
            return False
    return compare(str(content).casefold(), text.casefold())


# -- values of rows ------------------------------------------------------------------------------


def list_field_values(company: Company, kind: str, row: Row, name: str) -> list[Any]:
    """Return the values of a field of a row; of a reference, its id."""
    if kind in TXN_KINDS and name in HEAD_COLUMNS and row.head:
        content = row.head[HEAD_COLUMNS[name]]
        return [] if content is None else [content]
    data: Any = company.present(kind, row) if kind in LIST_KINDS else row.read()
    return _list_contents(data, name)


def _list_contents(data: Any, name: str) -> list[Any]:
    """Return the values at a path of field names; of references, their ids."""
    if name == TEMPLATE_TYPE:
        return [part for part in data if part in TXN_KINDS]
    contents = [data]
    for part in name.split("."):
        contents = _list_children(contents, part)
    values = map(_get_value, contents)
    return [value for value in values if value is not None]


def _get_value(item: Any) -> Any:
    """Return the id of a reference; any other value as it is."""
    return item.get("value") if isinstance(item, dict) else item


def _list_children(objects: list[Any], name: str) -> list[Any]:
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
