"""The people who may log in: `hub users`."""

from typing import Any

import click

from hub.cli.accounts import add_person, people
from hub.cli.console import as_json, inside, inside_with_pages
from hub.cli.terminal import print_json, table


@click.group()
def users() -> None:
    """Add and list the people who may log in, and what each may do."""


@users.command()
@click.argument("name")
@click.option(
    "--role",
    type=click.Choice(["owner", "app-owner", "operator", "viewer"]),
    help="owner does everything; app-owner enables and sets up apps; operator works the inbox;"
    " viewer looks.  [default: owner for the first person, else viewer]",
)
@click.option(
    "--password-file",
    type=click.File(),
    help="Read the password from a file, - for standard input.",
)
@inside_with_pages
def add(name: str, role: str | None, password_file: Any) -> None:
    """Add a person who may log in as NAME; asks for the password."""
    password = None
    if password_file:
        password = password_file.read().strip()
    if role is None:
        role = "viewer" if people() else "owner"
    add_person(name, role, password)


@users.command("list")
@as_json
@inside
def list_(as_json: bool) -> None:
    """List the people and their roles."""
    persons = people()
    if as_json:
        print_json(
            [{"name": name, "role": role, "active": active} for name, role, active in persons]
        )
        return
    rows = []
    for name, role, active in persons:
        rows.append((name, role, "" if active else "disabled"))
    table(("name", "role", ""), rows, "Nobody yet; add the first person with `hub users add NAME`.")
