"""Serve a stand-in behind another server, where it cannot break connections."""

from collections.abc import Iterable
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from qbo_sandbox.kit.faults import Wire
from qbo_sandbox.kit.messages import text_answer


def answer_as_gateway(wsgi: WSGIApplication) -> WSGIApplication:
    """Answer as a gateway would in place of a stand-in that cannot break its connection."""

    def answer(environ: WSGIEnvironment, start: StartResponse) -> Iterable[bytes]:
        try:
            return wsgi(environ, start)
        except Wire as wire:
            if wire.status and wire.cut is None:
                start(f"{wire.status} Answer", wire.headers)
                return [wire.body]
            return text_answer(
                start, 504, "<html><body><h1>504 Gateway Time-out</h1></body></html>"
            )

    return answer
