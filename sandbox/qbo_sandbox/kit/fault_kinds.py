"""The kinds of faults that can be set on a call to any stand-in."""

CONNECTION_FAULTS = {
    "refuse": "the connection is refused; nothing is taken, and for `seconds` no new connection is",
    "reset_request": "the connection is reset; nothing is done",
    "lose_request": "nothing is done; `seconds` later the connection closes without an answer",
    "lose_answer": "carried out; `seconds` later the connection closes without an answer",
    "commit_late": "no answer (or `status`); the request is carried out `seconds` later",
    "delay": "the request is carried out at once, the answer comes `seconds` later",
    "delay_before": "the request waits `seconds`, then it is carried out and answered",
    "drip": "the answer comes one byte each `seconds` (1)",
    "reset": (
        "carried out; the connection is reset after the headers and `bytes` of the body"
        " (half of it; 0: none)"
    ),
    "hang_up": (
        "carried out and answered whole; then the connection closes, though it promised to stay"
    ),
}
STATUS_FAULTS = {
    "unauthorised": 401,
    "forbidden": 403,
    "not_found": 404,
    "throttled": 429,
    "server_error": 500,
    "bad_gateway": 502,
    "unavailable": 503,
    "gateway_timeout": 504,
}
BODY_FAULTS = {
    "truncate": "carried out; the answer is cut in half, and looks complete",
    "empty": "carried out; the answer has no body",
    "wrong_type": "carried out; the answer is a web page that asks to sign in",
    "mislabelled": "carried out; the answer is right, and says that it is `type` (text/html)",
    "wrong_json": "carried out; the answer is well-formed JSON of another type: `body` ([])",
    "oversized": "carried out; the answer is padded to `bytes` (64 MB)",
    "redirect": "the answer is `status` (307) and points to `to`; carried out only with `commit`",
}
KINDS = {
    **CONNECTION_FAULTS,
    "status": (
        "the answer is `status`, with `retry_after` where given; carried out only with `commit`"
    ),
    **{
        name: f"the answer is {status}; its options are those of `status`"
        for name, status in STATUS_FAULTS.items()
    },
    **BODY_FAULTS,
}
FAULT_OPTIONS = frozenset({"body", "bytes", "to", "type"})
