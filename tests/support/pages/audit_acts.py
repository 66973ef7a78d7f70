"""The acts that the code records in the audit log, collected from its source."""

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import hub

PACKAGE = Path(hub.__file__).parent
# Functions that record an act, with the position of the act among their arguments.
RECORDERS = {"record": 2, "record_each": 2, "record_alone": 1, "note": 0}
OWNERS = ("audit", "refusals")
LOG = "security/audit.py"  # calls these functions without a module prefix
PASSES_ON = ("security/audit.py", "security/refusals.py")  # with the act passed by the caller

# Functions that record the keywords that they get as details.
PASSED_ON_BY = ("record_in_audit_log", "record_act", "_note")

Function = ast.FunctionDef | ast.AsyncFunctionDef


class Call(NamedTuple):
    """A call, with the function that contains it and the name of the called one."""

    caller: Function
    node: ast.Call
    name: str


class Module(NamedTuple):
    """A module of the hub, with all calls that its functions make."""

    name: str
    tree: ast.Module
    calls: list[Call]


def recorded_acts() -> Iterator[str]:
    """Yield each act; fail if one cannot be read from the source."""
    modules = [_parse_module(path) for path in sorted(PACKAGE.rglob("*.py"))]
    for module in modules:
        for call in module.calls:
            position = _position(module.name, call.node)
            if position is not None:
                yield from _values(modules, module.name, call.caller, call.node.args[position])


def _parse_module(path: Path) -> Module:
    tree = ast.parse(path.read_text())
    functions = [node for node in ast.walk(tree) if isinstance(node, Function)]
    calls = [call for function in functions for call in _calls(function)]
    return Module(path.relative_to(PACKAGE).as_posix(), tree, calls)


def _calls(function: Function) -> Iterator[Call]:
    for inner in ast.walk(function):
        if isinstance(inner, ast.Call):
            yield Call(function, inner, _name(inner.func))


def _name(node: ast.expr) -> str:
    """Return a name, with its module if it has one; "" for other expressions."""
    if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
        return f"{node.value.id}.{node.attr}"
    return node.id if isinstance(node, ast.Name) else ""


def _position(module: str, call: ast.Call) -> int | None:
    """Return the position of the act among the arguments of a recording function."""
    target = call.func
    if isinstance(target, ast.Attribute) and isinstance(target.value, ast.Name):
        return RECORDERS.get(target.attr) if target.value.id in OWNERS else None
    if not isinstance(target, ast.Name):
        return None
    if module == LOG and target.id in ("record", "record_alone"):
        return RECORDERS[target.id]
    if module == "web/audit_log/request_audit.py" and target.id == "_note":
        return 0
    return None


def _values(
    modules: list[Module], module: str, function: Function, node: ast.expr
) -> Iterator[str]:
    """Return the possible texts of an argument: literals, values of its name, or the callers'."""
    if isinstance(node, ast.Constant):
        yield str(node.value)
    elif isinstance(node, ast.IfExp):
        yield from _values(modules, module, function, node.body)
        yield from _values(modules, module, function, node.orelse)
    elif isinstance(node, ast.Attribute):
        stem = ast.unparse(node.value)
        of_stem = [other for other in modules if Path(other.name).stem == stem]
        yield from _constants(of_stem, node.attr)
    elif isinstance(node, ast.Name):
        yield from _values_of_name(modules, module, function, node.id)
    else:
        raise AssertionError(f"{module}:{node.lineno}: {ast.unparse(node)} cannot be read")


def _values_of_name(
    modules: list[Module], module: str, function: Function, name: str
) -> Iterator[str]:
    """Return the possible texts of a name: what it is assigned, passed or defined as."""
    assigned = _assigned_values(function, name)
    for value in assigned:
        yield from _values(modules, module, function, value)
    parameters = [argument.arg for argument in (*function.args.args, *function.args.kwonlyargs)]
    if name in parameters:
        if module not in PASSES_ON:
            yield from _of_callers(modules, module, function, name, parameters.index(name))
    elif not assigned and not _is_loop_variable(function, name):
        yield from _constants([other for other in modules if other.name == module], name)


def _assigned_values(function: Function, name: str) -> list[ast.expr]:
    """Return the expressions that a function assigns to a name."""
    values = []
    for node in ast.walk(function):
        if isinstance(node, ast.Assign):
            names = [target.id for target in node.targets if isinstance(target, ast.Name)]
            if name in names:
                values.append(node.value)
    return values


def _is_loop_variable(function: Function, name: str) -> bool:
    loops = [node for node in ast.walk(function) if isinstance(node, ast.For)]
    return any(name in ast.unparse(loop.target) for loop in loops)


def _of_callers(
    modules: list[Module], home: str, function: Function, name: str, position: int
) -> Iterator[str]:
    """Return the texts passed by callers, in the function's own module by its plain name."""
    count = 0
    for module in modules:
        prefix = "" if module.name == home else f"{Path(home).stem}."
        for caller, call, called in module.calls:
            if called != f"{prefix}{function.name}":
                continue
            argument = _argument(call, name, position)
            if argument is not None:
                texts = list(_values(modules, module.name, caller, argument))
                count += len(texts)
                yield from texts
    assert count, f"{function.name} is called without {name}"


def _argument(call: ast.Call, name: str, position: int) -> ast.expr | None:
    """Return the argument that a call passes by this name or at this position."""
    for keyword in call.keywords:
        if keyword.arg == name:
            return keyword.value
    return call.args[position] if len(call.args) > position else None


def _constants(modules: list[Module], name: str) -> Iterator[str]:
    """Return the text of a module's constant."""
    for module in modules:
        for node in module.tree.body:
            if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == name:
                assert isinstance(node.value, ast.Constant)
                yield str(node.value.value)


def recorded_details() -> set[str]:
    """Return the names of the details that the code records by keyword."""
    names = set()
    for module in (_parse_module(path) for path in sorted(PACKAGE.rglob("*.py"))):
        for call in module.calls:
            passes_on = call.name.rpartition(".")[2] in PASSED_ON_BY
            if passes_on or _position(module.name, call.node) is not None:
                names.update(keyword.arg for keyword in call.node.keywords if keyword.arg)
    return names
