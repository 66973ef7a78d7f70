"""The files that an app received: their list, the form that uploads more, and their columns."""

from collections.abc import Iterable, Mapping
from decimal import Decimal
from types import MappingProxyType

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from sqlalchemy import select
from sqlalchemy.orm import Session
from werkzeug import Response
from werkzeug.datastructures import FileStorage

from hub.context import current_hub
from hub.contract.files import FileKinds, FileTable
from hub.db.engine import read_only_session
from hub.errors import HubError, NotNow
from hub.models import Installation, StoredFile
from hub.models.enums import FileState, FileWay, RunKind
from hub.sources import file_folder, file_intake, file_mapping
from hub.translations.messages import gettext, ngettext, translate
from hub.web.apps import installation as installation_page
from hub.web.authentication.access import person_name, require_role
from hub.web.frame import viewer
from hub.web.frame.lookup import get_row_or_404
from hub.web.frame.paging import load_page

KILOBYTE, MEGABYTE = 1000, 1_000_000
MAX_FILES = 50  # in one upload
NO_PROBLEMS: Mapping[str, str] = MappingProxyType({})
pages = Blueprint(
    "received_files", __name__, url_prefix="/installations/<int:installation_id>/files"
)


@pages.app_template_filter("file_size")
def format_file_size(size: int) -> str:
    """Return a size such as "1.2 MB" as the person writes numbers."""
    if size < KILOBYTE:
        return ngettext("%(count)s byte", "%(count)s bytes", size)
    unit, name = (MEGABYTE, "MB") if size >= MEGABYTE else (KILOBYTE, "kB")
    number = viewer.number_format().amount(Decimal(size) / unit, 1)
    return f"{number} {name}"


@pages.get("/")
@require_role("viewer")
def show(installation_id: int) -> str:
    """Show the files of an app that receives files, the newest first."""
    query = select(StoredFile).where(StoredFile.installation_id == installation_id)
    with read_only_session() as session:
        installation = get_row_or_404(session, Installation, installation_id)
        kinds = _get_file_kinds(installation)
        page = load_page(session, query, order_by=[StoredFile.id])
        return render_template(
            "received_files.html",
            page=page,
            files=page.rows,
            suffixes=kinds.suffixes,
            max_size=kinds.limit,
            folder=file_folder.get_folder(installation),
            **installation_page.build_tabs(session, installation),
        )


@pages.post("/")
@require_role("operator")
def upload(installation_id: int) -> Response:
    """Store the uploaded files; map the columns of the first new table, or else start a sync."""
    with read_only_session() as session:
        installation = get_row_or_404(session, Installation, installation_id)
    _get_file_kinds(installation)
    uploads = [file for file in request.files.getlist("file") if file.filename]
    if not 0 < len(uploads) <= MAX_FILES:
        flash(gettext("Choose between 1 and %(count)s files.", count=MAX_FILES), "error")
        return _redirect_to_list(installation_id)
    results = _receive_all(installation, uploads)
    unmapped_ids = [result.id for result in results if result.state == FileState.UNMAPPED]
    if unmapped_ids:
        return _redirect_to_columns(installation_id, unmapped_ids[0])
    if any(result.is_new for result in results):
        return _request_sync(installation)
    return _redirect_to_list(installation_id)


@pages.get("/<int:file_id>/columns")
@require_role("operator")
def columns(installation_id: int, file_id: int) -> str | Response:
    """Ask which column of a table holds what, with its first rows and the likely answers."""
    with read_only_session() as session:
        installation = get_row_or_404(session, Installation, installation_id)
        stored_file = _require_file(session, installation, file_id)
    try:
        table = file_mapping.open_table(installation, file_id).table
    except HubError as error:
        flash(translate(error.sentence), "error")
        return _redirect_to_list(installation_id)
    previous = file_intake.find_newest_mapping(installation, table.columns)
    answers = dict(table.suggestions)
    if stored_file.mapping is not None:
        answers = stored_file.mapping
    elif previous:
        answers = previous.answers
    name = previous.name if previous else stored_file.name.rpartition(".")[0]
    return _render_columns_page(installation, stored_file, table, answers, name)


@pages.post("/<int:file_id>/columns")
@require_role("operator")
def map_columns(installation_id: int, file_id: int) -> str | Response:
    """Accept a table with the answers; show the form again if the table cannot be read so."""
    with read_only_session() as session:
        installation = get_row_or_404(session, Installation, installation_id)
        stored_file = _require_file(session, installation, file_id)
    answers = {}
    for key, value in request.form.items():
        field, _, name = key.partition(":")
        if field == "field":
            answers[name] = value
    name, shown_version = request.form.get("name", ""), request.form.get("seen")
    try:
        count = file_mapping.apply(
            installation, file_id, name, answers, person_name(), shown_version=shown_version
        )
    except NotNow as error:
        flash(translate(error.sentence), "look")
        return _redirect_to_columns(installation_id, file_id)
    except file_mapping.ImpossibleAnswers as error:
        table = file_mapping.open_table(installation, file_id).table
        return _render_columns_page(installation, stored_file, table, answers, name, error.problems)
    except HubError as error:
        flash(translate(error.sentence), "error")
        table = file_mapping.open_table(installation, file_id).table
        return _render_columns_page(installation, stored_file, table, answers, name)
    _flash_document_count(count, stored_file.name)
    return _request_sync(installation)


@pages.post("/<int:file_id>/discard")
@require_role("operator")
def discard(installation_id: int, file_id: int) -> Response:
    """Delete a table that waits for its columns."""
    with read_only_session() as session:
        installation = get_row_or_404(session, Installation, installation_id)
        stored_file = _require_file(session, installation, file_id)
    try:
        file_mapping.discard(installation, file_id, person_name())
    except HubError as error:
        flash(translate(error.sentence), "error")
    else:
        flash(gettext("%(name)s was discarded.", name=stored_file.name), "success")
    return _redirect_to_list(installation_id)


def _receive_all(
    installation: Installation, uploads: Iterable[FileStorage]
) -> list[file_intake.IntakeResult]:
    """Store files one by one, and return the outcomes for those that were not refused."""
    results = []
    for file in uploads:
        result = _receive(installation, file.filename or "", file.read())
        if result:
            results.append(result)
    return results


def _receive(
    installation: Installation, name: str, content: bytes
) -> file_intake.IntakeResult | None:
    """Store one file and describe the outcome; return None if it was refused."""
    try:
        result = file_intake.receive(
            installation, name, content, way=FileWay.UPLOAD, who=person_name()
        )
    except HubError as error:
        flash(translate(error.sentence), "error")
        return None
    if not result.is_new:
        flash(translate(result.describe_repetition(name)), "info")
    elif result.state == FileState.ACCEPTED:
        _flash_document_count(result.documents, result.name)
    return result


def _flash_document_count(count: int, name: str) -> None:
    """Tell the person how many documents an accepted file has."""
    text = ngettext(
        "%(count)s document in %(name)s.", "%(count)s documents in %(name)s.", count, name=name
    )
    flash(text, "success")


def _render_columns_page(
    installation: Installation,
    stored_file: StoredFile,
    table: FileTable,
    answers: dict[str, str],
    name: str,
    problems: Mapping[str, str] = NO_PROBLEMS,
) -> str:
    """Return the page that asks for the columns of a table, with problems beside their fields."""
    with read_only_session() as session:
        context = installation_page.build_tabs(
            session, get_row_or_404(session, Installation, installation.id)
        )
    return render_template(
        "file_columns.html",
        file=stored_file,
        table=table,
        fields=file_mapping.list_fields(installation),
        answers=answers,
        seen=file_mapping.build_version(stored_file.mapping),
        mapping_name=name,
        max_name_length=file_mapping.MAX_NAME_LENGTH,
        problems=problems,
        own_name=file_mapping.OWN_NAME,
        **context,
    )


def _request_sync(installation: Installation) -> Response:
    """Start a sync that reads the new files; an app that is paused reads them when it is on."""
    if installation.can_run:
        return installation_page.start(installation.id, RunKind.SYNC, installation.id)
    if installation.is_active:
        text = gettext(
            "The company is disconnected. The files are read once it is connected again."
        )
        flash(text, "info")
        return _redirect_to_list(installation.id)
    flash(gettext("The app is paused. It reads the files when it is on again."), "info")
    return _redirect_to_list(installation.id)


def _redirect_to_columns(installation_id: int, file_id: int) -> Response:
    """Redirect to the form about the columns of a table."""
    address = url_for("received_files.columns", installation_id=installation_id, file_id=file_id)
    return redirect(address)


def _redirect_to_list(installation_id: int) -> Response:
    """Redirect to the list of files."""
    return redirect(url_for("received_files.show", installation_id=installation_id))


def _require_file(session: Session, installation: Installation, file_id: int) -> StoredFile:
    """Return a file of an installation; abort if it has none with this id."""
    _get_file_kinds(installation)
    stored_file: StoredFile = get_row_or_404(session, StoredFile, file_id)
    if stored_file.installation_id != installation.id:
        abort(404)
    return stored_file


def _get_file_kinds(installation: Installation) -> FileKinds:
    """Return the kinds of files that the app of an installation accepts; abort if it has none."""
    app = current_hub().plugins.apps.get(installation.slug)
    if app is None or app.files is None or not installation.enabled:
        abort(404)
    return app.files
