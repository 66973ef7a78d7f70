"""The steps of one run: each may fail without stopping the others."""

import logging
from collections.abc import Callable
from typing import Any, TypeVar

from hub.context import mask_secrets
from hub.db.engine import read_only_session
from hub.errors import (
    DatabaseUnavailable,
    HubError,
    RateReached,
    Retry,
    Sentence,
    TooOften,
    WorkInterrupted,
)
from hub.models import Run
from hub.scheduling import run_result
from hub.scheduling.exit_codes import ASKED_TO_WAIT
from hub.scheduling.run_log import RunRecorder

T = TypeVar("T")
log = logging.getLogger("hub")


class Steps:
    """The steps of one run: an error in one is recorded, and the next continues."""

    def __init__(
        self,
        recorder: RunRecorder,
        *,
        requested_by: str,
        wait: bool = False,
        ids: tuple[str, ...] = (),
    ) -> None:
        self.recorder = recorder
        self.wait = wait
        self.requested_by = requested_by
        self.ids = ids
        self.errors: list[str] = []
        self.pause_count = 0  # errors with which a source asked to be called later
        self.only_source_failed = True  # every error so far was one of a source
        self.is_database_lost = False  # at some step, so the run is due again at once
        self.continue_after: float | None = None  # seconds until the source may be called again
        self.counts: dict[str, Any] = {}
        # What the run found at its start; None for a run of a company.
        self.before: run_result.StatesBeforeRun | None = None

    def step(self, phase: str, work: Callable[[], T]) -> T | None:
        """Do the work of a step and return its result; on an error record it and return None.

        If the rate limit of the source is reached, the run continues later without an error. Raise
        LeaseLost and OtherFolderActive, because another process now does the work of all steps.
        """
        self.recorder.progress(phase)
        try:
            return work()
        except DatabaseUnavailable as error:
            text = error.text
            self.is_database_lost = True
        except WorkInterrupted:
            raise
        except RateReached as error:
            self.continue_later(error.text, error.after)
            return None
        except HubError as error:
            text = error.text
            self.only_source_failed = self.only_source_failed and error.from_source
            self.pause_count += _asks_for_pause(error)
        except Exception as error:
            log.exception("run %s, %s", self.recorder.run_id, phase)
            self.only_source_failed = False
            summary_text = " ".join(mask_secrets(str(error)).split())[:200]
            text = Sentence(
                "%(phase)s failed because of a defect (%(kind)s: %(text)s); the log has the"
                " details.",
                phase=phase.capitalize(),
                kind=type(error).__name__,
                text=summary_text,
            )
        self.errors.append(text)
        self.recorder.line(text, "error")
        return None

    def continue_later(self, text: str, seconds: float | None) -> None:
        """Note that the run has more to do, and after how many seconds it can continue."""
        self.continue_after = seconds
        self.recorder.line(text, "warning")

    def remember_states(self, installation_id: int) -> None:
        """Remember the postings of the app, so that the end of the run can report what it did."""
        with read_only_session() as session:
            self.before = run_result.load_states(session, installation_id)

    def end(self, error: str = "", *, again: bool = False) -> Run:
        """Close the run with the counts of what it did, and return it."""
        if self.before:
            with read_only_session() as session:
                changes = run_result.count_changes(session, self.before)
            self.counts["result"] = changes
            if changes:
                result = run_result.format_result(changes)
                self.recorder.line(Sentence("Result: %(counts)s.", counts=result))
        if not error and self.errors and self.pause_count == len(self.errors):
            self.counts[ASKED_TO_WAIT] = True
        error = error or " ".join(self.errors)
        return self.recorder.end(
            self.counts, error, again=again, continue_after=self.continue_after
        )


def _asks_for_pause(error: HubError) -> bool:
    """Return whether the source works, but asks to be called later."""
    has_time = isinstance(error, Retry) and bool(error.after)
    return error.from_source and (has_time or isinstance(error, TooOften))
