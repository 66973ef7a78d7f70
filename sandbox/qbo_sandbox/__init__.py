"""A QuickBooks Online stand-in: companies, OAuth, the accounting API, faults, a person's acts.

Useful to any program that integrates with QuickBooks Online. `create` makes one in this process,
`serve_quickbooks` serves one over HTTP, and the pytest fixture `qbo_sandbox` does both for a test.
Start reading at `factory`. The names below are loaded when they are first used, so that pytest
starts quickly wherever this package is installed.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from qbo_sandbox.factory import QuickBooks, create, serve_quickbooks
    from qbo_sandbox.options import NORWAY, US, Options
    from qbo_sandbox.switches import Switches

__all__ = ["NORWAY", "US", "Options", "QuickBooks", "Switches", "create", "serve_quickbooks"]
MODULES = {
    "NORWAY": "options",
    "US": "options",
    "Options": "options",
    "QuickBooks": "factory",
    "Switches": "switches",
    "create": "factory",
    "serve_quickbooks": "factory",
}


def __getattr__(name: str) -> Any:
    """Load a public name from its module."""
    if name not in MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(f"qbo_sandbox.{MODULES[name]}"), name)
    globals()[name] = value
    return value
