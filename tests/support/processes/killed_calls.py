"""Acts of the hub that are killed at one of their calls."""

from contextlib import suppress

import pytest

from hub.posting.send import pipeline, results
from hub.qbo.client import Client

DEADLY_CALLS = (
    (Client, "create"),
    (Client, "batch"),
    (Client, "query"),
    (pipeline, "claim_prepared"),
    (pipeline, "record_results"),
    (results, "apply_step"),
)


class Killed(BaseException):
    """The process is killed at this moment."""


def run_until_killed(act, call_number, *, is_done):
    """Run an act that is killed at one of its deadly calls: once that is done, or before."""
    calls = iter(range(1, 10**6))

    def kill_at_call(function):
        def call(*args, **options):
            is_last = next(calls) == call_number
            result = function(*args, **options) if is_done or not is_last else None
            if is_last:
                raise Killed
            return result

        return call

    with pytest.MonkeyPatch.context() as patched, suppress(Killed):
        for owner, name in DEADLY_CALLS:
            patched.setattr(owner, name, kill_at_call(getattr(owner, name)))
        act()
