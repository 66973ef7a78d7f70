"""The people who may log in: `hub users`."""

from typing import Any

import click

from hub.cli.accounts import (
    add_person,
    change_active,
    change_role,
    issue_code,
    list_people,
    reset_second_factor,
)
from hub.cli.console import as_json, with_hub, with_hub_and_pages
from hub.cli.groups import HelpfulGroup
from hub.cli.selection import find_company
from hub.cli.terminal import format_moment, print_json, print_table, say

ROLES = ("owner", "app-owner", "operator", "viewer")
NO_ROLE = "none"
company_option = click.option(
    "--company", "realm", metavar="R", help="Only for the company with this id (realm)."
)
app_option = click.option("--app", "slug", metavar="SLUG", help="Only for this app.")


@click.group(cls=HelpfulGroup)
def users() -> None:
    """Add, list and change the people who may log in."""


@users.command()
@click.argument("name")
@click.option(
    "--role",
    type=click.Choice(ROLES),
    help="owner does everything; app-owner enables and sets up apps; operator works the inbox;"
    " viewer looks.  [default: owner for the first person, else viewer]",
)
@click.option(
    "--password-file",
    type=click.File(),
    help="Read the password from a file, - for standard input.",
)
@click.option(
    "--keep-password",
    is_flag=True,
    help="The person has chosen this password; do not ask for another one at the first log-in.",
)
@company_option
@app_option
@with_hub_and_pages
def add(
    name: str,
    role: str | None,
    password_file: Any,
    keep_password: bool,
    realm: str | None,
    slug: str | None,
) -> None:
    """Add a person who may log in as NAME, an e-mail address; asks for the password.

    The person replaces it at the first log-in. The first person of a hub keeps it.
    """
    password = None
    if password_file:
        password = password_file.read().strip()
    is_first = not list_people()
    if role is None:
        role = "owner" if is_first else "viewer"
    must_change_password = not (is_first or keep_password)
    company_id = None if realm is None else find_company(realm).id
    add_person(name, role, password, (company_id, slug), must_change_password=must_change_password)


@users.command("list")
@as_json
@with_hub
def list_(as_json: bool) -> None:
    """List the people, their roles and when they logged in last."""
    persons = list_people()
    if as_json:
        print_json(persons)
        return
    rows = []
    for person in persons:
        state = "" if person["active"] else "disabled"
        rights = ", ".join(person["rights"])
        rows.append((person["name"], rights, person["last_login_at"], state))
    empty = "Nobody yet; add the first person with `hub users add NAME`."
    print_table(("name", "role", "last log-in", ""), rows, empty)


@users.command("role")
@click.argument("name")
@click.argument("role", type=click.Choice([*ROLES, NO_ROLE]))
@company_option
@app_option
@as_json
@with_hub_and_pages
def change_role_(name: str, role: str, realm: str | None, slug: str | None, as_json: bool) -> None:
    """Give the person NAME another role; `none` takes it away. The only owner stays one.

    Without options it is the role for everything. The highest role that covers a company and an app
    counts.
    """
    company_id = None if realm is None else find_company(realm).id
    person, text = change_role(name, "" if role == NO_ROLE else role, (company_id, slug))
    change = "no longer" if role == NO_ROLE else "now"
    _report(person, f"{person['name']} is {change} {text}.", as_json)


@users.command()
@click.argument("name")
@as_json
@with_hub_and_pages
def disable(name: str, as_json: bool) -> None:
    """End the sessions and API tokens of the person NAME, who can no longer log in."""
    person = change_active(name, active=False)
    _report(person, f"{person['name']} can no longer log in.", as_json)


@users.command()
@click.argument("name")
@as_json
@with_hub
def enable(name: str, as_json: bool) -> None:
    """Let the person NAME log in again."""
    person = change_active(name, active=True)
    _report(person, f"{person['name']} may log in again.", as_json)


@users.command("reset-factor")
@click.argument("name")
@as_json
@with_hub
def reset_factor(name: str, as_json: bool) -> None:
    """Remove the second factor of NAME, who lost it, and end their sessions."""
    person = reset_second_factor(name)
    name = person["name"]
    sentence = f"The second factors of {name} are removed, and a new one can be set up."
    _report(person, sentence, as_json)


@users.command()
@click.argument("name")
@as_json
@with_hub
def reset(name: str, as_json: bool) -> None:
    """Print a code with which the person NAME sets a new password within a day.

    The password stays valid until the code is used; then all sessions of the person end.
    """
    reset_code = issue_code(name)
    if as_json:
        print_json(reset_code)
        return
    say(f"{reset_code['name']} sets a new password at {reset_code['page']} with this code:")
    say(reset_code["code"])
    say(f"It can be used once, until {format_moment(reset_code['expires_at'])}.")
    if reset_code["note"]:
        say(reset_code["note"])


def _report(person: dict[str, Any], sentence: str, as_json: bool) -> None:
    """Print how a person was changed."""
    if as_json:
        print_json(person)
    else:
        say(sentence)
