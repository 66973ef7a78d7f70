"""Replace the code of imported functions by that of a mutated module.

Importing the hub and collecting its tests takes seconds. A process that has done so is forked for
each mutant, and only the code of the functions that differ is replaced, so that every holder of one
of them runs the new code. A change outside of functions (a constant, a decorator, a default value,
a field) cannot be made this way; then the tests run in a new process.
"""

import gc
from collections.abc import Iterator
from inspect import CO_OPTIMIZED
from itertools import zip_longest
from types import CodeType, FunctionType
from typing import Any

PARTS = (
    "co_code",
    "co_names",
    "co_varnames",
    "co_freevars",
    "co_cellvars",
    "co_argcount",
    "co_posonlyargcount",
    "co_kwonlyargcount",
    "co_flags",
    "co_exceptiontable",
    "co_qualname",
)


class NotSwappable(Exception):
    """The change affects code outside the bodies of functions."""


def changed_functions(old: CodeType, new: CodeType) -> list[tuple[CodeType, CodeType]]:
    """Return old and new code of each function that differs between two versions of a module."""
    if _without_nested(old) != _without_nested(new):
        raise NotSwappable
    return [pair for pair in _nested_pairs(old, new) for pair in _changes(*pair)]


def _changes(old: CodeType, new: CodeType) -> list[tuple[CodeType, CodeType]]:
    if is_same(old, new):
        return []
    if not old.co_flags & CO_OPTIMIZED:  # the body of a class
        return changed_functions(old, new)
    if old.co_freevars != new.co_freevars:
        raise NotSwappable
    inner = [pair for pair in _nested_pairs(old, new) for pair in _inner_changes(*pair)]
    return [(old, new), *inner]


def _inner_changes(old: CodeType, new: CodeType) -> list[tuple[CodeType, CodeType]]:
    """Return the changes inside a function, of which instances may exist, as in decorators."""
    return _changes(old, new) if old.co_name == new.co_name else []


def _nested_pairs(old: CodeType, new: CodeType) -> list[tuple[CodeType, CodeType]]:
    return list(zip(_nested(old), _nested(new), strict=False))


def _nested(code: CodeType) -> list[CodeType]:
    return [const for const in code.co_consts if isinstance(const, CodeType)]


def _without_nested(code: CodeType) -> list[Any]:
    """Return a code object's content without its nested functions, classes and line numbers."""
    consts = [
        ("code", const.co_name) if isinstance(const, CodeType) else (type(const), const)
        for const in code.co_consts
    ]
    return [consts, *(getattr(code, part) for part in PARTS)]


def is_same(old: CodeType, new: CodeType) -> bool:
    """Return whether two code objects are equal apart from their positions in their files."""
    return _without_nested(old) == _without_nested(new) and all(
        constant and other and is_same(constant, other)
        for constant, other in zip_longest(_nested(old), _nested(new))
    )


def functions_by_file(files: set[str]) -> dict[str, list[FunctionType]]:
    """Return the functions in memory whose code comes from these files."""
    functions: dict[str, list[FunctionType]] = {file: [] for file in files}
    gc.unfreeze()  # frozen objects are hidden from the search
    for thing in gc.get_objects():
        if type(thing) is FunctionType and thing.__code__.co_filename in files:
            functions[thing.__code__.co_filename].append(thing)
    return functions


def swap(functions: list[FunctionType], pairs: list[tuple[CodeType, CodeType]]) -> int:
    """Replace the code of functions that have the old code of a pair; return how many."""
    chosen = [(function, new) for old, new in pairs for function in _with_code(functions, old)]
    for function, new in chosen:
        function.__code__ = new
    return len(chosen)


def _with_code(functions: list[FunctionType], code: CodeType) -> Iterator[FunctionType]:
    return (function for function in functions if is_same(function.__code__, code))
