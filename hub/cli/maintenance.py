"""Set up and maintain the hub: `hub init`, `check`, `vault`, `audit`, `plugins`."""

import os
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryFile
from typing import Any

import click

from hub.cli import clock_check, connection_checks, data_folder, file_rights, vault_check
from hub.cli.check_results import CheckResult, failed, passed
from hub.cli.console import as_json, hub, with_hub
from hub.cli.groups import HelpfulGroup
from hub.cli.terminal import count_of, format_moment, get_account_name, print_json, print_table, say

MAX_DIFFERENCES = 5
TEST_FILE_BYTES = 4096  # written into the data folder to check that it can be written


@click.command()
@click.option(
    "--new-keys",
    "may_replace_keys",
    is_flag=True,
    help="Make keys also in place of lost ones. Without the old vault.keys every company must be"
    " connected again and every secret entered again; without the old secret.key everybody logs in"
    " again, and the audit log so far cannot be verified.",
)
def init(may_replace_keys: bool) -> None:
    """Create the data folder, its keys and the tables.

    On a terminal it asks for the first person who may log in. It may be run again at any time: what
    is there stays, and the tables of an older version are brought up to date. If a key file of an
    existing hub is missing, put it back; only --new-keys replaces it.
    """
    from hub.db.engine import db

    app = data_folder.prepare(os.environ, may_replace_keys=may_replace_keys)
    with app.app_context():
        try:
            _ask_for_first_user()
        finally:
            db.engine.dispose()


def _ask_for_first_user() -> None:
    """Ask for the first person who may log in, if there is none and a person can answer."""
    from hub.cli.accounts import add_person, list_people
    from hub.context import current_hub

    if list_people():
        return
    if not sys.stdin.isatty():
        command = "`hub users add NAME --role owner`"
        if current_hub().config.is_distributed:
            say(f"Nobody can log in yet; {command} adds the first owner.")
        else:
            say(
                "Nobody can log in yet. `hub serve` prints a set-up code for the first owner; or"
                f" add one with {command}."
            )
        return
    add_person(click.prompt("Name of the first person, who may do everything"), "owner", None)


@click.command()
def check() -> None:
    """List missing settings, files and keys; exit with 1 if any are."""
    has_missing = False
    for result in _iter_checks():
        say(f"{'ok      ' if result.is_ok else 'missing '} {result.text}")
        has_missing = has_missing or not result.is_ok
    raise SystemExit(1 if has_missing else 0)


def _iter_checks() -> Iterator[CheckResult]:
    """Yield each check with its result and sentence."""
    from hub import config
    from hub.errors import HubError

    try:
        hub_config = config.load(os.environ)
        problems = list(file_rights.find_unwritable(hub_config.data, hub_config.database_url))
        yield from map(failed, problems)
        if not problems:
            yield _check_folder(hub_config.data)
        with hub():
            yield _check_tables()
            yield from _check_sessions()
            yield from clock_check.iter_checks()
            yield from _check_settings(hub_config)
            yield from _find_other_folder()
            yield from _check_demo_remains(hub_config.data)
            yield from _check_audit_copy(hub_config)
            yield from vault_check.iter_checks()
            yield from connection_checks.iter_checks()
    except HubError as error:
        yield failed(error.text)


def _check_sessions() -> Iterator[CheckResult]:
    """Yield the problems of a pooler that changes sessions of PostgreSQL or drops settings."""
    from hub.db.session_settings import find_problems

    yield from map(failed, find_problems())


def _check_settings(hub_config: Any) -> Iterator[CheckResult]:
    """Yield the settings that cannot be used."""
    from hub.cli import setting_checks
    from hub.context import current_hub

    for problem in setting_checks.find_unusable_settings(hub_config, current_hub().plugins):
        yield failed(problem)


def _check_folder(folder: Path) -> CheckResult:
    """Check that a file can be written in the data folder, as every run does."""
    try:
        with TemporaryFile(dir=folder) as file:
            file.write(bytes(TEST_FILE_BYTES))
            file.flush()
    except OSError as error:
        return failed(
            f"the data folder {folder} cannot be written ({error.strerror}): check its owner, its"
            " rights, and that its disk is neither full nor read-only"
        )
    return passed(f"data folder {folder}")


def _check_demo_remains(folder: Path) -> Iterator[CheckResult]:
    """Yield problems of data that `hub demo` left in the folder or database of a real hub.

    Earlier versions allowed to run it there.
    """
    from hub.errors import ConfigurationError
    from hub.security import data_origin

    try:
        data_origin.require_no_demo()
    except ConfigurationError as error:
        yield failed(error.text.rstrip("."))
        return
    if (folder / "login.txt").exists():
        yield failed(
            f"`hub demo` was run on this folder: {folder / 'login.txt'} holds the password of a"
            f" person named {data_origin.DEMO_PERSON}. Disable that person, its apps and its"
            " companies, then remove the file",
        )


def _find_other_folder() -> Iterator[CheckResult]:
    """Yield the check about another data folder that works on the database, if there is one."""
    from hub.scheduling import folder_lock

    standby = folder_lock.process_lock().other_folder()
    if standby:
        yield passed(standby.text.rstrip("."))


def _check_audit_copy(config: Any) -> Iterator[CheckResult]:
    """Yield the check of the copy of the audit log, if the setting names one."""
    from hub.security import audit_copy

    if not config.audit_copy:
        return
    failure = audit_copy.find_failure(config.data)
    if failure:
        yield failed(f"the copy of the audit log to {config.audit_copy}: {failure}")
    else:
        yield passed(f"the audit log is copied to {config.audit_copy}")


def _check_tables() -> CheckResult:
    """Compare the tables with those of this version; the revision is the newest already."""
    from hub.db.engine import read_only_session
    from hub.migrations import schema

    with read_only_session() as session:
        differences = schema.find_differences_from_models(session.connection())
        revision = schema.read_revision(session.connection())
    if not differences:
        return passed(f"database with the hub's tables, revision {revision}")
    text = "; ".join(differences[:MAX_DIFFERENCES])
    if len(differences) > MAX_DIFFERENCES:
        text += f" and {len(differences) - MAX_DIFFERENCES} more"
    return failed(
        f"the tables do not match revision {schema.find_newest_revision()}: {text}."
        " Go on with the version of the hub that made them, or put back a backup and run `hub init`"
    )


@click.group(cls=HelpfulGroup)
def vault() -> None:
    """Rotate the keys that seal tokens and secrets."""


@vault.command()
def rotate() -> None:
    """Create a new key and encrypt every secret with it; the old key stays in the file for backups.

    Where the keys come from HUB_VAULT_KEYS or HUB_VAULT_KEYS_FILE, put the new one first there
    yourself and then run this.
    """
    from hub import config
    from hub.context import current_hub
    from hub.db.engine import transaction
    from hub.security import audit, secrets

    with hub():  # what would stop the rotation ends the command before it makes a key
        vault_check.require_all_keys()
        has_key_file = current_hub().config.vault_keys_file is not None
    key_id = config.add_vault_key()
    if key_id:
        say(f"Created key {key_id}.")
    else:
        setting = "HUB_VAULT_KEYS_FILE" if has_key_file else "HUB_VAULT_KEYS"
        say(f"The keys come from {setting}; the first of them is used.")
    with hub(), transaction() as session:
        count = secrets.rotate(session)
        if not key_id and not count:
            say("It encrypts every secret already. Put a new key before it, and run this again.")
            return
        audit.record(session, get_account_name(), "keys rotated", f"{count} secrets", key=key_id)
    say(f"Encrypted {count_of(count, 'secret')} with it.")


@click.group(cls=HelpfulGroup)
def audit() -> None:
    """Check the log of who did what."""


@audit.command()
@click.option(
    "--copy",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Compare with copied entries in FILE, for example exported from syslog.",
)
@with_hub
def verify(copy: Path | None) -> None:
    """Verify that no entry of the audit log was changed, removed or inserted."""
    from hub.db.engine import read_only_session
    from hub.security import audit_check

    with read_only_session() as session:
        result = audit_check.verify(session, copy)
    say(f"The audit log is intact: {count_of(result.count, 'entry', 'entries')}.")
    for remark in result.remarks:
        say(remark)


@audit.command("list")
@click.option(
    "--text", metavar="T", default="", help="Only entries with T in who, what or subject."
)
@click.option("--who", "actor", metavar="NAME", default="", help="Only what NAME did.")
@click.option(
    "--what", metavar="ACT", default="", help="Only this act, such as “posting approved”."
)
@click.option("--since", type=click.DateTime(["%Y-%m-%d"]), help="From this day on, in UTC.")
@click.option("--until", type=click.DateTime(["%Y-%m-%d"]), help="Before this day, in UTC.")
@click.option("--csv", "as_csv", is_flag=True, help="Write CSV for spreadsheets.")
@as_json
@with_hub
def list_(
    text: str,
    actor: str,
    what: str,
    since: datetime | None,
    until: datetime | None,
    as_csv: bool,
    as_json: bool,
) -> None:
    """List the entries of the audit log, oldest first; --json writes one entry in each line."""
    import json

    from hub.security import audit as log
    from hub.security import audit_entries

    if as_csv and as_json:
        raise click.UsageError("Say either --csv or --json.")
    log.record_alone(get_account_name(), "data exported", "audit log")
    entry_filter = audit_entries.Filter(
        text=text,
        who=actor,
        what=what,
        since=since.replace(tzinfo=UTC) if since else None,
        until=until.replace(tzinfo=UTC) if until else None,
    )
    if as_csv:
        for part in audit_entries.as_csv(entry_filter):
            click.echo(part, nl=False)
        return
    for row in audit_entries.iter_rows(entry_filter):
        if as_json:
            say(json.dumps(row, ensure_ascii=False, default=str))
        else:
            at = format_moment(datetime.fromisoformat(row["at"]))
            say("  ".join((at, row["who"], row["what"], row["subject"])))


@click.command()
@as_json
@click.option(
    "--hashes", is_flag=True, help="Print the lines for HUB_PLUGINS_FILE that allow what is there."
)
def plugins(as_json: bool, hashes: bool) -> None:
    """List the plugins with their tiers, and why one cannot be used."""
    from hub import config
    from hub.contract import tiers
    from hub.contract.registry import Plugins, list_allowing_lines

    if hashes and as_json:
        raise click.UsageError("Say either --hashes or --json.")
    if hashes:
        for line in list_allowing_lines():
            say(line)
        return
    descriptions = tiers.describe(Plugins.load(allowed=config.allowed_plugins()))
    if as_json:
        print_json(descriptions)
        return
    rows = [
        (
            item["plugin"],
            item["distribution"],
            item["version"],
            _list_slugs(item),
            _describe_state(item),
        )
        for item in descriptions
    ]
    print_table(
        ("plugin", "distribution", "version", "apps", "state"), rows, "No plugin is installed."
    )
    for item in descriptions:
        for app in item["apps"]:
            _say_tier(app)


def _say_tier(app: dict[str, Any]) -> None:
    """Print the tier of an app, what it has, and what the next tier needs."""
    abilities = [name for name, is_present in app["abilities"].items() if is_present]
    say("")
    say(f"{app['slug']}: {app['tier'] or 'no tier'}. It has: {', '.join(abilities) or 'nothing'}.")
    if app["missing"]:
        say(f"  For {app['next_tier']} it lacks:")
    for name, problem in app["missing"].items():
        say(f"    {name}: {problem}")


def _list_slugs(item: dict[str, Any]) -> str:
    """Return the slugs of a plugin's apps."""
    slugs = [app["slug"] for app in item["apps"]]
    return ", ".join(slugs)


def _describe_state(item: dict[str, Any]) -> str:
    """Return the state of a plugin in words."""
    reason = item["broken"]
    if reason:
        return f"cannot be used: {reason}"
    return f"works ({count_of(len(item['hooks']), 'hook')})"
