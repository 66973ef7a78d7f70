"""Autotask's query language: filters over the rows of an entity, with pages after an id."""

import base64
import bisect
import datetime as dt
import json
from decimal import Decimal

from hub_autotask.sandbox.refusals import bad_request

MAX_RECORDS = 500
MAX_CONDITIONS = 500
CONDITION_KEYS = {"op", "field", "value", "udf", "items"}


def _is_equal(value, operand):
    """Return whether a value equals the operand; null equals nothing."""
    return value is not None and value == operand


OPERATORS = {
    "eq": _is_equal,
    "noteq": lambda value, operand: value != operand,
    "gt": lambda value, operand: value is not None and value > operand,
    "gte": lambda value, operand: value is not None and value >= operand,
    "lt": lambda value, operand: value is not None and value < operand,
    "lte": lambda value, operand: value is not None and value <= operand,
    "beginswith": lambda value, operand: (value or "").lower().startswith(operand),
    "endswith": lambda value, operand: (value or "").lower().endswith(operand),
    "contains": lambda value, operand: operand in (value or "").lower(),
    "in": lambda value, operand: value in operand,
    "notin": lambda value, operand: value not in operand,
}
NULL_OPERATORS = {"exist": lambda value: value is not None, "notexist": lambda value: value is None}


class Query:
    """A query: its conditions, page size and columns."""

    def __init__(self, entity, body):
        body = _lower_names(body, {"filter", "maxrecords", "includefields"})
        if not isinstance(body.get("filter"), list):
            raise bad_request(
                "A filter is required: the query must have at least a list of conditions."
            )
        self.entity = entity
        self._condition_count = 0
        self._conditions_met = [self._read(condition) for condition in body["filter"]]
        if self._condition_count > MAX_CONDITIONS:
            raise bad_request(f"The query has more than {MAX_CONDITIONS} OR conditions.")
        self.size = _get_page_size(body)
        self.columns = [self._field(name).name for name in body.get("includefields") or ()]

    def page(self, rows, after):
        """Return (rows after an id, whether there are more), in the order of ids."""
        ids = sorted(rows)
        matching = []
        for id in ids[bisect.bisect_right(ids, after) :]:
            if self._matches(rows[id]):
                if len(matching) == self.size:
                    self._check_columns()
                    return matching, True
                matching.append(rows[id])
        return matching, False

    def _check_columns(self):
        """Require the id as a column of results that do not fit on one page."""
        if self.size == MAX_RECORDS and self.columns and "id" not in self.columns:
            raise bad_request(
                f"IncludeFields must name id where there are more than {MAX_RECORDS} results."
            )

    def count(self, rows):
        """Return how many rows match."""
        return sum(map(self._matches, rows.values()))

    def _matches(self, row):
        """Return whether a row meets all conditions."""
        return all(operand(row) for operand in self._conditions_met)

    def present(self, row):
        """Return a row with the requested columns."""
        if not self.columns:
            return row
        return {name: row[name] for name in self.columns}

    def _read(self, raw):
        """Return a function that returns whether a row meets a condition."""
        if not isinstance(raw, dict) or not raw.keys() <= CONDITION_KEYS:
            raise bad_request(
                f"A condition may have {', '.join(sorted(CONDITION_KEYS))}; {raw!r} is none."
            )
        op = str(raw.get("op", "")).lower()
        if op not in ("and", "or"):
            return self._read_comparison(op, raw)
        items = raw.get("items") or ()
        parts = list(map(self._read, items))
        combine = all if op == "and" else any
        return lambda row: combine(part(row) for part in parts)

    def _read_comparison(self, op, raw):
        """Return a function that compares a field of a row."""
        field = self._field(raw.get("field"))
        if not field.queryable:
            raise bad_request(
                f"The field {field.name} of {self.entity.name} cannot be filtered on."
            )
        value = raw.get("value")
        self._condition_count += len(value) if isinstance(value, list) else 1
        if op in NULL_OPERATORS:
            return lambda row: NULL_OPERATORS[op](row[field.name])
        if op not in OPERATORS:
            raise bad_request(f"The operator {raw.get('op')!r} is not known.")
        return self._compare(op, field, value)

    def _compare(self, op, field, value):
        """Return a function that compares a field with a value, or with some."""
        takes_list = op in ("in", "notin")
        if takes_list != isinstance(value, list):
            operand_kind = "a list" if takes_list else "one value"
            raise bad_request(f"The operator {op} needs {operand_kind} for {field.name}.")
        operand = _parse_values(field, value) if takes_list else _parse_value(field, value)
        if op in ("beginswith", "endswith", "contains"):
            return lambda row: OPERATORS[op](row[field.name], operand)
        return lambda row: OPERATORS[op](_convert_for_comparison(field, row[field.name]), operand)

    def _field(self, name):
        """Return a field of the entity; refuse one that it does not have."""
        field = self.entity.find_field(name)
        if field is None:
            raise bad_request(f"Unable to find {name} in the {self.entity.name} entity.")
        return field


def _lower_names(body, parts):
    """Return a body with its names in lower case; refuse other parts than these."""
    if not isinstance(body, dict):
        return {}
    parts_by_name = {str(name).lower(): value for name, value in body.items()}
    unknown = sorted(parts_by_name.keys() - parts)
    if unknown:
        raise bad_request(f"The query has unknown parts: {', '.join(unknown)}.")
    return parts_by_name


def _get_page_size(body):
    """Return how many rows a page has; refuse a number that Autotask does not allow."""
    size = body.get("maxrecords", MAX_RECORDS)
    is_number = isinstance(size, int) and not isinstance(size, bool)
    if not is_number or not 1 <= size <= MAX_RECORDS:
        raise bad_request(f"maxCountOfRecordsToReturn must be between 1 and {MAX_RECORDS}.")
    return size


FLAG_NUMBERS = {"true": "1", "false": "0"}  # as numbers


def _parse_value(field, value):
    """Return the value of a condition; refuse one of another type than the field's."""
    is_flag = isinstance(value, bool)
    if value is None or (field.type == "boolean" and not is_flag):
        raise bad_request(f"The value of {field.name} is not valid.")
    if field.type != "boolean" and is_flag:
        value = str(value).lower()
    if field.type in ("long", "integer", "decimal"):
        return _parse_number(field, value)
    return _convert_for_comparison(field, value)


def _parse_values(field, values):
    """Return the values of a condition that has several."""
    return frozenset(_parse_value(field, value) for value in values)


def _parse_number(field, value):
    """Return a number of a condition."""
    text = str(value)
    try:
        return Decimal(FLAG_NUMBERS.get(text.lower(), text))
    except ArithmeticError:
        raise bad_request(f"The value {value!r} of {field.name} is no number.") from None


def _convert_for_comparison(field, value):
    """Return a value in the form in which values are compared."""
    if value is None or field.type in ("boolean", "long", "integer", "decimal"):
        return value
    if field.type != "datetime":
        return str(value).lower()
    try:
        at = dt.datetime.fromisoformat(value)
    except ValueError:
        raise bad_request(f"The value {value!r} of {field.name} is no date.") from None
    return at if at.tzinfo else at.replace(tzinfo=dt.UTC)


def encode_token(entity, verb, after):
    """Return an opaque token to continue after an id, with the verb of the first request."""
    content = json.dumps([entity, verb, after])
    return base64.urlsafe_b64encode(content.encode()).decode()


def decode_token(text, entity):
    """Return (verb, the id after which to continue)."""
    try:
        entity_name, verb, after = json.loads(base64.urlsafe_b64decode(text.encode()))
    except (ValueError, TypeError):
        entity_name = verb = after = None
    if entity_name != entity.name:
        raise bad_request("The paging token is not valid.")
    return verb, after
