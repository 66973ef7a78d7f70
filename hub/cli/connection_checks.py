"""Checks of what the hub is connected to, for `hub check`: keys, people, mail and companies."""

from collections.abc import Iterator

from hub.cli.check_results import CheckResult, failed, passed
from hub.cli.terminal import count_of

MAX_LISTED_COMPANIES = 10  # that work: among more, those that do not would be overlooked


def iter_checks() -> Iterator[CheckResult]:
    """Yield the checks of keys, people, mail, connections and plugins."""
    from hub.cli.accounts import list_people
    from hub.context import current_hub
    from hub.security import hub_settings

    yield from _check_intuit_keys()
    if list_people():
        yield passed("a person who can log in")
    else:
        yield failed("a person who can log in: `hub users add NAME`")
    if hub_settings.mail_url():
        yield passed("mail server")
    else:
        yield passed("no mail is sent: no mail server is set")
    yield from _check_identity_provider()
    yield from _check_companies()
    for broken in current_hub().plugins.broken:
        yield failed(broken.text)


def _check_companies() -> Iterator[CheckResult]:
    """Yield the state of each connection; of many that work only their number."""
    from sqlalchemy import select

    from hub.db.engine import read_only_session
    from hub.models import ConnectedCompany
    from hub.models.enums import ConnectionState

    with read_only_session() as session:
        companies = session.scalars(select(ConnectedCompany)).all()
    connected = [row for row in companies if row.state == ConnectionState.CONNECTED]
    if len(connected) > MAX_LISTED_COMPANIES:
        yield passed(f"connections to {count_of(len(connected), 'company', 'companies')}")
    for row in companies:
        title = f"connection to {row.display_name}"
        if row.state == ConnectionState.CONNECTED:
            if len(connected) <= MAX_LISTED_COMPANIES:
                yield passed(title)
        elif row.state == ConnectionState.DISCONNECTED:
            yield passed(f"{title} ({row.realm}): a person disconnected it")
        else:
            yield failed(f"{title} ({row.realm}): {row.state}, {row.state_reason}")


def _check_intuit_keys() -> Iterator[CheckResult]:
    """Yield the checks of the keys of the hub's app at Intuit."""
    from hub.qbo import intuit_keys

    keys = intuit_keys.read()
    for name, value in zip(
        intuit_keys.CLIENT_SETTINGS, (keys.client_id, keys.client_secret), strict=True
    ):
        if value:
            yield passed(name)
        else:
            yield failed(f"{name}: copy it from your app's keys on developer.intuit.com")


def _check_identity_provider() -> Iterator[CheckResult]:
    """Yield whether the provider of single sign-on answers, if there is one."""
    from hub.errors import NotNow
    from hub.web.authentication import identity_provider

    if not identity_provider.is_set():
        return
    try:
        identity_provider.check()
    except NotNow as error:
        yield failed(f"single sign-on: {error}")
    else:
        address = identity_provider.build_return_address()
        yield passed(f"single sign-on, which sends people back to {address}")
