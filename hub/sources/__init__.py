"""Calls of the core to a source other than reading its documents.

Imports `hub.cases`, `hub.contract`, `hub.db`, `hub.http`, `hub.models`, `hub.rate_limits`,
`hub.reasons`, `hub.security`, `hub.telemetry` and the stored lists of `hub.qbo`. Start reading in
`site`.
"""

from hub.sources.calls import bind, check, interpret_webhook, read_codes, read_file, subscribe
from hub.sources.settings_draft import (
    SettingsDraft,
    make_draft,
    may_use_stored,
    secrets_with,
    stored_secrets,
)
from hub.sources.site import (
    app_of,
    call_hook,
    code_fields,
    fields_as_set,
    guard,
    initial_state,
    is_automatic,
    removal_policy,
    settings_of,
    site_of,
    webhook_url,
)

__all__ = [
    "SettingsDraft",
    "app_of",
    "bind",
    "call_hook",
    "check",
    "code_fields",
    "fields_as_set",
    "guard",
    "initial_state",
    "interpret_webhook",
    "is_automatic",
    "make_draft",
    "may_use_stored",
    "read_codes",
    "read_file",
    "removal_policy",
    "secrets_with",
    "settings_of",
    "site_of",
    "stored_secrets",
    "subscribe",
    "webhook_url",
]
