"""The present versions in QuickBooks of transactions that postings in review change or remove."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from enum import StrEnum
from typing import Any

from sqlalchemy.orm import Session

from hub import payloads
from hub.context import current_hub
from hub.errors import HubError, Sentence
from hub.models import Posting
from hub.models.enums import Operation
from hub.outbox.states import REMOVALS
from hub.posting.recovery.single_read import is_missing, require_response
from hub.qbo import display, search
from hub.qbo.client import Client
from hub.qbo.transaction_index import strip_markers
from hub.web.authentication.access import may_here
from hub.web.transactions.case_comparison import MEMO
from hub.web.transactions.compared_facts import COMPARED_LABELS
from hub.web.transactions.compared_lines import ComparedLines, align

MAX_SINGLE_READS = 5  # transactions that a query does not show: removed, or new
NOW, SENT, RESPONSE = "now", "sent", "response"
READ_SECONDS = 5.0  # for everything together; a page does not wait longer for QuickBooks
Key = tuple[str, str]  # kind and QuickBooks id of a transaction
Entity = dict[str, Any]


class Basis(StrEnum):
    """The version with which a posting in review is compared."""

    NOW = "now"
    MISSING = "missing"  # QuickBooks does not have the transaction any more
    LAST_POSTED = "last posted"  # QuickBooks was not asked, or did not answer


@dataclass
class ReadTransactions:
    """Transactions as QuickBooks has them now; `failure` says why some could not be read."""

    entities: dict[Key, Entity] = field(default_factory=dict)
    missing: set[Key] = field(default_factory=set)
    failure: str = ""


@dataclass(frozen=True)
class ChangePreview:
    """A posting beside the transaction that it changes or removes: only what differs."""

    basis: Basis
    view: display.TransactionView | None  # None if there is none, or nobody knows it
    facts: list[tuple[str, str, str]] = field(default_factory=list)  # label, as it is, as planned
    lines: list[ComparedLines] = field(default_factory=list)
    has_other_total: bool = False

    @property
    def differs(self) -> bool:
        """Return whether the posting changes anything."""
        return bool(self.facts or self.lines or self.has_other_total)


def read_now(company_id: int, keys: Iterable[Key]) -> ReadTransactions:
    """Read transactions from QuickBooks: one query for each kind, as few single reads as needed.

    Nothing is read for a person with the role viewer, who may cause no call to QuickBooks.
    """
    transactions = ReadTransactions()
    ids_by_kind: dict[str, list[str]] = {}
    for kind, id in dict.fromkeys(keys):
        ids_by_kind.setdefault(kind, []).append(id)
    if not ids_by_kind or not may_here("operator"):
        return transactions
    deadline_at = current_hub().clock.monotonic() + READ_SECONDS
    try:
        client = Client(company_id)
        for kind, ids in ids_by_kind.items():
            for entity in search.find_by_ids(client, kind, ids, deadline_at=deadline_at):
                transactions.entities[kind, str(entity["Id"])] = entity
        _read_others(client, ids_by_kind, transactions, deadline_at)
    except HubError as error:
        transactions.failure = error.sentence
    return transactions


def _read_others(
    client: Client,
    ids_by_kind: Mapping[str, Sequence[str]],
    transactions: ReadTransactions,
    until: float,
) -> None:
    """Read singly what the queries did not show: they may not know yet what is new."""
    keys = [(kind, id) for kind, ids in ids_by_kind.items() for id in ids]
    unknown = [key for key in keys if key not in transactions.entities]
    if len(unknown) > MAX_SINGLE_READS:
        count = len(unknown) - MAX_SINGLE_READS
        transactions.failure = Sentence(
            "a query did not show %(count)s more. Open a document to read its transaction.",
            count=count,
        )
    for kind, id in unknown[:MAX_SINGLE_READS]:
        response = client.read(kind, id, deadline_at=until)
        if is_missing(response):
            transactions.missing.add((kind, id))
            continue
        entity = require_response(response).entity
        if entity:
            transactions.entities[kind, id] = entity


@dataclass(frozen=True)
class Write:
    """A change or a removal, and the last posting of the same part of its document."""

    posting: Posting
    earlier: Posting | None
    key: Key


def compare(
    session: Session,
    writes: Sequence[Write],
    payload_views: Mapping[int, display.TransactionView],
    transactions: ReadTransactions,
) -> dict[int, ChangePreview]:
    """Compare postings of one company with what was read, by their ids; one query reads all names.

    Without what QuickBooks has, compare with what was posted last. `payload_views` are the views of
    the postings and of the earlier ones.
    """
    entities: dict[tuple[str, int], tuple[str, Entity]] = {}
    for write in writes:
        entities |= _list_entities_to_view(write, transactions.entities.get(write.key))
    company_id = writes[0].posting.company_id if writes else 0
    views = display.view_entities(session, company_id, entities)
    comparisons = {}
    for write in writes:
        if write.key in transactions.missing:
            comparisons[write.posting.id] = ChangePreview(Basis.MISSING, None)
        else:
            comparisons[write.posting.id] = _compare_write(write, payload_views, views)
    return comparisons


def _compare_write(
    write: Write,
    payload_views: Mapping[int, display.TransactionView],
    views: Mapping[tuple[str, int], display.TransactionView],
) -> ChangePreview:
    """Compare a posting with what QuickBooks has now; without it, with what was posted last."""
    posting = write.posting
    planned_view = payload_views.get(posting.id)
    last_posted = payload_views.get(write.earlier.id) if write.earlier else None
    present = views.get((NOW, posting.id))
    if present is None:
        return _compare(posting, planned_view, last_posted, Basis.LAST_POSTED)
    sent_view = views.get((SENT, posting.id))
    if planned_view and sent_view:
        planned_view = replace(planned_view, facts=sent_view.facts)
    response = views.get((RESPONSE, posting.id))
    present = _remove_additions(present, response, last_posted)
    return _compare(posting, planned_view, present, Basis.NOW)


def _list_entities_to_view(
    write: Write, entity: Entity | None
) -> dict[tuple[str, int], tuple[str, Entity]]:
    """Return three states of a transaction: in QuickBooks now, as sent, and as last answered.

    The keys are the state and the id of the posting. The values are the kind and the entity.
    """
    posting, earlier = write.posting, write.earlier
    if entity is None:
        return {}
    kind = posting.kind
    entities = {(NOW, posting.id): (kind, entity)}
    if posting.operation == Operation.UPDATE:
        body = json.loads(posting.payload, parse_float=Decimal)
        last = None
        if earlier:
            last = payloads.complete_last_write(earlier.summary, earlier.answer or {})
        update = payloads.build_update_body(body, entity, last, posting.summary)
        # A sparse update leaves the fields that it does not name as they are.
        entities[SENT, posting.id] = kind, entity | update if update.get("sparse") else update
    if earlier and earlier.answer:
        entities[RESPONSE, posting.id] = kind, earlier.answer
    return entities


def _remove_additions(
    present: display.TransactionView,
    response: display.TransactionView | None,
    written_view: display.TransactionView | None,
) -> display.TransactionView:
    """Leave out what QuickBooks itself added to lines when they were written, such as tax codes."""
    if response is None or written_view is None:
        return present
    added_tags = _list_tags(response) - _list_tags(written_view)
    lines = []
    for line in present.lines:
        tags = tuple(tag for tag in line.tags if tag not in added_tags)
        lines.append(replace(line, tags=tags))
    return replace(present, lines=tuple(lines))


def _list_tags(view: display.TransactionView) -> set[tuple[str, str]]:
    """Return the dimensions of all lines, such as classes and tax codes."""
    return {tag for line in view.lines for tag in line.tags}


def _compare(
    posting: Posting,
    planned_view: display.TransactionView | None,
    present_view: display.TransactionView | None,
    basis: Basis,
) -> ChangePreview:
    """Return the differences between the planned and the present transaction."""
    if planned_view is None or present_view is None:
        return ChangePreview(basis, present_view)
    if posting.operation in REMOVALS:
        return _describe_removal(present_view, basis)
    return ChangePreview(
        basis,
        present_view,
        _list_differing_facts(planned_view, present_view),
        [pair for pair in align(planned_view.lines, present_view.lines) if pair.differs],
        planned_view.total != present_view.total,
    )


def _describe_removal(present: display.TransactionView, basis: Basis) -> ChangePreview:
    """Return the preview of a removal: the main facts, the lines and the total."""
    facts = [(label, text, "") for label, text in present.facts if label in COMPARED_LABELS]
    lines = [ComparedLines(None, line) for line in present.lines]
    return ChangePreview(basis, present, facts, lines, present.total is not None)


def _list_differing_facts(
    planned_view: display.TransactionView, present_view: display.TransactionView
) -> list[tuple[str, str, str]]:
    """Return the facts that differ: label, text in QuickBooks, planned text."""
    ours, theirs = dict(planned_view.facts), dict(present_view.facts)
    facts = []
    for label in dict.fromkeys((*ours, *theirs)):
        text, now = ours.get(label, ""), theirs.get(label, "")
        if label == MEMO:  # the hub's markers are no difference
            text, now = strip_markers(text), strip_markers(now)
        if now != text:
            facts.append((label, now, text))
    return facts
