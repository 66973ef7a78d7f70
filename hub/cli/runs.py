"""Runs, reconciliation, and a restored database: `hub runs`, `reconcile`, `restored`."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import click

from hub.cli import person
from hub.cli.console import (
    as_json,
    handle_end_signals,
    row_count,
    row_id,
    with_hub,
    with_process_lock,
)
from hub.cli.selection import find_companies
from hub.cli.terminal import Terminal, get_account_name, print_json, print_table, say

if TYPE_CHECKING:
    from hub.models import ConnectedCompany, Run


@click.command()
@click.argument("run_id", metavar="[ID]", required=False, type=row_id)
@click.option(
    "--limit", type=row_count, default=20, show_default=True, help="How many, newest first."
)
@as_json
@with_hub
def runs(run_id: int | None, limit: int, as_json: bool) -> None:
    """List the runs, newest first; with an ID, its log lines."""
    from hub.scheduling import summary

    if run_id is not None:
        lines = summary.load_log_lines(run_id)
        if as_json:
            print_json(lines)
        else:
            rows = [[line["at"], line["level"], line["text"]] for line in lines]
            print_table(("at", "level", "text"), rows, "It has no lines.")
        return
    recent = summary.list_recent_runs(limit, person.visible_rows("viewer").runs())
    if as_json:
        print_json(recent)
        return
    columns = ("id", "kind", "app", "company", "started", "state", "text")
    rows = [[row[name] for name in columns] for row in recent]
    print_table((*columns[:-1], ""), rows, "Nothing ran yet.")


@click.command()
@click.option("--realm", metavar="R", help="Only this QuickBooks company; else each in turn.")
@as_json
@with_hub
@with_process_lock
def reconcile(realm: str | None, as_json: bool) -> None:
    """Compare QuickBooks with the posted documents.

    Document by document, and in sum; ends with 3 when something is wrong. With --json the result of
    one company is an object; for several companies it is an object with one for each, by realm.
    """
    from hub.posting.reconcile.result import needs_attention
    from hub.scheduling.exit_codes import get_exit_code

    rows = _select_connected(_select_permitted(find_companies(realm)))
    is_titled = len(rows) > 1 and not as_json
    runs_by_realm: dict[str, Run] = {}
    with handle_end_signals(lambda: _name_uncompared(rows, runs_by_realm)):
        for row in rows:
            runs_by_realm[row.realm] = _reconcile_company(row, is_titled=is_titled, silent=as_json)
    if as_json:
        results = {realm: run.counts for realm, run in runs_by_realm.items()}
        print_json(results if len(rows) > 1 else results[rows[0].realm])
    has_troubles = any(needs_attention(run) for run in runs_by_realm.values())
    raise SystemExit(get_exit_code(runs_by_realm.values()) or (3 if has_troubles else 0))


def _select_connected(rows: "list[ConnectedCompany]") -> "list[ConnectedCompany]":
    """Return the companies that are not disconnected; all of them if each one is."""
    from hub.models.enums import ConnectionState

    connected_rows = [row for row in rows if row.state != ConnectionState.DISCONNECTED]
    return connected_rows or rows


def _select_permitted(rows: "list[ConnectedCompany]") -> "list[ConnectedCompany]":
    """Return the companies that the person may reconcile; raise RoleNeeded if there are none."""
    permitted_rows = [row for row in rows if person.visible_rows("operator").has_company(row.id)]
    if not permitted_rows:
        raise person.refusal("operator", "a company")
    return permitted_rows


def _name_uncompared(rows: "Sequence[ConnectedCompany]", runs_by_realm: "Mapping[str, Run]") -> str:
    """Return which companies were not reconciled to the end, for a person who ended the command."""
    names = [row.display_name for row in rows if row.realm not in runs_by_realm]
    return (
        "What was compared so far is stored, and nothing was changed in QuickBooks. Not compared to"
        f" the end: {', '.join(names)}. The next reconciliation, by night or by this command,"
        " compares everything."
    )


def _reconcile_company(row: "ConnectedCompany", *, is_titled: bool, silent: bool) -> "Run":
    """Reconcile one company and print the result, or why it could not be done."""
    from hub.models.enums import RunKind
    from hub.scheduling import runner

    name = row.display_name
    terminal = Terminal(name)
    try:
        run = runner.run_company_job(
            RunKind.RECONCILE, row.id, requested_by=get_account_name(), progress=terminal, wait=True
        )
    finally:
        terminal.clear()
    if is_titled:
        say(f"{name}:")
    if run.error:
        click.echo(f"{name}: {run.error}" if is_titled else run.error, err=True)
    elif not silent:
        _print_reconciliation(run)
    return run


@click.command()
@with_hub
@with_process_lock
def restored() -> None:
    """Tell the hub that its database was restored from a backup.

    Everything that may have been posted after the backup is then looked for in QuickBooks before
    anything is sent.
    """
    from hub.transfer import restore_rule

    restore_rule.apply(get_account_name())
    say(
        "Noted. What may have been posted since the backup is looked for in QuickBooks before"
        " anything is sent again."
    )


def _print_reconciliation(run: "Run") -> None:
    """Print the totals, the differences and the next step."""
    from hub.posting.reconcile.result import ReconciliationResult

    result = ReconciliationResult.load(run.counts)
    columns = (
        "app",
        "kind",
        "period",
        "currency",
        "documents",
        "source",
        "posted",
        "quickbooks",
        "difference",
        "differing",
        "apart",
    )
    lines = [line.dump() for line in result.totals]
    rows = [[line[column] for column in columns] for line in lines]
    print_table(columns, rows, "Nothing is posted yet.")
    say()
    for difference in result.differences:
        note = " Somebody looked at it and left it so." if difference.is_accepted else ""
        say(f"{difference.reason}{note}")
    for marker in result.marker_differences:
        say(marker.reason)
    for total in result.other_source_totals:
        say(total.reason)
    say(f"{result.summary}.")
    if result.troubles:
        say("`hub cases` says what to do.")
