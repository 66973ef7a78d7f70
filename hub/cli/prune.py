"""Remove what is no longer needed: `hub prune`."""

import click

from hub.cli.console import as_json, handle_end_signals, with_hub
from hub.cli.terminal import Terminal, get_account_name, print_json, print_table

ENDED = "What was pruned is in the audit log; the next `hub prune` goes on from there."


@click.command()
@click.option("--dry-run", is_flag=True, help="Only count what would be removed.")
@as_json
@with_hub
def prune(dry_run: bool, as_json: bool) -> None:
    """Remove old rows that nothing reads any more.

    They are log lines, runs, bodies of receipts and replaced payloads; postings always stay. The
    settings HUB_KEEP_... say after how many days. It may run beside `hub serve`, and be
    interrupted: the next one continues.
    """
    from hub.scheduling import retention

    if dry_run:
        counts = retention.count()
    else:
        terminal = Terminal("prune")
        with handle_end_signals(ENDED):
            counts = retention.prune(get_account_name(), terminal.count)
        terminal.clear()
    if as_json:
        print_json(counts)
        return
    head = "would be pruned" if dry_run else "pruned"
    print_table(("what", head), list(counts.items()), "")
