"""Carry out what a person decided about a case, and open the next case of the same list."""

from collections.abc import Callable
from typing import Any

from flask import flash, redirect, request, url_for
from sqlalchemy import func, select
from werkzeug import Response

from hub.cases import inbox
from hub.db.engine import reading, transaction
from hub.errors import HubError
from hub.models import Case, Installation, Posting, case_posting
from hub.models.enums import CaseDecision, InstallationMode, RunKind
from hub.scheduling import run_log
from hub.translations.messages import gettext, translate
from hub.web import case_list, viewer
from hub.web.access import scope, who
from hub.web.case_titles import documents
from hub.web.installation import is_active
from hub.web.paging import present, row_or_404


def apply(
    case_id: int,
    work: Callable[[], str],
    decision: CaseDecision,
    note: str = "",
    *,
    syncs: bool = True,
) -> Response:
    """Do what a person decided, request a sync that continues with it, and open the next case."""
    filters = case_list.filters_of_request()
    of_case = case_posting.c.case_id == case_id
    stopped = select(func.count()).select_from(case_posting).join(Posting)
    with reading() as session:
        following = case_list.next_case_id(session, filters, case_id) if _goes_on() else None
        count = session.scalar(stopped.where(of_case, *scope().postings())) or 0
    try:
        message = work()
    except HubError as error:
        flash(translate(error.sentence), "error")
        return redirect(url_for("inbox.one", case_id=case_id, **arguments()))
    with transaction() as session:
        inbox.record_decision(session, [case_id], decision, who(), note)
        case = row_or_404(session, Case, case_id)
        installation = (
            session.get(Installation, case.installation_id) if case.installation_id else None
        )
    if syncs and installation and is_active(installation):
        run_log.request(RunKind.SYNC, installation.id, who())
        message += _continuation(decision, installation, count)
    return _go_on(message, following)


def arguments() -> dict[str, Any]:
    """Return the arguments of an address that lead back to the same list."""
    filters: dict[str, Any] = {**present(case_list.filters_of_request())}
    for name in ("before", "after", "then"):
        if request.args.get(name):
            filters[name] = request.args[name]
    return filters


def _continuation(decision: CaseDecision, installation: Installation, stopped: int) -> str:
    """Return the sentence about the sync that was requested."""
    if decision == CaseDecision.SKIPPED:
        return ""
    if decision == CaseDecision.MATCHED and installation.mode == InstallationMode.AUTO and stopped:
        return gettext(" Posting %(documents)s…", documents=documents(stopped))
    return gettext(" A sync continues with it now.")


def _goes_on() -> bool:
    """Tell whether the form was on the page of a case, which leads to the next one."""
    return request.args.get("then") == "next"


def _go_on(message: str, following: int | None) -> Response:
    """Open the next case if it is still open, else the list with the same filters."""
    filters = arguments()
    filters.pop("then", None)
    with reading() as session:
        case = session.get(Case, following) if following is not None else None
    if case is None or case.closed_at is not None:
        flash(message, "success")
        return redirect(url_for("inbox.show", **filters))
    with viewer.translated_reasons():
        flash(f"{message} {gettext('Next:')} {case.title}", "success")
    return redirect(url_for("inbox.one", case_id=case.id, **filters))
