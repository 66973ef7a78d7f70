"""Let an app continue with another account at its source, as a person asks for.

What the former account's documents posted stays as it is. Its documents are not read, changed or
reported any more, because an id of theirs may be that of another document in the new account.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session

from hub import outbox
from hub.cases import inbox, source_cases
from hub.context import current_hub
from hub.contract.chunks import iter_chunks
from hub.db import bulk
from hub.db.engine import read_only_session
from hub.errors import NotNow, OtherTenant, Sentence, SettingsInvalid
from hub.models import Case, Cursor, Installation, Posting, ReceiptRow, SeenCode, SourceDocument
from hub.models.enums import Holder, Operation, PostingState, ReceiptEnd
from hub.outbox import approvals
from hub.outbox.transitions import update_postings
from hub.reasons import texts
from hub.reasons.texts import CaseText
from hub.security import secrets

UNREADABLE = "document.unreadable"  # the code of a case about a document that cannot be read
CHUNK_SIZE = 500  # postings whose cases are closed in one statement


class AccountQuestion(NamedTuple):
    """What a person reads before an app continues with another account."""

    opening: Sentence
    consequences: list[Sentence]
    first_day: Sentence  # what to consider when the day is chosen from which documents count

    def __str__(self) -> str:
        """Return all of it as one text."""
        return " ".join([self.opening, *self.consequences, self.first_day])


def build_question(installation_id: int, error: OtherTenant) -> AccountQuestion:
    """Return the question that pages, commands and the API ask about another account."""
    name, former = error.actual, error.expected
    opening = Sentence(
        "With these settings %(former)s is no longer read, but %(name)s. Nothing is saved yet. If"
        " you entered the wrong access, enter that of %(former)s again. If the app is to continue"
        " with %(name)s:",
        name=name,
        former=former,
    )
    consequences = [
        Sentence(
            "What documents of %(former)s posted stays in QuickBooks, and their pages stay here."
            " They are not changed or removed any more.",
            former=former,
        )
    ]
    count = count_unposted(installation_id)
    if count == 1:
        consequences.append(
            Sentence(
                "1 document of %(former)s waits and is left out of the books. To post it, enter"
                " the former access and post it first.",
                former=former,
            )
        )
    elif count:
        consequences.append(
            Sentence(
                "%(count)s documents of %(former)s wait and are left out of the books. To post"
                " them, enter the former access and post them first.",
                count=count,
                former=former,
            )
        )
    consequences.append(Sentence("The codes of %(name)s are matched anew.", name=name))
    first_day = Sentence(
        "Documents that were moved to the new account have other ids there, so those from the"
        " chosen day on count as new. Choose a day after the last document that is posted already."
    )
    return AccountQuestion(opening, consequences, first_day)


def require_first_day(app: str, answers: Mapping[str, Any]) -> None:
    """Raise SettingsInvalid unless the answers say from which day on documents are posted.

    The page of the question suggests a day; a command or a program has to name one.
    """
    if "start_date" not in answers:
        text = Sentence("State the first day of documents to post from the new account.")
        raise SettingsInvalid(app, {"start_date": [text]})


def count_unposted(installation_id: int) -> int:
    """Return how many documents of an app another account would leave out of the books."""
    is_unsent = (
        Posting.installation_id == installation_id,
        Posting.state.in_(outbox.UNSENT),
        Posting.operation != Operation.ATTACH,
    )
    query = select(func.count(Posting.document_id.distinct())).where(*is_unsent)
    with read_only_session() as session:
        return session.scalar(query) or 0


def leave_former(session: Session, row: Installation, account: str, who: str) -> int:
    """Prepare a locked installation for another account; return how many postings it leaves out.

    Raise NotNow while QuickBooks may be receiving a document of the former account.
    """
    app = current_hub().plugins.apps[row.slug].name
    reason = Sentence("%(app)s was changed to the account %(account)s.", app=app, account=account)
    count = _skip_unsent(session, row, reason, who)
    _require_nothing_in_flight(session, row, app)
    _forget_reading(session, row)
    _close_documents(session, row, reason)
    _close_cases_of_unreadable_documents(session, row)
    source_cases.close_for_inactive_app(session, row)
    return count


def _skip_unsent(session: Session, row: Installation, reason: str, who: str) -> int:
    """Skip every posting that is not sent yet; return how many."""
    is_unsent = (Posting.installation_id == row.id, Posting.state.in_(outbox.UNSENT))
    ids = session.scalars(select(Posting.id).where(*is_unsent)).all()
    approvals.drop_all(session, row.id)
    count = update_postings(
        session,
        is_unsent,
        state=PostingState.SKIPPED,
        held_by=Holder.NOBODY,
        reasons=texts.dump(CaseText("posting.skipped", reason=reason, who=who)),
        next_try_at=None,
    )
    for chunk in iter_chunks(ids, CHUNK_SIZE):
        inbox.detach_all(session, chunk)
    return count


def _require_nothing_in_flight(session: Session, row: Installation, app: str) -> None:
    """Raise NotNow if a posting is being sent, or the result of a send is not known yet."""
    in_flight = select(func.count(Posting.id)).where(
        Posting.installation_id == row.id, Posting.state.in_(outbox.IN_FLIGHT)
    )
    count = session.scalar(in_flight)
    if count:
        raise NotNow(
            "Nothing was saved: %(count)s postings of %(app)s are on their way to QuickBooks, or"
            " their result is not known yet. Save again once no document of the app is in doubt.",
            count=count,
            app=app,
        )


def _forget_reading(session: Session, row: Installation) -> None:
    """Forget what is known only of the former account: how far it was read, codes and receipts.

    So are the values that the plugin stored, such as ids. Secrets of the settings are stored again.
    """
    session.execute(delete(Cursor).where(Cursor.installation_id == row.id))
    session.execute(delete(SeenCode).where(SeenCode.installation_id == row.id))
    secrets.forget_unbound(session, row.id)
    is_open = (ReceiptRow.installation_id == row.id, ReceiptRow.ended == ReceiptEnd.OPEN)
    receipts = update(ReceiptRow).where(bulk.is_locked_in_order(ReceiptRow.id, *is_open))
    session.execute(
        receipts.values(ended=ReceiptEnd.REPLACED, next_try_at=None),
        execution_options={"synchronize_session": False},
    )


def _close_documents(session: Session, row: Installation, reason: str) -> None:
    """Mark the documents as gone, so that no run and no person has them read or posted again."""
    is_theirs = SourceDocument.installation_id == row.id
    documents = update(SourceDocument).where(bulk.is_locked_in_order(SourceDocument.id, is_theirs))
    values = {
        "gone": func.coalesce(SourceDocument.gone, reason),
        "gone_at": func.coalesce(SourceDocument.gone_at, current_hub().clock.now()),
        "absent_at": None,
        "absent_since": None,
        "reread": False,
        "requested_by": "",
        "unreadable": "",
    }
    session.execute(documents.values(**values), execution_options={"synchronize_session": False})


def _close_cases_of_unreadable_documents(session: Session, row: Installation) -> None:
    """Close the cases of posted documents that could not be read: no run reads them any more."""
    open_causes = (
        select(Case.cause)
        .where(Case.installation_id == row.id, Case.code == UNREADABLE, Case.closed_at.is_(None))
        .order_by(Case.id)
    )
    for cause in session.scalars(open_causes).all():
        inbox.close(session, cause)
