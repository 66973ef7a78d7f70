"""Count failed syncs of a source, and open a case if it stays unavailable."""

import datetime as dt
from zoneinfo import ZoneInfo

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from hub.cases import inbox, other_account, source_cases
from hub.context import current_hub
from hub.contract.interval import zone_of
from hub.db import bulk, engine
from hub.errors import AccessNeeded, HubError, NeedsAttention, OtherTenant, Refused, Sentence
from hub.models import Case, ConnectedCompany, Installation, ReceiptRow, Schedule
from hub.models.enums import ConnectionState, ReceiptEnd, RunKind
from hub.outbox.setting_locks import lock_to_change
from hub.reasons.texts import CaseText
from hub.sources.site import get_app
from hub.translations.dates import format_english_date

MAX_FAILED_SYNCS = 3
MAX_OUTAGE = dt.timedelta(hours=1)


def note_failure(installation_id: int, error: HubError) -> None:
    """Count a sync that failed to read its source; open a case if only a person can help.

    `report` opens the cases of other failures once they last. An app that was paused or disabled
    during the sync, or whose company was disconnected, gets no case: no later sync would close it.
    """
    now = current_hub().clock.now()
    with engine.transaction() as session:
        row = lock_to_change(session, installation_id)
        if not row.can_run:
            return
        row.failing_since = row.failing_since or now
        row.failed_syncs += 1
        row.failure = error.text
        is_other = isinstance(error, OtherTenant)
        if is_other or other_account.leads_to_other_account(session, row.id):
            _open_case(session, row, other_account.OTHER_ACCOUNT)
        elif isinstance(error, NeedsAttention | AccessNeeded):
            _open_case(session, row, "source.access")


def note_success(installation_id: int) -> None:
    """Forget the failures of a source that was read to its end, and close its case.

    If a check found another account meanwhile, only a check that finds the former one closes it.
    """
    with engine.transaction() as session:
        row = session.get_one(Installation, installation_id)
        if not other_account.leads_to_other_account(session, installation_id):
            forget(session, row)


def forget(session: Session, row: Installation) -> None:
    """Forget the failures of a source; the receipts that failed to reach it are due at once."""
    was_failing = row.failing_since is not None
    source_cases.forget_failures(session, row)
    if was_failing:
        repeat_receipts(session, row.id)


def report(installation_id: int | None = None) -> None:
    """Open or update the cases that are due, of one installation or of all.

    An app that is paused, or whose company is disconnected, is not read, so it gets no case.
    """
    failing = (
        select(Installation)
        .join(ConnectedCompany, ConnectedCompany.id == Installation.company_id)
        .where(
            Installation.is_active,
            Installation.failing_since.is_not(None),
            ConnectedCompany.state != ConnectionState.DISCONNECTED,
        )
    )
    if installation_id is not None:
        failing = failing.where(Installation.id == installation_id)
    due_ids: list[int] = []
    with engine.read_only_session() as session:
        for row in session.scalars(failing):
            if _is_due(session, row):
                due_ids.append(row.id)
    if not due_ids:
        return
    with engine.transaction() as session:
        for row in session.scalars(failing.where(Installation.id.in_(due_ids))):
            case = inbox.find_open(session, source_cases.build_failure_cause(row.id))
            _open_case(session, row, _choose_case_code(case))


def find_next_attempt(session: Session, row: Installation) -> dt.datetime | None:
    """Return when the next sync is due; None if no schedule starts it, or if it is overdue."""
    schedule = select(Schedule.next_due).where(
        Schedule.installation_id == row.id, Schedule.kind == RunKind.SYNC, Schedule.enabled
    )
    due: dt.datetime | None = session.scalar(schedule)
    now = current_hub().clock.now()
    if due is None or due <= now:
        return None
    return due


def repeat_receipts(session: Session, installation_id: int) -> None:
    """Let the receipts that failed be delivered now, instead of after pauses of up to a day."""
    has_failed = (
        ReceiptRow.installation_id == installation_id,
        ReceiptRow.ended == ReceiptEnd.OPEN,
        ReceiptRow.error != "",
    )
    failed_receipts = update(ReceiptRow).where(bulk.is_locked_in_order(ReceiptRow.id, *has_failed))
    session.execute(failed_receipts.values(next_try_at=current_hub().clock.now()))


def _is_due(session: Session, row: Installation) -> bool:
    """Return whether a source has failed for so long or so often that it needs a case.

    An open case is due too, so that it is kept up to date.
    """
    hub = current_hub()
    if row.slug not in hub.plugins.apps or row.failing_since is None:
        return False
    outage = hub.clock.now() - row.failing_since
    if outage >= MAX_OUTAGE or row.failed_syncs >= MAX_FAILED_SYNCS:
        return True
    return inbox.is_open(session, source_cases.build_failure_cause(row.id))


def _choose_case_code(case: Case | None) -> str:
    """Return the code for the case; an open case keeps the code that it has."""
    if case and case.code:
        return case.code
    return "source.unreachable"


def _open_case(session: Session, row: Installation, code: str) -> None:
    """Open the case of an installation's source, or update it."""
    text = CaseText(
        code,
        app=get_app(row).name,
        problem=row.failure,
        next_attempt=_format_next_attempt(session, row),
    )
    inbox.open(
        session,
        source_cases.build_failure_cause(row.id),
        text,
        company_id=row.company_id,
        installation_id=row.id,
    )


def _format_next_attempt(session: Session, row: Installation) -> str:
    """State when the source is tried again, in the zone of the installation."""
    due = find_next_attempt(session, row)
    if due is None:
        return Sentence("The next sync tries again.")
    try:
        zone = zone_of(row.zone)
    except Refused:  # it could be read when it was stored
        zone = ZoneInfo("UTC")
    local = due.astimezone(zone)
    return Sentence(
        "Next try: %(time)s (%(zone)s).",
        time=f"{format_english_date(local)}, {local:%H:%M}",
        zone=zone.key,
    )
