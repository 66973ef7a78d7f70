"""What the core asks of a source beside its documents."""

from hub.sources.asking import bind, check, codes, subscribe, webhook
from hub.sources.draft import SettingsDraft, draft, may_use_stored, secrets_with, stored_secrets
from hub.sources.pushing import push_lists
from hub.sources.site import (
    app_of,
    call,
    fields,
    fields_as_set,
    gone,
    guarded,
    initial_state,
    is_automatic,
    settings_of,
    site,
    webhook_url,
)

__all__ = [
    "SettingsDraft",
    "app_of",
    "bind",
    "call",
    "check",
    "codes",
    "draft",
    "fields",
    "fields_as_set",
    "gone",
    "guarded",
    "initial_state",
    "is_automatic",
    "may_use_stored",
    "push_lists",
    "secrets_with",
    "settings_of",
    "site",
    "stored_secrets",
    "subscribe",
    "webhook",
    "webhook_url",
]
