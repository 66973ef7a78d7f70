"""Checks of what the hub is connected to, for `hub check`: keys, people, mail and companies."""

from collections.abc import Iterator


def iter_checks() -> Iterator[tuple[bool, str]]:
    """Yield the checks of keys, people, mail, connections and plugins."""
    from sqlalchemy import select

    from hub.cli.accounts import list_people
    from hub.context import current_hub
    from hub.db.engine import read_only_session
    from hub.models import ConnectedCompany
    from hub.models.enums import ConnectionState
    from hub.security import hub_settings

    yield from _check_intuit_keys()
    if list_people():
        yield True, "a person who can log in"
    else:
        yield False, "a person who can log in: `hub users add NAME`"
    if hub_settings.mail_url():
        yield True, "mail server"
    else:
        yield True, "no mail is sent: no mail server is set"
    yield from _check_identity_provider()
    with read_only_session() as session:
        companies = list(session.scalars(select(ConnectedCompany)))
    for row in companies:
        title = f"connection to {row.display_name}"
        if row.state == ConnectionState.CONNECTED:
            yield True, title
        elif row.state == ConnectionState.DISCONNECTED:
            yield True, f"{title}: a person disconnected it"
        else:
            yield False, f"{title}: {row.state}, {row.state_reason}"
    for broken in current_hub().plugins.broken:
        yield False, broken.text


def _check_intuit_keys() -> Iterator[tuple[bool, str]]:
    """Yield the checks of the keys of the hub's app at Intuit."""
    from hub.qbo import intuit_keys

    keys = intuit_keys.read()
    for name, value in zip(
        intuit_keys.CLIENT_SETTINGS, (keys.client_id, keys.client_secret), strict=True
    ):
        missing = f"{name}: copy it from your app's keys on developer.intuit.com"
        yield bool(value), name if value else missing


def _check_identity_provider() -> Iterator[tuple[bool, str]]:
    """Yield whether the provider of single sign-on answers, if there is one."""
    from hub.errors import NotNow
    from hub.web.authentication import identity_provider

    if not identity_provider.is_set():
        return
    try:
        identity_provider.check()
    except NotNow as error:
        yield False, f"single sign-on: {error}"
    else:
        address = identity_provider.build_return_address()
        yield True, f"single sign-on, which sends people back to {address}"
