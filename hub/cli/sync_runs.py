"""The runs of a sync at a terminal: every app in turn, until nothing is left to post."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from hub.cli.selection import get_app_name
from hub.cli.terminal import Terminal, get_account_name

if TYPE_CHECKING:
    from hub.models import Installation, Run


def sync_all(rows: "Sequence[Installation]", ids: tuple[str, ...] = ()) -> "list[Run]":
    """Sync each app, then those that another app's matches release; post what became ready."""
    from hub.context import current_hub
    from hub.models.enums import RunOutcome
    from hub.scheduling import pending_work, runner

    runs = [_run_with_progress(row, runner.sync, ids=ids) for row in rows]
    active = [row for row, run in zip(rows, runs, strict=True) if run.outcome == RunOutcome.DONE]
    runs += _sync_released(rows)
    while True:
        active_ids = [row.id for row in active]
        ready = pending_work.select_sendable(active_ids, current_hub().clock.now())
        if not ready:
            return runs
        still_active = []
        for row in active:
            if row.id not in ready:
                continue
            run = _run_with_progress(row, runner.post)
            runs.append(run)
            if run.counts.get("result"):  # else QuickBooks throttles each write, for example
                still_active.append(row)
        active = still_active


def _sync_released(rows: "Sequence[Installation]") -> "list[Run]":
    """Do the syncs that the runs of other apps requested for these apps."""
    from hub.models.enums import RunKind
    from hub.scheduling import run_log, runner

    by_id = {row.id: row for row in rows}
    runs = []
    for waiting in run_log.list_waiting_runs():
        if waiting.kind != RunKind.SYNC or waiting.requested_by != run_log.ENGINE:
            continue
        row = by_id.get(waiting.installation_id or 0)
        if row is not None:
            runs.append(_run_with_progress(row, runner.sync, run_id=waiting.id))
    return runs


def _run_with_progress(row: "Installation", work: "Callable[..., Run]", **options: Any) -> "Run":
    """Run one app, showing its progress, and the reason if it could not be done."""
    terminal = Terminal(get_app_name(row.slug))
    try:
        run = work(row.id, requested_by=get_account_name(), progress=terminal, wait=True, **options)
    finally:
        terminal.clear()
    if run.error:
        terminal.line(run.error)
    return run
