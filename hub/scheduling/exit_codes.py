"""The exit code of a command that did some runs, and what they did not read."""

from collections.abc import Iterable, Mapping
from typing import Any

from hub.models import Run
from hub.models.enums import PostingState, RunKind, RunOutcome

# The count of a sync that did not read its source to the end; the next one goes on there.
CONTINUES_READING = "continues_reading"
# The count of a run that stopped only because a source asked to be called later.
ASKED_TO_WAIT = "asked_to_wait"
# States of documents and files that the exit code reports, the first that applies.
EXIT_CODES = {
    PostingState.UNKNOWN: 4,
    PostingState.HELD: 3,
    PostingState.REVIEW: 3,
    PostingState.WAITING: 5,
}


def get_exit_code(runs: Iterable[Run]) -> int:
    """Return the exit code of a command that did these runs.

    It is 1 if a run failed, else 4 if documents or files are in doubt, 3 if some are held or in
    review, 5 if some are not sent or not read yet, and 0 otherwise. A source that asks to be called
    later needs no person, so its run has not failed.
    """
    last_counts: dict[tuple[int | None, int | None], Mapping[str, Any]] = {}
    runs = list(runs)
    for run in runs:
        if run.outcome != RunOutcome.DONE and not run.counts.get(ASKED_TO_WAIT):
            return 1
        last_counts[run.company_id, run.installation_id] = run.counts

    open_states: set[PostingState] = set()
    for counts in last_counts.values():
        open_states.update(_list_open_states(counts))
    if describe_unread(runs):
        open_states.add(PostingState.WAITING)
    for state, code in EXIT_CODES.items():
        if state in open_states:
            return code
    return 0


def describe_unread(runs: Iterable[Run]) -> dict[int | None, str]:
    """Return a sentence about each installation whose last sync did not read its source to the end.

    A run that only posts says nothing about the source.
    """
    unread: dict[int | None, str] = {}
    for run in runs:
        if run.kind == RunKind.SYNC:
            unread.pop(run.installation_id, None)
            if run.counts.get(CONTINUES_READING):
                reason = "was not read to the end"
            elif run.counts.get(ASKED_TO_WAIT):
                reason = "asks to be called later"
            else:
                continue
            unread[run.installation_id] = (
                f"Its source {reason}; the next sync goes on there. `hub runs {run.id}` says why."
            )
    return unread


def _list_open_states(counts: Mapping[str, Any]) -> list[PostingState]:
    """Return the states that are not final and that some documents, files or changes are in."""
    file_counts = counts.get("files", {})
    states = [state for state in EXIT_CODES if counts.get(state) or file_counts.get(state)]
    is_waiting = counts.get("postponed") or counts.get(ASKED_TO_WAIT)
    return [*states, PostingState.WAITING] if is_waiting else states
