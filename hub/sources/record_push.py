"""The lists of the company, put into the source, and the codes that come back linked."""

import datetime as dt
from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from hub import context as hub_context
from hub.contract import types
from hub.contract.documents import Code, Role
from hub.contract.types import Field, Site
from hub.db import engine
from hub.models import Installation, Match, Posting, Record, SourceDocument
from hub.money import total
from hub.qbo import company as qbo_company
from hub.qbo import imports, records
from hub.sources.site import call, guarded, site
from hub.sources.site import fields as fields_of

WITHOUT_START = dt.timedelta(days=365)


def push_lists(installation: Installation, fields: Iterable[str] | None = None) -> dict[str, int]:
    """Pushes the list of each field's role into the source and links what comes back; returns how many entries."""
    if not hub_context.current().plugins.has(installation.slug, "hub_records"):
        return {}
    here = site(installation)
    declared = fields_of(installation, here)
    wanted = {field.name for field in declared} if fields is None else set(fields)
    return {
        field.name: _push(installation, here, field)
        for field in declared
        if field.name in wanted and field.pushed
    }


def _push(installation: Installation, here: Site, field: Field) -> int:
    rows = (_opened if field.role == imports.KIND else _listed)(installation, here, field)
    with guarded(installation, f"taking in the list of {field.label.lower()}s"):
        given = list(
            call(installation, "hub_records", site=here, field=field.name, records=rows) or ()
        )
    with engine.transaction() as session:
        _link(session, installation, field, given)
    return len(rows)


def _opened(installation: Installation, here: Site, field: Field) -> list[types.Record]:
    """The open orders that people made in QuickBooks, back to the first day that counts."""
    found = imports.open_orders(installation.company_id, here.start or here.today - WITHOUT_START)
    with engine.reading() as session:
        matches = _matches(session, installation, field)
        return [
            types.Record(
                id=one.source_id, name=one.number or one.source_id, number=one.number, order=one,
                **_match(matches.get(one.source_id)),
            )
            for one in found
        ]  # fmt: skip


def _listed(installation: Installation, here: Site, field: Field) -> list[types.Record]:
    """Every record of a role, with the code it is matched to and the document of ours that it was made from."""
    with engine.reading() as session:
        matches = _matches(session, installation, field)
        made, rates = (
            _made(session, installation, field.role),
            _rates(session, installation, field.role),
        )
        return [
            replace(
                records.to_record(row), **_match(matches.get(row.quickbooks_id)), document=made.get(row.quickbooks_id),
                rate=rates.get(row.quickbooks_id, row.rate) or None,
            )
            for row in _all(session, installation.company_id, field.role)
        ]  # fmt: skip


def _matches(session: Session, installation: Installation, field: Field) -> dict[str, Match]:
    found = (
        select(Match).where(*_scope(installation, field)).order_by(Match.how == "decided", Match.id)
    )
    return {match.record: match for match in session.scalars(found)}


def _match(match: Match | None) -> dict[str, Any]:
    return {"code": match.code, "decided": match.how == "decided"} if match else {}


def _rates(session: Session, installation: Installation, role: Role) -> dict[str, str]:
    """What each tax code adds to a purchase, in per cent: QuickBooks keeps that in lists of rates of their own."""
    if role != "tax_code":
        return {}
    rates = qbo_company.facts(session, installation.company_id).tax_rates
    return {code: str(total(percent for _, percent in parts)) for code, parts in rates.items()}


def _all(session: Session, company_id: int, role: Role) -> list[Record]:
    fits: Callable[[Record], bool] = records.FITS.get(role, lambda row: True)
    mine = Record.company_id == company_id, Record.list == records.ROLE_LIST.get(role, "")
    return [
        row
        for row in session.scalars(select(Record).where(*mine).order_by(Record.full_name))
        if fits(row)
    ]


def _made(session: Session, installation: Installation, role: Role) -> dict[str, str]:
    made = (
        select(Posting.quickbooks_id, SourceDocument.source_id)
        .join(SourceDocument, SourceDocument.id == Posting.document_id)
        .where(
            SourceDocument.company_id == installation.company_id,
            SourceDocument.slug == installation.slug,
        )
        .where(Posting.state == "posted", Posting.operation == "create", Posting.kind == role)
    )
    return {id: source_id for id, source_id in session.execute(made) if id}


def _scope(installation: Installation, field: Field) -> tuple[Any, ...]:
    scope = hub_context.current().plugins.scope(installation.slug)
    here = (
        Match.company_id == installation.company_id,
        Match.scope == scope,
        Match.tenant == installation.tenant,
    )
    return (*here, Match.field == field.name)


def _link(
    session: Session, installation: Installation, field: Field, given: Iterable[Code]
) -> None:
    """Links the codes that came back, and forgets the links of those that are linked to nothing; decisions stay."""
    now: dt.datetime = hub_context.current().clock.now()
    known = {
        match.code: match
        for match in session.scalars(select(Match).where(*_scope(installation, field)))
    }
    for code in given:
        match = known.get(code.id)
        if code.quickbooks_id == "" and match and match.how == "link":
            session.delete(known.pop(code.id))
        if not code.quickbooks_id or (
            match and (match.how == "decided" or match.record == code.quickbooks_id)
        ):
            continue
        if match is None:
            match = known[code.id] = Match(**_new_link(installation, field, code))
            session.add(match)
        match.record, match.how, match.who, match.at = code.quickbooks_id, "link", "hub", now


def _new_link(installation: Installation, field: Field, code: Code) -> dict[str, Any]:
    return {
        "company_id": installation.company_id,
        "scope": hub_context.current().plugins.scope(installation.slug),
        "tenant": installation.tenant,
        "field": field.name,
        "code": code.id,
        "name": code.name or "",
        "role": field.role,
    }
