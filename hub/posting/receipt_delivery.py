"""Deliver receipts to the source and to other plugins, each with its own back-off."""

import datetime as dt
from typing import Any, NamedTuple, cast

from sqlalchemy import ColumnElement, Table, and_, bindparam, or_, select, update
from sqlalchemy.orm import Session

from hub import context as hub_context
from hub.cases import inbox
from hub.context import mask_secrets
from hub.contract import codec
from hub.contract.documents import Document, Receipt
from hub.contract.types import Site
from hub.db import engine
from hub.errors import AccessNeeded, HubError, NeedsAttention, Refused, Retry, TooOften
from hub.models import Installation, Posting, ReceiptRow, SourceDocument
from hub.models.enums import ReceiptEnd
from hub.outbox.main_posting import main_posting_id
from hub.reasons.texts import CaseText
from hub.sources.site import for_listener
from hub.sources.site import site as site_of

# Seconds between the tries of a receipt; the last one repeats.
PAUSES = (60, 300, 900, 3600, 6 * 3600, 24 * 3600)
MAX_WAIT = dt.timedelta(seconds=PAUSES[-1], hours=1)
MIN_WAIT = dt.timedelta(seconds=PAUSES[0])
_receipts = cast(Table, ReceiptRow.__table__)
_documents = cast(Table, SourceDocument.__table__)
_SELECT_RECEIPT = (
    select(
        _receipts.c.id,
        _receipts.c.installation_id,
        _receipts.c.document_id,
        _receipts.c.state,
        _receipts.c.tries,
        _receipts.c.ended,
        _receipts.c.body,
        _documents.c.slug,
        _documents.c.body.label("document"),
    )
    .join_from(_receipts, _documents, _receipts.c.document_id == _documents.c.id)
    .where(_receipts.c.id == bindparam("_id"))
)
_STORE_END = (
    update(_receipts)
    .where(_receipts.c.id == bindparam("_id"), _receipts.c.ended == ReceiptEnd.OPEN)
    .values(
        ended=bindparam("_ended"),
        next_try_at=None,
        tries=bindparam("_tries"),
        error=bindparam("_error"),
    )
)


class StoredReceipt(NamedTuple):
    """The columns of a receipt and its document that a delivery reads."""

    id: int
    installation_id: int
    document_id: int
    state: str
    tries: int
    ended: str
    body: dict[str, Any]
    slug: str
    document: dict[str, Any]


def is_due(now: dt.datetime) -> ColumnElement[bool]:
    """Return the condition that a receipt is to be delivered now.

    A time further off than any pause means that the clock was set back, so the receipt is due, too.
    """
    next_try_at = ReceiptRow.next_try_at
    was_never_tried = ReceiptRow.tries == 0
    is_too_far_off = or_(
        next_try_at > now + MAX_WAIT,
        and_(was_never_tried, next_try_at > now + MIN_WAIT),
    )
    return and_(next_try_at.is_not(None), or_(next_try_at <= now, is_too_far_off))


def deliver(installation_id: int) -> int:
    """Deliver the due receipts, oldest first; return how many arrived.

    One that fails is repeated alone. A source that asks to slow down gets no more until then.
    """
    now = hub_context.current().clock.now()
    with engine.reading() as session:
        installation = session.get_one(Installation, installation_id)
        query = select(ReceiptRow.id).where(
            ReceiptRow.installation_id == installation_id, is_due(now)
        )
        ids = session.scalars(query.order_by(ReceiptRow.at, ReceiptRow.id)).all()
        has_case = inbox.is_open(session, _cause(installation_id))
    if not ids:
        return 0
    site = site_of(installation)
    arrived = 0
    for id in ids:
        try:
            if _deliver(site, installation, id, has_case):
                arrived += 1
            else:
                has_case = True  # it may have opened one
        except Retry as busy:
            _postpone(installation_id, busy.after or PAUSES[0])
            break
    return arrived


def _postpone(installation_id: int, seconds: float) -> None:
    """Postpone all receipts that are due before a pause has passed, as if each had been tried."""
    now = hub_context.current().clock.now()
    next_try_at = now + dt.timedelta(seconds=seconds)
    due_earlier = update(ReceiptRow).where(
        ReceiptRow.installation_id == installation_id,
        ReceiptRow.ended == ReceiptEnd.OPEN,
        ReceiptRow.next_try_at < next_try_at,
    )
    with engine.transaction() as session:
        session.execute(due_earlier.values(next_try_at=next_try_at, tries=ReceiptRow.tries + 1))


def _deliver(site: Site, installation: Installation, id: int, has_case: bool) -> bool:
    """Deliver one receipt; return whether it arrived.

    One that arrives, or is refused, closes the case about receipts that could not be delivered.
    """
    with engine.reading() as session:
        row = StoredReceipt(*session.connection().execute(_SELECT_RECEIPT, {"_id": id}).one())
    if row.ended:
        return False
    try:
        _call_plugins(site, row)
    except Refused as error:
        _record_end(row, ReceiptEnd.REFUSED, has_case, mask_secrets(error.text))
        return False
    except Exception as error:
        _record_failure(row, installation, error)
        if isinstance(error, TooOften) or (isinstance(error, Retry) and error.after):
            raise
        return False
    _record_end(row, ReceiptEnd.DELIVERED, has_case)
    return True


def _call_plugins(site: Site, row: StoredReceipt) -> None:
    """Pass a receipt to the plugin of the app, and to every plugin without apps."""
    plugins = hub_context.current().plugins
    slug = row.slug
    arguments = {
        "site": site,
        "document": codec.load(Document, row.document),
        "receipt": codec.load(Receipt, row.body),
    }
    if plugins.has(slug, "hub_report"):
        app = plugins.apps[slug]
        if row.state in app.wants:
            plugins.call(slug, "hub_report", **arguments)
    if plugins.has_listeners:
        plugins.report_all(app=slug, **arguments | {"site": for_listener(site)})


def _record_end(row: StoredReceipt, end: ReceiptEnd, has_case: bool, error: str = "") -> None:
    """Record that a receipt was delivered or refused.

    One that was replaced in the meantime stays replaced.
    """
    values = {"_id": row.id, "_ended": end, "_tries": row.tries + 1, "_error": error}
    with engine.transaction() as session:
        session.connection().execute(_STORE_END, values)
        if end == ReceiptEnd.REFUSED:
            text = f"The source did not take the news that it is {row.state}: {error}"
            _add_warning(session, row.document_id, text)
        if has_case:
            inbox.close(session, _cause(row.installation_id))


def _add_warning(session: Session, document_id: int, text: str) -> None:
    """Add a warning to the main posting of a document."""
    query = (
        select(Posting)
        .join(SourceDocument, Posting.id == main_posting_id())
        .where(SourceDocument.id == document_id)
    )
    posting = session.scalars(query).first()
    if posting and text not in posting.warnings:
        posting.warnings = [*posting.warnings, text]


def _record_failure(row: StoredReceipt, installation: Installation, error: Exception) -> None:
    """Have a receipt repeated later, and open a case if a person has to act first.

    The source may say when it is to be repeated; else the pauses grow with the number of tries.
    """
    words = error.text if isinstance(error, HubError) else f"{type(error).__name__}: {error}"
    problem = mask_secrets(words)
    next_pause = min(row.tries, len(PAUSES) - 1)
    seconds = getattr(error, "after", None) or PAUSES[next_pause]
    next_try_at = hub_context.current().clock.now() + dt.timedelta(seconds=seconds)
    still_open = update(ReceiptRow).where(
        ReceiptRow.id == row.id, ReceiptRow.ended == ReceiptEnd.OPEN
    )
    with engine.transaction() as session:
        session.execute(
            still_open.values(tries=row.tries + 1, error=problem, next_try_at=next_try_at)
        )
        if isinstance(error, (NeedsAttention, AccessNeeded)):
            _open_case(session, installation, problem)


def _open_case(session: Session, installation: Installation, problem: str) -> None:
    """Open the case about receipts that a source does not take until a person has acted."""
    app = hub_context.current().plugins.apps[installation.slug]
    inbox.open(
        session,
        _cause(installation.id),
        CaseText("outcome.receipts_refused", app=app.name, problem=problem),
        company_id=installation.company_id,
        installation_id=installation.id,
    )


def _cause(installation_id: int) -> str:
    """Return the cause of the case about receipts of an installation."""
    return f"receipts:{installation_id}"
