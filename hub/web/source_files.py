"""The files of a document, fetched from its source when a person opens one.

Only pictures and PDF files open in the browser, by what they hold and not by what the source says
of them; every other file is saved. None of them may load or run anything.
"""

import re
from io import BytesIO
from typing import Any, cast

from flask import Blueprint, abort, request, send_file
from werkzeug import Response

from hub import sources
from hub.contract.codec import load
from hub.contract.documents import Attachment, Document
from hub.db.engine import reading
from hub.models import SourceDocument
from hub.web.access import needs
from hub.web.paging import row_or_404

# The first bytes of the files that open in the browser, with their types.
OPENED_TYPES = {
    b"%PDF-": "application/pdf",
    b"\x89PNG\r\n\x1a\n": "image/png",
    b"\xff\xd8\xff": "image/jpeg",
    b"GIF8": "image/gif",
}
SAVED_TYPE = "application/octet-stream"
UNSAFE = re.compile(r'[\x00-\x1f\x7f/\\:*?"<>|]+')
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
pages = Blueprint("files", __name__)


@pages.get("/documents/<int:document_id>/file")
@needs("operator")
def show(document_id: int) -> Response:
    """Fetch a file from the source and show or save it; `id` in the address names it."""
    with reading() as session:
        row = row_or_404(session, SourceDocument, document_id)
        installation = row.installation
    if not row.body or row.unreadable:
        abort(404)
    document = load(Document, row.body)
    attachment = _attachment(document, request.args.get("id", ""))
    content = sources.read_file(installation, document, attachment)
    opened_type = opened_as(content)
    return send_file(
        BytesIO(content),
        mimetype=opened_type or SAVED_TYPE,
        as_attachment=not opened_type,
        download_name=UNSAFE.sub("_", attachment.name) or "file",
    )


cast(Any, show).talisman_view_options = HEADERS


def opened_as(content: bytes) -> str:
    """Return the type under which a file opens in the browser; "" if it is only saved."""
    for beginning, mimetype in OPENED_TYPES.items():
        if content.startswith(beginning):
            return mimetype
    return ""


def _attachment(document: Document, id: str) -> Attachment:
    """Return a file of a document by its id, or answer 404."""
    attachments = {attachment.id: attachment for attachment in document.attachments}
    return attachments.get(id) or abort(404)
