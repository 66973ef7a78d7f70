"""The pages and the clock in one process: `hub serve`."""

import os
from contextlib import closing

import click

from hub.cli import data_folder
from hub.cli.console import hub, port_number
from hub.cli.terminal import say


@click.command()
@click.option(
    "--host",
    default="127.0.0.1",
    show_default=True,
    help="Where to listen; 0.0.0.0 for every address.",
)
@click.option("--port", "-p", type=port_number, default=8080, show_default=True)
@click.option("--no-engine", is_flag=True, help="Only the pages: nothing runs by itself.")
@click.option(
    "--allow-loopback",
    is_flag=True,
    help="Allow stand-ins on this machine in place of QuickBooks and of sources (only for trying).",
)
def serve(host: str, port: int, no_engine: bool, allow_loopback: bool) -> None:
    """Serve the pages and run every app on schedule.

    In an empty folder it creates keys and tables first, as `hub init` does. While the hub has no
    owner it prints a set-up code, with which the first owner is added on the page /setup.

    Until SIGTERM or Ctrl-C: what is being sent comes to its end first, and the next start goes on
    from there. Several of them may serve one data folder: one runs the schedules, the others stand
    by and take over when it ends.
    """
    from hub import context as hub_context
    from hub.scheduling.scheduler import Scheduler
    from hub.security import audit, data_origin
    from hub.web import server

    settings = {"HUB_ALLOW_LOOPBACK": "1"} if allow_loopback else {}
    listener = server.listen(host, port)
    address = server.browser_address(host, listener)
    with closing(listener):
        data_folder.prepare_if_new({**os.environ, **settings})
        with hub(address, pages=True, settings=settings) as app:
            data_origin.require_no_demo()
            web = server.for_hub(app, host, port, listener)
            for broken in hub_context.current().plugins.broken:
                audit.record_alone("hub", "plugin refused", broken.text)
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


def _print_setup_code() -> None:
    """Print a code for the page that adds the first owner, while there is none.

    It goes to the terminal only, never to a log.
    """
    from hub.context import current
    from hub.web import first_owner

    config = current().config
    if config.allow_loopback:
        say("Stand-ins on this machine are allowed, as sources and as QuickBooks.")
    if first_owner.exists():
        return
    say("Nobody owns this hub yet. Open this page and enter the code:")
    say(f"  {config.public_url}/setup")
    say(f"  set-up code {first_owner.setup_code().issue()}")
