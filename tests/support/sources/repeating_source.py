"""A source that repeats each credential it receives, in every form, wherever an error may be."""

import base64
import html
import itertools
import json
from functools import cache
from urllib.parse import parse_qsl, quote

PIECE = 10  # length of a piece that counts as a leaked part of a secret
BLOCK_LENGTH = 5  # length of the blocks of a text in which pieces are looked up first
FORMS = (
    str,
    str.swapcase,
    lambda text: quote(text, safe=""),
    lambda text: quote(quote(text, safe=""), safe=""),
    lambda text: json.dumps(text)[1:-1].replace("/", "\\/"),
    lambda text: "".join(f"\\u{ord(sign):04x}" for sign in text),
    html.escape,
    lambda text: "".join(f"&#x{ord(sign):X};" for sign in text),
    lambda text: text.encode().hex(),
    lambda text: text.encode().hex().upper(),
    lambda text: base64.b64encode(text.encode()).decode(),
    lambda text: base64.urlsafe_b64encode(f"a{text}".encode()).decode(),
    lambda text: text[: len(text) // 2] + "…",
    lambda text: "…" + text[-len(text) // 2 :],
)
JSON = "application/json"


def forms(secret):
    """Return every form of a secret."""
    return [form(secret) for form in FORMS]


@cache
def pieces(secret):
    """Return every piece of a secret that is long enough to be a leak, in lower case."""
    results = set()
    for form in forms(secret):
        size = PIECE * max(1, len(form) // len(secret))
        for start in range(max(1, len(form) - size + 1)):
            results.add(form[start : start + size].lower())
    return frozenset(results)


def leaks(secrets, text):
    """Return the pieces of secrets, in any form, that occur in a text, ignoring case."""
    folded = text.lower()
    blocks = {folded[start : start + BLOCK_LENGTH] for start in range(0, len(folded), BLOCK_LENGTH)}
    leaked_pieces = set()
    for secret in secrets:
        candidates = (piece for piece in pieces(secret) if may_contain(blocks, piece))
        leaked_pieces.update(piece for piece in candidates if piece in folded)
    return sorted(leaked_pieces)


def may_contain(blocks, piece):
    """Return whether a text that consists of these blocks may contain a piece.

    Wherever a piece occurs, it covers a whole block. So a large text is searched only for the few
    pieces that contain one of its blocks.
    """
    if len(piece) < 2 * BLOCK_LENGTH - 1:
        return True
    return any(piece[start : start + BLOCK_LENGTH] in blocks for start in range(BLOCK_LENGTH))


def answer(status, body, content_type=JSON, **headers):
    """Return status, headers and content of an answer."""
    content = body if isinstance(body, str) else json.dumps(body)
    header_items = list(headers.items())
    return status, [("Content-Type", content_type), *header_items], content.encode()


SHAPES = {
    "message": lambda text: answer("400 Bad", {"message": text}),
    "oauth": lambda text: answer("400 Bad", {"error": "invalid_client", "error_description": text}),
    "sign-in": lambda text: answer("401 No", {"error": {"message": text}}),
    "right": lambda text: answer("403 No", {"detail": text, "title": text}),
    "missing": lambda text: answer("404 No", {"errors": [text]}),
    "rule": lambda text: answer("422 No", {"fields": {"x": [text]}, text: text}),
    "graphql": lambda text: answer("200 OK", {"errors": [{"message": text}], "data": None}),
    "fault": lambda text: answer("500 Broken", {"message": text}),
    "odd type": lambda text: answer("200 OK", text, f"text/{quote(text)[:150]}"),
    "plain": lambda text: answer("400 Bad", text, "text/plain"),
    "page": lambda text: answer("400 Bad", f"<html><body>{text}</body></html>", "text/x"),
    "list": lambda text: answer("200 OK", [text]),
    "rows": lambda text: answer(
        "200 OK",
        {
            name: [{"id": text, text: text}]
            for name in ("items", "data", "invoices", "results", "rows")
        },
    ),
    "host": lambda text: answer(
        "302 Found", "", Location=f"https://{text.encode().hex()[:60]}.example/{quote(text)}"
    ),
    "path": lambda text: answer("302 Found", "", Location=f"https://x.example/{quote(text)}"),
}

INTUIT_SHAPES = {
    "fault": lambda text: answer("400 Bad", {"Fault": fault(text), "time": "2026"}),
    "refused token": lambda text: answer("401 No", {"fault": fault(text, code="3200")}),
    "forbidden": lambda text: answer("403 No", {"fault": fault(text, code="3100")}),
    "throttled": lambda text: answer("429 Slow", {"fault": fault(text, code="3001")}),
    "broken": lambda text: answer("500 Broken", {"Fault": fault(text, code="10000")}),
    "code": lambda text: answer("400 Bad", {"Fault": fault(text, code=text)}),
    "xml": lambda text: answer(
        "401 No",
        f'<IntuitResponse><Fault type="{html.escape(text)}"><Error code="3200"><Message>'
        f"{html.escape(text)}</Message><Detail>{html.escape(text)}</Detail></Error></Fault>"
        "</IntuitResponse>",
        "application/xml",
    ),
    "sign-in refused": lambda text: answer(
        "400 Bad", {"error": "invalid_grant", "error_description": text}
    ),
    "sign-in error": lambda text: answer("400 Bad", {"error": text, "error_description": text}),
    "page": lambda text: answer("200 OK", f"<html>{text}</html>", "text/html", intuit_tid="x"),
    "tid": lambda text: answer("400 Bad", {"Fault": fault("No")}, intuit_tid=text[:900]),
}


def fault(text, code="2020"):
    """Return a fault in Intuit's form."""
    error = {"Message": text, "Detail": text, "code": code, "element": text}
    return {"Error": [error], "type": text}


class RepeatingSource:
    """A server that repeats the request in errors of one shape.

    It issues these tokens, or repeats token requests too if `signs_in` is false.
    """

    def __init__(self, shape, access, refresh, *, signs_in):
        self.shape, self.signs_in = (SHAPES | INTUIT_SHAPES)[shape], signs_in
        self.tokens = {"access_token": access, "refresh_token": refresh, "expires_in": 3600}
        self.request_values = []  # the credentials in the requests
        self._turn = itertools.count()

    def __call__(self, environ, start):
        body = environ["wsgi.input"].read().decode()
        if self.signs_in and "token" in environ["PATH_INFO"]:
            status, headers, content = answer("200 OK", self.tokens)
        else:
            status, headers, content = self.shape(self._repeat_values(environ, body))
        start(status, headers)
        return [content]

    @staticmethod
    def _values(environ, body):
        """Return the values of headers, form and query; and the decoded parts of Basic headers."""
        values = [value for name, value in environ.items() if name.startswith("HTTP_")]
        values += [value for _, value in parse_qsl(body) + parse_qsl(environ["QUERY_STRING"])]
        for value in list(values):
            scheme, _, credentials = value.partition(" ")
            if scheme == "Basic":
                values += [credentials, base64.b64decode(credentials).decode()]
        return values

    def _repeat_values(self, environ, body):
        """Return all values of a request in every form, in a different order each time."""
        values = self._values(environ, body)
        self.request_values += values
        long_values = [value for value in values if len(value) > PIECE]
        texts = [text for value in long_values for text in forms(value)]
        turn = next(self._turn) * 3 % max(1, len(texts))
        return " ".join([*texts[turn:], *texts[:turn]])
