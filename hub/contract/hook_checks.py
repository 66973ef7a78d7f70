"""Checks of the functions of a plugin that are named or marked as hooks, when it is loaded."""

from difflib import get_close_matches
from inspect import Parameter, isasyncgenfunction, iscoroutinefunction, isroutine, signature
from typing import Any

from hub.contract import hookspecs
from hub.errors import PluginBroken

HOOKS = tuple(name for name in vars(hookspecs) if name.startswith("hub_"))


def check_hooks(distribution: str, plugin: Any) -> None:
    """Raise PluginBroken for a function that is named or marked as a hook and is none."""
    for name in dir(plugin):
        hook = getattr(plugin, name, None)
        if not isroutine(hook):
            continue
        problem = _find_problem(name, hook) if name.startswith("hub_") else _find_mark(name, hook)
        if problem:
            raise PluginBroken(distribution, problem)


def _find_mark(name: str, function: Any) -> str:
    """Return that a function without the name of a hook is marked as one; "" if it is not."""
    options = getattr(function, "hub_impl", None)
    if not options or options.get("specname"):
        return ""
    hint = _build_hint(f"hub_{name}", HOOKS)
    return f"it marks {name} with @hookimpl, and there is no hook of this name.{hint}"


def _find_problem(name: str, hook: Any) -> str:
    """Return why a function is no hook, or cannot be called; "" if it can."""
    if name not in HOOKS:
        return f"it implements {name}, which is no hook.{_build_hint(name, HOOKS)}"
    if not hasattr(hook, "hub_impl"):
        return f"its {name} is not marked with @hookimpl, so it would never be called."
    if iscoroutinefunction(hook) or isasyncgenfunction(hook):
        return f"its {name} is an async function, which hooks cannot be: write `def {name}`."
    names = tuple(signature(getattr(hookspecs, name)).parameters)
    for parameter in signature(hook).parameters.values():
        if parameter.default is Parameter.empty and parameter.name not in names:
            return (
                f"its {name} has the argument {parameter.name}, and the hook gets"
                f" {', '.join(names) or 'none'}.{_build_hint(parameter.name, names)}"
            )
    return ""


def _build_hint(name: str, names: tuple[str, ...]) -> str:
    """Return which of the names a misspelled one may stand for."""
    near = get_close_matches(name, names, n=1)
    return f" Did it mean {near[0]}?" if near else ""
