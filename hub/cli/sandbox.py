"""Stand-ins as real servers, for any client: `hub sandbox quickbooks`, `hub sandbox SLUG`."""

from pathlib import Path

import click


@click.command()
@click.argument("name", metavar="quickbooks|SLUG")
@click.option("--port", "-p", type=int, default=0, help="0 takes a free one; the address is printed.")
@click.option("--folder", type=click.Path(file_okay=False, path_type=Path), help="Keeps its books over a restart.")
@click.option("--documents", "-n", type=int, metavar="N", help="How many documents a source starts with.")
@click.option("--seed", type=int, default=0, show_default=True, help="The same seed makes the same documents.")
@click.option("--realm", metavar="R", help="quickbooks: the company that the tokens open.")
@click.option("--access-token", metavar="T", help="quickbooks: an access token that it shall know.")
@click.option("--refresh-token", metavar="T", help="quickbooks: a refresh token that it shall know.")
@click.option("--client", metavar="ID:SECRET", help="quickbooks: the client that may use them.")
@click.option(
    "--country", type=click.Choice(["US", "NO"]), default="US", help="quickbooks: where the first company is."
)
@click.option(
    "--fault", "faults", multiple=True, metavar="KIND@CALL,...", help="Misbehave: lose_answer@bill.create,nth=3."
)
@click.option("--webhook", metavar="URL", help="quickbooks: who is told of changes; classic:URL in the older form.")
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
    country: str,
    faults: tuple[str, ...],
    webhook: str | None,
) -> None:
    """Serve a stand-in at a local address.

    QuickBooks Online, or the source of the app SLUG, until Ctrl-C. Its address is the first line that it prints.
    It keeps state, validates as the real one does, and misbehaves when
    told at /_sandbox/faults; its books can be read at /_sandbox/books, its clock moved at /_sandbox/clock.
    """
    if name == "quickbooks":
        from hub.qbo.sandbox import NORWAY, US, serve_quickbooks

        serve_quickbooks(
            port,
            folder=folder,
            realm=realm,
            access_token=access_token,
            refresh_token=refresh_token,
            client=client,
            faults=faults,
            webhook=webhook,
            options=(NORWAY, US) if country == "NO" else (US, NORWAY),
        )
    else:
        _serve_source(name, port, folder, documents, seed, faults)


def _serve_source(
    slug: str, port: int, folder: Path | None, documents: int | None, seed: int, faults: tuple[str, ...]
) -> None:
    from hub.errors import NotFound
    from hub.plugins import Plugins
    from hub.sandboxing import Fault, serve

    plugins = Plugins.load()
    known = [app for app in plugins.apps if plugins.has(app, "hub_sandbox")]
    if slug not in known:
        raise NotFound("stand-in", slug, ["quickbooks", *known])
    stand_in = plugins.call(slug, "hub_sandbox", folder=folder, documents=documents, seed=seed)
    for text in faults:
        stand_in.wsgi.faults.add(Fault.parse(text))
    serve(stand_in.wsgi, port)
