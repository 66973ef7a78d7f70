"""Request bodies for QuickBooks, and summaries of what its responses contain.

Imports `hub.contract`, `hub.mapping` and the company facts of `hub.qbo`. Start reading in
`assembly`; each kind has a module. The rules for texts are in `builder` (the memo, the number, the
message) and `shared_fields` (custom fields, addresses, and what a kind has no field for).
"""

from hub.qbo.payloads.assembly import Payload, build
from hub.qbo.payloads.comparison import describe_differences
from hub.qbo.payloads.encoding import encode
from hub.qbo.payloads.files import FileSummary, build_file_metadata, find_file_differences
from hub.qbo.payloads.fingerprint import compute_content_digest
from hub.qbo.payloads.line_ids import with_line_ids
from hub.qbo.payloads.placeholders import fill, find_placeholders
from hub.qbo.payloads.summary import UNREADABLE, summarize
from hub.qbo.payloads.updates import (
    CLOSED,
    OPEN,
    build_close_body,
    build_delete_body,
    build_update_body,
    build_void_body,
    drop_version,
)

__all__ = [
    "CLOSED",
    "OPEN",
    "UNREADABLE",
    "FileSummary",
    "Payload",
    "build",
    "build_close_body",
    "build_delete_body",
    "build_file_metadata",
    "build_update_body",
    "build_void_body",
    "compute_content_digest",
    "describe_differences",
    "drop_version",
    "encode",
    "fill",
    "find_file_differences",
    "find_placeholders",
    "summarize",
    "with_line_ids",
]
