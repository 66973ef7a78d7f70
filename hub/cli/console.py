"""Shared parts of the commands: opening the hub, and options."""

import functools
import logging
import os
import signal
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, TypeVar, cast

import click

from hub.cli import rights, served_address
from hub.cli.selection import MAX_ROW_ID
from hub.end_signals import END_SIGNALS, end_at_next_signal, set_from_handler

if TYPE_CHECKING:
    from flask import Flask

    from hub.context import Runtime

F = TypeVar("F", bound=Callable[..., Any])
# An empty setting counts as not set: the database is a file in the data folder.
OWN_DATABASE = MappingProxyType(
    {"HUB_DATABASE_URL": "", "HUB_DATABASE_URL_FILE": "", "HUB_ENGINE": ""}
)
SYNC_ENDED = "What was being sent is written down; `hub sync` goes on from there."


class WholeNumber(click.IntRange):
    """A whole number, which messages and help call a number."""

    name = "number"


row_id = WholeNumber(1, MAX_ROW_ID)
row_count = WholeNumber(1, MAX_ROW_ID)
port_number = WholeNumber(0, 65535)
country_option = click.option(
    "--country",
    type=click.Choice(("US", "NO", "CA", "GB", "AU"), case_sensitive=False),
    help="Enable apps for a company in this country.  [default: the one that the stand-in names]",
)
as_json = click.option(
    "--json", "as_json", is_flag=True, help="Print JSON for programs instead of text for people."
)
realm_option = click.option(
    "--realm", metavar="R", help="The QuickBooks company; needed when there are several."
)
only_realm_option = click.option(
    "--realm", metavar="R", help="Only this QuickBooks company; else all."
)


def with_hub(command: F) -> F:
    """Run the command with the hub open, if the person of `--as` may do it.

    Tests pass the application as the context's object.
    """

    @functools.wraps(command)
    def run_inside(*args: Any, **kwargs: Any) -> Any:
        with hub():
            rights.check()
            return command(*args, **kwargs)

    return cast(F, run_inside)


def with_hub_and_pages(command: F) -> F:
    """Run the command as `with_hub` does, with the pages open: their log-in hashes passwords."""

    @functools.wraps(command)
    def run_inside(*args: Any, **kwargs: Any) -> Any:
        with hub(pages=True):
            rights.check()
            return command(*args, **kwargs)

    return cast(F, run_inside)


def with_process_lock(command: F) -> F:
    """Run a command that calls QuickBooks or a source under the lock of the data folder.

    It is refused on a demo's folder or database, whose stand-ins only `hub demo` serves, while
    another data folder works on the database, and behind a pooler that changes sessions or drops
    their settings.
    """

    @functools.wraps(command)
    def run_alone(*args: Any, **kwargs: Any) -> Any:
        from hub.db.session_settings import require_usable_sessions
        from hub.scheduling import folder_lock
        from hub.security import data_origin

        data_origin.require_no_demo()
        require_usable_sessions()
        with folder_lock.process_lock().use(
            wait=True, on_wait=lambda text: click.echo(f"{text}.", err=True)
        ):
            return command(*args, **kwargs)

    return cast(F, run_alone)


@contextmanager
def hub(
    address: str = "",
    *,
    pages: bool = False,
    settings: Mapping[str, str] = MappingProxyType({}),
    may_be_sealed: bool = False,
    is_checked: bool = False,
) -> Iterator["Flask"]:
    """Open the application of this configuration, in its context, with its database up to date.

    Without `pages` a command starts faster, because the modules of the pages are not imported.
    `address` is where this process serves pages, and the default of the public address; without it,
    the default is where `hub serve` last served this data folder. `settings` are options of the
    command, which override the environment. With `may_be_sealed`, a database that the hub has moved
    away from is opened, too, also with the tables of an earlier version. With `is_checked`, the
    database is not checked, because the parent process has done so: this process then starts even
    if the database is unavailable.
    """
    context = click.get_current_context(silent=True)
    app = context.find_object(_import_flask()) if context else None
    if app is not None:
        with app.app_context():
            yield app
        return
    from hub import config
    from hub.app import create_app
    from hub.context import current_hub, freeze_gc
    from hub.db.engine import db
    from hub.metrics import totals

    hub_config = config.load({**os.environ, **settings}, address or config.DEFAULT_ADDRESS)
    if not address and "HUB_PUBLIC_URL" not in hub_config.given_settings:
        served_url = served_address.read(hub_config.data)
        hub_config = replace(hub_config, public_url=served_url or hub_config.public_url)
    app = create_app(hub_config, pages=pages)
    freeze_gc()
    with app.app_context(), write_log_of(current_hub()):
        try:
            _check_database(may_be_sealed=may_be_sealed, is_checked=is_checked)
            try:
                yield app
            finally:
                totals.store()
        finally:
            db.engine.dispose()


@contextmanager
def open_temporary_hub() -> Iterator["Flask"]:
    """Open a hub with the settings of the environment, in a folder that is removed afterwards."""
    from hub import config
    from hub.app import create_app
    from hub.context import current_hub
    from hub.db import engine

    with TemporaryDirectory(prefix="hub-") as folder:
        environ = {**os.environ, **OWN_DATABASE, "HUB_DATA": folder}
        config.initialise(Path(folder), environ)
        app = create_app(config.load(environ), pages=False)
        with app.app_context(), write_log_of(current_hub()):
            engine.db.create_all()  # without the revisions, because these tables never change
            try:
                yield app
            finally:
                engine.db.engine.dispose()


def write_log_of(runtime: "Runtime") -> AbstractContextManager[None]:
    """Write the log as the settings say; the terminal shows only the sentences."""
    from hub.telemetry.log_output import LogOptions, write_log

    config = runtime.config
    options = LogOptions(config.log_format, config.log_level, config.log_to)
    return write_log(config.data, runtime.mask.clean, options, runtime.plugins.packages)


@contextmanager
def handle_end_signals(text: str | Callable[[], str] = SYNC_ENDED) -> Iterator[None]:
    """Finish what is under way on the first signal, then end; end at once on a second one.

    `text`, or what it returns then, says what is left to do.
    """
    from hub.context import Ending, current_hub

    ending = current_hub().ending
    handlers = [signal.getsignal(number) for number in END_SIGNALS]

    def end(*_: object) -> None:
        """Note that the command is to end, and let the next signal end it at once."""
        end_at_next_signal()
        set_from_handler(ending)

    for number in END_SIGNALS:
        signal.signal(number, end)
    try:
        yield
    except Ending:
        rest = text if isinstance(text, str) else text()
        click.echo(f"It was told to end. {rest}", err=True)
        raise SystemExit(1) from None
    finally:
        for number, handler in zip(END_SIGNALS, handlers, strict=True):
            signal.signal(number, handler)


def _import_flask() -> type["Flask"]:
    """Import Flask late, because that takes longer than most commands."""
    from flask import Flask

    return Flask


def _check_database(*, may_be_sealed: bool, is_checked: bool) -> None:
    """Raise an error if this version cannot work with the database; see `hub` for the options."""
    from hub.errors import DatabaseUnavailable

    try:
        if may_be_sealed and _is_sealed():
            return
        _require_tables()
        if not may_be_sealed:
            _require_current()
    except DatabaseUnavailable as error:
        if not is_checked:
            raise
        logging.getLogger("hub").warning("%s", error.text)


def _is_sealed() -> bool:
    """Return whether the hub has moved away from the database."""
    from hub.transfer.unseal import find_new_address

    return find_new_address() is not None


def _require_tables() -> None:
    """Raise SchemaError if the tables are those of another version."""
    from hub.db.engine import read_only_session
    from hub.migrations import schema

    with read_only_session() as session:
        schema.require_newest(session.connection())


def _require_current() -> None:
    """Refuse to work with a database that the hub has left, or with an unfinished copy."""
    from hub.security import data_origin

    data_origin.require_current()


def find_apps_of_plugin(slug: str) -> list[str]:
    """Return all apps of the plugin of an app; raise an error if there is none that can be used."""
    from hub.contract.app_lookup import find_error
    from hub.contract.registry import Plugins

    plugins = Plugins.load()
    if slug not in plugins.apps:
        raise find_error(plugins, slug)
    return plugins.list_apps_of_plugin(slug)
