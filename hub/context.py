"""What the parts of one hub share: settings, clock, vault, plugins, and where stand-ins are mounted."""

import gc
import secrets
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field

from flask import Flask, current_app
from requests.adapters import BaseAdapter

from hub.clock import Clock
from hub.config import Config
from hub.contract.registry import Plugins
from hub.crypto.vault import Vault

YOUNG = 10_000  # objects, after which the garbage among the newest is looked for


@dataclass(frozen=True, kw_only=True, slots=True)
class Runtime:
    """One hub in one process; `process` tells it from every other, also from itself after a restart.

    Once `ending` is set, runs end where nothing is under way; the next start goes on from there. In a demo all
    sources are stand-ins.
    """

    config: Config
    clock: Clock
    vault: Vault
    plugins: Plugins
    mounts: Mapping[str, BaseAdapter] = field(default_factory=dict)
    process: str = field(default_factory=lambda: secrets.token_hex(8))
    ending: threading.Event = field(default_factory=threading.Event)
    is_demo: bool = False


class Ending(BaseException):
    """The hub was told to end, and this is a place to do it: no step that catches errors keeps it."""


def init_app(app: Flask, runtime: Runtime) -> None:
    """Binds the application to its runtime."""
    app.extensions["hub"] = runtime


def current() -> Runtime:
    """The runtime of the application at hand."""
    runtime: Runtime = current_app.extensions["hub"]
    return runtime


def settle() -> None:
    """What the process has loaded stays to its end: to look for garbage in it again and again took a fifth of a run."""
    gc.freeze()
    gc.set_threshold(YOUNG, 20, 20)


def may_end() -> None:
    """A place where nothing is under way: raises Ending if the hub was told to end."""
    if current().ending.is_set():
        raise Ending
