"""What plugins may use, as JSON: public names with their arguments and fields, and the hooks.

A file in `tests/baseline/public` stores it for each minor version. This writes it:
`python -m tests.support.public_names tests/baseline/public/0.1.json`.
"""

import enum
import importlib
import inspect
import json
import sys
import types
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any, Literal, get_args, get_origin

import hub
from hub.contract import hookspecs
from qbo_sandbox import kit

PACKAGES = ("hub", "qbo_sandbox")
TESTING_MODULES = ("contract", "bench", "golden", "file_contract", "openapi", "clock")
SIMPLE = (str, int, float, bool, Decimal, type(None))
REQUIRED, COMPUTED = "required", "computed"  # in place of a default
# Numbers of documents that the contract suite reads; they are higher with HUB_PROOF=full.
DEPENDS_ON_FORM = ("many", "paged")
Described = dict[str, Any]


def describe_all() -> dict[str, Described]:
    """Return everything public by place and name, as JSON can store it."""
    names_of_hub = (*hub.__all__, *hub.RENAMED)
    hooks = {name: hook for name, hook in vars(hookspecs).items() if name.startswith("hub_")}
    places = {
        "hub": {name: getattr(hub, hub.RENAMED.get(name, name)) for name in names_of_hub},
        "qbo_sandbox.kit": {
            name: getattr(kit, kit.RENAMED.get(name, name)) for name in (*kit.__all__, *kit.RENAMED)
        },
        "hooks": hooks,
    }
    for module in TESTING_MODULES:
        place = f"hub.testing.{module}"
        names = vars(importlib.import_module(place)).items()
        places[place] = {
            name: value for name, value in names if name[0] != "_" and is_defined_in(place, value)
        }
    described = {
        place: {name: describe(value) for name, value in sorted(names.items())}
        for place, names in places.items()
    }
    result: dict[str, Described] = json.loads(json.dumps(described))
    return result


def is_defined_in(place: str, value: Any) -> bool:
    """Return whether a value is a class or function of a module."""
    has_source = inspect.isclass(value) or inspect.isfunction(value)
    return has_source and value.__module__ == place


def describe(value: Any) -> Described:
    """Return the parts of a public value that a plugin may rely on."""
    if inspect.isfunction(value):
        return {"arguments": describe_arguments(value)}
    if inspect.isclass(value) and issubclass(value, enum.Enum):
        return {"values": {name: member.value for name, member in value.__members__.items()}}
    if inspect.isclass(value):
        return describe_class(value)
    if get_origin(value) is Literal:
        return {"values": {choice: choice for choice in get_args(value)}}
    return {"default": describe_default(value)}


def describe_class(described: type) -> Described:
    """Return the arguments of a class, and its members with theirs."""
    members: dict[str, Described] = {}
    for owner in reversed(own_classes(described)):
        for name, member in vars(owner).items():
            function = getattr(member, "__func__", member)
            if name[0] == "_" or name.startswith("test_"):
                continue
            if isinstance(function, types.FunctionType):
                members[name] = {"arguments": describe_arguments(function)}
            else:
                members[name] = {"default": describe_default(member, name)}
        for name in inspect.get_annotations(owner):
            if name[0] != "_":
                members.setdefault(name, {"default": REQUIRED})
    result: Described = {"members": dict(sorted(members.items()))}
    is_made = any({"__init__", "__new__"} & vars(owner).keys() for owner in own_classes(described))
    if is_made and not getattr(described, "_is_protocol", False):
        result["arguments"] = describe_arguments(described)
    return result


def own_classes(described: type) -> list[type]:
    """Return a class and those that it extends, without those of other packages."""
    return [owner for owner in described.__mro__ if owner.__module__.partition(".")[0] in PACKAGES]


def describe_arguments(function: Any) -> list[Described]:
    """Return the arguments of a function in their order."""
    return [
        {
            "name": name,
            "kind": parameter.kind.name.lower(),
            "default": REQUIRED
            if parameter.default is parameter.empty
            else describe_default(parameter.default, name),
        }
        for name, parameter in inspect.signature(function).parameters.items()
    ]


def describe_default(value: Any, name: str = "") -> str:
    """Return a default as text; objects that have no fixed text are computed."""
    if name in DEPENDS_ON_FORM:
        return COMPUTED
    parts = value if isinstance(value, tuple) else (value,)
    return repr(value) if all(isinstance(part, SIMPLE) for part in parts) else COMPUTED


def list_losses(before: dict[str, Described], now: dict[str, Described]) -> Iterator[str]:
    """Yield what a plugin could use before and cannot use now in the same way."""
    for place, names in before.items():
        for name, described in names.items():
            found = now.get(place, {}).get(name)
            where = f"{place}: {name}"
            if found is None:
                yield where
            elif place == "hooks":  # a plugin names the arguments that it needs
                needed = {argument["name"] for argument in found["arguments"]}
                for argument in described["arguments"]:
                    if argument["name"] not in needed:
                        yield f"{where}: {argument['name']}"
            else:
                yield from _losses_of(where, described, found)


def _losses_of(where: str, before: Described, now: Described) -> Iterator[str]:
    """Yield what one value has lost."""
    if "arguments" in before:
        yield from _lost_arguments(where, before["arguments"], now.get("arguments", []))
    for choice, text in before.get("values", {}).items():
        if now.get("values", {}).get(choice) != text:
            yield f"{where}: {choice}"
    for name, member in before.get("members", {}).items():
        found = now.get("members", {}).get(name)
        if found is None:
            yield f"{where}.{name}"
        else:
            yield from _losses_of(f"{where}.{name}", member, found)
    if before.get("default", COMPUTED) not in (REQUIRED, COMPUTED, now.get("default")):
        yield f"{where}: is no longer {before['default']}"


def _lost_arguments(where: str, before: list[Described], now: list[Described]) -> Iterator[str]:
    """Yield arguments that are gone, moved or needed now, and defaults that are others."""
    found = {argument["name"]: (place, argument) for place, argument in enumerate(now)}
    for place, argument in enumerate(before):
        name, kind, default = argument["name"], argument["kind"], argument["default"]
        if name not in found:
            yield f"{where}: {name}"
            continue
        new_place, new = found[name]
        is_by_place = kind in ("positional_only", "positional_or_keyword")
        if new["kind"] != kind and new["kind"] != "positional_or_keyword":
            yield f"{where}: {name} is {new['kind']}"
        elif is_by_place and new_place != place:
            yield f"{where}: {name} has moved"
        is_optional = new["default"] != REQUIRED
        if default not in (REQUIRED, new["default"]) and not (is_optional and default == COMPUTED):
            yield f"{where}: {name} is no longer {default}"
    known = {argument["name"] for argument in before}
    for argument in now:
        is_needed = argument["default"] == REQUIRED and "var_" not in argument["kind"]
        if is_needed and argument["name"] not in known:
            yield f"{where}: {argument['name']} is needed"


def format_all(places: dict[str, Described]) -> str:
    """Return what is public as JSON with a line for each name."""
    texts = []
    for place, names in places.items():
        lines = [f"{json.dumps(name)}: {json.dumps(value)}" for name, value in names.items()]
        texts.append(f"{json.dumps(place)}: {{\n" + ",\n".join(lines) + "\n}")
    return "{\n" + ",\n".join(texts) + "\n}"


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(format_all(describe_all()) + "\n")
