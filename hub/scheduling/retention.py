"""Remove what a hub no longer needs after some time: `hub prune` and the nightly pruning.

Each rule names rows that only the pages still read. No rule names what exactly-once, undo, the
reconciliation and the recovery read: postings and their newest payload and answer, attempts,
proofs, heads of transactions, documents, the audit log, and the newest run of each kind. The rows
are changed in small transactions, each of which is complete. Posting therefore continues meanwhile,
and the next pruning continues an interrupted one.
"""

import datetime as dt
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, cast

from sqlalchemy import (
    ColumnElement,
    CursorResult,
    Table,
    Text,
    and_,
    delete,
    exists,
    func,
    inspect,
    or_,
    select,
    update,
)
from sqlalchemy.orm import aliased

from hub.context import current_hub, raise_if_ending
from hub.contract.states import ReceiptState
from hub.db import bulk
from hub.db.engine import read_only_session, transaction
from hub.models import (
    Case,
    GuessCount,
    LoginSession,
    OAuthState,
    Posting,
    ReceiptRow,
    Run,
    RunLine,
)
from hub.models.enums import WRITE_OPERATIONS, PostingState, RunOutcome
from hub.security import audit, hub_settings
from hub.security.login_sessions import MAX_SESSION_LENGTH

ROWS_AT_ONCE = 500
PRUNE_HOUR = 5  # UTC, after the nightly reconciliations
LAST_PRUNE = "last_prune"  # the name of the stored time at which the nightly pruning began
MAX_CONSENT_AGE = dt.timedelta(days=1)  # a consent under way is void after ten minutes
Conditions = tuple[ColumnElement[bool], ...]
ReportPruned = Callable[[str, int], None]  # the name of a rule, and the rows it has changed


@dataclass(frozen=True)
class Rule:
    """A rule that removes the rows of a table after some days, or empties some of their columns."""

    name: str  # as the command and the audit log name it
    model: Any
    days: int  # 0 keeps everything
    conditions: Callable[[dt.datetime], Conditions]  # what the rows from before a moment meet
    emptied: Mapping[str, Any] = field(default_factory=dict)  # if empty, rows are removed
    # What the rows will meet once the rules before this one are applied, where that differs.
    later_conditions: Callable[[dt.datetime], Conditions] | None = None


def list_rules() -> tuple[Rule, ...]:
    """Return all rules with the days that the settings give; lines are removed before runs."""
    config = current_hub().config
    return (
        Rule(
            "replaced payloads",
            Posting,
            config.keep_payloads_days,
            _match_replaced,
            REPLACED_CONTENT,
        ),
        Rule(
            "receipts", ReceiptRow, config.keep_receipts_days, _match_ended_receipts, {"body": {}}
        ),
        Rule(
            "details of cases", Case, config.keep_cases_days, _match_closed_cases, {"details": {}}
        ),
        Rule("run lines", RunLine, config.keep_run_lines_days, _match_old_lines),
        Rule(
            "runs",
            Run,
            config.keep_runs_days,
            _match_old_runs,
            later_conditions=_match_runs_without_lasting_lines,
        ),
        Rule("sessions", LoginSession, config.keep_sessions_days, _match_ended_sessions),
        Rule("login attempts", GuessCount, config.keep_sessions_days, _match_old_guesses),
        Rule("consents", OAuthState, config.keep_sessions_days, _match_old_consents),
    )


def count() -> dict[str, int]:
    """Count what pruning would remove or empty now, by rule."""
    counts = {}
    with read_only_session() as session:
        for rule in list_rules():
            counts[rule.name] = 0
            if rule.days:
                conditions = _build_row_conditions(rule, is_later=True)
                query = select(func.count()).select_from(rule.model).where(*conditions)
                counts[rule.name] = session.scalar(query) or 0
    return counts


def prune(who: str, report_pruned: ReportPruned = lambda name, number: None) -> dict[str, int]:
    """Apply all rules and record it in the audit log; return how many rows each rule changed.

    The rows that were changed are recorded even if an error or a signal ends the pruning. Raise
    Ending after a chunk if the hub was asked to stop.
    """
    counts = {rule.name: 0 for rule in list_rules()}
    try:
        for rule in list_rules():
            for number in _apply(rule):
                counts[rule.name] += number
                report_pruned(rule.name, counts[rule.name])
    finally:
        changed_counts = {name: number for name, number in counts.items() if number}
        if changed_counts:
            audit.record_alone(who, "data pruned", "database", **changed_counts)
    return counts


def prune_if_due() -> None:
    """Apply all rules unless that was done since the last 5:00 UTC.

    If no process was at work at that time, it is done later.
    """
    now = current_hub().clock.now()
    night = now.replace(hour=PRUNE_HOUR, minute=0, second=0, microsecond=0)
    if night > now:
        night -= dt.timedelta(days=1)
    stored_time = hub_settings.read(LAST_PRUNE)
    # A time that has not come yet was stored before the clock was set back.
    if stored_time and night <= dt.datetime.fromisoformat(stored_time) <= now:
        return
    prune("schedule")
    with transaction() as session:
        hub_settings.store(session, LAST_PRUNE, now.isoformat())


def _apply(rule: Rule) -> Iterator[int]:
    """Carry out a rule chunk by chunk; yield how many rows each chunk changed.

    The keys are read outside the transaction that writes, which tests the conditions again.
    """
    if not rule.days:
        return
    table = cast(Table, rule.model.__table__)
    key = inspect(rule.model).primary_key[0]
    last_key: Any = None
    while True:
        raise_if_ending()
        conditions = _build_row_conditions(rule)
        query = select(key).where(*conditions).order_by(key).limit(ROWS_AT_ONCE)
        if last_key is not None:
            query = query.where(key > last_key)
        with read_only_session() as session:
            keys = list(session.scalars(query))
        if not keys:
            return
        last_key = keys[-1]
        is_chosen = bulk.is_locked_in_order(key, key.in_(keys), *conditions)
        statement: Any = delete(table).where(is_chosen)
        if rule.emptied:
            statement = update(table).where(is_chosen).values(dict(rule.emptied))
        with transaction() as session:
            result = cast(CursorResult[Any], session.execute(statement))
        yield result.rowcount


def _build_row_conditions(rule: Rule, *, is_later: bool = False) -> Conditions:
    """Return the conditions of the rows that a rule covers now, or later in the same pruning."""
    match = rule.later_conditions if is_later and rule.later_conditions else rule.conditions
    return match(_compute_limit(rule.days))


def _compute_limit(days: int) -> dt.datetime:
    """Return the moment before which something is older than so many days."""
    return current_hub().clock.now() - dt.timedelta(days=days)


# -- the rules --

PAYMENT_STATES = (ReceiptState.PART_PAID, ReceiptState.PAID)
REPLACED_CONTENT = {"payload": b"", "answer": {}}


def _match_replaced(before: dt.datetime) -> Conditions:
    """Match posted versions of a part that a later posted version has replaced.

    Undo, drift and recovery compare with the newest version only, which keeps its content.
    """
    later = aliased(Posting)
    is_replaced = exists().where(
        later.document_id == Posting.document_id,
        later.part == Posting.part,
        later.operation.in_(WRITE_OPERATIONS),
        later.state == PostingState.POSTED,
        later.id > Posting.id,
    )
    has_content = or_(func.length(Posting.payload) > 0, Posting.answer.cast(Text) != "{}")
    return (
        Posting.state == PostingState.POSTED,
        Posting.operation.in_(WRITE_OPERATIONS),
        Posting.changed_at < before,
        has_content,
        is_replaced,
    )


def _match_ended_receipts(before: dt.datetime) -> Conditions:
    """Match receipts that are no longer sent; their state and reasons stay, their bodies do not.

    The last receipt about a payment is not matched: the next payment is compared with its body.
    """
    return (
        ReceiptRow.state.not_in(PAYMENT_STATES),
        ReceiptRow.next_try_at.is_(None),
        ReceiptRow.ended != "",
        ReceiptRow.at < before,
        ReceiptRow.body.cast(Text) != "{}",
    )


def _match_closed_cases(before: dt.datetime) -> Conditions:
    """Match closed cases: code, reason and who closed them stay, so that none opens again."""
    return (Case.closed_at < before, Case.details.cast(Text) != "{}")


def _match_old_lines(before: dt.datetime) -> Conditions:
    """Match the log lines of runs that ended long ago."""
    has_ended = exists().where(Run.id == RunLine.run_id, Run.ended_at < before)
    return (RunLine.at < before, has_ended)


def _match_old_runs(before: dt.datetime) -> Conditions:
    """Match ended runs that posted nothing, have no lines left, and have a later run.

    Of each kind and subject the newest run that is done stays: pages and schedules refer to it.
    """
    return (*_match_runs_without_use(before), ~exists().where(RunLine.run_id == Run.id))


def _match_runs_without_lasting_lines(before: dt.datetime) -> Conditions:
    """Match the runs that `_match_old_runs` does once the old lines of runs are removed."""
    lasting = [RunLine.run_id == Run.id]
    days = current_hub().config.keep_run_lines_days
    if days:
        limit = _compute_limit(days)
        lasting.append(or_(RunLine.at >= limit, Run.ended_at >= limit))
    return (*_match_runs_without_use(before), ~exists().where(*lasting))


def _match_runs_without_use(before: dt.datetime) -> Conditions:
    """Match ended runs that posted nothing and have a later run."""
    newer = aliased(Run)
    is_newer = (newer.kind == Run.kind, newer.outcome == RunOutcome.DONE, newer.id > Run.id)
    # Each is found by an index. One comparison that covers both, with IS NOT DISTINCT FROM, is not:
    # PostgreSQL then compares all old runs with all runs of their kind.
    has_newer_of_installation = exists().where(
        newer.installation_id == Run.installation_id, *is_newer
    )
    has_newer_of_company = exists().where(
        newer.company_id == Run.company_id, newer.installation_id.is_(None), *is_newer
    )
    return (
        Run.ended_at < before,
        or_(
            has_newer_of_installation,
            and_(Run.installation_id.is_(None), has_newer_of_company),
        ),
        ~exists().where(Posting.run_id == Run.id),
    )


def _match_ended_sessions(before: dt.datetime) -> Conditions:
    """Match expired sessions that were not used since."""
    return (LoginSession.seen_at < min(before, current_hub().clock.now() - MAX_SESSION_LENGTH),)


def _match_old_guesses(before: dt.datetime) -> Conditions:
    """Match counts of wrong guesses that delay nobody any more."""
    return (GuessCount.expires_at < min(before, current_hub().clock.now()),)


def _match_old_consents(before: dt.datetime) -> Conditions:
    """Match consents at Intuit that were used, or never were."""
    return (OAuthState.created_at < min(before, current_hub().clock.now() - MAX_CONSENT_AGE),)
