"""Load the installations and companies that runs work on."""

from sqlalchemy import and_, or_, select, update

from hub import outbox
from hub.context import current_hub
from hub.db.engine import read_only_session, transaction
from hub.errors import NotNow, Sentence
from hub.models import ConnectedCompany, Installation, Posting, ReceiptRow
from hub.models.enums import InstallationMode, Operation, PostingState, ReceiptEnd
from hub.posting import receipt_delivery


def load_installation(installation_id: int) -> Installation:
    """Return the installation; raise NotNow if it is disabled or paused."""
    with read_only_session() as session:
        row = session.get_one(Installation, installation_id)
    if row.is_active:
        return row
    state = Sentence("paused") if row.enabled else Sentence("disabled")
    raise NotNow(
        "%(name)s is %(state)s; set its mode to auto or review first.",
        name=format_subject(row),
        state=state,
    )


def load_to_post(installation_id: int) -> Installation:
    """Return the installation; raise NotNow if it is disabled or paused and has nothing in doubt.

    QuickBooks is asked about postings in doubt whether or not the app may post.
    """
    in_flight = select(Posting.id).where(
        Posting.installation_id == installation_id, Posting.state.in_(outbox.IN_FLIGHT)
    )
    with read_only_session() as session:
        if session.scalar(in_flight.limit(1)) is not None:
            return session.get_one(Installation, installation_id)
    return load_installation(installation_id)


def load_company(company_id: int) -> ConnectedCompany:
    """Return the company, in any state of its connection."""
    with read_only_session() as session:
        return session.get_one(ConnectedCompany, company_id)


def list_active_installations(company_id: int) -> list[Installation]:
    """Return the installations of a company that may run, oldest first."""
    query = (
        select(Installation)
        .where(Installation.company_id == company_id, Installation.is_active)
        .order_by(Installation.id)
    )
    with read_only_session() as session:
        return [row for row in session.scalars(query) if is_loaded(row)]


def is_loaded(installation: Installation) -> bool:
    """Return whether the plugin of an installation is loaded."""
    return installation.slug in current_hub().plugins.apps


def pause_after_once(installation_id: int) -> None:
    """Let no more runs of an installation start until a person changes its mode.

    A mode that was chosen while the run was under way stays. What is still to be sent or reported
    would never be sent by a paused app, so that the next run follows and pauses it.
    """
    if _has_unsent(installation_id) or _has_unreported(installation_id):
        return
    statement = (
        update(Installation)
        .where(Installation.id == installation_id, Installation.mode == InstallationMode.ONCE)
        .values(mode=InstallationMode.PAUSED)
    )
    with transaction() as session:
        session.execute(statement)


def _has_unsent(installation_id: int) -> bool:
    """Return whether an installation still has something to send, or to look up in QuickBooks.

    A file that could not be fetched does not count: it may be tried for days.
    """
    is_file = Posting.operation == Operation.ATTACH
    is_delayed_file = and_(is_file, Posting.next_try_at.is_not(None))
    is_ready = and_(Posting.state == PostingState.READY, outbox.IS_CURRENT, ~is_delayed_file)
    query = select(Posting.id).where(
        Posting.installation_id == installation_id,
        or_(is_ready, Posting.state.in_(outbox.IN_FLIGHT)),
    )
    with read_only_session() as session:
        is_unsent = session.scalar(query.limit(1)) is not None
        return is_unsent or outbox.count_postponed_changes(session, installation_id) > 0


def _has_unreported(installation_id: int) -> bool:
    """Return whether an installation still has something to report to its source.

    A receipt that has failed several times does not count: it may be tried for days.
    """
    query = select(ReceiptRow.id).where(
        ReceiptRow.installation_id == installation_id,
        ReceiptRow.ended == ReceiptEnd.OPEN,
        ReceiptRow.next_try_at.is_not(None),
        ReceiptRow.tries < receipt_delivery.MIN_FAILED_TRIES,
    )
    with read_only_session() as session:
        return session.scalar(query.limit(1)) is not None


def format_subject(subject: Installation | ConnectedCompany) -> str:
    """Return the name of an installation or company for a sentence about its run.

    An app whose plugin is not installed goes by its slug, a company without a name by its realm.
    """
    if isinstance(subject, ConnectedCompany):
        return subject.name or f"Company {subject.realm}"
    app = current_hub().plugins.apps.get(subject.slug)
    app_name = app.name if app else subject.slug
    company_name = subject.company.display_name
    return f"{app_name} of {company_name}"


def subject_fields(subject: Installation | ConnectedCompany) -> dict[str, object]:
    """Return the fields of log lines that name an installation or company."""
    if isinstance(subject, ConnectedCompany):
        return {"company_id": subject.id}
    return {
        "company_id": subject.company_id,
        "installation_id": subject.id,
        "app": subject.slug,
    }
