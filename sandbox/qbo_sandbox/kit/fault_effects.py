"""Apply faults to responses: one function for each kind that every stand-in has."""

from collections.abc import Callable, Iterable
from typing import Protocol
from wsgiref.types import StartResponse, WSGIEnvironment

from qbo_sandbox.kit.fault_kinds import STATUS_FAULTS
from qbo_sandbox.kit.faults import ConnectionFault, Fault
from qbo_sandbox.kit.json_object import JsonObject
from qbo_sandbox.kit.messages import Headers, status_line

OVERSIZED_BYTES = 64 * 1024 * 1024
SIGN_IN_PAGE = b"<html><body>Please sign in</body></html>"
REDIRECT_ADDRESS = "https://elsewhere.test/"


class FaultTarget(Protocol):
    """The interface of a stand-in that an effect uses."""

    shape: Callable[[int, WSGIEnvironment], tuple[str, bytes]]
    sleep: Callable[[float], None]

    def carry_out(self, environ: WSGIEnvironment) -> tuple[int, Headers, bytes]:
        """Carry out a call; return its status, headers and body."""
        ...

    def put_off(self, environ: WSGIEnvironment, seconds: float) -> None:
        """Carry out a call some seconds later."""
        ...


Effect = Callable[[FaultTarget, Fault, WSGIEnvironment, StartResponse], Iterable[bytes]]


def _refuse(
    target: FaultTarget, fault: Fault, environ: WSGIEnvironment, start: StartResponse
) -> Iterable[bytes]:
    """Refuse the connection."""
    raise ConnectionFault(refused=True, pause=fault.seconds)


def _reset_request(
    target: FaultTarget, fault: Fault, environ: WSGIEnvironment, start: StartResponse
) -> Iterable[bytes]:
    """Reset the connection before anything is done."""
    raise ConnectionFault(pause=fault.seconds, reset=True)


def _lose_request(
    target: FaultTarget, fault: Fault, environ: WSGIEnvironment, start: StartResponse
) -> Iterable[bytes]:
    """Close the connection before anything is done."""
    raise ConnectionFault(pause=fault.seconds)


def _lose_answer(
    target: FaultTarget, fault: Fault, environ: WSGIEnvironment, start: StartResponse
) -> Iterable[bytes]:
    """Carry out the call, and close the connection without an answer."""
    target.carry_out(environ)
    raise ConnectionFault(pause=fault.seconds)


def _commit_late(
    target: FaultTarget, fault: Fault, environ: WSGIEnvironment, start: StartResponse
) -> Iterable[bytes]:
    """Carry out the call later, and answer with a status of the fault or not at all."""
    target.put_off(environ, fault.seconds)
    if fault.status:
        return _answer_only(target, fault, fault.status, environ, start)
    raise ConnectionFault


def _delay(
    target: FaultTarget, fault: Fault, environ: WSGIEnvironment, start: StartResponse
) -> Iterable[bytes]:
    """Carry the request out, and answer later."""
    status, headers, body = target.carry_out(environ)
    raise ConnectionFault(status=status, headers=headers, body=body, pause=fault.seconds)


def _delay_before(
    target: FaultTarget, fault: Fault, environ: WSGIEnvironment, start: StartResponse
) -> Iterable[bytes]:
    """Wait, then carry the request out."""
    target.sleep(fault.seconds)
    return send(start, *target.carry_out(environ))


def _drip(
    target: FaultTarget, fault: Fault, environ: WSGIEnvironment, start: StartResponse
) -> Iterable[bytes]:
    """Carry the request out, and answer byte by byte."""
    status, headers, body = target.carry_out(environ)
    raise ConnectionFault(status=status, headers=headers, body=body, drip=fault.seconds or 1.0)


def _reset(
    target: FaultTarget, fault: Fault, environ: WSGIEnvironment, start: StartResponse
) -> Iterable[bytes]:
    """Carry the request out, and reset the connection in the middle of the answer."""
    status, headers, body = target.carry_out(environ)
    half = len(body) // 2
    bytes_to_send = int(fault.options.get("bytes", half))
    cut = min(bytes_to_send, len(body))
    raise ConnectionFault(status=status, headers=headers, body=body, cut=cut)


def _hang_up(
    target: FaultTarget, fault: Fault, environ: WSGIEnvironment, start: StartResponse
) -> Iterable[bytes]:
    """Carry the request out, answer, and close the connection."""
    status, headers, body = target.carry_out(environ)
    raise ConnectionFault(status=status, headers=headers, body=body, hang_up=True)


def _status(
    target: FaultTarget, fault: Fault, environ: WSGIEnvironment, start: StartResponse
) -> Iterable[bytes]:
    """Answer with a status; carry out the request only with `commit`."""
    if fault.commit:
        target.carry_out(environ)
    return _answer_only(
        target, fault, fault.status or STATUS_FAULTS.get(fault.kind, 500), environ, start
    )


def _answer_only(
    target: FaultTarget, fault: Fault, status: int, environ: WSGIEnvironment, start: StartResponse
) -> Iterable[bytes]:
    """Answer with a status, whether or not the request was carried out."""
    kind, body = target.shape(status, environ)
    headers = [("Content-Type", kind), *environ.get("sandbox.headers", ())]
    if fault.retry_after is not None:
        headers.append(("Retry-After", str(fault.retry_after)))
    return send(start, status, headers, body)


def _redirect(
    target: FaultTarget, fault: Fault, environ: WSGIEnvironment, start: StartResponse
) -> Iterable[bytes]:
    """Answer with another address."""
    if fault.commit:
        target.carry_out(environ)
    else:
        environ["sandbox.note"]["verdict"] = "redirected"
    address = str(fault.options.get("to", REDIRECT_ADDRESS))
    return send(start, fault.status or 307, [("Location", address)], b"")


def _change_body(
    target: FaultTarget, fault: Fault, environ: WSGIEnvironment, start: StartResponse
) -> Iterable[bytes]:
    """Carry out the request, and change the body of the answer."""
    status, headers, body = target.carry_out(environ)
    change = BODY_CHANGES[fault.kind]
    kind, changed_body = change(fault.options, body)
    if kind:
        headers = [pair for pair in headers if pair[0].lower() != "content-type"]
        headers.append(("Content-Type", kind))
    return send(start, status, headers, changed_body)


BODY_CHANGES: dict[str, Callable[[JsonObject, bytes], tuple[str, bytes]]] = {
    "truncate": lambda options, body: ("", body[: len(body) // 2]),
    "empty": lambda options, body: ("", b""),
    "wrong_type": lambda options, body: ("text/html", SIGN_IN_PAGE),
    "mislabelled": lambda options, body: (str(options.get("type", "text/html")), body),
    "wrong_json": lambda options, body: (
        "application/json",
        str(options.get("body", "[]")).encode(),
    ),
    "oversized": lambda options, body: ("", body.ljust(int(options.get("bytes", OVERSIZED_BYTES)))),
}
EFFECTS: dict[str, Effect] = {
    "refuse": _refuse,
    "reset_request": _reset_request,
    "lose_request": _lose_request,
    "lose_answer": _lose_answer,
    "commit_late": _commit_late,
    "delay": _delay,
    "delay_before": _delay_before,
    "drip": _drip,
    "reset": _reset,
    "hang_up": _hang_up,
    "redirect": _redirect,
    **dict.fromkeys(("status", *STATUS_FAULTS), _status),
    **dict.fromkeys(BODY_CHANGES, _change_body),
}


def send(start: StartResponse, status: int, headers: Headers, body: bytes) -> Iterable[bytes]:
    """Send an answer with the length of its body."""
    sent_headers = [pair for pair in headers if pair[0].lower() != "content-length"]
    sent_headers.append(("Content-Length", str(len(body))))
    start(status_line(status), sent_headers)
    return [body]
