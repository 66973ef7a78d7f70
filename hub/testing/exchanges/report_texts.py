"""What a report writes to the source about documents that are posted and that are not."""

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple
from urllib.parse import parse_qsl
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from hub.contract.documents import Document
from hub.contract.receipts import Receipt
from hub.testing.bench import Bench
from hub.testing.exchanges.hook_calls import READING_METHODS
from hub.testing.exchanges.response_values import Path, iter_values, parse
from hub.testing.fakes.wsgi import read_body

FACT = "…"  # in place of what a receipt says of a single document
FORM = "application/x-www-form-urlencoded"
STATE_NAMES = ("state", "status")
PART_OF_A_MESSAGE = 12  # characters; a source may shorten texts

Place = tuple[int, str, Path]  # where a text is: number and method of the call, and the path
Texts = Mapping[Place, str]


class RecordedReport(NamedTuple):
    """A receipt, and the texts that its report has written."""

    receipt: Receipt
    texts: Texts


class ReportRecorder:
    """Passes the calls of a report to the stand-in, and notes the texts that they write."""

    def __init__(self, bench: Bench) -> None:
        """Check the access, so that no call for a token is among those of the report."""
        self._bench = bench
        self._texts: dict[Place, str] = {}
        self._count = 0
        self._stand_in: WSGIApplication
        bench.check()

    def report(self, document: Document, receipt: Receipt) -> RecordedReport:
        """Report a receipt; return it with the texts that this writes, by their place."""
        with self._bench.replaced_by(self._serve) as self._stand_in:
            self._bench.report(document, receipt)
        return RecordedReport(receipt, self._texts)

    def _serve(self, environ: WSGIEnvironment, start: StartResponse) -> Iterable[bytes]:
        """Answer as the stand-in does."""
        method = environ["REQUEST_METHOD"]
        if method not in READING_METHODS:
            self._count += 1
            for path, text in _iter_texts(environ):
                self._texts[self._count, method, path] = text
        return self._stand_in(environ, start)


def find_likeness(
    posted_report: RecordedReport, other_report: RecordedReport, document: Document
) -> str:
    """Return how the report of a document that is not posted looks like that of a posted one.

    Return "" if a person can tell them apart, or if one of them writes nothing.
    """
    before, after = _remove_facts(posted_report, document), _remove_facts(other_report, document)
    for place, text in after.items():
        if before.get(place) == text and text.strip(f" .:{FACT}").lower() == "posted":
            return f"it says {text!r} in both"
    if before != after or not other_report.texts:
        return ""
    if not _has_message(other_report):
        return "nothing else differs than what QuickBooks has given to a posted one"
    for place, text in after.items():
        if _get_last_name(place) in STATE_NAMES:
            return f"its {_get_last_name(place)} is {text!r} in both"
    return ""


def _iter_texts(environ: WSGIEnvironment) -> Iterator[tuple[Path, str]]:
    """Yield the address and the values of the body of a call, which can be read again."""
    body = read_body(environ)
    yield ("address",), f"{environ['PATH_INFO']}?{environ.get('QUERY_STRING', '')}"
    text = body.decode("utf-8", "replace")
    if environ.get("CONTENT_TYPE", "").startswith(FORM):
        yield from (((name,), value) for name, value in parse_qsl(text))
        return
    content = parse(body)
    if content is None:
        yield (), text
    for path, value in iter_values(content):
        yield path, str(value)


def _remove_facts(report: RecordedReport, document: Document) -> dict[Place, str]:
    """Return texts without what differs between documents; one that is nothing else is left out."""
    receipt, texts = report
    known_facts = (
        receipt.url,
        receipt.number,
        receipt.id,
        receipt.message,
        document.number,
        "None",
    )
    facts = [rf"(?<!\w){re.escape(fact)}(?!\w)" for fact in known_facts if fact]
    pattern = re.compile("|".join(facts))
    remaining = {}
    for place, text in texts.items():
        words = " ".join(pattern.sub(FACT, text).split())
        if re.search(r"\w", words):
            remaining[place] = words
    return remaining


def _has_message(report: RecordedReport) -> bool:
    """Return whether the message of the receipt is written, or the beginning of it."""
    beginning = (report.receipt.message or "")[:PART_OF_A_MESSAGE]
    return any(beginning in text for text in report.texts.values())


def _get_last_name(place: Place) -> str:
    """Return the name of a value, without those of what it is in."""
    *_, path = place
    return str(path[-1]).lower() if path else ""
