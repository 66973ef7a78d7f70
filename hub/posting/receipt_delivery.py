"""Deliver receipts to the source and to other plugins, each with its own back-off."""

import datetime as dt
import logging
from collections.abc import Collection, Sequence
from typing import Any, NamedTuple, cast

from sqlalchemy import (
    ColumnElement,
    Table,
    and_,
    bindparam,
    case,
    delete,
    exists,
    or_,
    select,
    update,
)
from sqlalchemy.orm import Session

from hub.cases import inbox
from hub.cases.source_cases import build_receipts_cause
from hub.context import current_hub, mask_secrets
from hub.contract import codec
from hub.contract.documents import Document
from hub.contract.receipts import Receipt
from hub.contract.states import ReceiptState
from hub.contract.types import Site
from hub.db import bulk, engine
from hub.db.database_errors import repeat_after_conflict
from hub.errors import (
    AccessNeeded,
    AddressUnusable,
    HubError,
    NeedsAttention,
    Refused,
    Retry,
    Sentence,
    TooOften,
)
from hub.models import Installation, Posting, ReceiptRow, SourceDocument
from hub.models.enums import ReceiptEnd
from hub.outbox.main_posting import select_main_posting_id
from hub.posting import receipts
from hub.reasons.texts import CaseText
from hub.sources import hook_calls
from hub.sources.site import build_site, build_site_for_listener, may_report_now

log = logging.getLogger("hub")
# Seconds between the tries of a receipt; the last one repeats.
RETRY_PAUSES = (60, 300, 900, 3600, 6 * 3600, 24 * 3600)
# A case is opened if a receipt has failed this often and was queued this long ago.
MIN_FAILED_TRIES = 3
MIN_FAILED_TIME = dt.timedelta(hours=1)
MAX_WAIT = dt.timedelta(seconds=RETRY_PAUSES[-1], hours=1)
MIN_WAIT = dt.timedelta(seconds=RETRY_PAUSES[0])
# Receipts that are read in one query and recorded in one transaction: one transaction for each
# would take as much CPU as its call. A hub that is killed repeats at most these.
GROUP_SIZE = 20
GROUP_SECONDS = 1.0  # then the next group is read, so that no receipt is outdated
_receipts = cast(Table, ReceiptRow.__table__)
_documents = cast(Table, SourceDocument.__table__)
_SELECT_RECEIPTS = (
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
    .where(bulk.is_among(_receipts.c.id, "ids"))
    .order_by(_receipts.c.at, _receipts.c.id)
)
_STORE_ENDS = (
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


class _End(NamedTuple):
    """The result of one delivery; `error` is the reason that the source gave for a refusal."""

    receipt: StoredReceipt
    end: ReceiptEnd
    error: str = ""


def is_due(now: dt.datetime) -> ColumnElement[bool]:
    """Return the condition that a receipt is due.

    A next try later than the longest pause was stored before the clock was set back, so the receipt
    is due as well.
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

    A receipt that fails is repeated later, without the others. After a 429 no receipt is delivered
    until the pause is over. If the plugin of the app is missing, a person pauses or disables the
    app, or its access leads to another account, the remaining receipts wait.
    """
    now = current_hub().clock.now()
    with engine.read_only_session() as session:
        installation = session.get_one(Installation, installation_id)
        if installation.slug not in current_hub().plugins.apps:
            return 0
        query = select(ReceiptRow.id, ReceiptRow.state).where(
            ReceiptRow.installation_id == installation_id, is_due(now)
        )
        due = session.execute(query.order_by(ReceiptRow.at, ReceiptRow.id)).all()
        has_case = inbox.is_open(session, build_receipts_cause(installation_id))
    unwanted_states = _delete_unwanted(installation, {ReceiptState(state) for _, state in due})
    ids = [id for id, state in due if state not in unwanted_states]
    if not ids:
        return 0
    delivery = _Delivery(installation, has_case=has_case)
    try:
        while ids and may_report_now(installation_id):
            ids = ids[delivery.deliver_group(ids[:GROUP_SIZE]) :]
    except Retry as error:
        _postpone(installation_id, error.after or RETRY_PAUSES[0])
    return delivery.arrived


def _delete_unwanted(
    installation: Installation, states: Collection[ReceiptState]
) -> set[ReceiptState]:
    """Delete open receipts in those of these states that no plugin wants; return the states.

    Such receipts were queued while the plugin of the app was not loaded.
    """
    unwanted_states = {
        state for state in states if not receipts.is_wanted(installation.slug, state)
    }
    if unwanted_states:
        is_unwanted = (
            ReceiptRow.installation_id == installation.id,
            ReceiptRow.ended == ReceiptEnd.OPEN,
            ReceiptRow.state.in_(unwanted_states),
        )
        rows = delete(ReceiptRow).where(bulk.is_locked_in_order(ReceiptRow.id, *is_unwanted))
        with engine.transaction() as session:
            session.execute(rows, execution_options={"synchronize_session": False})
    return unwanted_states


class _Delivery:
    """The delivery of the due receipts of one installation, a group at a time.

    `has_case` is whether a case about receipts of the installation may be open. A receipt that is
    delivered or refused closes the case if no other receipt has failed.
    """

    def __init__(self, installation: Installation, *, has_case: bool) -> None:
        self._installation = installation
        self._site = build_site(installation)
        self._has_case = has_case
        self._ends: list[_End] = []  # not stored yet
        self.arrived = 0

    def deliver_group(self, ids: Sequence[int]) -> int:
        """Deliver receipts for at most `GROUP_SECONDS`; return how many were tried."""
        clock = current_hub().clock
        until = clock.monotonic() + GROUP_SECONDS
        rows = _read(ids)
        try:
            for number, row in enumerate(rows, start=1):
                if not row.ended:
                    self._deliver(row)
                if clock.monotonic() >= until:
                    return number
        finally:
            self._store_ends()
        return len(ids)

    def _deliver(self, row: StoredReceipt) -> None:
        """Deliver one receipt; raise Retry if the source asks to slow down."""
        try:
            _call_plugins(self._site, row)
        except Exception as error:
            if isinstance(error, Refused) and not isinstance(error, AddressUnusable):
                self._ends.append(_End(row, ReceiptEnd.REFUSED, mask_secrets(error.text)))
                return
            self._store_ends()
            if not isinstance(error, HubError):
                log.exception("%s failed to report a receipt", self._installation.slug)
            _record_failure(row, self._installation, error)
            self._has_case = True  # a case may have been opened
            if isinstance(error, TooOften) or (isinstance(error, Retry) and error.after):
                raise
        else:
            self._ends.append(_End(row, ReceiptEnd.DELIVERED))
            self.arrived += 1

    def _store_ends(self) -> None:
        """Store which receipts were delivered or refused since the last time."""
        if not self._ends:
            return
        ends, self._ends = self._ends, []
        self._store(ends)

    @repeat_after_conflict
    def _store(self, ends: Sequence[_End]) -> None:
        """Store the results of deliveries; close the case about them if no receipt fails any more.

        Closing it earlier would open it again, and send another message, with the next failure.
        """
        with engine.transaction() as session:
            _record_ends(session, ends)
            if self._has_case and not _has_failed(session, self._installation.id):
                inbox.close(session, build_receipts_cause(self._installation.id))


def _needs_case(session: Session, installation_id: int) -> bool:
    """Return whether a receipt of an installation has failed often and long enough for a case.

    A receipt in the future was queued before the clock was set back.
    """
    now = current_hub().clock.now()
    is_old = or_(ReceiptRow.at <= now - MIN_FAILED_TIME, ReceiptRow.at > now)
    return _has_failed(session, installation_id, ReceiptRow.tries >= MIN_FAILED_TRIES, is_old)


def _has_failed(session: Session, installation_id: int, *conditions: ColumnElement[bool]) -> bool:
    """Return whether a receipt of an installation that is still tried has failed."""
    has_failed = (
        ReceiptRow.installation_id == installation_id,
        ReceiptRow.next_try_at.is_not(None),
        ReceiptRow.error != "",
    )
    return session.scalar(select(exists().where(*has_failed, *conditions))) or False


def _postpone(installation_id: int, seconds: float) -> None:
    """Postpone all receipts that are due before a pause has passed.

    A receipt that was never tried counts as tried once, so that `is_due` accepts the longer pause.
    """
    now = current_hub().clock.now()
    next_try_at = now + dt.timedelta(seconds=seconds)
    is_due_earlier = (
        ReceiptRow.installation_id == installation_id,
        ReceiptRow.ended == ReceiptEnd.OPEN,
        ReceiptRow.next_try_at < next_try_at,
    )
    due_earlier = update(ReceiptRow).where(bulk.is_locked_in_order(ReceiptRow.id, *is_due_earlier))
    with engine.transaction() as session:
        tries = case((ReceiptRow.tries == 0, 1), else_=ReceiptRow.tries)
        session.execute(due_earlier.values(next_try_at=next_try_at, tries=tries))


def _read(ids: Sequence[int]) -> list[StoredReceipt]:
    """Return receipts with their documents, oldest first."""
    with engine.read_only_session() as session:
        rows = session.connection().execute(_SELECT_RECEIPTS, {"ids": list(ids)})
        return [StoredReceipt(*row) for row in rows]


def _call_plugins(site: Site, row: StoredReceipt) -> None:
    """Pass a receipt to the plugin of the app, and to every plugin without apps.

    The plugins without apps get it even if the source refuses it, because it is not delivered
    again.
    """
    plugins = current_hub().plugins
    slug = row.slug
    content = {
        "document": codec.load(Document, row.document),
        "receipt": codec.load(Receipt, row.body),
    }
    refusal: Refused | None = None
    if plugins.has(slug, "hub_report") and row.state in plugins.apps[slug].wants:
        try:
            with hook_calls.note(slug, "hub_report"):
                plugins.call(slug, "hub_report", site=site, **content)
        except AddressUnusable:
            raise
        except Refused as error:
            refusal = error
    if plugins.has_listeners:
        listener_site = build_site_for_listener(site)
        with hook_calls.note(slug, "hub_report"):
            plugins.report_all(app=slug, site=listener_site, **content)
    if refusal:
        raise refusal


def _record_ends(session: Session, ends: Sequence[_End]) -> None:
    """Record that receipts were delivered or refused.

    A receipt that was replaced in the meantime stays replaced.
    """
    rows = []
    for receipt, end, error in sorted(ends, key=lambda end: end.receipt.id):
        tries = receipt.tries + 1
        rows.append({"_id": receipt.id, "_ended": end, "_tries": tries, "_error": error})
        if end == ReceiptEnd.REFUSED:
            text = Sentence(
                "The source did not accept the receipt that it is %(state)s: %(error)s",
                state=receipt.state.replace("_", " "),
                error=error,
            )
            _add_warning(session, receipt.document_id, text)
    bulk.execute_each(session, _STORE_ENDS, rows)


def _add_warning(session: Session, document_id: int, text: str) -> None:
    """Add a warning to the main posting of a document."""
    query = (
        select(Posting)
        .join(SourceDocument, Posting.id == select_main_posting_id())
        .where(SourceDocument.id == document_id)
    )
    posting = session.scalars(query).first()
    if posting and text not in posting.warnings:
        posting.warnings = [*posting.warnings, text]


def _record_failure(row: StoredReceipt, installation: Installation, error: Exception) -> None:
    """Schedule another try of a receipt; open a case if a person has to act or it keeps failing.

    The source may state the pause; otherwise the pauses grow with the number of tries. A receipt
    that the source rejected because of its rate limit has not failed.
    """
    message = error.text if isinstance(error, HubError) else f"{type(error).__name__}: {error}"
    problem = mask_secrets(message)
    is_asked_to_wait = isinstance(error, TooOften)
    tries = max(row.tries, 1) if is_asked_to_wait else row.tries + 1
    next_pause = 0 if is_asked_to_wait else min(tries, len(RETRY_PAUSES)) - 1
    seconds = getattr(error, "after", None) or RETRY_PAUSES[next_pause]
    next_try_at = current_hub().clock.now() + dt.timedelta(seconds=seconds)
    still_open = update(ReceiptRow).where(
        ReceiptRow.id == row.id, ReceiptRow.ended == ReceiptEnd.OPEN
    )
    with engine.transaction() as session:
        session.execute(still_open.values(tries=tries, error=problem, next_try_at=next_try_at))
        if isinstance(error, (NeedsAttention, AccessNeeded)):
            _open_case(session, installation, "outcome.receipts_refused", problem)
            return
        # A source that cannot be read has a case already.
        has_other_case = installation.failing_since is not None
        if has_other_case or is_asked_to_wait or not _needs_case(session, installation.id):
            return
        _open_case(session, installation, "outcome.receipts_failing", problem)


def _open_case(session: Session, installation: Installation, code: str, problem: str) -> None:
    """Open the case about receipts that a source does not accept."""
    app = current_hub().plugins.apps[installation.slug]
    inbox.open(
        session,
        build_receipts_cause(installation.id),
        CaseText(code, app=app.name, problem=problem),
        company_id=installation.company_id,
        installation_id=installation.id,
    )
