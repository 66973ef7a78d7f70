"""Collecting and posting now: `hub sync`."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import click

from hub.cli.console import (
    Terminal,
    as_json,
    at_work,
    ends_in_order,
    inside,
    print_json,
    realm_option,
    say,
    who,
)

if TYPE_CHECKING:
    from hub.models import Installation, Run

MAX_SUGGESTION_IDS = 5000  # ids of documents among which the nearest one is suggested


@click.command()
@click.argument("slug", required=False)
@realm_option
@click.option(
    "--only",
    "ids",
    multiple=True,
    metavar="ID",
    help="This document of SLUG alone, by its id at the source.",
)
@as_json
@inside
@at_work
def sync(slug: str | None, realm: str | None, ids: tuple[str, ...], as_json: bool) -> None:
    """Collect, post and report now; all apps, or SLUG.

    Posts until nothing is left to send. Waits for answers in doubt and for another process that
    works on the company. Ends with 0 when all is posted, 3 when some documents or files are held or
    in review (`hub cases` says what to do), 4 when some are in doubt, 1 when a run could not be
    done or was told to end (SIGTERM or Ctrl-C): then what is being sent comes to its end first.
    """
    from hub.scheduling import runner, summary

    if ids and not slug:
        raise click.UsageError("Say which app the documents of --only belong to.")
    with ends_in_order():
        rows = installations(slug, realm)
        runs = sync_all(rows, ids)
    result = summary.summarize_runs(runs)
    if as_json:
        print_json(result)
    else:
        say(summary.format_summary(result, runs))
    _require_documents(rows, runs, ids)
    raise SystemExit(runner.exit_code(runs))


def _require_documents(
    rows: "Sequence[Installation]", runs: "Sequence[Run]", ids: Sequence[str]
) -> None:
    """Raise NotFound for an id that was asked for and that no source has."""
    from sqlalchemy import select

    from hub.db.engine import reading
    from hub.errors import NotFound
    from hub.models import SourceDocument

    if any(run.outcome != "done" for run in runs):
        return  # the source may have it: the reason why it was not read was printed
    is_of_apps = SourceDocument.installation_id.in_([row.id for row in rows])
    with reading() as session:
        requested = select(SourceDocument.source_id).where(
            is_of_apps, SourceDocument.source_id.in_(ids)
        )
        stored = set(session.scalars(requested))
        other_ids = select(SourceDocument.source_id).where(is_of_apps).limit(MAX_SUGGESTION_IDS)
        for id in ids:
            if id not in stored:
                raise NotFound(
                    f"document of {rows[0].slug} with the id", id, session.scalars(other_ids)
                )


def sync_all(rows: "Sequence[Installation]", ids: tuple[str, ...] = ()) -> "list[Run]":
    """Sync each app, then those that another app's matches release; post what became ready."""
    from hub.context import current
    from hub.scheduling import pending_work, runner

    runs = [_run_with_progress(row, runner.sync, ids=ids) for row in rows]
    active = [row for row, run in zip(rows, runs, strict=True) if run.outcome == "done"]
    runs += _sync_released(rows)
    while ready := pending_work.sendable([row.id for row in active], current().clock.now()):
        still_active = []
        for row in active:
            if row.id not in ready:
                continue
            run = _run_with_progress(row, runner.post)
            runs.append(run)
            if run.counts.get("requests", {}).get("writes"):
                still_active.append(row)
        active = still_active
    return runs


def _sync_released(rows: "Sequence[Installation]") -> "list[Run]":
    """Do the syncs that the runs of other apps requested for these apps."""
    from hub.scheduling import run_log, runner

    by_id = {row.id: row for row in rows}
    return [
        _run_with_progress(by_id[waiting.installation_id], runner.sync, run_id=waiting.id)
        for waiting in run_log.waiting()
        if waiting.kind == "sync"
        and waiting.asked_by == run_log.ENGINE
        and waiting.installation_id in by_id
    ]


def _run_with_progress(row: "Installation", work: "Callable[..., Run]", **options: Any) -> "Run":
    """Run one app, showing its progress, and the reason if it could not be done."""
    from hub.context import current

    terminal = Terminal(current().plugins.apps[row.slug].name)
    try:
        run = work(row.id, asked_by=who(), progress=terminal, wait=True, **options)
    finally:
        terminal.clear()
    if run.error:
        terminal.line(run.error)
    return run


def installations(slug: str | None, realm: str | None) -> "list[Installation]":
    """Return the enabled apps to run; raise why if there are none, or all are paused."""
    from sqlalchemy import select

    from hub.cli.console import company
    from hub.db.engine import reading
    from hub.errors import NotFound, NotNow, Refused
    from hub.models import Installation

    with reading() as session:
        enabled = list(
            session.scalars(
                select(Installation).where(Installation.enabled).order_by(Installation.id)
            )
        )
    if realm is not None:
        company_id = company(realm).id
        enabled = [row for row in enabled if row.company_id == company_id]
    if slug is not None:
        of_app = [row for row in enabled if row.slug == slug]
        if not of_app:
            raise NotFound("enabled app", slug, {row.slug for row in enabled})
        return of_app
    if not enabled:
        raise Refused(
            "No app is enabled yet; `hub apps list` shows them, `hub apps enable SLUG` sets one up."
        )
    running = [row for row in enabled if row.mode != "paused"]
    if not running:
        raise NotNow(
            "Every enabled app is paused; `hub apps set SLUG --mode auto` lets one run again."
        )
    return running
