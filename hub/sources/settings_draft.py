"""Check settings that are not saved yet, and decide which stored secrets go with them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from marshmallow import missing

from hub.contract import settings_schema
from hub.contract.types import App
from hub.errors import Sentence, SettingsInvalid
from hub.http import allowlist
from hub.models import Installation
from hub.security.secrets import SiteSecrets


@dataclass(frozen=True)
class SettingsDraft:
    """Checked settings of an app before they are saved, with every secret that goes with them."""

    settings: dict[str, Any]
    secrets: dict[str, str]
    addresses: frozenset[str]


def make_draft(app: App, installation: Installation, answers: Mapping[str, Any]) -> SettingsDraft:
    """Merge the answers of a person with the stored settings.

    Raise SettingsInvalid if they do not fit. A stored secret is only used for the addresses for
    which it was entered.
    """
    secrets = merge_secrets(app, installation, answers)
    values = settings_schema.load(app, {**installation.settings, **secrets, **answers})
    settings = settings_schema.select_plain_settings(app, values)
    return SettingsDraft(
        settings=settings,
        secrets=settings_schema.select_secrets(app, values),
        addresses=allowlist.list_addresses(app.hosts, settings),
    )


def merge_secrets(
    app: App, installation: Installation, answers: Mapping[str, Any]
) -> dict[str, str]:
    """Return the secret settings: the answers, and the stored ones that they do not replace.

    Raise SettingsInvalid if an address changes and a stored secret was not entered again: otherwise
    a person could have the secret sent to a server of their own.
    """
    stored_secrets = load_stored_secrets(app, installation)
    settings = {**installation.settings, **answers}
    addresses = find_new_addresses(app, installation.settings, settings)
    absent = [name for name in stored_secrets if not answers.get(name)]
    if addresses and absent:
        label = _find_changed_setting(app, installation.settings, settings)
        sentence = Sentence(
            "Enter this again: “%(label)s” now leads to %(addresses)s, and a stored secret is only"
            " sent to the address that it was entered for.",
            label=label,
            addresses=", ".join(sorted(addresses)),
        )
        raise SettingsInvalid(app.name, {name: [sentence] for name in absent})
    secrets = dict(stored_secrets)
    for name in settings_schema.list_secret_names(app):
        if answers.get(name):
            secrets[name] = str(answers[name])
    return secrets


def load_stored_secrets(app: App, installation: Installation) -> dict[str, str]:
    """Return the stored secret settings of an installation; none before it is enabled."""
    if not installation.id:
        return {}
    stored_secrets = SiteSecrets(installation.id)
    names = settings_schema.list_secret_names(app)
    secrets: dict[str, str] = {}
    for name in sorted(names):
        if name in stored_secrets:
            secrets[name] = stored_secrets[name]
    return secrets


def may_use_stored(
    app: App,
    installation: Installation,
    settings: Mapping[str, Any],
    secrets: Mapping[str, str],
) -> bool:
    """Return whether everything stored for an installation may be used with unsaved settings.

    This includes what its plugin stored, such as tokens. With a new address, it may only be used if
    every stored secret was entered again: a person who knows them could get the same tokens without
    the hub.
    """
    if not find_new_addresses(app, installation.settings, settings):
        return True
    stored_secrets = load_stored_secrets(app, installation)
    return bool(stored_secrets) and all(
        secrets.get(name) == text for name, text in stored_secrets.items()
    )


def find_new_addresses(
    app: App, before: Mapping[str, Any], after: Mapping[str, Any]
) -> frozenset[str]:
    """Return the addresses that an app may call only after a change of its settings."""
    complete_before = _add_defaults(app, before)
    complete_after = _add_defaults(app, after)
    return _list_added_addresses(app.hosts, complete_before, complete_after)


def _list_added_addresses(
    hosts: Sequence[str], before: Mapping[str, Any], after: Mapping[str, Any]
) -> frozenset[str]:
    """Return the addresses of these hosts that other settings add."""
    addresses_before = allowlist.list_addresses(hosts, before)
    addresses_after = allowlist.list_addresses(hosts, after)
    return addresses_after - addresses_before


def _find_changed_setting(app: App, before: Mapping[str, Any], after: Mapping[str, Any]) -> str:
    """Return the label of the setting that leads to a new address."""
    settings = _add_defaults(app, before)
    for name, field in settings_schema.get_schema(app).fields.items():
        placeholder = f"{{{name}}}"
        hosts = [host for host in app.hosts if placeholder in host]
        changed_settings = settings | {name: after.get(name)}
        if _list_added_addresses(hosts, settings, changed_settings):
            return Sentence(field.metadata.get("label", name))
    return app.name


def _add_defaults(app: App, settings: Mapping[str, Any]) -> dict[str, Any]:
    """Return the settings with the schema's default for each one that is absent."""
    complete: dict[str, Any] = {}
    schema = settings_schema.get_schema(app)
    for name, field in schema.fields.items():
        default = field.load_default
        if default is missing or callable(default):
            continue
        complete[name] = default
    complete.update(settings)
    return complete
