"""Serve a stand-in behind another server, where it cannot break connections."""

from collections.abc import Iterable
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from qbo_sandbox.kit.faults import ConnectionFault
from qbo_sandbox.kit.messages import text_answer


def answer_as_gateway(wsgi: WSGIApplication) -> WSGIApplication:
    """Answer as a gateway would in place of a stand-in that cannot break its connection."""

    def answer(environ: WSGIEnvironment, start: StartResponse) -> Iterable[bytes]:
        try:
            return wsgi(environ, start)
        except ConnectionFault as fault:
            if fault.status and fault.cut is None:
                start(f"{fault.status} Answer", fault.headers)
                return [fault.body]
            return text_answer(
                start, 504, "<html><body><h1>504 Gateway Time-out</h1></body></html>"
            )

    return answer
