"""Name the hooks of plugins that have been running for long, such as one that sleeps."""

import logging

from hub.context import current_hub
from hub.errors import Sentence
from hub.scheduling.run_log import RunRecorder

SECONDS_PER_MINUTE = 60
log = logging.getLogger("hub")


def report() -> int:
    """Name each hook that has been running for long in the log and in the log of its run.

    Return the number of these hooks. They cannot be ended from outside.
    """
    hub = current_hub()
    long_calls = hub.hook_calls.take_long(hub.clock.monotonic())
    for call, seconds in long_calls:
        app = hub.plugins.apps.get(call.slug)
        text = Sentence(
            "The plugin of %(app)s has been in its hook %(hook)s for %(count)s minutes. What waits"
            " for it continues once it returns.",
            app=app.name if app else call.slug,
            hook=call.hook,
            count=int(seconds) // SECONDS_PER_MINUTE,
        )
        log.warning("%s", text, extra={"app": call.slug, "hook": call.hook, "run_id": call.run_id})
        if call.run_id is not None:
            RunRecorder(call.run_id).line(text, "warning")
    return len(long_calls)
