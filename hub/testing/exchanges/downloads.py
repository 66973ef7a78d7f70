"""The files that a source sends while an app opens files of documents."""

import contextlib
from collections.abc import Collection, Iterable, Iterator
from typing import NamedTuple
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from hub.contract.documents import Attachment, Document
from hub.testing.bench import Bench
from hub.testing.exchanges.response_values import identify, parse
from hub.testing.fakes.wsgi import BufferedResponse

# Types of responses from which an app may take a part: they hold more than the file.
COMPOSITE = ("text/", "multipart/", "application/x-www-form-urlencoded")
COMPOSITE_SUFFIXES = ("/json", "+json", "/xml", "+xml", "zip", "tar", "compressed")


class Download(NamedTuple):
    """A file that was sent, with what identifies the call for it, and its type."""

    call: str
    content: bytes
    type: str


class Downloads:
    """Compares the files that an app opens with those that its source sends for them.

    `convertible` are the types of files that the app may convert; `converted_types` are those of
    which it has converted one.
    """

    def __init__(self, convertible: Collection[str]) -> None:
        self.converted_types: set[str] = set()
        self._convertible = convertible
        self._sent: list[Download] = []
        self._calls: dict[tuple[str, str], Attachment] = {}

    @contextlib.contextmanager
    def watch(self, bench: Bench) -> Iterator[None]:
        """Note the files that the source sends for one file that the app opens."""
        self._sent = []
        stand_in: list[WSGIApplication] = []

        def serve(environ: WSGIEnvironment, start: StartResponse) -> Iterable[bytes]:
            """Pass a call to the stand-in, and note the file that it answers."""
            call = identify(environ)
            response = BufferedResponse(stand_in[0], environ)
            type = _find_file_type(response)
            if type:
                self._sent.append(Download(call, response.body, type))
            start(*response.beginning)
            return [response.body]

        with bench.replaced_by(serve) as original:
            stand_in.append(original)
            yield

    @property
    def calls(self) -> set[str]:
        """Return the calls that were answered with a file since this began to watch."""
        return {download.call for download in self._sent}

    def describe_defect(self, document: Document, attachment: Attachment, content: bytes) -> str:
        """Return what is wrong with a content that was opened while this watched; "" if nothing."""
        if not self._sent:
            return ""
        originals = [download for download in self._sent if download.content == content]
        if originals:
            return self._describe_other(document, attachment, originals)
        originals = self._find_converted()
        if not originals:
            sizes = ", ".join(str(len(download.content)) for download in self._sent)
            return (
                f"returned {len(content)} bytes that are no file of the source, which sent {sizes}"
                " bytes. Return the body of its answer as it is. If the plugin converts such files:"
                f" contract(…, converted={{'{self._sent[0].type}': reason}})."
            )
        if len(originals) > 1:
            return ""  # it may be made of all of them
        return self._describe_other(document, attachment, originals)

    def _describe_other(
        self, document: Document, attachment: Attachment, originals: Iterable[Download]
    ) -> str:
        """Return which other attachment of a document has one of these files; "" if none has."""
        for original in originals:
            other = self._calls.setdefault((document.source_id, original.call), attachment)
            if other.id != attachment.id:
                address, _, _ = original.call.rpartition(" ")
                return (
                    f"returned the file of {address.rstrip('?')}, as for {other.name} of"
                    " this document. Ask the source for the file with the id of the attachment."
                )
        return ""

    def _find_converted(self) -> list[Download]:
        """Return the files that were sent and may be converted; note their types."""
        originals = [download for download in self._sent if download.type in self._convertible]
        self.converted_types.update(download.type for download in originals)
        return originals


def _find_file_type(response: BufferedResponse) -> str:
    """Return the type of a response that is a file alone; "" for JSON or text, in which one may be.

    It is in lower case and has no parameters.
    """
    _, headers = response.beginning
    types = {name.lower(): value for name, value in headers}
    type = types.get("content-type", "").partition(";")[0].strip().lower()
    if response.status != 200 or not response.body or parse(response.body) is not None:
        return ""
    is_composite = type.startswith(COMPOSITE) or type.endswith(COMPOSITE_SUFFIXES)
    return "" if is_composite else type
