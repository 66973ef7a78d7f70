"""The QuickBooks companies: connect, reconnect, disconnect, check, and refresh their lists."""

import secrets
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Sequence
from typing import Any

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from flask import session as cookie
from sqlalchemy import Select, func, select, text
from sqlalchemy.orm import Session
from werkzeug import Response

from hub.db.engine import read_only_session
from hub.errors import HubError
from hub.models import ConnectedCompany, Installation, ListState, StoredRecord, Token
from hub.models.enums import RunKind
from hub.posting.outcome.batch_sizing import MODE_LABELS, store_mode
from hub.qbo import company_removal, intuit_keys, records, usage
from hub.qbo.oauth import connect as oauth_connect
from hub.qbo.oauth import token_endpoint
from hub.qbo.oauth.token_expiry import count_days_left
from hub.scheduling import run_log
from hub.security import refusals
from hub.translations.messages import gettext, translate
from hub.web.authentication.access import (
    ANYWHERE,
    load_scope,
    may,
    person_name,
    require_recent_login,
    require_role,
)
from hub.web.frame import company_choice
from hub.web.frame.lookup import get_row_or_404
from hub.web.frame.paging import build_first_address, is_past_end, load_page
from hub.web.reconcile.reconciliation_summary import load_newest_reconciliations, load_newest_runs
from hub.web.request import destinations

COMPANIES_PER_PAGE = 20
MAX_UNFOLDED_COMPANIES = 3  # more companies are one line each
# In the session: the state of the newest consent, and the page from which it was started.
CONSENT_ORIGIN = "consent"
MAX_ORIGIN_LENGTH = 500  # it is in a cookie, beside Intuit's address in the same answer
pages = Blueprint("companies", __name__)


@pages.get("/companies")
@require_role("viewer", of=ANYWHERE)
def index() -> str | Response:
    """List the companies with their connections and lists.

    Those with problems come first, and those that a person disconnected last.
    """
    keys = intuit_keys.read()
    words = request.args.get("q", "").strip()
    visible = select(ConnectedCompany).where(*load_scope().companies())
    if words:
        visible = visible.where(company_choice.matches_words(words))
    with read_only_session() as session:
        order = company_choice.problems_first()
        page = load_page(
            session, visible, order_by=order, is_descending=False, size=COMPANIES_PER_PAGE
        )
        if is_past_end(page):
            return redirect(build_first_address())
        companies = _describe_each(session, page.rows)
    context = {
        "has_keys": keys.are_complete,
        "redirect_uri": token_endpoint.redirect_uri(),
        "included_reads": usage.INCLUDED_READS_PER_MONTH,
        "modes": MODE_LABELS,
        "max_open": MAX_UNFOLDED_COMPANIES,
        "page": page,
        "search": words,
    }
    return render_template("companies.html", companies=companies, **context)


@pages.post("/companies/connect")
@require_role("owner")
@require_recent_login
def connect() -> Response:
    """Redirect to the consent page of QuickBooks."""
    return redirect_to_consent(None)


@pages.post("/companies/<int:company_id>/reconnect")
@require_role("owner")
@require_recent_login
def reconnect(company_id: int) -> Response:
    """Redirect to the consent page for a connected company.

    A consent for another company is refused when the browser returns.
    """
    with read_only_session() as session:
        company = get_row_or_404(session, ConnectedCompany, company_id)
    return redirect_to_consent(company.realm)


@pages.get("/quickbooks/callback")
@require_role("owner", of=ANYWHERE)
def callback() -> Response:
    """Accept the browser that QuickBooks sends back after the consent."""
    _check_consent(request.args.get("state", ""))
    try:
        company = oauth_connect.finish(request.args, cookie.get("browser", ""), person_name())
    except HubError as error:
        what = "consent refused" if request.args.get("error") else "consent not accepted"
        refusals.note(what, person_name(), "QuickBooks", reason=str(error))
        flash(translate(error.sentence), "error")
        return redirect(_take_consent_origin())
    run_log.request(RunKind.LISTS, company.id, person_name())
    name = company.display_name
    flash(gettext("%(name)s is connected; its lists are being read.", name=name), "success")
    if not _has_app(company.id):
        flash(gettext("Next: enable an app under Apps."), "info")
    return redirect(_take_consent_origin())


@pages.post("/companies/<int:company_id>/disconnect")
@require_role("owner")
@require_recent_login
def disconnect(company_id: int) -> Response:
    """Revoke the connection; settings and matches are kept."""
    company = _get_company_or_404(company_id)
    if request.form.get("sure") != "1":
        flash(
            gettext("Tick the box to disconnect %(company)s.", company=company.display_name),
            "look",
        )
        return _redirect_to_company(company_id)

    def disconnect_company() -> None:
        """Disconnect the company; warn if Intuit did not end the connection."""
        revocation = oauth_connect.disconnect(company_id, person_name())
        if revocation == oauth_connect.Revocation.REFUSED:
            flash(
                gettext(
                    "Intuit did not end the connection, because it does not accept"
                    " HUB_QBO_CLIENT_ID and HUB_QBO_CLIENT_SECRET. Disconnect the app in"
                    " QuickBooks, too."
                ),
                "look",
            )

    return _report(
        disconnect_company, gettext("{name} is disconnected. Settings and matches are kept.")
    )


@pages.post("/companies/<int:company_id>/remove")
@require_role("owner")
@require_recent_login
def remove(company_id: int) -> Response:
    """Remove a company that never worked, for example because of a mistyped number."""
    company = _get_company_or_404(company_id)
    name = company.display_name
    if request.form.get("sure") != "1":
        flash(gettext("Tick the box to remove %(name)s.", name=name), "look")
        return _redirect_to_company(company_id)
    try:
        company_removal.remove(company_id, person_name())
        flash(gettext("%(name)s is removed.", name=name), "success")
    except HubError as error:
        flash(translate(error.sentence), "error")
    return _redirect_to_company(company_id)


@pages.post("/companies/<int:company_id>/check")
@require_role("operator")
def check(company_id: int) -> Response:
    """Check the connection with a request to QuickBooks."""
    _get_company_or_404(company_id)
    sentence = gettext("The connection to {name} works.")
    return _report(lambda: oauth_connect.check(company_id, person_name()), sentence)


@pages.post("/companies/<int:company_id>/batches")
@require_role("owner")
def send_by(company_id: int) -> Response:
    """Set how documents are sent to the company."""
    mode = request.form.get("batches", "")
    how_many = gettext(MODE_LABELS.get(mode, ""))  # `store_mode` refuses any other mode
    sentence = gettext(
        "Documents go to {name} %(how_many)s from the next run on.", how_many=how_many
    )
    return _report(lambda: store_mode(company_id, mode, person_name()), sentence)


@pages.post("/companies/<int:company_id>/lists")
@require_role("operator")
def lists(company_id: int) -> Response:
    """Read the company's lists again and push them to the sources that take them."""
    return _start(RunKind.LISTS, company_id)


@pages.post("/companies/<int:company_id>/prove")  # its earlier address
@pages.post("/companies/<int:company_id>/reconcile")
@require_role("operator")
def reconcile(company_id: int) -> Response:
    """Start the comparison of all posted documents with QuickBooks."""
    return _start(RunKind.RECONCILE, company_id)


def _start(kind: str, company_id: int) -> Response:
    """Request a run for a company and redirect to it; answer 404 for an unknown company.

    For a disconnected company it only shows a message: the page may have been opened before.
    """
    company = _get_company_or_404(company_id)
    if company.is_disconnected:
        flash(
            gettext(
                "%(company)s is disconnected. An owner connects it again under Companies.",
                company=company.display_name,
            ),
            "error",
        )
        return _redirect_to_company(company_id)
    run_id = run_log.request(kind, company.id, person_name())
    run_page = url_for("runs.one", run_id=run_id)
    return redirect(run_page)


def redirect_to_consent(realm: str | None) -> Response:
    """Redirect to Intuit's consent page; `realm` reconnects that company."""
    browser = cookie.setdefault("browser", secrets.token_urlsafe(32))
    origin = _read_consent_origin()
    try:
        url, state = oauth_connect.start(browser, realm)
    except HubError as error:
        flash(translate(error.sentence), "error")
        return redirect(origin)
    cookie[CONSENT_ORIGIN] = [state, origin]
    return redirect(url)


def _has_app(company_id: int) -> bool:
    """Return whether an app was ever enabled for a company."""
    of_company = select(Installation.id).where(Installation.company_id == company_id)
    with read_only_session() as session:
        return session.scalar(of_company.limit(1)) is not None


def _read_consent_origin() -> str:
    """Return the page that the form of this request names; else the list of companies."""
    origin = destinations.local_path(request.form.get("next", ""))
    if origin == "/" or len(origin) > MAX_ORIGIN_LENGTH:
        return url_for("companies.index")
    return origin


def _take_consent_origin() -> str:
    """Return the page from which this consent was started, and forget it; else the companies.

    The session is signed, so the address cannot lead to another site.
    """
    state, origin = cookie.get(CONSENT_ORIGIN, ["", ""])
    if not state or state != request.args.get("state", ""):
        return url_for("companies.index")
    del cookie[CONSENT_ORIGIN]
    return str(origin)


def _check_consent(state: str) -> None:
    """Answer 403 to an owner of some companies, unless the consent reconnects one of them."""
    if may("owner"):
        return
    with read_only_session() as session:
        realm = oauth_connect.find_expected_realm(session, state)
        company_id = session.scalar(
            select(ConnectedCompany.id).where(ConnectedCompany.realm == realm)
        )
    if company_id is None or not may("owner", company_id):
        abort(403)


def _get_company_or_404(company_id: int) -> ConnectedCompany:
    """Return a company or answer 404."""
    with read_only_session() as session:
        company: ConnectedCompany = get_row_or_404(session, ConnectedCompany, company_id)
        return company


def _redirect_to_company(company_id: int) -> Response:
    """Redirect to a company on the page of the list from which the form was sent."""
    path, _, query = destinations.page_before().partition("?")
    address = url_for("companies.index")
    if path == address and query:
        address = f"{address}?{query}"
    return redirect(f"{address}#company-{company_id}")


def _report(work: Callable[[], object], success_text: str) -> Response:
    """Do the work and show its result on the page of companies.

    `success_text` has {name} for the company of the request.
    """
    company_id = (request.view_args or {})["company_id"]
    company = _get_company_or_404(company_id)
    name = company.display_name
    try:
        work()
        flash(success_text.format(name=name), "success")
    except HubError as error:
        flash(translate(error.sentence), "error")
    return _redirect_to_company(company_id)


def _describe_each(session: Session, companies: Sequence[ConnectedCompany]) -> list[dict[str, Any]]:
    """Return the values of each company on the page, in a few queries for all.

    What is about all apps needs a role for the whole company.
    """
    ids = [company.id for company in companies]
    whole_ids = [company_id for company_id in ids if load_scope().has_company(company_id)]
    tokens = {
        token.company_id: token for token in session.scalars(_select_rows_of_companies(Token, ids))
    }
    of_records = ListState.list.in_((*records.LISTS, records.EMPLOYEES))
    lists = _group_by_company(
        session.scalars(_select_rows_of_companies(ListState, ids).where(of_records))
    )
    apps_of_companies = _select_rows_of_companies(Installation, ids).where(
        *load_scope().installations()
    )
    apps = _group_by_company(session.scalars(apps_of_companies.order_by(Installation.id)))
    sizes = _count_list_entries(session, ids)
    runs = load_newest_runs(session, whole_ids, RunKind.LISTS)
    reads = usage.count_reads_of_each(session, whole_ids)
    reconciliations = load_newest_reconciliations(session, whole_ids)
    about = []
    for company in companies:
        about.append(
            {
                "company": company,
                "is_whole": company.id in whole_ids,
                "token": tokens.get(company.id),
                "days_left": count_days_left(company, tokens.get(company.id)),
                "lists": lists[company.id],
                "sizes": sizes[company.id],
                "apps": apps[company.id],
                "run": runs.get(company.id),
                "reads": reads.get(company.id),
                "remaining_calls": usage.compute_remaining_budget(company),
                "reconciliation": reconciliations.get(company.id),
            }
        )
    return about


def _select_rows_of_companies(model: Any, company_ids: Collection[int]) -> Select[Any]:
    """Return the query for the rows of a table that belong to some companies."""
    return select(model).where(model.company_id.in_(company_ids))


def _group_by_company(rows: Iterable[Any]) -> dict[int, list[Any]]:
    """Group rows by their company."""
    by_company: dict[int, list[Any]] = defaultdict(list)
    for row in rows:
        by_company[row.company_id].append(row)
    return by_company


def _count_list_entries(
    session: Session, company_ids: Collection[int]
) -> dict[int, dict[str, int]]:
    """Count the active entries of each list, by company."""
    query = (
        select(StoredRecord.company_id, StoredRecord.list, func.count())
        .where(StoredRecord.company_id.in_(company_ids), text("record.active"))
        .group_by(StoredRecord.company_id, StoredRecord.list)
    )
    sizes: dict[int, dict[str, int]] = defaultdict(dict)
    for company_id, name, number in session.execute(query):
        sizes[company_id][name] = number
    return sizes
