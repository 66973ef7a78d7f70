"""Stand-ins as real servers, for any client: `hub sandbox quickbooks`, `hub sandbox SLUG`."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from hub.cli.console import WholeNumber, port_number
from hub.contract.checkout import build_extra_command, has_stand_ins, require_stand_ins

if TYPE_CHECKING:
    from hub.contract.types import App


class WithTables(click.Command):
    """A command whose help ends with every option of the QuickBooks stand-in."""

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Append the tables of faults and switches to the help."""
        if not has_stand_ins():
            formatter.write_paragraph()
            formatter.write_text("It needs the QuickBooks stand-in. Install it from a checkout:")
            formatter.write_text(build_extra_command("demo"))
            return
        from qbo_sandbox.command import write_tables

        write_tables(formatter)


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
    type=WholeNumber(0),
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
    help=(
        "quickbooks: a company by its name, with options changed: norway,custom_numbers=false."
        " May be repeated."
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
    help="quickbooks: answer what Intuit leaves unsaid: requestid=refuse. May be repeated.",
)
@click.option(
    "--webhook",
    metavar="URL",
    help="quickbooks: who is told of changes; classic:URL in the older form.",
)
@click.option(
    "--json",
    "as_json",
    is_flag=True,
    help=(
        "SLUG: print only its settings, as JSON for `hub apps enable --settings FILE`, and serve it"
        " all the same."
    ),
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
    as_json: bool,
) -> None:
    """Serve a stand-in at a local address.

    QuickBooks Online, or the source of the app SLUG, until Ctrl-C. Its address is the first line
    that it prints; then comes what to enter in the hub. With --json it prints the settings alone,
    and serves until Ctrl-C as well. Below the address, /_sandbox/faults makes it misbehave,
    /_sandbox/books shows its books and /_sandbox/clock moves its clock.
    """
    _require_stand_in(name)
    from qbo_sandbox.command import reserve_folder

    with reserve_folder(folder, port):
        if name == "quickbooks":
            if as_json:
                raise click.UsageError("--json prints the settings of an app; name one.")
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
                hints=_build_intuit_keys,
            )
        else:
            _serve_source(name, port, folder, documents, seed, faults, as_json)


def _require_stand_in(name: str) -> None:
    """Raise MissingExtra unless the stand-in of QuickBooks is installed.

    The error names what `name` needs: the extra of an app's plugin, which has its stand-in, too.
    """
    from hub import config
    from hub.contract.registry import Plugins

    if has_stand_ins():
        return
    plugin = ""
    if name != "quickbooks":
        plugins = Plugins.load(allowed=config.allowed_plugins())
        if name in plugins.apps:
            plugin = plugins.installed_plugin(name).distribution
    require_stand_ins("`hub sandbox`", plugin)


def _serve_source(
    slug: str,
    port: int,
    folder: Path | None,
    documents: int | None,
    seed: int,
    faults: tuple[str, ...],
    as_json: bool,
) -> None:
    """Serve the stand-in of a source until Ctrl-C."""
    from hub import config
    from hub.contract.app_lookup import build_missing_error
    from hub.contract.registry import Plugins
    from qbo_sandbox.kit import Fault, serve

    plugins = Plugins.load(allowed=config.allowed_plugins())
    slugs = [app for app in plugins.apps if plugins.has(app, "hub_sandbox")]
    if slug not in slugs:
        raise build_missing_error(plugins, slug, ["quickbooks", *slugs], what="stand-in")
    stand_in = plugins.open_stand_in(slug, folder=folder, documents=documents, seed=seed)
    wsgi: Any = stand_in.wsgi
    for text in faults:
        wsgi.faults.add(Fault.parse(text))
    app = plugins.apps[slug]
    if as_json:
        serve(
            wsgi, port, facts=lambda url: [json.dumps(stand_in.settings(url))], says_address=False
        )
    else:
        serve(wsgi, port, facts=lambda url: _build_settings_to_enter(app, stand_in.settings(url)))


def _build_intuit_keys(quickbooks: Any, url: str) -> list[str]:
    """Return lines that say how a hub is connected to the stand-in of QuickBooks."""
    scheme, _, host = url.partition("://")
    address = f"{scheme}://{quickbooks.client_id}:{quickbooks.client_secret}@{host}"
    return [
        "to enter under Set up → Intuit keys, in a hub of `hub serve --allow-loopback`:",
        f"  Address of a QuickBooks stand-in: {address}",
    ]


def _build_settings_to_enter(app: "App", settings: "Mapping[str, object]") -> list[str]:
    """Return lines that say how an app is enabled with the stand-in of its source."""
    from hub.contract import settings_schema

    fields = settings_schema.get_schema(app).fields
    lines = [
        f"to enter under Apps → {app.name} → Enable, in a hub of `hub serve --allow-loopback`:"
    ]
    for name, value in settings.items():
        label = fields[name].metadata.get("label", name)
        words = settings_schema.listed_choices(fields[name]).get(str(value), value)
        lines.append(f"  {label}: {words}")
    lines.append(
        f"for `hub apps enable {app.slug} --settings FILE`, serve it with: hub sandbox {app.slug}"
        " --json > FILE"
    )
    return lines
