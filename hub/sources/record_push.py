"""Push the lists of the company into the source, and link the codes that it returns."""

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from hub.context import current_hub
from hub.contract import types
from hub.contract.documents import Code, Role
from hub.contract.hook_results import require_list
from hub.contract.types import Field, Site
from hub.db import bulk, engine
from hub.errors import AddressUnusable, Refused, Sentence
from hub.models import Installation, Match, Posting, SourceDocument, StoredRecord
from hub.models.enums import MatchOrigin, Operation, PostingState
from hub.models.lists import MAX_CODE_NAME_LENGTH
from hub.money import sum_amounts
from hub.qbo import company as qbo_company
from hub.qbo import imports, records
from hub.sources import shared_matches
from hub.sources.calls import require_own_account
from hub.sources.masking import mask_item
from hub.sources.match_scope import build_shared_columns
from hub.sources.site import build_site, call_hook, guard, load_fields

LOOKBACK_WITHOUT_START = dt.timedelta(days=365)
_INSERT_MATCHES = insert(Match)


def push_lists(installation: Installation, fields: Iterable[str] | None = None) -> dict[str, int]:
    """Push the list of each field's role into the source and link the codes that it returns.

    Return the number of records of each field. Without `fields`, push all fields that may be. If
    the source refuses a list, the others are pushed before the refusal is raised.
    """
    plugins = current_hub().plugins
    if not plugins.has(installation.slug, "hub_records"):
        return {}
    require_own_account(installation)
    site = build_site(installation)
    names = None if fields is None else set(fields)
    counts: dict[str, int] = {}
    refusals: list[Refused] = []
    for field in load_fields(installation, site):
        if not field.pushed or not (names is None or field.name in names):
            continue
        try:
            counts[field.name] = _push_list(installation, site, field)
        except AddressUnusable:
            raise
        except Refused as refusal:
            refusals.append(refusal)
    if refusals:
        raise refusals[0]
    return counts


def _push_list(installation: Installation, site: Site, field: Field) -> int:
    """Push the list of one field and link the codes returned; return the length of the list."""
    rows = _list_records_to_push(installation, site, field)
    action = Sentence("taking in the list of %(names)s", names=f"{field.label.lower()}s")
    with guard(installation, action):
        result = call_hook(installation, "hub_records", site=site, field=field.name, records=rows)
        codes = [mask_item(code) for code in require_list("hub_records", result, Code)]
    with engine.transaction() as session:
        shared_matches.lock_apps(session, installation.id)
        _link_codes(session, installation, field, codes)
    return len(rows)


def _list_records_to_push(
    installation: Installation, site: Site, field: Field
) -> list[types.Record]:
    """Return the list of a field: open orders if it stands for orders, else a list of QuickBooks.

    An order is a transaction, so QuickBooks has no list of orders.
    """
    if field.role == imports.ORDER_KIND:
        return _load_open_orders(installation, site, field)
    return _load_listed_records(installation, field)


def _load_open_orders(installation: Installation, site: Site, field: Field) -> list[types.Record]:
    """Return the open orders that people made in QuickBooks, since the first day that counts."""
    since = site.start or site.today - LOOKBACK_WITHOUT_START
    orders = imports.load_open_orders(installation.company_id, since)
    with engine.read_only_session() as session:
        matches = _load_matches_by_record(session, installation, field)
        return [
            types.Record(
                id=order.source_id,
                name=order.number or order.source_id,
                number=order.number,
                order=order,
                **_build_match_values(matches.get(order.source_id, ())),
            )
            for order in orders
        ]


def _load_listed_records(installation: Installation, field: Field) -> list[types.Record]:
    """Return every record of a role, with its code and the source's document it was created for."""
    company_id = installation.company_id
    pushed_records: list[types.Record] = []
    with engine.read_only_session() as session:
        matches = _load_matches_by_record(session, installation, field)
        created_documents = _load_created_records(session, installation, field.role)
        rates = _load_purchase_rates(session, installation, field.role)
        for row in _load_records_of_role(session, company_id, field.role):
            record_id = row.quickbooks_id
            rate = rates.get(record_id, row.rate)
            record = replace(
                records.to_record(row),
                **_build_match_values(matches.get(record_id, ())),
                document=created_documents.get(record_id),
                rate=rate or None,
            )
            pushed_records.append(record)
    return pushed_records


def _load_matches_by_record(
    session: Session, installation: Installation, field: Field
) -> Mapping[str, list[Match]]:
    """Return the matches of each record, the decisions of people after the links."""
    query = (
        select(Match)
        .filter_by(**_build_match_key(installation, field))
        .order_by(Match.match_method == MatchOrigin.DECIDED, Match.id)
    )
    matches: dict[str, list[Match]] = defaultdict(list)
    for match in session.scalars(query):
        if records.is_same_list(match.role, field.role):
            matches[match.record].append(match)
    return matches


def _build_match_values(matches: Sequence[Match]) -> dict[str, Any]:
    """Return the fields of a pushed record about its matches; none without one.

    Of several matches the last one counts, so that a decision takes precedence over a link.
    """
    if not matches:
        return {}
    decided_codes = [match.code for match in matches if match.match_method == MatchOrigin.DECIDED]
    return {
        "code": matches[-1].code,
        "decided": bool(decided_codes),
        "decided_codes": tuple(decided_codes),
    }


def _load_purchase_rates(
    session: Session, installation: Installation, role: Role
) -> dict[str, str]:
    """Return the percentage that each tax code adds to a purchase.

    QuickBooks keeps these percentages in a list of rates. They do not add up if one of them is
    computed on another tax, so that code has none.
    """
    if role != "tax_code":
        return {}
    rates: dict[str, str] = {}
    facts = qbo_company.load_facts(session, installation.company_id)
    for code, parts in facts.tax_rates.items():
        if code not in facts.compound_rates:
            rates[code] = str(sum_amounts(percent for _, percent in parts))
    return rates


def _load_records_of_role(session: Session, company_id: int, role: Role) -> list[StoredRecord]:
    """Return the records of the company that may take a role, by name."""
    list_name = records.ROLE_LIST.get(role, "")
    query = (
        select(StoredRecord)
        .where(StoredRecord.company_id == company_id, StoredRecord.list == list_name)
        .order_by(StoredRecord.full_name)
    )
    rows = list(session.scalars(query))
    fits = records.ROLE_CONDITIONS.get(role)
    if fits is None:
        return rows
    return [row for row in rows if fits(row)]


def _load_created_records(
    session: Session, installation: Installation, role: Role
) -> dict[str, str]:
    """Return the source id for which each record of a role was created, by QuickBooks id."""
    query = (
        select(Posting.quickbooks_id, SourceDocument.source_id)
        .join(SourceDocument, SourceDocument.id == Posting.document_id)
        .where(
            SourceDocument.company_id == installation.company_id,
            SourceDocument.slug == installation.slug,
            SourceDocument.tenant == installation.tenant,
            Posting.state == PostingState.POSTED,
            Posting.operation == Operation.CREATE,
            Posting.kind == role,
        )
    )
    source_ids: dict[str, str] = {}
    for record_id, source_id in session.execute(query):
        if record_id:
            source_ids[record_id] = source_id
    return source_ids


def _build_match_key(installation: Installation, field: Field) -> dict[str, Any]:
    """Return the columns that the matches of a field have in common."""
    return {**build_shared_columns(installation), "field": field.name}


def _link_codes(
    session: Session, installation: Installation, field: Field, codes: Iterable[Code]
) -> None:
    """Link the codes that the source returned to their records.

    If a code is returned without a record, its link is deleted. Decisions of people stay.
    """
    key = _build_match_key(installation, field)
    query = select(Match).filter_by(**key)
    matches = {match.code: match for match in session.scalars(query)}
    now = current_hub().clock.now()
    values = {
        **key,
        "role": field.role,
        "match_method": MatchOrigin.LINK,
        "who": "hub",
        "at": now,
    }
    new_rows: dict[str, dict[str, Any]] = {}
    for code in codes:
        match = matches.get(code.id)
        if code.quickbooks_id == "":
            new_rows.pop(code.id, None)
            if match and match.match_method == MatchOrigin.LINK:
                session.delete(matches.pop(code.id))
        elif code.quickbooks_id is None:
            continue
        elif match is None:
            name = (code.name or "")[:MAX_CODE_NAME_LENGTH]
            new_rows[code.id] = values | {
                "code": code.id,
                "name": name,
                "record": code.quickbooks_id,
            }
        else:
            _move_link(match, code.quickbooks_id, field, now)
    _follow_changed_links(session, installation)
    if new_rows:
        bulk.execute_each(session, _INSERT_MATCHES, list(new_rows.values()))


def _follow_changed_links(session: Session, installation: Installation) -> None:
    """Store links that were moved or deleted, and have waiting documents read again.

    The codes of these documents may name the former record. Apps that share the matches of this one
    may have some, too.
    """
    has_changes = bool(session.dirty or session.deleted)
    session.flush()
    if has_changes:
        shared_matches.mark_for_reread(session, installation)


def _move_link(match: Match, record_id: str, field: Field, now: dt.datetime) -> None:
    """Link a code to another record, unless a person decided otherwise.

    A decision for a record of another list does not count: its field had another role.
    """
    is_decided = match.match_method == MatchOrigin.DECIDED
    is_same_list = records.is_same_list(match.role, field.role)
    if is_same_list and (is_decided or match.record == record_id):
        return
    match.role = field.role
    match.record = record_id
    match.match_method = MatchOrigin.LINK
    match.who = "hub"
    match.at = now
