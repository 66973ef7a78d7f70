"""Load the data for the checks of many postings: records, transactions, settings, tolerances."""

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal

from marshmallow import Schema
from sqlalchemy import and_, or_, select
from sqlalchemy.orm import Session

from hub import outbox
from hub.context import current_hub
from hub.contract.document_kinds import TWIN_KINDS
from hub.contract.unicode_forms import list_forms
from hub.models import (
    ConnectedCompany,
    Installation,
    ListState,
    Posting,
    SourceDocument,
    StoredRecord,
    TransactionHead,
)
from hub.models.enums import Operation, PostingState, TransactionState
from hub.outbox.unsearched_kinds import load_unsearched
from hub.payloads.entities import DOCUMENT_ENTITIES
from hub.posting import removals
from hub.posting.party_lists import get_party_list
from hub.posting.preflight import first_posting
from hub.posting.preflight.bank_reconciliation import ReconciledMonths
from hub.posting.preflight.context import (
    CheckContext,
    RecordKey,
    RelatedTransactions,
    TransactionKey,
    list_record_refs,
    sum_settled_amounts,
)
from hub.posting.preflight.duplicate_checks import BANK_FEED_DELAY
from hub.posting.preflight.name_checks import find_namesakes
from hub.posting.preflight.postings import CheckedPosting
from hub.posting.preflight.targets import load_targets
from hub.posting.protocol.document_numbers import fold_number
from hub.qbo import company
from hub.reasons.texts import CaseText


def load_context(
    session: Session,
    company_id: int,
    postings: Sequence[CheckedPosting],
    reconciled_months: ReconciledMonths | None = None,
) -> CheckContext:
    """Return the rows and facts that the checks of these postings need.

    `reconciled_months` was read from QuickBooks; without it, nothing counts as reconciled.
    """
    facts = company.load_facts(session, company_id)
    refs = {posting.id: list_record_refs(posting) for posting in postings}
    related_transactions = _load_related_transactions(session, company_id, postings)
    other_parties = _list_settled_parties(postings, related_transactions)
    stored_records = _load_records(session, company_id, other_parties.union(*refs.values()))
    lists = select(ListState.list).where(ListState.company_id == company_id)
    targets = load_targets(session, company_id, postings)
    installation_ids = {posting.installation_id for posting in postings}
    return CheckContext(
        facts=facts,
        company_id=company_id,
        lists=frozenset(session.scalars(lists)),
        records=stored_records | _load_planned_parties(session, postings, facts.currency),
        related=related_transactions,
        targets=targets,
        removals=removals.find_pending_removals(session, company_id, targets),
        refs=refs,
        unsearched_kinds=_load_unsearched_kinds(session, company_id),
        missing_accounts=_find_missing_accounts(session, installation_ids),
        first_posting_blocks=first_posting.find_blocks(session, installation_ids),
        namesakes=find_namesakes(session, company_id, postings),
        tolerances=_load_tolerances(session, postings),
        reconciled_months=reconciled_months or {},
    )


def _load_unsearched_kinds(session: Session, company_id: int) -> dict[str, str]:
    """Return the kinds that QuickBooks refused to list, each with the reason."""
    unsearched_kinds = load_unsearched(session.get_one(ConnectedCompany, company_id))
    return {kind: each.problem for kind, each in unsearched_kinds.items()}


def _load_records(
    session: Session, company_id: int, refs: Iterable[RecordKey]
) -> dict[RecordKey, StoredRecord]:
    """Return the stored records of these lists and ids."""
    ids_by_list: dict[str, set[str]] = defaultdict(set)
    for list_name, id in refs:
        ids_by_list[list_name].add(id)
    if not ids_by_list:
        return {}
    conditions = []
    for list_name, ids in ids_by_list.items():
        conditions.append(and_(StoredRecord.list == list_name, StoredRecord.quickbooks_id.in_(ids)))
    query = select(StoredRecord).where(StoredRecord.company_id == company_id, or_(*conditions))
    records = {}
    for record in session.scalars(query):
        records[record.list, record.quickbooks_id] = record
    return records


def _load_planned_parties(
    session: Session, postings: Sequence[CheckedPosting], home_currency: str
) -> dict[RecordKey, StoredRecord]:
    """Return the parties that are still to be created for these postings, as if they existed."""
    ids: set[int] = set()
    for party in {posting.summary.party for posting in postings}:
        ids |= outbox.find_awaited_ids(f'"{party}"'.encode())
    if not ids:
        return {}
    # A creation that is held has a case of its own.
    query = (
        select(Posting.id, SourceDocument.kind, SourceDocument.party, SourceDocument.currency)
        .join(SourceDocument, SourceDocument.id == Posting.document_id)
        .where(Posting.id.in_(ids), Posting.state != PostingState.HELD)
    )
    parties = {}
    for id, kind, name, currency in session.execute(query):
        placeholder = outbox.format_placeholder(id)
        parties[kind, placeholder] = StoredRecord(
            list=kind,
            quickbooks_id=placeholder,
            name=name,
            currency=currency or home_currency,
            active=True,
        )
    return parties


def _load_tolerances(session: Session, postings: Sequence[CheckedPosting]) -> Mapping[int, Decimal]:
    """Return, by document, the tolerances of totals that differ from what a posting writes."""
    document_ids = set()
    for posting in postings:
        total = posting.document.total
        if total is not None and total != posting.summary.total:
            document_ids.add(posting.document_id)
    if not document_ids:
        return {}
    tolerance = SourceDocument.body["tolerance"].as_string()
    with_tolerance = SourceDocument.id.in_(document_ids) & tolerance.is_not(None)
    query = select(SourceDocument.id, tolerance).where(with_tolerance)
    tolerances = {}
    for id, text in session.execute(query):
        tolerances[id] = Decimal(text)
    return tolerances


def _load_related_transactions(
    session: Session, company_id: int, postings: Sequence[CheckedPosting]
) -> RelatedTransactions:
    """Return the transactions that these postings may be or that they settle."""
    candidates = _load_duplicate_candidates(session, company_id, postings)
    by_number: dict[tuple[str, str], list[TransactionHead]] = defaultdict(list)
    by_total: dict[tuple[str, Decimal | None], list[TransactionHead]] = defaultdict(list)
    for head in candidates:
        by_total[head.kind, head.total].append(head)
        if head.number:
            by_number[head.kind, fold_number(head.number)].append(head)
    by_id: dict[TransactionKey, TransactionHead] = {}
    for head in _load_settled_transactions(session, company_id, postings):
        by_id[head.kind, head.quickbooks_id] = head
    by_marker: dict[str, list[TransactionHead]] = defaultdict(list)
    for head in _load_marked_transactions(session, company_id, postings):
        by_marker[head.marker].append(head)
    return RelatedTransactions(
        by_number=by_number, by_total=by_total, by_id=by_id, by_marker=by_marker
    )


def _load_marked_transactions(
    session: Session, company_id: int, postings: Sequence[CheckedPosting]
) -> Sequence[TransactionHead]:
    """Return the live transactions with the marker of a new one, of the kinds of its app."""
    apps = current_hub().plugins.apps
    kinds: set[str] = set()
    markers: set[str] = set()
    for posting in postings:
        if posting.operation != Operation.CREATE or posting.kind not in DOCUMENT_ENTITIES:
            continue
        app = apps.get(posting.document.slug)
        if app is None or not posting.document.marker:
            continue
        other_kinds = (DOCUMENT_ENTITIES.keys() & set(app.posts)) - {posting.kind}
        if other_kinds:
            kinds |= other_kinds
            markers.add(posting.document.marker)
    if not markers:
        return ()
    query = select(TransactionHead).where(
        TransactionHead.company_id == company_id,
        TransactionHead.kind.in_(kinds),
        TransactionHead.marker.in_(markers),
        TransactionHead.state == TransactionState.LIVE,
    )
    return session.scalars(query.order_by(TransactionHead.quickbooks_id)).all()


def _load_settled_transactions(
    session: Session, company_id: int, postings: Sequence[CheckedPosting]
) -> Sequence[TransactionHead]:
    """Return those of the transactions that these postings settle or bill that the index has."""
    keys: set[TransactionKey] = set()
    for posting in postings:
        keys.update(sum_settled_amounts(posting))
    if not keys:
        return ()
    conditions = []
    for kind, id in keys:
        is_settled = (TransactionHead.kind == kind) & (TransactionHead.quickbooks_id == id)
        conditions.append(is_settled)
    is_own = TransactionHead.company_id == company_id
    query = select(TransactionHead).where(is_own, or_(*conditions))
    return session.scalars(query).all()


def _list_settled_parties(
    postings: Sequence[CheckedPosting], related_transactions: RelatedTransactions
) -> set[RecordKey]:
    """Return the parties of the transactions that these postings settle or bill."""
    parties = set()
    for posting in postings:
        for key in sum_settled_amounts(posting):
            head = related_transactions.by_id.get(key)
            if head and head.party:
                parties.add((get_party_list(posting.kind, posting.summary), head.party))
    return parties


def _load_duplicate_candidates(
    session: Session, company_id: int, postings: Sequence[CheckedPosting]
) -> Sequence[TransactionHead]:
    """Return the transactions with the number of a new one, or with its total near its date."""
    kinds: set[str] = set()
    numbers: set[str] = set()
    kinds_with_number: set[str] = set()
    dates: set[dt.date] = set()
    totals: set[Decimal] = set()
    for posting in postings:
        if posting.operation != Operation.CREATE or posting.kind not in DOCUMENT_ENTITIES:
            continue
        kinds.add(posting.kind)
        number = posting.summary.number
        if number:
            numbers |= _list_spellings(number)
            kinds_with_number |= {posting.kind, TWIN_KINDS.get(posting.kind, posting.kind)}
        dates |= _list_nearby_dates(posting)
        total = posting.summary.total
        if total is not None:
            totals.add(total)
    if not kinds:
        return ()
    live = select(TransactionHead).where(
        TransactionHead.company_id == company_id, TransactionHead.state == TransactionState.LIVE
    )
    same_number = session.scalars(
        live.where(
            TransactionHead.kind.in_(kinds_with_number),
            TransactionHead.number.in_(numbers),
        )
    )
    same_total = session.scalars(
        live.where(
            TransactionHead.kind.in_(kinds),
            TransactionHead.date.in_(dates),
            TransactionHead.total.in_(totals),
        )
    )
    return list(dict.fromkeys([*same_number, *same_total]))


def _list_spellings(number: str) -> set[str]:
    """Return common spellings of a number, because the index of numbers compares exactly."""
    text = " ".join(number.split())
    spellings = {number, text, text.lower(), text.upper(), text.title(), text.capitalize()}
    if number.isascii():
        return spellings
    return spellings.union(*(list_forms(spelling) for spelling in spellings))


def _list_nearby_dates(posting: CheckedPosting) -> set[dt.date]:
    """Return the dates that a duplicate of a posting may have."""
    date = posting.summary.parsed_date
    if date is None:
        return set()
    days = BANK_FEED_DELAY.days if posting.kind == "expense" else 0
    dates = set()
    for shift in range(-days, days + 1):
        dates.add(date + dt.timedelta(days=shift))
    return dates


def _find_missing_accounts(
    session: Session, installation_ids: Iterable[int]
) -> Mapping[int, CaseText]:
    """Return the installations whose app needs an accounts payable account that is not chosen."""
    query = select(Installation).where(Installation.id.in_(list(installation_ids)))
    reasons = {}
    for installation in session.scalars(query):
        app = current_hub().plugins.apps.get(installation.slug)
        if app is None:
            continue
        names = _list_payable_account_settings(app.settings)
        if any(not installation.settings.get(name) for name in names):
            text = CaseText("check.payable_account_missing", app=app.name)
            reasons[installation.id] = text
    return reasons


def _list_payable_account_settings(settings: Schema | type[Schema]) -> list[str]:
    """Return the names of the settings that choose an accounts payable account."""
    schema = settings() if isinstance(settings, type) else settings
    names = []
    for name, setting in schema.fields.items():
        if setting.metadata.get("choices_from") == "payable_account":
            names.append(name)
    return names
