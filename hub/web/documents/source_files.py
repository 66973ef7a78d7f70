"""The files of a document, fetched from its source when a person opens one.

Only pictures and PDF files open in the browser. Their content decides, not the type that the source
states. Every other file is saved. No file may load or run anything. Pages of the hub may show files
in a frame, at an address of its own.
"""

import re
from collections.abc import Mapping, Sequence
from io import BytesIO
from typing import Any, cast

from flask import Blueprint, abort, request, send_file
from werkzeug import Response

from hub import sources
from hub.contract.codec import load
from hub.contract.documents import Attachment, Document
from hub.db.engine import read_only_session
from hub.errors import HubError, NotNow
from hub.models import SourceDocument
from hub.translations.messages import gettext, translate
from hub.web.authentication.access import require_role
from hub.web.frame.lookup import get_row_or_404

# The first bytes of the files that open in the browser, with their types.
OPENED_TYPES = {
    b"%PDF-": "application/pdf",
    b"\x89PNG\r\n\x1a\n": "image/png",
    b"\xff\xd8\xff": "image/jpeg",
    b"GIF8": "image/gif",
}
SAVED_TYPE = "application/octet-stream"
UNSAFE_CHARACTERS = re.compile(r'[\x00-\x1f\x7f/\\:*?"<>|]+')
# A file loads nothing. Browsers show a PDF file as an object of its own address.
HEADERS = {
    "content_security_policy": {
        "default-src": "'none'",
        "object-src": "'self'",
        "img-src": "'self'",
        "style-src": "'self'",
        "base-uri": "'none'",
        "form-action": "'none'",
        "frame-ancestors": "'none'",
    },
}
FRAME_HEADERS = {
    "content_security_policy": HEADERS["content_security_policy"] | {"frame-ancestors": "'self'"},
    "frame_options": "SAMEORIGIN",
}
pages = Blueprint("files", __name__)


@pages.get("/documents/<int:document_id>/file")
@require_role("viewer")
def show(document_id: int) -> Response:
    """Fetch a file from the source and show or save it; `id` in the address names it."""
    attachment, content = _fetch(document_id)
    opened_type = find_opened_type(content)
    return _send(attachment, content, opened_type or SAVED_TYPE, is_saved=not opened_type)


cast(Any, show).talisman_view_options = HEADERS


@pages.get("/documents/<int:document_id>/file/frame")
@require_role("viewer")
def frame(document_id: int) -> Response:
    """Fetch a picture or PDF file for a frame of our own pages; say if there is nothing to show."""
    try:
        attachment, content = _fetch(document_id)
    except HubError as error:
        return Response(translate(error.sentence), mimetype="text/plain")
    opened_type = find_opened_type(content)
    if not opened_type:
        return Response(gettext("This file cannot be shown here."), mimetype="text/plain")
    return _send(attachment, content, opened_type, is_saved=False)


cast(Any, frame).talisman_view_options = FRAME_HEADERS


def find_main_file(
    document: SourceDocument, attachments: Sequence[Mapping[str, Any]]
) -> Mapping[str, Any] | None:
    """Return the file to open from the head of the page; None without one that can be fetched."""
    if not attachments or document.unreadable or document.is_of_former_account:
        return None
    return choose_file(attachments) or attachments[0]


def choose_framed_file(
    document: SourceDocument, attachments: Sequence[Mapping[str, Any]]
) -> Mapping[str, Any] | None:
    """Return the file to show on the page; None without one that a frame can show."""
    return None if document.is_of_former_account else choose_file(attachments)


def choose_file(
    attachments: Sequence[Mapping[str, Any]], chosen_id: str = ""
) -> Mapping[str, Any] | None:
    """Return the file to show beside a document: the chosen one, else its first PDF or picture.

    The type that the source states only decides which files are offered.
    """
    candidates = []
    for file in attachments:
        if file.get("mime") in OPENED_TYPES.values():
            candidates.append(file)
    for file in candidates:
        if file.get("id") == chosen_id:
            return file
    for file in candidates:
        if file.get("mime") == "application/pdf":
            return file
    return candidates[0] if candidates else None


def _fetch(document_id: int) -> tuple[Attachment, bytes]:
    """Fetch a file of a document from its source; answer 404 if there is no such file."""
    with read_only_session() as session:
        row = get_row_or_404(session, SourceDocument, document_id)
        installation = row.installation
        is_of_former_account = row.is_of_former_account
    if is_of_former_account:
        raise NotNow(
            "The file is in an account that %(app)s does not read any more. Look for it there.",
            app=sources.get_app(installation).name,
        )
    if not row.body or row.unreadable:
        abort(404)
    document = load(Document, row.body)
    attachment = _get_attachment_or_404(document, request.args.get("id", ""))
    return attachment, sources.read_file(installation, document, attachment)


def _send(attachment: Attachment, content: bytes, mimetype: str, *, is_saved: bool) -> Response:
    """Return a file as a response."""
    return send_file(
        BytesIO(content),
        mimetype=mimetype,
        as_attachment=is_saved,
        download_name=UNSAFE_CHARACTERS.sub("_", attachment.name) or "file",
    )


def find_opened_type(content: bytes) -> str:
    """Return the type under which a file opens in the browser; "" if it is only saved."""
    for beginning, mimetype in OPENED_TYPES.items():
        if content.startswith(beginning):
            return mimetype
    return ""


def _get_attachment_or_404(document: Document, id: str) -> Attachment:
    """Return a file of a document by its id, or answer 404."""
    attachments = {attachment.id: attachment for attachment in document.attachments}
    return attachments.get(id) or abort(404)
