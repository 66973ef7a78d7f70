"""A search for everything reachable from an object by attributes, items, slots and closures.

Not followed are the globals of functions and the attributes of modules: code in the same process
can import the hub whatever it is passed. Classes are not followed either, because `type()` leads
from every object to its class and from there to the globals of its methods. The frames of a
generator are followed, but not the frame that called it.
"""

import functools
import types
from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress

PLAIN = (str, bytes, int, float, complex, bool, type(None), type, types.ModuleType, types.CodeType)


def reachable(root: object) -> Iterator[tuple[str, object]]:
    """Yield each object once, with the path that leads to it."""
    ids = {id(root)}
    queue = deque([("", root)])
    keep = []  # keeps the objects alive so that no id is reused
    while queue:
        way, thing = queue.popleft()
        keep.append(thing)
        yield way, thing
        if isinstance(thing, PLAIN):
            continue
        for step, value in _parts(thing):
            if id(value) not in ids:
                ids.add(id(value))
                queue.append((way + step, value))


def _parts(thing: object) -> Iterator[tuple[str, object]]:
    yield from _attributes(thing)
    yield from _items(thing)
    for name in (
        "__self__",
        "__func__",
        "__wrapped__",
        "__closure__",
        "__defaults__",
        "__kwdefaults__",
    ):
        value = getattr(thing, name, None)
        if value is not None:
            yield f".{name}", value
    if isinstance(thing, types.CellType):
        with suppress(ValueError):  # an empty cell
            yield ".cell_contents", thing.cell_contents
    if isinstance(thing, functools.partial):
        yield ".func", thing.func
        yield ".args", thing.args
        yield ".keywords", thing.keywords
    if isinstance(thing, types.GeneratorType) and thing.gi_frame is not None:
        yield ".gi_frame.f_locals", thing.gi_frame.f_locals


def _attributes(thing: object) -> Iterator[tuple[str, object]]:
    for name, value in list(getattr(thing, "__dict__", {}).items()):
        yield f".{name}", value
    for kind in type(thing).__mro__:
        yield from _slots(thing, kind)
        yield from _properties(thing, kind)


def _slots(thing: object, kind: type) -> Iterator[tuple[str, object]]:
    """Yield the values of the slots that a class adds."""
    slots = kind.__dict__.get("__slots__", ())
    if isinstance(slots, str):
        slots = [slots]
    for name in slots:
        is_private = name.startswith("__") and not name.endswith("__")
        stored_name = f"_{kind.__name__.lstrip('_')}{name}" if is_private else name
        with suppress(AttributeError, ReferenceError):
            yield f".{stored_name}", getattr(thing, stored_name)


def _properties(thing: object, kind: type) -> Iterator[tuple[str, object]]:
    """Yield the values of the properties that a class adds, as far as they can be read."""
    for name, value in kind.__dict__.items():
        if not isinstance(value, property) or name.startswith("__"):
            continue
        try:
            result = getattr(thing, name)
        except Exception:
            continue
        yield f".{name}", result


def _items(thing: object) -> Iterator[tuple[str, object]]:
    if isinstance(thing, Mapping):
        with suppress(RuntimeError):  # a connection pool, whose dictionary is an attribute
            for key in list(thing):
                yield "(key)", key
                yield f"[{key!r:.40}]", thing[key]
    elif isinstance(thing, Iterable) and _is_collection(thing):
        for place, value in enumerate(list(thing)):
            yield f"[{place}]", value


def _is_collection(thing: object) -> bool:
    """Return whether reading the items of an object changes nothing."""
    if isinstance(thing, (list, tuple, set, frozenset, deque)):
        return True
    return type(thing).__module__ == "builtins" and hasattr(thing, "__len__")
