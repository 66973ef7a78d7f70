"""The tokens of the JSON API: `hub tokens`."""

from typing import Any

import click

from hub.cli.console import as_json, row_id, with_hub
from hub.cli.groups import HelpfulGroup
from hub.cli.terminal import format_moment, get_account_name, print_json, print_table, say

# A token with the scope `approve` is created on the page alone, which asks its person who they are:
# otherwise a person with a shell could approve as two people.
SCOPES = ("read", "operate", "configure")


@click.group(cls=HelpfulGroup)
def tokens() -> None:
    """Create, list and revoke tokens of the JSON API."""


@tokens.command()
@click.argument("person")
@click.option("--name", required=True, help="What the token is for, such as “nightly report”.")
@click.option(
    "--scope",
    "scopes",
    type=click.Choice(SCOPES),
    multiple=True,
    default=("read",),
    show_default=True,
    help="What it may do; may be repeated. It never may more than PERSON.",
)
@click.option("--days", type=int, default=90, show_default=True, help="How long it is valid.")
@with_hub
def create(person: str, name: str, scopes: tuple[str, ...], days: int) -> None:
    """Create a token that acts for PERSON, and print it; it is shown only once."""
    from hub.db.engine import transaction
    from hub.security import api_tokens, people

    with transaction() as session:
        owner = people.get(session, person)
        token = api_tokens.create(session, owner, name, scopes, who=get_account_name(), days=days)
    click.echo(token)


@tokens.command("list")
@as_json
@with_hub
def list_(as_json: bool) -> None:
    """List the tokens that can be used, the newest first."""
    rows = _list_tokens()
    if as_json:
        print_json(rows)
        return
    columns = ("id", "person", "name", "scopes", "last_used_at", "expires_at")
    lines = [tuple(row[column] for column in columns) for row in rows]
    heads = ("id", "person", "name", "scopes", "last used", "expires")
    print_table(heads, lines, "None; create one with `hub tokens create PERSON --name NAME`.")


@tokens.command()
@click.argument("token_id", type=row_id, metavar="ID")
@with_hub
def revoke(token_id: int) -> None:
    """Revoke the token ID of the list; calls with it are refused from now on."""
    from hub.db.engine import transaction
    from hub.security import api_tokens

    with transaction() as session:
        name = api_tokens.revoke(session, token_id, get_account_name()).name
    say(f"The API token “{name}” is revoked.")


def _list_tokens() -> list[dict[str, Any]]:
    """Return the tokens that can be used, the newest first."""
    from hub.db.engine import read_only_session
    from hub.models import User
    from hub.security import api_tokens

    with read_only_session() as session:
        rows = []
        for token in api_tokens.list_valid(session):
            person = session.get_one(User, token.user_id)
            rows.append(
                {
                    "id": token.id,
                    "person": person.name,
                    "name": token.name,
                    "scopes": token.scopes,
                    "created_at": format_moment(token.created_at),
                    "last_used_at": format_moment(token.used_at),
                    "expires_at": format_moment(token.expires_at),
                }
            )
    return rows
