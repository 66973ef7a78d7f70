"""The actions on the page of a document: check it, post it again, or take back a skip."""

from collections.abc import Callable

from flask import Blueprint, abort, flash, redirect, url_for
from werkzeug import Response

from hub.db.engine import read_only_session
from hub.errors import HubError
from hub.models import Installation, Posting, SourceDocument
from hub.models.enums import RunKind
from hub.posting.actions import document_repetition, retries
from hub.scheduling import dry_run, run_log
from hub.translations.messages import gettext, translate
from hub.web.authentication.access import person_name, require_role
from hub.web.frame import viewer
from hub.web.frame.lookup import get_row_or_404
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
    message = _describe_repetition(installation)
    _release(main.id, document_repetition.post_document_again, installation, message)
    return redirect(url_for("documents.one", document_id=document_id))


@pages.post("/postings/<int:posting_id>/take-back-skip")
@require_role("operator")
def take_back_skip(posting_id: int) -> Response:
    """Have a skipped posting sent after all, from what its source has now."""
    with read_only_session() as session:
        posting = get_row_or_404(session, Posting, posting_id)
        document_id = posting.document_id
        installation = posting.document.installation
    message = _describe_taken_back_skip(installation)
    _release(posting_id, retries.take_back_skip, installation, message)
    anchor = f"posting-{posting_id}"
    return redirect(url_for("documents.one", document_id=document_id, _anchor=anchor))


def _release(
    posting_id: int, act: Callable[[int, str], None], installation: Installation, message: str
) -> None:
    """Do an act on a posting for the person, and request the run that continues with it."""
    try:
        act(posting_id, person_name())
    except HubError as error:
        flash(translate(error.sentence), "error")
        return
    flash(message, "success")
    if installation.can_run:
        run_log.request(RunKind.SYNC, installation.id, person_name())


def _describe_repetition(installation: Installation) -> str:
    """Return the sentence about a document that is posted again, now or once its app can run."""
    if installation.can_run:
        return gettext("The hub searches QuickBooks for it and then posts it again.")
    if installation.is_active:
        return gettext("It is posted again once the company is connected again.")
    if installation.enabled:
        return gettext(
            "It is posted again once the app is no longer paused: set its mode to automatic or"
            " review."
        )
    return gettext("It is posted again once the app is enabled.")


def _describe_taken_back_skip(installation: Installation) -> str:
    """Return the sentence about a posting that is no longer skipped."""
    if installation.can_run:
        return gettext(
            "It is no longer skipped. A run reads it again and then posts it, unless it needs an"
            " approval."
        )
    if installation.is_active:
        return gettext("It is no longer skipped. It is posted once the company is connected again.")
    if installation.enabled:
        return gettext(
            "It is no longer skipped. It is posted once the app is no longer paused: set its mode"
            " to automatic or review."
        )
    return gettext("It is no longer skipped. It is posted once the app is enabled.")
