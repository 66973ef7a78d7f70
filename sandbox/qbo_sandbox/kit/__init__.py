"""What stand-ins of any service share: clock, faults, tokens, journal, log and a real server.

Public, for authors of other stand-ins. May import: nothing of this project outside `kit`. Start
reading at `harness.Harness`, the WSGI application around a stand-in, and at
`json_stand_in.StandIn`. `wsgi` mounts a stand-in below a `requests` session without a socket.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from qbo_sandbox.kit.api import Api
from qbo_sandbox.kit.clock import Clock
from qbo_sandbox.kit.earlier_names import warn_of_earlier_name
from qbo_sandbox.kit.fault_kinds import KINDS
from qbo_sandbox.kit.faults import ConnectionFault, Fault, Faults
from qbo_sandbox.kit.harness import Harness
from qbo_sandbox.kit.journal import Journal
from qbo_sandbox.kit.json_stand_in import StandIn
from qbo_sandbox.kit.limits import Limits
from qbo_sandbox.kit.log import RequestLog
from qbo_sandbox.kit.messages import (
    form_of,
    json_answer,
    json_of,
    query_of,
    site_of,
    text_answer,
)
from qbo_sandbox.kit.pages import PageRefused, Pages
from qbo_sandbox.kit.pdf import pdf
from qbo_sandbox.kit.row_pages import linked_page, numbered_page
from qbo_sandbox.kit.row_source import RowSource
from qbo_sandbox.kit.rows import Rows, decode_row, encode_row, row_fields
from qbo_sandbox.kit.server import Server, serve
from qbo_sandbox.kit.tokens import Grant, Tokens, basic_of, bearer_of
from qbo_sandbox.kit.webhook_sender import WebhookSender
from qbo_sandbox.kit.wsgi_client import Answer, send_request

__all__ = [
    "KINDS",
    "Answer",
    "Api",
    "Clock",
    "ConnectionFault",
    "Fault",
    "Faults",
    "Grant",
    "Harness",
    "Journal",
    "Limits",
    "PageRefused",
    "Pages",
    "RequestLog",
    "RowSource",
    "Rows",
    "Server",
    "StandIn",
    "Tokens",
    "WebhookSender",
    "basic_of",
    "bearer_of",
    "decode_row",
    "encode_row",
    "form_of",
    "json_answer",
    "json_of",
    "linked_page",
    "numbered_page",
    "pdf",
    "query_of",
    "row_fields",
    "send_request",
    "serve",
    "site_of",
    "text_answer",
]

# The name of today for each earlier one, which keeps working for one minor version.
RENAMED: Mapping[str, str] = {
    "Calls": "WebhookSender",
    "Wire": "ConnectionFault",
    "ask": "send_request",
}

if not TYPE_CHECKING:

    def __getattr__(name: str) -> Any:
        """Warn of an earlier name and return what it stands for."""
        if name in RENAMED:
            warn_of_earlier_name(f"qbo_sandbox.kit.{name}", RENAMED[name])
            return globals()[RENAMED[name]]
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
