"""Messages that wait: for the next minute, or for the mail of the day."""

import datetime as dt
from collections.abc import Callable, Iterable
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from sqlalchemy import ColumnElement, and_, delete, or_, select
from sqlalchemy.orm import Session

from hub.context import current_hub
from hub.db.bulk import is_among
from hub.db.engine import read_only_session, transaction
from hub.models import Case, Installation, Notice, User
from hub.notifications import mail_timing
from hub.notifications.languages import use_language_of
from hub.security.people import mail_address
from hub.security.rights import Subject, get_rights, is_enough

DAILY_HOUR = 7  # in the time zone of the person
MAX_DAILY_WAIT = dt.timedelta(days=1)
MAX_MESSAGE_AGE = dt.timedelta(days=30)  # then a message that no mail server takes is given up
MAX_TITLE_LENGTH = 300


def add(
    session: Session,
    user_id: int,
    title: str,
    text: str,
    *,
    is_daily: bool,
    case_id: int | None = None,
) -> None:
    """Add a message to a person."""
    notice = Notice(
        user_id=user_id,
        case_id=case_id,
        title=title[:MAX_TITLE_LENGTH],
        text=text,
        is_daily=is_daily,
        created_at=current_hub().clock.now(),
    )
    session.add(notice)


def add_for_owners(
    session: Session, subject: Subject, compose: Callable[[], tuple[str, str]]
) -> int:
    """Add a message to every owner of an app at a company who can be mailed; return how many.

    `compose` returns its title and text; it is called within the language of each owner.
    """
    timings = mail_timing.load(session)
    count = 0
    for person in session.scalars(select(User).where(User.active)):
        when = timings.of(person.id, None, subject.company_id)
        is_reached = when != mail_timing.OFF and bool(mail_address(person))
        if is_reached and get_rights(person).may("owner", subject):
            with use_language_of(person):
                title, text = compose()
            add(session, person.id, title, text, is_daily=when == mail_timing.DAILY)
            count += 1
    return count


def list_due_messages(session: Session) -> list[tuple[User, list[Notice]]]:
    """Return the messages to send now, by person.

    A daily message is due at seven in the zone of the person, the first time after it was added.
    Messages that a person may no longer see or no longer wants, and those about closed cases, are
    left out. A message about a snoozed case waits until its day. One that would wait for more than
    a day was added before the clock was set back, so it is due.
    """
    timings = mail_timing.load(session)
    now = current_hub().clock.now()
    daily_times = _load_last_daily_times(session)
    newest_time = max(daily_times.values(), default=now)
    is_misdated = Notice.created_at > now + MAX_DAILY_WAIT
    may_be_due = or_(Notice.is_daily.is_(False), Notice.created_at <= newest_time, is_misdated)
    query = (
        select(Notice, User, Case, Installation)
        .join(User, User.id == Notice.user_id)
        .outerjoin(Case, Case.id == Notice.case_id)
        .outerjoin(Installation, Installation.id == Case.installation_id)
        .where(may_be_due, User.active, ~_is_too_old())
        .order_by(Notice.user_id, Notice.id)
    )
    by_person: dict[int, tuple[User, list[Notice]]] = {}
    for notice, person, case, installation in session.execute(query):
        last_daily_time = daily_times[person.id]
        if notice.is_daily and last_daily_time < notice.created_at <= now + MAX_DAILY_WAIT:
            continue
        if _is_wanted(timings, person, case, installation):
            by_person.setdefault(person.id, (person, []))[1].append(notice)
    return list(by_person.values())


def drop(session: Session, notices: Iterable[Notice]) -> None:
    """Remove messages that were sent, and those that are too old or about closed cases."""
    ids = [notice.id for notice in notices]
    session.execute(
        delete(Notice).where(or_(is_among(Notice.id, "ids"), _is_over())),
        {"ids": ids},
        execution_options={"synchronize_session": False},
    )


def drop_old() -> None:
    """Remove messages that are too old or about closed cases; write nothing if there are none."""
    with read_only_session() as session:
        are_some_over = session.scalar(select(Notice.id).where(_is_over()).limit(1)) is not None
    if are_some_over:
        with transaction() as session:
            session.execute(delete(Notice).where(_is_over()))


def _is_over() -> ColumnElement[bool]:
    """Return the condition for messages that are too old or about closed cases."""
    closed_cases = select(Case.id).where(Case.closed_at.is_not(None))
    return or_(_is_too_old(), Notice.case_id.in_(closed_cases))


def _is_too_old() -> ColumnElement[bool]:
    """Return the condition for messages that are given up.

    The time in which a case is snoozed does not count, because its message waits for that.
    """
    oldest = current_hub().clock.now() - MAX_MESSAGE_AGE
    snoozed_cases = select(Case.id).where(Case.snoozed_until > oldest)
    was_listed = or_(Notice.case_id.is_(None), Notice.case_id.not_in(snoozed_cases))
    return and_(Notice.created_at <= oldest, was_listed)


def _is_wanted(
    timings: mail_timing.Timings, person: User, case: Case | None, installation: Installation | None
) -> bool:
    """Return whether a case is listed, and the person can act on it and wants mail about it.

    A message without a case is one to owners.
    """
    if case is None:
        return is_enough(get_rights(person).role_within(), "owner")
    is_snoozed = case.snoozed_until is not None and case.snoozed_until > current_hub().clock.now()
    if case.closed_at is not None or is_snoozed:
        return False
    subject = Subject(case.company_id)
    if installation is not None:
        subject = Subject(installation.company_id, installation.slug)
    when = timings.of(person.id, case.installation_id, subject.company_id)
    return when != mail_timing.OFF and is_enough(get_rights(person).role(subject), "operator")


def _load_last_daily_times(session: Session) -> dict[int, dt.datetime]:
    """Return for each active person the newest time of the daily mail that has passed.

    If a person chose no zone, the zone of the first app counts.
    """
    first = session.scalar(select(Installation.zone).order_by(Installation.id).limit(1))
    usual_zone = _get_zone(first, ZoneInfo("UTC"))
    people = session.scalars(select(User).where(User.active))
    return {
        person.id: _compute_last_daily_time(_get_zone(person.zone, usual_zone)) for person in people
    }


def _compute_last_daily_time(zone: ZoneInfo) -> dt.datetime:
    """Return the newest time of the daily mail in a zone that has passed.

    The local time of the mail is the same on every day, also when daylight saving time begins or
    ends.
    """
    now = current_hub().clock.now().astimezone(zone)
    today = now.replace(hour=DAILY_HOUR, minute=0, second=0, microsecond=0)
    last = today if now >= today else today - dt.timedelta(days=1)
    return last.astimezone(dt.UTC)


def _get_zone(name: str | None, usual_zone: ZoneInfo) -> ZoneInfo:
    """Return the zone of a name; without a name, or if it is no zone any more, the usual one."""
    try:
        return ZoneInfo(name) if name else usual_zone
    except (ZoneInfoNotFoundError, ValueError):
        return usual_zone
