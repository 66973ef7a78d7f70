"""What ran, the nightly proof, and a database that was put back: `hub runs`, `reconcile`, `restored`."""

from typing import Any

import click

from hub.cli.frame import Terminal, as_json, inside, moment, print_json, realm_option, say, table, who


@click.command()
@click.argument("run_id", metavar="[ID]", required=False, type=int)
@click.option("--limit", default=20, show_default=True, help="How many, newest first.")
@as_json
@inside
def runs(run_id: int | None, limit: int, as_json: bool) -> None:
    """List what ran, newest first; with an ID its log lines."""
    from hub.engine import summary

    if run_id is not None:
        lines = summary.lines(run_id)
        if as_json:
            print_json(lines)
        else:
            table(("at", "level", "text"), [tuple(line.values()) for line in lines], "It has no lines.")
        return
    found = summary.recent(limit)
    if as_json:
        print_json(found)
        return
    rows = [(row["id"], row["kind"], row["app"], moment(row["started"]), row["outcome"], row["text"]) for row in found]
    table(("id", "kind", "app", "started", "outcome", ""), rows, "Nothing ran yet.")


@click.command()
@realm_option
@as_json
@inside
def reconcile(realm: str | None, as_json: bool) -> None:
    """Prove that QuickBooks holds what was posted.

    Document by document, and in sum; ends with 3 when something is wrong.
    """
    from hub.cli.frame import company
    from hub.engine import run

    row = company(realm)
    terminal = Terminal(row.name or row.realm)
    try:
        done = run.company("reconcile", row.id, asked_by=who(), progress=terminal, wait=True)
    finally:
        terminal.clear()
    if as_json:
        print_json(done.counts)
    elif not done.error:
        _told(done.counts)
    if done.error:
        click.echo(done.error, err=True)
    raise SystemExit(run.exit_code([done]) or (3 if done.counts.get("troubles") else 0))


@click.command()
@inside
def restored() -> None:
    """Say that the database was put back from a backup.

    Everything that may have been posted after the backup is then looked for in QuickBooks before anything is sent.
    """
    from hub import audit
    from hub.posting import restore
    from hub.store import transaction

    restore.restored()
    with transaction() as session:
        audit.restored(session, who())
    say("Noted. What may have been posted since the backup is looked for in QuickBooks before anything is sent again.")


def _told(proof: dict[str, Any]) -> None:
    from hub.posting import reconcile

    heads = ("app", "kind", "period", "currency", "documents", "source", "posted", "quickbooks", "difference")
    table(heads, [[row[head] for head in heads] for row in proof["totals"]], "Nothing is posted yet.")
    for row in proof["wrong"]:
        say(row["reason"] + (" Somebody looked at it and left it so." if row["accepted"] else ""))
    for row in (*proof["strangers"], *proof["apart"]):
        say(row["reason"])
    say(f"{reconcile.told(proof)}.")
    if proof["troubles"]:
        say(f"{proof['troubles']:,} to look at: `hub cases` says what to do.")
