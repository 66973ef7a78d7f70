"""The choices of people about their mail, and the messages that wait for them.

Imports `hub.context`, `hub.contract`, `hub.db`, `hub.http`, `hub.models`, `hub.reasons`,
`hub.security` and `hub.translations`. Start reading in `timing`.
"""

from hub.notices.languages import use_language_of
from hub.notices.queue import add, add_for_owners, drop, drop_old, list_due_messages
from hub.notices.timing import (
    DAILY,
    NOW,
    OFF,
    Timings,
    load,
    store,
    store_for_companies,
)

__all__ = [
    "DAILY",
    "NOW",
    "OFF",
    "Timings",
    "add",
    "add_for_owners",
    "drop",
    "drop_old",
    "list_due_messages",
    "load",
    "store",
    "store_for_companies",
    "use_language_of",
]
