"""Checks of what the hooks of a plugin return: a result of another type is a defect of the plugin.

So is a hook that ends the process. The core and the test tools of authors use the same checks, so
that both give the same errors.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, TypeVar

from hub.contract.documents import Checkpoint, Document, Gone, Unreadable, Yielded

T = TypeVar("T")
MAX_QUOTE_LENGTH = 60
YIELDED_TYPES = (Document, Gone, Unreadable, Checkpoint)


class ExitByPlugin(RuntimeError):
    """A hook asked Python to end the process, as `sys.exit` does.

    A SystemExit would end a command with its code, 0 among them, as if all had been done.
    """

    def __str__(self) -> str:
        """Return what the hook did, with the code that it gave."""
        (code,) = self.args
        shown_code = "" if code is None else repr(code)[:MAX_QUOTE_LENGTH]
        return f"it called sys.exit({shown_code})"


def require_result(hook: str, result: Any, expected_type: type[T]) -> T:
    """Return the result of a hook; raise TypeError if it is of another type."""
    if isinstance(result, expected_type):
        return result
    hint = "; is a return missing?" if result is None else ""
    raise TypeError(f"{hook} returned {_quote(result)}, not {expected_type.__name__}{hint}")


def require_list(hook: str, result: Any, *types: type) -> list[Any]:
    """Return the values of the list that a hook returned; an empty list for None.

    Raise TypeError if it is no list, or if a value is of another type. A text or a mapping is no
    list, because its letters or keys would be taken for values.
    """
    values = require_members(hook, result, *types)
    for value in values:
        if not isinstance(value, types):
            raise TypeError(
                f"{hook} returned {_quote(value)} in its list, not {_name_types(types)}"
            )
    return values


def require_members(hook: str, result: Any, *types: type) -> list[Any]:
    """Return the values of the list that a hook returned, as `require_list`, but of any type."""
    if result is None:
        return []
    if isinstance(result, str | bytes | Mapping) or not isinstance(result, Iterable):
        is_single = isinstance(result, types) and not isinstance(result, str)
        hint = f"; write [{_name_type(result)}(…)]" if is_single else ""
        expected_types = _name_types(types)
        raise TypeError(f"{hook} returned {_quote(result)}, not a list of {expected_types}{hint}")
    try:
        return list(result)  # a generator runs only now
    except SystemExit as error:
        raise ExitByPlugin(error.code) from error


def iter_yielded(result: Any) -> Iterator[Yielded]:
    """Yield what `hub_documents` yielded or returned.

    Raise TypeError if it returned no documents, or for an item of another type.
    """
    if result is None:
        raise TypeError("it returned None; is a return or a yield missing?")
    if isinstance(result, str | bytes | Mapping) or not isinstance(result, Iterable):
        raise TypeError(f"it returned a {_name_type(result)}, not a list of documents")
    try:
        for item in result:
            _require_yielded(item)
            yield item
    except SystemExit as error:
        raise ExitByPlugin(error.code) from error


def _require_yielded(item: Any) -> None:
    """Raise TypeError for an item that is nothing that `hub_documents` may yield."""
    if not isinstance(item, YIELDED_TYPES):
        expected_types = _name_types(YIELDED_TYPES)
        hint = "; several items need `yield from`" if _has_items(item) else ""
        raise TypeError(f"it yielded a {_name_type(item)}, not {expected_types}{hint}")


def _has_items(value: Any) -> bool:
    """Return whether a value is a list or a generator, which may contain documents."""
    return isinstance(value, Iterator | list | tuple)


def _name_types(types: Sequence[type]) -> str:
    """Return the names of types, such as "Code or str"."""
    *names, last = [type.__name__ for type in types]
    return f"{', '.join(names)} or {last}" if names else last


def _name_type(value: Any) -> str:
    """Return the name of the type of a value."""
    return type(value).__name__


def _quote(value: Any) -> str:
    """Return the type of a value, with a text or a number itself."""
    if value is None:
        return "None"
    if not isinstance(value, str | int | float):
        return _name_type(value)
    text = repr(value)
    excerpt = text if len(text) <= MAX_QUOTE_LENGTH else f"{text[:MAX_QUOTE_LENGTH]}…"
    return f"{_name_type(value)} {excerpt}"
