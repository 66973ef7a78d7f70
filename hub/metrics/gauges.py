"""Figures that the tables hold: what each one is, and the query that reads it.

Labels are ids of companies, and only where a company needs attention. Names and amounts are left
out, because a monitoring system should not store them.
"""

import datetime as dt
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from importlib.metadata import version
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Select, and_, exists, func, or_, select, text
from sqlalchemy.orm import Session, aliased

from hub import outbox
from hub.clock import MAX_CLOCK_DIFFERENCE
from hub.context import current_hub
from hub.migrations import schema
from hub.models import (
    AuditEntry,
    Case,
    ConnectedCompany,
    Installation,
    Posting,
    ReceiptRow,
    Run,
    Schedule,
    Token,
)
from hub.models.cases import IS_OPEN
from hub.models.enums import ConnectionState, Holder, PostingState
from hub.models.postings import OPEN_RECEIPTS
from hub.outbox.main_posting import ATTENTION_ORDER
from hub.outbox.states import FINAL
from hub.qbo.oauth import token_expiry

# The states that end without a person, and those that a person has to end.
HUB_STATES = (
    PostingState.WAITING,
    PostingState.READY,
    PostingState.SENDING,
    PostingState.UNKNOWN,
)
PERSON_STATES = (PostingState.HELD, PostingState.REVIEW)
_parent = aliased(Posting)
_is_of_active_app = exists().where(
    Installation.id == Posting.installation_id, Installation.is_active
)
_waits_for_posting = exists().where(_parent.id == Posting.after_id, _parent.state.not_in(FINAL))
# The conditions under which the hub ends a state by itself.
_ENDED_BY_HUB: Mapping[PostingState, tuple[ColumnElement[bool], ...]] = {
    PostingState.READY: (_is_of_active_app,),
    PostingState.WAITING: (
        _is_of_active_app,
        Posting.held_by == Holder.NOBODY,
        ~_waits_for_posting,
    ),
}
_is_connected = ConnectedCompany.state != ConnectionState.DISCONNECTED
_is_in_connected_company = exists().where(
    ConnectedCompany.id == Installation.company_id, _is_connected
)
DAY = dt.timedelta(days=1)
OVERDUE_AFTER = dt.timedelta(minutes=1)
Values = Iterable[tuple[tuple[str, ...], float]]  # each with the values of its labels


class Gauge(NamedTuple):
    """A figure of the whole hub that may rise and fall."""

    name: str
    text: str
    labels: tuple[str, ...]
    read: Callable[[Session], Values]


def read_build(session: Session) -> Values:
    """Return 1, labelled with what this hub is."""
    labels = version("qbo-hub"), schema.find_newest_revision(), session.get_bind().dialect.name
    yield labels, 1


def count_documents(session: Session) -> Values:
    """Count the documents of each app by state."""
    counts = outbox.count_by_installation(session)
    slugs = _load_app_slugs(session)  # after the counts: an app may be enabled in between
    by_app: Counter[tuple[str, ...]] = Counter()
    for slug in set(slugs.values()):
        by_app.update(dict.fromkeys(((slug, state.value) for state in ATTENTION_ORDER), 0))
    for installation_id, by_state in counts.items():
        for state, number in by_state.items():
            by_app[slugs[installation_id], str(state)] += number
    return by_app.items()


def read_oldest_unposted_ages(session: Session) -> Values:
    """Return the age of each company's oldest document that is not posted, by who has to act.

    Postings that wait for another posting are left out, because the other one counts. Postings that
    a person has paused are left out as well, and those of companies that a person has disconnected
    do not wait for the hub.
    """
    now = current_hub().clock.now()
    for waits_for, states in (("hub", HUB_STATES), ("person", PERSON_STATES)):
        oldest: dict[str, dt.datetime] = {}
        for state in states:
            query = _select_oldest_in_state(state)
            if waits_for == "hub":
                query = query.where(_is_connected)
            for company_id, created_at in session.execute(query):
                company = str(company_id)
                oldest[company] = min(created_at, oldest.get(company, created_at))
        for company, created_at in oldest.items():
            yield (company, waits_for), _compute_age_in_seconds(now - created_at)


def count_in_doubt(session: Session) -> Values:
    """Count the postings of each company whose result is not known, where there are any."""
    for company_id, count in session.execute(_select_in_doubt()):
        if count:
            yield (str(company_id),), count


def read_connection_days(session: Session) -> Values:
    """Return the days after which a person must reconnect each company; negative if it is past."""
    now = current_hub().clock.now()
    tokens = select(ConnectedCompany, Token).join(Token, ConnectedCompany.id == Token.company_id)
    for company, token in session.execute(tokens):
        end = token_expiry.get_connection_end(company, token)
        if end is not None:
            yield (str(company.id),), (end - now) / DAY


def count_connections(session: Session) -> Values:
    """Count the companies by the state of their connection."""
    counts = session.execute(
        select(ConnectedCompany.state, func.count()).group_by(ConnectedCompany.state)
    )
    by_state = dict.fromkeys((state.value for state in ConnectionState), 0)
    by_state.update(dict(iter(counts)))
    for state, number in by_state.items():
        yield (state,), number


def count_waiting_runs(session: Session) -> Values:
    """Count the runs that were requested and not started."""
    return _count_rows(session, Run.ended_at.is_(None), Run.started_at.is_(None))


def count_runs_under_way(session: Session) -> Values:
    """Count the runs that were started and not ended."""
    return _count_rows(session, Run.ended_at.is_(None), Run.started_at.is_not(None))


def read_oldest_run_ages(session: Session) -> Values:
    """Return for how long the oldest run of each company that has one has been under way.

    The runs of other companies may end meanwhile, so only this shows one that hangs.
    """
    now = current_hub().clock.now()
    is_under_way = Run.ended_at.is_(None), Run.started_at.is_not(None)
    oldest = select(Run.company_id, func.min(Run.started_at)).where(*is_under_way)
    for company_id, started_at in session.execute(oldest.group_by(Run.company_id)):
        if started_at is not None:
            yield (str(company_id),), _compute_age_in_seconds(now - started_at)


def read_last_run_time(session: Session) -> Values:
    """Return when a run ended last, as a Unix time; nothing if none ever did."""
    return _find_newest_time(session, Run.ended_at)


def read_last_backup_time(session: Session) -> Values:
    """Return when `hub backup` made a backup last, as a Unix time; nothing if it never did."""
    return _find_newest_time(session, AuditEntry.at, AuditEntry.what == "backup made")


def count_overdue_schedules(session: Session) -> Values:
    """Count the schedules that were due a minute ago and not started.

    A schedule does not count while its app or company has a run of the same kind, after which it
    starts.
    """
    moment = current_hub().clock.now() - OVERDUE_AFTER
    is_of_app = and_(
        Run.installation_id == Schedule.installation_id,
        Run.kind == Schedule.kind,
    )
    has_open_run = exists().where(
        Run.ended_at.is_(None), or_(Run.schedule_id == Schedule.id, is_of_app)
    )
    is_due = Schedule.next_due < moment, Schedule.enabled.is_(True)
    return _count_rows(session, *is_due, ~has_open_run)


def count_failing_apps(session: Session) -> Values:
    """Count the apps whose last syncs could not read their source, and that are still read."""
    failing = Installation.is_active, Installation.failing_since.is_not(None)
    slugs = select(Installation.slug, func.count()).where(*failing, _is_in_connected_company)
    for slug, number in session.execute(slugs.group_by(Installation.slug)):
        yield (slug,), number


def count_open_cases(session: Session) -> Values:
    """Count the open cases by their code."""
    query = select(Case.code, func.count()).where(IS_OPEN).group_by(Case.code)
    for code, number in session.execute(query):
        yield (code,), number


def count_waiting_receipts(session: Session) -> Values:
    """Count the receipts that their sources did not take yet.

    Those of apps that are paused or disabled, or whose company is disconnected, are not delivered.
    """
    is_delivered = exists().where(
        Installation.id == ReceiptRow.installation_id,
        Installation.is_active,
        _is_in_connected_company,
    )
    query = select(func.count()).select_from(ReceiptRow).where(text(OPEN_RECEIPTS), is_delivered)
    yield (), session.scalar(query) or 0


GAUGES = (
    Gauge(
        "hub_build_info",
        "This version of the hub, the newest revision of its tables and the kind of its database;"
        " always 1",
        ("version", "revision", "database"),
        read_build,
    ),
    Gauge("hub_documents", "Documents by app and state", ("app", "state"), count_documents),
    Gauge(
        "hub_oldest_unposted_document_age_seconds",
        "Age of the oldest document that is not posted, by whether the hub or a person has to act;"
        " only companies that have one",
        ("company", "waits_for"),
        read_oldest_unposted_ages,
    ),
    Gauge(
        "hub_postings_in_doubt",
        "Postings that were sent and whose result is not known; only companies that have one",
        ("company",),
        count_in_doubt,
    ),
    Gauge(
        "hub_connection_days_left",
        "Days until a person must reconnect a company; only companies that are connected and whose"
        " end is known",
        ("company",),
        read_connection_days,
    ),
    Gauge(
        "hub_connections",
        "Companies by the state of their connection",
        ("state",),
        count_connections,
    ),
    Gauge(
        "hub_runs_waiting",
        "Runs that were requested and not started: the queue",
        (),
        count_waiting_runs,
    ),
    Gauge("hub_runs_under_way", "Runs that were started and not ended", (), count_runs_under_way),
    Gauge(
        "hub_oldest_run_age_seconds",
        "Time since the start of the oldest run that has not ended; only companies that have one",
        ("company",),
        read_oldest_run_ages,
    ),
    Gauge(
        "hub_last_run_end_timestamp_seconds",
        "When a run ended last, as a Unix time",
        (),
        read_last_run_time,
    ),
    Gauge(
        "hub_last_backup_timestamp_seconds",
        "When `hub backup` made a backup last, as a Unix time; missing if it never did",
        (),
        read_last_backup_time,
    ),
    Gauge(
        "hub_schedules_overdue",
        "Schedules that are due for more than a minute",
        (),
        count_overdue_schedules,
    ),
    Gauge(
        "hub_apps_failing",
        "Enabled apps whose source cannot be read, by app",
        ("app",),
        count_failing_apps,
    ),
    Gauge(
        "hub_open_cases", "Open cases, by the code of what they say", ("code",), count_open_cases
    ),
    Gauge(
        "hub_receipts_waiting", "Receipts that wait for their source", (), count_waiting_receipts
    ),
)


def _load_app_slugs(session: Session) -> dict[int, str]:
    """Return the app of each installation."""
    return dict(iter(session.execute(select(Installation.id, Installation.slug))))


def _select_oldest_in_state(state: PostingState) -> Select[int, dt.datetime]:
    """Return a query for the oldest posting in a state of each company that has one.

    Ids grow with time, so the index over company, state and id finds it without reading many
    others.
    """
    is_in_state = Posting.company_id == ConnectedCompany.id, Posting.state == state
    oldest_id = (
        select(func.min(Posting.id))
        .where(*is_in_state, *_ENDED_BY_HUB.get(state, ()))
        .correlate(ConnectedCompany)
        .scalar_subquery()
    )
    oldest = aliased(Posting)
    return select(ConnectedCompany.id, oldest.created_at).join(oldest, oldest.id == oldest_id)


def _select_in_doubt() -> Select[Any]:
    """Return a query for the number of postings in doubt of each company, also those with none."""
    number = (
        select(func.count())
        .where(Posting.company_id == ConnectedCompany.id, Posting.state == PostingState.UNKNOWN)
        .correlate(ConnectedCompany)
        .scalar_subquery()
    )
    return select(ConnectedCompany.id, number)


def _find_newest_time(session: Session, column: Any, *conditions: Any) -> Values:
    """Return the newest time in a column, as a Unix time; nothing if there is none.

    A time that has not come yet was stored before the clock was set back, and would hide an outage.
    """
    latest = current_hub().clock.now() + MAX_CLOCK_DIFFERENCE
    newest = session.scalar(select(func.max(column)).where(column <= latest, *conditions))
    if newest is not None:
        yield (), newest.timestamp()


def _count_rows(session: Session, *conditions: Any) -> Values:
    """Return the number of rows that meet some conditions, as the only value."""
    yield (), session.scalar(select(func.count()).where(*conditions)) or 0


def _compute_age_in_seconds(age: dt.timedelta) -> float:
    """Return an age in seconds, 0 if a clock was set back."""
    return max(0.0, age.total_seconds())
