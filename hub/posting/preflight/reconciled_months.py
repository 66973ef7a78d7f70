"""Read from QuickBooks which transactions are reconciled in the months of changed ones."""

import datetime as dt
from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from hub.db.bulk import is_among
from hub.db.engine import read_only_session
from hub.models import Case, ListState, Posting, case_posting
from hub.models.enums import CHANGE_OPERATIONS, PostingState
from hub.outbox.states import UNSENT
from hub.posting.case_texts import OVERWRITE_QUESTIONS
from hub.posting.outcome.session import PostingSession
from hub.posting.preflight.bank_checks import find_changed_month
from hub.posting.preflight.bank_reconciliation import (
    BANK_KINDS,
    ReconciledMonth,
    ReconciledMonths,
    fetch_reconciled_month,
)
from hub.posting.preflight.postings import load_postings
from hub.posting.preflight.targets import load_targets
from hub.qbo.company import COMPANY_LIST

MAX_AGE = dt.timedelta(hours=1)  # of an answer about postings that wait for a person


class ReconciledMonthReader:
    """Reads the months of the changes that the checks of one pass look at, each month once."""

    def __init__(self, posting_session: PostingSession) -> None:
        self._posting_session = posting_session
        self._months: dict[dt.date, ReconciledMonth] = {}
        self._fetched_months: set[dt.date] = set()

    def read(self, ids: Sequence[int]) -> ReconciledMonths:
        """Return the reconciled months by their first days, for the changes among these postings.

        QuickBooks is asked only about changes that a bank account would show. Postings that wait
        for a person are checked in every run. If a month has no others, an answer of the last hour
        counts, unless a retry has read the facts of the company since. Call this while no
        transaction is open.
        """
        with read_only_session() as session:
            months = self._find_months(session, ids)
            stored_months = self._find_stored(session) if months else {}
        for first_day, has_new_change in sorted(months.items()):
            if first_day in self._fetched_months:
                continue
            month = None if has_new_change else stored_months.get(first_day)
            self._months[first_day] = month or self._fetch(first_day)
        return self._months

    def _find_months(self, session: Session, ids: Sequence[int]) -> dict[dt.date, bool]:
        """Return the first days of the months in which changed transactions are dated.

        The value of a month is whether it has a change that does not wait for a person yet.
        """
        bank_changes = select(Posting.id, Posting.state).where(
            is_among(Posting.id, "ids"),
            Posting.operation.in_(CHANGE_OPERATIONS),
            Posting.kind.in_(BANK_KINDS),
        )
        states = {}
        for id, state in session.execute(bank_changes, {"ids": list(ids)}):
            states[id] = state
        if not states:
            return {}
        asked_ids = _find_in_question(session, list(states))
        postings = load_postings(session, list(states), UNSENT)
        targets = load_targets(session, self._posting_session.company_id, postings)
        months: dict[dt.date, bool] = {}
        for posting in postings:
            first_day = find_changed_month(posting, targets)
            if first_day is None:
                continue
            is_waiting = states[posting.id] == PostingState.HELD or posting.id in asked_ids
            months[first_day] = months.get(first_day, False) or not is_waiting
        return months

    def _find_stored(self, session: Session) -> dict[dt.date, ReconciledMonth]:
        """Return what this process has read in the last hour and since the facts of the company."""
        company_id = self._posting_session.company_id
        facts = session.get(ListState, (company_id, COMPANY_LIST))
        oldest = self._posting_session.clock.now() - MAX_AGE
        if facts is not None and facts.read_at is not None:
            oldest = max(oldest, facts.read_at)
        months = {}
        for key, (read_at, month) in self._posting_session.memory.reconciled_months.items():
            if key[0] == company_id and read_at > oldest:
                months[key[1]] = month
        return months

    def _fetch(self, first_day: dt.date) -> ReconciledMonth:
        """Fetch a month from QuickBooks, and store the answer for later passes."""
        month = fetch_reconciled_month(self._posting_session, first_day)
        self._fetched_months.add(first_day)
        if month.problem is not None:
            return month
        now = self._posting_session.clock.now()
        memory = self._posting_session.memory.reconciled_months
        for key, (read_at, _) in list(memory.items()):
            if now - read_at >= MAX_AGE:
                memory.pop(key, None)
        memory[self._posting_session.company_id, first_day] = (now, month)
        return month


def _find_in_question(session: Session, ids: Sequence[int]) -> set[int]:
    """Return those of the postings about whose transaction an open case asks."""
    link = case_posting.c
    query = (
        select(link.posting_id)
        .join(Case, Case.id == link.case_id)
        .where(
            link.posting_id.in_(ids), Case.closed_at.is_(None), Case.code.in_(OVERWRITE_QUESTIONS)
        )
    )
    return set(session.scalars(query))
