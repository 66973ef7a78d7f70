"""Check whether an app may post now: a person may pause or disable it while it runs."""

from hub import sources
from hub.errors import Sentence
from hub.models import Installation
from hub.scheduling.run_log import RunRecorder
from hub.scheduling.subjects import format_subject, is_loaded


def may_post(installation: Installation) -> bool:
    """Return whether an app is enabled, not paused, and its plugin loaded."""
    return sources.is_active_now(installation.id) and is_loaded(installation)


def note_inactivity(recorder: RunRecorder, installation: Installation) -> None:
    """Write to the log of a run why its app, which was active when the run began, sends no more.

    Raise the reason if its plugin is not loaded.
    """
    if not installation.is_active:
        return
    if not is_loaded(installation):
        sources.get_app(installation)
    if not sources.is_active_now(installation.id):
        text = Sentence(
            "%(name)s was paused or disabled during this run. What was not sent by then waits until"
            " the app may post again.",
            name=format_subject(installation),
        )
        recorder.line(text, "warning")
