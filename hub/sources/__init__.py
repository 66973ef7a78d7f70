"""Calls of the core to a source other than reading its documents.

Imports `hub.cases`, `hub.contract`, `hub.db`, `hub.http`, `hub.models`, `hub.outbox`,
`hub.rate_limits`, `hub.reasons`, `hub.security`, `hub.telemetry`, `hub.translations` and the stored
lists of `hub.qbo`. Start reading in `site`.
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
    build_site,
    build_webhook_url,
    call_hook,
    choose_initial_state,
    get_app,
    get_gone_policy,
    guard,
    is_active_now,
    is_automatic,
    load_fields,
    load_fields_as_set,
    load_settings,
)

__all__ = [
    "SettingsDraft",
    "bind",
    "build_site",
    "build_webhook_url",
    "call_hook",
    "check",
    "choose_initial_state",
    "get_app",
    "get_gone_policy",
    "guard",
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
    "subscribe",
]
