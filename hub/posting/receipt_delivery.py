"""Deliver receipts to the source and to other plugins, each with its own back-off."""

import datetime as dt
from typing import Any

from sqlalchemy import ColumnElement, and_, or_, select, update
from sqlalchemy.orm import Session

from hub import context as hub_context
from hub.cases import inbox
from hub.contract import codec
from hub.contract.documents import Document, Receipt
from hub.db import engine
from hub.errors import AccessNeeded, HubError, NeedsAttention, Refused, Retry, TooOften
from hub.models import Installation, Posting, ReceiptRow, SourceDocument
from hub.outbox.main_posting import main_posting_id
from hub.reasons.texts import CaseText
from hub.sources.site import site as site_of

PAUSES = (60, 300, 900, 3600, 6 * 3600, 24 * 3600)


def is_due(now: dt.datetime) -> ColumnElement[bool]:
    """Its time has come, or is further off than any pause is: then the clock was set back meanwhile."""
    at, new = ReceiptRow.next_try_at, ReceiptRow.tries == 0
    longest, shortest = (
        dt.timedelta(seconds=PAUSES[-1] + PAUSES[3]),
        dt.timedelta(seconds=PAUSES[0]),
    )
    return and_(at.is_not(None), or_(at <= now, at > now + longest, and_(new, at > now + shortest)))


def deliver(installation_id: int) -> int:
    """Send the due receipts, oldest first; return how many arrived.

    One that fails is repeated alone. A source that asks to slow down gets no more until then.
    """
    with engine.reading() as session:
        installation = session.get_one(Installation, installation_id)
        due = (
            ReceiptRow.installation_id == installation_id,
            is_due(hub_context.current().clock.now()),
        )
        ids = list(
            session.scalars(
                select(ReceiptRow.id).where(*due).order_by(ReceiptRow.at, ReceiptRow.id)
            )
        )
        has_case = inbox.is_open(session, _cause(installation_id))
    if not ids:
        return 0
    site, arrived = site_of(installation), 0
    for id in ids:
        try:
            if _deliver(site, installation, id, has_case):
                arrived += 1
            else:
                has_case = True  # it may have opened one
        except Retry as busy:
            _put_off(installation_id, busy.after or PAUSES[0])
            break
    return arrived


def _put_off(installation_id: int, seconds: float) -> None:
    """What is due by then waits as if each had been tried."""
    then = hub_context.current().clock.now() + dt.timedelta(seconds=seconds)
    mine = (
        ReceiptRow.installation_id == installation_id,
        ReceiptRow.ended == "",
        ReceiptRow.next_try_at < then,
    )
    with engine.transaction() as session:
        session.execute(
            update(ReceiptRow).where(*mine).values(next_try_at=then, tries=ReceiptRow.tries + 1)
        )


def _deliver(site: Any, installation: Installation, id: int, has_case: bool) -> bool:
    """Send one receipt and close the case about the others, if there is one; return whether it arrived."""
    with engine.reading() as session:
        row = session.get_one(ReceiptRow, id)
        document = session.get_one(SourceDocument, row.document_id)
    if row.ended:
        return False
    try:
        _call_plugins(site, row, document)
    except Refused as error:
        _record_end(row, "refused", has_case, error.text)
    except Exception as error:
        _again(row, installation, error)
        if isinstance(error, TooOften) or (isinstance(error, Retry) and error.after):
            raise
    else:
        _record_end(row, "delivered", has_case)
        return True
    return False


def _call_plugins(site: Any, row: ReceiptRow, document: SourceDocument) -> None:
    plugins = hub_context.current().plugins
    said = {
        "document": codec.load(Document, document.body),
        "receipt": codec.load(Receipt, row.body),
    }
    if plugins.has(document.slug, "hub_report") and row.state in plugins.apps[document.slug].wants:
        plugins.call(document.slug, "hub_report", site=site, **said)
    plugins.report_all(app=document.slug, site=site, **said)


def _record_end(row: ReceiptRow, how: str, has_case: bool, error: str = "") -> None:
    with engine.transaction() as session:
        mine = update(ReceiptRow).where(ReceiptRow.id == row.id, ReceiptRow.ended == "")
        session.execute(mine.values(ended=how, next_try_at=None, tries=row.tries + 1, error=error))
        if how == "refused":
            _warn(
                session,
                row.document_id,
                f"The source did not take the news that it is {row.state}: {error}",
            )
        if has_case:
            inbox.close(session, _cause(row.installation_id))


def _warn(session: Session, document_id: int, text: str) -> None:
    mains = select(Posting).join(SourceDocument, Posting.id == main_posting_id())
    posting = session.scalars(mains.where(SourceDocument.id == document_id)).first()
    if posting and text not in posting.warnings:
        posting.warnings = [*posting.warnings, text]


def _again(row: ReceiptRow, installation: Installation, error: Exception) -> None:
    text = error.text if isinstance(error, HubError) else f"{type(error).__name__}: {error}"
    pause = getattr(error, "after", None) or PAUSES[min(row.tries, len(PAUSES) - 1)]
    then = hub_context.current().clock.now() + dt.timedelta(seconds=pause)
    with engine.transaction() as session:
        mine = update(ReceiptRow).where(ReceiptRow.id == row.id, ReceiptRow.ended == "")
        session.execute(mine.values(tries=row.tries + 1, error=text, next_try_at=then))
        if isinstance(error, (NeedsAttention, AccessNeeded)):
            name = hub_context.current().plugins.apps[installation.slug].name
            inbox.open(
                session,
                _cause(installation.id),
                CaseText("outcome.receipts_refused", app=name, problem=text),
                company_id=installation.company_id,
                installation_id=installation.id,
            )


def _cause(installation_id: int) -> str:
    return f"receipts:{installation_id}"
