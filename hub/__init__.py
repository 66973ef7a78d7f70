"""What a plugin author imports, and nothing else."""

from hub.contract.documents import (  # fmt: skip
    Address,
    Applied,
    Attachment,
    Checkpoint,
    Code,
    Document,
    Gone,
    Item,
    Line,
    Party,
    Receipt,
    Unreadable,
    readable,
)
from hub.contract.hookspecs import hookimpl
from hub.contract.types import (
    App,
    Company,
    Field,
    Record,
    Sandbox,
    Signal,
    Site,
    Tenant,
)
from hub.errors import AccessNeeded, NeedsAttention, Refused, Retry
from hub.money import money, to_cents

__all__ = [
    "AccessNeeded", "Address", "App", "Applied", "Attachment", "Checkpoint", "Code", "Company", "Document", "Field",
    "Gone", "Item", "Line", "NeedsAttention", "Party", "Receipt", "Record", "Refused", "Retry", "Sandbox", "Signal",
    "Site", "Tenant", "Unreadable", "hookimpl", "money", "readable", "to_cents",
]  # fmt: skip
