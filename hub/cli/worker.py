"""A worker of the distributed engine: `hub worker`."""

import click

from hub.cli.console import WholeNumber, hub
from hub.cli.terminal import count_of, say


@click.command()
@click.option(
    "--concurrency",
    "-c",
    type=WholeNumber(1, 500),
    default=8,
    show_default=True,
    help="How many runs at a time.",
)
def worker(concurrency: int) -> None:
    """Execute runs of the distributed engine.

    Workers may run on any number of machines. They share the work of one PostgreSQL database; one
    of them, elected, also runs the schedules and sends the mails. If a worker ends, the others
    continue with its work.

    Until SIGTERM or Ctrl-C: what is being sent comes to its end first.
    """
    from hub.context import current_hub
    from hub.contract.checkout import build_extra_command
    from hub.db.coordination import application_name
    from hub.db.session_pooling import require_own_sessions
    from hub.errors import ConfigurationError, MissingExtra
    from hub.security import data_origin

    with hub() as app:
        if not current_hub().config.is_distributed:
            raise ConfigurationError(
                "HUB_ENGINE",
                "is embedded, where `hub serve` executes the runs itself; set it to distributed,"
                " for every process of the hub, to use workers",
            )
        data_origin.require_no_demo()
        require_own_sessions()
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
        Worker(app, queue, ElectedScheduler(app, queue, announce=say), concurrency).run()
        say("The worker has ended.")
