"""Calls of the core to a source other than reading its documents.

Imports `hub.cases`, `hub.contract`, `hub.db`, `hub.http`, `hub.models`, `hub.outbox`,
`hub.rate_limits`, `hub.reasons`, `hub.security`, `hub.telemetry` and the stored lists of `hub.qbo`.
Start reading in `site`.
"""

from hub.sources.calls import bind, check, interpret_webhook, read_codes, read_file, subscribe
from hub.sources.settings_draft import (
    SettingsDraft,
    load_stored_secrets,
    make_draft,
    may_use_stored,
    merge_secrets,
)
from hub.sources.site import (
    app_of,
    build_site,
    build_webhook_url,
    call_hook,
    guard,
    initial_state,
    is_active_now,
    is_automatic,
    load_fields,
    load_fields_as_set,
    load_settings,
    removal_policy,
)

__all__ = [
    "SettingsDraft",
    "app_of",
    "bind",
    "build_site",
    "build_webhook_url",
    "call_hook",
    "check",
    "guard",
    "initial_state",
    "interpret_webhook",
    "is_active_now",
    "is_automatic",
    "load_fields",
    "load_fields_as_set",
    "load_settings",
    "load_stored_secrets",
    "make_draft",
    "may_use_stored",
    "merge_secrets",
    "read_codes",
    "read_file",
    "removal_policy",
    "subscribe",
]
