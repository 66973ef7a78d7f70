"""The QuickBooks companies: `hub companies`."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from hub.cli import person
from hub.cli.console import as_json, with_hub, with_process_lock
from hub.cli.groups import HelpfulGroup
from hub.cli.selection import find_company
from hub.cli.terminal import count_of, format_moment, get_account_name, print_json, print_table, say

if TYPE_CHECKING:
    from hub.models import ConnectedCompany, Token

DETAIL_COLUMNS = ("why", "batches", "holds_unused_until", "reconnect_by")
# The headings of these columns for people; the JSON output has the names.
COLUMN_HEADINGS = {"holds_unused_until": "expires if unused", "reconnect_by": "reconnect before"}

# The values of `BatchMode`, which is not imported here: `hub --help` loads no tables.
BATCH_MODES = click.Choice(["single", "auto", "batch"])


@click.group(cls=HelpfulGroup)
def companies() -> None:
    """Connect, list and check QuickBooks companies."""


@companies.command()
@click.option("--realm", required=True, metavar="R", help="The company's id (realm) at QuickBooks.")
@click.option(
    "--refresh-token-file",
    "path",
    required=True,
    type=click.Path(exists=True, dir_okay=False, allow_dash=True, path_type=Path),
    help="Holds the refresh token; - reads it.",
)
@with_hub
@with_process_lock
def add(realm: str, path: Path) -> None:
    """Connect a company without a browser, with a refresh token.

    Nothing is stored before QuickBooks has answered for the company. If Intuit replaces the token
    and the company cannot be connected, the new token is written to the file. Once connected the
    hub keeps the token sealed, and QuickBooks replaces it about daily: delete the file.
    """
    from hub.cli.token_file import TokenFile
    from hub.context import current_hub
    from hub.errors import HubError
    from hub.qbo import record_download
    from hub.qbo.oauth import connect as oauth_connect

    file = TokenFile(path, current_hub().config.data / f"refresh-token-{realm}.txt")
    try:
        row = oauth_connect.connect_with_refresh_token(
            realm, file.read(), keep=file.replace, who=get_account_name()
        )
    except HubError:
        if file.replaced:
            say(
                f"Intuit replaced the refresh token; use the new one, in {file.replaced}.", err=True
            )
        raise
    file.discard()
    record_download.refresh(row.id)
    say(f"{row.display_name} is connected, and its lists are read.")


@companies.command("list")
@as_json
@with_hub
def list_(as_json: bool) -> None:
    """List the companies with their state and how long their connections last."""
    from sqlalchemy import select

    from hub.db.engine import read_only_session
    from hub.models import ConnectedCompany, Token

    visible = person.visible_rows("viewer")
    rows = []
    with read_only_session() as session:
        query = select(ConnectedCompany).where(*visible.companies()).order_by(ConnectedCompany.id)
        for row in session.scalars(query):
            columns = {"realm": row.realm, "name": row.name, "state": row.state}
            details = dict.fromkeys(DETAIL_COLUMNS, "")
            # A person with rights for single apps sees only its name and state, as on the pages.
            if visible.has_company(row.id):
                details = _describe_connection(row, session.get(Token, row.id))
            rows.append(columns | details)
    if as_json:
        print_json(rows)
        return
    heads = [COLUMN_HEADINGS.get(name, name) for name in rows[0]] if rows else []
    cells = [list(row.values()) for row in rows]
    print_table(heads, cells, "No company is connected yet.")


def _describe_connection(row: "ConnectedCompany", token: "Token | None") -> dict[str, str]:
    """Return how a company is connected, for how long, and how documents are sent."""
    if row.has_ended:
        token = None
    return {
        "why": row.state_reason,
        "batches": row.batches,
        "holds_unused_until": format_moment(token.refresh_expires_at if token else None),
        "reconnect_by": format_moment(token.ends_at if token else None),
    }


@companies.command()
@click.argument("realm")
@with_hub
@with_process_lock
def check(realm: str) -> None:
    """Check that the connection to REALM works, and read the company's lists again."""
    from hub.db.engine import read_only_session
    from hub.qbo import record_download, usage
    from hub.qbo.oauth import connect as oauth_connect
    from hub.qbo.oauth import tokens

    row = oauth_connect.check(find_company(realm).id, get_account_name())
    record_download.refresh(row.id)
    say(f"The connection to {row.display_name} works, and its lists are fresh.")
    with read_only_session() as session:
        reads = usage.count_reads(session, row.id)
    room = usage.compute_remaining_budget(row)
    ends = tokens.load_expiry(row.id)
    say(f"Reads today: {reads.today:,}; this month: {reads.month:,}.")
    calls = count_of(room.requests, "more call")
    batches = count_of(room.batches, "batch", "batches")
    say(f"Room for {calls} and {batches} in this minute.")
    if ends and ends.ends_at:
        say(f"Reconnect before {format_moment(ends.ends_at)}.")


@companies.command()
@click.argument("realm")
@click.argument("mode", type=BATCH_MODES)
@with_hub
def batches(realm: str, mode: str) -> None:
    """Send documents to REALM singly, or in batches if at least six (auto) or two (batch) wait."""
    from hub.posting.outcome import batch_sizing

    row = find_company(realm)
    batch_sizing.store_mode(row.id, mode, get_account_name())
    name = row.display_name
    how_many = batch_sizing.MODE_LABELS[mode]  # "one by one", for example
    say(f"Documents go to {name} {how_many} from the next run on.")


@companies.command()
@click.argument("realm")
@with_hub
@with_process_lock
def disconnect(realm: str) -> None:
    """Revoke the connection to REALM at Intuit; settings and matches are kept."""
    from hub.qbo.oauth import connect as oauth_connect

    row = find_company(realm)
    revocation = oauth_connect.disconnect(row.id, get_account_name())
    say(f"{row.display_name} is disconnected. Its settings and matches are kept.")
    if revocation == oauth_connect.Revocation.NOT_REQUESTED:
        say(
            "Its token was not given back to Intuit: it never worked here, or another company"
            " uses it."
        )
    elif revocation == oauth_connect.Revocation.REFUSED:
        say(
            "Intuit did not end the connection, because it does not accept HUB_QBO_CLIENT_ID and"
            " HUB_QBO_CLIENT_SECRET. Disconnect the app in QuickBooks, too."
        )


@companies.command()
@click.argument("realm")
@with_hub
def remove(realm: str) -> None:
    """Remove the company REALM if it never worked, for example because of a mistyped number."""
    from hub.qbo import company_removal

    row = find_company(realm)
    company_removal.remove(row.id, get_account_name())
    say(f"Company {realm} is removed.")
