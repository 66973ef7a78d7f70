"""The sync that continues with what a person decided, and the sentence about it."""

from collections.abc import Iterable, Mapping, Sequence

from sqlalchemy import select

from hub.cases import inbox
from hub.cases.causes import build_match_cause
from hub.db.engine import transaction
from hub.models import Case, Installation
from hub.models.enums import CaseDecision, RunKind
from hub.scheduling import run_log
from hub.translations.messages import gettext, ngettext
from hub.web.authentication.access import person_name


def continue_decided(
    installation_id: int, decisions: Mapping[tuple[str, str], CaseDecision]
) -> str:
    """Note on the cases of codes what was decided, and request a sync that continues.

    `decisions` are by field and code. Return the sentence about the sync, which begins with a
    space; "" if no documents wait for the codes.
    """
    with transaction() as session:
        installation = session.get_one(Installation, installation_id)
        by_cause = {
            build_match_cause(installation.id, *key): decision
            for key, decision in decisions.items()
        }
        open_cases = select(Case.id, Case.cause).where(
            Case.installation_id == installation_id, Case.closed_at.is_(None)
        )
        ids_by_decision: dict[CaseDecision, list[int]] = {}
        for id, cause in session.execute(open_cases):
            if cause in by_cause:
                ids_by_decision.setdefault(by_cause[cause], []).append(id)
        for decision, case_ids in ids_by_decision.items():
            inbox.record_decision(session, case_ids, decision, person_name())
    if not ids_by_decision:
        return ""
    if not installation.is_active:
        return gettext(
            " A sync continues with the waiting documents once the app is enabled and not paused."
        )
    if not installation.can_run:
        return gettext(
            " A sync continues with the waiting documents once the company is connected again."
        )
    run_log.request(RunKind.SYNC, installation_id, person_name())
    return gettext(" A sync continues with the waiting documents now.")


def count_cases(
    cases: Sequence[Case], installations: Iterable[Installation]
) -> tuple[int, int, int]:
    """Return how many cases of apps there are of each kind that `describe` tells apart."""
    apps = {installation.id: installation for installation in installations}
    running_count, resting_count, disconnected_count = 0, 0, 0
    for case in cases:
        app = apps.get(case.installation_id or 0)
        if app is None:
            continue
        if app.can_run:
            running_count += 1
        elif app.is_active:
            disconnected_count += 1
        else:
            resting_count += 1
    return running_count, resting_count, disconnected_count


def describe(running_count: int, resting_count: int, disconnected_count: int = 0) -> str:
    """Return when a sync continues with cases; "" for none, else it begins with a space.

    The sync of the running cases was requested. The resting ones are of apps that are paused or
    disabled, the disconnected ones of companies that a person has disconnected.
    """
    if disconnected_count:
        return _describe_disconnected(running_count, resting_count, disconnected_count)
    if running_count and resting_count:
        return gettext(
            " A sync continues with %(count)s of them now, and with the others once their app is"
            " enabled and not paused.",
            count=running_count,
        )
    if running_count:
        return ngettext(
            " A sync continues with it now.", " A sync continues with them now.", running_count
        )
    if resting_count:
        return ngettext(
            " A sync continues with it once its app is enabled and not paused.",
            " A sync continues with them once their app is enabled and not paused.",
            resting_count,
        )
    return ""


def _describe_disconnected(running_count: int, resting_count: int, count: int) -> str:
    """Return when a sync continues with cases, `count` of which are of disconnected companies."""
    if running_count:
        return gettext(
            " A sync continues with %(count)s of them now, and with the others once their app is"
            " enabled and not paused, and their company connected.",
            count=running_count,
        )
    if resting_count:
        return gettext(
            " A sync continues with them once their app is enabled and not paused, and their"
            " company connected."
        )
    return ngettext(
        " A sync continues with it once its company is connected again.",
        " A sync continues with them once their company is connected again.",
        count,
    )
