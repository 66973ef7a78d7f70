"""The command `qbo-sandbox`, which serves the stand-in at a local address."""

import errno
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

import click


def write_tables(formatter: click.HelpFormatter) -> None:
    """End a command's help with every company, fault and switch that it accepts."""
    from qbo_sandbox.faults.rules import FAULTS
    from qbo_sandbox.kit import KINDS
    from qbo_sandbox.seeding.profiles import describe_profiles
    from qbo_sandbox.switches import Switches

    switches = {
        name: f"{switch['says']}: {', '.join(str(choice).lower() for choice in switch['choices'])}"
        for name, switch in Switches().page().items()
    }
    tables = {
        "Companies": describe_profiles(),
        "Faults of every stand-in": KINDS,
        "Faults of QuickBooks": FAULTS,
        "Switches": switches,
    }
    for title, rows in tables.items():
        with formatter.section(title):
            formatter.write_dl(list(rows.items()))


@contextmanager
def reserve_folder(folder: Path | None, port: int) -> Iterator[None]:
    """Reserve the folder for this process, and report what cannot be used as a usage error.

    Two processes that write one journal would spoil it.
    """
    from filelock import FileLock, Timeout

    try:
        with ExitStack() as stack:
            if folder:
                folder.mkdir(parents=True, exist_ok=True)
                stack.enter_context(FileLock(folder / ".lock").acquire(timeout=0))
            yield
    except Timeout:
        raise click.UsageError(
            f"{folder} is in use by another stand-in. Stop that one, or choose another."
        ) from None
    except OSError as error:
        reason = error.strerror or str(error)
        if error.filename:
            reason = f"{error.filename}: {reason}"
        if error.errno == errno.EADDRINUSE:
            reason = f"Port {port} is in use. Choose another, or 0 for a free one."
        raise click.UsageError(reason) from None
    except ValueError as error:
        raise click.UsageError(str(error)) from error


class CommandWithTables(click.Command):
    """A command whose help ends with the tables of companies, faults and switches."""

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the tables of faults, switches and companies below the help."""
        write_tables(formatter)


@click.command(
    cls=CommandWithTables,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110},
)
@click.version_option(package_name="qbo-sandbox", message="%(prog)s %(version)s")
@click.option(
    "--port",
    "-p",
    type=click.IntRange(0, 65535),
    default=0,
    help="0 takes a free one; the address is printed.",
)
@click.option("--host", default="127.0.0.1", show_default=True, help="The address to listen on.")
@click.option(
    "--folder",
    type=click.Path(file_okay=False, path_type=Path),
    help="Keeps its books over a restart.",
)
@click.option("--realm", metavar="R", help="The id of the first company.")
@click.option("--access-token", metavar="T", help="An access token that works from the start.")
@click.option("--refresh-token", metavar="T", help="The first company's first refresh token.")
@click.option("--client", metavar="ID:SECRET", help="The application that may connect.")
@click.option(
    "--company",
    "companies",
    multiple=True,
    metavar="NAME,...",
    help=(
        "A company by its name, with options changed: norway,custom_numbers=false. May be repeated."
    ),
)
@click.option(
    "--fault",
    "faults",
    multiple=True,
    metavar="KIND@CALL,...",
    help="Misbehave: lose_answer@bill.create,nth=3. May be repeated.",
)
@click.option(
    "--switch",
    "switches",
    multiple=True,
    metavar="NAME=ANSWER",
    help="Choose a behavior that Intuit leaves open: requestid=refuse. May be repeated.",
)
@click.option(
    "--webhook",
    metavar="URL",
    help="Where changes are sent; classic:URL for the older form.",
)
def main(
    port: int,
    host: str,
    folder: Path | None,
    realm: str | None,
    access_token: str | None,
    refresh_token: str | None,
    client: str | None,
    companies: Sequence[str],
    faults: Sequence[str],
    switches: Sequence[str],
    webhook: str | None,
) -> None:
    """Serve a QuickBooks Online stand-in at a local address until Ctrl-C.

    The first line that it prints is its address; then come the client id and secret, each company's
    realm and tokens, and how to get a new access token. Below the address, /_sandbox/faults makes
    it misbehave, /_sandbox/books shows its books and /_sandbox/clock moves its clock.
    """
    from qbo_sandbox.factory import serve_quickbooks

    with reserve_folder(folder, port):
        serve_quickbooks(
            port,
            host=host,
            folder=folder,
            realm=realm,
            access_token=access_token,
            refresh_token=refresh_token,
            client=client,
            faults=faults,
            webhook=webhook,
            companies=companies or ("us", "norway"),
            switches=switches,
        )
