"""Conversion of one row of the source, so that a row that cannot be converted stops no other."""

import linecache
import logging
import re
import traceback
from collections.abc import Callable, Collection, Mapping
from decimal import Decimal
from functools import partial
from typing import Any, ParamSpec, TypeVar

from hub.contract.documents import Outcome, Row, Unreadable
from hub.contract.site_settings import UnknownSetting
from hub.errors import BadDocument, Refused, Sentence

Parameters = ParamSpec("Parameters")
Result = TypeVar("Result")
Value = TypeVar("Value")
log = logging.getLogger("hub")
WRONG_CALL = re.compile(r"\(\) (takes|missing|got) |is not callable$")
# Fractions in the answers of a source are Decimals, so that a float is the plugin's own.
MIXED_AMOUNTS = re.compile(r"'decimal\.Decimal' and 'float'|'float' and 'decimal\.Decimal'")
MAX_QUOTE_LENGTH = 60
METHODS_OF_ROWS = frozenset(("get", "items", "keys", "values"))
FIELD_PROBLEMS: dict[type, Sentence] = {
    str: Sentence("its %(name)s is %(value)s, and not a text"),
    list: Sentence("its %(name)s is %(value)s, and not a list"),
    dict: Sentence("its %(name)s is %(value)s, and not a group of fields"),
}
ENTRY_PROBLEM = Sentence("its %(name)s contains %(value)s, and not only groups of fields")
JSON_TYPES = (str, int, float, bool, type(None), list, dict, Decimal)


def readable(
    source_id: str,
    build: Callable[Parameters, Result],
    *args: Parameters.args,
    **kwargs: Parameters.kwargs,
) -> Result | Unreadable:
    """Return the result of `build`, or Unreadable with the reason.

    So a row that cannot be converted, or for which `build` returns None, does not stop the others.
    A mistake in the plugin's own code is reported as such and logged with its trace. Retry,
    NeedsAttention and AccessNeeded concern the whole source and are raised to the core.
    """
    try:
        result = build(*args, **kwargs)
        return _reject(source_id, build, result) if result is None else result
    except (BadDocument, Refused) as error:
        return Unreadable(source_id=source_id, reason=error.text)
    except (TypeError, ValueError, ArithmeticError, AttributeError, LookupError) as error:
        if is_plugin_defect(error):
            log.exception("%s could not be read by %s", source_id, _get_module_name(build))
            return Unreadable(source_id=source_id, reason=_describe_defect(build, error))
        if isinstance(error, (TypeError, IndexError)):
            log.warning("%s could not be read: %s", source_id, _locate(error))
        return Unreadable(source_id=source_id, reason=_explain(error))


def read_row(source_id: str, read: Callable[[Any], object], row: object) -> Outcome:
    """Return the document of a row, or Unreadable with the reason.

    If `read` returns anything but an outcome, this is a defect of the plugin, and is logged.
    """
    outcome = readable(source_id, read, row)
    return outcome if isinstance(outcome, Outcome) else _reject(source_id, read, outcome)


def _reject(source_id: str, build: Callable[..., object], result: object) -> Unreadable:
    """Return the reason why the result of a plugin's function is no outcome, and log it."""
    defect = TypeError(f"it returned {type(result).__name__} for this row")
    log.error("%s could not be read by %s: %s", source_id, _get_module_name(build), defect)
    return Unreadable(source_id=source_id, reason=_describe_defect(build, defect))


def check_fields(row: Row, kinds: Mapping[str, type | list[type]]) -> None:
    """Check that fields of a row have the kind of value that the plugin expects.

    `kinds` has for each name `str`, `list` or `dict`, or `[dict]` for a list of rows. Null and a
    missing field are accepted. Otherwise raise ValueError with the name of the field, so that the
    row is Unreadable: "its supplier is 'abc', and not a group of fields".
    """
    for name, expected_type in kinds.items():
        value = row.get(name)
        if value is None:
            continue
        if isinstance(expected_type, list):
            _check_kind(name, value, list, FIELD_PROBLEMS[list])
            for entry in value:
                _check_kind(name, entry, expected_type[0], ENTRY_PROBLEM)
        else:
            _check_kind(name, value, expected_type, FIELD_PROBLEMS[expected_type])


def _check_kind(name: str, value: object, kind: type, problem: Sentence) -> None:
    """Raise ValueError with the problem if a value of a row has another kind."""
    if not isinstance(value, kind):
        raise ValueError(Sentence(problem, name=name, value=_quote(value)))


def numbers_as_text(value: Any, names: Collection[str]) -> Any:
    """Return a row or a list of rows in which the whole numbers under these names are texts.

    This is for fields that contain a text, such as the number of an invoice, but that the source
    may send as the number 1001. Rows inside the row are converted, too; amounts stay as they are.
    """
    if isinstance(value, list):
        return [numbers_as_text(entry, names) for entry in value]
    if not isinstance(value, dict):
        return value
    converted_row = {}
    for name, inner in value.items():
        is_number = name in names and isinstance(inner, int) and not isinstance(inner, bool)
        converted_row[name] = str(inner) if is_number else numbers_as_text(inner, names)
    return converted_row


def require_id(row: Row, name: str) -> str:
    """Return the id that a row has under a name, as text; raise KeyError if it is null or blank.

    `str(row["id"])` would be "None" for every row without an id.
    """
    id = row[name]
    if id is None or not str(id).strip():
        raise KeyError(name)
    return str(id)


def _explain(error: Exception) -> str:
    """Return the reason why a plugin could not convert a row."""
    if isinstance(error, KeyError):
        return Sentence("The source sent no “%(name)s” for it.", name=str(error.args[0]))
    if isinstance(error, AttributeError) and error.name in METHODS_OF_ROWS:
        value = _quote(error.obj)
        return Sentence("The source sent %(value)s where a group of fields belongs.", value=value)
    if isinstance(error, AttributeError):
        return Sentence(
            "The source sent %(value)s where another kind of value belongs.",
            value=_quote(error.obj),
        )
    if isinstance(error, ArithmeticError):
        return Sentence("The source sent something else where a number belongs.")
    if isinstance(error, ValueError):
        problem = error.args[0] if isinstance(next(iter(error.args), ""), Sentence) else str(error)
        return Sentence("The source sent something that cannot be read: %(error)s.", error=problem)
    return Sentence(
        "The source sent a value of another kind than usual, such as a text in place of a list."
        " The log of the hub says where."
    )


def _locate(error: Exception) -> str:
    """Return an error with the place in the code where it was raised."""
    place = traceback.extract_tb(error.__traceback__)[-1]
    return f"{type(error).__name__}: {error} ({place.name}, line {place.lineno})"


def _quote(value: object) -> str:
    """Return the beginning of a value, to show it."""
    text = repr(value)
    return text if len(text) <= MAX_QUOTE_LENGTH else f"{text[:MAX_QUOTE_LENGTH]}…"


def look_up(table: Mapping[str, Value], value: str, name: str) -> Value:
    """Return the entry of a table for a value of a row, such as a status.

    Raise ValueError if the table lacks the value, so that the row is Unreadable. `name` is the name
    of the value in the reason: "its status “parked” is none of draft, sent".
    """
    if value not in table:
        raise ValueError(
            Sentence(
                "its %(name)s “%(value)s” is none of %(choices)s",
                name=name,
                value=str(value),
                choices=", ".join(table),
            )
        )
    return table[value]


def is_plugin_defect(error: Exception) -> bool:
    """Return whether an exception comes from a mistake of a plugin, not from an unexpected row.

    The data of the source cannot cause these: a function called with the wrong arguments, an
    attribute missing from something other than a JSON value, a setting that the app does not have,
    a calculation with a float, or a key or place missing from a table of the plugin's module.
    """
    if isinstance(error, AttributeError):
        return not isinstance(error.obj, JSON_TYPES)
    if isinstance(error, LookupError):
        return isinstance(error, UnknownSetting) or _is_in_module_table(error)
    text = str(error)
    is_wrong = WRONG_CALL.search(text) or MIXED_AMOUNTS.search(text)
    return isinstance(error, TypeError) and bool(is_wrong)


def _is_in_module_table(error: LookupError) -> bool:
    """Return whether a lookup such as `KINDS[row["kind"]]` failed in a global of its module.

    The expression that raised is read from the source line. Without it, the answer is no.
    """
    *_, (frame, _) = traceback.walk_tb(error.__traceback__)
    summary = traceback.extract_tb(error.__traceback__)[-1]
    line = linecache.getline(summary.filename, summary.lineno or 0)
    start = summary.colno or 0
    expression = line.encode()[start : summary.end_colno]  # columns count bytes
    name = expression.decode(errors="replace").partition("[")[0]
    return name in frame.f_globals and name not in frame.f_locals


def _describe_defect(build: Callable[..., object], error: Exception) -> str:
    """Return the sentence about a defect of a plugin."""
    package = _get_module_name(build).partition(".")[0]
    return Sentence(
        "The plugin %(package)s has a defect (%(type)s: %(error)s). Report it to the plugin's"
        " author; the log has the details.",
        package=package,
        type=type(error).__name__,
        error=str(error),
    )


def _get_module_name(build: Callable[..., Any]) -> str:
    """Return the module of a function, also of one with arguments that were given before."""
    return _get_module_name(build.func) if isinstance(build, partial) else build.__module__
