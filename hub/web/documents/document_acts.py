"""The actions on the page of a document: check what would stop it, and post it again."""

from flask import Blueprint, abort, flash, redirect, url_for
from werkzeug import Response

from hub import outbox
from hub.contract.states import Stage
from hub.db.engine import read_only_session
from hub.errors import HubError
from hub.models import SourceDocument
from hub.models.enums import RunKind
from hub.posting.actions import retries
from hub.scheduling import dry_run, run_log
from hub.translations.messages import gettext, translate
from hub.web.apps.installation import describe_repetition
from hub.web.authentication.access import may_here, person_name, require_role
from hub.web.frame import viewer
from hub.web.frame.paging import get_row_or_404
from hub.web.lists.document_rows import load_state_and_main_posting

pages = Blueprint("document_acts", __name__)


@pages.post("/documents/<int:document_id>/check")
@require_role("operator")
def check(document_id: int) -> Response:
    """Describe what would stop a document, by the rules of posting; write nothing."""
    with read_only_session() as session:
        get_row_or_404(session, SourceDocument, document_id)
    try:
        with viewer.translate_reasons():
            stops = dry_run.check(document_id)
    except HubError as error:
        flash(translate(error.sentence), "error")
    else:
        for text in stops:
            flash(gettext("It would be held: %(text)s", text=text), "look")
        if not stops:
            text = gettext("Nothing would stop it: QuickBooks would be sent it as it is.")
            flash(text, "success")
    return redirect(url_for("documents.one", document_id=document_id))


@pages.post("/documents/<int:document_id>/post-again")
@require_role("operator")
def post_again(document_id: int) -> Response:
    """Post a document again that is no longer in QuickBooks."""
    with read_only_session() as session:
        document = get_row_or_404(session, SourceDocument, document_id)
        installation = document.installation
        _, main = load_state_and_main_posting(session, document)
    if main is None:
        abort(404)
    try:
        retries.post_again(main.id, person_name())
    except HubError as error:
        flash(translate(error.sentence), "error")
    else:
        flash(describe_repetition(installation), "success")
        if installation.is_active:
            run_log.request(RunKind.SYNC, installation.id, person_name())
    return redirect(url_for("documents.one", document_id=document_id))


def is_repostable(document: SourceDocument, state: str) -> bool:
    """Return whether the person may have the document posted again.

    It must have left QuickBooks, and the source must still have it.
    """
    if document.gone is not None or document.stage == Stage.CLOSED or document.made_for:
        return False
    if state not in outbox.DEPARTED:
        return False
    return may_here("operator")
