"""Build the site that a plugin receives, and call the hooks of the plugin."""

import logging
from collections.abc import Iterator, Mapping, MutableMapping
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import replace
from functools import partial
from typing import Any, cast
from zoneinfo import ZoneInfo

from marshmallow import EXCLUDE, Schema, ValidationError
from sqlalchemy import and_, select

from hub.cases.other_account import has_other_account
from hub.context import current_hub, find_stand_in, get_call_seconds, hide_secrets
from hub.contract import settings_schema, types
from hub.contract.app_lookup import find_error_of_broken
from hub.contract.missing_plugin import PluginMissing
from hub.contract.states import GonePolicy
from hub.contract.tokens import are_bound_alike
from hub.contract.types import SETTING_REFERENCE, App, Field, Secrets, Site
from hub.db import engine
from hub.errors import (
    BadDocument,
    Busy,
    DatabaseUnavailable,
    FolderUnavailable,
    HubError,
    NeedsAttention,
    PluginFault,
    Sentence,
    SettingsInvalid,
    VaultError,
)
from hub.http.client import AppHttp, HubFunctions
from hub.models import ConnectedCompany, Installation
from hub.models.enums import InstallationMode, PostingState
from hub.qbo import company as qbo_company
from hub.security import audit
from hub.security.secrets import SiteSecrets, installation_lock
from hub.sources import call_rate, hook_calls, masking, received_files, recording, sent_calls
from hub.sources.settings_draft import load_stored_secrets, may_use_stored

log = logging.getLogger("hub")
HUB_FAULTS = (Busy, DatabaseUnavailable, FolderUnavailable, VaultError)  # not the source's


class StoredSettingsInvalid(NeedsAttention):
    """The stored settings of an app do not fit its schema, as after another version of its plugin.

    The text repeats what is wrong with each of them.
    """

    from_source = True

    def __init__(self, app: str, error: SettingsInvalid) -> None:
        super().__init__(
            "The stored settings of %(app)s do not fit the installed version of its plugin."
            " %(problems)s Open the settings of %(app)s, correct them and save them.",
            app=app,
            problems=error.problems,
        )


class UnsavedSecrets(Secrets):
    """Secrets that a person has just typed, and the stored ones that they do not replace.

    New values are kept with the typed ones. A value that is bound to the same credentials as the
    stored one of its name is stored at once: if the source has replaced a refresh token, the stored
    one is no longer valid, whether or not the settings are saved. `stored_secrets` is empty if they
    belong to another address, so that they cannot be read.
    """

    __slots__ = ("_id", "_stored", "_typed")

    def __init__(
        self,
        installation_id: int,
        typed_secrets: dict[str, str],
        stored_secrets: MutableMapping[str, str],
    ) -> None:
        self._id = installation_id
        self._typed = typed_secrets
        self._stored = stored_secrets

    def __getitem__(self, name: str) -> str:
        """Return a secret, the typed one first; raise KeyError if there is none."""
        if name in self._typed:
            return self._typed[name]
        return self._stored[name]

    def __setitem__(self, name: str, text: str) -> None:
        """Store a value in place of one for the same credentials; keep any other with the typed."""
        types.require_secret_text(name, text)
        is_typed = name in self._typed
        if not is_typed and are_bound_alike(self._stored.get(name, ""), text):
            self._stored[name] = text
        else:
            self._typed[name] = text

    def __delitem__(self, name: str) -> None:
        """Drop a typed secret; a stored one stays."""
        del self._typed[name]

    def __iter__(self) -> Iterator[str]:
        """Iterate over the names of all secrets, each once."""
        return iter(self._list_names())

    def __len__(self) -> int:
        """Return how many names have a secret."""
        return len(self._list_names())

    def _list_names(self) -> set[str]:
        """Return the names of all secrets that can be read."""
        return {*self._typed, *self._stored}

    def lock(self) -> AbstractContextManager[None]:
        """Return the lock of the stored secrets."""
        return installation_lock(self._id)


def build_site(
    installation: Installation,
    settings: Mapping[str, Any] | None = None,
    secrets: dict[str, str] | None = None,
) -> Site:
    """Return the site of an installation; settings and secrets may be unsaved ones."""
    context = current_hub()
    app = get_app(installation)
    company = installation.company
    values = load_settings(installation) if settings is None else _load_settings(app, settings)
    zone = ZoneInfo(installation.zone)
    with engine.read_only_session() as session:
        row = session.get_one(ConnectedCompany, company.id)
        facts = qbo_company.build_facts(row)  # without tax rates
    http = AppHttp(
        app.name,
        app.hosts,
        values,
        clock=context.clock,
        seconds=get_call_seconds(context.config),
        allowed_hosts=context.config.allow_hosts,
        hub=HubFunctions(
            find_stand_in=find_stand_in,
            on_refused=audit.record_refused_host,
            on_secrets=hide_secrets,
            on_call=partial(sent_calls.note, app.slug),
            on_response=recording.note,
            **call_rate.build_rate_functions(app, installation),
        ),
    )
    now = context.clock.now()
    return Site(
        settings=values,
        secrets=_load_readable_secrets(app, installation, settings, secrets),
        http=http,
        company=types.Company(
            country=facts.country,
            currency=company.currency or facts.currency,
            custom_numbers=facts.custom_numbers,
        ),
        zone=zone,
        today=now.astimezone(zone).date(),
        now=now,
        start=installation.start_date,
        tenant=installation.tenant,
        webhook_url=build_webhook_url(installation),
        files=received_files.SiteFiles(installation.id),
    )


def build_site_for_listener(site: Site) -> Site:
    """Return a site for plugins of other apps, which get every receipt.

    It has no secrets and its client may call no host, because both belong to the app of the site.
    """
    context = current_hub()
    http = AppHttp(
        "A plugin that gets every receipt",
        (),
        {},
        clock=context.clock,
        seconds=get_call_seconds(context.config),
        hub=HubFunctions(on_refused=audit.record_refused_host),
    )
    return replace(site, http=http, secrets=UnsavedSecrets(0, {}, {}))


def _load_readable_secrets(
    app: App,
    installation: Installation,
    settings: Mapping[str, Any] | None,
    answers: dict[str, str] | None,
) -> Secrets:
    """Return the secrets that the plugin may read.

    With unsaved settings, these are only the ones that may be sent to their addresses.
    """
    secrets = SiteSecrets(installation.id)
    hide_secrets((answers or {}).values())
    if settings is None or may_use_stored(app, installation, settings, answers or {}):
        return secrets if answers is None else UnsavedSecrets(installation.id, answers, secrets)
    return UnsavedSecrets(installation.id, answers or {}, {})


def build_webhook_url(installation: Installation) -> str:
    """Return the address at which the source calls the hub for this installation."""
    config = current_hub().config
    base = config.public_url.rstrip("/")
    return f"{base}/webhooks/{installation.id}"


def load_fields(installation: Installation, site: Site) -> tuple[Field, ...]:
    """Return the app's fields, with the values of the settings that they name.

    An exception of the plugin becomes an error that names the app.
    """
    with guard(installation, Sentence("naming its fields")):
        declared_fields = call_hook(installation, "hub_fields") or ()
        return tuple(apply_settings(field, site.settings) for field in declared_fields)


def load_fields_as_set(installation: Installation) -> tuple[Field, ...]:
    """Return the app's fields with the values of the stored settings.

    If the settings are not valid, the fields are returned as the app declares them.
    """
    declared_fields: tuple[Field, ...] = tuple(call_hook(installation, "hub_fields") or ())
    try:
        settings = load_settings(installation)
    except StoredSettingsInvalid:
        return declared_fields
    return tuple(apply_settings(field, settings) for field in declared_fields)


@contextmanager
def guard(installation: Installation, action: str) -> Iterator[None]:
    """Turn an exception of a plugin into an error that names the app; log its traceback.

    `action` says what the plugin does, such as "reading a file".

    Errors are marked as coming from the source, except faults of the hub's own database and keys.
    Secrets that they repeat are masked.
    """
    try:
        yield
    except BadDocument as error:  # outside of what reads a single row
        raise _build_fault(installation, action, error) from error
    except HubError as error:
        error.from_source = not isinstance(error, HUB_FAULTS)
        _hide_stored_secrets(installation)
        masking.mask_error(error)
        raise
    except Exception as error:
        raise _build_fault(installation, action, error) from error


def _build_fault(installation: Installation, action: str, error: Exception) -> PluginFault:
    """Log an exception of a plugin with its traceback; return the error that names the app."""
    log.exception("%s of installation %s, %s", installation.slug, installation.id, action)
    fault = PluginFault(get_app(installation).name, action, error)
    fault.from_source = True
    _hide_stored_secrets(installation)
    masking.mask_error(fault)
    return fault


def _hide_stored_secrets(installation: Installation) -> None:
    """Mask the secret settings of an installation, also those that this process did not send."""
    with suppress(HubError):  # the error is the one to report, not that its secrets do not open
        secrets = load_stored_secrets(get_app(installation), installation)
        hide_secrets(secrets.values())


def get_app(installation: Installation) -> App:
    """Return the app of an installation; raise the reason if its plugin is not loaded."""
    plugins = current_hub().plugins
    app = plugins.apps.get(installation.slug)
    if app is None:
        error = find_error_of_broken(plugins, installation.slug)
        raise error or PluginMissing(installation.slug)
    return app


def is_active_now(installation_id: int) -> bool:
    """Return whether an app is enabled and not paused, as it is stored at this moment."""
    query = select(Installation.is_active).where(Installation.id == installation_id)
    with engine.read_only_session() as session:
        return bool(session.scalar(query))


def may_report_now(installation_id: int) -> bool:
    """Return whether an app is active and its access does not lead to another account now."""
    may_report = and_(Installation.is_active, ~has_other_account(Installation.id))
    query = select(may_report).where(Installation.id == installation_id)
    with engine.read_only_session() as session:
        return bool(session.scalar(query))


def call_hook(installation: Installation, hook: str, **values: Any) -> Any:
    """Call a hook of the plugin of an installation.

    Its exceptions are not translated; `guard` does that.
    """
    plugins = current_hub().plugins
    with hook_calls.note(installation.slug, hook):
        return plugins.call(installation.slug, hook, **values)


def get_gone_policy(app: App, settings: Mapping[str, Any]) -> GonePolicy:
    """Return the policy for posted documents that are gone at the source.

    It is `App.gone`, or the value of the setting that `App.gone` names.
    """
    return GonePolicy(_get_setting_text(app.gone, settings))


def is_automatic(app: App, settings: Mapping[str, Any]) -> bool:
    """Return whether the app's own switch lets documents post without an approval.

    An app without such a switch is always automatic.
    """
    if not app.automatic:
        return True
    return bool(settings.get(app.automatic))


def choose_initial_state(app: App, settings: Mapping[str, Any], mode: str) -> PostingState:
    """Return the first state of a posting that nothing holds.

    It is "review" if a person has to approve the posting, else "ready".
    """
    is_posted_at_once = mode in (InstallationMode.AUTO, InstallationMode.ONCE)
    if is_posted_at_once and is_automatic(app, settings):
        return PostingState.READY
    return PostingState.REVIEW


def load_settings(installation: Installation) -> dict[str, Any]:
    """Return the settings of an installation as its app's schema reads them, without secrets.

    Raise StoredSettingsInvalid if they do not fit the schema.
    """
    app = get_app(installation)
    try:
        return _load_settings(app, installation.settings)
    except SettingsInvalid as error:
        raise StoredSettingsInvalid(app.name, error) from None


def _load_settings(app: App, stored_settings: Mapping[str, Any]) -> dict[str, Any]:
    """Return settings as the app's schema reads them, without secrets.

    Raise SettingsInvalid if they do not fit the schema.
    """
    schema: Schema = app.settings() if isinstance(app.settings, type) else app.settings
    secret_names = settings_schema.list_secret_names(app)
    public = _exclude_names(stored_settings, secret_names)
    answers = settings_schema.drop_empty_texts(schema, public)
    try:
        loaded_settings = schema.load(answers, partial=tuple(secret_names), unknown=EXCLUDE)
    except ValidationError as error:
        messages = cast(dict[str, list[str]], error.messages)
        raise SettingsInvalid(app.name, messages) from None
    return settings_schema.site_settings(app, loaded_settings or {})


def _exclude_names(settings: Mapping[str, Any], names: set[str]) -> dict[str, Any]:
    """Return the settings without those of these names."""
    remaining = dict(settings)
    for name in names:
        remaining.pop(name, None)
    return remaining


def apply_settings(field: Field, settings: Mapping[str, Any]) -> Field:
    """Return a field whose policies that name settings have their values."""
    is_pushed = field.pushed
    if not isinstance(is_pushed, bool):
        is_pushed = bool(_get_setting_text(is_pushed, settings))
    fill = field.fill
    if not isinstance(fill, bool):
        setting_name = fill.strip("{}")
        fill = bool(settings.get(setting_name))
    default = _get_setting_text(field.default or "", settings)
    return replace(
        field,
        default=default or None,
        missing=cast(Any, _get_setting_text(field.missing, settings)),
        differ=cast(Any, _get_setting_text(field.differ, settings)),
        pushed=is_pushed,
        fill=fill,
    )


def _get_setting_text(text: str, settings: Mapping[str, Any]) -> str:
    """Return the value of the setting that a text names, else the text with its {settings}."""
    if text in settings and not SETTING_REFERENCE.search(text):
        return str(settings[text] or "")
    return SETTING_REFERENCE.sub(lambda match: str(settings.get(match[1]) or ""), text)
