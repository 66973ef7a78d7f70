"""Payloads: the exact bytes of a document for QuickBooks, and summaries of its responses.

Imports `hub.contract`, `hub.mapping`, `hub.models` and `hub.reasons`. Nothing here calls QuickBooks
or the database. Start reading in `assembly`; each kind has a module. The rules for texts are in
`builder` (the memo, the number, the message) and `shared_fields` (custom fields, addresses, and
what a kind has no field for). `entities` has the names of QuickBooks, `company_facts` the settings
of a company on which payloads depend.
"""

from hub.payloads.assembly import Payload, build
from hub.payloads.comparison import (
    describe_differences,
    describe_rate_of_one,
    has_rate_of_one,
)
from hub.payloads.due_dates import complete_last_write
from hub.payloads.encoding import encode
from hub.payloads.files import (
    FileSummary,
    build_file_metadata,
    find_file_differences,
    is_sha256,
)
from hub.payloads.fingerprint import compute_content_digest
from hub.payloads.former_versions import is_same_content
from hub.payloads.line_ids import with_line_ids
from hub.payloads.placeholders import fill
from hub.payloads.planned_content import drop_version, is_whole_update
from hub.payloads.summary import (
    UNREADABLE,
    UNREADABLE_ERRORS,
    summarize,
    summarize_written,
)
from hub.payloads.updates import (
    CLOSED_STATUS,
    OPEN_STATUS,
    build_close_body,
    build_delete_body,
    build_update_body,
    build_void_body,
    list_linked_orders,
)

__all__ = [
    "CLOSED_STATUS",
    "OPEN_STATUS",
    "UNREADABLE",
    "UNREADABLE_ERRORS",
    "FileSummary",
    "Payload",
    "build",
    "build_close_body",
    "build_delete_body",
    "build_file_metadata",
    "build_update_body",
    "build_void_body",
    "complete_last_write",
    "compute_content_digest",
    "describe_differences",
    "describe_rate_of_one",
    "drop_version",
    "encode",
    "fill",
    "find_file_differences",
    "has_rate_of_one",
    "is_same_content",
    "is_sha256",
    "is_whole_update",
    "list_linked_orders",
    "summarize",
    "summarize_written",
    "with_line_ids",
]
