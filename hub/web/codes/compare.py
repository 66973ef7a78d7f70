"""The Compare page: an app's codes beside the lists of QuickBooks, read now, also as CSV.

Only operators may open it, because each call reads the source and QuickBooks, which meters reads.
"""

from collections import Counter
from collections.abc import Sequence
from contextlib import nullcontext

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from flask_security import current_user
from werkzeug import Response

from hub import notifications, sources, spreadsheets
from hub.db.engine import read_only_session
from hub.errors import HubError
from hub.installations import compare
from hub.models import Installation
from hub.models.enums import RunKind
from hub.notifications import languages
from hub.scheduling import run_log
from hub.security import audit
from hub.security.names import NO_ADDRESS
from hub.translations.messages import gettext, translate
from hub.web.apps.installation import build_tabs
from hub.web.authentication.access import person_name, require_role
from hub.web.codes.code_lookup import load_fields_by_name
from hub.web.frame import viewer
from hub.web.frame.lookup import get_row_or_404
from hub.web.lists import exports

MAX_LISTED_PAIRS = 500
# States in which both sides agree; all others need attention.
AGREEING_STATES = (compare.PairState.MATCHED, compare.PairState.LEFT_OUT)
pages = Blueprint("comparing", __name__, url_prefix="/installations/<int:installation_id>/compare")


@pages.get("/")
@require_role("operator")
def show(installation_id: int) -> str:
    """Show the codes of both sides; nothing is read before a field is selected."""
    field = request.args.get("field", "")
    state = request.args.get("state", "")
    with read_only_session() as session:
        installation = get_row_or_404(session, Installation, installation_id)
        about = build_tabs(session, installation)
    fields = load_fields_by_name(installation)
    field_names = sources.get_app(installation).match_first or tuple(fields)
    pairs: list[compare.Pair] = []
    problem = ""
    if field in field_names:
        pairs, problem = _compare_field(installation, field)
    pairs.sort(key=_rank_pair)
    return render_template(
        "compare.html",
        fields=[fields[name] for name in field_names],
        field_name=field,
        state=state,
        problem=problem,
        counts=Counter(pair.state for pair in pairs),
        states=tuple(compare.PairState),
        max_listed=MAX_LISTED_PAIRS,
        can_mail=notifications.is_set(),
        recipient=_find_recipient(installation),
        pairs=[pair for pair in pairs if state in ("", pair.state)],
        missing_codes=[pair.code for pair in pairs if pair.state == compare.PairState.MISSING],
        **about,
    )


@pages.get("/compare.csv")
@require_role("operator")
def export(installation_id: int) -> Response:
    """Download all fields as a CSV file."""
    with read_only_session() as session:
        installation = get_row_or_404(session, Installation, installation_id)
    pairs = compare.compare(installation)
    name = f"compare-{installation.slug}-{installation.company.realm}.csv"
    return exports.build_download(name, compare.encode_csv(pairs), spreadsheets.MIME)


@pages.post("/mail")
@require_role("operator")
def mail(installation_id: int) -> Response:
    """Mail the CSV file to the app's mailbox, or else to the person."""
    with read_only_session() as session:
        installation = get_row_or_404(session, Installation, installation_id)
    name, address = sources.get_app(installation).name, _find_recipient(installation)
    if not address:
        abort(400)
    try:
        pairs = compare.compare(installation)
        # A mailbox has no language; to the person themselves it is that of the page.
        is_mailbox = address == notifications.find_mailbox(installation)
        with languages.use_language_of(None) if is_mailbox else nullcontext():
            title = gettext("%(name)s compared with QuickBooks", name=name)
            text = compare.format_summary(pairs, _label_fields(installation))
        notifications.send([address], title, text, [_build_file(pairs)])
    except HubError as error:
        flash(translate(error.sentence), "error")
    else:
        about = {"app": installation.slug, "company": installation.company.display_name}
        audit.record_alone(
            person_name(), "data exported", "comparison of codes", format="CSV", **about, to=address
        )
        flash(gettext("The comparison is on its way to %(address)s.", address=address), "success")
    return redirect(url_for("comparing.show", installation_id=installation_id))


@pages.post("/copy")
@require_role("operator")
def copy(installation_id: int) -> Response:
    """Confirm as new what the page showed as missing in QuickBooks: a sync creates it there."""
    with read_only_session() as session:
        installation = get_row_or_404(session, Installation, installation_id)
    field = request.form.get("field", "")
    here = url_for("comparing.show", installation_id=installation_id, field=field)
    if request.form.get("sure") != "1":
        flash(gettext("Tick the box to make in QuickBooks what is missing there."), "look")
        return redirect(here)
    try:
        codes = request.form.getlist("code")
        count = compare.copy_missing(installation, [field], who=person_name(), codes=codes)
    except HubError as error:
        flash(translate(error.sentence), "error")
        return redirect(here)
    if count:
        flash(
            gettext(
                "%(count)s confirmed as new. %(when_created)s",
                count=count,
                when_created=_start_creation(installation),
            ),
            "success",
        )
    else:
        flash(
            gettext(
                "Nothing was confirmed as new: nothing that is still missing can be created from"
                " here."
            ),
            "look",
        )
    return redirect(here)


def _start_creation(installation: Installation) -> str:
    """Start a sync that creates what was confirmed; say so, or that the app is off."""
    if not installation.is_active:
        app = sources.get_app(installation)
        return gettext("They are created in QuickBooks once %(name)s is on again.", name=app.name)
    if not installation.can_run:
        return gettext("They are created in QuickBooks once the company is connected again.")
    run_log.request(RunKind.SYNC, installation.id, person_name())
    return gettext("A sync creates them in QuickBooks now.")


def _label_fields(installation: Installation) -> dict[str, str]:
    """Return the labels of the fields by their names, as pages show them."""
    labels = {}
    for name, field in load_fields_by_name(installation).items():
        labels[name] = viewer.translate_for_app(field.label, installation.slug)
    return labels


def _find_recipient(installation: Installation) -> str:
    """Return where a comparison is mailed to, "" if neither app nor person has an address."""
    mailbox = notifications.find_mailbox(installation)
    if mailbox:
        return mailbox
    address = str(current_user.email)
    if address.endswith(NO_ADDRESS):
        return ""
    return address


def _build_file(pairs: Sequence[compare.Pair]) -> notifications.File:
    """Return the comparison as a CSV attachment."""
    return notifications.File(
        name="compare.csv", mime=spreadsheets.MIME, content=compare.encode_csv(pairs)
    )


def _rank_pair(pair: compare.Pair) -> tuple[bool, str, str]:
    """Return where a pair comes in the list: what needs attention first, then by name."""
    return pair.state in AGREEING_STATES, (pair.name or pair.quickbooks_name).casefold(), pair.code


def _compare_field(installation: Installation, field: str) -> tuple[list[compare.Pair], str]:
    """Return the pairs of a field and the reason if they cannot be compared."""
    try:
        pairs = compare.compare(installation, [field])
    except HubError as error:
        return [], translate(error.sentence)
    return pairs, ""
