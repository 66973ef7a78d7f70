"""The case about runs that keep failing: one for each company."""

import datetime as dt
from collections.abc import Mapping

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session

from hub.cases import inbox, unread_kinds
from hub.context import current_hub
from hub.db import engine
from hub.models import Case, ConnectedCompany, Installation, Run
from hub.models.enums import ConnectionState, RunKind, RunOutcome
from hub.reasons.texts import CaseText

MAX_FAILED_RUNS = 3  # in a row
MAX_FAILING_TIME = dt.timedelta(hours=1)  # since the first of them ended
# The kinds of runs whose success shows that runs of a kind work: a sync posts, too, and after it
# there may be nothing left for a run that only posts.
PROVING_KINDS: Mapping[str, tuple[str, ...]] = {RunKind.POST: (RunKind.POST, RunKind.SYNC)}


def report(run: Run, *, only_source_failed: bool = False) -> None:
    """Update the case of a company after one of its runs has ended.

    Refused connections and lists, and sources that cannot be read, have cases of their own.
    """
    if run.company_id is None:
        return
    with engine.transaction() as session:
        # Two runs of a company may end at the same moment, and each changes what the case names.
        company = session.get(ConnectedCompany, run.company_id, with_for_update={"key_share": True})
        if company is None:
            return
        case = inbox.find_open(session, _build_case_cause(company.id))
        failing = _list_failing_subjects(session, case) if case else set()
        if run.outcome == RunOutcome.DONE:
            failing -= _list_proved_subjects(run)
        elif not _has_other_case(
            session, company, only_source_failed=only_source_failed
        ) and _is_due(session, run):
            failing.add(_build_subject(run.kind, run))
            case = _open_case(session, company, run)
        if case is not None:
            _store_subjects(session, case, failing)


def forget(session: Session, company_id: int) -> None:
    """Close the case of a company for which nothing runs any more."""
    inbox.close(session, _build_case_cause(company_id))


def _build_subject(kind: str, run: Run) -> str:
    """Return the key of the runs that are counted together: a kind, and the installation of one."""
    return f"{kind}:{run.installation_id or 0}"


def _list_proved_subjects(run: Run) -> set[str]:
    """Return the keys of the runs that work, as the success of this run shows."""
    kinds = [kind for kind in RunKind if run.kind in PROVING_KINDS.get(kind, (kind,))]
    return {_build_subject(kind, run) for kind in kinds}


def _has_other_case(
    session: Session, company: ConnectedCompany, *, only_source_failed: bool
) -> bool:
    """Return whether another case of the company explains why its runs fail."""
    if company.state != ConnectionState.CONNECTED or unread_kinds.stops_runs(session, company.id):
        return True
    if not only_source_failed:
        return False
    unread = select(Installation.id).where(
        Installation.company_id == company.id, Installation.failing_since.is_not(None)
    )
    return session.scalar(unread.limit(1)) is not None


def _is_due(session: Session, run: Run) -> bool:
    """Return whether runs of this kind and subject have failed too often or for too long."""
    of_subject = _match_subject(run)
    proving_kinds = PROVING_KINDS.get(run.kind, (run.kind,))
    last_done = select(func.max(Run.id)).where(
        *of_subject, Run.kind.in_(proving_kinds), Run.outcome == RunOutcome.DONE
    )
    failed_runs = select(func.count(), func.min(Run.ended_at)).where(
        *of_subject,
        Run.kind == run.kind,
        Run.outcome == RunOutcome.STOPPED,
        Run.id > func.coalesce(last_done.scalar_subquery(), 0),
    )
    count, first = session.execute(failed_runs).one()
    if count >= MAX_FAILED_RUNS:
        return True
    return first is not None and current_hub().clock.now() - first >= MAX_FAILING_TIME


def _match_subject(run: Run) -> tuple[ColumnElement[bool], ...]:
    """Return the conditions of the runs of the same app, or of the same company as a whole."""
    if run.installation_id is not None:
        return (Run.installation_id == run.installation_id,)
    return Run.company_id == run.company_id, Run.installation_id.is_(None)


def _open_case(session: Session, company: ConnectedCompany, run: Run) -> Case:
    """Open the case of a company, or update the texts of the open one."""
    text = CaseText("runs.failing", company=company.display_name, problem=run.error)
    return inbox.open(session, _build_case_cause(company.id), text, company_id=company.id)


def _store_subjects(session: Session, case: Case, subjects: set[str]) -> None:
    """Store in the case which runs fail; close it if none do."""
    if subjects:
        case.details = {"subjects": sorted(subjects)}
    else:
        inbox.close(session, case.cause)


def _list_failing_subjects(session: Session, case: Case) -> set[str]:
    """Return the subjects that a case names, without those of apps that are disabled or paused."""
    active = select(Installation.id).where(
        Installation.company_id == case.company_id, Installation.is_active
    )
    active_ids = {"0", *map(str, session.scalars(active))}
    return {
        subject for subject in case.details["subjects"] if subject.partition(":")[2] in active_ids
    }


def _build_case_cause(company_id: int) -> str:
    """Return the cause by which the case of a company is stored."""
    return f"runs:{company_id}"
