"""What one collect needs to know before it reads: the site, the fields, the index, and how postings begin."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from sqlalchemy import ColumnElement, Select, func, select, text
from sqlalchemy.orm import Session

from hub import context as hub_context
from hub.contract.types import App, Field, Site
from hub.db import engine
from hub.mapping import Decision, MatchIndex
from hub.models import Cursor, Installation, Match, Posting, SourceDocument
from hub.models.postings import PARTIES_AND_ITEMS
from hub.qbo import company, records
from hub.qbo.company_facts import CompanyFacts
from hub.sources.site import app_of, initial_state
from hub.sources.site import fields as fields_of
from hub.sources.site import site as site_of

MADE = ("vendor", "customer", "item")


@dataclass(kw_only=True)
class Setup:
    """One collect of one installation."""

    installation: Installation
    app: App
    site: Site
    fields: tuple[Field, ...]
    index: MatchIndex
    facts: CompanyFacts
    cursors: dict[str, str]
    matched_at: dt.datetime | None
    run_id: int | None = None
    seen: dict[tuple[str, str], tuple[str, str]] = field(default_factory=dict)
    read_now: set[str] = field(default_factory=set)  # source ids that this collect has read

    @property
    def state(self) -> str:
        """Where a posting that nothing holds begins."""
        return initial_state(self.app, self.site.settings, self.installation.mode)


def assemble(installation_id: int, run_id: int | None = None) -> Setup:
    """Put the setup together from what is stored; neither the source nor QuickBooks is asked."""
    with engine.reading() as session:
        installation = session.get_one(Installation, installation_id)
    site = site_of(installation)
    fields = fields_of(installation, site)
    with engine.reading() as session:
        facts = company.facts(session, installation.company_id)
        fields = _that_may_miss(fields, facts)
        index = match_index_of(session, installation, fields)
        add_created(session, installation, fields, index)
        return Setup(
            installation=installation,
            app=app_of(installation),
            site=site,
            fields=fields,
            index=index,
            facts=facts,
            cursors=_cursors(session, installation_id),
            matched_at=_matched_at(session, installation),
            run_id=run_id,
        )


def _that_may_miss(fields: tuple[Field, ...], facts: CompanyFacts) -> tuple[Field, ...]:
    """Nothing is missing of what the company has switched off: it is posted without, and that is said."""
    on = {"class": facts.class_per_line or facts.class_per_document, "location": facts.locations}
    return tuple(
        field if on.get(field.role, True) else replace(field, missing="warn") for field in fields
    )


def match_index_of(
    session: Session, installation: Installation, fields: Sequence[Field]
) -> MatchIndex:
    """Return what mapping needs, without the records that were created for documents of this source."""
    scope, tenant = (
        hub_context.current().plugins.scope(installation.slug),
        installation.tenant or "",
    )
    index = records.match_index(
        session, installation.company_id, scope, tenant, fields, installation.settings
    )
    if not _posted_any(session, installation.id):
        index.confirm_first = frozenset(app_of(installation).match_first)
    return index


def add_created(
    session: Session,
    installation: Installation,
    fields: Sequence[Field],
    index: MatchIndex,
    *which: ColumnElement[bool],
) -> None:
    """Add the records that were created for documents of this source to a index."""
    ours, created = dict[tuple[str, str], Decision](), dict[tuple[str, str], str]()
    for kind, source_id, quickbooks_id in session.execute(_made(installation).where(*which)):
        for one in (one for one in fields if one.role == kind):
            ours[one.name, source_id] = Decision(record=quickbooks_id or "", how="link")
            created[one.name, quickbooks_id or ""] = source_id
    index.matches = ours | dict(index.matches)
    index.created_for = dict(index.created_for) | created


def _made(installation: Installation) -> Select[str, str, str | None]:
    """Parties and items of this source that are in QuickBooks: a code with their id is linked to them."""
    return (
        select(Posting.kind, SourceDocument.source_id, Posting.quickbooks_id)
        .join(SourceDocument, SourceDocument.id == Posting.document_id)
        .where(
            SourceDocument.company_id == installation.company_id,
            SourceDocument.tenant == installation.tenant,
        )
        .where(SourceDocument.slug == installation.slug, text(f"posting.{PARTIES_AND_ITEMS}"))
        .where(
            Posting.company_id == installation.company_id,
            Posting.state == "posted",
            Posting.operation.in_(("create", "update")),
        )
        .where(Posting.quickbooks_id.is_not(None))
    )


def _posted_any(session: Session, installation_id: int) -> bool:
    mine = Posting.installation_id == installation_id, Posting.state == "posted"
    return session.scalar(select(Posting.id).where(*mine).limit(1)) is not None


def _cursors(session: Session, installation_id: int) -> dict[str, str]:
    rows = session.scalars(select(Cursor).where(Cursor.installation_id == installation_id))
    return {row.stream: row.value for row in rows}


def _matched_at(session: Session, installation: Installation) -> dt.datetime | None:
    """When a person or a rule last said what a code is."""
    scope = hub_context.current().plugins.scope(installation.slug)
    mine = (
        Match.company_id == installation.company_id,
        Match.scope == scope,
        Match.tenant == installation.tenant,
    )
    return session.scalar(select(func.max(Match.at)).where(*mine))
