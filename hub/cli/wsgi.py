"""The WSGI application of each gunicorn process of `hub serve` in the distributed engine."""

import atexit
from contextlib import ExitStack
from typing import TYPE_CHECKING

from hub.cli.console import hub

if TYPE_CHECKING:
    from flask import Flask

_open = ExitStack()
# At exit the modules are still there, so that the hub can store its counts and close its context.
atexit.register(_open.close)


def application() -> "Flask":
    """Open the hub with its pages, for as long as this process lives.

    If it could not be opened, gunicorn would end all the others too.
    """
    return _open.enter_context(hub(pages=True, is_checked=True))
