"""The runs of a sync at a terminal: every app in turn, until nothing is left to post."""

from collections.abc import Callable, Mapping, Sequence
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

    names = _name_with_companies(rows)
    runs = [_run_with_progress(row, runner.sync, names, ids=ids) for row in rows]
    active = [row for row, run in zip(rows, runs, strict=True) if run.outcome == RunOutcome.DONE]
    runs += _sync_released(rows, names)
    while True:
        active_ids = [row.id for row in active]
        ready = pending_work.select_sendable(active_ids, current_hub().clock.now())
        if not ready:
            return runs
        still_active = []
        for row in active:
            if row.id not in ready:
                continue
            run = _run_with_progress(row, runner.post, names)
            runs.append(run)
            if run.counts.get("result"):  # else QuickBooks throttles each write, for example
                still_active.append(row)
        active = still_active


def _name_with_companies(rows: "Sequence[Installation]") -> dict[int, str]:
    """Return the name of each app with its company; nothing if all are of one company."""
    if len({row.company_id for row in rows}) == 1:
        return {}
    return {row.id: f"{get_app_name(row.slug)} of {row.company.display_name}" for row in rows}


def _sync_released(rows: "Sequence[Installation]", names: "Mapping[int, str]") -> "list[Run]":
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
            runs.append(_run_with_progress(row, runner.sync, names, run_id=waiting.id))
    return runs


def _run_with_progress(
    row: "Installation", work: "Callable[..., Run]", names: "Mapping[int, str]", **options: Any
) -> "Run":
    """Run one app, showing its progress, and the reason if it could not be done.

    If apps of several companies run, `names` has what to call each of them.
    """
    name = names.get(row.id)
    terminal = Terminal(name or get_app_name(row.slug))
    try:
        run = work(row.id, requested_by=get_account_name(), progress=terminal, wait=True, **options)
    finally:
        terminal.clear()
    if run.error:
        terminal.line(f"{name}: {run.error}" if name else run.error)
    return run
