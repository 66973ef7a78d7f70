"""What ran, the nightly proof, and a database that was put back: `hub runs`, `reconcile`, `restored`."""

from typing import TYPE_CHECKING, Any

import click

from hub.cli.console import (
    Terminal,
    as_json,
    at_work,
    companies,
    inside,
    print_json,
    row_count,
    row_id,
    say,
    table,
    who,
)

if TYPE_CHECKING:
    from hub.models import Company, Run


@click.command()
@click.argument("run_id", metavar="[ID]", required=False, type=row_id)
@click.option(
    "--limit", type=row_count, default=20, show_default=True, help="How many, newest first."
)
@as_json
@inside
def runs(run_id: int | None, limit: int, as_json: bool) -> None:
    """List what ran, newest first; with an ID its log lines."""
    from hub.scheduling import summary

    if run_id is not None:
        lines = summary.log_lines(run_id)
        if as_json:
            print_json(lines)
        else:
            rows = [[line["at"], line["level"], line["text"]] for line in lines]
            table(("at", "level", "text"), rows, "It has no lines.")
        return
    found = summary.recent_runs(limit)
    if as_json:
        print_json(found)
        return
    columns = ("id", "kind", "app", "company", "started", "outcome", "text")
    rows = [[row[name] for name in columns] for row in found]
    table((*columns[:-1], ""), rows, "Nothing ran yet.")


@click.command()
@click.option("--realm", metavar="R", help="Only this QuickBooks company; else each in turn.")
@as_json
@inside
@at_work
def reconcile(realm: str | None, as_json: bool) -> None:
    """Prove that QuickBooks holds what was posted.

    Document by document, and in sum; ends with 3 when something is wrong. With --json the proof of
    one company is an object; of several there is one for each, by realm.
    """
    from hub.scheduling.runner import exit_code

    known = companies(realm)
    rows = [row for row in known if row.state != "disconnected"] or known
    done = {
        row.realm: _proved(row, titled=len(rows) > 1 and not as_json, silent=as_json)
        for row in rows
    }
    if as_json:
        proofs = {realm: ended.counts for realm, ended in done.items()}
        print_json(proofs if len(rows) > 1 else proofs[rows[0].realm])
    troubles = any(ended.counts.get("troubles") for ended in done.values())
    raise SystemExit(exit_code(done.values()) or (3 if troubles else 0))


def _proved(row: "Company", *, titled: bool, silent: bool) -> "Run":
    """The run that proved one company; why it could not be done stands among the errors."""
    from hub.scheduling import runner

    name = row.name or row.realm
    terminal = Terminal(name)
    try:
        done = runner.company("reconcile", row.id, asked_by=who(), progress=terminal, wait=True)
    finally:
        terminal.clear()
    if titled:
        say(f"{name}:")
    if done.error:
        click.echo(f"{name}: {done.error}" if titled else done.error, err=True)
    elif not silent:
        _told(done.counts)
    return done


@click.command()
@inside
@at_work
def restored() -> None:
    """Say that the database was put back from a backup.

    Everything that may have been posted after the backup is then looked for in QuickBooks before
    anything is sent.
    """
    from hub.db.engine import transaction
    from hub.posting.recovery import restore
    from hub.security import audit

    restore.restored()
    with transaction() as session:
        audit.restored(session, who())
    say(
        "Noted. What may have been posted since the backup is looked for in QuickBooks before anything is sent again."
    )


def _told(proof: dict[str, Any]) -> None:
    from hub.posting.reconcile import run as reconcile_run

    heads = (
        "app", "kind", "period", "currency", "documents", "source", "posted", "quickbooks", "difference", "differing",
        "apart",
    )  # fmt: skip
    table(
        heads, [[row[head] for head in heads] for row in proof["totals"]], "Nothing is posted yet."
    )
    say()
    for row in proof["wrong"]:
        say(row["reason"] + (" Somebody looked at it and left it so." if row["accepted"] else ""))
    for row in (*proof["strangers"], *proof["apart"]):
        say(row["reason"])
    say(f"{reconcile_run.told(proof)}.")
    if proof["troubles"]:
        say("`hub cases` says what to do.")
