"""What the core asks of a source beside its documents."""

from hub.sources.asking import bind, check, codes, subscribe, webhook
from hub.sources.pushing import push_lists
from hub.sources.site import app_of, call, fields, gone, guarded, is_automatic, site, webhook_url

__all__ = [
    "app_of", "bind", "call", "check", "codes", "fields", "gone", "guarded", "is_automatic", "push_lists", "site",
    "subscribe", "webhook", "webhook_url",
]  # fmt: skip
