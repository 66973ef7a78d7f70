"""What the parts of one hub share: settings, clock, vault, plugins and stand-ins."""

import gc
import secrets
import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from flask import Flask, current_app, has_app_context, has_request_context
from requests.adapters import BaseAdapter

from hub.clock import Clock
from hub.config import Config
from hub.contract.registry import Plugins
from hub.crypto.masking import SecretMask
from hub.crypto.vault import Vault
from hub.telemetry.counts import Counts
from hub.telemetry.hook_calls import HookCalls

PAGE_CALL_SECONDS = 25.0  # a proxy in front of the hub often gives a page up after a minute
GC_THRESHOLD = 10_000  # new objects before the youngest generation is collected
# How far long work is: the phase, the steps done, and the steps in all; 0 if that is not known.
Progress = Callable[[str, int, int], None]


@dataclass(frozen=True, kw_only=True, slots=True)
class Runtime:
    """One hub in one process; `process` identifies it, and changes with every restart.

    Once `ending` is set, runs end where nothing is under way; the next start continues from there.
    In a demo all sources are stand-ins. `mask` knows the secrets that this process has used.
    """

    config: Config
    clock: Clock
    vault: Vault
    plugins: Plugins
    mounts: Mapping[str, BaseAdapter] = field(default_factory=dict)
    process: str = field(default_factory=lambda: secrets.token_hex(8))
    ending: threading.Event = field(default_factory=threading.Event)
    is_demo: bool = False
    mask: SecretMask = field(default_factory=SecretMask)
    counts: Counts = field(default_factory=Counts)
    hook_calls: HookCalls = field(default_factory=HookCalls)


class Ending(BaseException):
    """The hub was asked to stop.

    A BaseException, so that no step that catches errors swallows it.
    """


def init_app(app: Flask, runtime: Runtime) -> None:
    """Bind the application to its runtime."""
    app.extensions["hub"] = runtime


def get_hub(app: Flask) -> Runtime:
    """Return the hub of an application."""
    runtime: Runtime = app.extensions["hub"]
    return runtime


def current_hub() -> Runtime:
    """Return the hub of the current application."""
    return get_hub(current_app)


def get_call_seconds(config: Config) -> float:
    """Return the time limit of one call; it is short while a person waits for a page."""
    seconds = config.deadline_seconds
    return min(seconds, PAGE_CALL_SECONDS) if has_request_context() else seconds


def find_stand_in(url: str) -> BaseAdapter | None:
    """Return the adapter of the stand-in in this process that serves an address; None if none does.

    It is a function without any reference to the stand-ins, because plugins hold it.
    """
    mounts = current_hub().mounts if has_app_context() else {}
    prefixes = [prefix for prefix in mounts if url.lower().startswith(prefix.lower())]
    return mounts[max(prefixes, key=len)] if prefixes else None


def mask_secrets(text: str) -> str:
    """Replace every secret that this process has used in a text by ***.

    Every text of a source or of QuickBooks goes through this before anyone can read it.
    """
    if not has_app_context():
        return text
    return current_hub().mask.clean(text)


def hide_secrets(secrets: Iterable[str]) -> None:
    """Mask these secrets from now on, in every text that goes through `mask_secrets`."""
    if has_app_context():
        current_hub().mask.add(secrets)


def freeze_gc() -> None:
    """Exempt everything loaded so far from garbage collection.

    It stays until the process ends; scanning it again and again took a fifth of a run.
    """
    gc.freeze()
    gc.set_threshold(GC_THRESHOLD, 20, 20)


def raise_if_ending() -> None:
    """Raise Ending if the hub was asked to stop; call this only where nothing is under way."""
    if current_hub().ending.is_set():
        raise Ending
