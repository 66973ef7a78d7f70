"""Whether an app may post at this moment: a person may pause or disable it while it runs."""

from sqlalchemy import select

from hub import sources
from hub.db.engine import read_only_session
from hub.errors import Sentence
from hub.models import Installation
from hub.scheduling.run_log import RunRecorder
from hub.scheduling.subjects import format_subject, is_loaded


def may_post(installation: Installation) -> bool:
    """Return whether an app is enabled, not paused, and its plugin loaded."""
    return _is_active(installation) and is_loaded(installation)


def explain_rest(recorder: RunRecorder, installation: Installation) -> None:
    """Write to the log of a run why its app, which was active when the run began, sends no more.

    Raise the reason if its plugin is not loaded.
    """
    if not installation.is_active:
        return
    if not is_loaded(installation):
        sources.app_of(installation)
    if not _is_active(installation):
        text = Sentence(
            "%(name)s was paused or disabled during this run. What was not sent by then waits until"
            " the app may post again.",
            name=format_subject(installation),
        )
        recorder.line(text, "warning")


def _is_active(installation: Installation) -> bool:
    """Return whether an app is enabled and not paused, as it is stored now."""
    query = select(Installation.is_active).where(Installation.id == installation.id)
    with read_only_session() as session:
        return bool(session.scalar(query))
