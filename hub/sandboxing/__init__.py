"""What every stand-in shares: clock, faults, tokens, journal, log and a real server; public for plugin authors."""

from hub.sandboxing.api import Api
from hub.sandboxing.asking import Answer, ask
from hub.sandboxing.calls import Calls
from hub.sandboxing.clock import Clock
from hub.sandboxing.faults import Fault, Faults, Wire
from hub.sandboxing.harness import Harness
from hub.sandboxing.journal import Journal
from hub.sandboxing.kinds import KINDS
from hub.sandboxing.limits import Limits
from hub.sandboxing.log import RequestLog
from hub.sandboxing.messages import form_of, json_answer, json_of, query_of, text_answer
from hub.sandboxing.pages import PageRefused, Pages
from hub.sandboxing.paper import pdf
from hub.sandboxing.rows import Rows, place
from hub.sandboxing.server import Server, serve
from hub.sandboxing.standin import StandIn
from hub.sandboxing.tokens import Grant, Tokens

__all__ = [
    "KINDS",
    "Answer",
    "Api",
    "Calls",
    "Clock",
    "Fault",
    "Faults",
    "Grant",
    "Harness",
    "Journal",
    "Limits",
    "PageRefused",
    "Pages",
    "RequestLog",
    "Rows",
    "Server",
    "StandIn",
    "Tokens",
    "Wire",
    "ask",
    "form_of",
    "json_answer",
    "json_of",
    "pdf",
    "place",
    "query_of",
    "serve",
    "text_answer",
]
