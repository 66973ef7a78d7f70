"""Settings of the hub from the environment and one TOML file, checked by one schema."""

import os
import tomllib
from collections.abc import Mapping
from dataclasses import field
from pathlib import Path
from typing import Any, Literal, cast

from marshmallow import EXCLUDE, Schema, ValidationError, post_load, validate
from marshmallow.fields import Field

from hub.contract import plugin_list
from hub.contract.value_object import value_object
from hub.contract.web_addresses import LOOPBACK_HOSTS
from hub.crypto import keys
from hub.errors import ConfigurationError
from hub.setting_fields import (
    address,
    check_copy_target,
    check_hash_list,
    check_mail_url,
    check_proxies,
    check_token,
    count,
    days,
    normalize_site,
    one_of,
    seconds,
    site,
    switch,
    text,
)

# Settings that only the tests of the hub read.
FOR_TESTS = ("HUB_TEST_PG", "HUB_REQUIRE_BROWSER", "HUB_PROOF", "HUB_EVIDENCE")
IN_FILES = (
    "HUB_SECRET_KEY",
    "HUB_VAULT_KEYS",
    "HUB_QBO_CLIENT_SECRET",
    "HUB_QBO_WEBHOOK_TOKEN",
    "HUB_DATABASE_URL",
    "HUB_MAIL_URL",
    "HUB_METRICS_TOKEN",
    "HUB_OIDC_CLIENT_SECRET",
)
PREFIX = "HUB_"  # of the names of settings in the environment
API_URLS = {
    "sandbox": "https://sandbox-quickbooks.api.intuit.com",
    "production": "https://quickbooks.api.intuit.com",
}
DEFAULT_ADDRESS = "http://localhost:8080"
TOKEN_URL = "https://oauth.platform.intuit.com/oauth2/v1/tokens/bearer"  # noqa: S105 (an address)


@value_object
class Config:
    """The settings, complete and checked; keys and passwords never show in its text.

    `given_settings` are those that the environment or the file of HUB_CONFIG gives: they win over
    what people enter on pages.
    """

    data: Path
    database_url: str = field(repr=False)
    secret_key: str = field(repr=False)
    vault_keys: tuple[tuple[str, bytes], ...] = field(repr=False)
    vault_keys_file: Path | None = None  # where HUB_VAULT_KEYS_FILE says that they are
    engine: Literal["embedded", "distributed"] = "embedded"
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
    page_seconds: float = 40.0
    deadline_seconds: float = 100.0
    lease_seconds: float = 150.0
    quiet_seconds: float = 180.0
    reread_ids: int = 200
    files_root: Path | None = None
    mail_url: str = field(default="", repr=False)
    metrics_token: str = field(default="", repr=False)
    audit_copy: str = ""
    log_format: Literal["text", "json"] = "text"
    log_level: Literal["debug", "info", "warning", "error"] = "warning"
    log_to: Literal["file", "stderr"] = "file"
    contact: str = ""
    allow_loopback: bool = False
    allow_hosts: frozenset[str] = frozenset()
    allowed_plugins: plugin_list.Allowed | None = None
    given_settings: frozenset[str] = frozenset()
    open_apps: frozenset[str] = frozenset()
    second_factor: Literal["owners", "all", "off"] = "owners"
    second_factor_grace_days: int = 7
    confirm_approvals_above: int = 50
    breached_passwords_file: str = ""
    oidc_issuer: str = ""
    oidc_client_id: str = ""
    oidc_client_secret: str = field(default="", repr=False)
    oidc_name: str = ""
    oidc_second_factor: Literal["hub", "provider"] = "hub"
    oidc_required: bool = False
    prune: bool = False
    keep_payloads_days: int = 400
    keep_receipts_days: int = 180
    keep_cases_days: int = 400
    keep_run_lines_days: int = 90
    keep_runs_days: int = 400
    keep_sessions_days: int = 90

    @property
    def is_distributed(self) -> bool:
        """Return whether several machines share the work and keep its state in the database."""
        return self.engine == "distributed"


class Settings(Schema):
    """The settings, by their names in the environment."""

    class Meta:
        unknown = EXCLUDE

    data = text(load_default="hub-data", validate=validate.Length(min=1, error="is empty"))
    database_url = text()
    engine = one_of("embedded", "distributed")
    public_url = site()
    trusted_proxy = text(validate=check_proxies)
    secret_key = text()
    vault_keys = text()
    qbo_client_id = text()
    qbo_client_secret = text()
    qbo_environment = one_of("sandbox", "production")
    qbo_api_url = address()
    qbo_authorize_url = address()
    qbo_token_url = address()
    qbo_revoke_url = address()
    qbo_webhook_token = text()
    qbo_pkce = switch()
    qbo_per_second = count()
    qbo_per_minute = count()
    page_seconds = seconds()
    deadline_seconds = seconds()
    lease_seconds = seconds()
    quiet_seconds = seconds()
    reread_ids = count()
    files_root = text()
    audit_copy = text(validate=check_copy_target)
    log_format = one_of("text", "json")
    log_level = one_of("debug", "info", "warning", "error")
    log_to = one_of("file", "stderr")
    mail_url = text(validate=check_mail_url)
    metrics_token = text(validate=check_token)
    contact = text()
    allow_loopback = switch()
    allow_hosts_file = text()
    plugins_file = text()
    open_apps = text()
    second_factor = one_of("owners", "all", "off")
    second_factor_grace_days = days()
    confirm_approvals_above = count(least=0)
    breached_passwords_file = text(validate=check_hash_list)
    oidc_issuer = address()
    oidc_client_id = text()
    oidc_client_secret = text()
    oidc_name = text(validate=validate.Length(max=40, error="must have at most 40 characters"))
    oidc_second_factor = one_of("hub", "provider")
    oidc_required = switch()
    prune = switch()
    keep_payloads_days = days()
    keep_receipts_days = days()
    keep_cases_days = days()
    keep_run_lines_days = days()
    keep_runs_days = days()
    keep_sessions_days = days()

    def on_bind_field(self, field_name: str, field_obj: Field[Any]) -> None:
        """Name a setting in the environment after its field: HUB_PUBLIC_URL for `public_url`."""
        field_obj.data_key = PREFIX + field_name.upper()

    @post_load
    def complete(self, values: dict[str, Any], **_: Any) -> dict[str, Any]:
        """Fill in values that depend on others."""
        data = Path(values["data"]).expanduser().absolute()
        values["data"] = data
        values.setdefault("database_url", f"sqlite:///{data / 'hub.db'}")

        files_root = values.pop("files_root", "")
        if files_root:
            values["files_root"] = Path(files_root).expanduser().absolute()

        environment = values.get("qbo_environment", "sandbox")
        values.setdefault("qbo_api_url", API_URLS[environment])

        open_apps = values.get("open_apps", "").replace(",", " ")
        values["open_apps"] = frozenset(open_apps.split())

        proxies = values.get("trusted_proxy", "").replace(",", " ")
        values["trusted_proxy"] = tuple(proxies.split())

        if "public_url" in values:
            values["public_url"] = normalize_site(values["public_url"])
        values["qbo_api_url"] = values["qbo_api_url"].rstrip("/")
        return values


NAMES = tuple(str(item.data_key) for item in Settings().fields.values())
SETTING_NAMES = (*NAMES, *(f"{name}_FILE" for name in IN_FILES), "HUB_CONFIG", *FOR_TESTS)


def load(environ: Mapping[str, str], address: str = DEFAULT_ADDRESS) -> Config:
    """Return the validated configuration; raise ConfigurationError for unusable values.

    `address` is the address of the hub unless HUB_PUBLIC_URL names another one.
    """
    values = _load_settings(environ)
    values.setdefault("public_url", address)
    data: Path = values["data"]
    place, secret_key = keys.find("HUB_SECRET_KEY", values.get("secret_key"), data)
    keys.check_secret_key(place, secret_key)
    values["secret_key"] = secret_key
    place, ring = keys.find("HUB_VAULT_KEYS", values.get("vault_keys"), data)
    values["vault_keys"] = keys.parse_ring(place, ring)
    allow_hosts = _parse_hosts(values.pop("allow_hosts_file", ""))
    if values.get("allow_loopback"):
        allow_hosts |= LOOPBACK_HOSTS
    values["allow_hosts"] = allow_hosts
    values["allowed_plugins"] = plugin_list.load(values.pop("plugins_file", ""))
    config = Config(**values)
    _check_engine(config)
    _check_order(config)
    _check_provider(config)
    return config


def allowed_plugins() -> plugin_list.Allowed | None:
    """Return the plugins that may be loaded; None if the configuration has no list."""
    return plugin_list.load(_load_settings(os.environ).get("plugins_file", ""))


def data_folder(environ: Mapping[str, str] = os.environ) -> Path:
    """Return the data folder, which need not exist yet."""
    folder: Path = _load_settings(environ)["data"]
    return folder


def list_given_settings(environ: Mapping[str, str]) -> frozenset[str]:
    """Return the names of the settings that the environment or the file of HUB_CONFIG gives.

    A setting that is given by the name of a file, such as HUB_VAULT_KEYS_FILE, counts as
    HUB_VAULT_KEYS.
    """
    given_settings: frozenset[str] = _load_settings(environ)["given_settings"]
    return given_settings


def names_database(environ: Mapping[str, str] = os.environ) -> bool:
    """Return whether the configuration names a database instead of the file in the data folder."""
    return "HUB_DATABASE_URL" in list_given_settings(environ)


def initialise(data: Path, environ: Mapping[str, str] = os.environ) -> list[str]:
    """Make the data folder, and a file for each key that no setting gives; return what was made."""
    return keys.initialise(data, list_given_settings(environ))


def add_vault_key(environ: Mapping[str, str] = os.environ) -> str | None:
    """Put a new key first into the hub's own key file and return its id.

    Return None if the keys come from the environment.
    """
    values = _load_settings(environ)
    return None if values.get("vault_keys") else keys.add_vault_key(values["data"])


def _load_settings(environ: Mapping[str, str]) -> dict[str, Any]:
    """Return the settings of the environment and of HUB_CONFIG; refuse unknown names.

    An empty value counts as not set.
    """
    raw = _load_file(environ)
    for name, value in environ.items():
        if name.startswith(PREFIX):
            raw[name] = value
    for name in raw:
        if name not in SETTING_NAMES:
            raise ConfigurationError(name, "is not a setting of the hub", SETTING_NAMES)
    vault_keys_file = raw.get("HUB_VAULT_KEYS_FILE")
    _read_files(raw)

    present = {name: value for name, value in raw.items() if value != ""}
    given_settings = frozenset(present) - {"HUB_CONFIG", *FOR_TESTS}
    try:
        values: dict[str, Any] = Settings().load(present)
    except ValidationError as error:
        messages = cast(dict[str, list[str]], error.messages)
        name, problems = next(iter(messages.items()))
        raise ConfigurationError(name, problems[0]) from None
    values["given_settings"] = given_settings
    values["vault_keys_file"] = Path(vault_keys_file) if vault_keys_file else None
    return values


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
        raw[name] = _read(name_of_file_setting, Path(str(path)))
        if not raw[name]:  # as if it were not set: another database, or figures without a token
            problem = f"names {path}, which is empty. Write the value into it, or unset this"
            raise ConfigurationError(name_of_file_setting, problem)


def _load_file(environ: Mapping[str, str]) -> dict[str, Any]:
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
        keys.check_private(path)
    return text


def _parse_hosts(path: str) -> frozenset[str]:
    """Read the allowed hosts, one in each line, with comments after "#"."""
    if not path:
        return frozenset()
    lines = _read("HUB_ALLOW_HOSTS_FILE", Path(path)).lower().splitlines()
    return frozenset(line.partition("#")[0].strip() for line in lines) - {""}


def _check_engine(config: Config) -> None:
    """Refuse to distribute the work unless there is a database that all machines can reach."""
    scheme = config.database_url.partition(":")[0].partition("+")[0]
    if config.is_distributed and scheme not in ("postgresql", "postgres"):
        raise ConfigurationError(
            "HUB_ENGINE",
            "is distributed, which needs PostgreSQL: set HUB_DATABASE_URL to its address, such as"
            " postgresql://hub:password@db.example.com/hub, or set HUB_ENGINE to embedded",
        )


def _check_order(config: Config) -> None:
    """Refuse durations that would let a lease end before its request."""
    if not config.deadline_seconds < config.lease_seconds < config.quiet_seconds:
        raise ConfigurationError(
            "HUB_DEADLINE_SECONDS",
            f"({config.deadline_seconds:g}) must be below HUB_LEASE_SECONDS"
            f" ({config.lease_seconds:g}), and that below HUB_QUIET_SECONDS"
            f" ({config.quiet_seconds:g})",
        )


def _check_provider(config: Config) -> None:
    """Refuse an identity provider at which the hub cannot identify itself."""
    if config.oidc_issuer and not (config.oidc_client_id and config.oidc_client_secret):
        raise ConfigurationError(
            "HUB_OIDC_ISSUER",
            "is set, so HUB_OIDC_CLIENT_ID and HUB_OIDC_CLIENT_SECRET must be, too: the identity"
            " provider shows both when the hub is registered there",
        )
