"""Run code of a plugin while it is loaded, and name what it raises."""

from collections.abc import Callable
from importlib.util import find_spec
from typing import Any

from hub.contract.checkout import build_plugin_command
from hub.errors import PluginBroken


def attempt(distribution: str, what: str, act: Callable[[], Any]) -> Any:
    """Run code of a plugin; turn its exception, or its exit, into PluginBroken.

    The error says how to install a package that the plugin needs and that is missing.
    """
    try:
        return act()
    except (Exception, SystemExit) as error:
        reason = f"{what}: {describe_exception(error)}."
        if isinstance(error, ModuleNotFoundError) and _is_package_missing(error.name):
            command = build_plugin_command(distribution)
            reason += f" Install the packages that it needs with `{command}`, and restart the hub."
        raise PluginBroken(distribution, reason) from error


def describe_exception(error: BaseException) -> str:
    """Return the class and text of an exception on one line, without a full stop."""
    class_name = type(error).__name__
    words = str(error).split()
    text = " ".join(words).rstrip(".")
    return f"{class_name}: {text}" if text else class_name


def _is_package_missing(module: str | None) -> bool:
    """Return whether the package of a module is not installed, rather than without the module."""
    if not module:
        return False
    try:
        return find_spec(module.partition(".")[0]) is None
    except ValueError:  # a program has made the package
        return False
