"""Conversion of one row of the source, so that a row that cannot be converted stops no other."""

import linecache
import logging
import re
import traceback
from collections.abc import Callable, Mapping
from decimal import Decimal
from functools import partial
from typing import Any, ParamSpec, TypeVar

from hub.contract.documents import Unreadable
from hub.errors import BadDocument, Refused, Sentence

Parameters = ParamSpec("Parameters")
Result = TypeVar("Result")
Value = TypeVar("Value")
log = logging.getLogger("hub")
WRONG_CALL = re.compile(r"\(\) (takes|missing|got) |is not callable$")
JSON_TYPES = (str, int, float, bool, type(None), list, dict, Decimal)


def readable(
    source_id: str,
    build: Callable[Parameters, Result],
    *args: Parameters.args,
    **kwargs: Parameters.kwargs,
) -> Result | Unreadable:
    """Return the result of `build`, or Unreadable with the reason.

    One row that cannot be converted does not stop the others.

    A mistake in the plugin's own code is reported as such and logged with its trace. Retry,
    NeedsAttention and AccessNeeded concern the whole source and are raised to the core.
    """
    try:
        return build(*args, **kwargs)
    except (BadDocument, Refused) as error:
        return Unreadable(source_id=source_id, reason=error.text)
    except (TypeError, ValueError, ArithmeticError, AttributeError, LookupError) as error:
        if is_plugin_defect(error):
            log.exception("%s could not be read by %s", source_id, _module_of(build))
            return Unreadable(source_id=source_id, reason=_describe_defect(build, error))
        if isinstance(error, KeyError):
            return Unreadable(
                source_id=source_id,
                reason=Sentence("The source sent no %(name)s for it.", name=repr(error.args[0])),
            )
        return Unreadable(
            source_id=source_id,
            reason=Sentence(
                "The source sent something that cannot be read: %(error)s.", error=str(error)
            ),
        )


def look_up(table: Mapping[str, Value], value: str, name: str) -> Value:
    """Return what a table of the plugin has for a value of a row, such as a status.

    Raise ValueError if the table lacks it, so that the row is Unreadable; `name` says in the reason
    what it is: "its status 'parked' is none of draft, sent".
    """
    if value not in table:
        raise ValueError(
            Sentence(
                "its %(name)s %(value)s is none of %(choices)s",
                name=name,
                value=repr(value),
                choices=", ".join(table),
            )
        )
    return table[value]


def is_plugin_defect(error: Exception) -> bool:
    """Tell a mistake in a plugin's code from a row that the plugin did not expect.

    A function called with the wrong arguments, an attribute missing from something other than a
    JSON value, and a key or place missing from a table of the plugin's module cannot come from what
    the source sent.
    """
    if isinstance(error, AttributeError):
        return not isinstance(error.obj, JSON_TYPES)
    if isinstance(error, LookupError):
        return _is_in_module_table(error)
    return isinstance(error, TypeError) and bool(WRONG_CALL.search(str(error)))


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
    package = _module_of(build).partition(".")[0]
    return Sentence(
        "The plugin %(package)s has a defect (%(type)s: %(error)s). Report it to the plugin's"
        " author; the log has the details.",
        package=package,
        type=type(error).__name__,
        error=str(error),
    )


def _module_of(build: Callable[..., Any]) -> str:
    """Return the module of a function, also of one with arguments that were given before."""
    return _module_of(build.func) if isinstance(build, partial) else build.__module__
