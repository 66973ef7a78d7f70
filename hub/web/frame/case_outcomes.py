"""Why a case was closed: what a person decided, or that its cause is gone."""

from collections.abc import Callable

from hub.cases.causes import is_discrepancy
from hub.models import Case
from hub.models.enums import CaseDecision
from hub.posting.case_texts import RECONCILIATION_QUESTIONS, REMOVAL_QUESTIONS
from hub.reasons.template import CaseAction
from hub.translations.messages import gettext, gettext_noop

CAUSE_GONE = gettext_noop("Its cause is gone")
LABELS: dict[str, str] = {
    CaseDecision.MATCHED: gettext_noop("Matched"),
    CaseDecision.LEFT_OUT: gettext_noop("Left out"),
    CaseDecision.SKIPPED: gettext_noop("Skipped"),
    CaseDecision.ADOPTED: gettext_noop("“This is it”"),
    CaseDecision.REJECTED: gettext_noop("“Not this one”"),
    CaseDecision.LEFT: gettext_noop("Left as it is in QuickBooks"),
    CaseDecision.PUT_BACK: gettext_noop("Put back as posted"),
    CaseDecision.AGREED: gettext_noop("QuickBooks has the change already"),
}


def describe_outcome(case: Case) -> str:
    """Return what a person decided about a case, with the note; without one, its cause is gone."""
    label = _describe_decision(case)
    return f"{label}: {case.decision_note}" if case.decision_note else label


def _describe_decision(case: Case) -> str:
    """Return the last decision of a person about a case."""
    describe = DESCRIPTIONS.get(case.decision)
    if describe is not None:
        return describe(case)
    return gettext(LABELS.get(case.decision, CAUSE_GONE))


def _describe_creation(case: Case) -> str:
    """Return the decision that QuickBooks lacks a record; it is created after the case closes."""
    return gettext("“Create in QuickBooks”") if case.closed_at else gettext("Will be created")


def _describe_closing(case: Case) -> str:
    """Return what a person stated by closing a case."""
    if is_discrepancy(case.cause):
        return gettext("Accepted what QuickBooks has")
    return gettext("Looked at")


def _describe_retry(case: Case) -> str:
    """Return what a retry of a case does, or did."""
    if case.action in (CaseAction.VOID, CaseAction.DELETE):
        return gettext("Removal from QuickBooks requested")
    return gettext("Posted again") if case.posts_again else gettext("Retried")


def _describe_overwriting(case: Case) -> str:
    """Return what a person permitted to do with an edited or reconciled transaction."""
    if case.code in REMOVAL_QUESTIONS:
        return gettext("Removal from QuickBooks requested")
    if case.code in RECONCILIATION_QUESTIONS:
        return gettext("Changed although it may be reconciled")
    return gettext("Overwrote the change in QuickBooks")


DESCRIPTIONS: dict[str, Callable[[Case], str]] = {
    CaseDecision.CREATED: _describe_creation,
    CaseDecision.RETRIED: _describe_retry,
    CaseDecision.OVERWRITTEN: _describe_overwriting,
    CaseDecision.CLOSED: _describe_closing,
}
