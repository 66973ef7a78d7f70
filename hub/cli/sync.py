"""Collect and post now: `hub sync`."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from hub.cli import person, rights
from hub.cli.console import (
    as_json,
    handle_end_signals,
    only_realm_option,
    with_hub,
    with_process_lock,
)
from hub.cli.selection import find_installations, get_app_name
from hub.cli.sync_runs import sync_all
from hub.cli.terminal import get_account_name, print_json, say

if TYPE_CHECKING:
    from hub.models import Installation, Run

MAX_SUGGESTION_IDS = 5000  # ids of documents among which the nearest one is suggested


@click.command()
@click.argument("slug", required=False)
@only_realm_option
@click.option(
    "--only",
    "ids",
    multiple=True,
    metavar="ID",
    help="This document of SLUG alone, by its id at the source.",
)
@click.option(
    "--from-start",
    is_flag=True,
    help=(
        "Read everything of SLUG again, not only what changed: after a correction of its plugin, or"
        " if a document is missing. Nothing is posted twice."
    ),
)
@as_json
@with_hub
@with_process_lock
def sync(
    slug: str | None, realm: str | None, ids: tuple[str, ...], from_start: bool, as_json: bool
) -> None:
    """Collect, post and report now; all apps, or SLUG.

    Posts until nothing is left to send. Waits for answers in doubt and for another process that
    works on the company. Ends with 0 when all is posted, 3 when some documents or files are held or
    in review (`hub cases` says what to do), 4 when some are in doubt, 5 when some are not sent yet
    or a source was not read to the end or asks to be called later (the next sync goes on), 1 when a
    run could not be done or was asked to stop (SIGTERM or Ctrl-C): then what is being sent comes to
    its end first.
    """
    from hub.scheduling import exit_codes, summary

    if ids and not slug:
        raise click.UsageError("Say which app the documents of --only belong to.")
    if from_start and (ids or not slug):
        raise click.UsageError("--from-start reads all documents of one app: name it, and no ids.")
    with handle_end_signals():
        rows = find_installations(slug, realm, "operator")
        rows = [row for row in rows if row.is_active] or rows  # a run says that its app is paused
        if from_start:
            _start_over(rows)
        runs = sync_all(rows, ids)
    visible_cases = person.visible_rows("viewer").cases()
    max_cases = None if as_json else summary.MAX_CASES
    result = summary.summarize_runs(runs, visible_cases, max_cases=max_cases)
    if as_json:
        print_json(result)
    else:
        say(summary.format_summary(result, runs))
    _require_documents(rows, runs, ids)
    raise SystemExit(exit_codes.get_exit_code(runs))


def _start_over(rows: "Sequence[Installation]") -> None:
    """Let the sync read everything again; raise RoleNeeded if the person may not ask for that."""
    from hub.installations import full_reading

    rights.require("app-owner")
    for row in rows:
        rights.require_settings(row)
    for row in rows:
        full_reading.start_over(row.id, get_account_name())
        name = f"{get_app_name(row.slug)} is read from the beginning for {row.company.display_name}"
        say(
            f"{name}: nothing is posted twice, and skipped documents stay skipped. A document that"
            " is now read differently is changed in QuickBooks, or waits for a review.",
            err=True,
        )


def _require_documents(
    rows: "Sequence[Installation]", runs: "Sequence[Run]", ids: Sequence[str]
) -> None:
    """Raise NotFound for an id that was asked for and that no source has."""
    from sqlalchemy import select

    from hub.db.engine import read_only_session
    from hub.errors import NotFound
    from hub.models import SourceDocument
    from hub.models.enums import RunOutcome
    from hub.scheduling.exit_codes import describe_unread

    if any(run.outcome != RunOutcome.DONE for run in runs) or describe_unread(runs):
        return  # the source may have it: the reason why it was not read was printed
    is_of_apps = SourceDocument.installation_id.in_([row.id for row in rows])
    with read_only_session() as session:
        query = select(SourceDocument.source_id).where(
            is_of_apps, SourceDocument.source_id.in_(ids)
        )
        stored_ids = set(session.scalars(query))
        other_ids = select(SourceDocument.source_id).where(is_of_apps).limit(MAX_SUGGESTION_IDS)
        for id in ids:
            if id not in stored_ids:
                raise NotFound(
                    f"document of {rows[0].slug} with the id", id, session.scalars(other_ids)
                )
