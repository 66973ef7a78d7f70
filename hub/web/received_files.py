"""The files that an app received: their list, and the form that uploads more."""

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from sqlalchemy import select
from werkzeug import Response

from hub.context import current
from hub.contract.files import FileKinds
from hub.db.engine import reading
from hub.errors import HubError
from hub.models import Installation, StoredFile
from hub.models.enums import FileWay, RunKind
from hub.sources import file_intake
from hub.translations.messages import gettext, translate
from hub.web import installation as installation_page
from hub.web.access import needs, who
from hub.web.paging import row_or_404

MAX_LISTED = 100
MAX_FILES = 20  # in one upload
pages = Blueprint(
    "received_files", __name__, url_prefix="/installations/<int:installation_id>/files"
)


@pages.get("/")
@needs("viewer")
def show(installation_id: int) -> str:
    """Show the newest files of an app that receives files."""
    query = (
        select(StoredFile)
        .where(StoredFile.installation_id == installation_id)
        .order_by(StoredFile.id.desc())
        .limit(MAX_LISTED)
    )
    with reading() as session:
        installation = row_or_404(session, Installation, installation_id)
        kinds = _kinds_of(installation)
        return render_template(
            "received_files.html",
            files=list(session.scalars(query)),
            suffixes=kinds.suffixes,
            limit=kinds.limit,
            **installation_page.tabs(session, installation),
        )


@pages.post("/")
@needs("operator")
def upload(installation_id: int) -> Response:
    """Store the uploaded files and start a sync if any of them is new."""
    with reading() as session:
        installation = row_or_404(session, Installation, installation_id)
    _kinds_of(installation)
    uploads = [file for file in request.files.getlist("file") if file.filename]
    here = redirect(url_for("received_files.show", installation_id=installation_id))
    if not uploads or len(uploads) > MAX_FILES:
        flash(gettext("Choose between 1 and %(count)s files.", count=MAX_FILES), "error")
        return here
    is_any_new = False
    for file in uploads:
        is_any_new |= _receive(installation, file.filename or "", file.read())
    if not is_any_new:
        return here
    return installation_page.start(installation_id, RunKind.SYNC, installation_id)


def _receive(installation: Installation, name: str, content: bytes) -> bool:
    """Store one file, and say what became of it; return whether it is new."""
    try:
        receipt = file_intake.receive(installation, name, content, way=FileWay.UPLOAD, who=who())
    except HubError as error:
        flash(translate(error.sentence), "error")
        return False
    if receipt.is_new:
        flash(gettext("Received %(name)s.", name=receipt.name), "success")
    else:
        flash(gettext("%(name)s was received before. Nothing was added.", name=name), "info")
    return receipt.is_new


def _kinds_of(installation: Installation) -> FileKinds:
    """Return what files the app of an installation accepts; abort if it accepts none."""
    app = current().plugins.apps.get(installation.slug)
    if app is None or app.files is None or not installation.enabled:
        abort(404)
    return app.files
