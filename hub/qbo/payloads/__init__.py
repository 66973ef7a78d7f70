"""Documents as QuickBooks wants them, and what its answers mean: one small function per kind."""

from hub.qbo.payloads.building import Payload, build
from hub.qbo.payloads.comparing import differences
from hub.qbo.payloads.contents import content
from hub.qbo.payloads.encoding import encode
from hub.qbo.payloads.files import file_differences, file_metadata
from hub.qbo.payloads.line_ids import named
from hub.qbo.payloads.meanings import meaning
from hub.qbo.payloads.placeholders import fill, placeholders
from hub.qbo.payloads.updating import CLOSED, OPEN, close_body, delete_body, for_update, void_body

__all__ = [
    "CLOSED", "OPEN", "Payload", "build", "close_body", "content", "delete_body", "differences", "encode",
    "file_differences", "file_metadata", "fill", "for_update", "meaning", "named", "placeholders", "void_body",
]  # fmt: skip
