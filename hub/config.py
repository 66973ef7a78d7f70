"""Settings of the hub from the environment and one TOML file, checked by one schema."""

import ipaddress
import os
import tomllib
from collections.abc import Mapping
from dataclasses import field
from pathlib import Path
from typing import Any, Literal, cast
from urllib.parse import urlsplit

from marshmallow import EXCLUDE, Schema, ValidationError, fields, post_load, validate

from hub.contract import plugin_list
from hub.contract.documents import value_object
from hub.crypto import keys
from hub.crypto.keys import (
    SECRET_KEY_FILE,
    VAULT_KEYS_FILE,
    check_private,
    check_secret_key,
    initialise,
    parse_ring,
)
from hub.errors import ConfigurationError

__all__ = ["Config", "add_vault_key", "data_folder", "initialise", "load"]

PREFIX = "HUB_"
# The names of this machine for itself, where stand-ins listen.
LOOPBACK_HOSTS = frozenset({"localhost", "127.0.0.1", "::1"})
FOR_TESTS = ("HUB_TEST_PG", "HUB_REQUIRE_BROWSER", "HUB_PROOF", "HUB_EVIDENCE")
IN_FILES = (
    "HUB_SECRET_KEY",
    "HUB_VAULT_KEYS",
    "HUB_QBO_CLIENT_SECRET",
    "HUB_QBO_WEBHOOK_TOKEN",
    "HUB_DATABASE_URL",
    "HUB_MAIL_URL",
)
API_URLS = {
    "sandbox": "https://sandbox-quickbooks.api.intuit.com",
    "production": "https://quickbooks.api.intuit.com",
}
# Settings that were removed: the value that changes nothing, and what is wrong with any other one.
FORMER_SETTINGS = {
    "HUB_ENGINE": ("embedded", "is no longer a setting: `hub serve` runs the schedules. Remove it")
}
DEFAULT_ADDRESS = "http://localhost:8080"
TOKEN_URL = "https://oauth.platform.intuit.com/oauth2/v1/tokens/bearer"  # noqa: S105 (an address)


@value_object
class Config:
    """The settings, complete and checked; keys and passwords never show in its text.

    `names_set` are the settings that the environment or the file of HUB_CONFIG gives: they win over
    what people enter on pages.
    """

    data: Path
    database_url: str = field(repr=False)
    secret_key: str = field(repr=False)
    vault_keys: tuple[tuple[str, bytes], ...] = field(repr=False)
    public_url: str = DEFAULT_ADDRESS
    trusted_proxy: tuple[str, ...] = ()
    qbo_client_id: str = ""
    qbo_client_secret: str = field(default="", repr=False)
    qbo_environment: Literal["sandbox", "production"] = "sandbox"
    qbo_api_url: str = API_URLS["sandbox"]
    qbo_authorize_url: str = "https://appcenter.intuit.com/connect/oauth2"
    qbo_token_url: str = TOKEN_URL
    qbo_revoke_url: str = "https://developer.api.intuit.com/v2/oauth2/tokens/revoke"
    qbo_webhook_token: str = field(default="", repr=False)
    qbo_pkce: bool = False
    qbo_per_second: int = 10
    qbo_per_minute: int = 500
    deadline_seconds: float = 100.0
    lease_seconds: float = 150.0
    quiet_seconds: float = 180.0
    reread_ids: int = 200
    mail_url: str = field(default="", repr=False)
    audit_copy: str = ""
    contact: str = ""
    allow_loopback: bool = False
    allow_hosts: frozenset[str] = frozenset()
    allowed_plugins: plugin_list.Allowed | None = None
    names_set: frozenset[str] = frozenset()
    open_apps: frozenset[str] = frozenset()
    second_factor: Literal["owners", "all", "off"] = "owners"
    second_factor_grace_days: int = 7


def _has_host(value: str, *schemes: str) -> bool:
    """Tell whether an address has one of these schemes, a host, and a valid port if any."""
    try:
        parts = urlsplit(value)
        return parts.scheme in schemes and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False


def _url(value: str) -> None:
    """Accept an http or https address."""
    if not _has_host(value, "http", "https"):
        raise ValidationError("is not an address such as https://hub.example.com")


def _proxies(value: str) -> None:
    """Accept addresses and networks of reverse proxies, or "*" for any."""
    for entry in value.replace(",", " ").split():
        if entry == "*":
            continue
        try:
            ipaddress.ip_network(entry)
        except ValueError:
            raise ValidationError(
                "is not a list of IP addresses or networks from which reverse proxies call, such"
                " as 127.0.0.1 or 10.0.0.0/24"
            ) from None


def check_mail_url(value: str) -> None:
    """Accept the address of a mail server."""
    if not _has_host(value, "smtp", "smtps"):
        raise ValidationError(
            "is not the address of a mail server such as smtp://name:password@mail.example.com:587"
        )


def _copy_target(value: str) -> None:
    """Accept an absolute path, or the address of a syslog server."""
    parts = urlsplit(value)
    is_path = not parts.scheme and Path(value).is_absolute()
    is_socket = parts.scheme == "syslog" and not parts.netloc and len(parts.path) > 1
    if not (is_path or is_socket or _has_host(value, "syslog", "syslog+tcp")):
        raise ValidationError(
            "is neither an absolute path nor an address such as syslog://logs.example.com:514,"
            " syslog+tcp://logs.example.com:601 or syslog:///dev/log"
        )


def _text(name: str, **options: Any) -> fields.String:
    """Return a field for a text.

    The `options` are those of marshmallow's field.
    """
    data_key = PREFIX + name.upper()
    return fields.String(data_key=data_key, **options)


def _address(name: str) -> fields.String:
    """Return a field for an http or https address."""
    return _text(name, validate=_url)


def _seconds(name: str) -> fields.Float:
    """Return a field for a positive number of seconds."""
    above = validate.Range(min=0, min_inclusive=False, error="must be a number of seconds above 0")
    return fields.Float(
        data_key=PREFIX + name.upper(),
        validate=above,
        allow_nan=False,
        error_messages={"invalid": "must be a number of seconds"},
    )


def _count(name: str, least: int = 1) -> fields.Integer:
    """Return a field for a whole number, positive unless `least` is 0."""
    problem = f"must be a whole number above {least - 1}" if least else "must be 0 or more"
    above = validate.Range(min=least, error=problem)
    return fields.Integer(
        data_key=PREFIX + name.upper(),
        validate=above,
        error_messages={"invalid": problem},
    )


def _one_of(name: str, *choices: str) -> fields.String:
    """Return a field for one of some choices."""
    is_choice = validate.OneOf(choices, error="must be one of: {choices}")
    return _text(name, validate=is_choice)


def _switch(name: str) -> fields.Boolean:
    """Return a field for a switch."""
    return fields.Boolean(
        data_key=PREFIX + name.upper(), error_messages={"invalid": "must be 1 or 0"}
    )


class Settings(Schema):
    """What may be set, by its name in the environment."""

    class Meta:
        unknown = EXCLUDE

    data = _text("data", load_default="hub-data", validate=validate.Length(min=1, error="is empty"))
    database_url = _text("database_url")
    public_url = _address("public_url")
    trusted_proxy = _text("trusted_proxy", validate=_proxies)
    secret_key = _text("secret_key")
    vault_keys = _text("vault_keys")
    qbo_client_id = _text("qbo_client_id")
    qbo_client_secret = _text("qbo_client_secret")
    qbo_environment = _one_of("qbo_environment", "sandbox", "production")
    qbo_api_url = _address("qbo_api_url")
    qbo_authorize_url = _address("qbo_authorize_url")
    qbo_token_url = _address("qbo_token_url")
    qbo_revoke_url = _address("qbo_revoke_url")
    qbo_webhook_token = _text("qbo_webhook_token")
    qbo_pkce = _switch("qbo_pkce")
    qbo_per_second = _count("qbo_per_second")
    qbo_per_minute = _count("qbo_per_minute")
    deadline_seconds = _seconds("deadline_seconds")
    lease_seconds = _seconds("lease_seconds")
    quiet_seconds = _seconds("quiet_seconds")
    reread_ids = _count("reread_ids")
    audit_copy = _text("audit_copy", validate=_copy_target)
    mail_url = _text("mail_url", validate=check_mail_url)
    contact = _text("contact")
    allow_loopback = _switch("allow_loopback")
    allow_hosts_file = _text("allow_hosts_file")
    plugins_file = _text("plugins_file")
    open_apps = _text("open_apps")
    second_factor = _one_of("second_factor", "owners", "all", "off")
    second_factor_grace_days = _count("second_factor_grace_days", least=0)

    @post_load
    def complete(self, values: dict[str, Any], **_: Any) -> dict[str, Any]:
        """Fill in values that depend on others."""
        data = Path(values["data"]).expanduser().absolute()
        values["data"] = data
        values.setdefault("database_url", f"sqlite:///{data / 'hub.db'}")

        environment = values.get("qbo_environment", "sandbox")
        values.setdefault("qbo_api_url", API_URLS[environment])

        open_apps = values.get("open_apps", "").replace(",", " ")
        values["open_apps"] = frozenset(open_apps.split())

        proxies = values.get("trusted_proxy", "").replace(",", " ")
        values["trusted_proxy"] = tuple(proxies.split())

        for name in ("public_url", "qbo_api_url"):
            if name in values:
                values[name] = values[name].rstrip("/")
        return values


NAMES = tuple(str(item.data_key) for item in Settings().fields.values())
SETTING_NAMES = (*NAMES, *(f"{name}_FILE" for name in IN_FILES), "HUB_CONFIG", *FOR_TESTS)


def load(environ: Mapping[str, str] = os.environ, address: str = DEFAULT_ADDRESS) -> Config:
    """Return the validated configuration; raise ConfigurationError for unusable values.

    `address` is the address of the hub unless HUB_PUBLIC_URL names another one.
    """
    values = _settings(environ)
    values.setdefault("public_url", address)
    data: Path = values["data"]
    secret_key = values.get("secret_key") or _key_file(data / SECRET_KEY_FILE, "HUB_SECRET_KEY")
    check_secret_key("HUB_SECRET_KEY", secret_key)
    values["secret_key"] = secret_key
    ring = values.get("vault_keys") or _key_file(data / VAULT_KEYS_FILE, "HUB_VAULT_KEYS")
    values["vault_keys"] = parse_ring("HUB_VAULT_KEYS", ring)
    allow_hosts = _hosts(values.pop("allow_hosts_file", ""))
    if values.get("allow_loopback"):
        allow_hosts |= LOOPBACK_HOSTS
    values["allow_hosts"] = allow_hosts
    values["allowed_plugins"] = plugin_list.load(values.pop("plugins_file", ""))
    config = Config(**values)
    _check_order(config)
    return config


def allowed_plugins(environ: Mapping[str, str] = os.environ) -> plugin_list.Allowed | None:
    """Return the plugins that may be loaded; None if the configuration has no list."""
    return plugin_list.load(_settings(environ).get("plugins_file", ""))


def data_folder(environ: Mapping[str, str] = os.environ) -> Path:
    """Return the data folder, which need not exist yet."""
    folder: Path = _settings(environ)["data"]
    return folder


def names_database(environ: Mapping[str, str] = os.environ) -> bool:
    """Tell whether the configuration names a database, in place of the file in the data folder."""
    return "HUB_DATABASE_URL" in _settings(environ)["names_set"]


def add_vault_key(environ: Mapping[str, str] = os.environ) -> str | None:
    """Put a new key first into the hub's own key file and return its id.

    Return None if the keys come from the environment.
    """
    values = _settings(environ)
    return None if values.get("vault_keys") else keys.add_vault_key(values["data"])


def _settings(environ: Mapping[str, str]) -> dict[str, Any]:
    """Return the settings of the environment and of HUB_CONFIG; refuse unknown names.

    An empty value counts as not set.
    """
    raw = _from_file(environ)
    for name, value in environ.items():
        if name.startswith(PREFIX):
            raw[name] = value
    _drop_former_settings(raw)
    for name in raw:
        if name not in SETTING_NAMES:
            raise ConfigurationError(name, "is not a setting of the hub", SETTING_NAMES)
    _read_files(raw)

    present = {name: value for name, value in raw.items() if value != ""}
    names_set = frozenset(present) - {"HUB_CONFIG", *FOR_TESTS}
    try:
        values: dict[str, Any] = Settings().load(present)
    except ValidationError as error:
        messages = cast(dict[str, list[str]], error.messages)
        name, problems = next(iter(messages.items()))
        raise ConfigurationError(name, problems[0]) from None
    values["names_set"] = names_set
    return values


def _drop_former_settings(raw: dict[str, Any]) -> None:
    """Drop settings that were removed; refuse one that asks for what the hub does not do."""
    for name, (harmless_value, problem) in FORMER_SETTINGS.items():
        value = raw.pop(name, "")
        is_harmless = value in ("", harmless_value)
        if not is_harmless:
            raise ConfigurationError(name, problem)


def _read_files(raw: dict[str, Any]) -> None:
    """Replace each setting that names a file by the file's content."""
    for name in IN_FILES:
        name_of_file_setting = f"{name}_FILE"
        path = raw.pop(name_of_file_setting, None)
        if not path:
            continue
        if raw.get(name):
            problem = f"is set, and {name_of_file_setting} as well: keep one of them"
            raise ConfigurationError(name, problem)
        raw[name] = _read(name_of_file_setting, Path(path))


def _from_file(environ: Mapping[str, str]) -> dict[str, Any]:
    """Return the settings of the TOML file that HUB_CONFIG names."""
    path = environ.get("HUB_CONFIG")
    if not path:
        return {}
    try:
        return tomllib.loads(Path(path).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ConfigurationError(
            "HUB_CONFIG", f"names {path}, which cannot be read: {error}"
        ) from None


def _read(name: str, path: Path) -> str:
    """Read the file that a setting names; a key must be private."""
    try:
        text = path.read_text(encoding="utf-8").strip()
    except (OSError, ValueError) as error:
        raise ConfigurationError(name, f"names {path}, which cannot be read: {error}") from None
    if name in ("HUB_SECRET_KEY_FILE", "HUB_VAULT_KEYS_FILE"):
        check_private(path)
    return text


def _key_file(path: Path, name: str) -> str:
    """Read a key that `hub init` created."""
    if not path.exists():
        raise ConfigurationError(name, f"is not set and there is no {path}; `hub init` makes one")
    check_private(path)
    return path.read_text(encoding="utf-8").strip()


def _hosts(path: str) -> frozenset[str]:
    """Read the allowed hosts, one in each line, with comments after "#"."""
    if not path:
        return frozenset()
    lines = _read("HUB_ALLOW_HOSTS_FILE", Path(path)).lower().splitlines()
    return frozenset(line.partition("#")[0].strip() for line in lines) - {""}


def _check_order(config: Config) -> None:
    """Refuse durations that would let a lease end before its request."""
    if not config.deadline_seconds < config.lease_seconds < config.quiet_seconds:
        raise ConfigurationError(
            "HUB_DEADLINE_SECONDS",
            f"({config.deadline_seconds:g}) must be below HUB_LEASE_SECONDS"
            f" ({config.lease_seconds:g}), and that below HUB_QUIET_SECONDS"
            f" ({config.quiet_seconds:g})",
        )
