"""The pages and the clock in one process: `hub serve`."""

from contextlib import closing

import click

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
def serve(host: str, port: int, no_engine: bool) -> None:
    """Serve the pages and run every app on schedule.

    Until SIGTERM or Ctrl-C: what is being sent comes to its end first, and the next start goes on
    from there. Several of them may serve one data folder: one runs the schedules, the others stand
    by and take over when it ends.
    """
    from hub.scheduling.scheduler import Scheduler
    from hub.security import data_origin
    from hub.web import server

    listener = server.listen(host, port)
    address = server.browser_address(host, listener)
    with closing(listener), hub(address, pages=True) as app:
        data_origin.require_no_demo()
        web = server.Web(app, host, port, listener=listener)
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
