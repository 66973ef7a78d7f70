"""The sync that continues with what a person decided, and the sentence about it."""

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import NamedTuple

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


class CaseCounts(NamedTuple):
    """How many cases a sync continues with, by the state of their apps.

    - `running`: their sync was requested.
    - `resting`: their apps are paused or disabled.
    - `disconnected`: a person has disconnected their companies.
    """

    running: int = 0
    resting: int = 0
    disconnected: int = 0


def count_cases(cases: Iterable[Case], installations: Iterable[Installation]) -> CaseCounts:
    """Return how many of the cases of apps a sync continues with, by the state of the apps."""
    apps = {installation.id: installation for installation in installations}
    counts: Counter[str] = Counter()
    for case in cases:
        app = apps.get(case.installation_id or 0)
        if app is None:
            continue
        if app.can_run:
            counts["running"] += 1
        elif app.is_active:
            counts["disconnected"] += 1
        else:
            counts["resting"] += 1
    return CaseCounts(**counts)


def describe(counts: CaseCounts) -> str:
    """Return when a sync continues with cases; "" for none, else it begins with a space."""
    if counts.disconnected:
        return _describe_disconnected(counts)
    if counts.running and counts.resting:
        return gettext(
            " A sync continues with %(count)s of them now, and with the others once their app is"
            " enabled and not paused.",
            count=counts.running,
        )
    if counts.running:
        return ngettext(
            " A sync continues with it now.", " A sync continues with them now.", counts.running
        )
    if counts.resting:
        return ngettext(
            " A sync continues with it once its app is enabled and not paused.",
            " A sync continues with them once their app is enabled and not paused.",
            counts.resting,
        )
    return ""


def _describe_disconnected(counts: CaseCounts) -> str:
    """Return when a sync continues with cases, some of which are of disconnected companies."""
    if counts.running:
        return gettext(
            " A sync continues with %(count)s of them now, and with the others once their app is"
            " enabled and not paused, and their company connected.",
            count=counts.running,
        )
    if counts.resting:
        return gettext(
            " A sync continues with them once their app is enabled and not paused, and their"
            " company connected."
        )
    return ngettext(
        " A sync continues with it once its company is connected again.",
        " A sync continues with them once their company is connected again.",
        counts.disconnected,
    )
