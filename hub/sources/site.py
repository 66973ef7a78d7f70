"""An installation as its plugin sees it, and the way to call that plugin."""

import logging
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from typing import Any, cast
from zoneinfo import ZoneInfo

from marshmallow import EXCLUDE, Schema, ValidationError

from hub import context as hub_context
from hub.contract import settings_schema, types
from hub.contract.types import App, Field, Secrets, Site
from hub.db import engine
from hub.errors import (
    Busy,
    DatabaseUnavailable,
    FolderUnavailable,
    HubError,
    PluginFault,
    SettingsInvalid,
    VaultError,
)
from hub.http.client import AppHttp
from hub.models import Installation
from hub.qbo import company as qbo_company
from hub.security import audit
from hub.security.secrets import SiteSecrets
from hub.sources.settings_draft import may_use_stored

log = logging.getLogger("hub")
OF_THE_HUB = Busy, DatabaseUnavailable, FolderUnavailable, VaultError
_SETTING = re.compile(r"\{([a-z_][a-z0-9_]*)\}")


class Unsaved(Secrets):
    """Secrets as a person has just typed them, over those that are kept; what is put there joins the typed ones.

    With `hidden` none of those that are kept can be read: they belong to another address.
    """

    def __init__(self, typed: dict[str, str], kept: Secrets, *, hidden: bool = False) -> None:
        self._typed = typed
        self._kept: Mapping[str, str] = {} if hidden else kept
        self._lock = kept.lock

    def __getitem__(self, name: str) -> str:
        return self._typed[name] if name in self._typed else self._kept[name]

    def __setitem__(self, name: str, text: str) -> None:
        self._typed[name] = text

    def __delitem__(self, name: str) -> None:
        del self._typed[name]

    def __iter__(self) -> Iterator[str]:
        return iter({*self._typed, *self._kept})

    def __len__(self) -> int:
        return len({*self._typed, *self._kept})

    def lock(self) -> Any:
        """The lock of those that are kept."""
        return self._lock()


def site(
    installation: Installation,
    settings: Mapping[str, Any] | None = None,
    secrets: dict[str, str] | None = None,
) -> Site:
    """The site of an installation, also with settings and secrets that are not saved yet."""
    shared, app, company = hub_context.current(), app_of(installation), installation.company
    values = _settings(app, installation.settings if settings is None else settings)
    zone = ZoneInfo(installation.zone)
    with engine.reading() as session:
        facts = qbo_company.facts(session, company.id)
    refused = audit.host_refused
    return Site(
        settings=values,
        secrets=_secrets(app, installation, settings, secrets),
        http=AppHttp(
            app.name, app.hosts, values, shared.config, shared.clock, shared.mounts, refused
        ),
        company=types.Company(
            country=facts.country,
            currency=company.currency or facts.currency,
            custom_numbers=facts.custom_numbers,
        ),
        zone=zone,
        today=shared.clock.now().astimezone(zone).date(),
        start=installation.start_date,
        tenant=installation.tenant,
        webhook_url=webhook_url(installation),
    )


def _secrets(
    app: App,
    installation: Installation,
    settings: Mapping[str, Any] | None,
    typed: dict[str, str] | None,
) -> Secrets:
    """Return what the plugin may read; with unsaved settings only what may be sent to their addresses."""
    kept = SiteSecrets(installation.id)
    if settings is None or may_use_stored(app, installation, settings, typed or {}):
        return kept if typed is None else Unsaved(typed, kept)
    return Unsaved(typed or {}, kept, hidden=True)


def webhook_url(installation: Installation) -> str:
    """Where the source calls the hub for this installation."""
    base = hub_context.current().config.public_url.rstrip("/")
    return f"{base}/webhooks/{installation.id}"


def fields(installation: Installation, site: Site) -> tuple[Field, ...]:
    """The app's fields, with the settings' values where they name a setting."""
    with guarded(installation, "naming its fields"):
        declared = call(installation, "hub_fields") or ()
        return tuple(_filled(field, site.settings) for field in declared)


def fields_as_set(installation: Installation) -> tuple[Field, ...]:
    """Return the app's fields with the values of the stored settings; as declared if these are not valid."""
    declared: tuple[Field, ...] = tuple(call(installation, "hub_fields") or ())
    try:
        settings = settings_of(installation)
    except SettingsInvalid:
        return declared
    return tuple(_filled(field, settings) for field in declared)


@contextmanager
def guarded(installation: Installation, what: str) -> Iterator[None]:
    """Turns a plugin's own exception into a sentence that names the app; the log keeps the rest.

    What the source is to blame for says so; the hub's own database and keys are not the source.
    """
    try:
        yield
    except HubError as error:
        error.from_source = not isinstance(error, OF_THE_HUB)
        raise
    except Exception as error:
        log.exception("%s of installation %s, %s", installation.slug, installation.id, what)
        fault = PluginFault(app_of(installation).name, what, error)
        fault.from_source = True
        raise fault from error


def app_of(installation: Installation) -> App:
    return hub_context.current().plugins.apps[installation.slug]


def call(installation: Installation, hook: str, **values: Any) -> Any:
    return hub_context.current().plugins.call(installation.slug, hook, **values)


def _settings(app: App, given: Mapping[str, Any]) -> dict[str, Any]:
    """The settings as the app's schema reads them; secrets are not among them."""
    schema: Schema = app.settings() if isinstance(app.settings, type) else app.settings
    secret = {name for name, field in schema.fields.items() if field.metadata.get("secret")}
    plain = {name: value for name, value in given.items() if name not in secret}
    plain = settings_schema.answered(schema, plain)
    try:
        loaded = schema.load(plain, partial=tuple(secret), unknown=EXCLUDE)
    except ValidationError as error:
        raise SettingsInvalid(app.name, cast(dict[str, list[str]], error.messages)) from None
    return {name: value for name, value in dict(loaded or {}).items() if name not in secret}


def _filled(field: Field, settings: Mapping[str, Any]) -> Field:
    default, missing = (
        _text(field.default or "", settings),
        cast(Any, _text(field.missing, settings)),
    )
    pushed = field.pushed if isinstance(field.pushed, bool) else bool(_text(field.pushed, settings))
    fill = field.fill if isinstance(field.fill, bool) else settings.get(field.fill.strip("{}"))
    differ = cast(Any, _text(field.differ, settings))
    return replace(
        field,
        default=default or None,
        missing=missing,
        differ=differ,
        pushed=pushed,
        fill=bool(fill),
    )


def gone(app: App, settings: Mapping[str, Any]) -> str:
    """What becomes of a posted document that is gone at the source, as the app says or its settings do."""
    return _text(app.gone, settings)


def is_automatic(app: App, settings: Mapping[str, Any]) -> bool:
    """Whether what is ready may go by itself, as far as the app's own switch says."""
    return not app.automatic or bool(settings.get(app.automatic))


def initial_state(app: App, settings: Mapping[str, Any], mode: str) -> str:
    """Return where a posting that nothing holds begins: "review" until a person approves it, or "ready"."""
    return "ready" if mode in ("auto", "once") and is_automatic(app, settings) else "review"


def settings_of(installation: Installation) -> dict[str, Any]:
    """Return the settings of an installation as its app's schema reads them, without secrets."""
    return _settings(app_of(installation), installation.settings)


def _text(text: str, settings: Mapping[str, Any]) -> str:
    if text in settings and not _SETTING.search(text):
        return str(settings[text] or "")
    return _SETTING.sub(lambda found: str(settings.get(found[1]) or ""), text)
