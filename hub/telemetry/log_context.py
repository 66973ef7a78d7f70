"""The context of log lines: the request and the run that a thread works on."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from types import MappingProxyType

Values = Mapping[str, object]
NOTHING: Values = MappingProxyType({})
_values: ContextVar[Values] = ContextVar("hub_log_context", default=NOTHING)


def current_fields() -> Values:
    """Return the fields of what this thread works on now."""
    return _values.get()


def replace(values: Values) -> None:
    """Replace all fields of this thread, for example by those of another thread."""
    _values.set(values)


@contextmanager
def bind(**values: object) -> Iterator[None]:
    """Add values, without those that are None, to every log line of the block."""
    before = _values.get()
    new_values = {name: value for name, value in values.items() if value is not None}
    _values.set({**before, **new_values})
    try:
        yield
    finally:
        _values.set(before)
