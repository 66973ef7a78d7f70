"""Polls of the changes that others make in QuickBooks."""

import datetime as dt
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from hub.cases import unread_kinds
from hub.context import current_hub
from hub.db import engine
from hub.db.database_errors import repeat_after_conflict
from hub.errors import Refused
from hub.models import ConnectedCompany, ListState
from hub.payloads.entities import (
    DOCUMENT_ENTITIES,
    ENTITY_BY_KIND,
    LIST_ENTITIES,
    format_moment,
)
from hub.qbo import (
    record_download,
    records,
    search,
    transaction_download,
    transaction_index,
)
from hub.qbo.change_data import group_changed_objects
from hub.qbo.client import PAGE_SIZE, Client
from hub.qbo.paging import ListRefused, read_all

POLL_OVERLAP = dt.timedelta(minutes=5)  # how far each poll looks back behind the checkpoint
# How old a checkpoint may be; QuickBooks remembers changes for thirty days.
MAX_CHECKPOINT_AGE = dt.timedelta(days=29)
DAILY_POLL_INTERVAL = dt.timedelta(days=1)
IDLE_POLL_INTERVAL = dt.timedelta(hours=2)
# The lists of which QuickBooks reports no changes. Codes are stored with the sum of their rates, so
# the rates come first.
UNREPORTED_LISTS = ("tax_rate", "tax_code")

# Changed objects, by kind.
Objects = dict[str, list[dict[str, Any]]]


@dataclass(frozen=True)
class Changes:
    """The changes that a poll found: transactions by kind and id, and lists."""

    heads: tuple[tuple[str, str], ...] = ()
    lists: tuple[str, ...] = ()
    has_any: bool = False  # whether anything changed at all, the hub's own writes included
    refusals: Mapping[str, ListRefused] = field(default_factory=dict)  # of kinds that were not read


def poll(company_id: int, client: Client | None = None) -> Changes:
    """Store everything that changed since the last poll, and return the changes.

    Lists and kinds that were never read whole are left out. A kind of document or an optional list
    that QuickBooks refuses has a case. Raise the refusal of any other list, or of everything.
    """
    started_at = current_hub().clock.now()
    states = _select_reported_states(company_id)
    changes = _poll(company_id, client or Client(company_id), states)
    _note_refusals(company_id, changes, _list_checkpoints(states))
    with engine.transaction() as session:
        company = session.get_one(ConnectedCompany, company_id)
        company.polled_at = started_at
        if changes.has_any:
            company.changed_at = started_at
    return changes


def _note_refusals(company_id: int, changes: Changes, kinds: Collection[str]) -> None:
    """Update the cases about kinds of documents and lists that QuickBooks refuses.

    Raise the refusal of a list that documents need, and a refusal of all kinds.
    """
    refusals = changes.refusals
    if refusals and len(refusals) == len(kinds):
        raise next(iter(refusals.values()))
    optional_kinds = [kind for kind in kinds if _is_optional(kind)]
    problems = {kind: refusals[kind].problem for kind in optional_kinds if kind in refusals}
    read_kinds = [kind for kind in optional_kinds if kind not in refusals]
    with engine.transaction() as session:
        unread_kinds.update(
            session,
            company_id,
            unread_kinds.KindReader.POLL,
            read=read_kinds,
            problems=problems,
        )
    for kind, refusal in refusals.items():
        if kind not in optional_kinds:
            raise refusal


def _is_optional(kind: str) -> bool:
    """Return whether documents of other kinds can be posted although this kind cannot be read."""
    return kind in DOCUMENT_ENTITIES or kind in records.OPTIONAL_LISTS


def _poll(company_id: int, client: Client, states: Mapping[str, ListState]) -> Changes:
    """Read and store what changed; if that is refused, of each kind alone.

    A kind that is refused alone is among the refusals that are returned.
    """
    try:
        return _poll_together(company_id, client, states)
    except Refused as refusal:
        if len(states) > 1:
            return _poll_each(company_id, client, _split(states))
        (kind,) = states
        return Changes(refusals={kind: _name_kind(refusal, kind)})


def _name_kind(refusal: Refused, kind: str) -> ListRefused:
    """Return a refusal that names the kind that was refused."""
    return refusal if isinstance(refusal, ListRefused) else ListRefused(kind, refusal.text)


def _poll_together(company_id: int, client: Client, states: Mapping[str, ListState]) -> Changes:
    """Read and store what changed since the oldest checkpoint; without checkpoints, nothing.

    A checkpoint is the time up to which the changes of a kind are stored.
    """
    checkpoints = _list_checkpoints(states)
    if not checkpoints:
        return Changes()

    outdated_kinds = _list_outdated(checkpoints)
    if outdated_kinds:
        return _poll_outdated(company_id, client, states, outdated_kinds)
    oldest = min(checkpoints.values())
    since = oldest - POLL_OVERLAP
    response = client.cdc(checkpoints, since)
    if response.is_too_large and len(states) > 1:
        return _poll_each(company_id, client, _split(states))
    if response.is_too_large:
        return _read_again(company_id, client, states)
    response.check()
    objects = group_changed_objects(response.body)
    try:
        if _is_full(objects):
            objects = _query_changes(company_id, client, checkpoints, since)
    except search.Incomplete:  # it would be so at each poll, with the same checkpoint
        return _read_again(company_id, client, states)
    return _store(company_id, objects, checkpoints, response.date or oldest)


def _list_checkpoints(states: Mapping[str, ListState]) -> dict[str, dt.datetime]:
    """Return up to when the changes of each kind are stored, without those never read whole."""
    checkpoints = {}
    for kind, state in states.items():
        if state.changed_to:
            checkpoints[kind] = state.changed_to
    return checkpoints


def _list_outdated(checkpoints: Mapping[str, dt.datetime]) -> list[str]:
    """Return the kinds whose checkpoint is older than the changes that QuickBooks remembers."""
    oldest = current_hub().clock.now() - MAX_CHECKPOINT_AGE
    return [kind for kind, checkpoint in checkpoints.items() if checkpoint < oldest]


def _poll_outdated(
    company_id: int, client: Client, states: Mapping[str, ListState], outdated_kinds: Sequence[str]
) -> Changes:
    """Read the outdated kinds again, and the changes of the others.

    Each outdated kind is read alone: QuickBooks may have refused it since its checkpoint, and must
    not hide the changes of the others.
    """
    if len(states) == 1:
        return _read_again(company_id, client, states)
    current = {kind: state for kind, state in states.items() if kind not in outdated_kinds}
    return _poll_each(
        company_id, client, [current, *_split({kind: states[kind] for kind in outdated_kinds})]
    )


def _split(states: Mapping[str, ListState]) -> list[Mapping[str, ListState]]:
    """Return the state of each kind alone."""
    return [{kind: state} for kind, state in states.items()]


def _poll_each(
    company_id: int, client: Client, parts: Iterable[Mapping[str, ListState]]
) -> Changes:
    """Read and store the changes of each part of the kinds.

    QuickBooks may refuse some of the kinds, and one response may not hold the changes of all.
    """
    polls = [_poll(company_id, client, states) for states in parts]
    refusals: dict[str, ListRefused] = {}
    for changes in polls:
        refusals |= changes.refusals
    return Changes(
        heads=tuple(chain.from_iterable(changes.heads for changes in polls)),
        lists=tuple(chain.from_iterable(changes.lists for changes in polls)),
        has_any=any(changes.has_any for changes in polls),
        refusals=refusals,
    )


def _select_reported_states(company_id: int) -> dict[str, ListState]:
    """Return the states of the kinds and lists of which QuickBooks reports changes."""
    of_company = select(ListState).where(ListState.company_id == company_id)
    with engine.read_only_session() as session:
        rows = session.scalars(of_company).all()
    states = {}
    for row in rows:
        kind = row.list.removeprefix(transaction_index.HEADS_PREFIX)
        if kind in ENTITY_BY_KIND and kind not in UNREPORTED_LISTS:
            states[kind] = row
    return states


def is_due(company_id: int) -> bool:
    """Return whether to poll without news: daily where webhooks arrive, else every hour.

    A company without webhooks in which nothing changed for a day is polled every other hour. A poll
    in the future was made before the clock was set back, so another one is due; a webhook in the
    future does not count.
    """
    now = current_hub().clock.now()
    day_ago = now - DAILY_POLL_INTERVAL
    with engine.read_only_session() as session:
        company = session.get_one(ConnectedCompany, company_id)
    last_poll = company.polled_at
    if last_poll is None or not day_ago <= last_poll <= now:
        return True
    if company.webhook_news_at and company.webhook_news_at >= last_poll:
        return True
    if company.webhook_received_at and day_ago <= company.webhook_received_at <= now:
        return False
    changed_at = company.changed_at or company.connected_at
    return changed_at >= day_ago or last_poll <= now - IDLE_POLL_INTERVAL


def _is_full(objects: Objects) -> bool:
    """Return whether there may be more changes than one response holds."""
    return sum(len(rows) for rows in objects.values()) >= PAGE_SIZE


def _query_changes(
    company_id: int, client: Client, kinds: Iterable[str], since: dt.datetime
) -> Objects:
    """Read what changed by queries, because one change data response does not hold all of it.

    Lists are read whole and stored at once; the transactions are returned.
    """
    lists = [kind for kind in kinds if kind in LIST_ENTITIES]
    record_download.refresh(company_id, lists, client, optional=())
    now = client.newest_date or current_hub().clock.now()
    where = f"MetaData.LastUpdatedTime >= '{format_moment(since)}'"
    objects = {}
    for kind in kinds:
        if kind in DOCUMENT_ENTITIES:
            changed_objects = read_all(client, kind, where).entities
            deleted_objects = search.find_deleted(client, kind, since, now)
            objects[kind] = [*changed_objects, *deleted_objects]
    return objects


def _read_again(company_id: int, client: Client, states: Mapping[str, ListState]) -> Changes:
    """Read everything again, page by page.

    The changes since the checkpoint do not fit into a response, or are older than those that
    QuickBooks remembers.
    """
    lists = tuple(kind for kind in states if kind in LIST_ENTITIES)
    record_download.refresh(company_id, lists, client, optional=())
    for kind, state in states.items():
        if kind in DOCUMENT_ENTITIES and state.since:
            transaction_download.load(company_id, client, [kind], state.since)
    return Changes(lists=lists, has_any=True)


@repeat_after_conflict
def _store(company_id: int, objects: Objects, kinds: Iterable[str], until: dt.datetime) -> Changes:
    """Store changed objects, and note for each kind up to when its changes are stored."""
    heads: list[tuple[str, str]] = []
    lists: list[str] = []
    with engine.transaction() as session:
        for kind, rows in sorted(objects.items()):  # the order in which results lock the lists
            if kind in DOCUMENT_ENTITIES:
                heads += transaction_index.absorb_all(session, company_id, kind, rows)
            elif rows:
                records.absorb(session, company_id, kind, rows)
            if kind in LIST_ENTITIES and rows:
                lists.append(kind)
        _advance_checkpoints(session, company_id, kinds, until)
    return Changes(
        heads=tuple(heads),
        lists=tuple(lists),
        has_any=any(objects.values()),
    )


def _advance_checkpoints(
    session: Session, company_id: int, kinds: Iterable[str], until: dt.datetime
) -> None:
    """Move the checkpoints of these kinds forward, never back."""
    names = {_get_list_name(kind) for kind in kinds}
    of_kinds = select(ListState).where(
        ListState.company_id == company_id,
        ListState.list.in_(names),
    )
    for state in session.scalars(of_kinds):
        checkpoint = state.changed_to
        if checkpoint is None or checkpoint < until:
            state.changed_to = until


def _get_list_name(kind: str) -> str:
    """Return the name under which the state of a kind or list is stored."""
    if kind in DOCUMENT_ENTITIES:
        return transaction_index.HEADS_PREFIX + kind
    return kind
