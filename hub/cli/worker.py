"""A worker of the distributed engine: `hub worker`."""

import os
import socket
from typing import TYPE_CHECKING

import click

from hub.cli import file_rights, setting_checks, vault_check
from hub.cli.console import WholeNumber, hub, port_number
from hub.cli.terminal import count_of, say

if TYPE_CHECKING:
    from flask import Flask

    from hub.scheduling.worker import Worker


@click.command()
@click.option(
    "--concurrency",
    "-c",
    type=WholeNumber(1, 500),
    default=8,
    show_default=True,
    help="How many runs at a time.",
)
@click.option(
    "--health-port",
    type=port_number,
    help="Answer /healthz and /readyz at this port, for service managers; 0 for a free one.",
)
@click.option(
    "--health-host",
    default="127.0.0.1",
    show_default=True,
    help="Where to listen for that; 0.0.0.0 for every address.",
)
def worker(concurrency: int, health_port: int | None, health_host: str) -> None:
    """Execute runs of the distributed engine.

    Workers may run on any number of machines. They share the work of one PostgreSQL database; one
    of them, elected, also runs the schedules and sends the mails. If a worker ends, the others
    continue with its work.

    Until SIGTERM or Ctrl-C: what is being sent comes to its end first.
    """
    from hub.context import current_hub
    from hub.contract.checkout import build_extra_command
    from hub.db.coordination import application_name
    from hub.db.session_settings import require_usable_sessions
    from hub.errors import ConfigurationError, MissingExtra
    from hub.security import data_origin

    listener = None
    if health_port is not None:
        listener = _listen(health_host, health_port)
    file_rights.require_writable(os.environ)
    with hub() as app:
        if not current_hub().config.is_distributed:
            raise ConfigurationError(
                "HUB_ENGINE",
                "is embedded, where `hub serve` executes the runs itself; set it to distributed,"
                " for every process of the hub, to use workers",
            )
        data_origin.require_no_demo()
        require_usable_sessions()
        vault_check.require_keys()
        setting_checks.warn_of_other_secret_key()
        try:
            from hub.scheduling import queue_tables
            from hub.scheduling.elected_scheduler import ElectedScheduler
            from hub.scheduling.queue import RunQueue
            from hub.scheduling.worker import Worker
        except ImportError as error:
            command = build_extra_command("postgres")
            raise MissingExtra("`hub worker`", str(error.name), command) from error
        queue_tables.prepare()
        say(f"This worker executes up to {count_of(concurrency, 'run')} at a time.")
        say(f"Its database sessions are named {application_name(current_hub().process)}.")
        queue = RunQueue(app)
        worker = Worker(app, queue, ElectedScheduler(app, queue, announce=say), concurrency)
        if listener is not None:
            _answer_health_checks(app, worker, health_host, listener)
        worker.run()
        say("The worker has ended.")


def _listen(host: str, port: int) -> socket.socket:
    """Open the address for health checks, before anything else is set up."""
    from hub.web.serving import server

    return server.listen(host, port, host_option="--health-host", port_option="--health-port")


def _answer_health_checks(
    app: "Flask", worker: "Worker", host: str, listener: socket.socket
) -> None:
    """Answer health checks from a thread for as long as the process lives."""
    from hub.web.serving.server import Web
    from hub.web.worker_health import WorkerHealth

    health = Web(WorkerHealth(app, worker), host, 0, listener=listener)
    health.start()
    say(f"Its health is at {health.url}/healthz and {health.url}/readyz.")
