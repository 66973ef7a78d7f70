"""Make a data folder ready: its keys, its rights and its tables."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from hub.cli.terminal import count_of, get_account_name, say

if TYPE_CHECKING:
    from flask import Flask


def prepare(environ: Mapping[str, str], *, may_replace_keys: bool = False) -> "Flask":
    """Create what is missing, bring the tables up to date, and return the application.

    Raise Refused if a key of the hub is gone, unless it may be replaced.
    """
    from hub import config
    from hub.app import create_app
    from hub.crypto import keys
    from hub.db import engine
    from hub.errors import Refused
    from hub.security import data_origin

    folder = config.data_folder(environ)
    data_origin.require_no_demo_folder(folder)
    lost_files = keys.find_lost(folder, config.list_given_settings(environ))
    if lost_files and not may_replace_keys:
        raise Refused(
            f"{lost_files[0]} is gone, and nothing else opens what it protects. Put the file back"
            " from your copy of the keys. If there is none, `hub init --new-keys` makes a new one."
        )
    for path in config.initialise(folder, environ):
        say(f"Created {path}.")
    app = create_app(config.load(environ))
    with app.app_context():
        try:
            data_origin.require_current()
        finally:
            engine.db.engine.dispose()
    engine.upgrade(app)
    with app.app_context():
        data_origin.require_no_demo()
        data_origin.mark_folder(folder, data_origin.INIT)
        data_origin.mark_database(data_origin.INIT)
        if may_replace_keys:
            _give_up_lost_secrets()
        say(f"The tables are there and up to date. Data folder: {folder}")
    return app


def _give_up_lost_secrets() -> None:
    """Delete the secrets that no key can decrypt, so that they can be entered again."""
    from hub.db.engine import transaction
    from hub.qbo.oauth import tokens
    from hub.security import audit, secrets

    with transaction() as session:
        count = secrets.give_up_lost(session)
        if not count:
            return
        tokens.require_reconnect_without_tokens(session)
        lost_secrets = count_of(count, "secret")
        audit.record(session, get_account_name(), "lost secrets given up", lost_secrets)
    say(
        f"No key opens {lost_secrets} any more: connect the companies again, and enter the keys of"
        " Intuit, the mail server and the secrets of apps again. If the old key is found after all,"
        " put it behind the new one in vault.keys."
    )


def prepare_if_new(environ: Mapping[str, str]) -> None:
    """Create keys and tables in a folder that is empty or missing.

    A database that HUB_DATABASE_URL names may belong to another folder, whose keys alone open its
    secrets; there `hub init` decides.
    """
    from hub import config

    if config.names_database(environ):
        return
    folder = config.data_folder(environ)
    if folder.exists() and any(folder.iterdir()):
        return
    prepare(environ)
