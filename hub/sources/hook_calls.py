"""Track which hook of a plugin is running, and in which run."""

from collections.abc import Iterator
from contextlib import AbstractContextManager
from typing import TypeVar, cast

from hub.context import current_hub
from hub.telemetry import log_context
from hub.telemetry.hook_calls import HookCall

T = TypeVar("T")
_END = object()


def note(slug: str, hook: str) -> AbstractContextManager[None]:
    """Mark a hook of an app as running for the duration of the block."""
    hub = current_hub()
    run_id = log_context.current_fields().get("run_id")
    call = HookCall(
        slug=slug,
        hook=hook,
        run_id=run_id if isinstance(run_id, int) else None,
        began=hub.clock.monotonic(),
    )
    return hub.hook_calls.note(call)


def iterate(slug: str, hook: str, items: Iterator[T]) -> Iterator[T]:
    """Yield the items of a hook; it counts as running only while it produces the next item."""
    while True:
        with note(slug, hook):
            item = next(items, _END)
        if item is _END:
            return
        yield cast(T, item)
