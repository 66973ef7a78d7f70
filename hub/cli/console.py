"""Shared parts of the commands: opening the hub, companies, and options."""

import functools
import logging
import os
import signal
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, TypeVar, cast

import click

if TYPE_CHECKING:
    from flask import Flask

    from hub.context import Runtime
    from hub.models import Company, Installation

F = TypeVar("F", bound=Callable[..., Any])
MAX_ID = 2**31 - 1  # of a row in either database
SANDBOX_PACKAGE = (
    "qbo_sandbox"  # the package of the QuickBooks stand-in, of the distribution qbo-sandbox
)
# An empty setting counts as not set: the database is a file in the data folder.
OWN_DATABASE = MappingProxyType(
    {"HUB_DATABASE_URL": "", "HUB_DATABASE_URL_FILE": "", "HUB_ENGINE": ""}
)
row_id = click.IntRange(1, MAX_ID)
row_count = click.IntRange(1, MAX_ID)
port_number = click.IntRange(0, 65535)
as_json = click.option(
    "--json", "as_json", is_flag=True, help="Print JSON for programs instead of text for people."
)
realm_option = click.option(
    "--realm", metavar="R", help="The QuickBooks company; needed when there are several."
)


def inside(command: F) -> F:
    """Run the command with the hub open; tests pass the application as the context's object."""

    @functools.wraps(command)
    def run_inside(*args: Any, **kwargs: Any) -> Any:
        with hub():
            return command(*args, **kwargs)

    return cast(F, run_inside)


def inside_with_pages(command: F) -> F:
    """Run the command with the hub and its pages open: their log-in hashes passwords."""

    @functools.wraps(command)
    def run_inside(*args: Any, **kwargs: Any) -> Any:
        with hub(pages=True):
            return command(*args, **kwargs)

    return cast(F, run_inside)


def at_work(command: F) -> F:
    """Run the command, which calls QuickBooks or a source, only where that is this process's turn.

    It is refused on a demo's folder or database, whose stand-ins only `hub demo` serves, and while
    another data folder works on the database.
    """

    @functools.wraps(command)
    def run_alone(*args: Any, **kwargs: Any) -> Any:
        from hub.scheduling import folder_lock
        from hub.security import data_origin

        data_origin.require_no_demo()
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
    sealed: bool = False,
    is_checked: bool = False,
) -> Iterator["Flask"]:
    """Open the application of this configuration, in its context, with its database up to date.

    Without `pages` a command starts faster, because the modules of the pages are not imported.
    `address` is where this process serves them; it is the public one unless the configuration names
    another. `settings` are options of the command, which go before the environment's. `sealed`
    opens a database too that the hub has left. `is_checked` says that the process that started this
    one has checked the database, so this one starts also while it is away.
    """
    context = click.get_current_context(silent=True)
    app = context.find_object(_flask()) if context else None
    if app is not None:
        with app.app_context():
            yield app
        return
    from hub import config
    from hub import context as hub_context
    from hub.app import create_app
    from hub.db.engine import db
    from hub.errors import DatabaseUnavailable
    from hub.metrics import totals

    loaded = config.load({**os.environ, **settings}, address or config.DEFAULT_ADDRESS)
    app = create_app(loaded, pages=pages)
    hub_context.freeze_gc()
    with app.app_context(), logged_by(hub_context.current()):
        try:
            try:
                _require_tables()
                if not sealed:
                    _require_current()
            except DatabaseUnavailable as error:
                if not is_checked:
                    raise
                logging.getLogger("hub").warning("%s", error.text)
            try:
                yield app
            finally:
                totals.store()
        finally:
            db.engine.dispose()


@contextmanager
def temporary_hub() -> Iterator["Flask"]:
    """Open a hub with the settings of the environment, in a folder that is removed afterwards."""
    from hub import config
    from hub import context as hub_context
    from hub.app import create_app
    from hub.db import engine

    with TemporaryDirectory(prefix="hub-") as folder:
        environ = {**os.environ, **OWN_DATABASE, "HUB_DATA": folder}
        config.initialise(Path(folder), environ)
        app = create_app(config.load(environ), pages=False)
        engine.upgrade(app)
        with app.app_context(), logged_by(hub_context.current()):
            try:
                yield app
            finally:
                engine.db.engine.dispose()


def logged_by(runtime: "Runtime") -> AbstractContextManager[None]:
    """Write the log as the settings say; the terminal shows only the sentences."""
    from hub.telemetry.log_output import LogOptions, logged

    config = runtime.config
    options = LogOptions(config.log_format, config.log_level, config.log_to)
    return logged(config.data, runtime.mask.clean, options, runtime.plugins.packages)


@contextmanager
def ends_in_order() -> Iterator[None]:
    """Finish what is under way on the first signal, then end; end at once on a second one."""
    from hub.context import Ending, current

    ending, signals = current().ending, (signal.SIGTERM, signal.SIGINT)
    handlers = [signal.getsignal(number) for number in signals]

    def end(*_: object) -> None:
        """Note that the command is to end, and let the next signal end it at once."""
        ending.set()
        for number, handler in zip(signals, handlers, strict=True):
            signal.signal(number, handler)

    for number in signals:
        signal.signal(number, end)
    try:
        yield
    except Ending:
        click.echo(
            "It was told to end. What was being sent is written down; `hub sync` goes on from"
            " there.",
            err=True,
        )
        raise SystemExit(1) from None
    finally:
        for number, handler in zip(signals, handlers, strict=True):
            signal.signal(number, handler)


def _flask() -> type["Flask"]:
    """Import Flask late, because that takes longer than most commands."""
    from flask import Flask

    return Flask


def _require_tables() -> None:
    """Refuse to work with tables of another version."""
    from hub.db.engine import reading
    from hub.migrations import schema

    with reading() as session:
        schema.require_newest(session.connection())


def _require_current() -> None:
    """Refuse to work with a database that the hub has left, or with an unfinished copy."""
    from hub.security import data_origin

    data_origin.require_current()


def company(realm: str | None) -> "Company":
    """Return the company of this realm; without a realm, the only company."""
    from hub.errors import Refused

    matching = companies(realm)
    if len(matching) > 1:
        realms = ", ".join(row.realm for row in matching)
        raise Refused(f"There are several companies; say which by --realm: {realms}.")
    return matching[0]


def companies(realm: str | None) -> "list[Company]":
    """Return the company of this realm as a list; without a realm, all of them."""
    from sqlalchemy import select

    from hub.db.engine import reading
    from hub.errors import NotFound, Refused
    from hub.models import Company

    with reading() as session:
        connected = list(session.scalars(select(Company).order_by(Company.id)))
    if not connected:
        raise Refused(
            "No QuickBooks company is connected yet; connect one on the page or with"
            " `hub companies add`."
        )
    matching = [row for row in connected if realm in (None, row.realm)]
    if not matching:
        raise NotFound("company", str(realm), [row.realm for row in connected])
    return matching


def has_stand_ins() -> bool:
    """Tell whether the QuickBooks stand-in is installed, which every other stand-in needs too."""
    return find_spec(SANDBOX_PACKAGE) is not None


def require_stand_ins(command: str) -> None:
    """Fail with the name of the extra that a command needs, unless the stand-in is installed."""
    from hub.errors import MissingExtra

    if not has_stand_ins():
        raise MissingExtra(f"`{command}`", "the QuickBooks stand-in", "qbo-hub[demo]")


def apps_of_plugin(slug: str) -> list[str]:
    """Return all apps of the plugin of an app; raise why there is none that can be used."""
    from hub.contract.registry import Plugins
    from hub.errors import NotFound

    plugins = Plugins.load()
    if slug in plugins.apps:
        scope = plugins.scope(slug)
        return [other for other in plugins.apps if plugins.scope(other) == scope]
    if plugins.broken:
        raise plugins.broken[0]
    raise NotFound("app", slug, plugins.apps)


def installations(slug: str | None, realm: str | None) -> "list[Installation]":
    """Return the enabled apps to run; raise why if there are none, or all are paused."""
    from sqlalchemy import select

    from hub.db.engine import reading
    from hub.errors import NotFound, NotNow, Refused
    from hub.models import Installation
    from hub.models.enums import InstallationMode

    query = select(Installation).where(Installation.enabled).order_by(Installation.id)
    if realm is not None:
        query = query.where(Installation.company_id == company(realm).id)
    with reading() as session:
        enabled = list(session.scalars(query))
    if slug is not None:
        of_app = [row for row in enabled if row.slug == slug]
        if not of_app:
            raise NotFound("enabled app", slug, {row.slug for row in enabled})
        return of_app
    if not enabled:
        raise Refused(
            "No app is enabled yet; `hub apps list` shows them, `hub apps enable SLUG` sets one up."
        )
    running = [row for row in enabled if row.mode != InstallationMode.PAUSED]
    if not running:
        raise NotNow(
            "Every enabled app is paused; `hub apps set SLUG --mode auto` lets one run again."
        )
    return running
