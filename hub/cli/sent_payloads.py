"""The payloads of the last change and the matches in them, for authors of plugins."""

import textwrap
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from hub.cli.source_failures import SourceFailures
from hub.cli.terminal import say
from hub.cli.unposted_documents import UnpostedDocuments

if TYPE_CHECKING:
    from flask import Flask

    from hub.cli.sample_matches import SampleMatches

POLL_SECONDS = 1.0


class SentPayloads:
    """Find the last payload that was sent, once nothing more is being sent."""

    def __init__(self) -> None:
        """Leave out what was sent before now."""
        rows = _load_sends_after(0)
        self._shown_id = rows[-1].id if rows else 0
        self._last_id = self._shown_id

    def describe_new(self) -> str:
        """Return a text about the last write, with secrets masked; "" if it was described before.

        Many documents are sent one after the other, so it is described only when a second call
        finds nothing after it.
        """
        rows = _load_sends_after(self._shown_id)
        if not rows:
            return ""
        newest = rows[-1]
        is_last = newest.id == self._last_id and newest.ended_at is not None
        self._last_id = newest.id
        if not is_last:
            return ""
        self._shown_id = newest.id
        return _describe(newest, len({row.posting_id for row in rows}))


@contextmanager
def print_changes(app: "Flask", sample_matches: "SampleMatches | None") -> Iterator[None]:
    """Print what was sent last, what failed and what is not posted, until the block ends.

    With `sample_matches` codes without a record are matched first, and only the rest is printed.
    """
    end_event = threading.Event()

    def watch() -> None:
        with app.app_context():
            failures = SourceFailures()
            news_sources = (UnpostedDocuments(), SentPayloads())
            while not end_event.wait(POLL_SECONDS):
                _say_any(failures.describe_new())
                if sample_matches:
                    if sample_matches.is_waiting():
                        continue
                    match_text = sample_matches.describe_new()
                    if match_text:
                        say(match_text)
                        continue
                for text in [source.describe_new() for source in news_sources]:
                    _say_any(text)

    thread = threading.Thread(target=watch, name="sent-payloads")
    thread.start()
    try:
        yield
    finally:
        end_event.set()
        thread.join()


def _say_any(text: str) -> None:
    """Print a text, unless it is empty."""
    if text:
        say(text)


def _load_sends_after(attempt_id: int) -> Sequence[Any]:
    """Return the sends after one, oldest first: of documents and records, without their files."""
    from sqlalchemy import select

    from hub.db.engine import read_only_session
    from hub.models import Attempt, Posting
    from hub.models.enums import Operation

    columns = (Attempt.id, Attempt.posting_id, Attempt.ended_at, Attempt.outcome)
    query = (
        select(*columns)
        .join(Posting, Posting.id == Attempt.posting_id)
        .where(Attempt.id > attempt_id, Posting.operation != Operation.ATTACH)
        .order_by(Attempt.id)
    )
    with read_only_session() as session:
        return session.execute(query).all()


def _describe(attempt: Any, count: int) -> str:
    """Return a text about one write: its document, its outcome, its matches and its payload.

    The secrets of its source are masked.
    """
    from hub.crypto.masking import SecretMask
    from hub.db.engine import read_only_session
    from hub.models import Posting
    from hub.models.display_names import format_posting_name
    from hub.security.secrets import SiteSecrets
    from hub.web.frame.source_view import format_payload

    with read_only_session() as session:
        posting = session.get_one(Posting, attempt.posting_id)
        name = format_posting_name(posting)
        source_id = posting.document.source_id
        title = (
            f"Sent to QuickBooks: {count}. The last: {posting.operation} of {name}"
            f" ({source_id}), outcome {attempt.outcome}:"
        )
        payload = format_payload(posting)
        mask = SecretMask(SiteSecrets(posting.installation_id).values())
    about = "\n".join([*_describe_matches(posting.document_id), payload])
    return mask.clean(f"{title}\n{textwrap.indent(about, '  ')}")


def _describe_matches(document_id: int) -> list[str]:
    """Return a line for each code of a document with its record, or why there are none."""
    from hub.errors import HubError
    from hub.scheduling import source_preview

    try:
        return [code.describe() for code in source_preview.load_codes_of_stored(document_id)]
    except HubError as error:  # raised by the plugin that is being developed
        return [f"Its matches cannot be shown: {error.text}"]
