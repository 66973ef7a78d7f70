"""Have suppliers and customers created for the codes of many cases, as their sources have them."""

from collections.abc import Sequence

from flask import Blueprint
from sqlalchemy.orm import Session
from werkzeug import Response

from hub.contract.documents import Code, Party
from hub.db.engine import read_only_session
from hub.errors import HubError, Refused
from hub.mapping import NEW
from hub.models import Case
from hub.models.enums import CaseDecision
from hub.posting.actions import record_creations
from hub.translations.messages import gettext, gettext_noop, translate
from hub.web.authentication.access import ANYWHERE, person_name, require_role
from hub.web.cases import case_bulk, continuation
from hub.web.cases.bulk_report import format_case_count
from hub.web.cases.case_bulk import BulkAction, Form, Outcome
from hub.web.codes import code_decisions, code_lookup, code_view, suggestion_scores
from hub.web.codes.code_lookup import AppCode

MAX_CREATED = 200  # records that one act has created, each decided in a transaction of its own
SIMILAR_SCORE = 80  # percent from which a record may be the one that is to be created
pages = Blueprint("case_creations", __name__, url_prefix="/inbox/bulk")


@pages.post("/create")
@require_role("operator", of=ANYWHERE)
def apply() -> Response:
    """Have suppliers and customers created that the chosen cases lack."""
    return case_bulk.carry_out(CREATION)


def _create(cases: Sequence[Case], form: Form) -> Outcome:
    """Have the suppliers and customers created that QuickBooks lacks, as the sources have them."""
    reasons = _create_each(cases)
    counts = case_bulk.record_decision(cases, reasons, CaseDecision.CREATED)
    count = format_case_count(len(cases) - len(reasons))
    message = gettext("Will be created in QuickBooks: the records of %(cases)s.", cases=count)
    return Outcome(reasons, message + continuation.describe(counts))


CREATION = BulkAction(gettext_noop("created"), _create)


def _create_each(cases: Sequence[Case]) -> dict[int, str]:
    """Have the record of each case created by the next sync; return why not, by case."""
    reasons: dict[int, str] = {}
    count = 0
    for case in cases:
        if count == MAX_CREATED:
            reasons[case.id] = gettext(
                "one act creates %(max_created)s records. Repeat it for the others.",
                max_created=MAX_CREATED,
            )
            continue
        try:
            _create_one(case)
            count += 1
        except HubError as error:
            reasons[case.id] = translate(error.sentence)
    return reasons


def _create_one(case: Case) -> None:
    """Decide that the record of a case is created; raise Refused if a person has to look at it."""
    with read_only_session() as session:
        code = code_lookup.find_code_of_case(session, case)
        if code is None:
            raise Refused(gettext("it is about no supplier or customer that QuickBooks lacks."))
        if case.decision:
            raise Refused(gettext("it is decided already."))
        _require_certain(session, code)
    code_decisions.decide(
        code.installation.id, code.field.name, code.source_code.code, NEW, person_name()
    )


def _require_certain(session: Session, code: AppCode) -> None:
    """Raise Refused unless the source's facts suffice and QuickBooks has nothing similar."""
    installation, source_code, field = code
    used = code_lookup.find_code_of_documents(session, installation, source_code)
    if not isinstance(used, Code) or used.hold or not isinstance(used.create, Party):
        raise Refused(gettext("it is about no supplier or customer that QuickBooks lacks."))
    if record_creations.is_asked(session, installation, field.name, source_code.code):
        raise Refused(gettext("this needs a decision on the page of the case."))
    match_index = code_lookup.load_match_index(session, installation)
    view = code_view.view_code(session, installation, source_code, field, match_index)
    entries = match_index.records(field.role).by_id
    for suggestion in suggestion_scores.build_suggestions(view, entries):
        if suggestion.score >= SIMILAR_SCORE:
            raise Refused(
                gettext(
                    "QuickBooks has a similar record. Match it, or create a new one, on the page of"
                    " the case."
                )
            )
