"""The rate at which a source may be called, which all processes of the hub share.

Calls are counted as for QuickBooks' own limit: in a file of the data folder, or in a row of the
database if the hub is distributed. Plugins hold the functions of this module, so their arguments
are names only.
"""

import hashlib
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from typing import Any

from flask import has_app_context, has_request_context

from hub.context import current_hub, raise_if_ending
from hub.contract.rate import Rate
from hub.contract.types import App
from hub.errors import RateReached
from hub.models import Installation
from hub.rate_limits.limiter import Limits, NoSlot, RateLimiter, get_shared_limiter
from hub.rate_limits.shared_limiter import SharedRateLimiter

MAX_WAIT_SECONDS = 60.0  # for one call of a run; a longer wait ends the run, which continues later
MAX_PAGE_WAIT_SECONDS = 5.0  # while a person waits for a page
TURN_SECONDS = 5.0  # the longest part of a wait, after which a hub that is to end does so
CONCURRENT_CALLS = 20


def build_rate_functions(app: App, installation: Installation) -> dict[str, Any]:
    """Return the functions by which a client keeps the rate of its source; none without a rate.

    In a demo, calls are not spread over a long period: its stand-ins allow all of them at once, and
    a newcomer would wait for a minute without seeing why.
    """
    if not app.rate:
        return {}
    rate = Rate.parse(app.rate)
    if current_hub().is_demo and rate.is_divided:
        return {}
    name = _build_account_name(app, installation)
    return {
        "open_slot": partial(_open_slot, app.name, app.slug, rate, name),
        "on_throttled": partial(_pause, rate, name),
    }


def _build_account_name(app: App, installation: Installation) -> str:
    """Return the name under which the calls to an account of a source are counted.

    All installations that are bound to the account share it, and the apps of a plugin with the same
    rate. An installation that is not bound yet counts alone.
    """
    plugin_name = current_hub().plugins.get_plugin_name(app.slug)
    account = f"account {installation.tenant}"
    if installation.tenant is None:
        account = f"installation {installation.id}"
    digest = hashlib.sha256("\n".join((plugin_name, app.rate, account)).encode()).hexdigest()
    return f"source-{digest[:32]}"


@contextmanager
def _open_slot(app: str, slug: str, rate: Rate, name: str) -> Iterator[None]:
    """Wait until the rate allows one more call, and count it; raise RateReached if too late."""
    if not has_app_context():
        yield  # a thread of a plugin's own, which the hub does not know
        return
    with ExitStack() as slot:
        _enter(slot, app, slug, rate, name)
        yield


def _enter(slot: ExitStack, app: str, slug: str, rate: Rate, name: str) -> None:
    """Enter a slot of the limiter, in several turns if the wait is long."""
    clock = current_hub().clock
    limiter = _get_account_limiter(rate, name)
    is_page = has_request_context()
    until = clock.monotonic() + (MAX_PAGE_WAIT_SECONDS if is_page else MAX_WAIT_SECONDS)
    while True:
        now = clock.monotonic()
        try:
            slot.enter_context(limiter.slot(slug, until=min(until, now + TURN_SECONDS)))
            return
        except NoSlot as error:
            if now + error.after >= until:
                raise RateReached(app, str(rate), error.after) from None
            if not is_page:
                raise_if_ending()
            clock.sleep(min(error.after, TURN_SECONDS))


def _pause(rate: Rate, name: str, seconds: float) -> None:
    """Make all processes pause their calls to the source for the time that it asked for."""
    if has_app_context():
        _get_account_limiter(rate, name).note_throttling(seconds)


def _get_account_limiter(rate: Rate, name: str) -> RateLimiter | SharedRateLimiter:
    """Return the limiter of an account of a source in this process."""
    hub = current_hub()
    calls, seconds = rate.part
    limits = Limits(
        per_second=calls, per_period=calls, concurrent=CONCURRENT_CALLS, batches=1, period=seconds
    )
    return get_shared_limiter(name, limits, hub.clock, hub.config)
