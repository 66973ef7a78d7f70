"""Fetch the files of documents from their source and check them before they are sent."""

import codecs
import datetime as dt
import hashlib
import logging

from hub import payloads, sources
from hub.cases import inbox
from hub.cases.causes import build_posting_cause
from hub.context import mask_secrets
from hub.contract import codec
from hub.contract.documents import Attachment, Document
from hub.db.engine import read_only_session, transaction
from hub.errors import HubError, Refused, Retry, Sentence, VaultError, WorkInterrupted
from hub.models import Posting
from hub.models.display_names import format_posting_name
from hub.models.enums import Holder, PostingState
from hub.payloads import FileSummary
from hub.posting import posting_cases
from hub.posting.outcome.load import PostingSnapshot
from hub.posting.outcome.record import DEFAULT_PAUSE, change_state
from hub.posting.outcome.session import PostingSession
from hub.posting.posting_cases import FILE_CASE
from hub.reasons import texts
from hub.reasons.texts import CaseText

log = logging.getLogger("hub")
BYTES_PER_MEGABYTE = 1024 * 1024
MAX_FILE_MEGABYTES = 20  # our own limit: QuickBooks takes 100 MB in a request
MAX_FILE_BYTES = MAX_FILE_MEGABYTES * BYTES_PER_MEGABYTE
LONG_PAUSE = 10 * DEFAULT_PAUSE
MAX_FILE_DELAY = dt.timedelta(hours=1)  # a case is opened for a file that is later
DELAYED_REASON = "posting.file_delayed"
MAX_SHOWN_DIGEST_LENGTH = 80
ALLOWED_EXTENSIONS = (
    "ai",
    "csv",
    "doc",
    "docx",
    "eps",
    "gif",
    "jpeg",
    "jpg",
    "ods",
    "pdf",
    "png",
    "rtf",
    "tif",
    "tiff",
    "txt",
    "xls",
    "xlsx",
    "xml",
)


class BadFile(Refused):
    """A file cannot be sent; the message has the reason and the next step."""


def is_listed(posting: Posting) -> bool:
    """Return whether the document of a file still has it at its source."""
    attachments = posting.document.body.get("attachments", ())
    return any(attachment["id"] == posting.part for attachment in attachments)


def fetch_file(posting_session: PostingSession, snapshot: PostingSnapshot) -> bytes | None:
    """Fetch a file and write its metadata into the posting; None if it cannot be sent now."""
    posting = snapshot.posting
    try:
        attachment = _load_attachment(posting)
        _check_description(attachment)
        content = _read_from_source(posting, attachment)
        _check_content(attachment, content)
        return content if _write_metadata(posting, attachment, content) else None
    except WorkInterrupted:
        raise
    except (Retry, VaultError) as error:  # a key that is missing is not the file's fault
        _postpone(posting_session, posting, error)
    except HubError as error:
        _hold(posting, error.text)
    except Exception as error:
        log.exception("%s failed to open a file", posting.document.slug)
        _hold(
            posting,
            Sentence(
                "The plugin failed while it fetched the file (%(type)s: %(error)s). Send this"
                " message to the plugin's author; the log has the details.",
                type=type(error).__name__,
                error=str(error),
            ),
        )
    posting_session.counts["files"] += 1
    return None


def _load_attachment(posting: Posting) -> Attachment:
    """Return a file as its document lists it; raise BadFile if it does not list it any more."""
    document = codec.load(Document, posting.document.body)
    for attachment in document.attachments:
        if attachment.id == posting.part:
            return attachment
    raise BadFile("The source no longer has this file.")


def _read_from_source(posting: Posting, attachment: Attachment) -> bytes:
    """Return the content of a file; raise BadFile if the plugin returns something else."""
    with read_only_session() as session:
        installation = session.get_one(Posting, posting.id).document.installation
    content = sources.call_hook(
        installation,
        "hub_attachment",
        site=sources.build_site(installation),
        document=codec.load(Document, posting.document.body),
        attachment=attachment,
    )
    if not isinstance(content, bytes):
        raise BadFile(
            "The source delivered no file. Skip the file, or report this to the author of the"
            " plugin."
        )
    return content


def _check_description(attachment: Attachment) -> None:
    """Raise BadFile for a name, size or hash that cannot be used, before the file is fetched."""
    extension = attachment.name.rpartition(".")[2].lower()
    if extension not in ALLOWED_EXTENSIONS:
        extensions = ", ".join(ALLOWED_EXTENSIONS)
        raise BadFile(
            "QuickBooks does not accept files like %(name)s. It accepts %(extensions)s.",
            name=attachment.name,
            extensions=extensions,
        )
    if attachment.sha256 and not payloads.is_sha256(attachment.sha256):
        raise BadFile(
            "The app states “%(sha256)s” as the SHA-256 of %(name)s, which is not 64 hexadecimal"
            " digits, so no file would fit it. Report this to the author of the plugin.",
            sha256=attachment.sha256[:MAX_SHOWN_DIGEST_LENGTH],
            name=attachment.name,
        )
    if isinstance(attachment.size, int):  # otherwise only the size of the content is checked
        _check_size(attachment, attachment.size)


def _check_content(attachment: Attachment, content: bytes) -> None:
    """Raise BadFile for content that QuickBooks could not use, and Retry for another content.

    Its hash is compared with that of the source, if it states one.
    """
    if not content:
        raise BadFile("%(name)s is empty. Attach it again at the source.", name=attachment.name)
    _check_size(attachment, len(content))
    start = content[:512].removeprefix(codecs.BOM_UTF8).lstrip().lower()
    if start.startswith((b"<!doctype html", b"<html")):
        raise BadFile(
            "%(name)s is a web page, not a file; the source perhaps asks to sign in.",
            name=attachment.name,
        )
    if attachment.sha256 and hashlib.sha256(content).hexdigest() != attachment.sha256.lower():
        raise Retry(
            "%(name)s did not arrive as the source describes it; it is fetched again.",
            name=attachment.name,
        )


def _check_size(attachment: Attachment, size: int) -> None:
    """Raise BadFile for a file that is too large to be attached."""
    if size > MAX_FILE_BYTES:
        raise BadFile(
            "%(name)s has %(size)s MB; the hub attaches files of at most %(max_size)s MB. Make it"
            " smaller at the source.",
            name=attachment.name,
            size=f"{size / BYTES_PER_MEGABYTE:.1f}",
            max_size=MAX_FILE_MEGABYTES,
        )


def _write_metadata(posting: Posting, attachment: Attachment, content: bytes) -> bool:
    """Store the metadata of the upload; return False if another process changed the posting.

    Once a key may have been sent, content and metadata must stay the same.
    """
    metadata = payloads.build_file_metadata(
        attachment, posting.kind, posting.base, posting.document.marker
    )
    payload = payloads.encode(metadata)
    sha256 = hashlib.sha256(content).hexdigest()
    previous_sha256 = FileSummary.load(posting.stored_summary).sha256
    if previous_sha256 == sha256 and posting.payload == payload:
        return True
    was_sent = posting.sent_date is not None
    if was_sent and previous_sha256 and previous_sha256 != sha256:
        raise BadFile(
            "%(name)s was changed at the source after it was sent. Skip it, or attach it again.",
            name=attachment.name,
        )
    summary = FileSummary(sha256=sha256, size=len(content), name=attachment.name)
    with transaction() as session:
        return change_state(
            session, posting, PostingState.READY, payload=payload, stored_summary=summary.dump()
        )


def _postpone(posting_session: PostingSession, posting: Posting, error: HubError) -> None:
    """Schedule another fetch of a file; open a case after `MAX_FILE_DELAY`.

    If there is a case already, because a person retried a held file, its text is updated at once.
    A first fetch in the future was made before the clock was set back.
    """
    now = posting_session.clock.now()
    has_time = isinstance(error, Retry) and error.after is not None
    pause = DEFAULT_PAUSE if has_time else LONG_PAUSE
    problem = mask_secrets(error.text)
    is_delayed = any(reason["code"] == DELAYED_REASON for reason in posting.reasons)
    delayed_since = min(posting.changed_at, now) if is_delayed else now
    values = {
        "next_try_at": now + pause,
        "reasons": texts.dump(CaseText(DELAYED_REASON, problem=problem)),
        "changed_at": delayed_since,
    }
    text = CaseText("outcome.file_delayed", name=_name_file(posting, problem), problem=problem)
    with transaction() as session:
        is_stored = change_state(session, posting, PostingState.READY, **values)
        has_case = inbox.is_open(session, build_posting_cause(posting.id, FILE_CASE))
        if is_stored and (has_case or now - delayed_since >= MAX_FILE_DELAY):
            posting_cases.open_case(session, posting, FILE_CASE, text)


def _hold(posting: Posting, error_text: str) -> None:
    """Hold a file with a case of its own; the transaction that it belongs to stays posted."""
    problem = mask_secrets(error_text)
    text = CaseText("outcome.file_failed", name=_name_file(posting, problem), problem=problem)
    reasons = texts.dump(text)
    with transaction() as session:
        if change_state(
            session, posting, PostingState.HELD, held_by=Holder.SOURCE, reasons=reasons
        ):
            posting_cases.open_case(session, posting, FILE_CASE, text)


def _name_file(posting: Posting, problem: str) -> str:
    """Return the name of a file's document, with the file name unless the problem contains it."""
    name = format_posting_name(posting)
    if posting.number in problem:
        return name
    return f"{name}, {posting.number}"
