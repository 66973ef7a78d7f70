"""Backups, restoring them, and moving the hub to another database."""

import os
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from hub.cli import vault_check
from hub.cli.console import hub, with_hub
from hub.cli.terminal import Terminal, count_of, format_moment, get_account_name, print_table, say

if TYPE_CHECKING:
    from flask import Flask

    from hub.config import Config
    from hub.transfer.archive import Archive
    from hub.transfer.proof import CopyProof

FILE_NAME = "hub-backup-{:%Y%m%d-%H%M%S}.zip"


@click.command()
@click.argument("target", metavar="PATH", type=click.Path())
@click.option(
    "--with-keys", is_flag=True, help="Add the key files: the backup alone then opens everything."
)
@with_hub
def backup(target: str, with_keys: bool) -> None:
    """Write a backup of the hub.

    PATH is a file, or a folder that gets a new file. The hub may be at work meanwhile; the backup
    holds what the database was at one moment. It does not contain the keys unless --with-keys adds
    them.
    """
    from hub.context import current_hub
    from hub.errors import DatabaseUnavailable
    from hub.security import audit
    from hub.transfer import backup as backups

    path = Path(target)
    if path.is_dir() or target.endswith("/"):
        path = path / FILE_NAME.format(current_hub().clock.now())
    terminal = Terminal("hub backup")
    try:
        manifest = backups.back_up(path.absolute(), _open_app, terminal, keys=with_keys)
    finally:
        terminal.clear()
    try:
        audit.record_alone(get_account_name(), "backup made", path.name, keys=with_keys)
    except DatabaseUnavailable:
        say(f"{path} is complete and can be restored, but could not be recorded:", err=True)
        raise
    size = path.stat().st_size / 1e6
    count = sum(manifest.rows.values())
    say(f"Wrote {path}: {count_of(count, 'row')}, {size:,.1f} MB, readable by its owner only.")
    if with_keys:
        say("It contains the keys: whoever has it can read every secret. Keep it locked away.")
    else:
        say(
            "It does not contain the keys. Keep secret.key and vault.keys of the data folder in"
            " another place; nobody can restore the backup without them."
        )
    for result in vault_check.iter_checks():
        if not result.is_ok:
            say(f"Not all of its secrets open, because this is missing: {result.text}.", err=True)


@click.command()
@click.argument("archive", type=click.Path(exists=True, dir_okay=False, path_type=Path))
def restore(archive: Path) -> None:
    """Restore a backup into an empty hub.

    HUB_DATA and HUB_DATABASE_URL say where. Before the restored hub sends anything, it looks in
    QuickBooks for what may have been posted after the backup.
    """
    from hub import config
    from hub.security import data_origin
    from hub.transfer import archive as archives
    from hub.transfer import backup as backups

    folder = config.data_folder(os.environ)
    data_origin.require_no_demo_folder(folder)
    with archives.open_archive(archive) as backup:
        keys = _read_keys(backup, folder)
        hub_config = config.load({**os.environ, **keys})
        backups.require_restorable(backup, hub_config)
        _restore_keys(backup, folder)
        terminal = Terminal("hub restore")
        try:
            backups.restore(backup, hub_config, _open_app, get_account_name(), terminal)
        finally:
            terminal.clear()
        data_origin.mark_folder(folder, data_origin.INIT)
        count = sum(backup.manifest.rows.values())
        made_at = format_moment(datetime.fromisoformat(backup.manifest.made_at))
        say(f"Restored {count_of(count, 'row')} as they were at {made_at}.")
    commands = "`hub serve` and `hub worker`" if hub_config.is_distributed else "`hub serve`"
    say(
        "What may have been posted since the backup is looked for in QuickBooks before anything is"
        f" sent again. Start the hub with {commands}; everybody logs in again."
    )


def _read_keys(backup: "Archive", folder: Path) -> dict[str, str]:
    """Return the keys of a backup as the settings that neither a setting nor a file gives yet.

    Raise ArchiveUnusable if other keys are in the data folder, or if a key is nowhere.
    """
    from hub import config
    from hub.crypto.keys import KEY_FILES, find_missing
    from hub.transfer.errors import ArchiveUnusable

    given_settings = config.list_given_settings(os.environ)
    keys = {}
    for setting, name in KEY_FILES.items():
        path = folder / name
        text = backup.text(name).strip() if backup.has(name) else ""
        if text and path.exists():
            if not _has_keys(path, text):
                problem = f"{path} holds another key than the backup. Move that file away first"
                raise ArchiveUnusable(backup.path, problem)
        elif text and setting not in given_settings:
            keys[setting] = text
    missing = find_missing(folder, given_settings | keys.keys())
    if missing:
        files = " and ".join(path.name for path in missing)
        raise ArchiveUnusable(
            backup.path,
            f"its keys are not in it. Put {files} of the hub that wrote it into {folder} from your"
            " copy of the keys, and restore again",
        )
    return keys


def _has_keys(path: Path, text: str) -> bool:
    """Return whether a key file has the keys of a backup; newer ones may be there, too."""
    present = path.read_text(encoding="utf-8").replace(",", " ").split()
    return set(text.replace(",", " ").split()) <= set(present)


def _restore_keys(backup: "Archive", folder: Path) -> None:
    """Put the keys of a backup into the data folder, as far as they are not there."""
    from hub.crypto.keys import KEY_FILES, write_private

    if not folder.exists():
        folder.mkdir(parents=True, mode=0o700)
    for name in KEY_FILES.values():
        if backup.has(name) and not (folder / name).exists():
            write_private(folder / name, backup.text(name))
            say(f"Restored {folder / name}.")


@click.command()
@click.option(
    "--to",
    "url",
    required=True,
    metavar="URL",
    help="An empty PostgreSQL database; the password may come from PGPASSWORD or ~/.pgpass.",
)
def move(url: str) -> None:
    """Move the hub to a PostgreSQL database.

    No process of the hub may be at work meanwhile. When every row is proved to be equal, the old
    database is sealed. Until then it can be used, and the command can be interrupted and repeated.
    """
    from hub import config
    from hub.transfer import move as moves

    terminal = Terminal("hub move")
    try:
        result = moves.move(config.load(os.environ), url, _open_app, get_account_name(), terminal)
    finally:
        terminal.clear()
    _print_proof(result.proof)
    say(f"The hub has moved to {result.addresses.new}; {result.addresses.old} is sealed.")
    say("Before you start it:")
    say("  1. Set HUB_DATABASE_URL to the new address, with its password.")
    say(
        "  2. On another machine, copy the data folder without hub.db and locks: it has the keys"
        " (secret.key, vault.keys), the send counters (sends) and the head of the audit log."
    )
    say("  3. Run `hub check`, then `hub serve`.")


@click.command()
@click.option("--yes", is_flag=True, help="Do not ask.")
def unseal(yes: bool) -> None:
    """Let the hub work with its old database again after `hub move`.

    The new database is sealed in exchange; its password may come from PGPASSWORD or ~/.pgpass.
    What was posted from there is looked for in QuickBooks before anything is sent. Rows that only
    the new database has, such as people and matches added there, are missing.
    """
    from hub.db import engine
    from hub.transfer import unseal as unsealing

    with hub(may_be_sealed=True) as app:
        moved_to = unsealing.find_new_address()
        if moved_to is None:
            say("This database is not sealed.")
            return
        if not yes:
            click.confirm(
                "Is every process of the hub at the new address stopped for good?", abort=True
            )
        engine.upgrade(app)  # the hub may have been upgraded since it moved
        is_sealed = _seal_new_database(moved_to, yes=yes)
        unsealing.unseal(get_account_name(), moved_to)
    say(f"The hub works here again, and no longer with {moved_to}.")
    if not is_sealed:
        say("That database is not sealed: never start the hub there again.")
    say("Empty that database before you move again.")


def _seal_new_database(address: str, *, yes: bool) -> bool:
    """Seal the database that the hub has moved to; return False if it cannot be opened.

    A person then decides, unless `yes`. Raise an error if the hub works there or has moved on.
    """
    from hub.errors import HubError
    from hub.security.data_origin import DatabaseMoved
    from hub.transfer.errors import HubAtWork
    from hub.transfer.unseal import seal_new_database

    try:
        seal_new_database(address)
    except (DatabaseMoved, HubAtWork):
        raise
    except HubError as error:
        say(error.text)
        say("So it is not known whether the hub is at work there. Two hubs would post twice.")
        if not yes:
            click.confirm("Unseal the old database nevertheless?", abort=True)
        return False
    return True


def _open_app(config: "Config") -> "Flask":
    """Return an application without pages."""
    from hub.app import create_app

    return create_app(config, pages=False)


def _print_proof(proof: "CopyProof") -> None:
    """Print which rows and sums are equal in both databases."""
    rows = [(item.name, f"{item.count:,}", f"{item.count:,}", item.digest) for item in proof.tables]
    print_table(("table", "rows old", "rows new", "digest of both"), rows, "")
    say()
    sums = [(item.name, item.value, item.value) for item in proof.sums]
    print_table(("sum", "old", "new"), sums, "There are no documents.")
    say()
    say(f"All {proof.count:,} rows and all sums are equal in both databases.")
