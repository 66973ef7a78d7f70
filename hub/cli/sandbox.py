"""Stand-ins as real servers, for any client: `hub sandbox quickbooks`, `hub sandbox SLUG`."""

import errno
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import click

from hub.cli.frame import port_number


class WithTables(click.Command):
    """Its help ends with everything that can be chosen of the QuickBooks stand-in."""

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        from qbo_sandbox.faults.rules import FAULTS
        from qbo_sandbox.kit import KINDS
        from qbo_sandbox.seeding.profiles import page
        from qbo_sandbox.switches import Switches

        answers = {
            name: f"{told['says']}: {', '.join(str(choice).lower() for choice in told['choices'])}"
            for name, told in Switches().page().items()
        }
        tables = {
            "Companies": page(),
            "Faults of every stand-in": KINDS,
            "Faults of QuickBooks": FAULTS,
        }
        for title, rows in (tables | {"Switches": answers}).items():
            with formatter.section(title):
                formatter.write_dl(list(rows.items()))


@click.command(cls=WithTables)
@click.argument("name", metavar="quickbooks|SLUG")
@click.option(
    "--port", "-p", type=port_number, default=0, help="0 takes a free one; the address is printed."
)
@click.option(
    "--folder",
    type=click.Path(file_okay=False, path_type=Path),
    help="Keeps its books over a restart.",
)
@click.option(
    "--documents",
    "-n",
    type=click.IntRange(0),
    metavar="N",
    help="How many documents a source starts with.",
)
@click.option(
    "--seed", type=int, default=0, show_default=True, help="The same seed makes the same documents."
)
@click.option("--realm", metavar="R", help="quickbooks: the company that the tokens open.")
@click.option("--access-token", metavar="T", help="quickbooks: an access token that it shall know.")
@click.option(
    "--refresh-token", metavar="T", help="quickbooks: a refresh token that it shall know."
)
@click.option("--client", metavar="ID:SECRET", help="quickbooks: the client that may use them.")
@click.option(
    "--company",
    "companies",
    multiple=True,
    metavar="NAME,...",
    help="quickbooks: a company by its name, with options changed: norway,custom_numbers=false. May be repeated.",
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
    help="quickbooks: answer what Intuit leaves unsaid: requestid=refuse. May be repeated.",
)
@click.option(
    "--webhook",
    metavar="URL",
    help="quickbooks: who is told of changes; classic:URL in the older form.",
)
def sandbox(
    name: str,
    port: int,
    folder: Path | None,
    documents: int | None,
    seed: int,
    realm: str | None,
    access_token: str | None,
    refresh_token: str | None,
    client: str | None,
    companies: tuple[str, ...],
    faults: tuple[str, ...],
    switches: tuple[str, ...],
    webhook: str | None,
) -> None:
    """Serve a stand-in at a local address.

    QuickBooks Online, or the source of the app SLUG, until Ctrl-C. Its address is the first line that it prints; below
    it, /_sandbox/faults tells it to misbehave, /_sandbox/books shows its books and /_sandbox/clock moves its clock.
    """
    with _alone(folder, port):
        if name == "quickbooks":
            from qbo_sandbox import serve_quickbooks

            serve_quickbooks(
                port,
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
        else:
            _serve_source(name, port, folder, documents, seed, faults)


@contextmanager
def _alone(folder: Path | None, port: int) -> Iterator[None]:
    """Keeps the folder for this process: two that write one journal would spoil it."""
    from filelock import FileLock, Timeout

    try:
        with ExitStack() as held:
            if folder:
                folder.mkdir(parents=True, exist_ok=True)
                held.enter_context(FileLock(folder / ".lock").acquire(timeout=0))
            yield
    except Timeout:
        raise click.UsageError(
            f"{folder} is in use by another stand-in. Stop that one, or choose another."
        ) from None
    except OSError as error:
        if error.errno != errno.EADDRINUSE:
            raise
        raise click.UsageError(
            f"Port {port} is in use. Choose another, or 0 for a free one."
        ) from None
    except ValueError as wrong:
        raise click.UsageError(str(wrong)) from wrong


def _serve_source(
    slug: str,
    port: int,
    folder: Path | None,
    documents: int | None,
    seed: int,
    faults: tuple[str, ...],
) -> None:
    from hub.errors import NotFound
    from hub.plugins import Plugins
    from qbo_sandbox.kit import Fault, serve

    plugins = Plugins.load()
    known = [app for app in plugins.apps if plugins.has(app, "hub_sandbox")]
    if slug not in known:
        raise NotFound("stand-in", slug, ["quickbooks", *known])
    stand_in = plugins.call(slug, "hub_sandbox", folder=folder, documents=documents, seed=seed)
    for text in faults:
        stand_in.wsgi.faults.add(Fault.parse(text))
    serve(stand_in.wsgi, port)
