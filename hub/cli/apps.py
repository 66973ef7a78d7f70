"""The apps: `hub apps list`, `enable`, `set`, `disable`, `matches`."""

import shlex
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from hub.cli import person, rights
from hub.cli.console import as_json, realm_option, with_hub, with_process_lock
from hub.cli.groups import HelpfulGroup
from hub.cli.selection import find_company, find_stored_app, get_app_name
from hub.cli.settings_file import read_settings
from hub.cli.terminal import count_of, get_account_name, print_json, print_table, say

if TYPE_CHECKING:
    from hub.contract.types import App
    from hub.models import Installation

COLUMNS = ("app", "name", "state", "realm", "mode", "schedule", "source")
# The values of `InstallationMode`, which is not imported here: `hub --help` loads no tables.
MODE_CHOICE = click.Choice(["auto", "review", "manual", "once", "paused"])
mode_option = click.option(
    "--mode",
    type=MODE_CHOICE,
    help=(
        "auto posts on schedule; review and manual wait for approval; once posts with the next run,"
        " then pauses."
    ),
)
settings_option = click.option(
    "--settings",
    "file",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help=(
        "JSON: the app's settings by field name, secrets among them, and start_date, schedule,"
        " zone, second_approval_above."
    ),
)
start_date_option = click.option(
    "--start-date", metavar="D", help="Documents of days before are left alone, like 2026-01-31."
)
new_account_option = click.option(
    "--new-account",
    metavar="ID",
    help="Continue with another account at the source, which the settings lead to.",
)


@click.group(cls=HelpfulGroup)
def apps() -> None:
    """List, enable, change and disable apps."""


@apps.command("list")
@as_json
@with_hub
def list_(as_json: bool) -> None:
    """List all apps and the companies that each is enabled for."""
    from hub.context import current_hub

    all_apps = current_hub().plugins.apps.values()
    rows = [row for app in all_apps for row in _list_rows(app)]
    if as_json:
        print_json(rows)
        return
    cells = [[row[column] for column in COLUMNS] for row in rows]
    print_table(COLUMNS, cells, "No plugin with an app is installed.")


def _list_rows(app: "App") -> list[dict[str, Any]]:
    """Return one row for each installation of an app, or one for an app without any."""
    from sqlalchemy import select

    from hub.db.engine import read_only_session
    from hub.models import Installation

    query = select(Installation).where(
        Installation.slug == app.slug, *person.visible_rows("viewer").installations()
    )
    with read_only_session() as session:
        installations = list(session.scalars(query))
    names = {"app": app.slug, "name": app.name}
    if not installations:
        return [dict.fromkeys(COLUMNS, "") | names | {"state": "available"}]
    rows = []
    for installation in installations:
        columns = {
            "state": "enabled" if installation.enabled else "disabled",
            "realm": installation.company.realm,
            "mode": installation.mode,
            "schedule": f"{installation.schedule} {installation.zone}",
            "source": installation.tenant_name or installation.tenant or "",
        }
        rows.append(names | columns)
    return rows


@apps.command()
@click.argument("slug")
@realm_option
@settings_option
@mode_option
@click.option(
    "--owner", metavar="U", help="Who answers for it; the person at this terminal unless given."
)
@start_date_option
@new_account_option
@with_hub
@with_process_lock
def enable(
    slug: str,
    realm: str | None,
    file: Path | None,
    mode: str | None,
    owner: str | None,
    start_date: str | None,
    new_account: str | None,
) -> None:
    """Enable the app SLUG for a company.

    The settings are tried at the source before they are kept. It starts in review: nothing is
    posted before a person approved it, unless --mode says otherwise. If the app needs access,
    it is granted, because the operator of the hub may do that; the audit log records it. With `hub
    --as` access must have been granted before.
    """
    from hub.installations import enable as installations_enable
    from hub.installations import installation_rows, shared_accounts

    company_id = find_company(realm).id
    present = installation_rows.find_installation(company_id, slug)
    settings = read_settings(file)
    if start_date is not None:
        settings["start_date"] = start_date
    if present is not None:
        rights.require_settings(present, settings)
    elif owner is None:
        owner = person.name() or None
    if not person.name():
        _grant_access(company_id, slug)
    with _account_question(present, settings, new_account):
        row = installations_enable.enable(
            company_id,
            slug,
            settings,
            who=get_account_name(),
            mode=mode,
            owner=owner,
            new_account=new_account,
        )
    company_name = row.company.display_name
    say(f"{get_app_name(row.slug)} is enabled, in mode {row.mode}, for {company_name}.")
    warning = shared_accounts.find_warning(row)
    if warning:
        say(warning)
    source_name = row.tenant_name or "the source"
    for field, count in _push_first_lists(row).items():
        say(f"  {count_of(count, 'entry', 'entries')} of {field} put into {source_name}")


@contextmanager
def _account_question(
    row: "Installation | None", settings: Mapping[str, Any], new_account: str | None
) -> Iterator[None]:
    """End the command with the question of the page if settings lead to another account."""
    from hub.errors import OtherTenant
    from hub.installations import replaced_account

    if new_account is not None and row is not None:
        replaced_account.require_first_day(get_app_name(row.slug), settings)
    try:
        yield
    except OtherTenant as error:
        if row is None:
            raise
        question = replaced_account.build_question(row.id, error)
        say(question.opening, err=True)
        for text in question.consequences:
            say(f"- {text}", err=True)
        say(question.first_day, err=True)
        options = f"--new-account {shlex.quote(error.account)} and --start-date DAY"
        say(f"To continue, run the command again with {options}.", err=True)
        raise SystemExit(error.exit_code) from None


def _push_first_lists(row: "Installation") -> Mapping[str, int]:
    """Push the company's lists into the source while no run does; return their lengths.

    Both would create in the source what it does not have yet.
    """
    from hub.installations import enable as installations_enable
    from hub.models.enums import RunKind
    from hub.scheduling import run_log
    from hub.scheduling.leases import lease

    name = run_log.format_lease_name(RunKind.LISTS, row.company_id)
    on_wait = partial(click.echo, err=True)
    with lease(name, "This company", wait=True, on_wait=on_wait):
        return installations_enable.push_first_lists(row)


def _grant_access(company_id: int, slug: str) -> None:
    """Grant access to an app that requires it."""
    from hub.context import current_hub
    from hub.installations import source_access

    app = current_hub().plugins.apps.get(slug)
    if app and app.access and app.access_gate:
        source_access.grant(company_id, slug, who=get_account_name())


@apps.command("set")
@click.argument("slug")
@realm_option
@settings_option
@mode_option
@click.option(
    "--schedule", metavar="T", help="15m, 2h, 1d after the last end, or cron: '30 6 * * 1-5'."
)
@click.option("--zone", metavar="Z", help="The time zone of the schedule, like Europe/Oslo.")
@start_date_option
@new_account_option
@with_hub
@with_process_lock
def set_(
    slug: str,
    realm: str | None,
    file: Path | None,
    mode: str | None,
    new_account: str | None,
    **options: str | None,
) -> None:
    """Change single settings of an enabled app; the others stay."""
    from hub.installations import enable as installations_enable

    settings = read_settings(file)
    for name, value in options.items():
        if value is not None:
            settings[name] = value
    if not settings and not mode and new_account is None:
        raise click.UsageError("Say what to change, such as --mode review or --settings FILE.")
    present = find_stored_app(realm, slug)
    rights.require_settings(present, settings)
    who = get_account_name()
    with _account_question(present, settings, new_account):
        row = installations_enable.change(
            present.company_id, slug, settings, who=who, mode=mode, new_account=new_account
        )
    say(f"{get_app_name(row.slug)} is changed: mode {row.mode}, every {row.schedule} ({row.zone}).")


@apps.command()
@click.argument("slug")
@realm_option
@with_hub
@with_process_lock
def disable(slug: str, realm: str | None) -> None:
    """Disable the app SLUG; settings and matches are kept for when it is enabled again."""
    from hub.installations import enable as installations_enable

    present = find_stored_app(realm, slug)
    rights.require_settings(present)
    row = installations_enable.disable(present.company_id, slug, who=get_account_name())
    say(f"{get_app_name(row.slug)} is disabled. Its settings and matches are kept.")


@apps.command()
@click.argument("slug")
@realm_option
@click.option(
    "--import",
    "source",
    type=click.File("rb"),
    help="Take decisions from a CSV file.",
)
@click.option(
    "--export",
    "target",
    type=click.File("wb", lazy=True),
    help="Write all to a CSV file.",
)
@with_hub
def matches(slug: str, realm: str | None, source: Any, target: Any) -> None:
    """Import or export the matches of source codes with QuickBooks records.

    Columns: field, code, name, quickbooks_id, quickbooks_name. Every row is checked before the
    first one is kept.
    """
    from hub.installations import match_files
    from hub.security import audit

    if (source is None) == (target is None):
        raise click.UsageError("Say either --import FILE or --export FILE.")
    row = find_stored_app(realm, slug)
    if source is not None:
        rights.require("app-owner")
        rights.require_settings(row)
        count = match_files.import_csv(row, source.read(), who=get_account_name())
        say(f"Stored {count_of(count, 'match', 'matches')}.")
        return
    content, count = match_files.export_csv(row)
    audit.record_alone(get_account_name(), "data exported", f"matches of {slug}", count=count)
    target.write(content)
    say(f"Wrote {count_of(count, 'match', 'matches')}.", err=target.name == "-")
