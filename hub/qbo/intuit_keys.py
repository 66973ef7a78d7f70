"""The keys of the hub's app at Intuit and the addresses to call: environment first, then vault."""

import json
from dataclasses import field
from urllib.parse import urlsplit

from sqlalchemy.orm import Session

from hub.config import API_URLS, Config
from hub.context import current_hub
from hub.contract.value_object import value_object
from hub.contract.web_addresses import LOOPBACK_HOSTS
from hub.db import engine
from hub.errors import ConfigurationError, Refused, Sentence
from hub.security import secrets

STORAGE_PLACE = "hub:intuit_keys"
CLIENT_SETTINGS = ("HUB_QBO_CLIENT_ID", "HUB_QBO_CLIENT_SECRET")
WEBHOOK_SETTING = "HUB_QBO_WEBHOOK_TOKEN"
ENVIRONMENT_SETTING = "HUB_QBO_ENVIRONMENT"


class KeyRefused(Refused):
    """An entry that cannot be used; `field` is its name in StoredKeys."""

    def __init__(self, field: str, problem: Sentence) -> None:
        super().__init__(problem)
        self.field = field


@value_object
class StoredKeys:
    """The keys that owners entered; `stand_in` is the address of a stand-in for QuickBooks."""

    client_id: str = ""
    client_secret: str = field(default="", repr=False)
    environment: str = "sandbox"
    webhook_token: str = field(default="", repr=False)
    stand_in: str = ""


@value_object
class IntuitKeys:
    """The keys of the hub's app at Intuit, and the addresses of API and sign-in."""

    client_id: str
    client_secret: str = field(repr=False)
    environment: str
    api_url: str
    authorize_url: str
    token_url: str
    revoke_url: str
    stand_in: str = ""

    @property
    def are_complete(self) -> bool:
        """Return whether a company can be connected with them."""
        return bool(self.client_id and self.client_secret)


def is_client_in_environment() -> bool:
    """Return whether the client id or secret comes from the environment: then both do."""
    given_settings = current_hub().config.given_settings
    return not given_settings.isdisjoint(CLIENT_SETTINGS)


def read() -> IntuitKeys:
    """Return the keys in use now; a change on the page takes effect with the next call."""
    if is_client_in_environment():
        return _load_from_config(current_hub().config)
    with engine.read_only_session() as session:
        return load(session)


def load(session: Session) -> IntuitKeys:
    """Return the keys in use now, read in an open session."""
    config = current_hub().config
    if is_client_in_environment():
        return _load_from_config(config)
    return _complete_stored(config, _load_stored(session))


def require() -> IntuitKeys:
    """Return the keys in use now, to call Intuit with them.

    Raise ConfigurationError if they belong to a stand-in and this process may not call it.
    """
    keys = read()
    if keys.stand_in and not current_hub().config.allow_loopback:
        raise ConfigurationError(
            "HUB_ALLOW_LOOPBACK",
            f"is not set, but the Intuit keys are those of a stand-in at {keys.stand_in}:"
            " start the hub with `hub serve --allow-loopback`, set it to 1 for other commands, or"
            " enter Intuit's keys under Set up → Intuit keys",
        )
    return keys


def load_webhook_token() -> str:
    """Return the token with which QuickBooks signs its webhooks; "" if there is none."""
    config = current_hub().config
    if WEBHOOK_SETTING in config.given_settings:
        return config.qbo_webhook_token
    return read_stored().webhook_token


def read_stored() -> StoredKeys:
    """Return the stored keys, even if the environment has others."""
    with engine.read_only_session() as session:
        return _load_stored(session)


def _load_stored(session: Session) -> StoredKeys:
    """Return the stored keys, read in an open session."""
    text = secrets.get(session, STORAGE_PLACE)
    return StoredKeys(**json.loads(text)) if text else StoredKeys()


def store(session: Session, keys: StoredKeys) -> None:
    """Store the keys in the vault; raise KeyRefused if they cannot be used."""
    has_client = keys.client_id and keys.client_secret
    if keys.stand_in and not has_client:
        raise KeyRefused(
            "stand_in",
            Sentence(
                "Enter the address of the stand-in as `hub sandbox quickbooks` prints it, with"
                " client id and secret: http://ID:SECRET@127.0.0.1:8001."
            ),
        )
    if not has_client:
        raise KeyRefused(
            "client_secret" if keys.client_id else "client_id",
            Sentence("Enter both the client id and the client secret of your Intuit app."),
        )
    if keys.environment not in API_URLS:
        raise KeyRefused("environment", Sentence("Choose Intuit's sandbox or production."))
    if keys.stand_in:
        _check_stand_in(keys.stand_in)
    values = {name: getattr(keys, name) for name in StoredKeys.__dataclass_fields__}
    secrets.put(session, STORAGE_PLACE, json.dumps(values))


def describe_place() -> str:
    """State where the keys in use can be changed, for the text of an error."""
    if is_client_in_environment():
        return " and ".join(CLIENT_SETTINGS)
    return "The client id and secret under Set up → Intuit keys"


def _load_from_config(config: Config) -> IntuitKeys:
    """Return the keys and addresses that the environment gives."""
    return IntuitKeys(
        client_id=config.qbo_client_id,
        client_secret=config.qbo_client_secret,
        environment=config.qbo_environment,
        api_url=config.qbo_api_url,
        authorize_url=config.qbo_authorize_url,
        token_url=config.qbo_token_url,
        revoke_url=config.qbo_revoke_url,
    )


def _complete_stored(config: Config, stored_keys: StoredKeys) -> IntuitKeys:
    """Return the stored keys with their addresses, where the environment names no others."""
    environment = stored_keys.environment
    if ENVIRONMENT_SETTING in config.given_settings:
        environment = config.qbo_environment
    addresses = {
        "api_url": API_URLS[environment],
        "authorize_url": config.qbo_authorize_url,
        "token_url": config.qbo_token_url,
        "revoke_url": config.qbo_revoke_url,
    }
    if stored_keys.stand_in:
        addresses = build_stand_in_addresses(stored_keys.stand_in)
    for name in addresses:
        if f"HUB_QBO_{name.upper()}" in config.given_settings:
            addresses[name] = getattr(config, f"qbo_{name}")
    return IntuitKeys(
        client_id=stored_keys.client_id,
        client_secret=stored_keys.client_secret,
        environment=environment,
        stand_in=stored_keys.stand_in,
        **addresses,
    )


def build_stand_in_addresses(url: str) -> dict[str, str]:
    """Return the addresses of a stand-in, by the names of the fields of IntuitKeys."""
    url = url.rstrip("/")
    return {
        "api_url": url,
        "authorize_url": f"{url}/connect/oauth2",
        "token_url": f"{url}/oauth2/v1/tokens/bearer",
        "revoke_url": f"{url}/v2/oauth2/tokens/revoke",
    }


def _check_stand_in(url: str) -> None:
    """Raise KeyRefused unless the address is one of this machine and the hub may call it."""
    if not current_hub().config.allow_loopback:
        problem = Sentence("A stand-in can be used only if the hub runs with --allow-loopback.")
        raise KeyRefused("stand_in", problem)
    if not _is_plain_local_address(url):
        raise KeyRefused(
            "stand_in",
            Sentence(
                "The address of the stand-in must be one of this machine, such as"
                " http://127.0.0.1:8001."
            ),
        )


def _is_plain_local_address(url: str) -> bool:
    """Return whether an address is http on this machine, with only a host, a port and a path."""
    try:
        parts = urlsplit(url)
        is_local = parts.hostname in LOOPBACK_HOSTS and parts.port != 0
    except ValueError:
        return False
    has_extras = parts.username or parts.query or parts.fragment
    return parts.scheme == "http" and is_local and not has_extras
