"""The files that a source sends while an app opens files of documents."""

import contextlib
from collections.abc import Iterable, Iterator
from typing import NamedTuple
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from hub.contract.documents import Attachment, Document
from hub.testing.answer_values import identify, parse
from hub.testing.bench import Bench
from hub.testing.rate_limit import ReadAnswer

# Types of answers from which an app may take a part: they hold more than the file.
COMPOSITE = ("text/", "multipart/", "application/x-www-form-urlencoded")
COMPOSITE_SUFFIXES = ("/json", "+json", "/xml", "+xml", "zip", "tar", "compressed")


class SentFile(NamedTuple):
    """A file that was sent, with what identifies the call for it."""

    call: str
    content: bytes


class SentFiles:
    """Compares the files that an app opens with those that its source sends for them."""

    def __init__(self) -> None:
        self._sent: list[SentFile] = []
        self._calls: dict[tuple[str, str], Attachment] = {}

    @contextlib.contextmanager
    def watch(self, bench: Bench) -> Iterator[None]:
        """Note the files that the source sends for one file that the app opens."""
        self._sent = []
        stand_in: list[WSGIApplication] = []

        def serve(environ: WSGIEnvironment, start: StartResponse) -> Iterable[bytes]:
            """Pass a call to the stand-in, and note the file that it answers."""
            call = identify(environ)
            answer = ReadAnswer(stand_in[0], environ)
            if _is_file(answer):
                self._sent.append(SentFile(call, answer.body))
            start(*answer.beginning)
            return [answer.body]

        with bench.replaced_by(serve) as replaced:
            stand_in.append(replaced)
            yield

    def describe_defect(self, document: Document, attachment: Attachment, content: bytes) -> str:
        """Return what is wrong with a content that was opened while this watched; "" if nothing."""
        if not self._sent:
            return ""
        calls = [sent.call for sent in self._sent if sent.content == content]
        if not calls:
            sizes = ", ".join(str(len(sent.content)) for sent in self._sent)
            return (
                f"returned {len(content)} bytes that are no file of the source, which sent {sizes}"
                " bytes. Return the body of its answer as it is."
            )
        for call in calls:
            other = self._calls.setdefault((document.source_id, call), attachment)
            if other.id != attachment.id:
                address, _, _ = call.rpartition(" ")
                return (
                    f"returned the file of {address.rstrip('?')}, as for {other.name} of"
                    " this document. Ask the source for the file with the id of the attachment."
                )
        return ""


def _is_file(answer: ReadAnswer) -> bool:
    """Return whether an answer is a file alone, not JSON or text, in which one may be."""
    _, headers = answer.beginning
    types = {name.lower(): value for name, value in headers}
    type = types.get("content-type", "").partition(";")[0].strip().lower()
    if answer.status != 200 or not answer.body or parse(answer.body) is not None:
        return False
    return bool(type) and not type.startswith(COMPOSITE) and not type.endswith(COMPOSITE_SUFFIXES)
