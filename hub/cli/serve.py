"""The pages and the clock in one process: `hub serve`. Distributed, the pages in several."""

import os
import socket
import sys
from contextlib import closing
from typing import NoReturn

import click

from hub.cli import data_folder, file_rights, served_address, setting_checks, vault_check
from hub.cli.console import WholeNumber, hub, port_number
from hub.cli.terminal import say

DEFAULT_WORKERS = 2


@click.command()
@click.option(
    "--host",
    default="127.0.0.1",
    show_default=True,
    help="Where to listen; 0.0.0.0 for every address.",
)
@click.option(
    "--port",
    "-p",
    type=port_number,
    default=8080,
    show_default=True,
    help="The port there; 0 for a free one.",
)
@click.option("--no-engine", is_flag=True, help="Only the pages: nothing runs by itself.")
@click.option(
    "--workers",
    type=WholeNumber(1, 100),
    help="How many processes serve the pages (with HUB_ENGINE=distributed).  [default: 2]",
)
@click.option(
    "--allow-loopback",
    is_flag=True,
    help="Allow stand-ins on this machine in place of QuickBooks and of sources (only for trying).",
)
def serve(host: str, port: int, no_engine: bool, workers: int | None, allow_loopback: bool) -> None:
    """Serve the pages and run every app on schedule.

    In an empty folder it creates keys and tables first, as `hub init` does. While the hub has no
    owner it prints a set-up code, with which the first owner is added on the page /setup.

    Until SIGTERM or Ctrl-C: what is being sent comes to its end first, and the next start continues
    from there. Several of them may serve one data folder: one runs the schedules, the others stand
    by and take over when it ends.

    With HUB_ENGINE=distributed it serves only the pages, from several processes; `hub worker`
    executes the runs.
    """
    from hub.context import current_hub
    from hub.db.session_settings import require_usable_sessions
    from hub.errors import ConfigurationError
    from hub.scheduling.scheduler import Scheduler
    from hub.security import audit, data_origin
    from hub.web.serving import server

    settings = {"HUB_ALLOW_LOOPBACK": "1"} if allow_loopback else {}
    listener = server.listen(host, port)
    address = server.browser_address(host, listener)
    with closing(listener):
        data_folder.prepare_if_new({**os.environ, **settings})
        file_rights.require_writable({**os.environ, **settings})
        with hub(address, pages=True, settings=settings) as app:
            data_origin.require_no_demo()
            require_usable_sessions()
            vault_check.require_keys()
            for broken in current_hub().plugins.broken:
                audit.record_alone("hub", "plugin refused", broken.text)
            if current_hub().config.is_distributed:
                setting_checks.warn_of_other_secret_key()
                _serve_processes(listener, address, workers or DEFAULT_WORKERS, settings)
            if workers:
                raise ConfigurationError(
                    "--workers", "needs HUB_ENGINE=distributed; the embedded hub is one process"
                )
            served_address.store(current_hub().config.data, address)
            web = server.create_server(app, host, port, listener)
            _print_setup_code()
            say(f"The hub serves {address}")
            engine = None if no_engine else Scheduler(app, announce=say)
            if engine:
                engine.start()
            try:
                web.run()
            finally:
                if engine:
                    engine.stop()
            say("The hub has ended.")


def _serve_processes(
    listener: socket.socket, address: str, workers: int, settings: dict[str, str]
) -> NoReturn:
    """Become gunicorn, which serves the pages from so many processes."""
    from hub.context import current_hub
    from hub.db.engine import db
    from hub.web.administration import first_owner

    if not first_owner.owner_exists():
        say("Nobody owns this hub yet; `hub users add NAME` adds the first owner.")
    environ = {**os.environ, **settings}
    if "HUB_PUBLIC_URL" not in current_hub().config.given_settings:
        environ["HUB_PUBLIC_URL"] = address
    served_address.store(current_hub().config.data, address)
    db.engine.dispose()
    listener.set_inheritable(True)
    say(f"The hub serves {address}")
    arguments = [
        "gunicorn",
        *("--config", "python:hub.web.gunicorn_settings"),
        *("--bind", f"fd://{listener.fileno()}"),
        *("--workers", str(workers)),
        "hub.cli.wsgi:application()",
    ]
    sys.stdout.flush()
    os.execve(sys.executable, [sys.executable, "-m", *arguments], environ)  # noqa: S606 (no shell)


def _print_setup_code() -> None:
    """Print a code for the page that adds the first owner, while there is none.

    It goes to the terminal only, never to a log.
    """
    from hub.context import current_hub
    from hub.web.administration import first_owner

    config = current_hub().config
    if config.allow_loopback:
        say("Stand-ins on this machine are allowed, as sources and as QuickBooks.")
    if first_owner.owner_exists():
        return
    say("Nobody owns this hub yet. Open this page and enter the code:")
    say(f"  {config.public_url}/setup")
    say(f"  set-up code {first_owner.get_setup_code().issue()}")
