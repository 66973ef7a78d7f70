"""The QuickBooks companies: `hub companies`."""

from typing import TextIO

import click

from hub.cli.frame import as_json, company, inside, moment, print_json, say, table, who


@click.group()
def companies() -> None:
    """The QuickBooks companies that the hub may write to."""


@companies.command()
@click.option("--realm", required=True, metavar="R", help="The company's id (realm) at QuickBooks.")
@click.option(
    "--refresh-token-file",
    "file",
    required=True,
    type=click.File(),
    help="Holds the refresh token; - reads it.",
)
@inside
def add(realm: str, file: TextIO) -> None:
    """Connect a company without a browser, by a refresh token.

    The token is proved at once, kept sealed, and replaced by QuickBooks about daily: the file is of no use afterwards.
    """
    from hub.qbo import oauth, records

    row = oauth.connect_with_refresh_token(realm, file.read().strip())
    records.refresh(row.id)
    say(f"{row.name or realm} is connected, and its lists are read.")


@companies.command("list")
@as_json
@inside
def list_(as_json: bool) -> None:
    """List the companies, their state, and how long their connections last."""
    from sqlalchemy import select

    from hub.models import Company, Token
    from hub.store import reading

    with reading() as session:
        found = [
            (row, session.get(Token, row.id))
            for row in session.scalars(select(Company).order_by(Company.id))
        ]
    rows = [
        {
            "realm": row.realm,
            "name": row.name,
            "state": row.state,
            "why": row.why,
            "batches": row.batches,
            "holds_unused_until": moment(token.refresh_expires_at if token else None),
            "reconnect_by": moment(token.ends_at if token else None),
        }
        for row, token in found
    ]
    if as_json:
        print_json(rows)
        return
    table(
        list(rows[0] if rows else ()),
        [list(row.values()) for row in rows],
        "No company is connected yet.",
    )


@companies.command()
@click.argument("realm")
@inside
def check(realm: str) -> None:
    """Ask QuickBooks whether the connection to REALM works, and read the company's lists again."""
    from hub.qbo import oauth, records, usage
    from hub.store import reading

    row = oauth.check(company(realm).id)
    records.refresh(row.id)
    say(f"The connection to {row.name or realm} works, and its lists are fresh.")
    with reading() as session:
        reads = usage.reads(session, row.id)
    room, ends = usage.room(row), oauth.expiry(row.id)
    say(f"Read {reads.today:,} times today and {reads.month:,} this month.")
    say(f"Room for {room.requests:,} calls and {room.batches} batches more in this minute.")
    if ends and ends.ends_at:
        say(f"A person must reconnect by {moment(ends.ends_at)}.")


@companies.command()
@click.argument("realm")
@click.argument("mode", type=click.Choice(("single", "auto", "batch")))
@inside
def batches(realm: str, mode: str) -> None:
    """Send documents to REALM one by one, or in batches where more than a few (auto) or any two (batch) wait."""
    from hub.posting.batches import MODES, choose

    row = company(realm)
    choose(row.id, mode, who())
    say(f"Documents go to {row.name or realm} {MODES[mode]} from the next run on.")


@companies.command()
@click.argument("realm")
@inside
def disconnect(realm: str) -> None:
    """Give the connection to REALM back to QuickBooks; settings and matches are kept."""
    from hub.qbo import oauth

    row = company(realm)
    oauth.disconnect(row.id, who())
    say(f"{row.name or realm} is disconnected. Its settings and matches are kept.")
