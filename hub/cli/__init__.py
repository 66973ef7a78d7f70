"""The `hub` command: one module for each group of commands, imported when it is called.

May import every package. Start reading here.
"""

import gc
import sys
from importlib import import_module
from pathlib import Path
from typing import Any

import click

from hub.cli import file_rights
from hub.cli.groups import HelpfulGroup

# The module of each command; a command has the name of its function.
COMMAND_MODULES = {
    "demo": "demo",
    "serve": "serve",
    "worker": "worker",
    "init": "maintenance",
    "check": "maintenance",
    "users": "people",
    "tokens": "tokens",
    "companies": "companies",
    "apps": "apps",
    "sync": "sync",
    "read": "read",
    "outbox": "outbox",
    "cases": "outbox",
    "retry": "decisions",
    "adopt": "decisions",
    "not-this": "decisions",
    "overwrite": "decisions",
    "skip": "decisions",
    "approve": "decisions",
    "undo": "decisions",
    "reconcile": "runs",
    "runs": "runs",
    "restored": "runs",
    "backup": "transfer",
    "restore": "transfer",
    "move": "transfer",
    "unseal": "transfer",
    "prune": "prune",
    "vault": "maintenance",
    "audit": "maintenance",
    "plugins": "maintenance",
    "sandbox": "sandbox",
    "new-plugin": "authors",
    "dev": "dev",
}
# Commands that can be done with the rights of a person; `hub.cli.rights` says which role they need.
FOR_PERSON = frozenset(
    {
        "users",
        "tokens",
        "companies",
        "apps",
        "sync",
        "read",
        "outbox",
        "cases",
        "retry",
        "adopt",
        "not-this",
        "overwrite",
        "skip",
        "approve",
        "undo",
        "reconcile",
        "runs",
    }
)
# Modules create many objects, and nearly all of them stay. A garbage collection after every 700 new
# ones, the default of Python, took a fifth of each start. `hub.context.freeze_gc` sets another
# threshold once the hub is open.
gc.set_threshold(50_000)


class Commands(HelpfulGroup):
    """Import the module of a command when it is called; report every error as one sentence.

    The exit code comes from the error.
    """

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the commands in the order in which help shows them."""
        return list(COMMAND_MODULES)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import a command when it is called; None if there is none of this name."""
        if cmd_name not in COMMAND_MODULES:
            return None
        module = import_module(f"hub.cli.{COMMAND_MODULES[cmd_name]}")
        function_name = cmd_name.replace("-", "_")
        command: click.Command = getattr(module, function_name)
        return command

    def invoke(self, ctx: click.Context) -> Any:
        """Run a command and turn its errors into a sentence and an exit code."""
        try:
            return super().invoke(ctx)
        except (click.ClickException, click.exceptions.Exit, click.Abort, BrokenPipeError):
            raise  # the reader of the output has closed it: click ends quietly
        except Exception as error:
            if ctx.params.get("traceback"):
                raise
            click.echo(_format_error(error), err=True)
            ctx.exit(getattr(error, "exit_code", 1))


@click.group(
    cls=Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110}
)
@click.version_option(package_name="qbo-hub", prog_name="hub", message="%(prog)s %(version)s")
@click.option("--traceback", is_flag=True, help="Show where an unexpected error came from.")
@click.option(
    "--as",
    "person",
    metavar="NAME",
    help="Act with the rights of this person of the hub, and see only what the person sees.",
)
@click.pass_context
def main(context: click.Context, traceback: bool, person: str | None) -> None:
    """Put the documents of purchasing and job systems into QuickBooks Online, each exactly once,
    to the cent.

    \b
    To look at it:   hub demo
    To set it up:    hub serve
    Without a page:  hub companies add, hub apps enable, hub sync

    Settings come from the environment (HUB_DATA, HUB_QBO_CLIENT_ID, ...) or a file named by
    HUB_CONFIG; `hub check` says what is missing. Every command has its own --help.
    """
    command = context.invoked_subcommand
    if person is not None and not person.strip():  # such as a variable of a script without a value
        raise click.UsageError("--as names nobody. Leave it out to act with all rights.")
    if person is not None and command not in FOR_PERSON:
        raise click.UsageError(
            f"`hub {command}` is about this machine or the whole hub, so it cannot be done with the"
            " rights of one person. Leave --as out."
        )


def _format_error(error: Exception) -> str:
    """Return the sentence that a person sees for an error."""
    if hasattr(error, "exit_code"):
        return str(error)
    if isinstance(error, OSError) and error.strerror:
        name = f" {error.filename}" if error.filename else ""
        problem = f"The file{name} cannot be used: {error.strerror}. Nothing was lost"
        if isinstance(error, PermissionError) and isinstance(error.filename, str):
            return f"{problem}: {file_rights.explain(Path(error.filename))}."
        return f"{problem}; solve that and run again."
    command = " ".join(sys.argv[1:2])
    message = " ".join(str(error).split())[:300]
    return (
        f"The hub met an error that it did not expect ({type(error).__name__}: {message})."
        f" What was committed stays; `hub --traceback {command} ...` shows where it came from."
    )
